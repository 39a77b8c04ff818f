"""Matching on a Dask cluster: candidate pairs stay on the workers in partitions by record, and are scored where they are.

Partition k holds the distinct pairs whose first record lies in the k-th range of records, sorted: put one after the other they are
the very array that the local way makes, so that samples, weights, scores and clusters are the same. Needs `pb2hl[fleet]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from pb2hl.errors import ConfigError
from pb2hl.matching.blocking import HALF, Rule, distinct, halves, pairs_within

PAIRS_A_PARTITION = 2_000_000
"""Pairs that one partition holds about: 16 MB, and some 400 MB while it is scored."""
WORTH_SPREADING = 200_000
"""Rows below which one machine is faster than sending them anywhere: there `executor` is not used."""


def client_of(executor: Any) -> Any:
    """The Dask client that `executor` means: itself, or for "dask" the one that is open. Raises ConfigError."""
    if executor != "dask":
        if hasattr(executor, "submit") and hasattr(executor, "scatter"):
            return executor
        raise ConfigError(f"executor {executor!r} is unknown", hint='executor="local", "dask", or a distributed.Client')
    try:
        from distributed import get_client

        return get_client()
    except ImportError as error:
        raise ConfigError("matching on a cluster needs Dask", hint="pip install 'pb2hl[fleet]'") from error
    except ValueError as error:
        raise ConfigError(
            "no Dask client is open", hint="from distributed import Client; Client(...), or executor=client"
        ) from error


@dataclass(frozen=True)
class Spread:
    """Candidate pairs in partitions on the workers of `client`: `parts` are their futures, `lengths` their numbers of pairs."""

    client: Any
    parts: list[Any]
    lengths: np.ndarray
    rules: pd.DataFrame

    def __len__(self) -> int:
        return int(self.lengths.sum())

    def take(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(left, right) of the pairs at the sorted positions `at`."""
        edges = [0, *np.cumsum(self.lengths).tolist()]
        cuts = pairwise(np.searchsorted(at, edges).tolist())
        picks = [
            self.client.submit(_picked, part, at[first:last] - edge, pure=False)
            for part, edge, (first, last) in zip(self.parts, edges, cuts, strict=False)
        ]
        found = self.client.gather(picks)
        return halves(np.concatenate(found) if found else np.empty(0, np.int64))

    def scored(self, scorer: Any, floor: float) -> Iterator[tuple[int, Any]]:
        """(pairs compared, those that reach `floor`) of every partition, in order; a partition is let go once it is scored."""
        held = self.client.scatter(scorer, broadcast=True, hash=False)
        waiting = [self.client.submit(_scored, held, part, floor, pure=False) for part in self.parts]
        self.parts.clear()
        for length in self.lengths.tolist():
            yield length, waiting.pop(0).result()


def spread(client: Any, count: int, rules: Iterable[Rule]) -> Spread:
    """The candidate pairs of `count` records by `rules`, made on the workers: a task a rule, then one a partition."""
    report, made = [], []
    total = 0
    for rule in rules:
        made.append((rule, client.submit(_pairs_of, rule.codes, rule.cap, pure=False)))
        total += rule.most
    bounds = _bounds(count, max(1, -(-total // PAIRS_A_PARTITION)))
    split = []
    for rule, future in made:
        report.append((rule.name, rule.cap, client.submit(len, future, pure=False)))
        split.append([client.submit(_between, future, low, high, pure=False) for low, high in pairwise(bounds)])
    parts = [client.submit(_joined, list(pieces), pure=False) for pieces in zip(*split, strict=True)]
    parts = parts or [client.submit(_joined, [np.empty(0, np.int64)], pure=False)]
    lengths = client.gather([client.submit(len, part, pure=False) for part in parts])
    counts = client.gather([number for *_, number in report])
    rows = [(name, cap, number) for (name, cap, _), number in zip(report, counts, strict=True) if number]
    return Spread(
        client, parts, np.array(lengths, dtype=np.int64), pd.DataFrame(rows, columns=["rule", "block_cap", "pairs"])
    )


def _bounds(count: int, partitions: int) -> list[int]:
    return [round(count * at / partitions) << HALF for at in range(partitions + 1)]


def _pairs_of(codes: tuple[np.ndarray, ...], cap: int) -> np.ndarray:
    left, right = pairs_within(codes, cap)
    pairs = left << HALF | right
    pairs.sort()
    return pairs


def _between(pairs: np.ndarray, low: int, high: int) -> np.ndarray:
    first, last = np.searchsorted(pairs, (low, high))
    return pairs[first:last].copy()


def _joined(pieces: list[np.ndarray]) -> np.ndarray:
    return distinct(np.concatenate(pieces))


def _picked(pairs: np.ndarray, at: np.ndarray) -> np.ndarray:
    return pairs[at]


def _scored(scorer: Any, pairs: np.ndarray, floor: float) -> Any:
    return scorer.score_above(*halves(pairs), floor)
