"""What stages are called in the major languages, so that `Angebot` finds `Proposal Sent`; a stage's end is `values.statuses`'."""

from __future__ import annotations

from functools import cache
from itertools import dropwhile

from pb2hl.mapper.knowledge.lists import heading_words, sections
from pb2hl.mapper.knowledge.text import tokens

_FILLERS = heading_words("beside stages")
"""Words that may stand beside a stage's own (`New Lead`, `Angebot Kunde`)."""


@cache
def _meanings() -> dict[tuple[str, ...], str]:
    table: dict[tuple[str, ...], str] = {}
    for meaning, spellings in sections("stages").items():
        for spelling in (meaning, *spellings):
            table.setdefault(tokens(spelling), meaning)
    return table


def meaning(stage: str) -> str:
    """What a stage's name means ("" when unknown): leading numbers as in `2. Angebot` do not count."""
    said = tokens(stage)
    said = tuple(dropwhile(str.isdigit, said))
    table = _meanings()
    return table.get(said) or table.get(tuple(word for word in said if word not in _FILLERS), "")
