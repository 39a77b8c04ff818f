"""A ledger made anew from the markers in the location, or moved into another database."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from pb2hl import plan
from pb2hl.apply.batches import batched
from pb2hl.apply.context import RunContext
from pb2hl.apply.lookup import settle_unfinished
from pb2hl.apply.references import UnresolvedReference, fill_references
from pb2hl.errors import ConfigError
from pb2hl.highlevel import Client
from pb2hl.ledger import Intent, Ledger, Outcome, State
from pb2hl.ledger.transfer import transfer
from pb2hl.operations import Kind, Operation, Target, references
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.steps.shared.session import with_client
from pb2hl.workspace import CONFIG_NAME, Workspace

STEP = "rebuild"
CHUNK = 500
SETTLED = (State.DONE, State.SKIPPED, State.UNDONE)


def rebuild(ws: Workspace, *, who: str, progress: Progress = SILENT, cancel: Cancel | None = None) -> dict[str, int]:
    """Look up every planned operation that the ledger knows no outcome of by its marker; what is found counts as done.

    Nothing is written to the location. Counts of found, absent and unclear ones. Raises ConfigError without a name or a plan,
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
    intents, skips = [], []
    for op in operations:
        entry = known.get(op.op_id)
        if entry is not None and entry.state in SETTLED:
            continue
        lookup = ledger.entries(references(op.payload)).get
        try:
            if op.kind is Kind.SKIP:
                skips.append(Outcome(op.op_id, State.SKIPPED, op.existing_id, error=op.reason, operation=op))
            else:
                intents.append(Intent(op, fill_references(op.payload, lookup)))
        except UnresolvedReference:
            continue  # what it refers to is not there, so neither is it
    ledger.record(context.run, intents, skips)
    unclear = await settle_unfinished(context)
    now = ledger.entries(intent.operation.op_id for intent in intents)
    done = sum(entry.state is State.DONE for entry in now.values())
    return Counter(found=done, absent=len(intents) - done - unclear, unclear=unclear)


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
    temporary = path.with_suffix(".tmp")
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(temporary, path)
