"""What a later export needs in the location beyond the approved schema: shown, approved, then made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from pb2hl.errors import GateClosed, Problem, Severity
from pb2hl.operations import Kind, Operation, canonical_hash
from pb2hl.plan.schema.schema import DIFF_COLUMNS
from pb2hl.results import Status, StepResult
from pb2hl.sheets import table_rows
from pb2hl.steps.gates import gates
from pb2hl.steps.load.growth import label
from pb2hl.steps.load.making import instructions
from pb2hl.steps.proposal.pieces_told import pieces_told
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace


def require_approved(ws: Workspace, pieces: Sequence[Operation], who: str) -> None:
    """Raise GateClosed unless exactly these pieces stand approved at the gate `schema`; with `who` they are approved.

    The schema's result then shows them, so that its report is what is approved.
    """
    pieces = [op for op in pieces if op.kind is not Kind.SKIP]
    if not pieces:
        return
    subject = canonical_hash([[op.op_id, op.kind, op.payload] for op in pieces])
    before = StepResult.load(ws.results("schema"))
    if before is None or before.facts.get("hash") != subject:
        _present(ws, before, pieces, subject)
    if who:
        gates.approve(ws, "schema", who, note="for what the later export has more")
    gates.check(ws, "schema", problems=[_problem(op) for op in pieces])


def _present(ws: Workspace, before: StepResult | None, pieces: Sequence[Operation], subject: str) -> None:
    diff = pd.DataFrame([_row(op) for op in pieces], columns=list(DIFF_COLUMNS))
    StepResult(
        "schema",
        Status.WAITING,
        f"The later export needs more in the location: {pieces_told(pieces)}; {agree(len(pieces), 'it waits', 'they wait')} for approval.",
        counts={"to_make": len(pieces)},
        tables={**(dict(before.tables) if before else {}), "diff": diff},
        facts={**(dict(before.facts) if before else {}), "hash": subject, gates.OF_DELTA: True},
        next_step=f"approve schema, then delta again: pb2hl approve {ws.path} schema --by NAME",
    ).save(ws.results("schema"))


def ask_admin(ws: Workspace, waiting: Sequence[tuple[Operation, str]]) -> None:
    """Save the exact steps for an admin with the schema's result and stop. Raises GateClosed."""
    steps = instructions(waiting, f"pb2hl delta {ws.path} --export PATH")
    before = StepResult.load(ws.results("schema"))
    problems = [
        Problem("pipeline_waits", f"{row.what}, step {row.step}: {row.do}", Severity.CRITICAL, treatment=row.why)
        for row in table_rows(steps)
    ]
    headline = f"{counted(len(waiting), 'pipeline')} of the later export {agree(len(waiting), 'waits', 'wait')} for an admin: the token may not make or change them."
    StepResult(
        "schema",
        Status.WAITING,
        headline,
        counts=dict(before.counts) if before else {},
        tables={**(dict(before.tables) if before else {}), "instructions": steps},
        problems=tuple(problems),
        facts={**(dict(before.facts) if before else {}), "waits_for": "admin"},
        next_step="delta again, once the pipelines are made",
    ).save(ws.results("schema"))
    raise GateClosed(
        headline, hint="let an admin do the steps below, or add the scope; then run delta again", problems=problems
    )


def _problem(op: Operation) -> Problem:
    what, name = _row(op)[4], op.payload.get("name", op.source_id)
    return Problem(
        "new_schema",
        f"{what}: {op.target} {name!r} ({describe(op) or op.payload.get('dataType', '')})",
        Severity.WARNING,
    )


def _row(op: Operation) -> tuple[Any, ...]:
    state = "make" if op.kind is Kind.CREATE else "add to it"
    model = str(op.payload.get("model") or op.payload.get("objectKey") or "")
    return (
        str(op.target),
        str(op.payload.get("name", "")),
        model,
        str(op.payload.get("dataType", "")),
        state,
        describe(op),
        0,
    )


def describe(op: Operation) -> str:
    """What a piece holds, in a word: its stages, options or team."""
    stages = [str(stage["name"]) for stage in op.payload.get("stages") or ()]
    options = [label(item) for item in op.payload.get("options") or ()]
    members = [str(member["userId"]) for member in op.payload.get("teamMembers") or ()]
    return ", ".join(stages or options or members)
