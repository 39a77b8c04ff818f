"""Days and times of day in columns of their own (`Start Date`, `Start Time`): one moment, by the transforms `at time` and `on day`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.score import candidate
from pb2hl.mapper.proposer.structure import Table
from pb2hl.model import OBJECTS, FieldKind
from pb2hl.values.clocks import clock

_TIMED = {"appointments": "start_at", "activities": "at", "tasks": "due_at"}
"""Objects whose records happen at a time of day, and the field that says when."""

_BOOKS = frozenset({"created_at", "updated_at"})
_MOSTLY = 0.8
_HOURS = heading_words("times of day")


def join_clocks(table: Table) -> None:
    """Propose days and the times of day beside them as one; changes the proposals in place."""
    if table.object not in _TIMED:
        return
    moments = [spec.name for spec in OBJECTS[table.object].fields if spec.kind is FieldKind.DATETIME]
    clocks = [heading for heading in table.raw.headings if is_clock(heading, table.seen(heading))]
    days = [heading for heading in table.raw.headings if heading not in clocks and _is_day(table, heading, moments)]
    free = dict.fromkeys(days)  # days to which no time belongs yet
    for heading in clocks:
        field = _said(table, heading, moments)
        same = [day for day in free if field and field in (table.proposed(day), _said(table, day, moments))]
        if not field:
            field = _TIMED[table.object]
            if all(_has_times(table, day) for day in days):
                continue  # how long it rang, beside when it did
            named = [day for day in free if table.proposed(day) == field]
            before = [day for day in free if table.raw.headings.index(day) < table.raw.headings.index(heading)]
            same = named[:1] or before[-1:] or [*free][:1]
            field = table.proposed(same[0]) if same and table.proposed(same[0]) in moments else field
        if same:
            del free[same[0]]
            _at_time(table, same[0], heading, field)
        elif day := _of_day(table, days):
            _on_day(table, heading, day, field)


def is_clock(heading: str, seen: Signals) -> bool:
    """Whether a column holds times of day: by their look, or by its name where they are written without a mark."""
    if "duration" in terms(heading):
        return False
    if seen.looks("clock", at_least=_MOSTLY):
        return True
    said = set(tokens(heading))
    return bool(said & _HOURS) and bool(seen.examples) and all(map(clock, seen.examples))


def _is_day(table: Table, heading: str, moments: Sequence[str]) -> bool:
    proposed = table.proposed(heading)
    if proposed in _BOOKS or not (proposed in moments or proposed in ("custom", "ignore")):
        return False
    return table.seen(heading).looks("date", "datetime", "moment", at_least=_MOSTLY)


def _has_times(table: Table, day: str) -> bool:
    """Whether a column of days holds their times of day as well: any but midnight."""
    return bool(table.raw.frame[day].str.contains(_TIME).any())


_TIME = re.compile(r"\d[T ](?!0{1,2}:00)\d{1,2}:\d{2}")


def _said(table: Table, heading: str, moments: Sequence[str]) -> str:
    """The moment that a heading speaks of, whatever its values; "" for none."""
    found = candidate(table.said(heading), table.object, Signals()).field
    return found if found in moments else ""


def _of_day(table: Table, days: Sequence[str]) -> str:
    """The column of the days on which times without a day of their own are: that of the record's own moment, or the only one."""
    own = [day for day in days if table.proposed(day) == _TIMED[table.object]]
    return own[0] if own else days[0] if len(days) == 1 else ""


def _named(heading: str) -> str:
    return f'"{heading}"'


def _at_time(table: Table, day: str, heading: str, field: str) -> None:
    target = OBJECTS[table.object].meaning(field)
    table.decide(
        day, field, target, max(0.9, table.confidence(day)), f"{table.reason(day)}; with the time of day in {heading!r}"
    )
    table.transform(day, f"at time: {_named(heading)}")
    _read_with(table, heading, day)


def _on_day(table: Table, heading: str, day: str, field: str) -> None:
    own = table.proposed(day)
    if own == field:
        if table.proposed(heading) == field:
            table.decide(heading, "custom", "ignore", 0.85, f"another time than the one in {day!r}")
        return
    table.decide(heading, field, OBJECTS[table.object].meaning(field), 0.9, f"times of day on the days of {day!r}")
    table.transform(heading, f"on day: {_named(day)}")
    if own in ("custom", "ignore"):
        _read_with(table, day, heading)


def _read_with(table: Table, heading: str, other: str) -> None:
    table.decide(heading, "ignore", "ignore", 0.9, f"read together with {other!r}")
