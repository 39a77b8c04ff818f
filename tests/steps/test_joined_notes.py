"""Activities that share notes, through a migration: what is told of each of them by load, audit, delta, repair and rollback."""

from __future__ import annotations

from typing import Any

import pytest

from pb2hl.analyst.trace import trace
from pb2hl.results import Status
from tests.e2e.drive import Arrived, in_budget, step, workspace
from tests.steps import small
from tests.steps.conftest import Migration


def history() -> small.Tables:
    """Four activities of one contact, one of another."""
    content = small.tables()
    names = (
        "Activity ID",
        "Type",
        "Direction",
        "Contact ID",
        "Date",
        "Duration (s)",
        "Outcome",
        "Subject",
        "Body",
        "Owner",
    )
    rows = [
        ("E1", "Email", "Inbound", "11", "2024-03-01 10:00", "", "", "Wheel?", "Do you sell wheels?", "1"),
        ("C1", "Call", "Outbound", "11", "2024-03-04 15:00", "300", "voicemail", "Offer", "Left a message", "1"),
        ("M1", "Meeting", "Outbound", "11", "2024-03-02 15:00", "", "", "Visit", "Met at the mill", "2"),
        ("S1", "SMS", "Inbound", "13", "2024-03-03 09:00", "", "", "", "On my way", "2"),
        ("E2", "Email", "Outbound", "11", "2024-03-06 11:00", "", "", "Re: Wheel?", "We do.", "1"),
    ]  # fmt: skip
    content["activities"] = [dict(zip(names, row, strict=True)) for row in rows]
    return content


@pytest.fixture
def shared(rehearse, monkeypatch, tmp_path):
    """(workspace under `activity_notes = "joined"`, sandbox, its records before, the steps' results)."""
    sandbox = rehearse(users=small.USERS, search_lag_s=0)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    before = sandbox.state.dump(timestamps=False)
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", history()), sandbox, policy={"activity_notes": "joined"})  # fmt: skip
    return ws, sandbox, before, small.migrate(ws)


def notes(sandbox: Any, marker: str = "PB:activities:") -> list[dict[str, Any]]:
    """The location's notes with this marker."""
    return Arrived.of(sandbox).marked("notes", marker)


def activities(result: Any) -> dict[str, int]:
    """What the balance of a result says of the activities' records."""
    table = result.tables["balance"]
    (line,) = table[(table["object"] == "activities") & (table["what"] == "records")].to_dict("records")
    return {name: count for name, count in line.items() if name not in ("object", "what") and count}


def _lost_and_made_again(ws: Any, sandbox: Any) -> None:
    """A note deleted in HighLevel is four activities missing, in the balance and in the accounting, and one repair brings them back."""
    (note,) = notes(sandbox, "PB:activities:E1 |")
    sandbox.state.notes.remove(note["id"])
    audit = step(ws, "audit")
    assert activities(audit) == {"expected": 5, "arrived": 1, "missing": 4} and audit.status is not Status.DONE
    rows = audit.tables["rows"]
    assert rows[rows["object"] == "activities"].set_index("bucket")["rows"].to_dict() == {"landed": 1, "refused": 4}
    assert step(ws, "repair", who="Judge").counts["made_again"] == 1


@pytest.mark.slow
def test_every_activity_of_a_shared_note_is_told_from_the_load_to_the_rollback(shared, tmp_path):
    """Five activities in two notes: the balance, the audit, the trace and the accounting speak of each, the budget holds, a delta changes
    the note of what changed and makes a further one of what is new, and its rollback and the whole one leave what was there before."""
    ws, sandbox, before, results = shared
    assert len(notes(sandbox)) == 2 and activities(results["load"]) == {"expected": 5, "arrived": 5}
    sides = results["sample"].tables["diff"]
    (body,) = sides[(sides["object"] == "activities") & (sides["field"] == "body") & (sides["source_id"] == "E1")].to_dict("records")  # fmt: skip
    assert body["class"] == "equal" and all(word in body["source_value"] for word in ("Left a message", "We do."))
    results["audit"] = audit = step(ws, "audit")
    assert audit.status is Status.DONE, audit.headline
    assert activities(audit) == {"expected": 5, "arrived": 5} and in_budget(results)
    assert audit.counts["unbalanced_columns"] == 0
    lines = trace(ws, "activities", "C1")
    assert "arrived" in set(lines["value"]) and lines["value"].str.contains("Left a message").sum() > 1
    _lost_and_made_again(ws, sandbox)
    loaded = sandbox.state.dump(timestamps=False)["notes"]

    later = history()
    row = dict(small.row(later, "activities", "S1"))
    later["activities"] += [row | {"Activity ID": one, "Contact ID": "11", "Date": f"2024-03-0{day} 10:00", "Body": "Here"} for one, day in (("S8", 7), ("S9", 8))]  # fmt: skip
    small.row(later, "activities", "C1")["Body"] = "Left two messages"
    later["activities"].remove(small.row(later, "activities", "M1"))
    delta = step(ws, "delta", export=small.write(tmp_path / "later", later))
    assert delta.status is Status.DONE, delta.headline
    assert delta.counts["new"] == delta.counts["updated"] == delta.counts["removed"] == 1
    (first,) = notes(sandbox, "PB:activities:E1 |")
    (further,) = notes(sandbox, "PB:activities:S8 |")
    assert (
        "Left two messages" in first["body"] and "Met at the mill" in first["body"] and "activity S9" in further["body"]
    )
    assert activities(delta) == activities(step(ws, "audit")) == {"expected": 6, "arrived": 6}
    ws = small.settings(Migration(ws, sandbox, before, tmp_path), removed_rows="delete").ws
    again = step(ws, "delta", export=small.write(tmp_path / "again", later))
    assert again.status is Status.NOTHING_TO_DO, again.headline
    assert [problem.count for problem in again.problems if problem.code == "removed_kept"] == [1]
    assert [note["body"] for note in notes(sandbox, "PB:activities:E1 |")] == [first["body"]]

    back = step(ws, "rollback", run=delta.facts["run"])
    assert back.status is Status.DONE and sandbox.state.dump(timestamps=False)["notes"] == loaded
    assert step(ws, "rollback").status is Status.DONE and sandbox.state.dump(timestamps=False) == before
