"""The pages that know their step: what to show first, in which words, with which chart.

Each takes a `Context` and returns its sections and the names of the tables that they used; every table that no page
uses is still shown, as it is, so that no evidence a step left is ever missing from its report.
"""

from __future__ import annotations

from collections.abc import Callable

from pb2hl.report.context import Context, fact_sections
from pb2hl.report.page import Section
from pb2hl.report.pages import checks, diffs, inventory, matches, steps

Drawn = tuple[list[Section], set[str]]

PAGES: dict[str, Callable[[Context], Drawn]] = {
    "inventory": inventory.draw,
    "match": matches.draw,
    "check-before": checks.draw,
    "check-after": checks.draw,
    "check-suite": checks.draw,
    **dict.fromkeys(steps.PARTS, steps.draw),
}


def sections(context: Context) -> tuple[Section, ...]:
    """All sections of the report: the step's own first, then what is left."""
    drawn, used = PAGES.get(context.result.step, diffs.draw)(context)
    rest = [context.section(name) for name in context.result.tables if name not in used]
    return tuple(part for part in (*drawn, *rest) if part is not None) + fact_sections(
        context.result.facts, context.mask
    )
