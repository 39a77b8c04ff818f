"""A rule's `row_condition` is data: a small grammar chooses rows, and nothing in it is ever run."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl.suites.conditions import LONGEST, parse
from pb2hl.suites.validate import BROKEN, FAILED, PASSED, SKIPPED
from tests.suites.test_traps import NOT_NULL, rule, verdict

FRAME = pd.DataFrame(
    {
        "stage": ["Won", "Lost", "won", None],
        "amount": [1.0, 20.0, None, 4.0],
        "done": pd.array([True, False, None, True], dtype="boolean"),
        "Shoe Size": ["42", "7", "", "44"],
        "at": pd.to_datetime(["2024-01-01", "2024-06-01", None, "2025-01-01"], utc=True),
    }
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('stage == "Won"', [0]),
        ("stage != 'Won'", [1, 2]),
        ("stage is null", [3]),
        ("amount is not null and amount >= 4", [1, 3]),
        ("amount > 3 or stage == 'won'", [1, 2, 3]),
        ("not (amount > 3 or stage == 'won')", [0]),
        ("stage in ('Won', 'Lost') AND not done == true", [1]),
        ("stage not in ['Won']", [1, 2]),
        ("`Shoe Size` == '42'", [0]),
        ("done == true", [0, 3]),
        ("at >= '2024-06-01'", [1, 3]),
        ("at < '2024-06-01T02:00+02:00'", [0]),
        ("amount == -1.5", []),
    ],
)
def test_what_it_chooses(text, rows):
    """Comparisons, lists, missing cells, dates, and how they are joined."""
    found = parse(text).rows(FRAME)
    assert [row for row, chosen in enumerate(found) if chosen] == rows


HOSTILE = [
    "__import__('os').system('true')", "stage.str.len() > 2", "stage.__class__ == 1", "@open('x')", "amount.map(print)", "amount > 1; x == 2",
    "index == index", "amount + 1 > 2", "amount ** 9999999 > 1", "amount > amount", "stage == \"Won\" | True", "`stage` = 'x'", "amount >", "",
    "(((stage == 'x'", "stage == 'x')", "stage in ()", "not", "and", "stage like 'x'", "lambda: 1", "stage == `amount`", "1 == 1", "amount == 1e999",
    "amount == 0x10", "stage == 'a' 'b'", "stage == \"Won", "x" * (LONGEST + 1), "(" * 900 + "a == 1" + ")" * 900, "not " * 400 + "a == 1", "stage == 'Won' && 1",
    "col(\"stage\").notNull()", "stage\x00 == 'x'", "{stage} == 1", "a.b == 1", "a == b.c()",
]  # fmt: skip


@pytest.mark.parametrize("text", [*HOSTILE, None, 3, ["stage"], {"a": 1}])
def test_what_it_does_not_know_is_refused(text):
    """Calls, attributes, arithmetic, other languages, and what is cut off: refused with what was needed, and not run."""
    with pytest.raises(ValueError, match="row_condition"):
        parse(text)


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused(text):
    """Nothing else ever happens."""
    try:
        parse(text)
    except ValueError as error:
        assert "row_condition" in str(error)


@pytest.mark.parametrize(
    "text", ["a == 1 and " * 180, "`" * LONGEST, "'" * LONGEST, " " * LONGEST, "1" * LONGEST, "a" * LONGEST, "((" * 900]
)
def test_it_is_read_in_linear_time(text):
    """The longest condition takes no time worth speaking of."""
    begun = time.process_time()
    with pytest.raises(ValueError, match="row_condition"):
        parse(text[:LONGEST])
    assert time.process_time() - begun < 1


def test_a_rule_looks_at_the_rows_of_its_condition(tmp_path):
    """Failing rows keep their own numbers; a hostile, missing or incomparable column breaks the rule, whichever parser it names."""
    unset = rule(NOT_NULL, column="amount", row_condition="stage == 'won' or stage is null", condition_parser="pandas")
    found = verdict(tmp_path, unset, FRAME)
    assert (found.verdict, found.rows.tolist(), found.checked) == (FAILED, [2], 2)
    assert verdict(tmp_path, rule(NOT_NULL, column="amount", row_condition="stage == 'Won'"), FRAME).verdict == PASSED
    assert verdict(tmp_path, rule(NOT_NULL, column="amount", row_condition="amount > 99"), FRAME).verdict == SKIPPED
    for text, says in [
        ("stage > 3", "stage holds str"),
        ("@x == 1", "was needed"),
        ("nowhere == 1", "nowhere"),
        ("at > 'soon'", "dates"),
    ]:
        found = verdict(tmp_path, rule(NOT_NULL, column="stage", row_condition=text, condition_parser="pandas"), FRAME)
        assert found.verdict == BROKEN and says in found.reason
