"""Everything that hangs on records, from one small export: what a careful analyst finds, and nothing after rollback."""

from __future__ import annotations

import json
import re

import pytest

from pb2hl.sandbox import Sandbox, Scenario, serving
from pb2hl.workspace import Workspace
from tests.conftest import UNHURRIED, Rehearsal
from tests.e2e import records
from tests.e2e.drive import Arrived, in_budget, migrate, step, workspace

TOKEN = "pit-PLANTED-0d9f3c-MARKER"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """(workspace, rehearsal, state before, results, arrived) of the migrated export."""
    folder = tmp_path_factory.mktemp("records")
    sandbox = Sandbox(Scenario.default(token=TOKEN, rate=UNHURRIED))
    with serving(sandbox) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIGHLEVEL_TOKEN", TOKEN)
        rehearsal = Rehearsal(server.url, TOKEN, sandbox.location, sandbox)
        before = sandbox.dump()
        export = records.records(folder / "export")
        ws = workspace(folder / "ws", export, rehearsal, fallback_owner="alice@rehearsal.example")
        results = migrate(ws)
        yield ws, rehearsal, before, results, Arrived.of(rehearsal)


@pytest.fixture
def arrived(house) -> Arrived:
    """What the location holds."""
    return house[-1]


def line(arrived: Arrived, kind: str, marker: str) -> tuple[dict, str]:
    """The one record with this provenance marker, and its provenance line."""
    (record,) = arrived.marked(kind, f"PB:{marker} |")
    text = record.get("body") or record.get("description")
    found = re.search(r"PB:.*?(?=</p>|$)", text)
    assert found and re.sub(r"</p>$", "", text).endswith(found[0]), "the provenance line comes last"
    return record, found[0]


def host(arrived: Arrived, record: dict) -> dict:
    """The contact or business that a record hangs on."""
    if record.get("contactId"):
        return next(c for c in arrived.contacts if c["id"] == record["contactId"])
    (relation,) = record["relations"]
    kind = {"contact": arrived.contacts, "business": arrived.businesses}[relation["objectKey"]]
    return next(item for item in kind if item["id"] == relation["recordId"])


def test_the_requests_are_those_planned(house):
    """Notes, tasks, series, files, media and stand-ins: what was sent is within 3 % of the budget, and status tells both."""
    ws, results = house[0], house[3]
    assert in_budget(results), results["audit"].tables["requests"]
    told = step(ws, "status").counts
    assert results["audit"].counts["requests_planned"] == told["requests_planned"] > 0
    assert results["load"].counts["requests_planned"] == told["requests_planned"]
    assert told["requests_sent"] >= results["audit"].counts["requests_sent"] > 0


def test_bodies_are_converted_and_cleaned(arrived):
    """Plain text, HTML, Markdown and RTF keep their meaning; scripts and handlers are gone."""
    plain, told = line(arrived, "notes", "notes:1")
    assert "Plain &amp; simple" in plain["body"] and re.search(r"simple\s*<br ?/?>|</p>", plain["body"])
    assert "Alice Martin" in told and "2021-03-01T10:00" in told and "2021-03-02T10:00" in told
    html, told = line(arrived, "notes", "notes:2")
    assert "<b>Ann</b>" in html["body"] and "Ben Okafor" in told
    assert not re.search(r"script|onclick|alert", html["body"])
    markdown = line(arrived, "notes", "notes:3")[0]["body"]
    assert "<h1>Heading</h1>" in markdown and "<strong>two</strong>" in markdown and "<li>" in markdown
    rich = line(arrived, "notes", "notes:4")[0]["body"]
    assert "Bold" in rich and "café" in rich and "\\" not in rich


def test_removed_scripts_are_listed(house):
    """What was stripped is told before anything is sent."""
    told = house[3]["schema"].tables["losses"]
    assert any("script" in str(value).lower() for value in told.astype(str).to_numpy().ravel())


def test_inline_images_become_uploads(house, arrived):
    """A data: image and a file of the export are in the media library and linked; a private address is never asked."""
    _, rehearsal, _, results, _ = house
    body = line(arrived, "notes", "notes:5")[0]["body"]
    links = re.findall(r'<img src="([^"]+)"', body)
    assert len(links) == 2 and all(link.startswith(rehearsal.url) for link in links)
    assert "data:" not in body
    inside = line(arrived, "notes", "notes:6")[0]["body"]
    assert "text" in inside and rehearsal.url not in inside
    assert any("169.254.169.254" in str(problem) for problem in results["load"].problems)


@pytest.mark.parametrize(
    ("marker", "name", "says"),
    [
        ("notes:7", "North Mill", "K1"),
        ("notes:8", "Bob Ray", "deal Roof (1)"),
        ("notes:9", "deal:2", "deal Nobody's (2)"),
        ("notes:10", "note:10", "4711"),
        ("activities:5", "activity:5", "888"),
    ],
)
def test_notes_hang_where_they_belong(arrived, marker, name, says):
    """On the company, on the deal's contact, on the deal's stand-in, on a marked placeholder; the line says from where."""
    record, told = line(arrived, "notes", marker)
    parent = host(arrived, record)
    names = {parent.get("name"), f"{parent.get('firstName')} {parent.get('lastName')}", parent["custom"].get("Perfect Books ID")}  # fmt: skip
    assert name in names and says in told


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        ("1", ["call", "outbound", "2021-05-01T10:00:00-04:00", "5 min 30 s", "connected", "intro", "spoke &amp; agreed"]),
        ("2", ["email", "inbound", "2021-05-02T10:00:00-04:00", "re: offer", "thanks"]),
        ("3", ["meeting", "2021-12-03T09:00:00-05:00", "1 h", "held", "on site"]),
        ("4", ["sms", "outbound", "2021-05-04T10:00:00-04:00", "delivered", "on my way"]),
    ],
)  # fmt: skip
def test_activities_tell_their_story(arrived, marker, says):
    """Type, direction, original local time, duration, outcome, subject and body."""
    body = line(arrived, "notes", f"activities:{marker}")[0]["body"].lower()
    assert [word for word in says if word.lower() not in body] == []


@pytest.mark.parametrize(
    ("task", "holder", "done", "due", "says"),
    [
        ("1", "1", False, "2021-04-20T08:00", ""),
        ("2", "1", True, "2021-04-21T08:00", "completed 2021-04-20"),
        ("3", "1", False, "2021-04-03T08:00", "no due date"),
        ("4", "1", False, "2021-04-23T08:00", "K1"),
        ("5", "2", False, "2021-04-24T08:00", "Roof"),
        ("6", "task:6", False, "2021-04-25T08:00", "999"),
        ("7", "task:7", False, "2021-04-26T08:00", "deferred"),
        ("8", "task:8", False, "2021-04-27T08:00", "Lonely Ltd"),
    ],
)
def test_tasks(arrived, task, holder, done, due, says):
    """Status words, due dates, company and deal tasks, and marked placeholders for missing contacts."""
    record, told = line(arrived, "tasks", f"tasks:{task}")
    assert record["completed"] is done and record["dueDate"].startswith(due) and says in told
    assert host(arrived, record)["custom"]["Perfect Books ID"] == holder
    assert record["assignedTo"] == arrived.user("ben@rehearsal.example" if task == "2" else "alice@rehearsal.example")


@pytest.mark.parametrize(
    ("appointment", "times"),
    [
        ("1", [("2021-06-01T09:00:00-04:00", "2021-06-01T10:00:00-04:00")]),
        ("2", [(f"2021-03-{day}T09:00:00-{offset}:00", f"2021-03-{day}T09:45:00-{offset}:00") for day, offset in (("01", "05"), ("08", "05"), ("15", "04"), ("22", "04"))]),
        ("3", [("2021-10-25T09:00:00-04:00", "2021-10-25T10:00:00-04:00"), ("2021-11-08T09:00:00-05:00", "2021-11-08T10:00:00-05:00"), ("2021-11-15T09:00:00-05:00", "2021-11-15T10:00:00-05:00")]),
        ("4", [(f"2021-07-{day}T14:00:00-04:00", f"2021-07-{day}T15:00:00-04:00") for day in ("05", "12", "19")]),
        ("6", [("2021-06-02T09:00:00+02:00", "2021-06-02T10:00:00+02:00")]),
        ("7", [("2021-06-03T09:00:00-04:00", "2021-06-03T09:30:00-04:00")]),
        ("8", [("2021-06-04T09:00:00-04:00", "2021-06-04T10:00:00-04:00")]),
    ],
)  # fmt: skip
def test_appointments_are_at_their_times(arrived, appointment, times):
    """Single ones and whole series, exceptions left out, the clock on the wall kept over both changes of the clocks."""
    found = arrived.marked("appointments", f"PB:appointments:{appointment} |")
    assert sorted((record["startTime"], record["endTime"]) for record in found) == times


def test_an_endless_series_ends_a_year_after_the_export(arrived):
    """The newest date of the export is its date: the series goes on for a year from there, and is not empty."""
    found = sorted(r["startTime"][:10] for r in arrived.marked("appointments", "PB:appointments:9 |"))
    assert found[0] == "2021-12-06" and all(day.endswith("-06") for day in found)
    assert "2022-04-06" <= found[-1] <= "2022-12-06"


@pytest.mark.parametrize(
    ("appointment", "status"), [("1", "confirmed"), ("6", "cancelled"), ("7", "noshow"), ("8", "showed"), ("10", "new")]
)
def test_appointment_statuses(arrived, appointment, status):
    """Status words become HighLevel's own."""
    assert line(arrived, "appointments", f"appointments:{appointment}")[0]["appointmentStatus"] == status


def test_an_all_day_appointment_covers_the_day(arrived):
    """From local midnight on; nobody is told of any appointment."""
    record, told = line(arrived, "appointments", "appointments:5")
    assert record["startTime"] == "2021-08-10T00:00:00-04:00" and "all day" in told
    assert "address" not in record


def test_appointments_go_into_a_calendar_with_the_owners_as_its_team(house, arrived):
    """Without a calendar in migration.toml the schema step makes one; nobody is messaged."""
    (calendar,) = [c for c in arrived.dump["calendars"].values() if c["name"] == "Perfect Books"]
    team = {member["userId"] for member in calendar["teamMembers"]}
    assert team == {arrived.user("alice@rehearsal.example"), arrived.user("ben@rehearsal.example")}
    assert {record["calendarId"] for record in arrived.dump["appointments"].values()} == {calendar["id"]}
    assert not house[1].state.outbox


def test_files_go_where_they_belong(house, arrived):
    """A contact's file into its file field, others into the library with a link; big, missing and foreign ones are told."""
    ann = arrived.contact("ann@north-mill.example")
    (file,) = ann["custom"]["Perfect Books Files"].values()
    assert file["meta"]["originalname"] == "quote.pdf" and file["meta"]["size"] == 9
    for marker, name in (("attachments:2", "North Mill"), ("attachments:3", "Bob")):
        record, _ = line(arrived, "notes", marker)
        assert "<a href=" in record["body"] and name in str(host(arrived, record))
    assert "memo.txt</a>" in line(arrived, "notes", "notes:11")[0]["body"]
    assert not arrived.marked("notes", "PB:attachments:4 |"), "linked in its own note"
    stored = json.dumps([arrived.dump["media"], arrived.dump["files"]])
    assert "root:" not in stored and "film" not in stored
    told = " ".join(map(str, house[3]["schema"].problems + house[3]["load"].problems + house[3]["audit"].problems))
    losses = house[3]["audit"].tables["not_landed"].astype(str).to_csv() + told
    for name in ("film.mp4", "gone.pdf", "passwd", "127.0.0.1", "local.txt"):
        assert name in losses, name


def test_the_audit_agrees(house):
    """The product's own audit finds everything, too."""
    assert house[3]["audit"].status == "done", house[3]["audit"].problems


def test_workflows_become_a_rebuild_reference(house):
    """Trigger, conditions, steps and delays are in the reference, escaped."""
    from pb2hl import report

    ws = house[0]
    report.write_all(ws)
    text = (ws.reports / "workflows.html").read_text(encoding="utf-8")
    for word in ("Welcome", "contact created", "tag is lead", "send email", "1 day", "3 days"):
        assert word in text
    assert "<b>them</b>" not in text


def test_the_token_is_nowhere(house):
    """Not in the ledger, plan, results, reports, sheets or staged tables."""
    ws: Workspace = house[0]
    holding = [p for p in ws.path.rglob("*") if p.is_file() and TOKEN.encode() in p.read_bytes()]
    assert holding == []


def test_zz_rollback_leaves_nothing(house):
    """Afterwards the location holds what it held before: records, fields, tags, pipelines, calendars, files."""
    ws, rehearsal, before, _, _ = house
    result = step(ws, "rollback")
    assert result.status == "done", result.problems
    after = rehearsal.state.dump()
    assert {kind: after[kind] for kind in before} == before
