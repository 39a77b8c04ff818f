"""vCard (.vcf, versions 2.1 to 4.0) and iCalendar (.ics) → tables of contacts, appointments and tasks.

Both are lines of `NAME;PARAMETER=value:value`, folded over several physical lines, in components that begin and end.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pb2hl.errors import ExportError
from pb2hl.limits import Limits, remedy
from pb2hl.source.encoding import decode
from pb2hl.source.tables import TEXT, Dropped, RawTable, problem

_BEGINS = re.compile(rb"(?i)BEGIN[ \t]{0,8}:[ \t]{0,8}(VCARD|VCALENDAR)\b")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
_LENGTH = re.compile(r"([+-]?)P(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,5})S)?)?")
_OPAQUE = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})
_ADDRESS = ("PO Box", "Address 2", "Street", "City", "State", "Postal Code", "Country")
_NAME = ("Last Name", "First Name", "Middle Name", "Name Prefix", "Name Suffix")


@dataclass
class Line:
    """One property: its name without group, its parameters (upper-case names, values in one text), its raw value."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value with escapes undone."""
        return _unescaped(self.value).strip()

    def parts(self) -> list[str]:
        """The components between unescaped semicolons."""
        return [_unescaped(part).strip() for part in _cut(self.value, ";")]


@dataclass
class Component:
    """What stands between BEGIN and END: its kind (`VCARD`, `VEVENT`, …), the file's line of BEGIN, its properties."""

    kind: str
    row: int
    lines: list[Line] = field(default_factory=list)

    def first(self, name: str) -> Line:
        """The first property called `name`; an empty one when there is none."""
        return next((line for line in self.lines if line.name == name), Line(name, {}, ""))

    def every(self, name: str) -> list[Line]:
        """All properties called `name`."""
        return [line for line in self.lines if line.name == name]


def looks_like_cards(head: bytes) -> bool:
    """Whether the bytes begin like a vCard or an iCalendar file."""
    return _BEGINS.match(head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")) is not None


def read_cards(raw: bytes, file: str, limits: Limits) -> list[RawTable]:
    """A table a kind of component: contacts, companies, appointments, tasks. ExportError when there is none at all."""
    text = decode(raw)[0].removeprefix("\ufeff").replace("\x00", "")
    found: dict[str, list[Component]] = {}
    dropped: list[Dropped] = []
    for component in components(text, file, dropped):
        found.setdefault(component.kind, []).append(component)
    rows = {
        "contacts": [(card.row, _contact(card)) for card in found.get("VCARD", ()) if not _is_company(card)],
        "companies": [(card.row, _contact(card)) for card in found.get("VCARD", ()) if _is_company(card)],
        "appointments": _events(found.get("VEVENT", [])),
        "tasks": [(todo.row, _task(todo)) for todo in found.get("VTODO", ())],
    }
    tables = [_table(file, sheet, items, limits) for sheet, items in rows.items() if items]
    if not tables:
        raise ExportError(f"{file} holds no contact, appointment or task", hint="export it again")
    if dropped:
        damage = problem(
            "cut_card", "is never ended", file, row=dropped[0].row, count=len(dropped), treatment="listed, not migrated"
        )
        first = tables[0]
        tables[0] = RawTable(
            file, first.sheet, first.headings, first.frame, first.rows, (*first.problems, damage), tuple(dropped)
        )
    return tables


def _is_company(card: Component) -> bool:
    """Whether a card says that it is a company's: `KIND:org`, or as Apple's address book writes it."""
    said = [line.text.strip().casefold() for name in ("KIND", "X-ABSHOWAS") for line in card.every(name)]
    return "org" in said or "company" in said


def components(text: str, file: str, dropped: list[Dropped]) -> Iterator[Component]:
    """Every innermost and outer component in order of its end; alarms and time zones inside them are left out."""
    open_: list[Component] = []
    for row, line in _lines(text):
        if line.name == "BEGIN":
            open_.append(Component(line.value.strip().upper(), row))
        elif line.name == "END":
            kind = line.value.strip().upper()
            if any(item.kind == kind for item in open_):
                while (done := open_.pop()).kind != kind:
                    dropped.append(Dropped(file, "", done.row, "not ended", (done.kind,)))
                yield done
        elif open_:
            open_[-1].lines.append(line)
    dropped += [Dropped(file, "", item.row, "not ended", (item.kind,)) for item in open_ if item.kind != "VCALENDAR"]


def _lines(text: str) -> Iterator[tuple[int, Line]]:
    """(row, property) of every logical line: folded ones joined, quoted-printable ones continued after a trailing `=`."""
    pieces: list[str] = []
    begun = 0
    for row, physical in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        soft = bool(pieces) and pieces[-1].endswith("=") and "QUOTED-PRINTABLE" in pieces[0][:300].upper()
        if pieces and (physical[:1] in (" ", "\t") or soft):
            pieces[-1] = pieces[-1][:-1] if soft else pieces[-1]
            pieces.append(physical if soft else physical[1:])
            continue
        if pieces and (line := _line("".join(pieces))) is not None:
            yield begun, line
        pieces, begun = [physical], row
    if pieces and (line := _line("".join(pieces))) is not None:
        yield begun, line


def _line(text: str) -> Line | None:
    head, mark, value = text.partition(":")
    while mark and head.count('"') % 2:  # a colon inside a quoted parameter
        more, mark, value = value.partition(":")
        head += ":" + more
    if not mark:
        return None
    name, *given = _cut(head, ";")
    parameters: dict[str, str] = {}
    for item in given:
        key, equals, setting = item.partition("=")
        key, setting = (key.strip().upper(), setting.strip().strip('"')) if equals else ("TYPE", key.strip())
        parameters[key] = f"{parameters[key]},{setting}" if key in parameters else setting
    kinds = parameters.get("TYPE", "").upper().split(",")
    if "QUOTED-PRINTABLE" in (parameters.get("ENCODING", "").upper(), *kinds):
        value = _unquoted(value, parameters.get("CHARSET", "utf-8"))
    return Line(name.rsplit(".", 1)[-1].strip().upper(), parameters, value)


def _unquoted(value: str, charset: str) -> str:
    raw = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        return raw.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return decode(raw)[0]


def _cut(text: str, mark: str) -> list[str]:
    """Parts between marks that are neither escaped nor quoted."""
    if "\\" not in text and '"' not in text:
        return text.split(mark)
    parts, begin, at, quoted = [], 0, 0, False
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        elif text[at] == mark and not quoted:
            parts.append(text[begin:at])
            begin = at + 1
        at += 1
    return [*parts, text[begin:]]


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], text) if "\\" in text else text


def _put(row: dict[str, str], heading: str, text: str) -> None:
    """Add a cell; a further value of a heading gets a column of its own."""
    if not text or text in (row.get(heading), row.get(f"{heading} 2")):
        return
    name, again = heading, 2
    while name in row:
        name, again = f"{heading} {again}", again + 1
        if again > 50:
            row[name] = f"{row.get(name, '')}; {text}"
            return
    row[name] = text


def _contact(card: Component) -> dict[str, str]:
    row: dict[str, str] = {"Id": card.first("UID").text, "Full Name": card.first("FN").text}
    for line in card.lines:
        kinds = {kind.strip().upper() for kind in line.parameters.get("TYPE", "").split(",")}
        if line.name == "N":
            for heading, text in zip(_NAME, line.parts(), strict=False):
                _put(row, heading, text)
        elif line.name == "ADR":
            for heading, text in zip(_ADDRESS, line.parts(), strict=False):
                _put(row, f"Home {heading}" if "HOME" in kinds and "WORK" not in kinds else heading, text)
        elif line.name == "TEL":
            _put(row, _phone_heading(kinds), line.text.removeprefix("tel:"))
        elif line.name == "ORG":
            company, *units = [*line.parts(), ""]
            _put(row, "Company", company)
            _put(row, "Department", ", ".join(filter(None, units)))
        elif line.name in _OPAQUE:
            _put(row, line.name.title(), line.value if line.value.startswith(("http", "data:")) else "")
        elif line.name not in ("UID", "FN", "VERSION", "PRODID"):
            _put(row, _CONTACT.get(line.name, line.name.removeprefix("X-").replace("-", " ").title()), line.text)
    return row


_CONTACT = {
    "EMAIL": "Email", "TITLE": "Job Title", "ROLE": "Role", "URL": "Website", "BDAY": "Birthday", "NOTE": "Description", "CATEGORIES": "Tags",
    "REV": "Updated At", "NICKNAME": "Nickname", "TZ": "Time Zone", "CREATED": "Created At",
}  # fmt: skip


def _phone_heading(kinds: set[str]) -> str:
    if "FAX" in kinds:
        return "Fax"
    if kinds & {"CELL", "MOBILE", "IPHONE"}:
        return "Mobile"
    return "Home Phone" if "HOME" in kinds and not kinds & {"WORK", "PREF"} else "Phone"


def _events(events: list[Component]) -> list[tuple[int, dict[str, str]]]:
    """Appointments; a changed occurrence of a series is one of its own, and an exception of the series."""
    changed: dict[str, list[str]] = {}
    for event in events:
        if moved := event.first("RECURRENCE-ID").value:
            changed.setdefault(event.first("UID").text, []).append(_moment(moved))
    return [(event.row, _event(event, changed)) for event in events]


def _event(event: Component, changed: dict[str, list[str]]) -> dict[str, str]:
    uid, begin, end, moved = (event.first(name) for name in ("UID", "DTSTART", "DTEND", "RECURRENCE-ID"))
    exceptions = [_moment(part) for line in event.every("EXDATE") for part in line.value.split(",")]
    if not moved.value:
        exceptions += changed.get(uid.text, [])
    row = {
        "Id": f"{uid.text}#{_moment(moved.value)}" if moved.value else uid.text,
        "Title": event.first("SUMMARY").text,
        "Description": event.first("DESCRIPTION").text,
        "Location": event.first("LOCATION").text,
        "Start": _moment(begin.value),
        "End": _moment(end.value) or _after(begin.value, event.first("DURATION").value),
        "All Day": "yes"
        if begin.parameters.get("VALUE", "").upper() == "DATE" or (begin.value and "T" not in begin.value)
        else "no",
        "Time Zone": begin.parameters.get("TZID", ""),
        "Status": event.first("STATUS").text,
        "Recurrence": event.first("RRULE").value,
        "Exceptions": ", ".join(exceptions),
        "Owner": _address(event.first("ORGANIZER")),
        "Contact Email": "; ".join(filter(None, map(_address, event.every("ATTENDEE")))),
        "Created At": _moment(event.first("CREATED").value),
        "Updated At": _moment(event.first("LAST-MODIFIED").value),
    }
    return row


def _task(todo: Component) -> dict[str, str]:
    return {
        "Id": todo.first("UID").text,
        "Title": todo.first("SUMMARY").text,
        "Body": todo.first("DESCRIPTION").text,
        "Due": _moment(todo.first("DUE").value),
        "Status": todo.first("STATUS").text,
        "Completed At": _moment(todo.first("COMPLETED").value),
        "Owner": _address(todo.first("ORGANIZER")),
        "Contact Email": "; ".join(filter(None, map(_address, todo.every("ATTENDEE")))),
        "Created At": _moment(todo.first("CREATED").value),
        "Updated At": _moment(todo.first("LAST-MODIFIED").value),
    }


def _address(line: Line) -> str:
    value = line.value.strip()
    return value[7:] if value.casefold().startswith("mailto:") else line.parameters.get("EMAIL", "")


def _moment(text: str) -> str:
    """A moment as ISO 8601: `20240501T090000Z` → `2024-05-01T09:00:00Z`; what is none stays."""
    found = _STAMP.fullmatch(text.strip())
    if found is None:
        return text.strip()
    year, month, day, hour, minute, second, zulu = found.groups()
    return f"{year}-{month}-{day}" + (f"T{hour}:{minute}:{second}{zulu}" if hour else "")


def _after(begin: str, length: str) -> str:
    """The end of what begins at `begin` and lasts `length` (ISO 8601); "" when either is missing."""
    found = _LENGTH.fullmatch(length.strip())
    if not found or not _STAMP.fullmatch(begin.strip()):
        return ""
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    gone = pd.Timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    end = pd.Timestamp(_moment(begin).removesuffix("Z")) + (-gone if found[1] == "-" else gone)
    return end.isoformat() + ("Z" if begin.strip().endswith("Z") else "")


def _table(file: str, sheet: str, items: list[tuple[int, dict[str, str]]], limits: Limits) -> RawTable:
    headings = list(dict.fromkeys(heading for _, row in items for heading in row))
    if len(headings) > limits.columns:
        raise ExportError(
            f"{file} has {len(headings):,} kinds of properties, more than {limits.columns:,}", hint=remedy("columns")
        )
    filled = [heading for heading in headings if any(row.get(heading) for _, row in items)]
    frame = pd.DataFrame(
        {heading: pd.Series([row.get(heading, "") for _, row in items], dtype=TEXT) for heading in filled}
    )
    frame.columns = pd.Index(filled, dtype=object)
    return RawTable(file, sheet, filled, frame, np.array([row for row, _ in items], dtype=np.int64))
