"""A calendar that migration.toml names: used as it is, its team unchanged, and gone back to after a rollback."""

from __future__ import annotations

import json

import pytest

from tests.e2e.drive import Arrived, migrate, step, workspace

EXPORT = {
    "contacts": [{"id": "1", "first_name": "Ann", "last_name": "Lee", "email": "ann@lee.example"}],
    "appointments": [
        {"id": "1", "title": "In", "start_at": "2024-05-01T10:00:00Z", "end_at": "2024-05-01T11:00:00Z", "contact_id": "1", "owner": "in@a.example"},
        {"id": "2", "title": "Out", "start_at": "2024-05-02T10:00:00Z", "end_at": "2024-05-02T11:00:00Z", "contact_id": "1", "owner": "out@a.example"},
    ],
}  # fmt: skip


@pytest.mark.slow
def test_owner_outside_the_team(tmp_path, rehearse, monkeypatch):
    """The owner in the team is assigned; the other's appointment arrives, says its owner, and the schema says it before."""
    sandbox = rehearse(
        users=[{"name": "In", "email": "in@a.example"}, {"name": "Out", "email": "out@a.example"}],
        calendars=[{"name": "Visits", "team": ["in@a.example"]}, {"name": "Nobody's", "team": []}],
    )
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    export = tmp_path / "export.json"
    export.write_text(json.dumps(EXPORT), encoding="utf-8")
    before = {name: list(sandbox.state.dump()[name]) for name in ("calendars", "appointments", "contacts")}
    for name, assigned in (("visits", {"In"}), ("Nobody's", set())):
        ws = workspace(tmp_path / name, export, sandbox, policy={"calendar": name})
        results = migrate(ws)
        (told,) = [row for row in results["schema"].tables["diff"].to_dict("records") if row["kind"] == "calendar"]
        assert "not in its team" in told["detail"]
        arrived = Arrived.of(sandbox)
        by_title = {item["title"]: item for item in arrived.dump["appointments"].values()}
        owner = arrived.user("in@a.example")
        assert {title for title, item in by_title.items() if item.get("assignedUserId") == owner} >= assigned
        assert by_title["Out"].get("assignedUserId") != arrived.user("out@a.example")
        assert (
            "owner out@a.example" in by_title["Out"]["description"]
            or "not in the calendar's team" in by_title["Out"]["description"]
        )
        assert results["audit"].status == "done"
        step(ws, "rollback")
        assert {key: list(sandbox.state.dump()[key]) for key in before} == before
