"""Step 8: bring over what changed in Perfect Books since the load, without overwriting what people changed in HighLevel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pandas as pd

from pb2hl import plan
from pb2hl.apply import Execution
from pb2hl.apply.undo import OUTCOME_COLUMNS
from pb2hl.clock import SYSTEM_CLOCK, stamp
from pb2hl.errors import ConfigError, GateClosed, Problem, Severity
from pb2hl.highlevel import Client, Destination
from pb2hl.ledger import Ledger, Outcome, State
from pb2hl.operations import Kind, Operation, Target
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.register import DELTA, MAPPING, SAMPLE
from pb2hl.results import Status, StepResult
from pb2hl.steps.delta import (
    absent_rows,
    conflicts,
    later_export,
    moved_records,
    removals,
    schema_additions,
    sheet_additions,
)
from pb2hl.steps.delta.changed_files import stale, take_away
from pb2hl.steps.delta.conflicts import CONFLICT_COLUMNS, Decisions
from pb2hl.steps.delta.threeway import Changes, changes, new_operations
from pb2hl.steps.gates import gates
from pb2hl.steps.load.load import carry_out
from pb2hl.steps.load.schema import make_pipelines
from pb2hl.steps.overview.status import WINDOW, window_state
from pb2hl.steps.proposal import proposal
from pb2hl.steps.proposal.decisions import decided, of_plan
from pb2hl.steps.shared import outcomes
from pb2hl.steps.shared.session import with_client
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

STEP = "delta"
Found = TypeVar("Found")


def delta(
    ws: Workspace,
    *,
    export: Path | str | None = None,
    approve_all: str = "",
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
) -> StepResult:
    """Compare a later export with what was loaded: create what is new, update what changed, report what was removed.

    A field that people changed in HighLevel since the load is kept; it goes to `sheets/conflicts.csv`, where the decision
    `source` makes the next delta write it. What the mapping or the schema never saw goes through their gates again;
    `approve_all` is the name for which every default is taken there. Raises GateClosed for what waits for a person and
    before the load, ConfigError, ExportError, HighLevelError.
    """
    if export is None:
        with ws.lock(STEP):
            result = StepResult(
                STEP, Status.NOTHING_TO_DO, "There is no second export; nothing to bring over.",
                tables={"conflicts": pd.DataFrame(columns=list(CONFLICT_COLUMNS))}, next_step=DELTA.next,
            )  # fmt: skip
            result.save(ws.results(STEP))
        return result
    path = Path(export)
    if not path.exists():
        raise ConfigError(f"the later export {path} does not exist", hint="name the folder, .zip or file")
    _require_mapping(ws, approve_all)
    gates.check(ws, SAMPLE.gate)
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        ready = later_export.prepare(ws, ledger, path, approve_all, progress, cancel)
        result = _run(ws, ready, ledger, approve_all, progress, cancel)
        _plan_again(ws, ledger)
        result.save(ws.results(STEP))
    return result


def _require_mapping(ws: Workspace, who: str) -> None:
    """Raise GateClosed unless the mapping stands approved; with `who` what an earlier try left undecided takes its default."""
    try:
        gates.check(ws, MAPPING.gate)
    except GateClosed:
        if not who:
            raise
        sheet_additions.take_defaults(ws, who)


def _run(
    ws: Workspace,
    ready: later_export.Later,
    ledger: Ledger,
    who: str,
    progress: Progress,
    cancel: Cancel | None,
) -> StepResult:
    decided, second = conflicts.decisions(ws), ready.workspace
    inputs = proposal.plan_inputs(second, ledger, ready.place, ready.aliases)
    inputs = replace(inputs, loaded=_opportunities(ledger))
    inputs = absent_rows.reconnected(inputs, absent_rows.gone(ws, second, ledger))
    schema, data = plan.build_schema(inputs, progress=progress), plan.build(inputs, progress=progress)
    data.operations.write(second.plan / "data")
    _make_schema(ws, ledger, list(schema.operations), who, progress, cancel)
    window = _window(ws, ledger)
    replaced = _replace_files(ws, ledger, plan.read(second.plan / "data"), progress, cancel)
    moved = _move(ws, ledger, ready, decided, progress, cancel)
    new = new_operations(ledger, plan.read(second.plan / "data"))
    first, last = _in_two(new)
    made = carry_out(ws, ledger, STEP, first, len(first), progress, cancel)

    async def look(client: Client) -> Changes:
        stream = plan.read(second.plan / "data")
        there = {one: set(second.table(one, ["source_id"]).get("source_id", ())) for one in ("contacts", "deals")}
        region, stop, total = ws.config.country, cancel or Cancel(), len(data.operations)
        return await changes(client, ledger, stream, there, decided, region, progress, stop, total)

    found = with_client(ws, ledger, STEP, look, progress)
    changed = carry_out(ws, ledger, STEP, found.updates, len(found.updates), progress, cancel)
    opened = carry_out(ws, ledger, STEP, last, len(last), progress, cancel) if last else Execution()
    ledger.finish(
        ledger.runs()[-1].run_id, [Outcome(op.op_id, State.DONE, op.existing_id, operation=op) for op in found.agreed]
    )
    removed = removals.removed_rows(ws, second, ledger, ready.aliases, plan.read(second.plan / "data"))
    gone = removals.delete(ws, ledger, removed, progress, cancel) if ws.config.policy.removed_rows == "delete" else None
    later_export.brought(ws, ready, data.tables)
    open_conflicts = conflicts.write(ws, [*found.conflicts, *moved.conflicts()], frozenset(found.taken | moved.taken()))
    operations = [*new, *found.updates]
    entries = ledger.entries(op.op_id for op in operations)
    failed = outcomes.errors(ledger)
    failed = failed[failed["source_id"].isin({entry.source_id for entry in entries.values()})]
    undone = gone.table if gone else pd.DataFrame(columns=list(OUTCOME_COLUMNS))
    problems = [
        *outcomes.problems_of(failed),
        *_problems(open_conflicts, removed, window, gone),
        *ready.not_compared,
        *removals.missing_tables(ws, second),
        *outcomes.not_cleared(ledger),
        *replaced,
        *moved.problems(),
    ]
    sent, deleted = made.sent + changed.sent + opened.sent, int((undone["outcome"] == "undone").sum())
    return StepResult(
        step=STEP,
        status=Status.WAITING if len(open_conflicts) else Status.DONE if sent or deleted else Status.NOTHING_TO_DO,
        headline=f"{len(new)} new and {len(found.updates)} changed operations were brought over; {counted(len(open_conflicts), 'field')} {agree(len(open_conflicts), 'was', 'were')} changed "
        f"by people in HighLevel and kept; {counted(len(removed), 'row')} {agree(len(removed), 'is', 'are')} gone from the export, {counted(deleted, 'record')} deleted.",
        counts={"new": len(new), "updated": len(found.updates), "unchanged": found.unchanged, "conflicts": len(open_conflicts),
                "unresolved": found.unresolved, "removed": len(removed), "deleted": deleted, "sent": sent,
                "refused": made.refused + changed.refused + opened.refused, "held": made.held + changed.held + opened.held, **window,
                **outcomes.log_head(ledger)},
        tables={"updates": pd.DataFrame(found.fields, columns=["object", "source_id", "record_id", "field", "was", "now"]),
                "conflicts": open_conflicts, "removed": removed, "deleted": undone, "errors": failed,
                "new": _new_table(new)},
        problems=tuple(problems),
        facts={"export": str(second.export_path)},
        next_step="decide sheets/conflicts.csv, then delta again" if len(open_conflicts) else DELTA.next,
    )  # fmt: skip


def _new_table(new: Sequence[Operation]) -> pd.DataFrame:
    rows = [(op.object, op.source_id, str(op.target), str(op.kind)) for op in new]
    return pd.DataFrame(rows, columns=["object", "source_id", "target", "kind"])


def _make_schema(
    ws: Workspace,
    ledger: Ledger,
    planned: Sequence[Operation],
    who: str,
    progress: Progress,
    cancel: Cancel | None,
) -> None:
    """Make what the later export needs in the location beyond the approved schema, once it is approved."""
    grown = with_client(ws, ledger, STEP, lambda client: schema_additions.growth(client, ledger, planned), progress)
    pieces = [*new_operations(ledger, planned), *grown]
    schema_additions.require_approved(ws, pieces, who)
    schema_additions.forget_asked(ledger, pieces)
    if not pieces:
        return
    lines = [op for op in pieces if op.target is Target.PIPELINE]
    others = [op for op in pieces if op.target is not Target.PIPELINE]
    carry_out(ws, ledger, STEP, others, len(others), progress, cancel)
    run = ledger.runs()[-1].run_id
    waiting = with_client(
        ws, ledger, STEP, lambda client: make_pipelines(ledger, client, run, lines, progress, cancel), progress
    )
    if waiting:
        schema_additions.ask_admin(ws, waiting)
    with_client(ws, ledger, STEP, lambda client: schema_additions.adopt(client, ledger, run, planned), progress)


def _replace_files(
    ws: Workspace, ledger: Ledger, later_plan: Iterable[Operation], progress: Progress, cancel: Cancel | None
) -> list[Problem]:
    """Take away the files whose bytes changed; the plan's uploads then count as new."""
    old = stale(ledger, later_plan)

    async def work(client: Client, run: str) -> list[Problem]:
        return await take_away(client, ledger, run, old, ws.config.country, progress, cancel or Cancel())

    return _taking(ws, ledger, {"files": len(old)}, work, progress) if old else []


def _move(
    ws: Workspace,
    ledger: Ledger,
    ready: later_export.Later,
    decided: Decisions,
    progress: Progress,
    cancel: Cancel | None,
) -> moved_records.Moved:
    """Take away what hangs on another contact now; the plan's own operation then makes it anew there."""
    planned = plan.read(ready.workspace.plan / "data")
    wanted = moved_records.moves(ledger, planned, moved_records.pointing_elsewhere(ws, ready.workspace))
    one_open = ready.place.settings.get("allow_duplicate_opportunity") is False

    async def work(client: Client, run: str) -> moved_records.Moved:
        stop = cancel or Cancel()
        return await moved_records.take_away(
            client, ledger, run, wanted, decided, ws.config.country, one_open, progress, stop
        )

    return _taking(ws, ledger, {"moves": len(wanted)}, work, progress) if wanted else moved_records.Moved()


def _taking(
    ws: Workspace,
    ledger: Ledger,
    facts: dict[str, int],
    work: Callable[[Client, str], Awaitable[Found]],
    progress: Progress,
) -> Found:
    """Do `work`, which takes records away, as a run of its own."""
    run = ledger.start_run(STEP, facts)
    try:
        found = with_client(ws, ledger, STEP, lambda client: work(client, run), progress)
    except BaseException:
        ledger.end_run(run, "stopped")
        raise
    ledger.end_run(run, "done")
    return found


def _in_two(new: Sequence[Operation]) -> tuple[list[Operation], list[Operation]]:
    """(what goes first, deals): where a contact may have one open deal, the one that ended makes room for the next."""
    return [op for op in new if op.target is not Target.OPPORTUNITY], [
        op for op in new if op.target is Target.OPPORTUNITY
    ]


def _opportunities(ledger: Ledger) -> frozenset[str]:
    """Source ids of the deals that this migration made opportunities of."""
    rows = ledger.columns(["source_id", "object", "kind"], state=State.DONE, target=Target.OPPORTUNITY)
    return frozenset(source_id for source_id, object_, kind in rows if object_ == "deals" and kind == Kind.CREATE)


def _plan_again(ws: Workspace, ledger: Ledger) -> None:
    """The first export's plan by the sheets as they are now: what a later export added to them lets no load lapse."""
    first, planned = Destination.load(ws.path), ledger.recall(proposal.PLANNED)
    if first is not None and planned and planned["decisions"] != of_plan(decided(ws, ledger)):
        proposal.propose(ws, ledger, first)
        gates.carry_approvals(ws, ledger)


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
        found.append(Problem("conflicts", f"{counted(len(waiting), 'field')} {agree(len(waiting), 'was', 'were')} changed on both sides", Severity.WARNING, file="conflicts.csv",
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
