"""Pages of a search: by number to a depth, by cursor beyond; the sorted result is kept while nothing changes."""

from __future__ import annotations

import bisect
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import invalid
from pb2hl.sandbox.filters import Order

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_KEPT = 8
"""Sorted results kept at a time, for callers that read page after page."""


def ordered(
    sandbox: State, collection: str, question: Any, matches: Callable[[Record], bool], order: Order
) -> tuple[list[Record], list[Any]]:
    """Records of `collection` as searches see them that match, sorted, with their sort keys.

    `question` identifies filters and sort; an answer is reused until a record changes or becomes visible.
    """
    lag = sandbox.scenario.search_lag_s
    token = (collection, json.dumps(question, sort_keys=True), sandbox.collections[collection].state_token(lag))
    kept = sandbox.search_cache
    if token not in kept:
        pairs = [
            (order.key(order.values(record)), record) for record in sandbox.seen(collection).values() if matches(record)
        ]
        pairs.sort(key=lambda pair: pair[0])
        while len(kept) >= _KEPT:
            kept.pop(next(iter(kept)))
        kept[token] = ([record for _, record in pairs], [key for key, _ in pairs])
    return kept[token]


def cut(
    sandbox: State, body: dict[str, Any], records: list[Record], keys: list[Any], order: Order, size: int
) -> list[Record]:
    """The page that `body` asks for, by `searchAfter` or by `page`; strange ones where the scenario wants them."""
    if sandbox.behaviour.searches == "repeat":
        return records[:size]
    if sandbox.behaviour.searches == "endless" and records:
        return [{**records[at % len(records)], "id": sandbox.ids.record("endless")} for at in range(size)]
    after = body.get("searchAfter")
    if after:
        start = bisect.bisect_right(keys, order.key(after))
        return records[start : start + size]
    page = body.get("page", 1) or 1
    if page < 1 or int(page) != page:
        raise invalid("page must not be less than 1")
    if page * size > sandbox.behaviour.search_depth:
        raise invalid(f"page reaches {sandbox.behaviour.search_depth} records, use searchAfter beyond")
    start = (int(page) - 1) * size
    return records[start : start + size]
