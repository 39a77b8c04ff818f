"""Pieces of HTML that notebooks show: a step's verdict, and links to reports. Everything is escaped."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from pb2hl.errors import Severity
from pb2hl.register import chapters_of
from pb2hl.report.drawing.figures import figures
from pb2hl.report.drawing.masking import Mask
from pb2hl.report.index import index_page
from pb2hl.report.status import approval_line, state_of, status_of
from pb2hl.results import StepResult
from pb2hl.workspace import Workspace

_COLOURS = {
    "good": "var(--jp-success-color0,#12703a)",
    "mute": "var(--jp-ui-font-color1,#565d6b)",
    "warn": "var(--jp-warn-color0,#8a5a00)",
    "bad": "var(--jp-error-color0,#b3261e)",
}
"""By tone: the colour of JupyterLab's theme, which the page made of the notebook sets to its own; else one readable on white."""
_BOX = Markup(
    '<div style="border-left:4px solid {0};padding:.4rem 1rem;margin:.5rem 0"><p><b style="color:{0}">{1}</b> {2}</p>{3}</div>'
)
MOST_LINES = 12


def verdict_html(ws: Workspace, result: StepResult, path: Path, mask: Mask | None = None) -> str:
    """The step's outcome for the end of a notebook: status, headline, figures, what needs a look, report, next step."""
    hide, migration = mask or Mask(), state_of(ws)
    shown = Markup(" · ").join(Markup("{}: <b>{}</b>").format(label, value) for label, value in figures(result.counts))
    order = sorted(result.problems, key=lambda item: list(Severity).index(item.severity))
    problems = Markup("").join(
        Markup("<li><b>{}</b> {}</li>").format(item.severity, hide.text(str(item))) for item in order[:MOST_LINES]
    )
    more = len(order) - MOST_LINES
    chapter = chapters_of(result.step)[0]
    status, tone = status_of(chapter, result, migration.gates)
    approval, following = approval_line(migration.gates, chapter.gate), migration.next_of(result)
    parts = (
        Markup("<p>{}</p>").format(shown) if shown else "",
        Markup("<ul>{}</ul>").format(problems) if problems else "",
        Markup("<p>{} more in the report.</p>").format(more) if more > 0 else "",
        Markup("<p>{}</p>").format(hide.text(approval)) if approval else "",
        Markup(links_html([path])),
        Markup("<p><b>Next:</b> {}</p>").format(hide.text(following)) if following else "",
    )
    return str(_BOX.format(_COLOURS[tone], status, hide.text(result.headline), Markup("").join(parts)))


def again(remedy: str) -> str:
    """A hint with the way on from where a run stopped, said once."""
    mended = re.sub(r",?(?<!\s)\s*then run (this|the same command|it) again\W*$", "", remedy.strip()).rstrip(".")
    return f"{mended}; then run the same command again" if mended else "run the same command again"


def failure_html(message: str, remedy: str) -> str:
    """What went wrong in a notebook, and in one line what to do."""
    first, *rest = message.strip().splitlines() or ["no reason is known"]
    lines = Markup("").join(Markup("<li>{}</li>").format(line.strip().removeprefix("- ")) for line in rest[:MOST_LINES])
    more = Markup("<p>{} more.</p>").format(len(rest) - MOST_LINES) if len(rest) > MOST_LINES else Markup("")
    todo = again(remedy) if remedy else f"{again(remedy)}; if it fails again, send this page along"
    inside = (
        (Markup("<ul>{}</ul>").format(lines) if lines else Markup(""))
        + more
        + Markup("<p><b>What to do:</b> {}.</p>").format(todo)
    )
    return str(_BOX.format(_COLOURS["bad"], "failed", first, inside))


def outcome_html(ws: Workspace) -> str:
    """Where the whole migration stands, for the end of the last notebook."""
    page = index_page(ws, Mask(), ws.reports, state_of(ws))
    following = Markup("<p><b>Next:</b> {}</p>").format(page.next_step) if page.next_step else Markup("")
    return str(_BOX.format(_COLOURS[page.tone], page.status, page.headline, following))


def links_html(paths: Iterable[Path]) -> str:
    """A list of links to report files, relative to the notebook: they work served, on disk, and wherever the folders move to."""
    items = Markup("").join(
        Markup('<li><a href="{}">{}</a></li>').format(quote(_relative(Path(path))), Path(path).name) for path in paths
    )
    return str(Markup("<ul>{}</ul>").format(items))


def _relative(path: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), Path.cwd())).as_posix()
    except ValueError:  # another drive of a Windows machine
        return path.resolve().as_uri()
