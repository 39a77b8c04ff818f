"""The trust and time tables of the legal-accounting edition as custom objects, where migration.toml asks for it.

One object a table, its key beginning as only ours do; displayed, and found again, by its `Perfect Books ID`. An object that
is there under our key is used again. HighLevel links no records here: a reference becomes text, `Ruth Adler (C-1)`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from pb2hl import field_map, markers
from pb2hl.highlevel.records.businesses import property_key
from pb2hl.highlevel.records.objects import MOST_OBJECTS, OURS
from pb2hl.model import CUSTOM_PREFIX, OBJECTS
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.fields import custom_fields as f
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.fields.needs import distinct, filled
from pb2hl.plan.inputs.inputs import PlanInputs
from pb2hl.plan.inputs.rows import Row, rows, text
from pb2hl.plan.location.identity import full_name
from pb2hl.plan.location.location import Location
from pb2hl.plan.records.unconverted_cells import Unconverted
from pb2hl.plan.shared.context import SCHEMA, Context, Own
from pb2hl.values.counting import counted
from pb2hl.values.fold import fold
from pb2hl.workspace import Config

LABELS = {
    "trust_accounts": ("Trust Findings", "Trust Accounts"),
    "trust_transactions": ("Trust Transaction", "Trust Transactions"),
    "time_entries": ("Time Entry", "Time Entries"),
    "rates": ("Hourly Rate", "Hourly Rates"),
}
"""Tables that can become custom objects, with what one and many of their records are called."""

KEYS = {object_: f"{OURS}{object_}" for object_ in LABELS}
DISPLAY = "perfect_books_id"


def wanted(config: Config, tables: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    """The tables of an export that migration.toml wants as custom objects; none by default."""
    if config.policy.legal_objects != "custom objects":
        return ()
    return tuple(object_ for object_ in LABELS if len(tables.get(object_, ())))


def others(location: Location) -> int:
    """Custom objects of the location that are not ours to use."""
    return sum(key not in KEYS.values() for key in location.objects)


def landing(inputs: PlanInputs, location: Location) -> tuple[str, ...]:
    """The tables that become custom objects: all that are wanted, or none where the location has no room for all."""
    found = wanted(inputs.config, inputs.staged)
    return found if others(location) + len(found) <= MOST_OBJECTS else ()


def legal_fields(inputs: PlanInputs, location: Location) -> dict[tuple[str, str], f.PlannedField]:
    """The fields of the objects, by (table, staged column), each compared with those that the location has."""
    found: dict[tuple[str, str], f.PlannedField] = {}
    for object_ in landing(inputs, location):
        taken = {fold(markers.ID_FIELD)}
        for field in _fields(object_, inputs):
            found[object_, field.key] = distinct(f.against(field, location.fields), taken)
    return found


def _fields(object_: str, inputs: PlanInputs) -> Iterator[f.PlannedField]:
    frame, model = inputs.staged[object_], KEYS[object_]
    for spec in OBJECTS[object_].fields:
        if (ending := spec.own_field) and (count := filled(frame, spec.name)):
            yield f.PlannedField(model, spec.name, ending.name, ending.data_type, (), count)
    for name in map(str, frame.columns):
        if name.startswith(CUSTOM_PREFIX) and (count := filled(frame, name)):
            yield f.PlannedField(model, name, name.removeprefix(CUSTOM_PREFIX), "LARGE_TEXT", (), count)
    lost = inputs.not_converted
    if count := int((lost["object"] == object_).sum()) if "object" in lost.columns else 0:
        yield f.PlannedField(model, f.UNCONVERTED_FIELD, f.UNCONVERTED_FIELD, "LARGE_TEXT", (), count)


@dataclass(frozen=True)
class Legal:
    """Plans the objects and their records."""

    ctx: Context
    unconverted: Unconverted

    @cached_property
    def landing(self) -> tuple[str, ...]:
        return landing(self.ctx.inputs, self.ctx.location)

    def schemas(self) -> Iterator[Operation]:
        """One operation an object; where the location has no room, none, and that is told."""
        for object_ in self.landing:
            one, many = LABELS[object_]
            existing = self.ctx.location.objects.get(KEYS[object_])
            payload = {
                "labels": {"singular": one, "plural": many},
                "key": KEYS[object_],
                "description": f"{many} that came from Perfect Books",
                "primaryDisplayPropertyDetails": {
                    "key": f"{KEYS[object_]}.{DISPLAY}",
                    "name": markers.ID_FIELD,
                    "dataType": "TEXT",
                },
            }
            kind, reason = (Kind.SKIP, "exists under our key") if existing else (Kind.CREATE, "")
            yield self.ctx.operation(
                kind, Target.OBJECT, SCHEMA, f"object.{KEYS[object_]}", payload,
                marker=KEYS[object_], existing_id=existing.id if existing else "", reason=reason,
            )  # fmt: skip
        for object_ in self._without_room:
            self.ctx.findings.problem(
                "no_room_for_objects", object_, self._room, count=len(self.ctx.inputs.staged[object_]),
                treatment="stays in the report; delete custom objects in HighLevel (Settings, Objects), then: pb2hl schema",
            )  # fmt: skip

    def diff(self) -> list[tuple[Any, ...]]:
        """Rows of the schema's diff (plan.schema.DIFF_COLUMNS)."""
        found = []
        for object_ in (*self.landing, *self._without_room):
            there = KEYS[object_] in self.ctx.location.objects
            state = f.State.FITS if there else f.State.MAKE if object_ in self.landing else f.State.CANNOT
            detail = self._room if state is f.State.CANNOT else ""
            row = (f.OBJECT, LABELS[object_][1], KEYS[object_], "", str(state), detail)
            found.append((*row, len(self.ctx.inputs.staged[object_])))
        return found

    @property
    def _without_room(self) -> tuple[str, ...]:
        return () if self.landing else wanted(self.ctx.inputs.config, self.ctx.inputs.staged)

    @property
    def _room(self) -> str:
        return (
            f"the location has {counted(others(self.ctx.location), 'custom object')} of its own and may have {MOST_OBJECTS}: "
            f"no room for {len(self._without_room)} more, so none is made"
        )

    def operations(self) -> Iterator[Operation]:
        """One record a row, table by table in the order of the export."""
        for object_ in self.landing:
            for row in rows(self.ctx.table(object_), numbered=True):
                yield self._record(object_, row)

    def _record(self, object_: str, row: Row) -> Operation:
        source_id = str(row["source_id"])
        marker = markers.id_value(self.ctx.source, [source_id])
        own = {**self.unconverted.fields(object_, row), **self._references(object_, row)}
        draft = self.ctx.draft(object_, row, {"$url": {"schemaKey": KEYS[object_]}})
        draft.body["customFields"] = [{"key": self._display(object_), "value": marker}]
        draft.uses("customFields", "id", place=field_map.ID_FIELD.place)
        self.ctx.fill(draft, object_, row, own)
        existing = self._existing.get((KEYS[object_], marker), "")
        if existing:
            reason = f"is in the location already, found by {markers.ID_FIELD}"
            self.ctx.findings.cell(object_, source_id, "*", Bucket.SKIPPED, reason)
            return self.ctx.operation(
                Kind.SKIP, Target.OBJECT_RECORD, object_, source_id, marker=marker, existing_id=existing, reason=reason
            )
        draft.close()
        return self.ctx.operation(Kind.CREATE, Target.OBJECT_RECORD, object_, source_id, draft.body, marker=marker)

    def _display(self, object_: str) -> Any:
        """The key of the property that holds the id: as it is in an object that exists, else as a reference."""
        existing = self.ctx.location.objects.get(KEYS[object_])
        if existing:
            return existing.shown
        return self.ctx.ref(Target.OBJECT, SCHEMA, f"object.{KEYS[object_]}", path="primaryDisplayProperty")

    def _references(self, object_: str, row: Row) -> dict[str, Own]:
        """The row's references as text: the name of the record meant, and its id."""
        found: dict[str, Own] = {}
        for spec in OBJECTS[object_].fields:
            if spec.refers_to and (meant := text(row, spec.name)):
                name = self._names(spec.refers_to).get(meant, "")
                found[spec.name] = (f"{name} ({meant})" if name else meant), (spec.name,)
        return found

    def _names(self, object_: str) -> dict[str, str]:
        if object_ not in self._known:
            columns = ("source_id", "name", "full_name", "first_name", "last_name")
            frame = self.ctx.inputs.staged.get(object_, pd.DataFrame())
            self._known[object_] = {
                str(row["source_id"]): text(row, "name") or full_name(row) for row in rows(frame, columns)
            }
        return self._known[object_]

    @cached_property
    def _known(self) -> dict[str, dict[str, str]]:
        return {}

    @cached_property
    def _existing(self) -> dict[tuple[str, str], str]:
        """(object key, Perfect Books ID) → the record that was there before."""
        shown = {key: property_key(item.shown) for key, item in self.ctx.location.objects.items()}
        found: dict[tuple[str, str], str] = {}
        for row in rows(self.ctx.location.object_records):
            key = row["objectKey"]
            marker = json.loads(row["customFields"] or "{}").get(shown.get(key, DISPLAY))
            found.setdefault((key, str(marker or "")), row["id"])
        return found
