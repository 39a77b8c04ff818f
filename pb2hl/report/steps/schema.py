"""Schema: what is made in the location, what is there, and what an administrator does by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.parts import Drawn, Part, sections
from pb2hl.values.counting import counted

ESSENTIAL = ("What is made, what is there", "Workflows to pause", "Requests and time")
"""Sections that the notebook shows where the step ran."""

PARTS = (
    Part("diff", "What is made, what is there", "To make: missing in HighLevel. Made: was missing. Exists: used as it is. Conflict: there, but of another type. Cannot: the token may not, see the instructions.", chart=("kind", "state", "")),
    Part("stages", "Pipelines and stages as they will be", "Order and win probability (per cent) of every stage. Undeclared: only deals name it, the export's pipelines do not; look at its place and its probability."),
    Part("preflight", "Preflight", "Token, scopes, settings, allowance and clock, examined before anything is written."),
    Part("instructions", "Instructions for the administrator", "What the token may not do: do it by hand, then run the step again; it verifies."),
    Part("workflows", "Workflows to pause", "They are published and could fire when records are created.", checklist=True),
    Part("click_list", "To click by hand", "No API shows layouts and roles: tick each off.", checklist=True),
    Part("losses", "What goes elsewhere, and how many records", "Said before the load: HighLevel has no equal place for these."),
    Part("duplicate_opportunities", "Second open deals of one contact", "The location allows one opportunity a contact and pipeline."),
    Part("identity", "E-mails and phones held by two people", "HighLevel takes each once; the second person keeps it in a custom field."),
    Part("estimate", "Requests and time", "Of the whole migration, by step and what for. At most 100 in 10 seconds and 200,000 a day.", chart=("step", "", "requests")),
    Part("verified", "Read back after making", "Each field, tag, pipeline and calendar as HighLevel holds it now."),
)  # fmt: skip


def summary(counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """What it came to, in sentences for the client."""
    diff, flows = tables.get("diff"), tables.get("workflows")
    states = (
        diff["state"].astype("str").value_counts().to_dict() if diff is not None and "state" in diff.columns else {}
    )
    return [
        "Planned: " + "; ".join(f"{n} {state}" for state, n in states.items()) + ". Nothing that exists is altered." if states else "",
        f"{counted(len(flows), 'published workflow')} could message people when records are created: pause before the load." if flows is not None and len(flows) else "",
    ]  # fmt: skip


def draw(context: Context) -> Drawn:
    """The sections of the schema's report."""
    return sections(context, PARTS)
