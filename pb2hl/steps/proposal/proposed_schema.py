"""The schema step's first half: what would be made in the location and what the load will cost, for approval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from pb2hl.errors import GateClosed, Problem, Severity
from pb2hl.highlevel import Destination
from pb2hl.highlevel.destination import lost_reasons_of
from pb2hl.ledger import Ledger, LedgerPort, State
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan import Plan
from pb2hl.plan import sample as choose
from pb2hl.plan.building.estimate import Budget, whole
from pb2hl.plan.fields import custom_fields
from pb2hl.progress import SILENT, Progress
from pb2hl.results import Status, StepResult
from pb2hl.sheets import table_rows
from pb2hl.steps.prepare import doctor
from pb2hl.steps.proposal import lost_reasons, proposal, sent_under
from pb2hl.steps.proposal.decisions import config_in_force
from pb2hl.steps.proposal.pieces_told import pieces_told
from pb2hl.steps.shared import linked_names, owner_order, requests
from pb2hl.steps.shared.session import sent, with_client
from pb2hl.values.counting import agree, counted, lasting
from pb2hl.workspace import Workspace

STEP = "schema"


def published_workflows(destination: Destination | None) -> list[str]:
    """Names of the location's published workflows, which creating records may fire."""
    flows = destination.workflows if destination else ()
    return sorted(str(flow["name"]) for flow in flows if str(flow.get("status", "")).casefold() == "published")


SCOPES_FOR = {
    "businesses.readonly": Target.BUSINESS,
    "calendars/events.readonly": Target.APPOINTMENT,
    "locations/tasks.readonly": Target.TASK,
    "notes.readonly": Target.NOTE,
    "medias.readonly": Target.MEDIA,
}
"""Scopes that only plans with such operations need. Those that reading the location needs stop the step before."""


def present(
    ws: Workspace,
    ledger: LedgerPort,
    destination: Destination,
    progress: Progress = SILENT,
    seen: Mapping[str, Any] | None = None,
) -> StepResult:
    """Build both plans and save them as the proposal that the gate `schema` approves.

    `seen` is what `doctor.examine` saw; without it the findings of the last proposal stay.
    """
    schema, data = proposal.propose(ws, ledger, destination, progress)
    sent_under.look(ws, ledger, data)
    progress.start("telling what it costs and changes", 1, "proposals")
    cost = _cost(ledger, destination, schema, data)
    requests.keep(ledger, cost)
    checks = _last_checks(ws) if seen is None else _checks(seen, cost, data)
    policy = config_in_force(ws, ledger).policy
    reasons = lost_reasons.lacking(data.problems, destination, policy)
    tables = {
        "preflight": doctor.as_table(checks),
        **_tables(schema, data, destination, cost),
        "diff": as_made(schema.diff, _made(ledger, schema)),
        "instructions": lost_reasons.instructions(reasons, destination),
    }
    counts, to_make = _counts(ledger, schema, data, cost), _to_make(ledger, schema)
    result = StepResult(
        step=STEP,
        status=Status.WAITING,
        headline=_headline(to_make, cost),
        counts=counts | {"published_workflows": len(tables["workflows"])},
        tables=tables,
        problems=(*_of_location(ws, ledger, destination, checks), *_of_plans(schema, data, reasons)),
        facts={**_facts(schema, data, destination), "policies": policy.model_dump(), lost_reasons.WHAT: reasons},
        next_step="approve schema",
    )
    progress.advance()
    progress.finish()
    result.save(ws.results(STEP))
    return result


def planned_with_reasons(ws: Workspace, ledger: LedgerPort, progress: Progress) -> bool:
    """Plan anew with the lost reasons that the plan waited for, once an admin made all of them; whether it was."""
    proposed, place = StepResult.load(ws.results(STEP)), Destination.load(ws.path)
    asked = (proposed.facts.get(lost_reasons.WHAT) if proposed else None) or {}
    if not asked or place is None:
        return False
    now = replace(place, lost_reasons=with_client(ws, ledger, STEP, lost_reasons_of, progress))
    if lost_reasons.missing(asked, now):
        return False
    now.save(ws.path)
    present(ws, ledger, now, progress)
    return True


def _of_location(
    ws: Workspace, ledger: LedgerPort, destination: Destination, checks: list[doctor.Row]
) -> tuple[Problem, ...]:
    failed = doctor.as_problems([row for row in checks if row[0] != "published workflows"])
    data = ws.plan / "data"
    changed = (*owner_order.problems(ledger, data), *linked_names.problems(ledger, data, destination))
    return (*_place_problems(destination), *changed, *failed)


def _of_plans(schema: Plan, data: Plan, reasons: Mapping[str, int]) -> tuple[Problem, ...]:
    return (*conflict_problems(schema), *lost_reasons.problem(reasons), *_unique(schema.problems, data.problems))


def _facts(schema: Plan, data: Plan, destination: Destination) -> dict[str, Any]:
    return {
        "hash": proposal.schema_hash(schema),
        "settings": dict(destination.settings),
        "missing_scopes": list(destination.missing_scopes),
        "operations": data.summary,
        "applied": False,
    }


def _counts(ledger: LedgerPort, schema: Plan, data: Plan, cost: Budget) -> dict[str, Any]:
    return {
        "to_make": len(_to_make(ledger, schema)),
        "schema_operations": len(schema.operations),
        "data_operations": len(data.operations),
        "requests": cost.total,
        "requests_to_come": cost.to_come,
        "seconds": cost.seconds,
        "days": cost.days,
        "requests_used_today": ledger.requests_today(),
        "duplicate_opportunities": len(data.tables["duplicate_opportunities"]),
        "identity_problems": len(data.tables["identity"]),
    }


def _tables(schema: Plan, data: Plan, destination: Destination, cost: Budget) -> dict[str, pd.DataFrame]:
    ask = "pause it before the load, and confirm that it is paused"
    return {
        "stages": schema.tables["stages"],
        "conflicts": schema.tables["conflicts"],
        "workflows": pd.DataFrame({"name": published_workflows(destination), "ask": ask}),
        "losses": data.losses,
        "identity": data.tables["identity"],
        "duplicate_opportunities": data.tables["duplicate_opportunities"],
        "click_list": click_list(schema),
        "estimate": pd.DataFrame(cost.rows(), columns=["step", "what", "requests"]),
    }


def as_made(diff: pd.DataFrame, made: Iterable[Operation]) -> pd.DataFrame:
    """The diff once the schema step has made `made`: what was to make says so no longer."""
    there = set()
    for op in made:
        model = str(op.payload.get("model") or op.payload.get("objectKey") or op.payload.get("key") or "")
        kind = _CALLED.get(op.target, str(op.target))
        there.add(_piece(kind, str(op.payload.get("name", "")), model))
    done = [
        row.state == custom_fields.State.MAKE and _piece(row.kind, row.name, row.model) in there
        for row in table_rows(diff)
    ]
    return diff.assign(
        state=diff["state"].mask(pd.Series(done, index=diff.index, dtype=bool), str(custom_fields.State.MADE))
    )


_CALLED = {Target.FIELD: custom_fields.FIELD, Target.OBJECT: custom_fields.OBJECT}


def _piece(kind: str, name: str, model: str) -> tuple[str, str]:
    """What tells a piece of schema from every other of its kind."""
    what = {custom_fields.FIELD: f"{model}.{name}", custom_fields.OBJECT: model, str(Target.FOLDER): model}
    return kind, what.get(kind, name)


def _checks(seen: Mapping[str, Any], cost: Budget, data: Plan) -> list[doctor.Row]:
    """The preflight's findings; a scope that is lacking fails only when the plan needs it."""
    targets = {target for (kind, target), count in data.counts.items() if count and kind is not Kind.SKIP}
    needed = {f"scope {scope}" for scope, target in SCOPES_FOR.items() if target in targets}
    return [
        (check, "warning" if state == "failed" and check not in needed else state, detail, mend)
        for check, state, detail, mend in doctor.findings(dict(seen), cost.to_come)
    ]


def _last_checks(ws: Workspace) -> list[doctor.Row]:
    before = StepResult.load(ws.results(STEP))
    table = before.tables.get("preflight") if before else None
    return [] if table is None else list(table.fillna("").itertuples(index=False, name=None))


def propose_again(ws: Workspace) -> StepResult:
    """Make the proposal again from the location as it was read last. Raises GateClosed when it never was."""
    destination = Destination.load(ws.path)
    if destination is None:
        raise GateClosed("the location was not read yet", hint=f"pb2hl schema {ws.path}")
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        return present(ws, ledger, destination)


def _cost(ledger: LedgerPort, destination: Destination, schema: Plan, data: Plan) -> Budget:
    place = proposal.without_ours(destination, ledger)
    sample = data.operations.pick(choose(data.operations))
    return whole(data.estimate, schema.operations, sample, place, sent(ledger))


def _made(ledger: LedgerPort, schema: Plan) -> list[Operation]:
    """Pieces that stand as planned, since this migration has made them."""
    pieces = [op for op in schema.operations if op.kind is Kind.CREATE]
    entries = ledger.entries(op.op_id for op in pieces)
    found = ((op, entries.get(op.op_id)) for op in pieces)
    return [op for op, entry in found if entry and entry.state is State.DONE and entry.payload_hash == op.payload_hash]


def _to_make(ledger: LedgerPort, schema: Plan) -> list[Operation]:
    made = {op.op_id for op in _made(ledger, schema)}
    return [op for op in schema.operations if op.kind is Kind.CREATE and op.op_id not in made]


def _headline(to_make: Sequence[Operation], cost: Budget) -> str:
    days = f", over {cost.days} days" if cost.days > 1 else ""
    return (
        f"{pieces_told(to_make).capitalize()} {agree(len(to_make) or 1, 'is', 'are')} to be made; the whole migration takes about "
        f"{cost.total:,} requests, {cost.to_come:,} of them still to come: {lasting(cost.seconds)} at full speed{days}."
    )


def _unique(*groups: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problem for group in groups for problem in group))


def _place_problems(destination: Destination) -> list[Problem]:
    found = [
        Problem(
            "missing_scope", f"the token lacks the scope {scope}", treatment="what needs it is told when it is reached"
        )
        for scope in destination.missing_scopes
    ]
    flows = published_workflows(destination)
    if flows:
        text = f"{counted(len(flows), 'published workflow')} may fire when records are created: {', '.join(flows[:10])}"
        found.append(
            Problem(
                "workflows",
                text,
                Severity.WARNING,
                count=len(flows),
                treatment="pause them; approving the schema confirms it",
            )
        )
    return found


def conflict_problems(schema: Plan) -> list[Problem]:
    """A warning for each field whose name is taken by one that does not fit, with the choice."""
    other = {"beside": "use", "use": "beside"}
    return [
        Problem(
            "schema_conflict", f"{row.model} field {row.name!r}: {row.detail}", file="schema.csv", field=row.name, count=int(row.records),
            treatment=f"decided: {row.decision}; decide {other[row.decision]!r} in sheets/schema.csv, or another label in sheets/fields.csv",
        )
        for row in table_rows(schema.tables["conflicts"].rename(columns={"count": "records"}))
    ]  # fmt: skip


def click_list(schema: Plan) -> pd.DataFrame:
    """What an admin checks by hand, since no API shows or sets it: layouts and roles of what is made."""
    rows: list[tuple[Any, ...]] = []
    for op in schema.operations:
        name = str(op.payload.get("name", ""))
        if op.target is Target.FIELD and op.kind == "create":
            model = str(op.payload.get("model") or op.payload.get("objectKey"))
            rows.append(
                (
                    name,
                    f"Settings > Custom Fields > {model}",
                    f"put it {'' if op.payload.get('parentId') else 'into the folder and '}onto the layouts that should show it",
                )
            )
        elif op.target is Target.PIPELINE and op.kind == "create":
            rows.append((name, "Opportunities > Pipelines", "check which users and roles may see it"))
        elif op.target is Target.CALENDAR and op.kind == "create":
            rows.append((name, "Calendars > Calendar settings", "check its team and its availability"))
    return pd.DataFrame(rows, columns=["name", "where", "check"])
