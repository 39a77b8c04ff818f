"""Tables that continue others row by row under the same ids (`contactaddress` of `contactdetails`, a base that all records share)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

import pandas as pd

from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.proposer.objects import named
from pb2hl.mapper.proposer.references import KeyedTable, each_once, references
from pb2hl.mapper.proposer.score import candidate
from pb2hl.model import OBJECTS
from pb2hl.source import joined
from pb2hl.source.mixed import dropped_rows
from pb2hl.source.tables import RawTable

_CONTINUED = ("contacts", "companies", "deals", "users")
_NAMES = frozenset({"name", "first_name", "last_name", "full_name", "email", "title"})
_KEY = re.compile(r"(?i)(id|guid|uuid|key)(_c)?$")
_ALL, _LEAST = 0.9, 4
"""Share (0-1) of a table's rows that one continues, or of its own that belong to others; letters of a name in common."""


def extend(tables: list[KeyedTable], decided: Collection[int], nobody: str) -> dict[int, str]:
    """Put the columns of each table that continues others into theirs, in `tables`; what became of those, by number.

    Rows that continue no record are listed among the dropped ones for the reason `nobody`.
    """
    reasons: dict[int, str] = {}
    for at, mine in enumerate(tables):
        found = None if at in decided or not len(mine.raw.frame) else _continued(tables, at, {*decided, *reasons})
        if found is None:
            continue
        key, targets = found
        values = mine.raw.frame[key].str.strip()
        for target in targets:
            tables[target] = tables[target].of(_with(tables[target], mine.raw, key))
        left = ~values.isin(frozenset().union(*(tables[target].ids for target in targets))).to_numpy()
        if left.any():
            first = tables[targets[0]]
            tables[targets[0]] = first.of(
                replace(first.raw, dropped=(*first.raw.dropped, *dropped_rows(mine.raw, left, nobody)))
            )
        reasons[at] = (
            f"no records of its own but further columns of {', '.join(tables[target].raw.label for target in targets)}"
        )
    return reasons


def _continued(tables: Sequence[KeyedTable], at: int, others: Collection[int]) -> tuple[str, list[int]] | None:
    """The column of a table that holds the ids of the records it continues, one row each, and the tables of those; None for none."""
    mine = tables[at]
    if (mine.object in _CONTINUED and _named(mine)) or named(mine.raw.sheet or mine.raw.file)[0] == "pipelines":
        return None  # stages count from 1 as deals do
    there = [
        n
        for n, other in enumerate(tables)
        if n != at and n not in others and other.key and other.object in _CONTINUED and _named(other)
    ]
    keys = {tables[n].key for n in there}
    theirs_first = sorted(mine.raw.headings, key=lambda name: name not in keys)  # its own may count 1, 2, 3 too
    for heading in theirs_first:
        column = mine.raw.frame[heading]
        if not _KEY.search(heading) or not each_once(column):
            continue
        values = set(column.str.strip())
        hit = [n for n in there if values & tables[n].ids]
        inside = sum(len(values & tables[n].ids) for n in hit)
        one = [n for n in hit if _called_after(mine, tables[n]) and len(values & tables[n].ids) >= _ALL * len(values)]
        once = inside == len(values & frozenset().union(*(tables[n].ids for n in hit)))
        whole = all(len(values & tables[n].ids) >= _ALL * len(tables[n].ids) for n in hit)
        shared = len(hit) > 1 and once and whole and _says_which(mine, heading, [tables[n] for n in hit])
        found = one if len(one) == 1 and mine.object in ("", tables[one[0]].object) else hit if shared else []
        if found and not _links(tables, at, heading):
            return heading, found
    return None


def _links(tables: Sequence[KeyedTable], at: int, key: str) -> bool:
    """Whether a table refers to records besides those under its `key`: then it links them, under ids of its own."""
    return any(heading != key and tables[n].object in _CONTINUED[:3] for heading, n in references(tables, at).items())


def _named(table: KeyedTable) -> bool:
    """Whether a table says what its records are called."""
    if table.object not in OBJECTS:
        return False
    return any(candidate(said, table.object, Signals()).field in _NAMES for said in table.said.values())


def _called_after(mine: KeyedTable, other: KeyedTable) -> bool:
    """Whether a table's name begins like the other's, or with the name of the object that it is (`contactaddress`)."""
    word, theirs = mine.name[0] if mine.name else "", other.name[0] if other.name else ""
    if word == theirs or (len(theirs) >= _LEAST and word.startswith(theirs)):
        return True
    return any(named(word[:end])[0] == other.object for end in range(_LEAST, len(word) + 1))


def _says_which(mine: KeyedTable, key: str, others: Sequence[KeyedTable]) -> bool:
    """Whether a column names the object of each row as the table that its id stands in."""
    values = mine.raw.frame[key].str.strip()
    for heading in mine.raw.headings:
        if heading == key or mine.raw.frame[heading].nunique() < len(others):
            continue
        said = {text: named(text)[0] for text in mine.raw.frame[heading].unique()}
        whose = pd.Series(mine.raw.frame[heading].map(said))
        if all((whose[values.isin(other.ids)] == other.object).all() for other in others):
            return True
    return False


def _with(table: KeyedTable, raw: RawTable, key: str) -> RawTable:
    """A table with the columns that continue it; one that is called like one of its own stands beside it under both names."""
    columns = raw.frame.drop(columns=key)
    columns = columns.loc[:, (columns.apply(lambda column: column.str.strip()) != "").any()]
    names = {
        name: f"{raw.sheet or raw.file.rsplit('/', 1)[-1]} {name}"
        for name in columns.columns
        if name in table.raw.headings
    }
    return joined.with_columns(table.raw, table.key, joined.gathered(raw.frame[key], columns.rename(columns=names)))
