"""Named transforms of the fields sheet."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl.model import FieldKind
from pb2hl.values import Context, convert
from pb2hl.values.transforms import changed, missed, offered, problems, steered


def after(texts: list[str], cell: str, **others: list[str]) -> list[str]:
    frame = pd.DataFrame({"a": texts, **others}, dtype="str")
    return list(changed(frame["a"], cell, frame))


@pytest.mark.parametrize(
    ("cell", "texts", "result"),
    [
        ("map: A=Gold | b=Silver", ["a", "B ", "c"], ["Gold", "Silver", "c"]), ("constant: X", ["1", ""], ["X", "X"]),
        ("default: none yet", ["1", " "], ["1", "none yet"]), ("strip html", ["<p>Hi <b>you</b></p>"], ["Hi you"]),
        ("split list: /", ["a / b", ""], ['["a", "b"]', ""]), ("strip html > map: hi=Hello", ["<i>hi</i>", "x"], ["Hello", "x"]),
    ],
)  # fmt: skip
def test_texts_are_changed_before_they_are_typed(cell, texts, result):
    """Maps, constants, defaults, lists and markup, alone or one after the other."""
    assert after(texts, cell) == result


@pytest.mark.parametrize(
    ("cell", "texts", "result"),
    [
        ("split name: last", ["Dr. Jane van der Roe Jr.", "Roe, Max", "Prince", ""], ["van der Roe", "Roe", "", ""]),
        ("split name: first", ["Dr. Jane Roe", "Prince"], ["Jane", "Prince"]), ("SPLIT NAME: Suffix", ["Jane Roe Jr."], ["Jr."]),
        ("boolean words: Member, paid / guest", ["member", "PAID", "guest", "yes", "0", "?"], ["yes", "yes", "no", "yes", "no", "?"]),
        ('map: "a > b"=up | "x=y"="a|b"', ["A > b", "x=y", "z"], ["up", "a|b", "z"]), ('constant: " x "', ["1"], [" x "]),
        ("strip HTML", ["<script>alert(1)</script>Hi &amp; bye", "a < b", "Tom & Co"], ["Hi & bye", "a < b", "Tom & Co"]),
    ],
)  # fmt: skip
def test_names_words_and_quotes(cell, texts, result):
    """Parts of names, own words for yes and no, marks within quotes, and markup with scripts."""
    assert after(texts, cell) == result


def test_what_a_map_or_a_name_has_no_answer_for_is_counted():
    """Cells without an answer are counted and shown; new values that already stand there are answers."""
    frame = pd.DataFrame({"a": ["G", "g", "Gold", "?", "", "?"]}, dtype="str")
    assert missed(frame["a"], "map: G=Gold", frame) == (2, ["?"])
    names = pd.DataFrame({"a": ["Jane Roe", "Prince", ""]}, dtype="str")
    assert missed(names["a"], "split name: last", names) == (1, ["Prince"])
    assert missed(frame["a"], "default: x > boolean words: g / gold", frame) == (0, [])


def test_names_are_joined_and_lists_of_columns_may_hold_marks():
    """Several columns behind each other, with what goes between them said or a space, and no mark for a blank."""
    others = {"Last Name": ["Roe", ""], "Street + No": ["Mill 1", "Lane 2"]}
    assert after(["Jane", "Max"], "join names: Last Name", **others) == ["Jane Roe", "Max"]
    assert after(["", "B"], 'concatenate: Last Name + "Street + No" with ", "', **others) == [
        "Roe, Mill 1",
        "B, Lane 2",
    ]
    assert problems('concatenate: "Street + No" with " / "', FieldKind.TEXT, others) == []


@pytest.mark.parametrize("kind", list(FieldKind))
def test_everything_that_is_offered_is_allowed(kind):
    """What the picker shows for a kind of column is a cell without faults."""
    for cell in offered(kind):
        assert problems(cell, kind, {"Last Name", "Tussenvoegsel", "City", "Start Date", "Start Time"}) == [], cell


def test_concatenate_puts_columns_behind():
    """Other columns' texts follow with a space; empty ones leave none."""
    assert after(["Ann", ""], "concatenate: b + c", b=["B", "Lee"], c=["", "Roy"]) == ["Ann B", "Lee Roy"]


def test_a_persons_order_mark_zone_and_country_win():
    """What the analyst decided is not overruled by what other cells of the column seem to show."""
    dates = convert(
        pd.Series(["03/04/2021", "13/05/2021"]), FieldKind.DATE, steered(Context(), "parse date: month first")
    )
    assert str(dates.values[0]) == "2021-03-04"
    money = convert(pd.Series(["1,500", "2.75"]), FieldKind.MONEY, steered(Context(), "parse money: comma"))
    assert money.values[0] == 1.5
    moment = convert(
        pd.Series(["2021-01-01 12:00"]),
        FieldKind.DATETIME,
        steered(Context(heading="Due (UTC)"), "time zone: Europe/Berlin"),
    )
    assert moment.values[0].hour == 11
    phone = convert(pd.Series(["030 1234567"]), FieldKind.PHONE, steered(Context(), "E.164: DE"))
    assert phone.values[0] == "+49301234567"


def test_every_fault_of_a_cell_is_told_at_once():
    """Unknown names, arguments that do not fit and columns that do not exist are all named."""
    told = problems("sparkle > parse date: sideways > concatenate: Zed > inverted", FieldKind.TEXT, {"a"})
    assert len(told) == 4 and "sparkle" in told[0] and "Zed" in told[2]
    assert problems("", FieldKind.TEXT, ()) == [] == problems("map: a=b", FieldKind.TEXT, ())
