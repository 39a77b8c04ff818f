"""Step 10: take everything back, in reverse order; what people touched since is kept and told."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pb2hl.apply import Rollback, UndoPlan, plan_undo
from pb2hl.apply.doubt import settle_open
from pb2hl.apply.undo import KEPT_COLUMNS, OUTCOME_COLUMNS, Undo
from pb2hl.errors import ConfigError, Problem, Severity
from pb2hl.highlevel import Client
from pb2hl.ledger import Ledger, State
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.results import Status, StepResult
from pb2hl.steps.schema import APPLIED
from pb2hl.steps.session import with_client
from pb2hl.workspace import Workspace

STEP = "rollback"


def rollback(
    ws: Workspace,
    *,
    run: str | None = None,
    objects: Sequence[str] = (),
    dry_run: bool = False,
    force: bool = False,
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
) -> StepResult:
    """Undo the run `run` (default: all of them), or only what `objects` (source objects, such as contacts) became. With `dry_run` only the plan is shown and nothing is sent.

    `force` also removes what people edited since; never a record that was there before, nor a pipeline that holds an
    opportunity of others. Raises ConfigError for an unknown run, TokenMissing, HighLevelError, Cancelled.
    """
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        known = [item.run_id for item in ledger.runs()]
        if run and run not in known:
            raise ConfigError(f"there is no run {run!r}", hint=f"one of: {', '.join(known) or 'none yet'}")
        there = {str(row["object"]) for row in ledger.counts()}
        if unknown := sorted(set(objects) - there):
            raise ConfigError(
                f"nothing was made of {', '.join(unknown)}", hint=f"one of: {', '.join(sorted(there)) or 'none yet'}"
            )
        undo_plan = plan_undo(ledger, of_run=run or "", objects=objects)
        if dry_run:
            result = _result(undo_plan.table(), None, len(undo_plan.entries), dry_run=True)
        else:
            result = _undo(ws, ledger, run or "", objects, force, progress, cancel)
        result.save(ws.results(STEP))
    return result


def _undo(
    ws: Workspace,
    ledger: Ledger,
    of_run: str,
    objects: Sequence[str],
    force: bool,
    progress: Progress,
    cancel: Cancel | None,
) -> StepResult:
    this = ledger.start_run(STEP, {"of_run": of_run, "objects": list(objects), "force": force})
    progress.start("settling what is in doubt", None, "operations")

    async def work(client: Client) -> tuple[UndoPlan, Rollback]:
        await settle_open(ledger, client, this, of_run)
        undo_plan = plan_undo(ledger, of_run=of_run, objects=objects)
        progress.start(STEP, len(undo_plan.entries), "operations")
        undoing = Undo(
            ledger, client, run=this, force=force, region=ws.config.country, progress=progress, cancel=cancel
        )
        return undo_plan, await undoing.run(undo_plan)

    try:
        undo_plan, done = with_client(ws, ledger, STEP, work, progress)
    except BaseException as error:
        ledger.end_run(this, "stopped", {"why": type(error).__name__})
        raise
    if not of_run and not objects:
        ledger.remember(APPLIED, None)
    ledger.end_run(this, "done", {"undone": len(done.outcomes) - len(done.kept) - done.failed, "kept": len(done.kept)})
    return _result(undo_plan.table(), done, len(undo_plan.entries), dry_run=False, left=_left(ledger))


def _left(ledger: Ledger) -> int:
    return sum(row["count"] for row in ledger.counts() if row["state"] in (State.IN_DOUBT, State.INTENDED))


def _result(table: pd.DataFrame, done: Rollback | None, total: int, *, dry_run: bool, left: int = 0) -> StepResult:
    kept = pd.DataFrame(done.kept if done else [], columns=list(KEPT_COLUMNS))
    rows = pd.DataFrame(done.outcomes if done else [], columns=list(OUTCOME_COLUMNS))
    failed = done.failed if done else 0
    undone = int((rows["outcome"] == "undone").sum())
    if dry_run:
        status, told = Status.DONE, f"{total:,} operations would be undone; nothing was sent."
    elif not total:
        status, told = Status.NOTHING_TO_DO, "There is nothing to undo."
    else:
        status = Status.FAILED if failed or left else Status.DONE
        told = f"{undone:,} operations were undone" + (
            f", {len(kept)} kept, since people touched them" if len(kept) else ""
        )
        told += f", {failed} failed." if failed else "."
    problems = [
        Problem(
            "kept",
            f"{row.target} {row.source_id} ({row.record_id}) is kept: {row.why}",
            Severity.WARNING,
            treatment="left as it is",
        )
        for row in kept.head(100).itertuples(index=False)
    ]
    problems += [
        Problem("not_undone", f"{row.target} {row.source_id}: {row.error}", Severity.CRITICAL)
        for row in rows[rows["outcome"] == "failed"].head(100).itertuples(index=False)
    ]
    return StepResult(
        step=STEP,
        status=status,
        headline=told,
        counts={
            "planned": total,
            "undone": undone,
            "kept": len(kept),
            "failed": failed,
            "in_doubt": left,
            "dry_run": dry_run,
        },
        tables={"plan": table, "outcomes": rows, "kept": kept},
        problems=tuple(problems),
        next_step="rollback" if dry_run else "",
    )
