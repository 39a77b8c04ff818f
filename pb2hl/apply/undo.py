"""Rollback: take operations back in reverse order, and keep what people have touched since."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from itertools import chain, groupby
from typing import Any

from pb2hl.apply import undo_plan
from pb2hl.apply.batches import batched
from pb2hl.apply.company_name import CompanyNames
from pb2hl.apply.context import RunContext
from pb2hl.apply.dependents import Dependents
from pb2hl.apply.host_owner import OwnersBack, made_contact
from pb2hl.apply.journal import Journal
from pb2hl.apply.last_sent import BUSINESS, COMPANY, LastSent
from pb2hl.apply.location_scan import Scan, Scanner
from pb2hl.apply.people_edits import PeopleEdits
from pb2hl.apply.restore import Restorer, left_of, restoration
from pb2hl.apply.search_lag import wait_until_shown
from pb2hl.apply.superseded import Superseded, with_value
from pb2hl.apply.undo_plan import (
    CHUNK,
    PLAN_COLUMNS,
    UndoPlan,
    action,
    carrier,
    plan_undo,
)
from pb2hl.apply.undo_proof import UndoProof, is_blank, is_not, restored, tag_checks
from pb2hl.apply.undo_result import KEPT_COLUMNS, OUTCOME_COLUMNS, Rollback
from pb2hl.diff import flatten_record
from pb2hl.diff.flatten import CUSTOM
from pb2hl.errors import AnswerLost, ApiError, NotFound, Pb2hlError, RateLimited, Refused, TokenRefused
from pb2hl.highlevel import PORTS
from pb2hl.highlevel import run as highlevel_run
from pb2hl.highlevel.answers import WrongAnswer
from pb2hl.highlevel.records import contacts as contact_records
from pb2hl.ledger import Entry, Outcome, State
from pb2hl.operations import OWNER, RECORD_TARGETS, SCHEMA_TARGETS, Kind, Target, address
from pb2hl.values.fold import fold

CONCURRENCY = 32

OBJECT_STAYS = "HighLevel's API cannot delete a custom object: without its fields and records it stays, and the next load uses it again"
MESSAGE_STAYS = "HighLevel's API deletes no single message: a conversation goes with its contact, and that stays"


NOWHERE: Mapping[str, str] = {}

OF_THE_RUN = (TokenRefused, RateLimited)
"""Errors that every other record would meet too."""

OF_ONE_RECORD = (ApiError, AnswerLost, WrongAnswer, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Errors that concern one record, were it of a shape that nobody foresaw: it is kept, told, and the rest goes on."""


class Undo:
    """One rollback. Deleting, restoring and unlinking can be repeated without harm: a killed one is simply run again.

    In a context without a run it is foretold: everything is read and judged as the real one does, and nothing is written, neither
    to HighLevel nor to the ledger.
    """

    def __init__(self, context: RunContext, *, ports: Mapping[Target, Any] | None = None, force: bool = False):
        self._context = context
        self._ledger = context.ledger
        self._client = context.client
        self._ports = PORTS if ports is None else ports
        self._restorer = Restorer(context.client, self._ports)
        self._company_names = CompanyNames(context, self._ports)
        self._proof = UndoProof(context, self._ports)
        self._force = force
        self._looks_only = not context.run
        self._foreseen: dict[tuple[Target, str], Mapping[str, Any]] = {}
        """Records as they would be by now, of one that only looks."""
        self._stuck: set[str] = set()
        self._result = Rollback()
        self._stop: Exception | None = None
        self._riders: dict[str, list[Entry]] = {}
        self._superseded = Superseded(context.ledger, context.run, ())
        self._owners = OwnersBack(context, self._ports, frozenset().__contains__, ())

    async def run(self, plan: UndoPlan) -> Rollback:
        """Take everything in `plan` back. Raises as `Apply.run` does; one record that cannot be taken back stops nothing."""
        sent = self._client.sent
        self._journal = Journal(self._ledger, self._context.run)
        self._limit = asyncio.Semaphore(CONCURRENCY)
        try:
            await self._look(plan)
            if not self._looks_only:
                self._proof.begin()
            proven = False
            for (target, _), group in groupby(plan.entries, key=lambda e: (e.target, e.kind is Kind.CREATE)):
                if target in SCHEMA_TARGETS and not proven:
                    await self._look_back(self._proof.of_records)
                    proven = True
                for chunk in batched(group, CHUNK):
                    await asyncio.gather(*(self._one_after_another(entries) for entries in _chains(chunk)))
                    if self._stop is not None:
                        raise self._stop
            await self._look_back(self._proof.untrue)
        finally:
            self._result.requests = self._client.sent - sent
            self._result.covered = self._superseded.covered
            self._result.left = self._not_put_back()
            await self._journal.close()
            self._context.progress.finish()
        return self._result

    async def _look_back(self, untrue: Callable[[], Awaitable[list[tuple[Entry, str]]]]) -> None:
        """See whether all that counts as taken back is; what is not keeps alive what it needs."""
        if self._looks_only:
            return
        pairs = await untrue()
        self._result.correct(pairs)
        for entry, _ in pairs:
            self._stays(entry)
            self._stuck.add(entry.destination_id)

    def _not_put_back(self) -> dict[str, list[str]]:
        found = {COMPANY: self._company_names.left, OWNER: self._owners.left}
        return {name: contacts for name, contacts in found.items() if contacts}

    async def _look(self, plan: UndoPlan) -> None:
        """Read what the plan may meet, before anything is written."""
        self._doomed = {entry.destination_id for entry in plan.deletions()}
        self._left = LastSent(self._ledger)
        self._edits = PeopleEdits(self._context, self._ports, self._left)
        going = {entry.op_id for entry in plan.entries if entry.target is Target.OPPORTUNITY}
        self._owners = OwnersBack(self._context, self._ports, going.__contains__, self._left.ours)
        self._dependents = Dependents(plan.deletions())
        self._superseded = Superseded(self._ledger, self._context.run, plan.entries)
        if len(plan.entries) < sum(row["count"] for row in self._ledger.counts() if row["state"] == State.DONE):
            planned = {entry.op_id for entry in plan.entries}
            for entry in self._ledger.iterate(state=State.DONE):
                if entry.op_id not in planned:
                    self._dependents.stays(entry.target, entry.destination_id, entry.payload)
                    self._superseded.stays(entry)
        self._scan = Scan()
        if any(entry.target not in (Target.FOLDER, Target.MEDIA) for entry in plan.deletions()):
            self._context.progress.note("looking for what people touched")
            contacts = chain(plan.deletions(), self._ledger.iterate(state=State.DONE, target=Target.CONTACT))
            ours = filter(made_contact, contacts)
            if not self._looks_only:  # the wait is measured by a write
                await wait_until_shown(self._client, self._ports, ours)
            self._scan = await Scanner(self._context, self._ports, self._left, plan).read()

    async def _one_after_another(self, entries: list[Entry]) -> None:
        """What was written to one record is taken back newest first."""
        for entry in entries:
            async with self._limit:
                if self._stop is not None:
                    return
                try:
                    self._context.cancel.check()
                    await self._take_back(entry)
                except Exception as error:
                    self._stop = self._stop or error
                    return

    async def _take_back(self, entry: Entry) -> None:
        if record := self._carrier(entry):
            # Recorded as undone together with its record and not before: it says that what a killed rollback left on
            # the record was put there by us.
            self._riders.setdefault(record, []).append(entry)
            return
        riders = self._riders.pop(entry.destination_id, []) if entry.kind is Kind.CREATE else []
        try:
            why = await self._undone(entry)
        except OF_THE_RUN:
            raise
        except OF_ONE_RECORD as error:
            self._note_outcome(entry, "failed", _message(error))
            self._stays(replace(entry, payload=left_of(entry.payload, error)))
            self._stuck.add(entry.destination_id)
            self._keep(riders, "the record that holds it could not be deleted")
            return
        if why:
            if not self._stuck.isdisjoint(self._dependents.needing(entry.destination_id)):
                self._stuck.add(entry.destination_id)
            self._keep([entry], why)
            self._keep(riders, "the record that holds it is kept")
            return
        if not self._looks_only:
            await self._journal.finish([Outcome(item.op_id, State.UNDONE) for item in (entry, *riders)])
        for item in (entry, *riders):
            self._note_outcome(item, "undone", "")

    async def _undone(self, entry: Entry) -> str:
        """Take it back, with what HighLevel did to its contact by itself; why it is kept, or ""."""
        try:
            why = await self._tried(entry)
        except NotFound:
            why = ""
        if not why and entry.target is Target.OPPORTUNITY and not self._looks_only:
            await self._owners.put_back(entry)
        return why

    async def _tried(self, entry: Entry) -> str:
        """HighLevel may have done what it answers 4xx to (BEHAVIOUR, GH#64), or lost the answer to: asking again finds nothing left
        to do then."""
        try:
            return await self._undo(entry)
        except (Refused, AnswerLost):
            return await self._undo(entry, again=True)

    def _keep(self, entries: Iterable[Entry], why: str) -> None:
        for entry in entries:
            self._stays(entry)
            self._result.kept.append((str(entry.target), entry.object, entry.source_id, entry.destination_id, why))
            self._log("keep", why, op_id=entry.op_id, object=entry.object, source_id=entry.source_id,
                      target=str(entry.target), destination_id=entry.destination_id)  # fmt: skip
            self._note_outcome(entry, "held" if self._waits(entry) else "kept", why)

    def _waits(self, entry: Entry) -> bool:
        """Whether it stays because another could not be taken back, and not because of what people did."""
        return entry.destination_id in self._stuck or self._carrier(entry) in self._stuck

    def _carrier(self, entry: Entry) -> str:
        return carrier(entry, self._doomed)

    def _log(self, action: str, why: str, **facts: str) -> None:
        if not self._looks_only:
            self._ledger.log(self._context.run, action, why, **facts)

    def _stays(self, entry: Entry) -> None:
        """What stays keeps alive what it was made with, and what people have made it use since."""
        self._dependents.stays(entry.target, entry.destination_id, entry.payload)
        if entry.destination_id in self._scan.uses:
            target, record = self._scan.uses[entry.destination_id]
            self._dependents.stays(target, entry.destination_id, record)

    def _note_outcome(self, entry: Entry, outcome: str, error: str) -> None:
        self._context.progress.advance()
        self._result.outcomes.append(
            (str(entry.target), entry.object, entry.source_id, entry.destination_id, action(entry), outcome, error)
        )

    async def _undo(self, entry: Entry, again: bool = False) -> str:
        match action(entry):
            case "remove tags":
                return await self._remove_tags(entry, look=again)
            case "unlink":
                return await self._unlink(entry)
            case "clear":
                return await self._clear_file(entry)
            case "restore":
                return await self._restore(entry)
            case "keep":
                return OBJECT_STAYS
            case undo_plan.TOGETHER:
                return MESSAGE_STAYS
        return await self._delete(entry)

    async def _remove_tags(self, entry: Entry, look: bool) -> str:
        port: Any = self._ports[Target.CONTACT_TAGS]
        contact = entry.destination_id
        missing, extra = self._superseded.tags(entry)
        if look:
            there = {fold(tag) for tag in (await port.get(self._client, contact))["tags"]}
            missing = [tag for tag in missing if fold(tag) not in there]
            extra = [tag for tag in extra if fold(tag) in there]
        if self._looks_only:
            return ""
        if missing:
            await port.create(self._client, {"$url": {"contactId": contact}, "tags": missing})
        await port.delete(self._client, contact, tags=extra)
        self._proof.expect(entry, tag_checks(missing, extra))
        return ""

    async def _unlink(self, entry: Entry) -> str:
        if self._superseded.link(entry):
            return ""
        contact, ours = str(entry.payload["contactId"]), entry.payload["businessId"]
        before = (entry.before_image or {}).get("businessId")
        held = await self._now(Target.CONTACT, contact)
        now = held.get("businessId")
        if (now or None) != (ours or None) and not (self._force and now):
            return "" if (now or None) == (before or None) else "linked to another business since"
        if before and not self._looks_only:
            await contact_records.link(self._client, str(before), [contact])
        elif now == ours and not self._looks_only:
            await contact_records.unlink(self._client, [contact])
        if before != ours:
            self._proof.expect(entry, {BUSINESS: is_not(BUSINESS, ours)})
        if entry.before_image is not None:
            await self._company_names.put_back(entry, held)
            names = {name: entry.before_image.get(name) for name in (BUSINESS, COMPANY)}
            self._foresee(Target.CONTACT, contact, {**held, **names})
        return ""

    async def _clear_file(self, entry: Entry) -> str:
        where = entry.payload.get("$url") or {}
        contact, field_id = str(where["contactId"]), str(where["fieldId"])
        held = flatten_record(await self._ports[Target.CONTACT].get(self._client, contact)).get(f"{CUSTOM}{field_id}")
        if not held:
            return ""
        if not self._force and not self._left.only_our_files(contact, field_id, held):
            return "people have put files of their own into the field since"
        if self._looks_only:
            return ""
        self._proof.expect(entry, {f"the file field {field_id}": is_blank(f"{CUSTOM}{field_id}")})
        cleared = {"customFields": [{"id": field_id, "fieldValue": None}]}
        await self._ports[Target.CONTACT].update(self._client, contact, cleared)
        self._log("clear file field", "a contact that was there before", op_id=entry.op_id, destination_id=contact)
        return ""

    async def _restore(self, entry: Entry) -> str:
        if entry.before_image is None:
            return ""
        where = address(entry.target, entry.payload)
        now = await self._now(entry.target, entry.destination_id, where)
        found = restoration(
            self._left.with_synced_owner(entry, now),
            entry.before_image,
            now,
            force=self._force,
            region=self._context.region,
            but=self._superseded.fields(entry),
        )
        if found.put and not self._looks_only:
            await self._restorer.put_back(entry, found, now)
            self._proof.expect(entry, restored(found.names, entry.before_image))
        for name in found.names:
            now = with_value(name, entry.before_image, now)
        self._foresee(entry.target, entry.destination_id, now)
        return f"changed since by a person: {', '.join(found.kept)}" if found.kept else ""

    async def _now(self, target: Target, record: str, where: Mapping[str, str] = NOWHERE) -> Mapping[str, Any]:
        """A record as it is; of one that only looks, as what would be taken back before leaves it."""
        held = self._foreseen.get((target, record))
        return held if held is not None else await self._ports[target].get(self._client, record, **where)

    def _foresee(self, target: Target, record: str, held: Mapping[str, Any]) -> None:
        if self._looks_only:
            self._foreseen[target, record] = held

    async def _delete(self, entry: Entry) -> str:
        record = entry.destination_id
        if why := self._scan.why(entry.target, record, force=self._force) or self._dependents.why(record):
            return why
        where = address(entry.target, entry.payload)
        judged = entry.target in RECORD_TARGETS and not self._force
        doubtful = judged and (record in self._scan.suspects or record not in self._scan.seen)
        if doubtful and (changed := await self._edits.of(entry, where)):
            return f"edited since by a person, or never kept as sent: {', '.join(changed[:8])}"
        if not self._looks_only:
            await self._ports[entry.target].delete(self._client, record, **where)
        return ""


def _message(error: Exception) -> str:
    """An error in words; one that nobody foresaw by its kind, without the data that may stand in its text."""
    return error.message if isinstance(error, Pb2hlError) else f"it cannot be judged ({type(error).__name__})"


def _chains(entries: Iterable[Entry]) -> list[list[Entry]]:
    """Entries by the record they are about."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.destination_id, []).append(entry)
    return list(found.values())


def undo(plan: UndoPlan, context: RunContext, *, force: bool = False) -> Rollback:
    """`Undo.run` for callers outside an event loop (or inside a notebook's)."""
    return highlevel_run(Undo(context, force=force).run(plan))


__all__ = [
    "KEPT_COLUMNS",
    "OUTCOME_COLUMNS",
    "PLAN_COLUMNS",
    "Rollback",
    "Undo",
    "UndoPlan",
    "plan_undo",
    "undo",
]
