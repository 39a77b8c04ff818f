"""Which object a table is, and which product an export comes from."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl.mapper import mixed_types, product, recognise, waiting
from pb2hl.mapper.knowledge.sheet_layout import WAITS
from pb2hl.model import OBJECTS


def table(file: str, headings: list[str], sheet: str = "") -> SimpleNamespace:
    return SimpleNamespace(file=file, sheet=sheet, headings=headings)


@pytest.mark.parametrize("object_", list(OBJECTS))
def test_canonical_files_are_recognised(object_):
    """A file with an object's canonical name and columns is that object."""
    assert recognise(table(f"{object_}.csv", list(OBJECTS[object_].field_names)))[0] == object_


@pytest.mark.parametrize("object_", [name for name in OBJECTS if name not in ("tags", "users")])
def test_columns_alone_are_enough(object_):
    """A file of a meaningless name is recognised by its columns."""
    assert recognise(table("export 1.csv", list(OBJECTS[object_].field_names)))[0] == object_


@pytest.mark.parametrize(
    ("file", "sheet", "object_"),
    [("Kunden.csv", "", "contacts"), ("all.xlsx", "Aufgaben", "tasks"), ("data/clients.json", "", "contacts"),
     ("organisations.csv", "", "companies"), ("timekeepers.csv", "", "users"), ("matters.csv", "", "deals"),
     ("Rendez-vous 2024.csv", "", "appointments"), ("x.sqlite", "deal_stages", "pipelines")],
)  # fmt: skip
def test_names_in_other_words(file, sheet, object_):
    """Names in other languages and of the legal edition say the object when columns are few."""
    assert recognise(table(file, ["id", "name"], sheet))[0] == object_


def test_a_table_that_fits_nothing_is_left_out():
    """Neither name nor columns: no object, with a reason."""
    object_, confidence, reason = recognise(table("zz.csv", ["foo", "bar"]))
    assert (object_, confidence) == ("", 0.0) and reason


def test_the_three_products():
    """CRM, legal accounting and the bookstore's catalogue are told apart, with evidence."""
    people = table("contacts.csv", ["id", "first_name", "email"])
    assert product([people]).edition == "crm"
    assert product([people, table("time_entries.csv", ["matter", "timekeeper", "hours", "rate"])]).edition == "legal"
    books = product([table("inventory.csv", ["ISBN", "Title", "Author", "Price", "Stock"])])
    assert books.edition == "bookstore" and "isbn" in books.evidence[0]
    assert product([table("zz.csv", ["foo"])]).edition == "unknown"


NO_RECORDS = {
    "relationship": {"id": ["1", "2"], "contact_id_a": ["10", "11"], "contact_id_b": ["3", "4"], "start_date": ["", ""], "end_date": ["", ""], "is_active": ["1", "1"]},
    "civic_group": {"id": ["1", "2"], "name": ["newsletter_1", "volunteers_2"], "title": ["Newsletter", "Volunteers"], "is_active": ["1", "1"]},
    "projects": {"Project": ["Roof", "Wall"], "Client": ["Ann Able", "Bo Best"], "Start date": ["2024-01-01", "2024-02-01"], "End date": ["2024-06-30", "2024-07-30"], "Manager": ["Kim", "Kim"], "Budget": ["20000", "30000"]},
    "corsi": {"id_corso": ["1", "2"], "titolo": ["Inglese B2", "HACCP"], "ore": ["60", "8"], "prezzo": ["690,00", "90,00"]},
}  # fmt: skip


@pytest.mark.parametrize("name", NO_RECORDS)
def test_what_only_resembles_records_waits(name):
    """Relationships without a day are no appointments, groups no users, courses with hours and a price no hours worked: a person says."""
    frame = pd.DataFrame(NO_RECORDS[name], dtype="str")
    assert recognise(SimpleNamespace(file=f"{name}.csv", sheet="", headings=list(frame.columns), frame=frame))[0] == ""


BLOCKED = ["Sperrliste", "Blacklist", "suppression-list 2025", "Liste noire", "lista_negra", "zwarte lijst"]


@pytest.mark.parametrize("name", BLOCKED)
def test_a_block_list_is_of_people_whatever_heads_it(name):
    """Whom nobody may write to is told by addresses alone; left out, they would be written to."""
    frame = pd.DataFrame({"Pattern": ["a@b.co", "b@b.co"], "Since": ["2025-01-01", "2025-01-02"]}, dtype="str")
    assert (
        recognise(SimpleNamespace(file=f"{name}.csv", sheet="", headings=list(frame.columns), frame=frame))[0]
        == "contacts"
    )


def test_appointments_may_have_a_price():
    """Treatments with a day, a time of day and what they cost are appointments, as their name says."""
    rows = {
        "Fecha": ["2025-05-02"],
        "Hora": ["09:30"],
        "Duración": ["45"],
        "Paciente": ["Ann Able"],
        "Estado": ["Realizada"],
        "Importe": ["60"],
    }
    frame = pd.DataFrame({name: values * 3 for name, values in rows.items()}, dtype="str")
    assert (
        recognise(SimpleNamespace(file="x.xlsx", sheet="Citas", headings=list(frame.columns), frame=frame))[0]
        == "appointments"
    )


def test_roles_in_lists_split_a_help_desks_people():
    """`["Agent"]` and `["Customer"]` of an API are users and contacts as the bare words are."""
    frame = pd.DataFrame(
        {"name": ["Ann Able", "Bo Best", "-"], "roles": ['["Agent"]', '["Customer"]', ""]}, dtype="str"
    )
    mixed = mixed_types(SimpleNamespace(file="users.json", sheet="", headings=list(frame.columns), frame=frame))
    assert [mixed.object_of(text) for text in frame["roles"]] == ["users", "contacts", ""]


def test_a_report_called_after_a_pipeline_may_hold_its_deals():
    """People in stages under the name of a pipeline are deals, as under `Deals`; a list of the stages stays one of pipelines."""
    rows = {
        "Candidate Name": ["Ann Able", "Bo Best"],
        "Email": ["a@b.co", "b@b.co"],
        "Phone": ["212-555-0101", "212-555-0102"],
        "Stage": ["Applied", "Signed"],
        "Territory": ["North", "South"],
    }
    frame = pd.DataFrame(rows, dtype="str")
    assert (
        recognise(SimpleNamespace(file="Pipeline_Report.csv", sheet="", headings=list(frame.columns), frame=frame))[0]
        == "deals"
    )
    stages = pd.DataFrame(
        {"Pipeline": ["Sales", "Sales"], "Stage": ["New", "Won"], "Position": ["1", "2"]}, dtype="str"
    )
    assert (
        recognise(SimpleNamespace(file="Pipeline_Report.csv", sheet="", headings=list(stages.columns), frame=stages))[0]
        == "pipelines"
    )


def test_quotes_that_name_their_customer_whole_are_deals():
    """A first name that is a whole name in every row is no sign of a table of people."""
    rows = {
        "Číslo": ["1", "2"],
        "Platí do": ["2025-05-01", "2025-05-02"],
        "Firma": ["Acme s.r.o.", "Beta a.s."],
        "Jméno": ["Jana Malá", "Petr Novák"],
        "Celkem": ["100", "200"],
        "Stav": ["Přijata", "Odeslána"],
    }
    frame = pd.DataFrame(rows, dtype="str")
    assert (
        recognise(SimpleNamespace(file="x.xlsx", sheet="Vydané nabídky", headings=list(frame.columns), frame=frame))[0]
        == "deals"
    )


def test_customers_who_work_somewhere_are_people():
    """A table of clients whose only column of names that we know is the employer that some rows name is one of people."""
    frame = pd.DataFrame({
        "Client No": ["C-1", "C-2", "C-3"], "Qqq": ["Tremblay Luc", "Singh Hari", "Roe Ann"], "Email": ["l@x.co", "h@y.co", ""],
        "Organisation": ["", "Northwind Inc.", ""], "City": ["Ottawa", "Ottawa", "Hull"],
    })  # fmt: skip
    clients = SimpleNamespace(file="Clients.csv", sheet="", headings=list(frame.columns), frame=frame)
    assert recognise(clients)[0] == "contacts"


_PEOPLE = pd.DataFrame({"Client ID": ["C-1", "C-2", "C-3"], "First name": ["Ann", "Bob", "Cyd"], "Last name": ["Able", "Best", "Cole"], "Email": ["ann@x.example", "bob@x.example", "cyd@x.example"]})  # fmt: skip

ABOUT_RECORDS = {
    "viewings": {"Date": ["2026-10-03", "2026-11-14"], "Place": ["12 Rose St", "Unit 4/88 Lygon St"], "Buyer": ["Ann Able", "Bob Best"], "Feedback": ["Loved it", "Too small"]},
    "sellers": {"Vendor": ["Dorn", "Ford"], "Reached at": ["dan@dorn.example", "fay@ford.example"], "Place": ["12 Rose St, Fitzroy", "Unit 4/88 Lygon St"], "Asking": ["980000", "620000"]},
    "donations": {"Gift ID": ["G1", "G2"], "Client ID": ["C-1", "C-2"], "Given by": ["Ann Able", "Bob Best"], "Fund": ["General", "Roof"], "Sum": ["500", "50"]},
    "notes in other words": {"Who was there": ["Ann Able", "Cyd Cole"], "Upshot": ["Happy with the new roof", "Wants a second quote"]},
    "strangers": {"Rang": ["Dana Dorn", "Erik Egan"], "Upshot": ["Asked about prices again", "Wants to be called back"]},
    "by e-mail": {"Mailbox": ["ann@x.example", "new@y.example"], "Upshot": ["Asked about prices again", "Wants to be called back"]},
    "stays": {"Client ID": ["C-1", "C-3"], "In": ["2026-10-03", "2026-11-14"], "Room": ["12", "14"]},
    "two links": {"Referred": ["Ann Able", "Bob Best"], "Referrer": ["Cyd Cole", "Ann Able"]},
    "one row": {"Client ID": ["C-2"], "Upshot": ["Asked about prices again"], "Kind": ["x"]},
    "later rows know them": {"Whom": ["Somebody else", "Ann Able", "Bob Best", "Cyd Cole"], "Upshot": ["Went by again", "Asked about it", "Left early again", "Wants to come"]},
}  # fmt: skip
ABOUT_NOBODY = {
    "prices": {"Item": ["Oak front", "Pine front"], "Text": ["A front of solid oak", "A front of pine"], "Price": ["50", "30"], "Created By": ["Ann Able", "Ann Able"]},
    "words": {"State": ["New", "Old", ""], "Step": ["Offer", "Won", "Lost"]},
    "sums": {"Month": ["2026-10", "2026-11"], "Visits": ["12", "14"]},
    "invoices": {"Invoice": ["I-1", "I-2"], "Client ID": ["C-1", "C-2"], "Customer": ["Ann Able", "Bob Best"], "Amount due": ["0", "12"], "Text": ["For the new roof", "For the old roof"]},
    "counts": {"Place": ["1", "2", "3"], "Size in square metres": ["12", "14", "15"], "Text": ["Near the door here", "By the window", "In the hall"]},
}  # fmt: skip


def _reason(columns: dict[str, list[str]]) -> str:
    unknown = SimpleNamespace(file="x1.csv", sheet="", headings=list(columns), frame=pd.DataFrame(columns, dtype="str"))
    people = SimpleNamespace(file="clients.csv", sheet="", headings=list(_PEOPLE), frame=_PEOPLE)
    return waiting([(people, "contacts", "named"), (unknown, "", "fits nothing")])[1]


@pytest.mark.parametrize("name", ABOUT_RECORDS)
def test_an_unknown_table_about_people_waits_for_a_person(name):
    """What names people or the export's records and says something of them is left out by nobody but a person."""
    assert _reason(ABOUT_RECORDS[name]).startswith(WAITS)


@pytest.mark.parametrize("name", ABOUT_NOBODY)
def test_an_unknown_table_about_nobody_is_only_told(name):
    """Lists of goods and words, sums and invoices stop no batch run."""
    assert _reason(ABOUT_NOBODY[name]) == "fits nothing"
