"""The newest records of a location, one page a kind: enough to see whether somebody wrote to it whom the ledger does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pb2hl.errors import NotFound, Refused, ScopeMissing
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Record
from pb2hl.highlevel.records.contacts import CONTACTS
from pb2hl.highlevel.records.lists import Listing
from pb2hl.highlevel.records.notes import NOTES
from pb2hl.highlevel.records.opportunities import DEALS
from pb2hl.highlevel.records.tasks import TASKS
from pb2hl.operations import Target

PAGE = 100

_NEWEST: Mapping[Target, Listing] = {
    Target.CONTACT: replace(CONTACTS, sizes=(PAGE, 20), always={"sort": [{"field": "dateAdded", "direction": "desc"}]}),
    Target.OPPORTUNITY: replace(DEALS, always={"status": "all", "order": "added_desc"}),
    Target.NOTE: NOTES,
    Target.TASK: TASKS,
}
"""Lists whose first page holds the newest, or (tasks) as many as a page takes."""

REQUESTS = len(_NEWEST)


async def newest(client: Client) -> dict[Target, list[Record]]:
    """The first page of every kind, newest first; a kind that the token may not read, or the server cannot list, is left out."""
    found: dict[Target, list[Record]] = {}
    for target, listing in _NEWEST.items():
        try:
            async for page in listing.pages(client):
                found[target] = page
                break
        except (NotFound, Refused, ScopeMissing):
            continue
    return found
