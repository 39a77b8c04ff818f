"""Occurrences of an appointment: one for a single one, all of a series as `pb2hl.recurrence` expands it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pb2hl import recurrence
from pb2hl.plan.inputs.rows import Row, text
from pb2hl.plan.shared.context import Context


@dataclass(frozen=True)
class Occurrence:
    """One appointment to make; `part` tells it apart from the others of its series ("" for a single one)."""

    start: datetime
    end: datetime
    part: str = ""


def occurrences(
    ctx: Context, row: Row, start: datetime, end: datetime, zone: ZoneInfo, until: date
) -> Iterator[Occurrence]:
    """Every occurrence, exceptions left out; what of the rule is not understood is told."""
    rule = text(row, "recurrence")
    if not rule:
        yield Occurrence(start, end)
        return
    series = recurrence.expand(start, end, zone, rule, text(row, "exceptions"), until_limit=until)
    for problem in series.problems:
        ctx.findings.problem("recurrence", "appointments", problem, source_id=row["source_id"], field_="recurrence")
    for first, last in series.occurrences:
        yield Occurrence(first, last, first.astimezone(zone).strftime("%Y%m%dT%H%M%S"))
