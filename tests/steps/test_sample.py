"""The sample step against the rehearsal HighLevel: linked records are loaded for real, read back, compared and offered for approval."""

from __future__ import annotations

import pytest

from pb2hl.errors import GateClosed
from pb2hl.results import Status, StepResult
from pb2hl.sheets import write_sheet
from pb2hl.steps import gates


def test_a_sample_is_linked_and_compared_field_by_field(migration):
    """What was chosen is in the location with what hangs on it, every difference has its class, and nothing is wrong."""
    result = StepResult.load(migration.ws.results("sample"))
    assert result.status is Status.WAITING and result.facts["hash"]
    chosen = result.tables["records"]
    assert {"contacts", "companies", "deals", "notes"} <= set(chosen["object"])
    assert (
        set(chosen["state"]) <= {"done", "skipped"} and chosen.loc[chosen["state"] == "done", "record_id"].ne("").all()
    )
    assert result.counts["changed"] == result.counts["missing"] == result.counts["in_doubt"] == 0
    ada = migration.arrived().contact("ada@mill.example")
    assert ada["businessId"] == migration.arrived().business("Mill Ltd")["id"]


def test_sampling_again_sends_nothing(migration):
    """The same sample a second time finds everything done: no record is there twice."""
    before = migration.sandbox.state.dump()
    migration.run("sample")
    after = migration.sandbox.state.dump()
    assert {
        name: len(after[name]) for name in ("contacts", "businesses", "opportunities", "notes", "tasks", "appointments")
    } == {
        name: len(before[name])
        for name in ("contacts", "businesses", "opportunities", "notes", "tasks", "appointments")
    }


def test_no_sample_without_an_approved_mapping(migration):
    """A sheet edited after the approval closes the way, and the location is not touched."""
    tags = migration.ws.sheet("tags", ["decision"])
    tags.loc[0, "decision"] = "drop"
    write_sheet(migration.ws.sheets / "tags.csv", tags)
    before = migration.sandbox.state.dump()
    with pytest.raises(GateClosed, match="mapping"):
        migration.run("sample")
    assert migration.sandbox.state.dump() == before


def test_the_approval_names_what_was_seen(migration):
    """The gate `sample` stands for the sample that was shown; it is on record by name."""
    row = next(row for row in gates.states(migration.ws) if row["gate"] == "sample")
    assert (row["state"], row["who"], row["forced"]) == ("approved", "Judge", False)
    assert row["hash"] == StepResult.load(migration.ws.results("sample")).facts["hash"]
