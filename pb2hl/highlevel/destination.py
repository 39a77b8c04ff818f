"""The location as it is before we change anything: settings, people, schema, and an index of the records it holds."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from pb2hl.clock import SYSTEM_CLOCK, stamp
from pb2hl.errors import Damaged, NotFound, ScopeMissing
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.identity import identified
from pb2hl.highlevel.records import PORTS
from pb2hl.highlevel.records.base import Record, id_of, located
from pb2hl.highlevel.records.fields import FIELDS, field_folders, is_folder, normalised, object_fields
from pb2hl.highlevel.records.lists import Follow, Listing
from pb2hl.highlevel.records.objects import OBJECTS, PREFIX
from pb2hl.highlevel.records.pipelines import NUMBERS, PIPELINES, stages_of
from pb2hl.highlevel.records.simple import CALENDARS, TAGS
from pb2hl.highlevel.rows import INDEXES, index_rows
from pb2hl.highlevel.scopes import scope_of
from pb2hl.operations import Target
from pb2hl.progress import SILENT, Progress
from pb2hl.values.fold import fold
from pb2hl.whole import read_frame, read_json, write_frame, write_json

FILE_NAME = "destination.json"
_FRAMES = "destination-"
_FRAMES_IN = "frames_in"
T = TypeVar("T")


@dataclass(frozen=True)
class Destination:
    """A location at one moment. All lists hold plain dicts; the frames are the index of what is there.

    `settings`: id, company_id, name, country, timezone, currency ("" when not told), allow_duplicate_contact,
    allow_duplicate_opportunity (None when not told). `users`: id, name, email (lower case), active, role. `fields`: by object
    (contact, opportunity, business) a list of id, name, fieldKey, dataType, model, options, parentId. `folders` (of business
    fields): id, name. `field_folders`: contact, opportunity → the id of the folder `Perfect Books` of their fields, where there is one. `pipelines`: id, name, useOpportunityProbability, stages [{id, name, position, stageWinProbability}].
    `tags`: id, name. `calendars`: id, name, description, isActive, calendarType, user_ids. `workflows`: id, name, status.
    `lost_reasons`: id, name. `objects`: id, key, name, primaryDisplayProperty, folders [{id, name}] of every custom object (read only
    where a plan wants some; `fields` has theirs by key then). `missing_scopes`: scopes that reads were refused for. `unavailable`: endpoints that answered 404.
    Frames: see `pb2hl.highlevel.rows.INDEXES`.
    """

    location: str
    read_at: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    users: tuple[Record, ...] = ()
    fields: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)
    folders: tuple[Record, ...] = ()
    field_folders: Mapping[str, str] = field(default_factory=dict)
    pipelines: tuple[Record, ...] = ()
    tags: tuple[Record, ...] = ()
    calendars: tuple[Record, ...] = ()
    workflows: tuple[Record, ...] = ()
    lost_reasons: tuple[Record, ...] = ()
    objects: tuple[Record, ...] = ()
    missing_scopes: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()
    contacts: pd.DataFrame = field(default_factory=lambda: index_rows("contacts", []))
    businesses: pd.DataFrame = field(default_factory=lambda: index_rows("businesses", []))
    opportunities: pd.DataFrame = field(default_factory=lambda: index_rows("opportunities", []))
    object_records: pd.DataFrame = field(default_factory=lambda: index_rows("object_records", []))

    def save(self, folder: Path) -> None:
        """Write destination.json, and the frames into a folder beside it that it names: all together or nothing."""
        frames = folder / f"{_FRAMES}{SYSTEM_CLOCK.now():%Y%m%dT%H%M%S%f}"
        try:
            for name in INDEXES:
                write_frame(frames / f"{name}.parquet", getattr(self, name))
            body = {
                item.name: getattr(self, item.name) for item in dataclasses.fields(self) if item.name not in INDEXES
            }
            write_json(folder / FILE_NAME, {**body, _FRAMES_IN: frames.name}, indent=1)
        except BaseException:
            shutil.rmtree(frames, ignore_errors=True)
            raise
        for old in folder.glob(f"{_FRAMES}*"):
            if old.is_file():  # of an earlier version, which kept them beside the JSON
                old.unlink(missing_ok=True)
            elif old != frames:
                shutil.rmtree(old, ignore_errors=True)

    @classmethod
    def load(cls, folder: Path) -> Destination | None:
        """What `save` wrote into `folder`; None when there is nothing. Raises Damaged when it is cut off or a part is missing."""
        path = folder / FILE_NAME
        if not path.exists():
            return None
        remedy = f"pb2hl schema {folder} reads the location again"
        body = read_json(path, remedy)
        place = body.pop(_FRAMES_IN, "")
        files = {
            name: folder / place / f"{name}.parquet" if place else folder / f"{_FRAMES}{name}.parquet"
            for name in INDEXES
        }
        if missing := [file.name for file in files.values() if not file.exists()]:
            raise Damaged(f"{path} is damaged: {', '.join(missing)} of it is missing", hint=remedy)
        frames: dict[str, Any] = {name: read_frame(file, remedy) for name, file in files.items()}
        try:
            body["fields"] = {name: tuple(items) for name, items in body["fields"].items()}
            plain: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in body.items()}
            return cls(**plain, **frames)
        except (KeyError, TypeError, AttributeError) as error:
            raise Damaged(f"{path} is damaged: {error!r}", hint=remedy) from error

    def field(self, model: str, name: str) -> Record | None:
        """The custom field of `model` (contact, opportunity, business) called `name`, ignoring case; None when missing."""
        return next((item for item in self.fields.get(model, ()) if fold(str(item["name"])) == fold(name)), None)


USERS = Listing("/users/search", ("users",), follow=Follow.SKIP, sizes=(100, 25))
WORKFLOWS = Listing("/workflows/", ("workflows",))
LOST_REASONS = Listing(
    "/opportunities/lost-reason", ("lostReasons",), follow=Follow.SKIP, sizes=(100, 25), gives_total=True
)

INDEXED = {
    "contacts": (Target.CONTACT, "/contacts/search"),
    "businesses": (Target.BUSINESS, "/objects/business/records/search"),
    "opportunities": (Target.OPPORTUNITY, "/opportunities/search"),
}
"""The records that are indexed: their port, and the endpoint that lists them."""


async def lost_reasons_of(client: Client) -> tuple[Record, ...]:
    """The location's lost reasons now: id, name."""
    return tuple(map(_named, await LOST_REASONS.all(client)))


async def read_destination(
    client: Client, *, index: bool = True, objects: Collection[str] = (), progress: Progress = SILENT
) -> Destination:
    """Read the whole location. A missing scope or endpoint is noted in the result; a refused token is raised.

    `index=False` leaves the existing records unread. `objects`: keys of custom objects that a plan wants; without any the
    location is not asked for its custom objects. Raises WrongLocation when another location answers.
    """
    reader = _Reader(client, progress)
    location = await identified(client)
    schema = await reader.schema(location)
    frames: dict[str, Any] = dict(await reader.frames()) if index else {}
    every, object_fields_, records = await reader.objects(objects, index)
    return Destination(
        location=client.location,
        read_at=stamp(client.clock.now()),
        settings=_settings(location, client.location),
        **{**schema, "fields": {**schema["fields"], **object_fields_}},
        objects=every,
        missing_scopes=tuple(sorted(reader.missing)),
        unavailable=tuple(sorted(reader.unavailable)),
        **{**frames, **records},
    )


class _Reader:
    def __init__(self, client: Client, progress: Progress):
        self.client = client
        self.progress = progress
        self.missing: set[str] = set()
        self.unavailable: set[str] = set()

    async def attempt(self, method: str, path: str, read: Callable[[], Awaitable[T]], otherwise: T) -> T:
        try:
            return await read()
        except ScopeMissing:
            self.missing.add(scope_of(method, path) or f"{method} {path}")
        except NotFound:
            self.unavailable.add(f"{method} {path}")
        return otherwise

    async def listed(self, listing: Listing, more: Mapping[str, Any] | None = None) -> list[Record]:
        """Everything that `listing` lists."""
        nothing: list[Record] = []
        path = located(listing.path, self.client)
        return await self.attempt(listing.method, path, lambda: listing.all(self.client, more=more), nothing)

    async def fields_of(self, key: str) -> tuple[list[Record], list[Record]]:
        """(fields, folders) of an object: `business`, or the key of a custom one."""
        nothing: tuple[list[Record], list[Record]] = ([], [])
        path = f"/custom-fields/object-key/{key}"
        return await self.attempt("GET", path, lambda: object_fields(self.client, key), nothing)

    async def schema(self, location: Record) -> dict[str, Any]:
        """Everything but records, as `Destination` keeps it."""
        company = {"companyId": location.get("companyId") or ""}
        own, (users, fields, lines, tags, calendars, workflows, reasons) = await asyncio.gather(
            self.fields_of("business"),
            asyncio.gather(
                self.listed(USERS, company),
                *(self.listed(one) for one in (FIELDS, PIPELINES, TAGS, CALENDARS, WORKFLOWS, LOST_REASONS)),
            ),
        )
        return {
            "users": tuple(_user(user) for user in users),
            "fields": _by_model([row for row in fields if not is_folder(row)], own[0]),
            "folders": tuple(_named(folder) for folder in own[1]),
            "field_folders": field_folders(fields),
            "pipelines": tuple(pipeline_of(line) for line in lines),
            "tags": tuple(_named(tag) for tag in tags),
            "calendars": tuple(_calendar(calendar) for calendar in calendars),
            "workflows": tuple({**_named(flow), "status": str(flow.get("status") or "")} for flow in workflows),
            "lost_reasons": tuple(_named(reason) for reason in reasons),
        }

    async def frames(self) -> dict[str, pd.DataFrame]:
        """The index of what is there."""
        found = {}
        for name, (target, path) in INDEXED.items():
            self.progress.start(f"reading {name} of the location", unit=name)
            found[name] = await self._frame(name, target, path)
        self.progress.finish()
        return found

    async def objects(
        self, wanted: Collection[str], index: bool
    ) -> tuple[tuple[Record, ...], dict[str, tuple[Record, ...]], dict[str, pd.DataFrame]]:
        """(every custom object, the fields of those in `wanted` by key, their records as the frames have them)."""
        every: list[Record] = []
        fields: dict[str, tuple[Record, ...]] = {}
        records: list[pd.DataFrame] = []
        for item in await self.listed(OBJECTS) if wanted else []:
            key = str(item.get("key") or "")
            if not key.startswith(PREFIX):
                continue
            folders: list[Record] = []
            if key in wanted:
                own, folders = await self.fields_of(key)
                fields[key] = tuple({**normalised(field), "model": key} for field in own)
                if index:
                    path = f"/objects/{key}/records/search"
                    records.append(await self._frame("object_records", Target.OBJECT_RECORD, path, schemaKey=key))
            every.append(_object(item, folders))
        frames = {"object_records": pd.concat(records, ignore_index=True)} if records else {}
        return tuple(every), fields, frames

    async def _frame(self, name: str, target: Target, path: str, **where: str) -> pd.DataFrame:
        async def read() -> pd.DataFrame:
            parts = []
            async for page in PORTS[target].pages(self.client, **where):
                parts.append(index_rows(name, page))
                self.progress.advance(len(page))
            return pd.concat(parts, ignore_index=True) if parts else index_rows(name, [])

        return await self.attempt("POST", path, read, index_rows(name, []))


def _named(record: Record) -> Record:
    return {"id": id_of(record), "name": str(record.get("name") or "")}


def _part(record: Record, name: str) -> Record:
    """An object inside a record; {} where there is none."""
    held = record.get(name)
    return held if isinstance(held, dict) else {}


def _flag(value: Any) -> bool | None:
    """Yes or no; None for whatever else an answer holds there."""
    return value if isinstance(value, bool) else None


def _settings(location: Record, id: str) -> Record:
    flags, business = _part(location, "settings"), _part(location, "business")
    return {
        "id": id_of(location) or id,
        "company_id": str(location.get("companyId") or ""),
        "name": str(location.get("name") or ""),
        "country": str(location.get("country") or business.get("country") or ""),
        "timezone": str(location.get("timezone") or business.get("timezone") or ""),
        "currency": str(location.get("currency") or ""),
        "allow_duplicate_contact": _flag(flags.get("allowDuplicateContact")),
        "allow_duplicate_opportunity": _flag(flags.get("allowDuplicateOpportunity")),
    }


def _user(user: Record) -> Record:
    roles = _part(user, "roles")
    name = user.get("name") or " ".join(str(user.get(part) or "") for part in ("firstName", "lastName")).strip()
    return {
        "id": id_of(user),
        "name": str(name or ""),
        "email": str(user.get("email") or "").strip().lower(),
        "active": not user.get("deleted"),
        "role": str(roles.get("role") or ""),
    }


def _by_model(location_level: list[Record], business_level: list[Record]) -> dict[str, tuple[Record, ...]]:
    found: dict[str, list[Record]] = {"contact": [], "opportunity": [], "business": []}
    for item in location_level:
        flat = normalised(item)
        found.setdefault(flat["model"] or "contact", []).append(flat)
    for item in business_level:
        found["business"].append({**normalised(item), "model": "business"})
    return {model: tuple(items) for model, items in found.items()}


def pipeline_of(line: Record) -> Record:
    """A pipeline as the destination keeps it: id, name, useOpportunityProbability, stages in their order."""
    return {
        "id": id_of(line),
        "name": str(line.get("name") or ""),
        "useOpportunityProbability": _flag(line.get("useOpportunityProbability")),
        "stages": [
            {
                **_named(stage),
                **{name: stage.get(name) for name in NUMBERS},
                **{name: _flag(stage.get(name)) for name in ("showInFunnel", "showInPieChart")},
            }
            for stage in stages_of(line)
        ],
    }


def _object(item: Record, folders: list[Record]) -> Record:
    labels = _part(item, "labels")
    return {
        "id": id_of(item),
        "key": str(item["key"]),
        "name": str(labels.get("plural") or item["key"]),
        "primaryDisplayProperty": str(item.get("primaryDisplayProperty") or ""),
        "folders": [_named(folder) for folder in folders],
    }


def _calendar(calendar: Record) -> Record:
    held = calendar.get("teamMembers")
    members = [member for member in held if isinstance(member, dict)] if isinstance(held, list) else []
    return {
        "id": id_of(calendar),
        "name": str(calendar.get("name") or ""),
        "description": str(calendar.get("description") or ""),
        "isActive": bool(calendar.get("isActive", True)),
        "calendarType": str(calendar.get("calendarType") or ""),
        "user_ids": [str(member.get("userId")) for member in members if member.get("userId")],
    }
