"""Rollback puts the location back exactly, keeps what people did, and may be asked for a run or an object."""

from __future__ import annotations

import pytest

from pb2hl.errors import ConfigError
from pb2hl.results import Status
from tests.steps import small
from tests.steps.test_audit import call


def runs(migration, name: str) -> list[str]:
    """The ids of the runs of a step, oldest first."""
    table = migration.run("status").tables["runs"]
    return list(table.loc[table["step"] == name, "run_id"])


def test_dry_run_sends_nothing_and_the_real_one_restores(migration):
    """The plan is shown first; afterwards the location is as it was, and a second rollback has nothing to do."""
    dump = migration.sandbox.state.dump()
    shown = migration.run("rollback", dry_run=True)
    assert migration.sandbox.state.dump() == dump and shown.counts["planned"] > 0
    done = migration.run("rollback")
    assert done.status is Status.DONE and migration.sandbox.state.dump() == migration.before
    assert migration.run("rollback").status is Status.NOTHING_TO_DO


def test_one_object(migration):
    """Only what became of the object named is taken back."""
    migration.run("rollback", objects=("deals",))
    found = migration.arrived()
    assert not found.opportunities and len(found.contacts) >= 3
    with pytest.raises(ConfigError, match="invoices"):
        migration.run("rollback", objects=("invoices",))


def test_a_delta_alone(migration):
    """Undoing the runs of a delta leaves the location as it was after the load."""
    dump = migration.arrived()
    later = small.tables()
    small.row(later, "contacts", "11").update({"City": "Kanata", "Tags": "vip; spring", "Company ID": "C2"})
    later["contacts"].append(
        {"Contact ID": "14", "First Name": "Neo", "Last Name": "Park", "Email": "neo@mill.example", "Owner": "1"}
    )
    migration.delta(later)
    for run in reversed(runs(migration, "delta")):
        result = migration.run("rollback", run=run)
        assert result.status in (Status.DONE, Status.NOTHING_TO_DO), result.problems
    ada, was = migration.arrived().contact("ada@mill.example"), dump.contact("ada@mill.example")
    assert {key: ada[key] for key in ("city", "businessId")} == {key: was[key] for key in ("city", "businessId")}
    assert sorted(ada["tags"]) == sorted(was["tags"])
    assert len(migration.arrived().contacts) == len(dump.contacts)


def test_what_people_touched_is_kept(migration):
    """An edited contact, a foreign note and a foreign opportunity in our pipeline are kept with what they need."""
    found = migration.arrived()
    ada, max_ = found.contact("ada@mill.example"), found.contact("max@quarry.example")
    migration.sandbox.state.advance(60)
    call(migration.sandbox, "PUT", f"/contacts/{ada['id']}", json={"firstName": "Augusta"})
    call(migration.sandbox, "POST", f"/contacts/{max_['id']}/notes", json={"body": "called him"})
    deal = found.opportunity("Wheel")
    stranger = call(
        migration.sandbox,
        "POST",
        "/contacts/",
        json={"locationId": migration.sandbox.location, "email": "new@x.example"},
    )["contact"]["id"]
    body = {
        "pipelineId": deal["pipelineId"],
        "locationId": migration.sandbox.location,
        "name": "Theirs",
        "status": "open",
        "contactId": stranger,
    }
    theirs = call(migration.sandbox, "POST", "/opportunities/", json=body)["opportunity"]["id"]
    result = migration.run("rollback")
    dump = migration.sandbox.state.dump()
    assert theirs in dump["opportunities"] and deal["pipelineId"] in dump["pipelines"]
    assert {ada["id"], max_["id"], stranger} == set(dump["contacts"])
    assert {"contact", "pipeline"} <= set(result.tables["kept"]["target"]), result.tables["kept"]


def test_records_that_people_deleted(migration):
    """What is gone already counts as undone."""
    ada = migration.arrived().contact("ada@mill.example")
    call(migration.sandbox, "DELETE", f"/contacts/{ada['id']}")
    result = migration.run("rollback")
    assert result.status is Status.DONE and not result.counts["failed"], result.problems
    assert migration.sandbox.state.dump() == migration.before


def test_unknown_run(migration):
    """A run that is not there is told with those that are."""
    with pytest.raises(ConfigError, match="no run"):
        migration.run("rollback", run="nope")
