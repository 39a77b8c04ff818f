"""Three-way comparison, field by field: what we sent, what the later export says, what HighLevel holds now."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from pb2hl.apply.batches import batched
from pb2hl.apply.context import RunContext
from pb2hl.apply.references import UnresolvedReference, fill_references
from pb2hl.apply.send import UNCLEARED
from pb2hl.diff import Class, compare, flatten_payload, flatten_record
from pb2hl.diff.flatten import CUSTOM
from pb2hl.diff.overlay import DELTA_PART, laid_over
from pb2hl.diff.table import shown, stored_value
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import (
    DATA_TARGETS,
    IN_CONVERSATION,
    REMOVED_TAGS,
    Kind,
    Operation,
    Target,
    references,
)
from pb2hl.plan.records.existing import NOT_UPDATABLE
from pb2hl.steps.delta.carried_out import not_taken, written_since
from pb2hl.steps.delta.conflicts import KEEP, SOURCE, WHOLE, Decisions
from pb2hl.steps.delta.updates import body_of, companions, named, update_of
from pb2hl.steps.shared.readback import read_records
from pb2hl.values.fold import fold

SAME = (Class.EQUAL, Class.NORMALISED)
CHUNK = 500

UPDATABLE = frozenset(
    {*DATA_TARGETS} - {Target.MEDIA, Target.CONTACT_TAGS, Target.FILE, Target.RELATION, *IN_CONVERSATION}
)

BLANKS: Mapping[tuple[Target, str], Any] = {(Target.OPPORTUNITY, "monetaryValue"): 0}
"""What stands for blank where null changes nothing: a deal without an amount has 0. Everything else is cleared with null;
what HighLevel keeps all the same is told (`apply.send.UNCLEARED`) and not tried again."""


@dataclass
class Changes:
    """What a delta is going to change. `conflicts` are rows of conflicts.CONFLICT_COLUMNS, `taken` decided ones now written.

    `agreed` are updates that need no request: people in HighLevel wrote what the later export says. `waits`: operations (by id) that
    can be compared only once what they refer to is there.
    """

    updates: list[Operation] = field(default_factory=list)
    agreed: list[Operation] = field(default_factory=list)
    fields: list[tuple[Any, ...]] = field(default_factory=list)
    conflicts: list[tuple[Any, ...]] = field(default_factory=list)
    taken: set[tuple[str, str, str]] = field(default_factory=set)
    kept: set[tuple[str, str, str]] = field(default_factory=set)
    """(object, source id, field) that a person decided, at an earlier delta, to leave as HighLevel has it against this very value."""
    unchanged: int = 0
    fixed: int = 0
    """Messages of which the later export says something else: HighLevel changes none."""
    unresolved: int = 0
    waits: list[str] = field(default_factory=list)
    before: dict[str, str] = field(default_factory=dict)
    """Update (by op id) → the record that it is going to change, as JSON."""

    def keep_before(self, known: int, record: Mapping[str, Any] | None) -> None:
        """Keep `record` as it is for the updates behind the first `known`."""
        more = self.updates[known:]
        self.before.update(dict.fromkeys((op.op_id for op in more), json.dumps(record, default=str)) if more else {})

    def add(self, more: Changes) -> None:
        """Take in what was compared later."""
        self.updates += more.updates
        self.agreed += more.agreed
        self.fields += more.fields
        self.conflicts += more.conflicts
        self.taken |= more.taken
        self.kept |= more.kept
        self.unchanged += more.unchanged
        self.fixed += more.fixed
        self.unresolved += more.unresolved
        self.before |= more.before


@dataclass(frozen=True)
class Scope:
    """What of a later plan is compared. `there`: by object, the rows that the later export has: a contact of theirs without a planned
    link has lost its business. `fresh`: operations that are still to be carried out: what refers to one of them waits. `only`: just
    these operations, which waited."""

    there: Mapping[str, Set[str]]
    fresh: Set[str] = frozenset()
    only: Set[str] | None = None


async def changes(
    context: RunContext, later: Iterable[Operation], scope: Scope, decided: Decisions, total: int | None = None
) -> Changes:
    """Compare the later export's plan with the ledger; records that changed are read by id. Nothing is written.

    `total` is how many operations that plan has, if somebody knows.
    """
    progress = context.progress
    comparing = _Comparing(context, scope, decided)
    progress.start("comparing with the first export", total, "operations")
    for chunk in batched(later, CHUNK):
        context.cancel.check()
        await comparing.chunk(chunk)
        progress.advance(len(chunk))
    if scope.only is None:
        await comparing.unlink()
    progress.finish()
    return comparing.found


class _Comparing:
    """One comparison of a later plan with the ledger and the location."""

    def __init__(self, context: RunContext, scope: Scope, decided: Decisions):
        self.context, self.scope, self.decided = context, scope, decided
        self.client, self.ledger = context.client, context.ledger
        self.found = Changes()
        self.latest, self.links = written_since(self.ledger)
        self.stuck = not_taken(self.ledger)
        self.linked: set[str] = set()

    async def chunk(self, chunk: Sequence[Operation]) -> None:
        """Compare some operations."""
        self.linked |= {op.op_id for op in chunk if op.target is Target.LINK}
        if self.scope.only is not None:
            chunk = [op for op in chunk if op.op_id in self.scope.only]
        entries = self.ledger.entries(op.op_id for op in chunk)
        changed = [triple for op in chunk if (triple := self._changed(op, entries.get(op.op_id))) is not None]
        contacts = [_as_contact(entry) if entry.target is Target.LINK else entry for _, entry, _ in changed]
        records = await read_records(self.client, contacts)
        for op, entry, payload in changed:
            self._one(op, entry, payload, records[entry.op_id])

    def _one(self, op: Operation, entry: Entry, payload: dict[str, Any], record: Mapping[str, Any] | None) -> None:
        """Compare one record."""
        known = len(self.found.updates)
        if op.target is Target.LINK:
            _relink(self.found, self.decided, (op, entry, payload), record, self.links.get(entry.op_id))
        else:
            written, stuck = self.latest.get(entry.destination_id, ()), self.stuck.get(entry.destination_id, _NONE)
            region = self.context.region
            _ThreeWay(self.found, op, entry, record, written, stuck, self.decided, region).compare(payload)
        self.found.keep_before(known, record)

    def _changed(self, op: Operation, entry: Entry | None) -> tuple[Operation, Entry, dict[str, Any]] | None:
        """The operation with its payload resolved, when its record has to be looked at now."""
        if entry is None or op.op_id in self.scope.fresh:
            self.found.unchanged += 1
            return None
        self.found.fixed += op.target is Target.MESSAGE and op.payload_hash != entry.payload_hash
        waits = not self.scope.fresh.isdisjoint(references(op.payload))
        if _same(op, entry, self.latest, self.links) and not (
            _shows_files(op, entry) and (waits or _moved(op, entry, self.ledger))
        ):
            self.found.unchanged += 1
            return None
        payload = None if waits else _filled(op, self.ledger)
        if payload is not None:
            return op, entry, payload
        if self.scope.fresh:
            self.found.waits.append(op.op_id)
        else:
            self.found.unresolved += 1
        return None

    async def unlink(self) -> None:
        """Contacts of rows that are still there and that no link is planned for any more."""
        gone = [
            entry
            for entry in self.ledger.iterate(state=State.DONE, target=Target.LINK)
            if not entry.part.startswith(DELTA_PART)
            and entry.op_id not in self.linked
            and entry.source_id in self.scope.there.get(entry.object, ())
            and self.links.get(entry.op_id) != ""
        ]
        records = await read_records(self.client, [_as_contact(entry) for entry in gone])
        for entry in gone:
            op = Operation(entry.op_id, Kind.LINK, Target.LINK, entry.object, entry.source_id)
            self._one(op, entry, {"businessId": ""}, records[entry.op_id])


def _same(op: Operation, entry: Entry, latest: Mapping[str, Any], links: Mapping[str, str]) -> bool:
    if entry.state is not State.DONE or op.target not in UPDATABLE or op.kind is Kind.SKIP:
        return True
    return op.payload_hash == entry.payload_hash and entry.destination_id not in latest and op.op_id not in links


def _shows_files(op: Operation, entry: Entry) -> bool:
    """Whether it is a body that shows files of ours."""
    return entry.state is State.DONE and op.target is Target.NOTE and "{{ref:" in str(op.payload.get("body"))


def _moved(op: Operation, entry: Entry, ledger: LedgerPort) -> bool:
    """Whether the files that a body shows stand at other addresses now: they were uploaded again."""
    payload = _filled(op, ledger)
    return payload is not None and _addresses(payload["body"]) != _addresses(entry.payload.get("body"))


def _as_contact(entry: Entry) -> Entry:
    return replace(entry, target=Target.CONTACT, destination_id=str(entry.payload["contactId"]), payload={})


_NONE: frozenset[str] = frozenset()


def _filled(op: Operation, ledger: LedgerPort) -> dict[str, Any] | None:
    try:
        return fill_references(op.payload, ledger.entries(references(op.payload)).get)
    except UnresolvedReference:
        return None


def _relink(
    found: Changes,
    decided: Decisions,
    changed: tuple[Operation, Entry, Mapping[str, Any]],
    record: Mapping[str, Any] | None,
    moved_to: str | None,
) -> None:
    """The contact belongs to another business in the later export; `changed` as (link, its entry, its payload)."""
    op, entry, payload = changed
    was = str(entry.payload["businessId"]) if moved_to is None else moved_to
    wanted = str(payload["businessId"] or "")
    now = str((record or {}).get("businessId") or "")
    if record is None or wanted in (was, now):
        found.unchanged += 1
        return
    contact = str(entry.payload["contactId"])
    if now != was and not _export_wins(found, decided, op, "businessId", wanted):
        _conflict(found, decided, op, contact, "businessId", (was, wanted, now))
        return
    found.fields.append((op.object, op.source_id, contact, "businessId", was, wanted))
    body = {"businessId": wanted or None, "contactId": contact}
    made = replace(op, payload=body, depends_on=(), existing_id=contact, marker=op.op_id)
    found.updates.append(named(op, made, moved_to))


def _export_wins(found: Changes, decided: Decisions, op: Operation, name: str, later: Any) -> bool:
    """Whether a person decided that the export's value wins."""
    key = (op.object, op.source_id, name)
    if decided.get(key, ("", ""))[0] != SOURCE:
        return False
    found.taken.add(key)
    return True


def _conflict(
    found: Changes, decided: Decisions, op: Operation, record: str, name: str, values: tuple[Any, Any, Any]
) -> None:
    """Ask which of `values` (sent, later, held) counts, unless it was decided to keep HighLevel's against this very one of the
    export."""
    was, later, now = values
    key = (op.object, op.source_id, name)
    if decided.get(key) == (KEEP, shown(later)):
        found.kept.add(key)
        return
    row = (op.object, op.source_id, record, name, shown(was), shown(later), shown(now), "", "", "", "")
    found.conflicts.append(row)


@dataclass
class _ThreeWay:
    """One record: what we sent (`entry` and what earlier deltas `written`), what the later export says (`op`), what HighLevel
    holds (`record`). `stuck` are the fields that HighLevel would not clear."""

    found: Changes
    op: Operation
    entry: Entry
    record: Mapping[str, Any] | None
    written: Sequence[Mapping[str, Any]]
    stuck: frozenset[str]
    decided: Decisions
    region: str

    def __post_init__(self) -> None:
        self.before = laid_over(self.entry.payload, self.written)
        self.agreed: dict[str, Any] = {}
        self.salt = len(self.written)

    def compare(self, payload: Mapping[str, Any]) -> None:
        """Collect what is to be written, and what is in conflict. A record that did not move is found where it was."""
        record_id = self.entry.destination_id
        payload = {**payload, **{key: self.entry.payload[key] for key in ("$url",) if key in self.entry.payload}}
        if self.record is None:
            _conflict(self.found, self.decided, self.op, record_id, WHOLE, ("", "changed", "removed"))
            return
        never = NOT_UPDATABLE.get(self.op.target, frozenset())
        sent, wanted = (
            {name: value for name, value in flatten_payload(body).items() if name not in never}
            for body in (self.before, payload)
        )
        take = {
            name: value for name, value in wanted.items() if name != "tags" and self._takes(name, sent.get(name), value)
        }
        if self.entry.kind is self.op.kind is Kind.CREATE:
            take |= self._cleared(sent, wanted)
        made = [*self._tags(sent.get("tags") or (), wanted.get("tags") or ())]
        if take:
            body = {**companions(self.op.target, take, payload), **body_of(take, payload, self.before)}
            made.append(update_of(self.op, self.entry, self.op.target, body, self.salt))
        if self.agreed:
            body = body_of(self.agreed, payload, self.before)
            self.found.agreed.append(update_of(self.op, self.entry, self.op.target, body, f"agreed {self.salt}"))
        self.found.updates += made
        self.found.unchanged += not made

    def _cleared(self, sent: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """What was sent and the later export no longer has; tags and consent have rules of their own."""
        names = [
            name for name in sent if name not in wanted and name != "tags" and "." not in name.removeprefix(CUSTOM)
        ]
        blanks = {
            name: BLANKS.get((self.op.target, name)) for name in names if UNCLEARED.format(name) not in self.stuck
        }
        return {name: blank for name, blank in blanks.items() if self._takes(name, sent[name], blank)}

    def _takes(self, name: str, was: Any, value: Any) -> bool:
        now = stored_value(flatten_record(self.record or {}), name)
        moved = _addresses(was) != _addresses(value)
        if not moved and self._is(name, was, value):
            return False
        if not moved and self._is(name, value, now):
            self.agreed[name] = value
            return False
        stricter, consent = _opts_out(value), name == "dnd" or name.startswith("dndSettings.")
        free = stricter if consent else self._is(name, was, now)
        if not free and not _export_wins(self.found, self.decided, self.op, name, value):
            _conflict(self.found, self.decided, self.op, self.entry.destination_id, name, (was, value, now))
            return False
        row = (self.op.object, self.op.source_id, self.entry.destination_id, name, shown(was), shown(value))
        self.found.fields.append(row)
        return True

    def _is(self, name: str, left: Any, right: Any) -> bool:
        if left in (None, "", []) and right in (None, "", []):
            return True
        return compare(left, right, name, self.region)[0] in SAME

    def _tags(self, sent: Sequence[str], wanted: Sequence[str]) -> Iterable[Operation]:
        """Tags are added and taken away one by one; those that people gave stay."""
        if self.op.target is not Target.CONTACT:
            return
        was, later, now = (
            {fold(str(tag)): str(tag) for tag in tags} for tags in (sent, wanted, (self.record or {}).get("tags") or ())
        )
        where = {"contactId": self.entry.destination_id}
        added = [tag for key, tag in later.items() if key not in was and key not in now]
        gone = [now[key] for key in was if key not in later and key in now]
        for name, tags in (("tags", added), (REMOVED_TAGS, gone if self.entry.kind is Kind.CREATE else [])):
            if tags:
                said = (shown(tags), "") if name == REMOVED_TAGS else ("", shown(tags))
                self.found.fields.append(
                    (self.op.object, self.op.source_id, self.entry.destination_id, name.lstrip("$"), *said)
                )
                yield update_of(self.op, self.entry, Target.CONTACT_TAGS, {"$url": where, name: tags}, self.salt)


_ADDRESS = re.compile(r"""(?:href|src)=["']([^"']*)""")


def _addresses(value: Any) -> list[str]:
    """What a text links to or shows: two texts may read alike and show other files."""
    return _ADDRESS.findall(value) if isinstance(value, str) else []


def _opts_out(value: Any) -> bool:
    return value is True or str(value).casefold() in ("active", "permanent", "true")
