"""Events, to-dos and journal entries of iCalendar files → rows of appointments, tasks and notes, and of the people who were invited."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from pb2hl.source.calendar_zones import Zones
from pb2hl.source.card_lines import Component, Line, is_moment, moment
from pb2hl.source.vcards import put

Row = dict[str, str]
Found = Mapping[str, Sequence[Component]]

ATTENDEES = "attendees"
"""Sheet of the people who were invited; those whom another table of people has are not repeated (`steps.shared.intake`)."""

_LENGTH = re.compile(r"([+-]?)P(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,5})S)?)?")
_READ = frozenset(
    "UID SUMMARY DESCRIPTION LOCATION DTSTART DTEND DUE DURATION STATUS RRULE RDATE EXDATE RECURRENCE-ID ORGANIZER ATTENDEE"
    " CREATED LAST-MODIFIED COMPLETED X-ALT-DESC".split()
)
_OF_PROGRAMS = re.compile(
    r"DTSTAMP|SEQUENCE|TRANSP|X-(MICROSOFT-(CDO|DISALLOW|LOCATION|REQUESTED|DONOTFORWARD|ISRESPONSE|OLK)|MS-OLK|MOZ|LIC|EVOLUTION|APPLE|OC|WR)\b.*"
)
"""Properties that say how a program shows or keeps an entry (busy time, alarms that were seen, places on a map)."""
_SILENT = frozenset({"DTSTAMP", "SEQUENCE", "TRANSP"})
_USUAL = {("CLASS", "PUBLIC"), ("PRIORITY", "0"), ("PERCENT-COMPLETE", "0"), ("PERCENT-COMPLETE", "100")}
"""What a property says where it says nothing."""
_NOBODY = frozenset({"RESOURCE", "ROOM", "GROUP"})
_HEADINGS = {
    "RELATED-TO": "Parent",
    "ATTACH": "Attachment",
    "CLASS": "Visibility",
    "CONTACT": "Contact Note",
    "URL": "Web Page",
}
_RECORDS = frozenset({"VEVENT", "VTODO", "VJOURNAL"})
_FRAMES = frozenset({"VCALENDAR", "VCARD", "VTIMEZONE", "STANDARD", "DAYLIGHT", "VALARM"})


def read(found: Found, left: Counter[str]) -> dict[str, list[tuple[int, Row]]]:
    """The rows of all calendars by sheet; `left` counts what says nothing of a record."""
    zones = Zones(found.get("VTIMEZONE", ()))
    events = found.get("VEVENT", ())
    entries = [item for kind in sorted(_RECORDS) for item in found.get(kind, ())]
    for kind in set(found) - _RECORDS - _FRAMES:
        left[kind] += len(found[kind])
    for entry in entries:
        left.update(line.name for line in entry.lines if _OF_PROGRAMS.fullmatch(line.name) and line.name not in _SILENT)
        left.update(inside.kind for inside in entry.inside)
    return {
        "appointments": _events(events, zones),
        "tasks": [(todo.row, _task(todo, zones)) for todo in found.get("VTODO", ())],
        "notes": [(entry.row, _note(entry, zones)) for entry in found.get("VJOURNAL", ())],
        ATTENDEES: _attendees(entries),
    }


def _events(events: Sequence[Component], zones: Zones) -> list[tuple[int, Row]]:
    """Appointments; a changed occurrence of a series is one of its own, and an exception of the series; so is an added one."""
    changed: dict[str, list[str]] = {}
    for event in events:
        if moved := event.first("RECURRENCE-ID").value:
            changed.setdefault(event.first("UID").text, []).append(moment(moved))
    rows = []
    for event in events:
        row = _event(event, changed, zones)
        rows.append((event.row, row))
        rows += [(event.row, {**row, **added}) for added in _added(event, row, zones)]
    return rows


def _event(event: Component, changed: Mapping[str, Sequence[str]], zones: Zones) -> Row:
    uid, begin, moved = (event.first(name) for name in ("UID", "DTSTART", "RECURRENCE-ID"))
    exceptions = [moment(part) for line in event.every("EXDATE") for part in line.value.split(",")]
    if not moved.value:
        exceptions += changed.get(uid.text, [])
    start, zone = zones.start(begin, _said(event, "X-WR-TIMEZONE"))
    whole = begin.parameters.get("VALUE", "").upper() == "DATE" or (begin.value and "T" not in begin.value)
    whole = whole or event.first("X-MICROSOFT-CDO-ALLDAYEVENT").text.upper() == "TRUE"
    return {
        "Id": f"{uid.text}#{moment(moved.value)}" if moved.value else uid.text,
        "Title": event.first("SUMMARY").text,
        "Description": _description(event),
        "Location": event.first("LOCATION").text,
        "Start": start,
        "End": zones.end(event.first("DTEND"), begin) or after(start, event.first("DURATION").value),
        "All Day": "yes" if whole else "no",
        "Time Zone": zone,
        "Status": event.first("STATUS").text or ("CANCELLED" if _said(event, "METHOD").upper() == "CANCEL" else ""),
        "Recurrence": event.first("RRULE").value,
        "Exceptions": ", ".join(exceptions),
        **_people(event),
        **_dates(event),
        **_rest(event),
    }


def _added(event: Component, row: Row, zones: Zones) -> list[Row]:
    """What differs in the occurrences that RDATE adds to a series."""
    added = []
    length = _between(row["Start"], row["End"])
    for line in event.every("RDATE"):
        for part in filter(None, line.value.split(",")):
            begin, _, end = part.partition("/")
            start = moment(begin)
            until = moment(end) if is_moment(end) else after(start, end or length)
            again = {"Id": f"{row['Id']}#{start}", "Start": start, "End": until, "Recurrence": "", "Exceptions": ""}
            said = line.parameters.get("TZID", "")
            added.append(again | {"Time Zone": zones.name(said) if said else row["Time Zone"]})
    return added


def _task(todo: Component, zones: Zones) -> Row:
    begin, _ = zones.start(todo.first("DTSTART"))
    due, zone = zones.start(todo.first("DUE"))
    return {
        "Id": todo.first("UID").text,
        "Title": todo.first("SUMMARY").text,
        "Body": _description(todo),
        "Due": zones.aware(due, zone) or after(begin, todo.first("DURATION").value),
        "Begins": begin,
        "Status": todo.first("STATUS").text or ("COMPLETED" if todo.first("PERCENT-COMPLETE").text == "100" else ""),
        "Completed At": moment(todo.first("COMPLETED").value),
        **_people(todo),
        **_dates(todo),
        "Repeats": todo.first("RRULE").value,
        **({"Place": todo.first("LOCATION").text}),
        **_rest(todo),
    }


def _note(entry: Component, zones: Zones) -> Row:
    begin, _ = zones.start(entry.first("DTSTART"))
    people = _people(entry)
    author = people.pop("Owner")
    dates = _dates(entry)
    stamped = moment(entry.first("DTSTAMP").value)
    return {
        "Id": entry.first("UID").text,
        "Title": entry.first("SUMMARY").text,
        "Body": _description(entry) or entry.first("SUMMARY").text,
        "Author": author,
        **people,
        **dates,
        "Created At": begin or dates["Created At"] or stamped,
        "Status": entry.first("STATUS").text,
        **_rest(entry),
    }


def _said(entry: Component, name: str) -> str:
    return entry.within.first(name).text if entry.within else ""


def _description(entry: Component) -> str:
    """The text; where there is none, the page that a program wrote instead."""
    return entry.first("DESCRIPTION").text or entry.first("X-ALT-DESC").text


def _people(entry: Component) -> Row:
    """Who keeps an entry, whom it is with (the first that another table knows is meant), and everyone with their answer."""
    guests = [line for line in entry.every("ATTENDEE") if _is_somebody(line)]
    organizer = address(entry.first("ORGANIZER"))
    calendar = _said(entry, "X-WR-CALNAME")
    whom = [mail for line in guests if (mail := address(line)) and mail.casefold() != organizer.casefold()]
    return {
        "Owner": organizer or (calendar if "@" in calendar and " " not in calendar else ""),
        "Contact Email": "; ".join(dict.fromkeys(whom)),
        "Invited": "; ".join(filter(None, map(_named, entry.every("ATTENDEE")))),
    }


def _is_somebody(line: Line) -> bool:
    return line.parameters.get("CUTYPE", "").upper() not in _NOBODY


def _named(line: Line) -> str:
    name, mail = line.parameters.get("CN", ""), address(line)
    who = f"{name} ({mail})" if name and mail and name != mail else name or mail
    answer = line.parameters.get("PARTSTAT", "").lower().replace("-", " ")
    return f"{who} {answer}" if who and answer and answer != "needs action" else who


def _dates(entry: Component) -> Row:
    return {
        "Created At": moment(entry.first("CREATED").value),
        "Updated At": moment(entry.first("LAST-MODIFIED").value),
    }


def _rest(entry: Component) -> Row:
    """Everything else that an entry says, and the calendar it stood in."""
    row: Row = {"Calendar": _said(entry, "X-WR-CALNAME")} if _said(entry, "X-WR-CALNAME") else {}
    for line in entry.lines:
        if line.name in _READ or _OF_PROGRAMS.fullmatch(line.name) or (line.name, line.text.upper()) in _USUAL:
            continue
        binary = line.parameters.get("VALUE", "").upper() == "BINARY"
        text = f"(a file of {len(line.value) * 3 // 4:,} bytes in the calendar)" if binary else line.text
        put(row, _HEADINGS.get(line.name, line.name.removeprefix("X-").replace("-", " ").title()), text)
    return row


def _attendees(entries: Sequence[Component]) -> list[tuple[int, Row]]:
    """The people who were invited, each once, but for those who keep an entry or a calendar."""
    keepers = {address(entry.first("ORGANIZER")).casefold() for entry in entries}
    keepers |= {_said(entry, "X-WR-CALNAME").casefold() for entry in entries}
    found: dict[str, tuple[int, Row]] = {}
    for entry in entries:
        for line in filter(_is_somebody, entry.every("ATTENDEE")):
            mail, name = address(line), line.parameters.get("CN", "")
            if mail and mail.casefold() not in keepers:
                row = {"Full Name": "" if "@" in name else name, "Email": mail}
                before = found.get(mail.casefold())
                found[mail.casefold()] = (
                    (before[0], {**row, **{k: v for k, v in before[1].items() if v}}) if before else (entry.row, row)
                )
    return list(found.values())


def address(line: Line) -> str:
    """The e-mail address of an organizer or attendee; "" where there is none."""
    value = line.value.strip()
    plain = value[7:] if value.casefold().startswith("mailto:") else value
    return plain if "@" in plain and ":" not in plain else line.parameters.get("EMAIL", "")


def after(begin: str, length: str) -> str:
    """The end of what begins at `begin` (ISO 8601) and lasts `length` (`PT1H`); "" when either is missing."""
    found = _LENGTH.fullmatch(length.strip())
    if not found or not begin:
        return ""
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    gone = pd.Timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    try:
        end = pd.Timestamp(begin) + (-gone if found[1] == "-" else gone)
    except (ValueError, OverflowError):
        return ""
    return end.isoformat().replace("+00:00", "Z")


def _between(begin: str, end: str) -> str:
    """How long it is from `begin` to `end` (both ISO 8601), as `after` takes it; "" when it cannot be said."""
    try:
        seconds = int((pd.Timestamp(end) - pd.Timestamp(begin)).total_seconds()) if begin and end else 0
    except (ValueError, TypeError, OverflowError):
        return ""
    return f"P{seconds // 86_400}DT{seconds % 86_400}S" if seconds > 0 else ""
