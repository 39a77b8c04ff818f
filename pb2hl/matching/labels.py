"""What a person's decisions say about the scores: labelled pairs out of a review sheet, and how far the scores are off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pb2hl.matching.matches import WANTED, Matches
from pb2hl.matching.proposals import KEEP_APART, MERGE
from pb2hl.matching.weights import fitting_shift

ENOUGH = 20
"""Decided pairs from which the scores are estimated anew; fewer say too little."""


@dataclass(frozen=True)
class Review:
    """`pairs` decided, `confirmed` of them as matches, `shift` of the scores (bits), and the least `threshold` (0-1) whose
    pairs are right 99 times in 100 by these decisions (None: no threshold is)."""

    pairs: int
    confirmed: int
    shift: float
    threshold: float | None


def reviewed_pairs(sheet: pd.DataFrame) -> pd.DataFrame:
    """Labels (columns left, right, match) of a review sheet: each decided row of a cluster against the one it was shown with.

    A row to merge was told to be the survivor's like, one to keep apart not to be. Rows that nobody decided say nothing.
    """
    decision = sheet["decision"].astype(str).str.strip().str.casefold()
    decided = sheet.assign(decision=decision)[decision.isin((MERGE, KEEP_APART))]
    labels = []
    for _, rows in decided.groupby("cluster", sort=True):
        kept = rows.sort_values("decision", key=lambda cells: cells != MERGE, kind="stable")
        first, others = kept.iloc[0], kept.iloc[1:]
        labels += [(first["source_id"], row.source_id, row.decision == MERGE) for row in others.itertuples()]
    return pd.DataFrame(labels, columns=["left", "right", "match"])


def review_of(matches: Matches, labels: pd.DataFrame) -> Review:
    """What `labels` say about the scores of `matches`; pairs that were never scored are left out."""
    known = _known(matches.pairs, labels)
    weight, truth = known["weight"].to_numpy(float), known["match"].to_numpy(float)
    if len(known) < ENOUGH:
        return Review(len(known), int(truth.sum()), 0.0, None)
    shift = fitting_shift(weight, truth)
    table = matches.thresholds(shift)
    good = table[(table["precision"] >= WANTED) & (table["pairs"] > 0)]
    return Review(len(known), int(truth.sum()), shift, float(good["threshold"].iloc[0]) if len(good) else None)


def _known(pairs: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    weights = pairs[["left", "right", "weight"]]
    if not len(labels) or not len(weights):
        return pd.DataFrame({"weight": [], "match": []})
    there = labels.merge(weights, on=["left", "right"])
    back = labels.rename(columns={"left": "right", "right": "left"}).merge(weights, on=["left", "right"])
    found = pd.concat([there, back], ignore_index=True)
    return found[np.isfinite(found["weight"])]
