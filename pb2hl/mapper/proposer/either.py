"""One column of the names of either people or companies (`Name / Company`, or a customer's beside the person there): who is who, row by
row, or a person decides."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.sheet_layout import WAITS
from pb2hl.mapper.knowledge.signals import Signals, is_company, is_person
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.objects import what_it_is
from pb2hl.mapper.proposer.row_parts import by_field, fields_of, surely
from pb2hl.mapper.proposer.score import candidate
from pb2hl.mapper.proposer.structure import Table
from pb2hl.matching.names import is_shared_mailbox, known_given_names
from pb2hl.source.mixed import PART
from pb2hl.source.tables import RawTable, side_by_side

_OR = re.compile(r"[/|]|(?<=\s)(?:or|oder|ou|o|eller|lub|och|&)(?=\s)", re.IGNORECASE)
_PERSON = frozenset({"name", "full name", "contact", "last name", "person"})
_BETWEEN = re.compile(r"[\s,;<>]")


def either_name(heading: str) -> bool:
    """Whether a heading says that its names are of people or of companies."""
    halves = [set(terms(part)) for part in _OR.split(heading) if part.strip()]
    return len(halves) == 2 and any(
        one <= _PERSON and two - {"name"} == {"company"} for one, two in (halves, halves[::-1])
    )


def people_and_companies(raw: RawTable) -> list[tuple[RawTable, str, str]]:
    """`raw` as its people and its companies, where each row shows which it is; () where one does not, or no column holds both."""
    headings = [heading for heading in raw.headings if either_name(heading)]
    if len(headings) != 1 or not len(raw.frame):
        return []
    (heading,) = headings
    first = _other_half(raw.headings, heading)
    if not first and any(_names_person(other) for other in raw.headings if other != heading):
        return []
    mails = [_addresses(" ".join(cells).casefold()) for cells in raw.frame.itertuples(index=False, name=None)]
    given = raw.frame[first].str.strip() if first else [""] * len(raw.frame)
    kinds = [_kind(name, mail, own) for name, mail, own in zip(raw.frame[heading], mails, given, strict=True)]
    if not {"contacts", "companies"} <= set(kinds) <= {"contacts", "companies"}:
        return []
    out: list[tuple[RawTable, str, str]] = []
    for object_, name in (("contacts", "Last name" if first else "Full name"), ("companies", "Company name")):
        mask = pd.Series(kinds).eq(object_).to_numpy()
        frame = raw.frame[mask].reset_index(drop=True).rename(columns={} if name in raw.headings else {heading: name})
        sheet = f"{raw.sheet}{PART}{object_}" if raw.sheet else object_
        part = replace(
            raw, sheet=sheet, headings=[str(column) for column in frame.columns], frame=frame, rows=raw.rows[mask]
        )
        out.append(
            (
                part if not out else replace(part, problems=(), dropped=()),
                object_,
                f"the column {heading!r} names {object_} in these rows",
            )
        )
    return out


def firms_beside_people(raw: RawTable) -> RawTable:
    """`raw` with the names of customers that are no names of the people beside them (`*ContactName` beside `FirstName`, `LastName`; `Nazwa`
    beside `Imię i nazwisko`) in a column of companies, and companies that are called as the person is (`Bianchi Mario`) in one of people;
    itself where none is, or nothing shows that they are companies."""
    read = surely(raw, "contacts")
    columns = by_field(read)
    cells = raw.frame.apply(lambda column: column.str.strip())
    called, own = _customers_and_people(raw.headings, read)
    if not called:
        return raw
    names, people = cells[called], side_by_side(cells, own)
    pairs = [({*tokens(name)}, {*tokens(person)}) for name, person in zip(names, people, strict=True)]
    if read.get(called) == "company_name":
        persons = pd.Series([bool(name) and name == person for name, person in pairs])
        return _moved(raw, called, persons, "Full name") if persons.any() else raw
    mails = cells[columns["email"]].map(_addresses) if "email" in columns else pd.Series([[]] * len(cells))
    kinds = [_kind(name, [mail.casefold() for mail in own]) for name, own in zip(names, mails, strict=True)]
    apart = [bool(name and person and not name & person) for name, person in pairs]
    alone = [bool(name and not person) for name, person in pairs]
    shown = sum(one and kind == "companies" for one, kind in zip(apart, kinds, strict=True))
    if not shown or shown < sum(one and kind == "contacts" for one, kind in zip(apart, kinds, strict=True)):
        return raw
    if len(own) == 1:  # another column has whole names: what says more than they do is a company's
        return _moved(raw, called, pd.Series([bool(name - person) for name, person in pairs]), "Company name")
    rows = zip(apart, alone, kinds, strict=True)
    firms = [kind == "companies" if solo else one and kind != "contacts" for one, solo, kind in rows]
    return _moved(raw, called, pd.Series(firms), "Company name")


def _customers_and_people(headings: Sequence[str], read: Mapping[str, str]) -> tuple[str, list[str]]:
    """The column of customers' names (people's or companies') of what `headings` were `read` as, and those of the people's; ("", []) for none."""
    columns = by_field(read)
    halves = [columns[name] for name in ("first_name", "last_name") if name in columns]
    if len(halves) == _HALVES:
        return columns.get("company_name") or columns.get("full_name", ""), halves
    said = fields_of(headings, "contacts").items()  # one table has one full name: of two only one is proposed
    whole = [heading for heading, field in said if field == "full_name"]
    plain = [heading for heading in whole if terms(heading) == ("name",)]
    people = [heading for heading in whole if heading not in plain]
    return (plain[0], people) if len(plain) == len(people) == 1 and "company_name" not in columns else ("", [])


_HALVES = 2  # of a name


def _moved(raw: RawTable, column: str, rows: pd.Series, heading: str) -> RawTable:
    """`raw` with the cells of `column` in `rows` under another `heading`."""
    heading = next(name for name in (heading, f"{heading} of the contact") if name not in raw.headings)
    whole = raw.frame[column]
    frame = raw.frame.assign(**{column: whole.where(~rows, ""), heading: whole.where(rows, "")})
    return replace(raw, headings=[*raw.headings, heading], frame=frame)


def _other_half(headings: Sequence[str], heading: str) -> str:
    """The one column of given names beside one of last names or companies (`Vorname` beside `Nachname / Firma`); "" for none.

    `Name / Company` beside a given name could as well be the person's company: nobody says that it is the last name."""
    if not any(set(terms(part)) == {"last name"} for part in _OR.split(heading)):
        return ""
    read = {other: candidate(other, "contacts", Signals()).field for other in headings if other != heading}
    found = [other for other, field in read.items() if field == "first_name"]
    return found[0] if len(found) == 1 and not {"last_name", "full_name"} & set(read.values()) else ""


def _names_person(heading: str) -> bool:
    """Whether a heading asks for a person at the company (`Contact person`), so that other names are the company's."""
    return candidate(heading, "contacts", Signals()).field in ("first_name", "full_name") and not set(
        terms(heading)
    ) & {"company"}


def ask_who(table: Table) -> None:
    """Leave to a person what a column of either people or companies is; changes the proposals in place."""
    for heading in table.raw.headings:
        if table.object not in ("contacts", "companies") or not either_name(heading) or not table.filled(heading):
            continue
        told = _told_by(table, heading)
        if told:
            table.decide(heading, told, told, 0.9, "another column says of every row which it is")
        elif table.object == "contacts" and any(
            _names_person(other) for other in table.raw.headings if other != heading
        ):
            for other in table.raw.headings:
                if table.proposed(other) == "company_name":
                    table.decide(other, "custom", "custom", 0.8, f"another name of the company in {heading!r}")
            table.decide(heading, "company_name", "companyName", 0.88, "another column is the person")
        else:
            reason = f"{WAITS}it names people or companies, and not every row shows which: tell them apart in the export, or decide one for all"
            field, target = ("full_name", "name") if table.object == "contacts" else ("name", "name")
            table.decide(heading, field, target, 0.6, reason)


def _told_by(table: Table, heading: str) -> str:
    """What a column of either's names is where every row says in another one what it is (`Herr`, `Frau`, `Firma`); "" where not."""
    first = _other_half(table.raw.headings, heading)
    rows = len(table.raw.frame)
    said = {
        next(iter(kinds), "")
        for other in table.raw.headings
        if other != heading
        and table.filled(other) == rows
        and len(kinds := {what_it_is(text) for text in table.values(other)}) == 1
    }
    if table.object == "companies":
        return "name" if "companies" in said and not first else ""
    if first and table.filled(first) == rows:
        return "last_name"
    return ("last_name" if first else "full_name") if "contacts" in said else ""


def _addresses(text: str) -> list[str]:
    return [word for word in _BETWEEN.split(text) if 0 < word.find("@") < len(word) - 1]


def _kind(name: str, mails: Sequence[str], given: str = "") -> str:
    """contacts or companies by a `given` name beside it, a legal form, a given name in use, or whose mailbox a row has; "" where
    nothing shows it."""
    if given:
        return "contacts" if not is_company(name) else ""
    if is_company(name):
        return "companies"
    words = [word for word in tokens(name) if len(word) > 1]
    if not is_person(name) or not words:
        return ""
    behind = tokens(name.partition(",")[2])
    if {words[0], *behind[:1]} & known_given_names() or set(words[:1]) & heading_words("salutations"):
        return "contacts"
    shared = [is_shared_mailbox(mail) for mail in mails]
    if any(shared):
        return "companies" if all(shared) else ""
    own = ["".join(tokens(mail.partition("@")[0])) for mail in mails]
    return "contacts" if any(word in local for local in own for word in words) else ""
