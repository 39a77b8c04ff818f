"""Opportunities, notes, tasks, appointments and files."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Caller


def test_second_open_opportunity(call_with) -> None:
    """A second open deal of a contact in a pipeline is 400 with the first one's id; elsewhere or closed it is fine."""
    call = call_with()
    jane, sales, other = call.contact(email="a@b.co"), call.pipeline("Sales"), call.pipeline("Other")
    first = call.deal(jane, sales)[1]["opportunity"]
    status, answer = call.deal(jane, sales)
    assert (status, answer["message"]) == (400, "Can not create duplicate opportunity for the contact.")
    assert (answer["code"], answer["meta"]) == ("OPPORTUNITY_NO_DUPLICATE", {"existingId": first["id"]})
    assert call.deal(jane, other)[0] == call.deal(jane, sales, status="won")[0] == 201
    call = call_with(location={"allow_duplicate_opportunity": True})
    jane, sales = call.contact(email="a@b.co"), call.pipeline()
    assert call.deal(jane, sales)[0] == call.deal(jane, sales)[0] == 201


def test_opportunity_refusals(call: Caller) -> None:
    """Name, contact, pipeline and stage must exist; lostReasonId and source are not of the create body."""
    jane, sales = call.contact(email="a@b.co"), call.pipeline()
    for change, status in (
        ({"name": " "}, 422),
        ({"status": "all"}, 422),
        ({"status": "maybe"}, 422),
        ({"contactId": "x"}, 400),
        ({"pipelineId": "x"}, 400),
        ({"pipelineStageId": "x"}, 400),
        ({"lostReasonId": "x"}, 422),
        ({"source": "web"}, 422),
        ({"assignedTo": "x"}, 400),
        ({"forecastProbability": 101}, 422),
    ):
        assert call.deal(jane, sales, **change)[0] == status, change


def test_lost_reason_goes_with_the_status(call: Caller) -> None:
    """The reason is set where the files say it can be."""
    deal = call.deal(call.contact(email="a@b.co"), call.pipeline())[1]["opportunity"]["id"]
    reason = call.ok("GET", "/opportunities/lost-reason", **call.here)["lostReasons"][0]["id"]
    assert call("PUT", f"/opportunities/{deal}", {"lostReasonId": reason})[0] == 422
    call.ok("PUT", f"/opportunities/{deal}/status", {"status": "lost", "lostReasonId": reason})
    held = call.ok("GET", f"/opportunities/{deal}")["opportunity"]
    assert (held["status"], held["lostReasonId"]) == ("lost", reason)


def test_opportunity_custom_fields(call: Caller) -> None:
    """Values go in as fieldValue and come back as fieldValue; a contact's field id is dropped."""
    own, foreign = call.field("Origin", "TEXT", model="opportunity"), call.field("Origin", "TEXT")
    values = [{"id": own, "fieldValue": "PB-1"}, {"id": foreign, "fieldValue": "x"}]
    _, answer = call.deal(call.contact(email="a@b.co"), call.pipeline(), customFields=values)
    assert answer["opportunity"]["customFields"] == [{"id": own, "fieldValue": "PB-1"}]


def test_notes_keep_html_and_relations(call: Caller) -> None:
    """HTML stays; one note hangs on contact and company; an opportunity is refused as a relation."""
    jane = call.contact(email="a@b.co")
    business = call.ok("POST", "/businesses/", {"name": "Acme", **call.here})["buiseness"]["id"]
    html = "<p>Hello <b>you</b></p>"
    assert call.ok("POST", f"/contacts/{jane['id']}/notes", {"body": html})["note"]["body"] == html
    relations = [{"objectKey": "contact", "recordId": jane["id"]}, {"objectKey": "business", "recordId": business}]
    note = call.ok("POST", "/notes/", {"body": "both", "relations": relations}, **call.here)["note"]
    assert [item["body"] for item in call.ok("GET", f"/contacts/{jane['id']}/notes")["notes"]] == ["both", html]
    search = {"limit": 10, "skip": 0, "relations": [relations[1]["recordId"]], **call.here}
    assert [item["id"] for item in call.ok("POST", "/notes/search", search)["notes"]] == [note["id"]]
    deal = call.deal(jane, call.pipeline())[1]["opportunity"]["id"]
    body = {"body": "x", "relations": [{"objectKey": "opportunity", "recordId": deal}]}
    assert call("POST", "/notes/", body, **call.here)[0] == 422
    body["relations"] = [{"objectKey": "business", "recordId": "nowhere"}]
    assert call("POST", "/notes/", body, **call.here)[0] == 400


def test_task_search(call: Caller) -> None:
    """Tasks are found by contact, state and text; due dates become UTC."""
    jane = call.contact(email="a@b.co")["id"]
    for number in range(3):
        body = {"title": f"Task {number}", "dueDate": "2026-01-05T09:00:00-05:00", "completed": number == 0}
        task = call.ok("POST", f"/contacts/{jane}/tasks", body)["task"]
    assert task["dueDate"] == "2026-01-05T14:00:00.000Z"
    path = f"/locations/{call.rehearsal.location}/tasks/search"
    assert len(call.ok("POST", path, {"completed": False})["tasks"]) == 2
    assert [item["title"] for item in call.ok("POST", path, {"query": "task 2"})["tasks"]] == ["Task 2"]
    assert len(call.ok("POST", path, {"limit": 2, "skip": 2})["tasks"]) == 1


@pytest.fixture
def diary(call: Caller) -> dict[str, object]:
    """A body that books the default calendar in silence."""
    calendar = call.ok("GET", "/calendars/", **call.here)["calendars"][0]
    jane = call.contact(email="a@b.co")["id"]
    quiet = {"toNotify": False, "ignoreFreeSlotValidation": True}
    return {
        "calendarId": calendar["id"],
        "contactId": jane,
        "startTime": "2020-03-02T09:10:00-05:00",
        **quiet,
        **call.here,
    }


def test_appointments_in_silence(call: Caller, diary: dict) -> None:
    """Past and off-grid times need ignoreFreeSlotValidation; without toNotify false the customer is written to."""
    path = "/calendars/events/appointments"
    assert call("POST", path, {**diary, "ignoreFreeSlotValidation": False})[1]["message"].startswith("The slot")
    made = call.ok("POST", path, {**diary, "description": "Talk"})
    assert call.state.outbox == []
    call.ok("POST", path, {key: value for key, value in diary.items() if key != "toNotify"})
    assert [item["kind"] for item in call.state.outbox] == ["notification"]
    for change, status in (
        ({"startTime": "2020-03-02T09:10:00"}, 422),
        ({"assignedUserId": list(call.state.users.records)[5]}, 400),
        ({"contactId": "x"}, 400),
        ({"endTime": "2020-03-02T08:00:00-05:00"}, 400),
    ):
        assert call("POST", path, {**diary, **change})[0] == status, change
    assert call.ok("GET", f"{path}/{made['id']}")["event"]["description"] == "Talk"
    listed = call.ok("GET", f"/contacts/{diary['contactId']}/appointments")["events"]
    assert len(listed) == 2 and all("description" not in event for event in listed)


def test_events_need_a_calendar_user_or_group(call: Caller, diary: dict) -> None:
    """There is no list of everything."""
    made = call.ok("POST", "/calendars/events/appointments", {**diary, "description": "Talk"})
    window = {"startTime": "1577836800000", "endTime": "1609459200000", **call.here}
    assert call("GET", "/calendars/events", **window)[0] == 422
    events = call.ok("GET", "/calendars/events", calendarId=diary["calendarId"], **window)["events"]
    assert [(event["id"], event["description"]) for event in events] == [(made["id"], "Talk")]
    later = {**window, "startTime": "1590000000000"}
    assert call.ok("GET", "/calendars/events", calendarId=diary["calendarId"], **later)["events"] == []


def test_media_limits_and_bytes(call: Caller) -> None:
    """The library takes up to 25 MB, no webp, and gives the bytes back under its URL."""
    post = lambda name, content, kind: call.http.post("/medias/upload-file", files={"file": (name, content, kind)})  # noqa: E731
    made = post("a.txt", b"hello", "text/plain")
    assert made.status_code == 200 and call.http.get(made.json()["url"]).content == b"hello"
    assert post("a.webp", b"x", "image/webp").status_code == 400
    assert post("big.bin", b"0" * (25 * 1024 * 1024 + 1), "application/octet-stream").status_code == 413


def test_files_of_a_contact(call: Caller) -> None:
    """Files land in the FILE_UPLOAD field that their part names; other fields and types are refused; null clears."""
    field, text = call.field("Papers", "FILE_UPLOAD", maxNumberOfFiles=5, isMultipleFile=True), call.field("T", "TEXT")
    jane = call.contact(email="a@b.co")["id"]

    def send(part: str, name: str) -> int:
        query = {"contactId": jane, **call.here}
        files = {part: (name, b"%PDF", "application/pdf")}
        return call.http.post("/forms/upload-custom-files", params=query, files=files).status_code

    assert send(f"{field}_1111", "a.pdf") == send(f"{field}_2222", "b.pdf") == 200
    assert send(f"{text}_1111", "a.pdf") == send(f"{field}_3333", "a.exe") == send("x", "a.pdf") == 400
    value = call.ok("GET", f"/contacts/{jane}")["contact"]["customFields"][0]["value"]
    assert [item["meta"]["originalname"] for item in value.values()] == ["a.pdf", "b.pdf"]
    call.ok("PUT", f"/contacts/{jane}", {"customFields": [{"id": field, "fieldValue": None}]})
    assert call.ok("GET", f"/contacts/{jane}")["contact"]["customFields"] == []
