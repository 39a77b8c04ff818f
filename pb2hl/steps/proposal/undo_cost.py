"""What a rollback costs, told before anything is sent; from the ledger and what is known of the location."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping

from pb2hl.apply import UndoPlan, company_name, search_lag
from pb2hl.apply.host_owner import Owners
from pb2hl.apply.location_scan import appointment_spans, kinds_to_read, pieces_to_read
from pb2hl.apply.undo_plan import TOGETHER, action, added_tags, carrier, removed_tags
from pb2hl.apply.undo_proof import LOOK_EVERY_S, ONLY_LISTED, listed_in, looked_at
from pb2hl.clock import SYSTEM_CLOCK
from pb2hl.highlevel import SEARCH_LAG_S, Destination
from pb2hl.highlevel.capabilities import PROBED, Capabilities
from pb2hl.highlevel.limiter import BURST, INTERVAL_S
from pb2hl.highlevel.records import appointments, conversations
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.ledger.port import OPEN
from pb2hl.operations import SCHEMA_TARGETS, Kind, Target
from pb2hl.plan.building.estimate import LISTS, LOOK, SEALED, object_requests
from pb2hl.steps.proposal.proposal import without_ours

OTHERS = {Target.CONTACT: "contacts", Target.BUSINESS: "businesses", Target.OPPORTUNITY: "opportunities"}
"""The frames of the destination that count the location's own records."""

LOOKS = 4
"""Requests that tell how far the search lags: read a record, write it, find it, and judge it once more."""


def requests(plan: UndoPlan, ledger: LedgerPort, place: Destination | None) -> dict[str, int]:
    """Requests by what they are for. `place` is the location as it was read last (None: it holds nothing but ours).

    What people touched since cannot be known: it costs a request more to look at, and saves the one that would delete it.
    """
    doomed = {entry.destination_id for entry in plan.deletions()}
    found: Counter[str] = Counter(LOOK)
    for entry in plan.entries:
        if not carrier(entry, doomed):
            found[action(entry)] += _cost(entry)
    place = without_ours(place, ledger) if place is not None else Destination("", "")
    for target in kinds_to_read(plan.deletions()):
        if target is Target.APPOINTMENT:
            found["read appointment"] = _diaries(plan, ledger, len(place.calendars))
        elif target is Target.OBJECT_RECORD:
            found[f"read {target}"] = object_requests(_of_objects(ledger), place)
        elif target is Target.MESSAGE:
            found[f"read {target}"] = _exports(ledger)
        else:
            theirs = len(getattr(place, OTHERS[target])) if target in OTHERS else 0
            found[f"read {target}"] = LISTS[target].requests(_made(ledger, target) + theirs)
    for target in pieces_to_read(plan.deletions()):
        found[f"read {target}"] = _LISTS.get(target, 1)
    found["read contacts written to since they were made"] = _written_again(plan)
    if _lag_s(ledger) and doomed and _made(ledger, Target.CONTACT):
        found["measure the lag of search"] = LOOKS
    found["owners that HighLevel wrote, put back"] = _owners(plan, ledger)
    found["company names that HighLevel wrote, put back"] = _names(plan, ledger, place)
    found |= SEALED if plan.entries else {}
    found["taking the seal away"] = 3 if plan.entries and not _left(plan, ledger) else 0
    found["looking whether all of it is taken back"] = _looked_at(plan, ledger, place, doomed)
    return {name: count for name, count in found.items() if count}


PACE = (BURST, INTERVAL_S)
"""Requests that HighLevel lets through, and the seconds for which they count, where no client has seen it."""


def while_lagging(plan: UndoPlan, ledger: LedgerPort, pace: tuple[int, float] = PACE) -> dict[str, int]:
    """Requests by what they are for that may come on top of `requests`, as many at most, while search shows late what was done.

    How late it shows this time nobody knows before; never later than the lag that was probed. `pace`: requests, and the seconds for
    which they count.
    """
    lag_s = _lag_s(ledger)
    gone = Counter(found for entry in plan.deletions() if (found := listed_in(entry.target, entry.kind)) is not None)
    if lag_s <= 0 or not gone:
        return {}
    late = math.ceil(
        (lag_s + pace[1]) * pace[0] / pace[1]
    )  # what is deleted while a list is behind, a burst saved up included
    looks = math.ceil(lag_s / search_lag.LOOK_EVERY_S) if _made(ledger, Target.CONTACT) else 0
    records = sum(count for target, count in gone.items() if target not in (*ONLY_LISTED, *SCHEMA_TARGETS))
    pieces = sum(gone[target] for target in SCHEMA_TARGETS)
    lists = sum(LISTS[target].requests(min(count, late)) for target, count in gone.items() if target in LISTS)
    return {
        "further looks for the lag of search": looks,
        "lists that still show what was deleted": lists
        + (math.ceil(lag_s / LOOK_EVERY_S) if gone[Target.MEDIA] else 0),
        "deleted records that lists still show, read by id": min(records, late) + min(pieces, late),
    }


def _lag_s(ledger: LedgerPort) -> float:
    return float((ledger.recall(PROBED) or {}).get("search_lag_s", SEARCH_LAG_S))


def _owners(plan: UndoPlan, ledger: LedgerPort) -> int:
    going = {entry.op_id for entry in plan.entries if entry.target is Target.OPPORTUNITY}
    made = ledger.columns(["destination_id", "kind"], target=Target.CONTACT, state=(State.DONE, State.UNDONE))
    ours = {destination for destination, kind in made if kind == Kind.CREATE}
    return Owners(ledger, going.__contains__, ours).requests if going else 0


def _names(plan: UndoPlan, ledger: LedgerPort, place: Destination) -> int:
    """Only where a probe saw that the location writes them: else nobody can tell before the contacts are read."""
    if not Capabilities.of(ledger).link_names:
        return 0
    held = place.businesses
    names = dict(zip(held["id"].astype(str), held["name"].fillna("").astype(str), strict=True)) if len(held) else {}
    for entry in ledger.iterate(target=Target.BUSINESS, state=State.DONE):
        if entry.kind is Kind.CREATE:
            names[entry.destination_id] = str(entry.payload.get("name") or "")
    return company_name.requests((entry for entry in plan.entries if action(entry) == "unlink"), names)


def _looked_at(plan: UndoPlan, ledger: LedgerPort, place: Destination, doomed: Collection[str]) -> int:
    """Requests of the last look: the lists of what was deleted, with what stays in them, and each record that was there before."""
    kinds, records = looked_at(plan.entries, doomed)
    found = len(records)
    for target in kinds:
        if target is Target.APPOINTMENT:
            found += _diaries(plan, ledger, len(place.calendars))
        elif target is Target.OBJECT_RECORD:
            found += object_requests(dict.fromkeys(_of_objects(ledger), 0), place)
        elif target in LISTS:
            found += LISTS[target].requests(len(getattr(place, OTHERS[target])) if target in OTHERS else 0)
        else:
            found += _LISTS.get(target, 1)
    return found


def _left(plan: UndoPlan, ledger: LedgerPort) -> int:
    """Operations that the plan leaves: while there are some, so is the seal. A custom object stays in any case."""
    there = (row for row in ledger.counts() if row["state"] in (State.DONE, *OPEN) and row["target"] != Target.OBJECT)
    return sum(int(row["count"]) for row in there) - sum(entry.target is not Target.OBJECT for entry in plan.entries)


_LISTS = {Target.FIELD: 2}
"""Requests that list the pieces of a kind, where it takes more than one."""


def _written_again(plan: UndoPlan) -> int:
    """Contacts that we linked, tagged or changed after making them: whether people did too is seen by id only."""
    made, written = set(), set()
    for entry in plan.entries:
        if action(entry) == "delete":
            if entry.target is Target.CONTACT:
                made.add(entry.destination_id)
        elif entry.target in (Target.CONTACT, Target.CONTACT_TAGS):
            written.add(entry.destination_id)
        elif entry.target in (Target.LINK, Target.FILE):
            written.add(str((entry.payload.get("$url") or entry.payload).get("contactId")))
    return len(made & written)


def _cost(entry: Entry) -> int:
    kind = action(entry)
    if kind == "remove tags":
        return bool(added_tags(entry)) + bool(removed_tags(entry))
    return {"delete": 1, "keep": 0, TOGETHER: 0}.get(kind, 2)


def _made(ledger: LedgerPort, target: Target) -> int:
    return sum(
        row["count"]
        for row in ledger.counts()
        if row["target"] == target and row["kind"] == Kind.CREATE and row["state"] == State.DONE
    )


def _of_objects(ledger: LedgerPort) -> dict[str, int]:
    """Records that were made of custom objects, by the key of every object that this migration made or found."""
    found = {str(entry.payload["key"]): 0 for entry in ledger.iterate(target=Target.OBJECT)}
    for entry in ledger.iterate(state=State.DONE, target=Target.OBJECT_RECORD):
        found[str(entry.payload["$url"]["schemaKey"])] += 1
    return found


def _exports(ledger: LedgerPort) -> int:
    """Where this migration logged messages, all of the location are read, channel by channel."""
    sent = Counter(str(entry.payload["type"]) for entry in ledger.iterate(state=State.DONE, target=Target.MESSAGE))
    return sum(conversations.EXPORT.requests(sent[channel]) for channel in conversations.CHANNELS) if sent else 0


def _diaries(plan: UndoPlan, ledger: LedgerPort, theirs: int) -> int:
    """Calendars are listed once, and each is read a year a request."""
    runs = ledger.runs()
    spans: Mapping = appointment_spans(plan.deletions(), runs[0].started_at if runs else "", SYSTEM_CLOCK.now())
    years = {calendar: math.ceil((end - start) / appointments.RANGE) for calendar, (start, end) in spans.items()}
    usual = years.pop("")
    calendars = theirs + _made(ledger, Target.CALENDAR)
    return 1 + sum(years.values()) + usual * max(calendars - len(years), 0)
