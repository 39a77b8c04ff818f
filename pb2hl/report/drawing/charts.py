"""Charts by Altair: interactive in a notebook, the same as static SVG in a report. Neither asks the network; colours follow the theme."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias

import pandas as pd
from markupsafe import Markup, escape

from pb2hl.lean import lean_imports

if TYPE_CHECKING:
    from altair import Chart, LayerChart

Drawing: TypeAlias = "Chart | LayerChart"
"""What every function here returns; `svg` makes it a picture."""
PALETTE = ("#3b7ddd", "#d98e04", "#2a9d63", "#b3507e", "#7a68c9", "#8d99a6", "#c8553d", "#128a9c")
MEANT = {
    "passed": "#2a9d63", "arrived": "#2a9d63", "held": "#d98e04", "not sent yet": "#d98e04", "in doubt": "#7a68c9", "taken back": "#8d99a6", "equal": "#2a9d63", "landed": "#2a9d63", "done": "#2a9d63", "normalised": "#128a9c", "landed normalised": "#128a9c",
    "data failed": "#d98e04", "changed": "#d98e04", "extra": "#d98e04", "missing": "#c8553d", "rule broken": "#c8553d", "refused": "#c8553d",
    "not applicable": "#8d99a6", "skipped": "#8d99a6", "reported": "#8d99a6", "merged into": "#3b7ddd", "moved elsewhere": "#7a68c9",
    "to make": "#3b7ddd", "made": "#128a9c", "exists": "#2a9d63", "cannot": "#c8553d", "conflict": "#d98e04", "exists, fits": "#2a9d63", "HighLevel's own field": "#2a9d63", "custom field": "#3b7ddd", "left out": "#8d99a6",
    "undecided": "#8d99a6", "others": "#8d99a6", "sure": "#2a9d63", "likely": "#d98e04", "doubtful": "#c8553d", "decided by a person": "#3b7ddd",
}  # fmt: skip
"""Colours of series that mean something, so that good is never drawn in the colour of bad; the others take the palette in turn."""
MOST_BARS = 24
LONGEST_LABEL = 40
LAB_MIME = "application/vnd.vegalite.v5+json"
"""What JupyterLab draws by the Vega that it ships; our charts use nothing that Vega-Lite 6 added."""
_WIDTH, _TALL, _BAR, _PHONE = 620, 150, 22, 185


P = ParamSpec("P")


def _unchecked(draw: Callable[P, Drawing]) -> Callable[P, Drawing]:
    """Charts of ours are right by test: Altair's check of each piece against its schema takes most of the time, and is left out."""

    @wraps(draw)
    def quick(*args: P.args, **kwargs: P.kwargs) -> Drawing:
        with altair().utils.schemapi.debug_mode(False):
            return draw(*args, **kwargs)

    return quick


def bars(labels: Sequence[str], values: Sequence[float]) -> Drawing:
    """Horizontal bars, longest lists cut at `MOST_BARS`, the value written at the end of each."""
    return stacked(labels, {"": values})


@_unchecked
def stacked(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    meaning: Mapping[str, str] | None = None,
    written: Callable[[int], str] | None = None,
) -> Drawing:
    """Horizontal bars, one a label, with a part a series and the sum at the end; a click on the legend picks a series.

    `meaning` tells which series of `MEANT` one is that has another language's name; `written` how that language writes a whole number.
    """
    alt = altair()
    names = _distinct(labels[:MOST_BARS])
    parts = _few({_clip(name): [float(value) for value in values[:MOST_BARS]] for name, values in series.items()})
    rows = [(name, part, values[i]) for part, values in parts.items() for i, name in enumerate(names) if values[i]]
    data = pd.DataFrame(rows, columns=["label", "part", "count"])
    sums = data.groupby("label", sort=False, as_index=False)["count"].sum()
    sums["written"] = [written(int(count)) for count in sums["count"]] if written else ""
    picked = alt.selection_point(fields=["part"], bind="legend")
    row = alt.Y("label:N", sort=names, title=None, scale=alt.Scale(domain=names))
    shown = _channels(
        x=alt.X("count:Q", title=None, axis=None, stack=True),
        y=row,
        color=_colour(list(parts), meaning or {}),
        order=alt.Order("place:Q"),
        opacity=alt.condition(picked, alt.value(1), alt.value(0.15)),
        tooltip=[alt.Tooltip("label:N"), alt.Tooltip("part:N"), alt.Tooltip("count:Q", format=",")],
    )
    place = f"indexof({json.dumps(list(parts))}, datum.part)"
    boxes = alt.Chart(data).mark_bar(height=_BAR - 6).encode(**shown)
    boxes = boxes.transform_calculate(place=place).add_params(picked)
    texts = _channels(x="count:Q", y=row, text=alt.Text("written:N") if written else alt.Text("count:Q", format=","))
    ends = alt.Chart(sums).mark_text(align="left", dx=5, color="currentColor").encode(**texts)
    return _styled(alt.layer(boxes, ends), _BAR * max(len(names), 1))


@_unchecked
def columns(labels: Sequence[str], values: Sequence[float]) -> Drawing:
    """Upright bars side by side, for what happens over time."""
    alt = altair()
    data = pd.DataFrame({"at": _distinct(labels), "count": [float(value) for value in values]})
    across = alt.X("at:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True, ticks=False))
    chart = alt.Chart(data).mark_bar(color=PALETTE[0])
    return _styled(
        chart.encode(
            **_channels(
                x=across, y=alt.Y("count:Q", title=None, axis=alt.Axis(tickCount=3)), tooltip=["at:N", "count:Q"]
            )
        ),
        _TALL,
    )


@_unchecked
def lines(
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
    *,
    marks: Mapping[str, float] | None = None,
    label: str = "",
) -> Drawing:
    """Curves over the shared axis `x` with values of 0 to 1; `marks` are upright lines with a name, `label` names the axis."""
    alt = altair()
    rows = [(at, name, value) for name, values in series.items() for at, value in zip(x, values, strict=True)]
    data = pd.DataFrame(rows, columns=["x", "part", "share"])
    across = alt.X("x:Q", title=label or None, scale=alt.Scale(zero=False))
    curves = (
        alt.Chart(data)
        .mark_line(point=True)
        .encode(
            **_channels(
                x=across,
                y=alt.Y("share:Q", title=None, axis=alt.Axis(format="%", tickCount=3), scale=alt.Scale(domain=[0, 1])),
                color=_colour(list(series)),
                tooltip=["part:N", "x:Q", alt.Tooltip("share:Q", format=".1%")],
            )
        )
    )
    limits = alt.Chart(pd.DataFrame({"x": list((marks or {}).values()), "name": [_clip(name) for name in marks or {}]}))
    rules = limits.mark_rule(strokeDash=[4, 3], color="currentColor").encode(**_channels(x=across))
    names = limits.mark_text(align="left", dx=4, y=8, color="currentColor").encode(**_channels(x=across, text="name:N"))
    return _styled(alt.layer(curves, rules, names) if marks else curves, _TALL)


@_unchecked
def timeline(moments: Mapping[str, str]) -> Drawing:
    """What happened when: a point each, one under the other (name → moment in ISO 8601)."""
    alt = altair()
    data = pd.DataFrame({"name": _distinct(list(moments)), "at": pd.to_datetime(list(moments.values()), utc=True)})
    down = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(grid=True, ticks=False))
    when = alt.Axis(
        format="%d %b %H:%M", tickCount=5, labelOverlap=True
    )  # Vega's own has the hours of noon and midnight alike
    across = alt.X("at:T", title=None, scale=alt.Scale(type="utc", padding=12), axis=when)
    points = alt.Chart(data).mark_circle(size=90, color=PALETTE[0], opacity=1)
    return _styled(
        points.encode(**_channels(x=across, y=down, tooltip=["name:N", "utchoursminutes(at):T"])), 24 * len(data)
    )


@_unchecked
def network(nodes: Mapping[str, str], links: Sequence[tuple[str, str, str, bool]]) -> Drawing:
    """Things on a circle (name → what is written under it) and arrows between them: (from, to, what it says, whether it is drawn
    dashed and red). A link of a thing with itself is a ring around it."""
    alt = altair()
    place = {
        name: (
            math.cos(2 * math.pi * i / len(nodes) - math.pi / 2),
            math.sin(2 * math.pi * i / len(nodes) - math.pi / 2),
        )
        for i, name in enumerate(nodes)
    }
    known = [
        (*place[a], *place[b], label, "weak" if weak else "sure") for a, b, label, weak in links if {a, b} <= set(place)
    ]
    frame = pd.DataFrame(known, columns=["x", "y", "x2", "y2", "label", "kind"])
    heads = frame.assign(
        x=frame["x"] + (frame["x2"] - frame["x"]) * 0.86,
        y=frame["y"] + (frame["y2"] - frame["y"]) * 0.86,
        turn=[
            90 + math.degrees(math.atan2(-(d - b), c - a)) * -1
            for a, b, c, d in frame[["x", "y", "x2", "y2"]].to_numpy()
        ],
    )
    own = (frame["x"] == frame["x2"]) & (frame["y"] == frame["y2"])
    spread = alt.Scale(domain=[-1.25, 1.25])
    across, down = alt.X("x:Q", axis=None, scale=spread), alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[1.2, -1.2]))
    kinds = alt.Color(
        "kind:N", legend=None, scale=alt.Scale(domain=["sure", "weak"], range=["#8d99a6", MEANT["missing"]])
    )
    dashes = alt.StrokeDash("kind:N", legend=None, scale=alt.Scale(domain=["sure", "weak"], range=[[1, 0], [6, 4]]))
    label = alt.Tooltip("label:N", title=" ")
    rules = alt.Chart(frame[~own]).mark_rule(strokeWidth=1.3).encode(**_channels(x=across, y=down, x2="x2:Q", y2="y2:Q", color=kinds, strokeDash=dashes, tooltip=label))  # fmt: skip
    tips = alt.Chart(heads[~own]).mark_point(shape="triangle", filled=True, size=50, opacity=1).encode(x=across, y=down, angle=alt.Angle("turn:Q", scale=None), color=kinds, tooltip=label)  # fmt: skip
    rings = alt.Chart(frame[own]).mark_point(size=900).encode(x=across, y=down, color=kinds, tooltip=label)
    table = pd.DataFrame([(*place[name], _clip(name), _clip(text)) for name, text in nodes.items()], columns=["x", "y", "name", "text"])  # fmt: skip
    base = alt.Chart(table).encode(x=across, y=down)
    dots = base.mark_circle(size=260, color=PALETTE[0], opacity=1).encode(**_channels(tooltip=["name:N", "text:N"]))
    names = base.mark_text(dy=-18, fontWeight="bold", fontSize=13, color="currentColor").encode(**_channels(text="name:N"))  # fmt: skip
    texts = base.mark_text(dy=20, color="currentColor").encode(**_channels(text="text:N"))
    return _styled(alt.layer(rules, tips, rings, dots, names, texts), 420)


def svg(chart: Drawing) -> Markup:
    """`chart` as inline SVG: texts are escaped, no script, no link, text stays text and takes the colour of what is around it."""
    return _converted(json.dumps(_spec(chart), default=str))


def narrow_svg(chart: Drawing) -> Markup:
    """`chart` as `svg` draws it, as narrow as a phone, its letters as large."""
    spec = _spec(chart)
    config = spec["config"]
    config = {**config, "legend": {**config["legend"], "columns": 2}, "axis": {**config["axis"], "labelLimit": 110}}
    labelled = '"axis": null, "field": "y"' not in json.dumps(
        spec, sort_keys=True
    )  # labels beside the chart take their share
    return _converted(
        json.dumps({**spec, "width": _PHONE if labelled else _PHONE + 125, "config": config}, default=str)
    )


def figure_html(chart: Drawing, label: str = "") -> str:
    """`chart` as a picture that stands anywhere, `label` being what is read aloud."""
    return picture_html(_grey(svg(chart)), label or "a chart")


def picture_html(picture: str, label: str) -> str:
    """An SVG as an image of a document, so that nothing in it acts."""
    return f'<img alt="{escape(label)}" src="data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}">'


def for_notebook(chart: Drawing, label: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """What a notebook keeps of a chart, and how it is shown: `display(data, metadata=how, raw=True)`."""
    return _bundle({**_spec(chart), "description": label or "a chart"})


def _spec(chart: Drawing) -> dict[str, Any]:
    with altair().utils.schemapi.debug_mode(False):
        return chart.to_dict(validate=False)


def _grey(picture: str) -> str:
    """`picture` for a place whose colour it cannot take: letters readable on light and on dark."""
    return str(picture).replace("currentColor", "#7d8590")


@lru_cache(maxsize=256)
def _converted(spec: str) -> Markup:
    import vl_convert

    return Markup(_MARKS.sub("", vl_convert.vegalite_to_svg(spec, vl_version="6.4", allowed_base_urls=[])))


_MARKS = re.compile(r' (?:role="graphics-[a-z]+"|aria-roledescription="[^"]*")(?=[^<>]*>)')
"""What announces each mark of a chart: the figure around it says all of it in words, once."""


def _bundle(spec: dict[str, Any], **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a notebook keeps of a chart: drawn by JupyterLab's own Vega where that is, a picture everywhere else."""
    lab = {**spec, "$schema": "https://vega.github.io/schema/vega-lite/v5.json"}
    data = {LAB_MIME: lab, "image/svg+xml": _grey(_converted(json.dumps(spec, default=str)))}
    embed = {"renderer": "svg", "actions": {"export": True, "source": False, "compiled": False, "editor": False}}
    return {**data, "text/plain": str(spec.get("description", "a chart"))}, {LAB_MIME: {"embed_options": embed}}


@cache
def altair() -> Any:
    """Altair, imported when the first chart is drawn, and set to draw offline: its own default loads its scripts from the network."""
    with lean_imports("anywidget"):
        import altair as alt
    alt.renderers.register("pb2hl", _bundle)
    alt.renderers.enable("pb2hl")
    return alt


def _channels(**given: Any) -> dict[str, Any]:
    """Channels of a chart as Altair's own classes: what is given as text or value it would look up among all classes, once a channel."""
    return {name: _channel(f"{name[0].upper()}{name[1:]}", channel) for name, channel in given.items()}


def _channel(kind: str, given: Any) -> Any:
    if isinstance(given, list):
        return [_channel(kind, item) for item in given]
    if isinstance(given, str):
        return getattr(altair(), kind)(given)
    return getattr(altair(), f"{kind}Value")(**given) if isinstance(given, Mapping) else given


def _styled(chart: Drawing, height: int) -> Drawing:
    alt = altair()
    quiet = {"labelColor": "currentColor", "titleColor": "currentColor"}
    return chart.properties(width=_WIDTH, height=height).configure(
        aria=False,  # the figure around it says it in words
        background="transparent",
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            **quiet,
            labelLimit=280,
            labelFontSize=12,
            gridColor="#8d99a6",
            gridOpacity=0.25,
            domain=False,
            tickColor="#8d99a6",
        ),
        legend=alt.LegendConfig(
            **quiet, orient="top", title=None, labelFontSize=12, labelLimit=280, columns=4, symbolType="square"
        ),
        text=alt.MarkConfig(fontSize=12),
    )


def _colour(names: Sequence[str], meaning: Mapping[str, str] | None = None) -> Any:
    alt = altair()
    if len(names) < 2 and "" in names:
        return alt.value(PALETTE[0])
    colours = [MEANT.get((meaning or {}).get(name, name), PALETTE[i % len(PALETTE)]) for i, name in enumerate(names)]
    return alt.Color("part:N", title=None, scale=alt.Scale(domain=list(names), range=colours))


def _few(parts: dict[str, list[float]]) -> dict[str, list[float]]:
    """At most as many series as there are colours; the smallest together as `others`."""
    if len(parts) <= len(PALETTE):
        return parts
    order = sorted(parts, key=lambda name: -sum(parts[name]))
    kept, rest = order[: len(PALETTE) - 1], order[len(PALETTE) - 1 :]
    others = [sum(values) for values in zip(*(parts[name] for name in rest), strict=True)]
    return {**{name: parts[name] for name in parts if name in kept}, "others": others}


def _distinct(labels: Sequence[str]) -> list[str]:
    """The labels cut to a length, none twice: what was cut to the same text is kept apart by a number."""
    found: dict[str, int] = {}
    texts = []
    for label in map(_clip, labels):
        found[label] = found.get(label, 0) + 1
        texts.append(label if found[label] == 1 else f"{label} ({found[label]})")
    return texts


def _clip(label: str) -> str:
    text = " ".join(str(label).split())
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"
