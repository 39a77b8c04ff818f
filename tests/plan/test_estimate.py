"""The cost of a migration: every request once, links by fifty, pages as they are read, the sample's part of its own."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from pb2hl.highlevel import Destination
from pb2hl.highlevel.records.objectrecords import RECORDS
from pb2hl.highlevel.records.tasks import TASKS
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.building.estimate import (
    COMPARED,
    LOOK,
    SEALED,
    SENT,
    Budget,
    Seen,
    business_of,
    estimate,
    event_requests,
    link_requests,
    whole,
)

DAY = 86_400.0


def link(contact: str, business: object) -> Operation:
    """A link as the plan makes it."""
    payload = {"businessId": business, "contactId": {"$ref": contact}}
    return Operation(f"op-{contact}", Kind.LINK, Target.LINK, "contacts", contact, payload=payload)


def place(contacts: int = 0) -> Destination:
    """A location with so many contacts and nothing else."""
    empty = pd.DataFrame({"id": pd.Series(dtype="str")})
    return Destination(
        location="L",
        read_at="2026-01-01T00:00:00Z",
        settings={},
        contacts=pd.DataFrame({"id": [str(n) for n in range(contacts)]}),
        businesses=empty,
        opportunities=empty,
    )


def test_links_go_by_fifty():
    """A business of fifty contacts needs one request, one of fifty-one two."""
    assert link_requests({"a": 50, "b": 51, "c": 1}) == 4


def test_a_business_is_known_by_id_or_reference():
    """Existing businesses are named by id, new ones by the operation that makes them."""
    assert (business_of(link("1", "b1")), business_of(link("1", {"$ref": "op-9"}))) == ("b1", "op-9")


@pytest.mark.parametrize(("records", "requests"), [(0, 1), (1, 2), (99, 2), (100, 2), (101, 2), (200, 3), (250, 3)])
def test_pages_end_with_one_that_is_short_or_brings_nothing_new(records, requests):
    """Where no total is told a short first page may be the server's cap: one more is asked for."""
    assert TASKS.requests(records) == requests


@pytest.mark.parametrize(("records", "requests"), [(0, 1), (1, 1), (100, 1), (101, 2), (200, 2), (250, 3)])
def test_no_page_is_asked_for_once_the_total_is_reached(records, requests):
    """A list that tells its total takes as many requests as it has pages."""
    assert RECORDS.requests(records) == requests


def test_ranges_of_appointments_are_halved_while_they_hold_too_many():
    """A quiet year is one request; one with 1,000 events is read again in halves; none at all costs nothing."""
    assert event_requests([]) == 0
    assert event_requests([DAY, 300 * DAY]) == 1
    assert event_requests([DAY, 800 * DAY]) == 3
    assert event_requests([n * DAY / 4 for n in range(1_200)]) == 3


def test_the_whole_counts_schema_and_sample():
    """Fields with options are read back, the sample's records by id, its links go by themselves, lists count what is there."""
    counts = {(Kind.CREATE, Target.CONTACT): 120, (Kind.LINK, Target.LINK): 120, (Kind.SKIP, Target.NOTE): 9}
    data = estimate(counts, Seen(links=Counter(b1=120), consents=2, timezones=50))
    assert data.requests == {"contact": 120, "link": 3}
    sample = [
        Operation("op-1", Kind.CREATE, Target.CONTACT, "contacts", "1"),
        Operation("op-2", Kind.SKIP, Target.NOTE, "notes", "2"),
        link("1", "b1"),
    ]
    schema = [
        Operation("f-1", Kind.CREATE, Target.FIELD, "schema", "a", payload={"name": "A"}),
        Operation("f-2", Kind.CREATE, Target.FIELD, "schema", "b", payload={"name": "B", "options": ["x"]}),
        Operation("t-1", Kind.SKIP, Target.TAG, "schema", "c", payload={"name": "c"}),
    ]
    cost = whole(data, schema, sample, place(contacts=900), {"mapping": 15, "schema": 30})
    assert cost.steps == {
        "mapping": {SENT: 15},
        "schema": {SENT: 30, "fields, tags, pipelines, calendars": 2, "read back": 10, COMPARED: 6, **SEALED},
        "sample": {**LOOK, COMPARED: 7, **SEALED, "contact": 1, "link": 1, "read back by id": 1},
        "load": {**LOOK, COMPARED: 9, **SEALED, "contact": 119, "link": 3},
        "audit": {
            **LOOK,
            "business": 1,
            "contact": 3,
            "opportunity": 2,
            "note": 1,
            "task": 1,
            "contacts with consent flags": 2,
            "time zones, spot-checked": 12,
        },
    }
    assert (cost.total, cost.to_come) == (235, 190)


def test_the_daily_allowance_spreads_the_rest_over_days():
    """450,000 requests are three days: two whole ones, and the rest at ten a second."""
    budget = Budget({"mapping": {SENT: 15}, "load": {"contact": 450_000}})
    assert (budget.days, budget.seconds) == (3, 2 * 86_400 + 5_000)
