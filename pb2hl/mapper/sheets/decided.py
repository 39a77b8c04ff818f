"""What the plan takes of the review sheets, frozen."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.proposer.custom import Declared, declaration, declared
from pb2hl.mapper.proposer.score import candidate
from pb2hl.mapper.sheets.fields import decided
from pb2hl.mapper.sheets.owners import user_ids
from pb2hl.mapper.sheets.stages import together
from pb2hl.model import CUSTOM_PREFIX
from pb2hl.sheets import table_rows
from pb2hl.values.fold import fold

_RECORDS = ("contacts", "companies", "deals")


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field to be made: the staged column it takes, its label, HighLevel's dataType, its options."""

    staged_column: str
    label: str
    data_type: str
    options: tuple[str, ...] = ()
    object: str = ""


@dataclass(frozen=True, slots=True)
class PipelineToMake:
    """A pipeline that the location lacks: (stage, win probability 0-1 or None) in order."""

    name: str
    stages: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True)
class Mapping:
    """The resolved sheets. Absent keys mean: the sheets say nothing about it.

    `fields`: custom fields by object. `stages`: (pipeline, stage) → (target pipeline, target stage, status or ""). `owners`:
    value as tables hold it → user id, "" for the fallback. `tags`: by object, tag → tag, "" when dropped. `picklists`:
    (object, staged column, value) → option. `pipelines`: those to be made. `ignored`: (object, file, sheet, column) left behind.
    """

    fields: MappingType[str, tuple[CustomField, ...]] = field(default_factory=dict)
    stages: MappingType[tuple[str, str], tuple[str, str, str]] = field(default_factory=dict)
    owners: MappingType[str, str] = field(default_factory=dict)
    tags: MappingType[str, MappingType[str, str]] = field(default_factory=dict)
    picklists: MappingType[tuple[str, str, str], str] = field(default_factory=dict)
    pipelines: tuple[PipelineToMake, ...] = ()
    ignored: tuple[tuple[str, str, str, str], ...] = ()


def custom_fields(sheet: pd.DataFrame, definitions: pd.DataFrame | None = None) -> dict[str, tuple[CustomField, ...]]:
    """The custom fields of each object by the fields sheet; a column without any value makes one only when it is declared.

    `definitions` is the export's custom_fields table: fields that it declares for columns of this sheet keep their options,
    and those without a column are made too, unless they are deprecated or a standard field by name.
    """
    known = declared(definitions) if definitions is not None else []
    found: dict[str, dict[str, CustomField]] = {object_: {} for object_ in _RECORDS}
    for item in decided(sheet):
        if item.object not in found or item.field != "custom" or not (item.filled or item.declared):
            continue
        before = found[item.object].get(item.staged_column)
        options = tuple(dict.fromkeys((*(before.options if before else ()), *item.options)))
        if not options:
            options = next(
                (row.options for row in known if row.label == item.label and row.object in ("", item.object)), ()
            )
        made = CustomField(
            item.staged_column, item.label, before.data_type if before else item.data_type, options, item.object
        )
        found[item.object][item.staged_column] = made
    for own in _without_column(sheet, known):
        found[own.object].setdefault(own.staged_column, own)
    return {object_: tuple(fields.values()) for object_, fields in found.items()}


def _without_column(sheet: pd.DataFrame, known: Sequence[Declared]) -> list[CustomField]:
    """Declared fields of contacts, companies and deals that no column of the export is."""
    seen = {
        id(row)
        for object_, columns in sheet.groupby("object")["column"]
        for column in columns
        if (row := declaration(known, str(object_), str(column))) is not None
    }
    return [
        CustomField(f"{CUSTOM_PREFIX}{row.label}", row.label, row.data_type or "TEXT", row.options, row.object)
        for row in known
        if row.object in _RECORDS and not row.deprecated and id(row) not in seen and _is_own(row)
    ]


def _is_own(row: Declared) -> bool:
    """Not a standard field that the catalogue of fields lists as well, and no list without anything to choose."""
    standard = candidate(row.label, row.object, Signals()).field not in ("custom", "ignore")
    return not standard and (bool(row.options) or row.data_type not in ("SINGLE_OPTIONS", "MULTIPLE_OPTIONS"))


def decided_mapping(
    sheets: MappingType[str, pd.DataFrame], tables: MappingType[str, pd.DataFrame], destination: Any = None
) -> Mapping:
    """The mapping of decided sheets (by name: fields, stages, owners, tags, picklists), staged tables and the location."""
    users: Sequence[Any] = getattr(destination, "users", ())
    lines: Sequence[Any] = getattr(destination, "pipelines", ())
    stages = together(sheets["stages"])
    tags: dict[str, dict[str, str]] = {}
    for row in table_rows(sheets["tags"]):
        tags.setdefault(row.object, {})[row.tag] = "" if row.decision == "drop" else row.target.strip() or row.tag
    return Mapping(
        fields=custom_fields(sheets["fields"], tables.get("custom_fields")),
        stages={
            (row.pipeline, row.stage): (row.target_pipeline.strip(), row.target_stage.strip(), row.status.strip())
            for row in table_rows(stages)
        },
        owners=user_ids(sheets["owners"], tables, users),
        tags=tags,
        picklists={(row.object, row.field, row.value): row.option.strip() for row in table_rows(sheets["picklists"])},
        pipelines=_to_make(stages, lines),
        ignored=tuple(
            (item.object, item.file, item.sheet, item.column)
            for item in decided(sheets["fields"])
            if item.field == "ignore"
        ),
    )


def _to_make(stages: pd.DataFrame, lines: Sequence[Any]) -> tuple[PipelineToMake, ...]:
    there = {fold(str(line["name"])) for line in lines}
    found: dict[str, tuple[str, dict[str, tuple[str, float | None]]]] = {}
    for row in table_rows(stages):
        name, stage = row.target_pipeline.strip(), row.target_stage.strip()
        if not name or fold(name) in there:
            continue
        _, held = found.setdefault(fold(name), (name, {}))
        chance = pd.to_numeric(row.probability, errors="coerce")
        held.setdefault(fold(stage), (stage, None if pd.isna(chance) else float(chance)))
    return tuple(PipelineToMake(name, tuple(held.values())) for name, held in found.values())
