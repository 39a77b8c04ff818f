"""Columns that say a row is no record any more: deleted, archived, merged into another, a test, a duplicate; or whose words do (`Status`).

Such rows are left out and listed, row by row; a person who clears the transform of the column brings them back.
"""

from __future__ import annotations

from functools import cache

import pandas as pd

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.structure import Table
from pb2hl.values.booleans import FALSE, TRUE
from pb2hl.values.fold import fold

LEAVES_OUT = "leave out rows"
"""The transform of a column whose yes (or date, or id) leaves its row out."""

_FLAGS = heading_words("flags")
_BESIDE = heading_words("beside flags")
_MOST = 0.8  # share of the rows that a flag may leave out without a person
_NOT_SAID = frozenset({"", "0000-00-00", "0000-00-00 00:00:00", "null", "none"})


def find_flags(table: Table) -> None:
    """Propose to leave out the rows that a column of `table` flags; changes the proposals in place."""
    for heading in table.raw.headings:
        if not is_flag(table.said(heading)):
            _find_gone(table, heading)
            _find_blocked(table, heading)
            continue
        column = table.raw.frame[heading]
        gone = flagged(column)
        share = float(gone.mean()) if len(gone) else 0.0
        if not answers(column):
            continue
        reason = f"flags rows that are no records any more: {int(gone.sum())} of {len(gone)} are left out"
        table.decide(heading, "ignore", "ignore", 0.92 if share <= _MOST else 0.6, reason)
        table.transform(heading, LEAVES_OUT)


def _find_gone(table: Table, heading: str) -> None:
    """Propose to leave out the people and companies that a column of statuses calls deleted or archived; the others' words are kept.

    Who is inactive is still somebody, and arrives with that word.
    """
    if table.object not in ("contacts", "companies") or not {"status", "state"} & {*terms(table.said(heading))}:
        return
    values = table.values(heading)
    gone = sorted(value for value in values if is_gone(value)) if len(values) <= _MOST_STATUSES else []
    if gone and len(gone) < len(values) and table.proposed(heading) in ("custom", "ignore", "state"):
        count = int(flagged(table.raw.frame[heading]).sum())
        share = count / len(table.raw.frame)
        why = f"rows that it calls {' or '.join(gone)} are left out: {count} of {len(table.raw.frame)}"
        table.decide(heading, "custom", "custom", 0.88 if share <= _MOST else 0.6, why)
        table.transform(heading, LEAVES_OUT)


def _find_blocked(table: Table, heading: str) -> None:
    """Propose to leave out the appointments whose title or type is of a time that is blocked (`Lunch`, `Blocked`), where none of them
    names anybody and most others do."""
    if table.object != "appointments" or table.proposed(heading) in ("contact_id", "id", "owner", "description"):
        return
    frame = table.raw.frame
    whose = [name for name in table.raw.headings if table.proposed(name) == "contact_id"]
    gone = frame[heading].map(fold).map(is_blocked)
    if not whose or not gone.any() or table.step(heading):
        return
    named = frame[whose].apply(lambda column: column.str.strip()).ne("").any(axis=1)
    if (named & gone).any() or float(named[~gone].mean()) < _MOST:
        return
    table.transform(heading, LEAVES_OUT)


@cache
def is_blocked(value: str) -> bool:
    """Whether a title says no more than that a time of a calendar is taken."""
    words = set(tokens(value))
    return bool(words) and words <= heading_words("blocked times")


_MOST_STATUSES = 12  # different words of a column of statuses


@cache
def is_gone(value: str) -> bool:
    """Whether a status says that a row is no record any more (`Deleted`, `Archived`)."""
    return is_flag(value) and not set(tokens(value)) & heading_words("no flags as statuses")


def is_flag(heading: str) -> bool:
    """Whether a heading asks if a row is deleted, archived, merged, a test or a duplicate."""
    words = set(tokens(heading))
    return bool(words & _FLAGS) and words <= _FLAGS | _BESIDE


def answers(column: pd.Series) -> bool:
    """Whether a column's values can be a flag: yes and no, or mostly blanks beside times or ids."""
    texts = column.map(fold)
    said = set(texts.unique())
    return said <= TRUE | FALSE | _NOT_SAID or float(texts.isin(_NOT_SAID).mean()) >= 1 - _MOST


def flagged(column: pd.Series) -> pd.Series:
    """Which rows a column flags: yes, the word itself, or whatever stands where others are blank (`deleted_at`, `merged_into`)."""
    texts = column.map(fold)
    if set(texts.unique()) <= TRUE | FALSE | _NOT_SAID:
        return texts.isin(TRUE)
    if (gone := texts.map(is_gone) | texts.map(is_blocked)).any():
        return gone
    return ~texts.isin(FALSE | _NOT_SAID)
