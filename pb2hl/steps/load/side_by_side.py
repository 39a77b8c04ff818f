"""The sample's diff: source as exported, value sent, value stored, side by side for every field of every record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pb2hl.diff import Class, compare, compare_records
from pb2hl.diff.flatten import CUSTOM
from pb2hl.diff.owner_sync import WHY, OwnerSync
from pb2hl.diff.table import shown
from pb2hl.errors import GateClosed
from pb2hl.highlevel import Destination
from pb2hl.ledger import Entry, LedgerPort
from pb2hl.operations import OWNER_FIELDS, RECORD_TARGETS, Kind, Operation, Target
from pb2hl.plan.building.expected import Sources
from pb2hl.steps.proposal import proposal
from pb2hl.steps.shared.labels import field_labels
from pb2hl.steps.shared.readback import field_names
from pb2hl.workspace import Workspace

COLUMNS = (
    "object", "source_id", "record_id", "field", "source_columns", "source_value", "prepared", "sent", "stored", "class", "explanation",
)  # fmt: skip
_IDS = frozenset(
    {*OWNER_FIELDS, "pipelineId", "pipelineStageId", "lostReasonId", "calendarId", "contactId", "businessId"}
)


def diff_table(
    ws: Workspace,
    ledger: LedgerPort,
    operations: Sequence[Operation],
    entries: Mapping[str, Entry],
    stored: Mapping[str, Any],
) -> pd.DataFrame:
    """One row a field of every record that was read back (COLUMNS): the cells as exported and their columns, how they were
    prepared, the value sent, the value stored, class and explanation."""
    destination = Destination.load(ws.path)
    if destination is None:
        raise GateClosed("the location was never read", hint=f"run: pb2hl schema {ws.path}")
    inputs = proposal.plan_inputs(ws, ledger, proposal.without_ours(destination, ledger))
    texts = _source_texts(Sources.of(inputs), operations)
    labels = field_labels(ledger, destination)
    ours = frozenset(field_names(ledger))
    rows, sync = [], OwnerSync(ledger)
    for op in operations:
        entry = entries.get(op.op_id)
        if entry is None or entry.op_id not in stored:
            continue
        mine = ours if entry.kind is Kind.CREATE else frozenset()
        region = ws.config.country
        for name, sent, held, kind, why in compare_records(entry.payload, stored[op.op_id], region=region, ours=mine):
            if kind is not Class.EQUAL and sync.explains(entry, name, stored[op.op_id] or {}):
                kind, why = Class.SYNCED, WHY
            field = _labelled(name, entry.target, labels)
            columns, source = texts.get((op.op_id, field), ("", ""))
            row = (op.object, op.source_id, entry.destination_id, field.removeprefix(CUSTOM))
            prepared = how_prepared(columns, source, sent, name, region)
            rows.append((*row, columns, source, prepared, shown(sent), shown(held), str(kind), why))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def how_prepared(columns: str, source: str, sent: Any, field: str, region: str = "") -> str:
    """What was done to the text of the cells before it was sent, in words; `columns` as `Sources` tells them."""
    if not source:
        return "no cell holds it" if columns else ""
    if field in _IDS:
        return "the id in HighLevel of what the text means"
    kind, why = compare(source, shown(sent), field, region)
    if kind is Class.EQUAL:
        return "as exported"
    if "\n" in source or "," in columns:
        return "put together"
    return f"rewritten: {why}" if kind is Class.NORMALISED else "rewritten by the column's type or the sheets"


def _labelled(name: str, target: Target, labels: Mapping[tuple[Target, str], str]) -> str:
    if not name.startswith(CUSTOM):
        return name
    key = name.removeprefix(CUSTOM)
    return f"{CUSTOM}{labels.get((target, key), key)}"


def _source_texts(sources: Sources, operations: Sequence[Operation]) -> dict[tuple[str, str], tuple[str, str]]:
    """(columns, source text) by operation and field."""
    table = sources.table([op for op in operations if op.target in RECORD_TARGETS])
    names = ("op_id", "field", "source_columns", "source_value")
    return {
        (op_id, field): (columns, source)
        for op_id, field, columns, source in zip(*(table[name] for name in names), strict=True)
    }
