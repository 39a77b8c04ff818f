"""Step 10: take everything back, in reverse order; what people touched since is kept and told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from pb2hl.apply import Rollback, UndoPlan, plan_undo
from pb2hl.apply.context import RunContext
from pb2hl.apply.undo import KEPT_COLUMNS, OBJECT_STAYS, OUTCOME_COLUMNS, Undo
from pb2hl.errors import ConfigError, Problem, Severity
from pb2hl.highlevel import Destination
from pb2hl.ledger import Ledger, LedgerPort
from pb2hl.ledger.port import OPEN
from pb2hl.mapper.sheets.gate import BY_HAND
from pb2hl.operations import SCHEMA_TARGETS
from pb2hl.plan.building.estimate import Budget
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.results import Status, StepResult
from pb2hl.sheets import table_rows
from pb2hl.steps.load.schema import APPLIED
from pb2hl.steps.prepare.doctor import swept
from pb2hl.steps.rollback.cost import requests
from pb2hl.steps.shared import outcomes, wizard
from pb2hl.steps.shared.writing import make_ready, whole_run, writing
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

STEP = "rollback"
MOST_TOLD = 100
"""Kept and failed records that are told one by one; the tables hold all of them."""


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
        if dry_run:
            progress.start("planning the rollback", 2, "parts")
            undo_plan = plan_undo(ledger, of_runs=_runs(ledger, run or ""), objects=objects)
            progress.advance()
            cost = requests(undo_plan, ledger, Destination.load(ws.path))
            progress.advance()
            progress.finish()
            result = _result(undo_plan, Rollback(), cost, outcomes.errors(ledger, OPEN), dry_run=True)
        else:
            result = _undo(ws, ledger, run or "", objects, force, progress, cancel)
            wizard.write(ws, ledger)
        result.save(ws.results(STEP))
    return result


def _undo(
    ws: Workspace,
    ledger: LedgerPort,
    of_run: str,
    objects: Sequence[str],
    force: bool,
    progress: Progress,
    cancel: Cancel | None,
) -> StepResult:
    async def work(context: RunContext) -> tuple[UndoPlan, dict[str, int], Rollback]:
        await swept(context.client, ledger)
        progress.advance()
        undo_plan = plan_undo(ledger, of_runs=_runs(ledger, of_run), objects=objects)
        progress.advance()
        cost = requests(undo_plan, ledger, Destination.load(ws.path))
        progress.advance()
        if any(entry.target in SCHEMA_TARGETS for entry in undo_plan.entries):
            ledger.remember(APPLIED, None)  # before the first of it goes: a rollback may be killed
        progress.start(STEP, len(undo_plan.entries), "operations")
        return undo_plan, cost, await Undo(context, force=force).run(undo_plan)

    facts = {"of_run": of_run, "objects": list(objects), "force": force}
    with writing(ws, ledger, STEP, progress, cancel, facts) as session:
        progress.start("settling what is in doubt, planning the rollback", 3, "parts")
        make_ready(ws, ledger, STEP, progress, cancel, session.run)
        undo_plan, cost, done = session.do(work)
        session.ending.update(undone=done.undone, kept=len(done.kept), failed=done.failed)
    result = _result(undo_plan, done, cost, outcomes.errors(ledger, OPEN), dry_run=False)
    counts = {**result.counts, **outcomes.log_head(ledger)}
    return replace(result, counts=counts, problems=(*result.problems, *_made_by_hand(ledger)))


def _runs(ledger: LedgerPort, run: str) -> frozenset[str]:
    """The run with those that went on with it; none for all."""
    return whole_run(ledger, run) if run else frozenset()


def _made_by_hand(ledger: LedgerPort) -> Iterator[Problem]:
    """What an admin made at our request is the client's own: it stays, and that is said."""
    names = ledger.recall(BY_HAND) or ()
    if names:
        text = f"pipelines that an admin made by hand for this migration stay: {', '.join(names)}"
        yield Problem("made_by_hand", text, Severity.INFO, treatment="delete them in HighLevel if nobody uses them")


def _result(
    plan: UndoPlan, done: Rollback, cost: Mapping[str, int], doubt: pd.DataFrame, *, dry_run: bool
) -> StepResult:
    """`cost` is what was told beforehand, by what the requests are for; `doubt` what is not settled."""
    kept = pd.DataFrame(done.kept, columns=list(KEPT_COLUMNS))
    rows = pd.DataFrame(done.outcomes, columns=list(OUTCOME_COLUMNS))
    total, expected = len(plan.entries), Budget({STEP: cost})
    if dry_run:
        status = Status.DONE
        headline = f"{counted(total, 'operation')} would be undone, with {counted(expected.total, 'request')} in about {expected.seconds:,} s; nothing was sent. The location was not looked at: what people changed since is kept when it runs, and told then."
    elif not total:
        status = Status.FAILED if len(doubt) else Status.NOTHING_TO_DO
        headline = "There is nothing to undo."
    else:
        status = Status.FAILED if done.failed or len(doubt) else Status.DONE
        headline = f"{counted(done.undone, 'operation')} {agree(done.undone, 'was', 'were')} undone, with {counted(done.requests, 'request')} ({expected.total:,} were told)"
        headline += f", {len(kept)} kept" if len(kept) else ""
        headline += f", {done.failed} failed." if done.failed else "."
    if len(doubt):
        headline += f" {len(doubt)} stay in doubt."
    return StepResult(
        step=STEP,
        status=status,
        headline=headline,
        counts={
            "planned": total,
            "undone": done.undone,
            "kept": len(kept),
            "failed": done.failed,
            "in_doubt": len(doubt),
            "requests_told": expected.total,
            "requests_sent": done.requests,
            "dry_run": dry_run,
        },
        tables={
            "plan": plan.table(),
            "requests": pd.DataFrame(list(cost.items()), columns=["what for", "requests"]),
            "outcomes": rows,
            "kept": kept,
            "in_doubt": doubt,
        },
        problems=(*_problems(kept, rows), *_covered(done.covered), *outcomes.problems_of(doubt)),
        next_step="rollback" if dry_run else "",
    )


def _covered(values: int) -> Iterator[Problem]:
    if values:
        text = f"{counted(values, 'value')} {agree(values, 'stays', 'stay')} as later runs, which stay, wrote them too; undone in their turn, those go back past this one"
        yield Problem("written_later", text, Severity.INFO, count=values)


def _problems(kept: pd.DataFrame, rows: pd.DataFrame) -> Iterator[Problem]:
    objects = kept[kept["why"] == OBJECT_STAYS]
    if len(objects):
        names = ", ".join(objects["source_id"].str.removeprefix("object."))
        text = (
            f"{counted(len(objects), 'custom object')} {agree(len(objects), 'stays', 'stay')} ({names}): {OBJECT_STAYS}"
        )
        yield Problem("objects_stay", text, Severity.INFO, count=len(objects),
                      treatment="delete them in HighLevel (Settings, Objects) if they must go")  # fmt: skip
    for row in table_rows(kept[kept["why"] != OBJECT_STAYS].head(MOST_TOLD)):
        text = f"{row.target} {row.source_id} ({row.record_id}) is kept: {row.why}"
        yield Problem("kept", text, Severity.WARNING, treatment="left as it is; --force takes back what it may")
    for row in table_rows(rows[rows["outcome"] == "failed"].head(MOST_TOLD)):
        yield Problem("not_undone", f"{row.target} {row.source_id}: {row.error}", Severity.CRITICAL)
    cleared = rows[(rows["action"] == "clear") & (rows["outcome"] == "undone")]
    alone = [record for record in cleared["record_id"].str.split("/").str[0].unique() if record not in _deleted(rows)]
    if alone:
        text = f"the file fields of {counted(len(alone), 'contact')} that were there before are cleared ({', '.join(alone[:5])})"
        yield Problem(
            "files_cleared", text, Severity.WARNING, count=len(alone), treatment="their files are gone with it"
        )


def _deleted(rows: pd.DataFrame) -> frozenset[str]:
    gone = rows[(rows["action"] == "delete") & (rows["outcome"] == "undone")]
    return frozenset(gone["record_id"])
