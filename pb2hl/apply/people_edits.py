"""What people changed of a record of ours, by the record as it is now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pb2hl.apply.context import RunContext
from pb2hl.apply.last_sent import BUSINESS, LastSent
from pb2hl.diff import flatten_record
from pb2hl.diff.flatten import CUSTOM, bare_key
from pb2hl.diff.table import stored_value
from pb2hl.errors import NotFound
from pb2hl.highlevel.records.base import id_of
from pb2hl.ledger import Entry
from pb2hl.operations import Target

BLANK: tuple[Any, ...] = (None, "", [], {})


class PeopleEdits:
    """Reads records by id and names the fields that hold something else than we last sent."""

    def __init__(self, context: RunContext, ports: Mapping[Target, Any], left: LastSent):
        self._context, self._client, self._ports, self._left = context, context.client, ports, left
        self._fields: frozenset[str] | None = None
        self._asking = asyncio.Lock()

    async def of(self, entry: Entry, where: Mapping[str, str]) -> list[str]:
        """The fields that people changed, by the record as it is now; less what went with a business or field that they deleted."""
        held = await self._ports[entry.target].get(self._client, entry.destination_id, **where)
        changed = self._left.changed(entry, held, self._context.region)
        if BUSINESS in changed and not held.get(BUSINESS) and await self._business_gone(entry.destination_id):
            changed.remove(BUSINESS)
        flat = flatten_record(held)
        blank = {name for name in changed if name.startswith(CUSTOM) and stored_value(flat, name) in BLANK}
        there = await self._fields_there() if blank else frozenset()
        return [name for name in changed if name not in blank or name.removeprefix(CUSTOM) in there]

    async def _business_gone(self, contact: str) -> bool:
        """Whether the business that we linked the contact to was deleted: then nobody unlinked it."""
        try:
            await self._ports[Target.BUSINESS].get(self._client, self._left.businesses.get(contact, ""))
        except NotFound:
            return True
        return False

    async def _fields_there(self) -> frozenset[str]:
        """Ids and bare keys of the custom fields that the location has."""
        async with self._asking:
            if self._fields is None:
                pages = self._ports[Target.FIELD].pages(self._client)
                fields = [field async for page in pages for field in page]
                self._fields = frozenset(
                    name for field in fields for name in (id_of(field), bare_key(str(field.get("fieldKey") or "")))
                )
        return self._fields
