"""Named transforms of the fields sheet."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl.model import FieldKind
from pb2hl.values import Context, convert
from pb2hl.values.transforms import changed, problems, steered


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


def test_concatenate_puts_columns_behind():
    """Other columns' texts follow with a space; empty ones leave none."""
    assert after(["Ann", ""], "concatenate: b + c", b=["B", "Lee"], c=["", "Roy"]) == ["Ann B", "Lee Roy"]


def test_a_persons_order_mark_zone_and_country_win():
    """What the analyst decided is not overruled by what other cells of the column seem to show."""
    dates = convert(
        pd.Series(["03/04/2021", "13/05/2021"]), FieldKind.DATE, steered(Context(), "date order: month first")
    )
    assert str(dates.values[0]) == "2021-03-04"
    money = convert(pd.Series(["1,500", "2.75"]), FieldKind.MONEY, steered(Context(), "decimal mark: comma"))
    assert money.values[0] == 1.5
    moment = convert(
        pd.Series(["2021-01-01 12:00"]),
        FieldKind.DATETIME,
        steered(Context(heading="Due (UTC)"), "time zone: Europe/Berlin"),
    )
    assert moment.values[0].hour == 11
    phone = convert(pd.Series(["030 1234567"]), FieldKind.PHONE, steered(Context(), "country: DE"))
    assert phone.values[0] == "+49301234567"


def test_every_fault_of_a_cell_is_told_at_once():
    """Unknown names, arguments that do not fit and columns that do not exist are all named."""
    told = problems("sparkle > date order: sideways > concatenate: Zed > inverted", FieldKind.TEXT, {"a"})
    assert len(told) == 4 and "sparkle" in told[0] and "Zed" in told[2]
    assert problems("", FieldKind.TEXT, ()) == [] == problems("map: a=b", FieldKind.TEXT, ())
