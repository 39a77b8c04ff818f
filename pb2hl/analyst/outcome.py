"""A step's result as an analyst sees it: it draws itself as the last line of a cell, and hands out its tables and charts."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pb2hl.errors import ConfigError, Problem
from pb2hl.register import chapters_of
from pb2hl.report import verdict_html
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.masking import Mask
from pb2hl.report.drawing.page import Section
from pb2hl.report.drawing.page import Table as DrawnTable
from pb2hl.report.drawing.tables import Evidence
from pb2hl.report.pages import captions, extract, sections
from pb2hl.results import Status, StepResult
from pb2hl.workspace import Workspace

MOST_ROWS = 10
"""Rows of a table that a cell shows; `.table(name)` has all."""
MOST_OPEN = 2
"""Sections that are open at once; the others fold out."""
MOST_SECTIONS = 8
_GREY = "#7d8590"
"""Lines and letters of charts, readable on light and on dark."""


class Chart:
    """One chart of a result, as a picture that stands anywhere: in JupyterLab, in a saved notebook, in a mail."""

    def __init__(self, title: str, svg: str, label: str):
        self.title, self.svg, self.label = title, svg.replace("currentColor", _GREY), label

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self.svg.encode()).decode()
        return (
            f'<figure><img alt="{html.escape(self.label or self.title)}" src="data:image/svg+xml;base64,{picture}">'
            f"<figcaption>{html.escape(self.title)}</figcaption></figure>"
        )

    def __repr__(self) -> str:
        return f"{self.title}: {self.label}"


class Result:
    """What a step came to: `headline`, `status`, `counts`, `facts`, `.table(name)`, `.problems`, `.chart(name)`, `report`."""

    def __init__(self, ws: Workspace, outcome: StepResult, report: Path):
        self._ws = ws
        self._outcome = outcome
        self.report = report

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._outcome, name)

    @property
    def problems(self) -> pd.DataFrame:
        """One row a problem: severity, message, file, sheet, row, field, count, treatment; the gravest first."""
        order = ("critical", "warning", "info")
        rows = sorted(self._outcome.problems, key=lambda problem: order.index(str(problem.severity)))
        columns = list(Problem("", "").as_dict())
        return pd.DataFrame([problem.as_dict() for problem in rows], columns=columns)

    def table(self, name: str = "") -> pd.DataFrame:
        """The result's table `name` in full; without a name the list of its tables with their rows and columns."""
        tables: Mapping[str, pd.DataFrame] = self._outcome.tables
        if not name:
            rows = [(key, len(frame), ", ".join(map(str, frame.columns))) for key, frame in tables.items()]
            return pd.DataFrame(rows, columns=["table", "rows", "columns"])
        if name not in tables:
            raise ConfigError(
                f"{self._outcome.step} has no table {name!r}", hint=f"one of: {', '.join(tables) or 'none'}"
            )
        return tables[name].copy()

    def chart(self, name: str = "") -> Chart | None:
        """The chart whose title holds `name`, else the first one; None when the result has none."""
        drawn = [part for part in self._sections() if part.chart is not None]
        found = next((part for part in drawn if name.casefold() in part.title.casefold()), None)
        return Chart(found.title, str(found.chart), found.chart_label) if found else None

    def _sections(self) -> list[Section]:
        """What the step's own reports show, without a file written."""
        evidence = Evidence(self._ws.reports, Mask(), written=False)
        found: list[Section] = []
        for chapter in chapters_of(self._outcome.step):
            part = extract(self._outcome, chapter.file)
            found += sections(Context(self._ws, part, chapter, evidence, captions(part.step)))
        return found

    def _repr_html_(self) -> str:
        parts = [part for part in self._sections() if part.chart is not None or part.table is not None]
        drawn = "".join(_drawn(part, place < MOST_OPEN) for place, part in enumerate(parts[:MOST_SECTIONS]))
        return verdict_html(self._ws, self._outcome, self.report) + drawn

    def __repr__(self) -> str:
        return f"{self._outcome.step}: {self._outcome.status}. {self._outcome.headline}"


def stops(result: StepResult) -> bool:
    """Whether a notebook ends here: the step failed, or waits for somebody who has to act in HighLevel."""
    return result.status is Status.FAILED or (
        result.status is Status.WAITING and result.facts.get("waits_for") == "admin"
    )


def _drawn(part: Section, opened: bool) -> str:
    chart = Chart(part.title, str(part.chart), part.chart_label)._repr_html_() if part.chart is not None else ""
    table = table_html(part.table) if part.table is not None else ""
    summary = f"<summary><b>{html.escape(part.title)}</b></summary>"
    return f"<details{' open' if opened else ''}>{summary}{chart}{table}</details>"


def table_html(table: DrawnTable) -> str:
    """The first rows of a table of a report, as plain HTML."""
    head = "".join(f'<th scope="col">{html.escape(column.label)}</th>' for column in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell.text[:200])}</td>" for cell in row) + "</tr>"
        for row in table.rows[:MOST_ROWS]
    )
    more = table.total - min(len(table.rows), MOST_ROWS)
    note = f"<p>{more:,} rows more: <code>.table(name)</code> has all of them.</p>" if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{note}"
