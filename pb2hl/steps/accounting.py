"""Zero-loss accounting: what the plan meant for every filled cell, corrected by what HighLevel did."""

from __future__ import annotations

import pandas as pd

from pb2hl.ledger import Ledger, State
from pb2hl.operations import Target
from pb2hl.plan.account import Bucket
from pb2hl.plan.needs import filled_mask
from pb2hl.workspace import Workspace

COLUMNS = ("object", "column", "bucket", "where", "cells")

RECORD_OF = {
    "contacts": Target.CONTACT,
    "companies": Target.BUSINESS,
    "deals": Target.OPPORTUNITY,
    "notes": Target.NOTE,
    "tasks": Target.TASK,
    "appointments": Target.APPOINTMENT,
    "activities": Target.NOTE,
}
"""The record that carries the cells of a source row."""

NOT_THERE = (State.REFUSED, State.PLANNED, State.IN_DOUBT, State.INTENDED)


def accounting(ws: Workspace, ledger: Ledger) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(object, column, bucket, where, cells; columns that do not balance: object, column, filled, accounted)."""
    path = ws.plan / "lineage_summary.parquet"
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS)), pd.DataFrame(columns=["object", "column", "filled", "accounted"])
    summary = pd.read_parquet(path)[list(COLUMNS)]
    rules = pd.read_parquet(ws.plan / "lineage_rules.parquet")
    exceptions = pd.read_parquet(ws.plan / "lineage_exceptions.parquet")
    moves = []
    for object_, target in RECORD_OF.items():
        lost = _lost(ledger, object_, target)
        if lost:
            moves += _moved(ws.table(object_), object_, lost, rules, exceptions)
    if moves:
        summary = pd.concat([summary, pd.DataFrame(moves, columns=list(COLUMNS))], ignore_index=True)
        summary = summary.groupby(["object", "column", "bucket", "where"], as_index=False, sort=False)["cells"].sum()
    return summary, _unbalanced(ws, summary)


def _lost(ledger: Ledger, object_: str, target: Target) -> dict[str, str]:
    """Source id → why its record is not in the location."""
    return {
        entry.source_id: f"{entry.state}: {entry.error}"[:200]
        for entry in ledger.iterate(state=NOT_THERE, target=target)
        if entry.object == object_
    }


def _moved(
    frame: pd.DataFrame, object_: str, lost: dict[str, str], rules: pd.DataFrame, exceptions: pd.DataFrame
) -> list[tuple[str, str, str, str, int]]:
    """Cells of rows that did not land leave the bucket the plan put them into, and are refused with their reason."""
    rows = frame[frame["source_id"].astype(str).isin(lost)]
    apart = exceptions[(exceptions["object"] == object_) & exceptions["source_id"].isin(lost)]
    apart_of = apart.groupby("column")["source_id"].agg(set).to_dict()
    whole = apart_of.get("*", set())
    found = []
    for rule in rules[rules["object"] == object_].itertuples(index=False):
        if rule.column not in rows.columns:
            continue
        ids = rows.loc[filled_mask(rows[rule.column]), "source_id"].astype(str)
        ids = ids[~ids.isin(whole | apart_of.get(rule.column, set()))]
        if len(ids):
            found.append((object_, rule.column, rule.bucket, rule.where, -len(ids)))
            found += [
                (object_, rule.column, str(Bucket.REFUSED), why, int(n))
                for why, n in ids.map(lost).value_counts().items()
            ]
    return found


def _unbalanced(ws: Workspace, summary: pd.DataFrame) -> pd.DataFrame:
    """Columns that lack cells. More cells than filled ones are no loss: text that did not convert, values we added."""
    sums = summary.groupby(["object", "column"])["cells"].sum()
    off = []
    for object_ in summary["object"].unique():
        frame = ws.table(str(object_))
        for column in summary.loc[summary["object"] == object_, "column"].unique():
            if column not in frame.columns:
                continue
            filled = int(filled_mask(frame[column]).sum())
            if filled > int(sums[object_, column]):
                off.append((object_, column, filled, int(sums[object_, column])))
    return pd.DataFrame(off, columns=["object", "column", "filled", "accounted"])
