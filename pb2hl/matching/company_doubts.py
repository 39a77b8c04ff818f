"""What speaks against two rows of one company's name being one company: branches, namesakes, sister companies.

A batch run takes what is proposed, so where sheets are reviewed a pair of which one of these is true waits in the band below.
A name alone is borne out by something that only one company has: its web site, its phone, its house.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pb2hl.matching.addresses import Numbers
from pb2hl.matching.cluster import components
from pb2hl.matching.desks import Desks
from pb2hl.matching.fields import Field, Records
from pb2hl.matching.kinds import EXACT, Kind, level_of
from pb2hl.matching.names import a_letter_apart
from pb2hl.matching.normalise import read_list
from pb2hl.matching.rules import Pairs

_ANOTHER_NUMBER = level_of(Kind.ADDRESS, "another number")
_SOME_WORDS = level_of(Kind.ADDRESS, "some words shared")
_ONE_PLACE = level_of(Kind.ADDRESS, "part of")
_PART = level_of(Kind.ORGANISATION, "a part of")
_DESK = 3
"""Different names behind one phone from which it is a reception's or a group's, and no company's own."""
_OWN = (Kind.PHONE, Kind.DOMAIN, Kind.EMAIL, Kind.IDENTIFIER, Kind.ADDRESS)
_PLACES = (Kind.CITY, Kind.POSTCODE)


@dataclass(frozen=True)
class Agreement:
    """Of every pair what agrees that only one company has (`site`: web site, e-mail or identifier) and what contradicts."""

    site: np.ndarray
    phone: np.ndarray
    place: np.ndarray
    other_site: np.ndarray
    other_phone: np.ndarray
    other_place: np.ndarray

    @property
    def count(self) -> np.ndarray:
        """How many of the three agree."""
        return self.site.astype(np.int8) + self.phone + self.place

    @property
    def contradicted(self) -> np.ndarray:
        """Pairs of which something differs that one company has one of."""
        return self.other_site | self.other_phone | self.other_place


@dataclass(frozen=True)
class CompanyDoubts:
    """`houses`: which address values tell a house; `desks`: which phones several companies share; `ambiguous`: rows that
    say no more than a name that several companies have; `sisters`: which names have a word that sets a sister company
    apart, as a code of those words."""

    records: Records
    name: Field
    houses: Numbers | None
    desks: Desks
    ambiguous: np.ndarray
    sisters: np.ndarray

    @classmethod
    def of(cls, records: Records) -> CompanyDoubts | None:
        """What the rules need to know of the table; None where it has no names."""
        name = records.of_kind(Kind.ORGANISATION)
        if name is None:
            return None
        address, phone = records.of_kind(Kind.ADDRESS), records.of_kind(Kind.PHONE)
        houses = None if address is None else Numbers.of(address.values)
        return cls(records, name, houses, Desks.of(phone, name, _DESK), _ambiguous(records, name), _sisters(name))

    def agreement(self, pairs: Pairs, *, careful: bool) -> Agreement:
        """What agrees and what differs. `careful`: a digit of a phone, and another city beside the same street, count as
        differing; otherwise they may be errors and other names of the town."""
        level = {kind: pairs.level(self.records.of_kind(kind)) for kind in (Kind.DOMAIN, *_OWN, *_PLACES)}
        site = np.logical_or.reduce([level[kind] >= EXACT[kind] for kind in (Kind.DOMAIN, Kind.EMAIL, Kind.IDENTIFIER)])
        elsewhere = (level[Kind.CITY] == 0) | (level[Kind.POSTCODE] == 0)
        if careful:
            elsewhere |= (level[Kind.POSTCODE] >= 0) & (level[Kind.POSTCODE] < EXACT[Kind.POSTCODE])
        place = (level[Kind.ADDRESS] >= _ONE_PLACE) & self._houses(pairs)
        if careful:
            place &= (level[Kind.CITY] != 0) & (level[Kind.POSTCODE] != 0)
        street = self._other_street(pairs, level[Kind.ADDRESS], careful)
        phone = level[Kind.PHONE]
        return Agreement(
            site,
            (phone >= EXACT[Kind.PHONE]) & ~self.desks.ring(pairs),
            place,
            (level[Kind.DOMAIN] == 0) | (level[Kind.IDENTIFIER] == 0),
            (phone >= 0) & (phone < EXACT[Kind.PHONE]) if careful else phone == 0,
            street | (elsewhere & ~place),
        )

    def namesakes(self, pairs: Pairs) -> np.ndarray:
        """Pairs of which only the name agrees, and a place, phone or web site differs outright."""
        seen = self.agreement(pairs, careful=False)
        return (seen.count == 0) & seen.contradicted

    def named(self, pairs: Pairs) -> dict[str, np.ndarray]:
        """By what a person is told: which pairs she must decide."""
        level, seen = pairs.level(self.name), self.agreement(pairs, careful=True)
        exact, few = level >= EXACT[Kind.ORGANISATION], seen.count
        alone = few == 1
        one, two = self.name.primary[pairs.left], self.name.primary[pairs.right]
        form = self.records.legal_form
        forms = (form[pairs.left] >= 0) & (form[pairs.right] >= 0) & (form[pairs.left] != form[pairs.right])
        return {
            "only the name agrees, and a place, phone, web site or legal form differs": exact
            & (few == 0)
            & (seen.contradicted | forms),
            "only names that resemble each other agree": ~exact & (few == 0),
            "one name is only a part of the other": (level >= 0) & (level <= _PART) & ~(seen.site & (few >= 2)),
            "names a letter apart": self._a_letter_apart(pairs) & ~seen.site,
            "one phone at two places": alone & seen.phone & (seen.other_place | seen.other_site),
            "one web site at two places": alone & seen.site & seen.other_place,
            "one address, but two web sites": alone & seen.place & seen.other_site,
            "one address, but other spellings and phones": alone & seen.place & ~exact & seen.other_phone,
            "a word that tells sister companies apart": (one != two) & (self.sisters[one] != self.sisters[two]),
            "several companies have this name": self.ambiguous[pairs.left] | self.ambiguous[pairs.right],
        }

    def in_pairs(self, pairs: Pairs) -> np.ndarray:
        """Which pairs a person must decide."""
        return np.logical_or.reduce(list(self.named(pairs).values()))

    def _a_letter_apart(self, pairs: Pairs) -> np.ndarray:
        """Pairs of names of one word that one letter makes two trades or people of (`Baker`, `Bakery`)."""
        one, two = self.name.primary[pairs.left], self.name.primary[pairs.right]
        found = (one >= 0) & (two >= 0) & (one != two)
        at = np.flatnonzero(found)
        texts = [(self.name.values[x], self.name.values[y]) for x, y in zip(one[at], two[at], strict=True)]
        found[at] = [" " not in x + y and a_letter_apart(x, y) for x, y in texts]
        return found

    def _houses(self, pairs: Pairs) -> np.ndarray:
        address = self.records.of_kind(Kind.ADDRESS)
        if address is None or self.houses is None:
            return np.zeros(len(pairs.left), bool)
        known = np.r_[self.houses.has_house, False]
        one, two = address.primary[pairs.left], address.primary[pairs.right]
        return (known[one] & known[two]) | (one == two)

    def _other_street(self, pairs: Pairs, level: np.ndarray, careful: bool) -> np.ndarray:
        """Pairs of addresses that are two places."""
        address = self.records.of_kind(Kind.ADDRESS)
        known = (level >= 0) & (level <= (_SOME_WORDS if careful else _ANOTHER_NUMBER))
        if careful or address is None or self.houses is None:
            return known
        at = np.flatnonzero(known & (level == _ANOTHER_NUMBER))
        known[at] = self.houses.far_apart(address.primary[pairs.left[at]], address.primary[pairs.right[at]])
        return known


def _sisters(name: Field) -> np.ndarray:
    """A code for the words of each name that set sister companies apart; the last item of a missing name."""
    words = frozenset(read_list("sister_words.txt"))
    told = [" ".join(sorted(word for word in text.split() if word in words or word.isdigit())) for text in name.values]
    return np.r_[pd.factorize(np.array(told, dtype=object))[0], -1]


def _ambiguous(records: Records, name: Field) -> np.ndarray:
    """Rows of which nothing is known but the name, where other rows of this name are companies of several places, phones
    or web sites: they could be any of them."""
    own = [field for field in records.fields if field.kind in (*_OWN, *_PLACES)]
    known = np.zeros(records.count, bool)
    for field in own:
        for codes in field.codes:
            known |= codes >= 0
    bare = (name.primary >= 0) & ~known
    if not bare.any():
        return bare
    one = _told_apart(records.count, name, [field for field in own if field.kind in _OWN])
    rows = pd.DataFrame({"name": name.primary, "one": one})[known & (name.primary >= 0)].drop_duplicates()
    several = np.r_[np.bincount(rows["name"], minlength=len(name.values)) > 1, False]
    return bare & several[name.primary]


def _told_apart(count: int, name: Field, own: list[Field]) -> np.ndarray:
    """Records of one name that share a value of one of the fields `own` under one number."""
    left, right = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for field in own:
        codes = np.concatenate(field.codes).astype(np.int64)
        row = np.tile(np.arange(count), len(field.codes))
        at = np.flatnonzero((codes >= 0) & (name.primary[row] >= 0))
        group = pd.factorize(codes[at] * (len(name.values) + 1) + name.primary[row[at]])[0]
        first = np.full(int(group.max(initial=-1)) + 1, count)
        np.minimum.at(first, group, row[at])
        left.append(first[group])
        right.append(row[at])
    return components(count, np.concatenate(left), np.concatenate(right))
