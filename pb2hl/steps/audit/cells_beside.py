"""The archive of cells that nothing of HighLevel has a place for: `reports/cells_beside.csv`, as exported, with file, sheet and row."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from pb2hl.field_types import ARCHIVE
from pb2hl.model import RAW_PREFIX
from pb2hl.plan.cells.lineage import source_ids
from pb2hl.plan.fields.needs import filled_mask
from pb2hl.sheets import table_rows, write_sheet
from pb2hl.workspace import Workspace

PLACE = ("source_id", "source_file", "source_sheet", "source_row")


def archive_beside(ws: Workspace, rules: pd.DataFrame, exceptions: pd.DataFrame) -> int:
    """Write every cell that the plan put beside HighLevel; returns how many there are. `rules`, `exceptions`: plan.lineage."""
    parts = [part for object_ in rules["object"].unique() for part in _cells(ws, object_, rules, exceptions)]
    path = ws.path / ARCHIVE
    if not parts:
        path.unlink(missing_ok=True)
        return 0
    found = pd.concat(parts, ignore_index=True)
    write_sheet(path, found)
    return len(found)


def _cells(ws: Workspace, object_: str, rules: pd.DataFrame, exceptions: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The cells of one object's columns that ended in the archive."""
    apart = exceptions[exceptions["object"] == object_]
    mine = rules[rules["object"] == object_]
    named = set(mine.loc[mine["where"] == ARCHIVE, "column"]) | set(apart.loc[apart["where"] == ARCHIVE, "column"])
    if not named:
        return
    frame = ws.table(object_)
    ids = source_ids(frame)
    for row in table_rows(mine[mine["column"].isin(named)]):
        raw = f"{RAW_PREFIX}{row.heading}"
        if raw not in frame.columns:
            continue
        matching = apart[apart["column"].isin([row.column, "*"])]
        kept = ids.isin(matching.loc[matching["where"] == ARCHIVE, "source_id"])
        if row.where == ARCHIVE:
            kept |= ~ids.isin(matching["source_id"])
        cells = frame.loc[kept & filled_mask(frame[raw]), [*(name for name in PLACE if name in frame.columns), raw]]
        if len(cells):
            cells = cells.rename(columns={raw: "value"}).assign(column=row.heading)
            cells.insert(0, "object", object_)
            yield cells
