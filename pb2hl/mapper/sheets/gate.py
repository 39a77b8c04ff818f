"""The mapping gate's facts of a workspace: its sheets, what is open, the hash of what is approved, and accepting it all."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import pandas as pd

from pb2hl.clock import SYSTEM_CLOCK, Clock, stamp
from pb2hl.errors import Problem, Severity, SheetError
from pb2hl.highlevel import Destination
from pb2hl.ledger import Ledger
from pb2hl.mapper.knowledge.sheet_layout import EDITABLE, KEYS, SHEETS, WAITS
from pb2hl.mapper.proposer.money import DOUBT
from pb2hl.mapper.sheets import tables
from pb2hl.mapper.sheets.check import invalid_rows, summary, undecided_rows
from pb2hl.mapper.sheets.current import outdated
from pb2hl.mapper.sheets.decided import Mapping as DecidedMapping
from pb2hl.mapper.sheets.decided import decided_mapping
from pb2hl.mapper.sheets.lossy import refused, without_amounts
from pb2hl.model import OBJECTS, RAW_PREFIX
from pb2hl.operations import SCHEMA_TARGETS, Kind, canonical_hash
from pb2hl.sheets import write_sheet
from pb2hl.values.fold import fold
from pb2hl.whole import column_names, read_frame
from pb2hl.workspace import Workspace


def read_sheets(ws: Workspace) -> dict[str, pd.DataFrame]:
    """Every mapping sheet of the workspace by name. Raises SheetError when one is missing or lost its columns."""
    problems: list[Problem] = []
    found = {}
    for name, columns in SHEETS.items():
        try:
            found[name] = ws.sheet(name, columns)
        except SheetError as error:
            problems += error.problems or (
                Problem("sheet_missing", error.message, Severity.CRITICAL, file=f"{name}.csv"),
            )
    if problems:
        raise SheetError(
            "mapping sheets are missing or damaged", hint=f"run: pb2hl mapping {ws.path}", problems=problems
        )
    return found


def staged_tables(ws: Workspace) -> dict[str, pd.DataFrame]:
    """Every staged table that the export has, by object, without the raw text (which is most of its size)."""
    found = {}
    for name in OBJECTS:
        if ws.has_table(name):
            names = column_names(ws.staged / f"{name}.parquet")
            columns = [column for column in names if not column.startswith(RAW_PREFIX)]
            table = ws.table(name, columns)
            if not table.empty:
                found[name] = table
    return found


def mapping_of(ws: Workspace, destination: Any = None) -> DecidedMapping:
    """The mapping of a workspace. `destination` is by default the one saved in the workspace."""
    location = destination if destination is not None else Destination.load(ws.path)
    return decided_mapping(read_sheets(ws), staged_tables(ws), location)


def undecided(ws: Workspace, *, just_written: bool = False) -> list[Problem]:
    """Everything that blocks the approval of the mapping: rows without a decision, edits that cannot be, and what the
    staged tables or the sheets no longer agree on (of sheets that the mapping step has `just_written`: nothing by age)."""
    try:
        sheets = read_sheets(ws)
    except SheetError as error:
        return list(error.problems)
    location = Destination.load(ws.path)
    users, lines = (location.users, location.pipelines) if location is not None else (None, ())
    invalid = invalid_rows(sheets, users, lines, _here(ws))
    return summary(
        [
            *tables.undecided(ws),
            *undecided_rows(sheets),
            *invalid,
            *outdated(ws, sheets, just_written=just_written),
            *refused(ws, sheets["fields"]),
            *without_amounts(sheets["fields"]),
        ]
    )


def accept_all(ws: Workspace, who: str, clock: Clock = SYSTEM_CLOCK) -> int:
    """Decide every undecided row the documented way, as given by `who`; returns how many rows that were.

    Columns become custom fields (contacts, companies, deals) or provenance (the rest); stages go the proposed way (`beside` when their pipeline lacks them);
    owners to the fallback owner; tags and picklist values stay as proposed.
    """
    count = tables.accept_all(ws, who, clock)
    for name, frame in read_sheets(ws).items():
        open_rows = frame["decision"].str.strip() == ""
        if name == "fields":
            open_rows &= ~frame["reason"].str.startswith((DOUBT, WAITS))  # nobody but a person says it
        rows = frame.index[open_rows]
        if not len(rows):
            continue
        default = {"fields": "custom", "owners": "fallback", "tags": "keep", "picklists": "keep"}
        frame.loc[rows, "decision"] = frame.loc[rows, "proposal"] if name == "stages" else default[name]
        frame.loc[rows, "who"] = who
        frame.loc[rows, "when"] = stamp(clock.now())
        if name == "fields":
            _complete(frame, rows)
        write_sheet(ws.sheets / f"{name}.csv", frame)
        count += len(rows)
    return count


def _complete(frame: pd.DataFrame, rows: pd.Index) -> None:
    """A custom field needs a label and a type."""
    for at in rows:
        frame.at[at, "label"] = str(frame.at[at, "label"]).strip() or str(frame.at[at, "column"])
        frame.at[at, "type"] = str(frame.at[at, "type"]).strip() or "TEXT"


BY_HAND = "pipelines_by_hand"
"""The fact that lists the names (case-folded) of pipelines which an admin was asked to make."""


def mapping_hash(ws: Workspace, destination: Any = None) -> str:
    """What an approval of the mapping names: 64 hex digits over decisions, the export's columns and the location's schema.

    Row order, spaces, comments and who decided do not count; nor does what pb2hl itself made in the location.
    """
    return canonical_hash(mapping_parts(ws, destination))


def mapping_parts(ws: Workspace, destination: Any = None) -> dict[str, str]:
    """The same, a hash for each part by the name it is told under."""
    location = destination if destination is not None else Destination.load(ws.path)
    parts = {f"sheets/{name}.csv": canonical_hash(_canonical(name, frame)) for name, frame in read_sheets(ws).items()}
    parts["the export's columns"] = canonical_hash(_columns(ws))
    parts["the location's users, fields and pipelines"] = canonical_hash(
        schema_facts(location, _made_here(ws, location))
    )
    if decided := tables.facts(ws):
        parts["sheets/tables.csv"] = canonical_hash(decided)
    return parts


def _canonical(name: str, frame: pd.DataFrame) -> list[list[str]]:
    columns = [*KEYS[name], *(column for column in EDITABLE[name] if column != "comment")]
    return sorted([str(cell).strip() for cell in row] for row in frame[columns].itertuples(index=False, name=None))


def _here(ws: Workspace) -> set[tuple[str, str]]:
    """(object, column) of this export; the fields sheet may have more, from later ones."""
    return {(object_, heading) for object_, _, _, heading in _columns(ws)}


def _columns(ws: Workspace) -> list[list[str]]:
    path = ws.staged / "columns.parquet"
    if not path.exists():
        return []
    frame = read_frame(path, columns=["object", "file", "sheet", "heading"]).fillna("").astype(str)
    return sorted(list(row) for row in frame.itertuples(index=False, name=None))


def _made_here(ws: Workspace, location: Any) -> set[str]:
    """Ids of the fields, pipelines, tags that this workspace's ledger made, or had an admin make (BY_HAND).

    Those that it found there and used are not among them.
    """
    if not Ledger.exists(ws):
        return set()
    with Ledger.open(ws) as ledger:
        asked_for = set(ledger.recall(BY_HAND) or ())
        by_hand = {line["id"] for line in getattr(location, "pipelines", ()) if fold(line["name"]) in asked_for}
        return by_hand | {
            record.destination_id
            for target in SCHEMA_TARGETS
            for record in ledger.iterate(target=target)
            if record.destination_id and record.kind == Kind.CREATE
        }


def schema_facts(destination: Any, without: Set[str] = frozenset()) -> Mapping[str, Any]:
    """What of a location the mapping depends on: users, pipelines with stages, custom fields; ids of `without` left out."""
    if destination is None:
        return {}
    fields = [
        [model, item.get("id"), item.get("name"), item.get("dataType"), sorted(map(str, item.get("options") or ()))]
        for model, items in sorted(destination.fields.items())
        for item in items
        if item.get("id") not in without and not model.startswith("custom_objects.")
    ]
    pipelines = [
        [line.get("id"), line.get("name"), [stage.get("name") for stage in line.get("stages", ())]]
        for line in destination.pipelines
        if line.get("id") not in without
    ]
    users = [[user.get("id"), user.get("email"), user.get("active")] for user in destination.users]
    return {"users": sorted(users, key=str), "pipelines": sorted(pipelines, key=str), "fields": sorted(fields, key=str)}
