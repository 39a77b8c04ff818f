"""What it takes to make two tables of one whose rows each tell of two records."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pb2hl.mapper.knowledge.prefixes import without_prefix
from pb2hl.mapper.knowledge.signals import Signals, signals
from pb2hl.mapper.proposer.propose import propose_fields
from pb2hl.mapper.proposer.score import candidate
from pb2hl.model import OBJECTS
from pb2hl.sheets import table_rows
from pb2hl.source.mixed import PART
from pb2hl.source.tables import RawTable, side_by_side

Read = tuple[RawTable, str, str]
"""A part of a table, the object that it is, and why."""

SURE, ROWS = 0.85, 200
"""Confidence (0-1) from which a column is taken for what it says, and rows looked at."""

_MOSTLY = 0.8
NAMES = frozenset({"first_name", "last_name", "full_name"})
REACHED = frozenset({"email", "phone", "mobile"})
PERSON = frozenset(spec.name for spec in OBJECTS["contacts"].fields if not spec.refers_to)
"""What may be said of a person."""


def surely(raw: RawTable, object_: str) -> dict[str, str]:
    """What each column surely is when the table is one of `object_`, by heading."""
    proposed = propose_fields(raw.frame.head(ROWS), object_)
    return {
        row.heading: row.field
        for row in table_rows(proposed)
        if float(row.confidence) >= SURE and row.field not in ("custom", "ignore")
    }


def fields_of(headings: Sequence[str], object_: str) -> dict[str, str]:
    """What each heading says by itself, by heading; no values are looked at."""
    said = zip(headings, without_prefix(headings), strict=True)
    return {heading: candidate(words, object_, Signals()).field for heading, words in said}


def by_field(fields: Mapping[str, str]) -> dict[str, str]:
    """The first heading of each field, of the fields by heading (as `surely` gives them)."""
    return {field: heading for heading, field in reversed([*fields.items()])}


BY_KEY, BY_NAME = ("id", "email", "full_name", "name"), ("full_name",)
"""Fields that say whom a row is about, best first."""


def label_of(raw: RawTable, fields: Mapping[str, str], ways: Sequence[str] = BY_KEY) -> pd.Series | None:
    """Whom each row is about, by the first of `ways` that is among its `fields`, else by the halves of a name; None where no column says it."""
    found = by_field(fields)
    key = next((found[name] for name in ways if name in found), "")
    halves = [found[name] for name in ("first_name", "last_name") if name in found]
    if not key and not halves:
        return None
    whole = side_by_side(raw.frame, halves or [key]).str.strip()
    return whole if not key else raw.frame[key].str.strip().where(raw.frame[key].str.strip() != "", whole)


def filled(raw: RawTable, columns: Sequence[str]) -> np.ndarray:
    """Which rows have a cell in one of `columns`."""
    return raw.frame[list(columns)].apply(lambda column: column.str.strip()).ne("").any(axis=1).to_numpy(dtype=bool)


def part_name(raw: RawTable, name: str) -> str:
    """The sheet that a part of `raw` is called after."""
    return f"{raw.sheet}{PART}{name}" if raw.sheet else name


def are_people(raw: RawTable, heading: str) -> bool:
    """Whether a column holds names of people."""
    seen = signals(raw.frame[heading].head(ROWS))
    short = seen.examples and all(map(_GLYPHS.match, seen.examples))
    people = short or seen.looks("person", at_least=_MOSTLY)
    return bool(people) and not seen.looks("company", at_least=1 - _MOSTLY)


_GLYPHS = re.compile(r"[\u3040-\u9fff\uac00-\ud7a3]{1,4}[ \u3000]?[\u3040-\u9fff\uac00-\ud7a3]{1,4}$")
"""Names of people in scripts without capitals, with or without a blank between surname and given name."""
