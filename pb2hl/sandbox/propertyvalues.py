"""Values of business and custom object properties: other rules than contacts have."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Reject
from pb2hl.sandbox.values import clean_phone

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_LISTS = ("MULTIPLE_OPTIONS", "CHECKBOX", "TEXTBOX_LIST")


def property_value(sandbox: State, key: str, field: Record, name: str, value: Any, into: dict[str, Any]) -> None:
    """Put `value` into the properties `into` as stored: kept, silently dropped, or refused with 400; null clears."""
    if value is None:
        into.pop(name, None)
        return
    if value == "":
        return
    kind = field["dataType"]
    if kind in _LISTS:
        if not (key == "business" and sandbox.behaviour.business_drops_lists):
            into[name] = value
        return
    kept = _kept(sandbox, key, field, kind, name, value)
    if kept is not None:
        into[name] = kept


def _kept(sandbox: State, key: str, field: Record, kind: str, name: str, value: Any) -> Any:
    if kind in ("SINGLE_OPTIONS", "RADIO"):
        return _option(sandbox, field, value)
    if kind == "NUMERICAL":
        return _number(name, value)
    if kind == "MONETORY":
        amount = value.get("value") if isinstance(value, dict) else value
        currency = value.get("currency", "default") if isinstance(value, dict) else "default"
        return {"currency": currency, "value": _number(name, amount)}
    if kind == "DATE":
        return _date(sandbox, key, name, value)
    if kind == "PHONE":
        return clean_phone(sandbox, value) if isinstance(value, str) else None
    if kind == "FILE_UPLOAD":
        return value if isinstance(value, list) else None
    if not isinstance(value, str):
        raise _refused(name)
    return value


def _refused(name: str) -> Reject:
    return Reject(400, f"Invalid value passed for {name}")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(name)
    return value


def _option(sandbox: State, field: Record, value: Any) -> str | None:
    for option in field.get("options") or ():
        if value in (option["label"], option["key"]):
            return option["key"] if sandbox.behaviour.business_options_as_key else option["label"]
    if field.get("allowCustomOption") or not sandbox.behaviour.drop_unmatched_options:
        return value
    return None


def _date(sandbox: State, key: str, name: str, value: Any) -> str:
    strict = key == "business" and sandbox.behaviour.business_dates_need_time
    if not isinstance(value, str) or (strict and "T" not in value):
        raise _refused(name)
    try:
        datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError as error:
        raise _refused(name) from error
    return value
