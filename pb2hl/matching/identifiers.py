"""Numbers that tell persons apart, and how alike two must be to mean one person."""

from __future__ import annotations

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from pb2hl.matching.fields import Field, Records
from pb2hl.matching.kinds import EXACT, Kind

_LENGTH = 5
"""Mean letters of a number that tells persons apart."""
_DISTINCT = 0.3
"""Least share of different values among the filled ones (0-1)."""
_RARELY_NEAR = 5e-4
"""Share of random pairs of numbers that differ by one character up to which a typo is told from the next of a series."""


def personal_identifiers(records: Records) -> tuple[Field, ...]:
    """The identifier fields that tell persons apart: long enough and mostly different (a house number is neither)."""
    found = []
    for field in records.fields:
        if field.kind is Kind.IDENTIFIER:
            filled = int((field.primary >= 0).sum())
            length = sum(map(len, field.values)) / max(len(field.values), 1)
            if length >= _LENGTH and len(field.values) >= _DISTINCT * filled:
                found.append(field)
    return tuple(found)


def identifying_level(field: Field) -> int:
    """The level from which identifiers mean one person: a typo counts only where numbers are spread out, not in a series."""
    drawn = np.random.default_rng(0).integers(0, len(field.values), (2, 20_000))
    drawn = drawn[:, drawn[0] != drawn[1]]
    x, y = field.values[drawn[0]].tolist(), field.values[drawn[1]].tolist()
    near = process.cpdist(x, y, scorer=OSA.distance, score_cutoff=1, dtype=np.int32) <= 1 if x else np.ones(1, bool)
    return EXACT[Kind.IDENTIFIER] - 1 if near.mean() < _RARELY_NEAR else EXACT[Kind.IDENTIFIER]
