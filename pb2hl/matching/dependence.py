"""Fields that agree together by accident: a postcode has one city, a household one surname and one address.

Match weights are added up as if fields were independent. Where two fields agree together among records that do not match,
the second agreement says less than the sum has it; unheeded, "lives in the same town" looks like a match to the estimation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pb2hl.matching.fields import Field
from pb2hl.matching.kinds import EXACT, MISSING
from pb2hl.matching.levels import Levels
from pb2hl.matching.weights import Bands, Given

_SAMPLED = 6_000
"""Pairs agreeing on a field that are looked at to see what else agrees."""
_ENOUGH = 60
"""Pairs that do not match from which is told how two fields hang together."""
_LIFT = 4.0
"""How many times as often as by chance two fields agree together before it is reckoned with."""
_MOSTLY = 0.7
"""Share of the pairs agreeing on a field that must be strangers; where most are matches nothing is to be learned."""
_SMOOTH = 10.0
"""Pairs that the independent chance counts for beside those seen."""
_SEED = 20_210_306
_UNLIKE = 1
"""Level up to which a field speaks against a match."""


@dataclass(frozen=True)
class _Tie:
    """Of the pairs that agree on `parent` and do not match: the share (0-1) of each level of `child`; how much above chance."""

    parent: Field
    child: Field
    share: np.ndarray
    pairs: int
    lift: float


def dependences(levels: Levels, accident: dict[str, np.ndarray]) -> dict[str, Given]:
    """By name of a field the field that its accidents depend on: the strongest ties that form no circle.

    `accident` is the probability of each level among random pairs.
    """
    ties = []
    records, bands = levels.records, levels.bands
    for number, field in enumerate(records.fields):
        left, right = _agreeing(field, np.random.default_rng(_SEED + number))
        if len(left) >= _ENOUGH:
            ties += _ties(field, records.fields, levels.of(left, right), accident)
    return {tie.child.name: _given(tie, bands[tie.child.name], accident[tie.child.name]) for tie in _forest(ties)}


def _agreeing(field: Field, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A sample of the pairs of records that have the same value in the first column of `field`."""
    codes = field.primary
    order = np.argsort(codes, kind="stable")
    order = order[np.searchsorted(codes[order], 0) :]
    size = np.bincount(codes[order], minlength=1)
    start = np.cumsum(size) - size
    pairs = size * (size - 1.0)
    if not pairs.any():
        return order[:0], order[:0]
    block = rng.choice(len(size), min(_SAMPLED, int(pairs.sum() // 2)), p=pairs / pairs.sum())
    first = rng.integers(0, size[block])
    second = (first + rng.integers(1, size[block])) % size[block]
    return order[start[block] + first], order[start[block] + second]


def _ties(
    parent: Field, fields: tuple[Field, ...], levels: dict[str, np.ndarray], accident: dict[str, np.ndarray]
) -> list[_Tie]:
    unlike = {
        field.name: (levels[field.name] >= 0) & (levels[field.name] <= min(_UNLIKE, EXACT[field.kind] - 1))
        for field in fields
    }
    known = {field.name: levels[field.name] != MISSING for field in fields}
    agreeing = levels[parent.name] >= EXACT[parent.kind]
    found = []
    for child in fields:
        if child is parent:
            continue
        others = [field.name for field in fields if field is not child and field is not parent]
        against = sum(unlike[name].astype(np.int8) for name in others)
        known_others = sum(known[name].astype(np.int8) for name in others)
        comparable = agreeing & (known_others > 0) & known[child.name]
        strangers = comparable & (2 * against > known_others)
        seen = levels[child.name][strangers]
        if len(seen) < max(_ENOUGH, _MOSTLY * comparable.sum()):
            continue
        exact = EXACT[child.kind]
        share = np.bincount(np.minimum(seen, exact), minlength=exact + 1) / len(seen)
        share[exact] = max(share[exact] - (1 - len(seen) / comparable.sum()), 0.0)  # as many may be matches with errors
        lift = share[exact] / accident[child.name][exact:].sum()
        if lift >= _LIFT and share[exact] * len(seen) >= _ENOUGH / 4:
            found.append(_Tie(parent, child, share, len(seen), float(lift)))
    return found


def _forest(ties: list[_Tie]) -> list[_Tie]:
    """The strongest ties first, each field under one parent at most and no two fields joined twice."""
    tree: dict[str, str] = {}
    taken: list[_Tie] = []

    def root(name: str) -> str:
        while name in tree:
            name = tree[name]
        return name

    for tie in sorted(ties, key=lambda item: (-item.lift, item.parent.name, item.child.name)):
        if tie.child.name not in tree and root(tie.parent.name) != root(tie.child.name):
            tree[tie.child.name] = tie.parent.name
            taken.append(tie)
    return taken


def _given(tie: _Tie, bands: Bands, accident: np.ndarray) -> Given:
    """The chance of each level once the parent agrees. What agrees together does so whatever its frequency."""
    exact = EXACT[tie.child.kind]
    chance = np.r_[accident[:exact], accident[exact:].sum()]
    share = (tie.share * tie.pairs + _SMOOTH * chance) / (tie.pairs + _SMOOTH)
    together = accident[exact:] + max(share[exact] - chance[exact], 0.0) * bands.share
    below = share[:exact] / max(share[:exact].sum(), 1e-9) * (1 - min(together.sum(), 0.999))
    return Given(tie.parent.name, EXACT[tie.parent.kind] - 1, np.r_[np.maximum(below, 1e-12), together])
