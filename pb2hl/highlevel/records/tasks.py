"""Tasks: of contacts only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Payload, Record, id_of, url_of
from pb2hl.highlevel.records.lists import Follow, Listing
from pb2hl.highlevel.records.port import PlainPort, as_page
from pb2hl.operations import Operation

PAGES = (100, 25)
TASKS = Listing("/locations/{location}/tasks/search", ("tasks",), "POST", Follow.SKIP, PAGES, located=False)
OF_CONTACT = Listing("/contacts/{contactId}/tasks", ("tasks",), located=False)


class TaskPort(PlainPort):
    """Tasks. `where`: `contactId`. `pages` lists all of the location; every record has `id` and `contactId`."""

    every, names, locates, listing = "/contacts/{contactId}/tasks", ("task",), "", TASKS
    fixed, marked = (), ("body", "title")

    def flat(self, record: Record, where: Mapping[str, Any]) -> Record:
        """The location-wide search names ids otherwise than the contact's list does."""
        details = record.get("contactDetails")
        contact = record.get("contactId") or (details.get("id") if isinstance(details, dict) else "") or ""
        return {**record, "id": id_of(record), "contactId": contact}

    def candidates(self, client: Client, operation: Operation, payload: Payload) -> AsyncIterator[list[Record]]:
        """The tasks of its contact."""
        return as_page(tasks_of(client, url_of(payload)["contactId"]))


async def tasks_of(client: Client, contact_id: str) -> list[Record]:
    """Every task of a contact; none when the contact does not exist."""
    try:
        tasks = await OF_CONTACT.all(client, {"contactId": contact_id})
    except NotFound:
        return []
    return [{**task, "contactId": task.get("contactId") or contact_id} for task in tasks]
