"""House numbers: two of them in one street are two addresses, however alike the texts are."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from rapidfuzz.distance import OSA

_NUMBER = re.compile(r"^(\d{1,6})([a-z]?)$")
_BESIDE_A_UNIT = frozenset(
    "apt ste unit fl rm room suite office lot box top tur bldg building floor etage og stock".split()
)
"""Words before the number of a flat, a floor or a room (street words are in their short form)."""
_BESIDE_A_ROAD = frozenset("hwy rte route km interstate us sr cr".split())
"""Words before the number of a road."""
_IN_WORDS = {word: str(at) for at, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}
_IN_A_ROW = 2
"""A house has at most this many numbers in a row: `12-14`, `12/3`."""


@dataclass(frozen=True)
class Numbers:
    """House numbers and flats of distinct normalised addresses: as sets of texts, empty where an address tells none.
    `begins`: a code of the house number and the first word of the street where these come first (-1: they do not)."""

    house: tuple[frozenset[str], ...]
    flat: tuple[frozenset[str], ...]
    has_house: np.ndarray
    begins: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Numbers:
        """The numbers in addresses of which `normalise.address` made the words."""
        found = [numbers(value) for value in values]
        house = tuple(item[0] for item in found)
        begins = [
            " ".join(value.split()[:2]) if item and value[:1].isdigit() else None
            for value, item in zip(values, house, strict=True)
        ]
        known = np.array([bool(item) for item in house], bool)
        return cls(house, tuple(item[1] for item in found), known, pd.factorize(np.array(begins, dtype=object))[0])

    def conflict(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Pairs of addresses (value codes) whose house numbers are known and differ."""
        both = self.has_house[left] & self.has_house[right]
        for at in np.flatnonzero(both).tolist():
            both[at] = not _meet(self.house[left[at]], self.house[right[at]])
        return both

    def same_house(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Pairs of addresses that begin with one house number and one word of a street behind it."""
        return (self.begins[left] == self.begins[right]) & (self.begins[left] >= 0)

    def far_apart(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Pairs whose house numbers differ by more than one slip in a number of several digits."""
        found = self.conflict(left, right)
        for at in np.flatnonzero(found).tolist():
            found[at] = not _one_slip(self.house[left[at]], self.house[right[at]])
        return found

    def flats_differ(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Pairs of addresses whose flats are known and differ."""
        sides = zip(left.tolist(), right.tolist(), strict=True)
        return np.array([_share_none(self.flat[one], self.flat[two]) for one, two in sides], bool)


def numbers(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """(house numbers, numbers of flats) of a normalised address; `12-14` is both 12 and 14, an ordinal street is none."""
    tokens = text.split()
    if tokens:
        tokens[0] = _IN_WORDS.get(tokens[0], tokens[0]) if len(tokens) > 1 else tokens[0]
    house: list[str] = []
    flat: list[str] = []
    last = -1
    for at, token in enumerate(tokens):
        if not _NUMBER.match(token):
            continue
        before = tokens[at - 1] if at else ""
        if before in _BESIDE_A_UNIT:
            flat.append(token)
        elif before not in _BESIDE_A_ROAD and (not house or (at == last + 1 and len(house) < _IN_A_ROW)):
            house.append(token)
            last = at
    return frozenset(house), frozenset(flat)


def _meet(one: frozenset[str], two: frozenset[str]) -> bool:
    """Whether a number is in both, a letter that only one side tells aside."""
    if one & two:
        return True
    bare = {item.rstrip("abcdefghijklmnopqrstuvwxyz"): item for item in one}
    return any((item.isdigit() and item in bare) or bare.get(item[:-1], " ").isdigit() for item in two)


_SEVERAL_DIGITS = 4
"""Digits of house numbers from which one that differs may be a slip; shorter ones are the neighbours'."""


def _one_slip(one: frozenset[str], two: frozenset[str]) -> bool:
    return any(
        min(len(x), len(y)) >= _SEVERAL_DIGITS and OSA.distance(x, y, score_cutoff=1) <= 1 for x in one for y in two
    )


def _share_none(one: frozenset[str], two: frozenset[str]) -> bool:
    return bool(one and two) and not one & two
