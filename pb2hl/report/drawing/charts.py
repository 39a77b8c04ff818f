"""Charts as inline SVG: no script, no library to load, text stays text, colours follow the page's theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

PALETTE = ("#3b7ddd", "#d98e04", "#2a9d63", "#b3507e", "#7a68c9", "#8d99a6", "#c8553d", "#128a9c")
MEANT = {
    "passed": "#2a9d63", "arrived": "#2a9d63", "held": "#d98e04", "in doubt": "#7a68c9", "taken back": "#8d99a6", "equal": "#2a9d63", "landed": "#2a9d63", "done": "#2a9d63", "normalised": "#128a9c", "landed normalised": "#128a9c",
    "data failed": "#d98e04", "changed": "#d98e04", "extra": "#d98e04", "missing": "#c8553d", "rule broken": "#c8553d", "refused": "#c8553d",
    "not applicable": "#8d99a6", "skipped": "#8d99a6", "reported": "#8d99a6", "merged into": "#3b7ddd", "moved elsewhere": "#7a68c9",
    "to make": "#3b7ddd", "exists, fits": "#2a9d63", "HighLevel's own field": "#2a9d63", "custom field": "#3b7ddd", "left out": "#8d99a6",
    "undecided": "#d98e04", "others": "#8d99a6",
}  # fmt: skip
"""Colours of series that mean something, so that good is never drawn in the colour of bad; the others take the palette in turn."""
MOST_BARS = 24
LONGEST_LABEL = 40
_WIDTH, _LABELS, _ROW, _END = 820, 190, 24, 90
_TALL = 150
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" width="{}" font-size="12" font-family="sans-serif" fill="currentColor">{}</svg>'


def bars(labels: Sequence[str], values: Sequence[float], *, unit: str = "") -> Markup:
    """Horizontal bars, longest lists cut at `MOST_BARS`, the value written at the end of each."""
    return stacked(labels, {"": values}, unit=unit)


def stacked(labels: Sequence[str], series: dict[str, Sequence[float]], *, unit: str = "") -> Markup:
    """Horizontal bars, one a label, with a part a series."""
    labels = [_clip(label) for label in labels[:MOST_BARS]]
    parts = _few({name: [float(value) for value in values[:MOST_BARS]] for name, values in series.items()})
    totals = [sum(values[i] for values in parts.values()) for i in range(len(labels))]
    scale = (_WIDTH - _LABELS - _END) / (max(totals, default=0) or 1)
    legend, top = _legend(list(parts)) if len(parts) > 1 else (Markup(""), 4)
    rows = Markup("").join(
        _bar(
            label, {name: values[i] for name, values in parts.items()}, scale, top + i * _ROW, f"{totals[i]:,.0f}{unit}"
        )
        for i, label in enumerate(labels)
    )
    return Markup(_SVG).format(_WIDTH, top + len(labels) * _ROW + 4, _WIDTH, legend + rows)


def columns(labels: Sequence[str], values: Sequence[float]) -> Markup:
    """Upright bars side by side, for what happens over time; the first, the last and the highest are labelled."""
    if not values:
        return Markup("")
    top = max(values) or 1
    wide = (_WIDTH - 20) / len(values)
    boxes = Markup("").join(
        Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"><title>{}: {:,.0f}</title></rect>').format(
            10 + i * wide, 20 + _TALL * (1 - value / top), max(wide - 2, 1), _TALL * value / top, PALETTE[0], label, value
        )
        for i, (label, value) in enumerate(zip(labels, values, strict=True))
    )  # fmt: skip
    ends = Markup('<text x="10" y="{0}">{1}</text><text x="{2}" y="{0}" text-anchor="end">{3}</text>').format(
        _TALL + 36, labels[0], _WIDTH - 10, labels[-1] if len(labels) > 1 else ""
    )
    peak = list(values).index(max(values))
    text = Markup('<text x="{:.1f}" y="14" text-anchor="{}">{:,.0f}</text>').format(
        10 + (peak + 0.5) * wide, "start" if peak < 3 else "end" if peak > len(values) - 4 else "middle", max(values)
    )
    return Markup(_SVG).format(_WIDTH, _TALL + 44, _WIDTH, boxes + ends + text)


def _colour(name: str, i: int) -> str:
    return MEANT.get(name, PALETTE[i % len(PALETTE)])


def _bar(label: str, values: Mapping[str, float], scale: float, y: float, text: str) -> Markup:
    pieces, x = [], float(_LABELS)
    for i, (part, value) in enumerate(values.items()):
        if value > 0:
            pieces.append(
                Markup('<rect x="{:.1f}" y="{}" width="{:.1f}" height="16" fill="{}"/>').format(
                    x, y + 2, max(value * scale, 1), _colour(part, i)
                )
            )
            x += max(value * scale, 1)
    name = Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(_LABELS - 8, y + 14, label)
    return name + Markup("").join(pieces) + Markup('<text x="{:.1f}" y="{}">{}</text>').format(x + 6, y + 14, text)


def _legend(names: Sequence[str], left: float = _LABELS) -> tuple[Markup, int]:
    """Colour and name of each series, in as many lines as they need, and the height that takes."""
    pieces, x, y = [], float(left), 4
    for i, name in enumerate(names):
        text = _clip(name)
        wide = 34 + 7 * len(text)
        if x > left and x + wide > _WIDTH:
            x, y = float(left), y + 18
        pieces.append(
            Markup(
                '<rect x="{:.0f}" y="{}" width="12" height="12" fill="{}"/><text x="{:.0f}" y="{}">{}</text>'
            ).format(x, y, _colour(name, i), x + 17, y + 10, text)
        )
        x += wide
    return Markup("").join(pieces), y + 22


def _few(parts: dict[str, list[float]]) -> dict[str, list[float]]:
    """At most as many series as there are colours; the smallest together as `others`."""
    if len(parts) <= len(PALETTE):
        return parts
    order = sorted(parts, key=lambda name: -sum(parts[name]))
    kept, rest = order[: len(PALETTE) - 1], order[len(PALETTE) - 1 :]
    others = [sum(values) for values in zip(*(parts[name] for name in rest), strict=True)]
    return {**{name: parts[name] for name in parts if name in kept}, "others": others}


def _clip(label: str) -> str:
    text = " ".join(str(label).split())
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def lines(
    x: Sequence[float], series: dict[str, Sequence[float]], *, marks: Mapping[str, float] | None = None, label: str = ""
) -> Markup:
    """Curves over the shared axis `x` with values of 0 to 1; `marks` are upright lines with a name, `label` names the axis."""
    low, high = (min(x), max(x)) if len(x) else (0.0, 1.0)
    wide, left = _WIDTH - 110, 45
    legend, top = _legend(list(series))
    top += 4

    def across(value: float) -> float:
        return left + wide * (value - low) / ((high - low) or 1)

    pieces = [legend]
    for share in (0.0, 0.5, 1.0):
        y = top + _TALL * (1 - share)
        pieces.append(
            Markup('<path d="M{} {:.0f}h{}" stroke="currentColor" stroke-opacity=".2"/><text x="{}" y="{:.0f}" text-anchor="end">{}</text>')
            .format(left, y, wide, left - 6, y + 4, f"{share:.0%}")
        )  # fmt: skip
    for i, values in enumerate(series.values()):
        points = " ".join(
            f"{across(at):.1f},{top + _TALL * (1 - value):.1f}"
            for at, value in zip(x, values, strict=True)
            if value == value
        )
        pieces.append(
            Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="2"/>').format(
                points, PALETTE[i % len(PALETTE)]
            )
        )
    for name, at in (marks or {}).items():
        pieces.append(
            Markup('<path d="M{0:.1f} {1}v{2}" stroke="currentColor" stroke-dasharray="4 3"/><text x="{3:.1f}" y="{4}">{5}</text>')
            .format(across(at), top, _TALL, across(at) + 4, top + 12, _clip(name))
        )  # fmt: skip
    pieces.append(
        Markup('<text x="{}" y="{}">{:g}</text><text x="{}" y="{}" text-anchor="middle">{}</text><text x="{}" y="{}" text-anchor="end">{:g}</text>')
        .format(left, top + _TALL + 18, low, left + wide / 2, top + _TALL + 18, label, left + wide, top + _TALL + 18, high)
    )  # fmt: skip
    return Markup(_SVG).format(_WIDTH, top + _TALL + 28, _WIDTH, Markup("").join(pieces))
