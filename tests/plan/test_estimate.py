"""The cost of a migration: every request once, links by fifty, the sample's part of its own."""

from __future__ import annotations

from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.estimate import business_of, estimate, link_requests, whole


def link(contact: str, business: object) -> Operation:
    """A link as the plan makes it."""
    payload = {"businessId": business, "contactId": {"$ref": contact}}
    return Operation(f"op-{contact}", Kind.LINK, Target.LINK, "contacts", contact, payload=payload)


def test_links_go_by_fifty():
    """A business of fifty contacts needs one request, one of fifty-one two."""
    assert link_requests({"a": 50, "b": 51, "c": 1}) == 4


def test_a_business_is_known_by_id_or_reference():
    """Existing businesses are named by id, new ones by the operation that makes them."""
    assert (business_of(link("1", "b1")), business_of(link("1", {"$ref": "op-9"}))) == ("b1", "op-9")


def test_the_whole_counts_schema_and_sample():
    """Fields are read back, the sample's records too, and its links go by themselves."""
    counts = {(Kind.CREATE, Target.CONTACT): 120, (Kind.LINK, Target.LINK): 120, (Kind.SKIP, Target.NOTE): 9}
    data = estimate(counts, links={"b1": 120}, consents=2)
    assert data.requests == {"contact": 120, "link": 3, "read back contact": 2, "read back consent": 2}
    sample = [
        Operation("op-1", Kind.CREATE, Target.CONTACT, "contacts", "1"),
        Operation("op-2", Kind.SKIP, Target.NOTE, "notes", "2"),
        link("1", "b1"),
    ]
    schema = {(Kind.CREATE, Target.FIELD): 5, (Kind.CREATE, Target.TAG): 1, (Kind.SKIP, Target.TAG): 2}
    cost = whole(data, schema, sample)
    assert cost.requests == {**data.requests, "link": 4, "schema": 6, "schema read back": 16, "read back sample": 1}
    assert cost.writes == 120 + 4 + 6
