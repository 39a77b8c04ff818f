"""The audit tells the truth: whatever is not as it was sent turns it red, under its own name."""

from __future__ import annotations

import httpx
import pandas as pd
import pytest

from pb2hl.errors import ConfigError
from pb2hl.ledger import Ledger, Outcome, State
from pb2hl.results import Status
from pb2hl.steps.proposal.proposed_schema import propose_again
from tests.e2e.drive import step, workspace


def call(sandbox, method: str, path: str, **arguments):
    """One request of somebody else to the location."""
    answer = httpx.request(method, sandbox.url + path, headers=sandbox.headers, **arguments)
    assert answer.status_code < 300, answer.text
    return answer.json()


def test_untouched_is_green_and_balances(migration):
    """What was just loaded is all there, and every cell that was read is in exactly one bucket."""
    audit = migration.run("audit")
    assert audit.status is Status.DONE, audit.problems
    assert audit.counts["missing"] == audit.counts["extra"] == audit.counts["wrong"] == 0
    assert audit.tables["unbalanced"].empty
    cells = audit.tables["accounting"].groupby("object")["cells"].sum()
    assert cells["contacts"] == 3 * 13 - 4, "every filled cell of contacts.csv, `N/A` among them"
    assert audit.tables["rows"].groupby("object")["rows"].sum()["contacts"] == 3


def test_nothing_to_audit(sandbox, tmp_path):
    """Before anything was written the audit says so, and asks nobody."""
    ws = workspace(tmp_path / "ws", tmp_path, sandbox)
    with pytest.raises(ConfigError, match="nothing to audit"):
        step(ws, "audit")
    assert httpx.get(f"{sandbox.url}/_sandbox/counts").json()["requests"] == 0


def test_deleted_record_is_missing(migration):
    """A contact that somebody deleted is missing, and its cells are no longer counted as landed."""
    max_ = migration.arrived().contact("max@quarry.example")
    call(migration.sandbox, "DELETE", f"/contacts/{max_['id']}")
    audit = migration.run("audit")
    assert audit.status is Status.FAILED and audit.counts["missing"] >= 1
    cells = audit.tables["accounting"]
    refused = cells[(cells["object"] == "contacts") & (cells["where"] == "not in the location any more")]
    assert refused["cells"].sum() == 12, "all but the phone, which was read as blank"
    assert audit.tables["unbalanced"].empty


@pytest.mark.parametrize(
    ("body", "field"),
    [({"firstName": "Eve"}, "firstName"), ({"city": None}, "city")],
)
def test_tampered_value(migration, body, field):
    """A value that somebody changed or cleared is told with its field and class."""
    ada = migration.arrived().contact("ada@mill.example")
    call(migration.sandbox, "PUT", f"/contacts/{ada['id']}", json=body)
    audit = migration.run("audit")
    diffs = audit.tables["field_diffs"]
    (row,) = diffs[diffs["class"] != "normalised"].to_dict("records")
    assert audit.status is Status.FAILED and audit.counts["wrong"] == 1
    assert (row["field"], row["source_id"]) == (field, "11")
    assert row["class"] == ("changed" if body[field] else "missing")


def test_other_owner(migration):
    """A record that was given to somebody else is told among the owners."""
    ada, bo = migration.arrived().contact("ada@mill.example"), migration.arrived().user("bo@agency.example")
    call(migration.sandbox, "PUT", f"/contacts/{ada['id']}", json={"assignedTo": bo})
    audit = migration.run("audit")
    wrong = audit.tables["owners"].query("verdict == 'wrong'")
    assert audit.status is Status.FAILED and wrong["records"].sum() == 1


def test_copy_is_extra(migration):
    """A second record with our marker, which the ledger does not know, is extra."""
    (note,) = migration.arrived().marked("notes", "PB:notes:N1")
    contact = note["relations"][0]["recordId"]
    call(migration.sandbox, "POST", f"/contacts/{contact}/notes", json={"body": note["body"]})
    audit = migration.run("audit")
    assert audit.status is Status.FAILED and audit.counts["extra"] == 1


def test_lost_link(migration):
    """A contact that was moved to another business is told."""
    ada = migration.arrived().contact("ada@mill.example")
    other = migration.arrived().business("Quarry Inc")["id"]
    body = {"locationId": migration.sandbox.location, "businessId": other, "ids": [ada["id"]]}
    call(migration.sandbox, "POST", "/contacts/bulk/business", json=body)
    audit = migration.run("audit")
    assert audit.status is Status.FAILED and audit.counts["unlinked"] == 1


def test_doubt_blocks(migration):
    """An operation in doubt fails the audit and is shown by status."""
    with Ledger.open(migration.ws) as ledger:
        entry = next(ledger.iterate(state=State.DONE))
        run = ledger.start_run("load")
        ledger.finish(run, [Outcome(entry.op_id, State.IN_DOUBT, error="no answer")])
    audit, status = migration.run("audit"), migration.run("status")
    assert audit.status is Status.FAILED and audit.counts["in_doubt"] == 1
    assert status.counts["in_doubt_now"] == 1 and status.status is Status.WAITING


def test_row_that_was_never_planned(migration):
    """A staged row that no operation speaks of does not balance."""
    frame = migration.ws.table("tasks")
    more = frame.assign(source_id="T9")
    pd.concat([frame, more]).to_parquet(migration.ws.staged / "tasks.parquet")
    audit = migration.run("audit")
    off = audit.tables["unbalanced"]
    assert audit.status is Status.FAILED and ("tasks", "(rows)") in set(zip(off["object"], off["column"], strict=True))


def test_a_row_that_was_planned_and_not_sent(migration):
    """It is told as not sent yet, cells and all: it neither landed, nor is it a row that nobody accounts for."""
    frame = migration.ws.table("tasks")
    more = frame.head(1).assign(source_id="T9")
    pd.concat([frame, more], ignore_index=True).to_parquet(migration.ws.staged / "tasks.parquet")
    before = migration.run("audit").tables["accounting"]
    propose_again(migration.ws)
    audit = migration.run("audit")
    assert audit.tables["unbalanced"].query("column == '(rows)'").empty
    rows = audit.tables["rows"].query("object == 'tasks'").set_index("bucket")["rows"]
    assert rows["not sent yet"] == len(more) and rows["landed"] == len(frame)
    cells = audit.tables["accounting"].query("object == 'tasks'")
    waits, landed = cells[cells["bucket"] == "not sent yet"], cells[cells["bucket"].str.startswith("landed")]
    assert set(waits["where"]) == {"no command has sent it"} and waits["cells"].sum() > 0
    mine = before[(before["object"] == "tasks") & before["bucket"].str.startswith("landed")]
    assert landed["cells"].sum() == mine["cells"].sum()
