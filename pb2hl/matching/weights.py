"""Match weights without labels: Fellegi-Sunter probabilities by expectation maximisation, exact agreement split by how
frequent the value is (term frequency), with priors that carry small tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pb2hl.matching.fields import Field
from pb2hl.matching.kinds import EXACT, MISSING, Kind

_BANDS = 14
"""Term-frequency bands, each half as frequent as the one before."""

_USUAL_SHARE = {
    Kind.GIVEN_NAME: 5e-3,
    Kind.SURNAME: 1e-3,
    Kind.BIRTH_DATE: 5e-5,
    Kind.DATE: 1e-3,
    Kind.PHONE: 2e-5,
    Kind.EMAIL: 1e-6,
    Kind.ADDRESS: 1e-4,
    Kind.POSTCODE: 1e-3,
    Kind.CITY: 2e-2,
    Kind.ORGANISATION: 5e-4,
    Kind.DOMAIN: 1e-4,
    Kind.IDENTIFIER: 1e-6,
    Kind.CATEGORY: 1e-1,
    Kind.TEXT: 1e-3,
}
"""How large a share of a population has one value of the kind, roughly; a small table cannot tell by itself."""

_USUAL_WEIGHT = 300.0
"""Records that the usual share counts for: it steers a table of hundreds and vanishes in one of ten thousands."""

_AGREEING = {
    Kind.GIVEN_NAME: 0.70,
    Kind.SURNAME: 0.80,
    Kind.BIRTH_DATE: 0.80,
    Kind.PHONE: 0.60,
    Kind.EMAIL: 0.55,
    Kind.ADDRESS: 0.50,
    Kind.POSTCODE: 0.70,
    Kind.CITY: 0.75,
    Kind.ORGANISATION: 0.50,
    Kind.DOMAIN: 0.80,
    Kind.CATEGORY: 0.85,
}
_AGREEING_ELSE = 0.70
_DIFFERING = {
    Kind.PHONE: 0.30,
    Kind.EMAIL: 0.25,
    Kind.ADDRESS: 0.20,
    Kind.ORGANISATION: 0.05,
    Kind.DOMAIN: 0.15,
    Kind.CITY: 0.15,
}
_DIFFERING_ELSE = 0.06
"""What is expected of matching pairs before the data is seen: share that agrees exactly, share that differs outright."""

_PRIOR_PAIRS = 20.0
_PRIOR_SHARE = 0.20
"""The expectation counts as much as this many pairs, and as this share of the matching pairs found."""

_UNIQUE_TO_ONE = (Kind.EMAIL, Kind.PHONE, Kind.IDENTIFIER, Kind.ORGANISATION)
"""Kinds whose agreement is mostly the very matches sought; they are taken out of the chance of agreeing by accident."""
_ACCIDENT_FLOOR = 0.05
_ROUNDS = 100


@dataclass(frozen=True)
class Bands:
    """Term-frequency bands of a field: `of_value` (band by value code), share of each among matches, accident (chance that
    two random records agree on a value of it)."""

    of_value: np.ndarray
    share: np.ndarray
    accident: np.ndarray

    @classmethod
    def of(cls, field: Field) -> Bands:
        """The bands of a field's values by their (smoothed) frequency."""
        flat = np.concatenate(field.codes)
        counts = np.bincount(flat[flat >= 0], minlength=len(field.values)).astype(float)
        total = counts.sum() + _USUAL_WEIGHT
        chance = (np.maximum(counts - 1, 0.5) + _USUAL_WEIGHT * _USUAL_SHARE[field.kind]) / total
        band = np.clip(np.floor(-np.log2(chance)), 0, _BANDS - 1 + 6).astype(int)
        used = np.unique(band)
        of_value = np.searchsorted(used, band)
        shared = np.where(counts >= 2, counts, 1e-6)
        share = np.bincount(of_value, weights=shared, minlength=len(used))
        mean_chance = np.bincount(of_value, weights=counts * chance, minlength=len(used)) / np.bincount(
            of_value, weights=counts, minlength=len(used)
        )
        mass = np.bincount(of_value, weights=counts, minlength=len(used)) / counts.sum()
        return cls(of_value.astype(np.int16), share / share.sum(), np.maximum(mass * mean_chance, 1e-12))


@dataclass(frozen=True)
class Given:
    """`accident`: probability of each level of a field among random pairs of which `parent` agrees (at level `least` or more)."""

    parent: str
    least: int
    accident: np.ndarray


@dataclass(frozen=True)
class Weights:
    """What was estimated. `match` and `accident`: by field, probability of each level (exact ones by band) among matching
    and among random pairs; `given`: the latter where another field agrees. `prior`: probability that two random records
    match. Weights are log2 of their ratio."""

    match: dict[str, np.ndarray]
    accident: dict[str, np.ndarray]
    prior: float
    given: dict[str, Given]

    @property
    def base(self) -> float:
        """Match weight of a pair of which nothing is known (bits)."""
        return float(np.log2(self.prior / (1 - self.prior)))

    def of(self, name: str) -> np.ndarray:
        """Match weight of each level of a field in bits; the last item (index -1, a missing value) is 0."""
        return np.r_[np.log2(self.match[name] / self.accident[name]), 0.0]

    def contribution(self, name: str, levels: dict[str, np.ndarray]) -> np.ndarray:
        """What a field adds to the match weight (bits) of pairs with these `levels`, the field it depends on considered."""
        weight = self.of(name)[levels[name]]
        if name in self.given:
            given = self.given[name]
            together = np.flatnonzero(levels[given.parent] >= given.least)
            weight[together] = np.r_[np.log2(self.match[name] / given.accident), 0.0][levels[name][together]]
        return weight


def accidents(field: Field, levels: np.ndarray, bands: Bands) -> np.ndarray:
    """Probability of each level among random pairs, of which `levels` is a sample; exact ones from value frequencies."""
    exact = EXACT[field.kind]
    seen = levels[levels != MISSING]
    below = np.bincount(np.minimum(seen, exact), minlength=exact + 1)[:exact] + 0.5
    return np.r_[below / (len(seen) + 0.5 * (exact + 1)), bands.accident]


@dataclass(frozen=True)
class Sample:
    """`levels` by field name (exact ones as exact level + band) of sampled candidate pairs among `records`, each of which
    stands for `pairs_per_sampled`."""

    levels: dict[str, np.ndarray]
    records: int
    pairs_per_sampled: float


def estimate(
    fields: tuple[Field, ...],
    bands: dict[str, Bands],
    accident: dict[str, np.ndarray],
    given: dict[str, Given],
    sample: Sample,
) -> Weights:
    """Estimate the weights from a sample of candidate pairs; every other pair of records counts as not matching.

    `accident` and `given` by field name.
    """
    records = sample.records
    every = records * (records - 1) / 2
    patterns, counts = _patterns([sample.levels[field.name] for field in fields])
    counts = counts * sample.pairs_per_sampled
    expected = {field.name: _expected(field.kind) for field in fields}
    match, accident = dict(expected), dict(accident)
    prior = min(max(0.05 * records, 1.0) / every, 0.2)
    column = {field.name: at for at, field in enumerate(fields)}
    together = {name: np.flatnonzero(patterns[:, column[tie.parent]] >= tie.least) for name, tie in given.items()}
    for _ in range(_ROUNDS):
        weight = np.full(len(patterns), np.log(prior / (1 - prior)))
        for at, field in enumerate(fields):
            name, seen = field.name, patterns[:, at]
            weight += np.r_[np.log(_by_band(match[name], bands[name])) - np.log(accident[name]), 0.0][seen]
            if name in together:
                less = np.log(accident[name] / given[name].accident)
                weight[together[name]] += np.r_[less, 0.0][seen[together[name]]]
        probable = counts / (1 + np.exp(-np.clip(weight, -500, 500)))
        for at, field in enumerate(fields):
            match[field.name] = _maximise(field, patterns[:, at], probable, expected[field.name])
            if field.kind in _UNIQUE_TO_ONE:
                found_so = _Seen(patterns[:, at], counts, probable)
                accident[field.name] = _without_matches(field, found_so, accident[field.name], bands[field.name])
        found = min(max(probable.sum(), 0.005 * records, 0.5) / every, 0.5)
        prior, before = found, prior
        if abs(found - before) < 1e-4 * before:
            break
    matching = {field.name: _by_band(match[field.name], bands[field.name]) for field in fields}
    return Weights(matching, accident, prior, given)


def fitting_shift(weight: np.ndarray, truth: np.ndarray) -> float:
    """Bits to add to match weights so that decisions fit best (a logistic intercept, pulled towards 0).

    `weight` in bits, `truth` 1 for a match and 0 for none, one item a decided pair.
    """
    score, shift, spread = weight * np.log(2), 0.0, 2.0
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(score + shift, -50, 50)))
        slope = (truth - chance).sum() - shift / spread**2
        shift += float(np.clip(slope / ((chance * (1 - chance)).sum() + 1 / spread**2), -1, 1))
    return shift / float(np.log(2))


def _by_band(match: np.ndarray, bands: Bands) -> np.ndarray:
    return np.r_[match[:-1], match[-1] * bands.share]


def _expected(kind: Kind) -> np.ndarray:
    exact = EXACT[kind]
    agreeing, differing = _AGREEING.get(kind, _AGREEING_ELSE), _DIFFERING.get(kind, _DIFFERING_ELSE)
    if exact == 1:
        return np.array([1 - agreeing, agreeing])
    between = max(1 - agreeing - differing, 0.02)
    slope = np.arange(1, exact)
    return np.r_[differing, between * slope / slope.sum(), agreeing] / (differing + between + agreeing)


def _maximise(field: Field, level: np.ndarray, probable: np.ndarray, expected: np.ndarray) -> np.ndarray:
    exact = EXACT[field.kind]
    present = level != MISSING
    found = np.bincount(np.minimum(level[present], exact), weights=probable[present], minlength=exact + 1)
    found = found + (_PRIOR_PAIRS + _PRIOR_SHARE * found.sum()) * expected
    return found / found.sum()


@dataclass(frozen=True)
class _Seen:
    """Patterns of pairs: their `level` in one field, how many pairs show each, how many of those are probably matches."""

    level: np.ndarray
    counts: np.ndarray
    probable: np.ndarray


def _without_matches(field: Field, patterns: _Seen, accident: np.ndarray, bands: Bands) -> np.ndarray:
    """The chance of agreeing by accident once the matches among the agreeing pairs are taken out."""
    exact = EXACT[field.kind]
    agreeing = patterns.level >= exact
    size = len(bands.share)
    band = patterns.level[agreeing] - exact
    seen = np.bincount(band, weights=patterns.counts[agreeing], minlength=size)
    matching = np.bincount(band, weights=patterns.probable[agreeing], minlength=size)
    kept = np.where(seen > 0, np.maximum(1 - matching / np.maximum(seen, 1e-9), _ACCIDENT_FLOOR), 1.0)
    return np.r_[accident[:exact], np.maximum(bands.accident * kept, 1e-12)]


def _patterns(levels: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(each distinct combination of levels, how many pairs show it)."""
    code = np.zeros(len(levels[0]), np.int64)
    for column in levels:
        span = int(column.max(initial=0)) + 2
        if int(code.max(initial=0)) > (1 << 62) // span:
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
        code = code * span + (column.astype(np.int64) + 1)
    _, first, counts = np.unique(code, return_index=True, return_counts=True)
    return np.column_stack([column[first] for column in levels]).astype(np.int64), counts.astype(float)
