"""What a system documents of its own tables, and whose unsubscribing closes what."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.source.tables import RawTable

ACTIVE = {"title": ["Roof", "Wall", "Door"], "cdate": ["2024-01-01"] * 3, "mdate": ["2024-01-02"] * 3, "nextdate": [""] * 3, "percent": ["0"] * 3, "currency": ["usd"] * 3}  # fmt: skip
CLOSE = {"id": ["o1", "o2", "o3"], "status_type": ["active", "won", "lost"], "value_period": ["one_time"] * 3, "value_formatted": ["$1,200", "$900", "$50"]}  # fmt: skip
LIST = {"Email Address": ["ada@lund.example", "bo@vik.example"], "Name": ["Ada Lund", "Bo Vik"]}


def fields(object_: str, columns: dict[str, list[str]]) -> dict[str, tuple[str, str]]:
    """{column: (decision, transform)}."""
    frame = pd.DataFrame(columns, dtype="str")
    raw = RawTable("export.csv", "", list(frame.columns), frame, pd.RangeIndex(2, 2 + len(frame)).to_numpy())
    sheet = mapper.fields_sheet([(raw, object_)])
    return {row.column: (row.decision, row.transform) for row in sheet.itertuples()}


@pytest.mark.parametrize("columns", [ACTIVE, CLOSE])
def test_amounts_that_a_system_counts_in_cents_are_divided(columns):
    """The table is known by its headings; without them, or with a decimal mark, an amount stays what it is."""
    assert fields("deals", {**columns, "value": ["120000", "90000", "5000"]})["value"] == ("amount", "minor units")
    assert fields("deals", {**columns, "value": ["1200.50", "900.25", "50.10"]})["value"][1] == ""
    alone = {"title": ["Roof", "Wall", "Door"], "currency": ["usd"] * 3, "value": ["120000", "90000", "5000"]}
    assert fields("deals", alone)["value"] == ("amount", "")


def test_codes_that_a_system_documents_are_words():
    """Codes of a known system say how deals and tasks stand; one more code than it has leaves them to a person."""
    found = fields("deals", {**ACTIVE, "value": ["1", "2", "3"], "status": ["0", "1", "2"]})
    assert found["status"] == ("status", "map: 0=open | 1=won | 2=lost")
    assert fields("deals", {**ACTIVE, "value": ["1", "2", "3"], "status": ["0", "1", "9"]})["status"][0] == ""


@pytest.mark.parametrize("heading", ["Date Unsubscribed", "Unsubscribed", "Abgemeldet am", "Unsubscribed at"])
def test_who_leaves_a_list_of_addresses_is_not_written_to(heading):
    """Where a list has nothing but e-mail addresses, a day of unsubscribing is of e-mail; with phones, a bare yes or a wider refusal it stays wide."""
    days = ["2024-05-01", ""]
    assert fields("contacts", {**LIST, heading: days})[heading][0] == "email_opt_out"
    with_phones = {**LIST, "Phone": ["+1 512 555 0101", "+1 512 555 0102"]}
    assert fields("contacts", {**with_phones, heading: days})[heading][0] == "do_not_contact"
    assert fields("contacts", {**LIST, heading: ["yes", "no"]})[heading][0] == "do_not_contact"
    assert fields("contacts", {**LIST, "Do not contact": ["yes", "no"]})["Do not contact"][0] == "do_not_contact"
