"""Which of the three products called Perfect Books an export comes from, with the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.text import tokens
from pb2hl.mapper.proposer.objects import Table, named, recognise

CRM, LEGAL, BOOKSTORE, UNKNOWN = "crm", "legal", "bookstore", "unknown"

_BOOK_WORDS = heading_words("books")
_BOOK_SIGNS = heading_words("book signs")
_LEGAL_OBJECTS = frozenset({"trust_accounts", "trust_transactions", "time_entries", "rates"})
_LEGAL_NAMES = heading_words("legal names")
_LEGAL_WORDS = heading_words("legal words")
_CRM_OBJECTS = frozenset({"contacts", "companies", "deals", "tasks", "notes", "appointments", "activities"})


@dataclass(frozen=True, slots=True)
class Product:
    """`edition` is crm, legal, bookstore or unknown; `evidence` are sentences a person can check."""

    edition: str
    evidence: tuple[str, ...]


def _where(table: Table) -> str:
    return f"{table.file}{' / ' + table.sheet if table.sheet else ''}"


def product(tables: Sequence[Table]) -> Product:
    """The product that `tables` (all of one export) come from.

    A single catalogue table of books beside CRM tables does not make an export the bookstore's: records of people decide.
    """
    books: list[str] = []
    legal: list[str] = []
    crm: list[str] = []
    for table in tables:
        words = {word for heading in table.headings for word in tokens(heading)}
        if any(word.startswith("isbn") for word in words) or (len(words & _BOOK_SIGNS) >= 3 and words & _BOOK_WORDS):
            signs = sorted(word for word in words if word.startswith("isbn") or word in _BOOK_SIGNS)
            books.append(f"{_where(table)} is a list of books: columns {', '.join(signs[:6])}")
            continue
        object_, _, reason = recognise(table, tables)
        name = set(tokens(f"{table.file.rsplit('/', 1)[-1]} {table.sheet}"))
        if object_ in _LEGAL_OBJECTS or (name & _LEGAL_NAMES and object_ in ("deals", "users")) or words & _LEGAL_WORDS:
            legal.append(f"{_where(table)} belongs to legal accounting ({object_ or 'its columns'}): {reason}")
        elif object_ in _CRM_OBJECTS:
            crm.append(f"{_where(table)} holds {object_}: {reason}")
    if legal:
        return Product(LEGAL, tuple(legal))
    if crm:
        return Product(CRM, tuple(crm))
    if books:
        return Product(BOOKSTORE, tuple(books))
    return Product(UNKNOWN, tuple(f"{_where(table)}: {recognise(table, tables)[2]}" for table in tables))


__all__ = ["BOOKSTORE", "CRM", "LEGAL", "UNKNOWN", "Product", "named", "product"]
