"""Tables whose rows tell of two records each, or of one of two kinds: people and their deals, people and companies."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.mapper.knowledge.sheet_layout import WAITS
from pb2hl.source.tables import RawTable

PEOPLE = {"First Name": ["Ada", "Bo", "Cy"], "Last Name": ["Lund", "Vik", "Orr"], "Email": ["ada@lund.example", "bo@vik.example", "cy@orr.example"]}  # fmt: skip
COMPANIES = {"Company Name": ["Lund Ltd", "Vik Inc", "Orr GmbH"], "Website": ["lund.example", "vik.example", "orr.example"]}  # fmt: skip
DEALS = {"Title": ["Roof", "Wall", "Door"], "Value": ["1200", "900", "450"], "Stage": ["Quote", "Won", "Sent"]}


def table(columns: dict[str, list[str]]) -> RawTable:
    """A raw table."""
    frame = pd.DataFrame(columns, dtype="str")
    return RawTable("export.csv", "", list(frame.columns), frame, pd.RangeIndex(2, 2 + len(frame)).to_numpy())


def read(columns: dict[str, list[str]], object_: str, others: tuple[str, ...] = ()) -> dict[str, dict[str, str]]:
    """{object: {column: decision}} of the parts of a table; {} where it stays whole."""
    parts = mapper.two_objects(table(columns), object_, others)
    return {
        name: dict(mapper.fields_sheet([(raw, name)])[["column", "decision"]].itertuples(index=False))
        for raw, name, _ in parts
    }


@pytest.mark.parametrize("word", ["Deal", "Opportunity"])
@pytest.mark.parametrize(
    ("object_", "own", "key"), [("contacts", PEOPLE, "contact_id"), ("companies", COMPANIES, "company_id")]
)
def test_deals_in_the_rows_of_people_are_deals(word, object_, own, key):
    """Columns that name a deal are a table of deals that refers to the row's person or company; rows without one have none."""
    deals = {f"{word} Name": ["Roof", "", "Door"], f"{word} Value": ["1200", "", "450"], f"{word} Stage": ["Quote", "", "Sent"], "Close Date": ["2024-05-01", "", ""]}  # fmt: skip
    found = read({**own, **deals}, object_)
    assert set(found[object_]) == set(own)
    assert {"name", "amount", "stage", "expected_close", key} == set(found["deals"].values())
    ((_, _, _), (raw, _, _)) = mapper.two_objects(table({**own, **deals}), object_, ())
    assert len(raw.frame) == 2 and list(raw.rows) == [2, 4]


def test_a_persons_own_columns_take_none_of_the_deals():
    """A name, status or date of the person's beside those of the deal leaves these to the deal."""
    own = {"Name": ["Ada Lund", "Bo Vik", "Cy Orr"], "Email": PEOPLE["Email"], "Status": ["active", "", "active"], "Created": ["2024-01-01"] * 3}  # fmt: skip
    deals = {"Deal Name": ["Roof", "Wall", "Door"], "Deal Value": ["1200", "900", "450"], "Deal Status": ["open", "won", "lost"], "Deal Created": ["2024-02-01"] * 3}  # fmt: skip
    found = read({**own, **deals}, "contacts")
    assert set(found["contacts"]) == set(own)
    assert {"name", "amount", "status", "created_at", "contact_id"} == set(found["deals"].values())


@pytest.mark.parametrize(
    "columns",
    [
        {"Number of Deals": ["2", "0", "1"], "Total Deal Value": ["1200", "0", "450"], "Last Deal Closed": ["2024-01-01", "", ""]},
        {"Open Deals": ["1", "0", "0"], "Won Deals": ["1", "0", "0"]},
        {"Deal Stage": ["Quote", "", "Sent"]},
    ],
)  # fmt: skip
def test_counts_of_deals_are_no_deals(columns):
    """How many deals a person has, what they sum up to and one column alone stay with the person."""
    assert read({**PEOPLE, **columns}, "contacts") == {}


def test_people_in_the_rows_of_deals_are_people_where_no_other_table_has_them():
    """A list of deals with who they are for makes those people, with what it says of them; with a table of contacts it refers to that."""
    who = {"Organization": ["Lund Ltd", "Vik Inc", ""], "Contact person": ["Ada Lund", "Bo Vik", "Cy Orr"], "Contact email": PEOPLE["Email"], "Phone": ["+1 512 555 0101", "+1 512 555 0102", ""]}  # fmt: skip
    found = read({**DEALS, **who, "Owner": ["anna@us.example"] * 3}, "deals")
    assert found["contacts"] == {
        "Organization": "company_name",
        "Contact person": "full_name",
        "Contact email": "email",
        "Phone": "phone",
    }
    assert {"contact_id", "contact_email", "company_id", "owner"} <= set(
        found["deals"].values()
    ) and "Phone" not in found["deals"]
    assert read({**DEALS, **who}, "deals", ("contacts", "companies")) == {}
    assert read({**DEALS, "Contact": ["C1", "C2", "C3"]}, "deals") == {}


def test_companies_that_deals_name_beside_a_table_of_people_are_companies():
    """Contacts without a table of companies: those of the deals are made, each of a list by itself; people and keys are none."""
    named = {**DEALS, "Company": ["Lund Ltd", "Vik Inc;Walnut Works", "Lund Ltd"]}
    found = mapper.two_objects(table(named), "deals", ("contacts",))
    assert [name for _, name, _ in found] == ["deals", "companies"]
    assert list(found[1][0].frame["Company name"]) == ["Lund Ltd", "Vik Inc", "Walnut Works"]
    assert list(found[1][0].rows) == [2, 3, 3]
    for none in ({"Company": ["1", "2", "1"]}, {"Customer": ["Ada Lund", "Bo Vik", "Cy Orr"]}):
        assert mapper.two_objects(table({**DEALS, **none}), "deals", ("contacts",)) == []


def test_quotes_for_companies_are_deals_of_companies():
    """Customers with legal forms and a mailbox are no people called `Walnut Ltd`: who is written to belongs to the company."""
    quotes = {"Ref": ["Q-1", "Q-2"], "Customer": ["Walnut Ltd", "Yew GmbH"], "Customer Email": ["hello@walnut.example", "info@yew.example"],
              "Total": ["1200", "99.5"], "Valid until": ["2029-02-05", "2029-03-05"], "Status": ["Sent", "Declined"]}  # fmt: skip
    found = read(quotes, "deals")
    assert found["contacts"] == {"Customer company": "company_name", "Customer Email": "email"}
    assert found["deals"]["Customer Email"] == "contact_email" and found["deals"]["Valid until"] == "expected_close"


def test_consent_goes_with_the_people_of_deals():
    """Who must not be written to is said of the people that are made of deals, not kept beside the deals."""
    who = {"Contact person": ["Ada Lund", "Bo Vik", "Cy Orr"], "Contact email": PEOPLE["Email"], "Do not email": ["yes", "no", "yes"], "Do not contact": ["no", "no", "yes"]}  # fmt: skip
    found = read({**DEALS, **who}, "deals")
    assert {"email_opt_out", "do_not_contact"} <= set(found["contacts"].values())
    assert not {"Do not email", "Do not contact"} & set(found["deals"])


def test_deals_that_are_called_after_their_people_are_both():
    """A list of people with a stage and a value is people and deals where their addresses show whose names these are."""
    columns = {
        "Name": ["Ada Lund", "Bo Vik", "Cy Orr"],
        "Email": PEOPLE["Email"],
        "Stage": ["Quote", "Won", ""],
        "Value": ["1200", "900", ""],
    }
    found = read(columns, "deals")
    assert found["contacts"] == {"Name": "full_name", "Email": "email"} and found["deals"]["Name"] == "name"
    (deals, _, _), (people, _, _) = mapper.two_objects(table(columns), "deals", ())
    assert len(deals.frame) == 2 and len(people.frame) == 3
    assert read({**columns, "Name": ["Roof", "Wall", "Door"]}, "deals") == {}


@pytest.mark.parametrize(
    "heading", ["Name / Company", "Company/Name", "Firma/Name", "Nom / Société", "Name or company", "Contact|Company"]
)
def test_names_of_either_people_or_companies_are_told_apart_row_by_row(heading):
    """Legal forms, given names and mailboxes show who is who; one row that nothing shows leaves the column to a person."""
    rows = {
        heading: ["Ada Lund", "Acme Inc", "Zyx, Maria", "Blue Sky Roofing"],
        "Email": ["ada@lund.example", "info@acme.example", "", "office@blue.example"],
    }
    found = mapper.two_objects(table(rows), "contacts", ())
    assert [(name, list(raw.frame.iloc[:, 0])) for raw, name, _ in found] == [
        ("contacts", ["Ada Lund", "Zyx, Maria"]),
        ("companies", ["Acme Inc", "Blue Sky Roofing"]),
    ]
    rows["Email"][3] = "x@blue.example"
    assert mapper.two_objects(table(rows), "contacts", ()) == []
    row = mapper.fields_sheet([(table(rows), "contacts")]).iloc[0]
    assert row["reason"].startswith(WAITS) and not row["decision"]


@pytest.mark.parametrize("heading", ["Company name", "Name of company", "Contact name", "Name & Surname"])
def test_other_names_are_not_asked_about(heading):
    """A heading that means one of both is read as that."""
    row = mapper.fields_sheet(
        [(table({heading: ["Acme Inc", "Beta LLC"], "Email": ["a@acme.example", "b@beta.example"]}), "contacts")]
    ).iloc[0]
    assert not row["reason"].startswith(WAITS)


def test_people_inside_deals_of_an_api_are_people():
    """`person_id.name` and `person_id.email` are of the person that the deal tells whole; without anything to know people by they stay."""
    who = {
        "person_id.name": ["Ada Lund", "Bo Vik", "Cy Orr"],
        "person_id.email": PEOPLE["Email"],
        "person_id.value": ["77", "78", "79"],
        "org_id.name": ["Lund Ltd", "", ""],
    }
    found = read({"id": ["1", "2", "3"], **DEALS, **who}, "deals")
    assert found["contacts"] == {
        "person_id.name": "full_name",
        "person_id.email": "email",
        "org_id.name": "company_name",
    }
    assert found["deals"]["person_id.value"] == "contact_id"


def test_a_name_or_legal_name_beside_a_person_is_the_companys():
    """`Nombre o razón social` beside a contact person is the company that customers are called by, whatever else it is called."""
    frame = {
        "Nombre o razón social": ["Lago SL", "Monte SA"],
        "Nombre comercial": ["Lago", "Monte"],
        "Persona de contacto": ["Ada Ruiz", "Bo Sanz"],
    }
    assert mapper.two_objects(table(frame), "contacts", ()) == []
    rows = mapper.fields_sheet([(table(frame), "contacts")])
    assert list(rows["decision"]) == ["company_name", "custom", "full_name"]


def test_agents_of_a_help_desk_are_users():
    """A list of everybody in a help desk is contacts and users by their roles; other roles tell nothing."""
    rows = {
        "name": ["Ada Lund", "Anna Lind"],
        "email": ["ada@lund.example", "anna@us.example"],
        "role": ["end-user", "agent"],
    }
    found = mapper.mixed_types(table(rows))
    assert found is not None and [found.object_of(text) for text in rows["role"]] == ["contacts", "users"]
    assert mapper.mixed_types(table({**rows, "role": ["CEO", "agent"]})) is None
    assert mapper.mixed_types(table({**rows, "role": ["admin", "agent"]})) is None


@pytest.mark.parametrize("heading", ["Company", "Firma", "Société", "会社名"])
def test_companies_that_only_deals_name_are_companies(heading):
    """Names of companies in rows of deals are made once each; keys are none, and a table of companies has them otherwise."""
    rows = {**DEALS, heading: ["Lund Ltd", "Vik Inc", "lund ltd"], "Owner": ["Sam Seller"] * 3}
    found = mapper.two_objects(table(rows), "deals", ())
    assert [(name, list(raw.frame.iloc[:, -1])) for raw, name, _ in found if name == "companies"] == [
        ("companies", ["Lund Ltd", "Vik Inc"])
    ]
    assert read({**rows, heading: ["A-1", "A-2", "A-1"]}, "deals") == {}
    assert read(rows, "deals", ("companies",)) == {}


def test_people_whom_only_companies_name_are_people_of_theirs():
    """A contact person beside the name of a company is a contact of it; a table of people has them otherwise."""
    rows = {**COMPANIES, "Osoba kontaktowa": ["Jan Kowalski", "Anna Nowak", ""], "Phone": ["+1 512 555 0101"] * 3}
    found = read(rows, "companies")
    assert found["contacts"] == {"Contact person": "full_name", "Company": "company_name"}
    assert found["companies"]["Company Name"] == "name" and found["companies"]["Phone"] == "phone"
    assert read(rows, "companies", ("contacts",)) == {}
    assert read({**rows, "Osoba kontaktowa": ["K-1", "K-2", "K-3"]}, "companies") == {}


@pytest.mark.parametrize(
    "names", [["Acme Inc.", "Beta LLC", "Blue Sky Roofing"], ["Arndt GmbH", "Cordes KG", "Mühle am Bach"]]
)
@pytest.mark.parametrize("heading", ["Customer", "Kunde", "Name", "Client"])
def test_a_list_of_customers_that_are_companies_is_of_companies(heading, names):
    """A column of names with legal forms and nobody's given name is of companies, however the list is called; people stay people."""
    frame = pd.DataFrame({heading: names}, dtype="str")
    raw = RawTable("customers.csv", "", [heading], frame, pd.RangeIndex(2, 5).to_numpy())
    assert mapper.recognise(raw)[0] == "companies"
    assert dict(mapper.fields_sheet([(raw, "companies")])[["column", "decision"]].itertuples(index=False)) == {
        heading: "name"
    }
    people = RawTable(
        "customers.csv",
        "",
        [heading],
        pd.DataFrame({heading: ["Ada Lund", "Bo Vik", "Acme Inc."]}, dtype="str"),
        raw.rows,
    )
    assert mapper.recognise(people)[0] == "contacts"


def test_who_is_in_charge_beside_the_sellers_owner_is_the_clients_person():
    """`担当者名` beside `営業担当` in deals is whom they are with, and a person of the row; alone it owns the deal."""
    who = {
        "会社名": ["株式会社アクメ", "ベータ合同会社", "株式会社アクメ"],
        "担当者名": ["山田 太郎", "鈴木 次郎", "山田 太郎"],
        "メール": PEOPLE["Email"],
    }
    found = read({**DEALS, **who, "営業担当": ["佐藤 花子"] * 3}, "deals")
    assert found["contacts"]["Contact person"] == "full_name" and found["deals"]["営業担当"] == "owner"
    alone = dict(
        mapper.fields_sheet([(table({**DEALS, **who}), "deals")])[["column", "decision"]].itertuples(index=False)
    )
    assert alone["担当者名"] == "owner"


def test_companies_name_their_people_by_id():
    """The person whom a company names belongs to it by its number, since two companies may bear one name; customers that are companies are some."""
    rows = {"CUSTNO": ["A1", "A2", "A3"], "CUSTNAME": ["Lund Ltd", "Vik Inc", "Lund Ltd"], "CONTACT": ["Ada Lund", "Bo Vik", "Cy Orr"], "TELNO": ["+1 512 555 0101", "+1 512 555 0102", "+1 512 555 0103"]}  # fmt: skip
    assert mapper.recognise(table(rows))[0] == "companies"
    found = read(rows, "companies")
    assert found["companies"]["CUSTNAME"] == "name"
    assert found["contacts"] == {"Contact person": "full_name", "Company ID": "company_id"}


@pytest.mark.parametrize(("heading", "values"), [("ORG_REC", ["N", "Y", "N"]), ("Company flag", ["no", "yes", "no"])])
def test_a_flag_of_companies_splits_people_and_companies(heading, values):
    """Yes and no about being an organisation, in the words of databases; a company's name may stand among last names."""
    raw = table({heading: values, "FIRST_NAME": ["Ada", "", "Cy"], "LAST_NAME": ["Lund", "Vik Inc", "Orr"], "EMAIL": ["a@x.example", "b@x.example", "c@x.example"]})  # fmt: skip
    mixed = mapper.mixed_types(raw)
    assert mixed is not None and [mixed.object_of(value) for value in values] == ["contacts", "companies", "contacts"]
    firms = table({"LAST_NAME": ["Vik Inc"], "EMAIL": ["b@x.example"]})
    sheet = mapper.fields_sheet([(firms, "companies")])
    assert dict(zip(sheet["column"], sheet["decision"], strict=True))["LAST_NAME"] == "name"


def test_a_table_without_anybody_is_not_one_of_people():
    """Animals of a practice have a birthday and a name of their own: no contacts, whatever their file is called."""
    pets = {"Patient Code": ["P1", "P2"], "Client Code": ["C1", "C2"], "Pet Name": ["Biscuit", "Luna"], "Breed": ["Labrador", "DSH"], "DOB": ["01/02/2018", "03/04/2019"]}  # fmt: skip
    frame = pd.DataFrame(pets, dtype="str")
    raw = RawTable("patients.csv", "", list(frame.columns), frame, pd.RangeIndex(2, 4).to_numpy())
    assert mapper.recognise(raw)[0] == ""


@pytest.mark.parametrize(
    "heading", ["Nachname / Firma", "Last Name or Company", "Cognome/Ragione sociale", "Achternaam / bedrijfsnaam"]
)
def test_last_names_beside_given_names_are_no_companies(heading):
    """`Nachname / Firma` beside given names is the last name where there is one, and the company's name where there is none."""
    columns = {
        "First Name": ["Ada", "Bo", "", "Cy"],
        heading: ["Lund", "Vik", "Acme GmbH", "Orr"],
        "Email": ["ada@gmx.de", "", "info@acme.example", ""],
    }
    found = read(columns, "contacts")
    assert found["contacts"]["Last name"] == "last_name" and found["companies"]["Company name"] == "name"
    columns["First Name"][2] = "Jo"
    assert read(columns, "contacts") == {}


@pytest.mark.parametrize(
    ("people", "firm"), [(("Herr", "Frau"), "Firma"), (("M.", "Mme"), "Société"), (("Person",), "Company")]
)
def test_a_column_that_says_who_is_a_company_answers_for_the_names(people, firm):
    """Where every row says what it is, no person is asked again whether its name is one of a company."""
    for object_, kinds, field in (("contacts", people, "last_name"), ("companies", (firm,), "name")):
        names = {"Kind": [*kinds, kinds[0]], "Nachname / Firma": ["Lund", "Vik", "Orr"][: len(kinds) + 1]}
        given = {"Vorname": ["Ada", "", "Bo"][: len(kinds) + 1]} if object_ == "contacts" else {}
        sheet = mapper.fields_sheet([(table({**names, **given}), object_)]).set_index("column")
        assert sheet.loc["Nachname / Firma", "decision"] == field


CUSTOMERS = {
    "EmailAddress": ["accounts@kowhai.example", "info@rimu.example", "dana@reid.example", "hello@totara.example"],
    "FirstName": ["Aroha", "Colin", "Dana", ""], "LastName": ["Ngata", "Shaw", "Reid", ""],
}  # fmt: skip
FIRMS = ["Kowhai Builders Ltd", "Rimu Timber", "Dana Reid", "Totara Cafe"]


@pytest.mark.parametrize("heading", ["*ContactName", "Full name", "Customer name", "Client", "Kontakt"])
def test_customers_beside_people_are_their_companies(heading):
    """A customer's name that is not the person's beside it is the company; who is a customer in person keeps the name and gets none."""
    ((part, object_, _),) = mapper.two_objects(table({heading: FIRMS, **CUSTOMERS}), "contacts", ())
    firms = part.frame.pop("Company name")
    assert object_ == "contacts" and list(firms) == [*FIRMS[:2], "", "Totara Cafe"]
    assert list(part.frame[heading]) == ["", "", "Dana Reid", ""]


@pytest.mark.parametrize(
    "names",
    [
        ["Annie", "Colin Shaw", "Dana", "Ed Low"],
        ["Ann Ngata-Ihaka", "C. Shaw", "Reid, Dana", ""],
        ["Mum", "Boss", "Sis", ""],
    ],
)
def test_other_names_of_people_are_no_companies(names):
    """Display names and nicknames beside the halves of a name make no companies."""
    mails = ["aroha@a.example", "colin@b.example", "dana@c.example", "ed@d.example"]
    assert not mapper.two_objects(table({"Full name": names, **CUSTOMERS, "EmailAddress": mails}), "contacts", ())


def test_lines_of_an_address_are_nobody():
    """The number of an address line counts no people, and a further person without a name or a way to reach makes no row."""
    ends = {"POAddressLine1": ["12 Queen St", "3 Mill Rd", "9 Bay St", "1 High St"], "SAAddressLine1": [""] * 4}
    people = {"Person1FirstName": ["Ben", "", "", ""], "Person1LastName": ["Ropata", "", "", ""], "Person1Email": ["ben@kowhai.example", "", "", ""]}  # fmt: skip
    parts = mapper.two_objects(table({"*ContactName": FIRMS, **CUSTOMERS, **ends, **people}), "contacts", ())
    (whole, _, _), (further, object_, _) = parts
    assert object_ == "contacts" and len(further.frame) == 1 and {*ends} <= {*whole.headings}
    assert list(further.frame["Company name"]) == ["Kowhai Builders Ltd"]


def test_a_heading_of_marks_alone_ends_nothing():
    """What is left of a heading without its first word may be a mark (`Policy #`): the table is read all the same."""
    rows = {**PEOPLE, "Policy type": ["Home", "Car", "Life"], "Policy #": ["H-1", "A-2", "L-3"]}
    assert not mapper.two_objects(table(rows), "contacts", ())


WHOLE = {"Full name": ["Anna Kowalska", "Jan Nowak", "Ewa Lis"], "Job title": ["Buyer", "Owner", "Chef"], "Email": ["a@meblex.example", "jan@nowak.example", "ewa@lis.example"]}  # fmt: skip


@pytest.mark.parametrize("names", [["Meblex Sp. z o.o.", "Stolarnia Nowak", "Hotel Las"], ["Meblex Ltd", "Jan Nowak", "Lis & Sons"], ["Meblex GmbH", "Nowak Bau GmbH", ""]])  # fmt: skip
def test_names_beside_whole_names_of_people_are_their_companies(names):
    """`Name` beside `Full name` is the firm's where it says more than the person's; no firm is called after nobody."""
    firms = read({"Name": names, **WHOLE}, "contacts")
    assert firms["contacts"]["Full name"] == "full_name" and firms["contacts"]["Company name"] == "company_name"
    moved = mapper.two_objects(table({"Name": names, **WHOLE}), "contacts", ())[0][0].frame["Company name"]
    assert list(moved) == [name if name != "Jan Nowak" else "" for name in names]


def test_other_names_beside_whole_names_stay():
    """A nickname or the name again is no company's."""
    assert read({"Name": ["Ania", "Jan", "Ewa"], **WHOLE}, "contacts") == {}


@pytest.mark.parametrize("heading", ["Company", "Ragione Sociale", "Firma", "Razón social"])
def test_who_is_called_as_the_company_is_a_person(heading):
    """A private customer whose name stands in the column of companies as well has no company of that name."""
    columns = {"First Name": ["Mario", "Lucia", ""], "Last Name": ["Bianchi", "Verdi", ""], heading: ["Bianchi Mario", "Trattoria Verdi", "Rossi S.r.l."]}  # fmt: skip
    (raw, object_, _), *more = mapper.two_objects(table({**columns, "Email": ["m@x.example", "l@x.example", "i@rossi.example"]}), "contacts", ())  # fmt: skip
    assert (object_, more, list(raw.frame[heading])) == ("contacts", [], ["", "Trattoria Verdi", "Rossi S.r.l."])
    assert list(raw.frame["Full name"]) == ["Bianchi Mario", "", ""]
