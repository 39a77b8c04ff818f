"""Exports of usual systems in their own shape: what each table is, what each column is, and what is left to a person."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.errors import ExportError
from pb2hl.mapper.knowledge.text import tokens
from pb2hl.mapper.proposer.flags import flagged
from pb2hl.mapper.sheets.lossy import refused, without_amounts
from pb2hl.steps.shared.intake import take_in
from tests.mapper.corpus import tables

RIGHT = 0.975
"""Share of the corpus' columns that must be proposed right."""


def table(file: str, rows: dict[str, list[str]], sheet: str = "") -> SimpleNamespace:
    """A raw table."""
    frame = pd.DataFrame(rows, dtype="str")
    return SimpleNamespace(file=file, sheet=sheet, headings=list(frame.columns), frame=frame)


def fields(raw: SimpleNamespace, object_: str) -> dict[str, str]:
    """{column: proposed field}."""
    sheet = mapper.fields_sheet([(raw, object_)])
    return dict(zip(sheet["column"], sheet["proposal"], strict=True))


def test_the_corpus_is_of_many_systems():
    """At least 40 systems, so that a rule is not made for one."""
    assert len({item.system for item in tables()}) >= 40


@pytest.mark.parametrize("item", tables(), ids=lambda item: f"{item.system}-{item.file}")
def test_every_table_is_what_it_is(item):
    """Each table is its object by columns and values; the lists that are none are left to a person."""
    assert mapper.recognise(item)[0] in item.objects


@pytest.mark.parametrize(
    "item",
    [item for item in tables() if "" not in item.objects],
    ids=lambda item: f"{item.system}-{item.file}",
)
@pytest.mark.parametrize("file", ["export.csv", "rates.csv", "files.csv", "properties.csv"])
def test_a_misleading_file_name_makes_no_other_object(item, file):
    """Under a name that says nothing or something else, a table is what it is or waits: it is never another object."""
    renamed = SimpleNamespace(file=file, sheet="", headings=item.headings, frame=item.frame)
    assert mapper.recognise(renamed)[0] in ("", *item.objects)


def test_nearly_every_column_is_what_it_is():
    """Columns are proposed as the corpus says, but for a few that are told here."""
    right, wrong = 0, []
    for item in tables():
        if "" in item.objects:
            continue
        for heading, field in fields(item, mapper.recognise(item)[0]).items():
            ok = field in item.fields[heading] or (field == "ignore" and "custom" in item.fields[heading])
            right += ok
            wrong += [] if ok else [(item.system, heading, field)]
    assert right >= RIGHT * (right + len(wrong)), wrong


def test_people_and_companies_in_one_table_are_two_objects():
    """A flag in any of its forms says which row is which; an everyday type column does not split a table."""
    rows = {"Name": ["Ann Able", "Acme Inc"], "Email": ["ann@acme.example", "info@acme.example"]}
    for heading, values in (
        ("Is a Company", ["False", "True"]), ("is_company", ["0", "1"]), ("Is a Company", ["", "TRUE"]),
        ("Type", ["Person", "Organisation"]), ("Record Type", ["person", "company"]), ("Contact Type", ["Individual", "Company"]),
    ):  # fmt: skip
        found = mapper.mixed_types(table("export.csv", {heading: values, **rows}))
        assert found is not None, heading
        assert [found.object_of(value) for value in values] == ["contacts", "companies"], heading
    assert mapper.mixed_types(table("export.csv", {"Type": ["Customer", "Supplier"], **rows})) is None
    assert mapper.mixed_types(table("export.csv", {"Is active": ["True", "False"], **rows})) is None


@pytest.mark.parametrize(
    ("heading", "values", "never"),
    [
        ("Phone", ["1", "2", "3"], "phone"), ("Phone", ["1001", "1002", "1003"], "phone"),
        ("Title", ["Mrs.", "Mr.", "Dr."], "job_title"), ("Position", ["FALSE", "FALSE", "TRUE"], "job_title"),
        ("Title", ["Frau", "Herr", "Herr"], "job_title"), ("Account Number", ["ACC-1001", "ACC-1002", "ACC-1003"], "company_name"),
        ("First Name", ["1", "2", "3"], "first_name"), ("Lifetime", ["12000.50", "1500000", "2000000"], "phone"),
        ("Betrag", ["12.345,00", "1.234.567,00", "99.999,00"], "phone"), ("Steuernummer", ["12-3456789", "12-3456788", "12-3456787"], "phone"),
    ],
)  # fmt: skip
def test_values_veto_a_heading(heading, values, never):
    """A column whose values cannot be that is not that field, however sure its heading."""
    raw = table("contacts.csv", {"Name": ["Ann Able", "Bob Best", "Cy Cole"], heading: values})
    assert fields(raw, "contacts")[heading] != never


@pytest.mark.parametrize("heading", ["amount_usd", "Value (EUR)", "Deal value in GBP", "Betrag (CHF)", "Montant EUR"])
def test_a_currency_in_the_heading_is_an_amount(heading):
    """The currency beside the word for money does not hide the money."""
    raw = table("deals.csv", {"Name": ["A", "B"], "Stage": ["New", "Won"], heading: ["948", "1200"]})
    assert fields(raw, "deals")[heading] == "amount"


def test_the_owner_is_who_can_be_reached():
    """A column of addresses beats a key; keys that are the records' own are no owner at all."""
    rows = {"Name": ["A", "B", "C"], "Stage": ["New"] * 3, "user_id": ["usr_1", "usr_2", "usr_3"]}
    owned = fields(table("deals.csv", {**rows, "owner": ["c@a.example", "c@a.example", "d@a.example"]}), "deals")
    assert owned["owner"] == "owner" and owned["user_id"] != "owner"
    assert fields(table("deals.csv", rows), "deals")["user_id"] != "owner"


def test_a_row_is_not_its_own_parent():
    """A parent id that repeats the row's own id is no parent."""
    raw = table("companies.csv", {"Id": ["A-1", "A-2"], "Name": ["Acme Inc", "Beta LLC"], "ParentId": ["A-1", "A-2"]})
    assert fields(raw, "companies")["ParentId"] == "custom"


@pytest.mark.parametrize(
    ("heading", "values", "flags"),
    [
        ("IsDeleted", ["false", "true", "false"], True), ("Archived", ["", "x", ""], True), ("Test record", ["no", "yes", "no"], True),
        ("deleted_at", ["", "2024-01-01", ""], True), ("Merged into", ["", "", "17"], True), ("Gelöscht", ["nein", "ja", "nein"], True),
        ("Test score", ["1", "2", "3"], False), ("Archive folder", ["A", "B", "C"], False), ("Active", ["yes", "no", "yes"], False),
    ],
)  # fmt: skip
def test_flags_leave_rows_out(heading, values, flags):
    """Columns that call a row deleted, archived, merged, a test are proposed to leave it out; others are not."""
    raw = table("contacts.csv", {"Name": ["Ann Able", "Bob Best", "Cy Cole"], heading: values})
    row = mapper.fields_sheet([(raw, "contacts")]).set_index("column").loc[heading]
    assert (row["transform"] == "leave out rows") is flags


@pytest.mark.parametrize(
    ("heading", "values", "gone"),
    [
        ("PatStatus", ["Patient", "Deleted", "Inactive"], [1]), ("Status", ["Active", "Active", "Archived"], [2]), ("Kundenstatus", ["aktiv", "gelöscht", "inaktiv"], [1]),
        ("Estado", ["Activo", "Eliminado", "Inactivo"], [1]), ("Statut", ["Actif", "Archivé", "Supprimé"], [1, 2]), ("Durum", ["Aktif", "Pasif", "Silindi"], [2]),
        ("Status", ["Active", "Inactive", "Former"], []), ("Status", ["Client", "Test", "Trial"], []), ("Estado", ["Cliente", "Prueba", "Inactivo"], []),
        ("Status", ["Archived", "Archived", "Archived"], []), ("Archive folder", ["Deleted", "A", "B"], []),
    ],
)  # fmt: skip
def test_statuses_that_call_a_row_deleted_leave_it_out(heading, values, gone):
    """Who is deleted or archived by a word among others is left out, and the others keep their word; who is inactive or tries arrives."""
    raw = table("contacts.csv", {"Name": ["Ann Able", "Bob Best", "Cy Cole"], heading: values})
    row = mapper.fields_sheet([(raw, "contacts")]).set_index("column").loc[heading]
    assert (row["transform"] == "leave out rows") is bool(gone)
    if gone:
        assert row["decision"] == "custom"
        assert list(flagged(raw.frame[heading])) == [at in gone for at in range(3)]


@pytest.mark.parametrize("heading", ["Ünvan", "Title", "Titre"])
def test_titles_with_legal_forms_are_companies(heading):
    """A column of titles is the companies' names where legal forms stand among them; titles of people stay."""
    rows = {"Name": ["Ann Able", "Bob Best", "Cy Cole"], "Email": ["ann@a.example", "bob@b.example", "cy@c.example"]}
    firms = table("contacts.csv", {**rows, heading: ["Yildiz Ltd.", "Deniz Market", "Gunes Otel"]})
    assert fields(firms, "contacts")[heading] == "company_name"
    titles = table("contacts.csv", {**rows, heading: ["Director", "Co-Founder", "Sales Rep"]})
    assert fields(titles, "contacts")[heading] != "company_name"


def test_one_heading_in_two_files_has_one_type():
    """An empty column has no type of its own, and two types become text."""
    empty = table("contacts.csv", {"Name": ["Ann Able"], "Visit": [""]})
    dated = table("leads.csv", {"Name": ["Bob Best"], "Visit": ["2024-05-01"]})
    worded = table("others.csv", {"Name": ["Cy Cole"], "Visit": ["soon"]})
    types = mapper.fields_sheet([(empty, "contacts"), (dated, "contacts")]).set_index(["file", "column"])["type"]
    assert types["contacts.csv", "Visit"] == types["leads.csv", "Visit"] == "DATE"
    sheet = mapper.fields_sheet([(empty, "contacts"), (dated, "contacts"), (worded, "contacts")])
    assert set(sheet.loc[sheet["column"] == "Visit", "type"]) == {"TEXT"}


def test_deals_do_not_lose_their_money():
    """The only money of deals is their amount; of two a person chooses, and a batch run waits for it."""
    rows = {"Name": ["A", "B"], "Stage": ["New", "Won"]}
    assert fields(table("deals.csv", {**rows, "Net premium": ["948", "1200"]}), "deals")["Net premium"] == "amount"
    sheet = mapper.fields_sheet(
        [(table("deals.csv", {**rows, "Gross premium": ["948", "1200"], "Net premium": ["1", "2"]}), "deals")]
    )
    doubts = sheet[sheet["decision"] == ""]
    assert set(doubts["column"]) == {"Gross premium", "Net premium"}
    assert [problem.code for problem in without_amounts(sheet)] == ["no_amount"]
    decided = sheet.assign(decision=sheet["decision"].where(sheet["column"] != "Net premium", "amount"))
    assert without_amounts(decided) == []


def test_a_proposal_that_hardly_converts_waits(tmp_path):
    """Fewer than half of a column's values are what was proposed: nobody loads that unseen, a name in `who` confirms it."""
    converted = {"phone": 1, "email": 80}
    pd.DataFrame(
        [
            {"object": "contacts", "file": "a.csv", "sheet": "", "heading": name, "staged_column": name, "field": name,
             "kind": "text", "filled": 80, "converted": count, "not_converted": 80 - count, "decision": "{}"}
            for name, count in converted.items()
        ]
    ).to_parquet(tmp_path / "columns.parquet")  # fmt: skip
    row = {"object": "contacts", "file": "a.csv", "sheet": "", "who": "proposal"}
    sheet = pd.DataFrame([row | {"column": name, "decision": name} for name in converted])
    ws = SimpleNamespace(staged=tmp_path)
    assert [problem.field for problem in refused(ws, sheet)] == ["phone"]
    assert refused(ws, sheet.assign(who="Jane")) == []
    assert refused(ws, sheet.assign(decision="custom")) == []


@pytest.mark.parametrize(
    ("object_", "headings", "right"),
    [
        ("deals", {"Klant": "Aerts NV", "Contactpersoon": "Anna Aerts"}, ("company_id", "contact_id")),
        ("deals", {"Customer": "Acme Inc", "Contact person": "Ann Able"}, ("company_id", "contact_id")),
        ("deals", {"Kunde": "Arndt GmbH", "Ansprechpartner": "Jana Arndt"}, ("company_id", "contact_id")),
        ("deals", {"Close Date": "2024-05-01", "Expected Close Date": "2024-04-01"}, ("closed_at", "expected_close")),
        ("deals", {"Data de fechamento": "2024-05-01", "Previsão de fechamento": "2024-04-01"}, ("closed_at", "expected_close")),
        ("contacts", {"Account Owner": "Sam Seller", "Contact Owner": "Max Maker"}, ("custom", "owner")),
        ("contacts", {"Company owner": "Sam Seller", "Owner": "Max Maker"}, ("custom", "owner")),
        ("contacts", {"Rue": "1 rue A", "Rue 2": "bât 2"}, ("address_1", "address_2")),
        ("companies", {"WhatsApp": "+55 11 91234-5678", "Phone": "+55 11 3123-4567"}, ("custom", "phone")),
        ("tasks", {"Asunto": "Llamar", "Trato": "Cocina"}, ("title", "deal_id")),
    ],
)  # fmt: skip
def test_two_columns_that_say_nearly_the_same(object_, headings, right):
    """Two columns of one field are told apart by what each says beyond it."""
    raw = table(
        f"{object_}.csv",
        {"Name" if object_ != "tasks" else "Id": ["A", "B"], **{k: [v, v] for k, v in headings.items()}},
    )
    found = fields(raw, object_)
    assert tuple(found[heading] for heading in headings) == right


def test_a_second_street_of_a_second_address_is_no_second_line():
    """`Street 2` beside `City 2` is another address, and stays whole."""
    rows = {
        "Name": ["Ann Able"],
        "Street 1": ["1 Main St"],
        "City 1": ["Austin"],
        "Street 2": ["9 Elm St"],
        "City 2": ["Dallas"],
    }
    found = fields(table("contacts.csv", rows), "contacts")
    assert (found["Street 1"], found["City 1"], found["Street 2"]) == ("address_1", "city", "custom")


def test_members_of_a_mailing_list_are_no_users():
    """Members with tags are contacts; members with roles are users."""
    people = {
        "Email": ["ann@acme.example", "bob@beta.example"],
        "First Name": ["Ann", "Bob"],
        "Last Name": ["Able", "Best"],
    }
    listed = table("members_export.csv", {**people, "REGION": ["ny", "tx"], "TAGS": ["vip", ""]})
    assert mapper.recognise(listed)[0] == "contacts"
    assert mapper.recognise(table("team members.csv", {**people, "Role": ["Admin", "User"]}))[0] == "users"


@pytest.mark.parametrize(
    ("heading", "values", "object_", "never"),
    [
        ("Email lists", ["General", "General", "Trade fair"], "contacts", "email"),
        ("Active", ["banana", "apple", "pear"], "users", "active"),
        ("State", ["Texas", "Ohio", "Iowa"], "users", "active"),
        ("Completed", ["Anna", "Bert", "Cleo"], "tasks", "completed"),
        ("Won status", ["2024-01-02", "2024-02-03", "2024-05-06"], "deals", "status"),
        ("Stage", ["2024-01-02 10:00", "2024-02-03 11:00", "2024-05-06 12:00"], "deals", "stage"),
        ("fax", ["2125550198", "2125550199", "2125550197"], "contacts", "id"),
        ("POPostalCode", ["12180", "13501", "13502"], "contacts", "id"),
    ],
)
def test_values_that_cannot_be_it_veto_any_field(heading, values, object_, never):
    """Names of lists are no addresses, other words no yes and no, days no stage, and what is called otherwise is no id because it comes first."""
    rows = {heading: values, "Name": ["Ann Able", "Bob Best", "Cy Cole"], "City": ["Hull", "York", "Hull"]}
    assert fields(table("export.csv", rows), object_)[heading] != never


@pytest.mark.parametrize(
    "heading", ["ДатаСоздания", "DataUtworzeniaŚwieża", "KontaktníOsoba", "SMSİzni", "PersonneÀContacter"]
)
def test_words_are_told_apart_by_their_capitals_in_every_script(heading):
    """CamelCase of databases that are not English is read like that of English ones."""
    assert len(tokens(heading)) > 1


def _as_told(item: SimpleNamespace, frame: pd.DataFrame) -> tuple[str, dict[str, str]]:
    """(object, {column: field}) of a table of the corpus with other cells or columns."""
    raw = SimpleNamespace(file=item.file, sheet="", headings=list(frame.columns), frame=frame)
    object_ = mapper.recognise(raw)[0]
    return object_, fields(raw, object_) if object_ else {}


def _another_way(item: SimpleNamespace, way: str) -> pd.DataFrame:
    frame = item.frame
    if way == "last column first":
        return frame[frame.columns[::-1]]
    if way == "more of unknown meaning":
        return frame.assign(Zorblax=["q1", "q7"] * (len(frame) // 2) + ["k3"] * (len(frame) % 2))
    return frame.map(lambda text: f" {text} " if text else text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "most"), [("last column first", 0.005), ("more of unknown meaning", 0.005), ("blanks around cells", 0.0)]
)
def test_a_table_is_read_alike_in_another_form(way, most):
    """What changes nothing of what a table says (order of columns, one column more, blanks) changes hardly anything of how it is read:
    `most` (0-1) of the columns become another field of HighLevel's than the right one."""
    read, wrong = 0, []
    for item in tables():
        object_, before = _as_told(item, item.frame)
        again, after = _as_told(item, _another_way(item, way))
        if again != object_:
            wrong += [(item.system, item.file, object_, again)] if again not in ("", *item.objects) else []
            continue
        read += len(before)
        wrong += [
            (item.system, heading, field, after[heading])
            for heading, field in before.items()
            if after[heading] not in (field, "custom", "ignore", *item.fields.get(heading, ()))
        ]
    assert len(wrong) <= most * read, wrong


@pytest.mark.slow
@pytest.mark.parametrize("rows", [0, 1])
def test_tables_without_rows_or_with_one_are_read(tmp_path, rows):
    """Headings alone, and a single row, end no inventory: every system's tables side by side, as they are exported from an empty account."""
    systems: dict[str, list[SimpleNamespace]] = {}
    for item in tables():
        systems.setdefault(item.system, []).append(item)
    for system, items in systems.items():
        folder = tmp_path / system
        folder.mkdir()
        for number, item in enumerate(items):
            name = item.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
            item.frame.head(rows).to_csv(folder / f"{name} {number}.csv", index=False)
        try:
            found = take_in(folder, into=tmp_path / "files")
        except ExportError as told:  # where nothing is recognised, that is said, with the way out
            assert told.hint, system
            continue
        assert mapper.fields_sheet(found.assigned) is not None, system
