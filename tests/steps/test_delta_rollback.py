"""Rollback after several deltas: the location is what it was before anything was written."""

from __future__ import annotations

import pytest

from pb2hl.ledger import Ledger, State
from pb2hl.operations import Kind
from pb2hl.results import Status
from tests.e2e.drive import step, workspace
from tests.steps import small
from tests.steps.conftest import SCENARIO
from tests.steps.small import settings


@pytest.mark.slow
def test_two_deltas_go_back_whole(migration):
    """Updates, new rows, a new field, stage and tag, and a deletion on request, in two deltas: nothing of them is left."""
    first = small.tables()
    small.row(first, "contacts", "11").update({"City": "Kanata", "Tags": "vip; spring", "Owner": "2"})
    for contact in first["contacts"]:
        contact["Hat Size"] = "7"
    small.row(first, "deals", "D1").update({"Stage": "Signed", "Amount": "1500"})
    first["notes"].append({"Note ID": "N3", "Body": "New", "Contact ID": "12", "Created": "2024-06-03 09:00"})
    assert not migration.delta(first, approve_all="Jane").counts["refused"]
    second = first
    small.row(second, "contacts", "11").update({"City": "Perth", "Tags": ""})
    small.row(second, "tasks", "T1")["Completed"] = "Y"
    second["notes"].remove(small.row(second, "notes", "N2"))
    migration = settings(migration, removed_rows="delete")
    done = migration.delta(second, "second", approve_all="Jane")
    assert list(done.tables["deleted"]["outcome"]) == ["undone"], "what was deleted on request is told"
    result = migration.run("rollback")
    assert result.status is Status.DONE, [str(problem) for problem in result.problems]
    assert migration.sandbox.state.dump() == migration.before
    assert migration.run("rollback").status is Status.NOTHING_TO_DO


@pytest.mark.slow
def test_a_deal_that_was_left_out_and_made_later_goes_back_whole(tmp_path, rehearse, monkeypatch):
    """A second open deal is left out by the load and made by the delta that closes the first: the rollback knows it as ours, and keeps
    neither its contact nor its pipeline because of it."""
    sandbox = rehearse(**SCENARIO)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    before = sandbox.state.dump()
    tables = small.tables()
    tables["deals"].append(tables["deals"][0] | {"Deal ID": "D3", "Deal Name": "Axle"})
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", tables), sandbox)
    small.migrate(ws)
    with Ledger.open(ws) as ledger:
        (left,) = [entry.source_id for entry in ledger.iterate(state=State.SKIPPED) if entry.object == "deals"]
    (there,) = {"D1", "D3"} - {left}
    small.row(tables, "deals", there)["Status"] = "won"
    step(ws, "delta", export=small.write(tmp_path / "later", tables))
    with Ledger.open(ws) as ledger:
        made = [entry for entry in ledger.iterate(state=State.DONE) if entry.source_id == left]
    assert {entry.kind for entry in made} == {Kind.CREATE}
    result = step(ws, "rollback")
    assert result.status is Status.DONE and not len(result.tables["kept"]), [str(one) for one in result.problems]
    assert sandbox.state.dump() == before
