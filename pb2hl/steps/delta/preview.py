"""What a later export would change, by name, before anything is written to HighLevel."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pb2hl.errors import Problem
from pb2hl.ledger import Entry, Ledger, State
from pb2hl.plan.building.estimate import seconds_at_limit
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.register import DELTA, MAPPING, PREVIEW, SAMPLE
from pb2hl.results import Status, StepResult
from pb2hl.steps.delta import conflicts, later_export, removals, schema_additions
from pb2hl.steps.delta.delta import pieces_more, planned_later
from pb2hl.steps.delta.operations_told import is_record, told
from pb2hl.steps.delta.outlook import Looking, Outlook, look_ahead
from pb2hl.steps.delta.wording import CHANGED, Wording
from pb2hl.steps.gates import gates
from pb2hl.steps.overview.status import window_state
from pb2hl.steps.proposal.pieces_told import pieces_told
from pb2hl.steps.shared.writing import make_ready
from pb2hl.values.counting import agree, counted, lasting, listed
from pb2hl.workspace import Workspace, existing_export

STEP = PREVIEW.id
NAMED = 5
"""Records that a remark names."""


def preview(
    ws: Workspace, *, export: Path | str | None = None, progress: Progress = SILENT, cancel: Cancel | None = None
) -> StepResult:
    """New, changed, moved and gone by name, what was changed on both sides, and the requests that the delta would take.

    Nothing is written to HighLevel; what clashes is put into `sheets/conflicts.csv`, so that it can be decided before the delta.
    Raises GateClosed for what the delta would stop at, ConfigError, ExportError, HighLevelError.
    """
    if export is None:
        result = StepResult(STEP, Status.NOTHING_TO_DO, "There is no second export to look at.", next_step=DELTA.next)
        result.save(ws.results(STEP))
        return result
    path = existing_export(Path(export))
    gates.check(ws, MAPPING.gate)
    gates.check(ws, SAMPLE.gate, of_decisions=False)
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        make_ready(ws, ledger, STEP, progress, cancel)
        ready = later_export.prepare(ws, ledger, path, "", progress, cancel, folder=STEP)
        planned = planned_later(ws, ready, ledger, progress)
        pieces = pieces_more(ws, ledger, planned.schema, progress, STEP)
        deletes = ws.config.policy.removed_rows == "delete"
        given = Looking(
            STEP, ws, ledger, ready, conflicts.decisions(ws), planned.total, deletes, planned.hosted, progress, cancel or Cancel()
        )  # fmt: skip
        result = _result(given, look_ahead(given, pieces))
        result.save(ws.results(STEP))
    return result


def _result(given: Looking, ahead: Outlook) -> StepResult:
    ws, ledger, second = given.ws, given.ledger, given.ready.workspace
    words = Wording(ws, ledger, second)
    waiting = conflicts.write(ws, ahead.found.conflicts, frozenset(), words.conflict)
    gone_rows = ahead.removed[["object", "source_id"]].drop_duplicates()
    tables = {
        "new": pd.DataFrame([(op.object, op.source_id, words.record(op.object, op.source_id), str(op.target)) for op in ahead.new], columns=["object", "source_id", "record", "becomes"], dtype="str"),
        "changed": pd.DataFrame([words.changed(row) for row in ahead.found.fields], columns=list(CHANGED), dtype="str"),
        "conflicts": waiting,
        "moved": pd.DataFrame([(move.op.object, move.op.source_id, words.record(move.op.object, move.op.source_id), words.value("contactId", move.was), words.value("contactId", move.wanted)) for move in ahead.wanted], columns=["object", "source_id", "record", "hangs on", "would hang on"], dtype="str"),
        "gone": words.named(gone_rows),
        "schema": pd.DataFrame([(str(op.target), str(op.payload.get("name", op.source_id)), schema_additions.describe(op)) for op in ahead.pieces], columns=["what", "name", "holds"], dtype="str"),
        "requests": pd.DataFrame(list(ahead.cost.items()), columns=["what for", "requests"]),
    }  # fmt: skip
    changed = tables["changed"][["object", "source_id"]].drop_duplicates()
    gone = len(gone_rows)
    counts = {
        "new": len(ahead.new), "new_records": sum(is_record(op.target, op.kind) for op in ahead.new), "changed_records": len(changed), "changed_values": len(tables["changed"]), "conflicts": len(waiting), "moved": len(ahead.wanted), "gone": gone,
        "seen_later": len(ahead.found.waits), "schema_pieces": len(ahead.pieces), "requests": ahead.requests, "seconds": seconds_at_limit(ahead.requests),
        **window_state(ledger),
    }  # fmt: skip
    said = (
        f"{told((op.target, op.kind) for op in ahead.new)} would be new; {counted(len(changed), 'record')} would change, {counted(gone, 'row')} {agree(gone, 'is', 'are')} gone; "
        f"{counted(len(waiting), 'field')} {agree(len(waiting), 'was', 'were')} changed on both sides. The delta takes {counted(ahead.requests, 'request')}, about {lasting(seconds_at_limit(ahead.requests))}. Nothing was written to HighLevel."
    )
    empty = not (ahead.new or len(changed) or gone or len(waiting) or ahead.wanted or ahead.pieces or ahead.found.waits)
    return StepResult(
        STEP, Status.NOTHING_TO_DO if empty else Status.DONE, said, counts=counts, tables=tables,
        problems=(*_problems(given, ahead, words), *given.ready.not_compared, *removals.missing_tables(ws, second)),
        facts={"export": str(second.export_path)}, next_step="" if len(waiting) else f"bring it over: pb2hl {DELTA.id} {ws.path} --export {second.export_path}",
    )  # fmt: skip


def _problems(given: Looking, ahead: Outlook, words: Wording) -> list[Problem]:
    found, ws, ledger = [], given.ws, given.ledger
    before = ledger.entries(op.op_id for op in ahead.new).values()
    held = [entry for entry in before if entry.state is State.PLANNED and entry.error]
    if held:
        text = f"{counted(len(held), 'piece')} of what would be new {agree(len(held), 'was', 'were')} held before, for what {agree(len(held), 'it needs', 'they need')} is not there: {_named(held, words)}"
        found.append(Problem("held_before", text, count=len(held), treatment="sent once it is there: the audit says what is in the way"))  # fmt: skip
    if ahead.found.waits:
        later = ledger.entries(ahead.found.waits).values()
        text = f"{counted(len(ahead.found.waits), 'record')} can be compared only once what {agree(len(ahead.found.waits), 'it refers', 'they refer')} to is there: {_named(later, words)}"
        found.append(Problem("seen_later", text, count=len(ahead.found.waits), treatment="the delta compares them then; they are in its requests"))  # fmt: skip
    if ahead.pieces:
        text = f"the location lacks what the later export needs: {pieces_told(ahead.pieces)}"
        found.append(Problem("new_schema", text, count=len(ahead.pieces), treatment="the delta asks for the approval of the schema first"))  # fmt: skip
    if len(ahead.removed) and ws.config.policy.removed_rows == "delete":
        found.append(Problem("removed", f"{counted(len(ahead.removed), 'row')} gone from the export would be deleted in HighLevel", count=len(ahead.removed), treatment="but for what people touched"))  # fmt: skip
    return found


def _named(entries: Iterable[Entry], words: Wording) -> str:
    """The first records of `entries` by their names, each once, and how many more there are."""
    names = list(dict.fromkeys(words.record(entry.object, entry.source_id) or entry.source_id for entry in entries))
    return listed([*names[:NAMED], *([f"{len(names) - NAMED:,} more"] if len(names) > NAMED else [])])
