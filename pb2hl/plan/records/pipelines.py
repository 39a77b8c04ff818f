"""Pipelines and stages: which are made, which exist, and where each deal's pipeline and stage go.

Every stage of a pipeline to make has a probability: where one has none HighLevel computes those of all of them anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from pb2hl.plan.fields.custom_fields import SUFFIX, State
from pb2hl.plan.inputs.rows import rows, text
from pb2hl.plan.shared.context import Context
from pb2hl.values.chances import between
from pb2hl.values.fold import fold

_ENDS = {"won": 100, "lost": 0, "abandoned": 0}
STAGE_COLUMNS = ("pipeline", "stage", "position", "probability", "outcome", "told", "probability_from", "deals")

DECLARED, UNDECLARED, THERE = "declared", "undeclared", "in the location"
NEIGHBOURS = "between its neighbours"
_TABLE, _OUTCOME, _SHEET = "the export's pipelines", "its outcome", "sheets/stages.csv"


@dataclass(frozen=True)
class Stage:
    """A stage to make: its probability of winning in percent, how a deal in it stands, and who tells of it.

    `source` says where the probability is from; `declared`: the pipelines table names the stage, not only deals.
    """

    name: str
    probability: int | float | None = None
    outcome: str = ""
    declared: bool = False
    source: str = ""


@dataclass(frozen=True)
class PlannedPipeline:
    """A target pipeline by the name the stages sheet gives; `label` is the name it gets in the location."""

    name: str
    label: str
    stages: tuple[Stage, ...]
    state: State = State.MAKE
    existing_id: str = ""
    existing_stages: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""
    existing_chances: tuple[tuple[str, float | None], ...] = ()

    @property
    def has_probabilities(self) -> bool:
        """Whether anybody told a probability: HighLevel is then to reckon with those of the stages."""
        return any(stage.source in (_TABLE, _SHEET) for stage in self.stages)


@dataclass(frozen=True)
class Pipelines:
    """Every target pipeline, and the way from a source pipeline and stage to a target."""

    planned: Mapping[str, PlannedPipeline]  # by folded name
    routes: Mapping[tuple[str, str], tuple[str, str, str]]

    def route(self, pipeline: str, stage: str) -> tuple[PlannedPipeline | None, str, str]:
        """(target pipeline, stage name, status from the stage) of a deal; the first pipeline's first stage when unknown."""
        known = self.routes.get((fold(pipeline), fold(stage)))
        if known:
            return self.planned.get(fold(known[0])), known[1], known[2]
        target = self.planned.get(fold(pipeline)) or self._only_with(stage) or next(iter(self.planned.values()), None)
        if target is None:
            return None, "", ""
        names = {fold(item.name): item.name for item in target.stages}
        return target, names.get(fold(stage), target.stages[0].name if target.stages else ""), ""

    def knows(self, pipeline: str, stage: str) -> bool:
        """Whether a deal's pipeline and stage have a place by decision, or by the one pipeline that has such a stage."""
        if (fold(pipeline), fold(stage)) in self.routes:
            return True
        target = self.planned.get(fold(pipeline)) or self._only_with(stage)
        return target is not None and (not stage.strip() or fold(stage) in {fold(item.name) for item in target.stages})

    def _only_with(self, stage: str) -> PlannedPipeline | None:
        fitting = [
            item for item in self.planned.values() if stage and fold(stage) in {fold(s.name) for s in item.stages}
        ]
        return fitting[0] if len(fitting) == 1 else None

    def ids(self, ctx: Context, target: PlannedPipeline, stage: str) -> tuple[Any, Any]:
        """Pipeline id and stage id as values of a payload."""
        if target.existing_id:
            by_name = {fold(name): one for name, one in target.existing_stages.items()}
            return target.existing_id, by_name.get(fold(stage), "")
        reference = ctx.pipeline_ref(target.label)
        return reference, {**reference, "path": f"stages.{stage}"} if stage else ""


def plan_pipelines(ctx: Context) -> Pipelines:
    """The pipelines that the stages sheet asks for, compared with the location."""
    routes = {
        (fold(pipeline), fold(stage)): (to or pipeline, to_stage or stage, status)
        for (pipeline, stage), (to, to_stage, status) in ctx.inputs.mapping.stages.items()
    }
    declared = _declared(ctx.table("pipelines"))
    wanted: dict[str, tuple[str, dict[str, Stage]]] = {}
    for pipeline, stage in _in_order(ctx.inputs.mapping.stages, declared):
        to, to_stage, status = routes[fold(pipeline), fold(stage)]
        if not to:
            continue
        _, stages = wanted.setdefault(fold(to), (to.strip(), {}))
        if to_stage:
            row = declared.get((fold(pipeline), fold(stage)))
            before = stages.get(fold(to_stage))
            stages[fold(to_stage)] = _joined(before, _stage(to_stage.strip(), row, status))
    made = {fold(item.name): item for item in ctx.inputs.mapping.pipelines}
    planned = {}
    for key, (name, stages) in wanted.items():
        chances = {fold(stage): chance for stage, chance in made[key].stages} if key in made else {}
        known = [_with_chance(stage, chances.get(fold(stage.name))) for stage in stages.values()]
        if key in made:
            order = list(chances)
            known.sort(key=lambda stage: order.index(fold(stage.name)) if fold(stage.name) in order else len(order))
        planned[key] = _against(name, every_chance(known), ctx)
    return Pipelines(planned, routes)


def _stage(name: str, row: Mapping[str, Any] | None, status: str) -> Stage:
    outcome = status or str((row or {}).get("outcome") or "").casefold()
    value = (row or {}).get("probability")
    if value is not None:
        return Stage(name, _rounded(float(value) * 100), outcome, True, _TABLE)
    chance = _ENDS.get(outcome)
    return Stage(name, chance, outcome, row is not None, "" if chance is None else _OUTCOME)


def _joined(first: Stage | None, second: Stage) -> Stage:
    """Two stages of the export that become one: what the first tells counts, what it does not tell is the second's."""
    if first is None:
        return second
    known = second if first.probability is None or (second.source == _TABLE != first.source) else first
    outcome = first.outcome or second.outcome
    return Stage(first.name, known.probability, outcome, first.declared or second.declared, known.source)


def every_chance(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """The stages, those without a probability with one between their neighbours that have not ended either."""
    running = [at for at, stage in enumerate(stages) if stage.outcome not in _ENDS]
    chances = dict(zip(running, between([stages[at].probability for at in running]), strict=True))
    return tuple(
        replace(stage, probability=_rounded(round(chances[at], 2)), source=NEIGHBOURS)
        if stage.probability is None
        else stage
        for at, stage in enumerate(stages)
    )


def _with_chance(stage: Stage, chance: float | None) -> Stage:
    """The stage with the sheet's probability (0-1) when that says more than the pipelines table."""
    if chance is None:
        return stage
    percent = _rounded(chance * 100)
    return stage if percent == stage.probability else replace(stage, probability=percent, source=_SHEET)


def _rounded(percent: float) -> int | float:
    percent = round(float(percent), 4)
    return int(percent) if percent.is_integer() else percent


def _declared(frame: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for number, row in enumerate(rows(frame)):
        found.setdefault((fold(text(row, "pipeline")), fold(text(row, "stage"))), {**row, "number": number})
    return found


def _in_order(
    stages: Mapping[tuple[str, str], Any], declared: Mapping[tuple[str, str], Mapping[str, Any]]
) -> list[tuple[str, str]]:
    """Pipelines as they come, their stages by declared position; one without any stays behind the one before it."""
    first_seen: dict[str, int] = {}
    last: dict[str, tuple[float, int]] = {}
    keyed = []
    for number, (pipeline, stage) in enumerate(stages):
        group = fold(pipeline)
        row = declared.get((group, fold(stage)))
        rank = last.get(group, (float("inf"), 10**9))
        if row is not None:
            position = row.get("position")
            rank = (float("inf") if position is None else float(position), int(row["number"]))
            last[group] = rank
        keyed.append((first_seen.setdefault(group, number), *rank, number, (pipeline, stage)))
    return [item[-1] for item in sorted(keyed)]


def _against(name: str, stages: tuple[Stage, ...], ctx: Context) -> PlannedPipeline:
    there = {fold(item.name): item for item in ctx.location.pipelines}
    label, number, detail = name, 1, ""
    while (found := there.get(fold(label))) is not None:
        known = {fold(stage) for stage in found.stages}
        missing = [stage.name for stage in stages if fold(stage.name) not in known]
        if not missing:
            there_ = tuple(found.chances.items())
            return PlannedPipeline(name, found.name, stages, State.FITS, found.id, dict(found.stages), detail, there_)
        detail = detail or f"the existing pipeline {found.name!r} lacks the stages {', '.join(missing)}"
        label = f"{name}{SUFFIX}" + (f" {number}" if number > 1 else "")
        number += 1
    return PlannedPipeline(name, label, stages, State.CONFLICT if detail else State.MAKE, detail=detail)
