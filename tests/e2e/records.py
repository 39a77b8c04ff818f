"""An export of everything that hangs on records: bodies of every kind, series, files, dangling parents, workflows."""

from __future__ import annotations

import base64
import csv
import json
from pathlib import Path

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DATA_URI = "data:image/png;base64," + base64.b64encode(PNG).decode()
TOO_BIG = 25 * 1024 * 1024 + 1

USERS = [
    ["id", "name", "email", "active"],
    ["1", "Alice Martin", "ALICE@rehearsal.example", "yes"],
    ["2", "Ben Okafor", "ben@rehearsal.example", "yes"],
]
COMPANIES = [
    ["id", "name", "domain", "created_at"],
    ["K1", "North Mill", "north-mill.example", "2020-01-01T00:00:00Z"],
    ["K2", "Lonely Ltd", "lonely.example", "2020-01-02T00:00:00Z"],
]
CONTACTS = [
    ["id", "first_name", "last_name", "email", "phone", "company_id", "owner", "created_at"],
    ["1", "Ann", "Lee", "ann@north-mill.example", "613-555-0101", "K1", "1", "2021-01-01T10:00:00Z"],
    ["2", "Bob", "Ray", "bob@north-mill.example", "613-555-0102", "K1", "2", "2021-01-02T10:00:00Z"],
]
DEALS = [
    ["id", "name", "contact_id", "company_id", "pipeline", "stage", "status", "amount", "owner", "created_at"],
    ["1", "Roof", "2", "K1", "Sales", "New", "open", "100", "1", "2021-02-01T10:00:00Z"],
    ["2", "Nobody's", "", "", "Sales", "New", "open", "200", "1", "2021-02-02T10:00:00Z"],
]
NOTES = [
    {"id": "1", "body": "Plain & simple\nsecond line", "contact_id": "1", "author": "Alice Martin", "created_at": "2021-03-01T15:00:00Z", "updated_at": "2021-03-02T15:00:00Z"},
    {"id": "2", "body": "<p onclick=\"steal()\">Hi <b>Ann</b><script>alert(1)</script> <a href='javascript:x()'>go</a></p>", "contact_id": "1", "author": "ben@rehearsal.example", "created_at": "2021-03-03T15:00:00Z"},
    {"id": "3", "body": "# Heading\n\n- one\n- **two**\n", "contact_id": "1", "author": "1", "created_at": "2021-03-04T15:00:00Z"},
    {"id": "4", "body": r"{\rtf1\ansi {\b Bold} caf\'e9\par next}", "contact_id": "2", "author": "1", "created_at": "2021-03-05T15:00:00Z"},
    {"id": "5", "body": f'<p>Look: <img src="{DATA_URI}" alt="dot"> and <img src="plan.png"></p>', "contact_id": "1", "author": "1", "created_at": "2021-03-06T15:00:00Z"},
    {"id": "6", "body": '<p>Inside <img src="http://169.254.169.254/latest/meta-data/x.png" alt="meta"> text</p>', "contact_id": "1", "author": "1", "created_at": "2021-03-07T15:00:00Z"},
    {"id": "7", "body": "About the mill", "company_id": "K1", "author": "1", "created_at": "2021-03-08T15:00:00Z"},
    {"id": "8", "body": "About the roof", "deal_id": "1", "author": "1", "created_at": "2021-03-09T15:00:00Z"},
    {"id": "9", "body": "About nobody's deal", "deal_id": "2", "author": "1", "created_at": "2021-03-10T15:00:00Z"},
    {"id": "10", "body": "Lost parent", "contact_id": "4711", "author": "Someone Gone", "created_at": "2021-03-11T15:00:00Z"},
    {"id": "11", "body": "With a file", "contact_id": "1", "author": "1", "created_at": "2021-03-12T15:00:00Z"},
    {"id": "12", "body": "", "contact_id": "2", "author": "1", "created_at": "2021-03-13T15:00:00Z"},
]  # fmt: skip
TASKS = [
    ["id", "title", "body", "due_at", "status", "completed_at", "owner", "contact_id", "company_id", "deal_id", "created_at"],
    ["1", "Call Ann", "", "2021-04-20T08:00:00Z", "open", "", "1", "1", "", "", "2021-04-01T08:00:00Z"],
    ["2", "Send offer", "with prices", "2021-04-21T08:00:00Z", "Completed", "2021-04-20T08:00:00Z", "2", "1", "", "", "2021-04-02T08:00:00Z"],
    ["3", "No due date", "", "", "not started", "", "1", "1", "", "", "2021-04-03T08:00:00Z"],
    ["4", "For the mill", "", "2021-04-23T08:00:00Z", "open", "", "1", "", "K1", "", "2021-04-04T08:00:00Z"],
    ["5", "For the roof", "", "2021-04-24T08:00:00Z", "open", "", "1", "", "", "1", "2021-04-05T08:00:00Z"],
    ["6", "Lost contact", "", "2021-04-25T08:00:00Z", "open", "", "1", "999", "", "", "2021-04-06T08:00:00Z"],
    ["7", "Nobody at all", "", "2021-04-26T08:00:00Z", "deferred", "", "1", "", "", "", "2021-04-07T08:00:00Z"],
    ["8", "Lonely company", "", "2021-04-27T08:00:00Z", "in progress", "", "1", "", "K2", "", "2021-04-08T08:00:00Z"],
]  # fmt: skip
ACTIVITIES = [
    ["id", "type", "direction", "subject", "body", "at", "duration", "outcome", "contact_id", "owner"],
    ["1", "call", "outbound", "Intro", "Spoke & agreed", "2021-05-01T14:00:00Z", "330", "connected", "1", "1"],
    ["2", "email", "inbound", "Re: offer", "<p>Thanks</p>", "2021-05-02T14:00:00Z", "", "", "2", "2"],
    ["3", "meeting", "", "On site", "", "2021-12-03T14:00:00Z", "3600", "held", "1", "1"],
    ["4", "sms", "outbound", "", "On my way", "2021-05-04T14:00:00Z", "", "delivered", "1", "1"],
    ["5", "call", "inbound", "Unknown caller", "", "2021-05-05T14:00:00Z", "60", "missed", "888", "1"],
]
APPOINTMENTS = [
    ["id", "title", "start_at", "end_at", "all_day", "timezone", "location", "status", "recurrence", "exceptions", "owner", "contact_id", "company_id"],
    ["1", "Single", "2021-06-01 09:00", "2021-06-01 10:00", "", "", "Mill Rd 1", "confirmed", "", "", "1", "1", ""],
    ["2", "Over spring DST", "2021-03-01 09:00", "2021-03-01 09:45", "", "", "", "confirmed", "FREQ=WEEKLY;COUNT=4", "", "1", "1", ""],
    ["3", "Over autumn DST", "2021-10-25 09:00", "2021-10-25 10:00", "", "", "", "confirmed", "FREQ=WEEKLY;UNTIL=20211115", "2021-11-01", "1", "1", ""],
    ["4", "In words", "2021-07-05 14:00", "2021-07-05 15:00", "", "", "", "confirmed", "weekly until 2021-07-19", "", "2", "2", ""],
    ["5", "All day", "2021-08-10", "2021-08-11", "yes", "", "", "confirmed", "", "", "1", "1", ""],
    ["6", "In Berlin", "2021-06-02 09:00", "2021-06-02 10:00", "", "Europe/Berlin", "", "cancelled", "", "", "1", "1", ""],
    ["7", "No end", "2021-06-03 09:00", "", "", "", "", "no show", "", "", "1", "1", ""],
    ["8", "Lost contact", "2021-06-04 09:00", "2021-06-04 10:00", "", "", "", "completed", "", "", "1", "777", ""],
    ["9", "Endless", "2021-12-06 09:00", "2021-12-06 09:30", "", "", "", "confirmed", "FREQ=MONTHLY;BYMONTHDAY=6", "", "1", "1", ""],
    ["10", "Owner elsewhere", "2021-06-05 09:00", "2021-06-05 10:00", "", "", "", "tentative", "", "", "2", "2", ""],
]  # fmt: skip
ATTACHMENTS = [
    ["id", "file_name", "path", "url", "size", "mime_type", "contact_id", "company_id", "deal_id", "note_id", "uploaded_at"],
    ["1", "quote.pdf", "files/quote.pdf", "", "9", "application/pdf", "1", "", "", "", "2021-06-01T08:00:00Z"],
    ["2", "mill.pdf", "files/mill.pdf", "", "8", "application/pdf", "", "K1", "", "", "2021-06-02T08:00:00Z"],
    ["3", "roof.png", "files/roof.png", "", str(len(PNG)), "image/png", "", "", "1", "", "2021-06-03T08:00:00Z"],
    ["4", "memo.txt", "files/memo.txt", "", "4", "text/plain", "", "", "", "11", "2021-06-04T08:00:00Z"],
    ["5", "film.mp4", "files/film.mp4", "", str(TOO_BIG), "video/mp4", "1", "", "", "", "2021-06-05T08:00:00Z"],
    ["6", "gone.pdf", "files/gone.pdf", "", "5", "application/pdf", "1", "", "", "", "2021-06-06T08:00:00Z"],
    ["7", "passwd.txt", "../../../../../../etc/passwd", "", "5", "text/plain", "1", "", "", "", "2021-06-07T08:00:00Z"],
    ["8", "inside.pdf", "", "http://127.0.0.1:9/inside.pdf", "5", "application/pdf", "1", "", "", "", "2021-06-08T08:00:00Z"],
    ["9", "local.txt", "", "file:///etc/passwd", "5", "text/plain", "1", "", "", "", "2021-06-09T08:00:00Z"],
]  # fmt: skip
WORKFLOWS = [
    {
        "name": "Welcome",
        "kind": "sequence",
        "trigger": "contact created",
        "conditions": "tag is lead",
        "steps": [
            {"action": "send email", "delay": "1 day"},
            {"action": "create task: call <b>them</b>", "delay": "3 days"},
        ],
        "active": True,
    }
]


def records(folder: Path, *, leave_out: tuple[str, ...] = ()) -> Path:
    """The export as a folder of CSV and JSON Lines with its files beside it."""
    (folder / "files").mkdir(parents=True)
    for name, rows in (
        ("users", USERS),
        ("companies", COMPANIES),
        ("contacts", CONTACTS),
        ("deals", DEALS),
        ("tasks", TASKS),
        ("activities", ACTIVITIES),
        ("appointments", APPOINTMENTS),
        ("attachments", ATTACHMENTS),
    ):
        if name in leave_out:
            continue
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows(rows)
    (folder / "notes.jsonl").write_text("\n".join(json.dumps(note) for note in NOTES), encoding="utf-8")
    (folder / "workflows.json").write_text(json.dumps(WORKFLOWS), encoding="utf-8")
    for name, content in (("quote.pdf", b"%PDF-1.4\n"), ("mill.pdf", b"%PDF-1.\n"), ("roof.png", PNG), ("plan.png", PNG), ("memo.txt", b"memo")):  # fmt: skip
        (folder / "files" / name).write_bytes(content)
    with open(folder / "files" / "film.mp4", "wb") as out:
        out.truncate(TOO_BIG)
    return folder
