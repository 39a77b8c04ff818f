"""Decisions of a notebook: approving at a gate and taking a migration back, by a button or, in a batch run, by parameters."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from pb2hl import report
from pb2hl.analyst.earlier import remember_panel
from pb2hl.analyst.parameters import arguments, yes_or_no
from pb2hl.errors import Cancelled, GateClosed, Pb2hlError
from pb2hl.highlevel import Destination
from pb2hl.progress import TICK_S, Cancel, Silent
from pb2hl.register import ROLLBACK, SCHEMA, STEPS
from pb2hl.report.status import approval_line, gate_states
from pb2hl.review.confirm import Confirm
from pb2hl.steps.gates import gates
from pb2hl.steps.gates.batch import decide as decide_at_gate
from pb2hl.steps.proposal.decisions import open_matches
from pb2hl.steps.proposal.proposed_schema import published_workflows
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace


class Said(str):
    """A sentence that a cell shows as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def decide(ws: Workspace, step: str, approved_by: str = "", *, take_defaults: Any = False) -> str | Confirm:
    """Record the decision of `approved_by` at the gate of `step`, and say what was recorded.

    Without a name nothing is recorded: where the step has a gate, a panel shows what would be approved (its hash, what is open, who
    approved before), with a field for the name and a button.
    """
    settled, name = yes_or_no(take_defaults, "take_defaults"), str(approved_by).strip()
    if not name and not STEPS[step].gate:
        waiting = [str(problem) for problem in open_matches(ws)]
        return Said("\n".join(waiting) or f"{step}: everything is decided, and what was decided is in the sheets")
    if name:
        return Said(decide_at_gate(ws, step, name, take_defaults=settled))
    return remember_panel(step, gate_panel(ws, step))


def gate_panel(ws: Workspace, step: str) -> Confirm:
    """What stands at the gate of `step`, with a button that approves it under the name typed.

    Where points are open the panel lists them, and approves in spite of them for a reason that is typed, on record, as `--force` does.
    Nothing is overridden that the panel did not show.
    """
    gate = STEPS[step].gate
    seen: list[str] = []

    def look() -> dict[str, Any]:
        subject = gates.subject_hash(ws, gate)
        seen[:] = _open(ws, gate) if subject else []
        return _at_gate(ws, gate, subject, seen)

    def approve(who: str, reason: str) -> str:
        points = _open(ws, gate) if gates.subject_hash(ws, gate) else []
        if new := [point for point in points if point not in seen]:
            more = counted(len(new), "point")
            raise GateClosed(f"{more} {agree(len(new), 'is', 'are')} open that this panel did not show: look again")
        approval = gates.approve(ws, gate, who=who, force=bool(points and reason), note=reason if points else "")
        report.write_again(ws, [step])
        forced = f", although {counted(len(points), 'point')} {agree(len(points), 'is', 'are')} open" if points else ""
        return f"{gate} approved by {approval.who}{forced}: {approval.subject_hash}"

    return Confirm(f"Approve: {gate}", approve, look, prompt="Your name", busy="recording the approval …")


def _open(ws: Workspace, gate: str) -> list[str]:
    return [str(problem) for problem in gates.open_points(ws, gate)]


def _at_gate(ws: Workspace, gate: str, subject: str, points: Sequence[str]) -> dict[str, Any]:
    """What a gate's panel shows."""
    before = approval_line(gate_states(ws), gate)
    are = agree(len(points), "is", "are")
    facts = [
        ("What is approved", subject or "nothing yet: run the step above first"),
        ("What is open", f"{counted(len(points), 'point')}: settle {agree(len(points), 'it', 'them')}, or say why you approve nevertheless" if points else "nothing"),
        ("Until now", before or "nobody has approved this yet"),
    ]  # fmt: skip
    workflows = published_workflows(Destination.load(ws.path)) if subject and gate == SCHEMA.gate else []
    if workflows:
        facts.insert(1, ("Confirmed with it", f"that these workflows are paused: {', '.join(workflows)}"))
    return {
        "facts": [list(pair) for pair in facts],
        "points": list(points),
        "although": "Why you approve although that is open (goes on record)" if points else "",
        "button": f"Approve {gate}" + (f" although {counted(len(points), 'point')} {are} open" if points else ""),
    }


def rollback_button(ws: Workspace, *, run: str = "", force: Any = False) -> Confirm:
    """Take the migration back (or only `run`) by one button, once the location's id was typed; the plan is `rollback(ws, dry_run=True)`.

    Raises ConfigError for a parameter that is not understood.
    """
    given = arguments(ROLLBACK, {"run": run, "force": force})
    scope = f"only the run {run}" if run else "the whole migration"

    def undo(_typed: str, _reason: str) -> str:
        try:
            with Cancel().on_interrupt() as cancel:
                outcome = ROLLBACK.function()(ws, progress=Told(panel), cancel=cancel, **given)
        except Pb2hlError as error:
            report.write_failure(ws, ROLLBACK.result(), error)
            if isinstance(error, Cancelled):
                raise Cancelled(
                    error.message, hint="press the button again, and it goes on with what is left"
                ) from None
            raise
        report.present(ws, outcome)
        return str(outcome.headline)

    facts = [
        ("What is taken back", scope),
        ("Location", f"{ws.config.location} at {ws.config.base_url}"),
        (
            "What people touched since",
            "is removed as well" if given["force"] else "is looked up, stays, and is reported",
        ),
    ]
    shown = {"wanted": ws.config.location, "prompt": f"Type {ws.config.location} to confirm", "button": "Take it back", "busy": "taking it back; this may take minutes …"}  # fmt: skip
    panel = Confirm("Roll back", undo, lambda: {"facts": [list(pair) for pair in facts]}, **shown)
    return panel


class Told(Silent):
    """Progress as a sentence in a panel, for a cell's bar is out of reach of a button."""

    def __init__(self, panel: Confirm):
        self._panel, self._what, self._total, self._done, self._said = panel, "", 0, 0, 0.0

    def start(self, what: str, total: int | None = None, unit: str = "rows") -> None:
        """Begin `what`."""
        self._what, self._total, self._done = what, total or 0, 0
        self._say()

    def advance(self, n: int = 1) -> None:
        """Say how far it is, twice a second."""
        self._done += n
        if time.monotonic() - self._said >= TICK_S:
            self._say()

    def note(self, text: str) -> None:
        """Say why it waits."""
        self._say(f" · {text}")

    def _say(self, more: str = "") -> None:
        self._said = time.monotonic()
        of = f": {self._done:,} of {self._total:,}" if self._total else " …"
        self._panel.message = f"{self._what}{of}{more}"
