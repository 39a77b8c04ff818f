"""Rollback: take operations back in reverse order, and keep what people have touched since."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from typing import Any

import pandas as pd

from pb2hl.apply.foreign import Foreign, foreign_records
from pb2hl.apply.journal import Journal
from pb2hl.apply.touched import restoration, touched
from pb2hl.errors import NotFound, Refused
from pb2hl.highlevel import PORTS
from pb2hl.highlevel import run as highlevel_run
from pb2hl.highlevel.records import contacts as contact_records
from pb2hl.ledger import Entry, LedgerPort, Outcome, State
from pb2hl.operations import REMOVED_TAGS, Kind, Target
from pb2hl.progress import SILENT, Cancel, Progress

CONCURRENCY = 32

_ORDER = {target: number for number, target in enumerate(reversed(Target))}

PLAN_COLUMNS = ("action", "target", "object", "operations")
KEPT_COLUMNS = ("target", "object", "source_id", "record_id", "why")
OUTCOME_COLUMNS = ("target", "object", "source_id", "record_id", "action", "outcome", "error")


CHUNK = 2_000
"""Operations taken back side by side: bounds memory whatever the size of the migration."""


@dataclass(frozen=True)
class Stored(Collection[Entry]):
    """Entries of a ledger in the order of `op_ids`, fetched while they are walked: millions never sit in memory."""

    ledger: LedgerPort
    op_ids: Sequence[str]

    def __len__(self) -> int:
        return len(self.op_ids)

    def __contains__(self, entry: object) -> bool:
        return isinstance(entry, Entry) and entry.op_id in self.op_ids

    def __iter__(self) -> Iterator[Entry]:
        for chunk in batched(self.op_ids, CHUNK):
            found = self.ledger.entries(chunk)
            yield from (found[op_id] for op_id in chunk)


@dataclass(frozen=True)
class UndoPlan:
    """What a rollback is going to do, in order."""

    entries: Collection[Entry]

    def table(self) -> pd.DataFrame:
        """Rows of action, target, object, operations (PLAN_COLUMNS), in the order in which they are done."""
        counts = Counter((action(entry), str(entry.target), entry.object) for entry in self.entries)
        return pd.DataFrame([(*key, count) for key, count in counts.items()], columns=list(PLAN_COLUMNS))


@dataclass
class Rollback:
    """What a rollback did: `outcomes` one row an operation, `kept` what was left alone and why."""

    outcomes: list[tuple[str, ...]] = field(default_factory=list)
    kept: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """Operations that HighLevel would not take back."""
        return sum(row[5] == "failed" for row in self.outcomes)


def action(entry: Entry) -> str:
    """What undoing the entry means, in a word a client understands."""
    if entry.target is Target.CONTACT_TAGS:
        return "remove tags"
    if entry.target is Target.LINK:
        return "unlink"
    if entry.kind is Kind.UPDATE:
        return "restore"
    return "clear" if entry.target is Target.FILE else "delete"


def plan_undo(ledger: LedgerPort, *, of_run: str = "", objects: Iterable[str] = ()) -> UndoPlan:
    """Everything done (by the run `of_run`, for `objects`; empty: all) in the order in which it is taken back."""
    wanted = set(objects)
    found = [
        (_ORDER[Target(target)], kind == Kind.CREATE, -sequence, op_id)
        for op_id, target, kind, object_, sequence in ledger.columns(
            ["op_id", "target", "kind", "object", "sequence"], state=State.DONE, run=of_run
        )
        if not wanted or object_ in wanted
    ]
    return UndoPlan(Stored(ledger, [op_id for *_, op_id in sorted(found)]))


def batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """`items` in lists of `size`."""
    stream = iter(items)
    while chunk := list(islice(stream, size)):
        yield chunk


class Undo:
    """One rollback. Deleting, restoring and unlinking can be repeated without harm: a killed one is simply run again."""

    def __init__(
        self,
        ledger: LedgerPort,
        client: Any,
        *,
        run: str,
        ports: Mapping[Target, Any] | None = None,
        force: bool = False,
        region: str = "",
        progress: Progress = SILENT,
        cancel: Cancel | None = None,
    ):
        self._ledger = ledger
        self._client = client
        self._ports = PORTS if ports is None else ports
        self._run = run
        self._force = force
        self._region = region
        self._progress = progress
        self._cancel = cancel or Cancel()
        self._result = Rollback()
        self._stop: Exception | None = None
        self._riders: dict[str, list[Entry]] = {}
        self._needed: dict[str, set[str]] = {}
        """Record of ours → kinds of kept records that refer to it."""

    async def run(self, plan: UndoPlan) -> Rollback:
        """Take everything in `plan` back. Raises as `Apply.run` does."""
        self._journal = Journal(self._ledger, self._run)
        self._limit = asyncio.Semaphore(CONCURRENCY)
        self._created = {entry.destination_id for entry in plan.entries if entry.kind is Kind.CREATE}
        self._last_write = _last_writes(plan.entries)
        self._foreign = await foreign_records(self._client, self._ports, self._ledger, plan.entries)
        try:
            for _, group in groupby(plan.entries, key=lambda e: (e.target, e.kind is Kind.CREATE)):
                for chunk in batched(group, CHUNK):
                    await asyncio.gather(*(self._one(entry) for entry in chunk))
                    if self._stop is not None:
                        raise self._stop
        finally:
            await self._journal.close()
            self._progress.finish()
        return self._result

    async def _one(self, entry: Entry) -> None:
        async with self._limit:
            if self._stop is not None:
                return
            try:
                self._cancel.check()
                await self._take_back(entry)
            except Exception as error:
                self._stop = self._stop or error

    async def _take_back(self, entry: Entry) -> None:
        if carrier := self._carrier(entry):
            self._riders.setdefault(carrier, []).append(entry)
            return
        riders = self._riders.pop(entry.destination_id, []) if entry.kind is Kind.CREATE else []
        try:
            why = await self._undo(entry)
        except NotFound:
            why = ""
        except Refused as error:
            self._tell(entry, "failed", error.message)
            self._keep(riders, "the record that holds it could not be deleted")
            return
        if why:
            self._keep([entry], why)
            self._keep(riders, "the record that holds it is kept")
            return
        await self._journal.finish([Outcome(item.op_id, State.UNDONE) for item in (entry, *riders)])
        for item in (entry, *riders):
            self._tell(item, "undone", "")

    def _carrier(self, entry: Entry) -> str:
        """The record made by us that `entry` vanishes with; "" when it is taken back by itself.

        Such an entry is recorded as undone together with its record and not before: it says that what a killed
        rollback left on the record was put there by us.
        """
        if entry.target in (Target.LINK, Target.FILE):
            record = str((entry.payload.get("$url") or entry.payload).get("contactId", ""))
        elif entry.kind is Kind.UPDATE and entry.target is not Target.CONTACT_TAGS:
            record = entry.destination_id
        else:
            return ""
        return record if record in self._created else ""

    def _keep(self, entries: Iterable[Entry], why: str) -> None:
        for entry in entries:
            self._result.kept.append((str(entry.target), entry.object, entry.source_id, entry.destination_id, why))
            for record in self._foreign.needs.get(entry.destination_id, ()):
                self._needed.setdefault(record, set()).add(str(entry.target))
            self._ledger.log(
                self._run, "keep", why, op_id=entry.op_id, object=entry.object, source_id=entry.source_id,
                target=str(entry.target), destination_id=entry.destination_id,
            )  # fmt: skip
            self._tell(entry, "kept", why)

    def _tell(self, entry: Entry, outcome: str, error: str) -> None:
        self._progress.advance()
        self._result.outcomes.append(
            (str(entry.target), entry.object, entry.source_id, entry.destination_id, action(entry), outcome, error)
        )

    async def _undo(self, entry: Entry) -> str:
        if entry.target is Target.CONTACT_TAGS:
            return await self._remove_tags(entry)
        if entry.target is Target.LINK:
            return await self._unlink(entry)
        if entry.target is Target.FILE:
            return await self._clear_file(entry)
        if entry.kind is Kind.UPDATE:
            return await self._restore(entry)
        return await self._delete(entry)

    async def _remove_tags(self, entry: Entry) -> str:
        before = {str(tag).casefold() for tag in (entry.before_image or {}).get("tags") or ()}
        if REMOVED_TAGS in entry.payload:
            again = [tag for tag in entry.payload[REMOVED_TAGS] if str(tag).strip().casefold() in before]
            where = {"$url": {"contactId": entry.destination_id}, "tags": again}
            if again:
                await self._ports[Target.CONTACT_TAGS].create(self._client, where)
            return ""
        tags = [tag for tag in entry.payload["tags"] if str(tag).strip().casefold() not in before]
        await self._ports[Target.CONTACT_TAGS].delete(self._client, entry.destination_id, tags=tags)
        return ""

    async def _unlink(self, entry: Entry) -> str:
        contact = str(entry.payload["contactId"])
        if entry.before_image is None:
            return ""
        now = await self._ports[Target.CONTACT].get(self._client, contact)
        if now.get("businessId") != entry.payload["businessId"]:
            return (
                ""
                if now.get("businessId") == entry.before_image.get("businessId")
                else "linked to another business since"
            )
        before = entry.before_image.get("businessId")
        if before:
            await contact_records.link(self._client, str(before), [contact])
        else:
            await contact_records.unlink(self._client, [contact])
        return ""

    async def _clear_file(self, entry: Entry) -> str:
        where = entry.payload.get("$url") or {}
        contact = str(where["contactId"])
        cleared = {"customFields": [{"id": where["fieldId"], "fieldValue": None}]}
        await self._ports[Target.CONTACT].update(self._client, contact, cleared)
        self._ledger.log(
            self._run, "clear file field", "a contact that was there before", op_id=entry.op_id, destination_id=contact
        )
        return ""

    async def _restore(self, entry: Entry) -> str:
        if entry.before_image is None:
            return ""
        port = self._ports[entry.target]
        where = dict(entry.payload.get("$url") or {})
        now = await port.get(self._client, entry.destination_id, **where)
        put, kept = restoration(entry.payload, entry.before_image, now, force=self._force, region=self._region)
        if put:
            await port.update(self._client, entry.destination_id, {**put, **({"$url": where} if where else {})})
        return f"changed since by a person: {', '.join(kept)}" if kept else ""

    async def _delete(self, entry: Entry) -> str:
        why = self._held_by_others(entry)
        if why:
            return why
        port = self._ports[entry.target]
        where = _where(entry)
        if not self._force and entry.target in JUDGED:
            record = await port.get(self._client, entry.destination_id, **where)
            changed = touched(entry.payload, record, self._seconds(entry), self._region)
            if changed:
                return f"edited since by a person: {', '.join(changed[:8])}"
            if entry.target is Target.CONTACT and (
                extra := await self._foreign.on_contact(self._client, entry.destination_id)
            ):
                return f"holds {extra} that this migration did not make"
        await port.delete(self._client, entry.destination_id, **where)
        return ""

    def _held_by_others(self, entry: Entry) -> str:
        record = entry.destination_id
        if entry.target is Target.PIPELINE and (count := self._foreign.pipelines[record]):
            return f"holds {count} opportunities that this migration did not make, or that were kept"
        if entry.target is Target.CONTACT and (count := self._foreign.contacts[record]):
            return f"holds {count} opportunities that this migration did not make"
        if PARENTS.get(entry.target, frozenset()) & self._needed.get(entry.destination_id, set()):
            return "something kept still needs it"
        return ""

    def _seconds(self, entry: Entry) -> float:
        last = self._last_write.get(entry.destination_id, entry.finished_at)
        begun = datetime.fromisoformat(entry.finished_at)
        return max(0.0, (datetime.fromisoformat(last) - begun).total_seconds())


JUDGED = frozenset({Target.BUSINESS, Target.CONTACT, Target.OPPORTUNITY, Target.NOTE, Target.TASK, Target.APPOINTMENT})
"""Records that people edit."""

PARENTS: Mapping[Target, frozenset[str]] = {
    Target.CONTACT: frozenset({"opportunity", "note", "task", "appointment", "file"}),
    Target.BUSINESS: frozenset({"note", "contact", "link"}),
    Target.PIPELINE: frozenset({"opportunity"}),
    Target.CALENDAR: frozenset({"appointment"}),
    Target.FIELD: frozenset({"contact", "business", "opportunity", "file"}),
    Target.TAG: frozenset({"contact"}),
    Target.FOLDER: frozenset({"field"}),
    Target.MEDIA: frozenset({"note"}),
}
"""What a kept record needs: deleting its contact, its fields or its pipeline would damage it."""


def _where(entry: Entry) -> dict[str, str]:
    """What a port needs to address the record besides its id: see `RecordPort`."""
    where = dict(entry.payload.get("$url") or {})
    if entry.target is Target.FIELD and entry.payload.get("objectKey"):
        where["objectKey"] = str(entry.payload["objectKey"])
    return where


def _last_writes(entries: Iterable[Entry]) -> dict[str, str]:
    """When each record was last written to by us, or had something attached to it."""
    last: dict[str, str] = {}
    for entry in entries:
        for record in {entry.destination_id, *_ids(entry.payload)}:
            last[record] = max(last.get(record, ""), entry.finished_at)
    return last


def _ids(payload: Mapping[str, Any]) -> set[str]:
    where = payload.get("$url") or {}
    return {
        str(value) for body in (payload, where) for key, value in body.items() if key in ("contactId", "businessId")
    }


def undo(
    plan: UndoPlan,
    ledger: LedgerPort,
    client: Any,
    *,
    run: str,
    force: bool = False,
    region: str = "",
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
) -> Rollback:
    """`Undo.run` for callers outside an event loop (or inside a notebook's)."""
    made = Undo(ledger, client, run=run, force=force, region=region, progress=progress, cancel=cancel)
    return highlevel_run(made.run(plan))


__all__ = [
    "KEPT_COLUMNS",
    "OUTCOME_COLUMNS",
    "PLAN_COLUMNS",
    "Foreign",
    "Rollback",
    "Undo",
    "UndoPlan",
    "plan_undo",
    "undo",
]
