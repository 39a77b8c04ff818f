"""What deltas wrote over records since the load: it counts as sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pb2hl.diff.flatten import custom_key
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import REMOVED_TAGS, Kind
from pb2hl.values.fold import fold

DELTA_PART = "delta-"
"""How the `part` of a delta's operations begins."""
VALUES_PART = f"{DELTA_PART}values"
"""The same of those that a repair sends: values that HighLevel did not take when it took their record."""
OUTDATED = "a later export does not ask for it any more"
"""Why a delta's change that was not carried out, or was taken back, is not open."""


CHANGING = (Kind.UPDATE, Kind.LINK)
"""The kinds of a delta's changes of what was there: values, and the business that a contact is linked to."""


def is_overlay(entry: Entry) -> bool:
    """Whether the entry is a delta's change of a record that another entry stands for."""
    return entry.part.startswith(DELTA_PART) and entry.kind is Kind.UPDATE


def overlays(ledger: LedgerPort) -> dict[str, list[Mapping[str, Any]]]:
    """Record id → what deltas wrote to it since, oldest first.

    An update for another row counts too when this migration made the record: a later export gave the row another id.
    """
    rows = list(ledger.columns(["destination_id", "kind", "part"], state=State.DONE))
    made = {one for one, kind, _ in rows if kind == Kind.CREATE}
    again = {one for one, kind, part in rows if kind == Kind.UPDATE and one in made and not part.startswith(DELTA_PART)}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entry in ledger.iterate(state=State.DONE, part="" if again else DELTA_PART):
        if is_overlay(entry) or (entry.kind is Kind.UPDATE and entry.destination_id in again):
            found.setdefault(entry.destination_id, []).append(entry.payload)
    return found


def laid_over(payload: Mapping[str, Any], later: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The payload as the later ones left it: values replaced, custom fields by id, tags added or removed."""
    body = dict(payload)
    for change in later:
        for name, value in change.items():
            if name == "customFields":
                items = {custom_key(item): item for item in (*body.get(name, ()), *value)}
                body[name] = list(items.values())
            elif name == "tags":
                body[name] = list(dict.fromkeys([*(body.get(name) or ()), *value]))
            elif name == REMOVED_TAGS:
                gone = {fold(str(tag)) for tag in value}
                body["tags"] = [tag for tag in body.get("tags") or () if fold(str(tag)) not in gone]
            elif name != "$url":
                body[name] = value
    return body
