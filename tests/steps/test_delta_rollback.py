"""Rollback after several deltas: the location is what it was before anything was written."""

from __future__ import annotations

import pytest

from pb2hl.results import Status
from tests.steps import small
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
