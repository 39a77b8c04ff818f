"""Step 7: load everything that is not there yet. Run again it goes on where it was; nothing is ever sent twice."""

from __future__ import annotations

from itertools import filterfalse

import pyarrow.parquet as pq

from pb2hl import plan
from pb2hl.apply import Execution
from pb2hl.errors import GateClosed, Problem
from pb2hl.ledger import Ledger, LedgerPort, State
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.register import DELTA, LOAD, MAPPING, SAMPLE, SCHEMA
from pb2hl.results import Status, StepResult
from pb2hl.steps.balance.balance import Balance, balance
from pb2hl.steps.gates import gates
from pb2hl.steps.proposal import proposal, sent_under
from pb2hl.steps.shared import outcomes, requests
from pb2hl.steps.shared.owner_order import in_order
from pb2hl.steps.shared.refusals import with_archive
from pb2hl.steps.shared.wizard import with_wizard
from pb2hl.steps.shared.writing import make_ready, writing
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

STEP = "load"


def load(ws: Workspace, *, progress: Progress = SILENT, cancel: Cancel | None = None) -> StepResult:
    """Carry out the plan of the approved sample and everything else.

    Raises GateClosed until mapping, schema and sample are approved, TokenMissing, HighLevelError, Cancelled.
    """
    gates.check(ws, SAMPLE.gate)
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        require_ready(ws, ledger)
        make_ready(ws, ledger, STEP, progress, cancel)
        gone = withdrawn(ledger)
        operations = filterfalse(lambda op: op.op_id in gone, plan.read(ws.plan / "data"))
        with writing(ws, ledger, STEP, progress, cancel) as session:
            sent_under.begin(ws, ledger, session.run)
            execution = session.carry_out(in_order(ledger, ws.plan / "data", operations), _total(ws) - len(gone))
        result = with_wizard(
            ws,
            ledger,
            with_archive(ws, ledger, _result(ledger, execution, balance(ws, ledger), sent_under.problems(ws, ledger))),
        )
        result.save(ws.results(STEP))
    return result


def require_ready(ws: Workspace, ledger: LedgerPort) -> None:
    """Raise GateClosed unless mapping and schema stand approved, the checks found nothing critical, the schema is in place, and
    the plan is of today's sheets."""
    gates.check(ws, MAPPING.gate)
    gates.check(ws, SCHEMA.gate)
    gates.require_checked(ws)
    proposal.require_current(ws, ledger)
    if not proposal.in_place(ledger):
        raise GateClosed("the schema is not in place", hint=f"pb2hl schema {ws.path} --apply")


def withdrawn(ledger: LedgerPort) -> frozenset[str]:
    """Op ids of what a delta deleted since its row was gone from the later export: a load does not make it again."""
    deltas = {run.run_id for run in ledger.runs() if run.step == DELTA.id}
    undone = ledger.columns(["op_id", "undone_by"], state=State.UNDONE)
    return frozenset(op_id for op_id, by in undone if by in deltas)


def _total(ws: Workspace) -> int:
    return sum(pq.read_metadata(path).num_rows for path in (ws.plan / "data").glob("*.parquet"))


def _result(ledger: LedgerPort, execution: Execution, asked: Balance, otherwise: tuple[Problem, ...]) -> StepResult:
    table = outcomes.outcomes(ledger)
    missing = outcomes.errors(ledger)
    by_state = outcomes.counts_of(table)
    doubt = by_state.get("in_doubt", 0) + by_state.get("intended", 0)
    sent = (
        f"{counted(execution.sent, 'operation')} {agree(execution.sent, 'was', 'were')} sent"
        if execution.sent
        else "Nothing was left to send"
    )
    done = Status.DONE if execution.sent else Status.NOTHING_TO_DO
    return StepResult(
        step=STEP,
        status=Status.FAILED if doubt else done if asked.complete and not otherwise else Status.INCOMPLETE,
        headline=f"{sent}. {asked.headline}",
        counts={"sent": execution.sent, "already": execution.already, "refused": execution.refused, "held": execution.held,
                "in_doubt": doubt, **asked.counts, **{f"total_{state}": count for state, count in by_state.items()},
                "requests_used_today": ledger.requests_today(), **requests.counts(ledger), **outcomes.log_head(ledger)},
        tables={"balance": asked.table, "open": asked.open, "left_out": asked.left_out, "outcomes": table, "errors": missing, "losses": outcomes.losses(ledger), "timeline": outcomes.timeline(ledger),
                "requests": requests.table(ledger)},
        problems=(*otherwise, *asked.problems),
        next_step=LOAD.next,
    )  # fmt: skip
