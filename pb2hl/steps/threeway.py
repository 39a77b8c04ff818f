"""Three-way comparison, field by field: what we sent, what the later export says, what HighLevel holds now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from pb2hl.apply.resolve import Unresolved, resolve
from pb2hl.diff import Class, compare, flatten_payload, flatten_record
from pb2hl.diff.flatten import CUSTOM, bare_key
from pb2hl.diff.table import stored_value
from pb2hl.highlevel import Client
from pb2hl.ledger import Entry, Ledger, State
from pb2hl.operations import Kind, Operation, Target, operation_id, references
from pb2hl.progress import Cancel, Progress
from pb2hl.steps.readback import read_records

CONFLICT_COLUMNS = (
    "object",
    "source_id",
    "record_id",
    "field",
    "sent",
    "later",
    "now",
    "decision",
    "who",
    "when",
    "comment",
)
SAME = (Class.EQUAL, Class.NORMALISED)
CHUNK = 500

UPDATABLE = frozenset(
    {Target.CONTACT, Target.BUSINESS, Target.OPPORTUNITY, Target.NOTE, Target.TASK, Target.APPOINTMENT}
)


@dataclass
class Changes:
    """What a delta is going to do. `conflicts` are rows of CONFLICT_COLUMNS."""

    new: list[Operation] = field(default_factory=list)
    updates: list[Operation] = field(default_factory=list)
    fields: list[tuple[Any, ...]] = field(default_factory=list)
    conflicts: list[tuple[Any, ...]] = field(default_factory=list)
    unchanged: int = 0


async def changes(
    client: Client,
    ledger: Ledger,
    later: Iterable[Operation],
    decided: frozenset[tuple[str, str, str]],
    region: str,
    progress: Progress,
    cancel: Cancel,
) -> Changes:
    """Compare the later export's plan with the ledger; records that changed are read by id. Nothing is written."""
    found = Changes()
    latest = _latest_values(ledger)
    progress.start("comparing with the first export", None, "operations")
    stream = iter(later)
    while chunk := list(islice(stream, CHUNK)):
        cancel.check()
        entries = ledger.entries(op.op_id for op in chunk)
        changed: list[tuple[Operation, Entry, dict[str, Any]]] = []
        for op in chunk:
            entry = entries.get(op.op_id)
            if entry is None or entry.state in (State.PLANNED, State.UNDONE):
                found.new += [op]
            elif (
                entry.state is not State.DONE
                or op.target not in UPDATABLE
                or op.payload_hash == entry.payload_hash
                or (payload := _resolved(op, ledger)) is None
            ):
                found.unchanged += 1
            else:
                changed.append((op, entry, payload))
        records = await read_records(client, [entry for _, entry, _ in changed], progress)
        for op, entry, payload in changed:
            _three_way(found, op, entry, payload, records[entry.op_id], latest, decided, region)
        progress.advance(len(chunk))
    progress.finish()
    return found


def _latest_values(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """What earlier deltas wrote, by record: it counts as sent."""
    values: dict[str, dict[str, Any]] = {}
    for entry in ledger.iterate(state=State.DONE):
        if entry.kind is Kind.UPDATE and entry.part.startswith("delta-"):
            values.setdefault(entry.destination_id, {}).update(flatten_payload(entry.payload))
    return values


def _resolved(op: Operation, ledger: Ledger) -> dict[str, Any] | None:
    try:
        return resolve(op.payload, ledger.entries(references(op.payload)).get)
    except Unresolved:
        return None


def _three_way(
    found: Changes,
    op: Operation,
    entry: Entry,
    payload: Mapping[str, Any],
    record: Mapping[str, Any] | None,
    latest: Mapping[str, Mapping[str, Any]],
    decided: frozenset[tuple[str, str, str]],
    region: str,
) -> None:
    if record is None:
        found.conflicts.append(
            (op.object, op.source_id, entry.destination_id, "(whole record)", "", "changed", "deleted", "", "", "", "")
        )
        return
    sent = {**flatten_payload(entry.payload), **latest.get(entry.destination_id, {})}
    wanted, stored = flatten_payload(payload), flatten_record(record)
    take: dict[str, Any] = {}
    for name, value in wanted.items():
        was, now = sent.get(name), stored_value(stored, name)
        if compare(was, value, name, region)[0] is Class.EQUAL or compare(value, now, name, region)[0] in SAME:
            continue
        if compare(was, now, name, region)[0] not in SAME and (op.object, op.source_id, name) not in decided:
            found.conflicts.append(
                (
                    op.object,
                    op.source_id,
                    entry.destination_id,
                    name,
                    _text(was),
                    _text(value),
                    _text(now),
                    "",
                    "",
                    "",
                    "",
                )
            )
            continue
        take[name] = value
        found.fields.append((op.object, op.source_id, entry.destination_id, name, _text(was), _text(value)))
    tags = [tag for tag in take.pop("tags", None) or () if tag not in (sent.get("tags") or ())]
    if take:
        found.updates.append(_update(op, entry, payload, take))
    elif not tags:
        found.unchanged += 1
    if tags and op.target is Target.CONTACT:
        where = {"$url": {"contactId": entry.destination_id}, "tags": tags}
        found.updates.append(_derived(op, entry, Target.CONTACT_TAGS, where))


def _update(op: Operation, entry: Entry, payload: Mapping[str, Any], take: Mapping[str, Any]) -> Operation:
    body: dict[str, Any] = {}
    for name in take:
        top = name.split(".")[0]
        if name.startswith(CUSTOM):
            key = name.removeprefix(CUSTOM)
            item = next(i for i in payload["customFields"] if bare_key(str(i.get("id") or i.get("key"))) == key)
            body.setdefault("customFields", []).append(item)
        else:
            body[top] = payload[top]
    if payload.get("$url"):
        body["$url"] = payload["$url"]
    return _derived(op, entry, op.target, body)


def _derived(op: Operation, entry: Entry, target: Target, body: Mapping[str, Any]) -> Operation:
    made = replace(op, kind=Kind.UPDATE, target=target, payload=body, depends_on=(), existing_id=entry.destination_id)
    part = f"delta-{made.payload_hash[:12]}"
    key = operation_id("", "", op.op_id, op.source_id, Kind.UPDATE, target, part)
    return replace(made, op_id=key, part=part)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
