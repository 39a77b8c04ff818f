"""Opportunities: /opportunities/."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from pb2hl.errors import NotFound, Refused
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import (
    Created,
    PartlyRefused,
    Payload,
    Record,
    body_of,
    carries,
    id_of,
    marker_field,
    unwrap,
)
from pb2hl.highlevel.records.followers import FOLLOWERS, follow
from pb2hl.highlevel.records.lists import Follow, Listing
from pb2hl.highlevel.records.port import PlainPort
from pb2hl.operations import Operation

PAGES = (100, 20)
"""Records a page of GET /opportunities/search: the documented maximum, and its default."""

DEALS = Listing(
    "/opportunities/search",
    ("opportunities",),
    follow=Follow.META,
    sizes=PAGES,
    always={"status": "all", "order": "added_asc"},
    gives_total=True,
)

STATUS_ALL = "status all"
"""What is learned of a location: that its search for the status "all" has found deals, and does not take it for a status that none has."""


_OWN_REQUESTS = ("lostReasonId", FOLLOWERS)
"""Properties of a payload that have requests of their own."""

THIN = ("customFields", "lostReasonId")
"""What a read by id may leave out and a search row has."""

VAIN_LOOKS = 5
_THIN = "reads by id lack "


class OpportunityPort(PlainPort):
    """Opportunities. A `lostReasonId` needs a second request (PUT …/status): create and update do not take it."""

    every, names = "/opportunities/", ("opportunity",)

    def body(self, client: Client, payload: Payload) -> dict[str, Any]:
        """Without the reason and the followers, which a create does not take."""
        return {**body_of(payload, without=_OWN_REQUESTS), "locationId": client.location}

    async def finish(self, client: Client, record: Record, payload: Payload, trace_id: str = "") -> Created:
        """The record stands whether or not its reason and followers are taken: their refusal is none of the record."""
        id = id_of(record)
        refused, stored = await self._in_own_requests(client, id, payload, ())
        return Created(id, {"id": id}, trace_id, refused, stored)

    async def _in_own_requests(
        self, client: Client, id: str, payload: Payload, held: Iterable[Any]
    ) -> tuple[dict[str, str], Record]:
        """(what was refused and why, what is stored now) of the parts that have requests of their own."""
        refused, stored = {}, {}
        try:
            await self._lost_reason(client, id, payload)
        except Refused as error:
            refused["lostReasonId"] = error.message
        if FOLLOWERS in payload:
            try:
                users = payload[FOLLOWERS] or ()
                path, look = self.path(client, id, {}), partial(super().get, client, id)
                stored[FOLLOWERS] = await follow(client, path, users, held, look)
            except Refused as error:
                refused[FOLLOWERS] = error.message
        return refused, stored

    async def _lost_reason(self, client: Client, id: str, payload: Payload) -> None:
        reason = payload.get("lostReasonId")
        if not reason:
            return
        status = {"status": payload.get("status") or "lost", "lostReasonId": reason}
        path = self.path(client, id, {})
        try:
            await client.request("PUT", f"{path}/status", json=status)
        except NotFound:  # servers without the status endpoint take it in the update
            await client.request("PUT", path, json={"lostReasonId": reason})

    async def get(self, client: Client, id: str, **where: str) -> Record:
        """The deal now, with what a read by id leaves out here taken from the search.

        Some locations answer a read by id without custom fields or the lost reason (BEHAVIOUR). Whether this one does is tried on
        deals that seem to lack them, `VAIN_LOOKS` times in vain at most.
        """
        record = await super().get(client, id)
        lacking = [name for name in THIN if _seems_thin(record, name) and _in_question(client, name)]
        if not lacking or not (row := await self._row(client, record)):
            return record
        for name in lacking:
            found = bool(row.get(name))
            client.learned[f"{_THIN}{name}"] = True if found else int(client.learned.get(f"{_THIN}{name}", 0)) + 1
        return {**record, **{name: row[name] for name in lacking if row.get(name)}}

    async def _row(self, client: Client, record: Record) -> Record:
        """The deal as the search lists it, once it does; {} when it never does."""

        async def look() -> Record:
            async for page in self.pages(client, contactId=record.get("contactId")):
                for row in page:
                    if id_of(row) == id_of(record):
                        return row
            return {}

        written = client.clock.monotonic()
        if row := await look():
            return row
        await client.wait_out_lag(written)
        return await look()

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """HighLevel's update takes neither `contactId` nor `locationId`; they are left out."""
        body = body_of(payload, without=("locationId", "contactId", *_OWN_REQUESTS))
        record: Record = {}
        if body:
            record = unwrap((await client.request("PUT", self.path(client, id, {}), json=body)).body, *self.names)
        elif FOLLOWERS in payload:
            record = await self.get(client, id)
        refused, stored = await self._in_own_requests(client, id, payload, record.get(FOLLOWERS) or ())
        if refused:
            error = Refused("; ".join(refused.values()), status=400)
            if not body and len(refused) == len(body_of(payload)):
                raise error
            raise PartlyRefused(refused, error)
        return {**record, **stored}

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All opportunities, 100 a request; `pipelineId` or `contactId` narrow."""
        return self._pages(client, {key: where[key] for key in ("pipelineId", "contactId") if where.get(key)})

    async def _pages(self, client: Client, more: dict[str, Any]) -> AsyncIterator[list[Record]]:
        """With the status "all"; without any where a server knows none of that name."""
        async for page in DEALS.pages(client, more=more):
            client.learned[STATUS_ALL] = True
            yield page
        if not client.learned.get(STATUS_ALL):
            async for page in replace(DEALS, always={"order": "added_asc"}).pages(client, more=more):
                yield page

    def candidates(self, client: Client, operation: Operation, payload: Payload) -> AsyncIterator[list[Record]]:
        """The deals of its contact."""
        return self.pages(client, contactId=payload.get("contactId"))

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """Known by the marker in its field; read by id where the search leaves custom fields out."""
        field_id = marker_field(payload, operation.marker)
        if not field_id or carries(record, field_id, operation.marker):
            return bool(field_id)
        if record.get("customFields") or record.get("name") != payload.get("name"):
            return False
        try:
            return carries(await self.get(client, id_of(record)), field_id, operation.marker)
        except NotFound:
            return False


def _seems_thin(record: Record, name: str) -> bool:
    """Whether `record` may be without `name` only because a read by id leaves it out."""
    return not record.get(name) and (name != "lostReasonId" or record.get("status") == "lost")


def _in_question(client: Client, name: str) -> bool:
    known = client.learned.get(f"{_THIN}{name}", 0)
    return known is True or known < VAIN_LOOKS
