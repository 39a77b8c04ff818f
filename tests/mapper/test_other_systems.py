"""Kinds of columns and tables met in exports of systems that nobody here wrote."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.mapper.knowledge.outcomes import stage_outcome
from pb2hl.source.tables import RawTable
from pb2hl.values.consents import says
from pb2hl.values.transforms import changed


def raw(file: str, columns: dict[str, list[str]], sheet: str = "") -> RawTable:
    """A raw table."""
    frame = pd.DataFrame(columns, dtype="str")
    return RawTable(file, sheet, list(frame.columns), frame, pd.RangeIndex(2, 2 + len(frame)).to_numpy())


def said(*tables: tuple[RawTable, str]) -> dict[str, str]:
    """{column: decision} of the last table, proposed beside the others."""
    sheet = mapper.fields_sheet(tables)
    own = sheet[(sheet["file"] == tables[-1][0].file) & (sheet["sheet"] == tables[-1][0].sheet)]
    return dict(own[["column", "decision"]].itertuples(index=False))


@pytest.mark.parametrize(
    ("street", "town", "code", "country"),
    [
        ("Postanschrift Straße", "Postanschrift Ort", "Postanschrift PLZ", "Postanschrift Land"),
        ("Rechnungsanschrift Straße", "Rechnungsanschrift Ort", "Rechnungsanschrift PLZ", "Rechnungsanschrift Land"),
        ("Factuuradres straat", "Factuuradres plaats", "Factuuradres postcode", "Factuuradres land"),
        ("Adresse de facturation - rue", "Adresse de facturation - ville", "Adresse de facturation - code postal", "Adresse de facturation - pays"),
        ("Endereço de cobrança rua", "Endereço de cobrança cidade", "Endereço de cobrança CEP", "Endereço de cobrança país"),
        ("Dirección de facturación calle", "Dirección de facturación ciudad", "Dirección de facturación código postal", "Dirección de facturación país"),
    ],
)  # fmt: skip
def test_parts_of_a_mailing_or_billing_address_are_the_address(street, town, code, country):
    """One word that says two things (which address it is, and that it is one) is read as both, in several languages."""
    columns = {"Name": ["Acme", "Beta"], street: ["High St 1", "Low St 2"], town: ["Bonn", "Ulm"], code: ["53111", "89073"], country: ["DE", "DE"]}  # fmt: skip
    found = said((raw("accounts.csv", columns), "companies"))
    assert [found[name] for name in (street, town, code, country)] == ["address_1", "city", "postal_code", "country"]


def test_another_kind_of_address_does_not_take_the_place_of_the_first():
    """Beside the billing address the delivery one stays a field of its own."""
    columns = {"Firma": ["Acme"], "Rechnungsanschrift Straße": ["A 1"], "Rechnungsanschrift Ort": ["Bonn"], "Lieferanschrift Straße": ["B 2"], "Lieferanschrift Ort": ["Ulm"]}  # fmt: skip
    found = said((raw("Firmen.csv", columns), "companies"))
    assert list(found.values()) == ["name", "address_1", "city", "custom", "custom"]


@pytest.mark.parametrize(
    "heading", ["Est une société", "Ist Firma", "É empresa", "Es empresa", "Is a company", "Jest firma"]
)
def test_a_question_in_any_language_tells_companies_from_people(heading):
    """The word that asks is no part of what it asks about."""
    mixed = mapper.mixed_types(raw("res.csv", {"Name": ["Acme", "Ann"], heading: ["True", "False"]}))
    assert mixed is not None and (mixed.object_of("True"), mixed.object_of("False")) == ("companies", "contacts")


def test_users_are_called_by_their_names_and_not_by_their_logins():
    """First and last name make the name of a user where the other column of names is a login."""
    table = raw("users.csv", {"id": ["1", "2"], "user_name": ["ann.able", "bob"], "first_name": ["Ann", "Bob"], "last_name": ["Able", "Best"], "status": ["Active", "Active"]})  # fmt: skip
    sheet = mapper.fields_sheet([(table, "users")]).set_index("column")
    assert sheet.loc["user_name", "decision"] == "custom"
    (name,) = sheet.index[sheet["decision"] == "name"]
    assert list(changed(table.frame[name], sheet.loc[name, "transform"], table.frame)) == ["Ann Able", "Bob Best"]


def test_a_column_that_few_records_fill_is_not_their_name():
    """Of two columns that may be the name the full one is; the other one's ids are those of parent companies."""
    columns = {"ID": ["1", "2", "3", "4"], "Organisation": ["", "Acme", "", ""], "Organisation ID": ["", "1", "", ""], "Name": ["Acme", "Acme Boats", "Beta", "Cato"], "Website": ["a.example", "", "b.example", "c.example"]}  # fmt: skip
    found = said((raw("organisations.csv", columns), "companies"))
    assert (found["Name"], found["Organisation"], found["Organisation ID"]) == ("name", "custom", "parent_id")


@pytest.mark.parametrize("heading", ["Nummer", "Number", "Número"])
def test_a_number_behind_the_street_is_the_house(heading):
    """It is joined to the street; a number elsewhere is not, and neither is an id."""
    columns = {"Name": ["Acme", "Beta", "Cato"], "Street": ["High St", "Low St", "Mid St"], heading: ["1", "2b", "3"]}
    table = raw("companies.csv", columns)
    sheet = mapper.fields_sheet([(table, "companies")]).set_index("column")
    assert list(changed(table.frame["Street"], sheet.loc["Street", "transform"], table.frame)) == ["High St 1", "Low St 2b", "Mid St 3"]  # fmt: skip
    assert sheet.loc[heading, "decision"] == "custom"
    elsewhere = mapper.fields_sheet([(raw("companies.csv", {name: columns[name] for name in (heading, "Name", "Street")}), "companies")])  # fmt: skip
    assert not elsewhere["transform"].any()


def test_a_third_address_goes_with_the_second():
    """Every e-mail and phone of a person is kept as one, however many columns there are."""
    columns = {"First Name": ["Ann"], "Last Name": ["Able"], "Email": ["a@x.example"], "Email 2": [""], "Email 3": ["c@x.example"], "Phone 1": ["212-555-0142"], "Phone 2": ["212-555-0143"], "Phone 3": ["212-555-0144"]}  # fmt: skip
    table = raw("contacts.csv", columns)
    sheet = mapper.fields_sheet([(table, "contacts")]).set_index("decision")
    for field, expected in (("email_2", "c@x.example"), ("mobile", "212-555-0143; 212-555-0144")):
        row = sheet.loc[field]
        assert list(changed(table.frame[row["column"]], row["transform"], table.frame)) == [expected]


def test_an_estimate_of_hours_is_no_time_of_day():
    """What a to-do is thought to take is not when it is due."""
    columns = {"Task": ["Call", "Write"], "Due date": ["2026-03-02", "2026-03-04"], "Estimated duration": ["0:30", "1:15"]}  # fmt: skip
    sheet = mapper.fields_sheet([(raw("tasks.csv", columns), "tasks")]).set_index("column")
    assert sheet.loc["Due date", "transform"] == "" and sheet.loc["Estimated duration", "decision"] == "custom"


def test_the_text_of_a_to_do_does_for_its_title():
    """A column of kinds is not taken for the title where the text says each to-do in few words."""
    columns = {"Description": ["Send quote", "Ring Ann", "Check roof"], "Related Type": ["Opportunity", "Person", "Organisation"], "Due Date": ["2026-03-02"] * 3}  # fmt: skip
    found = said((raw("tasks.csv", columns), "tasks"))
    assert found["Description"] == "body" and found["Related Type"] == "custom"


def test_an_id_that_every_row_has_is_not_given_up_for_one_that_few_have():
    """`contact_id` of leads says whom the few became that were converted; the leads keep their own ids."""
    leads = raw("leads.csv", {"id": ["l-1111", "l-2222"], "first_name": ["Ann", "Bob"], "last_name": ["Able", "Best"], "email": ["a@x.example", ""], "contact_id": ["", "c-9999"]})  # fmt: skip
    deals = raw("deals.csv", {"id": ["d-1", "d-2"], "name": ["Roof", "Wall"], "amount": ["1", "2"], "contact_id": ["c-9999", "c-8888"]})  # fmt: skip
    assert said((deals, "deals"), (leads, "contacts"))["id"] == "id"


def test_what_is_only_due_is_still_to_do():
    """A table called activities that says when its rows are due, and nothing of when they happened, is one of tasks."""
    due = raw("mail.activity.csv", {"Activity Type": ["Call", "To do"], "Summary": ["Ring Ann", "Write"], "Due Date": ["2026-03-02", "2026-03-04"], "Assigned to": ["Bo", "Bo"], "Note": ["x", "y"]})  # fmt: skip
    assert mapper.recognise(due)[0] == "tasks"
    happened = raw("activities.csv", {"Type": ["Call", "Meeting"], "Subject": ["a", "b"], "Due Date": ["", ""], "Start": ["2026-03-02 10:00", "2026-03-04 11:00"], "Note": ["x", "y"]})  # fmt: skip
    assert mapper.recognise(happened)[0] == "activities"


@pytest.mark.parametrize(
    ("stage", "end"),
    [
        ("Negócio perdido", "lost"), ("Negócio ganho", "won"), ("Affaire gagnée", "won"), ("Geschäft verloren", "lost"), ("Deal lost", "lost"),
        ("Geweigerd", "lost"), ("Afvist", "lost"), ("Hylätty", "lost"), ("Deal", ""), ("Negócio", ""), ("Proposta", ""),
    ],
)  # fmt: skip
def test_a_stage_that_names_the_deal_says_how_it_ended(stage, end):
    """The word for a deal beside won or lost changes nothing."""
    assert stage_outcome(stage) == end


def test_closed_deals_are_told_apart_by_their_chance():
    """Yes and no to `closed` beside a probability of 100 or 0 says how deals ended; anything else between waits."""
    columns = {"Deal": ["A", "B", "C"], "Amount": ["1", "2", "3"], "Stage": ["x", "y", "z"], "Probability": ["100", "0", "60"], "Closed": ["yes", "yes", "no"]}  # fmt: skip
    table = raw("deals.csv", columns)
    row = mapper.fields_sheet([(table, "deals")]).set_index("column").loc["Closed"]
    assert list(changed(table.frame["Closed"], row["transform"], table.frame)) == ["won", "lost", "open"]
    for written in (["100,00 %", "0,00 %", "60,00 %"], ["1.0", "0", "0.6"], ["100.000", "0.000", "60.5"]):
        again = raw("deals.csv", {**columns, "Probability": written})
        step = mapper.fields_sheet([(again, "deals")]).set_index("column").loc["Closed", "transform"]
        assert list(changed(again.frame["Closed"], step, again.frame)) == ["won", "lost", "open"], written
    doubtful = raw("deals.csv", {**columns, "Probability": ["100", "50", "60"]})
    assert mapper.fields_sheet([(doubtful, "deals")]).set_index("column").loc["Closed", "decision"] == ""


def test_people_whom_only_deals_have_are_people():
    """A deal that names nobody whom the export knows, and has an address of its own, brings its person along; keys and companies do not."""
    people = raw("contacts.csv", {"Id": ["1"], "First Name": ["Ann"], "Last Name": ["Able"], "Email": ["ann@a.example"]})  # fmt: skip
    firms = raw("companies.csv", {"Id": ["7"], "Company Name": ["Acme"]})
    deals = raw("deals.csv", {"Deal": ["A", "B", "C", "D"], "Stage": ["x"] * 4, "Amount": ["1", "2", "3", "4"], "Contact": ["Ann Able", "Cy Cole", "99", "Acme"], "E-mail": ["other@a.example", "cy@c.example", "no@n.example", "office@acme.example"]})  # fmt: skip
    (found,) = mapper.strangers([(people, "contacts"), (firms, "companies"), (deals, "deals")])
    assert found.frame["E-mail"].tolist() == ["cy@c.example"] and list(found.rows) == [3]
    assert mapper.strangers([(deals, "deals")]) == []


@pytest.mark.parametrize(
    "text", ["not-opt-in", "never opted in", "pas inscrit", "jamais inscrit", "nunca inscrito", "no longer subscribed"]
)
def test_a_permission_that_is_denied_is_a_refusal(text):
    """A word that denies before a word that permits is no permission; a permission with a remark behind it stays one."""
    assert says(text) == "refused"
    assert says("opt-in") == says("confirmed-opt-in") == says("Subscribed - no phone") == "given"


def test_what_confirms_a_permission_closes_nothing_beside_a_refusal():
    """Nobody is closed to everything since no second e-mail asked for a permission, where another column says who refused."""
    columns = {"first_name": ["Ann", "Bob", "Cy"], "last_name": ["Able", "Best", "Cole"], "email": ["a@x.example", "b@x.example", ""], "opt_out": ["0", "1", ""], "confirm_opt_in": ["not-opt-in", "not-opt-in", ""]}  # fmt: skip
    found = said((raw("contacts.csv", columns), "contacts"))
    assert (found["opt_out"], found["confirm_opt_in"]) == ("do_not_contact", "custom")


def test_a_status_of_an_address_in_words_of_marketing_closes_it():
    """`Non-marketable`, complaints and bounces close e-mail; `Unengaged Marketable` may still be written to."""
    words = ["Unengaged Marketable", "Opted-out", "Hard bounce", "Non-marketable", "Single Opt-In", "Reported spam"]
    columns = {"First Name": [*"ABCDEF"], "Last Name": [*"GHIJKL"], "Email": [f"{at}@x.example" for at in "abcdef"], "Email Status": words}  # fmt: skip
    assert said((raw("Contacts.csv", columns), "contacts"))["Email Status"] == "email_opt_out"
    assert [says(word) for word in words] == ["given", "refused", "refused", "refused", "given", "refused"]
