"""A small world with every object, every canonical field and a custom column of each type, and one cell of it changed.

Pure planning: what a plan would send is compared before and after the change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import chain
from typing import Any

import pandas as pd

from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.mapper import Mapping as Mapped
from pb2hl.matching import Merges, decided_merges
from pb2hl.matching.sheets import SHEETS
from pb2hl.model import CUSTOM_PREFIX, OBJECTS, FieldKind
from pb2hl.operations import Kind
from pb2hl.plan import ExportFile, Plan, PlanInputs, build
from pb2hl.plan.building.planning import Planner
from pb2hl.workspace import Config, Policy
from tests.plan.frames import Field, at, place

K = FieldKind
USERS = [{"id": "u-ann", "email": "ann@us.example", "name": "Ann"}]
CUSTOMS = {
    "TEXT": ("Motto", "As exported", "Otherwise"),
    "LARGE_TEXT": ("Story", "Long ago", "Not so long ago"),
    "NUMERICAL": ("Shoe Size", 41.0, 42.0),
    "MONETORY": ("Budget", 10.5, 11.5),
    "DATE": ("Founded", date(2001, 2, 3), date(2002, 2, 3)),
    "SINGLE_OPTIONS": ("Colour", "Red", "Blue"),
    "MULTIPLE_OPTIONS": ("Likes", ["Tea"], ["Tea", "Milk"]),
    "RADIO": ("Member", True, False),
    "PHONE": ("Fax", "+16135550177", "+16135550178"),
    "EMAIL": ("Billing Mail", "bill@acme.example", "pay@acme.example"),
}
"""HighLevel type → (label, a value, another value) of a custom column."""


def value_of(object_: str, name: str, kind: FieldKind, refers_to: str) -> Any:
    """A plausible first value of a canonical field."""
    for key in ((object_, name), ("", name)):
        if key in _SPECIAL:
            return _SPECIAL[key]
    if refers_to:
        one = "ann" if refers_to == "users" else f"{refers_to[:3]}1"
        return [one] if kind is K.REFS else one
    return {
        K.EMAIL: f"{name}.{object_}@one.example", K.PHONE: f"+1613555{len(name) * 7 % 90 + 10}{len(object_)}0"[:12],
        K.BOOLEAN: True, K.MONEY: 120.5, K.NUMBER: 3.0, K.INTEGER: 3, K.PERCENT: 0.25, K.DATE: date(2021, 3, 4),
        K.DATETIME: at("2021-03-04 10:00"), K.TAGS: ["vip"], K.URL: "https://one.example/page", K.COUNTRY: "CA",
        K.TIMEZONE: "America/Toronto", K.JSON: '["a"]',
    }.get(kind, f"{name} of one")  # fmt: skip


_SPECIAL: dict[tuple[str, str], Any] = {
    ("deals", "pipeline"): "Sales", ("deals", "stage"): "New", ("deals", "status"): "lost", ("deals", "currency"): "CAD",
    ("deals", "contact_email"): "email.contacts@one.example", ("pipelines", "pipeline"): "Sales", ("pipelines", "stage"): "New",
    ("pipelines", "outcome"): "open", ("pipelines", "position"): 1.0, ("tasks", "status"): "waiting", ("tasks", "completed"): False,
    ("appointments", "start_at"): at("2021-06-01 14:00"), ("appointments", "end_at"): at("2021-06-01 15:00"),
    ("appointments", "status"): "confirmed", ("appointments", "length"): 1800.0, ("appointments", "recurrence"): "FREQ=WEEKLY;COUNT=3",
    ("appointments", "exceptions"): "2021-06-08", ("appointments", "all_day"): False, ("activities", "type"): "call",
    ("activities", "direction"): "inbound", ("attachments", "file_name"): "one.pdf", ("attachments", "path"): "files/one.pdf",
    ("attachments", "mime_type"): "application/pdf", ("attachments", "content"): None, ("attachments", "url"): "https://one.example/one.pdf",
    ("tags", "name"): "vip", ("custom_fields", "object"): "contacts", ("custom_fields", "label"): "Colour",
    ("custom_fields", "type"): "single select", ("custom_fields", "options"): ["Red"], ("companies", "domain"): "acme.example",
    ("companies", "parent_id"): "com2", ("companies", "parent_name"): "Mother",
    ("", "more_emails"): ["third@one.example"], ("", "more_phones"): ["+16135550133"], ("", "phone_extension"): "12", ("", "mobile_extension"): "13",
}  # fmt: skip


def other_values(object_: str, name: str, kind: FieldKind, refers_to: str, value: Any) -> list[Any]:
    """Other values of the same cell: each must show."""
    if (object_, name) in _OTHERS:
        return _OTHERS[object_, name]
    if refers_to:
        one = "ben" if refers_to == "users" else f"{refers_to[:3]}2"
        one = one if one not in (value, *(value if isinstance(value, list) else ())) else f"{refers_to[:3]}1"
        return [[one]] if kind is K.REFS else [one]
    if kind is K.BOOLEAN:
        return [not value]
    if kind in (K.MONEY, K.NUMBER, K.INTEGER):
        return [value + 7]
    if kind is K.PERCENT:
        return [0.75]
    if kind in (K.DATE, K.DATETIME):
        return [value + timedelta(days=3)]
    if isinstance(value, list):
        return [
            [
                *value,
                "other@two.example" if "@" in str(value[0]) else "+16135550144" if "+" in str(value[0]) else "Other",
            ]
        ]
    return {
        K.EMAIL: ["someone.else@two.example"], K.PHONE: ["+16135550166"], K.COUNTRY: ["DE"], K.TIMEZONE: ["Europe/Berlin"],
        K.URL: ["https://two.example/"], K.JSON: ['["b"]'],
    }.get(kind, [f"{value} and other words"])  # fmt: skip


_OTHERS: dict[tuple[str, str], list[Any]] = {
    ("deals", "status"): ["won", "who knows"], ("deals", "stage"): ["Won", "Nowhere"], ("deals", "pipeline"): ["Other", "Unheard of"],
    ("deals", "contact_email"): ["email.contacts@two.example", "stranger@x.example"], ("appointments", "status"): ["cancelled", "who knows"],
    ("appointments", "recurrence"): ["FREQ=WEEKLY;COUNT=4", "whenever it suits"], ("appointments", "exceptions"): ["2021-06-15", "2030-01-01"],
    ("activities", "type"): ["email", "pigeon"], ("tasks", "status"): ["done", "who knows"], ("attachments", "path"): ["files/two.pdf"],
    ("attachments", "mime_type"): ["image/png"], ("custom_fields", "object"): ["companies"], ("custom_fields", "type"): ["text"], ("companies", "parent_id"): ["com3"],
}  # fmt: skip


def filled_row(object_: str, number: int) -> dict[str, Any]:
    """A row with every canonical field and every kind of custom column filled."""
    row: dict[str, Any] = {"source_id": f"{object_[:3]}{number}", "row_hash": f"h{number}"}
    for spec in OBJECTS[object_].columns:
        value = value_of(object_, spec.name, spec.kind, spec.refers_to)
        if (
            isinstance(value, str)
            and number > 1
            and not spec.refers_to
            and spec.kind in (K.TEXT, K.NAME, K.EMAIL, K.LONG_TEXT)
        ):
            value = value.replace("one", "two") if (object_, spec.name) not in _SPECIAL else value
        row[spec.name] = row["source_id"] if spec.kind is K.ID else value
    if OBJECTS[object_].takes_custom_fields:
        row |= {f"{CUSTOM_PREFIX}{label}": value for label, value, _ in CUSTOMS.values()}
    else:
        row[f"{CUSTOM_PREFIX}Own Column"] = "own words"
    return row


def tables(but: Mapping[str, Sequence[Mapping[str, Any]]], wanted: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Two rows of every object of `wanted`, the second as the target of references; `but` gives the rows of an object as changes of them."""
    found = {}
    for object_ in wanted:
        rows = [filled_row(object_, 1) | dict(one) for one in but.get(object_, ({},))]
        second = filled_row(object_, 2)
        second |= {"users": {"source_id": "ben", "id": "ben", "name": "Ben"}, "companies": {"name": "Mother", "parent_id": None, "parent_name": None, "domain": "mother.example", "website": "https://mother.example"},
                   "contacts": {"phone": "+16135550188", "mobile": "+16135550189", "more_phones": None, "more_emails": None, "company_id": "com2", "company_name": "Mother"},
                   "deals": {"stage": "Won", "status": "won", "contact_id": ["con2"], "contact_email": None}, "pipelines": {"stage": "Won", "position": 2.0, "outcome": "won"}, "tags": {"name": "other"}, "custom_fields": {"label": "Likes"}}.get(object_, {})  # fmt: skip
        if object_ == "users":
            rows = [row | {"source_id": "ann", "id": "ann", "name": "Ann"} for row in rows]
        further = (
            [
                second
                | {
                    "source_id": "com3",
                    "id": "com3",
                    "name": "Aunt",
                    "domain": "aunt.example",
                    "website": "https://aunt.example",
                }
            ]
            if object_ == "companies"
            else []
        )
        found[object_] = pd.DataFrame([*rows, second, *further])
    return found


@dataclass(frozen=True)
class World:
    """One context: what differs from the plain tables, the location, the policies, and which objects are looked at."""

    name: str
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    location: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    merge: tuple[str, ...] = ()
    objects: tuple[str, ...] = tuple(OBJECTS)
    fallback: str = "ann@us.example"
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    merges: Merges | None = None  # as resolved before, where no contact or company was changed

    def made(self) -> World:
        """The world with its tables."""
        wanted = dict.fromkeys(["users", "companies", "contacts", "deals", *self.objects])
        made = replace(self, tables=tables(self.rows, tuple(wanted)))
        return replace(made, merges=made.inputs().merges)

    def inputs(self) -> PlanInputs:
        """What the plan of the world is made of."""
        staged = self.tables
        duplicates = pd.DataFrame(
            [{name: "" for name in SHEETS["duplicates"]} | {"cluster": "1", "source_id": one, "decision": "merge", "survivor": "yes" if one == self.merge[0] else ""} for one in self.merge],
            columns=list(SHEETS["duplicates"]), dtype="str",
        )  # fmt: skip
        companies = pd.DataFrame(columns=list(SHEETS["companies"]), dtype="str")
        merges = self.merges or decided_merges(staged["contacts"], staged["companies"], duplicates, companies)
        customs = tuple(Field(f"{CUSTOM_PREFIX}{label}", label, kind) for kind, (label, _, _) in CUSTOMS.items())
        stages = {
            ("Sales", "New"): ("Sales", "New", ""),
            ("Sales", "Won"): ("Sales", "Won", "won"),
            ("Other", "New"): ("Other", "New", ""),
        }
        mapping = Mapped(
            fields={name: customs for name in ("contacts", "companies", "deals")}, stages=stages, owners={"ann": "u-ann"}, tags={},
        )  # fmt: skip
        config = Config(export="x", location="LOC", policy=Policy(**self.policy), fallback_owner=self.fallback)
        files = {f"files/{name}.pdf": ExportFile(f"files/{name}.pdf", 9, f"sha-{name}") for name in ("one", "two")}
        return PlanInputs(
            staged,
            merges,
            mapping,
            place(users=USERS, **self.location),
            config,
            files=files,
            export_date=date(2022, 1, 1),
            capabilities=Capabilities(messages={"channels": {"SMS": "", "Email": "", "Call": ""}, "unread": True}),
        )

    @cached_property
    def plan(self) -> Plan:
        """The data plan."""
        return build(self.inputs())

    def sent(self) -> dict[tuple[str, str], list[str]]:
        """Everything that both plans would send, by the row it comes from."""
        found: dict[tuple[str, str], list[str]] = {}
        planner = Planner(self.inputs())
        for op in chain(planner.schema_operations(), planner.data_operations()):
            if op.kind is not Kind.SKIP:
                said = f"{op.kind} {op.target} {op.existing_id} {op.payload!r}"
                found.setdefault((op.object, op.source_id), []).append(said)
        return found

    def changed(self, cells: Mapping[tuple[str, str], Any]) -> World:
        """The world with other values in the first rows: {(object, column): value}."""
        made = dict(self.tables)
        for (object_, column), value in cells.items():
            frame = made[object_].astype(object) if object_ in made else made[object_]
            frame = frame.copy()
            frame.at[0, column] = value
            if column == "id":
                frame.at[0, "source_id"] = value
            made[object_] = frame.infer_objects()
        matched = {"contacts", "companies"} & {object_ for object_, _ in cells}
        return replace(self, tables=made, merges=None if matched else self.merges)

    def cells(self) -> Iterator[tuple[str, str, Any]]:
        """(object, column, another value) of every filled cell of the first row of every object that is looked at."""
        customs = {f"{CUSTOM_PREFIX}{label}": other for label, _, other in CUSTOMS.values()}
        for object_ in self.objects:
            row = self.tables[object_].iloc[0]
            kinds = {spec.name: spec for spec in OBJECTS[object_].columns}
            for column in self.tables[object_].columns:
                value = row[column]
                if (
                    column in ("source_id", "row_hash")
                    or (column == "id" and self.merge)
                    or value is None
                    or (isinstance(value, float) and value != value)
                ):
                    continue
                if column in kinds:
                    spec = kinds[column]
                    for other in other_values(object_, column, spec.kind, spec.refers_to, value):
                        yield object_, column, other
                elif column in customs:
                    yield object_, column, customs[column]
                else:
                    yield object_, column, f"{value} and more"

    def fate(self, object_: str, column: str) -> tuple[str, str]:
        """(bucket, place) that the accounting names for a cell of the first row."""
        source_id = str(self.tables[object_].iloc[0]["source_id"])
        apart = self.plan.tables["lineage_exceptions"]
        base = {spec.name: of for spec, of in OBJECTS[object_].beside}.get(column, column)
        mine = apart[
            (apart["object"] == object_) & (apart["source_id"] == source_id) & apart["column"].isin([base, "*"])
        ]
        if len(mine):
            whole = mine[mine["column"] == "*"]
            found = (whole if len(whole) else mine).iloc[-1]
            return str(found["bucket"]), str(found["where"])
        rules = self.plan.tables["lineage_rules"]
        rule = rules[(rules["object"] == object_) & (rules["column"] == base)].iloc[0]
        return str(rule["bucket"]), str(rule["where"])
