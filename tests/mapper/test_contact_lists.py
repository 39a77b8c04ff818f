"""Several contacts in one cell of what happens: the first whom the export knows is whom it is with, nobody is lost."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl.mapper import contact_names, split_contacts

PEOPLE = {"Id": ["c1", "c2"], "First Name": ["Ann", "Bob"], "Last Name": ["Able", "Best"], "Email": ["ann@a.example", "bob@b.example"]}  # fmt: skip
KNOWN = contact_names([SimpleNamespace(headings=list(PEOPLE), frame=pd.DataFrame(PEOPLE, dtype="str"))])


def split(text: str, object_: str = "appointments", heading: str = "Attendees", **more: str) -> tuple[str, str]:
    """(whom a cell means, who stands beside) after the split."""
    frame = pd.DataFrame({heading: [text], **{name: [cell] for name, cell in more.items()}}, dtype="str")
    found = split_contacts(list(frame.columns), frame, object_, KNOWN)
    return found[heading].iat[0], found[f"{heading} → others"].iat[0] if f"{heading} → others" in found else ""


@pytest.mark.parametrize(
    ("text", "first", "others"),
    [
        ("Ann Able; Bob Best", "Ann Able", "Bob Best"),
        ("Ann Able, Bob Best", "Ann Able", "Bob Best"),
        ("sam@us.example; Bob Best <bob@b.example>", "Bob Best <bob@b.example>", "sam@us.example"),
        ("x@x.example;bob@b.example;ann@a.example", "bob@b.example", "x@x.example; Ann Able (ann@a.example)"),
        ("c2|c1", "c2", "Ann Able (c1)"),
        ("Nobody; Else", "Nobody", "Else"),
        ("Able, Ann", "Able, Ann", ""),
        ("Roe, Jane", "Roe, Jane", ""),
        ("Ann Able", "Ann Able", ""),
    ],
)
def test_the_first_whom_the_export_knows_is_meant_and_the_others_stay(text, first, others):
    """By name, address or id, whatever stands between them; a surname before a given name is one person."""
    assert split(text) == (first, others)


def test_only_what_names_contacts_is_taken_apart_and_nothing_is_said_twice():
    """Titles are left alone, deals have their own lists, and who another column of the row tells of is not repeated."""
    assert split("Ann Able; Bob Best", heading="Subject") == ("Ann Able; Bob Best", "")
    assert split("Ann Able; Bob Best", "deals", "Contact") == ("Ann Able; Bob Best", "")
    beside = {"Guests told": "Ann (ann@a.example) accepted; Bob (bob@b.example)"}
    assert split("ann@a.example; bob@b.example", "tasks", "Contact Email", **beside) == ("ann@a.example", "")
