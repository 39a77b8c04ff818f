"""From the export to raw tables with an object each; shared by the inventory, its repetition and the delta."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from pb2hl import mapper, source
from pb2hl.errors import ExportError, Problem, SheetError
from pb2hl.mapper.knowledge.sheet_layout import LEFT_OUT_BY
from pb2hl.mapper.proposer.flags import LEAVES_OUT, flagged
from pb2hl.mapper.sheets import tables
from pb2hl.mapper.sheets.lossy import LEFT_OUT
from pb2hl.model import OBJECTS, OF_PEOPLE
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.sheets import read_sheet
from pb2hl.values.fold import fold_marks
from pb2hl.whole import private_folder, write_frame
from pb2hl.workspace import Config

UNASSIGNED_NAMES = ("file", "sheet", "rows", "headings", "reason")
REFERENCE = " reference"
"""What follows `dangling` or `ambiguous` in the reason of a reference that is listed as not converted."""


@dataclass(frozen=True)
class Recognised:
    """A raw table with the object it is ("" when none, `JOINED` when its cells stand in other tables), how sure that is (0-1), and why."""

    raw: source.RawTable
    object: str
    confidence: float
    reason: str


@dataclass(frozen=True)
class Intake:
    """An export read and understood: which product, which table is what."""

    export: source.Export
    product: mapper.Product
    tables: tuple[Recognised, ...]

    @property
    def assigned(self) -> list[tuple[source.RawTable, str]]:
        """Tables that are an object, with it."""
        return [(item.raw, item.object) for item in self.tables if item.object in OBJECTS]

    @property
    def unassigned(self) -> pd.DataFrame:
        """Tables that fit no object: file, sheet, rows, headings, reason; files that cannot be read are told as well."""
        rows = [
            (item.raw.file, item.raw.sheet, len(item.raw.frame), ", ".join(item.raw.headings[:20]), item.reason)
            for item in self.tables
            if not item.object
        ]
        rows += [(file, "", 0, "", why) for file, why in self.export.unread]
        return pd.DataFrame(rows, columns=list(UNASSIGNED_NAMES))


def take_in(
    path: Path,
    *,
    into: Path,
    sheet: Path | None = None,
    limits: source.Limits = source.LIMITS,
    leave_out: Collection[str] = (),
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
) -> Intake:
    """Read the export at `path`, but for the files and folders that `leave_out` names, and say what each table is.

    What people decided in `sheet` (tables.csv) goes first.

    Raises ExportError when nothing can be read, it is the bookstore's catalogue, or no table fits any object.
    """
    export = source.read_export(path, into=into, limits=limits, progress=progress, cancel=cancel)
    export = replace(export, tables=[raw for raw in export.tables if not source.named(leave_out, raw.file)])
    parts = [part for raw in export.tables for part in _parts(raw)]
    raws = [raw for raw, _ in parts]
    product = mapper.product(raws)
    if product.edition == "bookstore":
        raise _bookstore(path, product.evidence)
    found = []
    decided = tables.decisions(sheet) if sheet is not None else {}
    progress.start("recognising tables", len(raws), "tables")
    for raw, said in parts:
        object_name, confidence, reason = _decided_object(raw, decided) or said or mapper.recognise(raw, raws)
        if object_name == "attachments":
            raw, damaged = source.take_out(raw, into, export.files)
            export = replace(export, problems=(*export.problems, *damaged))
        found.append(Recognised(raw, object_name, confidence, reason))
        progress.advance()
    progress.finish()
    found = _named(_referring(_joined(_taken_apart(found, decided), decided)))
    if not any(item.object in OBJECTS for item in found):
        if sheet is not None:
            tables.write(sheet, found)
        raise _nothing_recognised(path, export, found)
    return Intake(export, product, tuple(found))


def _bookstore(path: Path, evidence: Sequence[str]) -> ExportError:
    seen = "; ".join(evidence[:3])
    return ExportError(
        f"{path.name} is the catalogue of the Ottawa bookstore, another product that is called Perfect Books: {seen}",
        hint="give an export of the Perfect Books business (CRM) or legal-accounting edition",
    )


def _nothing_recognised(path: Path, export: source.Export, found: Iterable[Recognised]) -> ExportError:
    return ExportError(
        f"{path.name} holds no table of contacts, companies, deals or anything else of Perfect Books",
        hint="name the files after what they hold (contacts.csv, deals.csv, …), export with headings, or say in sheets/tables.csv what each table is",
        problems=[
            *(Problem("unassigned", item.reason, file=item.raw.file, sheet=item.raw.sheet) for item in found),
            *(Problem("unread", why, file=file) for file, why in export.unread),
        ],
    )


def _strangers(found: list[Recognised]) -> list[Recognised]:
    """The tables with people whom calendars and rows of bookings only name left out where a table of people or users has them: their
    address, or their name where they have none."""
    guests = [item.raw.sheet == source.ATTENDEES or item.reason.startswith(mapper.IN_ROWS) for item in found]
    pairs = list(zip(found, guests, strict=True))
    hosts = [item.raw for item, guest in pairs if item.object in ("contacts", "users") and not guest]
    known = set(mapper.contact_names(hosts))
    for raw in hosts:
        for heading in raw.headings:
            known.update(map(fold_marks, raw.frame[heading][raw.frame[heading].str.contains("@", regex=False)]))
    out = []
    for item, guest in pairs:
        if not guest:
            out.append(item)
            continue
        called = mapper.called(item.raw)
        new = ~called.isin(known)
        if item.raw.sheet == source.ATTENDEES:
            known.update(called)
        if new.any():
            raw = replace(
                item.raw, frame=item.raw.frame[new].reset_index(drop=True), rows=item.raw.rows[new.to_numpy()]
            )
            out.append(replace(item, raw=raw))
    return out


def _taken_apart(found: list[Recognised], decided: Mapping[tuple[str, str], tuple[str, str]]) -> list[Recognised]:
    """The tables with one for each object that their rows tell of, people whom only rows of deals have among them."""
    found = _strangers(_each_its_own(found, decided))
    said = ("contacts", _BY_PARTS, "people in the rows of deals whom no other table has")
    more = mapper.strangers([(item.raw, item.object) for item in found])
    return [*found, *(Recognised(raw, *(_decided_object(raw, decided) or said)) for raw in more)]


def _joined(found: list[Recognised], decided: Mapping[tuple[str, str], tuple[str, str]]) -> list[Recognised]:
    """The tables with what those that are none of records say put into columns of the records that it is about."""
    fixed = {at for at, item in enumerate(found) if (item.raw.file, item.raw.sheet) in decided}
    joins = mapper.join([item.raw for item in found], [item.object for item in found], fixed)
    out = []
    for at, item in enumerate(found):
        if at in joins.reasons:
            out.append(replace(item, object=tables.JOINED, confidence=0.95, reason=joins.reasons[at]))
        elif at in joins.waits:
            out.append(replace(item, object="", confidence=0.0, reason=joins.waits[at]))
        else:
            out.append(replace(item, raw=joins.tables.get(at, item.raw)))
    return out


_BY_PARTS = 0.7  # confidence (0-1) of parts whose table as a whole fits no object


def _each_its_own(found: list[Recognised], decided: Mapping[tuple[str, str], tuple[str, str]]) -> list[Recognised]:
    """The tables with people and their deals in one row each apart, but for those of which a person said what they are; of each part
    a person says it too."""
    known_at = [(item.raw.file, item.raw.sheet) in decided for item in found]
    are = [
        item.object
        if known
        else next((name for _, name, _ in mapper.two_objects(item.raw, item.object, ())), item.object)
        for item, known in zip(found, known_at, strict=True)
    ]  # a list of bookings looks like one of people, and holds nobody for the others
    out = []
    for at, (item, known) in enumerate(zip(found, known_at, strict=True)):
        others = [*are[:at], *are[at + 1 :]]
        parts = [] if known else mapper.two_objects(item.raw, item.object, others)
        out += [
            Recognised(
                raw, *(_decided_object(raw, decided) or (name, item.confidence or _BY_PARTS, reason or item.reason))
            )
            for raw, name, reason in parts
        ] or [item]
    return out


def _named(found: list[Recognised]) -> list[Recognised]:
    """The tables with what only their names say of their rows in a column of its own, and with why no batch run leaves one out."""
    named = mapper.name_rows([item.raw for item in found], [item.object for item in found])
    why = mapper.waiting([(item.raw, item.object, item.reason) for item in found])
    return [replace(item, raw=named.get(at, item.raw), reason=why[at]) for at, item in enumerate(found)]


def _referring(found: list[Recognised]) -> list[Recognised]:
    """The tables with references to a record of any object (`WhatId`) and lists of companies and contacts taken apart, by whom they mean, numbers
    that were called as whose they are, and with phones put together of what stands in several columns."""
    of = {name: [item.raw for item in found if item.object == name] for name in mapper.POINTED}
    ids = {name: mapper.ids_of(raws, name) for name, raws in of.items()}
    each = [mapper.ids_of([item.raw], "contacts") for item in found if item.object == "contacts"]
    found = [
        replace(item, raw=mapper.employed(of["companies"], item.raw)) if item.object == "contacts" else item
        for item in found
    ]
    companies, people = mapper.company_names(of["companies"]), mapper.contact_names(of["contacts"])
    called = frozenset(people.values())
    names = (called, frozenset(companies.values()), mapper.ids_of(of["deals"], "deals", "name"))
    known = {name: ids[name] | (own - {""}) for name, own in zip(ids, names, strict=True)}
    numbers = mapper.numbers_of((item.raw, item.object) for item in found)
    out = []
    for item in found:
        item = replace(item, raw=mapper.with_codes(item.raw)) if item.object in _REACHED else item
        headings, frame = item.raw.headings, item.raw.frame
        asked = (*mapper.of_any_record(headings, item.object), *mapper.of_either(headings, frame, item.object, known))
        frame = mapper.split_by_ids(headings, frame, dict.fromkeys(asked, known))
        frame = mapper.one_reference(frame, item.object, each, called) if item.object in OF_PEOPLE else frame
        frame = mapper.split_companies(list(frame.columns), frame, item.object, companies)
        frame = mapper.split_contacts(list(frame.columns), frame, item.object, people, companies)
        frame = mapper.who_called(list(frame.columns), frame, item.object, numbers)
        same = frame is item.raw.frame
        raw = item.raw if same else replace(item.raw, headings=list(frame.columns), frame=frame)
        out.append(item if same else replace(item, raw=raw))
    return out


_REACHED = frozenset({"contacts", "companies", "users"})  # objects whose rows have phones


def _decided_object(
    raw: source.RawTable, decided: Mapping[tuple[str, str], tuple[str, str]]
) -> tuple[str, float, str] | None:
    """(object, 1, reason) of a table that a person decided; None for others."""
    decision, who = decided.get((raw.file, raw.sheet), ("", ""))
    if decision == tables.LEAVE_OUT:
        return "", 0.0, f"{LEFT_OUT_BY}{who}"
    return (decision, 1.0, f"decided by {who}") if decision in OBJECTS else None


def _parts(raw: source.RawTable) -> list[tuple[source.RawTable, tuple[str, float, str] | None]]:
    """A table of several objects as one an object, and references of two columns as one column an object they mean.

    With each part goes what its rows themselves say it is, as `mapper.recognise` answers; None where they do not say.
    """
    raw = mapper.join_continued(raw)
    whole = _pointed(raw)
    mixed = mapper.mixed_types(raw)
    if whole is not raw or mixed is None:
        return [(whole, None)]
    parts = source.split_by(raw, mixed.heading, mixed.object_of)
    return [(_pointed(part), _said(part, mixed.heading, mixed.object_of)) for part in parts]


def _said(part: source.RawTable, heading: str, object_of: Callable[[str], str]) -> tuple[str, float, str] | None:
    """What the rows of a part say in the column `heading`, whose values all name one object."""
    if heading not in part.frame.columns:
        return None
    values = part.frame[heading].str.strip().unique()
    objects = {object_of(value) for value in values}
    if len(objects) != 1 or not (object_ := objects.pop()):
        return None
    return object_, 0.95, f"its rows say {', '.join(map(repr, values[:_VALUES_SAID]))} in {heading!r}"


_VALUES_SAID = 5  # values of a column that a reason names at most


def _pointed(raw: source.RawTable) -> source.RawTable:
    found = mapper.pointers(raw.headings, raw.frame, mapper.recognise(raw)[0])
    if not found:
        return raw
    frame = mapper.split_pointers(raw.headings, raw.frame, found)
    return replace(raw, headings=list(frame.columns), frame=frame)


def decide_fields(intake: Intake, path: Path, config: Config, *, progress: Progress = SILENT) -> mapper.Merged:
    """The fields sheet: new proposals, with the decisions of the sheet at `path` that still apply, and those that lapsed."""
    high, unmapped = config.thresholds.mapping_high, config.policy.unmapped_columns
    proposed = mapper.fields_sheet(intake.assigned, high, unmapped, progress)
    found = mapper.merged("fields", proposed, existing_sheet(path))
    return mapper.Merged(mapper.follow(mapper.complete(found.sheet, intake.assigned)), found.lapsed)


def existing_sheet(path: Path) -> pd.DataFrame | None:
    """The fields sheet at `path`, or None when there is none yet or it holds nothing. SheetError when it lost columns."""
    if not path.exists() or not path.stat().st_size:
        return None
    try:
        return read_sheet(path, mapper.SHEETS["fields"])
    except SheetError as error:
        if "is empty" in error.message:
            return None
        raise


@dataclass(frozen=True)
class Staged:
    """Staged tables with their references resolved, and the whole account of it.

    `cells` (object, file, sheet, heading, cells) counts what was read before anything was done with it.
    """

    staging: source.Staging
    cells: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    relations: pd.DataFrame
    not_converted: pd.DataFrame
    problems: tuple[Problem, ...]


def _assigned(raw: source.RawTable, name: str, fields: pd.DataFrame) -> source.Assigned:
    """A table with what its columns are; rows that a decided column flags (deleted, archived, test) are left out and listed."""
    decided, labels, types, transforms = mapper.assignment(fields, raw, name)
    for heading, transform in transforms.items():
        if transform == LEAVES_OUT:
            raw = source.leave_out(raw, flagged(raw.frame[heading]), f"{LEFT_OUT}{heading}")
    left = {heading: transform for heading, transform in transforms.items() if transform != LEAVES_OUT}
    return source.Assigned(raw, name, decided, labels, types, left)


def stage_tables(intake: Intake, fields: pd.DataFrame, config: Config, *, progress: Progress = SILENT) -> Staged:
    """Stage every recognised table as the fields sheet says, and resolve the references between them."""
    assigned = [_assigned(raw, name, fields) for raw, name in intake.assigned]
    staging = source.stage(assigned, config=config, progress=progress)
    named_stages, renamed = source.name_stages(staging.tables)
    tables, relations, unresolved, reference_problems = source.resolve_references(named_stages, progress=progress)
    missing = _as_not_converted(unresolved, tables)
    return Staged(
        staging,
        source_cells(intake),
        tables,
        relations,
        pd.concat([staging.not_converted, missing], ignore_index=True) if len(missing) else staging.not_converted,
        (*staging.problems, *renamed, *reference_problems),
    )


def source_cells(intake: Intake) -> pd.DataFrame:
    """Filled cells as read, one row a column: object, file, sheet, heading, cells."""
    rows = [(name, *where, cells) for raw, name in intake.assigned for where, cells in raw.filled_cells().items()]
    return pd.DataFrame(rows, columns=["object", "file", "sheet", "heading", "cells"])


def _as_not_converted(unresolved: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Unresolved references as rows of not_converted, each with its source file, sheet and row."""
    if not len(unresolved):
        return pd.DataFrame()
    parts = []
    for name, rows in unresolved.groupby("object", sort=False):
        where = tables[str(name)].set_index("source_id")[["source_file", "source_sheet", "source_row"]]
        place = where.reindex(rows["source_id"])
        reason = rows["reason"] + REFERENCE + rows["candidates"].map(lambda text: f": could be {text}" if text else "")
        parts.append(
            pd.DataFrame(
                {
                    "object": rows["object"].to_numpy(), "source_id": rows["source_id"].to_numpy(), "field": rows["field"].to_numpy(),
                    "text": rows["text"].to_numpy(), "reason": reason.to_numpy(), "file": place["source_file"].to_numpy(),
                    "sheet": place["source_sheet"].to_numpy(), "row": place["source_row"].to_numpy(),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def write_staged(folder: Path, intake: Intake, staged: Staged, *, progress: Progress = SILENT) -> None:
    """Write every staged table and the account tables, and take away tables that the export no longer has."""
    private_folder(folder)
    frames = {
        **staged.tables,
        "columns": staged.staging.columns,
        "dropped": staged.staging.dropped,
        "source_cells": staged.cells,
        "not_converted": staged.not_converted,
        "unassigned": intake.unassigned,
        "relations": staged.relations,
    }
    for old in folder.glob("*.parquet"):
        if old.stem not in frames:
            old.unlink()
    progress.start("writing staged tables", len(frames), "tables")
    for name, frame in frames.items():
        write_frame(folder / f"{name}.parquet", frame, index=False)
        progress.advance()
    progress.finish()
