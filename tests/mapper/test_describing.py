"""Describing tables and everyday sheets in the languages of the lexicon: which object each is, and what its headings mean."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl.mapper import fields_sheet, propose_fields, recognise
from pb2hl.mapper.knowledge.lists import sections
from pb2hl.mapper.knowledge.text import tokens

LINES = [
    line.split(" | ")
    for line in Path(__file__).with_name("describing.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def raw(sheet: str, columns: dict[str, list[str]], file: str = "Book1.xlsx") -> SimpleNamespace:
    """A raw table of a workbook."""
    return SimpleNamespace(file=file, sheet=sheet, headings=[*columns], frame=pd.DataFrame(columns, dtype="str"))


@pytest.mark.parametrize(("language", "object_", "sheet", "columns"), LINES)
def test_a_sheet_is_read_in_its_language(language, object_, sheet, columns):
    """The sheet's name and headings say which object it is, and each heading is its field, sure enough for a batch run."""
    wanted = dict(pair.split(" = ") for pair in columns.split(", "))
    table = raw(sheet, {heading: [] for heading in wanted})
    assert recognise(table)[0] == object_
    found = propose_fields(table.frame, object_)
    assert dict(zip(found["heading"], found["field"], strict=True)) == wanted
    assert found["confidence"].min() >= 0.8


def test_a_question_stands_once():
    """No everyday heading asks two questions."""
    said = [tokens(phrase) for phrases in sections("everyday").values() for phrase in phrases]
    assert len(said) == len(set(said))


@pytest.mark.parametrize(
    "headings", [["Who", "What", "When"], ["Wer", "Was"], ["What", "Where"], ["Qui", "Quoi", "Quand"]]
)
def test_questions_alone_make_no_object(headings):
    """A table of nothing but questions, with a name that says nothing, waits for a person."""
    assert recognise(raw("Sheet1", {heading: [] for heading in headings}))[0] == ""


def test_who_is_meant_follows_the_names():
    """`Who` of a to-do list is the contact or the colleague whose names it holds; `About` a deal where it names deals."""
    people = raw(
        "People",
        {
            "Name": ["Ann Able", "Bo Best"],
            "Mail": ["ann@acme.example", "bo@best.example"],
            "Rep": ["Kim Lee", "Kim Lee"],
        },
    )
    deals = raw("Sales", {"What": ["Roof", "Bath"], "Stage": ["New", "New"], "Worth": ["1,200.50", "900"]})
    tasks = raw(
        "To do",
        {
            "What": ["Call", "Mail"],
            "Who": ["Kim Lee", "Kim Lee"],
            "About": ["Roof", "Bath"],
            "By": ["2026-01-01", "2026-01-02"],
        },
    )
    sheet = fields_sheet([(people, "contacts"), (deals, "deals"), (tasks, "tasks")])
    found = dict(
        zip(
            sheet.loc[sheet["object"] == "tasks", "column"],
            sheet.loc[sheet["object"] == "tasks", "proposal"],
            strict=True,
        )
    )
    assert found == {"What": "title", "Who": "owner", "About": "deal_id", "By": "due_at"}
