"""What no sum of match weights may do: merge two people or two companies against plain evidence.

Match weights add up as if fields were independent. A family, an office and a franchise share address, phone and name at
once, so rules cap the weight of such pairs, and lift pairs that an exact personal e-mail identifies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from pb2hl.matching import names
from pb2hl.matching.fields import Field, Records
from pb2hl.matching.kinds import EXACT, MISSING, Kind

APART = -12.0
"""Match weight (bits) of a pair that a rule keeps apart: as loud as the loudest pair for a merge."""
DOUBTFUL = 0.80
"""Probability of a pair that only a person can decide, where one will: inside the band of the review sheets."""
IDENTIFIED = 7.0
"""Least match weight of a pair that its e-mail identifies; probability 0.99."""

_GENERATION_YEARS = 12
"""Birth years further apart than this are two people, whatever else agrees."""


_CORROBORATING = {
    Kind.PHONE: EXACT[Kind.PHONE] - 1,
    Kind.BIRTH_DATE: 1,
    Kind.DATE: EXACT[Kind.DATE],
    Kind.IDENTIFIER: 2,
    Kind.ADDRESS: 3,
    Kind.POSTCODE: EXACT[Kind.POSTCODE],
    Kind.ORGANISATION: 3,
    Kind.DOMAIN: EXACT[Kind.DOMAIN],
    Kind.TEXT: 3,
}
"""The level from which a field tells one namesake from another. An e-mail name is made of the person's name: it does not."""
_CLOSE_EMAIL = 2
_IDENTIFIER_LENGTH = 5
_IDENTIFIER_DISTINCT = 0.3
_RARELY_NEAR = 5e-4
HOUSEHOLD = (Kind.EMAIL, Kind.PHONE, Kind.ADDRESS)
"""Kinds of contact details that relatives and colleagues share."""
_ENOUGH = 50
"""Pairs that share a contact detail from which is told how often two people do."""
_RARELY_SHARED = 0.05
"""Share of those pairs that are two people up to which relatives and colleagues are not reckoned with."""


_BY_NAME = np.full(128, -np.inf)
"""Least match weight (bits), by level of an organisation's name, of a pair that nothing else speaks against."""
_BY_NAME[EXACT[Kind.ORGANISATION] - 2 : -1] = [1.0, 3.0, *[5.0] * (len(_BY_NAME) - EXACT[Kind.ORGANISATION] - 1)]
_DISPUTING = {Kind.ADDRESS: 1, Kind.IDENTIFIER: EXACT[Kind.IDENTIFIER] - 1, Kind.TEXT: 1}
"""Levels up to which a field says that two organisations of one name are two; 0 for other kinds."""


@dataclass(frozen=True)
class Pairs:
    """Pairs with the levels of every field."""

    left: np.ndarray
    right: np.ndarray
    levels: dict[str, np.ndarray]


@dataclass(frozen=True)
class _Sharing:
    """Of `pairs` that share a contact detail, how many are two `people`; share of names that are wrong by error (0-1)."""

    pairs: int
    people: float
    error_rate: float

    @classmethod
    def of(cls, given: np.ndarray, surname: np.ndarray, known: np.ndarray, errors: float) -> _Sharing:
        """From the pairs whose given names, whose surnames conflict, and that are `known` to share.

        An error strikes a given name as often as a surname, and seldom both. Relatives have other given names with one
        surname, colleagues another name altogether: what is above the share of errors are people.
        """
        pairs = int(known.sum())
        both = int((given & surname & known).sum())
        first, last = int((given & ~surname & known).sum()), int((surname & ~given & known).sum())
        rate = max(last / pairs, errors) if pairs else errors
        by_chance = (first + both) * (last + both) / max(pairs, 1)
        return cls(pairs, max(first - rate * pairs, 0.0) + max(both - by_chance, 0.0), rate)

    @property
    def crowded(self) -> bool:
        """Whether people, not errors, are behind the conflicts; taken for granted until enough pairs say otherwise."""
        return self.pairs < _ENOUGH or self.people > _RARELY_SHARED * self.pairs


class PersonRules:
    """Caps and lifts for persons. `doubt`: most match weight (bits) of a pair that only a person can decide."""

    def __init__(self, records: Records, doubt: float):
        self._records = records
        self._doubt = doubt
        self._given = records.of_kind(Kind.GIVEN_NAME)
        self._surname = records.of_kind(Kind.SURNAME)
        self._birth = records.of_kind(Kind.BIRTH_DATE)
        self._email = records.of_kind(Kind.EMAIL)
        self._phone = records.of_kind(Kind.PHONE)
        self._identifiers = personal_identifiers(records)
        self._identifying = {field.name: _identifying_level(field) for field in self._identifiers}
        flags = names.shared_mailbox_flags(self._email.values) if self._email else np.empty(0, bool)
        self._shared = flags
        self._sharing: list[_Sharing] = []
        self._years = _years(self._birth)

    def learn(self, pairs: Pairs, agreed_on: Kind) -> None:
        """Learn from pairs that share an e-mail, a phone or an address how many people stand behind one.

        Where people share e-mail addresses, those that conflicting names use are shared mailboxes from here on. In a table
        where hardly any contact detail is shared by two people (no relatives, no colleagues), half a name is no reason for
        doubt. Another given name with the same birth date or identifier is an error, no relative.
        """
        if self._given is None:
            return
        given, surname = self._level(pairs, self._given), self._level(pairs, self._surname)
        one_person = self._same_identifier(pairs) | (self._level(pairs, self._birth) >= EXACT[Kind.BIRTH_DATE] - 1)
        known = given != MISSING
        if agreed_on is Kind.ADDRESS and self._surname is not None:
            known &= surname >= EXACT[Kind.SURNAME] - 1
        errors = max((sharing.error_rate for sharing in self._sharing), default=0.0)
        sharing = _Sharing.of((given == 0) & ~one_person, (surname == 0) & ~one_person, known, errors)
        self._sharing.append(sharing)
        if agreed_on is Kind.EMAIL:
            agreed = self._agreed_email(pairs)
            others = (given == 0) if sharing.crowded else (given == 0) & (surname == 0) & ~one_person
            self._shared[np.unique(agreed[others & (agreed >= 0)])] = True

    @property
    def _crowded(self) -> bool:
        """Whether two people may stand behind one contact detail; taken for granted until enough pairs say otherwise."""
        if not any(field.kind in HOUSEHOLD for field in self._records.fields):
            return False
        pairs, people = sum(item.pairs for item in self._sharing), sum(item.people for item in self._sharing)
        return _Sharing(pairs, people, 0.0).crowded

    @property
    def _strict(self) -> bool:
        """Whether relatives must be expected: always where people are reached by e-mail or phone, else as the table shows."""
        reached = any(field.kind in (Kind.EMAIL, Kind.PHONE) for field in self._records.fields)
        return reached or self._crowded

    def vetoes(self, levels: dict[str, np.ndarray], count: int) -> np.ndarray:
        """Which of `count` pairs the `levels` compared so far already keep apart, unless an e-mail identifies them.

        Birth dates and identifiers are compared before names.
        """
        names_compared = [field for field in (self._given, self._surname) if field is not None and field.name in levels]
        apart = np.zeros(count, bool)
        for field in names_compared if self._strict else ():
            apart |= levels[field.name] == 0
        if not names_compared or not apart.any():
            return apart
        if self._birth is not None:
            apart &= levels[self._birth.name] < EXACT[Kind.BIRTH_DATE] - 1
        for field in self._identifiers:
            apart &= levels[field.name] < self._identifying[field.name]
        return apart

    def apply(self, weight: np.ndarray, pairs: Pairs) -> np.ndarray:
        """The match weights (bits) after the rules."""
        given, surname = self._level(pairs, self._given), self._level(pairs, self._surname)
        birth = self._level(pairs, self._birth)
        agreed = self._agreed_email(pairs)
        shared = agreed >= 0
        shared[shared] = self._shared[agreed[shared]]
        own_email = (agreed >= 0) & ~shared
        same_birth = birth >= EXACT[Kind.BIRTH_DATE] - 1
        same_identifier = self._same_identifier(pairs)
        identified = same_birth | same_identifier
        weight = self._lift(weight, pairs, given, surname, own_email, shared)
        named = self._given is not None or self._surname is not None
        if named and self._crowded:
            nameless = (
                (given == MISSING) & (surname == MISSING)
                | (given == MISSING) & (surname < 3)
                | (surname == MISSING) & (given < 3)
            )
            weight = _cap(weight, nameless & ~own_email & ~identified & ~self._all_same(pairs, shared), APART)
            partly = ((given == MISSING) | (surname == MISSING)) & ~own_email & ~identified
            weight = _cap(weight, partly & ~self._all_same(pairs, shared), self._doubt)
        weight = _cap(weight, self._generations_apart(pairs), APART)
        if self._strict:
            weight = _cap(weight, (given == 0) & ~identified, APART)
            weight = _cap(weight, (surname == 0) & ~identified & ~own_email, APART)
            weight = _cap(weight, self._years_apart(pairs) & (birth == 0) & ~same_identifier, APART)
        return _cap(weight, self._namesakes(pairs) & ~identified & ~own_email & ~shared, self._doubt)

    def _lift(
        self,
        weight: np.ndarray,
        pairs: Pairs,
        given: np.ndarray,
        surname: np.ndarray,
        own_email: np.ndarray,
        shared: np.ndarray,
    ) -> np.ndarray:
        agreeing = (given != 0) & (surname != 0)
        weight = np.where(own_email & agreeing, np.maximum(weight, IDENTIFIED), weight)
        same_name = (given >= EXACT[Kind.GIVEN_NAME] - 1) & (surname >= EXACT[Kind.SURNAME] - 1)
        weight = np.where(shared & same_name, np.maximum(weight, IDENTIFIED), weight)
        alike = self._all_same(pairs, shared)
        weight = np.where(alike, np.maximum(weight, IDENTIFIED), weight)
        return np.where(shared & ~same_name & ~alike, np.minimum(weight, self._doubt), weight)

    def _all_same(self, pairs: Pairs, shared: np.ndarray) -> np.ndarray:
        """Nameless rows of one shared mailbox of which nothing differs: the same row exported twice."""
        alike = shared.copy()
        for field in self._records.fields:
            level = pairs.levels[field.name]
            nameless = field.kind in (Kind.GIVEN_NAME, Kind.SURNAME)
            alike &= (level == MISSING) if nameless else ((level == MISSING) | (level >= EXACT[field.kind]))
        if self._given is not None and alike.any():
            alike &= (self._given.primary[pairs.left] < 0) & (self._given.primary[pairs.right] < 0)
        return alike

    def _same_identifier(self, pairs: Pairs) -> np.ndarray:
        same = np.zeros(len(pairs.left), bool)
        for field in self._identifiers:
            same |= pairs.levels[field.name] >= self._identifying[field.name]
        return same

    def _namesakes(self, pairs: Pairs) -> np.ndarray:
        """Pairs of which nothing but the name, and at most the city, agrees, in a table that has e-mails or phones."""
        fields = self._records.fields
        uncorroborated = np.full(len(pairs.left), any(field.kind in (Kind.EMAIL, Kind.PHONE) for field in fields))
        for field in fields:
            level = pairs.levels[field.name]
            if field.kind in _CORROBORATING:
                uncorroborated &= level < _CORROBORATING[field.kind]
            if field.kind is Kind.EMAIL:
                uncorroborated &= level != _CLOSE_EMAIL
        return uncorroborated & (self._crowded | self._differing(pairs))

    def _differing(self, pairs: Pairs) -> np.ndarray:
        """Pairs of which a contact detail or the birth date differs outright."""
        differing = np.zeros(len(pairs.left), bool)
        for field in self._records.fields:
            if field.kind in (*HOUSEHOLD, Kind.BIRTH_DATE):
                differing |= pairs.levels[field.name] == 0
        return differing

    def _level(self, pairs: Pairs, field: Field | None) -> np.ndarray:
        return np.full(len(pairs.left), MISSING, np.int8) if field is None else pairs.levels[field.name]

    def _agreed_email(self, pairs: Pairs) -> np.ndarray:
        agreed = np.full(len(pairs.left), -1, np.int64)
        if self._email is None:
            return agreed
        for first in self._email.codes:
            for second in self._email.codes:
                a, b = first[pairs.left], second[pairs.right]
                better = (a == b) & (a >= 0) & ((agreed < 0) | self._shared[agreed])
                agreed[better] = a[better]
        return agreed

    def _generations_apart(self, pairs: Pairs) -> np.ndarray:
        generation = self._records.generation
        one, two = generation[pairs.left], generation[pairs.right]
        return (one != two) & (one > 0) & (two > 0)

    def _years_apart(self, pairs: Pairs) -> np.ndarray:
        if self._birth is None:
            return np.zeros(len(pairs.left), bool)
        years = self._years
        one, two = self._birth.primary[pairs.left], self._birth.primary[pairs.right]
        known = (one >= 0) & (two >= 0) & (years[one] > 0) & (years[two] > 0)
        return known & (np.abs(years[one] - years[two]) >= _GENERATION_YEARS)


class CompanyRules:
    """Caps for organisations: names in conflict are two companies, at one domain too. `doubt` as of `PersonRules`."""

    def __init__(self, records: Records, doubt: float):
        self._doubt = doubt
        self._name = records.of_kind(Kind.ORGANISATION)
        self._domain = records.of_kind(Kind.DOMAIN)
        self._identifier = records.of_kind(Kind.IDENTIFIER)
        self._others = tuple(field for field in records.fields if field is not self._name)

    def learn(self, pairs: Pairs, agreed_on: Kind) -> None:
        """Nothing to learn for organisations."""

    def vetoes(self, levels: dict[str, np.ndarray], count: int) -> np.ndarray:
        """Names of organisations are compared last: nothing keeps a pair apart before."""
        return np.zeros(count, bool)

    def apply(self, weight: np.ndarray, pairs: Pairs) -> np.ndarray:
        """The match weights (bits) after the rules."""
        if self._name is None:
            return weight
        level = pairs.levels[self._name.name]
        by_name = _BY_NAME[level]
        if self._others:  # where other fields could speak, a name that is only similar does not suffice
            by_name = np.where(level >= EXACT[Kind.ORGANISATION], by_name, np.minimum(by_name, self._doubt))
        weight = np.where(self._undisputed(pairs), np.maximum(weight, by_name), weight)
        conflict = (level == 0) | (level == 1)
        if self._identifier is not None:
            conflict &= pairs.levels[self._identifier.name] < EXACT[Kind.IDENTIFIER]
        if self._domain is None:
            return weight
        domain = pairs.levels[self._domain.name]
        weight = _cap(weight, conflict & (domain != EXACT[Kind.DOMAIN]), APART)
        return _cap(weight, conflict & (domain == EXACT[Kind.DOMAIN]), self._doubt)

    def _undisputed(self, pairs: Pairs) -> np.ndarray:
        """Pairs of which no field but the name says that they are two."""
        undisputed = np.ones(len(pairs.left), bool)
        for field in self._others:
            level = pairs.levels[field.name]
            undisputed &= (level == MISSING) | (level > _DISPUTING.get(field.kind, 0))
        return undisputed


def personal_identifiers(records: Records) -> tuple[Field, ...]:
    """The identifier fields that tell persons apart: long enough and mostly different (a house number is neither)."""
    found = []
    for field in records.fields:
        if field.kind is Kind.IDENTIFIER:
            filled = int((field.primary >= 0).sum())
            length = sum(map(len, field.values)) / max(len(field.values), 1)
            if length >= _IDENTIFIER_LENGTH and len(field.values) >= _IDENTIFIER_DISTINCT * filled:
                found.append(field)
    return tuple(found)


def _identifying_level(field: Field) -> int:
    """The level from which identifiers mean one person: a typo counts only where numbers are spread out, not in a series."""
    drawn = np.random.default_rng(0).integers(0, len(field.values), (2, 20_000))
    drawn = drawn[:, drawn[0] != drawn[1]]
    x, y = field.values[drawn[0]].tolist(), field.values[drawn[1]].tolist()
    near = process.cpdist(x, y, scorer=OSA.distance, score_cutoff=1, dtype=np.int32) <= 1 if x else np.ones(1, bool)
    return EXACT[Kind.IDENTIFIER] - 1 if near.mean() < _RARELY_NEAR else EXACT[Kind.IDENTIFIER]


def _years(birth: Field | None) -> np.ndarray:
    """The year of each birth date; 0 for none."""
    values = [] if birth is None else birth.values.tolist()
    return np.array(
        [int(value[:4]) if len(value) == 8 and value.isdecimal() and value.isascii() else 0 for value in values] or [0]
    )


def _cap(weight: np.ndarray, where: np.ndarray, most: float) -> np.ndarray:
    return np.where(where, np.minimum(weight, most), weight)
