"""Reading long lists in pages, whatever the endpoint's way, without ever turning in a circle.

A list ends where its `total` is reached. Where an answer tells none: a server may cap pages below what we ask for, so a first
page that is short is no end yet, and the list ends with a page that is shorter than the one before it, or brings nothing new.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from pb2hl.errors import Refused
from pb2hl.highlevel.answers import WrongAnswer
from pb2hl.highlevel.records.base import Record, id_of, with_ids

CAPPED_TOTAL = 10_000
"""Search engines count no further unless told to: a total of exactly this many may be more."""

MOST_PAGES = 50_000
"""A list longer than this (five million records at 100 a page) never ends."""

MORE_THAN_TOLD = 10
"""Full pages beyond the total that an answer tells, before the list is taken for one that never ends: records may be added meanwhile."""

TEXT_CURSOR = "cursor as text"
"""What is learned of a location whose search refuses the numbers that it gives (the official files name text, and show numbers)."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a list: its records, how many there are in all (None: not told), and what asks for the next page."""

    records: list[Record]
    total: int | None = None
    after: dict[str, Any] = field(default_factory=dict)


Fetch = Callable[[dict[str, Any]], Awaitable[Page]]


def total_of(body: Any) -> int | None:
    """How many records a list has in all, where the answer tells it."""
    if not isinstance(body, dict):
        return None
    meta = body.get("meta")
    for holder in (body, meta):
        total = holder.get("total") if isinstance(holder, dict) else None
        if isinstance(total, str) and total.isdecimal():
            total = int(total)
        if isinstance(total, int | float) and not isinstance(total, bool) and total >= 0:
            return int(total)
    return None


def sized(send: Callable[[int, dict[str, Any]], Awaitable[Page]], *sizes: int) -> Fetch:
    """A fetch by `send(size, position)` with the largest of `sizes` that the server does not refuse; below the last, halves."""
    left = list(sizes)

    async def fetch(position: dict[str, Any]) -> Page:
        while True:
            try:
                return await send(left[0], position)
            except Refused as error:
                if left[0] <= 1 or "limit" not in error.api_message.lower():
                    raise
                left[:] = left[1:] or [left[0] // 2]

    return fetch


class _Walk:
    """What is known of a list on the way through it."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._seen: set[str] = set()
        self._full = 0
        self._pages = 0
        self.count = 0
        """Records in the pages until now, repeated ones included."""

    def fresh(self, page: Page) -> list[Record]:
        """The records of `page` that no page before it had. Raises WrongAnswer in a list that never ends, or without ids."""
        self._pages += 1
        found = []
        for record in with_ids(page.records, self._what):
            if (id := id_of(record)) not in self._seen:
                self._seen.add(id)
                found.append(record)
        self.count += len(page.records)
        beyond = page.total is not None and len(self._seen) > page.total + MORE_THAN_TOLD * max(len(page.records), 1)
        if beyond or self._pages > MOST_PAGES:
            raise WrongAnswer(
                f"{self._what} never ends: {len(self._seen):,} records and more, {page.total} told", hint=_TELL
            )
        return found

    def require_all(self, page: Page) -> None:
        """Raise WrongAnswer when the list repeats itself before it is complete by its own account."""
        if page.records and page.total is not None and len(self._seen) < page.total:
            raise WrongAnswer(
                f"{self._what} repeats itself after {len(self._seen):,} of {page.total:,} records", hint=_TELL
            )

    def ended(self, page: Page) -> bool:
        """Whether the list ends with `page`."""
        short = len(page.records) < self._full
        self._full = max(self._full, len(page.records))
        if page.total is None or page.total == CAPPED_TOTAL or len(self._seen) > page.total:
            return short
        return len(self._seen) == page.total


_TELL = "check that the base URL is HighLevel's; if it is, tell HighLevel's support"


async def by_skip(fetch: Fetch, name: str = "skip", *, what: str = "the list") -> AsyncIterator[list[Record]]:
    """Pages by the number of records before, called `name`."""
    walk = _Walk(what)
    while True:
        page = await fetch({name: walk.count})
        fresh = walk.fresh(page)
        if not fresh:
            walk.require_all(page)
            return
        yield fresh
        if walk.ended(page):
            return


async def by_cursor(
    fetch: Fetch, learned: MutableMapping[str, Any] | None = None, *, what: str = "the list"
) -> AsyncIterator[list[Record]]:
    """Pages by cursor: as it was given, as text where that is refused or not heeded, by page numbers where there is none.

    `learned` keeps between lists (`TEXT_CURSOR`) what the location made of it. A server that does not heed the cursor answers
    with records that were seen already.
    """
    learned = {} if learned is None else learned
    walk, number, ignored = _Walk(what), 1, False
    position: dict[str, Any] = {"page": 1}
    while True:
        page = await _fetched(fetch, position, learned)
        fresh = walk.fresh(page)
        if fresh:
            number += 1
            yield fresh
            if walk.ended(page):
                return
        elif "page" in position or not page.records:
            walk.require_all(page)
            return
        elif not learned.get(TEXT_CURSOR) and _as_text(position) != position:
            learned[TEXT_CURSOR] = True
            continue
        else:
            ignored = True
        position = {"page": number} if ignored or not page.after else page.after


async def _fetched(fetch: Fetch, position: dict[str, Any], learned: MutableMapping[str, Any]) -> Page:
    """The page at `position`, its cursor in the form that this location is known to take, else in the other one."""
    as_text = bool(learned.get(TEXT_CURSOR))
    forms = [position, _as_text(position)]
    try:
        return await fetch(forms[as_text])
    except Refused as error:
        if forms[0] == forms[1] or "searchafter" not in error.api_message.lower():
            raise
    page = await fetch(forms[not as_text])
    learned[TEXT_CURSOR] = not as_text
    return page


def _as_text(position: dict[str, Any]) -> dict[str, Any]:
    after = position.get("searchAfter")
    return {**position, "searchAfter": [str(item) for item in after]} if isinstance(after, list) else position
