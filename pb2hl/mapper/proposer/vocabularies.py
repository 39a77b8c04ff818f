"""Columns that only their words tell: `Call`, `Email`, `Meeting` is a type of activity whatever the heading says."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.text import tokens
from pb2hl.mapper.proposer.structure import Table
from pb2hl.values.statuses import activity_type, appointment_status, deal_status, direction

_WORDS: dict[str, tuple[tuple[str, str, Callable[[str], str]], ...]] = {
    "deals": (("status", "status", deal_status),),
    "activities": (("type", "ignore", activity_type), ("direction", "ignore", direction)),
    "appointments": (("status", "appointmentStatus", appointment_status),),
    "pipelines": (("outcome", "ignore", deal_status),),
}
"""By object: (field, HighLevel field, what a word of it means)."""

_SHARE = 0.75  # of a column's different values
_MOST = 20  # different values: a status or type has few


def classify_by_words(table: Table) -> None:
    """Propose the status or type that no heading of `table` names, where exactly one open column holds its words."""
    for field, target, meaning in _WORDS.get(table.object, ()):
        if (table.proposals["field"] == field).any():
            continue
        found = [heading for heading in table.raw.headings if _open(table, heading) and _holds(table, heading, meaning)]
        if len(found) == 1:
            table.decide(found[0], field, target, 0.85, f"its values are words of {table.object}' {field}")


_MESSAGES = heading_words("of messages")


def find_party(table: Table) -> None:
    """In a table of messages that names no contact, who they are from and to: the one of both that is a contact is meant."""
    if table.object != "activities" or (table.proposals["field"] == "contact_id").any():
        return
    for heading in table.raw.headings:
        if set(tokens(heading)) <= _MESSAGES | _OF_ADDRESSES and table.seen(heading).looks("email", at_least=_SHARE):
            table.decide(heading, "contact_id", "contactId", 0.85, "an address that a message is from or to")


_OF_ADDRESSES = frozenset({"email", "address", "mail", "adresse"})


def _open(table: Table, heading: str) -> bool:
    return table.proposed(heading) == "custom" and not table.is_declared(heading)


def _holds(table: Table, heading: str, meaning: Callable[[str], str]) -> bool:
    column: pd.Series = table.raw.frame[heading]
    words = [word for word in column.str.strip().unique() if word]
    if not 0 < len(words) <= _MOST or any(len(word) > 40 for word in words):
        return False
    meant = [said for said in map(meaning, words) if said]
    if meaning is deal_status and not {"won", "lost", "abandoned"} & set(meant):
        return False  # `new` and `active` alone may say anything of a deal
    return len(meant) >= _SHARE * len(words)
