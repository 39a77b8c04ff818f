"""Updates, links, tags and files that HighLevel answers with success and does not keep: every step tells it, a repair sends them again."""

from __future__ import annotations

import pytest

from pb2hl.errors import GateClosed
from pb2hl.ledger import Ledger, Outcome, State
from pb2hl.operations import Target
from pb2hl.results import Status
from pb2hl.sandbox.scenario import Faults
from pb2hl.steps.balance.balance import balance
from pb2hl.steps.gates import gates
from pb2hl.steps.shared.additions import Additions, contact_of
from pb2hl.steps.shared.session import with_client
from tests.cli.test_refusing import SCENARIO, export
from tests.e2e.drive import migrate, step, workspace

ADDED = {
    "link": r"^POST /contacts/bulk/business",
    "tags": r"^POST /contacts/[^ ]+/tags",
    "file": r"^POST /forms/upload-custom-files",
}


@pytest.fixture
def ready(rehearse, tmp_path, monkeypatch):
    """(workspace, sandbox) with the schema in place; one of the export's contacts is there before."""
    sandbox = rehearse(**SCENARIO)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", export(tmp_path / "export"), sandbox)
    migrate(ws, "schema")
    return ws, sandbox.state


def test_a_link_that_somebody_took_off_is_lacking(migration):
    """By the contact as it is now, whatever the pages showed of it."""
    contacts = migration.sandbox.state.contacts
    (ada,) = [one for one in contacts.records.values() if one["firstName"] == "Ada"]
    shown = {ada["id"]: dict(ada)}
    with Ledger.open(migration.ws) as ledger:
        additions = Additions.of(ledger)

        def lacking(known):
            return with_client(migration.ws, ledger, "audit", lambda client: additions.lacking(client, known))

        assert additions.entries and not lacking({}) and not lacking(shown)
        contacts.put({**ada, "businessId": None})
        assert [contact_of(entry) for entry in ledger.entries(lacking({})).values()] == [ada["id"]]


def test_a_value_that_was_not_taken_is_an_open_piece_until_a_repair_brings_it(migration):
    """HighLevel took the record and not one of its values: nothing is complete until an update has brought it."""
    state = migration.sandbox.state.contacts
    (ada,) = [one for one in state.records.values() if one["firstName"] == "Ada"]
    state.put({**ada, "city": None})
    with Ledger.open(migration.ws) as ledger:
        (entry,) = [one for one in ledger.by_destination([ada["id"]]) if one.target is Target.CONTACT]
        payload = {name: value for name, value in entry.payload.items() if name != "city"}
        loss = Outcome(entry.op_id, State.DONE, ada["id"], losses=("city: not this one",), payload=payload)
        ledger.finish(entry.run_id, [loss])
        asked = balance(migration.ws, ledger)
        assert not asked.complete and "refused: 1 value" in asked.headline, asked.headline
    repaired = migration.run("repair", who="Jane")
    assert state.get(ada["id"])["city"] == "Ottawa" and repaired.status is Status.DONE, repaired.headline
    with Ledger.open(migration.ws) as ledger:
        assert balance(migration.ws, ledger).complete


@pytest.mark.slow
def test_what_was_only_answered_is_told_and_repaired(ready, tmp_path):
    """Answers that show nothing are refused, those that show what is not kept are missing: in sample, audit and a delta's audit.
    The sample cannot be approved unforced, and after a repair all of it is there, of values that a record held before as of others."""
    ws, state = ready
    state.faults.replace(Faults(pretend=["^PUT /contacts/[^/]+ "], pretend_shows=[ADDED["link"], ADDED["file"]]))
    sample = step(ws, "sample")
    open_ = sample.tables["open"].groupby("fate")["what"].agg(set)
    assert "records" in open_["refused"] and {"links", "files"} <= open_["missing"], sample.headline
    assert (
        sample.tables["open"]
        .query("fate == 'refused' and what == 'records'")["why"]
        .str.contains("holds nothing of it")
        .all()
    )
    with pytest.raises(GateClosed):
        gates.approve(ws, "sample", "Jane")
    state.faults.replace(Faults())
    gates.approve(ws, "sample", "Jane", force=True)
    assert step(ws, "load").status is Status.INCOMPLETE
    audit = step(ws, "audit")
    assert audit.status is not Status.DONE and audit.counts["asked_missing"] == sample.counts["asked_missing"]
    assert step(ws, "repair", who="Jane").counts["asked_refused"] == 0
    ada = next(one for one in state.dump()["contacts"].values() if one.get("firstName") == "Ada")
    assert ada["businessId"] and "vip" in ada["tags"] and ada["city"] == "Ottawa"
    state.faults.replace(Faults(pretend_shows=["^PUT /", ADDED["link"]]))
    later = export(tmp_path / "later")
    for name, old, new in (
        ("contacts", "Byron,ada@mill.example,613-555-0111,C1,Ottawa", "Byron,ada@mill.example,613-555-0111,C2,Hull"),
        ("tasks", "Send offer,", "Call,"),
    ):
        path = later / f"{name}.csv"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    step(ws, "delta", export=later, approve_all="Jane")
    told = step(ws, "audit")
    assert told.status is not Status.DONE and set(told.tables["open"]["what"]) >= {"changes"}, told.headline
    state.faults.replace(Faults())
    step(ws, "repair", who="Jane")
    proven = step(ws, "audit")
    assert proven.status is Status.DONE and not proven.counts["asked_missing"], proven.headline
    now = next(one for one in state.dump()["contacts"].values() if one.get("firstName") == "Ada")
    assert now["city"] == "Hull" and now["businessId"] != ada["businessId"]
    assert any(one["title"] == "Call" for one in state.dump()["tasks"].values())
