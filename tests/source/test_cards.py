"""vCard and iCalendar files become tables; formats that are not read say what to export instead."""

from __future__ import annotations

import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl.errors import ExportError
from pb2hl.limits import LIMITS
from pb2hl.source import read_export
from pb2hl.source.cards import read_cards
from pb2hl.source.workbooks import read_workbook

VCARDS = """BEGIN:VCARD
VERSION:3.0
UID:c-1
N:Roe;Jane;;Dr.;
FN:Dr. Jane Roe
ORG:Acme\\, Inc.;Sales
TITLE:Head of Sales
item1.EMAIL;TYPE=INTERNET,PREF:jane@acme.example
EMAIL;TYPE=HOME:jane@home.example
TEL;TYPE=CELL:+1 212 555 0142
TEL;TYPE=WORK,FAX:+1 212 555 0199
TEL;TYPE="voice,work":+1 212 555 0100
ADR;TYPE=WORK:;;1 Main St;New York;NY;10001;USA
NOTE:first line\\nsecond; with a very long text that is fol
 ded over two lines
BDAY:19800412
CATEGORIES:VIP,Partner
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=BCrgen
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCrgen =
M=C3=BCller
TEL;HOME;VOICE:030 901820
END:VCARD
BEGIN:VCARD
FN:Cut Off
"""

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VTIMEZONE
TZID:America/Toronto
BEGIN:STANDARD
DTSTART:19701101T020000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:e-1
SUMMARY:Weekly call
DTSTART;TZID=America/Toronto:20240506T090000
DURATION:PT1H30M
RRULE:FREQ=WEEKLY;COUNT=4
EXDATE;TZID=America/Toronto:20240513T090000
ATTENDEE;CN="Roe, Jane":mailto:jane@acme.example
ORGANIZER;CN=Sam:MAILTO:sam@agency.example
BEGIN:VALARM
SUMMARY:not this one
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:e-1
RECURRENCE-ID;TZID=America/Toronto:20240520T090000
SUMMARY:Weekly call\\, moved
DTSTART;TZID=America/Toronto:20240521T100000
DTEND;TZID=America/Toronto:20240521T110000
END:VEVENT
BEGIN:VEVENT
UID:e-2
SUMMARY:Fair
DTSTART;VALUE=DATE:20240601
DTEND;VALUE=DATE:20240603
END:VEVENT
BEGIN:VTODO
UID:t-1
SUMMARY:Send offer
DUE:20240510T120000Z
STATUS:NEEDS-ACTION
END:VTODO
END:VCALENDAR
"""


def cells(table) -> list[dict[str, str]]:
    return table.frame.to_dict("records")


def test_vcards_of_every_version_become_contacts(tmp_path):
    """Groups, folded lines, quoted-printable text, kinds of phones, several addresses; a card that breaks off is told."""
    (tmp_path / "people.vcf").write_text(VCARDS.replace("\n", "\r\n"), encoding="utf-8")
    [table] = read_export(tmp_path / "people.vcf", into=tmp_path / "into").tables
    jane, juergen = cells(table)
    assert (jane["Id"], jane["First Name"], jane["Last Name"], jane["Company"], jane["Department"]) == (
        "c-1",
        "Jane",
        "Roe",
        "Acme, Inc.",
        "Sales",
    )
    assert (jane["Email"], jane["Email 2"], jane["Mobile"], jane["Fax"], jane["Phone"]) == (
        "jane@acme.example", "jane@home.example", "+1 212 555 0142", "+1 212 555 0199", "+1 212 555 0100",
    )  # fmt: skip
    assert (jane["Street"], jane["City"], jane["Postal Code"], jane["Tags"]) == (
        "1 Main St",
        "New York",
        "10001",
        "VIP,Partner",
    )
    assert jane["Description"] == "first line\nsecond; with a very long text that is folded over two lines"
    assert (juergen["Full Name"], juergen["Last Name"], juergen["Home Phone"]) == (
        "Jürgen Müller",
        "Müller",
        "030 901820",
    )
    assert [row.row for row in table.dropped] == [len(VCARDS.splitlines()) - 1] and list(table.rows) == [1, 20]


def test_calendars_become_appointments_and_tasks(tmp_path):
    """Zones, durations, series with exceptions and moved occurrences, whole days, people; alarms and zones are no events."""
    (tmp_path / "calendar.ics").write_text(CALENDAR)
    events, todos = read_export(tmp_path / "calendar.ics", into=tmp_path / "into").tables
    weekly, moved, fair = cells(events)
    assert (events.sheet, todos.sheet) == ("appointments", "tasks")
    assert (weekly["Title"], weekly["Start"], weekly["End"]) == (
        "Weekly call",
        "2024-05-06T09:00:00",
        "2024-05-06T10:30:00",
    )
    assert (weekly["Time Zone"], weekly["Recurrence"]) == ("America/Toronto", "FREQ=WEEKLY;COUNT=4")
    assert weekly["Exceptions"] == "2024-05-13T09:00:00, 2024-05-20T09:00:00"
    assert (weekly["Contact Email"], weekly["Owner"]) == ("jane@acme.example", "sam@agency.example")
    assert (moved["Title"], moved["Id"]) == ("Weekly call, moved", "e-1#2024-05-20T09:00:00")
    assert (fair["All Day"], fair["Start"], weekly["All Day"]) == ("yes", "2024-06-01", "no")
    assert cells(todos)[0]["Due"] == "2024-05-10T12:00:00Z"


@given(st.text(alphabet='BEGIN:VCARD\nEND;="\\ \tTELN=;,'))
def test_no_text_breaks_the_card_reader(text):
    """Whatever follows the first line, it is rows or a refusal in words."""
    try:
        tables = read_cards(("BEGIN:VCARD\n" + text).encode(), "x.vcf", LIMITS)
    except ExportError:
        return
    assert all(len(table.frame) == len(table.rows) for table in tables)


@pytest.mark.parametrize(
    ("name", "body", "what", "instead"),
    [
        ("bank.ofx", b"OFXHEADER:100\n<OFX></OFX>", "bank statement", "CSV"),
        ("bank.txt", b"!Type:Bank\nD01/02/2024\nT5\n^\n", "bank statement", "CSV"),
        ("mail.mbox", b"From a@b Thu Jan 1\n", "mailbox", "vCard"),
        ("mail.pst", b"!BDN\0\0", "mailbox", "iCalendar"),
        ("sheet.numbers", b"PK\x03\x04", "Numbers", "Excel"),
        ("crm.accdb", b"\x00\x01\x00\x00Standard ACE DB", "Access", "CSV"),
        ("books.qbw", b"\0\0", "QuickBooks", "xlsx"),
        ("export.csv.gz", b"\x1f\x8b\x08", "packed archive", "unpack"),
        ("export.7z", b"7z\xbc\xaf\x27\x1c", "packed archive", "zip"),
        ("contacts.csv", b"Rar!\x1a\x07", "packed archive", "unpack"),
        ("report.pdf", b"%PDF-1.7", "PDF", "CSV"),
        ("list.docx", b"PK\x03\x04", "text document", "CSV"),
    ],
)
def test_formats_that_are_not_read_say_what_to_export_instead(tmp_path, name, body, what, instead):
    """By name or by first bytes, whatever the name says."""
    (tmp_path / name).write_bytes(body)
    with pytest.raises(ExportError) as refusal:
        read_export(tmp_path / name, into=tmp_path / "into")
    assert what in str(refusal.value) and instead in str(refusal.value)


def test_documents_beside_tables_are_attachments(tmp_path):
    """A PDF beside tables is nobody's mistake; a bank statement is told."""
    (tmp_path / "contacts.csv").write_text("id,name\n1,a\n")
    (tmp_path / "offer.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "bank.qif").write_bytes(b"!Type:Bank\n")
    export = read_export(tmp_path, into=tmp_path / "into")
    assert [file for file, _ in export.unread] == ["bank.qif"] and "offer.pdf" in set(export.files)


def test_numbers_that_no_float_holds_are_read_from_the_files_text(tmp_path):
    """Ids of more than fifteen digits keep every one; those that the saving program has cut are told, not invented."""
    book = openpyxl.Workbook()
    book.active.append(["id", "name"])
    for number in (1, 2, 3):
        book.active.append([number, "x"])
    book.save(tmp_path / "plain.xlsx")
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as old, zipfile.ZipFile(tmp_path / "long.xlsx", "w") as new:
        for info in old.infolist():
            body = old.read(info)
            if info.filename.endswith("sheet1.xml"):
                for short, long in (
                    (b"<v>1</v>", b"<v>12345678901234567893</v>"),
                    (b"<v>2</v>", b"<v>9007199254740993</v>"),
                    (b"<v>3</v>", b"<v>1.23456789012345E+17</v>"),
                ):
                    assert body.count(short) == 1
                    body = body.replace(short, long)
            new.writestr(info, body)
    grids, problems = read_workbook((tmp_path / "long.xlsx").read_bytes(), "long.xlsx", LIMITS)
    assert grids[0][1].frame[0].tolist()[1:3] == ["12345678901234567893", "9007199254740993"]
    [told] = problems
    assert told.code == "rounded_numbers" and "A4" in told.message and told.sheet == "Sheet"


def test_cards_of_companies_are_companies():
    """A card that says it is a company's is none of a person, in the standard's words or in Apple's."""
    cards = "".join(
        f"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:{name}\r\n{said}EMAIL:info@{name}.example\r\nEND:VCARD\r\n"
        for name, said in (
            ("ann", ""),
            ("acme", "KIND:org\r\n"),
            ("beta", "X-ABShowAs:COMPANY\r\n"),
            ("bo", "KIND:individual\r\n"),
        )
    )
    found = {table.sheet: list(table.frame["Full Name"]) for table in read_cards(cards.encode(), "a.vcf", LIMITS)}
    assert found == {"contacts": ["ann", "bo"], "companies": ["acme", "beta"]}
