"""vCard (.vcf, versions 2.1 to 4.0) and iCalendar (.ics) → tables of contacts, companies, their files, appointments, tasks, notes, and
of the people who were invited.

Everything that a file says of a record stands in a column; what says nothing of it (how a program draws a card) is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from pb2hl.errors import ExportError, Problem, Severity
from pb2hl.limits import Limits, remedy
from pb2hl.source import calendars, vcards
from pb2hl.source.card_lines import Component, components, text_of
from pb2hl.source.tables import TEXT, Dropped, RawTable, problem

_BEGINS = re.compile(rb"(?i)BEGIN[ \t]{0,8}:[ \t]{0,8}(VCARD|VCALENDAR)\b")
Rows = list[tuple[int, dict[str, str]]]


def looks_like_cards(head: bytes) -> bool:
    """Whether the bytes begin like a vCard or an iCalendar file."""
    return _BEGINS.match(head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")) is not None


def read_cards(raw: bytes, file: str, limits: Limits) -> list[RawTable]:
    """A table a kind of record. ExportError when there is none at all."""
    found: dict[str, list[Component]] = {}
    dropped: list[Dropped] = []
    for component in components(text_of(raw), file, dropped):
        found.setdefault(component.kind, []).append(component)
    left: Counter[str] = Counter()
    book = vcards.read(found.get("VCARD", []), file, dropped, left)
    rows: dict[str, Rows] = {**book.rows, **calendars.read(found, left)}
    tables = [_table(file, sheet, items, limits) for sheet, items in rows.items() if items]
    if not tables:
        raise ExportError(f"{file} holds no contact, appointment, task or note", hint="export it again")
    problems = (*book.problems, *_told(file, dropped, left))
    return [replace(tables[0], problems=problems, dropped=tuple(dropped)), *tables[1:]]


def _told(file: str, dropped: Sequence[Dropped], left: Counter[str]) -> list[Problem]:
    told = []
    for reason in dict.fromkeys(item.reason for item in dropped):
        rows = [item.row for item in dropped if item.reason == reason]
        code = "cut_card" if reason == "not ended" else "left_out_of_cards"
        said = "is never ended" if reason == "not ended" else reason
        told.append(problem(code, said, file, row=rows[0], count=len(rows), treatment="listed, not migrated"))
    if left:
        names = ", ".join(f"{name} ({count:,})" for name, count in left.most_common())
        said = f"what says nothing of a record but how a program shows or keeps it is left out: {names}"
        told.append(problem("card_marks_left_out", said, file, severity=Severity.INFO, count=left.total()))
    return told


def _table(file: str, sheet: str, items: Rows, limits: Limits) -> RawTable:
    headings = list(dict.fromkeys(heading for _, row in items for heading in row))
    if len(headings) > limits.columns:
        raise ExportError(
            f"{file} has {len(headings):,} kinds of properties, more than {limits.columns:,}", hint=remedy("columns")
        )
    filled = [heading for heading in headings if any(row.get(heading) for _, row in items)]
    frame = pd.DataFrame(
        {heading: pd.Series([row.get(heading, "") for _, row in items], dtype=TEXT) for heading in filled}
    )
    frame.columns = pd.Index(filled, dtype=object)
    return RawTable(file, sheet, filled, frame, np.array([row for row, _ in items], dtype=np.int64))
