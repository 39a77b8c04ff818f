"""Some locations write the name of a business over a contact's own company name when the contact is linked to it.

No update of a contact takes a company name (BEHAVIOUR). What writes one is a link: a business that bears the old name is made for
the moment, the contact is linked to it and taken off, and the business goes again. It is an operation of the ledger like any other,
so that a rollback that is killed in between finds it and takes it back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pb2hl.apply.context import RunContext
from pb2hl.apply.execute import Apply
from pb2hl.apply.last_sent import BUSINESS, COMPANY
from pb2hl.errors import NotFound
from pb2hl.highlevel.records import contacts as contact_records
from pb2hl.ledger import Entry, Outcome, State
from pb2hl.markers import ID_FIELD
from pb2hl.operations import Kind, Operation, Target, operation_id
from pb2hl.progress import SILENT
from pb2hl.values.fold import fold

THROUGH = 5
"""Requests that write a name through a business: it is made, the contact linked, taken off, the business deleted, the contact read."""
PART = "company name"
"""The `part` of the businesses that are made for the moment."""


class CompanyNames:
    """Puts company names of contacts back; `left` are the contacts of which that is not possible. A context without a run only foretells."""

    def __init__(self, context: RunContext, ports: Mapping[Target, Any]):
        self._context = context
        self._ports = ports
        self._written: dict[str, asyncio.Task[str]] = {}
        self.left: list[str] = []

    async def put_back(self, entry: Entry, now: Mapping[str, Any]) -> None:
        """After the link `entry` was taken back: the company name as before it, where the link wrote the one that is there `now`."""
        before, contact = entry.before_image or {}, str(entry.payload["contactId"])
        if _name(before) == _name(now) or not await self._ours(entry, now):
            return
        if not self._context.run:  # only foretold
            self.left += [contact] if not _name(before) and not before.get(BUSINESS) else []
            return
        if before.get(BUSINESS):
            now = await self._ports[Target.CONTACT].get(self._context.client, contact)
        elif _name(before):
            now = await self._through(entry, contact, _name(before))
        if _name(before) != _name(now):
            self.left.append(contact)

    async def _ours(self, entry: Entry, now: Mapping[str, Any]) -> bool:
        """Whether the company name is that of the business that we linked the contact to."""
        business = str(entry.payload["businessId"])
        if business not in self._written:  # many contacts of one business are taken off side by side: it is read once
            self._written[business] = asyncio.ensure_future(self._name_of(business))
        name = await self._written[business]
        return bool(name) and fold(name) == fold(_name(now))

    async def _name_of(self, business: str) -> str:
        try:
            return _name(await self._ports[Target.BUSINESS].get(self._context.client, business), "name")
        except NotFound:
            return ""

    async def _through(self, entry: Entry, contact: str, name: str) -> Mapping[str, Any]:
        """The contact after it was linked to a business of that name and taken off."""
        client, ledger, port = self._context.client, self._context.ledger, self._ports[Target.CONTACT]
        operation = self._for_the_moment(entry, name)
        await Apply(replace(self._context, progress=SILENT), ports=self._ports).run([operation])
        made = ledger.operation(operation.op_id)
        if made is not None and made.state is State.DONE:
            await contact_records.link(client, made.destination_id, [contact])
            await contact_records.unlink(client, [contact])
            await self._ports[Target.BUSINESS].delete(client, made.destination_id)
            ledger.finish(self._context.run, [Outcome(operation.op_id, State.UNDONE)])
        return await port.get(client, contact)

    def _for_the_moment(self, entry: Entry, name: str) -> Operation:
        ledger = self._context.ledger
        op_id = operation_id(
            ledger.location, ledger.source, entry.object, entry.source_id, Kind.CREATE, Target.BUSINESS, PART
        )
        marker = f"{PART}:{entry.source_id}"
        fields = ledger.iterate(target=Target.FIELD, state=State.DONE)
        keys = (str(field.answer.get("fieldKey") or "") for field in fields if _marks_businesses(field))
        custom = [{"key": key, "value": marker} for key in keys if key][:1]
        payload = {"name": name, **({"customFields": custom} if custom else {})}
        return Operation(op_id, Kind.CREATE, Target.BUSINESS, entry.object, entry.source_id, PART, payload, (), marker)


def requests(links: Iterable[Entry], names: Mapping[str, str]) -> int:
    """Requests that putting names back takes after these links are taken back, in a location that writes them; `names` of businesses
    by id. Nobody is taken to have changed one since."""
    written, found = set(), 0
    for entry in links:
        before, business = entry.before_image, str(entry.payload["businessId"])
        if before is None or not names.get(business) or _name(before) == names[business]:
            continue
        written.add(business)
        found += 1 if before.get(BUSINESS) else THROUGH if _name(before) else 0
    return found + len(written)


def _marks_businesses(field: Entry) -> bool:
    return field.payload.get("objectKey") == "business" and field.payload.get("name") == ID_FIELD


def _name(record: Mapping[str, Any], key: str = COMPANY) -> str:
    return str(record.get(key) or "").strip()
