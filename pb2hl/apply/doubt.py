"""Settle what is in doubt by looking: a record carries its marker, so whoever finds it knows that it was created."""

from __future__ import annotations

import asyncio
from typing import Any

from pb2hl.apply.send import Doubt, Sender, arrived, repeatable
from pb2hl.diff import Class, compare_records
from pb2hl.errors import ApiError, ScopeMissing, TokenRefused
from pb2hl.highlevel import PORTS, Created
from pb2hl.ledger import Intent, LedgerPort, Outcome, State
from pb2hl.ledger.port import OPEN
from pb2hl.operations import Kind, Operation, Target
from pb2hl.progress import Cancel


async def settle(
    doubts: list[Doubt], sender: Sender, cancel: Cancel
) -> tuple[list[Outcome], list[Doubt], list[Outcome]]:
    """(outcomes that are now known, doubts that are safe to send, outcomes that stay in doubt).

    Everything is looked up at once, so that the search index's lag is waited out once and not once a record.
    Raises TokenRefused, ScopeMissing and Cancelled: they concern the whole run.
    """
    found = await asyncio.gather(*(_look(doubt, sender, cancel) for doubt in doubts))
    outcomes = [item for item in found if isinstance(item, Outcome) and item.state is not State.IN_DOUBT]
    unclear = [item for item in found if isinstance(item, Outcome) and item.state is State.IN_DOUBT]
    return outcomes, [item for item in found if isinstance(item, Doubt)], unclear


async def _look(doubt: Doubt, sender: Sender, cancel: Cancel) -> Outcome | Doubt:
    op = doubt.intent.operation
    cancel.check()
    if repeatable(op) and doubt.otherwise is None:
        return doubt
    sent = sender.as_sent(doubt.intent)
    try:
        record = await (
            _updated(sender, sent)
            if _is_update(op)
            else sender.ports[op.target].find(sender.client, sent, sent.payload)
        )
    except (TokenRefused, ScopeMissing):
        raise
    except ApiError as error:
        return Outcome(op.op_id, State.IN_DOUBT, error=f"cannot be looked up: {error.message}")
    if record is not None:
        return arrived(op, record, sent.payload, sent.payload)
    return doubt.otherwise or doubt


def _is_update(op: Operation) -> bool:
    return op.kind is Kind.UPDATE and op.target is not Target.CONTACT_TAGS


async def _updated(sender: Sender, op: Operation) -> Created | None:
    """The record, if it holds what the update was to write."""
    where = op.payload.get("$url") or {}
    record = await sender.ports[op.target].get(sender.client, op.existing_id, **where)
    same = all(row[3] in (Class.EQUAL, Class.NORMALISED) for row in compare_records(op.payload, record))
    return Created(op.existing_id, {"id": op.existing_id}) if same else None


async def settle_open(ledger: LedgerPort, client: Any, run: str, of_run: str = "") -> None:
    """Before a rollback: whatever has no outcome is looked up, so that what did arrive is taken back too.

    What is found counts as done; what is surely not there as undone. Updates are taken back as if they had happened:
    restoring what was never changed changes nothing.
    """
    sender = Sender(client, PORTS)
    doubts = [
        Doubt(Intent(entry.operation(), entry.payload), entry.error) for entry in ledger.iterate(state=OPEN, run=of_run)
    ]
    for doubt in [item for item in doubts if repeatable(item.intent.operation)]:
        op = doubt.intent.operation
        destination = op.existing_id or str(doubt.intent.payload.get("contactId", ""))
        ledger.finish(run, [Outcome(op.op_id, State.DONE, destination)])
    unsure = [item for item in doubts if not repeatable(item.intent.operation)]
    outcomes, absent, _ = await settle(unsure, sender, Cancel())
    ledger.finish(run, outcomes)
    ledger.finish(
        run, [Outcome(doubt.intent.operation.op_id, State.UNDONE, error="it never arrived") for doubt in absent]
    )
