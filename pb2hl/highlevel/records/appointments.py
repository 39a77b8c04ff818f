"""Appointments: calendar events of contacts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Payload, Record, body_of, gone, holds, id_of, located, unwrap
from pb2hl.highlevel.records.lists import Listing
from pb2hl.highlevel.records.port import PlainPort
from pb2hl.operations import Operation

RANGE = timedelta(days=366)
"""How much time one GET /calendars/events asks for; the endpoint has no pages and is split by time instead."""

SPLIT_ABOVE = 1000
"""A range that answers this many events is read again in halves, in case the server cut it."""

EVENTS = Listing("/calendars/events", ("events",))
OF_CONTACT = Listing("/contacts/{contactId}/appointments", ("events", "appointments"), located=False)


class AppointmentPort(PlainPort):
    """Appointments: POST, PUT, GET /calendars/events/appointments, DELETE /calendars/events/{id}."""

    every, names = "/calendars/events/appointments", ("event", "appointment")

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """Nobody is messaged about a change: `toNotify` is false unless the payload says otherwise."""
        body = {"toNotify": False, **body_of(payload, without=("locationId", "contactId"))}
        return unwrap((await client.request("PUT", self.path(client, id, {}), json=body)).body, *self.names)

    async def delete(self, client: Client, id: str, **where: str) -> None:
        """Through the path of all events, which takes an empty body."""
        await gone(client.request("DELETE", located("/calendars/events/{id}", client, id=id), json={}))

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

    async def candidates(self, client: Client, operation: Operation, payload: Payload) -> AsyncIterator[list[Record]]:
        """What the calendar has around its start, then what its contact has."""
        start, day = moment_of(payload["startTime"]), timedelta(days=1)
        yield await _events(client, str(payload["calendarId"]), start - day, start + day)
        yield await appointments_of(client, str(payload["contactId"]))

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """Known by the marker in its texts, which a contact's list leaves out."""
        if any(holds(record.get(name), operation.marker) for name in ("description", "notes", "title")):
            return True
        if record.get("description") or record.get("title") != payload.get("title"):
            return False
        try:
            whole = await self.get(client, id_of(record))
        except NotFound:
            return False
        return any(holds(whole.get(name), operation.marker) for name in ("description", "notes"))


async def appointments_of(client: Client, contact_id: str) -> list[Record]:
    """Every appointment of a contact (without descriptions); none when the contact does not exist."""
    try:
        return await OF_CONTACT.all(client, {"contactId": contact_id})
    except NotFound:
        return []


async def _events(client: Client, calendar_id: str, start: datetime, end: datetime) -> list[Record]:
    span = {"startTime": str(int(start.timestamp() * 1000)), "endTime": str(int(end.timestamp() * 1000))}
    return await EVENTS.all(client, more={"calendarId": calendar_id, **span})


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
