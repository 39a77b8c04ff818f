"""Custom field values on contacts and opportunities: what is kept, dropped without a word, or cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import invalid
from pb2hl.sandbox.shapes import Shape, check_items
from pb2hl.sandbox.values import DROPPED, custom_value

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State

_CONTACT_ITEM = Shape("id key fieldValue:any field_value:any")
_OPPORTUNITY_ITEM = Shape("id key fieldValue:any field_value:any")
ITEMS = {"contact": _CONTACT_ITEM, "opportunity": _OPPORTUNITY_ITEM}


def merge_custom(
    sandbox: State, model: str, held: list[dict[str, Any]], sent: list[dict[str, Any]] | None
) -> list[dict[str, Any]]:
    """The stored list `[{id, value}]` after `sent` (`[{id or key, fieldValue}]`) came in.

    Unknown fields and values that do not fit are dropped, "" is ignored and null clears, as the behaviour says.
    """
    if not sent:
        return held
    check_items("customFields", sent, ITEMS[model])
    values = {item["id"]: item["value"] for item in held}
    for position, item in enumerate(sent):
        field = _field(sandbox, model, item)
        if field is None:
            if not sandbox.behaviour.drop_unknown_custom_fields:
                raise invalid(f"customFields.{position}.id does not exist")
            continue
        _apply(sandbox, values, field, item.get("fieldValue", item.get("field_value", "")))
    return [{"id": field_id, "value": value} for field_id, value in values.items()]


def _apply(sandbox: State, values: dict[str, Any], field: dict[str, Any], value: Any) -> None:
    if value is None or (value == "" and not sandbox.behaviour.ignore_empty_custom_values):
        values.pop(field["id"], None)
        return
    if value == "":
        return
    kept = custom_value(sandbox, field, value)
    if kept is not DROPPED:
        values[field["id"]] = kept


def _field(sandbox: State, model: str, item: dict[str, Any]) -> dict[str, Any] | None:
    field = sandbox.fields.get(item.get("id") or "")
    if field is None and item.get("key"):
        key = item["key"] if item["key"].startswith(f"{model}.") else f"{model}.{item['key']}"
        field = next(iter(sandbox.fields.find("key", key)), None)
    return field if field is not None and field["objectKey"] == model else None
