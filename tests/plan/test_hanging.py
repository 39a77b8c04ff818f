"""Notes, activities, tasks, appointments and files: what they hang on, and what they say."""

from __future__ import annotations

import base64
from datetime import date

import pandas as pd
import pytest

from pb2hl.operations import Kind, Target
from pb2hl.plan import ExportFile
from tests.plan.frames import Built, Mapped, at, frame, inputs, place

PEOPLE = frame({"id": "1", "first_name": "Ann", "email": "ann@b.example", "company_source_id": "9"})
COMPANIES = frame({"id": "9", "name": "Acme"}, {"id": "8", "name": "Empty"})
DEALS = frame(
    {"id": "5", "name": "Roof", "contact_id": ["1"], "pipeline": "Sales", "stage": "New"},
    {"id": "6", "name": "Alone", "contact_id": None, "pipeline": "Sales", "stage": "New"},
)


def hanging(object_: str, *rows, **more) -> Built:
    """A plan of one table beside a contact, two companies and two deals."""
    return Built(inputs({"contacts": PEOPLE, "companies": COMPANIES, "deals": DEALS, object_: frame(*rows)}, **more))


def test_a_note_ends_with_its_provenance():
    """Marker, author, original times and custom columns are the last thing of a note; scripts are gone and told."""
    row = {
        "id": "n1",
        "body": "<p>Hi<script>x()</script></p>",
        "contact_id": "1",
        "author": "Jo",
        "created_at": at("2021-03-04 14:30"),
        "custom.Mood": "good",
    }
    built = hanging("notes", row)
    body = built.one(Target.NOTE).payload["body"]
    assert body.endswith("<p>PB:notes:n1 | by Jo | created 2021-03-04T09:30:00-05:00 | Mood: good</p>")
    assert "script" not in body and any("script" in why for why in built.plan.losses["why"])


def test_a_company_note_hangs_on_the_business():
    """A note that only names a company goes to it through the Notes API."""
    built = hanging("notes", {"id": "n2", "body": "x", "company_id": "9"})
    assert built.one(Target.NOTE).payload["$url"] == {"businessId": {"$ref": built.one(Target.BUSINESS, "9").op_id}}


@pytest.mark.parametrize(("deal", "object_", "contact"), [("5", "contacts", "1"), ("6", "deals", "6")])
def test_a_deal_note_hangs_on_the_deals_contact(deal, object_, contact):
    """The note goes to the contact (or stand-in) of its deal and names the deal in its provenance line."""
    built = hanging("notes", {"id": "n3", "body": "x", "deal_id": deal})
    note = built.one(Target.NOTE)
    assert note.payload["$url"]["contactId"] == {"$ref": built.one(Target.CONTACT, contact, object_).op_id}
    assert f"deal {'Roof' if deal == '5' else 'Alone'} ({deal})" in note.payload["body"]


def test_a_task_of_a_company_goes_to_its_primary_contact():
    """Tasks hang on contacts only: the company's primary contact takes them, and the line says so."""
    built = hanging("tasks", {"id": "7", "title": "Call", "company_id": "9", "due_at": at("2021-04-20 08:00")})
    task = built.one(Target.TASK)
    assert task.payload["$url"]["contactId"] == {"$ref": built.one(Target.CONTACT, "1").op_id}
    assert "company Acme (9)" in task.payload["body"] and "primary contact" in task.payload["body"]
    assert task.payload["dueDate"] == "2021-04-20T08:00:00.000Z"


@pytest.mark.parametrize(
    ("object_", "target"),
    [("tasks", Target.TASK), ("notes", Target.NOTE), ("appointments", Target.APPOINTMENT), ("activities", Target.NOTE)],
)
def test_missing_parents_get_a_marked_placeholder(object_, target):
    """Nothing is dropped: a record whose contact is not in the export hangs on a placeholder that says which it is."""
    lost = pd.DataFrame(
        [{"object": object_, "source_id": "8", "field": "contact_id", "text": "4711", "reason": "dangling"}]
    )
    built = hanging(
        object_,
        {"id": "8", "title": "T", "body": "b", "start_at": at("2021-01-01"), "contact_id": None},
        not_converted=lost,
    )
    singular = {"tasks": "task", "notes": "note", "appointments": "appointment", "activities": "activity"}[object_]
    holder = built.one(Target.CONTACT, "8", object_)
    assert built.custom(holder)["Perfect Books ID"] == f"{singular}:8"
    operation = built.one(target)
    assert holder.op_id in operation.depends_on and f"{singular}_without_contact" in built.codes()
    assert "4711" in str(operation.payload)


def test_a_task_without_a_due_date_gets_the_documented_one():
    """HighLevel requires a due date: the created date stands in, said in the body."""
    built = hanging("tasks", {"id": "7", "title": "Call", "contact_id": "1", "created_at": at("2021-02-03 10:00")})
    payload = built.one(Target.TASK).payload
    assert payload["dueDate"].startswith("2021-02-03T10:00") and "no due date" in payload["body"]


@pytest.mark.parametrize(
    ("row", "done"),
    [
        ({"completed": True}, True),
        ({"status": "Not started"}, False),
        ({"status": "Completed"}, True),
        ({"status": "Erledigt"}, True),
    ],
)
def test_completed_from_flag_or_status(row, done):
    """The flag decides, else the status word."""
    assert (
        hanging("tasks", {"id": "7", "title": "x", "contact_id": "1", **row}).one(Target.TASK).payload["completed"]
        is done
    )


def test_an_activity_tells_type_direction_time_duration_outcome():
    """Calls become notes that begin with what happened and when."""
    row = {
        "id": "a1",
        "type": "call",
        "direction": "outbound",
        "at": at("2021-03-04 14:30"),
        "duration": 3900.0,
        "outcome": "reached",
        "subject": "Offer",
        "body": "yes",
        "contact_id": "1",
    }
    body = hanging("activities", row).one(Target.NOTE).payload["body"]
    assert (
        "Call · outbound · 2021-03-04T09:30:00-05:00 · 1 h 5 min · reached" in body
        and "Offer" in body
        and "PB:activities:a1" in body
    )


def appointment(**row) -> Built:
    """A plan of one appointment in Toronto."""
    return hanging(
        "appointments",
        {
            "id": "T1",
            "title": "Meet",
            "contact_id": "1",
            "start_at": at("2021-03-08 14:00"),
            "end_at": at("2021-03-08 15:00"),
            **row,
        },
        **{"policy": {}},
    )


def test_nobody_is_told_about_an_appointment():
    """No notification, no slot check, the offset of its own zone."""
    payload = appointment(timezone="Europe/Berlin", location="Office", status="No-Show").one(Target.APPOINTMENT).payload
    assert payload["toNotify"] is False and payload["ignoreFreeSlotValidation"] is True
    assert payload["startTime"] == "2021-03-08T15:00:00+01:00" and payload["endTime"] == "2021-03-08T16:00:00+01:00"
    assert payload["appointmentStatus"] == "noshow" and payload["address"] == "Office"


def test_a_series_becomes_single_appointments_with_wall_clock_times():
    """Weekly over the change of clocks: the same hour on the wall, exceptions left out, a marker each."""
    built = appointment(recurrence="FREQ=WEEKLY;COUNT=4", exceptions="2021-03-22")
    found = built.of(Target.APPOINTMENT)
    assert [op.payload["startTime"] for op in found] == [
        "2021-03-08T09:00:00-05:00",
        "2021-03-15T09:00:00-04:00",
        "2021-03-29T09:00:00-04:00",
    ]
    assert len({op.op_id for op in found}) == len({op.marker for op in found}) == 3
    assert all(op.marker in op.payload["description"] for op in found)


def test_an_endless_series_ends_a_year_after_the_export():
    """The newest date of the export decides, not the day of the run."""
    found = appointment(recurrence="FREQ=MONTHLY", created_at=at("2021-06-10")).of(Target.APPOINTMENT)
    assert found[-1].payload["startTime"].startswith("2022-06-08")


def test_whole_days_run_from_midnight_to_midnight():
    """An all-day appointment takes its local day whatever the clocks do."""
    payload = appointment(all_day=True, start_at=at("2021-03-14 05:00"), end_at=None).one(Target.APPOINTMENT).payload
    assert (payload["startTime"], payload["endTime"]) == ("2021-03-14T00:00:00-05:00", "2021-03-15T00:00:00-04:00")


def test_a_missing_end_is_half_an_hour_and_said():
    """Thirty minutes, in the provenance line and among the problems."""
    built = appointment(end_at=None)
    payload = built.one(Target.APPOINTMENT).payload
    assert (
        payload["endTime"] == "2021-03-08T09:30:00-05:00"
        and "no end" in payload["description"]
        and "appointment_without_end" in built.codes()
    )


@pytest.mark.parametrize(
    ("end", "said"), [(None, "2021-03-08T10:30:00-05:00"), ("2021-03-08 14:45", "2021-03-08T09:45:00-05:00")]
)
def test_a_length_ends_an_appointment_that_has_no_end(end, said):
    """The end is the start and the length, which is told; an end that the export says goes before."""
    payload = appointment(length=5400.0, end_at=at(end) if end else None).one(Target.APPOINTMENT).payload
    assert payload["endTime"] == said and "length 1 h 30 min" in payload["description"]


def test_an_appointment_without_a_start_is_kept_as_a_note():
    """HighLevel has none without a time: a note keeps it."""
    note = appointment(start_at=None, end_at=None).one(Target.NOTE, object_="appointments")
    assert "Meet" in note.payload["body"] and "PB:appointments:T1" in note.payload["body"]


def test_owner_outside_the_calendars_team_is_not_assigned():
    """The named calendar's team decides; the owner stays in the provenance line."""
    destination = place(calendars=({"id": "C", "name": "Meetings", "user_ids": ["U2"]},))
    row = {
        "id": "T1",
        "contact_id": "1",
        "owner": "7",
        "start_at": at("2021-03-08 14:00"),
        "end_at": at("2021-03-08 15:00"),
    }
    built = hanging(
        "appointments",
        row,
        destination=destination,
        policy={"calendar": "meetings"},
        mapping=Mapped(owners={"7": "U1"}),
    )
    payload = built.one(Target.APPOINTMENT).payload
    assert payload["calendarId"] == "C" and "assignedUserId" not in payload and "owner 7" in payload["description"]


FILES = {
    "files/a.pdf": ExportFile("/ws/files/a.pdf", 10),
    "files/big.pdf": ExportFile("/ws/files/big.pdf", 26 * 1024 * 1024),
    "files/p.webp": ExportFile("/ws/p", 5),
}


def test_a_contacts_file_goes_into_its_field():
    """A file of a kind that the field takes is uploaded there, wherever its path's slashes point."""
    built = hanging(
        "attachments", {"id": "f1", "file_name": "A.pdf", "path": "files\\A.pdf", "contact_id": "1"}, files=FILES
    )
    file = built.one(Target.FILE)
    assert file.kind is Kind.UPLOAD and file.payload["$file"]["path"] == "/ws/files/a.pdf"
    assert not built.of(Target.MEDIA)


@pytest.mark.parametrize("parent", [{"company_id": "9"}, {"deal_id": "5"}])
def test_other_files_go_to_the_library_with_a_link(parent):
    """Files of companies and deals are uploaded once and linked in a note there."""
    built = hanging("attachments", {"id": "f1", "file_name": "a.pdf", "path": "files/a.pdf", **parent}, files=FILES)
    media, note = built.one(Target.MEDIA), built.one(Target.NOTE)
    assert f"{{{{ref:{media.op_id}:url}}}}" in note.payload["body"] and media.op_id in note.depends_on


def test_a_notes_file_is_linked_in_the_note():
    """No note of its own for a file that a note has."""
    tables = {
        "contacts": PEOPLE,
        "notes": frame({"id": "n1", "body": "see file", "contact_id": "1"}),
        "attachments": frame({"id": "f1", "path": "files/a.pdf", "note_id": "n1"}),
    }
    built = Built(inputs(tables, files=FILES))
    assert built.one(Target.MEDIA).op_id in built.one(Target.NOTE).depends_on


@pytest.mark.parametrize(
    "row",
    [
        {"path": "files/big.pdf"},
        {"path": "files/none.pdf"},
        {"url": "file:///etc/passwd"},
        {"path": "files/a.pdf", "size": 3e7, "url": ""},
    ],
)
def test_too_big_missing_or_local_files_are_never_sent(row):
    """Over 25 MB, not in the export, or no web address: skipped with the reason, and told."""
    built = hanging(
        "attachments",
        {"id": "f1", "contact_id": "1", **row},
        files={k: v for k, v in FILES.items() if not row.get("size")} if row.get("size") else FILES,
    )
    (operation,) = [op for op in built.plan.operations if op.object == "attachments"]
    assert operation.kind is Kind.SKIP and operation.reason and "file_not_sent" in built.codes()


def test_an_inline_image_is_uploaded_and_linked(tmp_path):
    """An image inside a note becomes a file under its content hash, an upload, and a link."""
    pixel = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 20).decode()
    built = hanging(
        "notes",
        {"id": "n1", "contact_id": "1", "body": f'<p>Plan</p><img src="data:image/png;base64,{pixel}">'},
        inline_files=tmp_path,
    )
    media = built.one(Target.MEDIA)
    assert f"{{{{ref:{media.op_id}:url}}}}" in built.one(Target.NOTE).payload["body"]
    assert (tmp_path / media.payload["$file"]["path"].rsplit("/", 1)[-1]).read_bytes().startswith(b"\x89PNG")


def test_recurrence_until_of_the_settings_wins():
    """migration.toml names the last day of endless series."""
    row = {
        "id": "T1",
        "contact_id": "1",
        "start_at": at("2021-03-08 14:00"),
        "end_at": at("2021-03-08 15:00"),
        "recurrence": "FREQ=DAILY",
    }
    built = hanging("appointments", row, policy={"recurrence_until": str(date(2021, 3, 10))})
    assert len(built.of(Target.APPOINTMENT)) == 3
