"""Zero-loss accounting: every filled source cell ends in exactly one bucket, and the totals balance.

A column has a rule (where its values go); single cells that went another way override it. So a table of a million rows
takes a line a column and a line an exception.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from pb2hl.model import CUSTOM_PREFIX, OBJECTS, PROVENANCE, RAW_PREFIX
from pb2hl.plan.account import Bucket
from pb2hl.plan.context import Context
from pb2hl.plan.needs import filled_mask

RULE_COLUMNS = ("object", "heading", "column", "bucket", "where")
SUMMARY_COLUMNS = ("object", "heading", "column", "bucket", "where", "cells")

BLANK = "read as blank"
"""Cells such as `N/A` and `-` hold text but no value."""

_NORMALISED = frozenset({"email", "phone", "tags", "body", "country", "website", "amount", "probability", "timezone"})
_REPORTED = ("workflows", "trust_accounts", "trust_transactions", "time_entries", "rates")
_READ = ("pipelines", "tags", "custom_fields", "users")
"""Objects whose rows become schema or owners."""

_NOT_CELLS = frozenset({*PROVENANCE, "merged_ids", "residue", "company_source_id"})


@dataclass(frozen=True)
class Lineage:
    """`rules` per source column, `exceptions` per cell (`account.CELL_COLUMNS`), `summary`: cells by column and bucket.

    `balance`: per source column the filled cells and those accounted for; they are equal or something was lost.
    """

    rules: pd.DataFrame
    exceptions: pd.DataFrame
    summary: pd.DataFrame
    balance: pd.DataFrame


@dataclass(frozen=True)
class _Column:
    heading: str
    name: str  # staged column; "" for a column that a decision left out
    filled: pd.Series
    valued: pd.Series


def lineage(ctx: Context) -> Lineage:
    """The fate of every cell of the staged tables; call it after all operations were planned."""
    exceptions = ctx.account.cells.drop_duplicates(["object", "source_id", "column"], keep="last")
    rules, summary, balance = [], [], []
    for object_ in OBJECTS:
        frame = ctx.inputs.staged.get(object_, pd.DataFrame())
        if frame.empty:
            continue
        own = exceptions[exceptions["object"] == object_]
        merged = _merged_ids(ctx, object_)
        ids = frame["source_id"].astype(str) if "source_id" in frame.columns else pd.Series("", index=frame.index)
        for column in _columns(ctx, object_, frame):
            rule = _rule(ctx, object_, column.name)
            rules.append((object_, column.heading, column.name, *rule))
            counts = _counted(column, rule, ids, own, merged)
            summary += [(object_, column.heading, column.name, *key, count) for key, count in counts.items()]
            balance.append((object_, column.heading, int(column.filled.sum()), sum(counts.values())))
    summary += _dropped(ctx.inputs.dropped)
    return Lineage(
        pd.DataFrame(rules, columns=list(RULE_COLUMNS)),
        exceptions.reset_index(drop=True),
        pd.DataFrame(summary, columns=list(SUMMARY_COLUMNS)),
        pd.DataFrame(balance, columns=["object", "heading", "filled", "accounted"]),
    )


def _columns(ctx: Context, object_: str, frame: pd.DataFrame) -> Iterator[_Column]:
    """The source columns of a table: by its raw text where staging kept it, else by its staged values."""
    known = ctx.inputs.columns
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
                yield _Column(name, name, filled, filled)
        return
    raw = {heading: filled_mask(frame[f"{RAW_PREFIX}{heading}"]) for heading, _ in pairs}
    seen: set[str] = set()
    for heading, name in pairs:
        if name not in frame.columns:
            yield _Column(heading, "", raw[heading], raw[heading])
            continue
        valued, filled = filled_mask(frame[name]), raw[heading]
        if name not in seen:  # values that reading added (a contact found by e-mail) count with the first heading
            said = [raw[other] for other, column in pairs if column == name]
            filled = filled | (valued & ~pd.concat(said, axis=1).any(axis=1))
        seen.add(name)
        yield _Column(heading, name, filled, valued)


def _merged_ids(ctx: Context, object_: str) -> frozenset[str]:
    survivors = ctx.inputs.merges.survivor_of.get(object_, {})
    return frozenset(str(old) for old, new in survivors.items() if str(old) != str(new))


def _counted(
    column: _Column, rule: tuple[str, str], ids: pd.Series, own: pd.DataFrame, merged: frozenset[str]
) -> Counter[tuple[str, str]]:
    """Cells by bucket: the whole row's exception first, then the cell's own, then merges, blanks, and the rule."""
    fate = {row.source_id: (row.bucket, row.where) for row in own[own["column"] == column.name].itertuples()}
    fate |= {row.source_id: (row.bucket, row.where) for row in own[own["column"] == "*"].itertuples()}
    filled = ids[column.filled]
    special = filled.isin(fate.keys() | merged)
    counts: Counter[tuple[str, str]] = Counter()
    for source_id in filled[special]:
        counts[fate.get(source_id) or (str(Bucket.MERGED), "the surviving record")] += 1
    blank = int((~column.valued[column.filled] & ~special).sum())
    if blank:
        counts[str(Bucket.NORMALISED), BLANK] += blank
    if rest := int(len(filled) - special.sum() - blank):
        counts[rule] += rest
    return counts


def _dropped(dropped: pd.DataFrame) -> list[tuple[str, str, str, str, str, int]]:
    """Rows that are in no staged table, by reason."""
    if dropped.empty:
        return []
    found: Counter[tuple[str, str, str]] = Counter()
    names = (dropped[name].fillna("").astype(str) for name in ("object", "reason", "kept_source_id"))
    for object_, reason, kept in zip(*names, strict=True):
        found[object_, str(Bucket.MERGED if kept else Bucket.REFUSED), reason] += 1
    return [(object_, "(row)", "*", bucket, reason, count) for (object_, bucket, reason), count in found.items()]


def _rule(ctx: Context, object_: str, column: str) -> tuple[str, str]:
    if object_ in _REPORTED:
        return str(Bucket.REPORTED), "report"
    if not column:
        return str(Bucket.SKIPPED), "sheets/fields.csv"
    if object_ in _READ:
        return str(Bucket.LANDED), "schema and owners of the location"
    if object_ in ("contacts", "companies", "deals"):
        planned = ctx.fields.get(object_, column)
        if planned is not None:
            return str(Bucket.LANDED), f"custom field {planned.label}"
    if column.startswith(CUSTOM_PREFIX):
        return str(Bucket.MOVED), "provenance line"
    where = _ELSEWHERE.get((object_, column)) or _target(object_, column) or _ELSEWHERE.get(("", column), "the record")
    return str(Bucket.NORMALISED if column in _NORMALISED else Bucket.LANDED), where


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
