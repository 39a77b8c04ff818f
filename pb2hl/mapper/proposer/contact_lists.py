"""Columns that name several contacts of one appointment, task, note or activity (`Attendees: Ann Able; Bob Best`): the first whom the
export knows is whom it is with, the others stay beside. Those of a company are its people."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.prefixes import without_prefix
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.knowledge.text import terms
from pb2hl.mapper.proposer.company_lists import OTHERS
from pb2hl.mapper.proposer.row_parts import by_field, fields_of
from pb2hl.mapper.proposer.score import candidate
from pb2hl.source.tables import side_by_side
from pb2hl.values.fold import fold, fold_marks

_OBJECTS = frozenset({"appointments", "tasks", "notes", "activities"})
_SURE = re.compile(r";|\||\n|:::")
_COMMA = re.compile(r",")
_QUOTED = re.compile(r'(?:^|,) ?"')
"""Where a list of names in quotes has one with a comma of its own."""
_MAIL = re.compile(r"[^\s<>()\[\],;|\"'@]{1,100}@[^\s<>()\[\],;|\"'@]{1,200}")
_KEYS = frozenset({"id", "email", "email_2", "full_name"})


def contact_names(tables: Iterable[Any]) -> dict[str, str]:
    """What the export's contacts are called by, folded (ids, e-mails, names) → their names."""
    found: dict[str, str] = {}
    for raw in tables:
        fields = fields_of(raw.headings, "contacts")
        said = {field: raw.frame[heading].str.strip() for field, heading in by_field(fields).items()}
        if {"first_name", "last_name"} <= set(said):
            names = (said["first_name"] + " " + said["last_name"]).str.strip()
        else:
            names = said.get("full_name", pd.Series("", index=raw.frame.index, dtype="str"))
        for keys in (names, *(raw.frame[heading] for heading, field in fields.items() if field in _KEYS)):
            found |= {fold_marks(key): name for key, name in zip(keys, names, strict=True) if key.strip()}
    return found


def called(raw: Any) -> pd.Series:
    """Whom each row of a table of people is about, folded: the e-mail, else the name."""
    said = by_field(fields_of(raw.headings, "contacts"))
    halves = [said[name] for name in ("first_name", "last_name") if name in said] or [said.get("full_name", "")]
    names = side_by_side(raw.frame, halves) if any(halves) else ""
    mails = raw.frame[said["email"]].str.strip() if "email" in said else pd.Series("", index=raw.frame.index)
    return mails.where(mails != "", names).map(fold_marks)


def employed(companies: Sequence[Any], people: Any) -> Any:
    """A table of people who say no company, with a column of the one whose row names them among its contacts (`Contacts associés`)."""
    said = fields_of(people.headings, "contacts")
    if {"company_id", "company_name"} & set(said.values()) or not len(people.frame):
        return people
    of: dict[str, set[str]] = {}
    for raw in companies:
        fields = by_field(fields_of(raw.headings, "companies"))
        lists = [heading for heading in raw.headings if set(terms(heading)) - _SOFT - {"id"} == {"contact"}]
        key = fields.get("id", fields.get("name", ""))
        for heading in lists if key else ():
            for text, company in zip(raw.frame[heading], raw.frame[key].str.strip(), strict=True):
                for part in filter(None, map(fold_marks, (*_LISTED.split(text), *_MAIL.findall(text)))):
                    if "id" in terms(heading) or not part.isdigit():  # `Contacts: 3` is how many
                        of.setdefault(part, set()).add(company)
    found = pd.Series("", index=people.frame.index, dtype="str")
    for heading in [heading for heading, field in said.items() if field in _KEYS] if of else ():
        keys = people.frame[heading].map(fold_marks)
        firms = keys.mask(keys.duplicated(keep=False), "").map(lambda key: "; ".join(sorted(of.get(key, ()))))
        found = found.mask(found == "", firms)
    if not (found != "").any():
        return people
    heading = next(name for name in ("Company ID", "Company") if name not in people.headings)
    frame = people.frame.assign(**{heading: found})
    return replace(people, headings=[*people.headings, heading], frame=frame)


_LISTED = re.compile(r"[;,|\n]")
_SOFT = heading_words("soft")


def split_contacts(
    headings: Sequence[str], frame: pd.DataFrame, object_: str, known: Mapping[str, str], firms: Collection[str] = ()
) -> pd.DataFrame:
    """`frame` with each column of lists of contacts as two: the one of each list whom the export knows (`known`), and
    `<heading> → others`. A comma parts only whom it knows (`Roe, Jane` stays), and a person from a company of `firms` before the name."""
    columns: dict[str, pd.Series] = {}
    for heading, said in (
        zip(headings, without_prefix(headings), strict=True) if object_ in _OBJECTS | {"deals"} else ()
    ):
        if candidate(said, object_, Signals()).field != "contact_id":
            continue
        texts = frame[heading].str.strip()
        whole: dict[str, tuple[str, list[str]]] = {text: (_own_name(text, known, firms), []) for text in texts.unique()}
        split = whole if object_ == "deals" else {text: _split(text, known, firms) for text in whole}
        if all(first == text and not rest for text, (first, rest) in split.items()):
            continue
        columns[heading] = texts.map({text: first for text, (first, _) in split.items()})
        besides = [other for other in headings if other != heading]
        elsewhere = side_by_side(frame, besides, "\n") if besides else texts.mask(texts == texts, "")
        rest = [
            "; ".join(_named(part, known) for part in split[text][1] if "@" not in part or part not in beside)
            for text, beside in zip(texts, elsewhere, strict=True)
        ]
        columns[heading + OTHERS] = pd.Series(rest, index=frame.index, dtype="str")
    if not columns:
        return frame
    out: dict[str, pd.Series] = {}
    for heading in headings:
        out[heading] = columns.get(heading, frame[heading])
        if columns.get(heading + OTHERS, pd.Series("", dtype="str")).ne("").any():
            out[heading + OTHERS] = columns[heading + OTHERS]
    return pd.DataFrame(out)


def _own_name(text: str, known: Mapping[str, str], firms: Collection[str]) -> str:
    """A person's name without the company before it, as some systems show people (`Acme, Inc., Ann Able`)."""
    for comma in _COMMA.finditer(text) if firms and len(text) <= _LONGEST else ():
        tail = text[comma.end() :].strip()
        if fold(text[: comma.start()].strip()) in firms and fold_marks(tail) in known:
            return tail
    return text


_LONGEST = 200
"""Characters of a company and a person in one cell."""


def _split(text: str, known: Mapping[str, str], firms: Collection[str]) -> tuple[str, list[str]]:
    """(whom a cell means, whom it names besides)."""
    if fold_marks(text) in known:
        return text, []
    if _QUOTED.search(text):  # `Bob,"Acme, Ann Able"`
        quoted = [_own_name(part.strip(), known, firms) for part in next(csv.reader([text], skipinitialspace=True))]
        first = next((part for part in quoted if _knows(part, known)), quoted[0])
        return first, [part for part in quoted if part != first and part]
    if (own := _own_name(text, known, firms)) != text:
        return own, []
    parts = [part.strip() for part in _SURE.split(text) if part.strip()]
    if len(parts) < 2 and "," in text:
        commas = [part.strip() for part in _COMMA.split(text) if part.strip()]
        told = sum(_knows(part, known) for part in commas)
        parts = commas if len(commas) > 1 and (told > 1 or all("@" in part for part in commas)) else parts
    if len(parts) < 2:
        return text, []
    first = next((part for part in parts if _knows(part, known)), parts[0])
    at = parts.index(first)
    return first, [*parts[:at], *parts[at + 1 :]]


def _named(part: str, known: Mapping[str, str]) -> str:
    name = known.get(fold_marks(part), "")
    return f"{name} ({part})" if name and fold_marks(name) != fold_marks(part) else part


def _knows(part: str, known: Mapping[str, str]) -> bool:
    return fold_marks(part) in known or any(fold_marks(mail) in known for mail in _MAIL.findall(part))
