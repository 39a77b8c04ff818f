"""Tables of a file that show again what another of its tables holds, as views of a database do (`v_active_buyers`)."""

from __future__ import annotations

from collections.abc import Sequence

from pb2hl.mapper.proposer.references import KeyedTable
from pb2hl.model import OBJECTS
from pb2hl.source.mixed import PART

_LEAST = 3
"""Columns that two tables share at least, their key among them, before one repeats the other."""


def repeats(tables: Sequence[KeyedTable], at: int) -> str:
    """The table of records all of whose cells of number `at` are, under the same ids and headings; "" for none.

    Lists of people whose name says something of them (`unsubscribed`) are in files or sheets of their own, with columns that say it;
    two copies of one size are left as they are.
    """
    mine = tables[at]
    if not mine.key or PART in mine.raw.sheet:
        return ""
    for number, other in enumerate(tables):
        if number == at or other.object not in OBJECTS or other.raw.file != mine.raw.file or not other.raw.sheet:
            continue
        if other.key == mine.key and mine.ids <= other.ids and _shown_again(mine, other):
            return str(other.raw.label)
    return ""


def _shown_again(mine: KeyedTable, other: KeyedTable) -> bool:
    headings = mine.raw.headings
    smaller = len(headings) < len(other.raw.headings)
    if not smaller or len(headings) < _LEAST or not set(headings) <= set(other.raw.headings):
        return False
    theirs = other.raw.frame.set_index(other.raw.frame[other.key].str.strip())[headings]
    own = mine.raw.frame.set_index(mine.raw.frame[mine.key].str.strip())[headings]
    return bool((theirs.reindex(own.index) == own).to_numpy().all())
