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
    [table, photos] = read_export(tmp_path / "people.vcf", into=tmp_path / "into").tables
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
        "VIP, Partner",
    )
    assert jane["Description"] == "first line\nsecond; with a very long text that is folded over two lines"
    assert (juergen["Full Name"], juergen["Last Name"], juergen["Phone"]) == (
        "Jürgen Müller",
        "Müller",
        "030 901820",
    )
    assert cells(photos)[0]["File Name"] == "Photo Dr. Jane Roe.jpg" and cells(photos)[0]["Contact Id"] == "c-1"
    assert [row.row for row in table.dropped] == [len(VCARDS.splitlines()) - 1] and list(table.rows) == [1, 20]


def test_calendars_become_appointments_and_tasks(tmp_path):
    """Zones, durations, series with exceptions and moved occurrences, whole days, people; alarms and zones are no events."""
    (tmp_path / "calendar.ics").write_text(CALENDAR)
    events, todos, guests = read_export(tmp_path / "calendar.ics", into=tmp_path / "into").tables
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
    assert cells(guests) == [{"Full Name": "Roe, Jane", "Email": "jane@acme.example"}]
    assert cells(todos)[0]["Due"] == "2024-05-10T12:00:00Z"


def read(text: str | bytes, name: str = "a.vcf"):
    """{sheet: rows} of a file, and the tables themselves."""
    raw = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode()
    tables = read_cards(raw, name, LIMITS)
    return {table.sheet: cells(table) for table in tables}, tables


def card(lines: str, version: str = "3.0") -> str:
    """One card."""
    return f"BEGIN:VCARD\nVERSION:{version}\n{lines}\nEND:VCARD\n"


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ("FN:A\nitem1.TEL:+1 212 555 0177\nitem1.X-ABLabel:Boat", {"Phone": "+1 212 555 0177", "Called": "Phone: Boat"}),
        ("FN:A\nitem1.URL:https://a.example\nitem1.X-ABLabel:_$!<HomePage>!$_", {"Website": "https://a.example"}),
        ("FN:A\nitem1.X-ABDATE:2015-05-09\nitem1.X-ABLabel:_$!<Anniversary>!$_", {"Date": "2015-05-09 (Anniversary)"}),
        ("FN:A\nRELATED;TYPE=spouse;VALUE=text:Emil", {"Related": "Emil (spouse)"}),
        ("FN:A\nBDAY;X-APPLE-OMIT-YEAR=1604:1604-03-15", {"Birthday": "--03-15"}),
        ("FN:A\nBDAY:--0315", {"Birthday": "--03-15"}),
        ("FN:A\nEMAIL;PREF=2:b@x.example\nEMAIL;PREF=1:a@x.example", {"Email": "a@x.example", "Email 2": "b@x.example"}),
        ("FN:A\nTEL;TYPE=WORKFAX:+49301\nTEL;TYPE=pager:+49302", {"Fax": "+49301", "Pager": "+49302"}),
        ("FN:A\nTEL;TYPE=HOME:+49301", {"Phone": "+49301"}),
        ("FN:A\nCATEGORIES:Supplier;Press", {"Tags": "Supplier, Press"}),
        ("FN:A\nCATEGORIES:Supplier,Roe\\, Jane", {"Tags": "Supplier; Roe, Jane"}),
        ("FN:A\nNOTE:one\ntwo: and more", {"Description": "one\ntwo: and more"}),
        ("FN:A\nTEL;X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,B=C3=BCro):+49301", {"Called": "Phone: Büro"}),
        ("FN:Ann Roe\nN:Roe;Ann;Mary,Lou;Prof.,Dr.;", {"Middle Name": "Mary Lou", "Name Prefix": "Prof. Dr."}),
        ("FN:Ann Roe\nN:;Ann Roe;;;", {"Full Name": "Ann Roe", "First Name": None}),
        ("FN:Ann Roe\nFN:Ann B. Roe", {"Full Name": "Ann Roe", "Full Name 2": "Ann B. Roe"}),
        ("FN:A\nX-ANDROID-CUSTOM:vnd.android.cursor.item/relation;Jo;14;;", {"Related": "Jo (spouse)"}),
    ],
)  # fmt: skip
def test_what_address_books_write_beside_the_standard_is_understood(lines, wanted):
    """Labels, days without a year, the preferred address, faxes and pagers, lists of tags, unfolded notes: no value and no sense is lost."""
    [row] = read(card(lines))[0]["contacts"]
    assert {heading: row.get(heading) for heading in wanted} == wanted


def test_every_address_of_a_card_stays_whole():
    """A further address repeats its state and country; the only address of a card is its address, wherever it is."""
    adr = "ADR;TYPE={}:{};;{};{};MA;0;USA\n"
    lines = (
        "FN:A\n"
        + adr.format("HOME", "", "1 A St", "Lynn")
        + adr.format("WORK", "", "2 B St", "Salem")
        + adr.format("WORK", "PO 9", "3 C St", "Hull")
    )
    both, one = read(card(lines.strip()) + card("FN:B\n" + adr.format("HOME", "", "4 D St", "Troy").strip()))[0][
        "contacts"
    ]
    assert (both["Street"], both["Home Street"], both["Work Street"], both["Work State"], both["Home Country"]) == (
        "2 B St", "1 A St", "3 C St", "MA", "USA",
    )  # fmt: skip
    assert both["Work PO Box"] == "PO 9" and (one["Street"], one["City"], one["Home Street"]) == ("4 D St", "Troy", "")


def test_groups_are_tags_of_their_members():
    """A group is nobody; whom it holds bears its name, and a member that is no card of the file is listed."""
    book = card("UID:urn:uuid:1\nFN:Ann\nEMAIL:ann@x.example", "4.0") + card("UID:2\nFN:Bo\nCATEGORIES:VIP", "4.0")
    book += card("KIND:group\nFN:Club\nMEMBER:urn:uuid:1\nMEMBER:urn:uuid:2\nMEMBER:urn:uuid:9", "4.0")
    book += card("FN:Firms\nX-ADDRESSBOOKSERVER-KIND:group\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:2")
    book += card("KIND:group\nFN:Mail\nMEMBER:mailto:ann@x.example", "4.0")
    rows, tables = read(book)
    assert [(row["Full Name"], row["Tags"]) for row in rows["contacts"]] == [
        ("Ann", "Club, Mail"),
        ("Bo", "VIP, Club, Firms"),
    ]
    assert [item.cells for item in tables[0].dropped] == [("Club: urn:uuid:9",)]


def test_cards_that_name_a_company_and_nobody_are_companies():
    """Google and phones write a company's card without a name, or with the company's in its place."""
    firms = (
        card("FN:Walnut Ltd\nN:;;;;\nORG:Walnut Ltd;")
        + card("FN:\nN:;;;;\nORG:Yew & Sons")
        + card("FN:Zoe\nN:Zed;Zoe\nORG:Zoe")
    )
    rows, _ = read(firms)
    assert [row["Name"] for row in rows["companies"]] == ["Walnut Ltd", "Yew & Sons"]
    assert [row["Full Name"] for row in rows["contacts"]] == ["Zoe"]


def test_pictures_in_cards_are_files_of_their_records():
    """Base64 of every version, folded or not, each once; a link stays a link, what cannot be decoded is told."""
    shot = "/9j/4AAQSkZJRgABAQAAAQABAAD/"
    book = card(
        f"FN:A\nEMAIL:a@x.example\nPHOTO;ENCODING=BASE64;JPEG:\n{shot[:12]}\n{shot[12:]}\n\nX-MS-CARDPICTURE;ENCODING=BASE64:{shot}",
        "2.1",
    )
    book += card(f"UID:u-2\nFN:B\nPHOTO:data:image/png;base64,{shot}", "4.0") + card(
        "FN:C\nPHOTO:https://x.example/c.jpg"
    )
    book += card("FN:D\nPHOTO;ENCODING=b;TYPE=JPEG:&&&")
    rows, tables = read(book)
    assert [(row["File Name"], row["Contact Id"]) for row in rows["attachments"]] == [
        ("Photo A.jpg", "a@x.example"),
        ("Photo B.png", "u-2"),
    ]
    assert rows["attachments"][0]["Content"] == f"data:image/jpeg;base64,{shot}"
    assert rows["contacts"][2]["Photo"] == "https://x.example/c.jpg" and "Photo" not in rows["contacts"][0].values()
    assert [item.code for item in tables[0].problems] == ["card_file_damaged"]


def test_lines_in_a_character_set_of_their_own_are_read_in_it():
    """Outlook and old phones name a set for each line; a file may hold several."""
    lines = [b"BEGIN:VCARD", b"VERSION:2.1", "FN;CHARSET=Windows-1252:Jürgen Groß".encode("cp1252"), "ORG;CHARSET=UTF-8:Żak".encode(),
             "TITLE;CHARSET=koi8-r:Директор".encode("koi8-r"), b"END:VCARD"]  # fmt: skip
    [row] = read(b"\r\n".join(lines))[0]["contacts"]
    assert (row["Full Name"], row["Company"], row["Job Title"]) == ("Jürgen Groß", "Żak", "Директор")


def test_letters_are_not_torn_by_folds():
    """Programs that count bytes fold within a letter."""
    name = "Владимир Ященко".encode()
    raw = b"BEGIN:VCARD\r\nFN:" + name[:9] + b"\r\n " + name[9:] + b"\r\nEND:VCARD\r\n"
    assert read(raw)[0]["contacts"][0]["Full Name"] == "Владимир Ященко"


def calendar(body: str, head: str = "") -> str:
    """A calendar around entries."""
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{body}END:VCALENDAR\n"


def event(lines: str, kind: str = "VEVENT") -> str:
    """One entry."""
    return f"BEGIN:{kind}\nUID:1\nSUMMARY:x\n{lines}\nEND:{kind}\n"


CUSTOM = """BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0530
TZOFFSETTO:+0530
END:STANDARD
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:Ours
BEGIN:STANDARD
DTSTART:16011028T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010325T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ("DTSTART;TZID=Customized Time Zone:20290507T093000", {"Time Zone": "+05:30"}),
        ("DTSTART;TZID=Ours:20290507T093000", {"Time Zone": "Europe/Berlin"}),
        ("DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Rome:20290507T093000", {"Time Zone": "Europe/Rome"}),
        ("DTSTART;TZID=W. Europe Standard Time:20290507T093000", {"Time Zone": "W. Europe Standard Time"}),
        ("DTSTART;TZID=Nowhere:20290507T093000", {"Time Zone": "Nowhere"}),
        ("DTSTART:20290507T093000", {"Time Zone": "Asia/Tokyo"}),
        ("DTSTART;VALUE=DATE:20290507", {"Time Zone": "", "All Day": "yes"}),
        ("DTSTART;TZID=America/New_York:20290508T090000\nDTEND;TZID=America/Los_Angeles:20290508T090000", {"End": "2029-05-08T09:00:00-07:00"}),
        ("DTSTART:20290507T093000Z\nX-ALT-DESC;FMTTYPE=text/html:<p>Only here</p>", {"Description": "<p>Only here</p>"}),
        ("DTSTART:20290507T093000Z\nATTENDEE:bob@b.example", {"Contact Email": "bob@b.example"}),
        ("DTSTART:20290507T093000Z\nORGANIZER:mailto:s@a.example\nATTENDEE:mailto:s@a.example\nATTENDEE;CN=Ann;PARTSTAT=DECLINED:mailto:ann@b.example"
         "\nATTENDEE;CUTYPE=ROOM;CN=Room:mailto:room@a.example",
         {"Contact Email": "ann@b.example", "Invited": "s@a.example; Ann (ann@b.example) declined; Room (room@a.example)"}),
        ("DTSTART:20290507T093000Z\nCATEGORIES:Sales\nURL:https://x.example\nCLASS:PUBLIC", {"Categories": "Sales", "Web Page": "https://x.example"}),
    ],
)  # fmt: skip
def test_what_calendars_say_of_an_event_is_kept(lines, wanted):
    """Zones that only the file explains, moments without one, ends in another, descriptions in HTML, guests, everything else."""
    rows, _ = read(calendar(CUSTOM + event(lines), "X-WR-TIMEZONE:Asia/Tokyo\n"), "a.ics")
    [row] = rows["appointments"]
    assert {heading: row.get(heading, "") for heading in wanted} == wanted and "Class" not in row


def test_added_cancelled_and_written_down_entries_are_records():
    """Occurrences that a series adds, a calendar that cancels, journals, and to-dos that are due by how long they last."""
    added = event("DTSTART:20290507T090000Z\nDTEND:20290507T100000Z\nRRULE:FREQ=DAILY;COUNT=2\nRDATE:20290601T090000Z")
    todo = event("DTSTART:20290501T080000Z\nDURATION:PT2H\nPERCENT-COMPLETE:100\nPRIORITY:1", "VTODO")
    zoned = event("DUE;TZID=Europe/Berlin:20290510T120000", "VTODO")
    journal = event("DTSTART;VALUE=DATE:20240304\nDESCRIPTION:Said yes", "VJOURNAL")
    off = calendar(event("DTSTART:20290508T070000Z\nDURATION:PT1H"), "METHOD:CANCEL\n")
    rows, tables = read(
        calendar(added + todo + zoned + journal + event("DTSTART:20290101T000000Z", "VFREEBUSY")) + off, "a.ics"
    )
    series, extra, cancelled = rows["appointments"]
    assert (extra["Start"], extra["End"], extra["Recurrence"]) == ("2029-06-01T09:00:00Z", "2029-06-01T10:00:00Z", "")
    assert series["Recurrence"] and cancelled["Status"] == "CANCELLED"
    assert [(row["Due"], row["Status"], row["Priority"]) for row in rows["tasks"]] == [
        ("2029-05-01T10:00:00Z", "COMPLETED", "1"), ("2029-05-10T12:00:00+02:00", "", ""),
    ]  # fmt: skip
    assert rows["notes"] == [{"Id": "1", "Title": "x", "Body": "Said yes", "Created At": "2024-03-04"}]
    assert "VFREEBUSY (1)" in tables[0].problems[-1].message


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
        ("bank.xml", b"<?xml version='1.0'?>\n<?OFX OFXHEADER='200'?><OFX/>", "bank statement", "CSV"),
        (
            "camt.xml",
            b"<?xml version='1.0'?><Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'/>",
            "bank statement",
            "CSV",
        ),
        ("account.txt", b":20:STARTUMS\r\n:25:10020030/1\r\n", "bank statement", "CSV"),
        ("list.xml", b"<?xml version='1.0'?><contacts/>", "XML", "JSON"),
        (
            "sheet.xls",
            b"<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'/>",
            "Excel 2003",
            "xlsx",
        ),
        ("cards.xml", b"<vcards xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>", "xCard", ".vcf"),
        ("cards.json", b'["vcard", [["fn",{},"text","Ann"]]]', "jCard", ".vcf"),
        ("Inbox", b"From ann@a.example Thu Jan  1 00:00:00 2024\nSubject: x\n\nhi", "mailbox", "vCard"),
        ("letter.txt", b"Received: from x by y\nFrom: ann@a.example\n\nhi", "mailbox", "vCard"),
        ("book.ldif", b"dn: cn=Ann,mail=ann@a.example\ncn: Ann\n", "LDIF", ".vcf"),
        ("dump.sql", b"CREATE TABLE contacts (id int);", "database", "SQLite"),
        ("letter.rtf", b"{\\rtf1 hi}", "text document", "CSV"),
        ("thing.dat", b"\x01\x02\x03" * 50, "no format that is known", "iCalendar"),
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
    found = {table.sheet: list(table.frame.iloc[:, 0]) for table in read_cards(cards.encode(), "a.vcf", LIMITS)}
    assert found == {"contacts": ["ann", "bo"], "companies": ["acme", "beta"]}
