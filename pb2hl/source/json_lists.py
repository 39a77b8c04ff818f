"""The lists of records in a JSON document, each under the nearest key that says something; wrappers and paging are none."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pb2hl.source.dialects import KIND
from pb2hl.source.nested import hangs_on, has_mark, has_own_id

_WRAPPERS = frozenset(
    "data items item results result records record rows row value values list payload response export page pages entries entry content objects body d"
    " embedded _embedded hits docs root elements nodes node edges documents resources included member hydra:member viewer json_agg jsonb_agg"
    " json_build_object array_agg tables table collections sheets feed dataset datasets dump backup @graph".split()
)
"""Keys that say how a list is handed over and nothing of what it holds."""

_ABOUT = re.compile(
    r"(?i)^(page_?info|_?meta(_?data)?|_?links?|paging|pagination|page|cursors?|errors?|warnings?|messages?|extensions?|status|_shards|aggregations|facets"
    r"|json_?api|schema|total|totals|info|pages|request|response_?metadata|rate_?limit\w*|additional_data|debug|timing|query|_?rev|hydra:(view|search)|odata\..*|@.*)$"
)
"""Keys of what an answer says about itself."""

_PAGING = re.compile(
    r"(?i)page|paging|total|count|next|prev|offset|limit|cursor|more|size|links?$|meta|status|success|object|type|kind|version|time|done|etag|^@"
)
_NAMES = (
    "table",
    "table_name",
    "tableName",
    "collection",
    "entity",
    "model",
    "resource",
    "module",
    "stream",
    "sheet",
    "object",
    "name",
    "type",
    "kind",
)
_EXPLICIT = frozenset(_NAMES[:11])
_ROWS = frozenset({"rows", "data", "records", "documents", "docs"})
_LINK = frozenset("rel href url method type title templated self label active".split())
_SAYS_KIND = (
    KIND,
    "object",
    "type",
    "entity",
    "entity_type",
    "entityType",
    "record_type",
    "recordType",
    "model",
    "table",
    "collection",
    "kind",
)
_KINDS = 30  # more are no kinds of records
_ALIKE = 0.5  # share of keys that records of one kind have in common with others of it
_DEPTH = 8
_OTHER_PAGES = re.compile(r"(?i)^(has_?(next|more)(_?page)?|more_records|more_items_in_collection|more)$")
_NEXT = re.compile(r"(?i)^(next|next_?(page|link|url|cursor|token)\w*|@odata\.nextlink|odata\.nextlink|hydra:next)$")


@dataclass
class Document:
    """What a JSON document holds: lists of records by name ("" where only wrappers name them), and what it says of itself:
    `more` the key by which the last page says that another follows, `errors` what the answer says went wrong."""

    lists: dict[str, list[dict]] = field(default_factory=lambda: defaultdict(list))
    more: str = ""
    errors: int = 0


def find_lists(body: Any) -> Document:
    """Every list of records in `body`; lists of one name are one."""
    found = Document()
    _walk(body, "", 0, found)
    return found


def by_kind(name: str, records: list[dict], places: list[int]) -> Iterator[tuple[str, list[dict], list[int]]]:
    """`records` of the list `name`, as one list a kind where they say themselves what they are and differ accordingly."""
    marker = _kind_of(records)
    if not marker:
        yield name, records, places
        return
    keys: dict[str, set[str]] = {}
    for record in records:
        keys.setdefault(_says(record, marker), set()).update(record)
    told = marker == KIND and _differ(
        [*keys.values()], marker
    )  # else it may say which of them are leads, which customers
    parts: dict[str, tuple[list[dict], list[int]]] = {}
    for record, place in zip(records, places, strict=True):
        part = parts.setdefault(_says(record, marker), ([], []))
        part[0].append({key: value for key, value in record.items() if key != marker or not told})
        part[1].append(place)
    for kind, (of_kind, at) in parts.items():
        yield (kind if len(parts) > 1 or not name else name), of_kind, at


def _says(record: dict, marker: str) -> str:
    value = record.get(marker)
    return value if isinstance(value, str) else ""


def _kind_of(records: list[dict]) -> str:
    """The key that tells records of several kinds apart; "" where there is none."""
    for marker in _SAYS_KIND:
        kinds: dict[str, set[str]] = {}
        for record in records:
            kind = _says(record, marker)
            if not kind or len(kinds) > _KINDS:
                kinds = {}
                break
            kinds.setdefault(kind, set()).update(record)
        if kinds and (marker == KIND or (1 < len(kinds) <= _KINDS and _differ([*kinds.values()], marker))):
            return marker
    return ""


def _differ(kinds: list[set[str]], marker: str) -> bool:
    """Whether no two kinds of records have most of their keys in common."""
    own = [keys - {marker, "id"} for keys in kinds]
    return all(
        len(one & two) <= _ALIKE * len(one | two) for at, one in enumerate(own) for two in own[at + 1 :] if one | two
    )


def _walk(body: Any, name: str, depth: int, found: Document) -> None:
    if depth > _DEPTH:
        return
    if isinstance(body, dict):
        _walk_object(body, name, depth, found)
    if not isinstance(body, list):
        return
    if records := _grid(body):
        found.lists[name] += records
    elif records := [item for item in body if isinstance(item, dict)]:
        if _are_pages(records):
            pages = [(_page_name(item), item) for item in records if not _heads(item)]
            several = len({said for said, _ in pages}) > 1  # tables that name themselves, not pages of one list
            for said, item in pages:
                _walk(item, said if several and said else name, depth + 1, found)
        else:
            for kind, of_kind, _ in by_kind(name, records, [0] * len(records)):
                found.lists[kind] += of_kind


def _walk_object(body: dict, name: str, depth: int, found: Document) -> None:
    if records := _columns(body) or _keyed(body):
        found.lists[name] += records
        return
    said = _page_name(body)
    name = name or said
    inside = {key: item for key, item in body.items() if isinstance(item, list | dict) and item}
    lists = {key: item for key, item in inside.items() if not _about(key, item)}
    _heed(body, found)
    if (
        _is_record(body, lists)
        if depth
        else any(key in body for key in ("id", "_id", "uuid")) and _is_record(body, lists)
    ):
        found.lists[name].append(body)
        return
    before = sum(map(len, found.lists.values()))
    for key, item in lists.items():
        wraps = key.casefold() in _WRAPPERS and (len(lists) == 1 or _holds_list(item, 3))
        _walk(item, name if wraps else str(key), depth + 1, found)
    left = {key: item for key, item in body.items() if key not in inside}
    if sum(map(len, found.lists.values())) == before:
        if body and (depth == 0 or lists):
            found.lists[name].append(body)
    elif depth and not said and has_mark(left) and len(left) >= _LEAST:
        found.lists[name].append(left)  # a record around the lists, such as the account whose contacts they are


_LEAST = 3  # plain values of a record that stands around lists


def _is_record(body: dict, lists: dict[str, Any]) -> bool:
    """Whether an object below the document's own is a record: it holds no lists of records, or such as are parts of it."""
    within = {key: item for key, item in lists.items() if isinstance(item, list) or _holds_list(item, 3)}
    return not within or (len(body) > len(within) and has_mark(body) and all(hangs_on(key) for key in within))


def _holds_list(item: Any, depth: int) -> bool:
    if isinstance(item, list):
        return any(isinstance(part, dict) for part in item) or bool(_grid(item))
    return (
        depth > 0
        and isinstance(item, dict)
        and (bool(_keyed(item)) or any(_holds_list(part, depth - 1) for part in item.values()))
    )


def _about(key: str, item: Any) -> bool:
    """Whether an entry tells of the answer and holds no records."""
    if not _ABOUT.match(key):
        return False
    if isinstance(item, dict):
        return not _keyed(item) and not (key.casefold() in _WRAPPERS and _holds_list(item, 3))
    if re.match(r"(?i)errors?|warnings?|messages?", key):  # what went wrong has no id; messages to clients do
        return not any(isinstance(part, dict) and has_own_id(part) for part in item)
    return all(not isinstance(part, dict) or part.keys() <= _LINK for part in item)


def _heed(body: dict, found: Document) -> None:
    """Note what an answer says of itself; the last page's word on further pages counts."""
    more = ""
    for key, item in body.items():
        about = item if isinstance(item, dict) and _ABOUT.match(key) else {key: item}
        more = more or _says_more(about) or ("" if about is not item else _deeper(about))
        if re.fullmatch(r"(?i)errors?", key) and isinstance(item, list):
            found.errors += len(item)
    if more or any(_is_records_key(key, item) for key, item in body.items()):
        found.more = more


def _is_records_key(key: str, item: Any) -> bool:
    return key.casefold() in _WRAPPERS and isinstance(item, list)


def _deeper(about: dict) -> str:
    return next((more for item in about.values() if isinstance(item, dict) and (more := _says_more(item))), "")


def _says_more(about: dict) -> str:
    for key, value in about.items():
        if _OTHER_PAGES.match(str(key)) and value is True:
            return str(key)
        if _NEXT.match(str(key)) and value and isinstance(value, str | dict):
            return str(key)
    return ""


def _are_pages(records: list[dict]) -> bool:
    """Whether the items of a list only wrap the records: pages, named tables, or objects of nothing but lists."""
    found = False
    for item in records:
        if _page_key(item) or _only_lists(item):
            found = True
        elif not _heads(item):
            return False
    return found


def _heads(item: dict) -> bool:
    """Whether an item between pages only heads them (`{"type": "header", "version": …}`)."""
    return len(item) <= 5 and item.get("type") in ("header", "database", "meta", "metadata", "schema", "info", "footer")


def _only_lists(item: dict) -> bool:
    return (
        bool(item)
        and all(
            isinstance(value, list) and value and all(isinstance(part, dict) for part in value)
            for value in item.values()
        )
        and not all(hangs_on(key) for key in item)
    )


def _page_key(item: dict) -> str:
    """The key of the records of a page such as `{"page": 1, "items": [...]}`; "" when `item` is a record itself."""
    inner = [key for key, value in item.items() if key.casefold() in _WRAPPERS and _listed(value)]
    if len(inner) != 1:
        return ""
    others = [key for key in item if key not in inner]
    if all(_PAGING.search(key) or _ABOUT.match(key) for key in others):
        return inner[0]
    return inner[0] if _page_name(item) else ""


def _listed(value: Any) -> bool:
    return isinstance(value, list) and (
        not value or any(isinstance(part, dict) for part in value) or bool(_grid(value))
    )


def _page_name(item: dict) -> str:
    """What a page or table says it holds (`{"table": "contacts", "rows": [...]}`); "" when it does not."""
    if "id" in item or any(isinstance(value, dict) and not _ABOUT.match(key) for key, value in item.items()):
        return ""
    held = [key for key, value in item.items() if key.casefold() in _WRAPPERS and _listed(value)]
    if len(held) != 1:
        return ""
    for key in _NAMES:
        said = item.get(key)
        if (
            isinstance(said, str)
            and said
            and said.casefold() not in _WRAPPERS
            and (key in _EXPLICIT or held[0] in _ROWS)
        ):
            return said.rsplit(".", 1)[-1] if key in _EXPLICIT else said
    return ""


def _grid(body: list) -> list[dict]:
    """Records of a list of rows whose first names the columns: `[["id", "name"], [1, "a"]]`."""
    if len(body) < 2 or not all(isinstance(row, list) for row in body):
        return []
    names = body[0]
    if (
        len(names) < 2
        or not all(isinstance(name, str) and name.strip() for name in names)
        or len(set(names)) < len(names)
    ):
        return []
    if not all(len(row) <= len(names) for row in body) or any(isinstance(cell, dict) for row in body for cell in row):
        return []
    if not any(re.search(r"[^\W\d_]", name) for name in names):
        return []
    return [dict(zip(names, row, strict=False)) for row in body[1:] if row]


def _columns(body: dict) -> list[dict]:
    """Records of a table written by columns: `{"id": [1, 2], "name": ["a", "b"]}`."""
    values = [_by_index(value) for value in body.values()]
    if (
        len(values) < 2
        or not all(isinstance(value, list) and value for value in values)
        or len({len(value) for value in values}) > 1
    ):
        return []
    if any(isinstance(part, dict | list) for value in values for part in value):
        return []
    return [dict(zip(body, row, strict=True)) for row in zip(*values, strict=True)]


def _by_index(value: Any) -> Any:
    """The values of a column that is written by the number of the row: `{"0": "a", "1": "b"}`."""
    if isinstance(value, dict) and value and all(key == str(at) for at, key in enumerate(value)):
        return list(value.values())
    return value


def _keyed(body: dict) -> list[dict]:
    """Records of an object keyed by id (`{"17": {...}, "18": {...}}`), by a random or speaking key, or by e-mail address."""
    if not body or not all(isinstance(value, dict) and value for value in body.values()):
        return []
    if not (all(_is_key(str(key)) for key in body) or _alike(list(body.values()))):
        return []
    counted = all(str(key) == str(at) for at, key in enumerate(body))
    return [_with_key("" if counted else str(key), value) for key, value in body.items()]


def _is_key(key: str) -> bool:
    bare = key.strip("{}")
    random = len(bare) >= _RANDOM and re.fullmatch(r"[\w:-]+", bare) and re.search(r"\d[^\W\d_]", bare)
    return bool(random or re.fullmatch(r"\d+|[0-9a-fA-F-]{16,}|[A-Za-z]{0,4}[-_]?\d+", bare))


_RANDOM = 14
"""Characters from which a key with letters behind digits is an id that a machine made (`rec0Xy1Z2a3B4c5D`, and no `contact_person_1`)."""


def _alike(records: list[dict]) -> bool:
    """Whether objects are records of one kind: plain values under the same keys for the most part, and no lists of records but such
    as are parts of theirs."""
    inside = (item for record in records for item in record.items() if not hangs_on(item[0]))
    if len(records) < 2 or any(_holds_list(value, 2) for _, value in inside):
        return False
    if not all(any(not isinstance(value, dict | list) for value in record.values()) for record in records):
        return False
    first = records[0].keys()
    return all(
        len(first & record.keys()) > 1 and len(first & record.keys()) >= _ALIKE * len(first | record.keys())
        for record in records[1:]
    )


def _with_key(key: str, record: dict) -> dict:
    if any(name.casefold() in ("id", "_id", "uuid", "guid") for name in record):
        return record if not key or key in map(str, record.values()) else {**record, "key": key}
    if not key:
        return record
    return {"email" if "@" in key and "email" not in record else "id": key, **record}
