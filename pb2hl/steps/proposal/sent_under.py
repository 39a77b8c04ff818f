"""Under which decisions what is in HighLevel was sent. Decided otherwise since, it is not what was asked for, though it arrived.

A load sends what was not sent yet and alters nothing that was: a delta of the same export compares every row with what was sent,
and brings over what differs.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from pb2hl.errors import Problem, Severity, SheetError
from pb2hl.ledger import LedgerPort, State
from pb2hl.operations import DATA_TARGETS
from pb2hl.plan import Plan
from pb2hl.register import bring_over
from pb2hl.steps.proposal import proposal
from pb2hl.steps.proposal.decisions import changed, decided, of_plan
from pb2hl.workspace import Workspace

SENT = "sent_under"
"""The fact that holds, of the first run that sent records and of every delta, `{"run", "export", "decisions"}`; the last is in force."""


def begin(ws: Workspace, ledger: LedgerPort, run: str) -> None:
    """`run` sends by the stored plan; what was sent before keeps the decisions under which that was done."""
    if not ledger.recall(SENT):
        ledger.remember(SENT, [_entry(run, ws.export_path, dict(proposal.made_of(ledger)))])


def brought(ws: Workspace, ledger: LedgerPort, run: str, export: Path) -> None:
    """The delta `run` compared every row of `export` with what was sent: all of it stands under the decisions of now."""
    ledger.remember(SENT, [*(ledger.recall(SENT) or ()), _entry(run, export, of_plan(decided(ws, ledger)))])


def taken_back(ledger: LedgerPort, runs: Collection[str]) -> None:
    """What these runs sent is gone; without any, all that was sent."""
    sent = ledger.recall(SENT) or []
    ledger.remember(SENT, [*sent[:1], *(one for one in sent[1:] if one["run"] not in runs)] if runs else None)


def since(ws: Workspace, ledger: LedgerPort) -> list[str]:
    """The names of what was decided otherwise since the records were sent; nothing where none were."""
    sent = ledger.recall(SENT)
    try:
        return changed(sent[-1]["decisions"], of_plan(decided(ws, ledger))) if sent else []
    except SheetError:
        return []


def again(ledger: LedgerPort) -> str:
    """The delta that brings over what was decided since, as a command without its workspace."""
    return bring_over(ledger.recall(SENT)[-1]["export"])


def problems(ws: Workspace, ledger: LedgerPort, severity: Severity = Severity.CRITICAL) -> tuple[Problem, ...]:
    """What is said of records that were sent under other decisions than today's."""
    names = since(ws, ledger)
    if not names:
        return ()
    text = f"records were sent before this was decided otherwise: {', '.join(names)}"
    treatment = "once everything is loaded, a delta of the same export brings over what differs (pb2hl status names it)"
    return (Problem("sent_otherwise", text, severity, count=len(names), treatment=treatment),)


def look(ws: Workspace, ledger: LedgerPort, data: Plan) -> None:
    """Where `data`, planned by the decisions of now, holds every operation just as it was sent, they make no difference."""
    sent = ledger.recall(SENT) or []
    if len(sent) != 1 or not since(ws, ledger):
        return  # nothing was sent, nothing decided, or a delta laid changes over what was sent
    names = ("op_id", "target", "payload_hash")
    there = {op_id: said for op_id, target, said in ledger.columns(names, state=State.DONE) if target in DATA_TARGETS}
    for op in data.operations:
        if op.op_id in there and op.payload_hash != there.pop(op.op_id):
            return
    if not there:
        ledger.remember(SENT, [{**sent[0], "decisions": of_plan(decided(ws, ledger))}])


def _entry(run: str, export: Path, decisions: Any) -> dict[str, Any]:
    return {"run": run, "export": str(export), "decisions": decisions}
