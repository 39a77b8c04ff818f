"""Appointments: calendar events of contacts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client
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
)
from pb2hl.operations import Operation

RANGE = timedelta(days=366)
"""How much time one GET /calendars/events asks for; the endpoint has no pages and is split by time instead."""

SPLIT_ABOVE = 1000
"""A range that answers this many events is read again in halves, in case the server cut it."""


class AppointmentPort:
    """Appointments: POST, PUT, GET /calendars/events/appointments, DELETE /calendars/events/{id}."""

    async def create(self, client: Client, payload: Payload) -> Created:
        path = "/calendars/events/appointments"
        answer = await client.request("POST", path, json={**body_of(payload), "locationId": client.location})
        return created(client, answer, f"POST {path}", "event", "appointment")

    async def get(self, client: Client, id: str, **where: str) -> Record:
        return unwrap(
            (await client.request("GET", f"/calendars/events/appointments/{id}")).body, "event", "appointment"
        )

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """Nobody is messaged about a change: `toNotify` is false unless the payload says otherwise."""
        body = {"toNotify": False, **body_of(payload, without=("locationId", "contactId"))}
        answer = await client.request("PUT", f"/calendars/events/appointments/{id}", json=body)
        return unwrap(answer.body, "event", "appointment")

    async def delete(self, client: Client, id: str, **where: str) -> None:
        await gone(client.request("DELETE", f"/calendars/events/{id}", json={}))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All events of `calendarId` between `start` and `end` (aware datetimes), by ranges of a year."""
        return self._pages(client, where["calendarId"], where["start"], where["end"])

    async def _pages(
        self, client: Client, calendar_id: str, start: datetime, end: datetime
    ) -> AsyncIterator[list[Record]]:
        seen: set[str] = set()
        ranges = _ranges(start, end)
        while ranges:
            first, last = ranges.pop(0)
            events = await _events(client, calendar_id, first, last)
            if len(events) >= SPLIT_ABOVE and last - first > timedelta(hours=1):
                middle = first + (last - first) / 2
                ranges[:0] = [(first, middle), (middle, last)]
                continue
            fresh = [event for event in events if id_of(event) not in seen]
            seen.update(id_of(event) for event in fresh)
            if fresh:
                yield fresh

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        start = moment_of(payload["startTime"])
        day = timedelta(days=1)

        async def look() -> Created | None:
            near = await _events(client, str(payload["calendarId"]), start - day, start + day)
            for event in [*near, *await appointments_of(client, str(payload["contactId"]))]:
                if await self._is_ours(client, event, operation.marker, payload):
                    return Created(id_of(event), {"id": id_of(event)})
            return None

        return await seek(client, look)

    async def _is_ours(self, client: Client, event: Record, marker: str, payload: Payload) -> bool:
        if any(holds(event.get(name), marker) for name in ("description", "notes", "title")):
            return True
        if event.get("description") or event.get("title") != payload.get("title"):
            return False
        try:
            whole = await self.get(client, id_of(event))
        except NotFound:
            return False
        return any(holds(whole.get(name), marker) for name in ("description", "notes"))


async def appointments_of(client: Client, contact_id: str) -> list[Record]:
    """Every appointment of a contact (without descriptions); none when the contact does not exist."""
    try:
        return rows(
            (await client.request("GET", f"/contacts/{contact_id}/appointments")).body, "events", "appointments"
        )
    except NotFound:
        return []


async def _events(client: Client, calendar_id: str, start: datetime, end: datetime) -> list[Record]:
    params = {
        "locationId": client.location,
        "calendarId": calendar_id,
        "startTime": str(int(start.timestamp() * 1000)),
        "endTime": str(int(end.timestamp() * 1000)),
    }
    return rows((await client.request("GET", "/calendars/events", params=params)).body, "events")


def _ranges(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    found = []
    while start < end:
        found.append((start, min(start + RANGE, end)))
        start += RANGE
    return found


def moment_of(text: str) -> datetime:
    """A `startTime` or `endTime` as an aware moment; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
