"""Pieces of the schema made in the location; pipelines that the token may not make wait for an admin, who gets the exact steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from pb2hl.apply import Apply
from pb2hl.apply.context import RunContext
from pb2hl.errors import ScopeMissing
from pb2hl.highlevel.records.pipelines import pipelines as read_pipelines
from pb2hl.ledger import Entry, Outcome, State
from pb2hl.mapper.sheets.gate import BY_HAND
from pb2hl.operations import Kind, Operation, Target
from pb2hl.steps.load import growth
from pb2hl.steps.proposal import lost_reasons
from pb2hl.values.fold import fold


async def make_pieces(
    context: RunContext, planned: Sequence[Operation], pieces: Sequence[Operation]
) -> list[tuple[Operation, str]]:
    """Make `pieces`, pipelines last, since a token may lack their scope: those that wait for an admin, with the reason. The ledger learns
    of the stages that pipelines of the schema `planned` have by then, from a run that was killed too."""
    growth.forget_asked(context.ledger, context.run, pieces)
    others = [op for op in pieces if op.target is not Target.PIPELINE]
    context.progress.start("schema", len(others), "operations")
    await Apply(context).run(others)
    waiting = await make_pipelines(context, [op for op in pieces if op.target is Target.PIPELINE])
    await growth.adopt(context, growth.grown_unknown(context.ledger, planned))
    return waiting


async def make_pipelines(context: RunContext, lines: Sequence[Operation]) -> list[tuple[Operation, str]]:
    """Make or extend pipelines; those that the token may not touch, with the reason: an admin makes them by `instructions`."""
    waiting: list[tuple[Operation, str]] = []
    ledger = context.ledger
    made_by_hand = await _by_hand(context, [op for op in lines if op.kind is not Kind.UPDATE])
    left = [op for op in lines if op.op_id not in made_by_hand]
    why = ""
    context.progress.start("pipelines", len(left), "pipelines")
    try:
        await Apply(context).run(left)
    except ScopeMissing as error:
        why = error.message
    for op in left:
        entry = ledger.operation(op.op_id)
        if why and not is_there(entry):
            waiting.append((op, why))
        elif entry is not None and entry.state is State.REFUSED:
            waiting.append((op, entry.error))
    if waiting:
        asked = {fold(str(op.payload["name"])) for op, _ in waiting}
        ledger.remember(BY_HAND, sorted(asked | set(ledger.recall(BY_HAND) or ())))
        await _forget(context, waiting)
    return waiting


def is_there(entry: Entry | None) -> bool:
    """Whether a piece was made, or was there."""
    return entry is not None and entry.state in (State.DONE, State.SKIPPED)


async def _forget(context: RunContext, waiting: list[tuple[Operation, str]]) -> None:
    """A request refused for its scope made nothing: the intent is taken back, so that nothing stays in doubt."""
    context.ledger.finish(
        context.run,
        [Outcome(op.op_id, State.PLANNED, error="the token may not make pipelines", operation=op) for op, _ in waiting],
    )


async def _by_hand(context: RunContext, lines: Sequence[Operation]) -> set[str]:
    """Pipelines that wait since the token could not make them, and that an admin has made exactly so: taken as they are."""
    waiting = [op for op in lines if (entry := context.ledger.operation(op.op_id)) and entry.state is State.PLANNED]
    if not waiting:
        return set()
    there = {fold(str(line.get("name", ""))): line for line in await read_pipelines(context.client)}
    found = []
    for op in waiting:
        line = there.get(fold(str(op.payload["name"])))
        if line is not None and not missing_stages(op, line):
            answer = {"id": line["id"], "stages": {str(stage["name"]): stage["id"] for stage in line.get("stages", ())}}
            found.append(
                Outcome(
                    op.op_id, State.SKIPPED, str(line["id"]), answer, error="made by an admin by hand", operation=op
                )
            )
    context.ledger.finish(context.run, found)
    return {outcome.op_id for outcome in found}


def missing_stages(op: Operation, line: Any) -> list[str]:
    """Stages of the planned pipeline that `line` does not have (by name, ignoring case)."""
    have = {fold(str(stage.get("name", ""))) for stage in line.get("stages") or ()}
    return [stage["name"] for stage in op.payload["stages"] if fold(stage["name"]) not in have]


def instructions(waiting: Sequence[tuple[Operation, str]], then: str = "pb2hl schema --apply") -> pd.DataFrame:
    """Exact steps for an admin, one row a step, for pipelines that the token may not make or extend; `then` is the command
    that goes on."""
    rows = []
    for op, why in waiting:
        steps = [*_by_admin(op), f"Save, then run: {then} again; it verifies the name and the stages"]
        rows += [(op.payload["name"], number, step, why) for number, step in enumerate(steps, 1)]
    return pd.DataFrame(rows, columns=list(lost_reasons.COLUMNS))


def _by_admin(op: Operation) -> list[str]:
    name, stages = op.payload["name"], list(op.payload["stages"])
    chances = [
        f", win probability {stage['stageWinProbability']} %" if stage.get("stageWinProbability") is not None else ""
        for stage in stages
    ]
    if op.kind is not Kind.UPDATE:
        use = switched(op.payload.get("useOpportunityProbability"))
        steps = ["In HighLevel open Opportunities > Pipelines > Create new pipeline", f"Name it exactly: {name}"]
        steps += [f"Stage {s['position'] + 1}: {s['name']}{chance}" for s, chance in zip(stages, chances, strict=True)]
        return [*steps, f"Switch the use of stage win probabilities {use}"]
    steps = [f"In HighLevel open Opportunities > Pipelines > edit the pipeline {name}"]
    for at, (stage, chance) in enumerate(zip(stages, chances, strict=True)):
        if "id" not in stage:  # those that are there have one
            place = f"behind {stages[at - 1]['name']}" if at else "as the first"
            steps.append(f"Add the stage {stage['name']} {place}{chance}")
    return steps


def switched(on: Any) -> str:
    """How a switch stands, for people."""
    return "on" if on else "off"
