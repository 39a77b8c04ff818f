"""Delta: what changed in the source since, set against what people changed in HighLevel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pb2hl.report.drawing import balance, comparison
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.parts import WIZARD, Drawn, Part, sections
from pb2hl.steps.delta.operations_told import told
from pb2hl.values.counting import counted

ESSENTIAL = (
    balance.TITLE,
    "Conflicts",
    "New",
    "Values changed in the source",
    "Gone from the source",
    balance.OPEN,
)
"""Sections that the notebook shows where the step ran."""

PARTS = (
    Part("account", "What this delta was asked to do, and what became of it", "Asked is done, left out, kept, refused, held and in doubt."),
    Part("conflicts", "Conflicts", "Changed in the source and in HighLevel: HighLevel's value is kept until somebody decides in sheets/conflicts.csv."),
    Part("updates", "Values changed in the source", "", (), ("object", "field", "")),
    Part("new", "New", "Records, and the links, tags and files that go with them."),
    Part("removed", "Gone from the source", "Nothing is deleted in HighLevel for it without a decision."),
    Part("deleted", "Deleted by decision"),
    Part("errors", "What did not land"),
    WIZARD,
    Part("requests", "Requests planned and sent", "A delta's are planned before it writes anything, when it knows what changed; sent until now, by step."),
)  # fmt: skip


def summary(counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """What it came to, in sentences for the client."""
    sizes = {name: len(tables.get(name, ())) for name in ("new", "updates", "conflicts", "removed")}
    if not sum(sizes.values()):
        return ["What people changed in HighLevel since the load is never overwritten unseen."]
    new = tables.get("new", pd.DataFrame(columns=["target", "kind"]))
    return [
        f"New: {told(zip(new['target'], new['kind'], strict=True))}. {counted(sizes['updates'], 'changed value')}, {counted(sizes['removed'], 'record')} gone from the source.",
        f"{counted(sizes['conflicts'], 'value')} changed on both sides: HighLevel's is kept until somebody decides." if sizes["conflicts"] else "No change clashes with work done in HighLevel.",
    ]  # fmt: skip


def draw(context: Context) -> Drawn:
    """The sections of the delta's report."""
    found, used = sections(context, PARTS)
    compared, names = comparison.draw(context)
    return [*balance.sections(context), *found, *compared], used | names | balance.TABLES
