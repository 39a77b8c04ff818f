"""Pieces of HTML that notebooks show: a step's verdict, and links to reports. Everything is escaped."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from pb2hl.errors import Severity
from pb2hl.register import STEPS, chapters_of, gates
from pb2hl.report.drawing.figures import MOST, figures
from pb2hl.report.drawing.masking import Mask, mask_of
from pb2hl.report.drawing.page import Page, moment
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
SENTENCES = 6
"""Sentences that tell the whole migration."""
MOST_LINES, FIRST_LINES = 12, 6
"""Problems that a notebook lists, and those of them that do not fold."""


def verdict_html(ws: Workspace, result: StepResult, path: Path, mask: Mask | None = None) -> str:
    """The step's outcome for the end of a notebook: status, headline, figures, what needs a look, report, next step."""
    hide, migration = mask or Mask(), state_of(ws)
    every = figures(result.counts)
    shown, rest = (
        Markup(" · ").join(Markup("{}: <b>{}</b>").format(*pair) for pair in part)
        for part in (every[:MOST], every[MOST:])
    )
    order = sorted(result.problems, key=lambda item: list(Severity).index(item.severity))
    lines = [Markup("<li><b>{}</b> {}</li>").format(item.severity, hide.text(str(item))) for item in order[:MOST_LINES]]
    first, problems = Markup("").join(lines[:FIRST_LINES]), Markup("").join(lines[FIRST_LINES:])
    more = len(order) - MOST_LINES
    chapter = chapters_of(result.step)[0]
    status, tone = status_of(chapter, result, migration.gates)
    approval, following = approval_line(migration.gates, chapter.gate), migration.next_of(result)
    since = migration.since(result)
    tone = "bad" if since else tone
    parts = (
        *(Markup("<p><b>{}</b></p>").format(hide.text(line)) for line in since),
        Markup("<p>{}</p>").format(shown) if shown else "",
        Markup("<p><small>Run at {}.</small></p>").format(moment(result.at)) if result.at else "",
        Markup("<details><summary>{} more figures</summary><p>{}</p></details>").format(len(every) - MOST, rest)
        if rest
        else "",
        Markup("<ul>{}</ul>").format(first) if first else "",
        Markup("<details><summary>{} more to know</summary><ul>{}</ul></details>").format(
            len(order) - FIRST_LINES, problems
        )
        if problems
        else "",
        Markup("<p>{} more in the report.</p>").format(more) if more > 0 else "",
        Markup("<p>{}</p>").format(hide.text(approval)) if approval else "",
        Markup(links_html([path])),
        _next(hide.text(following)),
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
    return str(_BOX.format(_COLOURS[page.tone], page.status, _once(page), _next(page.next_step)))


def _once(page: Page) -> str:
    """The headline of the index without the word that stands before it already."""
    return re.sub(rf"^{re.escape(page.status)}[:.]\s*", "", page.headline, flags=re.IGNORECASE) or page.headline


def story_html(ws: Workspace, *, mask: bool = False) -> str:
    """The whole migration in a few sentences, as its index begins."""
    hide = mask_of(ws, mask)
    page = index_page(ws, hide, ws.reports, state_of(ws))
    lines = Markup("").join(Markup("<p>{}</p>").format(line) for line in page.summary[: SENTENCES - 1])
    return str(_BOX.format(_COLOURS[page.tone], page.status, _once(page), lines + _next(hide.text(page.next_step))))


def _next(following: str) -> Markup:
    """What comes next, as a command and as the notebook that does the same."""
    if not following:
        return Markup("")
    command = re.search(r"\bpb2hl (approve \S+ )?(\w+)", following)
    step = STEPS.get(
        (gates()[command[2]].id if command[1] and command[2] in gates() else command[2]) if command else ""
    )
    link = Markup(' (notebook: <a href="{0}">{0}</a>)').format(step.notebook) if step and step.notebook else ""
    return Markup("<p><b>Next:</b> {}{}</p>").format(following, link)


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
