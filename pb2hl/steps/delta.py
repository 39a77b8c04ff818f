"""Step 8: bring over what changed in Perfect Books since the load, without overwriting what people changed in HighLevel."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pandas as pd

from pb2hl import plan
from pb2hl.clock import SYSTEM_CLOCK, stamp
from pb2hl.errors import ConfigError, GateClosed, Problem, Severity
from pb2hl.highlevel import Client, Destination
from pb2hl.ledger import Ledger
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.results import Status, StepResult
from pb2hl.sheets import write_sheet
from pb2hl.steps import gates, outcomes, proposal
from pb2hl.steps.inventory import inventory
from pb2hl.steps.load import carry_out
from pb2hl.steps.match import match
from pb2hl.steps.session import with_client
from pb2hl.steps.status import WINDOW, window_state
from pb2hl.steps.threeway import CONFLICT_COLUMNS, Changes, changes
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
    destination = Destination.load(ws.path)
    if destination is None:
        raise GateClosed("the location was not read yet", hint=f"pb2hl schema {ws.path}")
    window = _window(ws, ledger)
    inputs = proposal.plan_inputs(second, ledger, proposal.without_ours(destination, ledger))
    later = plan.build(inputs, progress=progress)
    later.operations.write(second.plan)

    async def look(client: Client) -> Changes:
        decided = _decided(ws)
        return await changes(
            client, ledger, plan.read(second.plan), decided, ws.config.country, progress, cancel or Cancel()
        )

    found = with_client(ws, ledger, look, progress)
    operations = [*found.new, *found.updates]
    execution = carry_out(ws, ledger, STEP, operations, len(operations), progress, cancel)
    removed = _removed(ws, second)
    conflicts = pd.DataFrame(found.conflicts, columns=list(CONFLICT_COLUMNS))
    _write_conflicts(ws, conflicts)
    entries = ledger.entries(op.op_id for op in operations)
    failed = outcomes.errors(ledger)
    failed = failed[failed["source_id"].isin({entry.source_id for entry in entries.values()})]
    problems = [*outcomes.problems_of(failed), *_problems(conflicts, removed, window)]
    return StepResult(
        step=STEP,
        status=Status.WAITING if len(conflicts) else Status.DONE if execution.sent else Status.NOTHING_TO_DO,
        headline=f"{len(found.new)} new and {len(found.updates)} changed operations were brought over; {len(conflicts)} fields were changed "
        f"by people in HighLevel and kept; {len(removed)} rows are gone from the export.",
        counts={"new": len(found.new), "updated": len(found.updates), "unchanged": found.unchanged, "conflicts": len(conflicts),
                "removed": len(removed), "sent": execution.sent, "refused": execution.refused, "held": execution.held, **window},
        tables={"updates": pd.DataFrame(found.fields, columns=["object", "source_id", "record_id", "field", "was", "now"]),
                "conflicts": conflicts, "removed": removed, "errors": failed},
        problems=tuple(problems),
        next_step="decide sheets/conflicts.csv, then delta again" if len(conflicts) else "audit",
    )  # fmt: skip


def _window(ws: Workspace, ledger: Ledger) -> dict[str, str]:
    """The delta window opens with the first delta and lasts `delta_window_hours`."""
    if ledger.recall(WINDOW) is None:
        start = SYSTEM_CLOCK.now()
        end = start + timedelta(hours=ws.config.policy.delta_window_hours)
        ledger.remember(WINDOW, {"start": stamp(start), "end": stamp(end)})
    return window_state(ledger)


def _decided(ws: Workspace) -> frozenset[tuple[str, str, str]]:
    """(object, source id, field) of conflicts decided for the source."""
    if not (ws.sheets / "conflicts.csv").exists():
        return frozenset()
    sheet = ws.sheet("conflicts", CONFLICT_COLUMNS)
    chosen = sheet[sheet["decision"].str.strip().str.casefold() == "source"]
    return frozenset(chosen[["object", "source_id", "field"]].itertuples(index=False, name=None))


def _write_conflicts(ws: Workspace, conflicts: pd.DataFrame) -> None:
    path = ws.sheets / "conflicts.csv"
    if len(conflicts) or path.exists():
        write_sheet(path, conflicts)


def _removed(ws: Workspace, second: Workspace) -> pd.DataFrame:
    """Rows of the first export that the later one has not: object, source_id."""
    rows: list[tuple[str, str]] = []
    for path in sorted(ws.staged.glob("*.parquet")):
        first = ws.table(path.stem)
        if "source_id" not in first.columns or "row_hash" not in first.columns:
            continue
        later = second.table(path.stem)
        there = set(later["source_id"].astype(str)) if "source_id" in later.columns else set()
        rows += [(path.stem, item) for item in first["source_id"].astype(str) if item not in there]
    return pd.DataFrame(rows, columns=["object", "source_id"])


def _problems(conflicts: pd.DataFrame, removed: pd.DataFrame, window: dict[str, str]) -> Sequence[Problem]:
    found = []
    if len(conflicts):
        found.append(Problem("conflicts", f"{len(conflicts)} fields were changed on both sides", Severity.WARNING, file="conflicts.csv",
                             count=len(conflicts), treatment="HighLevel's value is kept until decided"))  # fmt: skip
    for object_, group in removed.groupby("object", sort=True):
        ids = ", ".join(group["source_id"].head(5))
        found.append(Problem("removed", f"{len(group)} {object_} are gone from the later export ({ids})", Severity.WARNING,
                             count=len(group), treatment="reported; nothing is deleted"))  # fmt: skip
    if "closed" in window.get("delta_window", ""):
        found.append(Problem("delta_window", window["delta_window"], Severity.WARNING, treatment="done all the same"))
    return found
