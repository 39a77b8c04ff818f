"""Formula cells that no spreadsheet program computed."""

from __future__ import annotations

import io

from openpyxl import Workbook

from pb2hl.limits import LIMITS
from pb2hl.source.workbooks import read_workbook


def _book() -> bytes:
    book = Workbook()
    people = book.active
    people.title = "People & Co"
    people["B3"], people["C3"], people["D3"], people["E3"], people["F3"] = "First", "Last", "Full", "Site", "Score"
    people["B4"], people["C4"] = "Ada", "Byron"
    people["D4"] = '=B4&" "&$C$4'
    people["E4"] = '=HYPERLINK("https://ada.example","card")'
    people["F4"] = "=SUM(B4:C4)"
    people["G3"], people["G4"], people["H4"] = "Said", "=Other!A1", "=1"
    other = book.create_sheet("Other")
    other["B1"] = "x"
    other["A4"] = "y"
    other["A1"] = '="said ""so"""'
    other["A2"] = "='People & Co'!D4"
    other["A3"] = "=12.5"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_simple_formulas_say_what_they_are():
    """Texts, numbers, cells of any sheet, links and what `&` joins are read; nothing is computed."""
    grids = dict(read_workbook(_book(), "b.xlsx", LIMITS)[0])
    people, other = grids["People & Co"].frame, grids["Other"].frame
    assert people.iloc[-1].tolist() == [
        "Ada",
        "Byron",
        "Ada Byron",
        '=HYPERLINK("https://ada.example","card")',
        "",
        'said "so"',
    ]
    assert other[0].tolist() == ['said "so"', "Ada Byron", "12.5", "y"]


def test_the_rest_is_named_by_sheet_and_cell():
    """A formula that has to be computed stays blank and is told with its sheet, row and cell."""
    _, problems = read_workbook(_book(), "b.xlsx", LIMITS)
    (told,) = [problem for problem in problems if problem.code == "formula_without_value"]
    assert (told.sheet, told.row, told.count) == ("People & Co", 4, 2) and "F4, H4" in told.message
