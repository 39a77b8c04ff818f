"""What relatives, colleagues and namesakes share may not merge them: caps and lifts of persons' match weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from pb2hl.matching import dates, names
from pb2hl.matching.doubts import GENERATION_YEARS, Doubts
from pb2hl.matching.fields import Field, Records
from pb2hl.matching.identifiers import identifying_level, personal_identifiers
from pb2hl.matching.kinds import EXACT, MISSING, Kind, level_of
from pb2hl.matching.rare_names import RareNames
from pb2hl.matching.rules import APART, HOUSEHOLD, IDENTIFIED, Pairs, cap

_NEVER = 127
"""A level that no comparison yields."""
_CORROBORATING = {
    Kind.PHONE: EXACT[Kind.PHONE] - 1,
    Kind.BIRTH_DATE: 1,
    Kind.DATE: EXACT[Kind.DATE],
    Kind.IDENTIFIER: 2,
    Kind.ADDRESS: level_of(Kind.ADDRESS, "part of"),
    Kind.POSTCODE: EXACT[Kind.POSTCODE],
    Kind.ORGANISATION: 3,
    Kind.DOMAIN: EXACT[Kind.DOMAIN],
    Kind.TEXT: 3,
}
"""The level from which a field tells one namesake from another. An e-mail name is made of the person's name: it does not."""
_CAREFUL = {Kind.PHONE: EXACT[Kind.PHONE], Kind.POSTCODE: _NEVER, Kind.TEXT: EXACT[Kind.TEXT]}
"""Levels that differ where a person will look: towns are full of namesakes, and neighbours' phones differ by a digit."""
_CLOSE_EMAILS = tuple(level_of(Kind.EMAIL, name) for name in ("close", "letters misplaced"))
_UNLIKE = 0.6
"""Similarity (Jaro-Winkler, 0-1) below which one given name cannot be the other misspelt."""
_ENOUGH = 50
"""Pairs that share a contact detail from which is told how often two people do."""
_RARELY_SHARED = 0.05
"""Share of those pairs that are two people up to which relatives and colleagues are not reckoned with."""


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


@dataclass(frozen=True)
class _Seen:
    """What the rules look at, a row a pair: name levels, whether birth dates, an own e-mail, a shared one, identifiers agree."""

    given: np.ndarray
    surname: np.ndarray
    same_birth: np.ndarray
    own_email: np.ndarray
    shared_email: np.ndarray
    same_identifier: np.ndarray

    @property
    def identified(self) -> np.ndarray:
        """Pairs of whom a birth date or an identifier says that they are one."""
        return self.same_birth | self.same_identifier


class PersonRules:
    """Caps and lifts for persons. `doubt`: most match weight (bits) of a pair that only a person can decide; `reviewed`:
    whether one will, so that every conflict of names can wait for that."""

    def __init__(self, records: Records, doubt: float, reviewed: bool = False):
        self._records = records
        self._doubt = doubt
        self._reviewed = reviewed
        self._given = records.of_kind(Kind.GIVEN_NAME)
        self._surname = records.of_kind(Kind.SURNAME)
        self._birth = records.of_kind(Kind.BIRTH_DATE)
        self._email = records.of_kind(Kind.EMAIL)
        self._phone = records.of_kind(Kind.PHONE)
        self._identifiers = personal_identifiers(records)
        self._identifying = {field.name: identifying_level(field) for field in self._identifiers}
        self._shared = names.shared_mailbox_flags(self._email.values) if self._email else np.empty(0, bool)
        self._rare = RareNames.of(records, self._given, self._surname) if self._given and self._surname else None
        self._corroborating = _CORROBORATING | (_CAREFUL if reviewed else {})
        self._sharing: list[_Sharing] = []
        self._years = _years(self._birth)
        self._doubts = Doubts.of(records, self._years) if reviewed else None
        self._real = np.r_[given_names_in_use(self._given, self._surname), False]
        self._to_the_year = (
            np.empty(0, bool) if self._birth is None else dates.to_the_year(self._birth.primary, self._birth.values)
        )

    def learn(self, pairs: Pairs, agreed_on: Kind) -> None:
        """Learn from pairs that share an e-mail, a phone or an address how many people stand behind one.

        Where people share e-mail addresses, those that conflicting names use are shared mailboxes from here on. In a table
        where hardly any contact detail is shared by two people (no relatives, no colleagues), half a name is no reason for
        doubt. Another given name with the same birth date or identifier is an error, no relative.
        """
        if self._given is None:
            return
        given, surname = pairs.level(self._given), pairs.level(self._surname)
        one_person = self._same_identifier(pairs) | (pairs.level(self._birth) >= EXACT[Kind.BIRTH_DATE] - 1)
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

    def forbidden(self, pairs: Pairs) -> np.ndarray:
        """Pairs that may not stand in one cluster, whatever rows stand between them: their names are in conflict.

        Where nobody looks only names in use count: among several rows of one person a misspelt one is outvoted.
        """
        seen = self._seen(pairs)
        conflict = self._conflict(pairs, seen)
        if not self._reviewed:
            conflict &= self._two_given_names(pairs, seen.given == 0)
        return conflict | self._generations_apart(pairs)

    def named(self, pairs: Pairs) -> dict[str, np.ndarray]:
        """By what a person is told: which pairs wait for her."""
        seen = self._seen(pairs)
        conflict = self._conflict(pairs, seen)
        known = seen.identified | seen.own_email | seen.shared_email
        doubts = {} if self._doubts is None else self._doubts.named(pairs, seen.own_email, seen.shared_email)
        return {
            "two names": conflict,
            "half a name is missing": (seen.given == MISSING) | (seen.surname == MISSING),
            "only the name agrees": self._namesakes(pairs) & ~known & ~conflict,
            **{text: where & ~conflict for text, where in doubts.items()},
        }

    def apply(self, weight: np.ndarray, pairs: Pairs) -> np.ndarray:
        """The match weights (bits) after the rules."""
        seen = self._seen(pairs)
        weight = self._lift(weight, pairs, seen)
        if (self._given is not None or self._surname is not None) and self._crowded:
            weight = self._hold_half_names(weight, pairs, seen)
        weight = cap(weight, self._generations_apart(pairs), APART)
        conflict = self._conflict(pairs, seen)
        weight = cap(weight, conflict, self._doubt)
        if self._strict:
            weight = cap(weight, conflict & ~seen.same_birth & ~seen.own_email, APART)
            differing = pairs.level(self._birth) == 0
            weight = cap(weight, self._years_apart(pairs) & differing & ~seen.same_identifier, APART)
        known = seen.identified | seen.own_email | seen.shared_email
        alone = self._namesakes(pairs) & ~known
        telling = alone & self._telling(pairs)
        weight = np.where(telling, np.maximum(weight, self._doubt if self._reviewed else IDENTIFIED), weight)
        weight = cap(weight, alone & (self._reviewed | ~telling), self._doubt)
        return self._leave_doubts(weight, pairs, seen)

    def _leave_doubts(self, weight: np.ndarray, pairs: Pairs, seen: _Seen) -> np.ndarray:
        """Where a person will look, quiet doubts about pairs that would merge are hers to decide."""
        at = np.flatnonzero((weight > self._doubt) & ~seen.same_identifier)
        if self._doubts is None or not len(at):
            return weight
        some = Pairs(pairs.left[at], pairs.right[at], {name: level[at] for name, level in pairs.levels.items()})
        weight[at[self._doubts.in_pairs(some, seen.own_email[at], seen.shared_email[at])]] = self._doubt
        return weight

    def _telling(self, pairs: Pairs) -> np.ndarray:
        """Pairs whose name is so rare that it tells who they are, with no birth date or identifier against it."""
        if self._rare is None or self._given is None or self._surname is None:
            return np.zeros(len(pairs.left), bool)
        against = (pairs.level(self._birth) == 0) | self._generations_apart(pairs)
        for field in self._records.fields:
            if field.kind is Kind.IDENTIFIER:
                against |= pairs.levels[field.name] == 0
        return self._rare.of_pairs(pairs, self._given, self._surname) & ~against

    def _seen(self, pairs: Pairs) -> _Seen:
        agreed = self._agreed_email(pairs)
        shared = agreed >= 0
        shared[shared] = self._shared[agreed[shared]]
        return _Seen(
            pairs.level(self._given),
            pairs.level(self._surname),
            self._same_birth(pairs),
            (agreed >= 0) & ~shared,
            shared,
            self._same_identifier(pairs),
        )

    def _same_birth(self, pairs: Pairs) -> np.ndarray:
        """Pairs born on one day, a typo aside; that only the year is known of both says little."""
        same = pairs.level(self._birth) >= EXACT[Kind.BIRTH_DATE] - 1
        return same & ~self._vague(self._birth, pairs)

    def _conflict(self, pairs: Pairs, seen: _Seen) -> np.ndarray:
        """Pairs whose names speak against a merge.

        Twins share birth date, address, phone and surname: another given name is another person, unless an identifier
        says otherwise. A surname may change with a marriage: an own e-mail settles that as well. Where no two people share
        a contact detail and nobody looks, a name that is none in use is an error, and the birth date may outvote it.
        """
        if not self._strict:
            return np.zeros(len(seen.given), bool)
        given, surname = seen.given == 0, (seen.surname == 0) & ~seen.own_email
        if not (self._crowded or self._reviewed):
            given = given & (self._two_given_names(pairs, given) | ~seen.same_birth)
            surname &= ~seen.same_birth
        return (given | surname) & ~seen.same_identifier

    def _two_given_names(self, pairs: Pairs, given: np.ndarray) -> np.ndarray:
        """Of the pairs whose `given` names conflict those of whom no misspelling can be the reason: both names are in use,
        or nothing of one is in the other and they are twins by birth date and home."""
        two = np.zeros(len(pairs.left), bool)
        at = np.flatnonzero(given)
        if self._given is None or not len(at):
            return two
        left, right = self._given.primary[pairs.left[at]], self._given.primary[pairs.right[at]]
        x, y = self._given.values[left].tolist(), self._given.values[right].tolist()
        alike = process.cpdist(x, y, scorer=JaroWinkler.similarity, score_cutoff=_UNLIKE, dtype=np.float32)
        two[at] = (self._real[left] & self._real[right]) | ((alike < _UNLIKE) & self._twins(pairs)[at])
        return two

    def _twins(self, pairs: Pairs) -> np.ndarray:
        """Pairs born on one day in one home: twins, if their given names are two."""
        shared = np.zeros(len(pairs.left), bool)
        for field in self._records.fields:
            if field.kind in (Kind.PHONE, Kind.ADDRESS):
                shared |= pairs.levels[field.name] >= EXACT[field.kind]
        return shared & self._same_birth(pairs)

    def _hold_half_names(self, weight: np.ndarray, pairs: Pairs, seen: _Seen) -> np.ndarray:
        """Rows of which half a name is missing could be anyone of a household."""
        given, surname = seen.given, seen.surname
        alike = self._all_same(pairs, seen.shared_email)
        unsure = ~seen.own_email & ~seen.identified & ~alike
        nameless = (
            (given == MISSING) & (surname == MISSING)
            | (given == MISSING) & (surname < 3)
            | (surname == MISSING) & (given < 3)
        )
        weight = cap(weight, nameless & unsure, APART)
        return cap(weight, ((given == MISSING) | (surname == MISSING)) & unsure, self._doubt)

    def _lift(self, weight: np.ndarray, pairs: Pairs, seen: _Seen) -> np.ndarray:
        """At least `IDENTIFIED` for pairs that an own e-mail identifies, or a name and a shared one."""
        given, surname, shared = seen.given, seen.surname, seen.shared_email
        agreeing = (given != 0) & (surname != 0)
        weight = np.where(seen.own_email & agreeing, np.maximum(weight, IDENTIFIED), weight)
        same_name = (given >= EXACT[Kind.GIVEN_NAME] - 1) & (surname >= EXACT[Kind.SURNAME] - 1)
        weight = np.where(shared & same_name, np.maximum(weight, IDENTIFIED), weight)
        alike = self._all_same(pairs, shared)
        weight = np.where(alike, np.maximum(weight, IDENTIFIED), weight)
        unsure = shared & ~same_name & ~alike
        return cap(weight, unsure if self._reviewed else unsure & ~(seen.identified & agreeing), self._doubt)

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
        """Pairs of which nothing but the name, and at most the city, agrees, in a table that has e-mails or phones; where a
        person will look, in any table."""
        fields = self._records.fields
        reached = self._reviewed or any(field.kind in (Kind.EMAIL, Kind.PHONE) for field in fields)
        uncorroborated = np.full(len(pairs.left), reached)
        for field in fields:
            level = pairs.levels[field.name]
            if field.kind in _CORROBORATING:
                said = (level >= self._corroborating[field.kind]) & ~self._vague(field, pairs)
                if self._doubts is not None:
                    said &= ~self._doubts.shared(field, pairs)
                uncorroborated &= ~said
            if field.kind is Kind.EMAIL:
                uncorroborated &= ~np.isin(level, _CLOSE_EMAILS)
        return uncorroborated & (self._reviewed | self._crowded | self._differing(pairs))

    def _vague(self, field: Field | None, pairs: Pairs) -> np.ndarray:
        """Pairs of whose birth only the year is known, if `field` is the birth date."""
        if field is None or field is not self._birth:
            return np.zeros(len(pairs.left), bool)
        return self._to_the_year[field.primary[pairs.left]] | self._to_the_year[field.primary[pairs.right]]

    def _differing(self, pairs: Pairs) -> np.ndarray:
        """Pairs of which a contact detail or the birth date differs outright."""
        differing = np.zeros(len(pairs.left), bool)
        for field in self._records.fields:
            if field.kind in (*HOUSEHOLD, Kind.BIRTH_DATE):
                differing |= pairs.levels[field.name] == 0
        return differing

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
        return known & (np.abs(years[one] - years[two]) >= GENERATION_YEARS)


def given_names_in_use(given: Field | None, surname: Field | None) -> np.ndarray:
    """Which distinct given names are names and no misspellings: listed ones, and those of several surnames in the table."""
    if given is None:
        return np.empty(0, bool)
    met = names.bearers(given.primary, None if surname is None else surname.primary, len(given.values))
    return names.in_use(given.values) | (met >= names.BEARERS)


def _years(birth: Field | None) -> np.ndarray:
    """The year of each birth date; 0 for none."""
    values = [] if birth is None else birth.values.tolist()
    return np.array(
        [int(value[:4]) if len(value) == 8 and value.isdecimal() and value.isascii() else 0 for value in values] or [0]
    )
