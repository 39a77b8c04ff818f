"""What was asked for and what became of it, by object: one picture and one table, the same on the index, load, sample and audit."""

from __future__ import annotations

import pandas as pd

from pb2hl.report.drawing.charts import stacked
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.page import Section
from pb2hl.report.drawing.tables import Evidence

TABLES = {"balance", "open", "left_out"}
"""The tables of a result that tell it."""
TITLE = "What was asked for, and what became of it"
OPEN, LEFT_OUT = "What is open, piece by piece", "Left out by decision"
_NAMES = ("object", "what", "expected")
BALANCED = frozenset(_NAMES)
"""Columns without which a table is no balance."""


def balance(evidence: Evidence, table: pd.DataFrame) -> Section | None:
    """The balance as a section; None where there is none. A fate that nothing met has no column."""
    if not set(table.columns) >= BALANCED or table.empty:
        return None
    fates = [str(name) for name in table.columns if name not in _NAMES]
    met = [name for name in fates if table[name].sum() or name == "arrived"]
    sums = table.groupby("object", sort=False)[met].sum()
    label = "; ".join(
        f"{name}: " + ", ".join(f"{int(n):,} {fate}" for fate, n in row.items() if n) for name, row in sums.iterrows()
    )
    chart = stacked([str(name) for name in sums.index], {fate: sums[fate].tolist() for fate in met})
    drawn = evidence.table("balance", table, caption=TITLE, columns=(*_NAMES, *met), labels={"what": "Of what"})
    blurb = "Everything that the export asks for is in exactly one column; only what arrived, and what a named person left out, is settled."
    return Section(TITLE, blurb, drawn, chart, label)


def sections(context: Context) -> list[Section]:
    """The balance, what is open and what was left out by whom, of a result that has them."""
    found = [
        balance(context.evidence, context.frame("balance")),
        context.section("open", OPEN, "Neither arrived nor left out by decision, with the reason."),
        context.section("left_out", LEFT_OUT, "What, why, and who decided it."),
    ]
    return [part for part in found if part is not None]
