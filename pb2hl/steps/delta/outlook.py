"""What a delta is going to do, found before anything is written: what is new, changed, moved and gone, and how many requests it takes.

Records that changed are read and compared now. What refers to something that the delta itself makes first, such as a contact that
moves to a new company, cannot be: it `waits`, is counted, and is read and compared once that is there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import pandas as pd

from pb2hl import plan
from pb2hl.apply import UndoPlan
from pb2hl.apply.context import RunContext
from pb2hl.apply.host_owner import made_contact
from pb2hl.apply.send import clearing
from pb2hl.highlevel import Client, Destination
from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.ledger import Entry, LedgerPort
from pb2hl.operations import OWNER, REMOVED_TAGS, Kind, Operation, Target
from pb2hl.plan.building.estimate import (
    LOOKS_BEFORE,
    OWNERS_BEFORE,
    SEALED,
    carried_out,
    has_lost_reason,
    link_requests,
)
from pb2hl.progress import Cancel, Progress
from pb2hl.steps.delta import changed_files, later_export, moved_records, removals
from pb2hl.steps.delta.carried_out import new_operations
from pb2hl.steps.delta.conflicts import Decisions
from pb2hl.steps.delta.moved_records import Move
from pb2hl.steps.delta.threeway import Changes, Scope, changes
from pb2hl.steps.proposal import undo_cost
from pb2hl.steps.shared.session import with_client
from pb2hl.workspace import Workspace


@dataclass(frozen=True)
class Outlook:
    """`pieces`: of the schema. `stale`: uploads to take away. `wanted`: records to move. `new`: operations to carry out, what is made
    anew included. `found`: what changed. `removed`: removals.removed_rows. `cost`: requests to come, by what they are for."""

    pieces: Sequence[Operation]
    stale: Sequence[Entry]
    wanted: Sequence[Move]
    new: Sequence[Operation]
    found: Changes
    removed: pd.DataFrame
    cost: Mapping[str, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """All requests to come."""
        return sum(self.cost.values())


@dataclass(frozen=True)
class Looking:
    """What looking ahead works with. `step`: for which requests count; `total`: operations of the later plan; `deletes`: whether
    rows that are gone are deleted; `hosted`: as in `plan.Estimate`."""

    step: str
    ws: Workspace
    ledger: LedgerPort
    ready: later_export.LaterExport
    decided: Decisions
    total: int
    deletes: bool
    hosted: Set[str]
    progress: Progress
    cancel: Cancel

    def plan(self) -> Iterator[Operation]:
        """The later export's operations."""
        return plan.read(self.ready.workspace.plan / "data")

    def there(self) -> dict[str, set[str]]:
        """By object, the rows that the later export has."""
        second = self.ready.workspace
        return {one: set(second.table(one, ["source_id"]).get("source_id", ())) for one in ("contacts", "deals")}


def look_ahead(looking: Looking, pieces: Sequence[Operation]) -> Outlook:
    """Everything that the delta is going to do, as far as it can be known. Nothing is written to the location."""
    ws, ledger, ready = looking.ws, looking.ledger, looking.ready
    stale = changed_files.stale(ledger, looking.plan())
    wanted = moved_records.moves(ledger, looking.plan(), moved_records.pointing_elsewhere(ws, ready.workspace))
    again = {entry.op_id for entry in stale} | {move.op.op_id for move in wanted}
    new = new_operations(ledger, looking.plan(), again)
    scope = Scope(looking.there(), frozenset(op.op_id for op in (*pieces, *new)))

    async def work(client: Client) -> Changes:
        context = RunContext(ledger, client, "", ws.config.country, looking.progress, looking.cancel)
        return await changes(context, looking.plan(), scope, looking.decided, looking.total)

    found = with_client(ws, ledger, looking.step, work, looking.progress, looking.cancel)
    removed = removals.removed_rows(ws, ready.workspace, ledger, ready.aliases, looking.plan())
    seen = Outlook(pieces, stale, wanted, new, found, removed)
    return replace(seen, cost=_cost(looking, seen))


def _cost(looking: Looking, seen: Outlook) -> dict[str, int]:
    """Requests to come, by what they are for, from now to the delta's end."""
    ledger, place = looking.ledger, looking.ready.location
    found: Counter[str] = Counter({"fields, tags, pipelines, calendars": sum(map(_piece, seen.pieces))})
    new, _ = carried_out(seen.new, looking.hosted)
    found.update({f"new {what}": count for what, count in new.items()})
    found["changed records"] = sum(map(update_requests, seen.found.updates)) + _links_of(seen.found.updates)
    found[OWNERS_BEFORE] = _hosts_read(seen.found, ledger)
    found["compared once what they refer to is there"] = 3 * len(seen.found.waits)
    going = [*seen.stale, *(move.entry for move in seen.wanted)]
    if going:
        found["taken away, to be made anew"] = len(seen.wanted) + _undone(going, ledger, place)
    if looking.deletes:
        leaving = removals.leaving(ledger, seen.removed)
        found["deleted: gone from the export"] = _undone(leaving, ledger, place)
    found.update(SEALED if found.total() else {})
    return {what: count for what, count in found.items() if count}


def _hosts_read(found: Changes, ledger: LedgerPort) -> int:
    """Changes of an opportunity's owner before which that of its contact is read: where it was there, and owners may be synced."""
    if not Capabilities.of(ledger).may_sync_owners:
        return 0
    owned = [op for op in found.updates if op.target is Target.OPPORTUNITY and op.payload.get(OWNER)]
    contacts = [str((json.loads(found.before.get(op.op_id) or "null") or {}).get("contactId") or "") for op in owned]
    ours = {entry.destination_id for entry in ledger.by_destination(contacts) if made_contact(entry)}
    return LOOKS_BEFORE * sum(bool(contact) and contact not in ours for contact in contacts)


def _undone(entries: Sequence[Entry], ledger: LedgerPort, place: Destination) -> int:
    """Requests that take these back; the location was recognised before, and is sealed once for all that the delta writes."""
    if not entries:
        return 0
    cost = undo_cost.requests(UndoPlan(tuple(entries)), ledger, place)
    return sum(count for what, count in cost.items() if what not in undo_cost.LOOK | SEALED)


def _piece(op: Operation) -> int:
    """A field's options are read back; what grows is read before, and a pipeline's stages after."""
    if op.kind is Kind.SKIP:
        return 0
    if op.kind is Kind.UPDATE:
        return 2 + (op.target is Target.PIPELINE)
    return 1 + (op.target is Target.FIELD and bool(op.payload.get("options")))


def update_requests(op: Operation) -> int:
    """Requests of one change: the record before, the change, and a look where something is to be cleared; links go by business."""
    if op.target is Target.LINK:
        return 1
    if op.target is Target.CONTACT_TAGS:
        return 1 + bool(op.payload.get("tags")) + bool(op.payload.get(REMOVED_TAGS))
    reason = has_lost_reason(op)
    body = set(op.payload) - {"$url", "lostReasonId", "contactId", "locationId"}
    return 1 + bool(body) + reason + bool(clearing(op.payload))


def _links_of(updates: Sequence[Operation]) -> int:
    return link_requests(Counter(str(op.payload["businessId"]) for op in updates if op.target is Target.LINK))
