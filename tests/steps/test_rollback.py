"""Rollback puts the location back exactly, keeps what people did, and may be asked for a run or an object."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl.errors import ConfigError
from pb2hl.ledger import Intent, Ledger, Outcome, State
from pb2hl.operations import Kind, Operation, Target
from pb2hl.results import Status
from pb2hl.steps.gates.batch import decide
from pb2hl.steps.rollback.rollback import Asked, _problems
from tests.apply.likeness import likeness
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


def accounted(result) -> dict[str, int]:
    """The fates of a rollback's operations, which add up to what was asked for in all, and in every line of its account."""
    counts, account = result.counts, result.tables["account"]
    fates = {name: counts[name] for name in ("undone", "kept", "held", "failed", "in_doubt")}
    assert sum(fates.values()) == counts["planned"] + counts["in_doubt"] == account["asked"].sum()
    assert (account[["undone", "kept", "held", "refused", "in doubt"]].sum(axis=1) == account["asked"]).all(), account
    return fates


@pytest.mark.parametrize(
    ("pattern", "failed", "held"),
    [
        (r"DELETE /contacts/[^/ ]+/notes/", {"note"}, {"contact", "link", "business", "field"}),
        (r"DELETE /opportunities/(?!pipelines)", {"opportunity"}, {"contact", "pipeline"}),
        (r"DELETE /locations/[^ ]+/tags/", {"tag"}, set()),
    ],
)
def test_what_highlevel_refuses_to_take_back_is_accounted_for(migration, pattern, failed, held):
    """Refused is told with what it holds, apart from what people's work keeps; the exit code is 1, and the next rollback ends it."""
    faults = migration.sandbox.state.faults
    usual = faults.settings
    faults.replace(usual.model_copy(update={"refuse": [pattern]}))
    result = migration.run("rollback")
    fates = accounted(result)
    assert result.status is Status.FAILED and fates["failed"] and not fates["kept"] and not fates["in_doubt"]
    rows = result.tables["outcomes"]
    assert set(rows.loc[rows["outcome"] == "failed", "target"]) == failed
    assert held <= set(rows.loc[rows["outcome"] == "held", "target"])
    assert f"{fates['failed']} refused" in result.headline and (not held or f"{fates['held']} held" in result.headline)
    faults.replace(usual)
    again = migration.run("rollback")
    assert again.status is Status.DONE and accounted(again)["undone"] == again.counts["planned"] == fates["failed"] + fates["held"]  # fmt: skip
    assert migration.sandbox.state.dump() == migration.before


def test_a_dry_run_that_cannot_look_says_so(migration, monkeypatch):
    """Without a token nothing can be read: the plan is told all the same, and that people's edits were not looked at."""
    monkeypatch.delenv("HIGHLEVEL_TOKEN")
    told = migration.run("rollback", dry_run=True)
    assert not told.counts["looked"] and told.counts["planned"] and told.status is Status.DONE
    assert "The location was not looked at" in told.headline and "HIGHLEVEL_TOKEN" in told.headline


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
    migration.delta(later, approve_all="Ann")
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
    before = migration.sandbox.state.dump()
    foretold = migration.run("rollback", dry_run=True)
    assert migration.sandbox.state.dump() == before and foretold.counts["looked"]
    result = migration.run("rollback")
    assert accounted(foretold) == accounted(result)
    kept = [set(item.tables["kept"][["target", "source_id", "why"]].itertuples(index=False, name=None)) for item in (foretold, result)]  # fmt: skip
    assert kept[0] == kept[1] and result.status is Status.DONE
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


def test_what_cannot_be_put_back_is_told_once_and_nobody_is_told_to_delete_it():
    """Contacts that were there before and keep one field are one problem, mended by putting it back; what we made is deleted by hand."""
    names = ["target", "object", "source_id", "record_id", "action", "outcome", "error"]
    rows = [
        ("contact", "contacts", str(n), f"c{n}", "restore", "failed", "does not put back country") for n in range(7)
    ]
    rows.append(("note", "notes", "1", "n1", "delete", "failed", "no"))
    kept = pd.DataFrame([], columns=["target", "object", "source_id", "record_id", "why"], dtype="str")
    told = [one for one in _problems(kept, pd.DataFrame(rows, columns=names), Asked()) if one.code == "not_undone"]
    assert [one.count for one in told] == [7, 1] and "0, 1, 2, 3, 4 and 2 more" in told[0].message
    assert "put it back in HighLevel" in told[0].treatment and "delete" not in told[0].treatment
    assert "delete it in HighLevel" in told[1].treatment


def test_load_again_after_a_rollback(migration):
    """Taken back and loaded again, the location holds the same records once; the ledger is true, and so a second rollback."""
    held = likeness(migration.sandbox.state.dump(timestamps=False))
    migration.run("rollback")
    migration.run("schema")
    decide(migration.ws, "schema", "Judge", take_defaults=True)
    migration.run("schema", apply=True)
    migration.run("sample")
    decide(migration.ws, "sample", "Judge", take_defaults=True)
    migration.run("load")
    again = migration.sandbox.state.dump(timestamps=False)
    assert {name: sum(rows.values()) for name, rows in likeness(again).items()} == {
        name: sum(rows.values()) for name, rows in held.items()
    }
    with Ledger.open(migration.ws) as ledger:
        made = [e.destination_id for e in ledger.iterate(state=State.DONE) if e.kind is Kind.CREATE]
        assert ledger.verify_log() is None
    there = {record for records in again.values() for record in records}
    assert len(made) == len(set(made)) and set(made) <= there
    result = migration.run("rollback")
    assert result.status is Status.DONE and not result.counts["kept"], result.problems
    assert migration.sandbox.state.dump() == migration.before


@pytest.mark.parametrize("step", ["load", "sample", "schema"])
def test_run_by_run_backwards(migration, step):
    """Undoing the runs one by one, or a first run with what later ones hung on its records, ends where it began."""
    for run in runs(migration, step):
        result = migration.run("rollback", run=run)
        assert result.status in (Status.DONE, Status.NOTHING_TO_DO), result.problems
    rest = migration.run("rollback")
    assert rest.status in (Status.DONE, Status.NOTHING_TO_DO) and not rest.counts["kept"], rest.problems
    assert migration.sandbox.state.dump() == migration.before


def test_objects_take_along_what_hangs_on_them(migration):
    """Contacts go with their notes, tasks, deals and appointments, and the plan shown first says so."""
    shown = migration.run("rollback", objects=("contacts",), dry_run=True)
    assert {"note", "task", "opportunity"} <= set(shown.tables["plan"]["target"])
    result = migration.run("rollback", objects=("contacts",))
    found = migration.arrived()
    assert result.status is Status.DONE and not found.contacts and not found.opportunities and found.businesses
    assert migration.run("rollback").status is Status.DONE
    assert migration.sandbox.state.dump() == migration.before


def test_requests_are_told_before_and_counted_after(migration):
    """The dry run says what it will cost; the real one lands within 3 % of it."""
    told = migration.run("rollback", dry_run=True).counts["requests_told"]
    done = migration.run("rollback")
    assert done.counts["requests_told"] == told
    assert abs(done.counts["requests_sent"] - told) <= max(1, 0.03 * told), done.tables["requests"]


def test_what_stays_in_doubt_turns_the_audit_red(migration):
    """A request whose answer was lost and that nobody could look up: status and audit name it, and the audit fails."""
    doubtful = Operation("d" * 32, Kind.CREATE, Target.CONTACT, "contacts", "99", payload={"email": "x@y.example"})
    with Ledger.open(migration.ws) as ledger:
        run = ledger.start_run("load")
        ledger.intend(run, [Intent(doubtful, doubtful.payload)])
        ledger.finish(run, [Outcome(doubtful.op_id, State.IN_DOUBT, error="cannot be looked up: 403")])
    shown, audit = migration.run("status"), migration.run("audit")
    assert shown.counts["in_doubt_now"] == 1 and shown.next_step == "load"
    assert audit.status is Status.FAILED and audit.counts["in_doubt"] == 1
    for result in (shown, audit):
        assert any("99" in problem.message and problem.code == "in_doubt" for problem in result.problems)
