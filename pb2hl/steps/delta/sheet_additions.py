"""What a later export has that the approved mapping never saw: columns, stages, owners, tags, values. Decided before anything moves."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import pandas as pd

from pb2hl import mapper
from pb2hl.errors import GateClosed, Problem, Severity
from pb2hl.highlevel import Destination
from pb2hl.mapper.knowledge.sheet_layout import KEYS, PROPOSAL, prefill
from pb2hl.progress import SILENT
from pb2hl.register import MAPPING
from pb2hl.sheets import write_sheet
from pb2hl.steps.gates import gates
from pb2hl.steps.prepare.mapping import write_sheets
from pb2hl.values.fold import fold_marks
from pb2hl.workspace import Workspace

APPROVED = "approved mapping"
"""`who` of a decision that was a proposal when the mapping was approved: a later export does not reopen it."""

_FIELDS = ("object", "column")
"""What tells columns apart in a later export: its files may have other names."""

_CODES = {
    "fields": "new_column",
    "stages": "new_stage",
    "owners": "new_owner",
    "tags": "new_tag",
    "picklists": "new_value",
}
_TOLD = {"fields": "column", "stages": "stage", "owners": "owner", "tags": "tag", "picklists": "value"}


def pin(second: Workspace) -> None:
    """Let every decision of the approved sheets stand in the later workspace, those that were only proposals too."""
    for name, columns in mapper.SHEETS.items():
        sheet = second.sheet(name, columns)
        proposed = sheet["who"].eq(PROPOSAL) & sheet["decision"].ne("")
        if proposed.any():
            write_sheet(second.sheets / f"{name}.csv", sheet.assign(who=sheet["who"].mask(proposed, APPROVED)))


def propose(second: Workspace, location: Destination) -> None:
    """Write the later export's mapping sheets: decided rows as they are, new ones with their proposals."""
    location.save(second.path)
    write_sheets(second, second.sheet("fields", mapper.SHEETS["fields"]), location, SILENT)


def decide(ws: Workspace, second: Workspace, who: str) -> bool:
    """Put what is new and undecided to a decision in the sheets of `ws`; with `who` take every default and say True.

    True means that the later export has to be staged again. Raises GateClosed, naming every row, when a person has to
    decide: the rows are in the sheets then and the approval of the mapping lapsed.
    """
    new = {name: rows for name in mapper.SHEETS if len(rows := _new_rows(ws, second, name))}
    if not new:
        return False
    for name, rows in new.items():
        ours = ws.sheet(name, mapper.SHEETS[name])
        write_sheet(ws.sheets / f"{name}.csv", pd.concat([ours, rows if who else _open(rows)], ignore_index=True))
    if who:
        take_defaults(ws, who)
        return True
    count = sum(map(len, new.values()))
    closed = GateClosed(
        f"the later export has {count} columns, stages, owners, tags or values that the mapping never saw; its approval lapsed",
        hint=f"decide them in sheets/, then: pb2hl approve {ws.path} mapping --by NAME, and delta again",
        problems=[
            Problem(_CODES[name], _message(name, row), Severity.CRITICAL, file=f"{name}.csv", field=row[_TOLD[name] if name != "fields" else "column"])
            for name, rows in new.items() for row in rows.to_dict("records")
        ],
    )  # fmt: skip
    closed.gate = MAPPING.gate
    raise closed


def take_defaults(ws: Workspace, who: str) -> None:
    """Decide what is undecided by its proposal and approve the mapping, both as given by `who`."""
    sheet = ws.sheet("fields", mapper.SHEETS["fields"])
    sure = prefill(sheet, ws.config.thresholds.mapping_high)
    taken = sheet["decision"].eq("") & sure["decision"].ne("")
    write_sheet(ws.sheets / "fields.csv", sure.assign(who=sure["who"].mask(taken, who)))
    mapper.accept_all(ws, who)
    gates.approve(ws, "mapping", who, note="for what the later export has more")


def _new_rows(ws: Workspace, second: Workspace, name: str) -> pd.DataFrame:
    """Rows of the later sheet that ours lacks and that somebody has to decide; every new column is one."""
    ours, theirs = ws.sheet(name, mapper.SHEETS[name]), second.sheet(name, mapper.SHEETS[name])
    keys = list(_FIELDS if name == "fields" else KEYS[name])
    new = theirs[~_keys(theirs, keys).isin(_keys(ours, keys))]
    return new if name == "fields" else new[new["decision"].eq("")]


def _keys(sheet: pd.DataFrame, names: list[str]) -> pd.Index:
    """What the rows are about; a heading in other letters or spaces is the same column."""
    plain = {"column": sheet["column"].map(fold_marks)} if "column" in names else {}
    return pd.MultiIndex.from_frame(sheet.assign(**plain)[[*names, "decision"]]).droplevel("decision")


def _open(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(decision="", who="", when="")


def _message(name: str, row: Mapping[Hashable, str]) -> str:
    about = {"fields": "object", "stages": "pipeline", "tags": "object", "picklists": "field"}.get(name)
    where = f"{row[about]}: " if about else ""
    return f"{where}new {_TOLD[name]} {row[_TOLD[name]]!r}"
