"""Tables of a result as sections: which comes first, under which name, with which chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from pb2hl.mapper import ways_of
from pb2hl.model import Way
from pb2hl.report.drawing.charts import stacked
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.page import Section

Drawn = tuple[list[Section], set[str]]
"""Sections, and the names of the tables that they used."""


@dataclass(frozen=True)
class Part:
    """One table of a result: its title, what it says, the columns shown (all when empty), and what its chart counts."""

    table: str
    title: str
    blurb: str = ""
    shown: tuple[str, ...] = ()
    chart: tuple[str, str, str] | None = None  # (label column, series column, number column or "" for rows)
    checklist: bool = False


WIZARD = Part("wizard", "For HighLevel's import wizard", "What no API can set: files in the workspace's folder wizard, each with the few clicks that import it. They hold client data.")  # fmt: skip


def sections(context: Context, parts: Sequence[Part]) -> Drawn:
    """The sections of `parts` whose tables the result has, and the names of them all."""
    found = [section(context, part) for part in parts]
    return [one for one in found if one is not None], {part.table for part in parts}


def total(frame: pd.DataFrame | None, column: str) -> int:
    """The sum of `column`; 0 where there is none."""
    return int(frame[column].sum()) if frame is not None and column in frame.columns else 0


def section(context: Context, part: Part) -> Section | None:
    """The section of one part; None when its table is missing or empty."""
    frame = context.frame(part.table)
    if frame.empty:
        return None
    drawn_section = context.section(part.table, part.title, part.blurb, columns=part.shown)
    if part.checklist and drawn_section is not None:
        shown = context.mask.frame(frame).astype("str")
        return replace(
            drawn_section,
            table=None,
            checklist=tuple(": ".join(row) for row in shown.itertuples(index=False, name=None)),
        )
    drawn = frame.assign(goes_to=goes_to(frame)) if part.table == "fields" else frame
    chart = _chart(context.mask.frame(drawn), part.chart) if part.chart else None
    return (
        replace(drawn_section, chart=chart[0], chart_label=chart[1])
        if drawn_section is not None and chart
        else drawn_section
    )


_PLACES = {
    Way.PROPERTY: "HighLevel's own field", Way.FIELD: "custom field", Way.LINK: "link or file", Way.LINE: "text of the record",
    Way.SCHEMA: "setup of the location", Way.REPORT: "report beside HighLevel",
}  # fmt: skip


def goes_to(fields: pd.DataFrame) -> pd.Series:
    """Where the column of each row of the fields sheet goes, in words for a chart; those in use stand first."""
    words = {str(way): place for way, place in _PLACES.items()}
    return ways_of(fields).map(lambda way: words.get(way, way))


def _chart(frame: pd.DataFrame, chart: tuple[str, str, str]) -> tuple | None:
    by, split, number = chart
    if not {name for name in chart if name} <= set(frame.columns):
        return None
    weights = frame[number] if number else pd.Series(1, index=frame.index)
    keys = [frame[by].astype("str"), frame[split].astype("str") if split else pd.Series("", index=frame.index)]
    counts = weights.groupby(keys).sum().unstack(fill_value=0).reindex(keys[0].unique())  # in the table's own order
    drawn = stacked(list(counts.index), {str(name): counts[name].tolist() for name in counts.columns})
    drawn_section = "; ".join(f"{name}: " + ", ".join(f"{n:.0f} {kind}".strip() for kind, n in row.items() if n) for name, row in counts.iterrows())  # fmt: skip
    return drawn, drawn_section
