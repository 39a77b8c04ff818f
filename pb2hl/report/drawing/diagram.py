"""How the objects of an export point at each other, drawn as one SVG by the package itself."""

from __future__ import annotations

import math

import pandas as pd
from markupsafe import Markup, escape

_WIDTH, _HEIGHT, _BOX, _TALL = 860, 520, 122, 40


def relations_svg(objects: dict[str, int], relations: pd.DataFrame) -> Markup:
    """Objects (name → rows) on a circle, an arrow a kind of reference; dashed and red where references are lost."""
    names = [name for name in objects if objects[name]]
    if not names:
        return Markup("")
    box = max(_BOX, 9 * max(map(len, names)) + 16)
    middle_x, middle_y = _WIDTH / 2, _HEIGHT / 2
    place = {
        name: (
            middle_x + (middle_x - box * 0.62) * math.cos(2 * math.pi * i / len(names) - math.pi / 2),
            middle_y + (middle_y - _TALL) * math.sin(2 * math.pi * i / len(names) - math.pi / 2),
        )
        for i, name in enumerate(names)
    }
    arrows = Markup("").join(_arrow(place, row, box) for row in relations.to_dict("records"))
    boxes = Markup("").join(_box(name, objects[name], *place[name], box) for name in names)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" width="{}" font-size="13" font-family="sans-serif">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse">'
        '<path d="M0 0 8 4 0 8z" fill="currentColor"/></marker></defs>{}{}</svg>'
    ).format(_WIDTH, _HEIGHT, _WIDTH, arrows, boxes)


def _arrow(place: dict[str, tuple[float, float]], row: dict, box: int) -> Markup:
    start, end = place.get(str(row.get("object"))), place.get(str(row.get("refers_to")))
    if start is None or end is None or not row.get("filled"):
        return Markup("")
    lost = int(row.get("dangling") or 0) + int(row.get("ambiguous") or 0)
    label = f"{row['object']}.{row['field']} → {row['refers_to']}: {row['filled']} filled, {lost} not found"
    colour = "var(--bad)" if lost else "currentColor"
    dash = "6 4" if lost else "none"
    if start == end:
        x, y = start
        path = f"M{x + 20:.0f} {y - 20:.0f}c10 -34 50 -34 40 0"
    else:
        (x1, y1), (x2, y2) = _edge(start, end, box), _edge(end, start, box)
        path = f"M{x1:.0f} {y1:.0f}L{x2:.0f} {y2:.0f}"
    return Markup(
        '<path d="{}" fill="none" stroke="{}" stroke-width="1.3" stroke-opacity=".75" stroke-dasharray="{}" marker-end="url(#tip)">'
        "<title>{}</title></path>"
    ).format(path, colour, dash, label)


def _edge(start: tuple[float, float], end: tuple[float, float], box: int) -> tuple[float, float]:
    """Where the line from `start` to `end` leaves the box around `start`."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    share = min((box / 2 + 3) / abs(dx) if dx else math.inf, (_TALL / 2 + 3) / abs(dy) if dy else math.inf)
    return start[0] + dx * share, start[1] + dy * share


def _box(name: str, rows: int, x: float, y: float, box: int) -> Markup:
    return Markup(
        '<g transform="translate({} {})"><rect width="{}" height="{}" rx="8" fill="var(--panel)" stroke="currentColor"/>'
        '<text x="{}" y="17" text-anchor="middle" fill="currentColor" font-weight="600">{}</text>'
        '<text x="{}" y="33" text-anchor="middle" fill="currentColor" font-size="11">{}</text></g>'
    ).format(
        f"{x - box / 2:.0f}",
        f"{y - _TALL / 2:.0f}",
        box,
        _TALL,
        box // 2,
        escape(name.replace("_", " ")),
        box // 2,
        f"{rows:,}",
    )
