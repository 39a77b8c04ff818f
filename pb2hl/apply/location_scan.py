"""What is in the location besides what we put there, and which records of ours people have changed: read once, by pages.

Deleting what we made takes along what people hung on it, or damages what they made of it. One pass over the location's lists
before the first deletion costs a request a hundred records or more, where asking for each record would cost several a record.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pb2hl.apply.context import RunContext
from pb2hl.apply.dependents import NEEDED_BY, Dependents, records
from pb2hl.apply.edits import SAME, moment_added, never_written_again, shown_by_search
from pb2hl.apply.last_sent import BUSINESS, LastSent
from pb2hl.apply.schema_edits import JUDGED, edited_piece
from pb2hl.apply.undo_plan import UndoPlan
from pb2hl.diff import compare
from pb2hl.diff.flatten import CUSTOM, bare_key, flatten_payload, flatten_record
from pb2hl.diff.table import stored_value
from pb2hl.errors import NotFound
from pb2hl.highlevel.records.base import id_of
from pb2hl.highlevel.records.notes import notes_of
from pb2hl.highlevel.records.objects import PREFIX
from pb2hl.highlevel.records.simple import calendars
from pb2hl.highlevel.records.tasks import tasks_of
from pb2hl.ledger import Entry, State
from pb2hl.operations import RECORD_TARGETS, Kind, Target
from pb2hl.values.counting import listed
from pb2hl.values.fold import fold

YEARS_BACK, YEARS_AHEAD = 1, 3
"""Appointments have no list of all: those of others are looked for from a year before the migration to three years ahead."""

_USES: Mapping[Target, str] = {
    Target.TAG: "is on {} that this migration did not tag",
    Target.FIELD: "holds what people filled in on {}",
    Target.FOLDER: "holds {} that this migration did not make",
    Target.MEDIA: "is shown by {} that this migration did not make",
    Target.BUSINESS: "has {} that this migration did not make",
}
"""What people use, told; what is not here simply `holds` theirs."""

_HOLDS = "holds {} that this migration did not make"

_TAKES_ALONG = frozenset({Target.CONTACT, Target.BUSINESS, Target.CALENDAR})
"""HighLevel deletes what hangs on these with them: not even forced when it was there before."""

_FOR_GOOD = frozenset({Target.CONTACT, Target.PIPELINE})
"""No opportunity that this migration did not make is deleted along with these, not even forced: it could not be restored."""


@dataclass
class Scan:
    """What the pages told.

    `seen` are ids of records of ours that are there, `suspects` those that do not look as we left them, `uses` what of ours
    a suspect makes use of. `foreign` counts, for each record that is about to be deleted, what people have hung on it;
    `older` those of them that were there before the migration. `shared`: on how many other records people have put a note.
    `pieces`: what people did to a field, tag, pipeline or calendar of ours.
    """

    seen: set[str] = field(default_factory=set)
    suspects: set[str] = field(default_factory=set)
    uses: dict[str, tuple[Target, Mapping[str, Any]]] = field(default_factory=dict)
    foreign: dict[str, Counter[Target]] = field(default_factory=lambda: defaultdict(Counter))
    older: Counter[str] = field(default_factory=Counter)
    shared: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, str] = field(default_factory=dict)

    def why(self, target: Target, record_id: str, *, force: bool = False) -> str:
        """Why people would lose something with the record; with `force` only what no force may delete."""
        if record_id in self.shared and not force:
            return f"people have put it on {self.shared[record_id]} other records too"
        if record_id in self.pieces and not force:
            return self.pieces[record_id]
        found = self.foreign.get(record_id, Counter())
        if force and target in _FOR_GOOD:
            found = Counter({Target.OPPORTUNITY: found[Target.OPPORTUNITY]})
        elif force:
            found = Counter()
        parts = [records(count, kind) for kind, count in sorted(found.items()) if count]
        if not parts and self.older[record_id] and target in _TAKES_ALONG:
            return f"holds {self.older[record_id]} of the records that were here before this migration"
        return _USES.get(target, _HOLDS).format(listed(parts)) if parts else ""


class Scanner:
    """Reads the pages that the deletions of `plan` need, and judges every record in them."""

    def __init__(self, context: RunContext, ports: Mapping[Target, Any], left: LastSent, plan: UndoPlan):
        self._context = context
        self._client = context.client
        self._ports = ports
        self._left = left
        self._plan = plan
        self._doomed = {entry.destination_id: entry.target for entry in plan.deletions()}
        self._contacts = [record for record, target in self._doomed.items() if target is Target.CONTACT]
        self._dependents = Dependents(plan.deletions())
        self.scan = Scan()

    async def read(self) -> Scan:
        """Every kind that matters, page by page. Raises ScopeMissing and what concerns the whole run."""
        there = {row["target"] for row in self._context.ledger.counts()}
        for target in kinds_to_read(self._plan.deletions()):
            if target is Target.MESSAGE and target not in there:
                continue
            async for page in self._pages(target):
                self._judge(target, page)
        for target in pieces_to_read(self._plan.deletions()):
            async for page in self._ports[target].pages(self._client):
                self._judge_pieces(target, page)
        return self.scan

    async def _pages(self, target: Target) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        if target is Target.APPOINTMENT:
            spans = appointment_spans(self._plan.deletions(), self._left.first_run, self._client.clock.now())
            async for page in diaries(self._client, self._ports, spans):
                yield page
            return
        try:
            async for page in self._ports[target].pages(self._client, contactIds=self._contacts):
                yield await self._with_hosts(page) if target is Target.NOTE else page
        except NotFound:
            if target is not Target.TASK:
                raise
            for contact in self._contacts:  # a server without the search of tasks
                yield await tasks_of(self._client, contact)

    async def _with_hosts(self, page: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Notes with the records they are on: a search that does not tell is asked again, note by note, contact by contact."""
        found = []
        lost: set[str] = set()
        for note in page:
            if not _hosts_known(note) and id_of(note) not in self._left.ours:
                with suppress(NotFound):  # gone meanwhile, or no note of the newer kind
                    note = {**note, **await self._ports[Target.NOTE].get(self._client, id_of(note))}
                if not _hosts_known(note):
                    lost.add(id_of(note))
            found.append(note)
        for contact in self._contacts if lost else ():
            found += [note for note in await notes_of(self._client, contact) if id_of(note) in lost]
        return found

    def _judge(self, target: Target, page: Sequence[Mapping[str, Any]]) -> None:
        made, updated = self._known(target, page)
        for record in page:
            record_id = id_of(record)
            try:
                if target is Target.BUSINESS:
                    self._left.names[record_id] = str(flatten_record(record).get("name") or "")
                if record_id in made:
                    self._own(made[record_id], record)
                elif record_id not in self._left.ours:
                    self._others(target, record_id, record, updated[record_id])
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                self._unclear(target, record_id, record)

    def _known(
        self, target: Target, page: Sequence[Mapping[str, Any]]
    ) -> tuple[dict[str, Entry], dict[str, list[Mapping[str, Any]]]]:
        """(record id → the entry that made it, record id → what we wrote to a record that was there before)."""
        made: dict[str, Entry] = {}
        updated: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for entry in self._context.ledger.by_destination(map(id_of, page)):
            if entry.target is target and entry.state is State.DONE:
                if entry.kind is Kind.CREATE:
                    made[entry.destination_id] = entry
                elif entry.kind is Kind.UPDATE:
                    updated[entry.destination_id].append(entry.payload)
        return made, updated

    def _own(self, entry: Entry, record: Mapping[str, Any]) -> None:
        """A record of ours. Search leaves out what people may have changed of a contact (BEHAVIOUR: consent): one that anybody
        wrote to after it was made is read by id."""
        record_id = entry.destination_id
        self.scan.seen.add(record_id)
        if entry.target is Target.MESSAGE:
            return  # nobody changes one
        changed = self._left.changed(entry, record, self._context.region)
        hidden = False
        if entry.target is Target.CONTACT:
            changed, hidden = shown_by_search(changed, record), not never_written_again(record)
        if hidden or changed:
            self.scan.suspects.add(record_id)
            self.scan.uses[record_id] = (entry.target, record)
        if changed and record_id not in self._doomed:
            self._use(entry.target, record, without=self._needed(entry.target, self._as_left(entry)))
        if entry.target is Target.NOTE and (others := shared_with(entry, record)):
            self.scan.shared[record_id] = len(others)

    def _as_left(self, entry: Entry) -> Mapping[str, Any]:
        """What we gave the record, its business included."""
        return {**self._left.payload(entry), BUSINESS: self._left.businesses.get(entry.destination_id, "")}

    def _others(
        self, target: Target, record_id: str, record: Mapping[str, Any], ours: Sequence[Mapping[str, Any]]
    ) -> None:
        """A record that is not ours: whatever of ours it uses would be missed. What we wrote into it is taken back anyway."""
        self._use(target, self._without_ours(record_id, record, ours))

    def _use(self, target: Target, record: Mapping[str, Any], without: Iterable[str] = ()) -> None:
        added = moment_added(record)
        old = bool(self._left.first_run) and added is not None and added < datetime.fromisoformat(self._left.first_run)
        for parent in self._needed(target, record) - set(without):
            self.scan.foreign[parent][target] += 1
            self.scan.older[parent] += old and target is not Target.CONTACT

    def _needed(self, target: Target, record: Mapping[str, Any]) -> set[str]:
        """Ids of what is about to be deleted and this record uses."""
        needed = self._dependents.needs(target, record)
        if target in (Target.BUSINESS, Target.OBJECT_RECORD):
            model = str(record.get("objectKey") or "") if target is Target.OBJECT_RECORD else "business"
            held = record.get("properties") or {}
            filled = {f"{model}.{bare_key(key)}" for key, value in held.items() if value not in (None, "", [])}
            needed |= {field_id for key, field_id in self._left.properties.items() if key in filled}
        return needed

    def _unclear(self, target: Target, record_id: str, record: Mapping[str, Any]) -> None:
        """A record that cannot be read as one of its kind stops nothing: what it may be, or names, is left alone."""
        self.scan.seen.discard(record_id)
        self.scan.suspects.add(record_id)
        for named in self._dependents.named(record):
            self.scan.foreign[named][target] += 1

    def _judge_pieces(self, target: Target, page: Sequence[Mapping[str, Any]]) -> None:
        there = {id_of(record): record for record in page}
        entries = [
            e for e in self._context.ledger.by_destination(there) if e.target is target and e.state is State.DONE
        ]
        for entry in entries:
            if entry.kind is Kind.CREATE and entry.destination_id in self._doomed:
                updates = [
                    e.payload for e in entries if e.destination_id == entry.destination_id and e.kind is Kind.UPDATE
                ]
                if why := edited_piece(entry, updates, there[entry.destination_id]):
                    self.scan.pieces[entry.destination_id] = why

    def _without_ours(
        self, record_id: str, record: Mapping[str, Any], ours: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """The record less what we wrote into it and nobody has changed since: values, tags, its link."""
        tags = self._left.tags.get(record_id, set())
        body = {**record, "tags": [tag for tag in record.get("tags") or () if fold(tag) not in tags]}
        if self._left.businesses.get(record_id) == record.get(BUSINESS):
            body.pop(BUSINESS, None)
        held = flatten_record(record)
        same = {
            name.removeprefix(CUSTOM)
            for payload in ours
            for name, value in flatten_payload(payload).items()
            if compare(value, stored_value(held, name), name, self._context.region)[0] in SAME
        }
        body["customFields"] = [
            item
            for item in record.get("customFields") or ()
            if item.get("id") not in same and self._filled_in(record_id, str(item.get("id")), held)
        ]
        properties = record.get("properties") or {}
        return {**body, "properties": {key: value for key, value in properties.items() if key not in same}}

    def _filled_in(self, record_id: str, field_id: str, held: Mapping[str, Any]) -> bool:
        value = held.get(f"{CUSTOM}{field_id}")
        return value not in (None, "", [], {}) and not self._left.only_our_files(record_id, field_id, value)


def _hosts_known(note: Mapping[str, Any]) -> bool:
    return bool(note.get("contactId") or note.get("relations"))


def shared_with(entry: Entry, record: Mapping[str, Any]) -> set[str]:
    """Ids of the records that a note is on, other than the one we put it on."""
    related = {str(item.get("recordId")) for item in record.get("relations") or () if isinstance(item, Mapping)}
    return related - {str(value) for value in (entry.payload.get("$url") or {}).values()}


def kinds_to_read(doomed: Iterable[Entry]) -> list[Target]:
    """The kinds of records that have to be read before `doomed` can be deleted."""
    needed: set[Target] = set()
    for entry in doomed:
        if entry.target in RECORD_TARGETS:
            needed.add(entry.target)
        if entry.target is Target.FIELD:
            model = str(entry.payload.get("model") or entry.payload.get("objectKey"))
            needed |= {target for target in RECORD_TARGETS if str(target) == model}
            if model.startswith(PREFIX):
                needed.add(Target.OBJECT_RECORD)
        elif entry.target is Target.BUSINESS:
            needed |= {Target.CONTACT, Target.NOTE}
        elif entry.target is not Target.MEDIA:
            needed |= NEEDED_BY.get(entry.target, frozenset())
    return [target for target in RECORD_TARGETS if target in needed]


def pieces_to_read(doomed: Iterable[Entry]) -> list[Target]:
    """The kinds of fields, tags, pipelines and calendars whose lists tell what people did to those of `doomed`."""
    there = {entry.target for entry in doomed}
    return [target for target in JUDGED if target in there]


async def diaries(
    client: Any, ports: Mapping[Target, Any], spans: Mapping[str, tuple[datetime, datetime]]
) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    """The appointments of every calendar within its span, by pages."""
    for calendar in await calendars(client):
        start, end = spans.get(str(calendar.get("id")), spans[""])
        where = {"calendarId": str(calendar.get("id")), "start": start, "end": end}
        async for page in ports[Target.APPOINTMENT].pages(client, **where):
            yield page


def appointment_spans(doomed: Iterable[Entry], first_run: str, now: datetime) -> dict[str, tuple[datetime, datetime]]:
    """Calendar id → the time to look at; "" for calendars that hold none of `doomed`."""
    began = datetime.fromisoformat(first_run) if first_run else now
    usual = (began - timedelta(days=366 * YEARS_BACK), now + timedelta(days=366 * YEARS_AHEAD))
    spans, day = {"": usual}, timedelta(days=1)
    for entry in doomed:
        if entry.target is Target.APPOINTMENT:
            moment = datetime.fromisoformat(str(entry.payload["startTime"]))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            start, end = spans.get(str(entry.payload["calendarId"]), usual)
            spans[str(entry.payload["calendarId"])] = (min(start, moment - day), max(end, moment + day))
    return spans
