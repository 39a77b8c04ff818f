"""Cells of the tables that become schema, not records: tags, declared fields, users; pipelines note theirs where they are planned."""

from __future__ import annotations

from collections.abc import Mapping

from pb2hl import field_map
from pb2hl.model import CUSTOM_PREFIX, OBJECTS
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.inputs.rows import Row, text
from pb2hl.plan.records.pipelines import Pipelines, PlannedPipeline
from pb2hl.plan.shared.context import Context
from pb2hl.plan.shared.draft import Draft
from pb2hl.values.fold import fold


def note_schema(ctx: Context, tags: frozenset[str]) -> None:
    """Note every cell of users, tags and custom_fields; `tags` are those that the schema makes or finds, lower-cased."""
    for row in ctx.rows("users"):
        _rest(ctx.draft("users", row), "users", row)
    for row in ctx.rows("tags"):
        _tag(ctx, ctx.draft("tags", row), row, tags)
    for row in ctx.rows("custom_fields"):
        _rest(ctx.draft("custom_fields", row), "custom_fields", row)


def _rest(draft: Draft, object_: str, row: Row) -> None:
    """What nothing sent tells of a row: the place that the map names, custom columns in the archive."""
    for spec in OBJECTS[object_].fields:
        draft.note(
            spec.place if spec.endings[0].way == "report" else field_map.ARCHIVE.place,
            spec.name,
            bucket=Bucket.REPORTED,
        )
    for name in row:
        if name.startswith(CUSTOM_PREFIX):
            draft.note(field_map.ARCHIVE.place, name, bucket=Bucket.REPORTED)


def _tag(ctx: Context, draft: Draft, row: Row, tags: frozenset[str]) -> None:
    mapped: Mapping[str, str] = ctx.inputs.mapping.tags.get("contacts", {})
    name = text(row, "name")
    target = mapped.get(name, name).strip().lower()
    if target and target in tags:
        draft.note(field_map.SCHEMA_TAG.place, "name")
        group = text(row, "group")
        if group and fold(target).startswith(fold(f"{group}: ")):
            draft.note(field_map.SCHEMA_TAG.place, "group")
    elif name:
        draft.note("sheets/tags.csv", "name", bucket=Bucket.SKIPPED)
    _rest(draft, "tags", row)


def note_pipelines(ctx: Context, pipelines: Pipelines) -> None:
    """Note every cell of the pipelines table: what a pipeline is made with, and what one that exists keeps of its own."""
    for row in ctx.rows("pipelines"):
        draft = ctx.draft("pipelines", row)
        pipeline, stage = text(row, "pipeline"), text(row, "stage")
        to = pipelines.routes.get((fold(pipeline), fold(stage)))
        target = pipelines.planned.get(fold(to[0])) if to else None
        if target is None or to is None:
            draft.note("sheets/stages.csv has no line for it", "pipeline", "stage", bucket=Bucket.SKIPPED)
        else:
            draft.note(field_map.SCHEMA_STAGE.place, "pipeline", "stage")
            _stage(draft, row, target, to[1])
        for column in ("position", "probability", "outcome"):
            draft.note("sheets/stages.csv", column, bucket=Bucket.REPORTED)
        _rest(draft, "pipelines", row)


def _stage(draft: Draft, row: Row, target: PlannedPipeline, name: str) -> None:
    if target.existing_id:
        draft.note("the pipeline that exists keeps its own", "position", "probability", bucket=Bucket.SKIPPED)
        return
    draft.note(field_map.SCHEMA_STAGE.place, "position")
    stage = next((item for item in target.stages if fold(item.name) == fold(name)), None)
    if stage is None:
        return
    if row.get("probability") is None:
        draft.note(field_map.SCHEMA_STAGE.place, "outcome")
    elif round(float(row["probability"]) * 100, 4) == stage.probability:
        draft.note(field_map.SCHEMA_STAGE.place, "probability")
