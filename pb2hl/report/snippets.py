"""Pieces of HTML that notebooks show: a step's verdict, and links to reports. Everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from markupsafe import Markup

from pb2hl.errors import Severity
from pb2hl.report.cells import figure, words
from pb2hl.report.masking import Mask
from pb2hl.results import Status, StepResult
from pb2hl.workspace import Workspace

_COLOURS = {
    Status.DONE: "#12703a",
    Status.NOTHING_TO_DO: "#565d6b",
    Status.WAITING: "#8a5a00",
    Status.FAILED: "#b3261e",
}
_BOX = "border-left:4px solid {};padding:.4rem 1rem;margin:.5rem 0"
MOST_LINES = 12


def verdict_html(ws: Workspace, result: StepResult, path: Path, mask: Mask | None = None) -> str:
    """The step's outcome for the end of a notebook: status, headline, figures, what needs a look, report, next step."""
    hide = mask or Mask()
    figures = " · ".join(
        Markup("{}: <b>{}</b>").format(words(name), figure(value))
        for name, value in result.counts.items()
        if not isinstance(value, dict | list | tuple)
    )
    order = sorted(result.problems, key=lambda item: list(Severity).index(item.severity))
    problems = Markup("").join(
        Markup("<li><b>{}</b> {}</li>").format(item.severity, hide.text(str(item))) for item in order[:MOST_LINES]
    )
    more = len(order) - MOST_LINES
    return str(
        Markup('<div style="{}"><p><b style="color:{}">{}</b> {}</p><p>{}</p>').format(
            _BOX.format(_COLOURS[result.status]),
            _COLOURS[result.status],
            result.status,
            hide.text(result.headline),
            Markup(figures),
        )
        + (Markup("<ul>{}</ul>").format(problems) if problems else "")
        + (Markup("<p>{} more in the report.</p>").format(more) if more > 0 else "")
        + Markup(links_html([path]))
        + (Markup("<p><b>Next:</b> {}</p>").format(hide.text(result.next_step)) if result.next_step else "")
        + Markup("</div>")
    )


def links_html(paths: Iterable[Path]) -> str:
    """A list of links to report files."""
    items = Markup("").join(
        Markup('<li><a href="{}">{}</a></li>').format(Path(path).resolve().as_uri(), Path(path).name) for path in paths
    )
    return str(Markup("<ul>{}</ul>").format(items))
