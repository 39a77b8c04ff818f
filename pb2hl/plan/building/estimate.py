"""What a plan costs: requests by step and by what they are for, and the time and days at the location's limits.

The figures follow what the client really does (its page sizes, its batches, its reading back), so that a run without faults
sends within 3 % of them; `tests/e2e/test_requests.py` holds them to it.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta

from pb2hl.highlevel import Destination
from pb2hl.highlevel.daily import DAILY_LIMIT
from pb2hl.highlevel.destination import LOST_REASONS, USERS
from pb2hl.highlevel.limiter import BURST, INTERVAL_S
from pb2hl.highlevel.newest import REQUESTS
from pb2hl.highlevel.records import appointments, contacts, conversations, notes, objectrecords, opportunities, tasks
from pb2hl.operations import Kind, Operation, Target
from pb2hl.register import AUDIT, LOAD, SAMPLE, SCHEMA

SPOT_SHARE = 0.1
"""Of the records, the share of contacts that the audit reads by id for their time zone alone, which search omits: with the
pages that stays below 0.15 requests a record."""

LISTS = {
    Target.BUSINESS: objectrecords.RECORDS,
    Target.CONTACT: contacts.CONTACTS,
    Target.OPPORTUNITY: opportunities.DEALS,
    Target.NOTE: notes.NOTES,
    Target.TASK: tasks.TASKS,
}
"""The lists of what is read back in pages; appointments come by time."""

READ_BACK = (*LISTS, Target.APPOINTMENT, Target.MESSAGE, Target.OBJECT_RECORD)
"""Records that are compared with what was sent; links come with their contacts."""

LOOK = {"the location, whether it is the right one": 1}
"""What every command asks first."""

COMPARED = "comparing the ledger with the location"
"""The seal and the newest records of each kind; once there are some, the fields of two APIs that tell whose they are."""

OWNERS_BEFORE = "owners of contacts that were there and of their opportunities, before another is written"
LOOKS_BEFORE = 2
"""Requests that read them."""

SEALED = {"sealing the location": 2}


@dataclass(frozen=True)
class Estimate:
    """Requests that carry out a data plan, by what they are for, and what reading its records back depends on."""

    requests: Mapping[str, int]
    created: Mapping[Target, int] = field(default_factory=dict)
    """Records made, by kind."""
    updated: Mapping[Target, int] = field(default_factory=dict)
    """Records changed, by kind."""
    links: Mapping[str, int] = field(default_factory=dict)
    """Contacts to be linked, by business: fifty go in one request."""
    consents: int = 0
    """Contacts with consent flags: each is read back by id, since search omits them."""
    timezones: int = 0
    """Contacts with a time zone and no flags."""
    starts: Sequence[float] = ()
    """Seconds since 1970 at which appointments begin."""
    messages: Mapping[str, int] = field(default_factory=dict)
    """Messages logged, by channel."""
    of_objects: Mapping[str, int] = field(default_factory=dict)
    """Records made of custom objects, by the key of their object."""
    hosted: Set[str] = frozenset()
    """Operations on opportunities before which the owner of their contact is read (`Seen`)."""

    @property
    def total(self) -> int:
        """All requests of the load, if no sample went before it."""
        return sum(self.requests.values())

    def as_dict(self) -> dict[str, object]:
        """Flat figures for results and reports."""
        return {"requests": dict(self.requests), "total": self.total}


@dataclass(frozen=True)
class Budget:
    """Requests of a whole migration: step → what for → requests. What was sent until now stands under `SENT`."""

    steps: Mapping[str, Mapping[str, int]]

    @property
    def total(self) -> int:
        """All requests, those that were sent already included."""
        return sum(sum(parts.values()) for parts in self.steps.values())

    @property
    def to_come(self) -> int:
        """Requests that are still to be sent."""
        return self.total - sum(parts.get(SENT, 0) for parts in self.steps.values())

    @property
    def days(self) -> int:
        """Days that the daily allowance spreads the coming requests over."""
        return days_at_limit(self.to_come)

    @property
    def seconds(self) -> int:
        """Seconds of the coming requests at the burst limit, whole days of waiting for the allowance included."""
        return seconds_at_limit(self.to_come)

    def rows(self) -> list[tuple[str, str, int]]:
        """(step, what for, requests), without what costs nothing."""
        return [(step, what, count) for step, parts in self.steps.items() for what, count in parts.items() if count]


SENT = "reading the location (sent)"


def days_at_limit(requests: int) -> int:
    """Days that the daily allowance spreads so many requests over."""
    return math.ceil(requests / DAILY_LIMIT)


def seconds_at_limit(requests: int) -> int:
    """Seconds of so many requests at the burst limit, whole days of waiting for the allowance included."""
    full, rest = divmod(requests, DAILY_LIMIT)
    return full * 86_400 + math.ceil(math.ceil(rest / BURST) * INTERVAL_S)


@dataclass
class Seen:
    """What the operations of a plan need beside one request each, counted while they are planned."""

    links: Counter[str] = field(default_factory=Counter)
    """Contacts by business."""
    messages: Counter[str] = field(default_factory=Counter)
    """Messages by channel."""
    of_objects: Counter[str] = field(default_factory=Counter)
    """Records by custom object."""
    starts: array[float] = field(default_factory=lambda: array("d"))
    """Seconds since 1970 at which appointments begin."""
    lost_reasons: int = 0
    """Opportunities that need a second call for it."""
    followed: int = 0
    """Records that need one for their followers."""
    before_images: int = 0
    """Operations that first read the record that was there."""
    consents: int = 0
    """Contacts with consent flags."""
    timezones: int = 0
    """Contacts with a time zone and no flags."""
    synced: bool = False
    """Whether the location may give a contact the owner of its opportunity."""
    hosted: set[str] = field(default_factory=set)
    """Operations that give an opportunity of a contact that was there an owner, where owners may be synced: what the contact's was is read
    before (`apply.host_owner`)."""
    made: set[str] = field(default_factory=set)
    """Operations that make contacts, where owners may be synced."""

    def note(self, operation: Operation) -> None:
        """Count what an operation needs beside its own request."""
        if operation.kind is Kind.SKIP:
            return
        self.before_images += bool(operation.existing_id)
        self.followed += "followers" in operation.payload
        if operation.target is Target.LINK:
            self.links[business_of(operation)] += 1
        elif operation.target is Target.OPPORTUNITY:
            self.lost_reasons += has_lost_reason(operation)
            contact = operation.payload.get("contactId")
            ours = isinstance(contact, Mapping) and contact["$ref"] in self.made
            if self.synced and operation.payload.get("assignedTo") and not ours:
                self.hosted.add(operation.op_id)
        elif operation.target is Target.CONTACT:
            if self.synced and operation.kind is Kind.CREATE:
                self.made.add(operation.op_id)
            flagged = "dnd" in operation.payload or "dndSettings" in operation.payload
            self.consents += flagged
            self.timezones += not flagged and "timezone" in operation.payload
        elif operation.target is Target.APPOINTMENT:
            self.starts.append(appointments.moment_of(operation.payload["startTime"]).timestamp())
        elif operation.target is Target.MESSAGE:
            self.messages[operation.payload["type"]] += 1
        elif operation.target is Target.OBJECT_RECORD:
            self.of_objects[operation.payload["$url"]["schemaKey"]] += 1


def estimate(counts: Mapping[tuple[Kind, Target], int], seen: Seen) -> Estimate:
    """Requests of a data plan; `counts` are its operations by kind and target."""
    created, updated = Counter[Target](), Counter[Target]()
    for (kind, target), count in sorted(counts.items()):
        if kind is not Kind.SKIP:
            (updated if kind is Kind.UPDATE else created)[target] += count
    found = {str(target): count for target, count in (created + updated).items() if target is not Target.LINK}
    found |= {
        "link": link_requests(seen.links),
        "lost reason": seen.lost_reasons,
        "followers": seen.followed,
        "before-image": seen.before_images,
        "counters read": created[Target.UNREAD],
        OWNERS_BEFORE: LOOKS_BEFORE * len(seen.hosted),
    }
    return Estimate(
        _filled(found),
        dict(created),
        dict(updated),
        dict(seen.links),
        seen.consents,
        seen.timezones,
        seen.starts,
        dict(seen.messages),
        dict(seen.of_objects),
        seen.hosted,
    )


def whole(
    data: Estimate,
    schema: Iterable[Operation],
    sample: Iterable[Operation],
    place: Destination,
    sent: Mapping[str, int],
) -> Budget:
    """The requests of everything from the first look at the location to the audit.

    `place` is the location without what this migration made; `sent` are the requests sent until now, by step. The
    sample's records are read back by id, and its links go by themselves.
    """
    steps = {step: {SENT: count} for step, count in sent.items()}
    steps[SCHEMA.id] = {**steps.get(SCHEMA.id, {}), **_schema(schema, place)}
    steps[SAMPLE.id], links = _sample(sample, data.hosted)
    steps[SCHEMA.id] |= {COMPARED: REQUESTS} | SEALED  # there is no calendar of ours to look into yet
    steps[SAMPLE.id] |= LOOK | {COMPARED: REQUESTS + 1} | SEALED
    rest = {business: count - links[business] for business, count in data.links.items()}
    load = {what: count - steps[SAMPLE.id].get(what, 0) for what, count in data.requests.items()}
    steps[LOAD.id] = LOOK | {COMPARED: REQUESTS + 3} | SEALED | _filled({**load, "link": link_requests(rest)})
    steps[AUDIT.id] = LOOK | _read_back(data, place)
    return Budget(steps)


def _schema(operations: Iterable[Operation], place: Destination) -> dict[str, int]:
    """Fields with options are read back when they are made, since options may be lost; at the end all is read once."""
    operations = list(operations)
    made = [op for op in operations if op.kind is not Kind.SKIP]
    listed = sum(op.target is Target.FIELD and bool(op.payload.get("options")) for op in made)
    lists = 7  # the location, both APIs' fields, pipelines, tags, calendars, workflows
    ours = sum(op.target is Target.OBJECT for op in operations)
    lists += ours + bool(ours)  # the custom objects, and the fields of each
    lists += USERS.requests(len(place.users)) + LOST_REASONS.requests(len(place.lost_reasons))
    return {"fields, tags, pipelines, calendars": len(made), "read back": listed + lists}


def carried_out(operations: Iterable[Operation], hosted: Set[str]) -> tuple[Counter[str], Counter[str]]:
    """(requests that carry these operations out by what they are for, contacts linked by business); `hosted` as in `Estimate`."""
    taken = [op for op in operations if op.kind is not Kind.SKIP]
    links = Counter(business_of(op) for op in taken if op.target is Target.LINK)
    found = Counter(str(op.target) for op in taken if op.target is not Target.LINK)
    found["link"] = link_requests(links)
    found["lost reason"] = sum(has_lost_reason(op) for op in taken)
    found["followers"] = sum("followers" in op.payload for op in taken)
    found["before-image"] = sum(bool(op.existing_id) for op in taken)
    found["counters read"] = found[str(Target.UNREAD)]
    found[OWNERS_BEFORE] = LOOKS_BEFORE * sum(op.op_id in hosted for op in taken)
    return found, links


def _sample(operations: Iterable[Operation], hosted: Set[str]) -> tuple[dict[str, int], Counter[str]]:
    """(requests by what for, contacts linked by business)."""
    operations = list(operations)
    found, links = carried_out(operations, hosted)
    found["read back by id"] = sum(op.target in READ_BACK and op.kind is not Kind.SKIP for op in operations)
    return _filled(found), links


def _read_back(data: Estimate, place: Destination) -> dict[str, int]:
    there = {
        Target.CONTACT: len(place.contacts),
        Target.BUSINESS: len(place.businesses),
        Target.OPPORTUNITY: len(place.opportunities),
    }
    found = {}
    for target, listing in LISTS.items():
        found[str(target)] = listing.requests(there.get(target, 0) + data.created.get(target, 0))
    if not data.created.get(Target.OPPORTUNITY) and not there[Target.OPPORTUNITY]:
        found[str(Target.OPPORTUNITY)] += 1  # asked again without a status
    found[str(Target.APPOINTMENT)] = event_requests(data.starts)
    found[str(Target.MESSAGE)] = sum(map(conversations.EXPORT.requests, data.messages.values()))
    if data.of_objects:
        found[str(Target.OBJECT_RECORD)] = object_requests(data.of_objects, place)
    found["relations, spot-checked"] = relations_looked_at(data.created.get(Target.RELATION, 0))
    compared = sum(data.created.get(target, 0) + data.updated.get(target, 0) for target in READ_BACK)
    found["contacts with consent flags"] = data.consents
    found["time zones, spot-checked"] = min(data.timezones, spot_checks(compared))
    return _filled(found)


def relations_looked_at(made: int) -> int:
    """Of so many relations, those that the audit reads back, one a request: a tenth, and the first twenty."""
    return min(made, max(20, int(SPOT_SHARE * made)))


def object_requests(made: Mapping[str, int], place: Destination) -> int:
    """Requests that read all records of our custom objects: one lists the objects, then each is read in pages."""
    held = Counter(place.object_records["objectKey"] if len(place.object_records) else ())
    total = {key: made.get(key, 0) + held.get(key, 0) for key in {*made, *held}}
    return 1 + sum(objectrecords.RECORDS.requests(count) for count in total.values())


def spot_checks(records: int) -> int:
    """Contacts that the audit of so many records reads by id for their time zone alone."""
    return int(SPOT_SHARE * records)


def event_requests(starts: Sequence[float]) -> int:
    """Requests that read appointments which begin at `starts`: by ranges of time, halved while they hold too many."""
    if not len(starts):
        return 0
    moments = sorted(starts)
    day, width = timedelta(days=1).total_seconds(), appointments.RANGE.total_seconds()
    first, last = moments[0] - day, moments[-1] + day
    ranges = [(first + n * width, min(first + (n + 1) * width, last)) for n in range(math.ceil((last - first) / width))]
    requests = 0
    while ranges:
        start, end = ranges.pop()
        requests += 1
        held = bisect_left(moments, end) - bisect_left(moments, start)
        if held >= appointments.SPLIT_ABOVE and end - start > 3600:
            ranges += [(start, (start + end) / 2), ((start + end) / 2, end)]
    return requests


def link_requests(links: Mapping[str, int]) -> int:
    """Requests that link so many contacts of each business."""
    return sum(math.ceil(count / contacts.LINKED_AT_ONCE) for count in links.values())


def business_of(link: Operation) -> str:
    """What a link's business is known by in a plan: its id, or the operation that makes it."""
    business = link.payload["businessId"]
    return str(business["$ref"]) if isinstance(business, Mapping) else str(business)


def has_lost_reason(operation: Operation) -> bool:
    """Whether the deal's lost reason takes a request of its own (neither create nor update knows it)."""
    return operation.target is Target.OPPORTUNITY and "lostReasonId" in operation.payload


def _filled(counts: Mapping[str, int]) -> dict[str, int]:
    return {what: count for what, count in counts.items() if count}
