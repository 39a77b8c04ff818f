"""Updates that HighLevel answered as done, and of which the record holds nothing: only the record tells."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pb2hl.apply.send import without
from pb2hl.apply.shown import stands_nothing
from pb2hl.diff import flatten_payload
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import RECORD_TARGETS, Kind


def unwritten(
    ledger: LedgerPort,
    records: Mapping[str, Mapping[str, Any] | None],
    kept: Collection[tuple[str, str, str]] = (),
) -> dict[str, Entry]:
    """Op id → entry of the updates of `records` (by id, as they are now) of which nothing stands.

    What a later update of ours wrote over does not count, and of one with a field that a person decided to leave as people have it
    (`kept`: object, source id, field) nothing is said.
    """
    found: dict[str, Entry] = {}
    for entry, later in _last_words(ledger, records):
        record, fields = records[entry.destination_id], flatten_payload(entry.payload)
        if record is None or any((entry.object, entry.source_id, name) in kept for name in fields):
            continue
        if stands_nothing(without(entry.payload, later), entry.before_image, record):
            found[entry.op_id] = entry
    return found


def _last_words(ledger: LedgerPort, records: Iterable[str]) -> Iterable[tuple[Entry, set[str]]]:
    """Updates of records that are done, the latest first, each with the fields that later ones wrote."""
    written: dict[str, set[str]] = {}
    updates = [
        entry
        for entry in ledger.by_destination(records)
        if entry.kind is Kind.UPDATE and entry.target in RECORD_TARGETS and entry.state is State.DONE
    ]
    for entry in sorted(updates, key=lambda entry: -entry.sequence):
        names = written.setdefault(entry.destination_id, set())
        yield entry, set(names)
        names |= set(flatten_payload(entry.payload))
