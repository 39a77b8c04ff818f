"""Step 6: load a linked sample for real, read it back by id, and diff it field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from pb2hl import plan
from pb2hl.diff import Class, class_counts
from pb2hl.diff.owner_sync import WHY
from pb2hl.errors import Problem, Severity
from pb2hl.highlevel import Client
from pb2hl.ledger import Entry, Ledger, LedgerPort, State
from pb2hl.operations import RECORD_TARGETS, Operation, Target, canonical_hash
from pb2hl.plan.building.sampling import sample as choose
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.results import Status, StepResult
from pb2hl.sheets import table_rows
from pb2hl.steps.balance.balance import Balance, balance
from pb2hl.steps.balance.pieces import Seen
from pb2hl.steps.gates import gates
from pb2hl.steps.load.load import require_ready
from pb2hl.steps.load.side_by_side import diff_table
from pb2hl.steps.proposal import proposal, sent_under
from pb2hl.steps.shared import outcomes, requests
from pb2hl.steps.shared.additions import Additions
from pb2hl.steps.shared.owner_order import SWITCH, in_order
from pb2hl.steps.shared.readback import read_records
from pb2hl.steps.shared.session import with_client
from pb2hl.steps.shared.unwritten import unwritten
from pb2hl.steps.shared.writing import make_ready, writing
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

STEP = "sample"


def sample(ws: Workspace, *, size: int = 200, progress: Progress = SILENT, cancel: Cancel | None = None) -> StepResult:
    """Load about `size` linked records (100-500) that show every object, custom field, stage and owner.

    Raises GateClosed until mapping and schema are approved and in place, TokenMissing, HighLevelError, Cancelled.
    """
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        require_ready(ws, ledger)
        make_ready(ws, ledger, STEP, progress, cancel)
        progress.start("choosing the sample", 1, "samples")
        operations = plan.Operations.load(ws.plan / "data")
        chosen = choose(operations, size)
        taken = list(operations.pick(chosen))
        progress.advance()
        with writing(ws, ledger, STEP, progress, cancel) as session:
            sent_under.begin(ws, ledger, session.run)
            session.carry_out(in_order(ledger, ws.plan / "data", taken), len(taken))
        entries = ledger.entries(chosen)
        stored, seen = with_client(
            ws, ledger, STEP, lambda client: _read_back(client, ledger, entries, progress), progress, cancel
        )
        progress.start("comparing the sample", len(taken), "operations")
        asked = balance(ws, ledger, record_ids={op.op_id for op in taken}, seen=seen)
        result = _result(ledger, taken, entries, asked, (stored, diff_table(ws, ledger, taken, entries, stored)))
        result = replace(result, problems=(*sent_under.problems(ws, ledger, Severity.WARNING), *result.problems))
        progress.advance(len(taken))
        progress.finish()
        result.save(ws.results(STEP))
    return result


async def _read_back(
    client: Client, ledger: LedgerPort, entries: Mapping[str, Entry], progress: Progress
) -> tuple[dict[str, Any], Seen]:
    """(records by op id, what was sent and is not there: records, and links, tags and files of contacts)."""
    wanted = [entry for entry in entries.values() if entry.target in RECORD_TARGETS and entry.state is State.DONE]
    progress.start("reading the sample back", len(wanted), "records")
    found = await read_records(client, wanted, progress)
    contacts = {entry.destination_id: found[entry.op_id] or {} for entry in wanted if entry.target is Target.CONTACT}
    lacking = await Additions.of(ledger).among(entries).lacking(client, contacts)
    progress.finish()
    absent = {op_id for op_id, record in found.items() if record is None}
    untouched = unwritten(ledger, {entry.destination_id: found[entry.op_id] for entry in wanted})
    seen = Seen(absent=absent, unlinked=lacking, unwritten=set(untouched))
    return found, seen


def _result(
    ledger: LedgerPort,
    operations: Sequence[Operation],
    entries: Mapping[str, Entry],
    asked: Balance,
    compared: tuple[Mapping[str, Any], pd.DataFrame],
) -> StepResult:
    stored, diff = compared
    counts = class_counts(diff)
    by_class = {str(kind): int((diff["class"] == str(kind)).sum()) for kind in Class}
    missing = outcomes.errors(ledger)
    missing = missing[missing["source_id"].isin({op.source_id for op in operations})]
    doubt = sum(entry.state in (State.INTENDED, State.IN_DOUBT) for entry in entries.values())
    return StepResult(
        step=STEP,
        status=Status.FAILED if doubt else Status.WAITING,
        headline=("" if asked.complete else f"{asked.headline} ") + _compared(len(stored), by_class),
        counts={"operations": len(operations), "records": len(stored), **asked.counts, **by_class, "in_doubt": doubt},
        tables={
            "balance": asked.table,
            "open": asked.open,
            "records": _records(operations, entries),
            "diff": diff,
            "class_counts": counts,
            "errors": missing,
            "requests": requests.table(ledger),
        },
        problems=(*asked.problems, *_differences(counts), *_synced(by_class[str(Class.SYNCED)])),
        facts={
            "hash": canonical_hash(diff.drop(columns=["record_id"]).astype(str).values.tolist()),
            gates.FOUND_BY: proposal.made_of(ledger),
        },
        next_step="approve sample",
    )


_UNLIKE = ("changed", "missing", "extra")
"""Classes of the diff of which a person judges before approving."""


def _compared(records: int, by_class: Mapping[str, int]) -> str:
    unlike = sum(by_class[kind] for kind in _UNLIKE)
    return (
        f"{counted(records, 'record')} {agree(records, 'was', 'were')} loaded and read back: {counted(by_class['equal'], 'value')} equal, "
        f"{by_class['normalised']:,} normalised by the platform, {unlike:,} changed, missing or extra."
    )


def _differences(counts: pd.DataFrame) -> Iterator[Problem]:
    unlike = counts[counts["class"].isin(_UNLIKE)]
    for row, kind in zip(table_rows(unlike), unlike["class"], strict=True):
        text = f"{row.object}.{row.field}: {kind} in {counted(row.count, 'record')}"
        treatment = "judge it in the diff before approving"
        yield Problem("sample_diff", text, Severity.WARNING, field=row.field, count=row.count, treatment=treatment)


def _synced(owners: int) -> Iterator[Problem]:
    if owners:
        text = f"{counted(owners, 'owner')} {agree(owners, 'was', 'were')} {WHY}"
        yield Problem("owner_sync", text, Severity.WARNING, count=owners, treatment=SWITCH)


def _records(operations: Sequence[Operation], entries: Mapping[str, Entry]) -> pd.DataFrame:
    rows = [
        (op.object, op.source_id, str(op.target), str(op.kind), str(entry.state), entry.destination_id, entry.error)
        for op in operations
        if (entry := entries.get(op.op_id)) is not None
    ]
    return pd.DataFrame(rows, columns=["object", "source_id", "target", "kind", "state", "record_id", "error"])
