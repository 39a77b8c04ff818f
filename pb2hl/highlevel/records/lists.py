"""How each list of records is read: its endpoint as data, and one way to walk through it."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pb2hl.highlevel.answers import Answer
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records import paging
from pb2hl.highlevel.records.base import Record, located, rows, with_ids


class Follow(Enum):
    """How a list goes on after its first page."""

    WHOLE = "whole"  # one answer holds everything
    SKIP = "skip"  # by the number of records before
    OFFSET = "offset"  # the same under another name
    CURSOR = "cursor"  # `searchAfter` of the last record
    NEXT = "next"  # `cursor`, which the answer gives as `nextCursor`
    META = "meta"  # `startAfter` and `startAfterId` in the answer's `meta`


@dataclass(frozen=True, slots=True)
class Listing:
    """One endpoint that lists records.

    `path` names ids in braces; `holds` are the names under which the records may stand; `sizes` the records a page to try, the
    largest first; `size` what the endpoint calls that number; `always` what every request says; `located` whether it takes
    `locationId`; `gives_total` whether answers say how many records there are in all, so that no page is asked for in vain.
    """

    path: str
    holds: tuple[str, ...]
    method: str = "GET"
    follow: Follow = Follow.WHOLE
    sizes: tuple[int, ...] = ()
    size: str = "limit"
    always: Mapping[str, Any] = field(default_factory=dict)
    located: bool = True
    gives_total: bool = False

    def pages(
        self, client: Client, ids: Mapping[str, Any] | None = None, more: Mapping[str, Any] | None = None
    ) -> AsyncIterator[list[Record]]:
        """The records, page by page. `ids` fill the path; `more` is what narrows the list."""
        said = {**({"locationId": client.location} if self.located else {}), **self.always, **(more or {})}
        return _walk(client, self, located(self.path, client, **(ids or {})), said)

    def requests(self, records: int) -> int:
        """How many requests read so many records; where no total is told, a first page that is short is no end yet."""
        if self.follow is Follow.WHOLE:
            return 1
        size = self.sizes[0]
        if self.gives_total:
            return max(math.ceil(records / size), 1)
        return max(records // size + 1, 2) if records else 1

    async def all(
        self, client: Client, ids: Mapping[str, Any] | None = None, more: Mapping[str, Any] | None = None
    ) -> list[Record]:
        """Every record of the list."""
        return [record async for page in self.pages(client, ids, more) for record in page]


async def _walk(client: Client, listing: Listing, path: str, said: dict[str, Any]) -> AsyncIterator[list[Record]]:
    async def ask(more: Mapping[str, Any]) -> Answer:
        body = {**said, **more}
        if listing.method == "GET":
            return await client.request("GET", path, params=body)
        return await client.request(listing.method, path, json=body, safe=True)

    if listing.follow is Follow.WHOLE:
        yield with_ids(rows((await ask({})).body, *listing.holds), path)
        return

    async def send(size: int, position: dict[str, Any]) -> paging.Page:
        number: Any = str(size) if listing.method == "GET" else size
        if listing.follow is Follow.NEXT:
            position = {name: value for name, value in position.items() if name == "cursor"}
        body = (await ask({**position, listing.size: number})).body
        return paging.Page(rows(body, *listing.holds), paging.total_of(body), _cursor(listing.follow, body))

    fetch = paging.sized(send, *listing.sizes)
    if listing.follow in (Follow.SKIP, Follow.OFFSET):
        walk = paging.by_skip(fetch, listing.follow.value, what=path)
    else:
        walk = paging.by_cursor(fetch, client.learned, what=path)
    async for page in walk:
        yield page


def _cursor(follow: Follow, body: Any) -> dict[str, Any]:
    """What asks for the page after this one, as the answer tells it; {} when it tells nothing."""
    if not isinstance(body, dict):
        return {}
    if follow is Follow.NEXT:
        return {"cursor": str(body["nextCursor"])} if body.get("nextCursor") else {}
    if follow is Follow.META:
        meta = body.get("meta")
        if isinstance(meta, dict) and meta.get("startAfterId"):
            return {"startAfter": str(meta.get("startAfter") or ""), "startAfterId": str(meta["startAfterId"])}
        return {}
    held = next((value for value in body.values() if isinstance(value, list) and value), [])
    after = held[-1].get("searchAfter") if held and isinstance(held[-1], dict) else None
    return {"searchAfter": after} if isinstance(after, list) and after else {}
