"""What has to be in the location before data: folder, custom fields, tags, pipelines and a calendar, as a plan of their own.

Nothing that exists is altered. A field or pipeline of the same name that does not fit gets a neighbour with the suffix
` (Perfect Books)`: the safest choice, since a type cannot be changed and replacing stages moves the client's own deals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import pandas as pd

from pb2hl.highlevel.field_probe import DESCRIPTION, FIELD_KEY, FOLDER_ID
from pb2hl.markers import FOLDER
from pb2hl.model import CUSTOM_PREFIX
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.fields import custom_fields as f
from pb2hl.plan.inputs.rows import rows, text, texts
from pb2hl.plan.location.location import LocationCalendar
from pb2hl.plan.records.legal import Legal
from pb2hl.plan.records.meetings import meetings
from pb2hl.plan.records.pipelines import Pipelines, PlannedPipeline
from pb2hl.plan.schema.stages import report_probabilities
from pb2hl.plan.shared.context import SCHEMA, Context
from pb2hl.values.fold import fold
from pb2hl.values.keys import key_of, keys_of

CALENDAR = "Perfect Books"
CONFLICT_COLUMNS = ("model", "name", "type", "count", "detail", "decision")
DIFF_COLUMNS = ("kind", "name", "model", "type", "state", "detail", "count")

FILE_FORMATS = (
    ".pdf", ".docx", ".doc", ".jpg", ".jpeg", ".png", ".gif", ".csv", ".xlsx", ".xls", ".mp4", ".mpeg", ".zip", ".rar", ".txt", ".svg",
)  # fmt: skip
"""What a FILE_UPLOAD field takes (forms-v3.json, /forms/upload-custom-files)."""

MAX_FILES = 1000
_FLAT = ("contact", "opportunity")
"""Models whose fields need no folder."""


class SchemaPlan:
    """The schema operations and their diff, made in one pass each."""

    def __init__(self, ctx: Context, pipelines: Pipelines, legal: Legal):
        self.ctx = ctx
        self.pipelines = pipelines
        self.legal = legal
        self.calendar = find_calendar(ctx)

    def operations(self) -> Iterator[Operation]:
        """Custom objects, folders, fields, tags, pipelines, calendar."""
        yield from self.legal.schemas()
        yield from self._folders()
        yield from (self._field(object_, field) for object_, field in self.ctx.fields)
        yield from (self._tag(tag) for tag in self.tags())
        yield from (self._pipeline(item) for item in self.pipelines.planned.values())
        yield from self._calendar()

    def diff(self) -> pd.DataFrame:
        """One row a piece of schema (DIFF_COLUMNS): what is to make, what exists and fits, what conflicts."""
        found: list[tuple[Any, ...]] = self.legal.diff()
        found += [
            (str(Target.FOLDER), FOLDER, model, "", str(f.State.FITS if _folder(self.ctx, model)[1] else f.State.MAKE), "", 0)
            for model in self._models_in_folders()
        ]  # fmt: skip
        found += [
            (f.FIELD, field.label, field.model, field.data_type, str(field.state), field.detail, field.count)
            for _, field in self.ctx.fields
        ]
        found += [
            ("tag", tag, "contact", "", str(self._tag_state(tag)), "", count) for tag, count in self.tags().items()
        ]
        found += [
            ("pipeline", item.label, "opportunity", "", str(item.state), item.detail, len(item.stages))
            for item in self.pipelines.planned.values()
        ]
        if self._needs_calendar():
            found.append(self._calendar_row())
        found += [
            (f.FIELD, field.label, field.model, wanted, str(f.State.CANNOT), field.detail, field.count)
            for _, field in self.ctx.fields
            if (wanted := f.unheld(field))
        ]
        diff = pd.DataFrame(found, columns=list(DIFF_COLUMNS))
        counted_ = diff["count"].astype("Int64")
        diff["count"] = counted_.mask(counted_ == 0)  # made in case it is needed: nobody has counted
        return diff

    def conflicts(self) -> pd.DataFrame:
        """Fields whose name is taken by one that does not fit (CONFLICT_COLUMNS), with what is done about each."""
        rows_ = [
            (
                field.model,
                field.asked,
                field.data_type,
                field.count,
                field.detail,
                f.USE if field.state is f.State.USED else f.BESIDE,
            )
            for (_, key), field in self.ctx.fields.by_key.items()
            if field.asked and key != field.asked
        ]
        return pd.DataFrame(rows_, columns=list(CONFLICT_COLUMNS))

    def _folders(self) -> Iterator[Operation]:
        """One folder for the fields of businesses, and one in each custom object."""
        for model in self._models_in_folders():
            name, existing = _folder(self.ctx, model)
            operation = self._schema(Target.FOLDER, name, {"objectKey": model, "name": FOLDER}, existing)
            object_ = self.ctx.op_id(Target.OBJECT, SCHEMA, f"object.{model}")
            yield operation if model == "business" else replace(operation, depends_on=(object_,))

    def _models_in_folders(self) -> list[str]:
        """Models whose fields stand in a folder."""
        return list(dict.fromkeys(field.model for _, field in self.ctx.fields if field.model not in _FLAT))

    def _schema(self, target: Target, name: str, payload: dict[str, Any], existing: str) -> Operation:
        kind, reason = (Kind.SKIP, "exists and fits") if existing else (Kind.CREATE, "")
        marker = str(payload.get("name", ""))
        return self.ctx.operation(
            kind, target, SCHEMA, name, payload, marker=marker, existing_id=existing, reason=reason
        )

    def _field(self, object_: str, field: f.PlannedField) -> Operation:
        flat = field.model in _FLAT
        payload = {**_location_field(field), **self._extras(object_, field)} if flat else object_field(self.ctx, field)
        return self._schema(Target.FIELD, f"{field.model}.{field.label}", payload, field.existing_id)

    def _extras(self, object_: str, field: f.PlannedField) -> dict[str, str]:
        """Key, description and folder of a field of contacts or opportunities, where a probe saw that its creating call takes them."""
        column = f": {object_}, {field.key.removeprefix(CUSTOM_PREFIX)}" if field.key.startswith(CUSTOM_PREFIX) else ""
        said = {
            FIELD_KEY: key_of(field.label) if self._keys[field.model, key_of(field.label)] == 1 else "",
            DESCRIPTION: f"From Perfect Books{column}",
            FOLDER_ID: self.ctx.location.field_folders.get(field.model, ""),
        }
        taken = (self.ctx.inputs.capabilities.field_extras or {}).get(field.model, ())
        return {name: value for name, value in said.items() if value and name in taken}

    @cached_property
    def _keys(self) -> Counter[tuple[str, str]]:
        """How many fields, planned and there, would have each key of a model."""
        there = [(item.model, item.key.rpartition(".")[2]) for item in self.ctx.location.fields]
        made = [(item.model, key_of(item.label)) for _, item in self.ctx.fields if not item.existing_id]
        return Counter([*there, *made])

    def tags(self) -> dict[str, int]:
        """Every contact tag that the plan uses or that the export declares, lower-cased, sorted, with the contacts that bear it."""
        return contact_tags(self.ctx)

    def _tag_state(self, tag: str) -> f.State:
        return f.State.FITS if tag in self.ctx.location.tags else f.State.MAKE

    def _tag(self, tag: str) -> Operation:
        return self._schema(Target.TAG, f"tag.{tag}", {"name": tag}, self.ctx.location.tags.get(tag, ""))

    def _pipeline(self, item: PlannedPipeline) -> Operation:
        stages = [
            {"name": stage.name, "position": number, "stageWinProbability": stage.probability}
            for number, stage in enumerate(item.stages)
        ]
        payload = {"name": item.label, "stages": stages, "useOpportunityProbability": item.has_probabilities}
        if not item.existing_id:
            report_probabilities(self.ctx, item)
        return self._schema(Target.PIPELINE, f"pipeline.{item.label}", payload, item.existing_id)

    def _needs_calendar(self) -> bool:
        return self._booked() > 0

    def _booked(self) -> int:
        """Rows that become appointments."""
        return len(self.ctx.table("appointments")) + sum(1 for _ in meetings(self.ctx))

    def _calendar(self) -> Iterator[Operation]:
        if not self._needs_calendar():
            return
        if self.calendar is not None:
            yield self._schema(Target.CALENDAR, "calendar", {"name": self.calendar.name}, self.calendar.id)
            return
        team = calendar_team(self.ctx)
        payload: dict[str, Any] = {
            "name": CALENDAR,
            "description": "Appointments that came from Perfect Books",
            "isActive": True,
        }
        if team:
            payload |= {
                "calendarType": "round_robin",
                "teamMembers": [{"userId": user, "priority": 0.5} for user in team],
            }
        yield self._schema(Target.CALENDAR, "calendar", payload, "")

    def _calendar_row(self) -> tuple[Any, ...]:
        count = self._booked()
        if self.calendar is not None:
            outside = [user for user in calendar_team(self.ctx) if user not in self.calendar.team]
            detail = (
                f"{len(outside)} of the owners are not in its team: add them in HighLevel (Settings, Calendars), or their"
                " appointments are assigned by the calendar and say so"
                if outside
                else ""
            )
            return "calendar", self.calendar.name, "appointment", "", str(f.State.FITS), detail, count
        wanted = self.ctx.inputs.config.policy.calendar
        detail = f"migration.toml names {wanted!r}, which the location has not" if wanted else ""
        state = f.State.CANNOT if wanted else f.State.MAKE
        return "calendar", CALENDAR, "appointment", "", str(state), detail, count


def contact_tags(ctx: Context) -> dict[str, int]:
    """Every contact tag that the plan uses or that the export declares, lower-cased, sorted, with the contacts that bear it."""
    mapped = ctx.inputs.mapping.tags.get("contacts", {})
    declared = {text(row, "name") for row in rows(ctx.table("tags"), ["name"])}
    found = Counter(
        {name.strip().lower(): 0 for name in (*mapped.values(), *(mapped.get(tag, tag) for tag in declared))}
    )
    frame = ctx.table("contacts")
    if "tags" in frame.columns:
        for value in frame["tags"].dropna():
            found.update({mapped.get(tag, tag).strip().lower() for tag in texts(value)})
    return {tag: found[tag] for tag in sorted(found) if tag}


def _folder(ctx: Context, model: str) -> tuple[str, str]:
    """(source id of the operation that makes the folder for the fields of `model`, the id of the one that is there)."""
    if model == "business":
        return f"folder.{FOLDER}", ctx.location.folders.get(FOLDER, "")
    there = ctx.location.objects.get(model)
    return f"folder.{model}.{FOLDER}", there.folders.get(FOLDER, "") if there else ""


def object_field(ctx: Context, field: f.PlannedField) -> dict[str, Any]:
    """The payload of a custom field of businesses or of a custom object."""
    name, existing = _folder(ctx, field.model)
    folder = existing or ctx.ref(Target.FOLDER, SCHEMA, name)
    payload: dict[str, Any] = {
        "objectKey": field.model,
        "name": field.label,
        "dataType": field.data_type,
        "fieldKey": f"{field.model}.{key_of(field.label)}",
        "parentId": folder,
        "showInForms": True,
    }
    if field.data_type in f.OPTION_TYPES:
        keys = zip(keys_of(field.options), field.options, strict=True)
        payload["options"] = [{"key": key, "label": option} for key, option in keys]
    return payload


def _location_field(field: f.PlannedField) -> dict[str, Any]:
    payload: dict[str, Any] = {"model": field.model, "name": field.label, "dataType": field.data_type}
    if field.data_type in f.OPTION_TYPES:
        payload["options"] = list(field.options)
    if field.data_type == "FILE_UPLOAD":
        payload |= {"acceptedFormat": list(FILE_FORMATS), "isMultipleFile": True, "maxNumberOfFiles": MAX_FILES}
    return payload


def calendar_team(ctx: Context) -> list[str]:
    """The users who own what is migrated, without repeats, in the order of the owners sheet."""
    users = [user for user in ctx.inputs.mapping.owners.values() if user]
    return list(dict.fromkeys([*users, *([ctx.owners.fallback] if ctx.owners.fallback else [])]))


def find_calendar(ctx: Context) -> LocationCalendar | None:
    """The calendar that migration.toml names (by id or name), else one called `Perfect Books`, else None."""
    wanted = ctx.inputs.config.policy.calendar.strip() or CALENDAR
    for item in ctx.location.calendars:
        if wanted in (item.id, item.name) or fold(wanted) == fold(item.name):
            return item
    return None
