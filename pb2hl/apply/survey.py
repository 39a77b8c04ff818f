"""What is in the location besides what we put there, and which records of ours people have changed: read once, by pages.

Deleting what we made takes along what people hung on it, or damages what they made of it. One pass over the location's lists
before the first deletion costs a request a hundred records or more, where asking for each record would cost several a record.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pb2hl.apply.bonds import NEEDED_BY, Bonds, folded, listed, records
from pb2hl.apply.touched import edited, moment_added, written_later
from pb2hl.apply.undo_plan import UndoPlan
from pb2hl.diff import Class, compare
from pb2hl.diff.flatten import CUSTOM, bare_key, flatten_payload, flatten_record
from pb2hl.diff.overlay import laid_over
from pb2hl.diff.table import stored_value
from pb2hl.errors import NotFound
from pb2hl.highlevel.records.objects import PREFIX
from pb2hl.highlevel.records.simple import calendars
from pb2hl.highlevel.records.tasks import tasks_of
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import RECORD_TARGETS, Kind, Target

YEARS_BACK, YEARS_AHEAD = 1, 3
"""Appointments have no list of all: those of others are looked for from a year before the migration to three years ahead."""

_USES = {
    Target.CONTACT: "holds {} that this migration did not make",
    Target.PIPELINE: "holds {} that this migration did not make",
    Target.CALENDAR: "holds {} that this migration did not make",
    Target.BUSINESS: "has {} that this migration did not make",
    Target.TAG: "is on {} that this migration did not tag",
    Target.FIELD: "holds what people filled in on {}",
}

_TAKES_ALONG = frozenset({Target.CONTACT, Target.BUSINESS, Target.CALENDAR})
"""HighLevel deletes what hangs on these with them: not even forced when it was there before."""

_FOR_GOOD = frozenset({Target.CONTACT, Target.PIPELINE})
"""No opportunity that this migration did not make is deleted along with these, not even forced: it could not be restored."""


@dataclass
class Survey:
    """What the pages told.

    `seen` are ids of records of ours that are there, `suspects` those that do not look as we left them, `uses` what of ours
    a suspect makes use of. `foreign` counts, for each record that is about to be deleted, what people have hung on it;
    `older` those of them that were there before the migration. `shared`: on how many other records people have put a note.
    """

    seen: set[str] = field(default_factory=set)
    suspects: set[str] = field(default_factory=set)
    uses: dict[str, tuple[Target, Mapping[str, Any]]] = field(default_factory=dict)
    foreign: dict[str, Counter[Target]] = field(default_factory=lambda: defaultdict(Counter))
    older: Counter[str] = field(default_factory=Counter)
    shared: dict[str, int] = field(default_factory=dict)

    def why(self, target: Target, record_id: str, *, force: bool = False) -> str:
        """Why people would lose something with the record; with `force` only what no force may delete."""
        if record_id in self.shared and not force:
            return f"people have put it on {self.shared[record_id]} other records too"
        found = self.foreign.get(record_id, Counter())
        if force and target in _FOR_GOOD:
            found = Counter({Target.OPPORTUNITY: found[Target.OPPORTUNITY]})
        elif force:
            found = Counter()
        parts = [records(count, kind) for kind, count in sorted(found.items()) if count]
        if not parts and self.older[record_id] and target in _TAKES_ALONG:
            return f"holds {self.older[record_id]} of the records that were here before this migration"
        return _USES[target].format(listed(parts)) if parts else ""


class Left:
    """How the ledger says that we left the records: what we made, wrote over, linked, tagged, and when we last wrote."""

    def __init__(self, ledger: LedgerPort):
        self.ours: set[str] = set()
        self.later: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self.businesses: dict[str, str] = {}
        self.tags: dict[str, set[str]] = defaultdict(set)
        self.properties: dict[str, str] = {}
        self.files: Counter[tuple[str, str]] = Counter()
        self.first_run = min((run.started_at for run in ledger.runs()), default="")
        self._written: dict[str, str] = {}
        for entry in ledger.iterate(state=(State.DONE, State.UNDONE)):
            self._write(entry)
            if entry.kind in (Kind.CREATE, Kind.UPLOAD):
                self.ours.add(entry.destination_id)
            if entry.state is State.DONE:
                self._done(entry)

    def _write(self, entry: Entry) -> None:
        where = entry.payload.get("$url") or {}
        others = (
            str(body[key]) for body in (entry.payload, where) for key in ("contactId", "businessId") if key in body
        )
        for record in {entry.destination_id, *others}:
            self._written[record] = max(self._written.get(record, ""), entry.finished_at)

    def _done(self, entry: Entry) -> None:
        if entry.target is Target.LINK:
            self.businesses[str(entry.payload["contactId"])] = str(entry.payload["businessId"] or "")
        elif entry.target is Target.CONTACT_TAGS:
            self.tags[entry.destination_id].update(map(folded, entry.payload.get("tags") or ()))
        elif entry.target is Target.FIELD and entry.payload.get("objectKey"):
            key = str(entry.answer.get("fieldKey") or entry.payload.get("fieldKey") or "")
            self.properties[key] = entry.destination_id
        elif entry.target is Target.FILE:
            where = entry.payload.get("$url") or {}
            self.files[str(where.get("contactId")), str(where.get("fieldId"))] += 1
        if entry.kind is Kind.UPDATE and entry.target not in (Target.LINK, Target.FILE):
            self.later[entry.destination_id].append(entry.payload)

    def payload(self, entry: Entry) -> Mapping[str, Any]:
        """What a record that we made should hold: what was sent, and what deltas wrote since."""
        return laid_over(entry.payload, self.later.get(entry.destination_id, ()))

    def seconds(self, entry: Entry) -> float:
        """How long after its creation we last wrote to the record or attached something."""
        last = self._written.get(entry.destination_id, entry.finished_at)
        span = datetime.fromisoformat(last) - datetime.fromisoformat(entry.finished_at)
        return max(0.0, span.total_seconds())

    def only_our_files(self, contact: str, field_id: str, value: Any) -> bool:
        """Whether a FILE_UPLOAD field of the contact holds the files that we put there, and no more."""
        return bool(self.files[contact, field_id]) and len(value or ()) <= self.files[contact, field_id]

    def changed(self, entry: Entry, record: Mapping[str, Any], region: str) -> list[str]:
        """The fields that people changed of a record that we made; its business and what a note is on included."""
        if not written_later(record, self.seconds(entry)):
            return []
        held = flatten_record(record)
        found = [
            name
            for name in edited(self.payload(entry), record, region)
            if not self.only_our_files(entry.destination_id, name.removeprefix(CUSTOM), held.get(name))
        ]
        if entry.target is Target.CONTACT and "businessId" in record:
            found += ["businessId"] * (str(record["businessId"] or "") != self.businesses.get(entry.destination_id, ""))
        return found


class Surveyor:
    """Reads the pages that the deletions of `plan` need, and judges every record in them."""

    def __init__(
        self, client: Any, ports: Mapping[Target, Any], ledger: LedgerPort, left: Left, plan: UndoPlan, region: str
    ):
        self._client = client
        self._ports = ports
        self._ledger = ledger
        self._left = left
        self._region = region
        self._plan = plan
        self._bonds = Bonds(plan.deletions())
        self.survey = Survey()

    async def read(self) -> Survey:
        """Every kind that matters, page by page. Raises ScopeMissing and what concerns the whole run."""
        for target in kinds_to_read(self._plan.deletions()):
            async for page in self._pages(target):
                self._judge(target, page)
        return self.survey

    async def _pages(self, target: Target) -> AsyncIterator[list[Mapping[str, Any]]]:
        contacts = [entry.destination_id for entry in self._plan.deletions() if entry.target is Target.CONTACT]
        if target is Target.APPOINTMENT:
            async for page in self._appointments():
                yield page
            return
        try:
            async for page in self._ports[target].pages(self._client, contactIds=contacts):
                yield page
        except NotFound:
            if target is not Target.TASK:
                raise
            for contact in contacts:  # a server without the search of tasks
                yield await tasks_of(self._client, contact)

    async def _appointments(self) -> AsyncIterator[list[Mapping[str, Any]]]:
        spans = appointment_spans(self._plan.deletions(), self._left.first_run, self._client.clock.now())
        for calendar in await calendars(self._client):
            start, end = spans.get(str(calendar.get("id")), spans[""])
            async for page in self._ports[Target.APPOINTMENT].pages(
                self._client, calendarId=str(calendar.get("id")), start=start, end=end
            ):
                yield page

    def _judge(self, target: Target, page: Sequence[Mapping[str, Any]]) -> None:
        records = {str(record.get("id")): record for record in page}
        made, updated = {}, defaultdict(list)
        for entry in self._ledger.by_destination(records):
            if entry.target is target and entry.state is State.DONE:
                if entry.kind is Kind.CREATE:
                    made[entry.destination_id] = entry
                elif entry.kind is Kind.UPDATE:
                    updated[entry.destination_id].append(entry.payload)
        for record_id, record in records.items():
            if record_id in made:
                self._own(made[record_id], record)
            elif record_id not in self._left.ours:
                self._others(target, record_id, record, updated[record_id])

    def _own(self, entry: Entry, record: Mapping[str, Any]) -> None:
        """A record of ours. Search leaves out what people may have changed of a contact (BEHAVIOUR: consent): one that was
        written to since is read by id."""
        self.survey.seen.add(entry.destination_id)
        hidden = entry.target is Target.CONTACT and written_later(record, self._left.seconds(entry))
        if hidden or self._left.changed(entry, record, self._region):
            self.survey.suspects.add(entry.destination_id)
            self.survey.uses[entry.destination_id] = (entry.target, record)
        if entry.target is Target.NOTE and (others := shared_with(entry, record)):
            self.survey.shared[entry.destination_id] = len(others)

    def _others(
        self, target: Target, record_id: str, record: Mapping[str, Any], ours: Sequence[Mapping[str, Any]]
    ) -> None:
        """A record that is not ours: whatever of ours it uses would be missed. What we wrote into it is taken back anyway."""
        record = self._without_ours(record_id, record, ours)
        needed = self._bonds.needs(target, record)
        if target in (Target.BUSINESS, Target.OBJECT_RECORD):
            model = record["objectKey"] if target is Target.OBJECT_RECORD else "business"
            held = record.get("properties") or {}
            filled = {f"{model}.{bare_key(key)}" for key, value in held.items() if value not in (None, "", [])}
            needed |= {field_id for key, field_id in self._left.properties.items() if key in filled}
        added = moment_added(record)
        old = bool(self._left.first_run) and added is not None and added < datetime.fromisoformat(self._left.first_run)
        for parent in needed:
            self.survey.foreign[parent][target] += 1
            self.survey.older[parent] += old and target is not Target.CONTACT

    def _without_ours(
        self, record_id: str, record: Mapping[str, Any], ours: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """The record less what we wrote into it and nobody has changed since: values, tags, its link."""
        tags = self._left.tags.get(record_id, set())
        body = {**record, "tags": [tag for tag in record.get("tags") or () if folded(tag) not in tags]}
        if self._left.businesses.get(record_id) == record.get("businessId"):
            body.pop("businessId", None)
        held = flatten_record(record)
        same = {
            name.removeprefix(CUSTOM)
            for payload in ours
            for name, value in flatten_payload(payload).items()
            if compare(value, stored_value(held, name), name, self._region)[0] in (Class.EQUAL, Class.NORMALISED)
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
