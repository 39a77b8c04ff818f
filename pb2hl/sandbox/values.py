"""How HighLevel stores what it is sent: tags, e-mails, phones, names, dates and custom field values."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import phonenumbers

from pb2hl.sandbox.answers import invalid

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s][^@\s.]*\.[^@\s]+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
DROPPED = object()
"""What `custom_value` gives for a value that HighLevel drops without a word."""

OPTION_TYPES = ("SINGLE_OPTIONS", "MULTIPLE_OPTIONS", "RADIO", "CHECKBOX")


def clean_tags(sandbox: State, tags: list[str]) -> list[str]:
    """Tags as stored: lower-cased, trimmed, each once."""
    cleaned = (tag.strip().lower() if sandbox.behaviour.lower_case_tags else tag.strip() for tag in tags)
    return list(dict.fromkeys(tag for tag in cleaned if tag))


def clean_email(sandbox: State, value: str | None) -> str | None:
    """An e-mail as stored; 422 when it is empty or no address."""
    if value is None or (value == "" and not sandbox.behaviour.refuse_empty_identity):
        return None
    if not _EMAIL.fullmatch(value.strip()):
        raise invalid("email must be an email")
    return value.strip().lower() if sandbox.behaviour.lower_case_emails else value.strip()


def clean_phone(sandbox: State, value: str | None) -> str | None:
    """A phone as stored: E.164, or what the switch says about others (None: dropped); 422 when empty."""
    if value is None or (value == "" and not sandbox.behaviour.refuse_empty_identity):
        return None
    if value.strip() == "":
        raise invalid("phone must be a valid phone number")
    if _E164.fullmatch(value):
        return value
    mode = sandbox.behaviour.non_e164_phones
    region = None if value.strip().startswith("+") or mode == "drop" else sandbox.scenario.location.country
    try:
        number = phonenumbers.parse(value, region)
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        pass
    if mode == "refuse":
        raise invalid("phone must be a valid phone number")
    return None


def date_only(sandbox: State, value: Any) -> str | None:
    """A date field's value as stored (YYYY-MM-DD), None when it is no date."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d")
        except (OverflowError, ValueError, OSError):
            return None
    if not isinstance(value, str) or not _DATE.match(value):
        return None
    try:
        datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    return value[:10] if sandbox.behaviour.date_fields_cut_time else value


def custom_value(sandbox: State, field: dict[str, Any], value: Any) -> Any:
    """The value of a contact's or opportunity's custom field as stored, or DROPPED."""
    kind = field["dataType"]
    if kind in OPTION_TYPES:
        return _options(sandbox, field, value)
    if kind == "DATE":
        return date_only(sandbox, value) or DROPPED
    if kind in ("NUMERICAL", "MONETORY"):
        return _number(value)
    if kind == "PHONE":
        return (clean_phone(sandbox, value) or DROPPED) if isinstance(value, str) else DROPPED
    if kind in ("TEXTBOX_LIST", "FILE_UPLOAD"):
        return value if isinstance(value, dict | list) else DROPPED
    return value if isinstance(value, str) else (DROPPED if isinstance(value, dict | list | bool) else str(value))


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return DROPPED
    try:
        number = float(value)
    except ValueError:
        return DROPPED
    if number != number or number in (float("inf"), float("-inf")):
        return DROPPED
    return int(number) if number.is_integer() else number


def _options(sandbox: State, field: dict[str, Any], value: Any) -> Any:
    known = set(field.get("picklistOptions") or ())
    several = field["dataType"] in ("MULTIPLE_OPTIONS", "CHECKBOX")
    texts = value if isinstance(value, list) else [value]
    if field.get("isAllowedCustomOption") or not sandbox.behaviour.drop_unmatched_options:
        kept = [text for text in texts if isinstance(text, str)]
    else:
        kept = [text for text in texts if isinstance(text, str) and text in known]
    if not kept:
        return DROPPED
    return kept if several else (kept[0] if not isinstance(value, list) else DROPPED)
