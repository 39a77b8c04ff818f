"""Lines of `NAME;PARAMETER=value:value`, folded over several physical lines, in components that begin and end: what vCard and
iCalendar have in common."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pb2hl.source.encoding import decode
from pb2hl.source.tables import Dropped

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PROPERTY = re.compile(r"(?=[^:;=]{0,80}[A-Za-z])[\w.\-]{1,80}[ \t]{0,8}[;:](?!//)", re.ASCII)
_CHARSET = re.compile(rb"(?i)^[^:]{0,300};[ \t]{0,8}CHARSET=\"?([\w.\-]{1,40})")
_FOLDED_LETTER = re.compile(rb"([\xc2-\xf4][\x80-\xbf]{0,2})(\r?\n[ \t])([\x80-\xbf]{1,3})")
"""A fold between the bytes of one letter, as programs make it that count bytes."""
_CUSTOM = re.compile(r"(?i)^X-CUSTOM\((?:[^(),]{0,40},){0,3}([^()]{0,300})\)$")
"""A type that Android writes for a label of the user's own: `X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,B=C3=BCro)`."""
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
_STANDARD = frozenset(
    "BEGIN END VERSION FN N NICKNAME PHOTO BDAY ANNIVERSARY GENDER ADR LABEL TEL EMAIL IMPP LANG TZ GEO TITLE ROLE LOGO ORG MEMBER RELATED"
    " CATEGORIES NOTE PRODID REV SOUND UID URL KEY KIND AGENT MAILER CLASS SOURCE SUMMARY DESCRIPTION LOCATION DTSTART DTEND DUE DURATION"
    " RRULE RDATE EXDATE STATUS ATTENDEE ORGANIZER CREATED COMPLETED PRIORITY METHOD CALSCALE DTSTAMP SEQUENCE TRANSP TZID".split()
)
"""Names that some programs write in small letters."""
_LISTED = 200
"""Characters of a property that a list of what was left out quotes."""


@dataclass
class Line:
    """One property: its name and group, its parameters (upper-case names, values in one text), its raw value."""

    name: str
    parameters: dict[str, str]
    value: str
    group: str = ""

    @property
    def text(self) -> str:
        """The value with escapes undone."""
        return unescaped(self.value).strip()

    @property
    def kinds(self) -> set[str]:
        """The words of the parameter TYPE."""
        return {kind.strip().upper() for kind in self.parameters.get("TYPE", "").split(",")} - {""}

    def parts(self, mark: str = ";") -> list[str]:
        """The components between unescaped marks."""
        return [unescaped(part).strip() for part in cut(self.value, mark)]


@dataclass
class Component:
    """What stands between BEGIN and END: its kind (`VCARD`, `VEVENT`, …), the file's line of BEGIN, its properties, the components
    that ended inside it, and the one that it stands in."""

    kind: str
    row: int
    within: Component | None = None
    lines: list[Line] = field(default_factory=list)
    inside: list[Component] = field(default_factory=list)

    def first(self, name: str) -> Line:
        """The first property called `name`; an empty one when there is none."""
        return next((line for line in self.lines if line.name == name), Line(name, {}, ""))

    def every(self, name: str) -> list[Line]:
        """All properties called `name`."""
        return [line for line in self.lines if line.name == name]

    def listed(self, file: str, reason: str) -> Dropped:
        """The component among what was left out, with what it said."""
        cells = tuple(f"{line.name}: {line.text[:_LISTED]}" for line in self.lines)
        return Dropped(file, "", self.row, reason, cells or (self.kind,))


def components(text: str, file: str, dropped: list[Dropped]) -> Iterator[Component]:
    """Every component in order of its end; `dropped` gets those that never end, and text that stands in none."""
    open_: list[Component] = []
    for row, line, words in _lines(text):
        if line is None:
            if open_ and open_[-1].lines:
                open_[-1].lines[-1].value += f"\n{words}"
            else:
                dropped.append(Dropped(file, "", row, "stands in no card", (words[:_LISTED],)))
        elif line.name == "BEGIN":
            open_.append(Component(line.value.strip().upper(), row, open_[-1] if open_ else None))
        elif line.name == "END":
            kind = line.value.strip().upper()
            if any(item.kind == kind for item in open_):
                while (done := open_.pop()).kind != kind:
                    dropped.append(done.listed(file, "not ended"))
                if done.within is not None:
                    done.within.inside.append(done)
                yield done
        elif open_:
            open_[-1].lines.append(line)
    dropped += [item.listed(file, "not ended") for item in open_ if item.kind != "VCALENDAR"]


def text_of(raw: bytes) -> str:
    """The text of a file; lines that name a character set of their own are read in it where the file is in no Unicode."""
    text, encoding, _ = decode(_FOLDED_LETTER.sub(rb"\1\3\2", raw))
    if (encoding.startswith("utf") and "Windows" not in encoding) or b"CHARSET=" not in raw.upper():
        return text.removeprefix("\ufeff").replace("\x00", "")
    read, charset = [], ""
    for line in raw.split(b"\n"):
        if not line[:1].isspace():
            named = _CHARSET.match(line)
            charset = named[1].decode("ascii") if named else ""
        read.append(_in(line, charset) or _in(line, "utf-8") or line.decode(_plain(encoding), errors="replace"))
    return "\n".join(read).replace("\x00", "")


def _plain(encoding: str) -> str:
    return "cp1252" if "Windows" in encoding or encoding == "windows-1252" else encoding


def _in(line: bytes, charset: str) -> str:
    try:
        return line.decode(charset) if charset else ""
    except (LookupError, UnicodeDecodeError):
        return ""


def _lines(text: str) -> Iterator[tuple[int, Line | None, str]]:
    """(row, property, "") of every logical line: folded ones joined, quoted-printable ones continued after a trailing `=`; (row,
    None, words) of what is no property."""
    pieces: list[str] = []
    begun = 0
    for row, physical in enumerate([*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), "END:"], 1):
        soft = bool(pieces) and pieces[-1].endswith("=") and "QUOTED-PRINTABLE" in pieces[0][:300].upper()
        if pieces and (physical[:1] in (" ", "\t") or soft) and physical != "END:":
            pieces[-1] = pieces[-1][:-1] if soft else pieces[-1]
            pieces.append(physical if soft else physical[1:])
            continue
        if pieces and (whole := "".join(pieces)).strip():
            line = _line(whole) if _PROPERTY.match(whole.lstrip()) and _is_property(whole.lstrip()) else None
            yield begun, line, "" if line else whole.strip()
        pieces, begun = [physical], row


def _is_property(text: str) -> bool:
    """Whether the word before a line's mark is a property's name, and not the beginning of a sentence in an unfolded note."""
    name = re.split(r"[;:]", text, maxsplit=1)[0].strip()
    return name.isupper() or "." in name or name[:2].casefold() == "x-" or name.upper() in _STANDARD


def _line(text: str) -> Line | None:
    head, mark, value = text.partition(":")
    while mark and head.count('"') % 2:  # a colon inside a quoted parameter
        more, mark, value = value.partition(":")
        head += ":" + more
    if not mark:
        return None
    name, *given = cut(head, ";")
    parameters: dict[str, str] = {}
    for item in given:
        key, setting = _parameter(item.strip())
        parameters[key] = f"{parameters[key]},{setting}" if key in parameters else setting
    kinds = parameters.get("TYPE", "").upper().split(",")
    if "QUOTED-PRINTABLE" in (parameters.get("ENCODING", "").upper(), *kinds):
        value = _unquoted(value, parameters.get("CHARSET", "utf-8"))
    group, _, own = name.strip().rpartition(".")
    return Line(own.upper(), parameters, value, group.upper())


def _parameter(item: str) -> tuple[str, str]:
    if custom := _CUSTOM.match(item):
        return "LABEL", _unquoted(custom[1], "utf-8")
    key, equals, setting = item.partition("=")
    return (key.strip().upper(), setting.strip().strip('"')) if equals else ("TYPE", key.strip())


def _unquoted(value: str, charset: str) -> str:
    raw = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        return raw.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return decode(raw)[0]


def cut(text: str, mark: str) -> list[str]:
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


def unescaped(text: str) -> str:
    """`text` without its backslashes."""
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], text) if "\\" in text else text


def is_moment(text: str) -> bool:
    """Whether a value is a day or a moment as iCalendar writes them."""
    return _STAMP.fullmatch(text.strip()) is not None


def moment(text: str) -> str:
    """A moment as ISO 8601: `20240501T090000Z` → `2024-05-01T09:00:00Z`; what is none stays."""
    found = _STAMP.fullmatch(text.strip())
    if found is None:
        return text.strip()
    year, month, day, hour, minute, second, zulu = found.groups()
    return f"{year}-{month}-{day}" + (f"T{hour}:{minute}:{second}{zulu}" if hour else "")
