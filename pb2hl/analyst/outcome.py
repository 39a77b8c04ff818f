"""A step's result as an analyst sees it: it draws itself as the last line of a cell, and hands out its tables and charts."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from pb2hl.analyst.browser import TableBrowser
from pb2hl.analyst.earlier import show_verdict
from pb2hl.analyst.lines import Lines
from pb2hl.errors import ConfigError, Problem
from pb2hl.register import chapters_of, results
from pb2hl.report import verdict_html
from pb2hl.report.drawing.charts import Drawing, figure_html, for_notebook
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.masking import Mask
from pb2hl.report.drawing.page import Column, Section
from pb2hl.report.drawing.page import Table as DrawnTable
from pb2hl.report.drawing.tables import Evidence
from pb2hl.report.pages import captions, essential, extract, sections
from pb2hl.results import Failure, Status, StepResult
from pb2hl.saved import LEFT
from pb2hl.workspace import Workspace

MOST_SECTIONS = 8
"""Sections that fold out below those that matter; the report has all of them."""
MOST_SHOWN = 5
"""Records side by side, and lines of a checklist, that a cell shows."""


_HEADING = '<h2 style="font-size:1.05em;font-weight:700;margin:1.2em 0 .3em;border:0">'
"""The next level below a notebook's title, for a screen reader; small, for it stands among a cell's output."""


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
        return Lines([problem.as_dict() for problem in rows], columns=columns)

    def table(self, name: str = "") -> pd.DataFrame:
        """The result's table `name` in full; without a name the list of its tables with their rows and columns."""
        tables: Mapping[str, pd.DataFrame] = self._outcome.tables
        if not name:
            rows = [(key, len(frame), ", ".join(map(str, frame.columns))) for key, frame in tables.items()]
            return Lines(rows, columns=["table", "rows", "columns"])
        if name not in tables:
            raise ConfigError(
                f"{self._outcome.step} has no table {name!r}", hint=f"one of: {', '.join(tables) or 'none'}"
            )
        return Lines(tables[name].copy())

    def chart(self, name: str = "") -> Drawing | None:
        """The chart whose title holds `name`, else the first one, as Altair draws it; None when the result has none."""
        drawn = [part for part in self._sections() if part.chart is not None]
        found = next((part for part in drawn if name.casefold() in part.title.casefold()), None)
        return (
            found.chart.properties(title=found.title, description=found.chart_label) if found and found.chart else None
        )

    def _sections(self) -> list[Section]:
        """What the step's own reports show, without a file written."""
        return [part for _, parts in self._chapters() for part in parts]

    def _chapters(self) -> Iterator[tuple[str, list[Section]]]:
        """The sections of each report of the step, by the report's title."""
        evidence = Evidence(self._ws.reports, Mask(), written=False)
        for chapter in chapters_of(self._outcome.step):
            part = extract(self._outcome, chapter.file)
            yield chapter.title, list(sections(Context(self._ws, part, chapter, evidence, captions(part.step))))

    def _parts(self) -> tuple[list[Section], list[Section]]:
        """The sections that matter, and the others; what several reports of the step call the same is told apart by the report's title."""
        drawn = [(title, part) for title, parts in self._chapters() for part in parts if part.chart is not None or part.table or part.checklist or part.records]  # fmt: skip
        times = Counter(part.title for _, part in drawn)
        wanted = essential(self._outcome.step)
        first: list[Section] = []
        rest: list[Section] = []
        for title, part in sorted(drawn, key=lambda item: wanted.index(item[1].title) if item[1].title in wanted else len(wanted)):  # fmt: skip
            named = replace(part, title=f"{part.title}: {title.lower()}") if times[part.title] > 1 else part
            (first if part.title in wanted else rest).append(named)
        return first, rest

    def _pieces(self) -> Iterator[str | TableBrowser | tuple[Drawing, str]]:
        """What a cell shows: the verdict, the sections that matter with charts and tables to work with, the rest folded."""
        yield verdict_html(self._ws, self._outcome, self.report)
        first, rest = self._parts()
        for part in first:
            yield f"{_HEADING}{html.escape(part.title)}</h2><p>{html.escape(part.blurb)}</p>{_lists(part)}"
            if part.chart is not None:
                yield part.chart, part.chart_label
            if part.table is not None and not part.folded:
                right = [column.label for column in part.table.columns if column.numeric]
                yield TableBrowser(frame_of(part.table), title=part.title, folded=True, numbers=right)
        yield "".join(_folded(part) for part in rest[:MOST_SECTIONS])

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display

        verdict, *others = self._pieces()
        show_verdict(self._outcome.step, self._outcome.at, str(verdict))
        for piece in others:
            if isinstance(piece, tuple):
                data, how = for_notebook(*piece)
                display(data, metadata=how, raw=True)  # type: ignore[no-untyped-call]
            else:
                display(HTML(piece) if isinstance(piece, str) else piece)

    def _repr_html_(self) -> str:
        return "".join(_static(piece) for piece in self._pieces())

    def __repr__(self) -> str:
        failed = Failure.load(self._ws.results(self._outcome.step)) if self._outcome.step in results() else None
        told = f"{self._outcome.step}: {self._outcome.status}. {self._outcome.headline}"
        if failed is None or failed.at < self._outcome.at:
            return told
        return f"{self._outcome.step}: a later run did not end well: {failed.sentence()}. Before that: {told}"


def stops(result: StepResult) -> bool:
    """Whether a notebook ends here: the step failed, or waits for somebody who has to act in HighLevel."""
    return result.status is Status.FAILED or (
        result.status is Status.WAITING and result.facts.get("waits_for") == "admin"
    )


def _static(piece: str | TableBrowser | tuple[Drawing, str]) -> str:
    if isinstance(piece, tuple):
        return figure_html(*piece)
    return piece if isinstance(piece, str) else piece.static_html()


def _lists(part: Section) -> str:
    """Its checklist, and the first records of those that have a table each."""
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in part.checklist[:MOST_SHOWN])
    more = len(part.checklist) - MOST_SHOWN
    rest = f"<li>{more:,} more in the report</li>" if more > 0 else ""
    tables = "".join(f"<details open><summary>{html.escape(name)}</summary>{table_html(table, len(table.rows))}</details>" for name, table in part.records[:MOST_SHOWN])  # fmt: skip
    return (f"<ul>{lines}{rest}</ul>" if lines else "") + tables


def _folded(part: Section) -> str:
    chart = figure_html(part.chart, part.chart_label) if part.chart is not None else ""
    table = table_html(part.table) if part.table is not None else ""
    return f"<details><summary><b>{html.escape(part.title)}</b></summary>{chart}{table}{_lists(part)}</details>"


def frame_of(table: DrawnTable) -> pd.DataFrame:
    """The rows that a report's table shows, as a frame of texts."""
    texts = [[cell.text for cell in row] for row in table.rows]
    return pd.DataFrame(texts, columns=[column.label for column in table.columns], dtype="string").replace("", pd.NA)


def _side(column: Column) -> str:
    return "" if column.numeric else LEFT


def table_html(table: DrawnTable, most: int = 10) -> str:
    """The first rows of a table of a report, as plain HTML."""
    head = "".join(f'<th scope="col"{_side(column)}>{html.escape(column.label)}</th>' for column in table.columns)
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{_side(column)}>{html.escape(cell.text[:200])}</td>"
            for column, cell in zip(table.columns, row, strict=True)
        )
        + "</tr>"
        for row in table.rows[:most]
    )
    more = table.total - min(len(table.rows), most)
    note = f"<p>{more:,} rows more: <code>.table(name)</code> has all of them.</p>" if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{note}"
