"""What each step's own module in `report/steps` says and shows; a step without one is shown table by table.

Every table that no module uses is still shown, as it is, so that no evidence a step left is ever missing from its report.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from pb2hl.register import step_of
from pb2hl.report.drawing import comparison
from pb2hl.report.drawing.context import Context, fact_sections
from pb2hl.report.drawing.page import Section
from pb2hl.results import StepResult


def _module(result: str) -> ModuleType | None:
    """The module of `report/steps` for the saved `result`; None where there is none."""
    name = f"pb2hl.report.steps.{step_of(result)}"
    return import_module(name) if find_spec(name) else None


def sections(context: Context) -> tuple[Section, ...]:
    """All sections of the report: the step's own first, then what is left."""
    drawn, used = getattr(_module(context.result.step), "draw", comparison.draw)(context)
    rest = [context.section(name) for name in context.result.tables if name not in used]
    log = _audit_log(context.result.counts)
    return tuple(part for part in (*drawn, *rest, log) if part is not None) + fact_sections(
        context.result.facts, context.mask
    )


def essential(result: str) -> tuple[str, ...]:
    """Titles of the sections that a notebook shows where the step ran, in this order."""
    return getattr(_module(result), "ESSENTIAL", ())


def captions(result: str) -> Mapping[str, tuple[str, str]]:
    """Table → (title, what it says), where a table of `result` needs more than its own name."""
    return getattr(_module(result), "CAPTIONS", {})


def extract(result: StepResult, file: str) -> StepResult:
    """The part of `result` that the report `file` is about: its tables, counts, problems and headline; else all of it."""
    own = getattr(_module(result.step), "extract", None)
    return own(result, file) if own else result


def summary(result: StepResult) -> tuple[str, ...]:
    """Sentences that say what the step means for the client, before any evidence."""
    own = getattr(_module(result.step), "summary", None)
    lines = own(result.counts, result.tables) if own else []
    return tuple(line for line in lines if line)


def _audit_log(counts: Mapping[str, Any]) -> Section | None:
    """The end of the audit log, to keep: whoever cuts the log cannot cut this page."""
    if not counts.get("audit_log_entries"):
        return None
    facts = (("Entries", f"{counts['audit_log_entries']:,}"), ("Hash of the last", str(counts["audit_log_head"])))
    return Section(
        "The audit log", "How it ended then; pb2hl audit --verify-log checks that it still does.", facts=facts
    )
