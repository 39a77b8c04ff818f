"""A series that a later export shortens or moves: the appointments it no longer has are told, and deleted on request."""

from __future__ import annotations

import pytest

from tests.steps import small
from tests.steps.small import settings

SERIES = {
    "Appointment ID": "A9",
    "Subject": "Weekly call",
    "Start": "2024-05-06 09:00",
    "End": "2024-05-06 09:30",
    "Contact ID": "11",
}


def with_series(rule: str, **changes: str) -> small.Tables:
    """The small export with a recurring appointment."""
    tables = small.tables()
    for row in tables["appointments"]:
        row["Recurrence"] = ""
    tables["appointments"].append({**SERIES, "Recurrence": rule, **changes})
    return tables


def starts(migration) -> list[str]:
    """Days of the series' appointments in the location."""
    return sorted(visit["startTime"][:10] for visit in migration.arrived().marked("appointments", "PB:appointments:A9"))


@pytest.mark.slow
def test_a_shortened_series(migration):
    """What the series no longer has is reported and stays; with the policy `delete` it goes, and nothing else does."""
    migration.delta(with_series("FREQ=WEEKLY;COUNT=4"), "second", approve_all="Jane")
    assert starts(migration) == ["2024-05-06", "2024-05-13", "2024-05-20", "2024-05-27"]
    result = migration.delta(with_series("FREQ=WEEKLY;COUNT=2"), "third")
    removed = result.tables["removed"]
    assert removed[["object", "source_id"]].values.tolist() == [["appointments", "A9"]] * 2
    assert len(starts(migration)) == 4 and result.counts["deleted"] == 0
    migration = settings(migration, removed_rows="delete")
    result = migration.run("delta", export=migration.folder / "third")
    assert result.counts["deleted"] == 2 and starts(migration) == ["2024-05-06", "2024-05-13"]
    assert len(migration.arrived().dump["appointments"]) == 3


@pytest.mark.slow
def test_a_moved_series(migration):
    """A series at another hour leaves no appointment at the old one behind unsaid."""
    migration.delta(with_series("FREQ=WEEKLY;COUNT=2"), "second", approve_all="Jane")
    migration = settings(migration, removed_rows="delete")
    moved = with_series("FREQ=WEEKLY;COUNT=2", Start="2024-05-07 14:00", End="2024-05-07 14:30")
    migration.delta(moved, "third")
    assert starts(migration) == ["2024-05-07", "2024-05-14"]
