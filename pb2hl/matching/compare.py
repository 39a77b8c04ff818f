"""Agreement levels of candidate pairs, vectorised over distinct pairs of values. Levels are named in `kinds.LEVELS`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA, JaroWinkler

from pb2hl.matching import dates, domains, names
from pb2hl.matching.addresses import Numbers
from pb2hl.matching.fields import Field
from pb2hl.matching.kinds import EXACT, MISSING, Kind, level_of
from pb2hl.matching.words import WordComparer

_DIGITS = re.compile(r"\d+")
_DATES = (Kind.DATE, Kind.BIRTH_DATE)
_DENSE = 16_000_000
"""Cells of a table of all pairs of values up to which distinct pairs are found by marking them in it."""
_MOSTLY_DISTINCT = (Kind.EMAIL, Kind.PHONE)
"""Kinds of which nearly every pair of values is met once: looking for repeats would cost more than comparing them."""
_LABEL = 4
"""Letters of a domain's label from which it can be one organisation's under several endings."""
_ANOTHER_NUMBER = level_of(Kind.ADDRESS, "another number")
_SIMILAR = level_of(Kind.ADDRESS, "similar")
_ONE_DOMAIN = 0.9
"""Similarity (Jaro-Winkler, 0-1) from which two domains are one mistyped."""
_FEW_BOXES = 2
"""Addresses at a domain up to which it may be a misspelt one."""
_MISSPELT = 0.4
"""A name met less often than this share of another may be a misspelling of it."""
_ONE_EDIT = 0.75
"""Names of three letters or more that one edit makes equal are at least this similar (Jaro)."""


@dataclass(frozen=True)
class _Mailboxes:
    """Codes of the parts of distinct e-mail addresses: before the @, after it, the digits in the name (-1: none), and the
    letters of the whole in alphabetical order, which stay when some change places. `boxes`: how many addresses a domain has.

    Different numbers in two mailbox names are two people: `jane.roe7`, `jane.roe12`.
    """

    local: np.ndarray
    local_texts: np.ndarray
    domain: np.ndarray
    number: np.ndarray
    domain_texts: np.ndarray
    letters: np.ndarray
    boxes: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> _Mailboxes:
        split = [value.partition("@") for value in values]
        local, texts = pd.factorize(np.array([part[0] for part in split], dtype=object))
        domain, domain_texts = pd.factorize(np.array([part[2] for part in split], dtype=object))
        letters = pd.factorize(np.array(["".join(sorted(value)) for value in values], dtype=object))[0]
        number = pd.factorize(np.array([" ".join(_DIGITS.findall(part[0])) or None for part in split], dtype=object))[0]
        return cls(
            local, texts, domain, number, domain_texts, letters, np.bincount(domain, minlength=len(domain_texts))
        )


class Comparer:
    """Compares pairs of records field by field. `workers` threads (-1: all cores); the result does not depend on them."""

    def __init__(self, fields: tuple[Field, ...], *, workers: int = -1):
        self.fields = fields
        self._workers = workers
        self._given = next((field for field in fields if field.kind is Kind.GIVEN_NAME), None)
        self._surname = next((field for field in fields if field.kind is Kind.SURNAME), None)
        self._known = {field.name: names.in_use(field.values) for field in fields if field.kind is Kind.GIVEN_NAME}
        self._bearers = {field.name: self._met(field) for field in fields if field.kind is Kind.GIVEN_NAME}
        self._forms = {field.name: names.Forms.among(field.values) for field in (self._given, self._surname) if field}
        self._odd = {field.name: _odd(field) for field in fields if field.kind is Kind.SURNAME}
        self._mailboxes = {field.name: _Mailboxes.of(field.values) for field in fields if field.kind is Kind.EMAIL}
        self._swapped = {field.name: dates.swapped_codes(field.values) for field in fields if field.kind in _DATES}
        self._numbers = {field.name: Numbers.of(field.values) for field in fields if field.kind is Kind.ADDRESS}
        self._domains = {field.name: _labels(field) for field in fields if field.kind is Kind.DOMAIN}
        self._words = {
            field.name: WordComparer(field.values, _counts(field))
            for field in fields
            if field.kind is Kind.ORGANISATION
        }

    def levels(self, field: Field, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(level of each pair in `field`, code of the value on which the exact ones agree, else -1)."""
        best = np.full(len(left), MISSING, np.int8)
        agreed = np.full(len(left), -1, np.int32)
        for first in field.codes:
            for second in field.codes:
                a, b = first[left], second[right]
                present = np.flatnonzero((a >= 0) & (b >= 0) & (best < EXACT[field.kind]))
                level = self._value_levels(field, a[present], b[present])
                better = level > best[present]
                best[present[better]] = level[better]
                exact = present[better & (level == EXACT[field.kind])]
                agreed[exact] = a[exact]
        return best, agreed

    def join_names(self, levels: dict[str, np.ndarray], left: np.ndarray, right: np.ndarray) -> None:
        """Mend the name levels of pairs whose given name and surname are swapped (`Roe Jane`), in place."""
        given, surname = self._given, self._surname
        if given is None or surname is None:
            return
        doubt = np.flatnonzero(
            (levels[given.name] >= 0)
            & (levels[given.name] <= 1)
            & (levels[surname.name] >= 0)
            & (levels[surname.name] <= 1)
        )
        self._join_lone_names(levels, left, right)
        if not len(doubt):
            return
        one, two = left[doubt], right[doubt]
        there = self._one_name(given.primary[one], surname.primary[two])
        doubt, one, two = doubt[there], one[there], two[there]
        swapped = doubt[self._one_name(given.primary[two], surname.primary[one])]
        levels[given.name][swapped] = EXACT[Kind.GIVEN_NAME] - 1
        levels[surname.name][swapped] = EXACT[Kind.SURNAME] - 1

    def _join_lone_names(self, levels: dict[str, np.ndarray], left: np.ndarray, right: np.ndarray) -> None:
        """Of rows with one name alone, in the other's column (`—, Jane` beside `Jane, Roe`), that name is compared, in place."""
        assert self._given is not None and self._surname is not None
        given, surname = self._given, self._surname
        for lone, its in ((given, surname), (surname, given)):
            unlike = (levels[lone.name] == MISSING) & (levels[its.name] == 0)
            for one, two in ((left, right), (right, left)):
                at = np.flatnonzero(unlike & (lone.primary[one] < 0) & (lone.primary[two] >= 0))
                sides = (lone.primary[two[at]], its.primary[one[at]])
                same = at[self._one_name(*(sides if lone is given else sides[::-1]))]
                levels[lone.name][same] = EXACT[lone.kind] - 1
                levels[its.name][same] = MISSING

    def _one_name(self, given: np.ndarray, surname: np.ndarray) -> np.ndarray:
        """Whether what stands as given name here and as surname there (value codes) is one given name or surname."""
        assert self._given is not None and self._surname is not None
        close = self._similar(self._given.values[given], self._surname.values[surname], least=0.9) > 0.9
        return close | self._forms[self._given.name].one_name(given, surname, self._forms[self._surname.name])

    def _value_levels(self, field: Field, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Levels of pairs of value codes, each distinct pair compared once."""
        level = np.full(len(a), EXACT[field.kind], np.int8)
        differ = np.flatnonzero(a != b)
        if field.kind in (Kind.CATEGORY, Kind.DOMAIN):
            level[differ] = 0
            if field.kind is Kind.DOMAIN:
                label = self._domains[field.name]
                level[differ[(label[a[differ]] == label[b[differ]]) & (label[a[differ]] >= 0)]] = 1
            return level
        low, high = np.minimum(a[differ], b[differ]), np.maximum(a[differ], b[differ])
        count = len(field.values)
        if field.kind in _MOSTLY_DISTINCT and count**2 > _DENSE:
            level[differ] = self._different_levels(field, low, high)
            return level
        inverse, distinct = _distinct(low.astype(np.int64) * count + high, count)
        level[differ] = self._different_levels(field, distinct // max(count, 1), distinct % max(count, 1))[inverse]
        return level

    def _different_levels(self, field: Field, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        kind = field.kind
        x, y = field.values[low].tolist(), field.values[high].tolist()
        if kind is Kind.GIVEN_NAME:
            return self._given_levels(field, low, high)
        if kind is Kind.SURNAME:
            odd = self._odd[field.name]
            return self._surname_levels(*_one_script(x, y), odd[low] | odd[high])
        if kind in _DATES:
            return self._date_levels(x, y, self._swapped[field.name][low] == high)
        if kind in (Kind.IDENTIFIER, Kind.POSTCODE):
            edits = self._edits(x, y)
            return np.select([edits <= 1, edits == 2], [2, 1], 0).astype(np.int8)
        if kind is Kind.PHONE:
            return (self._edits(x, y) <= 1).astype(np.int8)
        if kind is Kind.EMAIL:
            return self._email_levels(self._mailboxes[field.name], x, y, low, high)
        if kind is Kind.CITY:
            return (self._similar(x, y) >= 0.9).astype(np.int8)
        if kind is Kind.ORGANISATION:
            return self._words[field.name].levels(x, y)
        if kind is Kind.ADDRESS:
            return self._address_levels(self._numbers[field.name], x, y, low, high)
        return self._text_levels(x, y)

    def _met(self, given: Field) -> np.ndarray:
        surname = None if self._surname is None else self._surname.primary
        return names.bearers(given.primary, surname, len(given.values))

    def _two_names(self, field: Field, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of given names (value codes) that are two names in use: by the list, in one script, by the table alone."""
        known, met = self._known[field.name], self._bearers[field.name]
        plain = np.fromiter((value.isascii() for value in field.values), bool, len(field.values))
        rarer, commoner = np.minimum(met[low], met[high]), np.maximum(met[low], met[high])
        return known[low] & known[high] & (plain[low] == plain[high]), (rarer >= names.BEARERS) & (
            rarer >= _MISSPELT * commoner
        )

    def _given_levels(self, field: Field, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        x, y = _one_script(field.values[low].tolist(), field.values[high].tolist())
        similar = self._similar(x, y, least=0.6)
        level = self._name_levels(similar, x, y)
        two_names, two_in_table = self._two_names(field, low, high)
        level[two_names | two_in_table] = 0
        for at in np.flatnonzero((level > 0) & (similar >= 0.8)).tolist():
            if names.man_and_woman(x[at], y[at]):
                level[at], two_names[at] = 0, True
        for at in np.flatnonzero((level < 3) & (similar >= 0.6)).tolist():
            if not two_names[at] or " " in x[at] or " " in y[at]:
                level[at] = max(level[at], _short_form(x[at], y[at]))
        forms = self._forms[field.name]
        level[forms.one_name(low, high, forms)] = 3
        return level

    def _surname_levels(self, x: list[str], y: list[str], odd: np.ndarray) -> np.ndarray:
        level = self._name_levels(self._similar(x, y, least=_ONE_EDIT), x, y)
        for at in np.flatnonzero((level < 2) & odd).tolist():
            first, second = x[at], y[at]
            if len(first) == 1 or len(second) == 1:
                level[at] = 2 if first[0] == second[0] else 0
            elif " " in first or " " in second:
                level[at] = max(level[at], 2 if _part_of(first, second) else 0)
        return level

    def _name_levels(self, similar: np.ndarray, x: list[str], y: list[str]) -> np.ndarray:
        """Levels by similarity (0-1); one edit apart is a typo among names of three letters or more."""
        level = np.select([similar >= 0.88, similar >= 0.80], [2, 1], 0).astype(np.int8)
        near = np.flatnonzero(similar >= _ONE_EDIT)
        near = near[np.fromiter((min(len(x[at]), len(y[at])) > 2 for at in near.tolist()), bool, len(near))]
        edits = self._edits([x[at] for at in near.tolist()], [y[at] for at in near.tolist()])
        level[near[edits <= 1]] = 3
        return level

    def _date_levels(self, x: list[str], y: list[str], swapped: np.ndarray) -> np.ndarray:
        edits = self._edits(x, y)
        near = (edits == 2) | np.fromiter((_two_parts(*pair) for pair in zip(x, y, strict=True)), bool, len(x))
        return np.select([(edits <= 1) | swapped, near], [2, 1], 0).astype(np.int8)

    def _email_levels(
        self, parts: _Mailboxes, x: list[str], y: list[str], low: np.ndarray, high: np.ndarray
    ) -> np.ndarray:
        whole = self._similar(x, y, least=0.92)
        together = np.flatnonzero(parts.domain[low] == parts.domain[high])
        one, two = parts.local[low[together]], parts.local[high[together]]
        alike = self._similar(parts.local_texts[one], parts.local_texts[two], least=0.85) >= 0.85
        level = np.zeros(len(low), np.int8)
        level[together[alike]] = 1
        level[whole >= 0.92] = 2
        numbered = (parts.number[low] >= 0) & (parts.number[high] >= 0) & (parts.number[low] != parts.number[high])
        level[numbered] = 0
        named = np.flatnonzero(parts.local[low] == parts.local[high])
        level[named] = 3
        level[named[self._misspelt_domains(parts, parts.domain[low[named]], parts.domain[high[named]])]] = 4
        level[(parts.letters[low] == parts.letters[high]) & ~numbered] = 4
        return level

    def _misspelt_domains(self, parts: _Mailboxes, one: np.ndarray, two: np.ndarray) -> np.ndarray:
        """Pairs of domains (codes) that are one with letters that changed places or were mistyped, and no two providers."""
        rare = np.flatnonzero(np.minimum(parts.boxes[one], parts.boxes[two]) <= _FEW_BOXES)
        x, y = parts.domain_texts[one[rare]], parts.domain_texts[two[rare]]
        near = self._similar(x, y, least=_ONE_DOMAIN) >= _ONE_DOMAIN
        near |= np.fromiter((sorted(a) == sorted(b) for a, b in zip(x, y, strict=True)), bool, len(x))
        usual = domains.freemail()
        near &= ~np.fromiter((a in usual and b in usual for a, b in zip(x, y, strict=True)), bool, len(x))
        found = np.zeros(len(one), bool)
        found[rare[near]] = True
        return found

    def _text_levels(self, x: list[str], y: list[str]) -> np.ndarray:
        ordered = self._words_alike(fuzz.token_sort_ratio, x, y, 50.0)
        part = ordered >= 0.85
        open_ = np.flatnonzero((ordered >= 0.50) & (ordered < 0.85)).tolist()
        contained = self._words_alike(fuzz.token_set_ratio, [x[at] for at in open_], [y[at] for at in open_], 97.0)
        part[open_] = contained >= 0.97
        return np.select([ordered >= 0.93, part, ordered >= 0.75, ordered >= 0.60], [4, 3, 2, 1], 0).astype(np.int8)

    def _address_levels(
        self, numbers: Numbers, x: list[str], y: list[str], low: np.ndarray, high: np.ndarray
    ) -> np.ndarray:
        """As texts, but another house number in a street is another address, and another flat is no more than similar; a long
        hint behind the same house in the same street (`between 1st and 2nd aves`) does not make it another."""
        text = self._text_levels(x, y)
        unlike = np.flatnonzero((text == 0) & numbers.same_house(low, high))
        within = self._words_alike(fuzz.token_set_ratio, [x[at] for at in unlike], [y[at] for at in unlike], 97.0)
        text[unlike[within >= 0.97]] = level_of(Kind.TEXT, "part of")
        level = np.where(text > 0, text + 1, 0).astype(np.int8)
        alike = np.flatnonzero(text > 0)
        other = alike[numbers.conflict(low[alike], high[alike])]
        level[other] = _ANOTHER_NUMBER
        near = np.flatnonzero(level > _SIMILAR)
        level[near[numbers.flats_differ(low[near], high[near])]] = _SIMILAR
        return level

    def _words_alike(self, scorer: Callable[..., float], x: list[str], y: list[str], least: float) -> np.ndarray:
        """A token ratio as 0-1; what is below `least` (0-100) is 0."""
        found = process.cpdist(x, y, scorer=scorer, score_cutoff=least, workers=self._workers, dtype=np.float32)
        return found / 100

    def _similar(self, x: Iterable[str], y: Iterable[str], *, least: float = 0.0) -> np.ndarray:
        """Jaro-Winkler similarity, 0-1; what is below `least` is 0."""
        return process.cpdist(
            list(x), list(y), scorer=JaroWinkler.similarity, score_cutoff=least, workers=self._workers, dtype=np.float32
        )

    def _edits(self, x: list[str], y: list[str]) -> np.ndarray:
        """Optimal string alignment distance: edits, a swap of neighbours counting one; above 2 it says 3."""
        return process.cpdist(x, y, scorer=OSA.distance, score_cutoff=2, workers=self._workers, dtype=np.int32)


def _counts(field: Field) -> np.ndarray:
    flat = np.concatenate(field.codes)
    return np.bincount(flat[flat >= 0], minlength=len(field.values))


def _labels(domains: Field) -> np.ndarray:
    """A code for the label of each registrable domain (`acme` of `acme.co.uk`); -1 for labels too short to tell much."""
    labels = [value.partition(".")[0] for value in domains.values]
    return pd.factorize(np.array([label if len(label) >= _LABEL else None for label in labels], dtype=object))[0]


def _odd(field: Field) -> np.ndarray:
    """Which surnames are an initial or of several words."""
    return np.fromiter((len(value) == 1 or " " in value for value in field.values), bool, len(field.values))


def _two_parts(one: str, two: str) -> bool:
    """Whether of two dates (`YYYYMMDD`) two of year, month and day are the same."""
    if len(one) != 8 or len(two) != 8:
        return False
    return (one[:4] == two[:4]) + (one[4:6] == two[4:6]) + (one[6:] == two[6:]) == 2


def _distinct(pairs: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(position of each pair among the distinct ones, the distinct ones) of pairs coded as `first * count + second`."""
    if count**2 > _DENSE or len(pairs) * 8 < count**2:
        return pd.factorize(pairs)
    met = np.zeros(count**2, bool)
    met[pairs] = True
    distinct = np.flatnonzero(met)
    rank = np.empty(count**2, np.int32)
    rank[distinct] = np.arange(len(distinct), dtype=np.int32)
    return rank[pairs], distinct


def _short_form(first: str, second: str) -> int:
    """3 when one given name begins the other or is its pet form (`Alex`, `Alexander`; `Mary`, `Mary Ann`; `Robbie`, `Robert`),
    2 when one is an initial or a later one of several given names, else 0."""
    if first.replace(" ", "") == second.replace(" ", ""):
        return 3
    if first[0] != second[0]:
        return 2 if _part_of(first, second) else 0
    if len(first) == 1 or len(second) == 1:
        return 2
    one, two = first.split(), second.split()
    if len(one[0]) == 1 or len(two[0]) == 1:
        return 2
    if one[0] == two[0]:
        return 3
    if min(len(first), len(second)) > 2 and (first.startswith(second) or second.startswith(first)):
        return 3
    return 3 if names.diminutive(one[0], two[0]) else 2 if _part_of(first, second) else 0


def _one_script(x: list[str], y: list[str]) -> tuple[list[str], list[str]]:
    """The names, those that stand beside one of another script in Latin letters."""
    mixed = [at for at, (one, two) in enumerate(zip(x, y, strict=True)) if one.isascii() != two.isascii()]
    if mixed:
        x, y = list(x), list(y)
        for at in mixed:
            x[at], y[at] = names.latin(x[at]) or x[at], names.latin(y[at]) or y[at]
    return x, y


def _part_of(first: str, second: str) -> bool:
    """Whether one surname is a part of the other: Smith, Smith Jones."""
    return set(first.split()) <= set(second.split()) or set(second.split()) <= set(first.split())
