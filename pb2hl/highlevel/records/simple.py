"""Tags and calendars: plain records that are known by their names."""

from __future__ import annotations

from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Payload, Record, same_text
from pb2hl.highlevel.records.lists import Listing
from pb2hl.highlevel.records.port import PlainPort
from pb2hl.operations import Operation

TAGS = Listing("/locations/{location}/tags", ("tags",), located=False)
CALENDARS = Listing("/calendars/", ("calendars",))


class TagPort(PlainPort):
    """Tags of the location: /locations/{id}/tags. HighLevel stores them lower-cased and trimmed."""

    every, names, locates, listing = "/locations/{location}/tags", ("tag",), "", TAGS


class CalendarPort(PlainPort):
    """Calendars: /calendars/."""

    every, names, listing = "/calendars/", ("calendar",), CALENDARS
    fixed = ("locationId", "calendarType")

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """Known by name and, where we gave one, the same description."""
        same = str(record.get("description") or "") == str(payload.get("description") or "")
        return same and same_text(record.get("name"), payload.get("name"))


async def tags(client: Client) -> list[Record]:
    """Every tag of the location."""
    return await TAGS.all(client)


async def calendars(client: Client) -> list[Record]:
    """Every calendar of the location, with its team."""
    return await CALENDARS.all(client)
