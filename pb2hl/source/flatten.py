"""Nested JSON records → flat rows of text with dotted headings; nothing of a record is lost."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import pandas as pd

from pb2hl.source.dialects import KIND
from pb2hl.source.nested_words import in_english, speaks_of
from pb2hl.source.prose import prose
from pb2hl.source.tables import TEXT
from pb2hl.values.booleans import FALSE, TRUE
from pb2hl.values.fold import fold

_DEPTH = 6
_PRIMARY = frozenset({"isprimary", "primary", "main", "ismain", "isdefault", "default", "preferred"})
_TYPE = ("type", "label", "kind", "category", "location")
_VALUE = ("number", "value", "address", "email", "phone", "url", "emailaddress", "phonenumber")
_NAME = ("name", "label", "key", "field", "fieldname", "fieldlabel", "title", "code", "id", "fieldid")
_ADDRESS = frozenset(
    "street street1 streetaddress line1 address1 addressline1 city town locality zip zipcode postcode postalcode state region province country".split()
)
_FEW = 5
_OF_PERSON = re.compile(
    r"(?i)(^|_|(?<=[a-z])(?=[A-Z]))(names?|organi[sz]ations?|compan(y|ies)|employers?|jobs?|positions?|locations?|birthdays?|biograph(y|ies)|genders?)$"
)
"""Lists of what a person or company mostly has one of: the first counts, others stand beside it by their number."""
_MAIL = re.compile(r"[^\s@]+@[^\s@]+")
_CHOICE = re.compile(
    r"(?i)(^|[^a-z])(stage|status|source|type|priority|category|industry|salutation|gender|currency|(lost_?)?reason|outcome)$"
)
_BESIDE = frozenset(
    "id _id key uuid slug color colour code position order sort_order probability is_won is_lost active _type".split()
)
_PROPERTY_PARENT = re.compile(r"(?i)custom|field|propert|attribute|metadata|extra")
_LINK_KEY = re.compile(
    r"(?i)^(contact|person|people|client|customer|company|organi[sz]ation|account|business|deal|opportunity|matter|user|owner|timekeeper|record|parent|member)?_?id$"
)
_LINK_PARENT = re.compile(
    r"(?i)^(contacts?|people|persons?|clients?|companies|company|organi[sz]ations?|(sales_?)?accounts?|deals?|opportunities|matters?|users?|owners?|members|attendees|participants|associations|relations|linked\w*|related\w*)$"
)


_WORD = re.compile(r"[^\W\d_a-z]?[^\W\d_A-Z]+|[^\W\d_]+")
"""The words of a key, glued by capitals or not."""


class Number(float):
    """A JSON number that remembers how it was written."""

    text: str

    def __new__(cls, text: str) -> Number:
        self = super().__new__(cls, text)
        self.text = text
        return self


def whole(text: str) -> int | str:
    """A JSON integer; one too long for any id or amount stays text, so that hostile digits cost nothing."""
    return int(text) if len(text) < 30 else text


def to_text(value: Any) -> str:
    """A JSON scalar as text; anything nested as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return str(value)


def flatten(record: dict[str, Any]) -> dict[str, str]:
    """One record as heading → text. `address{}` → `address.city`; `phones[{type, number}]` → `phones.mobile`;
    `customFields[{name, value}]` → `customFields.<name>`; `contacts[{contactId, isPrimary}]` → `contacts.contactId`, a JSON
    list with the primary one first; every other list → JSON."""
    row: dict[str, str] = {}
    for key, value in record.items():
        _put(row, str(key), value, 1)
    return row


def _put(row: dict[str, str], heading: str, value: Any, depth: int) -> None:
    if isinstance(value, dict | list) and (said := prose(value)) is not None:
        _add(row, heading, said)
    elif isinstance(value, dict) and _is_choice(heading) and (name := _choice(value)):
        _add(row, heading, to_text(value[name]))
        for key in value:
            if key != name:
                _put(row, f"{heading}.{key}", value[key], depth + 1)
    elif isinstance(value, dict) and value and depth < _DEPTH:
        for key, item in value.items():
            _put(row, f"{heading}.{key}", item, depth + 1)
    elif isinstance(value, list) and value and all(isinstance(item, dict) and item for item in value):
        for name, text in _records(heading, value).items():
            _add(row, name, text)
    else:
        _add(row, heading, to_text(value))


@lru_cache(maxsize=4096)
def _is_choice(heading: str) -> bool:
    return bool(_CHOICE.search(heading))


def _choice(value: dict) -> str:
    """The key of the name of a stage, status or another choice that is told with its id (`{"id": 3, "name": "New"}`)."""
    name = next(
        (key for key in ("name", "label", "title", "value") if isinstance(value.get(key), str) and value[key]), ""
    )
    return name if name and value.keys() - {name} <= _BESIDE else ""


def _add(row: dict[str, str], heading: str, text: str) -> None:
    name, again = heading, 2
    while name in row and row[name] != text:
        name, again = f"{heading} ({again})", again + 1
    row[name] = text


def _records(heading: str, items: list[dict]) -> dict[str, str]:
    keys = {in_english(str(key)): key for item in items for key in item}
    nested = any(isinstance(value, dict | list) for item in items for value in item.values())
    last = heading.rsplit(".", 1)[-1]
    said = in_english(last)
    properties = bool(_PROPERTY_PARENT.search(last)) or said == "customfields"
    if not properties and (found := _mails(heading, items, keys)):
        return found
    name = next((keys[key] for key in _NAME if key in keys), None)
    if name is None and len(keys) == 2 and "value" in keys:
        name = next(key for key in keys.values() if key != keys["value"])
    if name and "value" in keys and (properties or set(keys) <= {name.casefold(), "value"}) and len(keys) <= 4:
        return _pairs(heading, items, name, keys["value"])
    few = len(items) <= _FEW and bool(_OF_PERSON.search(last)) and not any(map(_is_link, keys.values()))
    if len(_ADDRESS & keys.keys()) >= 2 or (few and nested):
        return _numbered(heading, items, keys)
    if nested:
        return {heading: to_text(items)}
    items, sorted_keys = _primary_first(items, keys)
    kind = next((keys[key] for key in _TYPE if key in keys), None)
    value = next((keys[key] for key in _VALUE if key in keys), None)
    if value and set(sorted_keys) <= {kind, value, keys.get("id")} and _one_kind(items, value):
        return _typed(heading, items, kind, value)
    if (_LINK_PARENT.match(last) or _LINK_PARENT.match(said)) and any(map(_is_link, sorted_keys)):
        return {f"{heading}.{key}": to_text([item.get(key) for item in items]) for key in sorted_keys}
    return _numbered(heading, items, keys) if few else {heading: to_text(items)}


def _is_link(key: str) -> bool:
    """Whether a key says which record is meant, in any language: an id, or a word for what has one (`kontaktId`, `id_contato`)."""
    words = _WORD.findall(key)
    return (
        bool(_LINK_KEY.match(key)) or in_english(key) == "id" or (len(words) == 2 and "id" in map(str.casefold, words))
    )


def _numbered(heading: str, items: list[dict], keys: dict[str, str]) -> dict[str, str]:
    """Addresses: the parts of the first (or primary) one under the list's own heading, those of others under their type or number."""
    kind = next((keys[key] for key in _TYPE if key in keys), None)
    row: dict[str, str] = {}
    items, names = _primary_first(items, keys)
    for number, item in enumerate(items, 1):
        said = to_text(item.get(kind)).lower() if kind and number > 1 else ""
        rest = {key: item[key] for key in item if key in names and not (said and key == kind)}
        _put(row, f"{heading}.{said or number}" if number > 1 else heading, rest, 2)
    return row


def _mails(heading: str, items: list[dict], keys: dict[str, str]) -> dict[str, str]:
    """A list of e-mail addresses in order, which tells the main one, and lists of what else is said of them, such as their types."""
    value = next((keys[key] for key in _VALUE if key in keys), None)
    if value is None or "@" not in str(items[0].get(value)):
        return {}
    items, names = _primary_first(items, keys)
    texts = [item.get(value) or "" for item in items]
    if not all(isinstance(text, str) and (not text or _MAIL.fullmatch(text.strip())) for text in texts):
        return {}
    row = {heading: to_text([text for text in texts if text])}
    for name in names:
        if name not in (value, keys.get("id")) and any(item.get(name) not in (None, "", False) for item in items):
            row[f"{heading}.{name}"] = to_text([item.get(name) for item in items])
    return row


def _pairs(heading: str, items: list[dict], name: str, value: str) -> dict[str, str]:
    row: dict[str, str] = {}
    for item in items:
        if item.get(name) not in (None, ""):
            _add(row, f"{heading}.{to_text(item[name])}", to_text(item.get(value)))
    return row


def _primary_first(items: list[dict], keys: dict[str, str]) -> tuple[list[dict], list[str]]:
    """Items with the primary one first; its flag is then told by the order, and left out when it says nothing more."""
    flag = next((key for said, key in keys.items() if _says_main(said, key, items)), None)
    names = list(dict.fromkeys(key for item in items for key in item))
    if flag is None:
        return items, names
    ordered = sorted(items, key=lambda item: not _truthy(item.get(flag)))
    once = sum(_truthy(item.get(flag)) for item in items) == 1 or len(items) == 1
    return ordered, [name for name in names if name != flag] if once else names


def _says_main(said: str, key: str, items: list[dict]) -> bool:
    """Whether a key says which item is the main one: by its words, and by yes or no alone (`primary_phone` has numbers)."""
    named = said in _PRIMARY or speaks_of(key, "primary")
    return named and all(fold(to_text(item.get(key))) in _ANSWERS for item in items)


_ANSWERS = TRUE | FALSE | {""}


def _truthy(value: Any) -> bool:
    return str(value).casefold() in ("true", "1", "yes", "y", "1.0")


def _one_kind(items: list[dict], value: str) -> bool:
    return all(not isinstance(item.get(value), dict | list) for item in items)


def _typed(heading: str, items: list[dict], kind: str | None, value: str) -> dict[str, str]:
    row: dict[str, str] = {}
    for number, item in enumerate(items, 1):
        _add(
            row,
            f"{heading}.{to_text(item.get(kind)).lower() or number}" if kind else f"{heading}.{number}",
            to_text(item.get(value)),
        )
    return row


def frame_of(records: Iterable[dict[str, Any]], most: int) -> tuple[pd.DataFrame, int]:
    """Flat text columns of many records (missing ""), and how many headings beyond `most` were left out."""
    columns: dict[str, list[str]] = {}
    count = 0
    extra: set[str] = set()
    for record in records:
        for heading, text in flatten(record).items():
            column = columns.get(heading)
            if column is None:
                if len(columns) >= most:
                    extra.add(heading)
                    continue
                column = columns[heading] = []
            if len(column) < count:
                column.extend([""] * (count - len(column)))
            column.append(text)
        count += 1
    for column in columns.values():
        column.extend([""] * (count - len(column)))
    columns = _told_kinds(columns)
    ordered = sorted(columns)
    kept = {name: column for name, column in columns.items() if any(column) or not _has_parts(name, ordered)}
    return pd.DataFrame({name: pd.Series(column, dtype=TEXT) for name, column in kept.items()}), len(extra)


def _told_kinds(columns: dict[str, list[str]]) -> dict[str, list[str]]:
    """The columns without those that only say, in every row alike, what an object inside a record is; others are its type."""
    end = f".{KIND}"
    told = {name for name, column in columns.items() if name.endswith(end) and len(set(column) - {""}) <= 1}
    return {
        name.removesuffix(end) + ".type"
        if name.endswith(end) and f"{name.removesuffix(end)}.type" not in columns
        else name: column
        for name, column in columns.items()
        if name not in told
    }


def _has_parts(heading: str, ordered: list[str]) -> bool:
    """Whether an empty column is only the blank (`null`, `{}`, `[]`) of one that other records fill in parts."""
    at = bisect_left(ordered, f"{heading}.")
    return at < len(ordered) and ordered[at].startswith(f"{heading}.")
