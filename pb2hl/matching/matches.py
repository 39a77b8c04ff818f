"""The outcome of a matching: a frame of clusters that carries its scored pairs and their explanation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pb2hl.matching.fields import MULTIPLE, Field, Records
from pb2hl.matching.kinds import EXACT, LEVELS, MISSING
from pb2hl.matching.precision import HeldOut, held_out, precision
from pb2hl.matching.scoring import Scored
from pb2hl.matching.weights import Weights

_GRID = (0.20, 0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.85, 0.90, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)
WANTED = 0.99
"""Precision (0-1) that the pairs above the merge line are to reach: a wrong merge destroys data."""
UNKNOWN_LINE = 0.99
"""The least merge line (0-1) where the precision cannot be known: what an own e-mail identifies is above it."""


Recluster = Callable[[float], tuple[np.ndarray, np.ndarray]]
"""(cluster number, weakest link 0-1) of each row at a threshold (0-1)."""
Reasons = Callable[[np.ndarray, np.ndarray], list[str]]
"""What makes each pair of rows (positions) wait for a person."""


@dataclass(frozen=True)
class MergeLine:
    """The `threshold` (0-1) from which merges are proposed, and the `precision` (0-1) there; NaN: it cannot be known."""

    threshold: float
    precision: float


def probability(weight: np.ndarray) -> np.ndarray:
    """Match probability (0-1) of match weights in bits."""
    return 1 / (1 + np.exp2(-np.clip(weight, -60, 60)))


def weight_of(probability_: float) -> float:
    """Match weight (bits) of a probability in (0, 1)."""
    clipped = min(max(probability_, 1e-9), 1 - 1e-9)
    return float(np.log2(clipped / (1 - clipped)))


@dataclass(frozen=True)
class Model:
    """What a matching estimated and did: fields, weights, blocking rules with their pair counts, `expected` matching pairs."""

    records: Records
    weights: Weights
    blocking: pd.DataFrame
    candidates: int
    expected: float
    shift: float


class Matches(pd.DataFrame):
    """One row a record, indexed like the input: `cluster` (int), `survivor` (bool), `score` (0-1: weakest link of the
    cluster; 1.0 for a record alone, which no link holds).

    `pairs`: scored pairs, best first: left, right (row labels), score (0-1), weight (bits), then for each field the name
    of its agreement level and, as `<field> weight`, what it contributed (bits). `model`: what was estimated.
    """

    _metadata = ("pairs", "model", "_recluster", "_reasons")
    pairs: pd.DataFrame
    model: Model | None
    _recluster: Recluster | None
    _reasons: Reasons | None

    @property
    def _constructor(self) -> type[Matches]:
        return Matches

    @property
    def _constructor_sliced(self) -> type[pd.Series]:
        return pd.Series

    @classmethod
    def alone(cls, index: pd.Index, number: np.ndarray | None = None) -> Matches:
        """Every record its own cluster; `number`: the clusters' numbers when they are not to follow the order of rows."""
        cluster = np.arange(len(index)) if number is None else number
        result = cls({"cluster": cluster, "survivor": True, "score": 1.0}, index=index)
        result.pairs = pd.DataFrame({"left": [], "right": [], "score": [], "weight": []})
        result.model = None
        result._recluster = result._reasons = None
        return result

    def carrying(
        self,
        scored: Scored,
        order: np.ndarray,
        model: Model,
        later: tuple[Recluster, Reasons],
    ) -> Matches:
        """This frame with its pairs and model; `later` answers `at_threshold` and `reasons`."""
        ranked = np.lexsort((scored.right, scored.left, -scored.weight))
        scored = scored.take(ranked)
        columns: dict[str, object] = {
            "left": self.index.take(order[scored.left]),
            "right": self.index.take(order[scored.right]),
            "score": probability(scored.weight),
            "weight": scored.weight,
        }
        for field in model.records.fields:
            columns[field.name] = _level_names(field, scored.levels[field.name])
            columns[f"{field.name} weight"] = model.weights.contribution(field.name, scored.levels).astype(np.float32)
        self.pairs = pd.DataFrame(columns)
        self.model = model
        self._recluster, self._reasons = later
        return self

    def at_threshold(self, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """(cluster label, weakest link 0-1) of each row at another threshold, from the same scored pairs."""
        if self._recluster is None:
            return self["cluster"].to_numpy(), self["score"].to_numpy(float)
        return self._recluster(threshold)

    def reasons(self, pairs: pd.DataFrame) -> list[str]:
        """For each of some `pairs` what makes it wait for a person, in words; "" for nothing but its score."""
        if self._reasons is None or not len(pairs):
            return [""] * len(pairs)
        return self._reasons(
            self.index.get_indexer(pd.Index(pairs["left"])), self.index.get_indexer(pd.Index(pairs["right"]))
        )

    def thresholds(self, shift: float = 0.0) -> pd.DataFrame:
        """Estimated precision and recall of the pairs above each threshold: threshold, pairs, precision, recall (0-1), known.

        `known`: whether the precision is confirmed, by fields that had no say (`matching.precision`) or by decisions of a
        person; otherwise it is what the match weights say of themselves. `shift`: bits by which such decisions show the
        weights to be too low; the thresholds stay those of the scores as they are.
        """
        ranked = self.pairs.sort_values("score", ascending=False, kind="stable")
        score = ranked["score"].to_numpy(float)
        right_by = probability(ranked["weight"].to_numpy(float) + shift)
        running = np.cumsum(right_by)
        total = max(self.model.expected if self.model else 0.0, float(right_by.sum()), 1e-9)
        checks = self._checks() if shift == 0.0 else ()
        rows = []
        for threshold in _GRID:
            above = int(np.searchsorted(-score, -threshold, "right"))
            right = float(running[above - 1]) if above else 0.0
            claimed = right / above if above else 1.0
            checked = precision(checks, weight_of(threshold))
            known = checked == checked or shift != 0.0
            rows.append(
                (
                    threshold,
                    above,
                    min(claimed, checked) if checked == checked else claimed,
                    min(right / total, 1.0),
                    known,
                )
            )
        table = pd.DataFrame(rows, columns=["threshold", "pairs", "precision", "recall", "known"])
        table["precision"] = table["precision"][::-1].cummin()[::-1]
        return table

    def _checks(self) -> tuple[HeldOut, ...]:
        if self.model is None:
            return ()
        accident = self.model.weights.accident
        steady = [field.name for field in self.model.records.fields if field.kind not in MULTIPLE]
        return held_out(self.pairs, {name: float(accident[name][0]) for name in steady})

    def merge_line(self, asked: float, shift: float = 0.0) -> MergeLine:
        """The threshold from which pairs may be proposed to merge: `asked` (0-1), or a higher one until the precision there
        is confirmed to reach `WANTED`; where nothing can confirm it, at least `UNKNOWN_LINE`."""
        table = self.thresholds(shift)
        table = table[table["threshold"] >= asked - 1e-9]
        good = table[table["known"] & (table["precision"] >= WANTED)]
        at = table.iloc[0] if len(table) else None
        if at is None or not table["known"].any():
            return MergeLine(max(asked, UNKNOWN_LINE), float("nan"))
        if at["known"] and at["precision"] >= WANTED:
            return MergeLine(asked, float(at["precision"]))
        if len(good):
            return MergeLine(float(good["threshold"].iloc[0]), float(good["precision"].iloc[0]))
        return MergeLine(max(asked, _GRID[-1]), float(table["precision"].iloc[-1]))


def explain(pairs: pd.DataFrame) -> pd.Series:
    """One sentence a pair of `Matches.pairs`: what speaks for it and against it, loudest first."""
    fields = [column.removesuffix(" weight") for column in pairs.columns if str(column).endswith(" weight")]
    sentences = []
    for row in pairs.to_dict("records"):
        said = [(float(row[f"{name} weight"]), f"{name} {row[name]}") for name in fields if isinstance(row[name], str)]
        said.sort(key=lambda item: (-abs(item[0]), item[1]))
        sentences.append("; ".join(f"{text} ({weight:+.1f})" for weight, text in said))
    return pd.Series(sentences, index=pairs.index, dtype="str")


def _level_names(field: Field, level: np.ndarray) -> pd.Categorical:
    codes = np.where(level == MISSING, -1, np.minimum(level, EXACT[field.kind]))
    return pd.Categorical.from_codes(codes, categories=pd.Index(LEVELS[field.kind], dtype="object"))
