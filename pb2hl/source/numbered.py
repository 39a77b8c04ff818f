"""Columns that a program made of lists, one a place in them (`contacts.0.emails.0.email`, `tags[1]`) → the lists again, as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pb2hl.source.tables import RawTable

_PLACE = re.compile(
    r"^(?P<list>[^\d.\[\]/][^\[\]/]*?)(?:\.(?P<a>\d{1,2})(?=\.|$)|\[(?P<b>\d{1,2})\]|/(?P<c>\d{1,2})(?=/|$))[./]?(?P<rest>.*)$"
)
_MOST = 400  # columns of one list


def gather(table: RawTable) -> RawTable:
    """`table` with the columns of each list as one of JSON; the table itself where no heading counts places from 0."""
    lists: dict[str, list[str]] = {}
    for heading in table.headings:
        if found := _PLACE.match(heading):
            lists.setdefault(found["list"], []).append(heading)
    whole = {
        name: own
        for name, own in lists.items()
        if name not in table.headings and 1 < len(own) <= _MOST and _from_zero(own)
    }
    if not whole:
        return table
    frame, gone = table.frame, {heading for own in whole.values() for heading in own[1:]}
    new = {own[0]: name for name, own in whole.items()}
    cells = {
        own[0]: [_cell(own, row) for row in frame[own].itertuples(index=False, name=None)] for own in whole.values()
    }
    kept = [heading for heading in table.headings if heading not in gone]
    columns = frame[kept].assign(**cells).astype("str").rename(columns=new)
    return replace(table, headings=[str(name) for name in columns.columns], frame=columns)


def _from_zero(headings: Iterable[str]) -> bool:
    return any(_place(heading)[1] == 0 for heading in headings)


def _place(heading: str) -> tuple[str, int, str]:
    found = _PLACE.match(heading)
    if found is None:
        return heading, -1, ""
    return found["list"], int(found["a"] or found["b"] or found["c"] or 0), found["rest"]


def _cell(headings: Iterable[str], row: Iterable[str]) -> str:
    """The list that the columns `headings` hold in one row, as JSON; "" for an empty one."""
    items: dict[int, Any] = {}
    for heading, text in zip(headings, row, strict=True):
        _, at, rest = _place(heading)
        if text.strip():
            items[at] = _put(items.get(at), rest, text)
    found = [_lists(items[at]) for at in sorted(items)]
    return json.dumps(found, ensure_ascii=False) if found else ""


def _put(item: Any, rest: str, text: str) -> Any:
    """`item` of a list with `text` under the path `rest`, in which further lists are objects by place for now."""
    if not rest:
        return text
    name, at, inner = _place(rest)
    if at < 0:
        name, _, inner = rest.partition(".")
    body = item if isinstance(item, dict) else {}
    if at < 0:
        return {**body, name: _put(body.get(name), inner, text)}
    held = body.get(name)
    places = held if isinstance(held, _Places) else _Places()
    places[at] = _put(places.get(at), inner, text)
    return {**body, name: places}


class _Places(dict[int, Any]):
    """A list by place."""


def _lists(item: Any) -> Any:
    if isinstance(item, _Places):
        return [_lists(item[at]) for at in sorted(item)]
    return {key: _lists(value) for key, value in item.items()} if isinstance(item, dict) else item
