"""The newest records of a location, one page a kind: enough to see whether somebody wrote to it whom the ledger does not know."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from pb2hl.errors import NotFound, Refused, ScopeMissing
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records import PORTS
from pb2hl.highlevel.records.appointments import RANGE
from pb2hl.highlevel.records.base import Record
from pb2hl.highlevel.records.businesses import SCHEMA
from pb2hl.highlevel.records.contacts import CONTACTS
from pb2hl.highlevel.records.lists import Listing
from pb2hl.highlevel.records.notes import NOTES
from pb2hl.highlevel.records.objectrecords import RECORDS
from pb2hl.highlevel.records.opportunities import DEALS
from pb2hl.highlevel.records.tasks import TASKS
from pb2hl.operations import Target

PAGE = 100

_NEWEST: Mapping[Target, Listing] = {
    Target.CONTACT: replace(CONTACTS, sizes=(PAGE, 20), always={"sort": [{"field": "dateAdded", "direction": "desc"}]}),
    Target.OPPORTUNITY: replace(DEALS, always={"status": "all", "order": "added_desc"}),
    Target.NOTE: NOTES,
    Target.TASK: TASKS,
    Target.BUSINESS: RECORDS,
}
"""Lists whose first page holds the newest, or (tasks, businesses) as many as a page takes."""

REQUESTS = len(_NEWEST) + 1
"""Requests of `newest`, with a diary."""


@dataclass(frozen=True)
class Diary:
    """Where appointments are looked for: events of one calendar half a year before and after a moment."""

    calendar: str
    around: datetime

    async def events(self, client: Client) -> list[Record]:
        """The events, by one request."""
        async for page in PORTS[Target.APPOINTMENT].pages(
            client, calendarId=self.calendar, start=self.around - RANGE / 2, end=self.around + RANGE / 2
        ):
            return page
        return []


async def newest(client: Client, diary: Diary | None = None) -> dict[Target, list[Record]]:
    """The first page of every kind, newest first, and what is in `diary`; a kind that the token may not read, or the server cannot
    list, is left out."""
    found: dict[Target, list[Record]] = {}
    for target, listing in _NEWEST.items():
        with suppress(NotFound, Refused, ScopeMissing):
            async for page in listing.pages(client, {"schemaKey": SCHEMA}):
                found[target] = page
                break
    if diary is not None:
        with suppress(NotFound, Refused, ScopeMissing):
            found[Target.APPOINTMENT] = await diary.events(client)
    return found
