"""Everything in the location against everything in the ledger, a page at a time: memory does not grow with the location."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

import pandas as pd

from pb2hl.apply.host_owner import Bystanders
from pb2hl.diff import COLUMNS, Class, compare_records
from pb2hl.diff.flatten import CUSTOM
from pb2hl.diff.overlay import DELTA_PART, is_overlay, laid_over, overlays
from pb2hl.diff.owner_sync import WHY, OwnerSync
from pb2hl.diff.table import shown
from pb2hl.highlevel import PORTS, Client
from pb2hl.highlevel.records.objects import OURS
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.markers import ID_FIELD, find_markers, split_ids
from pb2hl.operations import BESIDE, OF_SOME_PLANS, OWNER_FIELDS, RECORD_TARGETS, Kind, Target
from pb2hl.plan.building.estimate import spot_checks
from pb2hl.progress import Cancel, Progress
from pb2hl.steps.audit import spans
from pb2hl.steps.audit.arrived import Arrived
from pb2hl.steps.audit.related import check_relations, off
from pb2hl.steps.balance.pieces import Seen
from pb2hl.steps.shared.additions import Additions, contact_of
from pb2hl.steps.shared.readback import field_names, read_records
from pb2hl.steps.shared.unwritten import unwritten
from pb2hl.values.fold import fold

FLAGS = frozenset({"dnd", "dndSettings"})
"""Consent, which search leaves out (BEHAVIOUR): every contact that was sent with it is read by id."""

SPOT_CHECKED = frozenset({"timezone", "gender", "followers"})
"""Left out by search as well, or nowhere promised of it, but of no consequence to consent: a share of the contacts is read by id for it."""

LATE_BY_ID = 32
"""Records missing in the pages of their kind that are read by id at once; for more, search is given time to catch up."""

UNLINKED = "not linked as planned"
MOST_DIFFS = 200_000


@dataclass
class Comparison:
    """What the audit found. Only differences are kept row by row; what is equal is counted."""

    expected: Counter[tuple[str, str]] = field(default_factory=Counter)
    arrived: Counter[tuple[str, str]] = field(default_factory=Counter)
    missing: Counter[tuple[str, str]] = field(default_factory=Counter)
    extra: Counter[tuple[str, str]] = field(default_factory=Counter)
    gone: dict[str, set[str]] = field(default_factory=dict)
    """Source ids by object whose own record is not in the location."""
    wrong: Counter[tuple[str, str]] = field(default_factory=Counter)
    fields: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    kept: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Values by object, field and who decided that they stay as people in HighLevel have them; `fields` has them as normalised."""
    owner: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    tag: Counter[tuple[str, str]] = field(default_factory=Counter)
    link: Counter[str] = field(default_factory=Counter)
    unread: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Values by object and field that were sent, and are neither in search nor read by id."""
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    landed: Arrived = field(default_factory=Arrived)
    bystanders: Bystanders = field(init=False)
    seen: Seen = field(default_factory=Seen)
    """The same by operation, for the balance."""

    def objects(self) -> pd.DataFrame:
        """Rows of object, target, expected, arrived, missing, extra, wrong."""
        keys = sorted({*self.expected, *self.extra})
        columns = (self.expected, self.arrived, self.missing, self.extra, self.wrong)
        rows = [(*key, *(column[key] for column in columns)) for key in keys]
        return pd.DataFrame(rows, columns=["object", "target", "expected", "arrived", "missing", "extra", "wrong"])

    def differences(self) -> pd.DataFrame:
        """Every value that is not equal (diff.COLUMNS without the source value); at most 200,000."""
        return pd.DataFrame(self.rows, columns=list(COLUMNS)).drop(columns=["source_value"])

    def classes(self) -> dict[str, int]:
        """Values by class."""
        found = {str(kind): 0 for kind in Class}
        for (_, _, kind), count in self.fields.items():
            found[kind] += count
        return {f"values_{kind}": count for kind, count in found.items()}

    def class_table(self) -> pd.DataFrame:
        """Rows of object, field, class, count."""
        return pd.DataFrame(
            [(*key, n) for key, n in sorted(self.fields.items())], columns=["object", "field", "class", "count"]
        )

    def owners(self) -> pd.DataFrame:
        """Rows of object, user, verdict (right, wrong, or what changed it), records."""
        return pd.DataFrame(
            [(*key, n) for key, n in sorted(self.owner.items())], columns=["object", "user", "verdict", "records"]
        )

    def tags(self) -> pd.DataFrame:
        """Rows of tag, expected, arrived."""
        rows = [(n, self.tag[n, "expected"], self.tag[n, "arrived"]) for n in sorted({tag for tag, _ in self.tag})]
        return pd.DataFrame(rows, columns=["tag", "expected", "arrived"])

    def links(self) -> pd.DataFrame:
        """Rows of verdict, contacts."""
        return pd.DataFrame(sorted(self.link.items()), columns=["verdict", "contacts"])


async def compare_location(
    client: Client,
    ledger: LedgerPort,
    region: str,
    progress: Progress,
    cancel: Cancel,
    kept: Mapping[tuple[str, str, str], str] = MappingProxyType({}),
) -> Comparison:
    """Read every kind of record in pages and compare; what the pages lack is read by id, since search may lag.

    `kept` are (object, source id, field) that a person decided to leave as people in HighLevel have them, and who did.
    """
    found = Comparison()
    judge = Judge(found, field_names(ledger), ledger.source, region, overlays(ledger), kept)
    found.bystanders = Bystanders(ledger)
    judge.sync, judge.additions = OwnerSync(ledger), Additions.of(ledger)
    judge.unwritten = partial(unwritten, ledger, kept=kept)
    judge.spots = spot_checks(_compared(ledger))
    for target in _targets(ledger):
        progress.start(f"reading back {target}", _compared(ledger, (target,)), "records")
        seen: set[str] = set()
        again: list[Entry] = []
        async for page in _pages(client, ledger, target):
            cancel.check()
            before = len(seen)
            unsettled = _compare_page(ledger, judge, target, page, seen)
            progress.advance(len(seen) - before - len(unsettled))
            again += unsettled
        missing = _not_seen(ledger, judge, target, seen)
        late = await _late(client, ledger, judge, target, missing)
        progress.advance(len(missing) - len(late))
        again += late
        records = await read_records(client, again, progress)
        for entry in again:
            judge.entry(entry, records[entry.op_id])
        if target is Target.CONTACT:
            await _check_additions(client, judge)
    await check_relations(client, ledger, found.link, found.seen.unlinked, cancel)
    progress.finish()
    return found


def _targets(ledger: LedgerPort) -> tuple[Target, ...]:
    """Custom objects and messages are read where this migration has made some: a token without their scope reads the rest."""
    return tuple(target for target in RECORD_TARGETS if target not in OF_SOME_PLANS or _compared(ledger, (target,)))


async def _pages(client: Client, ledger: LedgerPort, target: Target) -> AsyncIterator[list[dict[str, Any]]]:
    if target is Target.MESSAGE:
        async for page in PORTS[target].pages(client, **spans.messages(ledger)):
            yield page
        return
    if target is not Target.APPOINTMENT:
        contacts = (
            [contact for (contact,) in ledger.columns(["destination_id"], state=State.DONE, target=Target.CONTACT)]
            if target is Target.NOTE
            else []
        )
        async for page in PORTS[target].pages(client, contactIds=contacts):
            yield page
        return
    for calendar, (start, end) in spans.calendars(ledger).items():
        async for page in PORTS[target].pages(client, calendarId=calendar, start=start, end=end):
            yield page


def _compare_page(
    ledger: LedgerPort, judge: Judge, target: Target, page: Sequence[Mapping[str, Any]], seen: set[str]
) -> list[Entry]:
    """Compare one page; the entries that have to be read by id are given back."""
    records = {str(record.get("id")): record for record in page}
    known, again = set(), []
    judge.found.bystanders.see(target, records)
    for entry in ledger.by_destination(records):
        if entry.target is not target or entry.state not in (State.DONE, State.SKIPPED) or is_overlay(entry):
            continue
        known.add(entry.destination_id)
        if entry.state is State.SKIPPED:
            continue
        seen.add(entry.op_id)
        if not judge.of_search(entry, records[entry.destination_id]):
            again.append(entry)
    for record_id in records.keys() - known:
        judge.stranger(target, records[record_id])
    return again


def _not_seen(ledger: LedgerPort, judge: Judge, target: Target, seen: set[str]) -> list[Entry]:
    found = []
    for entry in ledger.iterate(state=State.DONE, target=target):
        if is_overlay(entry):
            continue
        judge.found.expected[entry.object, str(target)] += 1
        if entry.op_id not in seen:
            found.append(entry)
    return found


async def _late(client: Client, ledger: LedgerPort, judge: Judge, target: Target, missing: list[Entry]) -> list[Entry]:
    """Judge what search tells once it has caught up with the last writes; what it still lacks is left to be read by id."""
    if len(missing) <= LATE_BY_ID:
        return missing
    last = max(datetime.fromisoformat(entry.finished_at) for entry in missing)
    wait_s = client.search_lag_s - (client.clock.now() - last).total_seconds()
    if wait_s <= 0:
        return missing
    await client.pause(f"waiting until HighLevel's search shows the last {target} records", wait_s)
    left = {entry.destination_id: entry for entry in missing}
    again = []
    async for page in _pages(client, ledger, target):
        for record in page:
            entry = left.pop(str(record.get("id")), None)
            if entry is not None and not judge.of_search(entry, record):
                again.append(entry)
    return [*again, *left.values()]


def _compared(ledger: LedgerPort, targets: Collection[Target] = RECORD_TARGETS) -> int:
    """Records of `targets` that the audit compares; what deltas changed of one is compared with it."""
    done = sum(row["count"] for row in ledger.counts() if row["target"] in targets and row["state"] == State.DONE)
    updates = ledger.columns(["target", "kind", "part"], state=State.DONE)
    changed = (
        part.startswith(DELTA_PART) for target, kind, part in updates if target in targets and kind == Kind.UPDATE
    )
    return done - sum(changed)


async def _check_additions(client: Client, judge: Judge) -> None:
    """Links, tags and files of contacts: by the pages, and by id where those do not show them."""
    lacking = await judge.additions.lacking(client, judge.contacts)
    judge.found.seen.unlinked.update(lacking)
    for entry in judge.additions.entries:
        if entry.target is Target.LINK:
            linked = entry.op_id not in lacking
            judge.found.link["linked" if linked else UNLINKED] += 1
            judge.found.landed.link(contact_of(entry), linked)


_VERDICTS = {Class.EQUAL: "right", Class.SYNCED: WHY}


class Judge:
    """Turns pairs of entry and record into counts and differences."""

    def __init__(
        self,
        found: Comparison,
        names: Mapping[str, str],
        source: str,
        region: str,
        later: Mapping[str, Sequence[Mapping[str, Any]]],
        kept: Mapping[tuple[str, str, str], str],
    ):
        self.found = found
        self.spots = 0
        """Contacts that may still be read by id for a field that is only spot-checked."""
        self.sync: OwnerSync
        """What HighLevel's own sync of owners can have changed."""
        self.unwritten: Callable[[Mapping[str, Mapping[str, Any]]], Collection[str]]
        """Which updates (by op id) records show nothing of."""
        self._later = later
        self._kept = kept
        self.additions: Additions
        """What was added to contacts, and `contacts` as the pages show them, as far as that tells."""
        self.contacts: dict[str, dict[str, Any]] = {}
        self._names = names
        self._ours = frozenset(names)
        self._id_fields = {key for key, name in names.items() if name == ID_FIELD}
        self._source = source
        self._region = region

    def of_search(self, entry: Entry, record: Mapping[str, Any]) -> bool:
        """Compare with a record that search gave; False when it has to be read by id, since search leaves something out."""
        if entry.target is not Target.CONTACT:
            self.entry(entry, record)
            return True
        sent = {name for body in (entry.payload, *self._later.get(entry.destination_id, ())) for name in body}
        unread = (sent & SPOT_CHECKED) - record.keys()
        if sent & FLAGS or (unread and self.spots > 0):
            self.spots -= not sent & FLAGS
            return False
        self.entry(entry, record, unread)
        return True

    def entry(self, entry: Entry, record: Mapping[str, Any] | None, unread: Set[str] = frozenset()) -> None:
        """Compare what was sent, but for the fields `unread`, with `record` (None: it is not there)."""
        key = (entry.object, str(entry.target))
        later = self._later.get(entry.destination_id, ())
        payload = laid_over(entry.payload, later)
        if unread:
            payload = {name: value for name, value in payload.items() if name not in unread}
            self.found.unread.update((entry.object, name) for name in unread)
        superseded = {name for change in later for name in change}
        if record is None:
            self.found.landed.record(entry, payload, None, (), superseded)
            self.found.missing[key] += 1
            self.found.seen.absent.add(entry.op_id)
            if entry.part != BESIDE:
                self.found.gone.setdefault(entry.object, set()).add(entry.source_id)
            self._row(entry, "", None, None, Class.MISSING, "the record is not in the location any more")
            return
        self.found.arrived[key] += 1
        if entry.target is Target.CONTACT and record.get("businessId"):
            self.contacts[entry.destination_id] = {"businessId": str(record["businessId"])}
        if entry.destination_id in self.additions.whole:
            self.contacts[entry.destination_id] = dict(record)
        ours = self._ours if entry.kind is Kind.CREATE else frozenset()
        classes, decided = [], {}
        rows = [*compare_records(payload, record, region=self._region, ours=ours), *off(entry, record)]
        for name, sent, held, kind, why in rows:
            verdict, cell = kind, (entry.object, entry.source_id, name)
            if kind is not Class.EQUAL and cell in self._kept:
                self.found.kept[entry.object, self._label(name), self._kept[cell]] += 1
                decided[name], verdict = record.get(name), Class.EQUAL
                kind, why = Class.NORMALISED, "people in HighLevel have it so; kept by decision (sheets/conflicts.csv)"
            if kind is not Class.EQUAL and verdict is kind and self.sync.explains(entry, name, record):
                kind = verdict = Class.SYNCED
                why = WHY
            self._field(entry, (name, sent, held, kind, why), verdict)
            classes.append((name, verdict))
        self.found.landed.record(entry, {**payload, **decided}, record, classes, superseded | decided.keys())
        if any(kind in (Class.CHANGED, Class.MISSING, Class.EXTRA) for _, kind in classes):
            self.found.wrong[key] += 1
            self.found.seen.unwritten.update(self.unwritten({entry.destination_id: record}))

    def _label(self, name: str) -> str:
        return self._names.get(name.removeprefix(CUSTOM), name) if name.startswith(CUSTOM) else name

    def _field(self, entry: Entry, compared: tuple[str, Any, Any, Class, str], verdict: Class) -> None:
        """Count one field, `compared` as (name, sent, held, class, why); `verdict` is its class before any decision."""
        name, sent, held, kind, why = compared
        self.found.fields[entry.object, self._label(name), str(kind)] += 1
        self._noted(entry, name, sent, verdict)
        if name in OWNER_FIELDS and sent:
            self.found.owner[entry.object, str(sent), _VERDICTS.get(verdict, "wrong")] += 1
        if name == "tags":
            self._tags(sent, held)
        if kind is not Class.EQUAL:
            self._row(entry, self._label(name), sent, held, kind, why)

    def _noted(self, entry: Entry, name: str, sent: Any, verdict: Class) -> None:
        if verdict in (Class.EQUAL, Class.NORMALISED) or not sent:
            return
        self.found.seen.differing.append((entry.op_id, name, str(verdict)))
        if name in OWNER_FIELDS:
            self.found.seen.owner_differs.add(entry.op_id)
        elif name == "tags":
            self.found.seen.tags_differ.add(entry.op_id)

    def _row(self, entry: Entry, label: str, sent: Any, held: Any, kind: Class, why: str) -> None:
        if len(self.found.rows) < MOST_DIFFS:
            source = (entry.object, entry.source_id, entry.destination_id, label)
            self.found.rows.append((*source, "", shown(sent), shown(held), str(kind), why))

    def _tags(self, sent: Any, held: Any) -> None:
        there = {fold(str(tag)) for tag in held or ()}
        for tag in {fold(str(tag)) for tag in sent or ()}:
            self.found.tag[tag, "expected"] += 1
            self.found.tag[tag, "arrived"] += tag in there

    def stranger(self, target: Target, record: Mapping[str, Any]) -> None:
        """A record that the ledger does not know: ours all the same, if it carries our marker."""
        object_, source_ids = self._marked(target, record)
        if object_:
            self.found.extra[object_, str(target)] += 1
            self.found.landed.twice(object_, source_ids)
            why = "carries our marker, and is not in the ledger"
            self.found.rows.append((object_, "", str(record.get("id")), "", "", "", "", str(Class.EXTRA), why))

    def _marked(self, target: Target, record: Mapping[str, Any]) -> tuple[str, Sequence[str]]:
        """The object and the source ids that the record's marker names; nothing when it carries none of ours."""
        if target in (Target.NOTE, Target.TASK, Target.APPOINTMENT, Target.MESSAGE):
            texts = ("body", "description", "notes", "message", "html")
            text = " ".join(str(record.get(name) or "") for name in texts)
            marks = find_markers(text)
            return (marks[0][0], [" ".join((marks[0][1], marks[0][2])).strip()]) if marks else ("", ())
        for item in record.get("customFields") or ():
            if isinstance(item, Mapping) and item.get("id") in self._id_fields:
                value = item.get("value") or item.get("fieldValue") or item.get("fieldValueString")
                if value and (found := split_ids(self._source, str(value))):
                    return {Target.CONTACT: "contacts", Target.OPPORTUNITY: "deals"}[target], found
        value = (record.get("properties") or {}).get("perfect_books_id")
        found = split_ids(self._source, str(value)) if value else ()
        object_ = str(record["objectKey"]).removeprefix(OURS) if target is Target.OBJECT_RECORD else "companies"
        return (object_, found) if found else ("", ())
