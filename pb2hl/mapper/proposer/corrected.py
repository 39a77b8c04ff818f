"""Columns that are something else than their heading says: flags that name nobody, mailboxes under a word for people, birthdays
without a year."""

from __future__ import annotations

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.candidate import Candidate
from pb2hl.model import OBJECTS

_MOSTLY = 0.8


def corrected(heading: str, found: Candidate | None, object_: str, seen: Signals) -> Candidate | None:
    """What a column is in the place of `found`, which its heading says; None where that may stand."""
    if {"is", "main"} <= set(terms(heading)):
        return Candidate("custom", "custom", 0.85, "says which is the main one: kept as it is")
    if found is None:
        return None
    if found.field == "full_name" and object_ == "contacts" and seen.looks("email", at_least=_MOSTLY):
        return Candidate("email", OBJECTS[object_].meaning("email"), 0.85, "its values are e-mail addresses")
    if found.field == "birthday" and seen.looks("yearless", at_least=_MOSTLY):
        return Candidate("custom", "custom", 0.85, "birthdays without a year: kept as they are")
    if found.field == "owner" and set(tokens(heading)) & heading_words("asks whether"):  # `is_seller`
        return Candidate("custom", "custom", 0.85, "asks whether somebody is that, and names nobody")
    return None
