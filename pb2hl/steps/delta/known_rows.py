"""The rows that exports had until now, each as its latest export had it."""

from __future__ import annotations

import pandas as pd

from pb2hl.model import OBJECTS
from pb2hl.whole import read_frame, write_frame
from pb2hl.workspace import Workspace

_KNOWN = "known_{}"


def known_rows(ws: Workspace, object_: str) -> pd.DataFrame:
    """Every row of `object_` that the first export or one brought over since has, in its latest form."""
    path = ws.plan / f"{_KNOWN.format(object_)}.parquet"
    return _union(read_frame(path) if path.exists() else pd.DataFrame(), ws.table(object_))


def remember(ws: Workspace, second: Workspace) -> None:
    """Keep the rows of an export that was brought over: the next one may lack them, or columns of theirs."""
    for object_ in OBJECTS:
        both = _union(second.table(object_), known_rows(ws, object_))
        if len(both):
            write_frame(ws.plan / f"{_KNOWN.format(object_)}.parquet", both, index=False)


def _union(newer: pd.DataFrame, older: pd.DataFrame) -> pd.DataFrame:
    if newer.empty or older.empty:
        return older if newer.empty else newer
    rest = older[~older["source_id"].isin(newer["source_id"])]
    return pd.concat([newer, rest], ignore_index=True) if len(rest) else newer
