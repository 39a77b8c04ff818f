"""Names so rare that they alone say who somebody is: people who moved, of whom nothing but the name agrees.

How often two people of one surname have one given name by accident shows in the table itself: in the pairs of that surname whose
given names differ. Where pairs with both names the same are many more than such accidents make, the name tells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pb2hl.matching.blocking import pairs_within
from pb2hl.matching.fields import Field, Records
from pb2hl.matching.kinds import Kind
from pb2hl.matching.rules import Pairs

_MOST_BEARERS = 10
"""Records of one surname above which it tells nothing."""
_ENOUGH = 30
"""Pairs, otherwise unlike, from which is told how many of them are accidents."""
_WRONG = 0.0125
"""Most accidents (0-1) among the pairs whose names tell: relatives name children after each other, so less than the 2 % allowed."""
_SAYS_MORE = frozenset(
    {Kind.EMAIL, Kind.PHONE, Kind.ADDRESS, Kind.BIRTH_DATE, Kind.IDENTIFIER, Kind.POSTCODE, Kind.ORGANISATION}
)


@dataclass(frozen=True)
class RareNames:
    """`others`: records that share a surname with one that has it; `share` (0-1) of the records with a given name, by value;
    up to `limit` the product of the two, the namesakes to be met by accident, is low enough for a name to tell."""

    others: np.ndarray
    share: np.ndarray
    limit: float

    @classmethod
    def of(cls, records: Records, given: Field, surname: Field) -> RareNames:
        """What the table shows."""
        first, last = given.primary, surname.primary
        known = (first >= 0) & (last >= 0)
        others = np.bincount(last[known], minlength=len(surname.values) + 1) - 1
        share = np.bincount(first[known], minlength=len(given.values) + 1) / max(int(known.sum()), 1)
        left, right = pairs_within((np.where(known & (others[last] < _MOST_BEARERS), last, -1),), _MOST_BEARERS)
        alone = ~_agreeing(records, left, right)
        left, right = left[alone], right[alone]
        same = first[left] == first[right]
        sides = np.r_[left[~same], right[~same]]
        odds = share / np.maximum(1 - share, 1e-9) / 2
        expected = np.r_[others[last[left[same]]] * share[first[left[same]]], others[last[sides]] * share[first[sides]]]
        seen = np.r_[np.ones(int(same.sum())), np.zeros(len(sides))]
        accidents = np.r_[np.zeros(int(same.sum())), odds[first[sides]]]
        order = np.argsort(expected, kind="stable")
        total, wrong = np.cumsum(seen[order]), np.cumsum(accidents[order])
        good = np.flatnonzero((total >= _ENOUGH) & (wrong <= _WRONG * total))
        return cls(others, share, float(expected[order][good[-1]]) if len(good) else -1.0)

    def of_pairs(self, pairs: Pairs, given: Field, surname: Field) -> np.ndarray:
        """Which pairs have one name, letter by letter, that tells."""
        first, last = given.primary, surname.primary
        one, other = first[pairs.left], last[pairs.left]
        same = (one >= 0) & (other >= 0) & (one == first[pairs.right]) & (other == last[pairs.right])
        return same & (self.others[other] < _MOST_BEARERS) & (self.others[other] * self.share[one] <= self.limit)


def _agreeing(records: Records, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Pairs of which more than the name agrees, or a birth date or identifier differs: they say nothing about names alone."""
    found = np.zeros(len(left), bool)
    for field in records.fields:
        for one in field.codes if field.kind in _SAYS_MORE else ():
            for two in field.codes:
                found |= (one[left] == two[right]) & (one[left] >= 0)
        if field.kind in (Kind.BIRTH_DATE, Kind.IDENTIFIER):
            a, b = field.primary[left], field.primary[right]
            found |= (a >= 0) & (b >= 0) & (a != b)
    return found
