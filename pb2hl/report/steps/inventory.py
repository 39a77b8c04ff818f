"""Inventory: product, objects, relations, profile, what will not move, what it costs in requests and days."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from pb2hl.report.drawing.cells import text_of, words
from pb2hl.report.drawing.charts import Drawing, bars, network
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.held import with_held
from pb2hl.report.drawing.page import Section
from pb2hl.report.drawing.parts import total
from pb2hl.values.counting import agree, counted

ESSENTIAL = ("Objects", "What HighLevel cannot hold")
"""Sections that the notebook shows where the step ran."""

_PROFILE = (
    "object", "column", "type", "fill", "distinct", "top_values", "min", "max", "patterns", "histogram", "language", "personal_data",
    "outliers",
)  # fmt: skip
_TOLD = (
    (
        "fields_apart",
        "Deprecated and unsupported fields",
        "Fields that the export calls deprecated, that hold nothing, or for which HighLevel has no standard field.",
    ),
    (
        "volume",
        "Volume and time",
        "How many requests the load takes, and how long at HighLevel's limits of 100 in 10 seconds and 200,000 a day.",
    ),
    (
        "workflows",
        "Workflows found",
        "They cannot be made through the API; workflows.html says how to build them again.",
    ),
    (
        "trust_accounts",
        "Trust money, three ways",
        "Each account: the bank, the ledger and the sum of the client ledgers.",
    ),
    ("trust_days", "Trust money by day", "The three balances at the end of every day with a transaction."),
    (
        "trust_differences",
        "Where trust money differs",
        "Every transaction behind a difference, with its effect; their sums are the differences of the accounts.",
    ),
    ("trust_clients", "Client ledgers", "Each client's balance, and the lowest it ever was."),
    (
        "time_issues",
        "Time entries against the rate table",
        "Entries that the rate table does not bear out, and what the bill would change by if the table is right.",
    ),
)


def draw(context: Context) -> tuple[list[Section], set[str]]:
    """The inventory's sections."""
    objects, relations = context.frame("objects"), context.frame("relations")
    found: list[Section | None] = []
    if {"object", "rows"} <= set(objects.columns):
        rows = {str(name): int(count) for name, count in zip(objects["object"], objects["rows"], strict=True)}
        chart = bars(list(rows), list(rows.values()))
        label = "Records by object: " + ", ".join(f"{name} {count}" for name, count in rows.items())
        table = context.evidence.table("objects", _with_fill(objects, context.frame("profile")), caption="Objects")
        found.append(Section("Objects", "What the export holds, and from which files.", table, chart, label))
        if not relations.empty:
            text = "Arrows are references; dashed red ones have some that lead nowhere or could mean several records."
            table = context.evidence.table("relations", relations, caption="Relations")
            summary = "; ".join(
                f"{r.object}.{r.field} to {r.refers_to}, {r.dangling} lost" for r in relations.itertuples()
            )
            found.append(Section("Relations", text, table, _relations(rows, relations), f"Relations: {summary}"))
    found += [context.section(name, title, blurb) for name, title, blurb in _TOLD]
    found += [_profile(context), _columns(context)]
    used = {"objects", "relations", "profile", "columns", *(name for name, _, _ in _TOLD)}
    return with_held(context, ([part for part in found if part is not None], used))


def _with_fill(objects: pd.DataFrame, profile: pd.DataFrame) -> pd.DataFrame:
    """`objects` with the share of filled cells, and the first and last moment in any column that holds moments."""
    if not {"object", "type", "filled", "rows", "min", "max"} <= set(profile.columns):
        return objects
    cells = profile.groupby("object")[["filled", "rows"]].sum()
    moments = (
        profile[profile["type"].astype("str") == "datetime"]
        .groupby("object")
        .agg(first=("min", "min"), last=("max", "max"))
    )
    found = objects.assign(fill=objects["object"].map(cells["filled"] / cells["rows"].where(cells["rows"] > 0)))
    return found.assign(**{name: found["object"].map(moments[name]) for name in moments.columns})


def _relations(objects: dict[str, int], relations: pd.DataFrame) -> Drawing:
    """An arrow a kind of reference, dashed and red where references are lost."""
    arrows = []
    for row in relations.fillna(0).to_dict("records"):
        lost = int(row["dangling"]) + int(row.get("ambiguous", 0))
        label = f"{row['object']}.{row['field']} → {row['refers_to']}: {row['filled']:,} filled, {lost:,} not found"
        if row["filled"]:
            arrows.append((words(row["object"]), words(row["refers_to"]), label, lost > 0))
    return network({words(name): f"{rows:,}" for name, rows in objects.items() if rows}, arrows)


def _profile(context: Context) -> Section | None:
    blurb = (
        "One row a column. Fill is a share; patterns show the commonest shapes (A upper case, a lower case, 9 digits); the small "
        "histogram runs from the lowest value (of texts: the shortest) to the highest."
    )
    return context.section("profile", "Profile of every column", blurb, columns=_PROFILE)


def _columns(context: Context) -> Section | None:
    """Which column was taken for which field, and what was decided about its values, as words instead of JSON."""
    frame = context.frame("columns")
    if not {"kind", "decision"} <= set(frame.columns) or frame.empty:
        return None
    spoken = frame.assign(decision=frame["decision"].map({text: _spoken(text) for text in frame["decision"].unique()}))
    table = context.evidence.table("columns", spoken, caption="How each column was read", labels=_READ)
    blurb = "Which field each column was taken for, and what its values told about their writing: order of dates, zone, unit, country."
    return Section("How each column was read", blurb, table)


_READ = {"decision": "Read as", "staged_column": "Kept as"}


def _spoken(decision: str) -> str:
    """`{"zone": "UTC", "zone_from": "heading"}` → `zone UTC, zone from heading`."""
    return ", ".join(f"{name.replace('_', ' ')} {text_of(value)}" for name, value in json.loads(decision).items())


def summary(counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """What it came to, in sentences for the client."""
    held = tables.get("cannot_hold")
    moved = held[held["records"] > 0] if held is not None else None
    lost = tables.get("relations")
    dangling = total(lost, "dangling")
    return [
        f"{counted(len(moved), 'kind')} of data {agree(len(moved), 'has', 'have')} no equal place in HighLevel; each goes to a stated place instead." if moved is not None and len(moved) else "",
        f"{counted(dangling, 'reference')} {agree(dangling, 'leads', 'lead')} to records that the export does not hold; nothing is dropped for that." if dangling else "",
    ]  # fmt: skip
