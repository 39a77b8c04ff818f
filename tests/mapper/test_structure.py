"""Ids and references found by what tables hold of each other, whatever the language of their headings."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from pb2hl import mapper


def raw(file: str, **columns: list[str]) -> SimpleNamespace:
    frame = pd.DataFrame({name.replace("__", " "): values for name, values in columns.items()}, dtype="str")
    return SimpleNamespace(file=file, sheet="", headings=list(frame.columns), frame=frame)


def decisions(tables) -> dict[tuple[str, str], str]:
    sheet = mapper.fields_sheet(tables)
    return {(row.object, row.column): row.decision for row in sheet.itertuples()}


def people(**first: list[str]) -> SimpleNamespace:
    names = {"First__name": ["Ada", "Bo", "Cy"], "Email": ["ada@x.co", "bo@x.co", "cy@x.co"]}
    return raw("contacts.csv", **first, **names)


@pytest.mark.parametrize(
    "heading",
    [
        "KdNr",
        "Kunden-Nr.",
        "Client No.",
        "Client #",
        "Cli Code",
        "N° client",
        "Cód. Cliente",
        "Müşteri No",
        "顧客番号",
        "Numer klienta",
    ],
)
def test_a_number_of_the_object_is_its_id(heading):
    """`<object> number` in any language is the id, without a table that points to it."""
    assert decisions([(people(**{heading: ["00017", "00018", "00019"]}), "contacts")])["contacts", heading] == "id"


def test_words_nobody_knows_are_ids_when_other_tables_hold_their_values():
    """A column without repeats whose values stand in other tables is the id, and those columns are references."""
    contacts = people(Zyxw=["QX-1", "QX-2", "QX-3"])
    notes = raw("notes.csv", Body=["a", "b", "c"], Zyxw__ref=["QX-2", "QX-3", "QX-2"])
    tasks = raw("tasks.csv", Title=["a", "b"], Due=["2024-01-01", "2024-01-02"], Qqq=["QX-1", "QX-3"])
    found = decisions([(contacts, "contacts"), (notes, "notes"), (tasks, "tasks")])
    assert found["contacts", "Zyxw"] == "id"
    assert found["notes", "Zyxw ref"] == "contact_id" and found["tasks", "Qqq"] == "contact_id"


def test_a_second_key_that_tables_point_to_is_the_id():
    """Where a table has an ID nobody uses beside the number that others hold, the number is the id."""
    contacts = people(ID=["901", "902", "903"], Member__number=["M-1", "M-2", "M-3"])
    notes = raw("notes.csv", Body=["a", "b"], Member__number=["M-3", "M-1"])
    found = decisions([(contacts, "contacts"), (notes, "notes")])
    assert found["contacts", "Member number"] == "id" and found["contacts", "ID"] == "custom"
    assert found["notes", "Member number"] == "contact_id"


def test_small_numbers_alone_point_nowhere():
    """Counts such as 1, 2, 3 are in every table's ids: they are no reference by themselves."""
    contacts = people(ID=["1", "2", "3"], Visits=["2", "1", "3"])
    companies = raw("companies.csv", ID=["1", "2", "3"], Name=["A", "B", "C"])
    found = decisions([(contacts, "contacts"), (companies, "companies")])
    assert found["contacts", "Visits"] == "custom"


def test_repeated_or_sparse_numbers_are_no_ids():
    """A number that repeats or is often missing names nobody."""
    for values in (["7", "7", "8"], ["7", "", ""]):
        assert decisions([(people(KdNr=values, Zyx=["QX-1", "QX-2", "QX-3"]), "contacts")])["contacts", "Zyx"] != "id"


def test_a_company_column_of_ids_is_a_reference_by_id():
    """`Company` that holds the companies' ids, not their names, links by id."""
    companies = raw("companies.csv", ID=["F1", "F2", "F3"], Name=["Acme", "Bolt", "Cord"])
    found = decisions([(people(Company=["F1", "F3", "F1"]), "contacts"), (companies, "companies")])
    assert found["contacts", "Company"] == "company_id"


def test_several_columns_of_one_reference_share_it():
    """`owner.id`, `owner.email` and `owner.name` all feed the owner; another person's column does not."""
    contacts = people(
        **{"owner.id": ["1", "2", "1"], "owner.email": ["k@a.co", "l@a.co", "k@a.co"], "Sales Rep": ["Jo", "Jo", "Jo"]}
    )
    found = decisions([(contacts, "contacts")])
    assert found["contacts", "owner.id"] == found["contacts", "owner.email"] == "owner"
    assert found["contacts", "Sales Rep"] == "custom"


def test_labels_lose_their_container_and_decided_fields_have_none():
    """`customFields.Shoe size` is called Shoe size; a column with a canonical field has neither label nor type."""
    sheet = mapper.fields_sheet([(people(**{"customFields.Shoe size": ["40", "41", "42"]}), "contacts")])
    assert list(sheet["label"]) == ["Shoe size", "", ""] and list(sheet["type"])[1:] == ["", ""]


def test_a_number_shared_by_many_is_no_id():
    """A customer number that most contacts share with others names their company, not them."""
    contacts = raw("contacts.csv", KdNr=["7", "7", "7", "8", "8", "8"], Email=[f"{name}@x.co" for name in "abcdef"])
    assert decisions([(contacts, "contacts")])["contacts", "KdNr"] == "custom"


def test_codes_in_the_first_column_are_ids_where_nothing_else_is():
    """An export without a word for id still has one: codes that lead each row and never repeat."""
    deals = raw(
        "deals.csv",
        Zyxw=["R1", "R2", "R3"],
        Name=["a", "b", "c"],
        Stage=["x", "y", "x"],
        Amount=["1.50", "2.50", "3.50"],
    )
    assert decisions([(deals, "deals")])["deals", "Zyxw"] == "id"


@pytest.mark.parametrize(("key", "column"), [("step_id", "funnel_step_id"), ("step_id", "step_id")])
def test_ids_of_a_table_of_stages_are_the_deals_stage(key, column):
    """A column of deals that holds only ids of the stages and is called after them is the stage, whatever word a system has for it."""
    stages = raw(
        "funnel_steps",
        **{
            key: ["1", "2", "3"],
            "funnel": ["Sales"] * 3,
            "step": ["Offer", "Signed", "Gone"],
            "sort_order": ["1", "2", "3"],
        },
    )
    sales = raw("sales", title=["a", "b"], **{column: ["1", "2"]}, worth=["100", "200"])
    assert decisions([(stages, "pipelines"), (sales, "deals")])["deals", column] == "stage"
    assert (
        decisions([(stages, "pipelines"), (raw("sales", title=["a", "b"], **{"colour_code": ["1", "2"]}), "deals")])[
            "deals", "colour_code"
        ]
        != "stage"
    )


def test_one_note_does_not_make_the_clients_number_its_id():
    """A column called as another sheet's number that holds only that sheet's ids refers to it, though no value repeats."""
    clients = SimpleNamespace(file="all.xlsx", sheet="Relaties", headings=["Relatienr", "Voornaam", "E-mail"], frame=pd.DataFrame({"Relatienr": ["1001", "1002"], "Voornaam": ["Ada", "Bo"], "E-mail": ["a@x.co", "b@x.co"]}, dtype="str"))  # fmt: skip
    notes = SimpleNamespace(file="all.xlsx", sheet="Notities", headings=["Datum", "Relatienr", "Notitie"], frame=pd.DataFrame({"Datum": ["2025-02-05"], "Relatienr": ["1001"], "Notitie": ["Wil blauw"]}, dtype="str"))  # fmt: skip
    found = decisions([(clients, "contacts"), (notes, "notes")])
    assert found["contacts", "Relatienr"] == "id" and found["notes", "Relatienr"] == "contact_id"


@pytest.mark.parametrize("listed", ["1; 2", '["1", "2"]'])
def test_pipelines_that_list_their_stages_beside_a_table_of_stages(listed):
    """The list of ids is no stage, the title of a stage with its pipeline's id beside it is; deals hold the ids of both."""
    groups = raw("dealGroups.json", title=["Sales"], currency=["usd"], id=["1"], stages=[listed])
    stages = raw("dealStages.json", group=["1", "1"], order=["1", "2"], title=["To contact", "Offer"], id=["1", "2"])
    deals = raw("deals.json", title=["a", "b"], group=["1", "1"], stage=["1", "2"], value=["1", "2"])
    assert [mapper.recognise(table, [groups, stages])[0] for table in (groups, stages)] == ["pipelines"] * 2
    sheet = mapper.fields_sheet([(groups, "pipelines"), (stages, "pipelines"), (deals, "deals")])
    found = {(row.file, row.column): row.decision for row in sheet.itertuples()}
    assert found["dealGroups.json", "title"] == "pipeline" and found["dealGroups.json", "stages"] == "custom"
    assert found["dealStages.json", "group"] == "pipeline" and found["dealStages.json", "title"] == "stage"
    assert found["deals.json", "group"] == "pipeline" and found["deals.json", "stage"] == "stage"


@pytest.mark.parametrize(
    ("kind", "key"), [("reltype", "relid"), ("parenttype", "parentid"), ("entityType", "entityId")]
)
def test_type_and_id_of_a_reference_may_be_glued(kind, key):
    """`reltype` and `relid` are a type and an id of one reference; a glued id without its type is none."""
    notes = pd.DataFrame(
        {"id": ["1", "2"], key: ["1", "2"], kind: ["Subscriber", "Deal"], "note": ["a", "b"]}, dtype="str"
    )
    assert mapper.pointers(list(notes.columns), notes, "notes") == {key: kind}
    assert mapper.pointers(["id", key, "note"], notes, "notes") == {}


def test_a_short_key_that_two_tables_share_is_one():
    """`tk_id` in rates and entries is the timekeepers' `tk_id`, though its word is short and its values count from 1."""
    keepers = raw(
        "timekeepers", tk_id=["1", "2"], name=["Lee Moss", "Kim Orr"], email=["lee@firm.example", "kim@firm.example"]
    )
    rates = raw(
        "billing_rates",
        tk_id=["1", "1", "2"],
        hourly_rate=["200", "250", "180"],
        valid_from=["2024-01-01", "2025-01-01", "2024-01-01"],
    )
    found = decisions([(keepers, "users"), (rates, "rates")])
    assert found["users", "tk_id"] == "id" and found["rates", "tk_id"] == "timekeeper"
    trust = raw(
        "trust_ledger",
        trans_id=["1", "2"],
        trust_account=["T-1", "T-1"],
        matter_no=["1", "2"],
        amount=["100", "200"],
        bank_amount=["100", "200"],
    )
    found = decisions([(trust, "trust_transactions")])
    assert found["trust_transactions", "trans_id"] == "id" and found["trust_transactions", "matter_no"] == "matter"


def test_given_names_are_no_keys():
    """Names of people in two tables are not the ids of one of them."""
    contacts = people()
    visits = raw(
        "visits", Client__First__Name=["Ada", "Bo", "Cy"], Start=["2025-03-05 09:00"] * 3, End=["2025-03-05 10:00"] * 3
    )
    assert decisions([(contacts, "contacts"), (visits, "appointments")])["appointments", "Client First Name"] != "id"


@pytest.mark.parametrize("heading", ["担当者ID", "担当者コード", "Owner ID", "Ansprechpartner-Nr."])
def test_people_called_like_owners_have_ids_of_their_own(heading):
    """A key that each person has once and deals hold is the person's, and the deals' is a reference to them."""
    keys = ["K01", "K02", "K03"]
    deals = raw("deals.csv", Deal=["Roof", "Gate", "Wall", "Door"], Amount=["1", "2", "3", "4"], x7=[*keys, "K01"])
    found = decisions([(people(**{heading: keys}), "contacts"), (deals, "deals")])
    assert (found["contacts", heading], found["deals", "x7"]) == ("id", "contact_id")


def firms(**first: list[str]) -> SimpleNamespace:
    names = {"Firma": ["Acme GmbH", "Beta AG", "Gamma KG"], "Ort": ["Bonn", "Ulm", "Jena"]}
    return raw("Kunden.csv", **first, **names)


def test_a_customer_number_of_firms_is_their_company():
    """Where customers are firms, a customer's number in another table names the company, and nobody is missing."""
    numbers = ["K-1", "K-2", "K-3"]
    deals = raw(
        "Chancen.csv", Titel=["Licht", "Dach"], Kundennr=["K-1", "K-3"], Phase=["Neu", "Alt"], Betrag=["1", "2"]
    )
    assert decisions([(firms(Kundennr=numbers), "companies"), (deals, "deals")])["deals", "Kundennr"] == "company_id"
    staff = people(Kundennr=numbers)
    found = decisions([(firms(Firmennr=["F-1", "F-2", "F-3"]), "companies"), (staff, "contacts"), (deals, "deals")])
    assert found["deals", "Kundennr"] == "contact_id"


@pytest.mark.parametrize(
    "whom",
    [
        ["Ada Lovelace", "Cy van der Berg", "Bo Li"],
        ["Lovelace, Ada", "Li, Bo", "Berg, Cy"],
        ["Ada Lovelace (ada@x.co)", "Cy (cy@x.co)", "bo@x.co"],
    ],
)
def test_a_column_of_names_of_contacts_is_whom_it_is_about(whom):
    """Whatever it is called, a column of what hangs on people that calls them by name, e-mail or both is whom each row is about;
    names of the staff are not."""
    contacts = raw("contacts.csv", First__name=["Ada", "Bo", "Cy"], Tussenvoegsel=["", "", "van der"],
                   Last__name=["Lovelace", "Li", "Berg"], Email=["ada@x.co", "bo@x.co", "cy@x.co"])  # fmt: skip
    users = raw("users.csv", Name=["Eva Lund", "Nils Holm", "Per Ek"], Email=["eva@us.co", "nils@us.co", "per@us.co"])
    notes = raw(
        "notes.csv", Body=["Called", "Met at the fair", "Wrote"], Qqq=whom, Zzz=["Eva Lund", "Nils Holm", "Per Ek"]
    )
    found = decisions([(contacts, "contacts"), (users, "users"), (notes, "notes")])
    assert found["notes", "Qqq"] == "contact_id" and found["notes", "Zzz"] != "contact_id"


def test_who_calls_contacts_is_whom_it_is_about():
    """`Who` that calls contacts, and none of the staff, is whom a call was with; `About` that calls nobody is what it was about."""
    contacts = raw(
        "clients.csv", Ref=["1", "2"], First=["Ann", "Priya"], Surname=["Evans", "Shah"], Email=["a@x.co", "p@x.co"]
    )
    about = ["Asked about paper stock", "Chased invoice"]
    calls = raw(
        "Calls.csv", When=["02/11/2026", "03/11/2026"], Who=["Ann Evans", "Priya Shah"], About=about, Done=["No", "Yes"]
    )
    found = decisions([(contacts, "contacts"), (calls, "tasks")])
    assert found["tasks", "Who"] == "contact_id" and found["tasks", "About"] == "title"
    staff = raw("users.csv", Name=["Ann Evans", "Priya Shah"], Email=["a@us.co", "p@us.co"])
    assert decisions([(staff, "users"), (calls, "tasks")])["tasks", "Who"] == "owner"


def test_whom_each_task_is_about_once_is_no_id_of_the_tasks():
    """A column that holds ids of another table, each once, points to that table; it is not the id of its own."""
    contacts = people(Id=["QX-1", "QX-2", "QX-3"])
    tasks = raw("tasks.csv", Qqq=["QX-1", "QX-3"], Title=["Send deck", "Ring back"], Due=["2024-01-01", "2024-01-02"])
    found = decisions([(contacts, "contacts"), (tasks, "tasks")])
    assert found["tasks", "Qqq"] == "contact_id"


def test_a_status_is_no_owner_whose_numbers_it_has():
    """Codes that are numbers of users as well are theirs only where the heading names them: `status` begins like `staff`."""
    people = raw("member.csv", id=["7", "8", "9"], fname=["Ann", "Bob", "Cyd"], status_cd=["1", "2", "1"], staff_id=["2", "2", "1"])  # fmt: skip
    users = raw("staff.csv", staff_id=["1", "2"], nm=["Carol Day", "Dan Fox"])
    found = decisions([(people, "contacts"), (users, "users")])
    assert (found[("contacts", "status_cd")], found[("contacts", "staff_id")]) == ("custom", "owner")


@pytest.mark.parametrize("heading", ["emergency_phone", "Notfall Telefon", "Emerg. mobile", "Teléfono de emergencia"])
def test_who_is_called_in_an_emergency_is_somebody_else(heading):
    """The number of whom to call in an emergency is kept, and is no way to reach the person."""
    people = raw("p.csv", first_name=["Ann", "Bob"], last_name=["Able", "Best"], **{heading.replace(" ", "__"): ["(503) 555-0191", "(503) 555-0192"]})  # fmt: skip
    found = decisions([(people, "contacts")])
    assert found[("contacts", heading)] == "custom"
