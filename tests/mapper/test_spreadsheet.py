"""Sheets that went through a spreadsheet of one or another language come back as they were, or say what was lost."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl.errors import SheetError
from pb2hl.mapper.knowledge.sheet_layout import SHEETS, blank
from pb2hl.sheets import read_sheet, to_csv, write_sheet
from tests.mapper.excel import ENGLISH, GERMAN, Language, Rows, as_workbook, opened, round_trip, saved, understood

NASTY = (
    "007", "1.50", "1,5", "0.95", "1.5", "3/4", "03/04/2021", "2021-04-03", "12.03.2021", "12:30", "9 am", "MAR1", "5 May", "TRUE", "wahr",
    "5%", "$5", "5 €", "1e5", "(300)", "-5", "+49 30 1234", "=1+1", "@sum(a1)", "#N/A", "'quoted", "123456789012345", "a;b", 'say "hi"', "two\nlines",
    "Straße", "tab\there", "42", "0", "Plan", "  padded ",
)  # fmt: skip


@pytest.fixture
def path(tmp_path):
    rows = [
        {"object": "contacts", "field": f"custom.{number}", "value": value, "count": number, "option": value, "proposal": "keep", "confidence": 0.95,
         "reason": "as it is", "decision": "keep", "comment": value}
        for number, value in enumerate(NASTY)
    ]  # fmt: skip
    write_sheet(tmp_path / "picklists.csv", blank("picklists", rows))
    return tmp_path / "picklists.csv"


def read(path) -> pd.DataFrame:
    return read_sheet(path, SHEETS["picklists"])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("language", [ENGLISH, GERMAN], ids=["english", "german"])
def test_a_spreadsheet_gives_back_every_cell(path, language, encoding):
    """Leading zeros, dates, amounts, truths, formulas, quotes and newlines survive Excel in English and German, however it saves."""
    before = read(path)
    round_trip(path, language, encoding)
    pd.testing.assert_frame_equal(read(path), before)


def test_the_spreadsheet_of_these_tests_does_harm():
    """Without guards the same cells would have been rewritten: the harness is no paper tiger."""
    changed = [text for text in NASTY if understood(text, GERMAN) != text or understood(text, ENGLISH) != text]
    assert {"007", "1.50", "1,5", "03/04/2021", "MAR1", "TRUE", "wahr", "1e5", "=1+1", "5%"} <= set(changed)


def test_what_people_do_to_rows_and_columns(path):
    """A column moved, a column of their own, rows sorted and blank rows at the end change nothing that counts."""
    before = read(path)

    def change(rows: Rows) -> Rows:
        header, body = rows[0], rows[1:]
        moved = [[row[-1], *row[:-1], None] for row in (header, *reversed(body))]
        moved[0][-1] = "my notes"
        return [*moved, [None] * len(moved[0]), [""] * len(moved[0])]

    round_trip(path, GERMAN, change=change)
    after = read(path)
    assert list(after.columns) == ["comment", *before.columns[:-1], "my notes"]
    pd.testing.assert_frame_equal(after[before.columns].iloc[::-1].reset_index(drop=True), before)


def test_a_sheet_opened_as_one_column_is_still_read(path):
    """A German Excel that opens commas as one column and saves that has lost nothing."""
    plain = read(path)[lambda frame: ~frame["value"].str.contains("\n")].reset_index(drop=True)
    write_sheet(path, plain)
    lines = path.read_bytes().decode("utf-8-sig").split("\r\n")
    one = [[line.replace('"', "", 2)] for line in lines if line]
    saved(as_workbook(one, path.with_suffix(".xlsx")), path, GERMAN)
    pd.testing.assert_frame_equal(read(path), plain)


def test_repeated_and_missing_columns_come_together(path):
    """A column that is there twice is as wrong as a missing one, and both are told at once."""
    rows = opened(path, ENGLISH)
    at = rows[0].index("decision")
    rows[0][at + 1] = "decision"
    saved(rows, path, ENGLISH)
    with pytest.raises(SheetError) as caught:
        read(path)
    assert {problem.message for problem in caught.value.problems} == {
        "column decision is there twice",
        "column who is missing",
    }


def test_what_is_no_table_is_said(path):
    """A cell beyond what CSV readers take is a clear error, not a traceback."""
    path.write_text('"object","' + "x" * 200_000 + '"\r\n', encoding="utf-8")
    with pytest.raises(SheetError, match="is no table"):
        read(path)


@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12), min_size=1, max_size=6),
    st.sampled_from([ENGLISH, GERMAN]),
)
def test_no_text_is_rewritten(texts: list[str], language: Language):
    """Whatever a cell holds, a spreadsheet takes its guarded form for text and leaves it alone."""
    cells = next(csv.reader(io.StringIO(to_csv(pd.DataFrame([texts])).split("\r\n", 1)[1], newline="")))
    back = [understood(cell, language) for cell in cells]
    assert [str(int(value)) if isinstance(value, float) and value.is_integer() else value for value in back] == cells
