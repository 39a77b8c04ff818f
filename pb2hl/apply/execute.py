"""Carry out operations: intents before, outcomes after, each record once.

What a person must be able to rely on is here and in `send`: nothing leaves before its intent is durable; an intent
without an outcome is looked up before anything is sent again; what depends on a refused operation is held and said so.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from pb2hl.apply.batches import batched
from pb2hl.apply.breaker import Breaker
from pb2hl.apply.context import RunContext
from pb2hl.apply.host_owner import HostOwners
from pb2hl.apply.journal import Journal
from pb2hl.apply.lookup import doubt_of, look_up
from pb2hl.apply.references import UnresolvedReference, check, fill_references
from pb2hl.apply.send import Doubt, Sender, refused, repeatable, without_held_optouts
from pb2hl.errors import NotFound, Pb2hlError, Refused
from pb2hl.highlevel import PORTS
from pb2hl.highlevel import run as highlevel_run
from pb2hl.highlevel.records.contacts import LINKED_AT_ONCE
from pb2hl.ledger import Entry, Intent, Outcome, State
from pb2hl.operations import Kind, Operation, Target, optional_references, references

CHUNK = 2_000
"""Operations looked up in the ledger at a time: bounds memory whatever the size of the plan."""

CONCURRENCY = 32
"""Requests on their way at once. 100 requests in 10 s at 300 ms need 3; a server without a limit is driven at full speed."""

FINAL = (State.DONE, State.SKIPPED)


@dataclass
class Execution:
    """What one execution did. `sent` counts operations whose request left in this run; `already` those done before; `in_doubt` those that are so at its end."""

    counts: Counter[tuple[Target, State]] = field(default_factory=Counter)
    sent: int = 0
    already: int = 0
    held: int = 0
    refused: int = 0
    in_doubt: int = 0

    def count(self, target: Target, state: State) -> None:
        """One operation on `target` ended in `state`."""
        self.counts[target, state] += 1
        self.refused += state is State.REFUSED
        self.held += state is State.PLANNED


class Apply:
    """One execution of a plan's operations; refuses to be run twice."""

    def __init__(
        self, context: RunContext, *, ports: Mapping[Target, Any] | None = None, concurrency: int = CONCURRENCY
    ):
        self._ledger = context.ledger
        self._run = context.run
        self._sender = Sender(context.client, PORTS if ports is None else ports)
        self._hosts = HostOwners(context.ledger, context.client, self._sender.ports[Target.CONTACT])
        self._progress = context.progress
        self._cancel = context.cancel
        self._slots = concurrency
        self._breaker = Breaker()
        self._doubts: list[Doubt] = []
        self._waiting: list[Operation] = []
        self._result = Execution()
        self._stop: BaseException | None = None
        self._used = False

    async def run(self, operations: Iterable[Operation]) -> Execution:
        """Carry `operations` out, in the order of their targets (a sequence is sorted, an iterator must come sorted).

        Raises TokenRefused, ScopeMissing, TooManyErrors, Unreachable or Cancelled; what was done until then is recorded.
        """
        if self._used:
            raise Pb2hlError("This execution was already carried out", hint="make a new Apply; it skips what is done")
        self._used = True
        self._journal = Journal(self._ledger, self._run)
        self._limit = asyncio.Semaphore(self._slots)
        try:
            for _, group in groupby(in_order(operations), key=lambda op: op.target):
                await self._phase(group)
            await self._rest()
        finally:
            await self._journal.close()
            self._progress.finish()
        return self._result

    async def _phase(self, operations: Iterator[Operation]) -> None:
        for chunk in batched(operations, CHUNK):
            await self._chunk(chunk)
        await self._settle_doubts()

    async def _rest(self) -> None:
        """What waited for a later target, until nothing moves any more; the remainder is held, and says by what."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            for chunk in batched(waiting, CHUNK):
                await self._chunk(chunk)
            await self._settle_doubts()
            if len(self._waiting) == len(waiting):
                break
        for chunk in batched(self._waiting, CHUNK):
            await self._journal.finish([self._held(op, self._why(op)) for op in chunk])

    async def _chunk(self, operations: Sequence[Operation], resend: bool = False) -> None:
        known = self._ledger.entries(op.op_id for op in operations)
        fresh = [op for op in operations if resend or self._is_fresh(op, known.get(op.op_id))]
        needed = {ref for op in fresh for ref in (*references(op.payload), *op.depends_on)}
        lookup = self._ledger.entries(needed).get
        ready, finished = [], []
        for op in fresh:
            try:
                check(op.depends_on, lookup, optional_references(op.payload))
                if op.kind is Kind.SKIP:
                    finished.append(Outcome(op.op_id, State.SKIPPED, op.existing_id, error=op.reason, operation=op))
                else:
                    ready.append((op, fill_references(op.payload, lookup)))
            except UnresolvedReference as missing:
                if missing.final:
                    finished.append(self._held(op, missing.why))
                else:
                    self._waiting.append(op)
        if finished:
            await self._journal.finish(finished)
            self._count(finished, {op.op_id: op for op in fresh})
        await self._all(ready, lookup)

    def _is_fresh(self, op: Operation, entry: Entry | None) -> bool:
        """Whether the operation is to be sent; what is in doubt goes to be looked up, what is done is counted."""
        if entry is None or entry.state in (State.PLANNED, State.UNDONE) or left_out(op, entry):
            return True
        if entry.state in (State.INTENDED, State.IN_DOUBT):
            if repeatable(op):
                return True
            self._doubts.append(doubt_of(op, entry))
            return False
        if entry.state is State.REFUSED and entry.payload_hash != op.payload_hash:
            return True
        if entry.state is not State.REFUSED:  # what was refused and is as it was is not sent again, and not settled
            self._result.already += 1
        self._progress.advance()
        return False

    async def _all(self, ready: list[tuple[Operation, Any]], lookup: Any) -> None:
        tasks = [asyncio.create_task(self._unit(unit, lookup)) for unit in _units(ready)]
        try:
            await asyncio.gather(*tasks)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
        if self._stop is not None:
            raise self._stop

    async def _unit(self, unit: list[tuple[Operation, Any]], lookup: Any) -> None:
        async with self._limit:
            if self._stop is not None:
                return
            try:
                self._cancel.check()
                await self._carry_out(unit, lookup)
            except Exception as error:
                self._stop = self._stop or error

    async def _carry_out(self, unit: list[tuple[Operation, Any]], lookup: Any) -> None:
        intents = []
        for op, payload in unit:
            op = _about_existing(op, lookup)
            try:
                before = await self._hosts.beside(op, payload, await self._sender.before_image(op))
                if rest := without_held_optouts(op, payload, self._first_image(op) or before):
                    intents.append(Intent(op, rest, before))
                else:
                    await self._record([Outcome(op.op_id, State.DONE, op.existing_id, operation=op)], {op.op_id: op})
            except (NotFound, Refused) as error:
                await self._record([replace(refused(op, error), operation=op)], {op.op_id: op})
        if not intents:
            return
        await self._journal.intend(intents)
        self._result.sent += len(intents)
        if intents[0].operation.target is Target.LINK:
            results = await self._sender.link(intents)
        else:
            results = [await self._sender.send(intents[0])]
        await self._record(results, {intent.operation.op_id: intent.operation for intent in intents})

    def _first_image(self, op: Operation) -> Mapping[str, Any] | None:
        """The record as it was before an earlier attempt of the same update, which may have written it already."""
        entry = self._ledger.operation(op.op_id) if "dndSettings" in op.payload else None
        return None if entry is None or entry.state is State.UNDONE else entry.before_image

    async def _record(self, results: list[Outcome | Doubt], operations: Mapping[str, Operation]) -> None:
        outcomes = []
        for result in results:
            if isinstance(result, Doubt):
                self._doubts.append(result)
                outcomes.append(Outcome(result.intent.operation.op_id, State.IN_DOUBT, error=result.why))
            else:
                outcomes.append(result)
        await self._journal.finish(outcomes)
        self._count(outcomes, operations)
        for outcome in outcomes:
            if outcome.op_id in self._sender.no_fault:
                continue
            if outcome.state in (State.REFUSED, State.IN_DOUBT):
                self._breaker.error(outcome.error)
            else:
                self._breaker.ok()

    async def _settle_doubts(self) -> None:
        """Look up what is in doubt; what is surely not there is sent (again); what cannot be told stays in doubt."""
        for _ in range(SETTLE_ROUNDS):
            doubts, self._doubts = self._doubts, []
            if not doubts:
                return
            self._progress.note(f"looking up {len(doubts)} requests without an answer")
            outcomes, again, unclear = await look_up(doubts, self._sender, self._cancel)
            if outcomes:
                await self._journal.finish(outcomes)
                self._count(outcomes, {doubt.intent.operation.op_id: doubt.intent.operation for doubt in doubts})
            if unclear:
                await self._journal.finish(unclear)
                self._result.in_doubt += len(unclear)
            await self._resend(again)
        self._result.in_doubt += len(self._doubts)
        self._doubts = []

    async def _resend(self, doubts: list[Doubt]) -> None:
        await self._all([(doubt.intent.operation, doubt.intent.payload) for doubt in doubts], lambda _: None)

    def _held(self, op: Operation, why: str) -> Outcome:
        self._result.count(op.target, State.PLANNED)
        self._progress.advance()
        return Outcome(op.op_id, State.PLANNED, error=f"blocked by {why}", operation=op)

    def _why(self, op: Operation) -> str:
        lookup = self._ledger.entries((*references(op.payload), *op.depends_on)).get
        try:
            check((*op.depends_on, *references(op.payload)), lookup)
        except UnresolvedReference as missing:
            return missing.why
        return "nothing that could be named"

    def _count(self, outcomes: list[Outcome], operations: Mapping[str, Operation]) -> None:
        for outcome in outcomes:
            if outcome.state in (*FINAL, State.REFUSED):
                self._result.count(operations[outcome.op_id].target, outcome.state)
                self._progress.advance()


def left_out(op: Operation, entry: Entry) -> bool:
    """Whether an earlier plan left out what this one makes: a file that was too big, a second open deal."""
    return entry.state is State.SKIPPED and not entry.destination_id and op.kind is not Kind.SKIP


SETTLE_ROUNDS = 6
"""Times a lost answer is looked up and sent again: at 10 % faults one in a million needs more."""


def execute(operations: Iterable[Operation], context: RunContext) -> Execution:
    """`Apply.run` for callers outside an event loop (or inside a notebook's); see there for order and errors."""
    return highlevel_run(Apply(context).run(operations))


def in_order(operations: Iterable[Operation]) -> Iterable[Operation]:
    """A sequence sorted by target; an iterator as it comes."""
    order = {target: number for number, target in enumerate(Target)}
    return sorted(operations, key=lambda op: order[op.target]) if isinstance(operations, Sequence) else operations


def _about_existing(op: Operation, lookup: Any) -> Operation:
    """A link or file for a contact that was there before names it, so that what it replaces is kept."""
    if op.target not in (Target.LINK, Target.FILE) or op.existing_id:
        return op
    for ref in references(op.payload):
        entry = lookup(ref)
        if entry is not None and entry.target is Target.CONTACT and entry.kind is not Kind.CREATE:
            return replace(op, existing_id=entry.destination_id)
    return op


def _units(ready: list[tuple[Operation, Any]]) -> Iterator[list[tuple[Operation, Any]]]:
    """Single operations, and links of one business by fifty."""
    links: dict[str, list[tuple[Operation, Any]]] = {}
    for op, payload in ready:
        if op.target is not Target.LINK:
            yield [(op, payload)]
            continue
        group = links.setdefault(payload["businessId"], [])
        group.append((op, payload))
    for group in links.values():
        for start in range(0, len(group), LINKED_AT_ONCE):
            yield group[start : start + LINKED_AT_ONCE]
