"""How each sheet of a workspace is reviewed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from pb2hl.errors import Problem
from pb2hl.highlevel import Destination
from pb2hl.mapper.knowledge.sheet_layout import DATA_TYPES, DECISIONS, EDITABLE, SHEETS, STATUSES
from pb2hl.mapper.proposer.custom import KINDS
from pb2hl.mapper.sheets import tables
from pb2hl.mapper.sheets.check import invalid_rows
from pb2hl.mapper.sheets.fields import target_of
from pb2hl.matching import sheets as matching
from pb2hl.matching.given import GIVES
from pb2hl.model import OBJECTS, FieldKind
from pb2hl.review.behind import Behind
from pb2hl.review.clusters import CANONICAL, ClusterReview
from pb2hl.review.preview import field_previews
from pb2hl.review.table import ReviewSpec, ReviewTable
from pb2hl.steps.delta import conflicts
from pb2hl.steps.prepare.match import merge_lines
from pb2hl.steps.proposal import schema_choices
from pb2hl.values.transforms import offered
from pb2hl.workspace import Workspace


class NothingToReview:
    """What a review is where nothing waits: false, and a sentence on screen."""

    def __init__(self, sentence: str):
        self._sentence = sentence

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return self._sentence


def sheet_review(ws: Workspace, name: str, *, who: str = "") -> ReviewTable:
    """The mapping sheet `name` (fields, stages, owners, tags or picklists) as an editable table.

    Raises SheetError when the sheet is missing, ValueError for another name.
    """
    if name not in SHEETS:
        raise ValueError(f"there is no sheet {name!r}; sheets: {', '.join(SHEETS)}")
    place = Destination.load(ws.path)
    spec = mapping_spec(name, place, ws.config.thresholds.mapping_high)
    if name == "fields":
        spec = replace(spec, shows=field_previews(ws))
    return ReviewTable(ws.sheets / f"{name}.csv", spec, who=who)


def tables_review(ws: Workspace, *, who: str = "") -> ReviewTable:
    """What each table of the export is: an object, or left out. Raises SheetError before the inventory was run."""
    words = [*OBJECTS, tables.LEAVE_OUT]
    spec = ReviewSpec(
        tables.COLUMNS,
        choices={
            "decision": {"column": "proposal", "by": {tables.JOINED: [tables.JOINED, *words]}, "otherwise": words}
        },
        preview=("columns", "reason", "comment"),
        first=("file", "sheet", "rows", "decision", "proposal", "confidence", "reason", "columns", "comment"),
    )
    return ReviewTable(ws.sheets / f"{tables.NAME}.csv", spec, who=who)


def schema_review(ws: Workspace, *, who: str = "") -> ReviewTable | NothingToReview:
    """The conflicts of the schema step, with the choice of each; NothingToReview when there are none."""
    if not (ws.sheets / f"{schema_choices.SHEET}.csv").exists():
        return NothingToReview(
            "Nothing to choose: no field of the location stands in the way of one of this migration."
        )
    spec = ReviewSpec(schema_choices.COLUMNS, words=schema_choices.MEANING, preview=("detail", "comment"))
    return ReviewTable(ws.sheets / f"{schema_choices.SHEET}.csv", spec, who=who)


def conflicts_review(ws: Workspace, *, who: str = "") -> ReviewTable | NothingToReview:
    """Fields that were changed on both sides: what we loaded, what Perfect Books and what HighLevel say now, and whose value wins.

    The words are `keep` (HighLevel's value stays) and `source` (Perfect Books' value is written). NothingToReview when nothing clashes.
    """
    path = ws.sheets / f"{conflicts.NAME}.csv"
    if not path.exists():
        return NothingToReview("Nothing waits: no field was changed both in Perfect Books and in HighLevel.")
    spec = ReviewSpec(
        conflicts.CONFLICT_COLUMNS,
        words=conflicts.MEANING,
        choices={
            "decision": {
                "column": "about",
                "by": {conflicts.WHOLE_TOLD: [conflicts.KEEP]},
                "otherwise": list(conflicts.MEANING),
            }
        },
        check=conflicts.problems,
        widths={"record": 160, "decision": 100} | dict.fromkeys(("mine", "perfect_books", "highlevel"), 165),
        preview=("mine", "perfect_books", "highlevel", "comment"),
        first=(*conflicts.WORD_COLUMNS, "decision", "comment", "who", "when", "object"),
        hidden=("source_id", "record_id", "field", "sent", "later", "now"),
    )
    return ReviewTable(path, spec, who=who)


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
            "transform": _transforms(),
        }
        free = ["transform"]
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
        first=_FIRST[name],
        widths={"column": 170, "object": 90, "transform": 200, "comment": 220} if name == "fields" else {},
        derive=_target if name == "fields" else lambda _row: {},
    )


_FIRST: Mapping[str, tuple[str, ...]] = {
    "fields": ("column", "object", "decision", "proposal", "confidence", "examples", "target", "label", "type", "transform", "reason", "comment"),
    "stages": ("stage", "decision", "target_stage", "target_pipeline", "status", "confidence", "reason", "pipeline"),
    "owners": ("owner", "decision", "user_email", "confidence", "reason", "name", "email"),
    "tags": ("tag", "decision", "target", "confidence", "reason", "count"),
    "picklists": ("value", "decision", "option", "confidence", "reason", "field", "count"),
}  # fmt: skip
"""What the widget shows first: what a row is about, its decision, and what speaks for it."""


def _target(row: Mapping[str, str]) -> dict[str, str]:
    """Where HighLevel will hold a decided column, by its object alone; the next mapping looks at its neighbours too."""
    decision = row["decision"].strip()
    label = row["label"].strip() or row["column"]
    return {"target": target_of(row["object"], decision, label)} if decision not in ("", row["proposal"]) else {}


def _transforms() -> dict[str, object]:
    """Transforms to choose from, by what the column is decided to be and, for a custom field, its type."""
    by_type = {name: offered(kind) for name, kind in KINDS.items()}
    custom = {"column": "type", "by": by_type, "otherwise": offered(FieldKind.TEXT)}
    by_object = {
        object_: {"column": "decision", "by": {field.name: offered(field.kind) for field in spec.fields}, "otherwise": custom}
        for object_, spec in OBJECTS.items()
    }  # fmt: skip
    return {"column": "object", "by": by_object, "otherwise": custom}


def _checker(
    name: str, users: Sequence[object] | None, pipelines: Sequence[object]
) -> Callable[[pd.DataFrame], Sequence[Problem]]:
    return lambda frame: invalid_rows({name: frame}, users, pipelines)


def _match_spec(columns: Sequence[str], ws: Workspace, about: str) -> ReviewSpec:
    return ReviewSpec(
        columns=columns,
        editable=("survivor", "decision", "comment", GIVES, *([CANONICAL] if CANONICAL in columns else [])),
        choices={"decision": [word for word in matching.DECISIONS if word], "survivor": [matching.YES]},
        preview=("name", "email", "phone", "why", "comment"),
        threshold=merge_lines(ws)[about],
        keyed_by="cluster",
        behind=lambda ids: Behind.of(ws, about, ids),
    )


def duplicates_review(ws: Workspace, *, who: str = "") -> ClusterReview:
    """The duplicates sheet cluster by cluster, rows side by side. Raises SheetError when the sheet is missing."""
    return ClusterReview(ws.sheets / "duplicates.csv", _match_spec(matching.DUPLICATES, ws, "contacts"), who=who)


def companies_review(ws: Workspace, *, who: str = "") -> ClusterReview:
    """The companies sheet cluster by cluster; companies alone in theirs are not shown. SheetError when it is missing."""
    return ClusterReview(ws.sheets / "companies.csv", _match_spec(matching.COMPANIES, ws, "companies"), who=who)
