"""Pieces of the schema that this migration made and that now need more: stages, options, team members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pb2hl.apply.context import RunContext
from pb2hl.diff.overlay import DELTA_PART
from pb2hl.highlevel import PORTS, Client
from pb2hl.highlevel.records.fields import options_of
from pb2hl.highlevel.records.pipelines import stage_ids, stages_of
from pb2hl.ledger import Entry, LedgerPort, Outcome, State
from pb2hl.operations import Kind, Operation, Target, canonical_hash, operation_id
from pb2hl.values.counting import counted
from pb2hl.values.fold import fold

STAGE_KEYS = ("id", "name", "stageWinProbability", "showInFunnel", "showInPieChart", "color")
"""What a stage takes in an update of its pipeline, which replaces all of them."""


async def growth(client: Client, ledger: LedgerPort, planned: Sequence[Operation]) -> list[Operation]:
    """Updates of what this migration made: stages, options and team members that the later plan has more.

    What people added there stays. Nothing that was in the location before is altered: the plan makes a neighbour of it.
    """
    entries = ledger.entries(op.op_id for op in planned)
    found = []
    for op in planned:
        entry = entries.get(op.op_id)
        if entry is None or entry.state is not State.DONE or entry.kind is not Kind.CREATE or op.target not in _GROW:
            continue
        if op.payload_hash != entry.payload_hash:
            record = await PORTS[op.target].get(client, entry.destination_id, **_where(op))
            if more := _GROW[op.target](op, record):
                found.append(_update(op, entry, more))
    return found


def _where(op: Operation) -> dict[str, str]:
    return {"objectKey": str(op.payload["objectKey"])} if op.payload.get("objectKey") else {}


def _update(op: Operation, entry: Entry, more: Mapping[str, Any]) -> Operation:
    body = {**{key: op.payload[key] for key in ("name", "objectKey", "model") if key in op.payload}, **more}
    part = f"{DELTA_PART}{canonical_hash(body)[:12]}"
    key = operation_id("", "", op.op_id, op.source_id, Kind.UPDATE, op.target, part)
    made = replace(op, op_id=key, kind=Kind.UPDATE, payload=body, part=part, existing_id=entry.destination_id)
    return replace(made, depends_on=(), marker="")


def _more_stages(op: Operation, record: Mapping[str, Any]) -> dict[str, Any]:
    """All stages with the missing ones behind the stage that precedes them in the plan."""
    stages = [{key: stage[key] for key in STAGE_KEYS if stage.get(key) is not None} for stage in stages_of(record)]
    folded = [fold(stage["name"]) for stage in stages]
    missing = [stage for stage in op.payload["stages"] if fold(stage["name"]) not in folded]
    before = 0
    for wanted in op.payload["stages"]:
        name = fold(wanted["name"])
        if wanted in missing:
            stages.insert(before, {"name": wanted["name"], "stageWinProbability": _chance(wanted, stages, before)})
            folded.insert(before, name)
        before = folded.index(name) + 1
    return {"stages": [{**stage, "position": at} for at, stage in enumerate(stages)]} if missing else {}


def _chance(wanted: Mapping[str, Any], stages: Sequence[Mapping[str, Any]], at: int) -> float:
    """The plan's win probability, else one between the neighbours': without any HighLevel computes all of them anew."""
    if wanted.get("stageWinProbability") is not None:
        return wanted["stageWinProbability"]
    below = stages[at - 1].get("stageWinProbability", 0) if at else 0
    above = stages[at].get("stageWinProbability", 100) if at < len(stages) else max(below, 100)
    return round((below + above) / 2, 2)


def _more_options(op: Operation, record: Mapping[str, Any]) -> dict[str, Any]:
    there = options_of(record)
    known = {fold(item) for item in there}
    missing = [item for item in op.payload.get("options") or () if fold(label(item)) not in known]
    if not missing:
        return {}
    given = record.get("options") if op.payload.get("objectKey") else there
    return {"options": [*(given or there), *missing]}


def label(option: Any) -> str:
    """What an option of a field says: custom objects give it with a key, other fields as text."""
    return str(option["label"]) if isinstance(option, Mapping) else str(option)


def _more_members(op: Operation, record: Mapping[str, Any]) -> dict[str, Any]:
    team = [member for member in record.get("teamMembers") or () if isinstance(member, Mapping)]
    known = {member.get("userId") for member in team}
    missing = [member for member in op.payload.get("teamMembers") or () if member["userId"] not in known]
    return {"teamMembers": [*team, *missing]} if missing else {}


_GROW = {Target.PIPELINE: _more_stages, Target.FIELD: _more_options, Target.CALENDAR: _more_members}


def grown_unknown(ledger: LedgerPort, planned: Iterable[Operation]) -> list[Entry]:
    """Our pipelines whose answer in the ledger lacks stages that the plan names: they were added now, or by a run that was killed."""
    lines = [op for op in planned if op.target is Target.PIPELINE]
    entries = ledger.entries(op.op_id for op in lines)
    known = ((op, entries[op.op_id]) for op in lines if op.op_id in entries)
    return [entry for op, entry in known if entry.state is State.DONE and _lacks(op, entry)]


async def adopt(context: RunContext, entries: Iterable[Entry]) -> None:
    """Let the ledger know the stages that these pipelines have by now: deals refer to them by what was answered."""
    outcomes = []
    for entry in entries:
        record = await PORTS[Target.PIPELINE].get(context.client, entry.destination_id)
        stages = stage_ids(record)
        answer = {**entry.answer, "stages": stages}
        note = f"has {counted(len(stages), 'stage')} by now"
        outcomes.append(Outcome(entry.op_id, State.DONE, entry.destination_id, answer, error=note))
    context.ledger.finish(context.run, outcomes)


def _lacks(op: Operation, entry: Entry) -> bool:
    stages = entry.answer.get("stages") or {}
    if not isinstance(stages, Mapping):  # the record as it was looked up, not yet {name: id} as deals refer to it
        return True
    known = {fold(name) for name in stages}
    return any(fold(stage["name"]) not in known for stage in op.payload["stages"])


def forget_asked(ledger: LedgerPort, run: str, pieces: Sequence[Operation]) -> None:
    """What waited for an admin and is not needed any more was made by hand."""
    needed = {op.op_id for op in pieces}
    done = [
        Outcome(entry.op_id, State.SKIPPED, entry.existing_id, error="made by an admin by hand")
        for entry in ledger.iterate(state=State.PLANNED, target=Target.PIPELINE)
        if entry.kind is Kind.UPDATE and entry.op_id not in needed
    ]
    if done:
        ledger.finish(run, done)
