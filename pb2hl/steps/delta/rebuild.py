"""A ledger made anew from the markers in the location: every plan that this workspace may have sent is looked for there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from pathlib import Path
from typing import Any

from pb2hl import plan
from pb2hl.apply.batches import batched
from pb2hl.apply.context import RunContext
from pb2hl.apply.freshness import unplanned
from pb2hl.apply.lookup import find, settle_unfinished
from pb2hl.apply.references import UnresolvedReference, fill_references
from pb2hl.apply.seal import adopt
from pb2hl.apply.send import Sender
from pb2hl.errors import ConfigError, NotFound
from pb2hl.highlevel import PORTS, Client
from pb2hl.ledger import Intent, Ledger, Outcome, State
from pb2hl.operations import Kind, Operation, Target, references
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.steps.delta.moved_records import host_of
from pb2hl.steps.load import growth
from pb2hl.steps.shared import in_hand
from pb2hl.steps.shared.readback import read_records
from pb2hl.steps.shared.session import with_client
from pb2hl.steps.shared.writing import diary_of, end_of, found_by_plan
from pb2hl.workspace import Workspace

STEP = "rebuild"
CHUNK = 500
SETTLED = (State.DONE, State.SKIPPED)


@dataclass(frozen=True)
class _Lot:
    """Operations in a folder that were sent, or were about to be; as in `in_hand.InHand`."""

    folder: Path
    before: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    again: frozenset[str] = frozenset()
    grows: bool = False


def _lots(ws: Workspace) -> list[_Lot]:
    """Every plan that this workspace may have sent, in the order of sending."""
    lots = [_Lot(folder) for folder in (ws.plan / "schema", ws.plan / "data") if folder.exists()]
    for one in in_hand.kept(ws):
        lots += [_Lot(one.schema, grows=True), _Lot(one.data, one.before(), one.again())]
    return lots


def rebuild(ws: Workspace, *, who: str, progress: Progress = SILENT, cancel: Cancel | None = None) -> dict[str, int]:
    """Look up every planned operation that the ledger knows no outcome of by its marker; what is found counts as done.

    Nothing is written to the location. Counts of found, absent and unclear ones, and of the newest records that no plan of this
    workspace holds (`unknown`), as those of a delta that another copy brought over: it stays refused then. Raises ConfigError without a name or a plan,
    TokenMissing, HighLevelError, Cancelled.
    """
    if not who.strip():
        raise ConfigError("a ledger made anew needs a name to put on record", hint='--by "Jane Roe"')
    lots = _lots(ws)
    if not lots:
        raise ConfigError("there is no plan to look for", hint=f"pb2hl schema {ws.path}")
    found: Counter[str] = Counter()
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        run = ledger.start_run(STEP, {"who": who})
        total = sum(1 for _ in chain.from_iterable(plan.read(lot.folder) for lot in lots))
        progress.start("looking for what the location holds of this migration", total, "operations")

        async def work(client: Client) -> None:
            context = RunContext(ledger, client, run, ws.config.country, progress, cancel or Cancel())
            for lot in lots:
                await _look_through(context, lot, found)
            left = await unplanned(context, lambda: found_by_plan(ws), diary_of(ws, ledger))
            found["unknown"] = sum(map(len, left.values()))
            if not left:
                await adopt(client, ledger)

        with_client(ws, ledger, STEP, work, progress, cancel)
        if not found["unknown"]:
            end = end_of(ws)
            end.note(ledger)
            end.close()
        ledger.end_run(run, "done", dict(found))
        progress.finish()
    return dict(found)


async def _look_through(context: RunContext, lot: _Lot, found: Counter[str]) -> None:
    """Look for one lot, target by target, in the order in which they are made."""
    for _, same in groupby(plan.read(lot.folder), key=lambda op: op.target):
        for chunk in batched(same, CHUNK):
            await _let_go(context, [op for op in chunk if op.op_id in lot.again])
            found.update(await _look_for(context, chunk, lot.before))
            context.progress.advance(len(chunk))
    if lot.grows and (grown := growth.grown_unknown(context.ledger, plan.read(lot.folder))):
        await growth.adopt(context, grown)


async def _let_go(context: RunContext, operations: Sequence[Operation]) -> None:
    """What was to be made again and is not any more where the ledger has it: planned, to be looked for as the lot has it."""
    ledger = context.ledger
    planned = {op.op_id: op for op in operations}
    held = [entry for entry in ledger.entries(planned).values() if entry.state is State.DONE]
    records = await read_records(context.client, held)
    gone = []
    for entry in held:
        record = records[entry.op_id]
        if record is None or host_of(record) != host_of(entry.payload):
            gone.append(Outcome(entry.op_id, State.PLANNED, error="it was taken away, to be made again"))
    ledger.finish(context.run, gone)


async def _look_for(
    context: RunContext, operations: Sequence[Operation], before: Mapping[str, Mapping[str, Any]]
) -> Counter[str]:
    """Intents first, as if they had been about to be sent; then they are settled as those of a killed command are."""
    ledger = context.ledger
    known = ledger.entries(op.op_id for op in operations)
    intents: list[Intent] = []
    skips: list[Outcome] = []
    undone: list[Intent] = []
    for op in operations:
        entry = known.get(op.op_id)
        if entry is not None and entry.state in SETTLED:
            continue
        lookup = ledger.entries(references(op.payload)).get
        try:
            if op.kind is Kind.SKIP:
                skips.append(Outcome(op.op_id, State.SKIPPED, op.existing_id, error=op.reason, operation=op))
            else:
                once = entry is not None and entry.state is State.UNDONE
                (undone if once else intents).append(
                    Intent(op, fill_references(op.payload, lookup), before.get(op.op_id))
                )
        except UnresolvedReference:
            continue  # what it refers to is not there, so neither is it
    again = await asyncio.gather(*(_made_again(context, intent) for intent in undone))
    intents += [intent for intent, there in zip(undone, again, strict=True) if there]
    ledger.record(context.run, intents, skips)
    unclear = await settle_unfinished(context)
    now = ledger.entries(intent.operation.op_id for intent in intents)
    done = sum(entry.state is State.DONE for entry in now.values())
    return Counter(found=done, absent=len(intents) - done - unclear, unclear=unclear)


async def _made_again(context: RunContext, intent: Intent) -> bool:
    """Whether what this ledger took back is there all the same, since another one made it anew; what is not stays taken back."""
    op = replace(intent.operation, payload=intent.payload)
    if op.kind is Kind.UPDATE and op.target is not Target.CONTACT_TAGS:
        return False
    with suppress(NotFound):
        return await find(Sender(context.client, PORTS), op) is not None
    return False
