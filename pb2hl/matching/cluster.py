"""Clusters that do not chain: average linkage over match weights inside each connected component."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pb2hl.matching.blocking import pairs_within

_LARGEST = 400
"""Components above this many records are split by stricter links first: linkage takes the cube of the size."""
_STRICTER = 3.0
_CLIP = 12.0
"""No pair speaks louder than this for or against a merge (bits)."""

Score = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Pairs of records to (match weights in bits, which of them may not stand in one cluster)."""


@dataclass(frozen=True)
class Links:
    """Scored pairs of records: positions and match weight (bits)."""

    left: np.ndarray
    right: np.ndarray
    weight: np.ndarray

    def take(self, which: np.ndarray) -> Links:
        """The links under a mask."""
        return Links(self.left[which], self.right[which], self.weight[which])


def cluster(count: int, links: Links, score: Score, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """(cluster label of each record: its first member; weakest link of each record's cluster in bits, +inf when alone).

    Two groups merge while the mean match weight of all pairs between them, candidates or not, reaches `threshold` (bits)
    and no pair between them is forbidden. `score` gives the weights of pairs that blocking did not propose.
    """
    label = _bounded_components(count, links, threshold)
    weakest = np.full(count, np.inf)
    size = np.bincount(label, minlength=count)
    inside = (label[links.left] == label[links.right]) & (size[label[links.left]] == 2)
    for side in (links.left, links.right):
        weakest[side[inside]] = links.weight[inside]
    larger = np.where(size[label] > 2, label, -1)
    if not (larger >= 0).any():
        return label, weakest
    one, two = pairs_within((larger,))
    order = np.argsort(label[one], kind="stable")
    one, two = one[order], two[order]
    strength, forbidden = score(one, two)
    strength = np.where(forbidden, -np.inf, np.clip(strength, -_CLIP, _CLIP))
    group = label[one]
    edges = np.flatnonzero(np.r_[True, group[1:] != group[:-1], True])
    result = label.copy()
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = Links(one[start:end], two[start:end], strength[start:end])
        members, own, height = _link(part, threshold)
        result[members], weakest[members] = own, height
    return result, weakest


def components(count: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Connected component of each record, named after its first member."""
    graph = coo_matrix((np.ones(len(left), bool), (left, right)), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    first = np.full(count, count)
    np.minimum.at(first, label, np.arange(count))
    return first[label]


def _bounded_components(count: int, links: Links, threshold: float) -> np.ndarray:
    links = links.take(links.weight >= threshold)
    label = components(count, links.left, links.right)
    limit = threshold
    while True:
        size = np.bincount(label, minlength=count)
        large = size[label] > _LARGEST
        if not large.any() or limit > threshold + 60:
            return label
        limit += _STRICTER
        inside = label[links.left] == label[links.right]
        kept = inside & (~large[links.left] | (links.weight >= limit))
        label = components(count, links.left[kept], links.right[kept])


def _link(pairs: Links, threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(members, label of each, weakest link of each): average linkage of one component, given all its pairs."""
    members = np.unique(np.r_[pairs.left, pairs.right])
    a, b = np.searchsorted(members, pairs.left), np.searchsorted(members, pairs.right)
    count = len(members)
    table = np.full((count, count), -np.inf)
    table[a, b] = table[b, a] = pairs.weight
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
    return members, members[own], height[own]
