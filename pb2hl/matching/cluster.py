"""Clusters that do not chain: average linkage over match weights inside each connected component."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pb2hl.matching.blocking import pairs_within

_LARGEST = 400
"""Components above this many records are split by stricter links first: linkage takes the cube of the size."""
_STRICTER = 3.0
_CLIP = 12.0
"""No pair speaks louder than this for or against a merge (bits)."""

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]


def cluster(
    count: int, left: np.ndarray, right: np.ndarray, weight: np.ndarray, score: Score, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """(cluster label of each record: its first member; weakest link of each record's cluster in bits, +inf when alone).

    Two groups merge while the mean match weight of all pairs between them, candidates or not, reaches `threshold`.
    `score` gives the weights of pairs that blocking did not propose.
    """
    label = _bounded_components(count, left, right, weight, threshold)
    weakest = np.full(count, np.inf)
    size = np.bincount(label, minlength=count)
    _pairs_of_two(label, size, left, right, weight, weakest)
    larger = np.where(size[label] > 2, label, -1)
    if not (larger >= 0).any():
        return label, weakest
    one, two = pairs_within((larger,))
    strength = np.clip(score(one, two), -_CLIP, _CLIP)
    order = np.argsort(label[one], kind="stable")
    one, two, strength = one[order], two[order], strength[order]
    group = label[one]
    edges = np.flatnonzero(np.r_[True, group[1:] != group[:-1], True])
    result = label.copy()
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        _link(one[start:end], two[start:end], strength[start:end], threshold, result, weakest)
    return result, weakest


def _pairs_of_two(
    label: np.ndarray, size: np.ndarray, left: np.ndarray, right: np.ndarray, weight: np.ndarray, weakest: np.ndarray
) -> None:
    inside = (label[left] == label[right]) & (size[label[left]] == 2)
    weakest[left[inside]] = weight[inside]
    weakest[right[inside]] = weight[inside]


def components(count: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Connected component of each record, named after its first member."""
    graph = coo_matrix((np.ones(len(left), bool), (left, right)), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    first = np.full(count, count)
    np.minimum.at(first, label, np.arange(count))
    return first[label]


def _bounded_components(
    count: int, left: np.ndarray, right: np.ndarray, weight: np.ndarray, threshold: float
) -> np.ndarray:
    linked = weight >= threshold
    left, right, weight = left[linked], right[linked], weight[linked]
    label = components(count, left, right)
    limit = threshold
    while True:
        size = np.bincount(label, minlength=count)
        large = size[label] > _LARGEST
        if not large.any() or limit > threshold + 60:
            return label
        limit += _STRICTER
        inside = label[left] == label[right]
        kept = inside & (~large[left] | (weight >= limit))
        label = components(count, left[kept], right[kept])


def _link(
    one: np.ndarray, two: np.ndarray, strength: np.ndarray, threshold: float, result: np.ndarray, weakest: np.ndarray
) -> None:
    """Average linkage of one component, given all its pairs; writes labels and weakest links."""
    members = np.unique(np.r_[one, two])
    a, b = np.searchsorted(members, one), np.searchsorted(members, two)
    count = len(members)
    table = np.full((count, count), -np.inf)
    table[a, b] = table[b, a] = strength
    if strength.min() >= threshold and count < 3:
        weakest[members] = strength.min()
        return
    size = np.ones(count)
    own = np.arange(count)
    height = np.full(count, np.inf)
    for _ in range(count - 1):
        at = int(table.argmax())
        keep, gone = divmod(at, count)
        if table[keep, gone] < threshold:
            break
        if keep > gone:
            keep, gone = gone, keep
        height[keep] = min(height[keep], height[gone], table[keep, gone])
        row = (size[keep] * table[keep] + size[gone] * table[gone]) / (size[keep] + size[gone])
        table[keep] = row
        table[:, keep] = row
        table[keep, keep] = -np.inf
        table[gone] = -np.inf
        table[:, gone] = -np.inf
        size[keep] += size[gone]
        own[own == gone] = keep
    result[members] = members[own]
    weakest[members] = height[own]
