"""Notes: of contacts through /contacts/{id}/notes, of businesses through the Notes API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pb2hl.errors import NotFound, Refused
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Created, Payload, Record, body_of, gone, located, made, the_one, unwrap, url_of
from pb2hl.highlevel.records.lists import Follow, Listing
from pb2hl.highlevel.records.port import PlainPort, as_page
from pb2hl.operations import Operation

PAGES = (100, 20)
NOTES = Listing("/notes/search", ("notes",), "POST", Follow.SKIP, PAGES, gives_total=True)
OF_CONTACT = Listing("/contacts/{contactId}/notes", ("notes",), located=False)

BY_RELATION = "notes search by relation"
"""What is learned of a location: True once its notes search found notes by `relations` as a list of record ids, False where it refuses that."""


class NotePort(PlainPort):
    """Notes. `where`: `contactId` or `businessId`, as in the payload's `$url`."""

    every, names, locates, listing = "/contacts/{contactId}/notes", ("note",), "", NOTES
    marked = ("body", "bodyText")
    also: ClassVar[tuple[str, ...]] = ("/notes/",)

    async def create(self, client: Client, payload: Payload) -> Created:
        """On a contact as ever; on a business, or on several records at once, through the Notes API, which needs its relations."""
        related = relations_in(payload)
        if [relation["objectKey"] for relation in related] == ["contact"]:
            return await super().create(client, payload)
        body = {**body_of(payload), "relations": related}
        answer = await client.request("POST", "/notes/", params={"locationId": client.location}, json=body)
        record = made(client, answer, "POST /notes/", "note")
        return replace(await self.finish(client, record, payload, answer.trace_id), stored=record)

    async def get(self, client: Client, id: str, **where: str) -> Record:
        """The note as its host's API gives it."""
        path, params = _address(client, id, where)
        return the_one(unwrap((await client.request("GET", path, params=params)).body, "note"), id)

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """Change it through its host's API."""
        path, params = _address(client, id, url_of(payload))
        return unwrap((await client.request("PUT", path, params=params, json=body_of(payload))).body, "note")

    async def delete(self, client: Client, id: str, **where: str) -> None:
        """Delete it through its host's API."""
        path, params = _address(client, id, where)
        await gone(client.request("DELETE", path, params=params))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All notes, 100 a request by POST /notes/search; where that endpoint is missing, by `contactIds` one request each.

        A note says whom it is on in `contactId` or `relations`.
        """
        return self._pages(client, where.get("contactIds") or ())

    async def _pages(self, client: Client, contact_ids: Iterable[str]) -> AsyncIterator[list[Record]]:
        try:
            async for page in NOTES.pages(client):
                yield page
        except NotFound:
            for contact_id in contact_ids:
                async for page in as_page(notes_of(client, contact_id)):
                    yield page

    def candidates(self, client: Client, operation: Operation, payload: Payload) -> AsyncIterator[list[Record]]:
        """The notes of its host."""
        where = url_of(payload)
        contact_id = where.get("contactId")
        return as_page(notes_of(client, contact_id)) if contact_id else _related(client, where["businessId"])


def relations_in(payload: Payload) -> list[dict[str, str]]:
    """The records that a note is on, as the Notes API takes them."""
    where = url_of(payload)
    return [
        {"objectKey": key, "recordId": str(where[f"{key}Id"])}
        for key in ("contact", "opportunity", "business")
        if where.get(f"{key}Id")
    ]


async def _related(client: Client, record_id: str) -> AsyncIterator[list[Record]]:
    """The notes that are related to a record; all of the location where its search was never seen to find them by that.

    What `relations` holds is told in two ways (BEHAVIOUR): a filter that finds nothing may be blind, and taking its word would
    make a note twice.
    """
    if client.learned.get(BY_RELATION, True):
        try:
            async for page in NOTES.pages(client, more={"relations": [record_id]}):
                if any(record_id in str(note.get("relations")) for note in page):
                    client.learned[BY_RELATION] = True
                yield page
        except Refused:
            client.learned[BY_RELATION] = False
    if client.learned.get(BY_RELATION) is not True:
        async for page in NOTES.pages(client):
            yield page


async def notes_of(client: Client, contact_id: str) -> list[Record]:
    """Every note of a contact; none when the contact does not exist."""
    try:
        notes = await OF_CONTACT.all(client, {"contactId": contact_id})
    except NotFound:
        return []
    return [{**note, "contactId": note.get("contactId") or contact_id} for note in notes]


def _address(client: Client, id: str, where: Mapping[str, Any]) -> tuple[str, dict[str, str] | None]:
    if where.get("contactId"):
        return located("/contacts/{contactId}/notes/{id}", client, contactId=where["contactId"], id=id), None
    return located("/notes/{id}", client, id=id), {"locationId": client.location}
