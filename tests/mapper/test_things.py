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
    things = {"Ref": ["VP-1", "VP-2", "VP-3"], **PRICED, **{heading: NUMBERS for heading in said}}
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


@pytest.mark.parametrize(
    ("home", "work", "mobile"),
    [("Home-Phone-Phone", "Work-Phone-Phone", "Home-Phone-Mobile"), ("Telefon privat", "Telefon dienstlich", "Mobil"), ("Home Phone", "Work Phone", "Mobile Phone"),
     ("Tél. domicile", "Tél. bureau", "Portable"), ("Other Phone", "Phone", "Mobile")],
)  # fmt: skip
def test_whoever_has_only_a_third_phone_is_reached_by_it(home, work, mobile):
    """Beside a number at work and a mobile one, that at home fills the gap; numbers of other things fill none."""
    people = {
        **WHO,
        home: ["+1 512 555 0101", "+1 512 555 0102"],
        work: ["+1 512 555 0201", ""],
        mobile: ["+1 512 555 0301", ""],
    }
    sheet = mapper.fields_sheet([(table(people), "contacts")]).set_index("column")
    decided = {sheet.at[name, "decision"]: name for name in (home, work, mobile)}
    assert set(decided) == {"phone", "mobile", "custom"}
    assert decided["custom"] in sheet.at[decided["mobile"], "transform"]
    taxed = {**WHO, "Phone": people[work], "Mobile": people[mobile], "Steuernummer": ["201/123/12345", "201/123/12346"]}
    sheet = mapper.fields_sheet([(table(taxed), "contacts")])
    assert not sheet["transform"].str.contains("Steuernummer").any()


@pytest.mark.parametrize(
    "told", [("UNSUB_CAMPAIGN_TITLE", "UNSUB_CAMPAIGN_ID"), ("Bounces", "Letzte Öffnung"), ("Campaign", "Clicks")]
)
def test_leaving_a_list_of_newsletters_closes_e_mail(told):
    """Campaigns, bounces and openings show a list of newsletters: leaving it closes no telephone, though it has numbers."""
    left = {**WHO, "Phone": ["+1 512 555 0101", "+1 512 555 0102"], "Unsubscribed at": ["2025-01-02", ""]}
    assert fields(table(left), "contacts")["Unsubscribed at"] == "do_not_contact"
    assert (
        fields(table({**left, **{heading: ["a", "b"] for heading in told}}), "contacts")["Unsubscribed at"]
        == "email_opt_out"
    )


@pytest.mark.parametrize(
    ("file", "columns"),
    [
        ("Transactions.csv", {"Transaction Number": ["1", "2"], "Account Number": ["5", "6"], "Name": ["Ada Lund", "Bo Vik"], "Date": ["01/15/2024"] * 2, "Amount": ["$25.00", "$75.00"], "Type": ["Donation", "Pledge"], "Check Number": ["1", "2"]}),
        ("SalesInvoices.csv", {"ContactName": ["Lund Ltd", "Vik Ltd"], "InvoiceNumber": ["I-1", "I-2"], "InvoiceDate": ["2025-02-01"] * 2, "PlannedDate": ["2025-02-01"] * 2, "Total": ["120.00"] * 2, "InvoiceAmountPaid": ["120.00", "0.00"], "Description": ["Work", "Tea"], "Type": ["Sales invoice"] * 2, "Status": ["Paid", "Open"]}),
        ("Beitraege.csv", {"Beleg-Nr": ["R1", "R2"], "Name": ["Ada Lund", "Bo Vik"], "Datum": ["01.01.2025"] * 2, "Betrag": ["60,00 €", "30,00 €"], "Art": ["Beitrag", "Spende"], "Bezahlt": ["ja", "nein"]}),
    ],
)  # fmt: skip
def test_donations_and_lines_of_invoices_are_books(file, columns):
    """Money that came in is no deal, call or custom field, whatever its table is called."""
    assert mapper.recognise(table(columns, file))[0] == ""


@pytest.mark.parametrize("asked", [{"Canceled": ["no", "yes", "no"]}, {"Storniert": ["nein", "ja", "nein"]}])
def test_words_beside_a_question_say_who_never_came(asked):
    """`Label: No Show` beside `Canceled: no` is how the appointment ended; a label of other words is kept beside."""
    booked = {"Title": ["a", "b", "c"], "Start": ["2025-03-05 09:00"] * 3, "End": ["2025-03-05 10:00"] * 3, **asked}
    (heading,) = asked
    sheet = mapper.fields_sheet(
        [(table({**booked, "Label": ["No Show", "", "Checked In"]}), "appointments")]
    ).set_index("column")
    assert sheet.at[heading, "decision"] == "status" and "no show=noshow" in sheet.at[heading, "transform"].replace(
        "no/", ""
    ).replace("nein/", "")
    sheet = mapper.fields_sheet([(table({**booked, "Label": ["Blue", "", "Red"]}), "appointments")]).set_index("column")
    assert "Label" not in sheet.at[heading, "transform"]
