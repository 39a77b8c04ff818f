"""What APIs and databases put around a value or record in JSON (`{"$oid": …}`, `{"edges": [{"node": …}]}`) → the value or record.

`reduced` is the `object_hook` of every JSON that is read: it sees each object once its parts are read, and answers what it means.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pb2hl.source.json_values import Answer, current, typed_property, typed_value, unlettered, whole_value

_SMALL = 12  # keys of an amount or a number at most

KIND = "_type"
"""Key under which a record says what it is, whatever the key of its dialect."""

_PAGING = frozenset("pageInfo totalCount total count __typename cursor aggregate".split())
_SIDE = frozenset({"links", "meta", "paging"})
_RESOURCE = frozenset("id type attributes relationships links meta".split())
_HIT = frozenset("_index _type _id _score _source _version _seq_no _primary_term _routing _ignored found sort".split())
_ENVELOPE = frozenset(
    "type stream namespace time_extracted emitted_at version schema table database ts xid commit op record data".split()
)
_COUCH = frozenset({"id", "key", "value", "doc"})
_INSIDE = frozenset({"record", "data", "doc", "Item", "_airbyte_data", "row_to_json"})
_HEADINGS = ("columns", "cols", "headers", "header", "heads", "fields", "schema")
_ROWS = ("rows", "data", "values", "records")
_SAYS_COLUMN = ("name", "display_name", "displayName", "title", "label", "key", "field", "column", "id")
_OF_COLUMN = frozenset(
    "name type mode format description base_type display_name displayName nullable field_ref".split()
)
_FORMATTED = "@OData.Community.Display.V1.FormattedValue"
_LOGICAL = "@Microsoft.Dynamics.CRM.lookuplogicalname"


def reduced(found: dict[str, Any]) -> Any:
    """What a JSON object means: itself, or the value, record or list that the way of writing of an API or database wraps."""
    if 0 < len(found) <= 3 and (answer := typed_value(found)) is not None:
        return answer[0]
    if not _MARKS.isdisjoint(found):
        for keys, reduce in _RULES:
            if not keys.isdisjoint(found) and (answer := reduce(found)) is not None:
                return answer[0]
    if not _HISTORIES.isdisjoint(found) and (record := _with_history(found)) is not None:
        return record
    if "__typename" in found:
        found[KIND] = found.pop("__typename")
    if "_links" in found or "@" in "".join(found):
        return _odata(found)
    return whole_value(found) if len(found) <= _SMALL else found


_HISTORIES = frozenset({"values", "entry_values", "record_id", "entry_id"})
_OWN_IDS = ("entry_id", "record_id")


def _with_history(found: dict[str, Any]) -> Any:
    """Attio's records: the current values of their fields beside the id, which says where it stands as well."""
    own = next((key for key in _OWN_IDS if key in found), "")
    if own and found.keys() <= {"workspace_id", "object_id", "list_id", own}:
        return found[own]
    name = "entry_values" if "entry_values" in found else "values"
    fields = found.get(name)
    if not isinstance(fields, dict) or "id" not in found or not all(isinstance(item, list) for item in fields.values()):
        return None
    rest = {key: value for key, value in found.items() if key != name}
    return {**rest, **{f"{name}.{key}" if key in rest else key: current(value) for key, value in fields.items()}}


def _connection(found: dict[str, Any]) -> Answer:
    """GraphQL's lists; one that says more than its paging stays an object, its list without the wrapping."""
    edges, nodes = found.get("edges"), found.get("nodes")
    if isinstance(edges, list) and all(isinstance(edge, dict) and "node" in edge for edge in edges):
        inner = [_edge(edge) for edge in edges if edge["node"] is not None]
    elif isinstance(nodes, list) and "edges" not in found and not found.keys() - _PAGING - {"nodes"}:
        inner = nodes
    else:
        return None
    info = found.get("pageInfo")
    if isinstance(info, dict) and info.get("hasNextPage") is True:
        return ({"items": inner, "pageInfo": info},)
    return (inner,)


def _edge(edge: dict[str, Any]) -> Any:
    if not isinstance(edge["node"], dict):
        return edge["node"]
    about = {f"edge.{key}": value for key, value in edge.items() if key not in ("node", "cursor", "__typename", KIND)}
    return {**edge["node"], **about}


def _resource(found: dict[str, Any]) -> Answer:
    """JSON:API's and Strapi's records: attributes and relationships stand beside the id."""
    attributes, related = found.get("attributes"), found.get("relationships")
    if isinstance(attributes, dict) and attributes.keys() == {"type", "url"}:  # Salesforce
        return ({**{key: value for key, value in found.items() if key != "attributes"}, KIND: attributes["type"]},)
    if not isinstance(attributes, dict) or "id" not in found or found.keys() - _RESOURCE:
        return None
    record = {"id": found["id"]} | ({KIND: found["type"]} if "type" in found else {})
    for prefix, part in (("attributes", attributes), ("relationships", related if isinstance(related, dict) else {})):
        for key, value in part.items():
            if not (isinstance(value, dict) and value and value.keys() <= _SIDE):
                record[f"{prefix}.{key}" if key in record else key] = value
    return (record,)


def _relation(found: dict[str, Any]) -> Answer:
    """`{"data": {"type": …, "id": …}, "links": …}`, `{"results": [{"id": …}]}`: the record or records that are meant."""
    name = "data" if "data" in found else "results"
    data, others = found[name], found.keys() - {name}
    items = data if isinstance(data, list) else [data]
    meant = all(isinstance(item, dict) and "id" in item and item.keys() <= {"type", "id", "meta"} for item in items)
    if not meant or not others <= _SIDE:
        alone = name == "data" and not others and (data is None or isinstance(data, dict))
        return (data,) if alone else None
    if isinstance(data, dict):
        return ({"id": data["id"], KIND: data.get("type")},)
    if len({item.get("type") for item in items}) > 1 and len({item["id"] for item in items}) == len(items):
        return (items,)
    return ([{"id": one} for one in dict.fromkeys(item["id"] for item in items)],)


def _listed(found: dict[str, Any]) -> Answer:
    """`{"type": "list", "data": [...]}` inside a record: the list; references of one kind by their ids."""
    items = next((found[key] for key in ("data", "results") if isinstance(found.get(key), list)), None)
    about = {"type", "object", "data", "results", "total_count", "has_more", "url", "count"}
    if (
        items is None
        or "list" not in (found.get("type"), found.get("object"))
        or found.keys() - about
        or found.get("has_more")
    ):
        return None
    if items and all(
        isinstance(item, dict) and "id" in item and item.keys() <= {"type", "object", "id", "url"} for item in items
    ):
        return ([{"id": item["id"]} for item in items],)
    return (items,)


def _board(found: dict[str, Any]) -> Answer:
    """monday's boards and items: the board names the table, the values of an item's columns stand under their titles."""
    page = found.get("items_page")
    if isinstance(page, dict) and isinstance(page.get("items"), list) and isinstance(found.get("name"), str):
        return ({"table": found["name"], "rows": page["items"], "next": page.get("cursor")},)
    values = found.get("column_values")
    if not isinstance(values, list) or not all(isinstance(item, dict) for item in values):
        return None
    record = {key: value for key, value in found.items() if key != "column_values"}
    for item in values:
        column = item.get("column")
        title = (column.get("title") if isinstance(column, dict) else None) or item.get("title") or item.get("id")
        text = item.get("text") if item.get("text") is not None else item.get("display_value", item.get("value"))
        record[f"column_values.{title}" if str(title) in record else str(title)] = text
    return (record,)


def _hit(found: dict[str, Any]) -> Answer:
    """Elasticsearch's hits."""
    source = found["_source"]
    if not isinstance(source, dict) or found.keys() - _HIT:
        return None
    own = {} if "id" in source or "_id" not in found else {"id": found["_id"]}
    return ({**own, **source} | ({KIND: found["_index"]} if "_index" in found else {}),)


def _envelope(found: dict[str, Any]) -> Answer:
    """Records that a stream or database wraps: Singer, Airbyte, Maxwell, CouchDB, DynamoDB, PostgreSQL."""
    for name in ("_airbyte_data", "row_to_json", "Item", "doc", "record", "data"):
        record = found.get(name)
        if not isinstance(record, dict):
            continue
        others = found.keys() - {name}
        if name == "_airbyte_data" or (name in ("row_to_json", "Item", "record") and not others):
            return (unlettered(record) if name == "Item" else record,)
        if name == "doc" and others == _COUCH - {"doc"}:
            return ({key: value for key, value in record.items() if key != "_rev"},)
        kind = (
            found.get("stream")
            or found.get("table")
            or record.get(KIND)
            or (found.get("type") if name == "data" else "")
        )
        if name in ("record", "data") and kind and others <= _ENVELOPE and len(record) > 1:
            return ({**record, KIND: kind},)
    return None


def _document(found: dict[str, Any]) -> Answer:
    """Firestore's documents: the last part of the path is the id, the one before it the collection."""
    fields, path = found["fields"], found.get("name")
    if not isinstance(fields, dict) or not isinstance(path, str) or "/documents/" not in path:
        return None
    *_, collection, own = path.split("/")
    times = {key: found[key] for key in ("createTime", "updateTime") if key in found}
    return ({"id": own, **fields, **times, KIND: collection},)


def _page(found: dict[str, Any]) -> Answer:
    """Notion's pages: their properties, and what the page itself says that is not where it stands."""
    properties = found["properties"]
    if found.get("object") != "page" or not isinstance(properties, dict):
        return None
    own = {
        key: found[key] for key in ("id", "created_time", "last_edited_time", "archived", "in_trash") if key in found
    }
    return ({**own, **{f"properties.{key}" if key in own else key: value for key, value in properties.items()}},)


def _embedded(found: dict[str, Any]) -> Answer:
    """HAL's records: what is embedded in one stands beside its own values."""
    inner = found["_embedded"]
    if not isinstance(inner, dict) or all(
        key in ("_embedded", "_links") or isinstance(found[key], dict) for key in found
    ):
        return None
    if not any(key.casefold() in ("id", "uuid", "name", "title", "email") for key in found):
        return None
    own = {key: value for key, value in found.items() if key not in ("_embedded", "_links")}
    return ({**own, **{f"_embedded.{key}" if key in own else key: value for key, value in inner.items()}},)


def _table(found: dict[str, Any]) -> Answer:
    """A table as headings and rows of values (`{"columns": […], "rows": [[…]]}`) as records; its columns' types are no table."""
    said = next((key for key in _HEADINGS if key in found), "")
    names = _column_names(found[said]) if said else []
    held = next((key for key in _ROWS if isinstance(found.get(key), list) and found[key]), "")
    if not names or not held:
        return None
    rest = {key: value for key, value in found.items() if key not in (said, held, "index")}
    rows = found[held]
    if all(isinstance(row, list) for row in rows):
        return ({**rest, "rows": [_row(names, row) for row in rows]},)
    described = said == "schema" or (isinstance(found[said][0], dict) and found[said][0].keys() <= _OF_COLUMN)
    if described and all(isinstance(row, dict) and row.keys() <= {*names, "index", "id"} for row in rows):
        return ({**rest, "rows": rows},)
    return None


def _row(names: list[str], values: list[Any]) -> dict[str, Any]:
    return {names[at] if at < len(names) else f"Column {at + 1}": value for at, value in enumerate(values)}


def _column_names(said: Any) -> list[str]:
    if isinstance(said, dict):
        return _column_names(said.get("fields") or said.get("columns"))
    if not isinstance(said, list) or not said:
        return []
    found = [_column_name(item) for item in said]
    return found if all(found) and len(set(found)) == len(found) else []


def _column_name(item: Any) -> str:
    if isinstance(item, dict):
        item = next((item[key] for key in _SAYS_COLUMN if isinstance(item.get(key), str) and item[key]), "")
    return item if isinstance(item, str) else ""


def _odata(found: dict[str, Any]) -> dict[str, Any]:
    """Records without the API's own addresses; a code with its label becomes the label, a lookup an object of its own."""
    out: dict[str, Any] = {}
    for key, value in found.items():
        field, at, note = key.partition("@")
        own = key == "_links" or (at and not field and note.startswith("odata.") and "nextlink" not in note.casefold())
        if own or (at and field in found and f"@{note}" in (_FORMATTED, _LOGICAL)):
            continue
        lookup = re.fullmatch(r"_(\w+)_value", key)
        label, of = found.get(key + _FORMATTED), found.get(key + _LOGICAL)
        if lookup and (label or of):
            out[lookup[1]] = {"id": value, "name": label, "type": of}
        elif (
            type(value) is int
            and isinstance(label, str)
            and re.search(r"[^\W\d_]", label)
            and not re.search(r"\d", label)
        ):
            out |= {key: label, f"{key}.code": value}
        else:
            out[key] = value
    return out


_RULES: tuple[tuple[frozenset[str], Callable[[dict[str, Any]], Answer]], ...] = (
    (frozenset({"edges", "nodes"}), _connection),
    (frozenset({"attributes"}), _resource),
    (frozenset({"_source"}), _hit),
    (_INSIDE, _envelope),
    (frozenset({"data", "results"}), _relation),
    (frozenset({"data", "results"}), _listed),
    (frozenset({"items_page", "column_values"}), _board),
    (frozenset({"type"}), typed_property),
    (frozenset(_HEADINGS), _table),
    (frozenset({"fields"}), _document),
    (frozenset({"properties"}), _page),
    (frozenset({"_embedded"}), _embedded),
)
_MARKS = frozenset().union(*(keys for keys, _ in _RULES))


def of_stream(record: dict[str, Any]) -> bool:
    """Whether a line of a stream says something about the stream (its schema, its state) and is no record."""
    return record.get("type") in (
        "SCHEMA",
        "STATE",
        "ACTIVATE_VERSION",
        "LOG",
        "TRACE",
        "SPEC",
        "CATALOG",
        "CONNECTION_STATUS",
    ) and any(
        key in record
        for key in ("value", "schema", "state", "version", "log", "trace", "spec", "catalog", "connectionStatus")
    )
