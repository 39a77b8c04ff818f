"""When what has no list of all is looked for: messages and appointments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pb2hl.diff.overlay import is_overlay
from pb2hl.highlevel.records.appointments import moment_of
from pb2hl.ledger import LedgerPort, State
from pb2hl.operations import Target
from pb2hl.plan.inputs.rows import utc_iso


def messages(ledger: LedgerPort) -> dict[str, Any]:
    """The channels of the messages that we logged, and the time between the first and the last, as their port's pages take them."""
    channels: set[str] = set()
    first = last = ""
    for entry in ledger.iterate(state=State.DONE, target=Target.MESSAGE):
        date = str(entry.payload["date"])
        channels.add(str(entry.payload["type"]))
        first, last = min(first or date, date), max(last, date)
    return {
        "channels": sorted(channels),
        "start": first,
        "end": utc_iso(datetime.fromisoformat(last) + timedelta(seconds=1)),
    }


def calendars(ledger: LedgerPort) -> dict[str, tuple[datetime, datetime]]:
    """Calendar id → the span of the appointments we put into it, with a day around it."""
    spans: dict[str, tuple[datetime, datetime]] = {}
    day = timedelta(days=1)
    for entry in ledger.iterate(state=State.DONE, target=Target.APPOINTMENT):
        if is_overlay(entry):
            continue
        moment = moment_of(str(entry.payload["startTime"]))
        start, end = spans.get(str(entry.payload["calendarId"]), (moment - day, moment + day))
        spans[str(entry.payload["calendarId"])] = (min(start, moment - day), max(end, moment + day))
    return spans
