"""Step 3: which column, stage, tag, picklist value and owner becomes what. Leaves five sheets; decides nothing by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from pb2hl import mapper
from pb2hl.errors import Problem, Severity, SheetError
from pb2hl.field_map import REFUSALS
from pb2hl.highlevel import Destination, read_destination
from pb2hl.ledger import Ledger
from pb2hl.mapper.sheets import lossy
from pb2hl.mapper.sheets.merge import lapsed_problems
from pb2hl.model import Way
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.results import Status, StepResult
from pb2hl.sheets import table_rows, write_sheet
from pb2hl.steps.prepare import inventory
from pb2hl.steps.shared.cannot_hold import cannot_hold
from pb2hl.steps.shared.session import with_client
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

STEP = "mapping"

MANY_FIELDS = 150
"""Custom fields of one object above which a person should look: HighLevel tells no limit, but no form of it holds more."""

NO_FALLBACK = "nobody owns their records: no fallback owner is a user of the location; their names go to a custom field"


def mapping(ws: Workspace, *, progress: Progress = SILENT, cancel: Cancel | None = None) -> StepResult:
    """Read the location, stage again when fields.csv was edited, and write the mapping sheets; decisions are kept.

    Raises TokenMissing, HighLevelError, and SheetError with every problem of the sheets at once.
    """
    ws.require_staged()
    cancel = cancel or Cancel()
    place = _read_location(ws, progress)
    cancel.check()
    with ws.lock(STEP):
        progress.start("comparing the staged tables with sheets/fields.csv", 1, "sheets")
        fields = ws.sheet("fields", mapper.SHEETS["fields"])
        restaged = lossy.staging_differs(ws, fields)
        progress.advance()
    if restaged:
        inventory.restage(ws, progress=progress, cancel=cancel)
    return _proposed(ws, place, restaged, progress, cancel)


def _proposed(ws: Workspace, place: Destination, restaged: bool, progress: Progress, cancel: Cancel) -> StepResult:
    """The sheets written anew with the decisions that stand in them, and the step's result, saved."""
    with ws.lock(STEP):
        cancel.check()
        fields = ws.sheet("fields", mapper.SHEETS["fields"])
        sheets, lapsed = write_sheets(ws, fields, place, progress)
        progress.start("trying what was decided on every value", 1, "mappings")
        result = _result(ws, sheets, place, restaged, lapsed)
        progress.advance()
        progress.finish()
        result.save(ws.results(STEP))
    return result


def follow_edits(ws: Workspace, *, progress: Progress = SILENT, cancel: Cancel | None = None) -> StepResult:
    """The mapping step again when the sheets were edited so that the staged tables do not fit them any more; after other edits its
    result as the sheets stand now, without asking HighLevel; else its last result.

    What cannot be converted under a new decision is told before anybody approves it. Raises what `mapping` raises.
    """
    last, place = StepResult.load(ws.results(STEP)), Destination.load(ws.path)
    fields = ws.sheet("fields", mapper.SHEETS["fields"])
    if last is None or place is None or lossy.staging_differs(ws, fields):
        return mapping(ws, progress=progress, cancel=cancel)
    if _as_left(ws, last):
        return last
    return _proposed(ws, place, False, progress, cancel or Cancel())


def _as_left(ws: Workspace, last: StepResult) -> bool:
    """Whether nobody edited a sheet, or decided on a table, since `last`."""
    edited = any(
        not now[list(mapper.EDITABLE[name])]
        .astype(str)
        .equals(last.tables[name][list(mapper.EDITABLE[name])].astype(str))
        for name, now in mapper.read_sheets(ws).items()
    )
    return not edited and last.counts["waiting"] == sum(item.count for item in mapper.undecided(ws))


def _read_location(ws: Workspace, progress: Progress) -> Destination:
    progress.start("reading the location", None)
    try:
        with Ledger.open(ws) as ledger:
            place = with_client(ws, ledger, STEP, lambda client: read_destination(client, progress=progress), progress)
    finally:
        progress.finish()
    place.save(ws.path)
    return place


def write_sheets(
    ws: Workspace, fields: pd.DataFrame, place: Destination, progress: Progress
) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """(every sheet, what lapsed of their decisions)."""
    progress.start("writing sheets", 5, "sheets")
    tables = mapper.staged_tables(ws)
    empty = pd.DataFrame()
    high = ws.config.thresholds.mapping_high
    customs = mapper.custom_fields(fields, tables.get("custom_fields"))
    fresh = {
        "stages": mapper.stages_sheet(
            tables.get("deals", empty), tables.get("pipelines", empty), place.pipelines, high
        ),
        "owners": mapper.owners_sheet(tables, place.users, ws.config.fallback_owner, high),
        "tags": mapper.tags_sheet(tables, ws.config.policy.tag_groups, high),
        "picklists": mapper.picklists_sheet(tables, customs, high),
    }
    found, lapsed = {"fields": mapper.follow(fields, mapper.lacking_of(place))}, []
    write_sheet(ws.sheets / "fields.csv", found["fields"])
    progress.advance()
    for name, sheet in fresh.items():
        found[name], gone = mapper.merged(name, sheet, _earlier(ws, name))
        mapper.archive(ws.reports, gone)
        lapsed += lapsed_problems(gone)
        write_sheet(ws.sheets / f"{name}.csv", found[name])
        progress.advance()
    progress.finish()
    return found, lapsed


def _earlier(ws: Workspace, name: str) -> pd.DataFrame | None:
    if not (ws.sheets / f"{name}.csv").exists():
        return None
    try:
        return ws.sheet(name, mapper.SHEETS[name])
    except SheetError as error:
        if error.problems:
            raise
        return None  # an empty file: nothing was decided in it


def _many_fields_problems(customs: pd.DataFrame) -> list[Problem]:
    counts = customs["object"].value_counts() if len(customs) else pd.Series(dtype=int)
    return [
        Problem("many_custom_fields", f"{counted(count, 'column')} of {name} become custom fields: each is a request, and a line in every form",
                file="fields.csv", count=int(count),
                treatment="made as decided; decide `ignore` for those nobody needs, or set policy.unmapped_columns to \"note\" or \"archive\"")
        for name, count in counts.items()
        if count > MANY_FIELDS
    ]  # fmt: skip


def _result(
    ws: Workspace, sheets: Mapping[str, pd.DataFrame], place: Destination, restaged: bool, lapsed: list[Problem]
) -> StepResult:
    open_rows = mapper.undecided(ws, just_written=True)
    tables = mapper.staged_tables(ws)
    customs = _customs(mapper.custom_fields(sheets["fields"], tables.get("custom_fields")), tables)
    casts = lossy.casts(ws)
    fallback = mapper.fallback_user(ws.config.fallback_owner, place.users)
    problems = [
        *open_rows,
        *lapsed,
        *_problems(sheets, bool(fallback)),
        *_many_fields_problems(customs),
        *lossy.problems(casts),
    ]
    waiting = sum(item.count for item in open_rows)
    decided = sum(int((sheet["decision"] != "").sum()) for sheet in sheets.values())
    archived = lossy.archive_ignored(ws, sheets["fields"])
    return StepResult(
        step=STEP,
        status=Status.WAITING if waiting else Status.DONE,
        headline=_headline(decided, waiting),
        counts=_counts(sheets, customs)
        | {"waiting": waiting, "restaged": restaged, "ignored cells archived": archived},
        tables={
            **sheets,
            "custom_fields": customs,
            "transforms": casts,
            "lapsed": mapper.archived(ws.reports),
            "cannot_hold": cannot_hold(ws, tables, place),
            "problems": _as_table(problems),
        },
        problems=tuple(problems),
        facts={"location": place.location, "missing_scopes": list(place.missing_scopes)},
        next_step=f"pb2hl approve {ws.path} mapping --by NAME",
    )


def _counts(sheets: Mapping[str, pd.DataFrame], customs: pd.DataFrame) -> dict[str, Any]:
    fields = sheets["fields"]
    return {
        "columns": len(fields),
        "to standard fields": int((mapper.ways_of(fields) == Way.PROPERTY).sum()),
        "custom fields": len(customs),
        "ignored": int((fields["decision"] == "ignore").sum()),
        "stages": len(sheets["stages"]),
        "owners": len(sheets["owners"]),
        "owners without a user": int((sheets["owners"]["decision"] != "map").sum()),
        "tags": len(sheets["tags"]),
        "picklist values": len(sheets["picklists"]),
    }


def _customs(fields: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    rows = []
    for object_, items in fields.items():
        frame = tables.get(object_, pd.DataFrame())
        for item in items:
            filled = int(frame[item.staged_column].notna().sum()) if item.staged_column in frame.columns else 0
            rows.append(
                {
                    "object": object_, "label": item.label, "type": item.data_type, "options": " | ".join(item.options),
                    "filled": filled, "staged_column": item.staged_column,
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=["object", "label", "type", "options", "filled", "staged_column"])


def _headline(decided: int, waiting: int) -> str:
    if not waiting:
        return f"All {decided} decisions are made."
    return f"{counted(decided, 'decision')} {agree(decided, 'is', 'are')} proposed or made; {waiting} {agree(waiting, 'waits', 'wait')} for a person."


def _problems(sheets: Mapping[str, pd.DataFrame], fallback: bool) -> list[Problem]:
    """What a client should know although nobody has to decide it. `fallback`: there is a user for what has no owner."""
    fields = sheets["fields"]
    return [
        *_tag_cases(sheets["tags"]),
        *_owners_missed(sheets["owners"], fallback),
        *_ignored_columns(fields),
        *_consents(fields),
        *_deprecated(fields),
    ]


def _tag_cases(tags: pd.DataFrame) -> Iterator[Problem]:
    folded = tags.loc[tags["object"] == "contacts", "tag"].str.casefold()
    if collisions := int(folded[folded.duplicated(keep=False)].nunique()):
        message = f"{counted(collisions, 'tag')} {agree(collisions, 'occurs', 'occur')} in several spellings that differ only in case"
        treatment = "each becomes one tag"
        yield Problem("tag_case", message, Severity.INFO, file="tags.csv", count=collisions, treatment=treatment)


def _owners_missed(owners: pd.DataFrame, fallback: bool) -> Iterator[Problem]:
    treatment = "their records go to the fallback owner" if fallback else NO_FALLBACK
    for match in ("unmatched", "to invite", "inactive in HighLevel"):
        rows = owners[(owners["match"] == match) & (owners["records"] != "0")]
        if len(rows):
            records = int(pd.to_numeric(rows["records"], errors="coerce").fillna(0).sum())
            message = f"{counted(len(rows), 'owner')} of {counted(records, 'record')}: {match}"
            yield Problem("owner", message, file="owners.csv", count=len(rows), treatment=treatment)


def _ignored_columns(fields: pd.DataFrame) -> Iterator[Problem]:
    for row in table_rows(fields[(fields["decision"] == "ignore") & (fields["fill"] != "0")]):
        yield Problem(
            "ignored_column",
            f"column {row.column!r} of {row.object} is set to ignore; {_share(row.fill):.0%} of its cells are filled",
            Severity.INFO,
            file=row.file,
            sheet=row.sheet,
            field=row.column,
            treatment="archived in reports/ignored_cells.csv",
        )


def _consents(fields: pd.DataFrame) -> Iterator[Problem]:
    about = fields["proposal"].isin(CONSENTS) | fields["decision"].isin(CONSENTS)
    consents = fields[about | fields["reason"].str.contains("consent", regex=False)]
    treatment = f"if it refuses a channel, decide {', '.join(REFUSALS)}"
    for row in table_rows(consents[(consents["decision"] == "custom") & (consents["fill"] != "0")]):
        message = f"column {row.column!r} speaks of consent but sets no DND: it becomes a custom field only"
        yield Problem("consent", message, Severity.WARNING, file="fields.csv", field=row.column, treatment=treatment)
    yield from _strict_consents(consents)


def _deprecated(fields: pd.DataFrame) -> Iterator[Problem]:
    for row in table_rows(fields[fields["comment"].str.startswith("deprecated")]):
        message = f"field {row.label!r} of {row.object} is deprecated there but still filled"
        treatment = "moved all the same"
        yield Problem("deprecated_field", message, Severity.INFO, file=row.file, field=row.column, treatment=treatment)


def _share(text: str) -> float:
    """A share (0-1) as a sheet holds it, with a decimal comma too; 0 when a spreadsheet left no number."""
    number = pd.to_numeric(text.replace(",", "."), errors="coerce")
    return 0.0 if pd.isna(number) else float(number)


def _strict_consents(consents: pd.DataFrame) -> list[Problem]:
    """Permissions that were read as refusals where they say no: right for most, and a person should have seen it."""
    rows = consents[(consents["transform"] == "inverted") & ~consents["decision"].isin(["", "custom", "ignore"])]
    return [
        Problem(
            "consent_inverted",
            f"column {row.column!r} asks for permission: whoever does not give it gets {row.decision}",
            Severity.WARNING,
            file="fields.csv",
            field=row.column,
            treatment="the strict side; decide custom if the column means something else",
        )
        for row in table_rows(rows)
    ]


def _as_table(problems: list[Problem]) -> pd.DataFrame:
    columns = ["severity", "file", "row", "field", "message", "treatment", "count"]
    return pd.DataFrame([problem.as_dict() for problem in problems], columns=columns).astype({"severity": "str"})
