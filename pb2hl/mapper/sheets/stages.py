"""The stages sheet: every pipeline and stage of the export to a pipeline and stage of the location, old or to be made.

`map` takes a row to what its target columns name. A stage without a like in its pipeline is proposed `beside` and waits: who
accepts has the whole pipeline made beside the existing one (`together`), who names an existing stage instead decides `map`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from rapidfuzz import fuzz

from pb2hl.mapper.knowledge.outcomes import same, stage_key, stage_outcome
from pb2hl.mapper.knowledge.sheet_layout import PROPOSAL, blank, prefill
from pb2hl.mapper.knowledge.stage_words import meaning
from pb2hl.mapper.sheets.source_stages import DEFAULT_PIPELINE, SourceStage, source_stages
from pb2hl.markers import BESIDE
from pb2hl.sheets import table_rows
from pb2hl.values.fold import fold

SIMILAR = 0.85
"""Likeness (0-1) of two names from which one is proposed for the other."""


def stages_sheet(
    deals: pd.DataFrame, pipelines: pd.DataFrame, destination: Sequence[Any] = (), threshold: float = 0.8
) -> pd.DataFrame:
    """The stages sheet. `destination` are the location's pipelines: dicts with name and stages of name, position, stageWinProbability."""
    items = source_stages(deals, pipelines)
    homes, only = _homes(items), _only(items)
    named = [fold(item.pipeline) for item in items]
    siblings: dict[str, list[SourceStage]] = {}
    rows = []
    for item in items:
        home = homes.get(fold(item.stage)) if not item.pipeline else item.pipeline
        home = home or only or DEFAULT_PIPELINE
        key = fold(home)
        if key not in siblings:
            siblings[key] = [other for other, name in zip(items, named, strict=True) if name in ("", key)]
        rows.append(_contradicted(item, _row(item, home, siblings[key], destination)))
    return prefill(blank("stages", rows), threshold)


def _homes(items: Sequence[SourceStage]) -> dict[str, str]:
    """Stages that occur in one pipeline only → that pipeline, for deals that name a stage and no pipeline."""
    found: dict[str, set[str]] = {}
    for item in items:
        if item.pipeline:
            found.setdefault(fold(item.stage), set()).add(item.pipeline)
    return {stage: next(iter(names)) for stage, names in found.items() if len(names) == 1}


def _only(items: Sequence[SourceStage]) -> str:
    names = {item.pipeline for item in items if item.pipeline}
    return next(iter(names)) if len(names) == 1 else ""


def _row(
    item: SourceStage, home: str, siblings: Sequence[SourceStage], destination: Sequence[Any]
) -> dict[str, object]:
    row: dict[str, object] = {
        "pipeline": item.pipeline, "stage": item.stage, "position": item.position,
        "probability": "" if item.probability is None else round(item.probability, 4), "outcome": item.outcome, "deals": item.deals,
        "status": item.outcome, "proposal": "map",
    }  # fmt: skip
    own = item.stage or _first_open(siblings)
    target, likeness = _pipeline(home, siblings, destination)
    if target is None:
        name = next((other.pipeline for other in siblings if other.pipeline), home)
        row |= {"target_pipeline": name, "target_stage": _spelled(own, siblings), "confidence": 0.95}
        made = f"no pipeline of the location is like {home!r}: made with its own stages"
        return row | {"reason": made} | _novel(item, siblings)
    stage, score, why = _stage(own, item, siblings, target["stages"])
    if stage is None:
        beside = _beside(target["name"], siblings, destination)
        names = " · ".join(str(there["name"]) for there in target["stages"]) or "none"
        reason = (
            f"{target['name']!r} has no stage like {own!r} (it has {names}): put one of them and decide map, "
            f"or decide beside: {beside!r} is made with all stages of this pipeline"
        )
        spelled = _spelled(own, siblings)
        found = {"proposal": "beside", "target_pipeline": beside, "target_stage": spelled, "confidence": 0.5}
        return row | found | {"reason": reason}
    return row | {
        "target_pipeline": target["name"],
        "target_stage": stage,
        "confidence": round(min(likeness, score), 2),
        "reason": f"existing pipeline; {why}",
    }


def _contradicted(item: SourceStage, row: dict[str, object]) -> dict[str, object]:
    """The row, waiting for a person where something contradicts the outcome of its stage."""
    if not item.contradiction:
        return row
    told = f"{row['reason']}; {item.contradiction}: put the right status, or decide (a deal's own status goes first)"
    return row | {"confidence": min(0.5, float(str(row.get("confidence", 1.0)))), "reason": told}


def _novel(item: SourceStage, siblings: Sequence[SourceStage]) -> dict[str, object]:
    """What is said of a stage that the pipelines table of the export does not declare though it declares others: it waits
    where nothing tells its place."""
    declared = [other for other in siblings if other.declared]
    if not item.stage or not declared or any(same(other.stage, item.stage) for other in declared):
        return {}
    behind = next((other.stage for other in reversed(siblings[: siblings.index(item)]) if other.stage), "")
    where = f"behind {behind!r}" if behind else "as the first stage"
    if item.evidence:
        return {"confidence": 0.9, "reason": f"undeclared, only deals name it; made {where}, as {item.evidence} tells"}
    reason = (
        f"undeclared, only deals name it, and nothing tells its place: decide map to make it {where} with the probability "
        f"{item.probability or 0:.0%} between its neighbours, or put a declared stage as target_stage"
    )
    return {"confidence": 0.5, "reason": reason}


def _spelled(stage: str, siblings: Sequence[SourceStage]) -> str:
    """The spelling that comes first, declared before used, of a stage that deals write in several ways."""
    return next((other.stage for other in siblings if same(other.stage, stage)), stage)


def _beside(name: str, siblings: Sequence[SourceStage], destination: Sequence[Any]) -> str:
    """A name for the pipeline beside `name`: new to the location, or of one there that has every stage already."""
    wanted = {stage_key(item.stage) for item in siblings if item.stage}
    there = {stage_key(line["name"]): {stage_key(stage["name"]) for stage in line["stages"]} for line in destination}
    number = 1
    while True:
        label = f"{name}{BESIDE}" + (f" {number}" if number > 1 else "")
        if stage_key(label) not in there or wanted <= there[stage_key(label)]:
            return label
        number += 1


def together(sheet: pd.DataFrame) -> pd.DataFrame:
    """A decided stages sheet as the plan takes it: where one stage goes `beside`, its whole pipeline goes along.

    Rows of the same source pipeline (and of none, where they share its target) take the target pipeline of the `beside`
    row, and their own stage where only the proposal named another. The sheet itself is not changed.
    """
    out = sheet.copy()
    for row in table_rows(sheet[sheet["decision"].str.strip() == "beside"]):
        own = sheet["pipeline"].map(stage_key) == stage_key(row.pipeline)
        left = {stage_key(name) for name in sheet.loc[own, "target_pipeline"]}
        loose = (sheet["pipeline"].str.strip() == "") & sheet["target_pipeline"].map(stage_key).isin(left)
        out.loc[own | loose, "target_pipeline"] = row.target_pipeline
        proposed = own & (sheet["who"] == PROPOSAL) & (sheet["stage"].str.strip() != "")
        words = sheet.loc[own, "stage"]
        first = words.groupby(words.map(stage_key), sort=False).first()
        out.loc[proposed, "target_stage"] = sheet.loc[proposed, "stage"].map(stage_key).map(first)
    return out


def without_stage(sheet: pd.DataFrame, destination: Sequence[Any]) -> list[tuple[int, str, str, list[str]]]:
    """Decided rows whose target is an existing pipeline that has no such stage: (index, pipeline, stage, its stages)."""
    there = {stage_key(line["name"]): line for line in destination}
    found = []
    for at, row in zip(sheet.index, table_rows(together(sheet)), strict=True):
        line = there.get(stage_key(row.target_pipeline)) if row.decision.strip() else None
        names = [str(stage["name"]) for stage in line["stages"]] if line else []
        if line is not None and not any(same(row.target_stage, name) for name in names):
            found.append((int(at), str(line["name"]), row.target_stage, names))
    return found


def _first_open(siblings: Sequence[SourceStage]) -> str:
    return next((item.stage for item in siblings if item.stage and not item.outcome), "") or next(
        (item.stage for item in siblings if item.stage), "Open"
    )


def _pipeline(home: str, siblings: Sequence[SourceStage], destination: Sequence[Any]) -> tuple[Any | None, float]:
    """The location's pipeline for `home`: of the same name, or of a like name that has most of the stages."""
    exact = next((line for line in destination if same(line["name"], home)), None)
    if exact is not None:
        return exact, 0.98
    best, score = None, 0.0
    for line in destination:
        likeness = fuzz.token_sort_ratio(stage_key(line["name"]), stage_key(home)) / 100
        names = [stage_key(stage["name"]) for stage in line["stages"]]
        wanted = [stage_key(item.stage) for item in siblings if item.stage]
        shared = sum(1 for stage in wanted if stage in names) / len(wanted) if wanted else 0.0
        if likeness >= SIMILAR and shared >= 0.6 and likeness + shared > score:
            best, score = line, likeness + shared
    return best, 0.85


def _stage(
    own: str, item: SourceStage, siblings: Sequence[SourceStage], stages: Sequence[Any]
) -> tuple[str | None, float, str]:
    for stage in stages:
        if same(stage["name"], own):
            return stage["name"], 0.98, f"stage {stage['name']!r} exists"
    known = meaning(own)
    alike = [stage["name"] for stage in stages if known and meaning(stage["name"]) == known]
    if len(alike) == 1:
        return alike[0], 0.88, f"stage {alike[0]!r} means the same ({known})"
    scored = [(_likeness(own, item, siblings, stage, len(stages)), stage["name"]) for stage in stages]
    best = max(scored, default=((0.0, ""), ""), key=lambda pair: pair[0][0])
    (score, why), name = best
    if score >= SIMILAR:
        return name, min(0.9, score), why
    return None, 0.0, ""


def _likeness(
    own: str, item: SourceStage, siblings: Sequence[SourceStage], stage: Any, count: int
) -> tuple[float, str]:
    """Likeness of names (0-1), a little more when position and probability agree as well."""
    name = fuzz.token_sort_ratio(stage_key(own), stage_key(stage["name"])) / 100
    why = f"stage {stage['name']!r} is spelled like it"
    order = [other.stage for other in siblings]
    where = order.index(item.stage) / max(1, len(order) - 1) if item.stage in order else 0.0
    there = float(stage.get("position") or 0) / max(1, count - 1)
    extra = 0.03 if abs(where - there) < 0.15 else 0.0
    chance = stage.get("stageWinProbability")
    if chance is not None and item.probability is not None:
        near = abs(float(chance) / 100 - item.probability) < 0.06
        extra += 0.05 if near else -0.05
        why += ", of the same probability" if near else ", though its probability differs"
    ends = stage_outcome(stage["name"])
    if ends and item.outcome and ends == item.outcome:
        return max(0.9, name), f"both mean {ends}"
    return min(1.0, name + extra), why
