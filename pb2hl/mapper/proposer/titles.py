"""What appointments and deals are called after where no column is a title: what was booked, what is sold, what it is about."""

from __future__ import annotations

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.structure import Table
from pb2hl.model import OBJECTS

_TITLES = {
    "appointments": ("title", ({"event", "type"}, {"event", "type", "name"}, {"type"})),
    "deals": ("name", ({"description"}, {"product"}, {"product", "name"}, {"note"})),
}
"""The field of each object that names its records → the terms of headings that do so too, the better first."""

_LONGEST = 60  # characters on average of what still is a title
_NONE = ("number", "money", "boolean", "date", "datetime", "email", "url", "code")


def find_title(table: Table) -> None:
    """Propose the column that names the records of a table without a title; changes the proposals in place."""
    field, kinds = _TITLES.get(table.object, ("", ()))
    if not field or (table.proposals["field"] == field).any():
        return
    free = [name for name in table.raw.headings if table.proposed(name) in ("custom", "ignore") and table.filled(name)]
    booked = [name for name in free if set(tokens(name)) & heading_words("booked")]
    others = [name for kind in kinds for name in free if set(terms(name)) == kind]
    for heading in [*booked, *others]:
        seen = table.seen(heading)
        if seen.mean_length <= _LONGEST and not seen.looks(*_NONE, at_least=0.5):
            reason = "what these records are about, and no column is their title"
            table.decide(heading, field, OBJECTS[table.object].meaning(field), 0.9, reason)
            return
