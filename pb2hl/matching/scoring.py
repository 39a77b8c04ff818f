"""Match weights of candidate pairs: a cheap bound from equality first, fuzzy comparison only where it can matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pb2hl.matching.compare import Comparer
from pb2hl.matching.fields import Field, Records
from pb2hl.matching.kinds import EXACT, Kind
from pb2hl.matching.rules import CompanyRules, Pairs, PersonRules
from pb2hl.matching.weights import Bands, Weights

_COST = {
    Kind.CATEGORY: 0,
    Kind.DOMAIN: 0,
    Kind.CITY: 1,
    Kind.POSTCODE: 1,
    Kind.PHONE: 1,
    Kind.DATE: 1,
    Kind.BIRTH_DATE: 1,
}
_COST |= {Kind.IDENTIFIER: 1, Kind.EMAIL: 2, Kind.ORGANISATION: 4, Kind.TEXT: 4, Kind.ADDRESS: 4}
_COST_ELSE = 3
_NAMES = (Kind.GIVEN_NAME, Kind.SURNAME)


@dataclass(frozen=True)
class Scored:
    """Pairs with their match weight (bits) and the level of every field (exact ones as exact level + frequency band)."""

    left: np.ndarray
    right: np.ndarray
    weight: np.ndarray
    levels: dict[str, np.ndarray]

    def take(self, which: np.ndarray) -> Scored:
        """The pairs at positions or under a mask."""
        return Scored(
            self.left[which],
            self.right[which],
            self.weight[which],
            {name: level[which] for name, level in self.levels.items()},
        )


class Scorer:
    """Scores pairs with estimated weights and the rules of the matter."""

    def __init__(
        self,
        records: Records,
        comparer: Comparer,
        bands: dict[str, Bands],
        weights: Weights,
        rules: PersonRules | CompanyRules,
        shift: float = 0.0,
    ):
        self._records = records
        self._comparer = comparer
        self._bands = bands
        self._rules = rules
        self._base = weights.base + shift
        self._weight = {field.name: weights.of(field.name) for field in records.fields}
        self._fuzzy = {
            field.name: float(self._weight[field.name][: EXACT[field.kind]].max()) for field in records.fields
        }
        self._differing = {field.name: _mean_weight(field, weights) for field in records.fields}
        self._cut = -np.inf

    def learn_cut(self, scored: Scored, floor: float) -> None:
        """Learn from fully scored pairs how low the weight from equality alone can be for a pair that reaches `floor`."""
        good = scored.weight >= floor
        if good.any():
            rough = self._rough(scored.left[good], scored.right[good])
            self._cut = float(rough.min()) - 4.0

    def score(self, left: np.ndarray, right: np.ndarray) -> Scored:
        """Every pair scored in full."""
        levels = levels_of(self._records, self._comparer, self._bands, left, right)
        return Scored(left, right, self._ruled(left, right, levels), levels)

    def weights(self, left: np.ndarray, right: np.ndarray, chunk: int = 500_000) -> np.ndarray:
        """Match weights of the pairs, in chunks."""
        parts = [self.score(left[at : at + chunk], right[at : at + chunk]).weight for at in range(0, len(left), chunk)]
        return np.concatenate(parts) if parts else np.empty(0)

    def score_above(self, left: np.ndarray, right: np.ndarray, floor: float) -> Scored:
        """The pairs that reach `floor`, scored in full; the others are dropped as early as a bound allows."""
        bound, kept = self._bound(left, right)
        kept |= (bound >= floor) & (self._rough(left, right) >= self._cut)
        left, right, bound = left[kept], right[kept], bound[kept]
        levels: dict[str, np.ndarray] = {}
        for group in _in_cost_order(self._records.fields):
            found = levels_of(self._records, self._comparer, self._bands, left, right, group)
            levels |= found
            for field in group:
                level = found[field.name]
                fuzzy = (level >= 0) & (level < EXACT[field.kind])
                bound = bound + np.where(fuzzy, self._weight[field.name][level] - self._fuzzy[field.name], 0.0)
            kept = (bound >= floor) | self._identified(left, right)
            if not kept.all():
                left, right, bound = left[kept], right[kept], bound[kept]
                levels = {name: level[kept] for name, level in levels.items()}
        scored = Scored(left, right, self._ruled(left, right, levels), levels)
        return scored.take(scored.weight >= floor)

    def _ruled(self, left: np.ndarray, right: np.ndarray, levels: dict[str, np.ndarray]) -> np.ndarray:
        weight = np.full(len(left), self._base)
        for field in self._records.fields:
            weight += self._weight[field.name][levels[field.name]]
        return self._rules.apply(weight, Pairs(left, right, levels))

    def _bound(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(the highest weight that a pair can reach, whether its e-mail may identify it)."""
        bound = np.full(len(left), self._base)
        for field in self._records.fields:
            bound += self._by_equality(field, left, right, self._fuzzy[field.name])
        return bound, self._identified(left, right)

    def _rough(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        rough = np.full(len(left), self._base)
        for field in self._records.fields:
            rough += self._by_equality(field, left, right, self._differing[field.name])
        return rough

    def _by_equality(self, field: Field, left: np.ndarray, right: np.ndarray, differing: float) -> np.ndarray:
        weight = np.zeros(len(left))
        for first in field.codes:
            for second in field.codes:
                a, b = first[left], second[right]
                weight[(a >= 0) & (b >= 0) & (weight == 0)] = differing
                same = np.flatnonzero((a == b) & (a >= 0))
                weight[same] = self._weight[field.name][EXACT[field.kind] + self._bands[field.name].of_value[a[same]]]
        return weight

    def _identified(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        found = np.zeros(len(left), bool)
        for field in self._records.fields:
            if field.kind is Kind.EMAIL:
                for first in field.codes:
                    for second in field.codes:
                        found |= (first[left] == second[right]) & (first[left] >= 0)
        return found


def levels_of(
    records: Records,
    comparer: Comparer,
    bands: dict[str, Bands],
    left: np.ndarray,
    right: np.ndarray,
    fields: tuple[Field, ...] | None = None,
) -> dict[str, np.ndarray]:
    """Levels of the pairs in `fields` (all when None); exact agreement as exact level + band of the value."""
    levels: dict[str, np.ndarray] = {}
    agreed: dict[str, np.ndarray] = {}
    chosen = records.fields if fields is None else fields
    for field in chosen:
        levels[field.name], agreed[field.name] = comparer.levels(field, left, right)
    if all(any(field.kind is kind for field in chosen) for kind in _NAMES):
        comparer.join_names(levels, left, right)
    for field in chosen:
        exact = np.flatnonzero(levels[field.name] == EXACT[field.kind])
        levels[field.name][exact] += bands[field.name].of_value[agreed[field.name][exact]].astype(np.int8)
    return levels


def _in_cost_order(fields: tuple[Field, ...]) -> list[tuple[Field, ...]]:
    """Fields from the cheapest comparison to the dearest; the two name fields together, as they may be swapped."""
    person = tuple(field for field in fields if field.kind in _NAMES)
    groups = [(field,) for field in fields if field.kind not in _NAMES] + ([person] if person else [])
    return sorted(groups, key=lambda group: (_COST.get(group[0].kind, _COST_ELSE), group[0].name))


def _mean_weight(field: Field, weights: Weights) -> float:
    """Weight of "present and not equal", whatever the level."""
    exact = EXACT[field.kind]
    match, accident = weights.match[field.name][:exact].sum(), weights.accident[field.name][:exact].sum()
    return float(np.log2(max(match, 1e-6) / max(accident, 1e-6)))
