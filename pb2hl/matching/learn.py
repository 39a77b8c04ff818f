"""What a table teaches about its own matches: weights from sampled pairs, and how far a person's decisions move them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pb2hl.errors import ConfigError
from pb2hl.matching.blocking import Candidates
from pb2hl.matching.dependence import dependences
from pb2hl.matching.levels import Levels
from pb2hl.matching.rules import Pairs, Rules
from pb2hl.matching.scoring import Scorer
from pb2hl.matching.spread import Spread
from pb2hl.matching.weights import Sample, Weights, accidents, estimate, fitting_shift

_SAMPLED = 200_000
"""Candidate pairs that the weights are estimated from."""
_RANDOM = 150_000
"""Random pairs from which the chance of agreeing by accident is taken."""
_CERTAIN = 100.0
_SEED = 20_210_304
"""Any fixed number: the samples are drawn over rows in canonical order, so the same table gives the same samples."""


@dataclass(frozen=True)
class Learned:
    """The estimated `weights`, the `shift` (bits) by labels, and the `sampled` pairs: left, right, levels."""

    weights: Weights
    shift: float
    sampled: tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]


def learn(
    levels: Levels, pairs: Candidates | Spread, rules: Rules, labels: pd.DataFrame | None, index: pd.Index
) -> Learned:
    """Weights from a sample of the candidate `pairs`; `labels` (row labels of `index`, in canonical order) shift them.

    Raises ConfigError for labels that do not fit the table.
    """
    sample = _sample(pairs)
    left, right = pairs.take(sample)
    seen = levels.of(left, right)
    weights = _estimate(levels, Pairs(left, right, seen), len(pairs) / max(len(sample), 1), rules)
    shift = _shift(Scorer(levels, weights, rules), labels, index)
    return Learned(weights, shift, (left, right, seen))


def _sample(pairs: Candidates | Spread) -> np.ndarray:
    if len(pairs) <= _SAMPLED:
        return np.arange(len(pairs))
    return np.sort(np.random.default_rng(_SEED).choice(len(pairs), _SAMPLED, replace=False))


def _estimate(levels: Levels, sampled: Pairs, pairs_per_sampled: float, rules: Rules) -> Weights:
    # Relatives and colleagues look like matches to the estimation and would teach it that phones of one person differ.
    free = rules.apply(np.full(len(sampled.left), _CERTAIN), sampled) == _CERTAIN
    likely = {name: level[free] for name, level in sampled.levels.items()}
    fields, bands = levels.records.fields, levels.bands
    random_levels = levels.of(*_random_pairs(levels.records.count))
    accident = {field.name: accidents(field, random_levels[field.name], bands[field.name]) for field in fields}
    given = dependences(levels, accident)
    return estimate(fields, bands, accident, given, Sample(likely, levels.records.count, pairs_per_sampled))


def _random_pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    if count * (count - 1) // 2 <= _RANDOM:
        left, right = np.triu_indices(count, 1)
        return left, right
    drawn = np.random.default_rng(_SEED + 1).integers(0, count, (2, _RANDOM))
    apart = drawn[0] != drawn[1]
    return drawn[0][apart], drawn[1][apart]


def _shift(scorer: Scorer, labels: pd.DataFrame | None, index: pd.Index) -> float:
    """Bits to add to every weight so that the decisions in `labels` fit best."""
    if labels is None or not len(labels):
        return 0.0
    missing = [column for column in ("left", "right", "match") if column not in labels]
    if missing or not index.is_unique:
        raise ConfigError("labels need the columns left, right and match, and a table with unique row labels")
    left, right = (index.get_indexer(pd.Index(labels[side])) for side in ("left", "right"))
    if (left < 0).any() or (right < 0).any():
        raise ConfigError("labels name rows that the table does not have")
    return fitting_shift(scorer.score(left, right).weight, labels["match"].to_numpy(dtype=float))
