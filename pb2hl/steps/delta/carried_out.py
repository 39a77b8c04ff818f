"""What earlier commands carried out of a plan, and what of a later plan they did not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

from pb2hl.apply.batches import batched
from pb2hl.apply.execute import left_out
from pb2hl.apply.lookup import NEVER_ARRIVED
from pb2hl.diff.overlay import CHANGING, DELTA_PART, OUTDATED, overlays
from pb2hl.ledger import Entry, LedgerPort, Outcome, State
from pb2hl.ledger.port import OPEN
from pb2hl.operations import SCHEMA_TARGETS, Kind, Operation, Target

CHUNK = 500
_NONE: frozenset[str] = frozenset()


def new_operations(ledger: LedgerPort, later: Iterable[Operation], again: Set[str] = frozenset()) -> list[Operation]:
    """Operations of the later plan that were never carried out, were refused with another payload, or were left out and
    need not be any more; and those (`again`, by id) that are about to be taken back."""
    found: list[Operation] = []
    for chunk in batched(later, CHUNK):
        entries = ledger.entries(op.op_id for op in chunk)
        found += [op for op in chunk if op.op_id in again or _is_new(op, entries.get(op.op_id))]
    return found


def _is_new(op: Operation, entry: Entry | None) -> bool:
    if entry is None or entry.state in (State.PLANNED, State.UNDONE, *OPEN):
        return True
    if left_out(op, entry):
        return True
    return entry.state is State.REFUSED and entry.payload_hash != op.payload_hash


def outdated(ledger: LedgerPort, asked: Set[str]) -> list[Outcome]:
    """What earlier deltas were to change, was refused or taken back, and is not `asked` for (by id) by this one: it is open no more."""
    found = ledger.iterate(state=(State.REFUSED, State.UNDONE), part=DELTA_PART)
    return [
        Outcome(entry.op_id, State.UNDONE, error=OUTDATED)
        for entry in found
        if entry.kind in CHANGING and entry.target not in SCHEMA_TARGETS
        and entry.op_id not in asked and entry.error not in (OUTDATED, NEVER_ARRIVED)
    ]  # fmt: skip


def written_since(ledger: LedgerPort) -> tuple[dict[str, list[Mapping[str, Any]]], dict[str, str]]:
    """(record id → what earlier deltas wrote to it: it counts as sent; op id of a link → the business it was moved to)."""
    links = {}
    for entry in ledger.iterate(state=State.DONE, target=Target.LINK, part=DELTA_PART):
        links[entry.marker] = str(entry.payload["businessId"] or "")
    return overlays(ledger), links


def not_taken(ledger: LedgerPort) -> dict[str, frozenset[str]]:
    """Record id → what HighLevel would not take of earlier deltas' changes."""
    found: dict[str, frozenset[str]] = {}
    for entry in ledger.iterate(state=State.DONE, part=DELTA_PART):
        if entry.losses and entry.kind is Kind.UPDATE:
            found[entry.destination_id] = found.get(entry.destination_id, _NONE).union(entry.losses)
    return found
