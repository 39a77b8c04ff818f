"""Step 1: which product the export is of, what it holds, what is wrong with it, and what will not move."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.highlevel import Destination
from pb2hl.mapper import SHEETS, archive
from pb2hl.mapper.knowledge.sheet_layout import WAITS
from pb2hl.mapper.sheets import tables
from pb2hl.mapper.sheets.merge import lapsed_problems
from pb2hl.model import CUSTOM_PREFIX, OBJECTS
from pb2hl.profile import Reconciliation, profile_tables, reconcile
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.results import Status, StepResult
from pb2hl.sheets import table_rows, write_sheet
from pb2hl.steps.prepare import faults
from pb2hl.steps.prepare.field_notices import fields_apart
from pb2hl.steps.prepare.forecast import time_at_limit, volume
from pb2hl.steps.shared.cannot_hold import cannot_hold
from pb2hl.steps.shared.intake import LEFT_OUT_BY, Intake, Staged, decide_fields, stage_tables, take_in, write_staged
from pb2hl.values.counting import counted
from pb2hl.workspace import Workspace

STEP = "inventory"
EDITIONS = {
    "crm": "business (CRM) edition",
    "legal": "legal-accounting edition",
    "unknown": "product not known for sure",
}


def inventory(ws: Workspace, *, progress: Progress = SILENT, cancel: Cancel | None = None) -> StepResult:
    """Read the export, stage it, and tell what it holds. Leaves `staged/*.parquet` and `sheets/fields.csv`.

    Raises ExportError for an export that cannot be read or is of the wrong product, SheetError for a damaged fields sheet.
    """
    with ws.lock(STEP):
        result = _run(ws, progress, cancel)
        result.save(ws.results(STEP))
    return result


def restage(ws: Workspace, *, progress: Progress = SILENT, cancel: Cancel | None = None) -> StepResult:
    """Stage the export again after `sheets/fields.csv` was edited. For steps that already hold the workspace's lock."""
    result = _run(ws, progress, cancel)
    result.save(ws.results(STEP))
    return result


def _run(ws: Workspace, progress: Progress, cancel: Cancel | None) -> StepResult:
    intake = take_in(
        ws.export_path,
        into=ws.files,
        limits=ws.config.limits,
        sheet=ws.sheets / "tables.csv",
        leave_out=ws.config.leave_out,
        progress=progress,
        cancel=cancel,
    )
    tables.write(ws.sheets / "tables.csv", intake.tables)
    path = ws.sheets / "fields.csv"
    fields, lapsed = decide_fields(intake, path, ws.config, progress=progress)
    staged = stage_tables(intake, fields, ws.config, progress=progress)
    if cancel is not None:
        cancel.check()
    write_sheet(path, fields[[*SHEETS["fields"]]])
    archive(ws.reports, lapsed)
    write_staged(ws.staged, intake, staged, progress=progress)
    profile = profile_tables(staged.tables, progress=progress, cancel=cancel)
    return _result(ws, intake, staged, fields, profile, lapsed)


def _result(
    ws: Workspace, intake: Intake, staged: Staged, fields: pd.DataFrame, profile: pd.DataFrame, lapsed: pd.DataFrame
) -> StepResult:
    books = reconcile(staged.tables, staged.not_converted)
    cost = volume(ws, staged.tables)
    read = {raw.file for raw in intake.export.tables}
    problems = tuple(faults.as_decided(_problems(intake, staged, books, lapsed), ws.config, read))
    fatal = faults.fatal(problems)
    undecided = int((fields["decision"].str.strip() == "").sum())
    return StepResult(
        step=STEP,
        status=Status.FAILED if fatal else Status.DONE,
        headline=_headline(intake, staged, fatal),
        counts=_counts(intake, staged)
        | {"columns_undecided": undecided, "decisions_lapsed": len(lapsed)}
        | time_at_limit(int(cost["requests"].sum()))
        | books.counts(),
        tables={
            "objects": _objects(intake, staged),
            "columns": staged.staging.columns,
            "profile": profile,
            "relations": staged.relations,
            "dropped": staged.staging.dropped,
            "not_converted": staged.not_converted,
            "unassigned": intake.unassigned,
            "cannot_hold": cannot_hold(ws, staged.tables, Destination.load(ws.path)),
            "workflows": _workflows(staged.tables),
            "fields_apart": fields_apart(fields, staged.tables),
            "volume": cost,
            **books.tables(),
        },
        problems=problems,
        facts=_facts(ws, intake, books),
        next_step="" if fatal else "match",
    )


def _headline(intake: Intake, staged: Staged, fatal: Sequence[Problem]) -> str:
    moving = sum(len(frame) for frame in staged.tables.values())
    return (f"{'; '.join(str(replace(item, treatment='')) for item in fatal[:2])}. " if fatal else "") + (
        f"The export is of the {EDITIONS[intake.product.edition]}: {counted(moving, 'record')} of "
        f"{counted(len(staged.tables), 'kind')} in {counted(len(intake.export.tables), 'table')}."
    )


def _problems(intake: Intake, staged: Staged, books: Reconciliation, lapsed: pd.DataFrame) -> tuple[Problem, ...]:
    return (
        *intake.export.problems,
        *faults.no_identity(staged.tables),
        *faults.no_contacts(staged.tables, [(item.raw, item.object) for item in intake.tables]),
        *_unassigned_problems(intake.unassigned),
        *_joined_problems(intake),
        *staged.problems,
        *_missing_problems(staged),
        *_product_problems(intake),
        *_book_problems(books),
        *lapsed_problems(lapsed),
    )


def _counts(intake: Intake, staged: Staged) -> dict[str, Any]:
    return {
        "tables": len(intake.export.tables),
        "objects": len(staged.tables),
        "rows": sum(len(frame) for frame in staged.tables.values()),
        "columns": len(staged.staging.columns),
        "unassigned_tables": len(intake.unassigned),
        "dropped_rows": len(staged.staging.dropped),
        "not_converted_cells": len(staged.not_converted),
        "attachment_files": len(intake.export.files),
        **{f"rows_{name}": len(frame) for name, frame in staged.tables.items()},
    }


def _facts(ws: Workspace, intake: Intake, books: Reconciliation) -> dict[str, Any]:
    return {
        "edition": intake.product.edition,
        "edition_name": EDITIONS[intake.product.edition],
        "evidence": list(intake.product.evidence),
        "export": intake.export.path,
        "files": sorted({raw.file for raw in intake.export.tables}),
        "timezone": ws.config.timezone,
        "country": ws.config.country,
        "signs": books.signs,
    }


def _objects(intake: Intake, staged: Staged) -> pd.DataFrame:
    rows = []
    dropped = staged.staging.dropped["object"].value_counts()
    for name, frame in staged.tables.items():
        mine = [item for item in intake.tables if item.object == name]
        rows.append(
            {
                "object": name,
                "becomes": OBJECTS[name].becomes,
                "rows": len(frame),
                "source_rows": sum(len(item.raw.frame) + len(item.raw.dropped) for item in mine),
                "dropped": int(dropped.get(name, 0)),
                "files": ", ".join(dict.fromkeys(item.raw.label for item in mine)),
                "custom_columns": sum(str(column).startswith(CUSTOM_PREFIX) for column in frame.columns),
                "confidence": min(item.confidence for item in mine),
                "why": "; ".join(dict.fromkeys(item.reason for item in mine)),
            }
        )
    return pd.DataFrame(rows)


def _unassigned_problems(unassigned: pd.DataFrame) -> list[Problem]:
    return [_unassigned_problem(row) for row in table_rows(unassigned) if row.rows]


def _unassigned_problem(row: Any) -> Problem:
    """What is told of one table that holds none of the objects: nobody said what it is, or somebody left it out."""
    decided = row.reason.startswith(LEFT_OUT_BY)
    return Problem(
        "unassigned_table",
        row.reason if decided else f"fits no object: {row.reason.removeprefix(WAITS)}",
        Severity.INFO if decided else Severity.WARNING,
        file=row.file,
        sheet=row.sheet,
        count=row.rows,
        treatment="not migrated, as sheets/tables.csv says"
        if decided
        else "not migrated until somebody decides what it is, in notebook 01 or sheets/tables.csv",
    )


def _joined_problems(intake: Intake) -> list[Problem]:
    """What tables are told that hold no records of their own."""
    return [
        Problem(
            "joined_table",
            item.reason,
            Severity.INFO,
            file=item.raw.file,
            sheet=item.raw.sheet,
            count=len(item.raw.frame),
            treatment="its cells stand in columns of theirs; another decision in sheets/tables.csv makes it a table of its own",
        )
        for item in intake.tables
        if item.object == tables.JOINED
    ]


def _missing_problems(staged: Staged) -> list[Problem]:
    """Tables that a migration usually has, and an export without them should be asked about."""
    found = []
    for name in ("contacts", "companies", "deals", "users"):
        if name not in staged.tables:
            found.append(
                Problem("missing_table", f"the export has no {name}", Severity.INFO, treatment="migrated without them")
            )
        elif not len(staged.tables[name]):
            found.append(Problem("empty_table", f"the table of {name} has no rows", treatment="migrated without them"))
    return found


def _book_problems(books: Reconciliation) -> list[Problem]:
    """What the legal edition's books say: reported with its evidence, and no obstacle to the migration."""
    counts = books.counts()
    found = []
    if off := counts.get("trust_accounts_off", 0):
        message = f"bank, ledger and client ledgers do not agree in {off} trust accounts (by {counts['trust_difference']:,.2f} in all)"
        found.append(
            Problem(
                "trust_differs",
                message,
                count=int(off),
                treatment="each difference is traced to its transactions in trust_differences",
            )
        )
    if off := counts.get("time_entries_off", 0):
        message = (
            f"the rate table does not bear out {off} time entries (effect on the bills: {counts['time_effect']:+,.2f}; "
            f"billed without any rate: {counts['time_without_rate']:,.2f})"
        )
        found.append(
            Problem("rate_differs", message, count=int(off), treatment="listed in time_issues; nothing is changed")
        )
    return found


def _product_problems(intake: Intake) -> list[Problem]:
    if intake.product.edition != "unknown":
        return []
    evidence = "; ".join(intake.product.evidence[:3])
    return [
        Problem(
            "unknown_product",
            f"nothing shows for sure which Perfect Books this is ({evidence})",
            treatment="read as the business (CRM) edition",
        )
    ]


def _workflows(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    frame = tables.get("workflows", pd.DataFrame())
    columns = ["name", "kind", "trigger", "active", "steps"]
    found = pd.DataFrame(
        {name: frame[name] if name in frame else pd.Series(None, index=frame.index, dtype=object) for name in columns}
    )
    found["number_of_steps"] = [_steps(text) for text in found["steps"]]
    return found.drop(columns="steps").astype({"active": "boolean"} if len(found) else {})


def _steps(text: object) -> int:
    if not isinstance(text, str) or not text.strip():
        return 0
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return len([line for line in text.replace("->", "\n").replace(";", "\n").splitlines() if line.strip()])
    return len(body) if isinstance(body, list) else 1
