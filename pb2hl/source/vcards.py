"""Cards of people, companies and groups → rows of contacts and companies, with the files that cards hold."""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pb2hl.errors import Problem
from pb2hl.source.card_lines import Component, Line, cut, unescaped
from pb2hl.source.tables import Dropped, problem

Row = dict[str, str]

_FILES = frozenset({"PHOTO", "LOGO", "SOUND", "KEY", "X-MS-CARDPICTURE"})
_ADDRESS = ("PO Box", "Address 2", "Street", "City", "State", "Postal Code", "Country")
_NAME = ("Last Name", "First Name", "Middle Name", "Name Prefix", "Name Suffix")
_HEADINGS = {
    "EMAIL": "Email", "TITLE": "Job Title", "ROLE": "Role", "URL": "Website", "NOTE": "Description", "REV": "Updated At",
    "NICKNAME": "Nickname", "TZ": "Time Zone", "CREATED": "Created At", "LABEL": "Address as Written", "IMPP": "Messenger", "LANG": "Language",
    "X-SOCIALPROFILE": "Social Profile", "X-ABDATE": "Date", "X-ABRELATEDNAMES": "Related", "X-MS-MANAGER": "Manager",
    "X-MS-ASSISTANT": "Assistant", "X-MS-SPOUSE": "Spouse", "X-MS-IMADDRESS": "Messenger",
}  # fmt: skip
_OF_PROGRAMS = frozenset(
    "VERSION PRODID X-ABUID X-ABADR X-ABLABEL X-ABSHOWAS KIND X-ADDRESSBOOKSERVER-KIND X-MOZILLA-HTML X-MS-OL-DESIGN"
    " X-MS-OL-DEFAULT-POSTAL-ADDRESS X-IMAGETYPE X-IMAGEHASH X-SHARED-PHOTO-DISPLAY-PREF X-APPLE-SUBLOCALITY PROFILE SOURCE CLIENTPIDMAP"
    " SORT-STRING MAILER".split()
)
"""Properties that say how a program shows or keeps a card, or what is read from them elsewhere."""
_SILENT = frozenset({"VERSION", "PRODID", "X-ABLABEL", "KIND", "X-ADDRESSBOOKSERVER-KIND", "X-ABSHOWAS"})
_WITH_LABEL = frozenset({"X-ABDATE", "X-ABRELATEDNAMES", "RELATED", "X-SOCIALPROFILE", "IMPP", "X-MS-IMADDRESS"})
"""Properties whose kind or label is a part of what they say: it stands behind the value."""
_LABELLED = frozenset({"EMAIL", "TEL", "ADR", "URL", "ORG", "TITLE", "ROLE", "NOTE"})
_PLAIN_LABELS = frozenset("other homepage profile work home mobile main iphone internet voice pref phone email".split())
_APPLE_LABEL = re.compile(r"_\$!<(.{0,80})>!\$_")
_NO_YEAR = re.compile(r"(?:--|1604-?)(\d\d)-?(\d\d)")
_ANDROID = {"nickname": "Nickname", "relation": "Related", "contact_event": "Date"}
_RELATIONS = "|assistant|brother|child|partner|father|friend|manager|mother|parent|partner|referred by|relative|sister|spouse".split(
    "|"
)
_EVENTS = ("", "anniversary", "", "birthday")
_OWN_KINDS = "Called"
"""The column of what a person calls addresses and numbers: `Phone 2: boat`."""
_MOST = 50
"""Columns that one kind of property may have; what is beyond joins the last."""


@dataclass
class Book:
    """Rows by sheet, and what is wrong with the cards."""

    rows: dict[str, list[tuple[int, Row]]]
    problems: list[Problem] = field(default_factory=list)


def read(cards: Sequence[Component], file: str, dropped: list[Dropped], left: Counter[str]) -> Book:
    """The rows of all cards; `dropped` gets members of groups that are nobody's card, `left` counts marks of programs."""
    book = Book({"contacts": [], "companies": [], "attachments": []})
    groups = [card for card in cards if _kind(card) == "group"]
    in_groups = _memberships(groups, cards, file, dropped)
    for at, card in enumerate(cards):
        if card in groups:
            continue
        company = _is_company(card)
        row = _card(card, company, left)
        if in_groups[at]:
            _tag(row, in_groups[at])
        book.rows["companies" if company else "contacts"].append((card.row, row))
        _files(card, row, file, book)
    return book


def _kind(card: Component) -> str:
    said = (line.text.strip().casefold() for name in ("KIND", "X-ADDRESSBOOKSERVER-KIND") for line in card.every(name))
    return next(said, "")


def _is_company(card: Component) -> bool:
    """Whether a card says that it is a company's (`KIND:org`, or as Apple writes it), or names a company and no person."""
    shown = any(line.text.strip().casefold() == "company" for line in card.every("X-ABSHOWAS"))
    if shown or _kind(card) == "org":
        return True
    named = any(part for line in card.every("N") for part in line.parts())
    firm = card.first("ORG").parts()[0]
    return bool(firm) and not named and card.first("FN").text in ("", firm)


def _memberships(
    groups: Iterable[Component], cards: Sequence[Component], file: str, dropped: list[Dropped]
) -> list[list[str]]:
    """The names of the groups that each card is in, by its place in `cards`."""
    places: dict[str, int] = {}
    for at, card in enumerate(cards):
        for key in (_bare(card.first("UID").text), *(line.text.casefold() for line in card.every("EMAIL"))):
            places.setdefault(key, at)
    found: list[list[str]] = [[] for _ in cards]
    for group in groups:
        name = group.first("FN").text or group.first("N").text.strip("; ")
        members = [*group.every("MEMBER"), *group.every("X-ADDRESSBOOKSERVER-MEMBER")]
        for line in members:
            place = places.get(_bare(line.text)) if line.text else None
            if place is None:
                reason = "a group's member that is no card of the file"
                dropped.append(Dropped(file, "", group.row, reason, (f"{name}: {line.text}",)))
            else:
                found[place].append(name)
        if not members:
            dropped.append(group.listed(file, "a group without members"))
    return found


def _bare(text: str) -> str:
    plain = text.strip().casefold()
    for before in ("urn:uuid:", "mailto:"):
        plain = plain.removeprefix(before)
    return plain


def _card(card: Component, company: bool, left: Counter[str]) -> Row:
    name = card.first("FN").text or (card.first("ORG").parts()[0] if company else "")
    row: Row = {"Id": card.first("UID").text, "Name" if company else "Full Name": name}
    labels = {line.group: _label(line.text) for line in card.every("X-ABLABEL") if line.group}
    lines = sorted(card.lines, key=_preference)
    for line in lines:
        if line.name in _FILES:
            if _is_link(line):
                put(row, _heading(line.name), line.text)
        elif line.name in _OF_PROGRAMS:
            left.update([line.name] if line.name not in _SILENT else [])
        elif line.name == "X-ANDROID-CUSTOM":
            put(row, *_android(line))
        elif line.name == "FN":
            put(row, "Name" if company else "Full Name", line.text)
        elif line.name not in ("UID", "ADR", "LABEL"):
            heading = _put_line(
                row, line, labels.get(line.group, "") or _label(line.parameters.get("LABEL", "")), company
            )
            _put_label(row, line, heading, labels)
    _addresses(row, lines, labels)
    _only_phone(row)
    return row


def _put_line(row: Row, line: Line, label: str, company: bool) -> str:
    """Put what a property says; the heading of its column."""
    if line.name == "N":
        parts = [" ".join(filter(None, map(_plain, cut(part, ",")))) for part in cut(line.value, ";")]
        if " " not in row.get("Full Name", "") or list(filter(None, parts)) != [row["Full Name"]]:
            for heading, text in zip(_NAME, parts, strict=False):  # else the whole name stands in one half of it
                put(row, heading, text)
        return ""
    if line.name == "TEL":
        words = set(label.upper().replace("-", " ").split())
        return put(row, _phone_heading(line.kinds | words | {label.upper()}), line.text.removeprefix("tel:"))
    if line.name == "ORG":
        firm, *units = [*line.parts(), ""]
        put(row, "Department", ", ".join(filter(None, units)))
        return "" if company and firm == row["Name"] else put(row, "Company", firm)
    if line.name == "CATEGORIES":
        _tag(row, [tag.strip() for part in cut(line.value, ",") for tag in map(unescaped, cut(part, ";"))])
        return "Tags"
    if line.name in ("BDAY", "ANNIVERSARY"):
        return put(row, "Birthday" if line.name == "BDAY" else "Anniversary", _day(line.text))
    text = line.text.removeprefix("mailto:") if line.name == "EMAIL" else line.text
    if line.name in _WITH_LABEL:
        said = (
            label or _label(line.parameters.get("X-SERVICE-TYPE", "")) or ", ".join(sorted(map(str.lower, line.kinds)))
        )
        said = ", ".join(part for part in said.split(", ") if part.casefold() not in _PLAIN_LABELS)
        text = f"{text} ({said})" if said and text else text
    return put(row, _heading(line.name), text)


def _plain(text: str) -> str:
    return unescaped(text).strip()


def _put_label(row: Row, line: Line, heading: str, labels: Mapping[str, str]) -> None:
    """Note the label that a person gave to an address or a number, where it says more than its kind."""
    label = labels.get(line.group, "") or _label(line.parameters.get("LABEL", ""))
    if line.name in _LABELLED and heading and label and label.casefold() not in _PLAIN_LABELS:
        row[_OWN_KINDS] = "; ".join(filter(None, [row.get(_OWN_KINDS, ""), f"{heading}: {label}"]))


def put(row: Row, heading: str, text: str) -> str:
    """Add a cell; a further value of a heading gets a column of its own. The column that says it now, "" for nothing."""
    if not text:
        return ""
    name, again = heading, 2
    while row.get(name):
        if row[name] == text:
            return name
        name, again = f"{heading} {again}", again + 1
        if again > _MOST:
            row[name] = f"{row[name]}; {text}" if row.get(name) else text
            return name
    row[name] = text
    return name


def _heading(name: str) -> str:
    return _HEADINGS.get(name, name.removeprefix("X-").replace("-", " ").title())


def _tag(row: Row, tags: Sequence[str]) -> None:
    """Add tags, between marks that none of them holds."""
    mark = "; " if any("," in tag for tag in tags) else ", "
    row["Tags"] = mark.join(filter(None, [row.get("Tags", ""), *tags]))


def _preference(line: Line) -> int:
    """What comes first among properties of a name: `PREF=1` to `PREF=100`, `TYPE=PREF`, the order of the card."""
    said = line.parameters.get("PREF", "")
    return int(said) if said.isdigit() and len(said) < 4 else 1 if "PREF" in line.kinds else 101


def _label(text: str) -> str:
    found = _APPLE_LABEL.fullmatch(text.strip())
    return (found[1] if found else text).strip()


def _day(text: str) -> str:
    """A day; without a year where the card gives none (`--0315`, or Apple's 1604)."""
    found = _NO_YEAR.fullmatch(text)
    return f"--{found[1]}-{found[2]}" if found else text


def _phone_heading(kinds: set[str]) -> str:
    if any("FAX" in kind for kind in kinds):
        return "Fax"
    if kinds & {"CELL", "MOBILE", "IPHONE", "MOBIL", "HANDY"}:
        return "Mobile"
    if kinds & {"PAGER", "BEEPER"}:
        return "Pager"
    return "Home Phone" if "HOME" in kinds and not kinds & {"WORK", "PREF"} else "Phone"


def _only_phone(row: Row) -> None:
    """A number at home is the phone of who has no other."""
    if "Home Phone" in row and not {"Phone", "Mobile"} & set(row):
        row["Phone"] = row.pop("Home Phone")


def _addresses(row: Row, lines: Sequence[Line], labels: Mapping[str, str]) -> None:
    """The preferred address, else that at work, else the first is the card's; the others stand in columns of their own."""
    found = [line for line in lines if line.name == "ADR" and any(line.parts())]
    found.sort(key=lambda line: (_preference(line), "WORK" not in line.kinds))
    taken: Counter[str] = Counter()
    for line in found:
        where = "" if not taken else next((kind.title() for kind in ("HOME", "WORK") if kind in line.kinds), "Other")
        taken[where] += 1
        again = f" {taken[where]}" if taken[where] > 1 else ""
        for heading, text in zip(_ADDRESS, line.parts(), strict=False):
            if text:
                row[f"{where} {heading}{again}".strip()] = text
        if line.group in labels:
            _put_label(row, line, f"{where} Address".strip(), labels)
    written = _words(" ".join(part for line in found for part in line.parts()))
    written |= _words(f"{row.get('Full Name', '')} {row.get('Company', '')} {row.get('Name', '')}")
    given = [line.text for line in lines if line.name == "LABEL"]
    given += [unescaped(line.parameters["LABEL"]) for line in found if line.parameters.get("LABEL")]
    for text in given:
        if not _words(text) <= written:
            put(row, "Address as Written", text)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _android(line: Line) -> tuple[str, str]:
    """(heading, text) of `vnd.android.cursor.item/relation;Ann;14;…`."""
    kind, value, code, own, *_ = [*line.parts(), "", "", "", ""]
    name = kind.rsplit("/", 1)[-1]
    words: Sequence[str] = {"relation": _RELATIONS, "contact_event": _EVENTS}.get(name, ())
    said = own or (words[int(code)] if code.isdigit() and len(code) < 3 and int(code) < len(words) else "")
    return _ANDROID.get(name, name.replace("_", " ").title()), f"{value} ({said})" if said and value else value


def _is_link(line: Line) -> bool:
    return line.text[:8].casefold().startswith(("http://", "https://"))


def _files(card: Component, row: Row, file: str, book: Book) -> None:
    """The files in a card as attachments of its record, each content once."""
    whose = "Company Id" if "Name" in row else "Contact Id"
    name = row["Id"] or row.get("Email", "") or row.get("Full Name", "") or row.get("Name", "")
    seen: set[str] = set()
    for line in card.lines:
        if line.name not in _FILES or _is_link(line) or not line.value.strip():
            continue
        mime, content = _content(line)
        if content in seen:
            continue
        seen.add(content)
        if not content:
            said = f"a {line.name} that cannot be decoded"
            book.problems.append(
                problem("card_file_damaged", said, file, row=card.row, treatment="listed; nothing is sent")
            )
            continue
        kind = line.name.removeprefix("X-MS-CARD").capitalize()
        called = re.sub(r"[^\w .\-]+", " ", row.get("Full Name", "") or row.get("Name", "")).strip()
        end = mime.rsplit("/", 1)[-1].replace("jpeg", "jpg")
        book.rows["attachments"].append((card.row, {
            "File Name": f"{kind} {called}".strip() + (f".{end}" if end.isalnum() else ""),
            "Content": f"data:{mime};base64,{content}", "MIME Type": mime, whose: name,
        }))  # fmt: skip


def _content(line: Line) -> tuple[str, str]:
    """(MIME type, base64 without blanks) of a property that holds a file; no base64 where it cannot be decoded."""
    value = unescaped(line.value).strip()
    kinds = [kind.lower() for kind in line.kinds if kind not in ("PREF", "BASE64", "B", "HOME", "WORK")]
    mime = line.parameters.get("MEDIATYPE", "") or (kinds[0] if kinds else "")
    if value[:5].casefold() == "data:":
        head, _, value = value.partition(",")
        mime = head[5:].split(";")[0] or mime
    if "/" not in mime:
        mime = (
            f"{'audio' if line.name == 'SOUND' else 'image'}/{mime or 'jpeg'}"
            if line.name != "KEY"
            else "application/octet-stream"
        )
    compact = re.sub(r"\s+", "", value)
    try:
        return mime, compact if base64.b64decode(compact, validate=True) else ""
    except (binascii.Error, ValueError):
        return mime, ""
