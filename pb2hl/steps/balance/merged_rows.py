"""Rows that were merged into a record: the decision settles them only where that record is in HighLevel. And every piece of one record."""

from __future__ import annotations

import pandas as pd

from pb2hl.ledger import LedgerPort
from pb2hl.sheets import table_rows
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
    fates = {(row.object, row.source_id): row.fate for row in table_rows(still)}
    survivors = {(row.object, row.source_id): row.survivor for row in table_rows(merged)}
    at = pieces.index[(pieces["what"] == RECORDS) & (pieces["why"] == MERGED)]
    for index, object_, source_id in pieces.loc[at, ["object", "source_id"]].itertuples(name=None):
        survivor = survivors.get((object_, source_id), "")
        if fate := fates.get((object_, survivor)):
            shared = str(Fate.HELD) if fate == str(Fate.REFUSED) else fate
            pieces.loc[index, ["fate", "why", "who"]] = [shared, f"the record that it was merged into is {fate}", ""]
    return pieces


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
