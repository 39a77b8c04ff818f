"""Suites as people write them at night: whatever cannot be meant, compared or seen is broken or not applicable, never green."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pb2hl.errors import ConfigError
from pb2hl.suites import load_suite, validate
from pb2hl.suites.validate import BROKEN, FAILED, PASSED, SKIPPED

NOT_NULL = "expect_column_values_to_not_be_null"
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
FRAME = pd.DataFrame(
    {
        "text": ["a", "b", None],
        "number": pd.array([1, None, 3], "Int64"),
        "flag": pd.array([True, None, False], "boolean"),
        "time": pd.to_datetime(["2020-01-01", "2021-01-01", None], utc=True),
        "list": [["a"], ["a", "b"], None],
        "none": [None, None, None],
    }
)


def rule(name, meta=None, /, **kwargs):
    return {"type": name, "kwargs": kwargs, **({"meta": meta} if meta else {})}


def verdict(tmp_path, item, frame=FRAME):
    path = tmp_path / "contacts.json"
    path.write_text(json.dumps({"expectations": [item]}))
    (found,) = validate(load_suite(path), frame)
    return found


@pytest.mark.parametrize(
    "text",
    [
        '{"expectations": [{"type": "TYPE"}], "expectations": []}',
        '{"expectations": [{"type": "TYPE", "severity": "critical", "severity": "info"}]}',
        '{"expectations": [], "expectation": [{"type": "TYPE"}]}',
        '{"expectations": [{"type": "TYPE", "kwargs": {"max_value": NaN}}]}',
        '{"expectations": null}',
        "[" * 100_000,
        "",
    ],
)  # fmt: skip
def test_text_that_would_lose_rules_is_refused(tmp_path, text):
    """A key twice, an unknown key, what JSON does not know, nothing: the file is named, and nothing runs."""
    path = tmp_path / "contacts.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_suite(path)
    assert caught.value.problems[0].file == "contacts.json"


def test_a_byte_order_mark_does_not_matter(tmp_path):
    """Windows' editors write one."""
    path = tmp_path / "contacts.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"expectations": [rule(NOT_NULL, column="none")]}).encode())
    (found,) = validate(load_suite(path), FRAME)
    assert (found.verdict, found.failing) == (FAILED, 3)


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({**rule(NOT_NULL, column="none"), "sevrity": "info"}, "sevrity"),
        ({**rule(NOT_NULL, column="none"), "optional": True}, "optional"),
        ({"expectation_type": NOT_NULL, "kwargs": {"column": "none"}}, '"type"'),
        ({"type": NOT_NULL, "kwargs": ["none"]}, "kwargs"),
        ({**rule(NOT_NULL, column="none"), "meta": ["x"]}, "meta"),
        (rule(NOT_NULL, {"optional": "false"}, column="gone"), "neither true nor false"),
        (rule(NOT_NULL, {"severity": "info"}, column="none"), "beside type"),
        (rule(NOT_NULL, {"treatment": 3}, column="none"), "treatment"),
        (rule(BETWEEN, column="number", min_value={"$PARAMETER": "low"}), "low"),
        (rule("expect_column_values_to_match_regex", column="number", regex="^1$"), "number holds numbers"),
        (rule("expect_column_values_to_not_match_regex", column="list", regex="^1$"), "list holds lists"),
        (rule("expect_column_value_lengths_to_be_between", column="time", max_value=1), "time holds dates"),
        (rule("expect_column_values_to_not_be_in_set", column="number", value_set=["1"]), "value_set has text"),
        (rule(IN_SET, column="flag", value_set=["true"]), "holds yes or no"),
        (rule(IN_SET, column="text", value_set=[1, 2]), "holds text"),
        (rule(IN_SET, column="list", value_set=["a"]), "single values"),
        (rule("expect_column_values_to_be_of_type", column="number", type_="Int64"), "types"),
        (rule(BETWEEN, column="time", min_value="soon"), ""),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_broken(tmp_path, item, says):
    """A slip of the pen, a parameter nobody gives and a comparison of unlike things prove nothing, and say why."""
    found = verdict(tmp_path, item)
    assert found.verdict == BROKEN and says in found.reason


@pytest.mark.parametrize(
    "item",
    [
        rule("expect_column_values_to_be_unique", column="none"),
        rule("expect_column_values_to_match_regex", column="none", regex="x"),
        rule("expect_column_distinct_values_to_be_in_set", column="none", value_set=["x"]),
        rule("expect_column_sum_to_be_between", column="none", max_value=1),
        rule(NOT_NULL, column="none", row_condition="number > 99", condition_parser="pandas"),
        rule(
            "expect_column_pair_values_a_to_be_greater_than_b",
            column_A="number",
            column_B="none",
            ignore_row_if="either_value_is_missing",
        ),
    ],
)
def test_nothing_to_look_at_is_not_green(tmp_path, item):
    """An empty column, or a condition that no row meets: the rule does not apply."""
    found = verdict(tmp_path, item)
    assert (found.verdict, found.checked) == (SKIPPED, 0) and found.reason


def test_an_empty_table_is_not_green(tmp_path):
    """No rule about columns passes without a row; a rule about the number of rows fails as it should."""
    assert verdict(tmp_path, rule(NOT_NULL, column="text"), FRAME.iloc[:0]).verdict == SKIPPED
    rows = rule("expect_table_row_count_to_be_between", min_value=1)
    assert verdict(tmp_path, rows, FRAME.iloc[:0]).verdict == FAILED


def test_bounds_in_time_are_compared(tmp_path):
    """Times have a zone and bounds are text in JSON: both are taken as UTC."""
    found = verdict(tmp_path, rule(BETWEEN, column="time", min_value="2020-06-01"))
    assert (found.verdict, found.rows.tolist()) == (FAILED, [0])
    assert verdict(tmp_path, rule(BETWEEN, column="time", max_value="2021-01-01T01:00+02:00")).failing == 1
    assert verdict(tmp_path, rule(BETWEEN, column="time", max_value="2021-01-01T00:00:00Z")).verdict == PASSED
