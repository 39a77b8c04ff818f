"""Rollback: what was taken back, and what was kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.parts import Drawn, Part, sections

ESSENTIAL = ("What is taken back", "Kept")
"""Sections that the notebook shows where the step ran."""

PARTS = (
    Part("plan", "What is taken back", "The last made first; restore puts the values back that a record had before.", (), ("object", "action", "operations")),
    Part("account", "What was asked for, and what became of it", "Asked is undone, kept, held by what could not be undone, refused and in doubt."),
    Part("kept", "Kept", "People have worked on these since, they were there before, or something that stays needs them: they stay, and why."),
    Part("outcomes", "Every operation", "", (), ("object", "outcome", "")),
)  # fmt: skip


def summary(counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """What it came to, in sentences for the client."""
    if counts.get("dry_run"):
        looked = (
            "The location was read, and what people changed in it is taken into account."
            if counts.get("looked")
            else "The location was not looked at: what people changed in it is not taken into account."
        )
        return ["This is a rehearsal: nothing was written to HighLevel.", looked]
    lines = []
    if counts.get("undone"):
        lines.append("What was created is deleted, what was changed is restored, the last one first.")
        if not any(counts.get(name) for name in ("kept", "held", "failed", "in_doubt")):
            lines.append("Nothing of what was to be taken back was left behind.")
    return lines


def draw(context: Context) -> Drawn:
    """The sections of the rollback's report."""
    return sections(context, PARTS)
