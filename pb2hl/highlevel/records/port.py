"""One port for plain records: what HighLevel calls them and where they are is data; a special kind says only what is special."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import (
    Created,
    Payload,
    Record,
    body_of,
    gone,
    holds,
    id_of,
    located,
    made,
    same_text,
    seek,
    the_one,
    unwrap,
    url_of,
)
from pb2hl.highlevel.records.lists import Listing
from pb2hl.operations import Operation


class PlainPort:
    """The six methods of a `RecordPort` for a kind of record that is made, read, changed, deleted and listed as most are.

    `every` is the path that makes one, `one` that of a single record (`every` and its id where empty); braces name ids of `where`.
    `names` are the keys under which answers hold the record, `locates` says where a create wants the location's id ("body",
    "query" or ""), `fixed` what an update must not name, `listing` the list of all of them. A record is known again by its
    marker in one of `marked`, or, where that is empty, by its name. `also` are further paths that writing it may take.
    """

    every: ClassVar[str]
    one: ClassVar[str] = ""
    names: ClassVar[tuple[str, ...]] = ()
    locates: ClassVar[str] = "body"
    fixed: ClassVar[tuple[str, ...]] = ("locationId",)
    listing: ClassVar[Listing]
    marked: ClassVar[tuple[str, ...]] = ()
    also: ClassVar[tuple[str, ...]] = ()

    async def create(self, client: Client, payload: Payload) -> Created:
        """Make the record and give what references need of it."""
        path = located(self.every, client, **url_of(payload))
        params = {"locationId": client.location} if self.locates == "query" else None
        answer = await client.request("POST", path, params=params, json=self.body(client, payload))
        record = made(client, answer, f"POST {path}", *self.names)
        whole = await self.finish(client, record, payload, answer.trace_id)
        return replace(whole, stored={**record, **whole.stored})

    def body(self, client: Client, payload: Payload) -> dict[str, Any]:
        """The body of a create."""
        return body_of(payload) | ({"locationId": client.location} if self.locates == "body" else {})

    async def finish(self, client: Client, record: Record, payload: Payload, trace_id: str = "") -> Created:
        """What is known of a record that was just made or found again, after what else it takes to be whole."""
        return Created(id_of(record), {"id": id_of(record)}, trace_id)

    def path(self, client: Client, id: str, where: Mapping[str, Any]) -> str:
        """The path of one record."""
        return located(self.one or f"{self.every.rstrip('/')}/{{id}}", client, **where, id=id)

    async def get(self, client: Client, id: str, **where: str) -> Record:
        """The record now; NotFound when there is none."""
        answer = await client.request("GET", self.path(client, id, where))
        return self.flat(the_one(unwrap(answer.body, *self.names), id), where)

    def flat(self, record: Record, where: Mapping[str, Any]) -> Record:
        """A record as `get` and `pages` give it."""
        return record

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """Change the fields in `payload`."""
        where = url_of(payload)
        answer = await client.request("PUT", self.path(client, id, where), json=body_of(payload, without=self.fixed))
        return self.flat(unwrap(answer.body, *self.names), where)

    async def delete(self, client: Client, id: str, **where: str) -> None:
        """Delete the record, if it is still there."""
        await gone(client.request("DELETE", self.path(client, id, where)))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All records of the kind, in pages."""
        return self._flattened(self.listing.pages(client, where), where)

    async def _flattened(
        self, pages: AsyncIterator[list[Record]], where: Mapping[str, Any]
    ) -> AsyncIterator[list[Record]]:
        async for page in pages:
            yield [self.flat(record, where) for record in page]

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        """The record that `operation` made, among the candidates for it; None when there is none."""

        async def look() -> Created | None:
            async for page in self.candidates(client, operation, payload):
                for record in page:
                    if await self.is_ours(client, record, operation, payload):
                        return await self.finish(client, record, payload)
            return None

        return await seek(client, look)

    def candidates(self, client: Client, operation: Operation, payload: Payload) -> AsyncIterator[list[Record]]:
        """Where `find` looks: the likeliest first."""
        return self.pages(client, **url_of(payload))

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """Whether `operation` made `record`."""
        if self.marked:
            return any(holds(record.get(name), operation.marker) for name in self.marked)
        return same_text(record.get("name"), payload.get("name"))


async def in_turn(*pages: AsyncIterator[list[Record]]) -> AsyncIterator[list[Record]]:
    """Several lists, one after the other."""
    for one in pages:
        async for page in one:
            yield page


async def as_page(read: Any) -> AsyncIterator[list[Record]]:
    """The list of records that `read` (awaitable) gives, as one page; none when it is empty."""
    records = await read
    if records:
        yield records
