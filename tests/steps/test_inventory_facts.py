"""What the inventory tells beyond tables: the cost in requests and days, fields that need a word, the legal edition's books."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl import report
from pb2hl.results import Status, StepResult
from pb2hl.steps.check.check import check
from pb2hl.steps.prepare.forecast import BY_PLAN, time_at_limit, volume
from pb2hl.steps.prepare.inventory import inventory
from pb2hl.workspace import Config, Workspace

FILES = {
    "timekeepers.csv": "id,name,email\n1,Lee Moss,lee@firm.example\n",
    "clients.csv": "client_id,first_name,surname,email\nC-1,Ruth,Adler,ruth@a.example\nC-2,Sam,Okoye,sam@o.example\n",
    "matters.csv": "matter_id,matter_name,client,practice_area,matter_stage,fee_estimate,responsible\nM-1,Estate,C-1,Estates,Open,2500.00,1\nM-2,Lease,C-2,Real estate,Open,900,1\n",
    "trust_accounts.csv": "id,name,bank_balance\nT-1,General trust,1450.00\n",
    "trust_transactions.csv": "id,account,client,matter,date,kind,amount,bank_amount\n"
    "1,T-1,C-1,M-1,2026-01-05,deposit,1000.00,1000.00\n2,T-1,C-2,M-2,2026-01-06,deposit,500.00,450.00\n3,T-1,C-9,,2026-01-07,deposit,100.00,100.00\n"
    "4,T-1,C-1,M-1,2026-01-08,withdrawal,-100.00,\n",
    "time_entries.csv": "id,matter,timekeeper,date,hours,rate,amount\n1,M-1,1,2026-01-05,2,300,600\n2,M-1,1,2026-02-05,1,250,250\n3,M-2,1,2025-01-05,1,300,300\n"
    "4,M-2,1,2026-01-06,1,0,0\n5,M-2,1,2026-01-07,3,,\n",
    "rates.csv": "timekeeper,hourly_rate,effective_from,effective_to\n1,300,2026-01-01,2026-02-10\n1,320,2026-02-01,2026-12-31\n",
}


@pytest.fixture(scope="module")
def legal(tmp_path_factory):
    """The inventory of a legal export whose books are wrong in every way."""
    folder = tmp_path_factory.mktemp("legal")
    (folder / "export").mkdir()
    for name, text in FILES.items():
        (folder / "export" / name).write_text(text)
    ws = Workspace.create(folder / "ws", Config(export=str(folder / "export"), location="L"))
    return ws, inventory(ws)


def test_trust_money_is_traced(legal):
    """Bank, ledger and client ledgers by account and day, and every difference by its transactions, unknown clients too."""
    _, result = legal
    assert result.facts["edition"] == "legal"
    account = result.tables["trust_accounts"].iloc[0]
    assert (account["bank_stated"], account["ledger"], account["clients"]) == (1450.0, 1500.0, 1400.0)
    traced = result.tables["trust_differences"].set_index("source_id")
    assert traced["issue"].to_dict() == {
        "2": "bank and ledger amounts differ",
        "3": "client unknown",
        "4": "not at the bank",
    }
    assert traced["client"]["3"] == "C-9" and traced["source_file"]["3"] == "trust_transactions.csv"
    assert traced["bank_minus_ledger"].sum() + account["unexplained"] == account["bank_minus_ledger"]
    assert traced["ledger_minus_clients"].sum() == account["ledger_minus_clients"]
    assert result.tables["trust_days"]["agrees"].tolist() == [True, False, False, False]
    assert (result.counts["trust_accounts_off"], result.counts["trust_difference"]) == (1, 150.0)


def test_time_is_held_against_the_rates(legal):
    """Missing, zero and mismatched rates, none in force, overlapping dates; each with its effect on the bill."""
    issues = legal[1].tables["time_issues"].set_index("source_id")
    assert issues["issue"]["2"] == "overlapping rates; rate differs from the table"
    assert issues["issue"]["3"] == "no rate in force" and pd.isna(issues["effect"]["3"])
    assert issues["issue"]["4"] == "rate is zero; rate differs from the table"
    assert issues["issue"]["5"] == "rate is missing"
    assert issues["effect"].dropna().to_dict() == {"2": 70.0, "4": 300.0, "5": 900.0}
    assert legal[1].counts["time_effect"] == 1270.0


def test_the_books_are_in_report_csv_and_checks(legal):
    """The same evidence in the inventory's page and its CSV files, and as warnings of the checks that stop nothing."""
    ws, result = legal
    path = report.present(ws, result)
    assert "Where trust money differs" in path.read_text(encoding="utf-8")
    assert "client unknown" in (path.parent / path.stem / "trust_differences.csv").read_text(encoding="utf-8-sig")
    assert {"trust_differs", "rate_differs"} <= {problem.code for problem in result.problems}
    rules = check(ws, stage="before").tables["rules"]
    bad = rules[rules["verdict"] == "data failed"].set_index(["object", "rule"])
    for key in (
        ("trust_accounts", "bank, ledger and client ledgers agree"),
        ("trust_transactions", "bank, ledger and client agree in every transaction"),
        ("trust_transactions", "client references are found"),
        ("time_entries", "the rate table bears the entry out"),
        ("rates", "one rate is in force on any day"),
    ):
        assert bad["severity"][key] == "warning", key
    assert bad["failing"]["trust_transactions", "bank, ledger and client agree in every transaction"] == 3


def test_volume_becomes_requests_and_days(legal):
    """Requests by step and object with the days at 200,000 a day, said to be counted; after a plan, the plan's."""
    ws, result = legal
    cost = result.tables["volume"].set_index(["step", "what"])["requests"]
    assert cost["load", "contacts"] == 2 and cost["load", "deals"] == 2
    assert result.counts["requests"] == cost.sum() and result.counts["days_at_limit"] == 1
    assert time_at_limit(450_001) == {"requests": 450_001, "days_at_limit": 3, "minutes_at_limit": 2 * 1440 + 84}
    planned = pd.DataFrame({"step": ["load"], "what": ["contact"], "requests": [77]})
    StepResult("schema", Status.DONE, "x", {}, {"estimate": planned}).save(ws.results("schema"))
    assert volume(ws, {})[["requests", "basis"]].to_numpy().tolist() == [[77, BY_PLAN]]


def test_links_and_files_cost_their_requests(tmp_path):
    """Fifty contacts of a company are linked in one request; a file without a contact takes an upload and a note."""
    contacts = pd.DataFrame({"source_id": map(str, range(120)), "company_id": ["a"] * 101 + ["b"] * 9 + [None] * 10})
    files = pd.DataFrame({"source_id": ["1", "2"], "contact_id": ["1", None]})
    ws = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    found = volume(ws, {"contacts": contacts, "attachments": files})
    cost = found[found["step"] == "load"].set_index("what")["requests"].to_dict()
    assert cost == {"contacts": 120, "links of contacts to companies": 4, "attachments": 3}


def test_deprecated_and_unsupported_fields_are_told(tmp_path):
    """Deprecated fields with and without values, declared ones that the export lacks, and what HighLevel has no field for."""
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "contacts.csv").write_text("ID,First Name,Email,Job Title,Fax\n1,Jane,j@a.co,CEO,613\n2,Bob,b@a.co,,\n")
    (folder / "companies.csv").write_text("Company ID,Company Name,Regions\n1,Acme,East;West\n")
    (folder / "custom_fields.csv").write_text(
        "Object,Name,Label,Type,Options,Deprecated\ncontacts,fax,Fax,text,,Y\ncontacts,pet,Pet,text,,N\n"
        "contacts,pager,Pager,text,,Y\ncompanies,regions,Regions,multi-picklist,East|West,N\n"
    )
    result = inventory(Workspace.create(tmp_path / "ws", Config(export=str(folder), location="L")))
    told = result.tables["fields_apart"].set_index("field")[["state", "records"]].T.to_dict("list")
    assert told["Fax"] == ["deprecated", 1] and told["Pager"] == ["deprecated", 0]
    assert told["Pet"] == ["without values", 0]
    assert told["Job Title"] == ["unsupported", 1] and told["Regions"] == ["unsupported type", 1]
