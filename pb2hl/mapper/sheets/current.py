"""Whether the sheets are still about what the mapping step saw: no row gone, staged as decided, the export not read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.mapper.knowledge.sheet_layout import KEYS
from pb2hl.mapper.sheets.lossy import staged_otherwise
from pb2hl.mapper.sheets.nearest import nearest
from pb2hl.results import StepResult
from pb2hl.whole import read_frame
from pb2hl.workspace import Workspace

_AGAIN = "run the mapping step again"


def outdated(ws: Workspace, sheets: Mapping[str, pd.DataFrame], *, just_written: bool = False) -> list[Problem]:
    """One critical problem for each row that is gone, each column staged otherwise than decided, and an export read since.

    Sheets that were `just_written` follow every reading of the export, though no result tells of them yet.
    """
    return [
        *_columns_without_row(ws, sheets["fields"]),
        *_rows_gone(ws, sheets),
        *_staged_otherwise(ws, sheets["fields"]),
        *([] if just_written else _read_since(ws)),
    ]


def _problem(code: str, sheet: str, message: str, field: str = "", tab: str = "") -> Problem:
    return Problem(code, message, Severity.CRITICAL, file=f"{sheet}.csv", sheet=tab, field=field, treatment=_AGAIN)


def _columns_without_row(ws: Workspace, fields: pd.DataFrame) -> list[Problem]:
    path = ws.staged / "columns.parquet"
    if not path.exists():
        return []
    columns = read_frame(path, columns=["object", "file", "sheet", "heading"]).fillna("")
    known = set(fields[["object", "column"]].itertuples(index=False, name=None))
    staged = set(columns[["object", "heading"]].itertuples(index=False, name=None))
    strange = [column for object_, column in known if (object_, column) not in staged]
    return [
        _problem(
            "sheet_row", "fields", f"column {column!r} of {object_} has no row{_like(column, strange)}", column, tab
        )
        for object_, _, tab, column in columns.itertuples(index=False, name=None)
        if (object_, column) not in known
    ]


def _rows_gone(ws: Workspace, sheets: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Rows that the mapping step wrote and a person deleted, or whose key was rewritten; the fields sheet has the export to go by."""
    found = []
    result = StepResult.load(ws.results("mapping"))
    for name, written in (result.tables if result else {}).items():
        if name not in sheets or name == "fields":
            continue
        keys = list(KEYS[name])
        ours = list(sheets[name][keys].itertuples(index=False, name=None))
        theirs = list(written[keys].astype(str).itertuples(index=False, name=None))
        here, wanted = set(ours), set(theirs)
        strange = [" · ".join(key) for key in ours if key not in wanted]
        found += [
            _problem(
                "sheet_row", name, f"the row of {' · '.join(key)} is gone{_like(' · '.join(key), strange)}", keys[-1]
            )
            for key in theirs
            if key not in here
        ]
    return found


def _like(wanted: str, strange: list[str]) -> str:
    """A row that the export does not know and that resembles the one that is gone: what a spreadsheet or a hand made of it."""
    near = nearest(wanted, strange) if strange else ""
    return f" (a row speaks of {near!r}, which the export does not have)" if near else ""


def run_again(problems: Iterable[Problem]) -> bool:
    """Whether one of these open points of the mapping is that the step has to run again, before anybody approves."""
    return any(problem.treatment == _AGAIN for problem in problems)


def _staged_otherwise(ws: Workspace, fields: pd.DataFrame) -> list[Problem]:
    return [
        _problem(
            "not_staged", "fields", f"column {column!r} of {object_} was decided after the tables were staged", column
        )
        for object_, column in staged_otherwise(ws, fields)
    ]


def _read_since(ws: Workspace) -> list[Problem]:
    inventory, mapping = (StepResult.load(ws.results(name)) for name in ("inventory", "mapping"))
    if inventory is None or mapping is None or inventory.at <= mapping.at:
        return []
    return [
        _problem(
            "export_read_since", "stages", f"the export was read again at {inventory.at}, after the sheets were written"
        )
    ]
