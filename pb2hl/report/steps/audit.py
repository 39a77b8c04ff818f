"""Audit: what was expected, and what is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pb2hl.ledger import State
from pb2hl.operations import Target
from pb2hl.report.drawing import balance, comparison
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.held import with_held
from pb2hl.report.drawing.parts import Drawn, Part, sections, total
from pb2hl.values.counting import agree, counted, listed

ESSENTIAL = (balance.TITLE, "Everything that is not simply equal", balance.OPEN)
"""Sections that the notebook shows where the step ran."""

PARTS = (
    Part("objects", "Sent and read back", "Read back from HighLevel in full, by kind of record.", (), ("object", "", "arrived")),

)  # fmt: skip
REST = (
    Part("unbalanced", "Not accounted for"),
    Part("not_landed", "What was not sent or did not land"),
    Part("in_doubt", "Outcome unknown"),
    Part("owners", "Owners"),
    Part("links", "Contacts linked to their business"),
    Part("tags", "Tags"),
    Part("class_counts", "Fields by class"),
)

ARRIVED = "arrived_"
"""How tables of what arrived begin: they are for the checks."""


def summary(counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """What it came to, in sentences for the client."""
    accounted = tables.get("accounting")
    cells = total(accounted, "cells")
    off = counts.get("unbalanced_columns", 0)
    return [
        f"Every record that landed was read back from HighLevel and compared with what was sent: {counts.get('values_equal', 0):,} values are the same, "
        f"{counts.get('values_normalised', 0):,} are the same in HighLevel's own writing.",
        f"All {cells:,} filled cells of the export are accounted for." if cells and not off else f"{counted(off, 'column')} of the export {agree(off, 'has', 'have')} cells that are not accounted for." if off else "",
        _left_or_lost(tables.get("not_landed")),
    ]  # fmt: skip


def _left_or_lost(pieces: pd.DataFrame | None) -> str:
    """What of the plan was not sent by decision, and what was sent and did not land: the second is a fault, the first a decision."""
    if pieces is None or pieces.empty:
        return ""
    left = pieces["state"] == State.SKIPPED
    told = [
        f"{_kinds(pieces[left])} of the plan {agree(left.sum(), 'was', 'were')} not sent, by decision"
        if left.any()
        else "",
        f"{_kinds(pieces[~left])} did not land" if not left.all() else "",
    ]
    return f"{'; '.join(filter(None, told))}; each is listed with its reason."


def _kinds(pieces: pd.DataFrame) -> str:
    """How many operations there are of each kind of record: `4 opportunities and 1 media file`."""
    called = pieces["target"].astype(str).map(lambda target: _CALLED.get(target, target.replace("_", " ")))
    return listed(counted(count, str(what)) for what, count in called.value_counts().items())


_CALLED: dict[str, str] = {
    Target.MEDIA: "file",
    Target.FILE: "file",
    Target.BUSINESS: "company",
    Target.CONTACT_TAGS: "contact's tags",
}


def draw(context: Context) -> Drawn:
    """The sections of the audit's report; tables of what arrived are for the checks and shown by nobody."""
    found, used = with_held(context, sections(context, PARTS))
    compared, names = comparison.draw(context)
    rest, more = sections(context, REST)
    arrived = {name for name in context.result.tables if name.startswith(ARRIVED)}
    return [*balance.sections(context), *found, *compared, *rest], used | names | more | arrived | balance.TABLES
