"""Records inside JSON records (an account's people, a person's notes) → lists of their own that point to their parent."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pb2hl.source.nested_words import in_english
from pb2hl.source.prose import prose

_DEPTH = 6
_OWN_ID = frozenset({"id", "uuid", "guid", "_id", "uid", "key", "no", "nr", "number", "code"})
_NAMES = ("name", "title", "fullname", "displayname", "email", "mail")
_ABOUT = frozenset(
    "type label kind category role main primary isprimary ismain default isdefault preferred position order value".split()
)
"""Keys that say how an item belongs to its record, and nothing of the item itself."""

_PARTS = re.compile(
    r"(?i)^(e?-?mails?|e-?mail_?addresses|phones?|phone_?numbers|telephones?|address(es)?|websites?|urls?|links?|socials?|tags?|labels?"
    r"|custom_?fields?|fields?|propert(y|ies)|attributes?|metadata|extras?|options|values|choices|steps|actions|conditions|filters|stages|exceptions"
    r"|followers|members|attendees|participants|owners?|users?)$"
)
"""Lists that are a part of their record, whatever their items look like."""

_TOLD = re.compile(
    r"(?i)^(notes?|comments?|remarks?|tasks?|to_?dos?|activit(y|ies)|timeline|history|calls?|meetings?|appointments?|events?"
    r"|attachments?|files?|documents?|deals?|opportunit(y|ies)|contacts?|people|persons?|compan(y|ies)|organi[sz]ations?)$"
)
"""Lists of records even when their items have no id."""

_APART = re.compile(
    r"(?i)^(options|values|choices|stages|followers|members|attendees|participants|owners?|users?|fields?|links?|custom_?fields?|deals?|opportunit(y|ies)"
    r"|contacts?|people|persons?|compan(y|ies)|organi[sz]ations?)$"
)
"""Lists that an answer holds as readily as a record does."""


_PEOPLE = re.compile(r"(?i)^(contacts?|people|persons?|contact_?persons?|ansprechpartner|interlocuteurs|referenti)$")
_HAS_PEOPLE = re.compile(
    r"(?i)compan|organi[sz]ation|account|lead|client|customer|kunde|firm|soci[eé]t|azienda|empresa"
)


@dataclass
class Lists:
    """Lists of records by name; `places` holds the place of each record in the file (the row it came from)."""

    records: dict[str, list[dict]] = field(default_factory=lambda: defaultdict(list))
    places: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, other: Lists) -> None:
        """Take over the lists of `other`, behind those of the same name."""
        for name, records, places in other:
            self.records[name] += records
            self.places[name] += places

    def __iter__(self) -> Iterator[tuple[str, list[dict], list[int]]]:
        for name, records in self.records.items():
            yield name, records, self.places[name]


def unnest(name: str, parent: str, records: list[dict], places: list[int]) -> Lists:
    """`records` of the list `name` with the records inside them taken out, each list under its own name.

    A record that was inside another gets a column `<parent>.id` (or `.name`, where the parent has no id), with `parent`
    the name of the list or file. Lists of mere values, of links and of parts such as phones stay where they are.
    """
    found = Lists()
    found.records[name], found.places[name] = [], []  # a list without records is a table all the same
    for record, place in zip(records, places, strict=True):
        _take(name, parent, record, place, found, 1)
    inner = found.records.keys() - {name}
    for others in found.records.values():
        for record in others:
            for key in [key for key in record if key in inner and not record[key]]:
                del record[key]  # a record without any has an empty list, which says no more than its absence
    return found


def hangs_on(key: str) -> bool:
    """Whether a list under `key` belongs to the record that it stands in (its phones, its notes), not to the whole answer."""
    return bool((_PARTS.match(key) or _TOLD.match(key)) and not _APART.match(key))


def has_own_id(record: dict) -> bool:
    """Whether a record has an id of its own; a code may be an error's."""
    return any(
        _key(key) in _OWN_ID - {"code", "key", "number"} and value not in (None, "") for key, value in record.items()
    )


def has_mark(record: dict) -> bool:
    """Whether a record says which one it is: by an id, a name or an e-mail."""
    return bool(_mark(record))


def marks(headings: Iterable[str]) -> list[str]:
    """The columns of a table that may say which record a row is."""
    return [heading for heading in headings if _key(heading) in _OWN_ID or _key(heading) in _NAMES]


def _take(name: str, parent: str, record: dict, place: int, found: Lists, depth: int) -> None:
    inner = [key for key, value in record.items() if _is_records(str(key), value, parent)] if depth < _DEPTH else []
    mark = _mark(record)
    if not mark:
        inner = []
    found.records[name].append({key: value for key, value in record.items() if key not in inner})
    found.places[name].append(place)
    for key in inner:
        for item in record[key]:
            child = {**item} if _points(item, parent) else {**item, f"{parent}.{mark}": record[mark]}
            _take(str(key), str(key), child, place, found, depth + 1)


def _mark(record: dict) -> str:
    """The key that tells a record from others: its id, else its name or e-mail; "" without any."""
    by_key = {_key(key): key for key, value in record.items() if isinstance(value, str | int | float) and value != ""}
    return next(
        (by_key[name] for name in (*sorted(_OWN_ID & by_key.keys(), key=_id_first), *_NAMES) if name in by_key), ""
    )


def _id_first(name: str) -> tuple[bool, str]:
    return name not in ("id", "uuid", "guid", "_id"), name


@lru_cache(maxsize=4096)
def _key(key: object) -> str:
    text = str(key).casefold()
    return text if text == "_id" else re.sub(r"[\s_-]", "", text)


def _points(item: dict, parent: str) -> bool:
    """Whether an item already says which record it belongs to."""
    own = re.sub(r"(ies|s)$", "", _key(parent))
    return any(
        _key(key) in (f"{own}id", f"{own}yid", f"{own}.id") and value not in (None, "") for key, value in item.items()
    )


def _is_records(key: str, value: Any, parent: str) -> bool:
    said = in_english(key)
    if not isinstance(value, list) or not value or _PARTS.match(key) or _PARTS.match(said):
        return False
    if not all(isinstance(item, dict) and item for item in value) or prose(value) is not None:
        return False
    keys = {in_english(str(name)) for item in value for name in item if not isinstance(item[name], bool)}
    ids = {
        in_english(str(name)) for item in value for name in item if not isinstance(item[name], list | dict)
    } & _OWN_ID
    describing = keys - _OWN_ID - _ABOUT
    told = bool(_TOLD.match(key) or _TOLD.match(said))
    if ids and len(describing) >= (2 if told else 3):
        return not _links(keys)
    if (_PEOPLE.match(key) or _PEOPLE.match(said)) and _HAS_PEOPLE.search(parent) and not ids and len(describing) >= 2:
        return True  # a company's people, who stand nowhere else without an id to be found by
    return told and len(describing) >= 2 and not _links(keys)


def _links(keys: set[str]) -> bool:
    """Whether items, by what they say beside yes and no, only name records that stand elsewhere: `{id, name, email}`, `{contactId}`."""
    rest = keys - _OWN_ID - _ABOUT - set(_NAMES)
    return not rest or all(name.startswith("id") or name.endswith("id") for name in rest)
