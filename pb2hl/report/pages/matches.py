"""Duplicates and companies: how sure the proposals are, and the proposals."""

from __future__ import annotations

from pb2hl.report.charts import stacked
from pb2hl.report.context import Context
from pb2hl.report.page import Section


def draw(context: Context) -> tuple[list[Section], set[str]]:
    """The sections of the match report."""
    found = [
        context.section(
            "duplicates",
            "Duplicate contacts",
            "One row a source record of a cluster; none is merged without a decision.",
        ),
        context.section("companies", "Companies", "Companies of one domain or name, and the parent of each."),
    ]
    scores = context.frame("score_histogram")
    if {"object", "from", "pairs"} <= set(scores.columns) and len(scores):
        pivot = scores.pivot_table(index="from", columns="object", values="pairs", aggfunc="sum", fill_value=0)
        chart = stacked(
            [f"{float(low):.2f}" for low in pivot.index], {str(name): pivot[name].tolist() for name in pivot.columns}
        )
        label = "Pairs by score from low to high"
        table = context.evidence.table("score_histogram", scores, caption="Pairs by score")
        found.append(
            Section("How sure the matches are", "Candidate pairs by match score, 0 to 1.", table, chart, label)
        )
    return [part for part in found if part], {"duplicates", "companies", "score_histogram"}
