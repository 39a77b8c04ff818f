"""E-mails, SMS and calls in the contact's conversation with their own times, where a probe proved that it works, and only there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pb2hl.highlevel import logging_probe
from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.ledger import Ledger
from pb2hl.results import Status
from pb2hl.sandbox.faults import FaultPlan
from pb2hl.sandbox.scenario import Faults
from pb2hl.steps.prepare.doctor import doctor
from pb2hl.steps.shared.session import PROBED
from pb2hl.workspace import Workspace, parse_config
from tests.e2e.drive import in_budget, step
from tests.steps import small

PROVIDERS = {"prS": "SMS", "prE": "Email", "prC": "Call"}
TOML = {"sms": "prS", "email": "prE", "call": "prC"}


def history() -> small.Tables:
    """Activities of every kind; E4 has no direction, S3 is of a contact without a number, C2 of the same moment as C1."""
    content = small.tables()
    rows = [
        ("E1", "Email", "Inbound", "11", "2024-03-01 10:00", "", "", "Wheel?", "Do you <b>sell</b> wheels?"),
        ("E2", "Email", "Outbound", "11", "2024-03-01 11:00", "", "", "Re: Wheel?", "We do."),
        ("E4", "Email", "", "12", "2024-03-02 11:00", "", "", "Lost", "Who wrote this?"),
        ("S1", "SMS", "Inbound", "13", "2024-03-03 09:00", "", "", "", "On my way"),
        ("S3", "SMS", "Outbound", "12", "2024-03-03 09:30", "", "", "", "Hello Max"),
        ("C1", "Call", "Outbound", "11", "2024-03-04 15:00", "300", "voicemail", "Offer", "Left a message"),
        ("C2", "Call", "Outbound", "11", "2024-03-04 15:00", "10", "busy", "Offer", "Tried again"),
        ("M1", "Meeting", "Outbound", "11", "2024-03-02 15:00", "", "", "Visit", "Met at the mill"),
    ]
    names = ("Activity ID", "Type", "Direction", "Contact ID", "Date", "Duration (s)", "Outcome", "Subject", "Body")
    content["activities"] = [dict(zip(names, row, strict=True)) | {"Owner": "1"} for row in rows]
    return content


@pytest.fixture
def quick(monkeypatch):
    """A probe that does not wait."""
    monkeypatch.setattr(logging_probe, "LEAST_WAIT_S", 0.0)
    monkeypatch.setattr(logging_probe, "SEARCH_LAG_S", 0.0)


def made(rehearse, monkeypatch, folder, providers: Mapping[str, str] = TOML, **behaviour: Any):
    """(workspace under `activities = "conversation"`, sandbox, its records), probed; the probe left nothing behind."""
    keys = {"message_providers": PROVIDERS, **behaviour}
    flow = {
        "name": "Answer",
        "status": "published" if keys.pop("answering", False) else "draft",
        "trigger": "customer_replied",
    }
    sandbox = rehearse(users=small.USERS, behaviour=keys, workflows=[flow], search_lag_s=0)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    export = small.write(folder / "export", history())
    config = {"export": str(export), "location": sandbox.location, "base_url": sandbox.url}
    config |= {"policy": {"activities": "conversation", "meetings": "appointment"}, "providers": providers}
    ws = Workspace.create(folder / "ws", parse_config(config))
    before = sandbox.state.dump(timestamps=False)
    doctor(ws, probe=True)
    assert sandbox.state.dump(timestamps=False) == before
    sandbox.state.outbox.clear()
    return ws, sandbox, before


def proven(ws: Workspace) -> Mapping[str, Any]:
    """What the probe kept of messages."""
    with Ledger.open(ws) as ledger:
        ledger.remember(PROBED, {**ledger.recall(PROBED), "search_lag_s": 0.0})
        return Capabilities.of(ledger).messages or {}


@pytest.mark.slow
def test_history_becomes_messages_with_their_own_times(rehearse, monkeypatch, quick, tmp_path):
    """Two e-mails, an SMS and a call are messages, the call's note beside it; what is not certain stays a note. Nothing is sent,
    nothing is left unread, the budget holds, the audit finds each, a second load and a delta double nothing, a rollback leaves nothing."""
    ws, sandbox, before = made(rehearse, monkeypatch, tmp_path)
    assert proven(ws)["channels"] == {"SMS": "prS", "Email": "prE", "Call": "prC"} and proven(ws)["unread"]
    results = small.migrate(ws)
    dump = sandbox.state.dump()
    messages = {record["altId"].split("|")[0].split(":")[-1].strip(): record for record in dump["messages"].values()}
    assert sorted(messages) == ["C1", "E1", "E2", "S1"]
    first = messages["E1"]
    assert (first["dateAdded"], first["direction"], first["subject"]) == (
        "2024-03-01T15:00:00.000Z",
        "inbound",
        "Wheel?",
    )
    assert "<b>sell</b>" in first["body"].replace("strong>", "b>") and "PB:activities:" in first["body"]
    assert messages["C1"]["call"] == {"to": "+16135550111", "status": "voicemail"}
    notes = " ".join(record["body"] for record in dump["notes"].values())
    assert all(f":{one} |" in notes for one in ("E4", "S3", "C1", "C2"))
    assert not any(f":{one} |" in notes for one in ("E1", "E2", "S1", "M1"))
    (met,) = [
        item for item in dump["appointments"].values() if item["title"] == "Visit" and ":M1 |" in item["description"]
    ]
    assert met["startTime"].startswith("2024-03-02T15:00") and met["endTime"].startswith("2024-03-02T15:30")
    assert {record["unreadCount"] for record in dump["conversations"].values()} == {0}
    assert sandbox.state.outbox == []
    results["audit"] = audit = step(ws, "audit")
    assert audit.status is not Status.FAILED, audit.headline
    assert audit.counts["missing"] == audit.counts["wrong"] == audit.counts["unbalanced_columns"] == 0
    assert in_budget(results), audit.tables["requests"].to_string()
    step(ws, "load")
    assert len(sandbox.state.messages) == 4
    held = audit.tables["cannot_hold"].set_index("what")["records"]
    assert held["calls, e-mails, meetings and messages as such"] == 3
    assert held["text and duration of calls that are logged as messages"] == 1
    later = history()
    row = dict(small.row(later, "activities", "S1"))
    later["activities"].append(row | {"Activity ID": "S9", "Date": "2024-03-03 10:00", "Body": "Here"})
    small.row(later, "activities", "E1")["Subject"] = "Wheels?"
    delta = step(ws, "delta", export=small.write(tmp_path / "later", later))
    assert delta.status is not Status.FAILED, delta.headline
    assert len(sandbox.state.messages) == 5 and {
        c["unreadCount"] for c in sandbox.state.dump()["conversations"].values()
    } == {0}
    assert [problem.count for problem in delta.problems if problem.code == "message_fixed"] == [1]
    assert step(ws, "audit").counts["missing"] == 0
    some = next(iter(sandbox.state.messages.records))
    sandbox.state.messages.remove(some)
    assert step(ws, "audit").counts["missing"] == 1
    gone = next(iter(sandbox.state.conversations.records))
    held = len(sandbox.state.messages.find("conversation", gone))
    sandbox.state.conversations.remove(gone)
    step(ws, "audit")
    assert step(ws, "repair", who="Judge").counts["made_again"] > held, "its conversation comes first"
    assert step(ws, "audit").counts["missing"] == 0 and len(sandbox.state.messages) == 5
    back = step(ws, "rollback")
    assert "goes with its contact" in set(
        back.tables["plan"]["action"] if "plan" in back.tables else ["goes with its contact"]
    )
    assert sandbox.state.dump(timestamps=False) == before


@pytest.mark.parametrize(
    "behaviour",
    [
        {"message_dates": False},
        {"messages_persist": "nothing"},
        {"messages_persist": "without id"},
        {"logging_sends": True},
        {"answering": True},
        {"message_providers": {}},
        {"export_bodies": False},
        {"conversation_again": "same", "providers": {}},
    ],
    ids=str,
)
def test_without_the_proof_history_stays_notes(rehearse, monkeypatch, quick, tmp_path, behaviour):
    """A location that stamps its own date, stores nothing, sends, answers, refuses the provider or shows no text: no channel that
    does so is used."""
    ws, _, _ = made(rehearse, monkeypatch, tmp_path, **behaviour)
    found = proven(ws)
    assert found["channels"] == ({"Call": "prC"} if "export_bodies" in behaviour else {}) and found["why"]
    assert Capabilities(messages={"channels": {"SMS": "a"}}).channels({"SMS": "b"}) == {}


@pytest.mark.slow
@pytest.mark.parametrize("told", [pytest.param(True, marks=pytest.mark.exhaustive), False])
def test_default_providers_and_what_people_write_meanwhile(rehearse, monkeypatch, quick, tmp_path, told):
    """SMS and e-mails go without a provider where the location takes them so, calls stay notes; a lost answer is found again; a
    contact that somebody wrote to since is not deleted along."""
    ways = {"default_providers": True, "alt_id_told": told, "inbound_unread": not told, "conversation_again": "same"}
    ws, sandbox, _ = made(rehearse, monkeypatch, tmp_path, {}, **ways)
    assert proven(ws)["channels"] == {"SMS": "", "Email": ""} and proven(ws)["unread"] is not told
    small.migrate(ws)
    assert sorted(record["channel"] for record in sandbox.state.messages.records.values()) == ["Email", "Email", "SMS"]
    ours = next(record for record in sandbox.state.messages.records.values() if record["channel"] == "SMS")
    sandbox.state.messages.put(
        {**ours, "id": "m" * 20, "altId": "", "body": "When do you open?", "dateAdded": "2026-01-01T00:00:00.000Z"}
    )
    step(ws, "rollback")
    assert {record["id"] for record in sandbox.state.messages.records.values()} >= {"m" * 20, ours["id"]}
    assert len(sandbox.state.contacts) == 1


@pytest.mark.slow
@pytest.mark.parametrize("told", [pytest.param(True, marks=pytest.mark.exhaustive), False])
def test_lost_answers_make_no_message_twice(rehearse, monkeypatch, quick, tmp_path, told):
    """With a fifth of the answers lost, each message is there once, found again by `altId`, by its marker, or (a call) by its moment."""
    ws, sandbox, _ = made(rehearse, monkeypatch, tmp_path, alt_id_told=told)
    proven(ws)
    sandbox.state.faults = FaultPlan(Faults(lost_answer=0.2))
    small.migrate(ws)
    assert sorted(record["altId"] for record in sandbox.state.messages.records.values()) == sorted(
        f"PB:activities:{one} |" for one in ("C1", "E1", "E2", "S1")
    )
    assert {record["unreadCount"] for record in sandbox.state.conversations.records.values()} == {0}
