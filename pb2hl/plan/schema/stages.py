"""What becomes of each stage, as a table, and what is said where nobody declared a stage or its probability."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import pandas as pd

from pb2hl.plan.records.pipelines import (
    DECLARED,
    NEIGHBOURS,
    STAGE_COLUMNS,
    THERE,
    UNDECLARED,
    Pipelines,
    PlannedPipeline,
)
from pb2hl.plan.shared.context import Context
from pb2hl.values.fold import fold


def report_probabilities(ctx: Context, item: PlannedPipeline) -> None:
    """A problem for each pipeline in which nobody told the probability of a stage, naming the stages."""
    guessed = [f"{stage.name} ({stage.probability:g} %)" for stage in item.stages if stage.source == NEIGHBOURS]
    if guessed:
        ctx.findings.problem(
            "stage_probability",
            "pipelines",
            f"{item.label}: nothing tells the probability of {', '.join(guessed)}",
            treatment="each gets one between its neighbours, so that HighLevel leaves the others as they are",
            field_=item.label,
            count=len(guessed),
        )


def stages_table(ctx: Context, pipelines: Pipelines) -> pd.DataFrame:
    """Every stage of every target pipeline as it will be (STAGE_COLUMNS); position from 1, probability in percent."""
    deals = _deals(ctx, pipelines)
    lines = [row for item in pipelines.planned.values() for row in _rows(item, deals)]
    frame = pd.DataFrame(lines, columns=list(STAGE_COLUMNS))
    return frame.astype({"position": "int64", "probability": "float64", "deals": "int64"})


def _rows(item: PlannedPipeline, deals: Counter[tuple[str, str]]) -> Iterator[tuple[Any, ...]]:
    ours = {fold(stage.name): stage for stage in item.stages}
    if not item.existing_id:
        for number, stage in enumerate(item.stages, 1):
            declared = DECLARED if stage.declared else UNDECLARED
            count = deals[fold(item.name), fold(stage.name)]
            yield (
                item.label,
                stage.name,
                number,
                stage.probability,
                stage.outcome or "open",
                declared,
                stage.source,
                count,
            )
        return
    for number, (name, chance) in enumerate(item.existing_chances, 1):
        known = ours.get(fold(name))
        outcome = (known.outcome or "open") if known else ""
        yield item.label, name, number, chance, outcome, THERE, THERE, deals[fold(item.name), fold(name)]


def _deals(ctx: Context, pipelines: Pipelines) -> Counter[tuple[str, str]]:
    """Deals of the export by the target pipeline and stage they go to."""
    found: Counter[tuple[str, str]] = Counter()
    frame = ctx.table("deals")
    names = [frame[name] if name in frame.columns else pd.Series("", frame.index) for name in ("pipeline", "stage")]
    used = pd.DataFrame({at: column.fillna("").astype("str") for at, column in enumerate(names)}).value_counts()
    for row, count in used.items():
        pipeline, stage = cast("tuple[str, str]", row)
        target, to, _ = pipelines.route(pipeline, stage)
        if target is not None:
            found[fold(target.name), fold(to)] += int(count)
    return found
