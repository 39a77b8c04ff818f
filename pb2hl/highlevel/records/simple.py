"""Tags and calendars."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import (
    Created,
    Payload,
    Record,
    body_of,
    created,
    gone,
    id_of,
    rows,
    same_text,
    seek,
    unwrap,
)
from pb2hl.operations import Operation


class TagPort:
    """Tags of the location: /locations/{id}/tags. HighLevel stores them lower-cased and trimmed."""

    async def create(self, client: Client, payload: Payload) -> Created:
        path = _tags(client)
        answer = await client.request("POST", path, json={"name": payload["name"]})
        return created(client, answer, f"POST {path}", "tag")

    async def get(self, client: Client, id: str, **where: str) -> Record:
        return unwrap((await client.request("GET", f"{_tags(client)}/{id}")).body, "tag")

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        answer = await client.request("PUT", f"{_tags(client)}/{id}", json={"name": payload["name"]})
        return unwrap(answer.body, "tag")

    async def delete(self, client: Client, id: str, **where: str) -> None:
        await gone(client.request("DELETE", f"{_tags(client)}/{id}"))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        return self._pages(client)

    async def _pages(self, client: Client) -> AsyncIterator[list[Record]]:
        yield await tags(client)

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        async def look() -> Created | None:
            for tag in await tags(client):
                if same_text(tag.get("name"), payload.get("name")):
                    return Created(id_of(tag), {"id": id_of(tag)})
            return None

        return await seek(client, look)


class CalendarPort:
    """Calendars: /calendars/."""

    async def create(self, client: Client, payload: Payload) -> Created:
        body = {**body_of(payload), "locationId": client.location}
        return created(client, await client.request("POST", "/calendars/", json=body), "POST /calendars/", "calendar")

    async def get(self, client: Client, id: str, **where: str) -> Record:
        return unwrap((await client.request("GET", f"/calendars/{id}")).body, "calendar")

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        body = body_of(payload, without=("locationId", "calendarType"))
        return unwrap((await client.request("PUT", f"/calendars/{id}", json=body)).body, "calendar")

    async def delete(self, client: Client, id: str, **where: str) -> None:
        await gone(client.request("DELETE", f"/calendars/{id}"))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        return self._pages(client)

    async def _pages(self, client: Client) -> AsyncIterator[list[Record]]:
        yield await calendars(client)

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        """Found by name and, where we gave one, the same description."""

        async def look() -> Created | None:
            for calendar in await calendars(client):
                same = str(calendar.get("description") or "") == str(payload.get("description") or "")
                if same_text(calendar.get("name"), payload.get("name")) and same:
                    return Created(id_of(calendar), {"id": id_of(calendar)})
            return None

        return await seek(client, look)


async def tags(client: Client) -> list[Record]:
    """Every tag of the location."""
    return rows((await client.request("GET", _tags(client))).body, "tags")


async def calendars(client: Client) -> list[Record]:
    """Every calendar of the location, with its team."""
    return rows((await client.request("GET", "/calendars/", params={"locationId": client.location})).body, "calendars")


def _tags(client: Client) -> str:
    return f"/locations/{client.location}/tags"
