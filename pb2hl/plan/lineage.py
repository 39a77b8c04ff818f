"""Zero-loss accounting: every filled source cell ends in exactly one bucket, and the totals balance.

A column has a rule (where its values go); single cells that went another way override it. So a table of a million rows
takes a line a column and a line an exception, and `cells` writes any column out in full.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pb2hl.model import CUSTOM_PREFIX, OBJECTS, PROVENANCE, RAW_PREFIX
from pb2hl.plan.account import Bucket
from pb2hl.plan.context import Context
from pb2hl.plan.needs import filled_mask

RULE_COLUMNS = ("object", "column", "bucket", "where")
SUMMARY_COLUMNS = ("object", "column", "bucket", "where", "cells")

_NORMALISED = frozenset({"email", "phone", "tags", "body", "country", "website", "amount", "probability", "timezone"})
_REPORTED = ("workflows", "trust_accounts", "trust_transactions", "time_entries", "rates")
_NOT_CELLS = frozenset({*PROVENANCE, "merged_ids", "residue", "company_source_id"})


@dataclass(frozen=True)
class Lineage:
    """`rules` per column (RULE_COLUMNS), `exceptions` per cell (`account.CELL_COLUMNS`), `summary` with counts."""

    rules: pd.DataFrame
    exceptions: pd.DataFrame
    summary: pd.DataFrame

    def balances(self, filled: dict[tuple[str, str], int]) -> pd.DataFrame:
        """Columns whose buckets do not add up to the filled cells; empty when nothing is lost."""
        sums = self.summary.groupby(["object", "column"])["cells"].sum()
        off = [(*key, count, int(sums.get(key, 0))) for key, count in filled.items() if int(sums.get(key, 0)) != count]
        return pd.DataFrame(off, columns=["object", "column", "filled", "accounted"])


def lineage(ctx: Context) -> Lineage:
    """The fate of every cell of the staged tables, after all operations were planned."""
    exceptions = ctx.account.cells.drop_duplicates(["object", "source_id", "column"], keep="last")
    rules: list[tuple[str, str, str, str]] = []
    summary: list[tuple[str, str, str, str, int]] = []
    for object_ in OBJECTS:
        frame = ctx.inputs.staged.get(object_, pd.DataFrame())
        if frame.empty:
            continue
        own = exceptions[exceptions["object"] == object_]
        merged = _merged_ids(ctx, object_)
        ids = frame["source_id"].astype(str) if "source_id" in frame.columns else pd.Series("", index=frame.index)
        for column in frame.columns:
            if column in _NOT_CELLS or column.startswith(RAW_PREFIX):
                continue
            bucket, where = _rule(ctx, object_, column)
            rules.append((object_, column, bucket, where))
            mask = filled_mask(frame[column])
            summary += _counted(object_, column, bucket, where, ids[mask], own, merged)
    return Lineage(
        pd.DataFrame(rules, columns=list(RULE_COLUMNS)),
        exceptions.reset_index(drop=True),
        pd.DataFrame(summary, columns=list(SUMMARY_COLUMNS)),
    )


def _merged_ids(ctx: Context, object_: str) -> frozenset[str]:
    survivors = ctx.inputs.merges.survivor_of.get(object_, {})
    return frozenset(str(old) for old, new in survivors.items() if str(old) != str(new))


def _counted(
    object_: str, column: str, bucket: str, where: str, ids: pd.Series, own: pd.DataFrame, merged: frozenset[str]
) -> list[tuple[str, str, str, str, int]]:
    """Counts by bucket of one column: whole-row exceptions first, then the cell's own, then merges, then the rule."""
    fate = {row.source_id: (row.bucket, row.where) for row in own[own["column"] == column].itertuples()}
    fate |= {row.source_id: (row.bucket, row.where) for row in own[own["column"] == "*"].itertuples()}
    counts: dict[tuple[str, str], int] = {}
    special = ids[ids.isin(fate.keys() | merged)]
    for source_id in special:
        key = fate.get(source_id) or (str(Bucket.MERGED), "the surviving record")
        counts[key] = counts.get(key, 0) + 1
    rest = len(ids) - len(special)
    if rest:
        counts[bucket, where] = counts.get((bucket, where), 0) + rest
    return [(object_, column, *key, count) for key, count in counts.items()]


def _rule(ctx: Context, object_: str, column: str) -> tuple[str, str]:
    if object_ in _REPORTED:
        return str(Bucket.REPORTED), "report"
    if object_ in ("contacts", "companies", "deals"):
        planned = ctx.fields.get(object_, column)
        if planned is not None:
            return str(Bucket.LANDED), f"custom field {planned.label}"
    if column.startswith(CUSTOM_PREFIX):
        return str(Bucket.MOVED), "provenance line"
    try:
        target = OBJECTS[object_].field(column).target
    except KeyError:
        target = ""
    if target:
        return str(Bucket.NORMALISED if column in _NORMALISED else Bucket.LANDED), target
    return str(Bucket.LANDED), _ELSEWHERE.get((object_, column), _ELSEWHERE.get(("", column), "plan"))


_ELSEWHERE = {
    ("", "id"): "Perfect Books ID, or the marker of the provenance line",
    ("", "created_at"): "Perfect Books Created, or the provenance line",
    ("", "updated_at"): "Perfect Books Updated, or the provenance line",
    ("", "contact_id"): "the contact it hangs on",
    ("", "company_id"): "the business it is linked to, or the provenance line",
    ("", "deal_id"): "the provenance line",
    ("", "owner"): "assigned user, or the provenance line",
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
}
