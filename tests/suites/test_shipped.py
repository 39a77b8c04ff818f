"""Every shipped rule bites: a good table passes it and a bad one fails it, and its traps never turn green."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pb2hl.errors import ConfigError
from pb2hl.resources import resource
from pb2hl.steps.check.check import found
from pb2hl.suites import Rule, Suite, Verdict, load_suite, load_suites, validate
from pb2hl.suites.facts import CheckFacts, prepare
from pb2hl.suites.validate import BROKEN, FAILED, PASSED, SKIPPED

SUITES = [
    pytest.param(suite, id=f"{stage}-{suite.name}")
    for stage in ("before", "after")
    for suite in load_suites(resource(f"expectations/{stage}"))
]
GOOD = {
    "source_id": ["a", "b", "c"],
    "email": "jane@acme.com",
    "phone": "+16135550100",
    "currency": "CAD",
    "steps": "[]",
}
ROWS = 3


@pytest.mark.parametrize("suite", SUITES)
def test_every_rule_says_what_it_finds(suite):
    """Of one row and of several, in words of its own, never its wish turned round."""
    for rule in suite.rules:
        assert rule.title and rule.found and rule.found != rule.title, rule.title
        for count in (1, 2):
            text = found(Verdict(suite, rule, FAILED, checked=3, failing=count))
            assert text.startswith(f"{count} of 3 ") and "|" not in text and "rule" not in text, text


def test_what_is_found_agrees_with_its_count():
    """The verb of one row and of several; a rule that does not say what it finds is named."""
    rule = Rule(
        0, "expect_column_values_to_not_be_null", {}, title="every part has a number", found="has|have no number"
    )
    suite = Suite("parts", "spare_parts", "parts.json")
    told = [found(Verdict(suite, rule, FAILED, checked=9, failing=count)) for count in (1, 4)]
    assert told == ["1 of 9 spare parts has no number", "4 of 9 spare parts have no number"]
    bare = found(Verdict(suite, replace(rule, found=""), FAILED, checked=9, failing=1))
    assert bare == "1 of 9 spare parts does not keep the rule “every part has a number”"


def good_value(rule, column):
    if "value_set" in rule.kwargs:
        return rule.kwargs["value_set"][0]
    if "min_value" in rule.kwargs or "max_value" in rule.kwargs:
        return rule.kwargs.get("min_value", rule.kwargs.get("max_value"))
    return None


def good_frame(suite):
    frame = pd.DataFrame(index=range(ROWS))
    for rule in suite.rules:
        for column in rule.columns:
            value = good_value(rule, column)
            if column in GOOD:
                frame[column] = GOOD[column]
            elif value is not None:
                frame[column] = value
            elif column not in frame:
                frame[column] = ["x", "y", "z"]
        if rule.needs:
            frame[rule.needs] = frame.get(rule.needs, "x")
    return frame


def bad_cells(rule, good):
    if rule.type == "expect_column_values_to_not_be_null":
        return [None]
    if rule.type in {"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"}:
        return [good, good]
    if "value_set" in rule.kwargs:
        return [not rule.kwargs["value_set"][0]]
    low, high = rule.kwargs.get("min_value"), rule.kwargs.get("max_value")
    return [
        value for value in (None if low is None else low - 1, None if high is None else high + 1) if value is not None
    ] or ["{"]


@pytest.mark.parametrize("suite", SUITES)
def test_every_shipped_rule_bites(suite):
    """The good table passes every rule; for each rule a table that is bad in that rule only fails it, naming the rows."""
    good = good_frame(suite)
    assert {verdict.rule.number: verdict.verdict for verdict in validate(suite, good)} == {
        rule.number: PASSED for rule in suite.rules
    }
    for rule in suite.rules:
        cells = bad_cells(rule, good[rule.columns[0]].iloc[0])
        bad = pd.concat(
            [good, good.tail(1)] if len(cells) == 1 else [good, good.tail(1), good.tail(1)], ignore_index=True
        )
        for column in rule.columns:
            values = list(good[column]) + (cells if len(rule.columns) == 1 else [good[column].iloc[0]] * len(cells))
            bad[column] = pd.Series(values, dtype=object if None in cells or isinstance(cells[0], bool | str) else None)
        only = type(suite)(suite.name, suite.object, suite.file, (rule,))
        (verdict,) = validate(only, bad)
        assert verdict.verdict == FAILED, rule.title
        assert set(range(ROWS, len(bad))) <= set(verdict.rows.tolist())
        assert verdict.failing >= len(cells)


@pytest.mark.parametrize("suite", SUITES)
def test_no_shipped_rule_is_broken(suite):
    """Every shipped rule loads, says what it is about, and a warning says what is done about it."""
    for rule in suite.rules:
        assert not rule.broken and rule.title
        assert rule.severity == "critical" or rule.treatment


def write(tmp_path, *rules, name="contacts", **meta):
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps({"name": name, "meta": meta, "expectations": list(rules)}))
    return path


def verdicts(path, frame):
    return [(item.verdict, item.reason) for item in validate(load_suite(path), frame)]


FRAME = pd.DataFrame(
    {"source_id": ["a", "b"], "n": pd.array([1, None], "Int64"), "flag": pd.array([True, None], "boolean")}
)


def test_an_unknown_rule_is_broken_not_dropped(tmp_path):
    """Great Expectations logs and drops a rule it does not know; here it is broken, beside the ones that ran."""
    path = write(
        tmp_path,
        {"type": "expect_nothing_we_know", "kwargs": {"column": "n"}},
        {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "source_id"}},
    )
    assert [verdict for verdict, _ in verdicts(path, FRAME)] == [BROKEN, PASSED]


def test_an_empty_suite_is_broken(tmp_path):
    """A suite without rules proves nothing."""
    assert verdicts(write(tmp_path), FRAME)[0][0] == BROKEN


def test_wrong_arguments_and_severities_are_broken(tmp_path):
    """A misspelled argument, an unknown severity and a rule without a type cannot pass."""
    path = write(
        tmp_path,
        {"type": "expect_column_values_to_be_unique", "kwargs": {"colum": "n"}},
        {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "n"}, "severity": "fatal"},
        {"kwargs": {}},
        "nonsense",
    )
    assert {verdict for verdict, _ in verdicts(path, FRAME)} == {BROKEN}


def test_a_missing_column_is_broken_unless_it_may_be_missing(tmp_path):
    """A required column that is gone breaks the rule; an optional one makes it not apply."""
    rule = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "gone"}}
    path = write(tmp_path, rule, {**rule, "meta": {"optional": True}}, {**rule, "meta": {"needs": "owner"}})
    assert verdicts(path, FRAME) == [
        (BROKEN, "the table has no column gone"),
        (SKIPPED, "column not in this export: gone"),
        (SKIPPED, "column not in this export: owner"),
    ]


def test_a_rule_that_raises_is_broken(tmp_path):
    """A rule whose comparison raises (text against a number) is told from data that fails it."""
    path = write(
        tmp_path, {"type": "expect_column_values_to_be_between", "kwargs": {"column": "source_id", "min_value": 3}}
    )
    ((verdict, reason),) = verdicts(path, FRAME)
    assert verdict == BROKEN and reason


def test_results_keep_the_order_of_the_suite(tmp_path):
    """Great Expectations returns results out of order; the verdicts come as declared."""
    types = [
        "expect_column_values_to_be_unique",
        "expect_column_max_to_be_between",
        "expect_column_values_to_not_be_null",
    ]
    rules = [{"type": t, "kwargs": {"column": "n", **({"max_value": 0} if "max" in t else {})}} for t in types * 3]
    found = validate(load_suite(write(tmp_path, *rules)), FRAME)
    assert [item.rule.type for item in found] == types * 3
    assert [item.verdict for item in found] == [PASSED, FAILED, FAILED] * 3


def test_nullable_numbers_and_booleans_survive(tmp_path):
    """Int64 and boolean columns with missing values neither break a rule nor fail it."""
    path = write(
        tmp_path,
        {
            "type": "expect_column_pair_values_a_to_be_greater_than_b",
            "kwargs": {"column_A": "n", "column_B": "n", "or_equal": True, "ignore_row_if": "either_value_is_missing"},
        },
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "flag", "value_set": [True]}},
    )
    assert [verdict for verdict, _ in verdicts(path, FRAME)] == [PASSED, PASSED]


def test_a_missing_table_is_not_applicable(tmp_path):
    """No table, no verdict; and an empty table is never green."""
    path = write(tmp_path, {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "source_id"}})
    assert verdicts(path, None)[0][0] == SKIPPED
    (found,) = validate(load_suite(path), FRAME.iloc[:0])
    assert (found.verdict, found.checked, found.reason) == (SKIPPED, 0, "the table has no rows")


def test_a_later_folder_replaces_a_suite(tmp_path):
    """A workspace's own suite takes the place of the shipped one of that name, and new ones are added."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    rule = {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "source_id"}}
    write(tmp_path / "one", rule)
    write(tmp_path / "two", rule, rule)
    write(tmp_path / "two", rule, name="extra", object="deals")
    suites = load_suites(tmp_path / "one", tmp_path / "two", tmp_path / "nowhere")
    assert [(suite.name, suite.object, len(suite.rules)) for suite in suites] == [
        ("contacts", "contacts", 2),
        ("extra", "deals", 1),
    ]


def test_what_is_no_suite_is_told_at_once(tmp_path):
    """All unreadable files are named in one error."""
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("[]")
    with pytest.raises(ConfigError) as caught:
        load_suites(tmp_path)
    assert {problem.file for problem in caught.value.problems} == {"a.json", "b.json"}


@pytest.mark.slow
def test_the_package_does_not_import_great_expectations():
    """It takes seconds to import; only validation does, with its analytics off."""
    code = (
        "import sys, pb2hl.suites, pb2hl.steps.check, pb2hl.report; assert 'great_expectations' not in sys.modules;"
        "assert 'matplotlib' not in sys.modules; from pb2hl.suites.validate import _tables;"
        "assert _tables().data_asset.datasource.data_context.variables.analytics_enabled is False; assert 'posthog' not in sys.modules;"
        "import os; assert os.environ['GX_ANALYTICS_ENABLED'] == 'False'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_failing_rows_of_a_big_table_are_positions(tmp_path):
    """Every failing row is named, not a sample of them."""
    frame = pd.DataFrame({"source_id": np.arange(5000) % 4000})
    (found,) = validate(
        load_suite(write(tmp_path, {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "source_id"}})),
        frame,
    )
    assert found.failing == 2000 and len(found.rows) == 2000


def test_a_pipeline_without_stages_is_no_stage_without_a_name():
    """A row that only names a pipeline passes; one that has a probability and no stage does not."""
    frame = pd.DataFrame(
        {
            "source_id": ["1", "2", "3"],
            "pipeline": ["Sales", "Service", "Sales"],
            "stage": ["New", None, None],
            "probability": [10.0, None, 20.0],
        }
    )
    named = prepare("pipelines", CheckFacts({"pipelines": frame}))["check.stage_named"]
    assert [None if pd.isna(value) else value for value in named] == [True, None, False]
