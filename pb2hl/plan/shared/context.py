"""What every planner of one plan shares: ids of operations, resolved references, owners, fields and the findings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from pb2hl import markers
from pb2hl.model import CUSTOM_PREFIX, OBJECTS, FieldSpec
from pb2hl.operations import Kind, Operation, Target, operation_id, references
from pb2hl.plan.fields.custom_fields import FOLLOWERS_FIELD, MOST_FOLLOWERS, OWNER_FIELD, PlannedField, written
from pb2hl.plan.fields.findings import Bucket, Findings
from pb2hl.plan.fields.landings import Landings
from pb2hl.plan.fields.needs import FieldPlan, option_of
from pb2hl.plan.inputs.inputs import PlanInputs
from pb2hl.plan.inputs.rows import ORDINAL, Row, oldest_first, rows, sent, text, texts
from pb2hl.plan.location.identity import full_name
from pb2hl.plan.location.location import Location
from pb2hl.plan.shared.draft import Draft
from pb2hl.plan.shared.owners import Owners
from pb2hl.source.lookup import Index

SCHEMA = "schema"

Own = tuple[Any, tuple[str, ...]]
"""A value that the plan fills itself, and the staged columns it is made of."""

REFERENCES = ("contact_id", "company_id", "deal_id", "parent_id", "note_id")
"""Fields that point to records; those that point to none are in `not_converted`."""


@dataclass
class Context:
    """One plan under construction. `contact_ops` and its like are filled as the planners go, in the order of targets."""

    inputs: PlanInputs
    location: Location
    fields: FieldPlan
    findings: Findings = field(default_factory=Findings)
    _tables: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    _landings: dict[str, Landings] = field(default_factory=dict, repr=False)
    _copied: dict[str, tuple[tuple[FieldSpec, str], ...]] = field(default_factory=dict, repr=False)
    _custom: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def source(self) -> str:
        return self.inputs.config.source

    @cached_property
    def location_id(self) -> str:
        return self.inputs.config.location

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.inputs.config.timezone)

    @cached_property
    def newest(self) -> date:
        return self.inputs.newest()

    @cached_property
    def owners(self) -> Owners:
        return Owners.of(self.inputs)

    def table(self, name: str) -> pd.DataFrame:
        """`inputs.table(name)`, its rows numbered from 0 (`rows.ORDINAL`), as landings count them."""
        if name not in self._tables:
            self._tables[name] = self.inputs.table(name).reset_index(drop=True)
        return self._tables[name]

    def rows(
        self,
        name: str,
        by: str = "created_at",
        columns: Sequence[str] | None = None,
        only: Collection[str] | None = None,
    ) -> Iterator[Row]:
        """The numbered rows of a table, oldest first by the date in `by`; `only` those of these source ids."""
        table = self.table(name)
        names = sent(table) if columns is None else [column for column in (*columns, by) if column in table.columns]
        table = table[list(dict.fromkeys(names))]
        if only is not None and not table.empty:
            table = table[table["source_id"].isin(only)]
        return rows(oldest_first(table, by), columns, numbered=True)

    def copied(self, name: str) -> tuple[tuple[FieldSpec, str], ...]:
        """(field, HighLevel property) of the columns of a table whose values are written into properties as they are."""
        if name not in self._copied:
            there = set(self.table(name).columns)
            self._copied[name] = tuple(item for item in OBJECTS[name].copied if item[0].name in there)
        return self._copied[name]

    def custom_columns(self, name: str) -> tuple[str, ...]:
        """The custom columns of a table."""
        if name not in self._custom:
            self._custom[name] = tuple(item for item in self.table(name).columns if item.startswith(CUSTOM_PREFIX))
        return self._custom[name]

    def landings(self, name: str) -> Landings:
        """Where the cells of a table end."""
        if name not in self._landings:
            self._landings[name] = Landings(len(self.table(name)))
        return self._landings[name]

    def draft(self, name: str, row: Row, body: dict[str, Any] | None = None) -> Draft:
        """A payload made of a numbered row of a table; of one behind its rows, that is gone from the export, nothing is accounted."""
        there = row[ORDINAL] < len(self.table(name))
        return Draft(name, row, self.landings(name) if there else Landings(row[ORDINAL] + 1), body)

    @cached_property
    def contacts(self) -> Index:
        return self._index("contacts")

    @cached_property
    def companies(self) -> Index:
        return self._index("companies")

    @cached_property
    def deals(self) -> Index:
        return self._index("deals")

    @cached_property
    def notes(self) -> Index:
        return self._index("notes")

    def _index(self, object_: str) -> Index:
        merged = self.inputs.merges.survivor_of.get(object_, {}).items()
        survivor_of = {str(old): str(new) for old, new in merged if old != new}
        if object_ in self.inputs.gone:
            survivor_of |= self.inputs.gone[object_].owner
        return Index(self.table(object_), survivor_of, by_source_id=True)

    def op_id(self, target: Target, object_: str, source_id: str, part: str = "") -> str:
        """The id of the record's own operation. It is the same whether the record is created, updated or found to be
        there, so that a plan built again after the load refers to what the ledger knows."""
        if self.inputs.aliases:
            source_id = self.inputs.aliases.get((object_, source_id), source_id)
        return operation_id(self.location_id, self.source, object_, source_id, Kind.CREATE, target, part)

    def ref(self, target: Target, object_: str, source_id: str, part: str = "", path: str = "") -> dict[str, str]:
        """A reference to another operation's record, or to `path` in what HighLevel answered to it."""
        found = {"$ref": self.op_id(target, object_, source_id, part)}
        return {**found, "path": path} if path else found

    def operation(
        self,
        kind: Kind,
        target: Target,
        object_: str,
        source_id: str,
        payload: Mapping[str, Any] | None = None,
        *,
        part: str = "",
        marker: str = "",
        existing_id: str = "",
        reason: str = "",
    ) -> Operation:
        """An operation with its deterministic id and its dependencies."""
        body = dict(payload or {})
        return Operation(
            self.op_id(target, object_, source_id, part),
            kind,
            target,
            object_,
            self.inputs.aliases.get((object_, source_id), source_id),
            part,
            body,
            references(body),
            marker,
            existing_id,
            reason,
        )

    @cached_property
    def lost_references(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """(object, source id, field) → (text as exported, why no record is meant)."""
        frame = self.inputs.not_converted
        if frame.empty:
            return {}
        frame = frame[frame["field"].isin(REFERENCES)]
        names = ("object", "source_id", "field", "text", "reason")
        columns = (frame[name].fillna("").astype(str) for name in names)
        return {(o, s, f): (text_, why) for o, s, f, text_, why in zip(*columns, strict=True)}

    def lost(self, object_: str, row: Row, field_: str) -> tuple[str, str]:
        """(text, why) of a reference of a row that means no record; ("", "") when there is none."""
        return (
            self.lost_references.get((object_, row["source_id"], field_), ("", ""))
            if self.lost_references
            else ("", "")
        )

    def field_ref(self, planned: PlannedField, path: str = "") -> Any:
        """A custom field's id (`path`: its fieldKey): as it is when the field exists, else as a reference."""
        if planned.existing_id:
            return planned.existing_key if path == "fieldKey" else planned.existing_id
        key = (planned.model, planned.label, path)
        known = self._schema_refs.get(key)
        if known is None:
            known = self.ref(Target.FIELD, SCHEMA, f"{planned.model}.{planned.label}", path=path)
            self._schema_refs[key] = known
        return known

    def property_item(self, planned: PlannedField, value: Any) -> dict[str, Any]:
        """A custom value of a business or custom object record, as the ports take it."""
        item = {"key": self.field_ref(planned, "fieldKey"), "value": value}
        return {**item, "dataType": "MONETORY"} if planned.data_type == "MONETORY" else item

    def pipeline_ref(self, label: str) -> dict[str, str]:
        """A reference to a pipeline that the schema step makes."""
        key = ("pipeline", label, "")
        if key not in self._schema_refs:
            self._schema_refs[key] = self.ref(Target.PIPELINE, SCHEMA, f"pipeline.{label}")
        return self._schema_refs[key]

    @cached_property
    def _schema_refs(self) -> dict[tuple[str, str, str], dict[str, str]]:
        return {}

    def fill(self, draft: Draft, object_: str, row: Row, own: Mapping[str, Own]) -> None:
        """Everything of a row that goes into custom fields, put into `draft`.

        `own` holds, by key, the values of the fields that the plan fills itself and the columns they are made of; it wins over the
        row's own columns.
        """
        business = OBJECTS[object_].becomes not in ("contact", "opportunity")
        for key, planned in self._fields_of(object_).items():
            raw, columns = own[key] if key in own else (row.get(key), (key,))
            if raw is None or raw == "" or raw == []:
                continue
            value = written(planned, self._option(object_, key, raw), self.zone)
            if value is None:
                self.refused(object_, text(row, "source_id"), key, str(raw), f"{planned.data_type} does not hold it")
                draft.note(f"{planned.data_type} does not hold it", *columns, bucket=Bucket.REFUSED)
                continue
            item = (
                self.property_item(planned, value) if business else {"id": self.field_ref(planned), "fieldValue": value}
            )
            draft.item(item, planned, *columns)

    def _fields_of(self, object_: str) -> dict[str, PlannedField]:
        if object_ not in self._by_object:
            self._by_object[object_] = self.fields.of(object_)
        return self._by_object[object_]

    @cached_property
    def _by_object(self) -> dict[str, dict[str, PlannedField]]:
        return {}

    def _option(self, object_: str, column: str, value: Any) -> Any:
        if isinstance(value, str):
            return option_of(self.inputs, object_, column, value)
        if isinstance(value, list):
            return [option_of(self.inputs, object_, column, str(item)) for item in value]
        return value

    @cached_property
    def company_names(self) -> dict[str, str]:
        """The name of every surviving company, and of those gone since they were loaded, by source id."""
        companies = self.inputs.named("companies")
        if companies.empty or "name" not in companies.columns:
            return {}
        named = companies["name"].fillna("").astype(str)
        return dict(zip(companies["source_id"].astype(str), named, strict=True))

    @cached_property
    def contact_labels(self) -> dict[str, str]:
        """Every surviving contact as `Jane Roe (jane@acme.com)`, by source id; the id stands in for a missing e-mail."""
        found = {}
        for row in rows(self.inputs.named("contacts"), ("source_id", "first_name", "last_name", "full_name", "email")):
            name, key = full_name(row), text(row, "email") or row["source_id"]
            found[row["source_id"]] = f"{name} ({key})" if name else key
        return found

    def existing(self, target: Target) -> Mapping[str, Mapping[str, Any]]:
        """The index of records of a kind that were in the location before, by id; see `location.as_there`."""
        if target not in self._existing:
            frames = {
                Target.CONTACT: self.location.contacts,
                Target.BUSINESS: self.location.businesses,
                Target.OPPORTUNITY: self.location.opportunities,
            }
            self._existing[target] = {row["id"]: row for row in rows(frames[target])}
        return self._existing[target]

    @cached_property
    def hosts_there(self) -> frozenset[str]:
        """Contacts that had opportunities in the location before."""
        return frozenset(str(row["contactId"]) for row in self.existing(Target.OPPORTUNITY).values())

    @cached_property
    def _existing(self) -> dict[Target, dict[str, Mapping[str, Any]]]:
        return {}

    def tags(self, draft: Draft, object_: str, row: Row) -> list[str]:
        """A row's tags as the tags sheet has them, each once; dropped ones are told."""
        mapped = self.inputs.mapping.tags.get(object_, {})
        kept: dict[str, None] = {}
        for tag in texts(row.get("tags")):
            target = mapped.get(tag, mapped.get(tag.strip(), tag)).strip()
            if target:
                kept[target] = None
            else:
                self.findings.loss(object_, "tags", "nowhere (decided)", "dropped in sheets/tags.csv")
        if not kept and row.get("tags"):
            draft.note("sheets/tags.csv", "tags", bucket=Bucket.SKIPPED)
        return list(kept)

    def owned(self, draft: Draft, object_: str, row: Row, column: str = "owner") -> dict[str, Own]:
        """Give a contact or an opportunity its user; of an owner who is no user, the field that keeps the name."""
        owner = self.owners.find(row.get(column))
        if owner.user_id:
            draft.put("assignedTo", owner.user_id, *((column,) if owner.how == "mapped" else ()))
        if owner.how == "blank" and not owner.user_id:
            self.findings.problem(
                "no_owner",
                object_,
                "rows have no owner, and no fallback owner is a user of the location",
                source_id=row["source_id"],
            )
        if owner.how in ("mapped", "blank"):
            return {}
        self.findings.loss(object_, "owner", OWNER_FIELD, f"the owner is no user of the location ({owner.how})")
        return {OWNER_FIELD: (owner.name, (column,))}

    def follow(self, draft: Draft, object_: str, row: Row, *, fresh: bool) -> dict[str, Own]:
        """Give a record that is made (`fresh`) its followers; of those it cannot have, the field that keeps the names."""
        given = [self.owners.find(item) for item in texts(row.get("followers"))]
        users = list(dict.fromkeys(item.user_id for item in given if item.how == "mapped" and fresh))[:MOST_FOLLOWERS]
        if users:
            draft.put("followers", users, "followers")
        rest = [item.name for item in given if item.how != "mapped" or item.user_id not in users]
        if not rest:
            return {}
        self.findings.loss(
            object_,
            "followers",
            FOLLOWERS_FIELD,
            "no user of the location, more than ten, or on a record that was there",
        )
        return {FOLLOWERS_FIELD: ("\n".join(dict.fromkeys(rest)), ("followers",))}

    def refused(self, object_: str, source_id: str, column: str, value: str, why: str) -> None:
        """Say that one value has no place to go; its cell is the draft's to note."""
        self.findings.problem(
            "value_refused",
            object_,
            f"{column}: {why}",
            source_id=source_id,
            field_=column,
            treatment="left out, listed in the accounting",
        )

    def own_fields(self, object_: str, row: Row) -> dict[str, Own]:
        """The marker fields every contact, business and opportunity gets: ids, original dates."""
        from_ids = [str(item) for item in row.get("merged_ids") or ()] or [row["source_id"]]
        ids = [row["source_id"], *(item for item in from_ids if item != row["source_id"])]
        return {
            markers.ID_FIELD: (markers.id_value(self.source, ids), ("id",)),
            markers.CREATED_FIELD: (row.get("created_at"), ("created_at",)),
            markers.UPDATED_FIELD: (row.get("updated_at"), ("updated_at",)),
        }
