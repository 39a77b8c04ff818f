"""What a column can be: for each object, canonical field, HighLevel field, and the headings (in lexicon terms) that say so;
and of what kind a table's rows are by its headings.

The words are in `data/headings.txt`; what a canonical field means in HighLevel says the field map, and only for `custom` and
`ignore` the section itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from pb2hl.mapper.knowledge.lists import heading_words, sections
from pb2hl.mapper.knowledge.text import tokens
from pb2hl.model import OBJECTS

PUBLIC_NAMES = {
    "contact": "contacts",
    "company": "companies",
    "opportunity": "deals",
    "task": "tasks",
    "note": "notes",
    "appointment": "appointments",
}
"""Object names of the public `propose` → canonical object names."""

SELF = {
    "contacts": {"contact"},
    "companies": {"company"},
    "deals": {"deal"},
    "tasks": {"task", "activity", "card", "ticket", "issue"},
    "notes": {"note", "activity"},
    "appointments": {"event", "activity"},
    "activities": {"activity", "event"},
    "users": {"user", "owner"},
    "tags": {"tag"},
    "attachments": {"file name"},
    "workflows": {"workflow"},
    "trust_transactions": {"trust"},
    "trust_accounts": {"trust", "company"},
}
"""Terms that name the object itself, dropped from headings."""

PLACES = ("main", "mailing", "work", "home", "billing", "shipping", "registered", "other")
"""Which of several addresses, phones or e-mails: the order in which they take the one place HighLevel has."""

CONSENT_TERMS = heading_words("permission")
"""Terms of permission and refusal: a heading that holds one is never an e-mail, phone or address."""

SYSTEM_TERMS = heading_words("system")
"""Marks of replication tools and of the old system's own housekeeping; nothing a client wrote."""

PART_TERMS = heading_words("part")
"""Terms that make another thing of what they stand beside (`email type`, `assistant phone`, `open deals`)."""


@dataclass(frozen=True, slots=True)
class Concept:
    """What a heading pattern says: the canonical `field` (or custom, ignore) and the HighLevel `target`."""

    field: str
    target: str
    pattern: frozenset[str]
    text: str


@cache
def _by_object() -> dict[str, tuple[Concept, ...]]:
    found: dict[str, list[Concept]] = {}
    lists = sections("headings")
    for section, patterns in lists.items():
        if section.startswith("@"):
            continue
        object_, field, *own = section.split()
        target = own[0] if own else OBJECTS[object_].meaning(field)
        for text in patterns:
            for pattern in lists[text] if text.startswith("@") else (text,):
                concept = Concept(field, target, frozenset(pattern.split("+")), pattern.replace("+", " "))
                found.setdefault(object_, []).append(concept)
    return {object_: tuple(items) for object_, items in found.items()}


def objects() -> tuple[str, ...]:
    """The canonical objects that headings are known of."""
    return tuple(_by_object())


def concepts(object_: str) -> tuple[Concept, ...]:
    """The concepts of a canonical object, in the order of its list; () for an object that has none."""
    return _by_object().get(object_, ())


@lru_cache(maxsize=64)
def by_pattern(object_: str) -> dict[frozenset[str], Concept]:
    """The concept of each pattern; the first of the table wins."""
    table: dict[frozenset[str], Concept] = {}
    for concept in concepts(object_):
        table.setdefault(concept.pattern, concept)
    return table


def of_accounts(name: str, headings: Sequence[str]) -> bool:
    """Whether a table keeps books: its name or a heading speaks of invoices or payments, and another of how they were settled."""
    said = [tokens(heading) for heading in headings]
    about = {at for at, words in enumerate(said) if _begins(words, _ACCOUNTS)}
    settled = {at for at, words in enumerate(said) if _begins(words, _SETTLED)}
    return bool(settled) and (_begins(tokens(name), _ACCOUNTS) or (bool(about) and len(about | settled) > 1))


def _begins(words: Sequence[str], beginnings: tuple[str, ...]) -> bool:
    text = " ".join(words)
    return any(word.startswith(beginnings) for word in words) or any(
        phrase in text for phrase in beginnings if " " in phrase
    )


def of_things(headings: Sequence[str]) -> bool:
    """Whether a table's rows are things: several headings speak of rooms, surfaces, mileage or stock."""
    told = ({*words, *map("".join, pairwise(words))} for words in map(tokens, headings))  # two by two: `sq ft`
    return sum(bool(_THINGS & words) for words in told) > 1


_THINGS = heading_words("of things")
_ACCOUNTS, _SETTLED = tuple(heading_words("of accounts")), tuple(heading_words("settled"))
