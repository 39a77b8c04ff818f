"""Links, tags and files that HighLevel answers with success and does not keep: sample and audit see it, a repair sends them again."""

from __future__ import annotations

import pytest

from pb2hl.ledger import Ledger
from pb2hl.results import Status
from pb2hl.sandbox.scenario import Faults
from pb2hl.steps.gates import gates
from pb2hl.steps.shared.additions import Additions, contact_of
from pb2hl.steps.shared.session import with_client
from tests.cli.test_refusing import SCENARIO, export
from tests.e2e.drive import migrate, prompt_search, step, workspace

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
    prompt_search(ws)
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
        assert [contact_of(entry) for entry in lacking({})] == [ada["id"]]


@pytest.mark.slow
def test_what_was_only_answered_is_missing(ready):
    """The sample names each as missing and cannot be approved unforced, so does the audit, and after a repair all of it is there."""
    ws, state = ready
    state.faults.replace(Faults(pretend=list(ADDED.values())))
    sample = step(ws, "sample")
    assert sample.counts["asked_missing"] >= 3 and "missing: " in sample.headline, sample.headline
    assert {"links", "tags", "files"} <= set(sample.tables["open"]["what"])
    state.faults.replace(Faults())
    gates.approve(ws, "sample", "Jane", force=True)
    step(ws, "load")
    audit = step(ws, "audit")
    assert audit.status is not Status.DONE and audit.counts["asked_missing"] == sample.counts["asked_missing"]
    step(ws, "repair", who="Jane")
    proven = step(ws, "audit")
    assert proven.counts["asked_missing"] == 0, proven.headline
    ada = next(one for one in state.dump()["contacts"].values() if one.get("firstName") == "Ada")
    assert ada["businessId"] and "vip" in ada["tags"]


@pytest.mark.slow
def test_updates_that_were_only_answered_are_refused(ready):
    """What was to be written to a record that was there before, and of which it holds nothing, is refused; a repair sends it."""
    ws, state = ready
    state.faults.replace(Faults(pretend=["^PUT /contacts/"]))
    sample = step(ws, "sample")
    refused = sample.tables["open"].query("fate == 'refused'")
    assert len(refused) and refused["why"].str.contains("holds nothing of it").all()
    state.faults.replace(Faults())
    gates.approve(ws, "sample", "Jane", force=True)
    assert step(ws, "repair", who="Jane").counts["asked_refused"] == 0
    ada = next(one for one in state.dump()["contacts"].values() if one.get("firstName") == "Ada")
    assert ada["city"] == "Ottawa"
