"""Whether the sheets hold together: every problem at once, with file, row, column and what is allowed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.mapper.knowledge.sheet_layout import DATA_TYPES, DECISIONS, KEYS, STATUSES, WAITS, takes_several
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.proposer.custom import KINDS
from pb2hl.mapper.proposer.score import candidate
from pb2hl.mapper.sheets.fields import decided, named_transform
from pb2hl.mapper.sheets.nearest import not_allowed
from pb2hl.mapper.sheets.stages import without_stage
from pb2hl.model import OBJECTS, FieldKind
from pb2hl.values import transforms
from pb2hl.values.fold import fold

LONGEST_LABEL = 255
_NAMED = 20  # more undecided rows of one sheet than this are told as a number
_TOLD = {"owners": ("name",)}
"""What tells a person which row is meant, where its key is an id."""

_RECORDS = ("contacts", "companies", "deals")


def _problem(code: str, sheet: str, row: int, column: str, message: str) -> Problem:
    return Problem(code, message, Severity.CRITICAL, file=f"{sheet}.csv", row=row, field=column)


def undecided_rows(sheets: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """One problem for each row without a decision."""
    found = []
    for name, frame in sheets.items():
        named = [*KEYS[name], *_TOLD.get(name, ())]
        for at in frame.index[frame["decision"].str.strip() == ""]:
            about = " · ".join(filter(None, dict.fromkeys(frame.loc[at, named])))
            why = str(frame.at[at, "reason"])
            because = f": {why.removeprefix(WAITS)}" if why.startswith(WAITS) else ""
            found.append(_problem("undecided", name, int(at) + 2, "decision", f"{about} is not decided yet{because}"))
    return found


def invalid_rows(
    sheets: Mapping[str, pd.DataFrame],
    users: Sequence[Any] | None = None,
    pipelines: Sequence[Any] = (),
    columns: Collection[tuple[str, str]] = (),
) -> list[Problem]:
    """One problem for each edit that cannot be: unknown decisions, clashes, missing targets, unknown users.

    `users` and `pipelines` are the location's; None or none when they are not known (then user ids and stages are not checked).
    `columns` are (object, column) of this export: those that only another export has never clash with them. None given: all are.
    """
    found: list[Problem] = []
    for name, frame in sheets.items():
        keys = list(KEYS[name])
        for at in frame.index[frame.duplicated(subset=keys, keep="first")]:
            found.append(_problem("sheet_repeat", name, int(at) + 2, keys[-1], "this row is there twice: keep one"))
        for at, cells in zip(frame.index, frame.to_dict("records"), strict=True):
            row = {str(column): str(cell) for column, cell in cells.items()}
            line = int(at) + 2
            allowed = DECISIONS.get(name)
            if allowed and row["decision"].strip() not in ("", *allowed):
                message = not_allowed("decision", row["decision"], allowed)
                found.append(_problem("sheet_decision", name, line, "decision", message))
            found += [_problem(*problem) for problem in _CHECKS[name](name, line, row, users)]
    if "fields" in sheets:
        found += _clashes(sheets["fields"], columns)
        found += _transforms(sheets["fields"])
    if "stages" in sheets:
        found += _stages_missing(sheets["stages"], pipelines)
    return found


def _stages_missing(sheet: pd.DataFrame, pipelines: Sequence[Any]) -> list[Problem]:
    """Rows that map to a stage which an existing pipeline lacks: nothing existing is altered, so a person chooses."""
    found = []
    for at, line, stage, names in without_stage(sheet, pipelines):
        message = not_allowed("target_stage", stage, names, f"no stage of the existing pipeline {line!r}")
        message += "; or decide beside, with a new name as target_pipeline"
        found.append(_problem("sheet_stage", "stages", at + 2, "target_stage", message))
    return found


def _field_row(name: str, line: int, row: dict[str, str], users: Any) -> list[tuple]:
    object_, decision = row["object"], row["decision"].strip()
    if object_ not in OBJECTS:
        return [("sheet_object", name, line, "object", not_allowed("object", object_, tuple(OBJECTS)))]
    names = OBJECTS[object_].field_names
    found = []
    if decision and decision not in ("custom", "ignore", *names):
        meant = candidate(decision, object_, Signals()).field  # `zip`, `Vorname`: read as a heading would be
        near = meant if meant in names else ""
        message = not_allowed("decision", decision, ("custom", "ignore", *names), f"no field of {object_}", near=near)
        found.append(("sheet_decision", name, line, "decision", message))
    if decision == "custom" and object_ in _RECORDS:
        if row["type"].strip() not in ("", *DATA_TYPES):
            message = not_allowed("type", row["type"], DATA_TYPES, "no HighLevel type")
            found.append(("sheet_type", name, line, "type", message))
        if len(row["label"].strip()) > LONGEST_LABEL:
            found.append(("sheet_label", name, line, "label", f"the label is longer than {LONGEST_LABEL} characters"))
    return found


def _stage_row(name: str, line: int, row: dict[str, str], users: Any) -> list[tuple]:
    found = []
    for column in ("target_pipeline", "target_stage"):
        if row["decision"].strip() and not row[column].strip():
            found.append(
                ("sheet_target", name, line, column, f"{column} is empty: name a pipeline and a stage, old or new")
            )
    if row["status"].strip() not in ("", *STATUSES):
        message = not_allowed("status", row["status"], STATUSES, or_empty=True)
        found.append(("sheet_status", name, line, "status", message))
    return found


def _owner_row(name: str, line: int, row: dict[str, str], users: Any) -> list[tuple]:
    if row["decision"].strip() != "map" or users is None:
        return []
    ids = {str(user.get("id") or "") for user in users}
    emails = {fold(str(user.get("email") or "")) for user in users}
    known = (row["user_id"].strip() in ids - {""}) or (fold(row["user_email"]) in emails - {""})
    if known:
        return []
    seen = row["user_id"].strip() or row["user_email"].strip() or "nobody"
    message = not_allowed("user", seen, sorted(emails - {""}), "no user of the location")
    return [("sheet_user", name, line, "user_email", message)]


def _tag_row(name: str, line: int, row: dict[str, str], users: Any) -> list[tuple]:
    if row["decision"].strip() == "keep" and not row["target"].strip():
        return [("sheet_target", name, line, "target", "a kept tag needs a target; to leave it out, decide drop")]
    return []


def _picklist_row(name: str, line: int, row: dict[str, str], users: Any) -> list[tuple]:
    option = row["option"].strip()
    if row["object"] == "deals" and row["field"] == "status":
        if option not in ("", *STATUSES):
            return [("sheet_status", name, line, "option", not_allowed("option", option, STATUSES, or_empty=True))]
        return []
    if row["decision"].strip() and not option:
        return [("sheet_option", name, line, "option", "the option is empty: every value in use needs one")]
    return []


_CHECKS = {
    "fields": _field_row,
    "stages": _stage_row,
    "owners": _owner_row,
    "tags": _tag_row,
    "picklists": _picklist_row,
}


def _clashes(sheet: pd.DataFrame, columns: Collection[tuple[str, str]]) -> list[Problem]:
    """Two columns of one table of one export decided for one field, and one label for custom fields of two types."""
    found = []
    taken: dict[tuple[str, ...], str] = {}
    for at, row in zip(sheet.index, sheet.to_dict("records"), strict=True):
        decision = row["decision"].strip()
        if decision in ("", "custom", "ignore") or takes_several(row["object"], decision):
            continue
        here = not columns or (row["object"], row["column"]) in columns
        key = (row["object"], row["file"], row["sheet"], decision, str(here))
        if key in taken:
            message = (
                f"{decision} already has column {taken[key]!r} of this table; a field takes one column: choose custom"
            )
            found.append(_problem("sheet_clash", "fields", int(at) + 2, "decision", message))
        taken.setdefault(key, row["column"])
    types: dict[tuple[str, str], tuple[str, str]] = {}
    for at, item in zip(sheet.index, sorted_like(sheet), strict=True):
        if item is None or item.field != "custom" or item.object not in _RECORDS:
            continue
        labelled = (item.object, fold(item.label))
        other = types.setdefault(labelled, (item.data_type, item.column))
        if other[0] != item.data_type:
            message = f"label {item.label!r} is of type {item.data_type} here and {other[0]} for column {other[1]!r}: rename one"
            found.append(_problem("sheet_label", "fields", int(at) + 2, "label", message))
    return found


def _transforms(sheet: pd.DataFrame) -> list[Problem]:
    """What is wrong with the named transforms, column by column."""
    found = []
    named = sheet[sheet["transform"].str.strip() != ""]
    for at, row in zip(named.index, named.to_dict("records"), strict=True):
        decision, object_ = row["decision"].strip(), row["object"]
        if decision == "ignore" or object_ not in OBJECTS:
            continue
        if decision in OBJECTS[object_].field_names:
            kind = OBJECTS[object_].field(decision).kind
        else:
            kind = KINDS.get(row["type"].strip(), FieldKind.TEXT)
        of_table = (sheet["object"] == object_) & (sheet["file"] == row["file"]) & (sheet["sheet"] == row["sheet"])
        cell = named_transform(row["transform"], row["proposal"], decision)
        for message in transforms.problems(cell, kind, set(sheet.loc[of_table, "column"])):
            found.append(_problem("sheet_transform", "fields", int(at) + 2, "transform", message))
    return found


def sorted_like(sheet: pd.DataFrame) -> list[Any]:
    """`decided(sheet)` in the order of the sheet's rows (None for a repeated row)."""
    by_key = {(item.object, item.file, item.sheet, item.column): item for item in decided(sheet)}
    keys = zip(sheet["object"], sheet["file"], sheet["sheet"], sheet["column"], strict=True)
    return [by_key.get(key) for key in keys]


def summary(problems: Sequence[Problem]) -> list[Problem]:
    """`problems` with each sheet's rows beyond the first 20 of one code told as one number."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.file, problem.code), []).append(problem)
    found = []
    for (file, code), items in groups.items():
        found += items[:_NAMED]
        if len(items) > _NAMED:
            more = len(items) - _NAMED
            found.append(Problem(code, f"and {more} rows more like these", items[0].severity, file=file, count=more))
    return found
