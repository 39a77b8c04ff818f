"""The gates: points that need a person's approval. An approval names the hash of what was approved and lapses with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pb2hl import mapper
from pb2hl.errors import ConfigError, GateClosed, Problem, Severity, SheetError
from pb2hl.highlevel import Destination
from pb2hl.ledger import Approval, Ledger
from pb2hl.register import CHECK, SCHEMA
from pb2hl.register import gates as registered
from pb2hl.results import Status, StepResult
from pb2hl.steps.proposal import proposal
from pb2hl.steps.proposal.proposed_schema import propose_again, published_workflows
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

WORKFLOWS_PAUSED = "workflows_paused"
"""The fact that says who confirmed that the published workflows are paused, and which."""


def approve(ws: Workspace, gate: str, who: str, *, force: bool = False, note: str = "") -> Approval:
    """Record that `who` approves `gate` as it stands.

    Raises GateClosed, naming everything that is open, when there is nothing to approve or something is undecided;
    `force` approves in spite of it, on record.
    """
    if gate not in registered():
        raise ConfigError(f"there is no gate {gate!r}", hint=f"one of: {', '.join(registered())}")
    if not who.strip():
        raise ConfigError("an approval needs a name", hint='--by "Jane Roe"')
    subject = subject_hash(ws, gate)
    if not subject:
        raise GateClosed(f"there is nothing to approve at the gate {gate} yet", hint=f"pb2hl {gate} {ws.path}")
    problems = open_points(ws, gate)
    if problems and not force:
        raise GateClosed(
            f"{gate} cannot be approved: {counted(len(problems), 'point')} {agree(len(problems), 'is', 'are')} open",
            hint=f"settle them, or approve with --force: pb2hl approve {ws.path} {gate} --by NAME --force",
            problems=problems,
        )
    if problems:
        note = "; ".join([note, *(f"in spite of: {problem}" for problem in problems)]).strip("; ")
    with Ledger.open(ws) as ledger:
        approval = ledger.approve(gate, subject, who.strip(), forced=bool(problems), note=note)
        if gate == SCHEMA.gate:
            _confirm_workflows(ws, ledger, approval)
    return approval


def _confirm_workflows(ws: Workspace, ledger: Ledger, approval: Approval) -> None:
    names = published_workflows(Destination.load(ws.path))
    ledger.remember(WORKFLOWS_PAUSED, {"who": approval.who, "at": approval.at, "workflows": names})
    if names:
        ledger.log("", "confirm", f"{approval.who} confirms that these workflows are paused: {', '.join(names)}")


def subject_hash(ws: Workspace, gate: str) -> str:
    """The hash of what stands at `gate` now; "" when its step has left nothing."""
    step = registered()[gate]
    if step.gate_of_sheets:
        try:
            return mapper.mapping_hash(ws)
        except SheetError:
            return ""
    result = StepResult.load(ws.results(step.result()))
    return str(result.facts.get("hash", "")) if result else ""


def open_points(ws: Workspace, gate: str) -> list[Problem]:
    """What keeps `gate` from being approved."""
    step = registered()[gate]
    if step.gate_of_sheets:
        return [problem for problem in mapper.undecided(ws) if problem.severity is not Severity.INFO]
    result = StepResult.load(ws.results(step.result()))
    if result is None:
        return []
    found = [problem for problem in result.problems if problem.severity is Severity.CRITICAL]
    if result.status is Status.FAILED and not found:
        found = [Problem("failed", result.headline, Severity.CRITICAL)]
    return found


def check(ws: Workspace, gate: str, problems: Sequence[Problem] = ()) -> Approval:
    """The standing approval of `gate`. Raises GateClosed (exit 3) with `problems` when there is none, or it lapsed."""
    approval, state = _standing(ws, gate)
    if approval is None or state != "approved":
        why = (
            "is not approved"
            if approval is None
            else f"was approved by {approval.who} at {approval.at}, and has changed since"
        )
        hint = f"review it, then: pb2hl approve {ws.path} {gate} --by NAME"
        raise GateClosed(f"the gate {gate} {why}", hint=hint, problems=problems)
    return approval


def _standing(ws: Workspace, gate: str) -> tuple[Approval | None, str]:
    subject = subject_hash(ws, gate)
    with Ledger.open(ws) as ledger:
        approval = ledger.approval(gate)
    if approval is None:
        return None, "waiting for approval" if subject else "not reached"
    return approval, "approved" if approval.subject_hash == subject else "lapsed"


def states(ws: Workspace) -> list[dict[str, Any]]:
    """One row a gate: gate, state (not reached, waiting for approval, approved, lapsed), who, at, hash, forced."""
    rows = []
    for gate in registered():
        approval, state = _standing(ws, gate)
        given: Sequence[Any] = (
            (approval.who, approval.at, approval.subject_hash, approval.forced) if approval else ("", "", "", False)
        )
        rows.append({"gate": gate, "state": state, **dict(zip(("who", "at", "hash", "forced"), given, strict=True))})
    return rows


def require_checked(ws: Workspace) -> None:
    """Raise GateClosed, naming the rows, when the checks on the staged tables found something critical."""
    result = StepResult.load(ws.results(CHECK.result()))
    if result is None or result.status is not Status.FAILED:
        return
    problems = [problem for problem in result.problems if problem.severity is Severity.CRITICAL]
    raise GateClosed(
        f"the checks before the load found {counted(len(problems), 'critical problem')}, and nothing is written until they are mended",
        hint=f"mend what is named, then: pb2hl check {ws.path}",
        problems=problems,
    )


def accept_made_keys(ws: Workspace, who: str) -> None:
    """The documented default of a batch run for rows without a key of their own: they keep the ones that were made for them."""
    if ws.config.policy.made_keys == "accept":
        return
    with Ledger.open(ws) as ledger:
        taken = ledger.recall(proposal.POLICY) or {}
        if taken.get("made_keys") != "accept":
            ledger.remember(proposal.POLICY, {**taken, "made_keys": "accept"})
            ledger.log("", "decide", f"{who} takes the default of a batch run: made_keys = accept")


def take_default_policies(ws: Workspace, who: str) -> dict[str, str]:
    """The documented default where migration.toml says `stop`: a second open deal becomes a custom field and a note.

    The proposal is made again with it, so that what is approved next is what is applied. Returns what was taken.
    """
    if ws.config.policy.duplicate_opportunity != "stop":
        return {}
    taken = {"duplicate_opportunity": "custom field + note"}
    with Ledger.open(ws) as ledger:
        before = ledger.recall(proposal.POLICY) or {}
        if taken.items() <= before.items():
            return taken
        ledger.remember(proposal.POLICY, {**before, **taken})
        ledger.log("", "decide", f"{who} takes the default of a batch run: duplicate_opportunity = custom field + note")
    propose_again(ws)
    return taken
