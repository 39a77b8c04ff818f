"""Zero-loss accounting: every filled source cell ends in exactly one bucket, and the totals balance.

A column has a rule (where its values go); single cells that went another way override it. So a table of a million rows
takes a line a column and a line an exception.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from pb2hl.model import CUSTOM_PREFIX, OBJECTS, PROVENANCE, RAW_PREFIX
from pb2hl.plan.fields.needs import filled_mask
from pb2hl.plan.fields.tally import Bucket
from pb2hl.plan.records.legal import LABELS, landing
from pb2hl.plan.records.unmapped_columns import left_behind
from pb2hl.plan.shared.context import Context

RULE_COLUMNS = ("object", "heading", "column", "bucket", "where")
SUMMARY_COLUMNS = ("object", "heading", "column", "bucket", "where", "cells")

BLANK = "read as blank"
"""Cells such as `N/A` and `-` hold text but no value."""

_NORMALISED = frozenset({"email", "phone", "tags", "body", "country", "website", "amount", "probability", "timezone"})
_REPORTED = ("workflows", *LABELS)
"""Tables that become a document and no record; those of the legal edition, unless they land as custom objects."""
_READ = ("pipelines", "tags", "custom_fields", "users")
"""Objects whose rows become schema or owners."""

_REFERENCES = {name: {spec.name for spec in OBJECTS[name].fields if spec.refers_to} for name in LABELS}
"""Columns of custom objects' tables that land as the name of the record they mean, with its id."""

_NOT_CELLS = frozenset({*PROVENANCE, "merged_ids", "residue", "company_source_id"})


@dataclass(frozen=True)
class Lineage:
    """`rules` per source column, `exceptions` per cell (`account.CELL_COLUMNS`), `summary`: cells by column and bucket.

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
    exceptions = ctx.account.cells.drop_duplicates(["object", "source_id", "column"], keep="last")
    merged = _merged(ctx)
    dropped, rows_dropped = _dropped(ctx.inputs.dropped)
    rules, summary, accounted = [], [], Counter()
    transformed = _transformed(ctx.inputs.columns)
    for object_ in OBJECTS:
        frame = ctx.inputs.staged.get(object_, pd.DataFrame())
        if frame.empty:
            continue
        fates = Fates(exceptions[exceptions["object"] == object_], merged[merged["object"] == object_])
        ids = source_ids(frame)
        for column in columns_of(ctx.inputs.columns, object_, frame):
            rule = _rewritten(
                _rule(ctx, object_, column.heading, column.name), transformed.get((object_, column.heading), "")
            )
            rules.append((object_, column.heading, column.name, *rule))
            counts = fates.count(column, rule, ids)
            counts.update(dropped.pop((object_, column.heading), {}))
            summary += [(object_, column.heading, column.name, *key, count) for key, count in counts.items()]
            accounted[object_, column.heading] += sum(counts.values())
    for (object_, heading), counts in dropped.items():
        summary += [(object_, heading, "", *key, count) for key, count in counts.items()]
        accounted[object_, heading] += sum(counts.values())
    return Lineage(
        pd.DataFrame(rules, columns=list(RULE_COLUMNS)),
        exceptions.reset_index(drop=True),
        pd.DataFrame(summary + rows_dropped, columns=list(SUMMARY_COLUMNS)),
        _balance(ctx, accounted),
        merged,
    )


def _balance(ctx: Context, accounted: Mapping[tuple[str, str], int]) -> pd.DataFrame:
    """What was read against what is accounted for. Cells are counted where the file was read, else over the staged text."""
    read: Counter[tuple[str, str]] = Counter()
    source = ctx.inputs.source_cells
    if len(source):
        for row in source.itertuples(index=False):
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
        for row in exceptions.itertuples(index=False):
            self._cells.setdefault(row.column, {})[row.source_id] = (row.bucket, row.where)

    def count(self, column: Column, rule: tuple[str, str], ids: pd.Series) -> Counter[tuple[str, str]]:
        """Cells of `ids` by bucket: the whole row's exception first, then the cell's own, then merges, blanks, the rule."""
        fate = {**self._cells.get(column.name, {}), **self._cells.get("*", {})}
        filled = ids[column.filled.loc[ids.index]]
        special = filled.isin(fate.keys() | self._merged)
        counts: Counter[tuple[str, str]] = Counter()
        for source_id in filled[special]:
            counts[fate.get(source_id) or (str(Bucket.MERGED), "the surviving record")] += 1
        blank = int((~column.valued.loc[filled.index] & ~special).sum())
        if blank:
            counts[str(Bucket.NORMALISED), BLANK] += blank
        if rest := int(len(filled) - special.sum() - blank):
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
                key = (str(Bucket.MERGED), f"{where} ({row['reason']})")
                cells.setdefault((row["object"], heading), Counter())[key] += 1
    told = [(object_, "(row)", "*", str(Bucket.REFUSED), reason, count) for (object_, reason), count in lines.items()]
    return cells, told


_FEW = 100
"""Repeated rows up to which the accounting names the row that was kept; the table `dropped` always does."""


def _rule(ctx: Context, object_: str, heading: str, column: str) -> tuple[str, str]:
    lands = object_ in landing(ctx.inputs, ctx.place)
    if object_ in _REPORTED and not lands:
        return str(Bucket.REPORTED), "report"
    if not column:
        return left_behind(ctx, object_, heading)
    if object_ in _READ:
        return str(Bucket.LANDED), "schema and owners of the location"
    if lands or object_ in ("contacts", "companies", "deals"):
        planned = ctx.fields.get(object_, column)
        if planned is not None:
            named = lands and column in _REFERENCES[object_]
            return str(Bucket.NORMALISED if named else Bucket.LANDED), f"custom field {planned.label}"
    if column.startswith(CUSTOM_PREFIX):
        return str(Bucket.MOVED), "provenance line"
    where = _ELSEWHERE.get((object_, column)) or _target(object_, column) or _ELSEWHERE.get(("", column), "the record")
    return str(Bucket.NORMALISED if column in _NORMALISED else Bucket.LANDED), where


def _transformed(columns: pd.DataFrame) -> dict[tuple[str, str], str]:
    """(object, heading) → the transform that the sheet named for it."""
    if "decision" not in columns.columns:
        return {}
    named = columns[columns["decision"].fillna("").str.contains('"transform"', regex=False)]
    return {(row.object, row.heading): json.loads(row.decision)["transform"] for row in named.itertuples(index=False)}


def _rewritten(rule: tuple[str, str], transform: str) -> tuple[str, str]:
    """A column whose values a named transform rewrote lands normalised."""
    return (str(Bucket.NORMALISED), rule[1]) if transform and rule[0] == str(Bucket.LANDED) else rule


def _target(object_: str, column: str) -> str:
    names = {spec.name: spec.target for spec in OBJECTS[object_].fields}
    return names.get(column, "")


_ELSEWHERE = {
    ("", "id"): "Perfect Books ID, or the marker of the provenance line",
    ("", "created_at"): "Perfect Books Created, or the provenance line",
    ("", "updated_at"): "Perfect Books Updated, or the provenance line",
    ("", "completed_at"): "the provenance line",
    ("", "contact_id"): "the contact it hangs on",
    ("", "company_id"): "the business it is linked to, or the provenance line",
    ("contacts", "company_name"): "companyName and the business it is linked to",
    ("", "deal_id"): "the provenance line",
    ("", "author"): "user of the note and provenance line",
    ("companies", "owner"): "custom field Perfect Books Owner",
    ("companies", "tags"): "custom field Perfect Books Tags",
    ("deals", "tags"): "custom field Perfect Books Tags",
    ("companies", "parent_id"): "custom field Parent Company",
    ("companies", "parent_name"): "custom field Parent Company",
    ("contacts", "email_opt_out"): "dndSettings.email",
    ("contacts", "sms_opt_out"): "dndSettings.sms",
    ("contacts", "call_opt_out"): "dndSettings.call",
    ("contacts", "email_2"): "custom field Other Emails",
    ("contacts", "more_emails"): "custom field Other Emails",
    ("contacts", "full_name"): "firstName and lastName",
    ("deals", "pipeline"): "pipelineId",
    ("deals", "contact_email"): "contactId",
    ("deals", "lost_reason"): "lostReasonId, or custom field Lost Reason",
    ("attachments", "note_id"): "the note that links it",
    ("appointments", "recurrence"): "the single appointments, and the provenance line",
    ("appointments", "exceptions"): "the single appointments",
}
