"""A ledger that is behind the location never loads a record again: it is refused, and made anew from the location on request."""

from __future__ import annotations

import shutil

import pytest

from pb2hl.apply.freshness import LedgerBehind
from pb2hl.errors import ConfigError
from pb2hl.ledger import Ledger, State
from pb2hl.operations import Kind
from pb2hl.results import Status
from pb2hl.steps.delta.rebuild import rebuild
from pb2hl.workspace import Workspace
from tests.e2e.drive import step
from tests.steps import small


def behind(migration) -> Workspace:
    """The workspace with the ledger that it had before anything was loaded: as a backup, or a lost write-ahead log, leaves it."""
    with Ledger.open(migration.ws) as ledger:
        records = [entry.op_id for entry in ledger.iterate() if entry.object != "schema"]
        with ledger.transaction() as db:
            db.executemany("DELETE FROM operations WHERE op_id = ?", [(one,) for one in records])
    return migration.ws


@pytest.mark.parametrize("step", ["load", "sample"])
def test_a_ledger_that_is_behind_writes_nothing(migration, step):
    """Nothing is sent; what the location holds and the ledger does not is named, with the way out."""
    behind(migration)
    dump = migration.sandbox.state.dump()
    with pytest.raises(LedgerBehind, match="does not know") as told:
        migration.run(step)
    assert "--rebuild" in told.value.hint and migration.sandbox.state.dump() == dump


def test_a_second_workspace_for_the_same_source_is_noticed(migration, tmp_path):
    """A copy made before the load, of another name, is one workspace too many."""
    copy = tmp_path / "second"
    shutil.copytree(behind(migration).path, copy)
    with pytest.raises(LedgerBehind):
        step(Workspace(copy), "load")


def test_made_anew_from_the_location_it_is_the_same(migration):
    """After a rebuild every record counts as done where it is, a load sends nothing, and a rollback takes everything back."""
    with Ledger.open(migration.ws) as ledger:
        before = {(e.op_id, e.destination_id) for e in ledger.iterate(state=State.DONE) if e.kind is Kind.CREATE}
    dump = migration.sandbox.state.dump()
    counts = rebuild(behind(migration), who="Jane")
    assert counts["unclear"] == 0 and migration.sandbox.state.dump() == dump
    with Ledger.open(migration.ws) as ledger:
        after = {(e.op_id, e.destination_id) for e in ledger.iterate(state=State.DONE) if e.kind is Kind.CREATE}
        assert after == before and ledger.verify_log() is None
    assert migration.run("load").status is Status.NOTHING_TO_DO
    assert migration.sandbox.state.dump() == dump
    assert migration.run("rollback").status is Status.DONE
    assert migration.sandbox.state.dump() == migration.before


def test_a_copy_that_people_made_of_a_record_is_no_other_ledger(migration):
    """Somebody clones a contact in HighLevel, its Perfect Books ID included: that stops no load."""
    state = migration.sandbox.state
    contact = next(item for item in state.contacts.records.values() if item.get("email") == "ada@mill.example")
    state.contacts.put({**contact, "id": "clone0of0ada00000001", "email": "clone@mill.example", "phone": None})
    assert migration.run("load").status is Status.NOTHING_TO_DO


def test_a_rebuild_needs_a_name(migration):
    """It goes on record."""
    with pytest.raises(ConfigError, match="name"):
        rebuild(migration.ws, who=" ")


def sealed(migration) -> list[str]:
    """The seals that the location holds."""
    return [str(record["value"]) for record in migration.sandbox.state.custom_values.records.values()]


def test_the_seal_alone_tells_that_a_ledger_is_behind(migration, tmp_path):
    """A copy from before a delta, whose markers show nothing, is refused by what the location itself keeps; a rollback of it warns."""
    shutil.copytree(migration.ws.path, tmp_path / "copy")
    later = small.tables()
    small.row(later, "contacts", "11")["City"] = "Toronto"
    migration.delta(later)
    assert len(sealed(migration)) == 1 and "made until then: " in sealed(migration)[0]
    dump = migration.sandbox.state.dump()
    copied = Workspace(tmp_path / "copy")
    with pytest.raises(LedgerBehind, match="seal says: set 20"):
        step(copied, "load")
    assert migration.sandbox.state.dump() == dump
    assert migration.run("load").status is Status.NOTHING_TO_DO
    assert "ledger_behind" in {problem.code for problem in step(copied, "rollback").problems}


def test_without_its_scope_the_records_still_tell(migration):
    """A token without the scopes of custom values loads, says so, and a stale ledger is refused by its markers."""
    migration.sandbox.state.scenario.lacking_scopes = [
        "locations/customValues.readonly",
        "locations/customValues.write",
    ]
    behind(migration)
    with pytest.raises(LedgerBehind, match="does not know"):
        migration.run("load")


@pytest.mark.slow
def test_a_seal_that_people_edit_or_delete_stops_nothing(migration):
    """What is no seal is written over by the next run, and there is only one."""
    values = migration.sandbox.state.custom_values
    (record,) = values.records.values()
    for text in ("our migration", ""):
        values.put({**record, "value": text})
        later = small.tables()
        small.row(later, "contacts", "11")["City"] = f"Toronto {text}"
        migration.delta(later, f"later{text}")
        assert len(sealed(migration)) == 1 and sealed(migration)[0].startswith(tuple("123456789"))
