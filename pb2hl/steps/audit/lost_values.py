"""Values that HighLevel did not take of records that it took: what sends them once more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pb2hl.apply.references import UnresolvedReference, fill_references
from pb2hl.apply.send import lost_property
from pb2hl.diff.overlay import VALUES_PART, is_overlay
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import RECORD_TARGETS, Kind, Operation, operation_id, references
from pb2hl.steps.balance.pieces import written_later


def lost_values(ledger: LedgerPort, planned: Iterable[Operation]) -> list[Operation]:
    """Updates with the values of `planned` that HighLevel left out of their records, but for those that a later update brought."""
    lossy = {
        entry.op_id: entry
        for entry in ledger.iterate(state=State.DONE)
        if entry.losses and entry.target in RECORD_TARGETS and not is_overlay(entry)
    }
    later = written_later(ledger, [entry.destination_id for entry in lossy.values()]) if lossy else {}
    made = [
        _again(ledger, op, lossy[op.op_id], later.get(lossy[op.op_id].destination_id, set()))
        for op in (planned if lossy else ())
        if op.op_id in lossy
    ]
    return [op for op in made if op is not None]


def _again(ledger: LedgerPort, op: Operation, entry: Entry, brought: set[str]) -> Operation | None:
    names = {lost_property(loss) for loss in entry.losses} - brought
    lost = {name: op.payload[name] for name in op.payload if name in names}
    try:
        body = fill_references(lost, ledger.entries(references(lost)).get)
    except UnresolvedReference:
        return None
    where = {"$url": entry.payload["$url"]} if "$url" in entry.payload else {}
    key = operation_id("", "", op.op_id, op.source_id, Kind.UPDATE, op.target, VALUES_PART)
    known = ledger.operation(key)
    if not body or (known is not None and known.state is State.REFUSED):  # a refused change has its own way back
        return None
    made = replace(op, op_id=key, kind=Kind.UPDATE, part=VALUES_PART, payload={**where, **body}, depends_on=())
    return replace(made, existing_id=entry.destination_id)
