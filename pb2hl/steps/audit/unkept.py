"""Values that were sent, answered with success and do not stand in the location: what the audit saw, and what sends them once more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from pb2hl.diff import Class, compare_records
from pb2hl.diff.flatten import CUSTOM, NESTED, custom_key
from pb2hl.diff.overlay import VALUES_PART, laid_over, overlays
from pb2hl.diff.owner_sync import OwnerSync
from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import Kind, Operation, Target, operation_id
from pb2hl.plan.records.existing import NOT_UPDATABLE
from pb2hl.sheets import table_rows
from pb2hl.steps.balance.pieces import OWNERS, TAGS, Seen

UNKEPT_COLUMNS = ("op_id", "field", "synced", "tried")
_CHANGEABLE = (Target.BUSINESS, Target.CONTACT, Target.OPPORTUNITY, Target.TASK, Target.APPOINTMENT, Target.NOTE)


def unkept_table(ledger: LedgerPort, differing: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """What of `differing` (op id, field, class) is blank, a lacking tag, or the owner sync's, and an update can bring (UNKEPT_COLUMNS).

    `tried`: it was sent once more already, and does not stand there for all that.
    """
    rows = [
        (op_id, name, kind == Class.SYNCED)
        for op_id, name, kind in differing
        if kind in (Class.MISSING, Class.SYNCED) or name == "tags"
    ]
    entries = ledger.entries({op_id for op_id, _, _ in rows})
    sent = ledger.entries({key for entry in entries.values() for key in _keys(entry)})
    found = [
        (op_id, name, synced, _key(entries[op_id], _target(entries[op_id], name)) in sent)
        for op_id, name, synced in rows
        if op_id in entries and _can_be_sent(entries[op_id], name)
    ]
    return pd.DataFrame(found, columns=list(UNKEPT_COLUMNS))


def asked_for(unkept: pd.DataFrame) -> dict[str, set[str]]:
    """Op id → the fields that the audit found unkept."""
    found: dict[str, set[str]] = {}
    for row in table_rows(unkept):
        found.setdefault(row.op_id, set()).add(row.field)
    return found


def still(ledger: LedgerPort, differs: pd.DataFrame, at: str, gone: Collection[str]) -> Seen:
    """What the audit (`at` that time) saw differ (`differs`: op id, what), unless it was sent again since; and what is `gone`."""
    entries = ledger.entries(differs["op_id"])
    found: dict[str, set[str]] = {OWNERS: set(), TAGS: set()}
    for row in table_rows(differs):
        if row.op_id in entries:
            target = Target.CONTACT_TAGS if row.what == TAGS else entries[row.op_id].target
            again = ledger.operation(_key(entries[row.op_id], target))
            if again is None or again.state is not State.DONE or again.finished_at < at:
                found[row.what].add(row.op_id)
    return Seen(absent=set(gone), owner_differs=found[OWNERS], tags_differ=found[TAGS])


def unkept_values(
    ledger: LedgerPort,
    asked: Mapping[str, Collection[str]],
    records: Mapping[str, Mapping[str, Any] | None],
    region: str,
) -> list[Operation]:
    """Updates that bring what the audit found unkept (`asked`), of `records` (op id → as they are now) that still lack it.

    Tags are added, never replaced. An owner that HighLevel's sync put there is sent once a probe saw that owners are not synced
    any more: before, it would be taken away again.
    """
    entries = {op_id: entry for op_id, entry in ledger.entries(asked).items() if entry.state is State.DONE}
    later, sync = overlays(ledger), OwnerSync(ledger)
    separate = Capabilities.of(ledger).owner_sync is False
    made: list[Operation] = []
    for op_id, entry in entries.items():
        record = records.get(op_id)
        if record is None:
            continue
        payload = laid_over(entry.payload, later.get(entry.destination_id, ()))
        lacking = {
            name
            for name, _, _, kind, _ in compare_records(payload, record, region=region)
            if name in asked[op_id]
            and (
                kind is Class.MISSING
                or (name == "tags" and kind is Class.CHANGED)
                or (kind is Class.CHANGED and separate and sync.explains(entry, name, record))
            )
        }
        made += _updates(entry, payload, lacking)
    known = ledger.entries(operation.op_id for operation in made)
    return [one for one in made if one.op_id not in known or known[one.op_id].state is not State.REFUSED]


def _updates(entry: Entry, payload: Mapping[str, Any], names: Collection[str]) -> Iterable[Operation]:
    if "tags" in names:
        yield _again(entry, Target.CONTACT_TAGS, {"$url": {"contactId": entry.destination_id}, "tags": payload["tags"]})
    body = {name: payload[name] for name in payload if name in names and name != "tags"}
    if items := [item for item in payload.get("customFields") or () if f"{CUSTOM}{custom_key(item)}" in names]:
        body["customFields"] = items
    for name in NESTED & payload.keys():
        if held := {key: item for key, item in payload[name].items() if f"{name}.{key}" in names}:
            body[name] = held
    if body:
        where = {"$url": entry.payload["$url"]} if "$url" in entry.payload else {}
        yield _again(entry, entry.target, {**where, **body})


def _again(entry: Entry, target: Target, payload: Mapping[str, Any]) -> Operation:
    """A refused one has its own way back, as every change that was refused has."""
    made = replace(entry.operation(), op_id=_key(entry, target), kind=Kind.UPDATE, target=target, part=VALUES_PART)
    return replace(made, payload=payload, depends_on=(), existing_id=entry.destination_id)


def _can_be_sent(entry: Entry, name: str) -> bool:
    return entry.target in _CHANGEABLE and name not in NOT_UPDATABLE.get(entry.target, ())


def _target(entry: Entry, name: str) -> Target:
    return Target.CONTACT_TAGS if name == "tags" else entry.target


def _keys(entry: Entry) -> tuple[str, ...]:
    return _key(entry, entry.target), _key(entry, Target.CONTACT_TAGS)


def _key(entry: Entry, target: Target) -> str:
    return operation_id("", "", f"unkept {entry.op_id}", entry.source_id, Kind.UPDATE, target, VALUES_PART)
