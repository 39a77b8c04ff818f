"""References of two columns, one that says which object and one that holds the id (`parent_type`, `parent_id`).

The id column is taken apart into one column an object (`parent_id → Deal`), so that each points to one kind of record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.prefixes import without_prefix
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.candidate import Candidate
from pb2hl.mapper.proposer.objects import named
from pb2hl.mapper.proposer.score import candidate
from pb2hl.model import OBJECTS, OF_PEOPLE
from pb2hl.source.tables import side_by_side

ARROW = " → "
"""What stands before the object in the heading of a column made for it."""

_FIELDS = {
    "contacts": ("contact_id", "contactId"),
    "companies": ("company_id", "ignore"),
    "deals": ("deal_id", "ignore"),
    "notes": ("note_id", "ignore"),
}
LINKED = OF_PEOPLE - {"deals"}
"""Objects that hang on others."""

_KINDS = frozenset("type kind object module entity class model table category".split())
_IDS = frozenset("id ids number no nr key guid uuid code name".split())
_RECORDS = frozenset({"record", "object", "entity", "item"})
"""Words for whatever record it is (`Linked Object`, `Linked Record Id`)."""

MOST_OBJECTS = 12  # different objects that a column of types may name
_LONGEST = 40  # characters of such a name
_SINGLE = {"contact": "contacts", "company": "companies", "deal": "deals", "note": "notes"}


def pointers(headings: Sequence[str], frame: pd.DataFrame, object_: str) -> dict[str, str]:
    """{id column: column that says which object it is of} of a table of the canonical `object_`."""
    if object_ not in LINKED:
        return {}
    said = dict(zip(headings, without_prefix(headings), strict=True))
    kinds = [heading for heading in headings if _KINDS & set(_words(said[heading])) and names_objects(frame[heading])]
    found: dict[str, str] = {}
    for kind in kinds:
        partners = [
            name for name in headings if name != kind and name not in found and _partners(said[kind], said[name])
        ]
        if partners:  # beside `Parent ID` a `Record Id` is the row's own
            found[max(partners, key=lambda name: "parent" in _words(said[name]))] = kind
    return found


def names_objects(column: pd.Series) -> bool:
    """Whether most values of a column name contacts, companies or deals (`Person`, `Account`, `Matter`)."""
    values = [text for text in pd.Series(column.unique(), dtype="str").str.strip().unique() if text]
    if not 0 < len(values) <= MOST_OBJECTS or any(len(text) > _LONGEST for text in values):
        return False
    found = [object_ for object_ in map(_object, values) if object_ and object_ != "notes"]
    return len(found) >= len(values) / 2


@lru_cache(maxsize=1_000)
def _object(text: str) -> str:
    found = named(text)[0] or next((_SINGLE[term] for term in terms(text) if term in _SINGLE), "")
    return found if found in _FIELDS else ""


_GLUED = re.compile(r"([^\W\d_]{3,20}?)(type|id)$")


def _words(heading: str) -> tuple[str, ...]:
    """The words of a heading; `reltype` and `relid` are two each."""
    words = tokens(heading)
    glued = _GLUED.match(words[0]) if len(words) == 1 and words[0] not in _IDS else None
    return glued.groups() if glued else words


def _partners(kind: str, heading: str) -> bool:
    """Whether two headings differ only in that one says `type` and the other `id`; a bare `id` is the row's own."""
    words, others = _words(kind), _words(heading)
    stem = [word for word in words if word not in _KINDS]
    rest = [word for word in others if word not in _IDS]
    if len(rest) == len(others) or not rest:
        return False
    bare = [word for word in rest if word not in _RECORDS]
    return rest == stem or (bare == stem if stem else rest == list(words) or set(rest) <= _RECORDS | {"parent"})


def split_pointers(headings: Sequence[str], frame: pd.DataFrame, found: dict[str, str]) -> pd.DataFrame:
    """`frame` with each id column of `found` as one column an object, called `<heading> → <what the type says>`.

    Rows whose type names no object keep their id under the column's own heading.
    """
    columns: dict[str, pd.Series] = {}
    for heading in headings:
        if heading not in found:
            columns[heading] = frame[heading]
            continue
        kinds = frame[found[heading]].str.strip()
        left = frame[heading]
        for text in kinds.unique():
            if _object(text):
                mine = kinds == text
                columns[f"{heading}{ARROW}{text}"] = frame[heading].where(mine, "")
                left = left.where(~mine, "")
        if (left.str.strip() != "").any():
            columns[heading] = left
    return pd.DataFrame(columns)


POINTED = {"contacts": "Contact", "companies": "Company", "deals": "Deal"}
"""Objects that such a reference may mean, as the column made for each is called."""

_OF_ANY = ({"what", "id"}, {"regarding"}, {"regarding", "id"}, {"parent", "id"}, {"record", "id"}, {"what"}, {"record", "name"}, {"document", "name"})  # fmt: skip
"""Headings of a reference that may mean a record of any object (`WhatId`, `Regarding`, `ParentId`, `Document Name`)."""

_FOUND = 0.5  # share of such a column's values that must be ids of other tables


def of_any_record(headings: Sequence[str], object_: str) -> list[str]:
    """The columns of a table of the canonical `object_` that may mean a record of any object."""
    return [heading for heading in headings if object_ in LINKED and set(terms(heading)) in _OF_ANY]


def of_either(
    headings: Sequence[str], frame: pd.DataFrame, object_: str, ids: Mapping[str, frozenset[str]]
) -> list[str]:
    """The columns of a table that are called whose it is (`Party`, `Customer`) and hold ids or names of companies in some rows or all;
    `ids` are those that the records of each object have."""
    if object_ not in OF_PEOPLE or not ids["contacts"] or not ids["companies"]:
        return []
    found = []
    for heading, said in zip(headings, without_prefix(headings), strict=True):
        item = pointing(heading, object_) or candidate(said, object_, Signals())
        if item.field == "contact_id":
            values = [text for text in frame[heading].str.strip().unique() if text]
            firms, people = (any(text in ids[name] for text in values) for name in ("companies", "contacts"))
            if firms and (people or not all(map(str.isdigit, values))):  # what is merely counted may be of anybody
                found.append(heading)
    return found


def one_reference(
    frame: pd.DataFrame, object_: str, people: Sequence[frozenset[str]], names: frozenset[str] = frozenset()
) -> pd.DataFrame:
    """`frame` with what one column says of people put into another where no row fills both (`Party → Contact`, `Contact person`).

    `people` are the ids of each table of contacts: an id that two of them have could be of either, and nothing is put together;
    `names` are what people are called.
    """
    known = frozenset().union(*people)
    if len(known) < sum(map(len, people)) or not any(ARROW in name for name in frame.columns):
        return frame
    known |= names
    said = dict(zip(frame.columns, without_prefix(list(frame.columns)), strict=True))
    read = {name: pointing(name, object_) or candidate(said[name], object_, Signals()) for name in frame.columns}
    called = [name for name, item in read.items() if item.field == "contact_id"]
    columns = [name for name in called if frame[name].str.strip().isin([*known, ""]).all()]
    if len(columns) < _TWO:
        return frame
    cells = frame[columns].apply(lambda column: column.str.strip())
    if (cells.ne("").sum(axis=1) >= _TWO).any():
        return frame
    first = max(columns, key=lambda name: ((cells[name] != "").sum(), ARROW not in name))
    return frame.assign(**{first: side_by_side(cells, columns, "")}).drop(
        columns=[name for name in columns if name != first]
    )


_TWO = 2


def ids_of(tables: Iterable[Any], object_: str, field: str = "id") -> frozenset[str]:
    """The ids of all raw tables of a canonical object, or what they have as another `field`, from the columns headed so."""
    return frozenset(
        text
        for raw in tables
        for heading, said in zip(raw.headings, without_prefix(raw.headings), strict=True)
        if candidate(said, object_, Signals()).field == field
        for text in raw.frame[heading].str.strip().unique()
        if text
    )


def split_by_ids(
    headings: Sequence[str], frame: pd.DataFrame, ids: Mapping[str, Mapping[str, frozenset[str]]]
) -> pd.DataFrame:
    """`frame` with each column of `ids` (heading → {object: the ids that its records have}) as one column an object.

    A column whose values are in no object's ids, or one in two objects' at once, stays.
    """
    found: dict[str, pd.Series] = {}
    for heading, known in ids.items():
        values = frame[heading].str.strip()
        inside = {name: values.isin(list(of)) & (values != "") for name, of in known.items()}
        several = pd.DataFrame(inside, index=values.index).sum(axis=1)
        filled = int((values != "").sum())
        if not filled or (several > 1).any() or (several == 1).sum() < _FOUND * filled:
            continue
        kinds = pd.Series("", index=values.index, dtype="str")
        for name, mask in inside.items():
            kinds = kinds.mask(mask, POINTED[name])
        found[heading] = kinds
    if not found:
        return frame
    beside = {f"\0{heading}": kinds for heading, kinds in found.items()}
    whole = pd.concat([frame, pd.DataFrame(beside)], axis=1)
    return split_pointers(headings, whole, {heading: f"\0{heading}" for heading in found})


def pointing(heading: str, object_: str) -> Candidate | None:
    """What a column of the canonical `object_` that `split_pointers` made is; None for any other."""
    _, arrow, text = heading.rpartition(ARROW)
    about = _object(text) if arrow else ""
    field, target = _FIELDS.get(about, ("", ""))
    if field not in OBJECTS[object_].field_names:
        return None
    return Candidate(field, target, 0.95, f"ids of records that another column calls {' '.join(terms(text))}")
