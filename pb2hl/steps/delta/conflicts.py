"""sheets/conflicts.csv: fields that were changed on both sides, and what people decided about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pb2hl.errors import Problem, Severity, SheetError
from pb2hl.sheets import table_rows, write_sheet
from pb2hl.workspace import Workspace

CONFLICT_COLUMNS = (
    "object", "source_id", "record_id", "field", "sent", "later", "now", "decision", "who", "when", "comment",
)  # fmt: skip

KEEP, SOURCE = "keep", "source"
"""Decisions: leave what people in HighLevel have, or write what the later export says."""

WHOLE = "(whole record)"
"""Stands for the field when the record itself was removed in HighLevel."""

_NAME = "conflicts"
Key = tuple[str, str, str]
Decisions = Mapping[Key, tuple[str, str]]
"""(object, source id, field) → (decision, the later value it was made about)."""


def decisions(ws: Workspace) -> Decisions:
    """(object, source id, field) → (decision, the later value it was made about). SheetError for unknown decisions."""
    sheet = _sheet(ws)
    chosen = sheet["decision"].str.strip().str.casefold()
    unknown = sheet[~chosen.isin(["", KEEP, SOURCE])]
    if len(unknown):
        raise SheetError(
            "sheets/conflicts.csv has decisions that are not known",
            hint=f"write {KEEP} (HighLevel's value stays) or {SOURCE} (the export's value is written)",
            problems=[
                Problem("decision", f"{row.decision!r} is no decision", Severity.CRITICAL, file="conflicts.csv", row=index + 2)
                for index, row in zip(unknown.index, table_rows(unknown), strict=True)
            ],
        )  # fmt: skip
    return {
        (row.object, row.source_id, row.field): (decision, row.later)
        for row, decision in zip(table_rows(sheet), chosen, strict=True)
        if decision
    }


def asked(ws: Workspace) -> set[Key]:
    """(object, source id, field) of every row of the sheet, decided or not."""
    return {(row.object, row.source_id, row.field) for row in table_rows(_sheet(ws))}


def kept(ws: Workspace) -> dict[Key, str]:
    """What people decided to leave as it is in HighLevel, and who did."""
    chosen = decisions(ws)
    who = {(row.object, row.source_id, row.field): row.who.strip() for row in table_rows(_sheet(ws))}
    return {key: who[key] for key, (decision, _) in chosen.items() if decision == KEEP}


def write(ws: Workspace, found: Sequence[tuple[Any, ...]], taken: frozenset[Key]) -> pd.DataFrame:
    """Add the conflicts `found` to the sheet, leave decided rows as they are and take away those that were carried out.

    Gives the conflicts that wait for a decision.
    """
    fresh = pd.DataFrame(found, columns=list(CONFLICT_COLUMNS), dtype="str")
    sheet = _sheet(ws)
    keys = ["object", "source_id", "field"]
    decided = sheet[sheet["decision"].str.strip().ne("")]
    known = set(fresh[keys].itertuples(index=False, name=None))
    stays = [key not in known and key not in taken for key in decided[keys].itertuples(index=False, name=None)]
    if len(fresh) or len(sheet):
        both = pd.concat([decided[stays], fresh], ignore_index=True)
        write_sheet(ws.sheets / f"{_NAME}.csv", both[list(CONFLICT_COLUMNS)].fillna(""))
    return fresh


def _sheet(ws: Workspace) -> pd.DataFrame:
    if not (ws.sheets / f"{_NAME}.csv").exists():
        return pd.DataFrame(columns=list(CONFLICT_COLUMNS), dtype="str")
    return ws.sheet(_NAME, CONFLICT_COLUMNS)
