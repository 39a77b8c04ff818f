"""The course of a matching: normalise, block, estimate, score, cluster, choose survivors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from pb2hl.matching import spread
from pb2hl.matching.blocking import Candidates, blocking_rules, candidate_pairs, pairs_within
from pb2hl.matching.cluster import Links, cluster
from pb2hl.matching.fields import Records, canonical_order, records
from pb2hl.matching.kinds import Kind
from pb2hl.matching.learn import Learned, learn
from pb2hl.matching.levels import Levels
from pb2hl.matching.matches import Matches, Model, probability, weight_of
from pb2hl.matching.rules import APART, HOUSEHOLD, Pairs, Rules
from pb2hl.matching.scoring import Scored, Scorer
from pb2hl.matching.settings import Settings

_CHUNK = 500_000
"""Pairs that one thread scores at a time."""
_SHARED_BY = 50
"""Most records behind one contact detail that are looked at to learn who shares it."""
_FLOOR = weight_of(0.20)
"""Pairs below this weight are not kept; no threshold goes lower."""
_MARGIN = 0.1
"""How far (bits) below the threshold a pair is set that only a person can decide, where no person will."""


def link(frame: pd.DataFrame, kinds: Mapping[str, Kind], make_rules: type[Rules], settings: Settings) -> Matches:
    """Clusters of `frame`'s rows; `kinds` and errors as in `find_duplicates`."""
    columns = sorted(kinds, key=str)
    order = canonical_order(frame[columns])
    where = np.argsort(order)
    settings.progress.start("reading the rows to match", len(frame), "rows")
    data = records(frame[columns].iloc[order], {column: kinds[column] for column in columns})
    if data.count < 2 or not data.fields:
        return Matches.alone(frame.index, where)
    settings.progress.advance(len(frame))
    pairs = _candidates(data, settings)
    doubt = weight_of(settings.threshold) - _MARGIN if settings.doubtful is None else weight_of(settings.doubtful)
    rules = make_rules(data, doubt, settings.doubtful is not None)
    levels = Levels.over(data, settings.workers)
    settings.progress.start("learning what a match is", 2, "passes")
    _learn_sharing(levels, rules)
    settings.progress.advance()
    learned = learn(levels, pairs, rules, settings.labels, frame.index[order])
    scorer = Scorer(levels, learned.weights, rules, learned.shift)
    scorer.learn_cuts(scorer.scored(*learned.sampled), _FLOOR, len(pairs))
    settings.progress.advance()
    scored = _score(scorer, pairs, settings)
    clusters_at = _clusters(data.count, scored, scorer, doubt, where)
    label, score = clusters_at(settings.threshold)
    survivor = _most_complete(data, label[order])[where]
    result = Matches({"cluster": label, "survivor": survivor, "score": score}, index=frame.index)

    def reasons(left: np.ndarray, right: np.ndarray) -> list[str]:
        return scorer.reasons(where[left], where[right])

    return result.carrying(scored, order, _model(data, learned, pairs), (clusters_at, reasons))


def _candidates(data: Records, settings: Settings) -> Candidates | spread.Spread:
    """On this machine, or on the executor's workers where the table is worth sending."""
    if settings.executor == "local":
        return candidate_pairs(data, settings.progress)
    client = spread.client_of(settings.executor)
    if data.count < spread.WORTH_SPREADING:
        return candidate_pairs(data, settings.progress)
    return spread.spread(client, data.count, blocking_rules(data, settings.progress))


def _model(data: Records, learned: Learned, pairs: Candidates | spread.Spread) -> Model:
    expected = learned.weights.prior * data.count * (data.count - 1) / 2
    return Model(data, learned.weights, pairs.rules, len(pairs), expected, learned.shift)


def _clusters(
    count: int, scored: Scored, scorer: Scorer, doubt: float, where: np.ndarray
) -> Callable[[float], tuple[np.ndarray, np.ndarray]]:
    """(cluster number, weakest link 0-1) of each row of the caller's table at a threshold (0-1)."""

    def clusters_at(threshold: float) -> tuple[np.ndarray, np.ndarray]:
        limit = weight_of(threshold)

        def doubt_apart(weight: np.ndarray) -> np.ndarray:
            """Above the doubtful pairs' weight they count as apart, or a third row would carry them over."""
            return np.where(weight == doubt, APART, weight) if doubt < limit else weight

        def strength(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            weight, forbidden = scorer.weights(left, right)
            return doubt_apart(weight), forbidden & (doubt < limit)

        label, weakest = cluster(count, Links(scored.left, scored.right, doubt_apart(scored.weight)), strength, limit)
        number = np.unique(label, return_inverse=True)[1]
        return number[where], np.where(np.isinf(weakest), 1.0, probability(weakest))[where]

    return clusters_at


def _learn_sharing(levels: Levels, rules: Rules) -> None:
    personal = (Kind.GIVEN_NAME, Kind.SURNAME, Kind.BIRTH_DATE, Kind.IDENTIFIER)
    fields = levels.records.fields
    named = tuple(field for field in fields if field.kind in personal)
    for field in fields:
        if field.kind in HOUSEHOLD:
            left, right = pairs_within(field.codes, _SHARED_BY)
            rules.learn(Pairs(left, right, levels.of(left, right, named)), field.kind)


def _score(scorer: Scorer, pairs: Candidates | spread.Spread, settings: Settings) -> Scored:
    """The pairs that reach the floor; chunks are scored side by side and put together in their order."""
    progress = settings.progress
    progress.start("comparing pairs", len(pairs), "pairs")
    chunks = pairs.scored(scorer, _FLOOR) if isinstance(pairs, spread.Spread) else _chunks(scorer, pairs, settings)
    parts = []
    for count, part in chunks:
        if settings.cancel is not None:
            settings.cancel.check()
        parts.append(part)
        progress.advance(count)
    progress.finish()
    return Scored(
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.weight for part in parts]),
        {name: np.concatenate([part.levels[name] for part in parts]) for name in parts[0].levels},
    )


def _chunks(scorer: Scorer, pairs: Candidates, settings: Settings) -> Iterator[tuple[int, Scored]]:
    """(pairs compared, those that reach the floor) of every chunk, in order, on the threads of this machine."""

    def chunk(start: int) -> tuple[int, Scored]:
        if settings.cancel is not None:
            settings.cancel.check()
        left, right = pairs.left[start : start + _CHUNK], pairs.right[start : start + _CHUNK]
        return len(left), scorer.score_above(left, right, _FLOOR)

    with ThreadPoolExecutor(settings.workers if settings.workers > 0 else os.cpu_count()) as pool:
        yield from pool.map(chunk, range(0, max(len(pairs), 1), _CHUNK))


def _most_complete(data: Records, label: np.ndarray) -> np.ndarray:
    """Whether each record is the one of its cluster with the most filled fields (the first of equals)."""
    filled = np.zeros(data.count, np.int32)
    for field in data.fields:
        for codes in field.codes:
            filled += codes >= 0
    best = np.lexsort((np.arange(data.count), -filled, label))
    survivor = np.zeros(data.count, bool)
    survivor[best[np.r_[True, label[best][1:] != label[best][:-1]]]] = True
    return survivor
