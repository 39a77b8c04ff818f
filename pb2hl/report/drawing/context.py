"""What a page is drawn from: the workspace, one step's result, and where its evidence goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pb2hl.register import Chapter
from pb2hl.report.drawing.cells import text_of, words
from pb2hl.report.drawing.masking import Mask
from pb2hl.report.drawing.page import Section
from pb2hl.report.drawing.tables import Evidence
from pb2hl.results import StepResult
from pb2hl.workspace import Workspace


@dataclass(frozen=True)
class Context:
    """One report in the making."""

    ws: Workspace
    result: StepResult
    chapter: Chapter
    evidence: Evidence
    captions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Table → (title, what it says), where a table needs more than its own name."""

    @property
    def mask(self) -> Mask:
        """What is hidden in this report."""
        return self.evidence.mask

    def frame(self, name: str) -> pd.DataFrame:
        """The result's table `name`; empty when the step left none."""
        return self.result.tables.get(name, pd.DataFrame())

    def section(self, name: str, title: str = "", blurb: str = "", **options: Any) -> Section | None:
        """The result's table `name` as a section; None when the step left none or it is empty."""
        frame = self.frame(name)
        if frame.empty:
            return None
        own_title, own_blurb = self.captions.get(name, ("", ""))
        table = self.evidence.table(name, frame, caption=title or own_title or words(name), **options)
        return Section(title or own_title or words(name), blurb or own_blurb, table=table)


def fact_sections(facts: Mapping[str, Any], mask: Mask) -> tuple[Section, ...]:
    """Facts as a list of names and values, and what nests deeper as a section each."""
    flat, deep = [], []
    for name, value in facts.items():
        if isinstance(value, Mapping) and value and all(not isinstance(v, Mapping | list) for v in value.values()):
            pairs = tuple((words(str(key)), text_of(mask.value({key: item})[key])) for key, item in value.items())
            deep.append(Section(words(name), facts=pairs))
        elif isinstance(value, Mapping | list) and value:
            deep.append(Section(words(name), preformatted=_outline(mask.value({name: value})[name])))
        elif value not in (None, "", [], {}):
            flat.append((words(name), text_of(mask.value({name: value})[name])))
    head = (Section("Particulars", facts=tuple(flat), sections=tuple(deep)),) if flat or deep else ()
    return head


def _outline(value: Any, depth: int = 0) -> str:
    """Nested data as indented lines; at most 200 of them."""
    lines: list[str] = []

    def walk(item: Any, indent: int, label: str = "") -> None:
        prefix = "  " * indent + (f"{label}: " if label else "")
        if isinstance(item, Mapping):
            if label:
                lines.append(prefix.rstrip())
            for key, inner in item.items():
                walk(inner, indent + bool(label), str(key))
        elif isinstance(item, list):
            if label:
                lines.append(prefix.rstrip())
            for inner in item:
                walk(inner, indent + 1, "-" if isinstance(inner, Mapping) else "")
        else:
            lines.append(prefix + text_of(item))

    walk(value, depth)
    return "\n".join(lines[:200] + (["…"] if len(lines) > 200 else []))
