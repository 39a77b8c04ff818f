"""Notes: of contacts through /contacts/{id}/notes, of businesses through the Notes API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records import paging
from pb2hl.highlevel.records.base import (
    Created,
    Payload,
    Record,
    body_of,
    created,
    gone,
    holds,
    id_of,
    rows,
    seek,
    unwrap,
    url_of,
)
from pb2hl.operations import Operation

PAGES = (100, 20)


class NotePort:
    """Notes. `where`: `contactId` or `businessId`, as in the payload's `$url`."""

    async def create(self, client: Client, payload: Payload) -> Created:
        contact_id = url_of(payload).get("contactId")
        if contact_id:
            path = f"/contacts/{contact_id}/notes"
            return created(client, await client.request("POST", path, json=body_of(payload)), f"POST {path}", "note")
        relation = {"objectKey": "business", "recordId": url_of(payload)["businessId"]}
        answer = await client.request(
            "POST",
            "/notes/",
            params={"locationId": client.location},
            json={**body_of(payload), "relations": [relation]},
        )
        return created(client, answer, "POST /notes/", "note")

    async def get(self, client: Client, id: str, **where: str) -> Record:
        path, params = _address(client, id, where)
        return unwrap((await client.request("GET", path, params=params)).body, "note")

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        path, params = _address(client, id, url_of(payload))
        return unwrap((await client.request("PUT", path, params=params, json=body_of(payload))).body, "note")

    async def delete(self, client: Client, id: str, **where: str) -> None:
        path, params = _address(client, id, where)
        await gone(client.request("DELETE", path, params=params))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All notes, 100 a request by POST /notes/search; where that endpoint is missing, by `contactIds` one request each.

        A note says whom it is on in `contactId` or `relations`. `businessId` narrows to one business's notes.
        """
        return self._pages(client, **where)

    async def _pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        base: dict[str, Any] = {"locationId": client.location}
        if where.get("businessId"):
            base["relations"] = [{"objectKey": "business", "recordId": where["businessId"]}]

        async def send(size: int, position: dict[str, Any]) -> list[Record]:
            body = {**base, **position, "limit": size}
            answer = await client.request("POST", "/notes/search", json=body, safe=True)
            return rows(answer.body, "notes")

        try:
            async for page in paging.by_skip(paging.sized(send, *PAGES)):
                yield page
        except NotFound:
            for contact_id in where.get("contactIds") or ():
                notes = await notes_of(client, contact_id)
                if notes:
                    yield notes

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        contact_id = url_of(payload).get("contactId")

        async def look() -> Created | None:
            if contact_id:
                return _marked(await notes_of(client, contact_id), operation.marker)
            async for page in self.pages(client, businessId=url_of(payload)["businessId"]):
                found = _marked(page, operation.marker)
                if found is not None:
                    return found
            return None

        return await seek(client, look)


async def notes_of(client: Client, contact_id: str) -> list[Record]:
    """Every note of a contact; none when the contact does not exist."""
    try:
        notes = rows((await client.request("GET", f"/contacts/{contact_id}/notes")).body, "notes")
    except NotFound:
        return []
    return [{**note, "contactId": note.get("contactId") or contact_id} for note in notes]


def _marked(notes: list[Record], marker: str) -> Created | None:
    for note in notes:
        if holds(note.get("body"), marker) or holds(note.get("bodyText"), marker):
            return Created(id_of(note), {"id": id_of(note)})
    return None


def _address(client: Client, id: str, where: Any) -> tuple[str, dict[str, str] | None]:
    if where.get("contactId"):
        return f"/contacts/{where['contactId']}/notes/{id}", None
    return f"/notes/{id}", {"locationId": client.location}
