"""Is the ledger behind the location? A copy from before a load, a backup, or another workspace would load everything again.

Every record that a migration makes carries its source's marker. The newest records of the location are compared with the ledger
before a run writes: what carries a marker of this source, and was made for a row that the ledger knows no record of, was made
by a ledger that is not this one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from pb2hl.apply.context import RunContext
from pb2hl.diff.flatten import custom_value
from pb2hl.errors import ConfigError
from pb2hl.highlevel import PORTS
from pb2hl.highlevel.newest import newest
from pb2hl.highlevel.records.base import id_of
from pb2hl.ledger import State
from pb2hl.ledger.port import OPEN
from pb2hl.markers import BESIDE, ID_FIELD, find_markers, split_ids
from pb2hl.operations import Target
from pb2hl.values.counting import agree, counted

_TEXTS = ("body", "bodyText", "title", "description")
_BY_FIELD = (Target.CONTACT, Target.OPPORTUNITY)

REBUILD = "pb2hl ledger {} --rebuild --by NAME"


class LedgerBehind(ConfigError):
    """The location holds records of this migration that the ledger knows nothing of; nothing was written."""


async def require_fresh(
    context: RunContext, workspace: str, planned: Callable[[], Collection[str]] = frozenset
) -> None:
    """Raise LedgerBehind when the newest records of the location were made by another ledger than this one.

    `planned` gives the ids of records that the plan goes on with since it found them by their markers itself.
    """
    unknown = await unknown_records(context)
    if any(target in unknown for target in _BY_FIELD):
        there = planned()
        unknown = {
            target: left for target, ids in unknown.items() if (left := [one for one in ids if one not in there])
        }
    if not unknown:
        return
    count = sum(map(len, unknown.values()))
    named = ", ".join(f"{target} {record}" for target, records in unknown.items() for record in records[:2])
    raise LedgerBehind(
        f"the location holds {counted(count, 'record')} of this migration that the ledger does not know ({named}): it is an older "
        f"copy, or another workspace {agree(count, 'wrote it', 'wrote them')}. Nothing was written",
        hint="go on in the workspace that wrote last; if it is lost, make this ledger anew from the location: "
        + REBUILD.format(workspace),
    )


async def unknown_records(context: RunContext) -> dict[Target, list[str]]:
    """Ids of the newest records that carry a marker of this source and that no operation of the ledger stands for, by kind."""
    pages = await newest(context.client)
    ours: dict[Target, dict[str, set[Any]]] = {}
    fields = await _id_fields(context) if any(pages.get(target) for target in _BY_FIELD) else frozenset()
    for target, records in pages.items():
        marked = {id_of(record): marks for record in records if (marks := _marks(context, target, record, fields))}
        if marked:
            ours[target] = marked
    known = {
        entry.destination_id for entry in context.ledger.by_destination(one for kind in ours.values() for one in kind)
    }
    found: dict[Target, list[str]] = {}
    for target, marked in ours.items():
        strange = {one: marks for one, marks in marked.items() if one not in known}
        made = _made(context, target) if strange else set()
        if left := [one for one, marks in strange.items() if not marks & made]:
            found[target] = left
    return found


def _marks(context: RunContext, target: Target, record: Mapping[str, Any], fields: frozenset[str]) -> set[Any]:
    """What a record says it was made for: source ids, or (object, source id, part) of provenance lines."""
    if target in _BY_FIELD:
        items = [
            item for item in record.get("customFields") or () if isinstance(item, Mapping) and item.get("id") in fields
        ]
        return {one for item in items for one in split_ids(context.ledger.source, str(custom_value(item) or ""))}
    texts = [str(record[name]) for name in _TEXTS if record.get(name)]
    return {mark for text in texts for mark in find_markers(text) if split_ids(context.ledger.source, mark[1])}


def _made(context: RunContext, target: Target) -> set[Any]:
    """The same of what the ledger knows, copies of which people may have made in HighLevel."""
    rows: Iterable[tuple[Any, ...]] = context.ledger.columns(["marker"], state=(State.DONE, *OPEN), target=target)
    markers = {str(marker) for (marker,) in rows if marker}
    if target in _BY_FIELD:
        return {one for marker in markers for one in split_ids(context.ledger.source, marker)}
    return {mark for marker in markers for mark in find_markers(marker)}


async def _id_fields(context: RunContext) -> frozenset[str]:
    """Ids of the custom fields that hold markers."""
    names = {ID_FIELD, ID_FIELD + BESIDE}
    pages = PORTS[Target.FIELD].pages(context.client)
    return frozenset([id_of(field) async for page in pages for field in page if field.get("name") in names])
