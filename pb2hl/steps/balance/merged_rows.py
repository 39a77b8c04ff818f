"""Rows that were merged into a record: the decision settles them only where that record is in HighLevel. And every piece of one record."""

from __future__ import annotations

import pandas as pd

from pb2hl.ledger import LedgerPort
from pb2hl.steps.balance.pieces import (
    MERGED,
    RECORDS,
    Deciders,
    Fate,
    Seen,
    beside,
    operations,
    pieces_of,
    refused_values,
    rows_without,
    with_names,
)
from pb2hl.workspace import Workspace


def with_survivors(ws: Workspace, pieces: pd.DataFrame) -> pd.DataFrame:
    """`pieces`; a row that was merged into a record which is not in HighLevel is not settled by that decision: it shares what became of it."""
    merged = beside(ws, "lineage_merged", ["object", "source_id", "survivor"])
    records = pieces[pieces["what"] == RECORDS]
    still = records[records["fate"].isin([str(fate) for fate in _SHARED])]
    if merged.empty or still.empty:
        return pieces
    of_survivor = still.drop_duplicates(["object", "source_id"], keep="last")[["object", "source_id", "fate"]]
    shared = merged.merge(of_survivor.rename(columns={"source_id": "survivor"}), on=["object", "survivor"])
    rows = pieces.loc[records.index[records["why"] == MERGED], ["object", "source_id"]]
    fates = rows.merge(shared, on=["object", "source_id"], how="left").set_axis(rows.index)["fate"].dropna()
    out = pieces.copy()
    out.loc[fates.index, "fate"] = fates.replace(str(Fate.REFUSED), str(Fate.HELD))
    out.loc[fates.index, "why"] = "the record that it was merged into is " + fates
    out.loc[fates.index, "who"] = ""
    return out


_SHARED = (Fate.REFUSED, Fate.HELD, Fate.IN_DOUBT, Fate.MISSING)
"""Fates of a record that the rows which were merged into it share; what was refused holds them."""


def of_record(ws: Workspace, ledger: LedgerPort, object_: str, source_id: str) -> pd.DataFrame:
    """Every piece of one record (`PIECE`), as plan and ledger stand; empty for what becomes no record."""
    record, deciders = (object_, source_id), Deciders.of(ws, ledger)
    asked = operations(ws, ledger, Seen(), record)
    rows = rows_without(ws, asked, {}, deciders, record)
    found = pd.concat([pieces_of(asked, deciders), refused_values(ledger, asked), rows], ignore_index=True)
    merged = beside(ws, "lineage_merged", ["object", "source_id", "survivor"])
    into = merged.loc[(merged["object"] == object_) & (merged["source_id"] == source_id), "survivor"]
    others = [pieces_of(operations(ws, ledger, Seen(), (object_, str(one))), deciders) for one in into]
    together = with_survivors(ws, pd.concat([found, *others], ignore_index=True))
    return with_names(together.iloc[: len(found)])
