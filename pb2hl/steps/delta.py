"""Step 8: bring over what changed in Perfect Books since the load, without overwriting what people changed in HighLevel."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd

from pb2hl import plan
from pb2hl.apply.undo import OUTCOME_COLUMNS
from pb2hl.clock import SYSTEM_CLOCK, stamp
from pb2hl.errors import ConfigError, GateClosed, Problem, Severity
from pb2hl.highlevel import Client, Destination, read_destination
from pb2hl.ledger import Ledger
from pb2hl.operations import Operation
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.results import Status, StepResult
from pb2hl.steps import conflicts, gates, later_columns, outcomes, proposal, removals
from pb2hl.steps.conflicts import CONFLICT_COLUMNS
from pb2hl.steps.inventory import inventory
from pb2hl.steps.load import carry_out
from pb2hl.steps.match import match
from pb2hl.steps.session import with_client
from pb2hl.steps.status import WINDOW, window_state
from pb2hl.steps.threeway import Changes, changes, new_operations
from pb2hl.workspace import Workspace

STEP = "delta"


def delta(
    ws: Workspace, *, export: Path | str | None = None, progress: Progress = SILENT, cancel: Cancel | None = None
) -> StepResult:
    """Compare a later export with what was loaded: create what is new, update what changed, report what was removed.

    A field that people changed in HighLevel since the load is kept; it goes to `sheets/conflicts.csv`, where the decision
    `source` makes the next delta write it. Raises GateClosed before the load, ConfigError, ExportError, HighLevelError.
    """
    if export is None:
        with ws.lock(STEP):
            result = StepResult(
                STEP, Status.NOTHING_TO_DO, "There is no second export; nothing to bring over.",
                tables={"conflicts": pd.DataFrame(columns=list(CONFLICT_COLUMNS))}, next_step="audit",
            )  # fmt: skip
            result.save(ws.results(STEP))
        return result
    path = Path(export)
    if not path.exists():
        raise ConfigError(f"the later export {path} does not exist", hint="name the folder, .zip or file")
    gates.check(ws, "mapping")
    gates.check(ws, "sample")
    second = later_workspace(ws, path)
    inventory(second, progress=progress, cancel=cancel)
    match(second, progress=progress, cancel=cancel)
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        result = _run(ws, second, ledger, progress, cancel)
        result.save(ws.results(STEP))
    return result


def later_workspace(ws: Workspace, export: Path) -> Workspace:
    """A workspace inside the workspace for the later export, with the decisions of the first one's sheets."""
    folder = ws.path / STEP
    if folder.exists():
        shutil.rmtree(folder)
    second = Workspace.create(folder, ws.config.model_copy(update={"export": str(export.resolve())}))
    shutil.copytree(ws.sheets, second.sheets)
    return second


def _run(ws: Workspace, second: Workspace, ledger: Ledger, progress: Progress, cancel: Cancel | None) -> StepResult:
    first = Destination.load(ws.path)
    if first is None:
        raise GateClosed("the location was not read yet", hint=f"pb2hl schema {ws.path}")
    later_columns.require_known(ws, second)
    window, decided = _window(ws, ledger), conflicts.decisions(ws)
    fresh = with_client(ws, ledger, STEP, lambda client: read_destination(client, progress=progress), progress)
    place = _with_newcomers(proposal.without_ours(first, ledger), proposal.without_ours(fresh, ledger))
    inputs = proposal.plan_inputs(second, ledger, place)
    schema, later = plan.build_schema(inputs, progress=progress), plan.build(inputs, progress=progress)
    later.operations.write(second.plan)
    new = [*new_operations(ledger, schema.operations), *new_operations(ledger, plan.read(second.plan))]
    made = carry_out(ws, ledger, STEP, new, len(new), progress, cancel)

    async def look(client: Client) -> Changes:
        stream = plan.read(second.plan)
        return await changes(client, ledger, stream, decided, ws.config.country, progress, cancel or Cancel())

    found = with_client(ws, ledger, STEP, look, progress)
    changed = carry_out(ws, ledger, STEP, found.updates, len(found.updates), progress, cancel)
    removed = removals.removed_rows(ws, second, ledger)
    gone = removals.delete(ws, ledger, removed, progress, cancel) if ws.config.policy.removed_rows == "delete" else None
    open_conflicts = conflicts.write(ws, found.conflicts, frozenset(found.taken))
    operations = [*new, *found.updates]
    entries = ledger.entries(op.op_id for op in operations)
    failed = outcomes.errors(ledger)
    failed = failed[failed["source_id"].isin({entry.source_id for entry in entries.values()})]
    undone = gone.table if gone else pd.DataFrame(columns=list(OUTCOME_COLUMNS))
    problems = [
        *outcomes.problems_of(failed),
        *_problems(open_conflicts, removed, window, gone),
        *removals.missing_tables(ws, second),
        *outcomes.not_cleared(ledger),
    ]
    sent, deleted = made.sent + changed.sent, int((undone["outcome"] == "undone").sum())
    return StepResult(
        step=STEP,
        status=Status.WAITING if len(open_conflicts) else Status.DONE if sent or deleted else Status.NOTHING_TO_DO,
        headline=f"{len(new)} new and {len(found.updates)} changed operations were brought over; {len(open_conflicts)} fields were changed "
        f"by people in HighLevel and kept; {len(removed)} rows are gone from the export, {deleted} records deleted.",
        counts={"new": len(new), "updated": len(found.updates), "unchanged": found.unchanged, "conflicts": len(open_conflicts),
                "unresolved": found.unresolved, "removed": len(removed), "deleted": deleted, "sent": sent,
                "refused": made.refused + changed.refused, "held": made.held + changed.held, **window},
        tables={"updates": pd.DataFrame(found.fields, columns=["object", "source_id", "record_id", "field", "was", "now"]),
                "conflicts": open_conflicts, "removed": removed, "deleted": undone, "errors": failed,
                "new": _new_table(new)},
        problems=tuple(problems),
        facts={"export": str(second.export_path)},
        next_step="decide sheets/conflicts.csv, then delta again" if len(open_conflicts) else "audit",
    )  # fmt: skip


def _new_table(new: Sequence[Operation]) -> pd.DataFrame:
    rows = [(op.object, op.source_id, str(op.target), str(op.kind)) for op in new]
    return pd.DataFrame(rows, columns=["object", "source_id", "target", "kind"])


def _with_newcomers(first: Destination, fresh: Destination) -> Destination:
    """The location as it was before the load, with the records that people have added since.

    What was there keeps its values of then: they decided what the load wrote, and a delta compares with that.
    """
    frames = {}
    for name in ("contacts", "businesses", "opportunities"):
        old, now = getattr(first, name), getattr(fresh, name)
        if len(now):
            since = now[~now["id"].isin(old["id"])] if len(old) else now
            frames[name] = pd.concat([old, since], ignore_index=True) if len(old) else since.reset_index(drop=True)
    return replace(first, **frames)


def _window(ws: Workspace, ledger: Ledger) -> dict[str, str]:
    """The delta window opens with the first delta and lasts `delta_window_hours`."""
    if ledger.recall(WINDOW) is None:
        start = SYSTEM_CLOCK.now()
        end = start + timedelta(hours=ws.config.policy.delta_window_hours)
        ledger.remember(WINDOW, {"start": stamp(start), "end": stamp(end)})
    return window_state(ledger)


def _problems(
    waiting: pd.DataFrame, removed: pd.DataFrame, window: dict[str, str], gone: removals.Deleted | None
) -> Sequence[Problem]:
    found = []
    if len(waiting):
        found.append(Problem("conflicts", f"{len(waiting)} fields were changed on both sides", Severity.WARNING, file="conflicts.csv",
                             count=len(waiting), treatment="HighLevel's value is kept until decided"))  # fmt: skip
    for object_, group in removed.groupby("object", sort=True):
        ids = ", ".join(group["source_id"].head(5))
        treatment = "reported; nothing is deleted" if gone is None else "deleted, but for what people touched"
        found.append(Problem("removed", f"{len(group)} {object_} are gone from the later export ({ids})", Severity.WARNING,
                             count=len(group), treatment=treatment))  # fmt: skip
    found += gone.problems if gone else ()
    if "closed" in window.get("delta_window", ""):
        found.append(Problem("delta_window", window["delta_window"], Severity.WARNING, treatment="done all the same"))
    return found
