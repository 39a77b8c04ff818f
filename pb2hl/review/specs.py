"""How each sheet of a workspace is reviewed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from pb2hl.errors import Problem
from pb2hl.highlevel import Destination
from pb2hl.mapper.check import invalid_rows
from pb2hl.mapper.sheets import DATA_TYPES, DECISIONS, EDITABLE, SHEETS, STATUSES
from pb2hl.matching import sheets as matching
from pb2hl.model import OBJECTS
from pb2hl.review.clusters import ClusterReview
from pb2hl.review.table import ReviewSpec, ReviewTable
from pb2hl.workspace import Workspace


def sheet_review(ws: Workspace, name: str, *, who: str = "") -> ReviewTable:
    """The mapping sheet `name` (fields, stages, owners, tags or picklists) as an editable table.

    Raises SheetError when the sheet is missing, ValueError for another name.
    """
    if name not in SHEETS:
        raise ValueError(f"there is no sheet {name!r}; sheets: {', '.join(SHEETS)}")
    place = Destination.load(ws.path)
    return ReviewTable(ws.sheets / f"{name}.csv", mapping_spec(name, place, ws.config.thresholds.mapping_high), who=who)


def mapping_spec(name: str, place: Destination | None = None, threshold: float = 0.8) -> ReviewSpec:
    """The spec of a mapping sheet; `place` gives the location's users, pipelines and stages to choose from."""
    users = place.users if place is not None else None
    choices: dict[str, object] = {"decision": list(DECISIONS.get(name, ()))}
    free: list[str] = []
    if name == "fields":
        by = {object_: ["custom", "ignore", *spec.field_names] for object_, spec in OBJECTS.items()}
        choices = {
            "decision": {"column": "object", "by": by, "otherwise": ["custom", "ignore"]},
            "type": list(DATA_TYPES),
        }
    elif name == "stages":
        lines = place.pipelines if place is not None else ()
        by = {line["name"]: [stage["name"] for stage in line["stages"]] for line in lines}
        choices |= {
            "status": list(STATUSES),
            "target_pipeline": list(by),
            "target_stage": {"column": "target_pipeline", "by": by, "otherwise": []},
        }
        free = ["target_pipeline", "target_stage"]
    elif name == "owners":
        choices["user_email"] = sorted(str(user.get("email") or "") for user in users or ())
        free = ["user_email"]
    return ReviewSpec(
        columns=SHEETS[name],
        editable=EDITABLE[name],
        choices=choices,
        free=free,
        check=_checker(name, users, place.pipelines if place is not None else ()),
        threshold=threshold,
    )


def _checker(
    name: str, users: Sequence[object] | None, pipelines: Sequence[object]
) -> Callable[[pd.DataFrame], Sequence[Problem]]:
    return lambda frame: invalid_rows({name: frame}, users, pipelines)


def _match_spec(columns: Sequence[str], ws: Workspace) -> ReviewSpec:
    return ReviewSpec(
        columns=columns,
        editable=("survivor", "decision", "comment"),
        choices={"decision": [word for word in matching.DECISIONS if word], "survivor": [matching.YES]},
        preview=("name", "email", "phone", "why", "comment"),
        threshold=ws.config.thresholds.match_high,
        keyed_by="cluster",
    )


def duplicates_review(ws: Workspace, *, who: str = "") -> ClusterReview:
    """The duplicates sheet cluster by cluster, rows side by side. Raises SheetError when the sheet is missing."""
    return ClusterReview(ws.sheets / "duplicates.csv", _match_spec(matching.DUPLICATES, ws), who=who)


def companies_review(ws: Workspace, *, who: str = "") -> ClusterReview:
    """The companies sheet cluster by cluster; companies alone in theirs are not shown. SheetError when it is missing."""
    return ClusterReview(ws.sheets / "companies.csv", _match_spec(matching.COMPANIES, ws), who=who)
