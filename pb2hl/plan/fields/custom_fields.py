"""Which custom fields the plan needs, and how a value is written into each.

Marker fields come from `pb2hl.markers`; which canonical fields fill a custom field says the field map; the rest comes from the
mapping sheet. A field that already exists in the location is used when its type
and options fit; otherwise one is made beside it with the suffix ` (Perfect Books)`: nothing existing is altered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from pb2hl import field_map, markers
from pb2hl.plan.inputs.rows import local_iso
from pb2hl.values.counting import counted
from pb2hl.values.fold import fold

MODEL = {"contacts": "contact", "companies": "business", "deals": "opportunity"}
SUFFIX = markers.BESIDE
BESIDE, USE = "beside", "use"
LIST_SEPARATOR = " ; "
YES_NO = ("Yes", "No")

OTHER_EMAILS = field_map.OTHER_EMAILS.name
OTHER_PHONES = field_map.OTHER_PHONES.name
OWNER_FIELD = field_map.OWNER_FIELD.name
STATUS_FIELD = field_map.STATUS_WORD.name
COMPANY_FIELD = field_map.COMPANY.name
OWN_COMPANY = field_map.OWN_COMPANY.name
UNCONVERTED_FIELD = "Perfect Books Unconverted"
MERGED_FIELD = "Perfect Books Merged"
FOLLOWERS_FIELD = field_map.FOLLOWERS.name
GENDER_FIELD = field_map.GENDER.name
LOST_REASON_FIELD = field_map.LOST_REASON.name
OTHER_CONTACTS = field_map.OTHER_CONTACTS.name
FURTHER_DEALS = "Further Deals"
FULL_NAME = field_map.FULL_NAME.name
"""Labels of the fields that planners fill."""

MOST_FOLLOWERS = 10
"""Followers that a contact or an opportunity takes (BEHAVIOUR)."""

OPTION_TYPES = frozenset({"SINGLE_OPTIONS", "MULTIPLE_OPTIONS", "RADIO", "CHECKBOX"})
LIST_TYPES = frozenset({"MULTIPLE_OPTIONS", "CHECKBOX", "TEXTBOX_LIST"})
NUMBER_TYPES = frozenset({"NUMERICAL", "MONETORY"})


class State(StrEnum):
    """How a planned piece of schema stands against the location."""

    MAKE = "to make"
    MADE = "made"  # was to make, and the schema step has made it
    FITS = "exists, fits"
    CONFLICT = "exists, conflict"  # something of its name is there and does not fit: one is made beside it
    USED = "exists, conflict: used"  # it does not fit, and a person decided to use it all the same
    CANNOT = "cannot"


FIELD, OBJECT = "custom field", "custom object"
"""What the schema's diff calls a piece of these kinds; those of the others bear the names of their targets."""


@dataclass(frozen=True, slots=True)
class PlannedField:
    """A custom field of the plan. `key` is the staged column it takes, or its label for those the plan itself fills."""

    model: str
    key: str
    label: str
    data_type: str
    options: tuple[str, ...] = ()
    count: int = 0
    state: State = State.MAKE
    existing_id: str = ""
    existing_key: str = ""
    detail: str = ""
    asked: str = ""  # the label of the field that was asked for, where one of its name is there and does not fit


def for_model(field: PlannedField) -> PlannedField:
    """The field as its model can hold it: business records keep no lists, so lists become text."""
    if field.model == "business" and field.data_type in LIST_TYPES:
        return replace(
            field,
            data_type="LARGE_TEXT",
            options=(),
            detail=f"business records keep no {field.data_type}: values joined by `{LIST_SEPARATOR.strip()}`",
        )
    return field


def unheld(field: PlannedField) -> str:
    """The type that the mapping asked for and the model cannot hold; "" when it holds it."""
    found = re.match(r"business records keep no (\w+)", field.detail)
    return found.group(1) if found else ""


def against(field: PlannedField, existing: Iterable[Any], choice: str = BESIDE) -> PlannedField:
    """The field compared with those of its model in the location; see the module for the rule on conflicts.

    `choice` (BESIDE or USE) is what a person wants where the one that is there does not fit.
    """
    by_name = {fold(item.name): item for item in existing if item.model == field.model}
    there = by_name.get(fold(field.label))
    if there is None:
        return field
    reason = _misfit(field, there)
    if not reason:
        return _use(field, there)
    if choice == USE and _usable(field, there):
        return replace(
            _use(field, there), state=State.USED, detail=f"{reason}; {_cost(field, there)}", asked=field.label
        )
    beside = replace(field, label=f"{field.label}{SUFFIX}", state=State.CONFLICT, detail=reason, asked=field.label)
    second = by_name.get(fold(beside.label))
    number = 2
    while second is not None and _misfit(beside, second):
        beside = replace(beside, label=f"{field.label}{SUFFIX} {number}")
        second, number = by_name.get(fold(beside.label)), number + 1
    return beside if second is None else replace(_use(beside, second), detail=reason)


def _usable(field: PlannedField, there: Any) -> bool:
    """Whether values can be written into a field that does not fit: no files, and no lists on business records."""
    return there.data_type != "FILE_UPLOAD" and not (field.model == "business" and there.data_type in LIST_TYPES)


def _cost(field: PlannedField, there: Any) -> str:
    """What using a field that does not fit means for the values."""
    if there.data_type in OPTION_TYPES:
        return "values that are none of its options are refused and archived"
    if there.data_type in NUMBER_TYPES or there.data_type == "DATE":
        return f"values that are no {there.data_type} are refused and archived"
    return (
        "values are written as text" if there.data_type in ("TEXT", "LARGE_TEXT") else "values are written as they are"
    )


def _use(field: PlannedField, there: Any) -> PlannedField:
    return replace(
        field,
        state=State.FITS,
        existing_id=there.id,
        existing_key=there.key,
        data_type=there.data_type,
        options=_spelled(field, there),
    )


def _spelled(field: PlannedField, there: Any) -> tuple[str, ...]:
    return tuple(there.options) if there.data_type in OPTION_TYPES else field.options


def _misfit(field: PlannedField, there: Any) -> str:
    if there.data_type != field.data_type:
        return f"a field {there.name!r} of type {there.data_type} exists, {field.data_type} is needed"
    if field.data_type in OPTION_TYPES:
        known = {fold(option) for option in there.options}
        missing = [option for option in field.options if fold(option) not in known]
        if missing:
            shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
            return f"the existing field {there.name!r} lacks {counted(len(missing), 'option')}: {shown}"
    return ""


def text_of(value: Any, zone: ZoneInfo) -> str:
    """A staged value as text: Yes/No, numbers without a needless `.0`, dates ISO, lists joined."""
    if isinstance(value, bool):
        return YES_NO[0] if value else YES_NO[1]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, date):
        return local_iso(value, zone)
    if isinstance(value, list | tuple):
        return LIST_SEPARATOR.join(text_of(item, zone) for item in value if item is not None)
    return str(value).strip()


def written(field: PlannedField, value: Any, zone: ZoneInfo) -> Any:
    """`value` as the field takes it; None when there is nothing, or when the type cannot hold it.

    Texts of options come out exactly as the location spells them, since HighLevel drops others without a word.
    """
    if value is None or value == "" or value == []:
        return None
    if field.data_type in NUMBER_TYPES:
        return _number(value)
    if field.data_type == "DATE":
        return _day(field, value, zone)
    if field.data_type in LIST_TYPES:
        items = value if isinstance(value, list | tuple) else [value]
        options = [_option(field, text_of(item, zone)) for item in items if text_of(item, zone)]
        return options if options and all(options) else None
    if field.data_type in OPTION_TYPES:
        return _option(field, text_of(value, zone)) or None
    return text_of(value, zone) or None


def _option(field: PlannedField, text: str) -> str:
    if text in field.options:
        return text
    folded = fold(text)
    known = next((option for option in field.options if fold(option) == folded), None)
    return known if known is not None else "" if field.state is State.USED else text


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool):
        return int(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if number != number or number in (float("inf"), float("-inf")):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _day(field: PlannedField, value: Any, zone: ZoneInfo) -> str | None:
    if isinstance(value, datetime):
        value = datetime.fromisoformat(local_iso(value, zone)).date()
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value[:10])
        except ValueError:
            return None
    if not isinstance(value, date):
        return None
    return value.isoformat() if field.model in ("contact", "opportunity") else f"{value.isoformat()}T00:00:00.000Z"
