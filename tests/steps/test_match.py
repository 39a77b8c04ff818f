"""The match step: sheets with proposals, decisions kept, a batch that needs no click."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks import crm
from pb2hl import matching, sheets
from pb2hl.matching.sheets import COMPANIES, DUPLICATES, SHEETS
from pb2hl.report.pages import extract
from pb2hl.results import StepResult
from pb2hl.steps.prepare.match import follow_decisions, match
from pb2hl.workspace import Config, Workspace


@pytest.fixture
def ws(tmp_path) -> Workspace:
    """A workspace with 240 staged contacts and 150 companies."""
    workspace = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    workspace.staged.mkdir()
    contacts, _ = crm.persons(240)
    contacts = contacts.rename(columns={"company": "company_name", "address": "address_1", "postcode": "postal_code"})
    contacts.insert(0, "source_id", [f"C{at}" for at in range(len(contacts))])
    contacts.astype("str").to_parquet(workspace.staged / "contacts.parquet")
    companies, _ = crm.companies(150)
    companies.insert(0, "source_id", [str(at) for at in range(len(companies))])
    companies.astype("str").to_parquet(workspace.staged / "companies.parquet")
    return workspace


def test_sheets_result_and_batch(ws):
    """Proposals are written, nothing is merged until decided, and accepting all settles every row."""
    result = match(ws)
    duplicates, companies = ws.sheet("duplicates", DUPLICATES), ws.sheet("companies", COMPANIES)
    assert set(duplicates["decision"]) == {""} and set(duplicates["proposal"]) <= {"merge", "keep apart"}
    assert (duplicates.groupby("cluster").size() > 1).all()
    assert (duplicates.groupby("cluster")["survivor"].apply(lambda cells: (cells == "yes").sum()) == 1).all()
    assert len(companies) == result.counts["companies"] + result.counts["companies_derived"]
    assert result.next_step == "mapping" and result.counts["contact_rows_waiting"] == len(duplicates)
    loaded = StepResult.load(ws.results("match"))
    assert loaded.counts == result.counts
    assert {"duplicates", "companies", "score_histogram", "thresholds", "cluster_sizes", "cycles"} <= set(loaded.tables)
    before = matching.decided_merges(ws.table("contacts"), ws.table("companies"), duplicates, companies)
    assert len(before.contacts) == result.counts["contacts"]
    matching.accept_all(ws, "Ann Analyst")
    again = match(ws)
    assert again.counts["contact_rows_waiting"] == again.counts["company_rows_waiting"] == 0
    tables = [ws.sheet(name, SHEETS[name]) for name in ("duplicates", "companies", "survivorship")]
    after = matching.decided_merges(ws.table("contacts"), ws.table("companies"), *tables)
    merged_away = result.counts["contact_rows_to_merge"] - result.counts["contact_clusters"]
    assert 0 < merged_away == result.counts["contacts"] - len(after.contacts)
    assert set(tables[0]["who"]) == {"Ann Analyst"} and (tables[0]["when"] != "").all()


def test_decisions_stay_while_their_cluster_does(ws):
    """A second run keeps what a person decided, and forgets it where the members changed."""
    match(ws)
    sheet = ws.sheet("duplicates", DUPLICATES)
    first, second = sheet["cluster"].unique()[:2]
    chosen = sheet["cluster"].isin([first, second])
    sheet.loc[chosen, ["decision", "who", "comment"]] = ["keep apart", "Ann", "two people"]
    sheets.write_sheet(ws.sheets / "duplicates.csv", sheet)
    gone = sheet.loc[sheet["cluster"] == second, "source_id"].iloc[0]
    contacts = ws.table("contacts")
    contacts[contacts["source_id"] != gone].to_parquet(ws.staged / "contacts.parquet")
    match(ws)
    again = ws.sheet("duplicates", DUPLICATES)
    assert set(again.loc[again["cluster"] == first, "decision"]) == {"keep apart"}
    rest = sheet.loc[(sheet["cluster"] == second) & (sheet["source_id"] != gone), "source_id"]
    assert set(again.loc[again["source_id"].isin(rest), "decision"]) <= {""}


def test_the_same_export_gives_the_same_sheets(ws):
    """Rows in another order change nothing in the sheets."""
    match(ws)
    before = [(ws.sheets / f"{name}.csv").read_bytes() for name in ("duplicates", "companies")]
    for name in ("contacts", "companies"):
        ws.table(name).sample(frac=1, random_state=3).to_parquet(ws.staged / f"{name}.parquet")
        (ws.sheets / f"{'duplicates' if name == 'contacts' else name}.csv").unlink()
    match(ws)
    assert before == [(ws.sheets / f"{name}.csv").read_bytes() for name in ("duplicates", "companies")]


def test_an_export_without_contacts(tmp_path):
    """Empty and missing tables are no error: the sheets are empty."""
    workspace = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    workspace.staged.mkdir()
    pd.DataFrame({"source_id": ["1"]}).to_parquet(workspace.staged / "tags.parquet")
    result = match(workspace)
    assert result.counts["contacts"] == 0
    assert matching.accept_all(workspace, "Ann") == 0
    found = matching.decided_merges(
        pd.DataFrame(),
        pd.DataFrame(),
        workspace.sheet("duplicates", DUPLICATES),
        workspace.sheet("companies", COMPANIES),
    )
    assert len(found.contacts) == 0


def test_canonical_names_come_by_evidence(tmp_path):
    """Of two spellings the one that most contacts use names the merged company, and the loser's is kept."""
    workspace = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    workspace.staged.mkdir()
    firms = [
        ("1", "ACME PLUMBING", "acmeplumbing.ca"),
        ("2", "Acme Plumbing Inc.", "www.acmeplumbing.ca"),
        ("3", "Zenith Foods", "zenith.ca"),
    ]
    pd.DataFrame(firms, columns=["source_id", "name", "domain"]).astype("str").to_parquet(
        workspace.staged / "companies.parquet"
    )
    people = [(str(at), f"Given{at}", f"Sur{at}", "2" if at < 5 else "3") for at in range(9)]
    columns = ["source_id", "first_name", "last_name", "company_id"]
    pd.DataFrame(people, columns=columns).astype("str").to_parquet(workspace.staged / "contacts.parquet")
    match(workspace)
    matching.accept_all(workspace, "Ann")
    sheets_ = [workspace.sheet(name, SHEETS[name]) for name in ("duplicates", "companies")]
    found = matching.decided_merges(workspace.table("contacts"), workspace.table("companies"), *sheets_)
    assert sorted(found.companies["name"]) == ["Acme Plumbing Inc.", "Zenith Foods"]
    assert found.contacts["company_source_id"].nunique() == 2


def test_the_result_follows_decisions(ws):
    """After a decision nothing waits any more, and nothing is matched again to say so."""
    before = match(ws)
    assert before.status == "waiting"
    matching.accept_all(ws, "Ann Analyst")
    after = follow_decisions(ws)
    assert after.status == "done" and after.at == before.at
    assert after.counts["contact_rows_waiting"] == after.counts["company_rows_waiting"] == 0
    assert set(after.tables["duplicates"]["decision"]) <= {"merge", "keep apart"}
    assert StepResult.load(ws.results("match")).counts == after.counts
    pages = [extract(after, name).headline for name in ("duplicates", "companies")]
    assert after.headline == match(ws).headline == " ".join(pages)
    assert "proposed to merge" in before.headline and "proposed to merge" not in after.headline
    assert "by decision" in after.headline and "wait" not in after.headline
