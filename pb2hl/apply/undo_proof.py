"""Whether the location really is as a rollback says: an answer of success proves nothing.

What was deleted is looked for in the lists, and what a list still shows is read by id, since lists lag. Records that were there before
are read once more. What is not as it should be counts as done again in the ledger, so that the next rollback takes it back. A
rollback that was killed before it could look leaves its run in a fact, and the next one looks first.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any

from pb2hl.apply.context import RunContext
from pb2hl.apply.location_scan import appointment_spans, diaries
from pb2hl.apply.restore import unlike
from pb2hl.apply.schema_edits import JUDGED
from pb2hl.apply.undo_plan import action, action_on, carrier
from pb2hl.diff import flatten_record
from pb2hl.diff.table import stored_value
from pb2hl.errors import HighLevelError, NotFound, RateLimited, TokenRefused
from pb2hl.highlevel.records.base import id_of
from pb2hl.ledger import Entry, LedgerPort, Outcome, State
from pb2hl.operations import RECORD_TARGETS, Kind, Target, address
from pb2hl.values.fold import fold

UNPROVEN = "rollbacks not looked after"
"""The fact that holds the runs of rollbacks whose outcome was not looked at yet."""

LISTED = frozenset({*RECORD_TARGETS, *JUDGED, Target.MEDIA, Target.FOLDER}) - {Target.MESSAGE}
"""Kinds that have a list in which what was deleted can be looked for."""

ONLY_LISTED = frozenset({Target.MEDIA})
"""Kinds that nothing but their list shows."""

LOOK_EVERY_S = 3.0
STAYS = "HighLevel answered that it was deleted, and it is still there"
NOT_BACK = "HighLevel answered that it was put back, and the record does not show it: {}"
UNSEEN = "whether it was taken back could not be seen: {}"

GONE = "gone"
AT_ONCE = 16
Check = Callable[[Mapping[str, Any]], bool]


class UndoProof:
    """Collects what a rollback put back, and looks at its end. `untrue()` gives what is not so, by entry."""

    def __init__(self, context: RunContext, ports: Mapping[Target, Any]):
        self._ledger, self._client, self._ports = context.ledger, context.client, ports
        self._run, self._progress = context.run, context.progress
        self._expected: dict[tuple[Target, str], dict[str, tuple[Entry, Check]]] = defaultdict(dict)
        self._seen: frozenset[Target] = frozenset()
        self._limit = asyncio.Semaphore(AT_ONCE)

    def begin(self) -> None:
        """Put on record that this run's outcome has not been looked at."""
        self._ledger.remember(UNPROVEN, sorted({*unproven(self._ledger), self._run}))

    def expect(self, entry: Entry, checks: Mapping[str, Check]) -> None:
        """The record that was there before and that `entry` wrote to (`place_of`) must pass `checks` (by what each is about) in the
        end; what is taken back later, and is older, has the last word."""
        if place := place_of(entry):
            self._expected[place] |= {name: (entry, check) for name, check in checks.items()}

    async def of_records(self) -> list[tuple[Entry, str]]:
        """What is not so of records, asked before what they need (fields, tags, pipelines, calendars) goes."""
        return await self._untrue(frozenset(RECORD_TARGETS))

    async def untrue(self) -> list[tuple[Entry, str]]:
        """What is not as the rollback says, with the reason, less what `of_records` gave; those entries count as done again."""
        pairs = await self._untrue(LISTED)
        self._ledger.remember(UNPROVEN, [])
        return pairs

    async def _untrue(self, kinds: frozenset[Target]) -> list[tuple[Entry, str]]:
        found = await self._still_there(kinds - self._seen) | await self._not_back()
        self._seen |= kinds
        self._expected.clear()
        found |= self._with_riders(found)
        pairs = sorted(found.values(), key=lambda pair: pair[0].sequence)
        self._ledger.finish(
            self._run, [Outcome(entry.op_id, State.DONE, error=f"taken back, but: {why}") for entry, why in pairs]
        )
        return pairs

    def _with_riders(self, found: Mapping[str, tuple[Entry, str]]) -> dict[str, tuple[Entry, str]]:
        """What counted as undone together with a record that is still there: what we linked, tagged, wrote and uploaded to it."""
        why = {entry.destination_id: why for entry, why in found.values() if action(entry) == "delete"}
        if not why:
            return {}
        runs = unproven(self._ledger)
        files = self._ledger.iterate(state=State.UNDONE, target=Target.FILE)
        riders = [*self._ledger.by_destination(why), *(entry for entry in files if carrier(entry, why))]
        return {
            entry.op_id: (entry, why.get(entry.destination_id) or why[carrier(entry, why)])
            for entry in riders
            if entry.op_id not in found and entry.state is State.UNDONE and entry.undone_by in runs
        }

    async def _still_there(self, kinds: frozenset[Target]) -> dict[str, tuple[Entry, str]]:
        since = self._client.clock.monotonic()
        shown: list[str] = []
        left: dict[str, tuple[Entry, str]] = {}
        for target, gone in self._gone(kinds).items():
            self._progress.note(f"looking whether every {target} is gone")
            if target in ONLY_LISTED:
                left |= await self._listed_still(target, gone, since)
            else:
                shown += await self._shown(target, gone)
        read = await self._read(self._ledger.entries(shown).values())
        if any(why == STAYS for _, why in read.values()):  # reads by id are immediate, as far as anybody knows
            await self._client.wait_out_lag(since)
            read = await self._read(entry for entry, _ in read.values())
        return left | read

    async def _shown(self, target: Target, gone: Mapping[str, str]) -> list[str]:
        """The op ids of those of `gone` that the lists of their kind show."""
        return [gone[record] async for ids in self._listed(target, gone) for record in ids if record in gone]

    async def _listed_still(
        self, target: Target, gone: Mapping[str, str], since: float
    ) -> dict[str, tuple[Entry, str]]:
        """Those of `gone` that their list, which is all there is, shows when it must show what was done before `since`."""
        while shown := await self._shown(target, gone):
            wait_s = since + self._client.search_lag_s - self._client.clock.monotonic()
            if wait_s <= 0:
                break
            await self._client.pause(
                f"waiting until HighLevel's list shows that every {target} is gone", min(wait_s, LOOK_EVERY_S)
            )
        return {entry.op_id: (entry, STAYS) for entry in self._ledger.entries(shown).values()}

    def _gone(self, kinds: frozenset[Target]) -> dict[Target, dict[str, str]]:
        """By kind: what was deleted and not looked for yet, record id → op id."""
        runs = set(unproven(self._ledger))
        found: dict[Target, dict[str, str]] = defaultdict(dict)
        names = ("op_id", "target", "kind", "destination_id", "undone_by")
        for op_id, target, kind, record, run in self._ledger.columns(names, state=State.UNDONE):
            if run in runs and listed_in(Target(target), Kind(kind)) in kinds:
                found[Target(target)][record] = op_id
        return {target: found[target] for target in sorted(found)}

    async def _listed(self, target: Target, gone: Mapping[str, str]) -> AsyncIterator[Iterable[str]]:
        """Ids that the lists of a kind show, page by page."""
        if target is Target.APPOINTMENT:
            runs = self._ledger.runs()
            undone = self._ledger.iterate(state=State.UNDONE, target=target)
            entries = (entry for entry in undone if gone.get(entry.destination_id) == entry.op_id)
            spans = appointment_spans(entries, runs[0].started_at if runs else "", self._client.clock.now())
            pages = diaries(self._client, self._ports, spans)
        else:
            pages = self._ports[target].pages(self._client, contactIds=())
        try:
            async for page in pages:
                yield map(id_of, page)
        except NotFound:  # a location without this list: each is read
            yield list(gone)

    async def _read(self, entries: Iterable[Entry]) -> dict[str, tuple[Entry, str]]:
        """Of records that lists show, those that are there."""

        async def look(entry: Entry) -> tuple[Entry, str]:
            _, why = await self._record(entry.target, entry.destination_id, address(entry.target, entry.payload))
            return entry, why or STAYS

        found = await asyncio.gather(*map(look, entries))
        return {entry.op_id: (entry, why) for entry, why in found if why != GONE}

    async def _not_back(self) -> dict[str, tuple[Entry, str]]:
        """Records that were there before, and do not hold what was put back."""
        found: dict[str, tuple[Entry, str]] = {}
        for part in await asyncio.gather(*(self._unlike(*key) for key in self._expected)):
            found |= part
        undone = self._ledger.entries(found)
        return {op_id: pair for op_id, pair in found.items() if undone[op_id].state is State.UNDONE}

    async def _unlike(self, target: Target, record_id: str) -> dict[str, tuple[Entry, str]]:
        checks = self._expected[target, record_id]
        entries = {entry.op_id: entry for entry, _ in checks.values()}
        first = next(iter(entries.values()))
        record, why = await self._record(
            target, record_id, address(target, first.payload) if first.target is target else {}
        )
        if why:
            return {} if why == GONE else {op_id: (entry, why) for op_id, entry in entries.items()}
        wrong: dict[str, list[str]] = defaultdict(list)
        for name, (entry, check) in checks.items():
            if not check(record):
                wrong[entry.op_id].append(name)
        return {op_id: (entries[op_id], NOT_BACK.format(", ".join(names))) for op_id, names in wrong.items()}

    async def _record(self, target: Target, record_id: str, where: Mapping[str, str]) -> tuple[Mapping[str, Any], str]:
        """(the record now, why it cannot be seen or "")."""
        async with self._limit:
            try:
                return await self._ports[target].get(self._client, record_id, **where), ""
            except NotFound:
                return {}, GONE
            except (TokenRefused, RateLimited):
                raise
            except HighLevelError as error:
                return {}, UNSEEN.format(error.message)


def tag_checks(there: Iterable[str], gone: Iterable[str]) -> dict[str, Check]:
    """That a contact has the tags `there` and none of `gone`."""
    return {f"the tag {tag}": _tagged(tag, True) for tag in there} | {
        f"the tag {tag}": _tagged(tag, False) for tag in gone
    }


def _tagged(tag: str, wanted: bool) -> Check:
    return lambda record: (fold(tag) in {fold(str(held)) for held in record.get("tags") or ()}) is wanted


def is_blank(name: str) -> Check:
    """That the field `name` (as `diff.flatten` names it) holds nothing."""
    return lambda record: stored_value(flatten_record(record), name) in (None, "", [], {})


def is_not(name: str, ours: Any) -> Check:
    """That the field `name` holds something else than what we wrote."""
    return lambda record: (record.get(name) or None) != (ours or None)


def restored(names: Iterable[str], before: Mapping[str, Any]) -> dict[str, Check]:
    """That the fields `names` are as in `before`."""
    return {name: partial(_as_before, name, before) for name in names}


def _as_before(name: str, before: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    return not unlike([name], before, record)


def unproven(ledger: LedgerPort) -> list[str]:
    """Runs of rollbacks whose outcome was not looked at yet."""
    return list(ledger.recall(UNPROVEN) or ())


def looked_at(entries: Iterable[Entry], doomed: Collection[str]) -> tuple[set[Target], set[tuple[Target, str]]]:
    """(kinds whose lists are read once more, records that were there before and are) after `entries` were taken back."""
    kinds: set[Target | None] = set()
    records: set[tuple[Target, str]] = set()
    for entry in entries:
        if action(entry) == "delete":
            kinds.add(listed_in(entry.target, entry.kind))
        elif not carrier(entry, doomed) and (place := place_of(entry)) is not None:
            records.add(place)
    return {target for target in kinds if target is not None}, records


def listed_in(target: Target, kind: Kind) -> Target | None:
    """The kind in whose list a record is looked for after it was deleted; None where nothing is deleted, or there is no list."""
    return target if target in LISTED and action_on(target, kind) == "delete" else None


def place_of(entry: Entry) -> tuple[Target, str] | None:
    """The record that was there before and that an entry wrote to; None where nothing of it is put back."""
    match action(entry):
        case "remove tags" | "unlink" | "clear":
            ids = {**entry.payload, **(entry.payload.get("$url") or {})}
            return Target.CONTACT, str(ids.get("contactId") or entry.destination_id)
        case "restore" if entry.before_image is not None:
            return entry.target, entry.destination_id
    return None
