"""Calls that say by phone whom they are with."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.source.tables import RawTable

OWN = "5125550100"


def raw(file: str, **columns: list[str]) -> RawTable:
    """A raw table."""
    frame = pd.DataFrame({name.replace("_", " "): values for name, values in columns.items()}, dtype="str")
    return RawTable(file, "", list(frame.columns), frame, pd.RangeIndex(2, 2 + len(frame)).to_numpy())


PEOPLE = raw("contacts.csv", Name=["Ann Able", "Bob Best", "Cy Cox", "Di Cox"], Email=["a@b.co", "b@b.co", "c@b.co", "d@b.co"], Phone=["+1 512 481 1234", "(512) 481-1235", "5124811236", "5124811236"])  # fmt: skip
FIRMS = raw("companies.csv", Company_ID=["7"], Name=["Acme Inc"], Phone=["+15124819999"])


def called(heads: tuple[str, str], *pairs: tuple[str, str]) -> list[tuple[str, str]]:
    """(contact, company) of calls between numbers."""
    frame = pd.DataFrame([[*pair, "2026-01-01 10:00"] for pair in pairs], columns=[*heads, "Start time"], dtype="str")
    known = mapper.numbers_of([(PEOPLE, "contacts"), (FIRMS, "companies")])
    out = mapper.who_called(list(frame.columns), frame, "activities", known)
    blank = [""] * len(frame)
    return list(zip(out.get("Contact", blank), out.get("Company", blank), strict=True))


@pytest.mark.parametrize(
    "heads", [("From", "To"), ("Van", "Naar"), ("Caller", "Called"), ("発信番号", "着信番号"), ("x1", "x2")]
)
def test_the_number_that_the_export_knows_is_who_it_was(heads):
    """Whoever called whom: a known person's number, then a known company's, in national and international writing."""
    pairs = [("+15124811234", OWN), (OWN, "(512) 481-1235"), (OWN, "512-481-9999"), (OWN, "+15124810000")]
    assert called(heads, *pairs) == [("a@b.co", ""), ("b@b.co", ""), ("", "7"), ("", "")]


def test_a_number_of_two_people_means_nobody():
    """Doubt stays: shared numbers, two known ends, and numbers that agree only at their end."""
    assert (
        called(("From", "To"), ("5124811236", OWN), ("5124811234", "5124811235"), ("+49304811234", OWN))
        == [("", "")] * 3
    )


def test_what_refers_already_stays_as_it_is():
    """A column of ids or names says better than phones whom a row means."""
    frame = pd.DataFrame({"Contact ID": ["9"], "From": ["5124811234"]}, dtype="str")
    known = mapper.numbers_of([(PEOPLE, "contacts")])
    assert mapper.who_called(list(frame.columns), frame, "activities", known) is frame
