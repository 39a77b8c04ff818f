"""New rows of a later export that are people or companies that are there already never become second records."""

from __future__ import annotations

import pytest

from pb2hl.errors import GateClosed
from pb2hl.results import Status
from pb2hl.sheets import write_sheet
from pb2hl.steps.gates import gates
from tests.e2e.drive import Arrived, step, workspace
from tests.steps import small

AGAIN = {"Contact ID": "21", "First Name": "Ada", "Last Name": "Byron", "Email": "ada@mill.example", "Phone": "613-555-0111", "Company ID": "C1",
         "City": "Ottawa", "Owner": "1", "Tags": "winter", "Created": "2024-06-01 10:00"}  # fmt: skip


def persons(migration, email: str) -> list[dict]:
    """Contacts with this e-mail."""
    return [record for record in migration.arrived().contacts if record.get("email") == email]


@pytest.mark.slow
def test_a_new_row_of_a_loaded_person_is_put_to_a_decision_and_merged(migration):
    """The same person under another id waits in the duplicates sheet; decided to merge, her record is updated, and stays one."""
    later = small.tables()
    later["contacts"].append(dict(AGAIN))
    before = len(migration.arrived().contacts)
    with pytest.raises(GateClosed, match="there already") as stopped:
        migration.delta(later)
    assert "21" in str(stopped.value.problems[0].message) and len(migration.arrived().contacts) == before
    sheet = migration.ws.sheet("duplicates", ("source_id", "decision", "comment"))
    row = sheet["source_id"].eq("21")
    assert row.sum() == 1 and "11" in sheet.loc[row, "comment"].item()
    write_sheet(migration.ws.sheets / "duplicates.csv", sheet.assign(decision=sheet["decision"].mask(row, "merge")))
    with pytest.raises(GateClosed, match="gate schema"):
        migration.run("delta", export=migration.folder / "later")
    gates.approve(migration.ws, "schema", "Jane")
    result = migration.run("delta", export=migration.folder / "later")
    (ada,) = persons(migration, "ada@mill.example")
    assert (
        len(migration.arrived().contacts) == before
        and "winter" in ada["tags"]
        and "21" in ada["custom"]["Perfect Books ID"]
    )
    assert result.counts["refused"] == 0
    assert migration.run("load").counts["sent"] == 0
    audit = migration.run("audit")
    assert audit.status is Status.DONE, [str(problem) for problem in audit.problems]
    assert migration.run("delta", export=migration.folder / "later").status is Status.NOTHING_TO_DO
    del later["contacts"][0]
    for table in ("deals", "notes", "tasks"):
        small.row(later, table, {"deals": "D1", "notes": "N1", "tasks": "T1"}[table])["Contact ID"] = "21"
    small.row(later, "contacts", "21")["City"] = "Kanata"
    result = migration.delta(later, "third")
    (ada,) = persons(migration, "ada@mill.example")
    assert ada["city"] == "Kanata", "the row that is left speaks for the record"
    assert len(migration.arrived().contacts) == before, result.tables["new"]


@pytest.mark.slow
def test_batch_takes_proposals_and_new_ids_find_their_records(migration):
    """With every default taken proposals merge; a row whose id changed and a company under another id find their records."""
    later = small.tables()
    later["contacts"].append(dict(AGAIN))
    small.row(later, "contacts", "13").update({"Contact ID": "113", "City": "Wakefield"})
    small.row(later, "notes", "N2")["Contact ID"] = "113"
    later["companies"].append(
        {
            "Company ID": "C9",
            "Company Name": "Mill Ltd.",
            "Website": "https://www.mill.example",
            "City": "Ottawa",
            "Created": "2024-06-01",
        }
    )
    before = migration.arrived()
    result = migration.run("delta", export=small.write(migration.folder / "later", later), approve_all="Jane")
    found = migration.arrived()
    assert len(found.contacts) == len(before.contacts) and len(found.businesses) == len(before.businesses), (
        result.tables["new"]
    )
    (una,) = persons(migration, "una@quarry.example")
    assert una["city"] == "Wakefield", "a blank is filled"
    again = migration.run("delta", export=migration.folder / "later", approve_all="Jane")
    assert again.status is Status.NOTHING_TO_DO, again.tables["updates"].to_csv()
    audit = migration.run("audit")
    assert audit.status is Status.DONE, [str(problem) for problem in audit.problems]


@pytest.mark.slow
def test_rows_kept_apart_undecided_keep_their_names(sandbox, tmp_path, monkeypatch):
    """Two companies that nobody decided about are loaded as two, each under its own name; a later export renames neither."""
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    content = small.tables()
    content["companies"].append({**content["companies"][0], "Company ID": "C3", "Company Name": "MILL LTD"})
    export = small.write(tmp_path / "export", content)
    ws = workspace(tmp_path / "ws", export, sandbox)
    small.migrate(ws, merge=False)
    assert ws.sheet("companies", ("canonical_name",))["canonical_name"].ne("").sum() == 2, "a merge is proposed"
    result = step(ws, "delta", export=export)
    assert result.status is Status.NOTHING_TO_DO, result.tables["updates"].to_csv()
    assert {"Mill Ltd", "MILL LTD"} <= {record["name"] for record in Arrived.of(sandbox).businesses}
