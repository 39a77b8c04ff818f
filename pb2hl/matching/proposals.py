"""Clusters as proposals: rows above the high threshold to merge, rows in the band below to look at."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pb2hl.matching.matches import Matches, explain

MERGE = "merge"
KEEP_APART = "keep apart"
_COLUMNS = ["source_id", "cluster", "score", "why", "survivor", "proposal"]


def propose(matches: Matches, high: float) -> pd.DataFrame:
    """One row a record in a cluster of two or more: source_id, cluster, score (0-1), why, survivor (yes or ""), proposal.

    `matches` is clustered at the low threshold and indexed by source id. Records that hang together at `high` are proposed
    to merge; the rest of their cluster is listed with them, to keep apart unless a person says otherwise. A cluster is
    named after its smallest source id, so that the name stays while its members do.
    """
    ids = matches.index.astype(str)
    low = matches["cluster"].to_numpy()
    together = np.bincount(low)[low] > 1
    if not together.any():
        return pd.DataFrame(columns=_COLUMNS)
    tight, tight_score = matches.at_threshold(high)
    pairs = pd.DataFrame(
        {
            "left": matches.index.get_indexer(pd.Index(matches.pairs["left"])),
            "right": matches.index.get_indexer(pd.Index(matches.pairs["right"])),
            "score": matches.pairs["score"],
        }
    )
    group, merging = _groups(low, tight, pairs)
    best = _best_pairs(group, pairs)
    frame = pd.DataFrame(
        {"source_id": ids, "group": group, "merging": merging, "survivor": matches["survivor"].to_numpy()}
    )
    frame["pair"] = frame.index.map(best)
    frame["tight_score"], frame["low_score"] = tight_score, matches["score"].to_numpy()
    frame = frame[together].copy()
    return _as_rows(frame, matches)


def _groups(low: np.ndarray, tight: np.ndarray, pairs: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(group of each record as listed in the sheet, whether it is proposed to merge)."""
    merging = np.bincount(tight)[tight] > 1
    has_merge = pd.Series(merging).groupby(low).transform("any").to_numpy()
    group = np.where(merging, tight, np.where(has_merge, -1, low + tight.max() + 1))
    first = pd.Series(tight[merging]).groupby(low[merging]).min()
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    single, other = np.r_[left, right], np.r_[right, left]
    usable = (group[single] == -1) & merging[other] & (low[single] == low[other])
    at, chosen = np.unique(single[usable], return_index=True)
    strongest = np.lexsort((np.arange(usable.sum()), -np.tile(pairs["score"].to_numpy(), 2)[usable]))
    at, chosen = np.unique(single[usable][strongest], return_index=True)
    group[at] = tight[other[usable][strongest][chosen]]
    left_over = group == -1
    group[left_over] = first.reindex(low[left_over]).to_numpy()
    return group, merging


def _best_pairs(group: np.ndarray, pairs: pd.DataFrame) -> dict[int, int]:
    """For each record the number of the best pair inside its group (pairs come best first)."""
    inside = np.flatnonzero(group[pairs["left"]] == group[pairs["right"]])
    at = np.r_[pairs["left"].to_numpy()[inside], pairs["right"].to_numpy()[inside]]
    number = np.r_[inside, inside]
    order = np.argsort(number, kind="stable")
    record, first = np.unique(at[order], return_index=True)
    return dict(zip(record.tolist(), number[order][first].tolist(), strict=True))


def _as_rows(frame: pd.DataFrame, matches: Matches) -> pd.DataFrame:
    known = frame["pair"].notna()
    wanted = np.unique(frame.loc[known, "pair"].astype(int))
    pairs = matches.pairs.iloc[wanted]
    why = dict(zip(wanted.tolist(), explain(pairs), strict=True))
    waiting = np.unique(frame.loc[known & ~frame["merging"], "pair"].astype(int))
    for at, reason in zip(waiting.tolist(), matches.reasons(matches.pairs.iloc[waiting]), strict=True):
        why[at] = f"{reason}: {why[at]}" if reason else why[at]
    score = dict(zip(wanted.tolist(), pairs["score"], strict=True))
    frame["why"] = frame["pair"].map(why).fillna("").astype(str)
    alone = frame["pair"].map(score).fillna(frame["low_score"])
    frame["score"] = np.where(frame["merging"], frame["tight_score"], alone)
    frame["cluster"] = frame.groupby("group")["source_id"].transform("min")
    frame["proposal"] = np.where(frame["merging"], MERGE, KEEP_APART)
    order = frame.sort_values(["group", "merging", "survivor", "source_id"], ascending=[True, False, False, True])
    first = order.drop_duplicates("group").index
    frame["survivor"] = np.where(frame.index.isin(first), "yes", "")
    return frame[_COLUMNS].reset_index(drop=True)
