"""What the plan looks up in the location: a flat, immutable view of `highlevel.Destination`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pb2hl import markers
from pb2hl.highlevel.destination import Destination
from pb2hl.values.fold import fold


@dataclass(frozen=True, slots=True)
class LocationField:
    """A custom field that exists; `model` is contact, opportunity, business or the key of a custom object."""

    id: str
    name: str
    model: str
    data_type: str
    key: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocationPipeline:
    """A pipeline that exists: id and probability (percent, None: not told) of its stages by name, in their order."""

    id: str
    name: str
    stages: Mapping[str, str]
    chances: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocationCalendar:
    """A calendar that exists and the user ids of its team."""

    id: str
    name: str
    team: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocationObject:
    """A custom object that exists: `shown` is the property it is displayed by, `folders` name → id."""

    id: str
    key: str
    shown: str
    folders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Location:
    """The location as the plan sees it.

    The frames are the index of records that were there before, columns as `highlevel.rows.INDEXES` has them, and `marker`:
    the text of the `Perfect Books ID` field. A duplicate setting that the location does not tell counts as forbidding for
    contacts (nobody is refused) and as allowing for opportunities (no deal becomes a note without need).
    """

    users: Mapping[str, str] = field(default_factory=dict)  # user id → e-mail
    fields: tuple[LocationField, ...] = ()
    folders: Mapping[str, str] = field(default_factory=dict)  # name → id
    field_folders: Mapping[str, str] = field(default_factory=dict)  # contact, opportunity → id
    pipelines: tuple[LocationPipeline, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)  # name, lower-cased → id
    calendars: tuple[LocationCalendar, ...] = ()
    lost_reasons: Mapping[str, str] = field(default_factory=dict)  # name, case-folded → id
    allow_duplicate_contact: bool = False
    allow_duplicate_opportunity: bool = True
    contacts: pd.DataFrame = field(default_factory=pd.DataFrame)
    businesses: pd.DataFrame = field(default_factory=pd.DataFrame)
    opportunities: pd.DataFrame = field(default_factory=pd.DataFrame)
    objects: Mapping[str, LocationObject] = field(default_factory=dict)  # key → custom object
    object_records: pd.DataFrame = field(default_factory=pd.DataFrame)  # id, objectKey, customFields (JSON by property)


def location_of(destination: Destination) -> Location:
    """The view of a location as `highlevel.read_destination` read it."""
    opportunities = destination.settings.get("allow_duplicate_opportunity")
    return Location(
        users={user["id"]: user["email"] for user in destination.users},
        fields=tuple(_field(model, item) for model, items in destination.fields.items() for item in items),
        folders={folder["name"]: folder["id"] for folder in destination.folders},
        field_folders=destination.field_folders,
        pipelines=tuple(
            LocationPipeline(
                line["id"],
                line["name"],
                {stage["name"]: stage["id"] for stage in line["stages"]},
                {stage["name"]: stage.get("stageWinProbability") for stage in line["stages"]},
            )
            for line in destination.pipelines
        ),
        tags={tag["name"].strip().lower(): tag["id"] for tag in destination.tags},
        calendars=tuple(LocationCalendar(c["id"], c["name"], tuple(c["user_ids"])) for c in destination.calendars),
        lost_reasons={fold(reason["name"]): reason["id"] for reason in destination.lost_reasons},
        allow_duplicate_contact=bool(destination.settings.get("allow_duplicate_contact")),
        allow_duplicate_opportunity=opportunities is None or bool(opportunities),
        contacts=_marked(destination, destination.contacts, "contact"),
        businesses=_marked(destination, destination.businesses, "business"),
        opportunities=_marked(destination, destination.opportunities, "opportunity"),
        objects={item["key"]: _object(item) for item in destination.objects},
        object_records=destination.object_records,
    )


def _object(item: Mapping[str, Any]) -> LocationObject:
    folders = {folder["name"]: folder["id"] for folder in item["folders"]}
    return LocationObject(item["id"], item["key"], item["primaryDisplayProperty"], folders)


def _field(model: str, item: Mapping[str, Any]) -> LocationField:
    options = tuple(_label(option) for option in item.get("options") or ())
    return LocationField(
        item["id"], str(item["name"]), model, str(item.get("dataType") or ""), str(item.get("fieldKey") or ""), options
    )


def _label(option: Any) -> str:
    return str(option.get("label") or option.get("name") or "") if isinstance(option, Mapping) else str(option)


def _marked(destination: Destination, frame: pd.DataFrame, model: str) -> pd.DataFrame:
    """The index with the column `marker`, read out of the custom values."""
    there = destination.field(model, markers.ID_FIELD)
    if frame.empty or there is None:
        return frame.assign(marker="") if len(frame.columns) else pd.DataFrame()
    keys = custom_keys(str(there["id"]), str(there.get("fieldKey") or ""))
    values = [json.loads(value or "{}") for value in frame["customFields"].fillna("")]
    found = [next((str(item[key]) for key in keys if item.get(key)), "") for item in values]
    return frame.assign(marker=pd.Series(found, index=frame.index, dtype="str"))


def custom_keys(field_id: str, field_key: str) -> tuple[str, ...]:
    """The keys under which a record's custom values may hold a field: its id, its key, its key without the object."""
    return tuple(key for key in (field_id, field_key, field_key.rpartition(".")[2]) if key)


def as_there(row: Mapping[str, Any]) -> dict[str, Any]:
    """A record of the index as one flat mapping: the record's own properties, `customFields` by id or key."""
    record = json.loads(row.get("record") or "{}")
    inner = record.get("properties")
    flat = {**record, **(inner if isinstance(inner, Mapping) else {})}
    named = {
        name: value for name, value in row.items() if name not in ("record", "customFields") and value not in (None, "")
    }
    return {**flat, **named, "customFields": json.loads(row.get("customFields") or "{}")}
