"""Step 5: what must be in the location before records can land. A proposal first; `apply` makes what was approved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from pb2hl import plan
from pb2hl.apply.context import RunContext
from pb2hl.errors import HighLevelError, NotFound, Problem, Severity
from pb2hl.highlevel import PORTS, Client, Destination, read_destination
from pb2hl.highlevel.destination import pipeline_of
from pb2hl.highlevel.records.fields import normalised
from pb2hl.ledger import Entry, Ledger, LedgerPort, Outcome, State
from pb2hl.operations import Kind, Operation, Target, address
from pb2hl.plan.records.legal import KEYS, wanted
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.register import MAPPING, SCHEMA
from pb2hl.results import Status, StepResult
from pb2hl.sheets import table_rows
from pb2hl.steps.gates import gates
from pb2hl.steps.load import growth
from pb2hl.steps.load.making import instructions, is_there, make_pieces, missing_stages, switched
from pb2hl.steps.prepare import doctor
from pb2hl.steps.proposal import lost_reasons, proposal
from pb2hl.steps.proposal.pieces_told import pieces_told
from pb2hl.steps.proposal.proposed_schema import STEP, as_made, planned_with_reasons, present
from pb2hl.steps.shared.session import with_client
from pb2hl.steps.shared.writing import make_ready, writing
from pb2hl.values.counting import agree, counted
from pb2hl.values.fold import fold
from pb2hl.workspace import Workspace

ALWAYS_READ = (
    "contacts.readonly",
    "objects/record.readonly",
    "locations/customFields.readonly",
    "locations/tags.readonly",
    "users.readonly",
)
READ_FOR = {"opportunities.readonly": ("deals", "pipelines"), "calendars.readonly": ("appointments",)}
"""Scopes that reading the location needs, always and for the objects that the export has."""
READ_OBJECTS = "objects/schema.readonly"
"""The scope that reading the custom objects needs, where migration.toml wants some."""

APPLYING = ("schema_refused", "schema_differs", "pipeline_waits", "lost_reasons_wait")
"""Problems of carrying the schema out: told anew each time, while those of the proposal stay as they are."""


NOT_THERE = "HighLevel answered that it was made, and it is not there"


def schema(
    ws: Workspace, *, apply: bool = False, progress: Progress = SILENT, cancel: Cancel | None = None
) -> StepResult:
    """Read the location and propose; with `apply` make what the gate `schema` approved, and verify it.

    Nothing that exists is altered. Raises GateClosed, TokenMissing, HighLevelError, SheetError, Cancelled.
    """
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        ws.require_staged()
        if not apply:
            objects = _objects(ws)
            seen = with_client(ws, ledger, STEP, lambda client: _look(client, objects, progress), progress)
            destination = seen["destination"]
            destination.save(ws.path)
            require_scopes(ws, destination)
            return present(ws, ledger, destination, progress, seen)
        gates.check(ws, MAPPING.gate)
        gates.check(ws, SCHEMA.gate)
        gates.require_checked(ws)
        proposal.require_current(ws, ledger)
        if planned_with_reasons(ws, ledger, progress):
            gates.check(ws, SCHEMA.gate)
        return _apply(ws, ledger, progress, cancel)


def _objects(ws: Workspace) -> list[str]:
    """Keys of the custom objects that the plan wants."""
    return [KEYS[name] for name in wanted(ws.config, {name: ws.table(name, ["source_id"]) for name in KEYS})]


async def _look(client: Client, objects: Collection[str], progress: Progress) -> dict[str, Any]:
    return await doctor.examine(client, await read_destination(client, objects=objects, progress=progress))


def require_scopes(ws: Workspace, destination: Destination) -> None:
    """Raise HighLevelError when the token may not read what decides between making and updating: a blind load duplicates."""
    needed = set(ALWAYS_READ)
    for scope, objects in READ_FOR.items():
        if any(not ws.table(name, columns=["source_id"]).empty for name in objects):
            needed.add(scope)
    if _objects(ws):
        needed.add(READ_OBJECTS)
    lacking = sorted(needed & set(destination.missing_scopes))
    if lacking:
        raise HighLevelError(
            f"the token lacks {'scopes' if len(lacking) > 1 else 'the scope'} {', '.join(lacking)}; nothing was written",
            hint="add them to the private integration, then run the same command again",
        )


def _apply(ws: Workspace, ledger: LedgerPort, progress: Progress, cancel: Cancel | None) -> StepResult:
    make_ready(ws, ledger, STEP, progress, cancel)
    operations = list(plan.read(ws.plan / "schema"))
    with writing(ws, ledger, STEP, progress, cancel) as session:
        more, waiting, found = session.do(lambda context: _carry_out(context, operations))
        result = _result(ws, ledger, (operations, more), waiting, found)
        session.ending["status"] = str(result.status)
    if result.status is Status.DONE:
        proposal.put_in_place(ledger)
    result.save(ws.results(STEP))
    return result


async def _carry_out(
    context: RunContext, operations: Sequence[Operation]
) -> tuple[list[Operation], list[tuple[Operation, str]], Destination]:
    """Make everything, and what pieces made before need more."""
    more = await growth.growth(context.client, context.ledger, operations)
    _again(context, operations)
    waiting = await make_pieces(context, operations, [*operations, *more])
    objects = [str(op.payload["key"]) for op in operations if op.target is Target.OBJECT]
    found = await read_destination(context.client, index=False, objects=objects)
    return more, waiting, await _with_late(context, operations, found)


def _again(context: RunContext, operations: Sequence[Operation]) -> None:
    """What HighLevel refused before is sent again: the cause may have been there, and nothing goes on without it."""
    entries = context.ledger.entries(op.op_id for op in operations).values()
    again = [
        Outcome(entry.op_id, State.PLANNED, error="it was refused; sent again")
        for entry in entries
        if entry.state is State.REFUSED
    ]
    if again:
        context.ledger.finish(context.run, again)


async def _with_late(context: RunContext, operations: Sequence[Operation], found: Destination) -> Destination:
    """Lists lag behind writes; a read by id does not: pieces that the lists lack are read one by one. What is not there although
    HighLevel answered that it was made counts as refused."""
    entries = context.ledger.entries(op.op_id for op in operations if op.kind is not Kind.SKIP)
    places: dict[Target, Any] = {Target.PIPELINE: found.pipelines, Target.TAG: found.tags, Target.CALENDAR: found.calendars,
              Target.FIELD: [item for items in found.fields.values() for item in items]}  # fmt: skip
    known = {(target, item["id"]) for target, items in places.items() for item in items}
    late: list[tuple[Target, Any]] = []
    absent = []
    for entry in entries.values():
        key = (entry.target, entry.destination_id)
        if entry.state is not State.DONE or entry.target not in places or key in known:
            continue
        where = address(entry.target, entry.payload)
        try:
            late.append((entry.target, await PORTS[entry.target].get(context.client, entry.destination_id, **where)))
        except NotFound:
            absent.append(Outcome(entry.op_id, State.REFUSED, error=NOT_THERE))
    context.ledger.finish(context.run, absent)
    fields = {model: list(items) for model, items in found.fields.items()}
    for field in (normalised(record) for target, record in late if target is Target.FIELD):
        fields.setdefault(field["model"], []).append(field)
    lines = [pipeline_of(record) for target, record in late if target is Target.PIPELINE]
    kept = {model: tuple(items) for model, items in fields.items()}
    return replace(found, fields=kept, pipelines=(*found.pipelines, *lines))


def _result(
    ws: Workspace,
    ledger: LedgerPort,
    pieces: tuple[Sequence[Operation], Sequence[Operation]],
    waiting: list[tuple[Operation, str]],
    found: Destination,
) -> StepResult:
    """`pieces`: those of the plan, and what some of them needed more."""
    operations = [*pieces[0], *pieces[1]]
    entries = ledger.entries(op.op_id for op in operations)
    verified = verify(pieces[0], entries, found)
    failed = [entry for entry in entries.values() if entry.state in (State.REFUSED, State.IN_DOUBT)]
    wrong = verified[verified["verdict"] != "as planned"]
    proposed = StepResult.load(ws.results(STEP))
    reasons: dict[str, int] = (proposed.facts.get(lost_reasons.WHAT) if proposed else None) or {}
    lacking = lost_reasons.missing(reasons, found)
    status = Status.WAITING if waiting or reasons else Status.FAILED if failed else Status.DONE
    hand = pd.concat([instructions(waiting), lost_reasons.instructions(reasons, found)], ignore_index=True)
    done = [op for op in operations if op.op_id in entries and entries[op.op_id].state is State.DONE]
    made = len(done)
    tables = dict(proposed.tables) if proposed else {}
    if "diff" in tables:
        tables["diff"] = as_made(tables["diff"], done)
    return StepResult(
        step=STEP,
        status=status,
        headline=_headline(done, len(entries) - made - len(failed), waiting, failed, len(lacking)),
        counts={"made": made, "existed": sum(e.state is State.SKIPPED for e in entries.values()), "failed": len(failed),
                "waiting_for_admin": len(waiting) + len(lacking), "not_as_planned": len(wrong)},
        tables={**tables, "verified": verified, "instructions": hand},
        problems=tuple(_problems(failed, wrong, waiting)) + tuple(lost_reasons.problem(lacking, Severity.CRITICAL)) + tuple(p for p in (proposed.problems if proposed else ()) if p.code not in APPLYING),
        facts={**(dict(proposed.facts) if proposed else {}), "applied": status is Status.DONE,
               **({"waits_for": "admin"} if status is Status.WAITING else {"waits_for": ""})},
        next_step=SCHEMA.application if status is Status.WAITING else SCHEMA.next,
    )  # fmt: skip


def _headline(
    done: Sequence[Operation], existed: int, waiting: Sequence[Any], failed: Sequence[Any], reasons: int
) -> str:
    told, were = pieces_told(done).capitalize(), agree(len(done) or 1, "was", "were")
    if waiting or reasons:
        by_hand = [counted(n, word) for n, word in ((len(waiting), "pipeline"), (reasons, "lost reason")) if n]
        return f"{told} {were} made; {' and '.join(by_hand)} {agree(len(waiting) + reasons, 'waits', 'wait')} for an admin, who finds the exact steps in the report."
    if failed:
        doubt = sum(entry.state is State.IN_DOUBT for entry in failed)
        parts = [f"HighLevel refused {len(failed) - doubt}"] * (len(failed) > doubt) + [
            f"{doubt} stay in doubt"
        ] * bool(doubt)
        return f"{told} {were} made; {', '.join(parts)}."
    there = (
        f"{counted(existed, 'piece')} more {agree(existed, 'was', 'were')} there before"
        if existed
        else "none of it was there before"
    )
    return f"{told} {were} made; {there}."


def _problems(failed: Sequence[Entry], wrong: pd.DataFrame, waiting: Sequence[tuple[Operation, str]]) -> list[Problem]:
    found = [
        Problem("schema_refused", f"{entry.target} {entry.source_id}: {entry.error}", Severity.CRITICAL)
        for entry in failed
    ]
    found += [Problem("schema_differs", f"{row.name}: {row.verdict}", Severity.WARNING) for row in table_rows(wrong)]
    found += [Problem("pipeline_waits", f"pipeline {op.payload['name']}: {why}", Severity.CRITICAL,
                      treatment="an admin makes it by the instructions") for op, why in waiting]  # fmt: skip
    return found


def verify(operations: Sequence[Operation], entries: dict[str, Entry], found: Destination) -> pd.DataFrame:
    """What was made, read back: one row a piece with `verdict` `as planned`, or what differs."""
    fields = {item["id"]: item for items in found.fields.values() for item in items}
    lines = {item["id"]: item for item in found.pipelines}
    rows = []
    for op in operations:
        entry = entries.get(op.op_id)
        if op.kind is Kind.SKIP or entry is None or not is_there(entry):
            continue
        verdict = "as planned"
        if op.target is Target.FIELD:
            verdict = _field_verdict(op, fields.get(entry.destination_id))
        elif op.target is Target.PIPELINE:
            verdict = _pipeline_verdict(op, lines.get(entry.destination_id))
        rows.append((str(op.target), str(op.payload.get("name", op.marker)), entry.destination_id, verdict))
    return pd.DataFrame(rows, columns=["kind", "name", "record_id", "verdict"])


def _field_verdict(op: Operation, field: Any) -> str:
    if field is None:
        return "not found when read back"
    if field["dataType"] != op.payload["dataType"]:
        return f"is of type {field['dataType']}, planned was {op.payload['dataType']}"
    if (
        op.payload.get("parentId")
        and field.get("parentId") not in (op.payload["parentId"], "")
        and "model" in op.payload
    ):
        return "stands in another folder"
    wanted = {str(item["label"] if isinstance(item, dict) else item) for item in op.payload.get("options") or ()}
    lost = wanted - {str(item) for item in field["options"]}
    return f"lost the options {', '.join(sorted(lost)[:5])}" if lost else "as planned"


def _pipeline_verdict(op: Operation, line: Any) -> str:
    if line is None:
        return "not found when read back"
    lost = missing_stages(op, line)
    if lost:
        return f"lost the stages {', '.join(lost)}"
    return "; ".join(_reckoned(op, line)) or "as planned"


def _reckoned(op: Operation, line: Any) -> list[str]:
    """Where order, probabilities or their use are other than planned, as far as HighLevel tells them."""
    said = {fold(stage["name"]): stage.get("stageWinProbability") for stage in line["stages"]}
    off = [
        f"{stage['name']} has the probability {said[fold(stage['name'])]:g} %, planned was {stage['stageWinProbability']:g} %"
        for stage in op.payload["stages"]
        if stage.get("stageWinProbability") is not None
        and said.get(fold(stage["name"])) is not None
        and abs(float(said[fold(stage["name"])]) - float(stage["stageWinProbability"])) >= 0.01
    ]
    planned = [fold(stage["name"]) for stage in op.payload["stages"]]
    there = [name for name in said if name in planned]
    if there != planned:
        off.append(f"its stages stand in the order {', '.join(stage['name'] for stage in line['stages'])}")
    wanted, use = op.payload.get("useOpportunityProbability"), line.get("useOpportunityProbability")
    if None not in (wanted, use) and bool(use) != bool(wanted):
        off.append(f"the use of stage probabilities is {switched(use)}, planned was {switched(wanted)}")
    return off
