"""Settle what is in doubt by looking: a record carries its marker, so whoever finds it knows that it was created.

`settle_unfinished` is the one place that gives an outcome to intents which an earlier command left without one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pb2hl.apply.context import RunContext
from pb2hl.apply.edits import SAME
from pb2hl.apply.send import Doubt, Sender, arrived, repeatable
from pb2hl.diff import compare_records, flatten_payload
from pb2hl.errors import ApiError, NotFound, ScopeMissing, TokenRefused
from pb2hl.highlevel import PORTS, Created
from pb2hl.highlevel.records.pipelines import stage_names
from pb2hl.ledger import Entry, Intent, Outcome, State
from pb2hl.ledger.port import OPEN
from pb2hl.operations import REMOVED_TAGS, Kind, Operation, Target
from pb2hl.progress import Cancel
from pb2hl.values.fold import fold

NEVER_ARRIVED = "it never arrived"
"""The reason of what was looked for and is surely not there: it can be sent as if for the first time."""


async def look_up(
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
        record = await find(sender, sent, doubt.intent.before_image)
    except (TokenRefused, ScopeMissing):
        raise
    except ApiError as error:
        return _unclear(op, error)
    if record is not None:
        return arrived(op, record, sent.payload, sent.payload)
    return doubt.otherwise or doubt


async def find(sender: Sender, op: Operation, before: Mapping[str, Any] | None = None) -> Created | None:
    """What `op` (references resolved) made or did, as the location shows it; None when it shows nothing of it. `before`: the record
    that an update was to change, as it was."""
    if op.target is Target.CONTACT_TAGS:
        return await _tagged(sender, op)
    if op.target is Target.LINK:
        return await _linked(sender, op)
    if op.kind is Kind.UPDATE:
        return await _updated(sender, op, before)
    return await sender.ports[op.target].find(sender.client, op, op.payload)


async def _updated(sender: Sender, op: Operation, before: Mapping[str, Any] | None) -> Created | None:
    """The record, if it shows that the update was carried out.

    One value that became what was sent is proof: HighLevel writes all of them or none, and another may be in its own writing, or
    what a person made of it since.
    """
    where = op.payload.get("$url") or {}
    record = await sender.ports[op.target].get(sender.client, op.existing_id, **where)
    if op.target is Target.PIPELINE:  # its new stages got ids since, so the lists are not equal
        wanted, there, was = (set(map(fold, stage_names(one))) for one in (op.payload, record, before or {}))
        return Created(op.existing_id, {"id": op.existing_id}) if wanted <= there and wanted - was else None
    now = {row[0] for row in compare_records(op.payload, record) if row[3] in SAME}
    was = {row[0] for row in compare_records(op.payload, before) if row[3] in SAME} if before else set()
    done = bool(now - was) or now == set(flatten_payload(op.payload))
    return Created(op.existing_id, {"id": op.existing_id}) if done else None


async def _tagged(sender: Sender, op: Operation) -> Created | None:
    """The contact, if it has the tags that were to be added and none of those that were to go."""
    contact = str((op.payload.get("$url") or {}).get("contactId") or op.existing_id)
    record = await sender.ports[Target.CONTACT_TAGS].get(sender.client, contact)
    there = set(map(fold, record.get("tags") or ()))
    added, removed = (set(map(fold, op.payload.get(name) or ())) for name in ("tags", REMOVED_TAGS))
    return Created(contact, {"id": contact}) if added <= there and not removed & there else None


async def _linked(sender: Sender, op: Operation) -> Created | None:
    """The contact, if it belongs to the business (or to none) as was wanted."""
    contact = str(op.payload["contactId"])
    record = await sender.ports[Target.LINK].get(sender.client, contact)
    same = str(record.get("businessId") or "") == str(op.payload.get("businessId") or "")
    return Created(contact, {"id": contact}) if same else None


async def settle_unfinished(context: RunContext, absent: State = State.PLANNED) -> int:
    """Give everything that has an intent and no outcome its outcome; how many stay in doubt, since nobody could look.

    What is found counts as done, by whatever step it was sent. What is surely not there gets the state `absent`: planned, so that
    the step it belongs to makes it as if for the first time, or undone before a rollback; an update is undone in any case, since
    it will meet another record than it did. Raises TokenRefused and Unreachable.
    """
    entries = list(context.ledger.iterate(state=OPEN))
    sender, progress = Sender(context.client, PORTS), context.progress
    progress.start("looking up what an earlier command left without an answer", len(entries), "operations")

    async def looked_up(entry: Entry) -> Outcome:
        outcome = await _outcome(sender, entry, absent, context.cancel)
        progress.advance()
        return outcome

    found = await asyncio.gather(*map(looked_up, entries))
    progress.finish()
    for entry, outcome in zip(entries, found, strict=True):
        context.ledger.finish(context.run or entry.run_id, [outcome])
    return sum(outcome.state is State.IN_DOUBT for outcome in found)


async def _outcome(sender: Sender, entry: Entry, absent: State, cancel: Cancel) -> Outcome:
    op = entry.operation()
    cancel.check()
    try:
        record = await find(sender, op, entry.before_image)
    except TokenRefused:
        raise
    except NotFound:
        record = None  # what it was about is gone itself
    except (ApiError, KeyError, TypeError, ValueError) as error:
        return _unclear(op, error)
    if record is None:
        return Outcome(op.op_id, State.UNDONE if op.kind is Kind.UPDATE else absent, error=NEVER_ARRIVED)
    return arrived(op, record, op.payload, op.payload)


def _unclear(op: Operation, error: Exception) -> Outcome:
    message = error.message if isinstance(error, ApiError) else type(error).__name__
    return Outcome(op.op_id, State.IN_DOUBT, error=f"cannot be looked up: {message}")


def doubt_of(op: Operation, entry: Entry) -> Doubt:
    """The doubt about an operation whose intent an earlier run left behind."""
    payload: Any = entry.payload
    return Doubt(Intent(op, payload), entry.error or "an earlier run ended before the answer")
