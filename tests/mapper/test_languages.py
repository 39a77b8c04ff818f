"""Usual words of many languages: how deals end, what was done, headings, newsletters and names of tables."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.mapper.proposer.objects import named
from pb2hl.values.statuses import activity_type, deal_status
from pb2hl.values.wordlists import sections

WORDS = sections(Path(__file__).parent / "languages.txt")
"""What is asked (`status won`, `heading deals stage`) → words that say it."""

VALUES = {
    "amount": ["1250", "3400.50", "99"],
    "expected_close": ["2024-06-30", "2024-07-01", "2024-08-02"],
    "due_at": ["2024-06-30", "2024-07-01", "2024-08-02"],
    "birthday": ["1980-06-30", "1975-07-01", "1990-08-02"],
    "stage": ["New", "Quoted", "Talks"],
    "owner": ["Anna Kovacs", "Bela Nagy", "Anna Kovacs"],
    "contact_id": ["Anna Kovacs", "Bela Nagy", "Cili Kiss"],
    "tags": ["vip; fair", "vip", "fair"],
    "mobile": ["+36301234567", "+36301234568", "+36301234569"],
    "email_opt_out": ["yes", "no", "yes"],
}
BESIDE = {
    "contacts": {"Email": ["a@x.example", "b@x.example", "c@x.example"]},
    "deals": {"Deal name": ["A one", "B two", "C three"]},
    "tasks": {"Title": ["A one", "B two", "C three"]},
}


def _proposed(object_: str, heading: str, values: list[str]) -> str:
    frame = pd.DataFrame({**BESIDE[object_], heading: values})
    raw = SimpleNamespace(file="export.csv", sheet="", headings=list(frame.columns), frame=frame)
    sheet = mapper.fields_sheet([(raw, object_)])
    return dict(zip(sheet["column"], sheet["proposal"], strict=True))[heading]


def _read(asked: str, word: str) -> str:
    """What we take `word` for, in the terms of `asked`."""
    kind, *rest = asked.split()
    if kind == "status":
        return f"{kind} {deal_status(word)}"
    if kind == "activity":
        return f"{kind} {activity_type(word)}"
    if kind == "table":
        return f"{kind} {named(word)[0]}"
    if kind == "heading":
        return f"{kind} {rest[0]} {_proposed(rest[0], word, VALUES[rest[1]])}"
    found = _proposed("contacts", word, VALUES["email_opt_out"])
    return kind if found in ("email_opt_out", "do_not_contact") else found


@pytest.mark.parametrize("asked", WORDS)
def test_usual_words_of_many_languages_are_understood(asked):
    """An export in a language that few of us read is read like an English one: every word of the list says what it says there."""
    assert {word: found for word in WORDS[asked] if (found := _read(asked, word)) != asked} == {}
