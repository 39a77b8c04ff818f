"""Payloads and records in one flat shape, `{field: value}`, so that they can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pb2hl.operations import ASKED_ALONG, BESIDE_THE_BODY

NOT_STORED = (
    BESIDE_THE_BODY
    | ASKED_ALONG
    | {"locationId", "contactId", "id"}
    | {"altId", "conversationProviderId", "subject", "emailFrom", "emailTo", "callFrom", "callTo"}
)
"""Parts of a payload that say where and how, not what; and what no answer tells of a message (its provenance line says its subject)."""

VALUE_KEYS = (
    "fieldValue",
    "field_value",
    "value",
    "fieldValueString",
    "fieldValueNumber",
    "fieldValueArray",
    "fieldValueDate",
    "fieldValueFiles",
)
"""Under which a custom value is sent, or given back by one endpoint or another."""

CUSTOM = "customFields."

NESTED = frozenset({"dndSettings", "inboundDndSettings"})
"""Fields that hold a setting a channel: `dndSettings.email`."""


def flatten_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a payload asks HighLevel to store, by field; custom fields as `customFields.<id or key>`."""
    return {name: value for name, value in _flat(payload).items() if name not in NOT_STORED}


def flatten_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """What HighLevel holds, by the same names."""
    return _flat(record)


def _flat(body: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in body.items():
        if name in ("customFields", "customField") and isinstance(value, list):
            found |= {f"{CUSTOM}{custom_key(item)}": custom_value(item) for item in value if isinstance(item, Mapping)}
        elif name in ("customFields", "properties") and isinstance(value, Mapping):
            prefix = CUSTOM if name == "customFields" else ""
            found |= {f"{prefix}{bare_key(key)}": _unwrap(item) for key, item in value.items()}
        elif name in NESTED and isinstance(value, Mapping):
            found |= {f"{name}.{key}": _status(item) for key, item in value.items()}
        else:
            found[name] = value
    return found


def custom_key(item: Mapping[str, Any]) -> str:
    """The id (or the key without its object) of a custom value."""
    return bare_key(str(item.get("id") or item.get("key") or item.get("fieldKey") or ""))


def bare_key(key: str) -> str:
    """`business.industry` → `industry`, `custom_objects.pet.age` → `age`."""
    return key.rsplit(".", 1)[-1]


def custom_value(item: Mapping[str, Any]) -> Any:
    """The value of a custom field, under whichever name it comes."""
    return next((_unwrap(item[key]) for key in VALUE_KEYS if item.get(key) is not None), None)


def _unwrap(value: Any) -> Any:
    if isinstance(value, Mapping) and set(value) == {"currency", "value"}:
        return value["value"]
    return value


def _status(item: Any) -> Any:
    return item.get("status") if isinstance(item, Mapping) else item
