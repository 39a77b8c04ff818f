"""Operations, intents and outcomes as rows of the ledger's tables, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from pb2hl.ledger.port import Entry, Intent, LogEntry, Outcome, State
from pb2hl.operations import Kind, Operation, Target, canonical_hash

BATCH = 500
"""Rows fetched at a time: well under SQLite's limit of 32,766 variables, and small in memory."""

dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def clean(values: Sequence[Any]) -> list[Any]:
    """Values as every database keeps them: PostgreSQL's texts hold no NUL."""
    return [value.replace("\0", "\N{SYMBOL FOR NULL}") if isinstance(value, str) else value for value in values]


class Owner(Protocol):
    """Whose operations they are."""

    location: str
    source: str


def chosen_by(
    state: State | Sequence[State] = (), target: Target | None = None, run: str = "", part: str = ""
) -> tuple[str, list[Any]]:
    """(condition, values) of the operations that `iterate` and `columns` are asked for."""
    states = (state,) if isinstance(state, State) else tuple(state)
    conditions = ["TRUE"]
    values: list[Any] = [str(one) for one in states]
    if states:
        conditions.append(f"state IN ({', '.join('?' * len(states))})")
    if target:
        conditions.append("target = ?")
        values.append(str(target))
    if run:
        conditions.append("run_id = ?")
        values.append(run)
    if part:
        conditions.append("substr(part, 1, ?) = ?")
        values += [len(part), part]
    return " AND ".join(conditions), values


def entry_of(row: Sequence[Any]) -> Entry:
    """A row of `schema.ENTRY`."""
    values = list(row)
    values[1], values[2], values[3] = State(row[1]), Kind(row[2]), Target(row[3])
    values[7], values[12] = json.loads(row[7]), json.loads(row[12])
    values[13] = None if row[13] is None else json.loads(row[13])
    values[18] = tuple(json.loads(row[18]))
    return Entry(*values)


def _key(owner: Owner, op: Operation) -> tuple[str, ...]:
    return (op.op_id, owner.location, owner.source, str(op.kind), str(op.target), op.object, op.source_id, op.part)


def intent_row(owner: Owner, run_id: str, intent: Intent, now: str) -> tuple[Any, ...]:
    """Values of `schema.INTEND`."""
    op, before = intent.operation, intent.before_image
    return (
        *_key(owner, op), dump(dict(intent.payload)), canonical_hash(op.payload), op.marker, op.existing_id,
        None if before is None else dump(dict(before)), run_id, now,
    )  # fmt: skip


def register_row(owner: Owner, run_id: str, op: Operation) -> tuple[Any, ...]:
    """Values of `schema.REGISTER`."""
    return (*_key(owner, op), dump(dict(op.payload)), op.payload_hash, op.marker, op.existing_id, run_id)


def finish_row(run_id: str, outcome: Outcome, now: str, sequence: int) -> tuple[Any, ...]:
    """Values of `schema.FINISH`."""
    undone = run_id if outcome.state is State.UNDONE else ""
    payload = None if outcome.payload is None else dump(dict(outcome.payload))
    return (
        str(outcome.state), *[outcome.destination_id] * 2, *[dump(dict(outcome.answer))] * 2, outcome.error,
        *[outcome.trace_id] * 2, *[dump(list(outcome.losses))] * 2, payload, undone, sequence, now, undone, outcome.op_id,
    )  # fmt: skip


def log_line(run_id: str, outcome: Outcome, about: Sequence[str], now: str) -> LogEntry:
    """The line of the audit log for an outcome; `about` is kind, object, source id, target, destination id, trace id."""
    kind, object_, source_id, target, destination_id, trace_id = about
    action = {State.DONE: kind, State.SKIPPED: "skip", State.UNDONE: "undo"}.get(outcome.state, "error")
    detail = "; ".join(part for part in (outcome.error, *outcome.losses) if part)
    if action == "error":
        detail = f"{kind} {outcome.state}: {detail}"
    return LogEntry(
        0, now, run_id, outcome.op_id, action, object_, source_id, target, destination_id,
        outcome.trace_id or trace_id, detail, "", "",
    )  # fmt: skip
