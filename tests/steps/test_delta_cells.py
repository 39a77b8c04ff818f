"""Cells that a later export clears, and rows it deletes: what HighLevel takes of it is done, the rest is told."""

from __future__ import annotations

import pytest

from pb2hl.results import Status
from tests.steps import small
from tests.steps.small import settings


def told(result) -> set[str]:
    """The codes of a result's problems."""
    return {problem.code for problem in result.problems}


@pytest.mark.slow
def test_cleared_cells_end_in_a_green_audit(migration):
    """Every cell that may be blank is cleared, or told to stay; deals without a pipeline stay where they are."""
    later = small.tables()
    for table, keep in (("contacts", ("Contact ID", "Email")), ("companies", ("Company ID", "Company Name")), ("deals", ("Deal ID",)),
                        ("tasks", ("Task ID", "Contact ID")), ("appointments", ("Appointment ID", "Start", "End", "Contact ID"))):  # fmt: skip
        for row in later[table]:
            row.update({name: "" for name in row if name not in keep})
    places = {one["name"]: migration.arrived().stage(one) for one in migration.arrived().opportunities}
    result = migration.delta(later)
    assert "place_cleared" in told(result)
    assert sorted(migration.arrived().stage(one) for one in migration.arrived().opportunities) == sorted(
        places.values()
    )
    assert result.status is Status.DONE and not len(result.tables["errors"]), result.problems
    audit = migration.run("audit")
    assert audit.status is Status.DONE, [str(problem) for problem in audit.problems]
    again = migration.run("delta", export=migration.folder / "later")
    assert again.counts["sent"] == 0, again.tables["updates"].to_csv()


@pytest.mark.slow
def test_a_cleared_amount_is_zero(migration):
    """A deal that has no amount any more is worth 0 in HighLevel; an amount may come back."""
    later = small.tables()
    small.row(later, "deals", "D1")["Amount"] = ""
    result = migration.delta(later)
    deal = migration.arrived().opportunity("Wheel")
    assert deal["monetaryValue"] == 0 and "not_cleared" not in told(result)
    assert migration.run("audit").status is Status.DONE
    small.row(later, "deals", "D1")["Amount"] = "77"
    migration.delta(later, "third")
    assert migration.arrived().opportunity("Wheel")["monetaryValue"] == 77
    assert migration.run("audit").status is Status.DONE


@pytest.mark.slow
def test_load_does_not_bring_back_what_a_delta_deleted(migration):
    """After a deletion on request a load sends nothing; a row that comes back is made again by the delta that has it."""
    later = small.tables()
    later["notes"].pop()
    migration = settings(migration, removed_rows="delete")
    result = migration.delta(later)
    assert result.counts["deleted"] == 1 and not migration.arrived().marked("notes", "PB:notes:N2")
    assert migration.run("load").counts["sent"] == 0
    assert not migration.arrived().marked("notes", "PB:notes:N2")
    assert migration.run("audit").status is Status.DONE
    migration.delta(small.tables(), "back")
    assert len(migration.arrived().marked("notes", "PB:notes:N2")) == 1
