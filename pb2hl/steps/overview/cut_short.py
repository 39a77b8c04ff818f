"""A rollback or delta that was cut short, or has left something to send: the command that goes on with it."""

from __future__ import annotations

from collections.abc import Sequence

from pb2hl.ledger import LedgerPort
from pb2hl.register import DELTA, LOAD, ROLLBACK, bring_over, results
from pb2hl.results import Failure, StepResult
from pb2hl.steps.shared.writing import STOPPED
from pb2hl.workspace import Workspace

BROUGHT = "delta_export"
"""The fact that names the export of the last delta that was begun."""


def rollback_again(of_run: str, objects: Sequence[str], force: bool) -> str:
    """The same rollback once more, as a command without its workspace: it takes back what is left."""
    asked = [f"--run {of_run}"] if of_run else []
    asked += [f"--object {one}" for one in objects]
    return " ".join([ROLLBACK.id, *asked, *(["--force"] if force else [])])


def unfinished_rollback(ledger: LedgerPort) -> str:
    """The command that goes on with a rollback that was stopped or killed and after which nothing was written; "" for none."""
    runs = ledger.runs()
    if not runs or runs[-1].step != ROLLBACK.id or runs[-1].status not in ("", STOPPED):
        return ""
    facts = runs[-1].facts
    return rollback_again(str(facts.get("of_run") or ""), facts.get("objects") or (), bool(facts.get("force")))


def unfinished_delta(ws: Workspace, ledger: LedgerPort) -> str:
    """The command that goes on with a delta that failed or was killed and after which nothing was done; "" for none."""
    runs, export = ledger.runs(), str(ledger.recall(BROUGHT) or "")
    cut_off = bool(runs) and runs[-1].step == DELTA.id and runs[-1].status in ("", STOPPED)
    failure = Failure.load(ws.results(DELTA.result()))
    failed = failure is not None and failure.at >= max(StepResult.left_at(ws.results(name)) for name in results())
    return bring_over(export) if export and (cut_off or failed) else ""


def sends_the_rest(ledger: LedgerPort) -> str:
    """The command that sends what waits to be sent: the last delta once more where one came after the load, which knows the first
    export only."""
    export = str(ledger.recall(BROUGHT) or "")
    last = next((run.step for run in reversed(ledger.runs()) if run.step in (LOAD.id, DELTA.id, ROLLBACK.id)), "")
    return bring_over(export) if export and last == DELTA.id else LOAD.id
