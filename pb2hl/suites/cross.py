"""What compares whole tables: counts, cells and sums of money, one row a comparison, for the `cross` suites.

Columns: `measure`, `object`, `group`, `expected`, `found`, `check.equal`, and for freshness `age_days`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pb2hl.sheets import table_rows
from pb2hl.suites.facts import FACT, CheckFacts, prepare

CENT = 0.005
CROSS_COLUMNS = ("source_id", "measure", "object", "group", "expected", "found", "age_days")


def cross_before(
    facts: CheckFacts, columns: pd.DataFrame, dropped: pd.DataFrame, cells: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Before the load: every filled cell of the export (`cells`: object, heading, expected, found) is staged or listed, became
    a value or is listed, all the money of deals has a stage, an owner and a readable amount, and how old the newest record is."""
    rows: list[tuple] = _cells(cells)
    if {"filled", "converted", "not_converted"} <= set(columns.columns):
        accounted = columns["converted"].fillna(0) + columns["not_converted"].fillna(0)
        where = (
            columns["file"].astype("str") + " · " + columns["heading"].astype("str")
            if "heading" in columns
            else columns.index
        )
        rows += [
            ("cells converted", name, group, float(filled), float(found), np.nan)
            for name, group, filled, found in zip(
                columns["object"], where, columns["filled"].fillna(0), accounted, strict=True
            )
        ]
    for name, frame in facts.tables.items():
        lost = _lost(name, dropped)
        rows.append(
            (
                "records",
                name,
                "rows of the source that no record stands for",
                float(len(frame) + lost),
                float(len(frame)),
                np.nan,
            )
        )
        age = _age(frame, facts.now)
        if age is not None:
            rows.append(("days since the newest record", name, "", np.nan, np.nan, age))
    if "deals" in facts.tables:
        deals = prepare("deals", facts)
        rows += _sums("deals", deals, deals[_lands(deals)])
    return _frame(rows)


def cross_after(
    arrived: Mapping[str, pd.DataFrame],
    staged: Mapping[str, pd.DataFrame],
    cells: pd.DataFrame | None = None,
    not_landed: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """After the load: as many records as expected of every object, none that HighLevel refused (`not_landed`: one row each, with
    its object), the same money per pipeline, stage and owner, and every filled cell of the export (`cells`: object, heading,
    expected, found) in a bucket of the accounting."""
    rows: list[tuple] = _cells(cells)
    for name, frame in arrived.items():
        if "count" in frame.columns:
            rows.append(("records", name, "", float(len(frame)), float((frame["count"] >= 1).sum()), np.nan))
    left = _refused(not_landed)
    for name in sorted({*arrived, *left.keys()}):
        landed = len(arrived.get(name, ()))
        rows.append(("landed", name, "", float(landed + left.get(name, 0)), float(landed), np.nan))
    deals, source = arrived.get("deals", pd.DataFrame()), staged.get("deals", pd.DataFrame())
    if {"source_id", "amount"} <= set(deals.columns) and {"source_id", "amount"} <= set(source.columns):
        rows += _sums("deals", _as_sent(deals, source), deals)
    return _frame(rows)


def _refused(not_landed: pd.DataFrame | None) -> dict[str, int]:
    """Records by object that were sent or should have been, and did not land; what was left out by intent is told elsewhere."""
    if not_landed is None or not {"object", "state"} <= set(not_landed.columns):
        return {}
    counts = not_landed.loc[not_landed["state"] != "skipped", "object"].value_counts()
    return {str(object_): int(count) for object_, count in counts.items()}


def _cells(cells: pd.DataFrame | None) -> list[tuple]:
    if cells is None:
        return []
    return [
        ("cells accounted for", row.object, row.heading, float(row.expected), float(row.found), np.nan)
        for row in table_rows(cells)
    ]


def _as_sent(deals: pd.DataFrame, source: pd.DataFrame) -> pd.DataFrame:
    """What should be there: each deal's amount as staged, in the pipeline, stage and owner it was sent to.

    Where no amount was sent (it moved elsewhere, or the record was there before and keeps its own) the one sent counts: none.
    Where a delta or a decision replaced the staged amount, the one that it put there counts.
    """
    expected = deals[["source_id"]].merge(source[["source_id", "amount"]], on="source_id", how="left")
    amount = pd.to_numeric(expected["amount"], errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    if "amount_sent" in deals.columns:
        sent = deals["amount_sent"].to_numpy(dtype="float64", na_value=np.nan)
        held = deals["amount"].to_numpy(dtype="float64", na_value=np.nan)
        if "amount_superseded" in deals.columns:
            amount = np.where(deals["amount_superseded"].fillna(False).to_numpy(dtype=bool), np.nan, amount)
        amount = np.where(np.isnan(sent), held, np.where(np.isnan(amount), sent, amount))
    found = deals.assign(amount=amount)
    for name in ("pipeline", "stage", "owner"):
        if f"{name}_sent" in deals.columns:
            found[name] = deals[f"{name}_sent"].where(deals[f"{name}_sent"].notna(), deals[name])
    return found


def _lost(name: str, dropped: pd.DataFrame) -> int:
    if "object" not in dropped.columns:
        return 0
    here = dropped[dropped["object"] == name]
    kept = here["kept_source_id"].fillna("") if "kept_source_id" in here.columns else pd.Series("", index=here.index)
    return int((kept == "").sum())


def _lands(deals: pd.DataFrame) -> pd.Series:
    """Deals whose stage, owner and amount all have a place; only their money is sure to be in HighLevel's sums."""
    facts = [f"{FACT}{name}" for name in ("stage_mapped", "owner_resolved", "amount_converted")]
    known = [deals[name].fillna(True).astype(bool) for name in facts if name in deals.columns]
    return pd.concat(known, axis=1).all(axis=1) if known else pd.Series(True, index=deals.index)


def _sums(name: str, expected: pd.DataFrame, found: pd.DataFrame) -> list[tuple]:
    rows: list[tuple] = []
    if "amount" not in found.columns:
        return rows
    for by in ("pipeline", "stage", "owner", "currency"):
        if by not in found.columns:
            continue
        one, two = (_sum(frame, by) for frame in (expected, found))
        for group in one.index.union(two.index):
            rows.append(
                (f"amount per {by}", name, str(group), float(one.get(group, 0)), float(two.get(group, 0)), np.nan)
            )
    return rows


def _sum(frame: pd.DataFrame, by: str) -> pd.Series:
    amounts = pd.to_numeric(frame["amount"], errors="coerce").fillna(0).round(2)
    return amounts.groupby(frame[by].astype("str").fillna("(none)")).sum().round(2)


def _age(frame: pd.DataFrame, now: pd.Timestamp | None) -> float | None:
    if now is None:
        return None
    newest = [frame[name].max() for name in ("updated_at", "created_at") if name in frame.columns]
    newest = [moment for moment in newest if not pd.isna(moment)]
    return float((now - max(newest)).days) if newest else None


def _frame(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(CROSS_COLUMNS[1:]))
    about = frame[["measure", "object", "group"]].itertuples(index=False)
    frame.insert(0, "source_id", [" · ".join(part for part in parts if part) for parts in about])
    both = frame["expected"].notna() & frame["found"].notna()
    equal = (frame["expected"] - frame["found"]).abs() <= CENT
    frame[f"{FACT}equal"] = equal.astype("boolean").mask(~both)
    for name in ("records", "landed", "cells accounted for", "cells converted"):
        frame[f"{FACT}{name.replace(' ', '_')}"] = frame[f"{FACT}equal"].mask(frame["measure"] != name)
    money = frame["measure"].str.startswith("amount per")
    frame[f"{FACT}amounts"] = frame[f"{FACT}equal"].mask(~money)
    return frame
