"""What speaks quietly against two rows being one person: too little to keep them apart, enough that a person decides.

A batch run takes what is proposed, so where sheets are reviewed a pair of which one of these is true waits in the band below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pb2hl.matching import dates, domains, names
from pb2hl.matching.desks import Desks
from pb2hl.matching.fields import Field, Records
from pb2hl.matching.kinds import EXACT, Kind, level_of
from pb2hl.matching.rules import Pairs

_DIFFERING = {
    Kind.PHONE: EXACT[Kind.PHONE] - 1,
    Kind.BIRTH_DATE: level_of(Kind.BIRTH_DATE, "two digits or one part differ"),
    Kind.ADDRESS: level_of(Kind.ADDRESS, "another number"),
}
"""Levels up to which a field says that somebody else may be meant, where the given name is not quite the same either."""
_OTHERWISE = {**_DIFFERING, Kind.BIRTH_DATE: 0, Kind.ORGANISATION: level_of(Kind.ORGANISATION, "words conflict")}
"""Levels up to which a field says so of two rows of one name at one mailbox that many people read."""
_DIGITS = "0123456789"
_RESEMBLING = level_of(Kind.EMAIL, "resembling")
_DESK = 4
"""Surnames behind one phone from which it is a reception's."""
GENERATION_YEARS = 12
"""Birth years further apart than this are two people, whatever else agrees."""


@dataclass(frozen=True)
class _Mailboxes:
    """Of distinct mailboxes at companies' domains codes of the address without the numbers at the end of its name, and of
    its domain (-1: none or anybody's domain); the last item of no mailbox."""

    unnumbered: np.ndarray
    domain: np.ndarray

    @classmethod
    def of(cls, email: Field | None) -> _Mailboxes:
        values = [] if email is None else email.values.tolist()
        plain: list[str | None] = []
        behind: list[str | None] = []
        for value in values:
            local, _, domain = value.partition("@")
            anybodys = domain in domains.freemail()
            plain.append(None if anybodys else f"{local.rstrip(_DIGITS)}@{domain}")
            behind.append(None if anybodys or not domain else domain)
        codes = [pd.factorize(np.array([*texts, None], dtype=object))[0] for texts in (plain, behind)]
        return cls(*codes)


@dataclass(frozen=True)
class Doubts:
    """`forms`: given names as forms of others; `mailboxes`: what tells two mailboxes of one company apart; `vague`: which
    birth dates tell no more than a year, the last item of no date; `years`: the year of each birth date, 0 for none;
    `desks`: which phones are answered for many people."""

    records: Records
    forms: names.Forms | None
    mailboxes: _Mailboxes
    vague: np.ndarray
    years: np.ndarray
    desks: Desks

    @classmethod
    def of(cls, records: Records, years: np.ndarray) -> Doubts:
        """What the rules need to know of the table."""
        given, birth = records.of_kind(Kind.GIVEN_NAME), records.of_kind(Kind.BIRTH_DATE)
        vague = np.ones(1, bool) if birth is None else dates.to_the_year(birth.primary, birth.values)
        forms = None if given is None else names.Forms.among(given.values)
        mailboxes = _Mailboxes.of(records.of_kind(Kind.EMAIL))
        desks = Desks.of(records.of_kind(Kind.PHONE), records.of_kind(Kind.SURNAME), _DESK)
        return cls(records, forms, mailboxes, vague, years, desks)

    def named(self, pairs: Pairs, own_email: np.ndarray, shared_email: np.ndarray) -> dict[str, np.ndarray]:
        """By what a person is told: which pairs she must decide; `own_email`: those that share a mailbox of one person,
        `shared_email`: of several people."""
        return {
            "a mailbox of several people, and something differs": shared_email & self._differing(pairs, _OTHERWISE),
            "born on other days": self._born_on_other_days(pairs, own_email),
            "one row names several people": self.records.several[pairs.left] != self.records.several[pairs.right],
            "junior or senior on one side": self._one_generation(pairs),
            "titles of a man and a woman": self._titles_differ(pairs),
            "two mailboxes at one company": self._mailboxes_told_apart(pairs) & ~own_email,
            "second given names differ": self._of_given(pairs, _two_second_names),
            "given names that may be two people's": self._another_name(pairs),
            "given names a letter apart": self._of_given(pairs, names.a_letter_apart) & ~own_email,
            "an initial beside a name": self._initial(pairs) & ~own_email,
        }

    def in_pairs(self, pairs: Pairs, own_email: np.ndarray, shared_email: np.ndarray) -> np.ndarray:
        """Which pairs a person must decide."""
        return np.logical_or.reduce(list(self.named(pairs, own_email, shared_email).values()))

    def _differing(self, pairs: Pairs, up_to: Mapping[Kind, int]) -> np.ndarray:
        """Pairs of which a field differs, by the levels `up_to` which it does."""
        differing = np.zeros(len(pairs.left), bool)
        for field in self.records.fields:
            level = pairs.levels[field.name]
            differing |= (level >= 0) & (level <= up_to.get(field.kind, -1))
        return differing

    def shared(self, field: Field, pairs: Pairs) -> np.ndarray:
        """Pairs whose agreement in `field` says no more than that they work in one house: a reception's phone, one company
        where e-mail or phone differs."""
        nothing = np.zeros(len(pairs.left), bool)
        if field.kind is Kind.PHONE:
            nothing = self.desks.ring(pairs)
        if field.kind in (Kind.ORGANISATION, Kind.DOMAIN):
            for kind in (Kind.PHONE, Kind.EMAIL):
                level = pairs.level(self.records.of_kind(kind))
                nothing |= (level >= 0) & (level < EXACT[kind])
        return nothing

    def _born_on_other_days(self, pairs: Pairs, own_email: np.ndarray) -> np.ndarray:
        """Also a digit that makes a generation of years: fathers and sons of one name."""
        birth = self.records.of_kind(Kind.BIRTH_DATE)
        if birth is None:
            return np.zeros(len(pairs.left), bool)
        level, codes = pairs.level(birth), birth.primary
        one, two = codes[pairs.left], codes[pairs.right]
        apart = np.abs(self.years[one] - self.years[two]) >= GENERATION_YEARS
        differ = (level == 0) | (((level == 1) | ((level == 2) & apart)) & ~own_email)
        return differ & ~self.vague[one] & ~self.vague[two]

    def _one_generation(self, pairs: Pairs) -> np.ndarray:
        generation = self.records.generation
        return (generation[pairs.left] > 0) != (generation[pairs.right] > 0)

    def _titles_differ(self, pairs: Pairs) -> np.ndarray:
        title = self.records.title
        return (title[pairs.left] > 0) & (title[pairs.right] > 0) & (title[pairs.left] != title[pairs.right])

    def _mailboxes_told_apart(self, pairs: Pairs) -> np.ndarray:
        """`chris.lee@` and `chris.lee2@`, `clee@` and `chrisl@` at one company: somebody had to tell two namesakes apart."""
        email = self.records.of_kind(Kind.EMAIL)
        if email is None:
            return np.zeros(len(pairs.left), bool)
        one, two = email.primary[pairs.left], email.primary[pairs.right]
        box = self.mailboxes
        numbered = (box.unnumbered[one] >= 0) & (box.unnumbered[one] == box.unnumbered[two])
        other = (box.domain[one] >= 0) & (box.domain[one] == box.domain[two]) & (pairs.level(email) <= _RESEMBLING)
        return (one != two) & (numbered | other)

    def _initial(self, pairs: Pairs) -> np.ndarray:
        """`M` and `Mary` of one home, of whom no birth date says that they are one."""
        same_birth = pairs.level(self.records.of_kind(Kind.BIRTH_DATE)) >= EXACT[Kind.BIRTH_DATE] - 1
        return self._of_given(pairs, lambda x, y: min(len(x), len(y)) == 1) & ~same_birth

    def _another_name(self, pairs: Pairs) -> np.ndarray:
        """Given names that are no forms of one, of people whose phone, home or birthday is not the same either; and those
        that one letter makes a woman's (`Alex`, `Alexa`)."""
        found = self._of_given(pairs, names.a_letter_apart_by_sex)
        given = self.records.of_kind(Kind.GIVEN_NAME)
        if given is None or self.forms is None:
            return found
        one, two = given.primary[pairs.left], given.primary[pairs.right]
        asked = self._differing(pairs, _DIFFERING) & ~self.forms.one_name(one, two, self.forms)
        return found | self._of_given(pairs, lambda x, y: not names.begins(x, y), asked)

    def _of_given(self, pairs: Pairs, test: Callable[[str, str], bool], asked: np.ndarray | None = None) -> np.ndarray:
        """Of the `asked` pairs (None: all) with two different given names those for which `test` is true of the names."""
        found = np.zeros(len(pairs.left), bool)
        given = self.records.of_kind(Kind.GIVEN_NAME)
        if given is None:
            return found
        one, two = given.primary[pairs.left], given.primary[pairs.right]
        differ = (one >= 0) & (two >= 0) & (one != two)
        at = np.flatnonzero(differ if asked is None else differ & asked)
        found[at] = [test(given.values[x], given.values[y]) for x, y in zip(one[at], two[at], strict=True)]
        return found


def _two_second_names(left: str, right: str) -> bool:
    one, two = left.split()[1:], right.split()[1:]
    return bool(one and two) and not any(names.begins(x, y) for x in one for y in two)
