"""Reading long lists in pages, whatever the endpoint's way, without ever turning in a circle.

A server may cap pages below what we ask for, so a first page that is short is no end yet: the list ends with a page that
is shorter than the one before it, or brings nothing new.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from pb2hl.errors import Refused
from pb2hl.highlevel.records.base import Record, id_of

Fetch = Callable[[dict[str, Any]], Awaitable[list[Record]]]


def sized(send: Callable[[int, dict[str, Any]], Awaitable[list[Record]]], *sizes: int) -> Fetch:
    """A fetch by `send(size, position)` with the largest of `sizes` that the server does not refuse; below the last, halves."""
    left = list(sizes)

    async def fetch(position: dict[str, Any]) -> list[Record]:
        while True:
            try:
                return await send(left[0], position)
            except Refused as error:
                if left[0] <= 1 or "limit" not in error.api_message.lower():
                    raise
                left[:] = left[1:] or [left[0] // 2]

    return fetch


async def by_skip(fetch: Fetch) -> AsyncIterator[list[Record]]:
    """Pages by `skip`."""
    seen: set[str] = set()
    start, full = 0, 0
    while True:
        page = await fetch({"skip": start})
        fresh = _fresh(page, seen)
        if not fresh:
            return
        yield fresh
        if len(page) < full:
            return
        start, full = start + len(page), len(page)


async def by_cursor(fetch: Fetch, cursor: Callable[[Record], dict[str, Any] | None]) -> AsyncIterator[list[Record]]:
    """Pages by the cursor of the last record, with page numbers where it gives none or the server ignores it.

    `cursor(record)` is what the next request adds (None: there is none). A server that ignores the cursor answers with
    records that were seen already; page numbers are tried then.
    """
    seen: set[str] = set()
    position: dict[str, Any] = {"page": 1}
    number, full, ignored = 1, 0, False
    while True:
        page = await fetch(position)
        fresh = _fresh(page, seen)
        if not fresh:
            if "page" in position or not page:
                return
            ignored, number = True, number + 1
            position = {"page": number}
            continue
        yield fresh
        if len(page) < full:
            return
        full = len(page)
        following = None if ignored else cursor(page[-1])
        if not following:
            number += 1
        position = following or {"page": number}


def _fresh(page: list[Record], seen: set[str]) -> list[Record]:
    found = []
    for record in page:
        if id_of(record) not in seen:
            seen.add(id_of(record))
            found.append(record)
    return found
