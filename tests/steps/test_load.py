"""The load step against the rehearsal HighLevel: everything arrives once, nobody is messaged, and what stops it is said."""

from __future__ import annotations

import pytest

from pb2hl.errors import GateClosed, TokenMissing
from pb2hl.ledger import Ledger, State
from pb2hl.results import Status, StepResult
from pb2hl.steps.gates import gates


def test_everything_of_the_export_arrives_once(migration):
    """Each source row is one record, with its links, stage, value, tags and refusals."""
    arrived = migration.arrived()
    assert len(arrived.contacts) - len(migration.before["contacts"]) == 3
    assert sorted(record["name"] for record in arrived.opportunities) == ["Cart", "Wheel"]
    wheel = arrived.opportunity("Wheel")
    assert wheel["monetaryValue"] == 1200.5 and arrived.stage(wheel) == ("Sales", "Offer")
    assert arrived.contact("ada@mill.example")["tags"] == ["vip", "fair"]
    assert arrived.contact("una@quarry.example")["dndSettings"]["email"]["status"] == "active"
    assert len(arrived.marked("notes", "PB:notes:N1 |")) == len(arrived.marked("tasks", "PB:tasks:T1 |")) == 1


def test_loading_again_sends_nothing(migration):
    """A second load finds every operation done: no request writes, and it says so."""
    writes = migration.sandbox.state.faults.writes
    result = migration.run("load")
    assert result.status is Status.NOTHING_TO_DO and result.counts["sent"] == 0
    assert migration.sandbox.state.faults.writes == writes
    with Ledger.open(migration.ws) as ledger:
        assert not list(ledger.iterate(state=(State.IN_DOUBT, State.INTENDED)))


def test_the_result_keeps_every_outcome(migration):
    """Counts by object and state, what did not land, and the run are on record for reports and the command line."""
    result = StepResult.load(migration.ws.results("load"))
    assert result.tables["outcomes"]["count"].sum() > 10 and result.counts["in_doubt"] == 0
    assert result.counts["refused_cells_archived"] == 0 and not (migration.ws.reports / "refused_cells.csv").exists()
    with Ledger.open(migration.ws) as ledger:
        (run,) = [item for item in ledger.runs() if item.step == "load"]
    assert run.status == "done" and run.ended_at >= run.started_at


def test_no_load_before_the_sample_is_approved_as_it_is(migration):
    """A sample made anew takes its approval along only when it shows the same; without one nothing is sent."""
    sampled = StepResult.load(migration.ws.results("sample"))
    sampled.facts["hash"] = "0" * 64
    sampled.save(migration.ws.results("sample"))
    assert next(row for row in gates.states(migration.ws) if row["gate"] == "sample")["state"] == "lapsed"
    with pytest.raises(GateClosed, match="sample"):
        migration.run("load")


def test_without_a_token_nothing_starts(migration, monkeypatch):
    """A missing token is said, and no run is recorded as done."""
    monkeypatch.delenv("HIGHLEVEL_TOKEN")
    with pytest.raises(TokenMissing):
        migration.run("load")
