"""How right the pairs above a threshold are, told without labels by fields that had no say in it.

Match weights are sums and take fields to be independent; where they are not, probabilities of .999 may be right in three of
four cases. So the sum is not asked how sure it is: each field in turn is held out, the pairs that reach the threshold
without it are looked at, and how often the field contradicts them is set against how often it contradicts the surest
pairs (errors) and random pairs (strangers). The most pessimistic field counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

ENOUGH = 50
"""Pairs that reach the threshold without a field from which the field can tell how many of them are wrong."""
_SURE = 0.3
"""The share of those pairs (the strongest) that counts as sure matches."""
_FEW_SURE = 20
_STEADY = 0.15
"""Most sure matches in which a field may contradict: one that changes or is often wrong (a phone, a category) tells nothing."""
_TELLING = 0.5
"""Random pairs that a field must contradict at least; one that agrees everywhere tells nothing."""


@dataclass(frozen=True)
class HeldOut:
    """What one field says of scored pairs: which know it, in which it contradicts, the match weight (bits) without it and
    with it, and the share of random pairs in which it contradicts (0-1)."""

    known: np.ndarray
    contradicts: np.ndarray
    rest: np.ndarray
    weight: np.ndarray
    strangers: float

    def precision(self, limit: float) -> float:
        """Share (0-1) of matches among the pairs that reach `limit` (bits) without the field and with it, one standard error
        on the careful side; NaN where they are too few or the field does not tell matches from strangers.

        Of the strangers the field lets those pass that it does not contradict; contradicted pairs that pass all the same
        are strangers but for errors.
        """
        reached = self.known & (self.rest >= limit)
        count = int(reached.sum())
        if count < ENOUGH or self.strangers < _TELLING:
            return float("nan")
        sure = reached & (self.rest >= np.quantile(self.rest[reached], 1 - _SURE))
        if sure.sum() < _FEW_SURE:
            return float("nan")
        by_error = float(self.contradicts[sure].mean())
        if by_error > _STEADY:
            return float("nan")
        seen = float(self.contradicts[reached].mean())
        careful = seen + float(np.sqrt(seen * (1 - seen) / count))
        strangers = np.clip((careful - by_error) / max(self.strangers - by_error, 1e-6), 0.0, 1.0)
        above = reached & (self.weight >= limit)
        passed = int(above.sum())
        contradicted = int(self.contradicts[above].sum())
        unseen = strangers * count * (1 - self.strangers)
        wrong = unseen + max(contradicted - by_error * passed, 0.0)
        return float(np.clip(1 - wrong / max(passed, 1), 0.0, 1.0))


def held_out(pairs: pd.DataFrame, strangers: dict[str, float]) -> tuple[HeldOut, ...]:
    """What every field says of `Matches.pairs`; `strangers`: share of random pairs in which each field contradicts."""
    weight = pairs["weight"].to_numpy(float)
    found = []
    for name, share in strangers.items():
        level = pairs[name].cat.codes.to_numpy()
        rest = weight - pairs[f"{name} weight"].to_numpy(float)
        found.append(HeldOut(level >= 0, level == 0, rest, weight, share))
    return tuple(found)


def precision(fields: tuple[HeldOut, ...], limit: float) -> float:
    """Share (0-1) of matches above `limit` (bits) by the most pessimistic field; NaN where none can tell."""
    precisions = [value for value in (field.precision(limit) for field in fields) if value == value]
    return min(precisions) if precisions else float("nan")
