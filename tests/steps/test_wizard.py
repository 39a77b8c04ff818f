"""Files for HighLevel's import wizard: what no API can set, by the ids of records that are there."""

from __future__ import annotations

import csv
import stat

import pytest

from tests.steps import small


def rows(migration, name: str) -> dict[str, dict[str, str]]:
    """A file of the wizard by the first cell of each row."""
    with open(migration.ws.path / "wizard" / name, encoding="utf-8-sig", newline="") as file:
        return {next(iter(row.values())): row for row in csv.DictReader(file)}


def test_a_load_leaves_what_only_the_wizard_can_set(migration):
    """Every contact that was made is there by its HighLevel id with its day; deals have nothing, so they have no file; both are private."""
    path = migration.ws.path / "wizard" / "contacts.csv"
    found, there = rows(migration, "contacts.csv"), migration.sandbox.state.dump()["contacts"]
    days = {"Ada": "2024-02-01", "Max": "2024-02-03", "Una": "2024-02-05"}
    assert {there[key]["firstName"]: row for key, row in found.items()} == {
        there[key]["firstName"]: {"Contact ID": key, "Created Date": days[there[key]["firstName"]]} for key in found
    }
    assert len(found) == len(days)
    assert not (path.parent / "opportunities.csv").exists()
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


@pytest.mark.slow
def test_a_later_export_writes_them_anew_and_a_rollback_takes_them_away(migration):
    """Further addresses, source and lost reason of what deltas wrote; formulas cannot run; no ids of deleted records stay."""
    later = small.tables()
    small.row(later, "contacts", "11")["Email"] = "ada@mill.example; ada.b@home.example"
    small.row(later, "contacts", "11")["Phone"] = "613-555-0111; 613-555-0199"
    for deal in later["deals"]:
        deal |= {"Source": "=1+1" if deal["Deal ID"] == "D1" else "Fair", "Lost Reason": "Went to Mars"}
    small.row(later, "deals", "D2")["Status"] = "lost"
    result = migration.delta(later, approve_all="Judge")
    ada = next(row for key, row in rows(migration, "contacts.csv").items() if row["Additional Emails"])
    assert (ada["Additional Emails"], ada["Additional Phones"]) == ("ada.b@home.example", "+16135550199")
    deals = {row["Opportunity Source"]: row for row in rows(migration, "opportunities.csv").values()}
    assert {source: row["Lost Reason"] for source, row in deals.items()} == {"'=1+1": "", "Fair": "Went to Mars"}
    told = {problem.code: problem for problem in result.problems}
    assert {"wizard", "wizard_reasons", "wizard_guarded"} <= set(told)
    assert result.tables["wizard"]["file"].tolist() == ["wizard/contacts.csv", "wizard/opportunities.csv"]
    assert result.counts["wizard_rows"] == 5
    migration.run("rollback", force=True)
    assert not list((migration.ws.path / "wizard").glob("*.csv"))
