"""What no sum of match weights may do: merge two people or two companies against plain evidence.

Match weights add up as if fields were independent. A family, an office and a franchise share address, phone and name at
once, so rules (`person_rules`, `company_rules`) cap the weight of such pairs, and lift pairs that an exact personal e-mail
identifies. What they have in common is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pb2hl.matching.fields import Field, Records
from pb2hl.matching.kinds import MISSING, Kind

APART = -12.0
"""Match weight (bits) of a pair that a rule keeps apart: as loud as the loudest pair for a merge."""
DOUBTFUL = 0.80
"""Probability of a pair that only a person can decide, where one will: inside the band of the review sheets."""
IDENTIFIED = 7.0
"""Least match weight of a pair that its e-mail identifies; probability 0.99."""
HOUSEHOLD = (Kind.EMAIL, Kind.PHONE, Kind.ADDRESS)
"""Kinds of contact details that relatives and colleagues share."""


@dataclass(frozen=True)
class Pairs:
    """Pairs with the levels of every field."""

    left: np.ndarray
    right: np.ndarray
    levels: dict[str, np.ndarray]

    def level(self, field: Field | None) -> np.ndarray:
        """The levels in `field`; missing throughout when the table has no such field."""
        return np.full(len(self.left), MISSING, np.int8) if field is None else self.levels[field.name]


def cap(weight: np.ndarray, where: np.ndarray, most: float) -> np.ndarray:
    """`weight` (bits), at most `most` at the places of `where`."""
    return np.where(where, np.minimum(weight, most), weight)


class Rules(Protocol):
    """What a matter (persons, organisations) adds to summed match weights. `doubt`, `reviewed`: see `PersonRules`."""

    def __init__(self, records: Records, doubt: float, reviewed: bool = False): ...

    def learn(self, pairs: Pairs, agreed_on: Kind) -> None:
        """Learn from pairs that share a contact detail of the kind `agreed_on`."""

    def vetoes(self, levels: dict[str, np.ndarray], count: int) -> np.ndarray:
        """Which of `count` pairs the `levels` compared so far already keep apart."""

    def apply(self, weight: np.ndarray, pairs: Pairs) -> np.ndarray:
        """The match weights (bits) after the rules."""

    def named(self, pairs: Pairs) -> dict[str, np.ndarray]:
        """By what a person is told: which pairs wait for her because of it."""

    def forbidden(self, pairs: Pairs) -> np.ndarray:
        """Pairs that may not stand in one cluster, whatever rows stand between them."""
