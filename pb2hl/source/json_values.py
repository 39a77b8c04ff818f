"""Values that APIs and databases write as objects (`{"$oid": …}`, `{"amountMicros": …, "currencyCode": …}`) → the values."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import get_currency_precision

Answer = tuple[Any] | None
"""What an object means, in a tuple since it may be None; None when a rule has nothing to say."""


_SCALAR = {
    "stringValue": str, "integerValue": str, "doubleValue": None, "booleanValue": None, "timestampValue": str, "nullValue": lambda _: None,
    "bytesValue": str, "geoPointValue": None, "referenceValue": lambda text: str(text).rsplit("/", 1)[-1],
}  # fmt: skip
_DYNAMO = {
    "S": str,
    "N": str,
    "BOOL": None,
    "NULL": lambda _: None,
    "M": None,
    "L": None,
    "SS": None,
    "NS": None,
    "B": str,
}
_CALLING = re.compile(r"(?i)^(.*?)(calling_?code|dial_?code|phone_?code|country_?code)$")
_CODE = re.compile(r"\+?\d{1,4}")
_PART = re.compile(r"(?i)^(?:amount|value|price)?_?(?:in_?)?(micros|nanos|cents)$")
_SHIFT = {"micros": 6, "nanos": 9, "cents": 2}
_HINT = re.compile(r"(?i)currency|code|link|markdown")  # in the keys of all that is not one value yet
_LINK = re.compile(r"(?i)^primary_?link_?url$")
_CURRENCY = re.compile(r"(?i)^currency(_?(code|iso))?$")


def typed_value(found: dict[str, Any]) -> Answer:
    """Typed values: MongoDB's `$…`, Firestore's `…Value`, DynamoDB's letters, BigQuery's cells."""
    key, value = next(iter(found.items()), ("", None))
    if key.startswith("$") or "$id" in found:
        return _mongo(found)
    if key == "__type":  # Parse
        pointer = {"id": found["objectId"], "_type": found.get("className")} if "objectId" in found else None
        return (found["iso"],) if "iso" in found else (pointer,) if pointer else None
    if len(found) > 1:
        return None
    if key in _SCALAR:
        change = _SCALAR[key]
        return (change(value) if change else value,)
    if key == "mapValue" and isinstance(value, dict):
        return (value.get("fields") or {},)
    if key == "arrayValue" and isinstance(value, dict):
        return (value.get("values") or [],)
    if key == "f" and isinstance(value, list) and all(isinstance(item, dict) and set(item) == {"v"} for item in value):
        return ([item["v"] for item in value],)
    return None


def _mongo(found: dict[str, Any]) -> Answer:
    key, value = next(iter(found.items()))
    if "$id" in found and "$ref" in found:
        return (found["$id"],)
    if len(found) > 1:
        return None
    if key == "$date":
        return (_moment(value),)
    if key == "$binary":
        return (value.get("base64") if isinstance(value, dict) else value,)
    if key in ("$oid", "$uuid", "$numberLong", "$numberInt", "$numberDecimal", "$numberDouble", "$symbol"):
        return (value,)
    return None


def _moment(value: Any) -> Any:
    """A `$date` as ISO 8601: milliseconds since 1970 otherwise look like any number."""
    try:
        since = timedelta(milliseconds=int(value))
        return (datetime(1970, 1, 1, tzinfo=UTC) + since).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (TypeError, ValueError, OverflowError):
        return value


def unlettered(value: Any) -> Any:
    """DynamoDB's JSON (`{"S": "text"}`, `{"M": {…}}`) as plain JSON."""
    if isinstance(value, dict) and len(value) == 1:
        key, inner = next(iter(value.items()))
        if key in ("M", "L"):
            return unlettered(inner)
        if key in _DYNAMO:
            change = _DYNAMO[key]
            return change(inner) if change else inner
    if isinstance(value, dict):
        return {key: unlettered(item) for key, item in value.items()}
    return [unlettered(item) for item in value] if isinstance(value, list) else value


def typed_property(found: dict[str, Any]) -> Answer:
    """Notion's properties: `{"id": …, "type": "email", "email": …}`."""
    kind = found["type"]
    if not isinstance(kind, str) or kind not in found or found.keys() - {"id", "type", kind, "has_more", "function"}:
        return None
    value = found[kind]
    return (_shown(value),) if "id" in found or not isinstance(value, list | dict) else None


_SINCE_UNTIL = (
    {"active_from", "active_until"},
    {"valid_from", "valid_until"},
    {"valid_from", "valid_to"},
    {"effective_from", "effective_to"},
)
_OF_ENTRIES = frozenset({"attribute_type", "created_by_actor", "created_by", "active_from", "active_until", "valid_from", "valid_until", "valid_to", "effective_from", "effective_to"})  # fmt: skip
_ENTRY = {
    "email-address": "email_address", "phone-number": "phone_number", "record-reference": "target_record_id", "domain": "domain",
    "actor-reference": "referenced_actor_id", "interaction": "interacted_at", "select": "option", "status": "status",
}  # fmt: skip
"""Types of values that a history of a field holds (Attio) → the key of what each says."""


def current(value: Any) -> Any:
    """The history of a field (`[{"active_from": …, "active_until": null, "value": …}]`) as what holds now: a value, or several."""
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        return value
    if not any(all(ends <= item.keys() for item in value) for ends in _SINCE_UNTIL):
        return value
    now = [
        item
        for item in value
        if all(item.get(key) is None for key in ("active_until", "valid_until", "valid_to", "effective_to"))
    ]
    said = [_entry(item) for item in now]
    return said[0] if len(said) == 1 else said or None


def _entry(item: dict[str, Any]) -> Any:
    key = _ENTRY.get(item.get("attribute_type", ""), "")
    rest = {name: part for name, part in item.items() if name not in _OF_ENTRIES}
    found = rest.get(key, rest) if key else rest
    if isinstance(found, dict) and isinstance(found.get("title"), str) and isinstance(found.get("id"), dict):
        return found["title"]
    return found["value"] if isinstance(found, dict) and found.keys() == {"value"} else found


def _shown(value: Any) -> Any:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        if all("plain_text" in item for item in value):
            return "".join(str(item["plain_text"]) for item in value)
        if all(set(item) == {"id"} for item in value):
            return [item["id"] for item in value]
        return [_shown(item) for item in value]
    if isinstance(value, dict) and {"id", "name", "color"} >= value.keys() >= {"name"}:
        return value["name"]
    if isinstance(value, dict) and value.keys() <= {"start", "end", "time_zone"} and not value.get("end"):
        return value.get("start")
    return value


def whole_value(found: dict[str, Any]) -> Any:
    """Amounts in a part of their unit, numbers apart from their country's code, and links with their label, each as one value."""
    if not _HINT.search(" ".join(found)):
        return found
    if (link := next((key for key in found if _LINK.match(key)), "")) and isinstance(found[link], str | None):
        filled = {"url" if key == link else key: value for key, value in found.items() if key == link or value}
        return filled if len(filled) > 1 else found[link]
    if found.keys() == {"markdown", "blocknote"}:
        return found["markdown"]
    currency = next((str(value) for key, value in found.items() if _CURRENCY.match(key)), None)
    if currency is not None:
        return _amount(found, currency)
    for key, code in found.items():
        parts = _CALLING.match(key) if isinstance(code, str | int) and _CODE.fullmatch(str(code)) else None
        if parts and (number := _number_beside(parts[1], found)):
            text = str(found[number]).strip()
            said = text if text.startswith(("+", "00")) else f"+{str(code).lstrip('+')} {text}"
            return {name: said if name == number else value for name, value in found.items() if name != key}
    return found


def _number_beside(start: str, found: dict[str, Any]) -> str:
    """The key of the number that a code beside it begins; "" without one."""
    wanted = {
        f"{start}{word}".replace("_", "").casefold() for word in ("number", "phonenumber", "phone", "nationalnumber")
    }
    for key, value in found.items():
        if key.replace("_", "").casefold() in wanted and isinstance(value, str | int) and value:
            return key
    return ""


def _amount(found: dict[str, Any], currency: str) -> dict[str, Any]:
    part = next((key for key in found if _PART.match(key)), "")
    if not part or (part != "amount" and "amount" in found):
        return found
    unit = _PART.sub(r"\1", part).casefold()
    if unit == "cents" and get_currency_precision(currency.upper()) != 2:  # whose cents, in JPY or KWD, is not sure
        return found
    try:
        amount = None if found[part] is None else Decimal(str(found[part])).scaleb(-_SHIFT[unit])
        if unit == "nanos" and amount is not None:
            amount += Decimal(str(found.get("units") or 0))
    except (InvalidOperation, ValueError):
        return found
    said = None if amount is None else f"{amount.normalize():f}"
    kept = {key: value for key, value in found.items() if key != "units" or unit != "nanos"}
    return {"amount" if key == part else key: said if key == part else value for key, value in kept.items()}
