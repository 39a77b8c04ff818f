"""Small exports of kinds that went wrong once, through every step with every default taken: what a careful analyst would find."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pb2hl.errors import GateClosed
from pb2hl.sheets import read_sheet, write_sheet
from pb2hl.steps.gates.batch import decide
from tests.e2e.drive import Arrived, migrate, step, workspace


def write(folder: Path, **tables: list[list[str]]) -> Path:
    """A folder of CSV files."""
    folder.mkdir()
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    return folder


@pytest.fixture
def arrive(tmp_path, rehearse, monkeypatch):
    """`arrive(contacts=[…], …, **settings)`: (workspace, results, what arrived) of an export with these tables."""

    def run(to: str = "audit", country: str = "US", **tables: list[list[str]]):
        sandbox = rehearse(users=[{"name": "Carol Day", "email": "carol@agency.example"}])
        monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
        ws = workspace(tmp_path / "ws", write(tmp_path / "export", **tables), sandbox, country=country, timezone="UTC")
        return ws, migrate(ws, to), Arrived.of(sandbox)

    return run


@pytest.mark.slow
def test_people_with_a_contract_are_no_rates(arrive):
    """A list of clients with their contracts becomes contacts with companies, though the file is called rates."""
    _, results, arrived = arrive(
        rates=[
            ["client_no", "company", "contact", "e-mail", "telephone", "contract_value", "renewal"],
            ["K1", "Acme Corp", "Ann Able", "ann@acme.example", "212-555-0142", "84000", "2026-09-15"],
            ["K2", "Beta Corp", "Bob Best", "bob@beta.example", "212-555-0143", "12000", "2026-11-01"],
        ]
    )
    assert {item["email"] for item in arrived.contacts} == {"ann@acme.example", "bob@beta.example"}
    assert {item["name"] for item in arrived.businesses} == {"Acme Corp", "Beta Corp"}
    assert results["audit"].status == "done"


def test_deals_keep_money_owner_and_outcome(arrive):
    """Currency in the heading, a user key beside the owner's address, and stages with their pipeline in brackets."""
    _, results, arrived = arrive(
        contacts=[["contact_id", "email", "first_name", "last_name"], ["c1", "ann@acme.example", "Ann", "Able"], ["c2", "bob@beta.example", "Bob", "Best"], ["c3", "cyd@gamma.example", "Cyd", "Cole"]],
        deals=[
            ["deal_id", "deal_name", "value_eur", "stage", "user_id", "owner", "contact_email"],
            ["d1", "Kitchen", "948", "Closed Won (North)", "u_1", "carol@agency.example", "ann@acme.example"],
            ["d2", "Roof", "1200", "Deal lost - price", "u_2", "carol@agency.example", "bob@beta.example"],
            ["d3", "Deck", "300", "Proposal", "u_3", "carol@agency.example", "cyd@gamma.example"],
        ],
    )  # fmt: skip
    found = {item["name"]: item for item in arrived.opportunities}
    assert {name: (item["monetaryValue"], item["status"]) for name, item in found.items()} == {
        "Kitchen": (948, "won"), "Roof": (1200, "lost"), "Deck": (300, "open"),
    }  # fmt: skip
    assert {item["assignedTo"] for item in found.values()} == {arrived.user("carol@agency.example")}
    assert found["Kitchen"]["custom"]["Currency"] == "EUR"
    assert found["Kitchen"]["contactId"] == arrived.contact("ann@acme.example")["id"]
    assert results["audit"].status == "done"


def test_deleted_people_do_not_return(arrive):
    """Rows that a column calls deleted are left out and listed, and a decision brings them back."""
    rows = [["Id", "IsDeleted", "FirstName", "LastName", "Email"], ["1", "false", "Ann", "Able", "ann@acme.example"], ["2", "true", "Bob", "Gone", "bob@acme.example"]]  # fmt: skip
    ws, results, arrived = arrive(contacts=rows)
    assert [item["email"] for item in arrived.contacts] == ["ann@acme.example"]
    dropped = results["inventory"].tables["dropped"]
    assert list(dropped["reason"]) == ["left out: flagged in IsDeleted"]
    assert results["audit"].status == "done"
    path = ws.sheets / "fields.csv"
    sheet = read_sheet(path, ["column", "transform"])
    sheet.loc[sheet["column"] == "IsDeleted", "transform"] = ""
    write_sheet(path, sheet)
    step(ws, "mapping")
    assert len(ws.table("contacts")) == 2


@pytest.mark.slow
def test_numbers_are_no_companies_and_titles_no_jobs(arrive):
    """Account numbers make no companies, salutations and FALSE no job titles."""
    _, _, arrived = arrive(
        contacts=[
            ["customer_name", "email", "account_number", "title"],
            ["Ann Able", "ann@acme.example", "ACC-1001", "Mrs."], ["Bob Best", "bob@beta.example", "ACC-1002", "Mr."],
        ]
    )  # fmt: skip
    assert len(arrived.contacts) == 2 and not {"ACC-1001", "ACC-1002"} & {item["name"] for item in arrived.businesses}
    assert not any("Job Title" in item["custom"] for item in arrived.contacts)


@pytest.mark.slow
def test_national_phones_are_no_dates(arrive):
    """Numbers in three groups are phones of the workspace's country."""
    _, _, arrived = arrive(
        country="NZ",
        contacts=[["Code", "Company Name", "Phone", "Email"], ["A1", "Acme Ltd", " 09 407 8811", "ann@acme.example"], ["A2", "Beta Ltd", " 09 407 6546", "bob@beta.example"]],
    )  # fmt: skip
    assert {item["phone"] for item in arrived.contacts} == {"+6494078811", "+6494076546"}


def test_a_table_that_fits_nothing_waits(arrive, tmp_path):
    """The mapping gate names it; a batch run leaves it out on record; a person can say what it is."""
    people = [["First Name", "Last Name", "Email"], ["Ann", "Able", "ann@acme.example"]]
    houses = [["House", "Bedrooms", "Asking"], ["1 Main St", "3", "350000"], ["2 Main St", "4", "450000"]]
    ws, _, _ = arrive(to="inventory", contacts=people, houses=houses)
    step(ws, "match")
    decide(ws, "match", "Judge", take_defaults=True)
    step(ws, "mapping")
    with pytest.raises(GateClosed, match=r"houses\.csv"):
        decide(ws, "mapping", "Judge")
    path = ws.sheets / "tables.csv"
    sheet = read_sheet(path, ["file", "decision", "who"])
    sheet.loc[sheet["file"] == "houses.csv", ["decision", "who"]] = ["deals", "Jane"]
    write_sheet(path, sheet)
    step(ws, "mapping")
    assert len(ws.table("deals")) == 2
    sheet.loc[sheet["file"] == "houses.csv", ["decision", "who"]] = ["", ""]
    write_sheet(path, sheet)
    step(ws, "mapping")
    decide(ws, "mapping", "Judge", take_defaults=True)
    row = read_sheet(path, ["file", "decision", "who"]).set_index("file").loc["houses.csv"]
    assert (row["decision"], row["who"]) == ("leave out", "Judge")


@pytest.mark.slow
def test_one_heading_of_two_files_does_not_block(arrive):
    """A column that is empty in one file and dated in another is one field."""
    _, results, arrived = arrive(
        contacts=[["Record Id", "First Name", "Email", "Last visit"], ["1", "Ann", "ann@acme.example", ""]],
        leads=[["Record Id", "First Name", "Email", "Last visit"], ["11", "Cyd", "cyd@gamma.example", "2024-05-01"]],
    )
    assert len(arrived.contacts) == 2 and results["audit"].status == "done"
    assert [item["custom"]["Last visit"] for item in arrived.contacts if "Last visit" in item["custom"]]


def test_pipelines_without_stages_are_no_crash(arrive):
    """A table that only names pipelines gives deals their pipeline's name; the stages are those that deals use."""
    _, _, arrived = arrive(
        deal_pipelines=[["pipeline_id", "label", "display_order"], ["p1", "Sales", "0"], ["p2", "Renewals", "1"]],
        deals=[["id", "name", "pipeline", "stage", "amount"], ["1", "Roof", "p1", "New", "100"], ["2", "Deck", "p2", "Sent", "200"]],
    )  # fmt: skip
    found = {item["name"]: arrived.stage(item) for item in arrived.opportunities}
    assert found == {"Roof": ("Sales", "New"), "Deck": ("Renewals", "Sent")}


@pytest.mark.slow
def test_names_of_either_link_and_a_reason_without_a_chance_is_a_loss(arrive):
    """`Klant` names companies and people, so each deal and task finds its own; a stage where deals stood when they were lost is not lost."""
    _, results, arrived = arrive(
        country="BE",
        bedrijven=[["Naam", "Telefoon", "Website"], ["Acme Boten", "03 225 11 00", "acme.example"], ["Beta Dakwerken", "03 225 11 04", "beta.example"]],
        contacten=[
            ["Voornaam", "Achternaam", "E-mail", "Bedrijf"],
            ["Ann", "Able", "ann@acme.example", "Acme Boten"], ["Bob", "Best", "bob@acme.example", "Acme Boten"], ["Koen", "Jansens", "koen@mail.example", ""],
        ],
        deals=[
            ["Titel", "Klant", "Contactpersoon", "Fase", "Bedrag", "Slaagkans", "Reden weigering"],
            ["Kajuit", "Acme Boten", "Bob Best", "Offerte verzonden", "1200", "60 %", ""],
            ["Zeil", "Koen Jansens", "", "Offerte verzonden", "900", "0 %", "Te duur"],
            ["Dak", "Beta Dakwerken", "", "Nieuw", "450", "10 %", ""],
        ],
        taken=[["Omschrijving", "Vervaldatum", "Klant", "Afgewerkt"], ["Bellen", "2026-03-02", "Koen Jansens", "Ja"], ["Meten", "2026-03-04", "Acme Boten", "Nee"]],
    )  # fmt: skip
    ann, bob, koen = (arrived.contact(mail)["id"] for mail in ("ann@acme.example", "bob@acme.example", "koen@mail.example"))  # fmt: skip
    found = {item["name"]: (item["contactId"], item["status"]) for item in arrived.opportunities}
    assert (found["Kajuit"], found["Zeil"]) == ((bob, "open"), (koen, "lost"))
    assert found["Dak"][1] == "open" and arrived.opportunity("Dak")["custom"]["Company"] == "Beta Dakwerken"
    tasks = {item["title"]: (item["contactId"], item["completed"]) for item in arrived.dump["tasks"].values()}
    assert tasks == {"Bellen": (koen, True), "Meten": (ann, False)}
    assert any(problem.code == "lost_by_reason" for problem in results["sample"].problems + results["schema"].problems + results["load"].problems)  # fmt: skip


def test_a_table_of_people_that_nobody_knows_stops_a_batch_run(arrive):
    """Taking every default leaves out no table that names the export's people and says something of them: the gate names it."""
    people = [
        ["First Name", "Last Name", "Email"],
        ["Ann", "Able", "ann@acme.example"],
        ["Bob", "Best", "bob@acme.example"],
    ]
    seen = [
        ["Place", "Buyer", "Feedback"],
        ["12 Rose St", "Ann Able", "Loved it"],
        ["14 Rose St", "Bob Best", "Too small"],
    ]
    ws, _, _ = arrive(to="inventory", contacts=people, fair=seen)
    step(ws, "match")
    decide(ws, "match", "Judge", take_defaults=True)
    step(ws, "mapping")
    with pytest.raises(GateClosed, match=r"fair\.csv.*'Buyer'"):
        decide(ws, "mapping", "Judge", take_defaults=True)
