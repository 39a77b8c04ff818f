"""Is the ledger behind the location? A copy from before a load, a backup, or another workspace would load everything again.

The location's seal names the ledger that wrote last (`seal`). Every record that a migration makes carries its source's marker as
well: where there is no seal, or less was lost than it shows, the newest records are compared with the ledger before a run writes: what carries a marker of this source, and was made for a row that the ledger knows no record of, was made
by a ledger that is not this one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from pb2hl.apply.context import RunContext
from pb2hl.apply.ledger_end import LedgerEnd
from pb2hl.apply.seal import foreign
from pb2hl.diff.flatten import custom_value
from pb2hl.errors import ConfigError
from pb2hl.highlevel import PORTS
from pb2hl.highlevel.newest import Diary, newest
from pb2hl.highlevel.records.base import custom_fields, id_of
from pb2hl.highlevel.records.objectrecords import properties_of, property_key
from pb2hl.ledger import LedgerPort, State
from pb2hl.ledger.port import OPEN
from pb2hl.markers import BESIDE, ID_FIELD, find_markers, split_ids
from pb2hl.operations import Target
from pb2hl.values.counting import agree, counted

_TEXTS = ("body", "bodyText", "title", "description", "notes")
_BY_FIELD = (Target.CONTACT, Target.OPPORTUNITY, Target.BUSINESS)

REBUILD = "pb2hl ledger {} --rebuild --by NAME"
_WAY_OUT = "go on in the workspace that wrote last; if it is lost, make this ledger anew from the location: "


class LedgerBehind(ConfigError):
    """The location holds records of this migration that the ledger knows nothing of; nothing was written."""


def require_whole(ledger: LedgerPort, end: LedgerEnd, workspace: str) -> None:
    """Raise LedgerBehind when the ledger has lost its end since the last write left."""
    if end.lost(ledger):
        raise LedgerBehind(
            "the ledger has lost its end: it held more when the last request left, so it was cut off, or is an older copy. Nothing was written",
            hint="put the newer one back, with its file ledger.sqlite-wal; if it is lost, make this ledger anew from the location: "
            + REBUILD.format(workspace),
        )


async def require_fresh(
    context: RunContext, workspace: str, planned: Callable[[], Collection[str]] = frozenset, diary: Diary | None = None
) -> None:
    """Raise LedgerBehind when the newest records of the location were made by another ledger than this one.

    `diary` says where appointments are looked for. `planned` gives the ids of records that the plan goes on with since it found them by their markers itself.
    """
    if told := await foreign(context.client, context.ledger):
        raise LedgerBehind(
            "another ledger than this one wrote last to the location: this one is an older copy, has lost its end, or there is a "
            f"second workspace. The location's seal says: {told}. Nothing was written",
            hint=_WAY_OUT + REBUILD.format(workspace),
        )
    unknown = await unplanned(context, planned, diary)
    if not unknown:
        return
    count = sum(map(len, unknown.values()))
    named = ", ".join(f"{target} {record}" for target, records in unknown.items() for record in records[:2])
    raise LedgerBehind(
        f"the location holds {counted(count, 'record')} of this migration that the ledger does not know ({named}): it is an older "
        f"copy, or another workspace {agree(count, 'wrote it', 'wrote them')}. Nothing was written",
        hint=f"{_WAY_OUT}{REBUILD.format(workspace)}; what a person put into its field {ID_FIELD!r} is cleared in HighLevel",
    )


async def unplanned(
    context: RunContext, planned: Callable[[], Collection[str]], diary: Diary | None
) -> dict[Target, list[str]]:
    """`unknown_records` less those that the plan goes on with."""
    unknown = await unknown_records(context, diary)
    if not any(target in unknown for target in _BY_FIELD):
        return unknown
    there = planned()
    return {target: left for target, ids in unknown.items() if (left := [one for one in ids if one not in there])}


async def unknown_records(context: RunContext, diary: Diary | None = None) -> dict[Target, list[str]]:
    """Ids of the newest records that carry a marker of this source and that no operation of the ledger stands for, by kind."""
    pages = await newest(context.client, diary)
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
        items = custom_fields(record)
        values = [custom_value(item) for item in items if item.get("id") in fields]
        values += [value for key, value in properties_of(record).items() if key in fields]
        return {one for value in values for one in split_ids(context.ledger.source, str(value or ""))}
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
    """Ids of the custom fields that hold markers, and the keys under which businesses hold theirs."""
    names = {ID_FIELD, ID_FIELD + BESIDE}
    pages = PORTS[Target.FIELD].pages(context.client)
    fields = [field async for page in pages for field in page if field.get("name") in names]
    return frozenset(map(id_of, fields)) | {property_key(str(field.get("fieldKey") or "")) for field in fields}
