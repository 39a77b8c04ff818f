"""Rows that go on with the record above them, as exports with the rows of inner tables write them (a second e-mail below the first,
everything else blank) → one row a record."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from pb2hl.mapper.proposer.row_parts import NAMES, fields_of
from pb2hl.source.joined import BETWEEN
from pb2hl.source.tables import RawTable

_ALWAYS = 3
"""Columns that every record fills and no going-on row does: fewer are blank by chance where no heading tells of an inner table."""

_INNER = re.compile(r"\(([^()]+)\)\s*$|^([^/]+)/")
"""`Email ID (Email IDs)`, `child_ids/email`: the inner table that a column is of."""


def join_continued(table: RawTable) -> RawTable:
    """`table` with what rows that go on say in the row of their record, separated by `BETWEEN`; the table itself where none does."""
    if len(table.frame) < 2 or len(table.headings) < 2:
        return table
    filled = table.frame.apply(lambda column: column.str.strip()).ne("").to_numpy(dtype=bool)
    further = _going_on(table, filled)
    if further is None:
        return table
    record = np.cumsum(~further) - 1
    frame = table.frame[~further].reset_index(drop=True)
    for at in np.flatnonzero(filled[further].any(axis=0)):
        heading = table.headings[at]
        added = pd.DataFrame({"record": record, "text": table.frame[heading].str.strip()})[filled[:, at]]
        joined = added.groupby("record")["text"].agg(BETWEEN.join)
        several = joined.index.intersection(added.loc[further[filled[:, at]], "record"].unique())
        cells = frame[heading].to_numpy(dtype=object).copy()
        cells[several.to_numpy()] = joined[several].to_numpy(dtype=object)
        frame[heading] = pd.Series(cells, index=frame.index, dtype=table.frame[heading].dtype)
    return replace(table, frame=frame, rows=table.rows[~further])


def _going_on(table: RawTable, filled: np.ndarray) -> np.ndarray | None:
    """The rows that go on with the one above; None where the blank cells of a first column of keys do not show it.

    The first column holds a value a record, each once. A row without one goes on where it fills a column that the record above fills
    too, and either its columns are of an inner table by their headings, or three columns that every record fills are blank in it.
    Rows with names of their own are records, whatever they leave to the row above, and so are all where a second value has a column."""
    keys = table.frame.iloc[:, 0].str.strip()[filled[:, 0]]
    further = ~filled[:, 0]
    if further[0] or not further.any() or not keys.is_unique:
        return None
    told = filled[further].any(axis=0)
    always = filled[~further].all(axis=0) & ~told
    above = filled[np.maximum.accumulate(np.where(further, 0, np.arange(len(further))))]
    if not filled[further].any(axis=1).all() or not (filled & above)[further].any(axis=1).all():
        return None
    theirs = [heading for heading, said in zip(table.headings, told, strict=True) if said]
    inner = _of_inner_tables(theirs)
    named = NAMES if inner else _CALLED
    if named & set(fields_of(theirs, "contacts").values()) or _side_by_side(table.headings, theirs):
        return None
    return further if always[0] and (inner or always.sum() >= _ALWAYS) else None


_CALLED = NAMES | {"company_name", "tags"}
"""What only a record of its own has: a firm below a person is no further value of theirs."""


def _side_by_side(headings: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether one of `theirs` stands in a table more than once, by number (`Phone 1 - Value`, `Phone 2 - Value`)."""
    alike = Counter(_NUMBER.sub("#", heading) for heading in headings)
    return any(_NUMBER.search(heading) and alike[_NUMBER.sub("#", heading)] > 1 for heading in theirs)


_NUMBER = re.compile(r"\d+")


def _of_inner_tables(headings: Sequence[str]) -> bool:
    """Whether all of several headings name the inner table that they are of, one of them with another."""
    found = [match for heading in headings if (match := _INNER.search(heading))]
    named = Counter(match[1] or match[2] for match in found)
    return len(found) == len(headings) and max(named.values(), default=0) > 1
