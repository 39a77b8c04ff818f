"""Agreement levels of pairs of records in all fields, the exact ones parted by how frequent the value is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pb2hl.matching.compare import Comparer
from pb2hl.matching.fields import Field, Records
from pb2hl.matching.kinds import EXACT, Kind
from pb2hl.matching.weights import Bands

NAMES = (Kind.GIVEN_NAME, Kind.SURNAME)


@dataclass(frozen=True)
class Levels:
    """Compares pairs of `records`: each field by `comparer`, exact agreement as exact level + band of the value."""

    records: Records
    comparer: Comparer
    bands: dict[str, Bands]

    @classmethod
    def over(cls, records: Records, workers: int = -1) -> Levels:
        """The comparison of `records` on `workers` threads (-1: all cores)."""
        return cls(
            records,
            Comparer(records.fields, workers=workers),
            {field.name: Bands.of(field) for field in records.fields},
        )

    def of(self, left: np.ndarray, right: np.ndarray, fields: tuple[Field, ...] | None = None) -> dict[str, np.ndarray]:
        """By field name (all fields when None) the level of each pair of positions."""
        levels: dict[str, np.ndarray] = {}
        agreed: dict[str, np.ndarray] = {}
        chosen = self.records.fields if fields is None else fields
        for field in chosen:
            levels[field.name], agreed[field.name] = self.comparer.levels(field, left, right)
        if all(any(field.kind is kind for field in chosen) for kind in NAMES):
            self.comparer.join_names(levels, left, right)
        for field in chosen:
            exact = np.flatnonzero(levels[field.name] == EXACT[field.kind])
            levels[field.name][exact] += self.bands[field.name].of_value[agreed[field.name][exact]].astype(np.int8)
        return levels
