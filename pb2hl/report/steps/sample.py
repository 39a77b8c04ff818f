"""Sample: a small part as exported, as sent and as HighLevel keeps it."""

from __future__ import annotations

from pb2hl.report.drawing import balance, comparison
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.parts import Drawn

ESSENTIAL = ("Fields compared", "Everything that is not simply equal", "Record by record")
"""Sections that the notebook shows where the step ran."""


def draw(context: Context) -> Drawn:
    """The sections of the sample's report."""
    found, used = comparison.draw(context)
    return [*balance.sections(context), *found], used | balance.TABLES
