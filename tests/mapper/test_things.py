"""Tables of things, of what lasts, and of whom people are seen with: nothing of it is a deal or an appointment."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.source.tables import RawTable
from pb2hl.steps.shared.intake import take_in

WHO = {"First Name": ["Ada", "Bo"], "Email": ["a@x.example", "b@x.example"]}


def table(columns: dict[str, list[str]], file: str = "export.csv") -> RawTable:
    """A raw table."""
    frame = pd.DataFrame(columns, dtype="str")
    return RawTable(file, "", list(frame.columns), frame, range(2, 2 + len(frame)))


def fields(raw: RawTable, object_: str) -> dict[str, str]:
    """{column: decision}."""
    return {row.column: row.decision for row in mapper.fields_sheet([(raw, object_)]).itertuples()}


PRICED = {
    "Price": ["245,000.00", "389,900.00", "720,000.00"],
    "Status": ["Available", "Reserved", "Sold"],
    "Owner": ["Ada Lund", "Bo Vik", "Ada Lund"],
}
NUMBERS = ["2", "3", "4"]


@pytest.mark.parametrize(
    "said",
    [
        ("Bedrooms", "Bathrooms"), ("Dormitorios", "M2 construidos"), ("Zimmer", "Wohnfläche m²", "Baujahr"), ("Chambres", "Surface"),
        ("VIN", "Mileage"), ("Fahrgestellnummer", "Kilometerstand"), ("SKU", "Stock"), ("Sq Ft", "Bedrooms"), ("Camere", "Superficie"),
    ],
)  # fmt: skip
def test_homes_vehicles_and_goods_are_no_deals(said):
    """A list of what is for sale waits for a person; with whom it is sold to, and when, it is deals about it."""
    things = {"Ref": ["VP-1", "VP-2", "VP-3"], **PRICED, **dict.fromkeys(said, NUMBERS)}
    assert mapper.recognise(table(things))[0] == ""
    sold = {
        "Deal name": ["Flat", "Loft", "Villa"],
        **things,
        "Expected close": ["2026-05-01"] * 3,
        "Stage": ["Offer", "Signed", "Visit"],
    }
    assert mapper.recognise(table(sold, "deals.csv"))[0] == "deals"


@pytest.mark.parametrize("kind", ["Relationship Type", "Membership", "Beziehung", "Contrat", "Rol"])
@pytest.mark.parametrize("ends", [["", "", "2022-11-02"], ["2024-12-31", "2025-12-31", "2026-12-31"]])
def test_what_lasts_from_day_to_day_is_no_appointment(kind, ends):
    """Relationships, memberships and employments begin and end on days; what happens at a time of day is an appointment."""
    lasting = {
        "ID": ["1", "2", "3"],
        kind: ["a", "b", "a"],
        "Start Date": ["2015-01-01", "2016-01-01", "2017-02-01"],
        "End Date": ends,
    }
    assert mapper.recognise(table(lasting))[0] != "appointments"
    timed = {
        **lasting,
        "Start Date": ["2015-01-01 10:00"] * 3,
        "End Date": ["2015-01-01 11:00"] * 3,
        "Title": ["a", "b", "c"],
    }
    assert mapper.recognise(table(timed))[0] == "appointments"


def test_visits_with_a_day_and_a_time_are_appointments():
    """A table called visits whose rows have a day, a time and somebody is one of appointments, whatever remarks it has."""
    visits = {
        "Fecha": ["03/03/2025"] * 2,
        "Hora": ["10:00", "12:30"],
        "Cliente": ["Ada Lund", "Bo Vik"],
        "Comercial": ["Eva Ek"] * 2,
        "Observaciones": ["x", "y"],
    }
    assert mapper.recognise(table(visits, "visitas.csv"))[0] == "appointments"


@pytest.mark.parametrize("stage", ["Fase", "Stage", "Etapa", "Phase"])
def test_buyers_with_a_stage_are_people(stage):
    """Who can be reached by mail and phone is a person although their name reads as a deal's contact."""
    who = {
        "Client": ["Ada Lund", "Bo Vik"],
        "Phone": ["+1 512 555 0101", "+1 512 555 0102"],
        "Email": ["ada@lund.example", "bo@vik.example"],
        stage: ["New", "Offer"],
        "Budget max": ["100,000.00", "200,000.00"],
    }
    assert mapper.recognise(table(who))[0] == "contacts"


@pytest.mark.parametrize(
    ("given", "family"),
    [
        ("Nombre", "Apellidos"),
        ("Prénom", "Nom"),
        ("First Name", "Last Name"),
        ("Vorname", "Nachname"),
        ("Nome", "Cognome"),
    ],
)
def test_users_have_both_halves_of_their_names(given, family):
    """`Nombre` beside `Apellidos` is half a name: others refer to users by the whole of it."""
    raw = table(
        {
            "Id": ["LC", "PO"],
            given: ["Lucía", "Pablo"],
            family: ["Campos", "Ortiz"],
            "E-mail": ["l@x.example", "p@x.example"],
        }
    )
    sheet = mapper.fields_sheet([(raw, "users")]).set_index("column")
    assert sheet.at[family, "decision"] == "name" and given in sheet.at[family, "transform"]
    assert sheet.at[given, "decision"] in ("custom", "ignore")


@pytest.mark.parametrize(
    "days",
    [["04/12", "11/30"], ["12.04.", "30.11."], ["--04-12", "--11-30"], ["April 12", "Nov 30"], ["12 avril", "30 nov."]],
)
def test_birthdays_without_a_year_are_kept_as_they_are(days):
    """A day of any year is no date of birth, and nothing that a person must be asked about."""
    raw = table({**WHO, "Birthday": days})
    assert fields(raw, "contacts")["Birthday"] == "custom"
    raw.frame["Birthday"] = ["1985-04-12", "1990-11-30"]
    assert fields(raw, "contacts")["Birthday"] == "birthday"


@pytest.mark.parametrize(
    "heading",
    ["Deceased", "Is Deceased", "Deceased / Closed", "Décédé", "Fallecido", "Deceduto", "Overleden", "Zmarły"],
)
def test_nobody_writes_to_the_dead(heading):
    """Who is said to have died is never contacted; the others are."""
    assert fields(table({**WHO, heading: ["Yes", "No"]}), "contacts")[heading] == "do_not_contact"


@pytest.mark.parametrize("heading", ["Date of death", "Verstorben am", "Deceased Date", "Décédé le", "Data zgonu"])
def test_a_day_of_death_says_so_too(heading):
    """A day on which somebody died closes every way to them, as a yes does."""
    assert fields(table({**WHO, heading: ["2022-11-02", ""]}), "contacts")[heading] == "do_not_contact"


def test_a_confirmation_is_no_refusal_beside_a_status():
    """`DOUBLE_OPT-IN: No` closes nothing where a column of words says that the address is subscribed; alone it is asked."""
    who = {"Email": ["a@x.example", "b@x.example", "c@x.example"], "DOUBLE_OPT-IN": ["Yes", "No", "No"]}
    assert fields(table(who), "contacts")["DOUBLE_OPT-IN"] == "email_opt_out"
    found = fields(table({**who, "Email status": ["Subscribed", "Subscribed", "Unsubscribed"]}), "contacts")
    assert (found["DOUBLE_OPT-IN"], found["Email status"]) == ("custom", "email_opt_out")


def test_an_address_that_ends_in_the_rows_own_id_is_no_website():
    """`…/users/42.json` leads to the record in the old system; a person's own site does not."""
    people = {"id": ["41", "42"], "name": ["Ada Lund", "Bo Vik"], "email": ["a@x.example", "b@x.example"]}
    for urls, field in (
        (["https://old.example/api/users/41.json", "https://old.example/api/users/42.json"], "custom"),
        (["https://lund.example", "https://vik.example/42"], "website"),
    ):
        assert fields(table({**people, "url": urls}), "contacts")["url"] == field


@pytest.mark.parametrize(
    "heading",
    [
        "Contacts associés",
        "Associated Contacts",
        "Verknüpfte Kontakte",
        "Contatti collegati",
        "Powiązane kontakty",
        "Contactos asociados",
        "Gekoppelde contacten",
    ],
)
def test_companies_that_name_their_people_employ_them(tmp_path, heading):
    """Who stands in a company's list of contacts belongs to it, by address, by name or by id; a number of contacts is nobody's id."""
    people = pd.DataFrame(
        {
            "Contact ID": ["1", "2", "3"],
            "Full name": ["Ada Lund", "Bo Vik", "Cy Ash"],
            "Email": ["a@x.example", "b@x.example", "c@x.example"],
        }
    )
    people.to_csv(tmp_path / "contacts.csv", index=False)
    for lists, found in (
        (["a@x.example, b@x.example", ""], ["c1", "c1", ""]),
        (["Cy Ash", "Ada Lund; Bo Vik"], ["c2", "c2", "c1"]),
        (["1", "2"], None),
    ):
        firms = {
            "Company ID": ["c1", "c2"],
            "Company name": ["Lund Ltd", "Vik AS"],
            "Industry": ["Wood", "Fish"],
            heading: lists,
        }
        pd.DataFrame(firms).to_csv(tmp_path / "companies.csv", index=False)
        (raw,) = [item.raw for item in take_in(tmp_path, into=tmp_path / "into").tables if item.object == "contacts"]
        assert (list(raw.frame["Company ID"]) if "Company ID" in raw.frame else None) == found


@pytest.mark.parametrize(
    ("heading", "field"),
    [("Contacts associés", "contact_id"), ("Verknüpfter Kontakt", "contact_id"), ("Contatto associato", "contact_id"), ("Powiązana firma", "company_id"),
     ("Empresa vinculada", "company_id"), ("Zugeordnete Firma", "company_id"), ("Gekoppeld contact", "contact_id"), ("Assignée à", "owner"), ("Zugeordnet zu", "owner")],
)  # fmt: skip
def test_words_for_what_belongs_to_a_record_change_nothing(heading, field):
    """`Associated contact` is the contact in every language."""
    values = {
        "contact_id": ["a@x.example", "b@x.example"],
        "company_id": ["Lund Ltd", "Vik AS"],
        "owner": ["Eva Ek", "Jan Ny"],
    }
    raw = table({"Deal name": ["Flat", "Loft"], "Stage": ["Offer", "Won"], heading: values[field]})
    assert fields(raw, "deals")[heading] == field
