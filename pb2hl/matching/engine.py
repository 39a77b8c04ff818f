"""The course of a matching: normalise, block, estimate, score, cluster, choose survivors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from pb2hl.errors import ConfigError
from pb2hl.matching import rules as rule_sets
from pb2hl.matching.blocking import Candidates, candidate_pairs, pairs_within
from pb2hl.matching.cluster import cluster
from pb2hl.matching.compare import Comparer
from pb2hl.matching.dependence import dependences
from pb2hl.matching.fields import Records, canonical_order, records
from pb2hl.matching.kinds import Kind
from pb2hl.matching.matches import Matches, Model, probability, weight_of
from pb2hl.matching.scoring import Scored, Scorer, levels_of
from pb2hl.matching.weights import Bands, Weights, accidents, estimate, fitting_shift
from pb2hl.progress import SILENT, Cancel, Progress

_SAMPLED = 200_000
"""Candidate pairs that the weights are estimated from."""
_RANDOM = 150_000
"""Random pairs from which the chance of agreeing by accident is taken."""
_CHUNK = 500_000
"""Pairs that one thread scores at a time."""
_SHARED_BY = 50
"""Most records behind one contact detail that are looked at to learn who shares it."""
_FLOOR = weight_of(0.20)
"""Pairs below this weight are not kept; no threshold goes lower."""
_CERTAIN = 100.0
_MARGIN = 0.1
"""How far (bits) below the threshold a pair is set that only a person can decide, where no person will."""
_SEED = 20_210_304
"""Any fixed number: the samples are drawn over rows in canonical order, so the same table gives the same samples."""


def link(
    frame: pd.DataFrame,
    kinds: Mapping[str, Kind],
    make_rules: type[rule_sets.PersonRules] | type[rule_sets.CompanyRules],
    *,
    threshold: float,
    doubtful: float | None = None,
    labels: pd.DataFrame | None = None,
    workers: int = -1,
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
) -> Matches:
    """Clusters of `frame`'s rows; `kinds` and errors as in `find_duplicates`."""
    columns = sorted(kinds, key=str)
    order = canonical_order(frame[columns])
    where = np.argsort(order)
    progress.start("reading the rows to match", len(frame), "rows")
    data = records(frame[columns].iloc[order], {column: kinds[column] for column in columns})
    if data.count < 2 or not data.fields:
        return Matches.alone(frame.index, where)
    progress.advance(len(frame))
    pairs = candidate_pairs(data, progress)
    progress.start("learning what a match is", 3, "passes")
    doubt = weight_of(threshold) - _MARGIN if doubtful is None else weight_of(doubtful)
    rules = make_rules(data, doubt)
    comparer = Comparer(data.fields, workers=workers)
    bands = {field.name: Bands.of(field) for field in data.fields}
    sample = _sample(pairs)
    _learn_sharing(data, comparer, bands, rules)
    progress.advance()
    weights, sampled = _estimate(data, comparer, bands, pairs, sample, rules)
    progress.advance()
    shift = _shift(data, comparer, bands, weights, rules, labels, frame.index[order])
    scorer = Scorer(data, comparer, bands, weights, rules, shift)
    scorer.learn_cuts(scorer.scored(*sampled), _FLOOR, len(pairs))
    progress.advance()
    progress.start("comparing pairs", len(pairs), "pairs")
    scored = _score(scorer, pairs, workers, progress, cancel)
    progress.finish()
    expected = weights.prior * data.count * (data.count - 1) / 2
    model = Model(data, weights, pairs.rules, len(pairs), expected, shift)

    def clusters_at(least: float) -> tuple[np.ndarray, np.ndarray]:
        limit = weight_of(least)

        def settled(weight: np.ndarray) -> np.ndarray:
            """Above the doubtful pairs' weight they count as apart, or a third row would carry them over."""
            return np.where(weight == doubt, rule_sets.APART, weight) if doubt < limit else weight

        label, weakest = cluster(
            data.count,
            scored.left,
            scored.right,
            settled(scored.weight),
            lambda left, right: settled(scorer.weights(left, right)),
            limit,
        )
        number = np.unique(label, return_inverse=True)[1]
        return number[where], np.where(np.isinf(weakest), 1.0, probability(weakest))[where]

    label, score = clusters_at(threshold)
    survivor = _most_complete(data, label[order])[where]
    result = Matches({"cluster": label, "survivor": survivor, "score": score}, index=frame.index)
    return result.carrying(scored, order, data, model, clusters_at)


def _sample(pairs: Candidates) -> np.ndarray:
    if len(pairs) <= _SAMPLED:
        return np.arange(len(pairs))
    return np.sort(np.random.default_rng(_SEED).choice(len(pairs), _SAMPLED, replace=False))


def _estimate(
    data: Records,
    comparer: Comparer,
    bands: dict[str, Bands],
    pairs: Candidates,
    sample: np.ndarray,
    rules: rule_sets.PersonRules | rule_sets.CompanyRules,
) -> tuple[Weights, tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]]:
    """The weights, and the sampled pairs with their levels."""
    left, right = pairs.left[sample], pairs.right[sample]
    levels = levels_of(data, comparer, bands, left, right)
    # Relatives and colleagues look like matches to the estimation and would teach it that phones of one person differ.
    free = rules.apply(np.full(len(left), _CERTAIN), rule_sets.Pairs(left, right, levels)) == _CERTAIN
    likely = {name: level[free] for name, level in levels.items()}
    random_levels = levels_of(data, comparer, bands, *_random_pairs(data.count))
    accident = {field.name: accidents(field, random_levels[field.name], bands[field.name]) for field in data.fields}
    scale = len(pairs) / max(len(sample), 1)
    given = dependences(data, lambda *pair: levels_of(data, comparer, bands, *pair), bands, accident)
    weights = estimate(data.fields, likely, bands, accident, given, records=data.count, pairs_per_sampled=scale)
    return weights, (left, right, levels)


def _random_pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    if count * (count - 1) // 2 <= _RANDOM:
        left, right = np.triu_indices(count, 1)
        return left, right
    drawn = np.random.default_rng(_SEED + 1).integers(0, count, (2, _RANDOM))
    apart = drawn[0] != drawn[1]
    return drawn[0][apart], drawn[1][apart]


def _learn_sharing(
    data: Records, comparer: Comparer, bands: dict[str, Bands], rules: rule_sets.PersonRules | rule_sets.CompanyRules
) -> None:
    personal = (Kind.GIVEN_NAME, Kind.SURNAME, Kind.BIRTH_DATE, Kind.IDENTIFIER)
    named = tuple(field for field in data.fields if field.kind in personal)
    for field in data.fields:
        if field.kind in rule_sets.HOUSEHOLD:
            left, right = pairs_within(field.codes, _SHARED_BY)
            levels = levels_of(data, comparer, bands, left, right, named)
            rules.learn(rule_sets.Pairs(left, right, levels), field.kind)


def _score(scorer: Scorer, pairs: Candidates, workers: int, progress: Progress, cancel: Cancel | None) -> Scored:
    """The pairs that reach the floor; chunks are scored side by side and put together in their order."""

    def chunk(start: int) -> Scored:
        if cancel is not None:
            cancel.check()
        return scorer.score_above(pairs.left[start : start + _CHUNK], pairs.right[start : start + _CHUNK], _FLOOR)

    parts = []
    with ThreadPoolExecutor(workers if workers > 0 else os.cpu_count()) as pool:
        for part in pool.map(chunk, range(0, max(len(pairs), 1), _CHUNK)):
            parts.append(part)
            progress.advance(min(_CHUNK, len(pairs) - _CHUNK * (len(parts) - 1)))
    return Scored(
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.weight for part in parts]),
        {name: np.concatenate([part.levels[name] for part in parts]) for name in parts[0].levels},
    )


def _shift(
    data: Records,
    comparer: Comparer,
    bands: dict[str, Bands],
    weights: Weights,
    rules: rule_sets.PersonRules | rule_sets.CompanyRules,
    labels: pd.DataFrame | None,
    index: pd.Index,
) -> float:
    """Bits to add to every weight so that the decisions in `labels` fit best."""
    if labels is None or not len(labels):
        return 0.0
    missing = [column for column in ("left", "right", "match") if column not in labels]
    if missing or not index.is_unique:
        raise ConfigError("labels need the columns left, right and match, and a table with unique row labels")
    left, right = index.get_indexer(labels["left"]), index.get_indexer(labels["right"])
    if (left < 0).any() or (right < 0).any():
        raise ConfigError("labels name rows that the table does not have")
    score = Scorer(data, comparer, bands, weights, rules).score(left, right).weight
    return fitting_shift(score, labels["match"].to_numpy(dtype=float))


def _most_complete(data: Records, label: np.ndarray) -> np.ndarray:
    """Whether each record is the one of its cluster with the most filled fields (the first of equals)."""
    filled = sum((codes >= 0).astype(np.int32) for field in data.fields for codes in field.codes)
    best = np.lexsort((np.arange(data.count), -filled, label))
    survivor = np.zeros(data.count, bool)
    survivor[best[np.r_[True, label[best][1:] != label[best][:-1]]]] = True
    return survivor
