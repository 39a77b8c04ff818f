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


@pytest.mark.parametrize("heading", ["is_seller", "Is owner", "Ist Betreuer"])
def test_flags_are_no_owners(heading):
    """A question of yes and no names nobody."""
    found = propose_fields(pd.DataFrame({heading: ["1", "0"], "Email": ["a@b.co", "b@b.co"]}), "contacts").iloc[0]
    assert found["field"] == "custom"


@pytest.mark.parametrize(
    "heading", ["Tel. tutor/a", "Handy Mutter", "Telefono padre", "Guardian phone", "Telefon opiekuna prawnego"]
)
def test_a_relatives_phone_is_not_the_persons_own(heading):
    """A guardian's number is kept beside; nobody else is called on it."""
    columns = {"First name": ["Ann", "Bo"], heading: ["+34 612 34 56 78", "+34 612 34 56 79"]}
    assert propose_fields(pd.DataFrame(columns), "contacts").iloc[1]["field"] == "custom"


def test_a_part_of_an_address_that_says_more_waits():
    """A postal code under a word that we do not know may be of another address, however much its values look like one."""
    columns = {"First name": ["Ann", "Bo"], "Zorb postnr": ["5003", "5004"], "Zorb poststed": ["Bergen", "Bergen"]}
    assert (propose_fields(pd.DataFrame(columns), "contacts")["confidence"][1:] < 0.8).all()


def test_whole_names_in_a_column_of_first_names():
    """`Jméno` that holds given name and surname is the whole name, unless another column is the surname."""
    names = {"Jméno": ["Jana Malá", "Petr Novák", "Eva Dvořáková"], "E-mail": ["a@b.cz", "b@b.cz", "c@b.cz"]}
    assert propose_fields(pd.DataFrame(names), "contacts").iloc[0]["field"] == "full_name"
    more = {**names, "Příjmení": ["Malá", "Novák", "Dvořáková"]}
    assert propose_fields(pd.DataFrame(more), "contacts").iloc[0]["field"] == "first_name"


def test_addresses_under_a_heading_of_people_are_their_mailboxes():
    """A column called `Contact` that holds e-mail addresses is the e-mail, and nobody is called by it."""
    columns = {"Contact": ["a@b.co", "b@b.co"], "City": ["Waco", "Rome"]}
    assert propose_fields(pd.DataFrame(columns), "contacts").iloc[0]["field"] == "email"


def test_the_fuller_of_two_addresses_is_the_main_one():
    """An address that few rows have gives way to one that all have, whole and whatever it is called."""
    columns = {"billing street": ["1 Elm", "", "", ""], "billing zip": ["10001", "", "", ""], "shipping street": ["1 Oak", "2 Oak", "3 Oak", "4 Oak"], "shipping zip": ["10002", "10003", "10004", "10005"]}  # fmt: skip
    found = propose_fields(pd.DataFrame(columns), "contacts")
    assert list(found["field"]) == ["custom", "custom", "address_1", "postal_code"]


@pytest.mark.parametrize("heading", ["Klantwaarde", "Client Value", "Valeur client", "Kundenname", "Name"])
def test_money_is_nobodys_name(heading):
    """What customers are worth is not what they are called, by the heading or by its values."""
    frame = pd.DataFrame({"Email": ["a@x.co", "b@x.co"], heading: ["€ 12.500,00", "€ 900,50"]}, dtype="str")
    assert propose_fields(frame, "contacts").set_index("heading").loc[heading, "field"] == "custom"


@pytest.mark.parametrize(
    "heading", ["duracao_seg", "längdSekunder", "Dauer (Sek.)", "Duur min", "Trvání minuty", "czas trwania sekundy"]
)
def test_units_say_how_long_it_took(heading):
    """A unit beside a word for how long changes nothing, in any language that durations are read in."""
    frame = pd.DataFrame({"Type": ["call", "email"], heading: ["120", "60"]}, dtype="str")
    assert propose_fields(frame, "activities").set_index("heading").loc[heading, "confidence"] >= 0.85


def test_a_region_is_no_status():
    """`Estado` of people is their region only where no value says how they stand."""
    for values, field in ((["Cliente", "Prueba", "Inactivo"], "custom"), (["Jalisco", "Sonora", "Nuevo León"], "state"), (["NY", "OK", "NO"], "state")):  # fmt: skip
        frame = pd.DataFrame({"Nombre": ["Ana", "Eva", "Luz"], "Estado": values}, dtype="str")
        assert propose_fields(frame, "contacts").set_index("heading").loc["Estado", "field"] == field
