"""The plan as a proposal: built from staged tables, decided sheets and the location, kept in the workspace for approval."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from pb2hl import mapper, matching, plan
from pb2hl.errors import Damaged, GateClosed, SheetError
from pb2hl.highlevel import Destination
from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.ledger import LedgerPort, State
from pb2hl.matching.sheets import SHEETS as MATCH_SHEETS
from pb2hl.matching.sheets import SURVIVORSHIP
from pb2hl.model import OBJECTS
from pb2hl.operations import MOST_FILE_BYTES, Kind, Operation, Target, canonical_hash, rows_in
from pb2hl.plan import ExportFile, Plan, PlanInputs
from pb2hl.plan.inputs.inputs import newest_day
from pb2hl.progress import SILENT, Progress
from pb2hl.results import StepResult
from pb2hl.source import embedded_files
from pb2hl.source.containers import open_container
from pb2hl.source.files import ExportFiles
from pb2hl.steps.proposal.decisions import changed, config_in_force, decided, delta_rows, of_plan, own_rows
from pb2hl.steps.proposal.schema_choices import SHEET, choices, write_choices
from pb2hl.steps.proposal.unsettled import of_merged
from pb2hl.whole import read_frame, undamaged, write_frame
from pb2hl.workspace import Workspace

PLANNED = "planned"
"""The fact that holds what the stored plan was made from: `{"decisions", "schema_hash", "choices"}`."""

SHARING = "activities share notes"
"""The fact that a plan was made in which they do: what was loaded so stays so, whatever the policy says later."""

APPLIED = "schema_applied"
"""The fact that holds the hash of the schema plan that was carried out whole."""

LINEAGE = ("lineage_summary", "lineage_rules", "lineage_exceptions", "lineage_balance", "lineage_merged", "losses")
"""The plan's own account, kept beside its operations."""


def merges_of(ws: Workspace, ledger: LedgerPort, staged: Mapping[str, pd.DataFrame]) -> matching.Merges:
    """Who survived, by the decided sheets (rows that only later exports have aside). Raises SheetError with every problem."""
    known = {str(item) for frame in staged.values() for item in frame["source_id"]} if delta_rows(ledger) else set()
    rules = ws.sheet("survivorship", SURVIVORSHIP) if (ws.sheets / "survivorship.csv").exists() else None
    duplicates, companies = (
        own_rows(ws.sheet(name, MATCH_SHEETS[name]), name, ledger, known) for name in ("duplicates", "companies")
    )
    contacts, firms = (staged.get(name, pd.DataFrame()) for name in ("contacts", "companies"))
    return matching.decided_merges(contacts, firms, duplicates, companies, rules)


def plan_inputs(
    ws: Workspace, ledger: LedgerPort, destination: Destination, aliases: Mapping[tuple[str, str], str] | None = None
) -> PlanInputs:
    """Everything a plan is made of. `destination` is the location without what this migration made in it; `aliases` are
    rows whose record was made for another row (PlanInputs)."""
    ws.require_staged()
    staged = {name: table for name in OBJECTS if not (table := ws.table(name)).empty}
    noted = _noted(ws, ledger)
    inputs = PlanInputs(
        staged=staged,
        merges=merges_of(ws, ledger, staged),
        mapping=mapper.mapping_of(ws, destination),
        destination=destination,
        config=config_in_force(ws, ledger),
        columns=_beside(ws, "columns"),
        not_converted=_beside(ws, "not_converted"),
        dropped=_beside(ws, "dropped"),
        source_cells=_beside(ws, "source_cells"),
        export_date=_export_date(ws, staged),
        files=export_files(ws),
        inline_files=ws.files / "inline",
        conflicts=choices(ws),
        aliases=aliases or {},
        **_logged(ws, ledger, noted),
        noted=noted,
        capabilities=Capabilities.of(ledger),
    )
    return of_merged(inputs)


def _noted(ws: Workspace, ledger: LedgerPort) -> dict[str, str]:
    """Activity that stands in a note → the activity whose note it is, the one that was sent last; nothing is read where none ever shared one."""
    if config_in_force(ws, ledger).policy.activity_notes == "one each" and not ledger.recall(SHARING):
        return {}
    standing = (State.DONE, State.INTENDED, State.IN_DOUBT)
    own: dict[str, str] = {}
    found: dict[str, str] = {}
    for entry in ledger.iterate(state=standing, target=Target.NOTE):
        if entry.object == "activities" and entry.kind is Kind.CREATE:
            own[entry.source_id] = entry.source_id
            found.update(dict.fromkeys(rows_in(entry), entry.source_id))
    return found | own


def _logged(ws: Workspace, ledger: LedgerPort, noted: Iterable[str]) -> dict[str, Any]:
    """`logged` and `counted` of the inputs; nothing is read while activities become notes. `noted` are those in notes."""
    policy = config_in_force(ws, ledger).policy
    if policy.activities == policy.meetings == "note":
        return {}
    names = ["object", "source_id", "op_id", "destination_id"]
    rows = {t: list(ledger.columns(names, state=State.DONE, target=t)) for t in (Target.NOTE, Target.MESSAGE)}
    logged = {
        source_id: target is Target.MESSAGE
        for target, entries in rows.items()
        for object_, source_id, *_ in entries
        if object_ == "activities"
    }
    read = {
        id for entry in ledger.iterate(state=State.DONE, target=Target.UNREAD) for id in entry.payload["$url"].values()
    }
    logged = dict.fromkeys(noted, False) | logged
    return {"logged": logged, "counted": frozenset(op_id for _, _, op_id, id in rows[Target.MESSAGE] if id in read)}


def _export_date(ws: Workspace, staged: Mapping[str, pd.DataFrame]) -> date | None:
    """The newest day in the export that is not after the day it was read: an absurd date moves nothing."""
    inventory = StepResult.load(ws.results("inventory"))
    if inventory is None:
        return None
    read_on = datetime.fromisoformat(inventory.at).date() + timedelta(days=1)
    return newest_day(staged, read_on) or read_on


def _beside(ws: Workspace, name: str) -> pd.DataFrame:
    path = ws.staged / f"{name}.parquet"
    return read_frame(path) if path.exists() else pd.DataFrame()


def export_files(ws: Workspace) -> dict[str, ExportFile]:
    """The export's files that are no staged tables, by relative name, copied into the workspace under safe names, and
    those that stood in cells.

    A file over HighLevel's limit is known with its size and not copied: it is flagged, never sent.
    """
    if ws.table("attachments", ["source_id"]).empty and ws.table("notes", ["source_id"]).empty:
        return {}
    columns = _beside(ws, "columns")
    tables = set(columns["file"].astype(str)) if "file" in columns.columns else set()
    files = ExportFiles(ws.files)
    for item in open_container(ws.export_path, ws.config.limits, ws.files)[0]:
        if item.name not in tables:
            files.add(item.name, item.size, item.read)
    in_cells = {name: _file(path) for name, path in embedded_files(ws.files).items()}
    return {name: _export_file(files, name) for name in files} | in_cells


def _export_file(files: ExportFiles, name: str) -> ExportFile:
    size = files.size(name)
    if size > MOST_FILE_BYTES:
        return ExportFile("", size)
    return _file(files.copy(name))


def _file(path: Path) -> ExportFile:
    size = path.stat().st_size
    if size > MOST_FILE_BYTES:
        return ExportFile("", size)
    return ExportFile(str(path), size, hashlib.sha256(path.read_bytes()).hexdigest())


def without_ours(destination: Destination, ledger: LedgerPort, orphans: Collection[str] = ()) -> Destination:
    """The location as it would be without what this migration created: a plan is made against the client's own records.

    `orphans` are ids of records that we made and no row stands for any more: they count as the client's own.
    """
    made = ledger.columns(["destination_id", "kind"], state=State.DONE)
    ours = {destination for destination, kind in made if kind in (Kind.CREATE, Kind.UPLOAD)}.difference(orphans)
    if not ours:
        return destination
    frames = {
        name: frame[~frame["id"].isin(ours)].reset_index(drop=True)
        for name in ("contacts", "businesses", "opportunities", "object_records")
        if not (frame := getattr(destination, name)).empty
    }

    def keep(items: Any) -> tuple[Any, ...]:
        return tuple(item for item in items if item.get("id") not in ours)

    lists: dict[str, Any] = {
        name: keep(getattr(destination, name)) for name in ("folders", "pipelines", "tags", "calendars", "objects")
    }
    fields = {model: keep(items) for model, items in destination.fields.items()}
    return replace(destination, fields=fields, **lists, **frames)


def propose(
    ws: Workspace, ledger: LedgerPort, destination: Destination, progress: Progress = SILENT
) -> tuple[Plan, Plan]:
    """(schema plan, data plan), both written to the workspace, with what they were made from on record.

    Raises SheetError or ConfigError when sheets or settings do not hold together.
    """
    progress.start("reading what the plan is made of", 1, "plans")
    inputs = plan_inputs(ws, ledger, without_ours(destination, ledger))
    progress.advance()
    schema = plan.build_schema(inputs, progress=progress)
    data = plan.build(inputs, progress=progress)
    progress.start("keeping the plan", 2 + len(LINEAGE), "tables")
    schema.operations.write(ws.plan / "schema")
    progress.advance()
    data.operations.write(ws.plan / "data")
    progress.advance()
    for name in LINEAGE:
        write_frame(ws.plan / f"{name}.parquet", data.tables[name])
        progress.advance()
    write_choices(ws, schema.tables["conflicts"])
    if inputs.config.policy.activity_notes == "joined":
        ledger.remember(SHARING, True)
    planned = {
        "decisions": of_plan(decided(ws, ledger)),
        "schema_hash": schema_hash(schema),
        "choices": _choices_hash(ws),
        "operations": _stored(ws),
    }
    ledger.remember(PLANNED, planned)
    return schema, data


def _choices_hash(ws: Workspace) -> str:
    return canonical_hash(sorted([*key, decision] for key, decision in choices(ws).items()))


def schema_hash(schema: Plan) -> str:
    """What an approval of the schema names: SHA-256 over every operation that would be sent, in order."""
    return schema_hash_of(schema.operations)


def schema_hash_of(operations: Iterable[Operation]) -> str:
    """The same over operations read back from the workspace."""
    return canonical_hash([[op.op_id, op.kind, op.payload] for op in operations])


def _stored(ws: Workspace) -> dict[str, int]:
    """How many operations each file of the stored plan holds. Raises Damaged."""
    found = {}
    for path in sorted((ws.plan / "schema").glob("*.parquet")) + sorted((ws.plan / "data").glob("*.parquet")):
        with undamaged(path):
            found[path.relative_to(ws.plan).as_posix()] = pq.read_metadata(path).num_rows
    return found


def _require_whole(ws: Workspace, planned: Mapping[str, Any]) -> None:
    """Raise Damaged when a file of the plan is gone or another than the plan was kept as: what it held would not be loaded."""
    there: dict[str, int] = _stored(ws)
    kept: Mapping[str, int] = planned.get("operations") or {}
    for name in kept:
        if there.get(name) != kept[name]:
            what = "is missing" if name not in there else f"holds {there[name]:,} operations of {kept[name]:,}"
            raise Damaged(f"{ws.plan / name} {what}", hint=f"pb2hl schema {ws.path} makes the plan anew")


def in_place(ledger: LedgerPort) -> bool:
    """Whether the schema that the stored plan needs was made: that very one, and not one of a plan before it."""
    applied = ledger.recall(APPLIED)
    return bool(applied) and applied == (ledger.recall(PLANNED) or {}).get("schema_hash")


def put_in_place(ledger: LedgerPort) -> None:
    """Remember that the schema of the stored plan was made whole."""
    ledger.remember(APPLIED, (ledger.recall(PLANNED) or {}).get("schema_hash"))


def not_in_place(ledger: LedgerPort) -> None:
    """Remember that the schema is no longer whole: some of it is being taken back."""
    ledger.remember(APPLIED, None)


def made_of(ledger: LedgerPort) -> Mapping[str, str]:
    """The decisions that the stored plan was made from."""
    return (ledger.recall(PLANNED) or {}).get("decisions", {})


def differs(ws: Workspace, ledger: LedgerPort) -> list[str]:
    """The names of what was decided otherwise since the stored plan was made; everything is, where there is none.

    Raises SheetError when a sheet is missing or lost its columns.
    """
    planned = ledger.recall(PLANNED) or {}
    edited = [f"sheets/{SHEET}.csv"] if planned.get("choices") != _choices_hash(ws) else []
    return changed(made_of(ledger), of_plan(decided(ws, ledger))) + edited


def require_current(ws: Workspace, ledger: LedgerPort) -> None:
    """Raise GateClosed unless the stored plan was made from the sheets as they are now."""
    planned = ledger.recall(PLANNED)
    if planned is None or not (ws.plan / "data").exists():
        raise GateClosed("there is no plan yet", hint=f"pb2hl schema {ws.path}")
    try:
        since = differs(ws, ledger)
    except SheetError as error:
        raise GateClosed(error.message, hint=error.hint, problems=error.problems) from error
    _require_whole(ws, planned)
    if since:
        raise GateClosed(
            f"what the plan was made of has changed since: {', '.join(since)}",
            hint=f"approve the mapping again, then: pb2hl schema {ws.path}",
        )
