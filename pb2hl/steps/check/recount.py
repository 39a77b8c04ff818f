"""Filled cells counted once more in the export itself, beside those that staging and the audit's accounting hold.

The account of a migration starts from what reading counted. Here the export is read again, so that a cell which staging or the
plan lost on the way, or an export that was replaced since, cannot hide behind its own books.
"""

from __future__ import annotations

import json
from collections import Counter

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pb2hl.errors import ExportError
from pb2hl.model import OBJECTS, RAW_PREFIX
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.results import StepResult
from pb2hl.sheets import table_rows
from pb2hl.steps.shared.intake import source_cells, take_in
from pb2hl.whole import column_names
from pb2hl.workspace import Workspace

COLUMNS = ("object", "heading", "expected", "found")

Cells = Counter[tuple[str, str]]
"""Filled cells by object and heading."""


def staged_against_export(ws: Workspace, *, progress: Progress = SILENT, cancel: Cancel | None = None) -> pd.DataFrame:
    """Per object and heading (`COLUMNS`): filled cells of the export, and those in staged rows or in rows listed as dropped."""
    return _compared(ws, _in_staging(ws), progress, cancel)


def audited_against_export(ws: Workspace, *, progress: Progress = SILENT, cancel: Cancel | None = None) -> pd.DataFrame:
    """Per object and heading (`COLUMNS`): filled cells of the export, and those that the last audit put into a bucket."""
    audit = StepResult.load(ws.results("audit"))
    cells: Cells = Counter()
    if audit is not None and "accounting" in audit.tables:
        for row in table_rows(audit.tables["accounting"]):
            cells[row.object, row.heading] += int(row.cells)
    return _compared(ws, cells, progress, cancel)


def _compared(ws: Workspace, found: Cells, progress: Progress, cancel: Cancel | None) -> pd.DataFrame:
    try:
        again = source_cells(
            take_in(
                ws.export_path,
                into=ws.files,
                limits=ws.config.limits,
                sheet=ws.sheets / "tables.csv",
                progress=progress,
                cancel=cancel,
            )
        )
    except (ExportError, OSError) as error:
        why = f"the export cannot be read again: {getattr(error, 'message', '') or type(error).__name__}"
        return pd.DataFrame([("", why, max(1, sum(found.values())), 0)], columns=list(COLUMNS))
    expected: Cells = Counter()
    for row in table_rows(again):
        expected[row.object, row.heading] += int(row.cells)
    rows = [(*key, expected[key], found.get(key, 0)) for key in expected]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _in_staging(ws: Workspace) -> Cells:
    cells: Cells = Counter()
    for path in sorted(ws.staged.glob("*.parquet")):
        if path.stem in OBJECTS:
            for name in column_names(path):
                if name.startswith(RAW_PREFIX):
                    cells[path.stem, name.removeprefix(RAW_PREFIX)] += _filled(
                        pq.read_table(path, columns=[name])[name]
                    )
    for row in ws.table("dropped").to_dict("records"):
        said = json.loads(row["cells"]) if row.get("cells") else []
        if isinstance(said, dict):  # a list is a line that is no record, such as totals: reading counted it apart
            moved = set(json.loads(row.get("moved") or "[]"))
            cells.update(
                (row["object"], name) for name, text in said.items() if name not in moved and str(text or "").strip()
            )
    return cells


def _filled(column: pa.Array | pa.ChunkedArray) -> int:
    if not str(column.type).endswith("string"):
        return int(len(column) - column.null_count)
    return int(pc.sum(pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(column)), 0)).as_py() or 0)
