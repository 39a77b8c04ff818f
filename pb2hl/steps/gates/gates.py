"""The gates: points that need a person's approval. An approval names the hash of what was approved and lapses with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pb2hl import mapper
from pb2hl.errors import ConfigError, GateClosed, Problem, Severity, SheetError
from pb2hl.highlevel import Destination
from pb2hl.ledger import Approval, Ledger, LedgerPort
from pb2hl.register import CHECK, SCHEMA, STEPS, Step
from pb2hl.register import gates as registered
from pb2hl.results import Status, StepResult
from pb2hl.steps.proposal import decisions, proposal
from pb2hl.steps.proposal.proposed_schema import propose_again, published_workflows
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

APPROVED_PARTS = "approved:"
"""The fact, one a gate, that holds the decisions as they stood when it was approved."""
CARRIED = "approvals_carried"
"""The fact that holds the hash of the decisions under which a delta let the approvals of schema and sample stand."""

FOUND_BY = "decisions"
"""The fact of a gate's result that holds the decisions of the plan under which it was found."""
OF_DELTA = "of_delta"
"""The fact of the schema's result that a later export asks for what it shows."""

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
    step = registered()[gate]
    if since := outdated(ws, step):
        raise GateClosed(
            f"{gate} cannot be approved: it was found before this changed: {', '.join(since)}",
            hint=f"find it anew: pb2hl {step.id} {ws.path}",
        )
    problems = open_points(ws, gate)
    if problems and not force:
        raise GateClosed(
            f"{gate} cannot be approved: {counted(len(problems), 'point')} {agree(len(problems), 'is', 'are')} open",
            hint=f"settle them, or approve with --force: pb2hl approve {ws.path} {gate} --by NAME --force",
            problems=problems,
        )
    if problems:
        note = "; ".join([note, *(f"in spite of: {problem}" for problem in problems)]).strip("; ")
    parts = _parts(ws)
    with Ledger.open(ws) as ledger:
        approval = ledger.approve(gate, subject, who.strip(), forced=bool(problems), note=note)
        ledger.remember(APPROVED_PARTS + gate, parts)
        if gate == SCHEMA.gate:
            _confirm_workflows(ws, ledger, approval)
    return approval


def _confirm_workflows(ws: Workspace, ledger: LedgerPort, approval: Approval) -> None:
    names = published_workflows(Destination.load(ws.path))
    ledger.remember(WORKFLOWS_PAUSED, {"who": approval.who, "at": approval.at, "workflows": names})
    if names:
        ledger.log("", "confirm", f"{approval.who} confirms that these workflows are paused: {', '.join(names)}")


def subject_hash(ws: Workspace, gate: str) -> str:
    """The hash of what stands at `gate` now; "" when its step has left nothing."""
    step = registered()[gate]
    if step.gate_of_sheets:
        parts = _parts(ws)
        return decisions.hash_of(parts) if parts else ""
    result = StepResult.load(ws.results(step.result()))
    return str(result.facts.get("hash", "")) if result else ""


def outdated(ws: Workspace, step: Step) -> list[str]:
    """The names of what was changed or decided otherwise since `step` left its result, so that it comes first again.

    Nothing for a step without a result, for a gate of sheets, which are read as they are, and for what a delta asks for.
    """
    result = StepResult.load(ws.results(step.result()))
    if result is not None and step is CHECK:
        return ["the staged tables"] if result.facts.get("tables") != ws.staged_fingerprint() else []
    if result is None or not step.gate or step.gate_of_sheets or result.facts.get(OF_DELTA):
        return []
    try:
        with Ledger.open(ws) as ledger:
            if step is SCHEMA:
                return proposal.differs(ws, ledger)
            now, carried = decisions.of_plan(decisions.decided(ws, ledger)), ledger.recall(CARRIED) or {}
    except SheetError:
        return []
    found_by = result.facts.get(FOUND_BY, {})
    return [] if decisions.hash_of(now) == carried.get("hash") else decisions.changed(found_by, now)


def _parts(ws: Workspace) -> dict[str, str]:
    """Every decision with its hash; nothing while the sheets are missing or damaged."""
    try:
        with Ledger.open(ws) as ledger:
            return decisions.decided(ws, ledger)
    except SheetError:
        return {}


def inventory_points(ws: Workspace) -> list[Problem]:
    """What ended the inventory as failed; a file that a person has left out since counts only once it was read again."""
    result = StepResult.load(ws.results("inventory"))
    if result is None or result.status is not Status.FAILED:
        return []
    return [problem for problem in result.problems if problem.severity is Severity.CRITICAL]


def open_points(ws: Workspace, gate: str) -> list[Problem]:
    """What keeps `gate` from being approved."""
    step = registered()[gate]
    if step.gate_of_sheets:
        with Ledger.open(ws) as ledger:
            owners = decisions.open_owners(ws, ledger)
        problems = [*inventory_points(ws), *mapper.undecided(ws), *decisions.open_matches(ws), *owners]
        return [problem for problem in problems if problem.severity is not Severity.INFO]
    result = StepResult.load(ws.results(step.result()))
    if result is None:
        return []
    found = [problem for problem in result.problems if problem.severity is Severity.CRITICAL]
    if result.status is Status.FAILED and not found:
        found = [Problem("failed", result.headline, Severity.CRITICAL)]
    return found


def check(ws: Workspace, gate: str, problems: Sequence[Problem] = (), *, of_decisions: bool = True) -> Approval:
    """The standing approval of `gate`. Raises GateClosed (exit 3) with `problems` when there is none, or it lapsed.

    Without `of_decisions` it stands while what its step found stands: a delta's new decisions are approved at the mapping gate.
    """
    approval, state = _approval_state(ws, gate, of_decisions=of_decisions)
    if approval is None or state != "approved":
        why = "is not approved"
        if approval is not None:
            since = ", ".join(lapsed_by(ws, gate)) or f"what the step {gate} found"
            why = f"was approved by {approval.who} at {approval.at}, and this has changed since: {since}"
        missing = _missing(ws, gate) if state == "not reached" else ""
        hint = f"pb2hl {missing} {ws.path}" if missing else f"review it, then: pb2hl approve {ws.path} {gate} --by NAME"
        closed = GateClosed(f"the gate {gate} {why}", hint=hint, problems=problems)
        closed.gate = gate
        raise closed
    return approval


def _missing(ws: Workspace, gate: str) -> str:
    """The first step on the way to `gate` that has left nothing yet; "" when all of them have."""
    ids = list(STEPS)
    way = [STEPS[name] for name in ids[: ids.index(registered()[gate].id) + 1]]
    return next(
        (step.id for step in way if not step.optional and StepResult.load(ws.results(step.result())) is None), ""
    )


def in_force(ws: Workspace, gate: str) -> Approval | None:
    """The approval of `gate`, where there is one and nothing that it names has changed since."""
    approval, state = _approval_state(ws, gate)
    return approval if state == "approved" else None


def _approval_state(ws: Workspace, gate: str, *, of_decisions: bool = True) -> tuple[Approval | None, str]:
    subject = subject_hash(ws, gate)
    with Ledger.open(ws) as ledger:
        approval = ledger.approval(gate)
    if approval is None:
        return None, "waiting for approval" if subject else "not reached"
    stands = approval.subject_hash == subject and not (of_decisions and lapsed_by(ws, gate))
    return approval, "approved" if stands else "lapsed"


def lapsed_by(ws: Workspace, gate: str) -> list[str]:
    """The decisions that changed since `gate` was approved, by name; what a later export's approval carried along has not."""
    with Ledger.open(ws) as ledger:
        before, carried = ledger.recall(APPROVED_PARTS + gate) or {}, ledger.recall(CARRIED) or {}
    if not before:
        return []
    now = _parts(ws)
    if registered()[gate].gate_of_sheets:
        return decisions.changed(before, now)
    before, now = decisions.of_plan(before), decisions.of_plan(now)
    return [] if decisions.hash_of(now) == carried.get("hash") else decisions.changed(before, now)


def carry_approvals(ws: Workspace, ledger: LedgerPort) -> None:
    """A later export's additions were approved at the mapping gate: the approvals of schema and sample stand with them."""
    ledger.remember(CARRIED, {"hash": decisions.hash_of(decisions.of_plan(decisions.decided(ws, ledger)))})


def states(ws: Workspace) -> list[dict[str, Any]]:
    """One row a gate: gate, state (not reached, waiting for approval, approved, lapsed), who, at, hash, forced."""
    rows = []
    for gate in registered():
        approval, state = _approval_state(ws, gate)
        given: Sequence[Any] = (
            (approval.who, approval.at, approval.subject_hash, approval.forced) if approval else ("", "", "", False)
        )
        rows.append({"gate": gate, "state": state, **dict(zip(("who", "at", "hash", "forced"), given, strict=True))})
    return rows


def require_checked(ws: Workspace) -> None:
    """Raise GateClosed, naming the rows, when the checks on the staged tables found something critical."""
    result = StepResult.load(ws.results(CHECK.result()))
    if result is None:
        raise GateClosed("the checks before the load were never run", hint=f"pb2hl check {ws.path}")
    if outdated(ws, CHECK):
        raise GateClosed("the tables were staged again since the checks looked at them", hint=f"pb2hl check {ws.path}")
    if result.status is not Status.FAILED:
        return
    problems = [problem for problem in result.problems if problem.severity is Severity.CRITICAL]
    raise GateClosed(
        f"the checks before the load found {counted(len(problems), 'critical problem')}, and nothing is written until they are mended",
        hint=f"mend what is named, then: pb2hl check {ws.path}",
        problems=problems,
    )


MAPPING_DEFAULTS = {"made_keys": "accept", "no_owner": "accept"}
SCHEMA_DEFAULTS = {
    "duplicate_opportunity": "custom field + note",
    "unreachable_files": "leave out",
    "lost_reasons": "custom field",
}
"""The documented defaults that a batch run takes at each gate, on record, where migration.toml says `stop`."""


def take_mapping_policies(ws: Workspace, who: str) -> None:
    """Take the documented defaults of the mapping gate, as given by `who`."""
    _take(ws, MAPPING_DEFAULTS, who)


def take_schema_policies(ws: Workspace, who: str) -> None:
    """The same at the schema gate; the proposal is made again with them, so that what is approved next is what is applied."""
    if _take(ws, SCHEMA_DEFAULTS, who):
        propose_again(ws)


def _take(ws: Workspace, defaults: Mapping[str, str], who: str) -> bool:
    """Put on record the policies that say `stop`; whether any was not on record yet."""
    with Ledger.open(ws) as ledger:
        before = ledger.recall(decisions.POLICY) or {}
        wanted = {name: value for name, value in defaults.items() if getattr(ws.config.policy, name) == "stop"}
        fresh = {name: value for name, value in wanted.items() if before.get(name) != value}
        if fresh:
            ledger.remember(decisions.POLICY, {**before, **fresh})
        for name, value in fresh.items():
            ledger.log("", "decide", f"{who} takes the default of a batch run: {name} = {value}")
    return bool(fresh)
