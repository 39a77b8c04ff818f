"""Companies, parents, primary contacts and links."""

from __future__ import annotations

import pytest

from pb2hl.operations import Kind, Target
from tests.plan.frames import Built, Field, Mapped, at, frame, inputs, place


def test_blank_website_comes_from_the_domain():
    """A company without a website gets https and its domain."""
    built = Built(inputs({"companies": frame({"id": "1", "name": "Acme"})}, domain_of={"1": "acme.example"}))
    assert built.one(Target.BUSINESS).payload["website"] == "https://acme.example"


def test_parent_is_named_with_its_id():
    """The Parent Company field holds name and id; a parent that is not there stays as text, and is told."""
    rows = (
        {"id": "1", "name": "Holding"},
        {"id": "2", "name": "Acme", "parent_id": "1"},
        {"id": "3", "name": "Stray", "parent_name": "Nobody"},
    )
    built = Built(inputs({"companies": frame(*rows)}))
    assert built.custom(built.one(Target.BUSINESS, "2"))["Parent Company"] == "Holding (1)"
    assert (
        built.custom(built.one(Target.BUSINESS, "3"))["Parent Company"] == "Nobody"
        and "parent_company" in built.codes()
    )


@pytest.mark.parametrize(("flagged", "expected"), [(True, "Bo (bo@a.example)"), (None, "Al (al@a.example)")])
def test_primary_contact_is_the_flagged_else_the_earliest(flagged, expected):
    """The company's field names the contact that the export flags, else the first one made."""
    people = frame(
        {
            "id": "1",
            "first_name": "Bo",
            "email": "bo@a.example",
            "company_source_id": "9",
            "created_at": at("2021-01-01"),
            "custom.Is Primary": flagged,
        },
        {
            "id": "2",
            "first_name": "Al",
            "email": "al@a.example",
            "company_source_id": "9",
            "created_at": at("2020-01-01"),
            "custom.Is Primary": None,
        },
    )
    built = Built(inputs({"contacts": people, "companies": frame({"id": "9", "name": "Acme"})}))
    assert built.custom(built.one(Target.BUSINESS, "9"))["Primary Contact"] == expected


def test_contacts_without_a_company_go_to_unassigned():
    """Every contact is linked: to its company, else to one business called Unassigned."""
    tables = {
        "contacts": frame(
            {"id": "1", "email": "a@a.example", "company_source_id": "9"}, {"id": "2", "email": "b@a.example"}
        ),
        "companies": frame({"id": "9", "name": "Acme"}),
    }
    built = Built(inputs(tables))
    businesses = {op.op_id: op.payload["name"] for op in built.of(Target.BUSINESS)}
    linked = {op.source_id: businesses[op.payload["businessId"]["$ref"]] for op in built.of(Target.LINK)}
    assert linked == {"1": "Acme", "2": "Unassigned"}


def test_lists_of_businesses_become_text():
    """Business records keep no lists: a multi-picklist becomes long text, and the diff says so."""
    mapping = Mapped(fields={"companies": [Field("custom.Lines", "Lines", "MULTIPLE_OPTIONS", ("A", "B"))]})
    built = Built(
        inputs(
            {"companies": frame({"id": "1", "name": "Acme", "custom.Lines": ["A", "B"], "tags": ["Key"]})},
            mapping=mapping,
        )
    )
    values = built.custom(built.one(Target.BUSINESS))
    assert values["Lines"] == "A ; B" and values["Perfect Books Tags"] == "Key"
    row, cannot = built.schema.diff[built.schema.diff["name"] == "Lines"].to_dict("records")
    assert (cannot["state"], cannot["type"], cannot["count"]) == ("cannot", "MULTIPLE_OPTIONS", 1)
    assert row["type"] == "LARGE_TEXT" and "joined" in row["detail"]


def test_existing_business_of_the_same_name_is_filled():
    """A business that is there is updated, not made again; what it has stays."""
    there = {"id": "B1", "name": "ACME", "city": "Rome"}
    built = Built(
        inputs(
            {"companies": frame({"id": "1", "name": "Acme", "city": "Oslo", "phone": "+16135550100"})},
            destination=place(businesses=[there]),
        )
    )
    update = built.one(Target.BUSINESS)
    assert update.kind is Kind.UPDATE and update.existing_id == "B1"
    assert update.payload["phone"] == "+16135550100" and "city" not in update.payload
