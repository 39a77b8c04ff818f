"""Charts as inline SVG by matplotlib: no script, text stays text, colours follow the page's theme."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from markupsafe import Markup

_INK = "#010203"
"""Stands for the page's own text colour; replaced by `currentColor` in the SVG."""
PALETTE = ("#3b7ddd", "#d98e04", "#2a9d63", "#b3507e", "#7a68c9", "#8d99a6", "#c8553d", "#128a9c")
MOST_BARS = 24
LONGEST_LABEL = 40


def bars(labels: Sequence[str], values: Sequence[float], *, unit: str = "") -> Markup:
    """Horizontal bars, longest lists cut at `MOST_BARS`, the value written at the end of each."""
    return stacked(labels, {"": values}, unit=unit)


def stacked(labels: Sequence[str], series: dict[str, Sequence[float]], *, unit: str = "") -> Markup:
    """Horizontal bars, one a label, with a part a series."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    labels = [_clip(label) for label in labels[:MOST_BARS]]
    figure = Figure(figsize=(8.2, 0.55 + 0.31 * max(len(labels), 1)))
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    left = [0.0] * len(labels)
    places = range(len(labels))
    for colour, (name, values) in zip(PALETTE * 3, series.items(), strict=False):
        values = [float(value) for value in values[:MOST_BARS]]
        axes.barh(places, values, left=left, height=0.66, color=colour, label=name or None)
        left = [a + b for a, b in zip(left, values, strict=True)]
    top = max(left, default=0) or 1
    for place, value in zip(places, left, strict=True):
        axes.text(value + top * 0.01, place, f"{value:,.0f}{unit}", va="center", color=_INK, fontsize=9)
    axes.set_yticks(list(places), labels=labels, color=_INK, fontsize=9, parse_math=False)
    axes.set_xlim(0, top * 1.12)
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.xaxis.set_visible(False)
    for side in axes.spines.values():
        side.set_visible(False)
    if len(series) > 1:
        legend = axes.legend(
            frameon=False, fontsize=8, ncols=min(len(series), 5), loc="lower left", bbox_to_anchor=(0, 1.0)
        )
        for text in legend.get_texts():
            text.set_color(_INK)
            text.set_parse_math(False)
    return _svg(figure)


def _clip(label: str) -> str:
    text = " ".join(str(label).split())
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def _svg(figure) -> Markup:
    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "pb2hl", "font.family": "sans-serif"}):
        figure.savefig(
            out, format="svg", transparent=True, bbox_inches="tight", metadata={"Date": None, "Creator": None}
        )
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r' id="[a-z]+\w*_\d+"', "", text)  # nobody refers to these, and two charts would share them
    return Markup(text.replace(_INK, "currentColor"))
