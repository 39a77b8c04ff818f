"""Zero-loss accounting: every filled source cell ends in exactly one bucket, and the totals balance.

Where a cell ended is what the planners noted while they built the payloads (`plan.fields.landings`), and what the findings say of
single cells. A column has a rule (where most of its values went); cells that went another way override it. So a table of a million rows
takes a line a column and a line an exception.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pb2hl.mapper.sheets.lossy import LEFT_OUT
from pb2hl.model import OBJECTS, PROVENANCE, RAW_PREFIX, Way
from pb2hl.plan.fields.findings import CELL_COLUMNS, Bucket
from pb2hl.plan.fields.landings import LOST, Fate
from pb2hl.plan.fields.needs import filled_mask
from pb2hl.plan.records.legal import landing
from pb2hl.plan.records.unmapped_columns import left_behind
from pb2hl.plan.shared.context import Context
from pb2hl.sheets import table_rows

RULE_COLUMNS = ("object", "heading", "column", "bucket", "where")
SUMMARY_COLUMNS = ("object", "heading", "column", "bucket", "where", "cells")

BLANK = "read as blank"
"""Cells such as `N/A` and `-` hold text but no value."""

_BLANK = (str(Bucket.NORMALISED), BLANK)

_NOT_CELLS = frozenset({*PROVENANCE, "merged_ids", "unshown", "company_source_id"})


@dataclass(frozen=True)
class Lineage:
    """`rules` per source column, `exceptions` per cell (`findings.CELL_COLUMNS`), `summary`: cells by column and bucket.

    `balance`: per source column the cells that were read and those accounted for; they are equal or something was lost.
    `merged`: object, source_id, survivor of every row that another record stands for.
    """

    rules: pd.DataFrame
    exceptions: pd.DataFrame
    summary: pd.DataFrame
    balance: pd.DataFrame
    merged: pd.DataFrame


@dataclass(frozen=True)
class Column:
    """A source column: its staged column ("" when a decision left it out), which cells hold text, and which a value."""

    heading: str
    name: str
    filled: pd.Series
    valued: pd.Series


def lineage(ctx: Context) -> Lineage:
    """The fate of every cell of the export; call it after all operations were planned."""
    merged = _merged(ctx)
    dropped, rows_dropped = _dropped(ctx.inputs.dropped)
    singly = ctx.findings.cells
    rules, summary, noted_cells = [], [], [singly]
    accounted: Counter[tuple[str, str]] = Counter()
    transformed = _transformed(ctx.inputs.columns)
    for object_ in OBJECTS:
        frame = ctx.inputs.staged.get(object_, pd.DataFrame())
        if frame.empty:
            continue
        noted, apart = _noted(ctx, object_, singly)
        mine = pd.concat([apart, singly[singly["object"] == object_]], ignore_index=True)
        noted_cells.append(apart)
        fates = Fates(mine.drop_duplicates(["source_id", "column"], keep="last"), merged[merged["object"] == object_])
        ids = source_ids(frame)
        for column in columns_of(ctx.inputs.columns, object_, frame):
            rule = _rewritten(_rule(ctx, noted, column, object_), transformed.get((object_, column.heading), ""))
            rules.append((object_, column.heading, column.name, *rule))
            counts = fates.count(column, rule, ids)
            counts.update(dropped.pop((object_, column.heading), {}))
            summary += [(object_, column.heading, column.name, *key, count) for key, count in counts.items()]
            accounted[object_, column.heading] += sum(counts.values())
    for (object_, heading), counts in dropped.items():
        summary += [(object_, heading, "", *key, count) for key, count in counts.items()]
        accounted[object_, heading] += sum(counts.values())
    exceptions = pd.concat([*noted_cells[1:], noted_cells[0]], ignore_index=True)
    return Lineage(
        pd.DataFrame(rules, columns=list(RULE_COLUMNS)),
        exceptions.drop_duplicates(["object", "source_id", "column"], keep="last").reset_index(drop=True),
        pd.DataFrame(summary + rows_dropped, columns=list(SUMMARY_COLUMNS)),
        _balance(ctx, accounted),
        merged,
    )


def _noted(ctx: Context, object_: str, singly: pd.DataFrame) -> tuple[dict[str, Fate], pd.DataFrame]:
    """What the planners noted of a table: (column → where most of its cells ended, the cells that went another way)."""
    table, landings = ctx.table(object_), ctx.landings(object_)
    base = {spec.name: column for spec, column in OBJECTS[object_].beside}
    ids = source_ids(table).tolist()
    whole = set(singly.loc[(singly["object"] == object_) & (singly["column"] == "*"), "source_id"])
    rules: dict[str, Fate] = {}
    apart = []
    for column in map(str, table.columns):
        if column in _NOT_CELLS or column.startswith(RAW_PREFIX):
            continue
        filled = filled_mask(table[column]).to_numpy(dtype=bool)
        rules[column], others = landings.split(column, filled) if filled.any() else (_BLANK, [])
        if column in base:  # part of another column's cells: only what nobody used is told, as that column's
            others = [item for item in others if item[1] == LOST]
        apart += [(object_, ids[at], base.get(column, column), *fate) for at, fate in others if ids[at] not in whole]
    return rules, pd.DataFrame(apart, columns=list(CELL_COLUMNS), dtype="str")


def _balance(ctx: Context, accounted: Mapping[tuple[str, str], int]) -> pd.DataFrame:
    """What was read against what is accounted for. Cells are counted where the file was read, else over the staged text."""
    read: Counter[tuple[str, str]] = Counter()
    source = ctx.inputs.source_cells
    if len(source):
        for row in table_rows(source):
            read[str(row.object), str(row.heading)] += int(row.cells)
    else:
        for object_, frame in ctx.inputs.staged.items():
            for column in columns_of(ctx.inputs.columns, object_, frame):
                read[object_, column.heading] += int(column.filled.sum())
    rows = [(*key, read[key], accounted.get(key, 0)) for key in dict.fromkeys([*read, *accounted])]
    return pd.DataFrame(rows, columns=["object", "heading", "filled", "accounted"])


def source_ids(frame: pd.DataFrame) -> pd.Series:
    """The source id of every row as text."""
    return frame["source_id"].astype(str) if "source_id" in frame.columns else pd.Series("", index=frame.index)


def columns_of(known: pd.DataFrame, object_: str, frame: pd.DataFrame) -> Iterator[Column]:
    """The source columns of a table: by its raw text where staging kept it, else by its staged values."""
    mine = known[known["object"] == object_].drop_duplicates("heading") if "object" in known.columns else known
    pairs = [
        (str(heading), str(name or ""))
        for heading, name in zip(mine.get("heading", ()), mine.get("staged_column", ()), strict=False)
        if f"{RAW_PREFIX}{heading}" in frame.columns
    ]
    if not pairs:
        for name in frame.columns:
            if name not in _NOT_CELLS and not name.startswith(RAW_PREFIX):
                filled = filled_mask(frame[name])
                yield Column(name, name, filled, filled)
        return
    for heading, name in pairs:
        filled = filled_mask(frame[f"{RAW_PREFIX}{heading}"])
        if name in frame.columns:
            yield Column(heading, name, filled, filled_mask(frame[name]))
        else:
            yield Column(heading, "", filled, filled)


def _merged(ctx: Context) -> pd.DataFrame:
    rows = [
        (object_, str(old), str(new))
        for object_ in ("contacts", "companies")
        for old, new in ctx.inputs.merges.survivor_of.get(object_, {}).items()
        if str(old) != str(new)
    ]
    return pd.DataFrame(rows, columns=["object", "source_id", "survivor"], dtype="str")


class Fates:
    """What happened to single cells and rows of one object: `exceptions` of the plan, and `merged` rows."""

    def __init__(self, exceptions: pd.DataFrame, merged: pd.DataFrame):
        self._merged = frozenset(merged["source_id"])
        self._cells: dict[str, dict[str, tuple[str, str]]] = {}
        for row in table_rows(exceptions):
            self._cells.setdefault(row.column, {})[row.source_id] = (row.bucket, row.where)

    def count(self, column: Column, rule: tuple[str, str], ids: pd.Series) -> Counter[tuple[str, str]]:
        """Cells of `ids` by bucket: the whole row's exception first, then the cell's own, then merges, blanks, the rule."""
        fate = {**self._cells.get(column.name, {}), **self._cells.get("*", {})}
        filled, valued = (mask.loc[ids.index].to_numpy() for mask in (column.filled, column.valued))
        singly = fate.keys() | self._merged
        special = filled & ids.isin(singly).to_numpy() if singly else np.zeros(len(filled), dtype=bool)
        counts: Counter[tuple[str, str]] = Counter()
        for source_id in ids[special] if special.any() else ():
            counts[fate.get(source_id) or (str(Bucket.MERGED), "the surviving record")] += 1
        if blank := int((filled & ~valued & ~special).sum()):
            counts[str(Bucket.NORMALISED), BLANK] += blank
        if rest := int((filled & valued & ~special).sum()):
            counts[rule] += rest
        return counts


def _dropped(
    dropped: pd.DataFrame,
) -> tuple[dict[tuple[str, str], Counter[tuple[str, str]]], list[tuple[str, str, str, str, str, int]]]:
    """(cells of rows that another row stands for, by object and heading; cells of lines that are no records)."""
    cells: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    lines: Counter[tuple[str, str]] = Counter()
    for row in dropped.to_dict("records"):
        found = json.loads(row["cells"]) if row.get("cells") else []
        if isinstance(found, list):
            lines[row["object"], row["reason"]] += sum(bool(str(item or "").strip()) for item in found)
            continue
        for heading in found.keys() - set(json.loads(row.get("moved") or "[]")):
            if str(found[heading] or "").strip():
                where = f"row kept: {row['kept_source_id']}" if len(dropped) < _FEW else "the row that was kept"
                bucket = bucket_of_line(row["kept_source_id"], row["reason"])
                key = (bucket, f"{where} ({row['reason']})" if bucket == str(Bucket.MERGED) else row["reason"])
                cells.setdefault((row["object"], heading), Counter())[key] += 1
    rows = [
        (object_, "(row)", "*", bucket_of_line("", reason), reason, count) for (object_, reason), count in lines.items()
    ]
    return cells, rows


def bucket_of_line(kept: str | None, reason: str) -> str:
    """Where the cells of a line end that is in no staged table: in the row that was `kept` for it, left out by a decision about a
    column (`reason` says so), or nowhere, for the line is no record."""
    if kept:
        return str(Bucket.MERGED)
    return str(Bucket.SKIPPED if reason.startswith(LEFT_OUT) else Bucket.NO_RECORD)


_FEW = 100
"""Repeated rows up to which the accounting names the row that was kept; the table `dropped` always does."""


def _rule(ctx: Context, noted: Mapping[str, Fate], column: Column, object_: str) -> Fate:
    """Where a source column's cells end, unless they are told apart: what planners noted, or the decision to leave it out."""
    reported = document_of(object_)
    if reported and object_ not in landing(ctx.inputs, ctx.location):
        return str(Bucket.REPORTED), reported
    if not column.name:
        return left_behind(ctx, object_, column.heading)
    return noted.get(column.name, LOST)


def document_of(object_: str) -> str:
    """The document that a table becomes instead of records; "" for those whose rows go to HighLevel."""
    ways = {spec.endings[0].way for spec in OBJECTS[object_].fields if spec.endings}
    return OBJECTS[object_].fields[0].place if not OBJECTS[object_].becomes and ways == {Way.REPORT} else ""


def _transformed(columns: pd.DataFrame) -> dict[tuple[str, str], str]:
    """(object, heading) → the transform that the sheet named for it."""
    if "decision" not in columns.columns:
        return {}
    named = columns[columns["decision"].fillna("").str.contains('"transform"', regex=False)]
    return {(row.object, row.heading): json.loads(row.decision)["transform"] for row in table_rows(named)}


def _rewritten(rule: tuple[str, str], transform: str) -> tuple[str, str]:
    """A column whose values a named transform rewrote lands normalised."""
    return (str(Bucket.NORMALISED), rule[1]) if transform and rule[0] == str(Bucket.LANDED) else rule
