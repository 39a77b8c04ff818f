"""Boards, in which the headings stand again above each group of rows, are one table, and what stands below a row is another."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from pb2hl import source

HEADINGS = ["Name", "Subitems", "Stage", "Deal Value", "Item ID (auto generated)"]


def read(folder: Path, rows: list[list], name: str = "deals") -> dict[str, source.RawTable]:
    """The tables of a workbook of one sheet, by the sheets that they are called after."""
    book = Workbook()
    book.active.title = name
    for row in rows:
        book.active.append(row)
    book.save(folder / "board.xlsx")
    return {raw.sheet: raw for raw in source.read_export(folder / "board.xlsx", into=folder / "in").tables}


@pytest.mark.parametrize("inner", [["Subitems", "Name", "Owner", "Status"], [None, "Name", "Owner", "Status"], [None, "Subitems", "Name", "Owner"]])  # fmt: skip
def test_groups_are_a_column_and_rows_below_a_row_a_table(tmp_path, inner):
    """Titles, repeated headings and sums are no records and are listed; each row below names the record above it."""
    rows = [
        ["Deals"], ["Our pipeline"], [], ["Active"], HEADINGS,
        ["Roof", "Measure", "Sent", 1200, 11], inner, [None, *(["Measure"] * 2)], ["Wall", None, "Sent", 900, 12], [None, None, None, 2100],
        [], ["Won"], HEADINGS, ["Door", "Fit", "Won", 450, 13], inner, [None, *(["Fit"] * 2)], [None, None, None, 450],
    ]  # fmt: skip
    found = read(tmp_path, rows)
    main, below = found.pop("deals"), found.popitem()[1]
    assert main.frame[["Name", "Deal Value", "Group"]].values.tolist() == [["Roof", "1200", "Active"], ["Wall", "900", "Active"], ["Door", "450", "Won"]]  # fmt: skip
    assert below.frame[["Name", "deals.id"]].values.tolist() == [["Measure", "11"], ["Fit", "13"]]
    assert list(main.rows) == [6, 9, 14] and list(below.rows) == [8, 16]
    assert {row.row: row.reason for row in main.dropped} == {1: "title", 2: "title", 4: "title", 10: "totals", 12: "title", 13: "headings repeated", 15: "headings repeated", 17: "totals"}  # fmt: skip


def test_a_table_whose_rows_repeat_is_no_board(tmp_path):
    """Rows that are there twice, headings that come back on each page and one group alone stay what they were."""
    twice = [["City", "Country", "Kind"], ["Bonn", "Germany", "Town"], ["Bonn", "Germany", "Town"], ["Ulm", "Germany", "Town"]]  # fmt: skip
    found = read(tmp_path, twice)["deals"]
    assert "Group" not in found.headings and len(found.frame) == 3
    pages = [["Name", "City", "Mail"], ["Ann Able", "Bonn", "a@x.example"], ["Name", "City", "Mail"], ["Bob Best", "Ulm", "b@x.example"]]  # fmt: skip
    found = read(tmp_path, pages)["deals"]
    assert "Group" not in found.headings and len(found.frame) == 2
    one = [["Deals"], ["Active"], HEADINGS, ["Roof", None, "Sent", 1200, 11], ["Wall", None, "Sent", 900, 12]]
    assert len(read(tmp_path, one)["deals"].frame) == 2
