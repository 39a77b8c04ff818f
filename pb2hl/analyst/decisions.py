"""Decisions of a notebook: approving at a gate and taking a migration back, by a button or, in a batch run, by parameters."""

from __future__ import annotations

from typing import Any

from pb2hl import report
from pb2hl.analyst.parameters import arguments, yes_or_no
from pb2hl.progress import Bar
from pb2hl.register import ROLLBACK, STEPS
from pb2hl.report.status import approval_line, gate_states
from pb2hl.review.confirm import Confirm
from pb2hl.steps.gates import gates
from pb2hl.steps.gates.batch import decide as decide_at_gate
from pb2hl.workspace import Workspace

MOST_OPEN = 8
"""Open points that a gate lists; the report has all of them."""


def decide(ws: Workspace, step: str, approved_by: str = "", *, take_defaults: Any = False) -> str | Confirm:
    """Record the decision of `approved_by` at the gate of `step`, and say what was recorded.

    Without a name nothing is recorded: where the step has a gate, a panel shows what would be approved (its hash, what is open, who
    approved before), with a field for the name and a button.
    """
    settled, name = yes_or_no(take_defaults, "take_defaults"), str(approved_by).strip()
    if not name and not STEPS[step].gate:
        return f"{step}: what the reviews above decided is in the sheets already"
    if name:
        return decide_at_gate(ws, step, name, take_defaults=settled)
    return gate_panel(ws, step)


def gate_panel(ws: Workspace, step: str) -> Confirm:
    """What stands at the gate of `step`, with a button that approves it under the name typed."""
    gate = STEPS[step].gate
    subject = gates.subject_hash(ws, gate)
    points = [str(problem) for problem in gates.open_points(ws, gate)] if subject else []
    more = [f"{len(points) - MOST_OPEN} more in the report"] if len(points) > MOST_OPEN else []
    before = approval_line(gate_states(ws), gate)
    facts = [
        ("What is approved", subject or "nothing yet: run the step above first"),
        ("What is open", f"{len(points)}: settle them first" if points else "nothing"),
        ("Until now", before or "nobody has approved this yet"),
    ]

    def approve(who: str) -> str:
        approval = gates.approve(ws, gate, who=who)
        report.write_again(ws, [step])
        return f"{gate} approved by {approval.who}: {approval.subject_hash}"

    shown = {"prompt": "Your name", "button": f"Approve {gate}", "busy": "recording the approval …"}
    return Confirm(f"Approve: {gate}", approve, facts=facts, points=[*points[:MOST_OPEN], *more], **shown)


def rollback_button(ws: Workspace, *, run: str = "", force: Any = False) -> Confirm:
    """Take the migration back (or only `run`) by one button, once the location's id was typed; the plan is `rollback(ws, dry_run=True)`.

    Raises ConfigError for a parameter that is not understood.
    """
    given = arguments(ROLLBACK, {"run": run, "force": force})
    scope = f"only the run {run}" if run else "the whole migration"

    def undo(_typed: str) -> str:
        with Bar() as bar:
            outcome = ROLLBACK.function()(ws, progress=bar, **given)
        report.present(ws, outcome)
        return outcome.headline

    facts = [
        ("What is taken back", scope),
        ("Location", f"{ws.config.location} at {ws.config.base_url}"),
        (
            "What people touched since",
            "is removed as well" if given["force"] else "is looked up, stays, and is reported",
        ),
    ]
    shown = {"wanted": ws.config.location, "prompt": f"Type {ws.config.location} to confirm", "button": "Take it back", "busy": "taking it back; this may take minutes …"}  # fmt: skip
    return Confirm("Roll back", undo, facts=facts, **shown)
