"""The proposer: headings of many systems and languages, values, neighbours, consent."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pb2hl.mapper import propose, propose_fields
from pb2hl.mapper.knowledge.concepts import PUBLIC_NAMES
from pb2hl.model import OBJECTS


def targets(headings: list[str], object_name: str = "contact") -> list[str]:
    return list(propose(headings, object_name)["target"])


@pytest.mark.parametrize(
    ("heading", "target"),
    [
        ("Prénom", "firstName"), ("Nachname", "lastName"), ("Correo electrónico", "email"), ("E-Mail-Adresse", "email"),
        ("numéro de téléphone", "phone"), ("PLZ", "postalCode"), ("Straße", "address1"), ("Geburtsdatum", "dateOfBirth"),
        ("Codice postale", "postalCode"), ("Bedrijfsnaam", "companyName"), ("メールアドレス", "email"), ("Miasto", "city"),
        ("emails[0].value", "email"), ("address.city", "city"), ("CONTACT_EMAIL__C", "email"), ("fname", "firstName"),
        ("Person - Email - Work", "email"), ("Telphone", "phone"), ("firmenname", "companyName"), ("Ort", "city"),
    ],
)  # fmt: skip
def test_headings_of_any_language_and_casing(heading, target):
    """A heading is understood whatever language, case, prefix or slip of the keyboard it comes in."""
    assert targets([heading]) == [target]


@pytest.mark.parametrize(
    "heading",
    ["Email Opt Out", "HasOptedOutOfEmail", "Do Not Call", "Unsubscribed", "SMS opt-out", "keine E-Mails", "Désinscrit", "no_sms",
     "Email Marketing Consent", "donotbulkemail", "Accepts SMS", "Niet mailen", "DoNotContact", "Opted out of email"],
)  # fmt: skip
def test_consent_is_never_an_address_and_never_dropped(heading):
    """Opt-outs and consents go to DND, never to e-mail or phone, whatever else the table holds."""
    assert targets([heading, "Email", "Phone"]) == ["dnd", "email", "phone"]


@pytest.mark.parametrize(
    "heading", ["Email count", "Email bounce count", "Phone type", "Assistant phone", "Spouse email", "Email verified"]
)
def test_what_stands_beside_a_field_is_not_the_field(heading):
    """A part, a count or another person's address never takes the field's place."""
    assert targets([heading])[0] in {"custom", "ignore"}


def test_neighbours_share_out_the_places():
    """The best column takes the one place; the second e-mail and phone become additional ones."""
    found = targets(["Work Phone", "Home Phone", "Email 2", "Email", "Nom", "Prénom"])
    assert found == ["phone", "additionalPhones", "additionalEmails", "email", "lastName", "firstName"]


def test_values_speak_where_headings_do_not_and_contradict_where_they_lie():
    """An opaque heading is read by its values; a heading whose values cannot be that is kept as a custom field."""
    frame = pd.DataFrame({"CF17": ["a@x.org", "b@y.org"], "Phone": ["2020-01-02", "2021-03-04"]})
    assert list(propose(frame, "contact")["target"]) == ["email", "custom"]


@pytest.mark.parametrize("object_", list(OBJECTS))
def test_every_canonical_name_is_itself(object_):
    """A table with canonical headings maps onto itself, each field once."""
    names = list(OBJECTS[object_].field_names)
    found = propose_fields(names, object_)
    assert list(found["field"]) == names


def test_legal_edition_headings():
    """The legal-accounting edition's words for the same things: client, practice area, matter stage, fee estimate."""
    found = propose_fields(
        ["Matter", "Client", "Practice Area", "Matter Stage", "Fee Estimate", "Responsible Attorney"], "deals"
    )
    assert list(found["field"]) == ["name", "contact_id", "pipeline", "stage", "amount", "owner"]


def test_headings_written_from_memory_of_thirty_systems():
    """At least 95 % of the headings in headings.csv (systems and languages not in any benchmark) land where they may."""
    table = pd.read_csv(Path(__file__).with_name("headings.csv"), dtype=str, keep_default_na=False)
    right = []
    for (_, object_name), rows in table.groupby(["system", "object"], sort=False):
        found = targets(list(rows["heading"]), object_name)
        right += [target in allowed.split("|") for target, allowed in zip(found, rows["allowed"], strict=True)]
    assert sum(right) / len(right) >= 0.95


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=12), st.sampled_from(sorted(PUBLIC_NAMES)))
def test_any_headings_get_one_answer_each(headings, object_name):
    """Whatever the headings, each gets a row in order, a confidence between 0 and 1 and a reason."""
    found = propose(headings, object_name)
    assert list(found["source_column"]) == headings
    assert found["confidence"].between(0, 1).all() and (found["reason"].str.len() > 0).all()


def test_an_unknown_object_is_refused():
    """A wrong object name is told with the names that exist."""
    with pytest.raises(ValueError, match="contact, company"):
        propose(["a"], "client")
