"""Occurrences of an appointment: one for a single one, all of a series as `pb2hl.recurrence` expands it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pb2hl.plan.context import Context
from pb2hl.plan.rows import Row, text


@dataclass(frozen=True)
class Occurrence:
    """One appointment to make; `part` tells it apart from the others of its series ("" for a single one)."""

    start: datetime
    part: str = ""
    facts: tuple[str, ...] = ()


def occurrences(ctx: Context, row: Row, start: datetime, zone: ZoneInfo, until: date) -> Iterator[Occurrence]:
    """Every occurrence, exceptions left out; a rule that is not understood gives the first one and is told."""
    rule = text(row, "recurrence")
    if not rule:
        yield Occurrence(start)
        return
    from pb2hl import recurrence  # until the module lands

    series = recurrence.expand(rule, start, zone, until=until, exceptions=text(row, "exceptions"))
    for problem in series.problems:
        ctx.account.problem(
            "recurrence", "appointments", problem.message, source_id=row["source_id"], treatment=problem.treatment
        )
    for moment in series.starts:
        yield Occurrence(moment, moment.astimezone(zone).strftime("%Y%m%dT%H%M%S"))
