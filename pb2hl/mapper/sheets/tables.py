"""The sheet of tables: what each table of the export is. A table that fits nothing well waits in it for a person."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from pb2hl.clock import SYSTEM_CLOCK, Clock, stamp
from pb2hl.errors import Problem, Severity
from pb2hl.mapper.knowledge.sheet_layout import PROPOSAL, WAITS
from pb2hl.mapper.sheets.nearest import not_allowed
from pb2hl.model import OBJECTS
from pb2hl.sheets import read_sheet, table_rows, write_sheet
from pb2hl.whole import read_frame
from pb2hl.workspace import Workspace

NAME = "tables"
COLUMNS = ("file", "sheet", "rows", "columns", "proposal", "confidence", "reason", "decision", "who", "when", "comment")
LEAVE_OUT = "leave out"
"""The decision for a table that is not migrated; every other decision is an object, or `JOINED`."""

JOINED = "joined"
"""What a table is that only links, continues or names records of others: its cells stand among theirs."""

_KEYS = ["file", "sheet"]
_SHOWN = 20  # headings of a table that the sheet shows


def read(path: Path) -> pd.DataFrame:
    """The sheet at `path`, without rows when there is none yet. Raises SheetError when it lost its columns."""
    if not path.exists() or not path.stat().st_size:
        return pd.DataFrame(columns=list(COLUMNS), dtype="str")
    return read_sheet(path, COLUMNS)


def decisions(path: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """{(file, sheet): (decision, who)} of the tables that a person decided otherwise than proposed."""
    return {
        (row.file, row.sheet): (row.decision.strip(), row.who)
        for row in table_rows(read(path))
        if row.decision.strip() and row.decision.strip() != row.proposal
    }


def write(path: Path, found: Iterable[Any], clock: Clock = SYSTEM_CLOCK) -> None:
    """Write one row a recognised table (raw, proposed object, confidence, reason); decisions of people are kept."""
    kept = {(row.file, row.sheet): row for row in table_rows(read(path)) if row.who not in ("", PROPOSAL)}
    rows = []
    for item in found:
        old = kept.get((item.raw.file, item.raw.sheet))
        proposal = old.proposal if old is not None else item.object
        decided = (old.decision, old.who, old.when, old.comment) if old is not None else _proposed(proposal, clock)
        rows.append(
            [item.raw.file, item.raw.sheet, str(len(item.raw.frame)), ", ".join(item.raw.headings[:_SHOWN]), proposal,
             f"{item.confidence:.2f}" if proposal else "", item.reason, *decided]
        )  # fmt: skip
    write_sheet(path, pd.DataFrame(rows, columns=list(COLUMNS), dtype="str"))


def _proposed(proposal: str, clock: Clock) -> tuple[str, str, str, str]:
    return (proposal, PROPOSAL, stamp(clock.now()), "") if proposal else ("", "", "", "")


def undecided(ws: Workspace) -> list[Problem]:
    """One critical problem for each table with rows that nobody said what it is, and for each decision that cannot be."""
    found = []
    for at, row in enumerate(table_rows(read(ws.sheets / f"{NAME}.csv"))):
        decision, label = row.decision.strip(), " · ".join(part for part in (row.file, row.sheet) if part)
        if not decision and str(row.rows) not in ("", "0"):
            message = (
                f"{label} ({row.rows} rows: {row.columns}) is no object for sure ({row.reason.removeprefix(WAITS)}): "
                f"decide which one it is, or {LEAVE_OUT!r}"
            )
        elif decision and decision not in (*OBJECTS, LEAVE_OUT) and not decision == row.proposal == JOINED:
            message = not_allowed("decision", decision, (LEAVE_OUT, *OBJECTS), f"no object ({label})")
        else:
            continue
        found.append(
            Problem("unknown_table", message, Severity.CRITICAL, file=f"{NAME}.csv", row=at + 2, field="decision")
        )
    return found


def accept_all(ws: Workspace, who: str, clock: Clock = SYSTEM_CLOCK) -> int:
    """Leave out, as decided by `who`, every table that nobody said what it is and that only a person may; returns how many that were."""
    path = ws.sheets / f"{NAME}.csv"
    sheet = read(path)
    rows = sheet.index[(sheet["decision"].str.strip() == "") & ~sheet["reason"].str.startswith(WAITS)]
    if len(rows):
        sheet.loc[rows, ["decision", "who", "when"]] = [LEAVE_OUT, who, stamp(clock.now())]
        write_sheet(path, sheet)
    return len(rows)


def facts(ws: Workspace) -> list[list[str]]:
    """What an approval of the mapping names: file, sheet and decision of every table that a person decided."""
    found = decisions(ws.sheets / f"{NAME}.csv")
    return sorted([file, sheet, decision] for (file, sheet), (decision, _) in found.items())


def staged_otherwise(ws: Workspace) -> bool:
    """Whether a table was decided to be something else than it was staged as."""
    columns, unassigned = (_staged(ws, name) for name in ("columns", "unassigned"))
    if columns.empty:
        return False
    objects = {(row.file, row.sheet): row.object for row in table_rows(columns)}
    left_out = set(unassigned[_KEYS].itertuples(index=False, name=None)) if len(unassigned) else set()
    for row in table_rows(read(ws.sheets / f"{NAME}.csv")):
        key, wanted = (row.file, row.sheet), row.decision.strip() or row.proposal
        if str(row.rows) in ("", "0"):
            continue
        if (key in left_out) != (wanted in ("", LEAVE_OUT)) or (
            key not in left_out and objects.get(key, JOINED) != wanted
        ):
            return True
    return False


def _staged(ws: Workspace, name: str) -> pd.DataFrame:
    path = ws.staged / f"{name}.parquet"
    return read_frame(path).fillna("") if path.exists() else pd.DataFrame()
