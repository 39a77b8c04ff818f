"""Opportunities: /opportunities/."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from pb2hl.errors import NotFound, Refused
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records import paging
from pb2hl.highlevel.records.base import (
    Created,
    PartlyRefused,
    Payload,
    Record,
    body_of,
    carries,
    created,
    gone,
    id_of,
    marker_field,
    rows,
    seek,
    unwrap,
)
from pb2hl.operations import Operation

PAGES = (100, 20)
"""Records a page of GET /opportunities/search: the documented maximum, and its default."""


class OpportunityPort:
    """Opportunities. A `lostReasonId` needs a second request (PUT …/status): create and update do not take it."""

    async def create(self, client: Client, payload: Payload) -> Created:
        body = {**body_of(payload, without=("lostReasonId",)), "locationId": client.location}
        answer = await client.request("POST", "/opportunities/", json=body)
        made = created(client, answer, "POST /opportunities/", "opportunity")
        return await self._with_reason(client, made, payload)

    async def _with_reason(self, client: Client, made: Created, payload: Payload) -> Created:
        """The record stands whether or not its reason is taken: a refusal of the reason is none of the record."""
        try:
            await self._lost_reason(client, made.id, payload)
        except Refused as error:
            return replace(made, refused={"lostReasonId": error.message})
        return made

    async def _lost_reason(self, client: Client, id: str, payload: Payload) -> None:
        reason = payload.get("lostReasonId")
        if not reason:
            return
        status = {"status": payload.get("status") or "lost", "lostReasonId": reason}
        try:
            await client.request("PUT", f"/opportunities/{id}/status", json=status)
        except NotFound:  # servers without the status endpoint take it in the update
            await client.request("PUT", f"/opportunities/{id}", json={"lostReasonId": reason})

    async def get(self, client: Client, id: str, **where: str) -> Record:
        return unwrap((await client.request("GET", f"/opportunities/{id}")).body, "opportunity")

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """HighLevel's update takes neither `contactId` nor `locationId`; they are left out."""
        body = body_of(payload, without=("locationId", "contactId", "lostReasonId"))
        record: Record = {}
        if body:
            record = unwrap((await client.request("PUT", f"/opportunities/{id}", json=body)).body, "opportunity")
        try:
            await self._lost_reason(client, id, payload)
        except Refused as error:
            if not body:
                raise
            raise PartlyRefused({"lostReasonId": error.message}, error) from None
        return record

    async def delete(self, client: Client, id: str, **where: str) -> None:
        await gone(client.request("DELETE", f"/opportunities/{id}"))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All opportunities, 100 a request; `pipelineId` or `contactId` narrow."""
        base = {"locationId": client.location, "status": "all", "order": "added_asc"}
        base |= {key: where[key] for key in ("pipelineId", "contactId") if where.get(key)}
        after: dict[str, Any] = {}

        async def send(size: int, position: dict[str, Any]) -> list[Record]:
            position = {**position, "limit": size}
            answer = await client.request("GET", "/opportunities/search", params={**base, **position})
            if position.get("page") == 1 and "status" in base and not rows(answer.body, "opportunities"):
                del base["status"]  # a server that takes "all" for a status has none: leave it out
                answer = await client.request("GET", "/opportunities/search", params={**base, **position})
            meta = answer.body.get("meta") if isinstance(answer.body, dict) else None
            after.clear()
            if isinstance(meta, dict) and meta.get("startAfterId"):
                after.update(startAfter=str(meta.get("startAfter") or ""), startAfterId=str(meta["startAfterId"]))
            return rows(answer.body, "opportunities")

        return paging.by_cursor(paging.sized(send, *PAGES), lambda _record: dict(after) or None)

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        field_id = marker_field(payload, operation.marker)
        if not field_id:
            return None

        async def look() -> Created | None:
            async for page in self.pages(client, contactId=payload.get("contactId")):
                for record in page:
                    if carries(record, field_id, operation.marker) or await self._carries(
                        client, record, payload, field_id, operation
                    ):
                        made = Created(id_of(record), {"id": id_of(record)})
                        return await self._with_reason(client, made, payload)
            return None

        return await seek(client, look)

    async def _carries(
        self, client: Client, record: Record, payload: Payload, field_id: str, operation: Operation
    ) -> bool:
        """Read by id where the search leaves custom fields out."""
        if record.get("customFields") or record.get("name") != payload.get("name"):
            return False
        try:
            return carries(await self.get(client, id_of(record)), field_id, operation.marker)
        except NotFound:
            return False
