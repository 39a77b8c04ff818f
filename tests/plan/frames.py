"""Small staged tables, merges and mappings for the tests of the planner."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pb2hl.highlevel.destination import Destination
from pb2hl.highlevel.rows import index_rows
from pb2hl.mapper import Mapping as Mapped
from pb2hl.matching import Merges
from pb2hl.operations import Operation, Target
from pb2hl.plan import PlanInputs, build, build_schema
from pb2hl.workspace import Config, Policy


def at(text: str) -> pd.Timestamp:
    """A moment in UTC."""
    return pd.Timestamp(text, tz="UTC")


def frame(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """A staged table: provenance columns filled in, moments typed."""
    table = pd.DataFrame(
        [
            {"source_id": str(row.get("id", number)), "row_hash": f"h{number}", **row}
            for number, row in enumerate(rows, 1)
        ]
    )
    for name in table.columns:
        if name.endswith("_at") or name == "at":
            table[name] = pd.to_datetime(table[name], utc=True)
    return table


@dataclass(frozen=True)
class Field:
    """A custom field of the mapping sheet."""

    staged_column: str
    label: str
    data_type: str
    options: tuple[str, ...] = ()


SALES = {
    ("Sales", "New"): ("Sales", "New", "open"),
    ("Sales", "Won"): ("Sales", "Won", "won"),
    ("Sales", "Lost"): ("Sales", "Lost", "lost"),
}


def merges(
    contacts: pd.DataFrame,
    companies: pd.DataFrame,
    survivors: Mapping[str, Mapping[str, str]] | None = None,
    **more: Any,
) -> Merges:
    """Everybody survives unless `survivors` says otherwise."""
    return Merges(contacts, companies, survivors or {}, more.get("domain_of", {}), {})


def place(**given: Any) -> Destination:
    """A location; `contacts`, `businesses`, `opportunities` are lists of records as the API gives them."""
    frames = {
        name: index_rows(name, given.pop(name)) for name in ("contacts", "businesses", "opportunities") if name in given
    }
    settings = {"allow_duplicate_contact": False, "allow_duplicate_opportunity": True, **given.pop("settings", {})}
    return Destination("LOC", "2026-01-01T00:00:00Z", settings=settings, **given, **frames)


def inputs(
    tables: Mapping[str, pd.DataFrame],
    *,
    mapping: Mapped | None = None,
    destination: Destination | None = None,
    policy: Mapping[str, Any] | None = None,
    survivors: Mapping[str, Mapping[str, str]] | None = None,
    merged: Mapping[str, pd.DataFrame] | None = None,
    **more: Any,
) -> PlanInputs:
    """PlanInputs over small tables; `merged` gives surviving contacts and companies when they differ from the staged."""
    merged = merged or {}
    contacts = merged.get("contacts", tables.get("contacts", pd.DataFrame()))
    companies = merged.get("companies", tables.get("companies", pd.DataFrame()))
    config = Config(
        export="x", location="LOC", policy=Policy(**(policy or {})), fallback_owner=more.pop("fallback_owner", ""),
        source=more.pop("source", "perfect-books"), timezone=more.pop("timezone", "America/Toronto"),
    )  # fmt: skip
    return PlanInputs(
        tables, merges(contacts, companies, survivors, domain_of=more.pop("domain_of", {})), mapping or Mapped(stages=SALES),
        destination or place(), config, **more,
    )  # fmt: skip


class Built:
    """A data plan and its schema, with short ways to look at them."""

    def __init__(self, given: PlanInputs):
        self.given = given
        self.plan = build(given)
        self.schema = build_schema(given)
        self.labels = {
            op.op_id: str(op.payload.get("name", "")) for op in self.schema.operations if op.target is Target.FIELD
        }
        for model, items in given.destination.fields.items():
            self.labels |= {item["id"]: item["name"] for item in items} | {
                f"{model}.{item['id']}": item["name"] for item in items
            }

    def of(self, target: Target) -> list[Operation]:
        """The operations of one target."""
        return [op for op in self.plan.operations if op.target is target]

    def one(self, target: Target, source_id: str = "", object_: str = "") -> Operation:
        """The only operation of a target (and source row)."""
        found = [
            op for op in self.of(target)
            if (not source_id or op.source_id == source_id) and (not object_ or op.object == object_)
        ]  # fmt: skip
        assert len(found) == 1, f"{len(found)} operations of {target}"
        return found[0]

    def custom(self, operation: Operation) -> dict[str, Any]:
        """Custom values by the label of their field."""
        found = {}
        for item in operation.payload.get("customFields", ()):
            reference = item.get("id", item.get("key"))
            key = reference["$ref"] if isinstance(reference, dict) else reference
            found[self.labels[key]] = item.get("fieldValue", item.get("value"))
        return found

    def codes(self) -> set[str]:
        """Codes of the problems told."""
        return {problem.code for problem in self.plan.problems}


def unshown(*items: tuple[str, str, str]) -> str:
    """A survivor's unshown as matching writes it."""
    return json.dumps([{"source_id": one, "field": name, "value": value} for one, name, value in items])
