"""Match weights of candidate pairs: a cheap bound from equality first, fuzzy comparison only where it can matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pb2hl.matching.fields import Field
from pb2hl.matching.kinds import EXACT, Kind
from pb2hl.matching.levels import NAMES, Levels
from pb2hl.matching.rules import Pairs, Rules
from pb2hl.matching.weights import Weights

_COST = {Kind.CATEGORY: 0, Kind.DOMAIN: 0, Kind.BIRTH_DATE: 1, Kind.IDENTIFIER: 1}
_COST |= {
    Kind.GIVEN_NAME: 2,
    Kind.SURNAME: 2,
    Kind.CITY: 3,
    Kind.POSTCODE: 3,
    Kind.PHONE: 3,
    Kind.DATE: 3,
    Kind.EMAIL: 4,
}
_COST_ELSE = 5
"""Order of comparison: cheap fields first, but names early, as their conflict ends a pair of persons."""
_MARGIN = 4.0
"""Bits below the lowest weight of a sampled match at which a pair is given up: the sample has not seen all matches."""
_CACHED = 100_000
"""Pairs whose value codes stay in the processor's cache."""
_BEARABLE = 1_500_000
"""Pairs that are compared field by field in a second or two: up to these none is given up by its weight so far."""
_CHUNK = 500_000
"""Pairs that are scored at a time."""
_FEW = 20
"""Sampled matches from which a cut can be learned."""


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

    def __init__(self, levels: Levels, weights: Weights, rules: Rules, shift: float = 0.0):
        records = levels.records
        self._records = records
        self._levels = levels
        self._bands = levels.bands
        self._rules = rules
        self._base = weights.base + shift
        self._weights = weights
        self._weight = {field.name: weights.of(field.name) for field in records.fields}
        self._columns = np.column_stack([codes for field in records.fields for codes in field.codes])
        self._equal = {field.name: self._weight_of_values(field) for field in records.fields}
        self._differing = {field.name: np.float32(_mean_weight(field, weights)) for field in records.fields}
        self._groups = _in_cost_order(records.fields)
        self._cuts = [-np.inf] * (len(self._groups) + 1)

    def _weight_of_values(self, field: Field) -> np.ndarray:
        """Weight of agreeing exactly on each value; the last item (index -1, a missing value) is 0."""
        exact = EXACT[field.kind] + self._bands[field.name].of_value
        return np.r_[self._weight[field.name][exact], 0.0].astype(np.float32)

    def learn_cuts(self, scored: Scored, floor: float, pairs: int) -> None:
        """Learn from fully scored pairs, after each field group, how low the weight of a pair that reaches `floor` can be.

        `scored` is a sample of all `pairs`. A cut is never stricter than keeping the work bearable asks for.
        """
        good = (scored.weight >= floor) & ~self._identified(scored.left, scored.right)
        if good.sum() < _FEW or pairs <= _BEARABLE:
            return
        dropped = 1 - _BEARABLE / pairs
        running = self._rough(scored.left, scored.right)
        self._cuts = [self._cut(running, good, dropped)]
        for group in self._groups:
            running += self._found_out(group, scored.left, scored.right, scored.levels)
            self._cuts.append(self._cut(running, good, dropped))

    @staticmethod
    def _cut(running: np.ndarray, good: np.ndarray, dropped: float) -> float:
        return min(float(running[good].min()) - _MARGIN, float(np.quantile(running, dropped)))

    def score(self, left: np.ndarray, right: np.ndarray) -> Scored:
        """Every pair scored in full."""
        return self.scored(left, right, self._levels.of(left, right))

    def scored(self, left: np.ndarray, right: np.ndarray, levels: dict[str, np.ndarray]) -> Scored:
        """Every pair scored in full, its `levels` known."""
        return Scored(left, right, self._ruled(left, right, levels), levels)

    def weights(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(match weights of the pairs, which of them may not stand in one cluster), computed in chunks."""
        weight, forbidden = np.empty(len(left)), np.empty(len(left), bool)
        for at in range(0, len(left), _CHUNK):
            part = slice(at, at + _CHUNK)
            scored = self.score(left[part], right[part])
            weight[part] = scored.weight
            forbidden[part] = self._rules.forbidden(Pairs(scored.left, scored.right, scored.levels))
        return weight, forbidden

    def reasons(self, left: np.ndarray, right: np.ndarray) -> list[str]:
        """For each pair what makes it wait for a person, in words; "" for nothing but its weight."""
        levels = self._levels.without_echoes(self._levels.of(left, right), left, right)
        named = self._rules.named(Pairs(left, right, levels))
        return ["; ".join(text for text, where in named.items() if where[at]) for at in range(len(left))]

    def score_above(self, left: np.ndarray, right: np.ndarray, floor: float) -> Scored:
        """The pairs that reach `floor`, scored in full; the others are dropped as early as the learned cuts allow.

        Pairs that agree on an e-mail are never dropped early: it may identify them, whatever else differs.
        """
        running = self._rough(left, right)
        identified = self._identified(left, right)
        levels: dict[str, np.ndarray] = {}
        for cut, group in zip(self._cuts, (*self._groups, ()), strict=True):
            kept = np.flatnonzero(((running >= cut) & ~self._rules.vetoes(levels, len(left))) | identified)
            if len(kept) < len(left):
                left, right, running, identified = left[kept], right[kept], running[kept], identified[kept]
                levels = {name: level[kept] for name, level in levels.items()}
            if group:
                levels |= self._levels.of(left, right, group)
                running += self._found_out(group, left, right, levels)
        scored = Scored(left, right, self._ruled(left, right, levels), levels)
        return scored.take(scored.weight >= floor)

    def _ruled(self, left: np.ndarray, right: np.ndarray, levels: dict[str, np.ndarray]) -> np.ndarray:
        levels = self._levels.without_echoes(levels, left, right)
        weight = np.full(len(left), self._base)
        for field in self._records.fields:
            weight += self._weights.contribution(field.name, levels)
        return self._rules.apply(weight, Pairs(left, right, levels))

    def _rough(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Match weight from equality alone: "present and not equal" counts its mean weight."""
        parts = [
            self._rough_part(left[at : at + _CACHED], right[at : at + _CACHED]) for at in range(0, len(left), _CACHED)
        ]
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    def _rough_part(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        one, two = self._columns[left], self._columns[right]
        rough = np.full(len(left), self._base, np.float32)
        at = 0
        for field in self._records.fields:
            width = len(field.codes)
            rough += self._by_equality(field, one[:, at : at + width], two[:, at : at + width])
            at += width
        return rough

    def _found_out(
        self, group: tuple[Field, ...], left: np.ndarray, right: np.ndarray, levels: dict[str, np.ndarray]
    ) -> np.ndarray:
        """What the compared levels of `group` add to the weight from equality alone."""
        change = np.zeros(len(left), np.float32)
        for field in group:
            level = levels[field.name]
            fuzzy = (level >= 0) & (level < EXACT[field.kind])
            change += np.where(fuzzy, self._weight[field.name][level] - self._differing[field.name], 0.0)
        return change

    def _by_equality(self, field: Field, one: np.ndarray, two: np.ndarray) -> np.ndarray:
        """Weights of a field from the value codes of both sides, a column for each source column."""
        equal, differing = self._equal[field.name], self._differing[field.name]
        if one.shape[1] == 1:
            a, b = one[:, 0], two[:, 0]
            weight = np.where((a | b) < 0, np.float32(0), differing)
            same = np.flatnonzero(a == b)
            weight[same] = equal[a[same]]
            return weight
        weight = np.zeros(len(one), np.float32)
        for first in range(one.shape[1]):
            for second in range(one.shape[1]):
                a, b = one[:, first], two[:, second]
                weight[((a | b) >= 0) & (weight == 0)] = differing
                same = np.flatnonzero((a == b) & (a >= 0))
                weight[same] = equal[a[same]]
        return weight

    def _identified(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        found = np.zeros(len(left), bool)
        for field in self._records.fields:
            if field.kind is Kind.EMAIL:
                for first in field.codes:
                    for second in field.codes:
                        found |= (first[left] == second[right]) & (first[left] >= 0)
        return found


def _in_cost_order(fields: tuple[Field, ...]) -> list[tuple[Field, ...]]:
    """Fields from the cheapest comparison to the dearest; the two name fields together, as they may be swapped."""
    person = tuple(field for field in fields if field.kind in NAMES)
    groups = [(field,) for field in fields if field.kind not in NAMES] + ([person] if person else [])
    return sorted(groups, key=lambda group: (_COST.get(group[0].kind, _COST_ELSE), group[0].name))


def _mean_weight(field: Field, weights: Weights) -> float:
    """Weight of "present and not equal", whatever the level."""
    exact = EXACT[field.kind]
    match, accident = weights.match[field.name][:exact].sum(), weights.accident[field.name][:exact].sum()
    return float(np.log2(max(match, 1e-6) / max(accident, 1e-6)))
