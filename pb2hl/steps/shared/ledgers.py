"""A ledger made anew from the markers in the location, or moved into another database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path

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
from pb2hl.ledger.transfer import transfer
from pb2hl.operations import Kind, Operation, Target, references
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.steps.shared.session import with_client
from pb2hl.steps.shared.writing import diary_of, found_by_plan
from pb2hl.whole import write_text
from pb2hl.workspace import CONFIG_NAME, Workspace

STEP = "rebuild"
CHUNK = 500
SETTLED = (State.DONE, State.SKIPPED)


def rebuild(ws: Workspace, *, who: str, progress: Progress = SILENT, cancel: Cancel | None = None) -> dict[str, int]:
    """Look up every planned operation that the ledger knows no outcome of by its marker; what is found counts as done.

    Nothing is written to the location. Counts of found, absent and unclear ones, and of the newest records that no plan of this
    workspace holds (`unknown`), as those of a delta that another copy brought over: it stays refused then. Raises ConfigError without a name or a plan,
    TokenMissing, HighLevelError, Cancelled.
    """
    if not who.strip():
        raise ConfigError("a ledger made anew needs a name to put on record", hint='--by "Jane Roe"')
    folders = [
        folder
        for folder in (ws.plan / "schema", ws.plan / "data", ws.path / "delta" / "plan" / "data")
        if folder.exists()
    ]
    if not folders:
        raise ConfigError("there is no plan to look for", hint=f"pb2hl schema {ws.path}")
    found: Counter[str] = Counter()
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        run = ledger.start_run(STEP, {"who": who})
        total = sum(1 for _ in chain.from_iterable(map(plan.read, folders)))
        progress.start("looking for what the location holds of this migration", total, "operations")

        async def work(client: Client) -> None:
            context = RunContext(ledger, client, run, ws.config.country, progress, cancel or Cancel())
            for folder in folders:
                for _, same in _by_target(plan.read(folder)):
                    for chunk in batched(same, CHUNK):
                        found.update(await _look_for(context, chunk))
                        progress.advance(len(chunk))
            left = await unplanned(context, lambda: found_by_plan(ws), diary_of(ws, ledger))
            found["unknown"] = sum(map(len, left.values()))
            if not left:
                await adopt(client, ledger)

        with_client(ws, ledger, STEP, work, progress)
        ledger.end_run(run, "done", dict(found))
        progress.finish()
    return dict(found)


def _by_target(operations: Iterable[Operation]) -> Iterator[tuple[Target, list[Operation]]]:
    """Operations by target, in the order in which they are made."""
    groups: dict[Target, list[Operation]] = {}
    for op in operations:
        groups.setdefault(op.target, []).append(op)
    yield from ((target, groups[target]) for target in Target if target in groups)


async def _look_for(context: RunContext, operations: Sequence[Operation]) -> Counter[str]:
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
                (undone if once else intents).append(Intent(op, fill_references(op.payload, lookup)))
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


def move(ws: Workspace, to: str, *, who: str) -> int:
    """Move the ledger to `to`: a PostgreSQL URL, or `sqlite` for a file in the workspace; how many operations went along.

    migration.toml names the new one afterwards; the old one stays as it is. Raises ConfigError.
    """
    if not who.strip():
        raise ConfigError("moving the ledger needs a name to put on record", hint='--by "Jane Roe"')
    url = "" if to == "sqlite" else to
    if url == ws.config.ledger_url:
        raise ConfigError(f"the ledger is there already: {to}", hint="postgresql://user@host/database, or sqlite")
    with ws.lock("ledger"), Ledger.open(ws) as old:
        old.log("", "move ledger", f"to {'PostgreSQL' if url else 'SQLite'}, by {who}")
        _set_url(ws, url)
        try:
            with Ledger.open(Workspace(ws.path)) as new:
                return transfer(old, new)
        except BaseException:
            _set_url(ws, ws.config.ledger_url)
            raise


def _set_url(ws: Workspace, url: str) -> None:
    """Write `ledger_url` into migration.toml, whole or not at all."""
    path: Path = ws.path / CONFIG_NAME
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("ledger_url")]
    at = next((number for number, line in enumerate(lines) if line.startswith("[")), len(lines))
    lines.insert(at, f'ledger_url = "{url}"')
    write_text(path, "\n".join(lines) + "\n")
