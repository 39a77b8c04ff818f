"""The stages of an export in their order: those that its pipelines table declares, and among them those that only deals name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.text import tokens
from pb2hl.mapper.sheets.outcomes import same, stage_key, stage_outcome
from pb2hl.values.chances import between

DEFAULT_PIPELINE = "Perfect Books"
"""Pipeline for deals of an export that has stages but no pipelines."""


@dataclass(frozen=True, slots=True)
class SourceStage:
    """A stage of the export: probability 0-1 or None, deals in it, and whether the pipelines table declares it.

    `told`: what tells the place of one that is not declared ("": nothing, it stands between its neighbours).
    """

    pipeline: str
    stage: str
    position: float
    probability: float | None
    outcome: str
    deals: int
    declared: bool
    evidence: str = ""


def source_stages(deals: pd.DataFrame, pipelines: pd.DataFrame) -> list[SourceStage]:
    """Every (pipeline, stage) that the pipelines table declares or a deal uses; declared ones first, in their order.

    Stages that only deals name stand among the declared ones of their pipeline by the probability of their deals, finished
    ones last; one of which nothing tells stands before those that have ended, its probability between its neighbours'.
    """
    found: dict[tuple[str, str], SourceStage] = {}
    counts = _counts(deals)
    for number, row in enumerate(_records(pipelines)):
        pipeline, stage = _text(row.get("pipeline")) or DEFAULT_PIPELINE, _text(row.get("stage"))
        if not stage or any(same(pipeline, key[0]) and same(stage, key[1]) for key in found):
            continue
        position = _number(row.get("position"))
        found[pipeline, stage] = SourceStage(
            pipeline, stage, number if position is None else position, _number(row.get("probability")),
            _ends(stage, _text(row.get("outcome")), _number(row.get("probability"))), 0, True,
        )  # fmt: skip
    declared = sorted(found.values(), key=lambda item: (_order(found, item.pipeline), item.position))
    known = {(stage_key(item.pipeline), stage_key(item.stage)): item for item in declared}
    used = []
    for number, ((pipeline, stage), (count, probability)) in enumerate(counts.items()):
        match = known.get((stage_key(pipeline), stage_key(stage)))
        chance = match.probability if match else probability
        outcome = match.outcome if match and match.outcome else _ends(stage, "", chance)
        position = match.position if match else number
        evidence = ""
        if match is None:
            evidence = "its name" if outcome else "the probability of its deals" if chance is not None else ""
            chance = ENDS.get(outcome, chance)
        used.append(SourceStage(pipeline, stage, position, chance, outcome, count, match is not None, evidence))
    return _joined(declared, used)


_CLOSED = frozenset(
    "closed close complete completed done final finished geschlossen abgeschlossen ferme clos cerrado cerrada chiuso fechado gesloten afgesloten zamkniete".split()
)
"""Words of stages that end, without saying how: a probability of 1 or 0 beside them does."""


def _ends(stage: str, declared: str, chance: float | None) -> str:
    """How a deal in a stage stands: what is declared, what the name says, else the probability of a stage that ends."""
    said = stage_outcome(stage, declared)
    if said or chance is None or chance not in (0.0, 1.0):
        return said
    if chance == 1.0:
        return "won"
    return "lost" if set(tokens(stage)) & _CLOSED else ""


ENDS = {"won": 1.0, "lost": 0.0, "abandoned": 0.0}
"""Win probability (0-1) of a stage that has ended."""


def _joined(declared: list[SourceStage], used: list[SourceStage]) -> list[SourceStage]:
    exact = {(item.pipeline, item.stage): item for item in used}
    out = [exact.pop((item.pipeline, item.stage), item) for item in declared]
    ends = {name: number for number, name in enumerate(ENDS, 1)}

    def order(item: SourceStage) -> tuple[str, int, float, float]:
        chance = item.probability if item.probability is not None else 2.0
        return stage_key(item.pipeline), ends.get(item.outcome, 0), chance, item.position

    for item in sorted(exact.values(), key=order):
        lines = [
            at
            for at, other in enumerate(out)
            if other.declared and stage_key(other.pipeline) == stage_key(item.pipeline)
        ]
        if lines and item.stage and not item.declared:
            _insert(out, item)
        else:
            out.append(item)
    return out


def _insert(stages: list[SourceStage], item: SourceStage) -> None:
    """Put an undeclared stage among those of its pipeline, its position and probability between its neighbours'."""
    own = [
        at for at, other in enumerate(stages) if stage_key(other.pipeline) == stage_key(item.pipeline) and other.stage
    ]
    before = own if item.outcome in ENDS else [at for at in own if _precedes(stages[at], item)]
    at = before[-1] + 1 if before else own[0]
    position = _middle([stages[i].position for i in own if i < at], [stages[i].position for i in own if i >= at])
    stages.insert(at, replace(item, position=position))
    if item.probability is None:
        line = [
            other
            for other in stages
            if stage_key(other.pipeline) == stage_key(item.pipeline) and other.outcome not in ENDS
        ]
        line = [other for other in line if other.stage]
        chance = between([other.probability for other in line], 1.0)[line.index(stages[at])]
        stages[at] = replace(stages[at], probability=round(chance, 4))


def _precedes(stage: SourceStage, item: SourceStage) -> bool:
    """Whether an open stage stands before the undeclared `item`: all do, unless both probabilities say otherwise."""
    if stage.outcome in ENDS:
        return False
    return item.probability is None or stage.probability is None or stage.probability <= item.probability


def _middle(before: Sequence[float], after: Sequence[float]) -> float:
    if before and after and after[0] > before[-1]:
        return (before[-1] + after[0]) / 2
    return before[-1] + 1 if before else after[0] - 1


def _order(found: dict[tuple[str, str], Any], pipeline: str) -> int:
    return list(dict.fromkeys(key[0] for key in found)).index(pipeline)


def _counts(deals: pd.DataFrame) -> dict[tuple[str, str], tuple[int, float | None]]:
    if deals.empty:
        return {}
    empty = pd.Series([""] * len(deals), index=deals.index)
    keyed = pd.DataFrame(
        {
            "pipeline": deals.get("pipeline", empty).fillna("").astype("str").str.strip(),
            "stage": deals.get("stage", empty).fillna("").astype("str").str.strip(),
            "probability": pd.to_numeric(deals.get("probability", empty), errors="coerce"),
        }
    )
    groups = keyed.groupby(["pipeline", "stage"], sort=False)["probability"].agg(["size", "median"])
    return {key: (int(row["size"]), _number(row["median"])) for key, row in groups.iterrows()}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [] if frame.empty else frame.to_dict("records")


def _text(value: Any) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value).strip()


def _number(value: Any) -> float | None:
    return None if value is None or value is pd.NA or value != value else float(value)
