"""What of a page goes on paper: a reader of a print gets a few pages, and is told what was left out and where all of it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from pb2hl.report.drawing.page import Page, Section, Table

LINES = 42
"""Lines of an A4 page as the style prints it, careful: charts and headings do not break."""
_WIDE = 125
"""Characters that a line of a table holds over all its columns."""
_CHART, _HEAD, _LEAST = 14, 8, 3


def for_paper(page: Page, pages: int) -> Page:
    """`page` with as many rows of each table, problems and records marked for printing as fit on about `pages` sheets."""
    parts = list(_walk(page.sections))
    tables = [part.table for part in parts if part.table is not None and not _stays(part)]
    fixed = _head(page) + sum(
        _HEAD + (_CHART if part.chart is not None else 0) + len(part.facts) // 3 + part.preformatted.count("\n")
        for part in parts
    )
    fixed += sum(2 + len(step.text) // 90 for part in parts for step in part.steps)
    free = max(pages * LINES - fixed, 0)
    problems, taken = _problems(page, free // 3)
    lists = sum(bool(part.checklist) for part in parts)
    share = max((free - taken) // max(len(tables) + lists + any(part.records for part in parts), 1), 0)
    return replace(page, sections=tuple(_cut(part, share) for part in page.sections), problems_printed=problems)


def _stays(part: Section) -> bool:
    """Whether the table of `part` stays off paper: the chart above it says the same."""
    return part.folded and part.chart is not None


def _head(page: Page) -> int:
    """Lines from the top of the page to its first section."""
    texts = (page.headline, *page.summary, page.next_step, page.approval)
    return 14 + sum(1 + len(text) // 100 for text in texts if text) + len(page.figures) // 3


def _problems(page: Page, lines: int) -> tuple[int, int]:
    """How many problems fit into `lines` lines, at least a few, and the lines that they take."""
    taken = 0
    for place, item in enumerate(page.problems):
        wanted = 3 + len(item.message) // 100 + len(item.treatment) // 100
        if taken + wanted > lines and place >= _LEAST:
            return place, taken
        taken += wanted
    return len(page.problems), taken


def _walk(sections: tuple[Section, ...]) -> Iterator[Section]:
    for part in sections:
        yield part
        yield from _walk(part.sections)


def _cut(part: Section, share: int) -> Section:
    table = replace(part.table, printed=_rows(part.table, share)) if part.table is not None else None
    records, left = [], share
    for name, record in part.records:
        left -= 3 + _lines(record, len(record.rows))
        if left < 0:
            break
        records.append(name)
    inner = tuple(_cut(child, share) for child in part.sections)
    return replace(
        part, table=table, records_printed=len(records), checklist_printed=max(share, _LEAST), sections=inner
    )


def _lines(table: Table, rows: int) -> int:
    """Lines that the first `rows` of a table take."""
    room = _room(table)
    return sum(max((math.ceil(len(cell.text[:160]) / room) for cell in row), default=1) for row in table.rows[:rows])


def _room(table: Table) -> int:
    """Characters that a line of a cell holds, over the columns that say something."""
    return max(_WIDE // max(len(table.columns) - len(table.bare), 1), 6)


def _rows(table: Table, share: int) -> int:
    """Rows of a table that fit into `share` lines; at least a few."""
    taken, room = 0, _room(table)
    for place, row in enumerate(table.rows):
        taken += max((math.ceil(len(cell.text[:160]) / room) for cell in row), default=1)
        if taken > share and place >= _LEAST:
            return place
    return len(table.rows)
