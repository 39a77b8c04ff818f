"""What typing did to each column: before and after on real values, what did not convert, and whether staging is stale."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.mapper.knowledge.sheet_layout import PROPOSAL
from pb2hl.mapper.proposer.custom import KINDS
from pb2hl.mapper.proposer.flags import LEAVES_OUT
from pb2hl.mapper.proposer.money import DOUBT
from pb2hl.mapper.sheets import tables
from pb2hl.mapper.sheets.fields import Decided, decided
from pb2hl.model import RAW_PREFIX
from pb2hl.sheets import table_rows, write_sheet
from pb2hl.values.counting import predicate
from pb2hl.whole import column_names, read_frame
from pb2hl.workspace import Workspace

TRANSFORMS: Mapping[str, str] = {
    "date": "parse date",
    "datetime": "parse date and time",
    "money": "parse money",
    "number": "parse number",
    "integer": "parse number",
    "percent": "parse percent",
    "boolean": "boolean words",
    "phone": "E.164",
    "email": "lower-case address",
    "emails": "split list",
    "url": "complete URL",
    "country": "country to ISO code",
    "timezone": "time zone to IANA name",
    "tags": "split list",
    "multi_picklist": "split list",
    "refs": "split list",
    "name": "tidy name",
}
"""The named transform behind each kind of staged column; kinds that are not here stay as they are."""

COLUMNS = [
    "object",
    "file",
    "sheet",
    "column",
    "transform",
    "how",
    "filled",
    "converted",
    "not_converted",
    "no_answer",
    "lost",
    "why",
    "before",
    "after",
]
_SHOWN = 3


def _staged_columns(ws: Workspace) -> pd.DataFrame:
    path = ws.staged / "columns.parquet"
    return read_frame(path) if path.exists() else pd.DataFrame()


def staging_differs(ws: Workspace, fields: pd.DataFrame) -> bool:
    """Whether the staged tables were made of other columns or by other decisions than the fields sheet now holds."""
    staged = _staged_columns(ws)
    if staged.empty:
        return True
    made = set(staged[["object", "heading"]].itertuples(index=False, name=None))
    return (
        made != set(fields[["object", "column"]].itertuples(index=False, name=None))
        or bool(staged_otherwise(ws, fields))
        or tables.staged_otherwise(ws)
        or _left_out_otherwise(ws, fields)
    )


LEFT_OUT = "left out: flagged in "
"""How the reason of a row begins that a column calls deleted, archived, merged, a test or a duplicate."""


def _left_out_otherwise(ws: Workspace, fields: pd.DataFrame) -> bool:
    """Whether rows are left out for a flag that the sheet no longer heeds."""
    path = ws.staged / "dropped.parquet"
    reasons = read_frame(path, columns=["object", "reason"]) if path.exists() else pd.DataFrame()
    if reasons.empty:
        return False
    mine = reasons[reasons["reason"].str.startswith(LEFT_OUT)]
    heeded = fields[fields["transform"].str.strip() == LEAVES_OUT]
    left_out = set(zip(mine["object"], mine["reason"].str.removeprefix(LEFT_OUT), strict=True))
    return not left_out <= set(heeded[["object", "column"]].itertuples(index=False, name=None))


def staged_otherwise(ws: Workspace, fields: pd.DataFrame) -> list[tuple[str, str]]:
    """(object, column) of every staged column that the fields sheet now decides otherwise."""
    staged = _staged_columns(ws)
    if staged.empty:
        return []
    made: dict[tuple[str, str], list[tuple[str, str, str]]] = {}  # two files of an object may share a heading
    for row in table_rows(staged):
        how = (row.staged_column if row.field != "ignore" else "", str(row.kind), _named(row.decision))
        made.setdefault((row.object, row.heading), []).append(how)
    found = []
    for item in decided(fields):
        ways = made.get((item.object, item.column))
        if ways and not any(_as_decided(item, *way) for way in ways):
            found.append((item.object, item.column))
    return found


def _as_decided(item: Decided, column: str, kind: str, transform: str) -> bool:
    return (
        column == item.staged_column
        and (item.field != "custom" or kind == str(KINDS.get(item.data_type, "text")))
        and (item.field == "ignore" or transform == item.transform or {transform, item.transform} == {"", LEAVES_OUT})
    )


def _named(decision: str) -> str:
    """The transform that staging did to a column, as the sheet named it."""
    return str(_facts(decision).get("transform", ""))


def _facts(decision: str) -> dict[str, Any]:
    try:
        found = json.loads(decision or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


LEAST_CONVERTED, LEAST_CELLS = 0.5, 3
"""Share (0-1) of a column's filled cells that must convert for a proposal to stand without a person, and the cells from which it is told."""


def refused(ws: Workspace, fields: pd.DataFrame) -> list[Problem]:
    """One critical problem for each column whose values mostly are not what was proposed and nobody confirmed."""
    proposed = fields[(fields["who"] == PROPOSAL) & ~fields["decision"].isin(["", "custom", "ignore"])]
    kinds = {(row.object, row.file, row.sheet, row.column): row.decision for row in table_rows(proposed)}
    found = []
    for item in table_rows(_staged_columns(ws)):
        decision = kinds.get((item.object, item.file, item.sheet, item.heading), "")
        filled, converted = int(item.filled), int(item.converted)
        if (
            not decision
            or item.staged_column != decision
            or filled < LEAST_CELLS
            or converted >= LEAST_CONVERTED * filled
        ):
            continue
        message = (
            f"column {item.heading!r} of {item.object} was proposed as {decision}, but only {converted} of its {filled} values are one: "
            "decide custom or ignore, or put your name into who to have it so"
        )
        found.append(Problem("values_refuse", message, Severity.CRITICAL, file="fields.csv", field=item.heading))
    return found


def without_amounts(fields: pd.DataFrame) -> list[Problem]:
    """A critical doubt for each table of deals that would go without amounts although a column may hold them."""
    deals = fields[fields["object"] == "deals"]
    found = []
    for (file, sheet), rows in deals.groupby(["file", "sheet"], sort=False):
        doubts = rows[rows["reason"].str.startswith(DOUBT) & (rows["decision"].str.strip() == "")]
        if len(doubts) and not (rows["decision"] == "amount").any():
            columns = ", ".join(repr(column) for column in doubts["column"])
            message = (
                f"these deals have no amount, though {columns} may be it: decide amount for one, or custom for all"
            )
            found.append(
                Problem(
                    "no_amount",
                    message,
                    Severity.CRITICAL,
                    file="fields.csv",
                    sheet=str(sheet) or str(file),
                    field="decision",
                )
            )
    return found


def casts(ws: Workspace) -> pd.DataFrame:
    """One row a column that staging transformed: how, how many cells, how many not, and a few values before and after."""
    staged = _staged_columns(ws)
    rows = []
    columns = {name: _columns_of(ws, name) for name in staged["object"].unique()} if len(staged) else {}
    lost, reasons = _lost(ws)
    for item in table_rows(staged):
        transform = _named(item.decision) or TRANSFORMS.get(str(item.kind), "")
        if not transform and not int(item.not_converted):
            continue
        wanted = {f"{RAW_PREFIX}{item.heading}", item.staged_column}
        table = ws.table(item.object, sorted(wanted)) if wanted <= columns[item.object] else pd.DataFrame()
        before, after = _pairs(table, item.heading, item.staged_column)
        rows.append(
            {
                "object": item.object, "file": item.file, "sheet": item.sheet, "column": item.heading,
                "transform": transform or "as it is", "how": _how(item.decision), "filled": int(item.filled),
                "converted": int(item.converted), "not_converted": int(item.not_converted),
                "no_answer": int(_facts(item.decision).get("no_answer", 0)), "lost": lost.get((item.object, item.staged_column), ""),
                "why": reasons.get((item.object, item.staged_column), ""), "before": before, "after": after,
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def _lost(ws: Workspace) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    """((object, staged column) → a few distinct texts that did not convert, and → the reasons, the most frequent first)."""
    path = ws.staged / "not_converted.parquet"
    frame = read_frame(path, columns=["object", "field", "text", "reason"]) if path.exists() else pd.DataFrame()
    if frame.empty:
        return {}, {}
    texts: dict[tuple[str, str], str] = {}
    reasons: dict[tuple[str, str], str] = {}
    for (object_, field), rows in frame.groupby(["object", "field"], sort=False):
        why = rows["reason"].value_counts().index[:_SHOWN]
        of_each = rows.drop_duplicates("text").set_index("reason")["text"]
        few = [of_each[of_each.index == reason].iloc[0] for reason in why if reason in of_each.index]
        few += [text for text in of_each if text not in few]
        texts[str(object_), str(field)] = ", ".join(repr(text[:60]) for text in few[:_SHOWN])
        reasons[str(object_), str(field)] = "; ".join(why)
    return texts, reasons


def _columns_of(ws: Workspace, name: str) -> set[str]:
    path = ws.staged / f"{name}.parquet"
    return set(column_names(path)) if path.exists() else set()


def _pairs(table: pd.DataFrame, heading: str, column: str) -> tuple[str, str]:
    raw = f"{RAW_PREFIX}{heading}"
    if raw not in table.columns or column not in table.columns:
        return "", ""
    both = table[[raw, column]].assign(**{raw: table[raw].fillna("")}).drop_duplicates(subset=[raw]).head(200)
    both = both[(both[raw] != both[column].map(shown)) & ((both[raw] != "") | both[column].notna())].head(_SHOWN)
    return " | ".join(map(str, both[raw])), " | ".join(shown(value) for value in both[column])


def shown(value: Any) -> str:
    """A typed value as a person reads it; `—` when there is none."""
    if isinstance(value, list | tuple | np.ndarray):
        return "; ".join(map(str, value))
    missing = value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
    return "—" if missing else str(value)


def _how(decision: str) -> str:
    return ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in _facts(decision).items())


MEND = "kept as text beside the record; mend the cells in the export, or decide another type or transform in sheets/fields.csv"


def problems(found: pd.DataFrame) -> list[Problem]:
    """A warning for each column with cells that could not be converted, or that a named transform has no answer for."""
    unconverted = [
        _lossy(
            row,
            "lossy_cast",
            row.not_converted,
            f"does|do not convert by the rule {row.transform!r} ({row.why}), such as {row.lost}",
            MEND,
        )
        for row in table_rows(found[found["not_converted"] > 0])
    ]
    treatment = "kept as they are, or blank where a part of a name is asked for"
    unanswered = [
        _lossy(row, "no_answer", row.no_answer, f"has|have no answer in the transform {row.transform!r}", treatment)
        for row in table_rows(found[found["no_answer"] > 0])
    ]
    return unconverted + unanswered


def _lossy(row: Any, code: str, count: int, what: str, treatment: str) -> Problem:
    message = f"{count:,} of {row.filled:,} cells {predicate(count, what)}"
    where = {"file": row.file, "sheet": row.sheet, "field": row.column}
    return Problem(code, message, Severity.WARNING, count=count, treatment=treatment, **where)


def archive_ignored(ws: Workspace, fields: pd.DataFrame) -> int:
    """Write every filled cell of the columns set to ignore into `reports/ignored_cells.csv`; returns how many there are."""
    parts = []
    for item in decided(fields):
        raw = f"{RAW_PREFIX}{item.column}"
        if item.field != "ignore" or raw not in _columns_of(ws, item.object):
            continue
        table = ws.table(item.object, ["source_id", "source_file", "source_sheet", "source_row", raw])
        rows = table[table[raw].fillna("") != ""]
        cells = rows.rename(columns={raw: "value"}).assign(column=item.column)
        cells.insert(0, "object", item.object)
        parts.append(cells)
    path = ws.reports / "ignored_cells.csv"
    found = pd.concat(parts, ignore_index=True).drop_duplicates() if parts else pd.DataFrame()
    if len(found):
        write_sheet(path, found)
    else:
        path.unlink(missing_ok=True)
    return len(found)
