"""`stage`: raw tables with their columns' meaning → one typed table an object, accounting for every row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.model import CUSTOM_PREFIX, OBJECTS, PROVENANCE, RAW_PREFIX
from pb2hl.progress import SILENT, Progress
from pb2hl.source.hashing import row_hashes
from pb2hl.source.identity import Repeat, source_ids, unique_ids
from pb2hl.source.tables import Dropped, RawTable
from pb2hl.source.typed import Assigned, Hints, TypedTable, learn, type_table
from pb2hl.values import names
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Config

COLUMN_NAMES = (
    "object",
    "file",
    "sheet",
    "heading",
    "staged_column",
    "field",
    "kind",
    "decision",
    "filled",
    "converted",
    "not_converted",
    "examples",
)
DROPPED_NAMES = ("object", "file", "sheet", "row", "reason", "kept_source_id", "cells", "moved")
FAILED_NAMES = ("object", "source_id", "field", "text", "reason", "file", "sheet", "row")


@dataclass(frozen=True)
class Staging:
    """Staged tables by object; `columns` one row a source column; `dropped` every row that is in no staged table;
    `not_converted` every cell without a typed value; `problems` all of it in sentences."""

    tables: dict[str, pd.DataFrame]
    columns: pd.DataFrame
    dropped: pd.DataFrame
    not_converted: pd.DataFrame
    problems: tuple[Problem, ...] = field(default=())


@dataclass
class _Findings:
    """What staging says of columns, rows, cells that did not convert, and in sentences; it grows object by object."""

    columns: list[dict] = field(default_factory=list)
    dropped: list[dict] = field(default_factory=list)
    failed: list[pd.DataFrame] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def stage(tables: Sequence[Assigned], *, config: Config, progress: Progress = SILENT) -> Staging:
    """Type, identify and join tables. Tables of one object are joined; parts with the same headings decide together."""
    found = _Findings()
    staged: dict[str, pd.DataFrame] = {}
    objects = [name for name in OBJECTS if any(table.object == name for table in tables)]
    hints = learn(tables, config)
    progress.start("staging", len(objects), "objects")
    for object_name in objects:
        progress.note(object_name)
        mine = [table for table in tables if table.object == object_name]
        staged[object_name] = _stage_object(object_name, mine, config, hints, found)
        progress.advance()
    progress.finish()
    return Staging(
        staged,
        pd.DataFrame(found.columns, columns=list(COLUMN_NAMES)),
        pd.DataFrame(found.dropped, columns=list(DROPPED_NAMES)),
        pd.concat(found.failed, ignore_index=True)
        if found.failed
        else pd.DataFrame({name: pd.Series(dtype="str") for name in FAILED_NAMES}).astype({"row": "int64"}),
        tuple(found.problems),
    )


def _stage_object(
    object_name: str, tables: list[Assigned], config: Config, hints: Hints, found: _Findings
) -> pd.DataFrame:
    parts: list[pd.DataFrame] = []
    pending: list[tuple[int, str, pd.Series, pd.Series]] = []
    for group in _grouped(tables):
        typed = _type_group(group, config, hints)
        found.columns += typed.columns
        found.problems += typed.problems
        parts.append(typed.frame)
        offset = sum(len(part) for part in parts[:-1])
        pending += [(offset, *item) for item in typed.failed]
        found.dropped += [_dropped_row(object_name, item) for table in group for item in table.raw.dropped]
    frame = _union(parts)
    ids, derived = source_ids(frame, object_name)
    ids, repeats = unique_ids(ids, frame)
    frame["source_id"] = ids.to_numpy()
    found.failed += [_failed_rows(object_name, frame, *item) for item in pending]
    if repeats:
        frame = _collapse(object_name, frame, repeats, found)
    _report_ids(object_name, frame, derived, found.problems)
    if object_name == "contacts":
        frame = _split_names(frame)
    return _ordered(object_name, frame)


def _grouped(tables: list[Assigned]) -> list[list[Assigned]]:
    """Tables that are parts of one: the same headings with the same meaning."""
    groups: dict[tuple, list[Assigned]] = {}
    for table in tables:
        decided = (table.fields, table.labels, table.transforms)
        key = (frozenset(table.raw.headings), *(tuple(sorted(item.items())) for item in decided))
        groups.setdefault(key, []).append(table)
    return list(groups.values())


def _type_group(group: list[Assigned], config: Config, hints: Hints) -> TypedTable:
    first = max(group, key=lambda table: len(table.raw.frame))  # the largest part knows the types best
    if len(group) == 1:
        raw = first.raw
        typed = type_table(first, config, hints)
        where = [(raw, len(raw.frame))]
    else:
        body = pd.concat([table.raw.frame for table in group], ignore_index=True)
        rows = np.concatenate([table.raw.rows for table in group])
        together = RawTable(
            " + ".join(dict.fromkeys(table.raw.file for table in group)),
            first.raw.sheet,
            first.raw.headings,
            body,
            rows,
        )
        typed = type_table(replace(first, raw=together), config, hints)
        where = [(table.raw, len(table.raw.frame)) for table in group]
    frame = typed.frame.reset_index(drop=True)
    hashed = frame[[name for name in frame.columns if name.startswith(RAW_PREFIX)]]
    hashed.columns = [name[len(RAW_PREFIX) :] for name in hashed.columns]
    provenance = {
        "row_hash": pd.Series(row_hashes(hashed), dtype="str"),
        "source_file": pd.Series(np.repeat([raw.file for raw, _ in where], [n for _, n in where]), dtype="str"),
        "source_sheet": pd.Series(np.repeat([raw.sheet for raw, _ in where], [n for _, n in where]), dtype="str"),
        "source_row": pd.Series(np.concatenate([raw.rows for raw, _ in where]) if where else [], dtype="int64"),
    }
    return TypedTable(pd.concat([pd.DataFrame(provenance), frame], axis=1), typed.columns, typed.failed, typed.problems)


def _union(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Parts under each other; a column that two parts type differently becomes text."""
    if len(parts) == 1:
        return parts[0]
    for name in {name for part in parts for name in part.columns}:
        types = {str(part[name].dtype) for part in parts if name in part}
        if len(types) > 1:
            for part in parts:
                if name in part:
                    part[name] = part[name].astype("str").where(part[name].notna(), None)
    return pd.concat(parts, ignore_index=True)


def _failed_rows(
    object_name: str, frame: pd.DataFrame, offset: int, staged: str, reasons: pd.Series, texts: pd.Series
) -> pd.DataFrame:
    positions = reasons.index.to_numpy() + offset
    here = frame.iloc[positions]
    return pd.DataFrame(
        {
            "object": object_name,
            "source_id": here["source_id"].to_numpy(),
            "field": staged,
            "text": texts.to_numpy(),
            "reason": reasons.to_numpy(),
            "file": here["source_file"].to_numpy(),
            "sheet": here["source_sheet"].to_numpy(),
            "row": here["source_row"].to_numpy(),
        }
    )


def _dropped_row(object_name: str, item: Dropped) -> dict:
    said = dict(zip(item.headings, item.cells, strict=True)) if item.headings else list(item.cells)
    cells = json.dumps(said, ensure_ascii=False)
    return {
        "object": object_name,
        "file": item.file,
        "sheet": item.sheet,
        "row": item.row,
        "reason": item.reason,
        "kept_source_id": "",
        "cells": cells,
        "moved": "[]",
    }


def _collapse(object_name: str, frame: pd.DataFrame, repeats: list[Repeat], found: _Findings) -> pd.DataFrame:
    """Take out rows that another stands for; across files the kept row's blanks are filled from them."""
    raw = [name for name in frame.columns if name.startswith(RAW_PREFIX)]
    counts: dict[str, int] = {}
    frame, moved = _fill_across_files(frame, repeats)
    for repeat in repeats:
        gone, kept = frame.iloc[repeat.position], frame["source_id"].iat[repeat.kept]
        cells = {name[len(RAW_PREFIX) :]: gone[name] for name in raw if isinstance(gone[name], str) and gone[name]}
        found.dropped.append(
            {
                "object": object_name, "file": gone["source_file"], "sheet": gone["source_sheet"], "row": int(gone["source_row"]),
                "reason": repeat.reason, "kept_source_id": kept, "cells": json.dumps(cells, ensure_ascii=False),
                "moved": json.dumps(moved.get(repeat.position, []), ensure_ascii=False),
            }
        )  # fmt: skip
        counts[repeat.reason] = counts.get(repeat.reason, 0) + 1
    for reason, count in counts.items():
        found.problems.append(
            Problem(
                "repeated_id",
                f"{object_name}: {counted(count, 'row')} {agree(count, 'shares', 'share')} the id of another row ({reason})",
                field="source_id",
                count=count,
                treatment="one row was kept; the others are listed in dropped",
            )
        )
    keep = np.ones(len(frame), dtype=bool)
    keep[[repeat.position for repeat in repeats]] = False
    return frame[keep].reset_index(drop=True)


def _fill_across_files(frame: pd.DataFrame, repeats: list[Repeat]) -> tuple[pd.DataFrame, dict[int, list[str]]]:
    """Two files may each hold some columns of one record: what the kept row lacks comes from the other file's row.

    Gives the frame, and the headings whose cell went over by the position of the row that it left.
    """
    files = frame["source_file"].to_numpy() + "\x1f" + frame["source_sheet"].to_numpy()
    pairs = [(repeat.kept, repeat.position) for repeat in repeats if files[repeat.kept] != files[repeat.position]]
    moved: dict[int, list[str]] = {}
    if not pairs:
        return frame, moved
    kept, gone = (np.array(side) for side in zip(*pairs, strict=True))
    frame = frame.copy()
    for name in frame.columns:
        if name in PROVENANCE:
            continue
        column = frame[name]
        lacking = column.isna().to_numpy()[kept] & ~column.isna().to_numpy()[gone]
        if lacking.any():
            values = column.iloc[gone[lacking]].array
            column = column.copy()
            column.iloc[kept[lacking]] = values
            frame[name] = column
            if name.startswith(RAW_PREFIX):  # of several rows that have the cell, the last one's is taken
                for position in dict(zip(kept[lacking].tolist(), gone[lacking].tolist(), strict=True)).values():
                    moved.setdefault(position, []).append(name[len(RAW_PREFIX) :])
    return frame, moved


def _report_ids(object_name: str, frame: pd.DataFrame, derived: int, problems: list[Problem]) -> None:
    split = int(frame["source_id"].str.contains(r".~\d+$", regex=True).sum()) if len(frame) else 0
    if split:
        problems.append(
            Problem(
                "shared_id",
                f"{object_name}: {counted(split, 'row')} {agree(split, 'has', 'have')} the id of a different record",
                field="source_id",
                count=split,
                treatment="kept with ~2, ~3 behind the id",
            )
        )
    if derived and "id" in OBJECTS[object_name].field_names:
        problems.append(
            Problem(
                "missing_id",
                f"{object_name}: {counted(derived, 'row')} {agree(derived, 'has', 'have')} no id",
                Severity.WARNING,
                field="id",
                count=derived,
                treatment="an id was derived from the row's content",
            )
        )


def _split_names(frame: pd.DataFrame) -> pd.DataFrame:
    """First and last name out of the full name, where a row has neither."""
    if "full_name" not in frame:
        return frame
    frame = frame.copy()
    for name in ("first_name", "last_name"):
        if name not in frame:
            frame[name] = pd.Series(None, index=frame.index, dtype="str")
    bare = frame["first_name"].isna() & frame["last_name"].isna() & frame["full_name"].notna()
    if bare.any():
        codes, texts = pd.factorize(frame.loc[bare, "full_name"])
        parts = [names.split(text) for text in texts]
        for field_name, attribute in (("first_name", "first"), ("last_name", "last")):
            values = np.array([getattr(part, attribute) or None for part in parts], dtype=object)
            frame.loc[bare, field_name] = values[codes]
    return frame


def _ordered(object_name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Columns in the contract's order: provenance, canonical, further values, custom, raw."""
    fields = [name for name in OBJECTS[object_name].field_names if name in frame]
    custom = [name for name in frame.columns if name.startswith(CUSTOM_PREFIX)]
    raw = [name for name in frame.columns if name.startswith(RAW_PREFIX)]
    others = [name for name in frame.columns if name not in {*PROVENANCE, *fields, *custom, *raw}]
    return frame[[*PROVENANCE, *fields, *others, *custom, *raw]]
