"""Load: what was sent, and what HighLevel answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pb2hl.report.drawing import balance
from pb2hl.report.drawing.charts import columns
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.page import Section
from pb2hl.report.drawing.parts import WIZARD, Drawn, Part, sections, total

ESSENTIAL = (balance.TITLE, balance.OPEN, balance.LEFT_OUT)
"""Sections that the notebook shows where the step ran."""

PARTS = (
    Part("outcomes", "Outcomes by object", "Done: HighLevel holds it. Skipped: it was there, or a decision left it out. Refused: HighLevel's answer is below.", chart=("object", "state", "count")),
    Part("errors", "What was not sent or did not land", "With the reason or HighLevel's own answer, and the id of the request."),
    Part("losses", "Values HighLevel would not take"),
    Part("requests", "Requests planned and sent", "Planned before anything was written; sent until now, by step."),
    WIZARD,
)  # fmt: skip


def summary(counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """What it came to, in sentences for the client."""
    outcomes = tables.get("outcomes")
    made = total(outcomes[outcomes["state"] == "done"], "count") if outcomes is not None and len(outcomes) else 0
    return [
        f"{made:,} writes to HighLevel have succeeded so far, the sample's among them; sending this again would send nothing twice.",
    ]  # fmt: skip


def draw(context: Context) -> Drawn:
    """The sections of the load's report."""
    found, used = sections(context, PARTS)
    rate = _rate(context)
    return [*balance.sections(context), *found[:1], *([rate] if rate else []), *found[1:]], used | balance.TABLES | {
        "timeline"
    }


def _rate(context: Context) -> Section | None:
    frame = context.frame("timeline")
    if len(frame) < 2:
        return None
    chart = columns([str(at)[11:19] for at in frame["at"]], frame["operations"].tolist())
    peak = f"{int(frame['operations'].max()):,} at most, {int(frame['operations'].sum()):,} in all"
    table = context.evidence.table("timeline", frame, caption="Operations over time")
    return Section(
        "Operations over time",
        f"Finished in each interval: {peak}.",
        table,
        chart=chart,
        chart_label=f"Operations over time: {peak}",
        folded=True,
    )
