"""The stages of an export in their order: those that its pipelines table declares, and among them those that only deals name."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.outcomes import stage_key, stage_outcome
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.values.chances import between
from pb2hl.values.counting import agree, counted
from pb2hl.values.fold import fold
from pb2hl.values.statuses import deal_status

DEFAULT_PIPELINE = "Perfect Books"
"""Pipeline for deals of an export that has stages but no pipelines."""


@dataclass(frozen=True, slots=True)
class SourceStage:
    """A stage of the export: probability 0-1 or None, deals in it, and whether the pipelines table declares it.

    `evidence`: what tells the place of one that is not declared ("": nothing, it stands between its neighbours).
    `contradiction`: what speaks against its outcome: its probability, or the status of deals in it.
    """

    pipeline: str
    stage: str
    position: float
    probability: float | None
    outcome: str
    deals: int
    declared: bool
    evidence: str = ""
    contradiction: str = ""


def source_stages(deals: pd.DataFrame, pipelines: pd.DataFrame) -> list[SourceStage]:
    """Every (pipeline, stage) that the pipelines table declares or a deal uses; declared ones first, in their order.

    Stages that only deals name stand among the declared ones of their pipeline by the probability of their deals, finished
    ones last; one of which nothing tells stands before those that have ended, its probability between its neighbours'.
    """
    found: dict[tuple[str, str], SourceStage] = {}
    names: set[tuple[str, str]] = set()
    counts = _counts(deals)
    certain = _certain(_records(pipelines), counts)
    for number, row in enumerate(_records(pipelines)):
        pipeline, stage = _text(row.get("pipeline")) or DEFAULT_PIPELINE, _text(row.get("stage"))
        if not stage or (fold(pipeline), fold(stage)) in names:
            continue
        names.add((fold(pipeline), fold(stage)))
        given = _number(row.get("position"))
        found[pipeline, stage] = SourceStage(
            pipeline, stage, number if given is None else given, _number(row.get("probability")),
            _ends(stage, _text(row.get("outcome")), _number(row.get("probability")), certain[stage_key(pipeline)]), 0, True,
        )  # fmt: skip
    declared = sorted(found.values(), key=lambda item: (_order(found, item.pipeline), item.position))
    known = {(stage_key(item.pipeline), stage_key(item.stage)): item for item in declared}
    used = []
    appearance = _in_order(counts)
    for (pipeline, stage), use in counts.items():
        count, probability, appears = use.deals, use.chance, appearance[pipeline, stage]
        match = known.get((stage_key(pipeline), stage_key(stage)))
        chance = match.probability if match else probability
        outcome = match.outcome if match and match.outcome else _ends(stage, "", chance, certain[stage_key(pipeline)])
        position = match.position if match else appears
        evidence = ""
        if match is None:
            evidence = "its name" if outcome else "the probability of its deals" if chance is not None else ""
            evidence = BY_PLACE if use.place is not None and not outcome else evidence
            chance = ENDS.get(outcome, chance)
        against = _against(outcome, match.probability if match else probability, use)
        used.append(
            SourceStage(pipeline, stage, position, chance, outcome, count, match is not None, evidence, against)
        )
    return _joined(declared, used)


_CLOSED = heading_words("closed")
"""Words of stages that end, without saying how: a probability of 1 or 0 beside them does."""


def _ends(stage: str, declared: str, chance: float | None, certain: Collection[str]) -> str:
    """How a deal in a stage stands: what is declared, what the name says, else the probability of a stage that ends: 1 where
    it is the only stage of its pipeline that is `certain`, 0 beside a word for what is closed or lost."""
    said = stage_outcome(stage, declared)
    if said or chance is None or chance not in (0.0, 1.0):
        return said or ("won" if set(certain) == {stage_key(stage)} and _merely_closed(stage) else "")
    if chance == 1.0:
        return "won" if set(certain) <= {stage_key(stage)} else ""
    words = set(tokens(stage))
    return "lost" if words & _CLOSED or "lost" in map(deal_status, words) else ""


_ACCEPTED = heading_words("accepted")
"""Words of offers that were taken."""


def _merely_closed(stage: str) -> bool:
    words = set(tokens(stage))
    return bool(words) and (words <= _CLOSED or words <= _ACCEPTED)


def _certain(declared: Sequence[dict[str, Any]], counts: dict[tuple[str, str], _Use]) -> dict[str, set[str]]:
    """Of each pipeline the stages that are won by their name or have a probability of 1 (of several, only the name tells); where none
    is and another is lost, the only one that is merely called accepted, or closed where none is."""
    found: dict[str, set[str]] = defaultdict(set)
    closed: dict[str, dict[str, str]] = defaultdict(dict)
    lost: set[str] = set()
    said = [(_text(row.get("pipeline")) or DEFAULT_PIPELINE, _text(row.get("stage")), _text(row.get("outcome")), _number(row.get("probability"))) for row in declared]  # fmt: skip
    for pipeline, stage, outcome, chance in [*said, *((*key, "", use.chance) for key, use in counts.items())]:
        end = stage_outcome(stage, outcome)
        if end == "lost":
            lost.add(stage_key(pipeline))
        elif not end and _merely_closed(stage):
            closed[stage_key(pipeline)][stage_key(stage)] = stage
        if stage and (chance == 1.0 or end == "won"):
            found[stage_key(pipeline)].add(stage_key(stage))
    for pipeline in lost:
        accepted = {key for key, stage in closed[pipeline].items() if set(tokens(stage)) <= _ACCEPTED}
        taken = accepted or {*closed[pipeline]}  # `Accepted` beside `Closed` and `Rejected`
        if len(taken) == 1 and not found[pipeline]:
            found[pipeline] = taken
    return found


BY_PLACE = "a column of its deals that counts the stages"
"""What tells the place of a stage before its probability does."""
ENDS = {"won": 1.0, "lost": 0.0, "abandoned": 0.0}
"""Win probability (0-1) of a stage that has ended."""


def _joined(declared: list[SourceStage], used: list[SourceStage]) -> list[SourceStage]:
    exact = {(item.pipeline, item.stage): item for item in used}
    out = [exact.pop((item.pipeline, item.stage), item) for item in declared]
    ends = {name: number for number, name in enumerate(ENDS, 1)}

    def order(item: SourceStage) -> tuple[str, int, float, float]:
        chance = item.probability if item.probability is not None else 2.0
        chance = 0.0 if item.evidence == BY_PLACE else chance
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


@dataclass(frozen=True, slots=True)
class _Use:
    """Deals in a stage: how many, their median probability (0-1) and creation, how many ended in which way by their status,
    and the place that a column of the deals gives the stage."""

    deals: int
    chance: float | None
    created: pd.Timestamp | None
    ended: dict[str, int]
    place: float | None = None


def _counts(deals: pd.DataFrame) -> dict[tuple[str, str], _Use]:
    if deals.empty:
        return {}
    empty = pd.Series([""] * len(deals), index=deals.index)
    words = deals.get("status", empty).fillna("").astype("str")
    keyed = pd.DataFrame(
        {
            "pipeline": deals.get("pipeline", empty).fillna("").astype("str").str.strip(),
            "stage": deals.get("stage", empty).fillna("").astype("str").str.strip(),
            "probability": pd.to_numeric(deals.get("probability", empty), errors="coerce"),
            "created": pd.to_datetime(deals.get("created_at", empty), errors="coerce", utc=True),
            "ended": words.map({word: deal_status(word) for word in words.unique()}),
        }
    )
    keyed["place"] = _places(deals, keyed)
    found: dict[tuple[str, str], _Use] = {}
    for (pipeline, stage), group in keyed.groupby(["pipeline", "stage"], sort=False):
        created = group["created"].median()
        ended = Counter(str(end) for end in group["ended"] if end in ENDS)
        found[str(pipeline), str(stage)] = _Use(
            len(group),
            _number(group["probability"].median()),
            None if pd.isna(created) else pd.Timestamp(created),
            ended,
            _number(group["place"].iloc[0]),
        )
    return found


_OF_A_STAGE, _PLACE = frozenset({"stage"}), frozenset({"position", "index", "rank", "seq", "number"})


def _places(deals: pd.DataFrame, keyed: pd.DataFrame) -> pd.Series:
    """Where a column such as `Stage order` says that each deal's stage stands: numbers, one a stage, another for each."""
    nowhere = pd.Series(float("nan"), index=deals.index)
    for name in deals.columns:
        said = set(terms(str(name).removeprefix("custom.")))
        named = said == {"position"} or (said & _OF_A_STAGE and said & _PLACE)
        if not (str(name).startswith("custom.") and named):
            continue
        numbers = pd.to_numeric(deals[name], errors="coerce")
        one = numbers.groupby([keyed["pipeline"], keyed["stage"]]).nunique(dropna=False)
        own = keyed.assign(number=numbers).drop_duplicates(["pipeline", "number"])
        if numbers.notna().all() and one.eq(1).all() and len(own) == len(one):
            return numbers
    return nowhere


_NUMBERED = re.compile(r"\s*(\d{1,3})(?:\s*[.):\-–]|\s)")
_MOST_DATES_AGREE = 2
"""Stages with different dates that it takes before dates tell their order."""


def _in_order(counts: dict[tuple[str, str], _Use]) -> dict[tuple[str, str], float]:
    """The place of each stage in its pipeline where neither a table nor probabilities tell it: a column of the deals that counts
    them (whatever probabilities say), the number before its name, else the dates of its deals (what is new has come less far), else the order of appearance."""
    places: dict[tuple[str, str], float] = {key: float(number) for number, key in enumerate(counts)}
    for pipeline in dict.fromkeys(key[0] for key in counts):
        keys = [key for key in counts if key[0] == pipeline and key[1]]
        numbers = [_NUMBERED.match(key[1]) for key in keys]
        created = [counts[key].created for key in keys]
        if keys and all(counts[key].place is not None for key in keys):
            ranked = sorted(keys, key=lambda key: counts[key].place)  # type: ignore[arg-type, return-value]
        elif keys and all(numbers):
            ranked = sorted(keys, key=lambda key: int(_NUMBERED.match(key[1])[1]))  # type: ignore[index]
        elif all(moment is not None for moment in created) and len(set(created)) >= _MOST_DATES_AGREE:
            ranked = sorted(keys, key=lambda key: counts[key].created, reverse=True)  # type: ignore[arg-type, return-value]
        else:
            continue
        places |= dict(zip(ranked, sorted(places[key] for key in keys), strict=True))
    return places


def _against(outcome: str, chance: float | None, use: _Use) -> str:
    """What contradicts a stage's outcome (`won`, but its probability is 0, or deals in it say lost); "" where nothing does."""
    if outcome in ("won", "lost") and chance is not None and chance == 1.0 - ENDS[outcome]:
        return f"it means {outcome}, but its probability is {chance:.0%}"
    others = sum(count for end, count in use.ended.items() if end != outcome)
    if outcome in ENDS and others:
        said = " or ".join(sorted(end for end in use.ended if end != outcome))
        return f"it means {outcome}, but {counted(others, 'deal')} in it {agree(others, 'says', 'say')} {said}"
    return ""


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = [] if frame.empty else frame.to_dict("records")
    return [{str(name): cell for name, cell in row.items()} for row in rows]


def _text(value: Any) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value).strip()


def _number(value: Any) -> float | None:
    return None if value is None or value is pd.NA or value != value else float(value)
