"""Cells that HighLevel refused, archived in a CSV beside the reports, so that nothing of the export is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.ledger import LedgerPort, State
from pb2hl.model import RAW_PREFIX
from pb2hl.plan.fields.findings import Bucket
from pb2hl.results import StepResult
from pb2hl.sheets import write_sheet
from pb2hl.steps.shared.outcomes import RECORD_OF, records_of
from pb2hl.values.counting import counted
from pb2hl.whole import read_frame
from pb2hl.workspace import Workspace

ARCHIVE = "refused_cells.csv"
COLUMNS = ("object", "source_id", "source_file", "source_sheet", "source_row", "column", "value", "why")
_PLACE = ["source_id", "source_file", "source_sheet", "source_row"]


def archive_refused(ws: Workspace, ledger: LedgerPort) -> int:
    """Write every filled cell of rows whose record HighLevel refused, and every single cell that no field holds, into
    `reports/refused_cells.csv`; returns how many there are. A file without cells is taken away."""
    parts = []
    for object_ in RECORD_OF:
        refused = {
            entry.source_id: entry.error
            for target in records_of(object_)
            for entry in ledger.iterate(state=State.REFUSED, target=target)
            if entry.object == object_ and not entry.part
        }
        single = _single_cells(ws, object_)
        by_plan = single[single["column"] == "*"]
        refused |= dict(zip(by_plan["source_id"], by_plan["why"], strict=True))
        if refused or len(single):
            parts.append(_cells(ws, object_, refused, single))
    path = ws.reports / ARCHIVE
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if len(found):
        write_sheet(path, found[list(COLUMNS)])
    else:
        path.unlink(missing_ok=True)
    return len(found)


def _single_cells(ws: Workspace, object_: str) -> pd.DataFrame:
    """source_id, column (heading; `*` for the whole row), why of the cells that the plan itself had to refuse."""
    exceptions, columns = ws.plan / "lineage_exceptions.parquet", ws.staged / "columns.parquet"
    if not exceptions.exists() or not columns.exists():
        return pd.DataFrame(columns=["source_id", "column", "why"])
    frame = read_frame(exceptions)
    frame = frame[(frame["object"] == object_) & (frame["bucket"] == str(Bucket.REFUSED))]
    known = read_frame(columns)
    known = known[known["object"] == object_][["staged_column", "heading"]]
    whole = pd.DataFrame({"staged_column": ["*"], "heading": ["*"]})
    found = frame.merge(pd.concat([known, whole]), left_on="column", right_on="staged_column")
    return found[["source_id", "heading", "where"]].set_axis(["source_id", "column", "why"], axis=1)


def _cells(ws: Workspace, object_: str, refused: Mapping[str, str], single: pd.DataFrame) -> pd.DataFrame:
    table = ws.table(object_)
    table = table[table["source_id"].isin([*refused, *single["source_id"]])]
    raw = [name for name in table.columns if name.startswith(RAW_PREFIX)]
    cells = table[[*_PLACE, *raw]].melt(_PLACE, var_name="column", value_name="value")
    cells["column"] = cells["column"].str.removeprefix(RAW_PREFIX)
    cells = cells[cells["value"].fillna("").str.strip() != ""]
    whole = cells[cells["source_id"].isin(refused)]
    whole = whole.assign(why=whole["source_id"].map(refused))
    rest = cells[~cells["source_id"].isin(refused)].merge(single, on=["source_id", "column"])
    found = pd.concat([whole, rest], ignore_index=True)
    found.insert(0, "object", object_)
    return found


def with_archive(ws: Workspace, ledger: LedgerPort, result: StepResult) -> StepResult:
    """`result` that says how many cells were refused and where they are archived."""
    count = archive_refused(ws, ledger)
    counts = {**result.counts, "refused_cells_archived": count}
    if not count:
        return replace(result, counts=counts)
    message = f"{counted(count, 'cell')} of the export could not be put into HighLevel"
    archived = Problem(
        "refused_cells", message, Severity.WARNING, count=count, treatment=f"archived in reports/{ARCHIVE}"
    )
    return replace(result, counts=counts, problems=(*result.problems, archived))
