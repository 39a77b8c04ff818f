"""Contacts: names, consent, identity, leftovers, existing records."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl.operations import Kind, Target
from tests.plan.frames import Built, Field, Mapped, at, frame, inputs, place, unshown

ID = {
    "id": "f-id",
    "name": "Perfect Books ID",
    "fieldKey": "contact.perfect_books_id",
    "dataType": "TEXT",
    "model": "contact",
    "options": [],
}


def contacts(*rows, **more) -> Built:
    """A plan of contacts only."""
    return Built(inputs({"contacts": frame(*rows)}, **more))


def test_consent_rides_in_the_creating_call():
    """Opt-outs of the export are in the body that creates the contact, as HighLevel's own flags."""
    built = contacts(
        {
            "id": "1",
            "email": "a@b.example",
            "do_not_contact": True,
            "email_opt_out": True,
            "sms_opt_out": True,
            "call_opt_out": True,
            "whatsapp_opt_out": True,
            "facebook_opt_out": True,
            "google_opt_out": True,
        },
        {"id": "2", "email": "c@b.example"},
    )
    body = built.one(Target.CONTACT, "1").payload
    assert body["dnd"] is True
    assert body["dndSettings"] == {
        "email": {"status": "active"},
        "sms": {"status": "active"},
        "call": {"status": "active"},
        "whatsApp": {"status": "active"},
        "fb": {"status": "active"},
        "gmb": {"status": "active"},
    }
    assert not {"dnd", "dndSettings"} & set(built.one(Target.CONTACT, "2").payload)


def test_tags_are_lower_case_once_and_dropped_by_decision():
    """Tags ride on the contact lower-cased; spellings of one tag become one; a dropped tag stays out and is told."""
    mapping = Mapped(tags={"contacts": {"Old": "", "VIP": "vip"}})
    built = contacts({"id": "1", "email": "a@b.example", "tags": ["VIP", "vip ", "Old", "Fair"]}, mapping=mapping)
    assert built.one(Target.CONTACT).payload["tags"] == ["vip", "fair"]
    assert "dropped in sheets/tags.csv" in set(built.plan.losses["why"])


def test_a_survivor_names_all_its_ids_and_keeps_what_differed():
    """A merged survivor's ID field holds every id; addresses of the others are further addresses; the rest is listed."""
    row = {
        "id": "1",
        "email": "a@b.example",
        "merged_ids": ["1", "2"],
        "unshown": unshown(("2", "email", "old@b.example"), ("2", "job_title", "Boss")),
    }
    values = (built := contacts(row)).custom(built.one(Target.CONTACT))
    assert values["Perfect Books ID"] == "1, 2"
    assert values["Other Emails"] == "old@b.example"
    assert "job_title: Boss (from 2)" in values["Perfect Books Merged"]


def test_another_source_prefixes_its_ids():
    """Two accounts in one location never share an id."""
    built = contacts({"id": "1", "email": "a@b.example"}, source="second")
    assert built.custom(built.one(Target.CONTACT))["Perfect Books ID"] == "second::1"


@pytest.mark.parametrize("allowed", [False, True])
def test_shared_phone_does_not_merge_people(allowed):
    """Where duplicates are forbidden the younger contact takes its own mobile, keeping the shared number in a field."""
    rows = (
        {"id": "1", "first_name": "Ann", "phone": "+16135550100", "created_at": at("2020-01-02")},
        {
            "id": "2",
            "first_name": "Bob",
            "phone": "+16135550100",
            "mobile": "+16135550199",
            "created_at": at("2020-01-03"),
        },
    )
    built = contacts(*rows, destination=place(settings={"allow_duplicate_contact": allowed}))
    assert built.one(Target.CONTACT, "1").payload["phone"] == "+16135550100"
    bob = built.one(Target.CONTACT, "2")
    assert bob.payload["phone"] == ("+16135550100" if allowed else "+16135550199")
    assert len(built.plan.tables["identity"]) == (0 if allowed else 1)
    if not allowed:
        assert built.custom(bob)["Other Phones"] == "+16135550100"


def test_shared_mailbox_is_kept_in_a_field():
    """The second person of a mailbox is created without it, told, and keeps the address as text."""
    rows = (
        {"id": "1", "email": "info@b.example", "created_at": at("2020-01-02")},
        {"id": "2", "first_name": "Bo", "email": "info@b.example"},
    )
    built = contacts(*rows)
    body = built.one(Target.CONTACT, "2")
    assert "email" not in body.payload and built.custom(body)["Other Emails"] == "info@b.example"


def test_what_did_not_convert_is_kept_as_exported():
    """A phone that is no number is in no phone field, and not lost."""
    lost = pd.DataFrame(
        [{"object": "contacts", "source_id": "1", "field": "phone", "text": "call Bob", "reason": "no number"}]
    )
    built = contacts({"id": "1", "email": "a@b.example"}, not_converted=lost)
    assert built.custom(built.one(Target.CONTACT))["Perfect Books Unconverted"] == "phone: call Bob"


def test_fill_sets_only_what_is_blank_there():
    """An existing contact found by e-mail gets blanks filled, its own values and tags kept, and an opt-out always."""
    there = {"id": "X", "email": "A@b.example", "firstName": "Own", "tags": ["vip"], "customFields": []}
    row = {
        "id": "1",
        "email": "a@b.example",
        "first_name": "New",
        "city": "Ottawa",
        "tags": ["VIP", "fair"],
        "do_not_contact": True,
    }
    built = contacts(row, destination=place(contacts=[there], fields={"contact": (ID,)}))
    update = built.one(Target.CONTACT)
    assert (update.kind, update.existing_id) == (Kind.UPDATE, "X")
    assert update.payload["city"] == "Ottawa" and update.payload["dnd"] is True and "firstName" not in update.payload
    assert built.custom(update)["Perfect Books ID"] == "1"
    assert built.one(Target.CONTACT_TAGS).payload["tags"] == ["fair"]


@pytest.mark.parametrize(
    ("policy", "kind"), [("skip", Kind.SKIP), ("overwrite", Kind.UPDATE), ("separate", Kind.CREATE)]
)
def test_existing_contact_follows_the_policy(policy, kind):
    """Skip sends nothing, overwrite what differs, separate makes a second contact without the taken address."""
    there = {"id": "X", "email": "a@b.example", "firstName": "Own", "tags": []}
    built = contacts(
        {"id": "1", "email": "a@b.example", "first_name": "New"},
        destination=place(contacts=[there]),
        policy={"existing_contacts": policy},
    )
    operation = built.one(Target.CONTACT)
    assert operation.kind is kind
    assert operation.payload.get("firstName") == (None if policy == "skip" else "New")
    assert "email" not in operation.payload


def test_phone_matches_only_with_the_name():
    """A shared office phone alone is nobody's identity."""
    there = {"id": "X", "phone": "+16135550100", "firstName": "Ann", "lastName": "Lee", "tags": []}
    rows = (
        {"id": "1", "first_name": "Ann", "last_name": "Lee", "phone": "+16135550100"},
        {"id": "2", "first_name": "Bob", "phone": "+16135550100"},
    )
    built = contacts(*rows, destination=place(contacts=[there]))
    assert built.one(Target.CONTACT, "1").existing_id == "X"
    assert built.one(Target.CONTACT, "2").kind is Kind.CREATE and "phone" not in built.one(Target.CONTACT, "2").payload


def test_a_shared_mailbox_goes_to_its_namesake():
    """Of people who share the address of a contact that is there, the one of its name is it, not whoever is older."""
    there = {"id": "X", "email": "office@b.example", "firstName": "Bob", "tags": []}
    rows = (
        {
            "id": "1",
            "first_name": "Ann",
            "last_name": "Lee",
            "email": "office@b.example",
            "created_at": at("2020-01-01"),
        },
        {
            "id": "2",
            "first_name": "Bob",
            "last_name": "May",
            "email": "office@b.example",
            "created_at": at("2021-01-01"),
        },
    )
    built = contacts(*rows, destination=place(contacts=[there]))
    assert built.one(Target.CONTACT, "2").existing_id == "X"
    ann = built.one(Target.CONTACT, "1")
    assert ann.kind is Kind.CREATE and "email" not in ann.payload
    assert built.custom(ann)["Other Emails"] == "office@b.example"


def test_owner_who_is_no_user_is_told_and_kept():
    """An owner without a user goes to the fallback; the name stays in a field."""
    destination = place(users=({"id": "U9", "name": "Desk", "email": "desk@b.example", "active": True, "role": ""},))
    built = contacts(
        {"id": "1", "email": "a@b.example", "owner": "Gone Person"},
        destination=destination,
        fallback_owner="Desk@b.example",
    )
    operation = built.one(Target.CONTACT)
    assert operation.payload["assignedTo"] == "U9" and built.custom(operation)["Perfect Books Owner"] == "Gone Person"


def test_custom_fields_by_type():
    """Each type gets its value as HighLevel takes it: options spelled as declared, lists, numbers, Yes/No, dates."""
    mapping = Mapped(
        fields={
            "contacts": [
                Field("custom.Size", "Size", "SINGLE_OPTIONS", ("Small", "Large")),
                Field("custom.Likes", "Likes", "MULTIPLE_OPTIONS"),
                Field("custom.Score", "Score", "NUMERICAL"),
                Field("custom.Member", "Member", "RADIO", ("Yes", "No")),
                Field("custom.Since", "Since", "DATE"),
            ]
        },
        picklists={("contacts", "custom.Size", "small"): "Small"},
    )
    row = {
        "id": "1",
        "email": "a@b.example",
        "custom.Size": "small",
        "custom.Likes": ["Tea", "Ice"],
        "custom.Score": 4.0,
        "custom.Member": True,
        "custom.Since": pd.Timestamp("2020-05-06").date(),
    }
    built = contacts(row, mapping=mapping)
    values = built.custom(built.one(Target.CONTACT))
    assert {name: values[name] for name in ("Size", "Likes", "Score", "Member", "Since")} == {
        "Size": "Small", "Likes": ["Tea", "Ice"], "Score": 4, "Member": "Yes", "Since": "2020-05-06",
    }  # fmt: skip
    options = {
        op.payload["name"]: op.payload.get("options") for op in built.schema.operations if op.target is Target.FIELD
    }
    assert options["Likes"] == ["Ice", "Tea"] and options["Size"] == ["Small", "Large"]


def test_text_of_the_export_is_no_reference():
    """A value that looks like a plan's reference goes out as text."""
    built = contacts({"id": "1", "email": "a@b.example", "city": "{{ref:abc:url}}"})
    operation = built.one(Target.CONTACT)
    assert "{{ref:" not in operation.payload["city"] and "abc" not in operation.depends_on
