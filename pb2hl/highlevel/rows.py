"""Records of the location as rows of a frame: the few columns that matching and checks use, and the whole record as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from pb2hl.highlevel.records.base import Record, custom_fields, custom_value, id_of

INDEXES: dict[str, tuple[str, ...]] = {
    "contacts": (
        "id",
        "name",
        "firstName",
        "lastName",
        "email",
        "more_emails",
        "phone",
        "more_phones",
        "companyName",
        "businessId",
        "assignedTo",
        "source",
        "tags",
        "dnd",
        "dateAdded",
        "dateUpdated",
        "customFields",
        "record",
    ),
    "businesses": ("id", "name", "website", "email", "phone", "dateAdded", "dateUpdated", "customFields", "record"),
    "opportunities": (
        "id",
        "name",
        "contactId",
        "pipelineId",
        "pipelineStageId",
        "status",
        "monetaryValue",
        "assignedTo",
        "dateAdded",
        "dateUpdated",
        "customFields",
        "record",
    ),
    "object_records": ("id", "objectKey", "customFields"),
}
"""Columns of each index. more_emails, more_phones and tags are lists of text; `customFields` is JSON {field id, or key of a
business property: value}; `record` is the whole record as JSON; the rest is text ("" when missing), dnd boolean,
monetaryValue a number or NA."""

_LISTS = {"more_emails", "more_phones", "tags"}


def index_rows(kind: str, records: Iterable[Record]) -> pd.DataFrame:
    """`records` of one page as a frame with the columns of `INDEXES[kind]`."""
    columns = INDEXES[kind]
    cells = list(zip(*(_row(columns, record) for record in records), strict=True)) or [()] * len(columns)
    return pd.DataFrame({name: _typed(name, values) for name, values in zip(columns, cells, strict=True)})


def _typed(name: str, values: Sequence[Any]) -> pd.Series:
    if name == "monetaryValue":
        return pd.to_numeric(pd.Series(values, dtype="object"), errors="coerce").astype("Float64")
    kind = "object" if name in _LISTS else "bool" if name == "dnd" else "string"
    return pd.Series(list(values), dtype=kind)


def _row(columns: tuple[str, ...], record: Record) -> list[Any]:
    special: dict[str, Any] = {
        "id": id_of(record),
        "name": _name(record),
        "email": str(record.get("email") or "").strip().lower(),
        "more_emails": _further(record.get("additionalEmails"), "email"),
        "more_phones": _further(record.get("additionalPhones"), "phone"),
        "tags": _texts(record.get("tags")),
        "dnd": bool(record.get("dnd")),
        "monetaryValue": record.get("monetaryValue"),
        "dateAdded": _text(record.get("dateAdded") or record.get("createdAt")),
        "dateUpdated": _text(record.get("dateUpdated") or record.get("updatedAt")),
        "customFields": json.dumps(custom_values(record), ensure_ascii=False, default=str),
        "record": json.dumps(record, ensure_ascii=False, default=str),
    }
    return [special[name] if name in special else _text(record.get(name)) for name in columns]


def custom_values(record: Mapping[str, Any]) -> dict[str, Any]:
    """The custom values of a record by field id, of a business by property key."""
    if isinstance(record.get("properties"), Mapping):
        return dict(record["properties"])
    return {str(item.get("id") or item.get("key")): custom_value(item) for item in custom_fields(record)}


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value if item is not None] if isinstance(value, list) else []


def _name(record: Record) -> str:
    whole = record.get("name") or record.get("contactName") or record.get("fullName")
    parts = " ".join(str(record.get(part) or "") for part in ("firstName", "lastName")).strip()
    return str(whole or parts or "")


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _further(value: Any, key: str) -> list[str]:
    items = value if isinstance(value, list) else []
    return [str(item.get(key) or "") if isinstance(item, Mapping) else str(item) for item in items]
