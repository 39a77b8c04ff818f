"""What speaks quietly against two rows being one person: too little to keep them apart, enough that a person decides.

A batch run takes what is proposed, so where sheets are reviewed a pair of which one of these is true waits in the band below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pb2hl.matching import dates, domains, names
from pb2hl.matching.fields import Field, Records
from pb2hl.matching.kinds import EXACT, Kind, level_of
from pb2hl.matching.rules import Pairs

_DIFFERING = {
    Kind.PHONE: EXACT[Kind.PHONE] - 1,
    Kind.BIRTH_DATE: level_of(Kind.BIRTH_DATE, "two digits differ"),
    Kind.ADDRESS: level_of(Kind.ADDRESS, "another number"),
}
"""Levels up to which a field says that somebody else may be meant, where the given name is not quite the same either."""
_DIGITS = "0123456789"


@dataclass(frozen=True)
class Doubts:
    """`forms`: given names as forms of others; `unnumbered`: codes of mailboxes at companies' domains without the numbers at
    their end (-1: none), the last item of no mailbox; `vague`: which birth dates tell no more than a year, likewise."""

    records: Records
    forms: names.Forms | None
    unnumbered: np.ndarray
    vague: np.ndarray

    @classmethod
    def of(cls, records: Records) -> Doubts:
        """What the rules need to know of the table."""
        given, birth = records.of_kind(Kind.GIVEN_NAME), records.of_kind(Kind.BIRTH_DATE)
        vague = np.ones(1, bool) if birth is None else dates.to_the_year(birth.primary, birth.values)
        forms = None if given is None else names.Forms.among(given.values)
        return cls(records, forms, _unnumbered(records.of_kind(Kind.EMAIL)), vague)

    def in_pairs(self, pairs: Pairs, own_email: np.ndarray) -> np.ndarray:
        """Which pairs a person must decide; `own_email`: those that share a mailbox of one person."""
        return (
            self._born_on_other_days(pairs, own_email)
            | self._several_people(pairs)
            | (self._one_generation(pairs) & ~own_email)
            | (self._mailboxes_told_apart(pairs) & ~own_email)
            | self._second_names_differ(pairs)
            | self._another_name(pairs)
        )

    def _born_on_other_days(self, pairs: Pairs, own_email: np.ndarray) -> np.ndarray:
        birth = self.records.of_kind(Kind.BIRTH_DATE)
        if birth is None:
            return np.zeros(len(pairs.left), bool)
        level, codes = pairs.level(birth), birth.primary
        differ = (level == 0) | ((level == 1) & ~own_email)
        return differ & ~self.vague[codes[pairs.left]] & ~self.vague[codes[pairs.right]]

    def _several_people(self, pairs: Pairs) -> np.ndarray:
        """`Mark & Mary` beside `Mary`: the row of a couple is none of the two."""
        return self.records.several[pairs.left] != self.records.several[pairs.right]

    def _one_generation(self, pairs: Pairs) -> np.ndarray:
        generation = self.records.generation
        return (generation[pairs.left] > 0) != (generation[pairs.right] > 0)

    def _mailboxes_told_apart(self, pairs: Pairs) -> np.ndarray:
        """`chris.lee@` and `chris.lee2@` at one company: somebody had to tell two namesakes apart."""
        email = self.records.of_kind(Kind.EMAIL)
        if email is None:
            return np.zeros(len(pairs.left), bool)
        one, two = email.primary[pairs.left], email.primary[pairs.right]
        return (one != two) & (self.unnumbered[one] >= 0) & (self.unnumbered[one] == self.unnumbered[two])

    def _second_names_differ(self, pairs: Pairs) -> np.ndarray:
        """`Anna Maria` and `Anna Katalin`: sisters are called so."""
        return self._of_given(pairs, np.ones(len(pairs.left), bool), _two_second_names)

    def _another_name(self, pairs: Pairs) -> np.ndarray:
        """Given names that are no forms of one, of people whose phone, home or birthday is not the same either; and those
        that one letter makes a woman's (`Alex`, `Alexa`)."""
        differing = np.zeros(len(pairs.left), bool)
        for field in self.records.fields:
            level = pairs.levels[field.name]
            differing |= (level >= 0) & (level <= _DIFFERING.get(field.kind, -1))
        found = self._of_given(pairs, np.ones(len(pairs.left), bool), names.a_letter_apart_by_sex)
        given = self.records.of_kind(Kind.GIVEN_NAME)
        if given is None or self.forms is None:
            return found
        one, two = given.primary[pairs.left], given.primary[pairs.right]
        related = self.forms.one_name(one, two, self.forms)
        return found | self._of_given(pairs, differing & ~related, lambda x, y: not names.begins(x, y))

    def _of_given(self, pairs: Pairs, asked: np.ndarray, test: Callable[[str, str], bool]) -> np.ndarray:
        """Of the `asked` pairs with two different given names those for which `test` is true of the names."""
        found = np.zeros(len(pairs.left), bool)
        given = self.records.of_kind(Kind.GIVEN_NAME)
        if given is None:
            return found
        one, two = given.primary[pairs.left], given.primary[pairs.right]
        at = np.flatnonzero(asked & (one >= 0) & (two >= 0) & (one != two))
        found[at] = [test(given.values[x], given.values[y]) for x, y in zip(one[at], two[at], strict=True)]
        return found


def _two_second_names(left: str, right: str) -> bool:
    one, two = left.split()[1:], right.split()[1:]
    return bool(one and two) and not any(names.begins(x, y) for x in one for y in two)


def _unnumbered(email: Field | None) -> np.ndarray:
    if email is None:
        return np.full(1, -1, np.int64)
    plain: list[str | None] = []
    for value in email.values.tolist():
        local, _, domain = value.partition("@")
        plain.append(None if domain in domains.freemail() else f"{local.rstrip(_DIGITS)}@{domain}")
    return np.r_[pd.factorize(np.array(plain, dtype=object))[0], -1]
