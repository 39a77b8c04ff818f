"""What two organisations' names, domains and addresses may not be summed over."""

from __future__ import annotations

import numpy as np

from pb2hl.matching.company_doubts import CompanyDoubts
from pb2hl.matching.fields import Records
from pb2hl.matching.kinds import EXACT, MISSING, Kind, level_of
from pb2hl.matching.rules import APART, Pairs, cap

_BY_NAME = np.full(128, -np.inf)
"""Least match weight (bits), by level of an organisation's name, of a pair that nothing else speaks against."""
_BY_NAME[EXACT[Kind.ORGANISATION] - 2 : -1] = [1.0, 3.0, *[5.0] * (len(_BY_NAME) - EXACT[Kind.ORGANISATION] - 1)]
_DISPUTING = {
    Kind.ADDRESS: level_of(Kind.ADDRESS, "some words shared"),
    Kind.IDENTIFIER: EXACT[Kind.IDENTIFIER] - 1,
    Kind.TEXT: 1,
}
"""Levels up to which a field says that two organisations of one name are two; 0 for other kinds."""
_PLACES = {
    Kind.CITY: 0,
    Kind.POSTCODE: 0,
    Kind.ADDRESS: level_of(Kind.ADDRESS, "some words shared"),
}
"""Levels up to which a field says that two organisations are in different places."""


class CompanyRules:
    """Caps for organisations: names in conflict are two companies, at one domain too. `doubt` as of `PersonRules`."""

    def __init__(self, records: Records, doubt: float, reviewed: bool = False):
        self._doubt = doubt
        self._reviewed = reviewed
        self._phone = records.of_kind(Kind.PHONE)
        self._name = records.of_kind(Kind.ORGANISATION)
        self._domain = records.of_kind(Kind.DOMAIN)
        self._identifier = records.of_kind(Kind.IDENTIFIER)
        self._others = tuple(field for field in records.fields if field is not self._name)
        self._doubts = CompanyDoubts.of(records)

    def learn(self, pairs: Pairs, agreed_on: Kind) -> None:
        """Nothing to learn for organisations."""

    def forbidden(self, pairs: Pairs) -> np.ndarray:
        """Pairs that may not stand in one cluster, whatever rows stand between them: where a person looks, what waits for her."""
        if self._doubts is None or not self._reviewed or not self._others:
            return np.zeros(len(pairs.left), bool)
        return self._doubts.in_pairs(pairs)

    def named(self, pairs: Pairs) -> dict[str, np.ndarray]:
        """By what a person is told: which pairs wait for her."""
        if self._name is None or self._doubts is None:
            return {}
        level = pairs.level(self._name)
        conflict = (level == 0) | (level == 1)
        doubts = self._doubts.named(pairs) if self._reviewed and self._others else {}
        return {"two names": conflict, **{text: where & ~conflict for text, where in doubts.items()}}

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
        weight = self._hold_conflicts(weight, pairs, conflict)
        weight = cap(weight, self._elsewhere(pairs), self._doubt)
        return self._leave_doubts(weight, pairs)

    def _leave_doubts(self, weight: np.ndarray, pairs: Pairs) -> np.ndarray:
        """Where a person will look, what nothing but the name speaks for is hers to decide; else it is no merge either
        where something differs that one company has one of."""
        at = np.flatnonzero(weight > self._doubt)
        if self._doubts is None or not self._others or not len(at):
            return weight
        some = Pairs(pairs.left[at], pairs.right[at], {name: level[at] for name, level in pairs.levels.items()})
        asked = self._doubts.in_pairs(some) if self._reviewed else self._doubts.namesakes(some)
        weight[at[asked]] = self._doubt
        return weight

    def _hold_conflicts(self, weight: np.ndarray, pairs: Pairs, conflict: np.ndarray) -> np.ndarray:
        """Names in conflict are two companies, also at one address or in one building; a domain or a phone that both have
        makes them doubtful. Where nobody looks, and there are no domains, a phone may outvote words that differ: of one
        company's names some words stay."""
        domain = pairs.level(self._domain) >= EXACT[Kind.DOMAIN]
        phone = pairs.level(self._phone) >= EXACT[Kind.PHONE]
        weight = cap(weight, conflict & ~domain & ~(phone if self._domain is None else False), APART)
        outvoted = phone & (pairs.level(self._name) == 1)
        if self._reviewed or self._domain is not None:
            outvoted[:] = False
        return cap(weight, conflict & ~outvoted, self._doubt)

    def _elsewhere(self, pairs: Pairs) -> np.ndarray:
        """Namesakes: their web sites differ and they are in different places, and nothing that only one company has agrees."""
        if self._domain is None:
            return np.zeros(len(pairs.left), bool)
        apart, together = np.zeros(len(pairs.left), bool), np.zeros(len(pairs.left), bool)
        for field in self._others:
            level = pairs.levels[field.name]
            if field.kind in _PLACES:
                apart |= (level >= 0) & (level <= _PLACES[field.kind])
            if field.kind in (Kind.PHONE, Kind.EMAIL, Kind.IDENTIFIER):
                together |= level >= EXACT[field.kind]
            if field.kind is Kind.ADDRESS:
                together |= level >= EXACT[field.kind] - 1
        return (pairs.levels[self._domain.name] == 0) & apart & ~together

    def _undisputed(self, pairs: Pairs) -> np.ndarray:
        """Pairs of which no field but the name says that they are two."""
        undisputed = np.ones(len(pairs.left), bool)
        for field in self._others:
            level = pairs.levels[field.name]
            undisputed &= (level == MISSING) | (level > _DISPUTING.get(field.kind, 0))
        return undisputed
