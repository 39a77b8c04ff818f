"""What records are called after where no column is a title: like their table, what was booked, what is sold, what it is about."""

from __future__ import annotations

from collections.abc import Sequence

from pb2hl.mapper.knowledge.concepts import SELF
from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.structure import Table
from pb2hl.model import OBJECTS

_TITLES = {
    "appointments": ("title", ({"event", "type"}, {"event", "type", "name"}, {"type"})),
    "deals": ("name", ({"description"}, {"product"}, {"product", "name"}, {"note"})),
}
"""The field of each object that names its records → the terms of headings that do so too, the better first."""

_CALLED = {"tasks": "title", "companies": "name"}
"""Objects whose records are only called after the column that bears their table's name."""
_SHORTEST, _PLURAL = 4, 3  # letters of such a heading, and of what a plural adds at most


def _like_the_table(table: Table, free: Sequence[str]) -> list[str]:
    """Columns that are called like one record of their table (`Engagement` of `Engagements.csv`)."""
    of_table = tokens(table.raw.sheet or table.raw.file.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    found = []
    for heading in free:
        (word, *more) = tokens(heading) or ("",)
        alike = [w for w in of_table if w.startswith(word) and len(w) - len(word) <= _PLURAL]
        if not more and len(word) >= _SHORTEST and alike:
            found.append(heading)
    return found


_LONGEST = 60  # characters on average of what still is a title
_MOSTLY = 0.6  # share (0-1) of the records that a column must name
_NONE = ("number", "money", "boolean", "date", "datetime", "email", "url", "code")


def find_title(table: Table) -> None:
    """Propose the column that names the records of a table without a title; changes the proposals in place."""
    field, kinds = _TITLES.get(table.object, ("", ()))
    field = field or _CALLED.get(table.object, "")
    if not field or (table.proposals["field"] == field).any():
        return
    free = [name for name in table.raw.headings if table.proposed(name) in ("custom", "ignore") and table.filled(name)]
    booked = [name for name in free if set(tokens(name)) & heading_words("booked")]
    others = [name for kind in kinds for name in free if set(terms(name)) - SELF.get(table.object, set()) == kind]
    for heading in [*_like_the_table(table, free), *booked, *others]:
        seen = table.seen(heading)
        told = seen.filled >= _MOSTLY * seen.rows
        if told and seen.mean_length <= _LONGEST and not seen.looks(*_NONE, at_least=0.5):
            reason = "what these records are about, and no column is their title"
            table.decide(heading, field, OBJECTS[table.object].meaning(field), 0.9, reason)
            return
