"""Records of businesses and custom objects: properties by key, and their search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox import businesses
from pb2hl.sandbox.answers import Answer, Reject, invalid, missing
from pb2hl.sandbox.contacts import drop_relations
from pb2hl.sandbox.contactsearch import epoch_ms
from pb2hl.sandbox.filters import Order, Query
from pb2hl.sandbox.paging import cut, ordered
from pb2hl.sandbox.propertyvalues import property_value
from pb2hl.sandbox.routes import Call, endpoint

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_PATH = "/objects/{schemaKey}/records"
_ALIASES = {"postal_code": "postalCode"}
"""Further spellings of standard properties that are taken."""
PAGE_LIMIT = 100


@endpoint("POST", _PATH, "objects/record.write", "locationId! properties!:obj owner:strs followers:strs")
def create(sandbox: State, call: Call) -> Answer:
    """Create a record of a business or custom object."""
    key = _schema(sandbox, call)
    standard, custom = _clean(sandbox, key, call.body["properties"], {})
    if key == "business":
        record = businesses.make(sandbox, standard, custom)
    else:
        stamp = sandbox.stamp()
        extra = {name: call.body.get(name) or [] for name in ("owner", "followers")}
        record = sandbox.records.put(
            {
                "id": sandbox.ids.mongo("record"),
                "objectKey": key,
                "locationId": sandbox.location,
                "properties": custom,
                **extra,
                "createdAt": stamp,
                "updatedAt": stamp,
            }
        )
    return Answer({"record": _view(record)}, 201)


@endpoint("GET", _PATH + "/{id}", "objects/record.readonly")
def read(sandbox: State, call: Call) -> Answer:
    """One record, immediate."""
    return Answer({"record": _view(_record(sandbox, call))})


@endpoint(
    "PUT", _PATH + "/{id}", "objects/record.write", "properties:obj owner:strs followers:strs", query="locationId"
)
def update(sandbox: State, call: Call) -> Answer:
    """Change a record's properties; those not sent stay, null clears."""
    held, key = _record(sandbox, call), _schema(sandbox, call)
    standard, custom = _clean(sandbox, key, call.body.get("properties") or {}, held["properties"])
    if key == "business" and "name" in standard and not (standard["name"] or "").strip():
        raise invalid("name should not be empty")
    extra: dict[str, Any] = {
        name: call.body[name] for name in ("owner", "followers") if key != "business" and name in call.body
    }
    record: dict[str, Any] = {**held, **standard, **extra, "properties": custom, "updatedAt": sandbox.stamp()}
    return Answer({"record": _view(_home(sandbox, key).put({name: v for name, v in record.items() if v is not None}))})


@endpoint("DELETE", _PATH + "/{id}", "objects/record.write", refuses="locationId")
def delete(sandbox: State, call: Call) -> Answer:
    """Delete a record."""
    held, key = _record(sandbox, call), _schema(sandbox, call)
    if key == "business":
        businesses.remove(sandbox, held["id"])
    else:
        drop_relations(sandbox, key, held["id"])
        sandbox.records.remove(held["id"])
    return Answer({"id": held["id"], "success": True})


@endpoint(
    "POST",
    _PATH + "/search",
    "objects/record.readonly",
    "locationId! page!:num pageLimit!:num query!:any searchAfter!:any filters:list sort:list",
    writes=False,
)
def search(sandbox: State, call: Call) -> Answer:
    """Records by text and filters (`properties.<key>`), newest first, as far as the index has caught up."""
    body, key = call.body, _schema(sandbox, call)
    size = body["pageLimit"]
    if not 1 <= size <= PAGE_LIMIT:
        raise invalid(f"pageLimit must not be greater than {PAGE_LIMIT}")
    blind = key == "business" and sandbox.behaviour.business_name_eq_misses
    filters = Query(
        body.get("filters") or [],
        _get,
        _known,
        sandbox.behaviour.search_value_limit,
        lambda field, operator: blind and (field, operator) == ("properties.name", "eq"),
    )
    order = Order(body.get("sort") or [], "createdAt", _get)
    _check_cursor(sandbox, body["searchAfter"])
    text = str(body.get("query") or "").lower()
    text = text.split(":", 1)[1] if ":" in text else text
    records, keys = ordered(
        sandbox,
        "businesses" if key == "business" else "records",
        [key, body.get("filters"), body.get("sort"), text],
        lambda record: record.get("objectKey", "business") == key and _has(record, text) and filters.matches(record),
        order,
    )
    page = cut(sandbox, body, records, keys, order, int(size))
    total = {"total": len(records)} if sandbox.behaviour.lists_tell_total else {}
    return Answer({"records": [_hit(sandbox, key, record, order) for record in page], **total})


def _check_cursor(sandbox: State, after: Any) -> None:
    """A cursor in the form that this location takes."""
    form = sandbox.behaviour.record_cursor
    if not isinstance(after, list):
        raise invalid("searchAfter must be an array")
    if (
        form == "text"
        and (at := next((at for at, item in enumerate(after) if not isinstance(item, str)), None)) is not None
    ):
        raise invalid(f"searchAfter.{at} must be a string")
    if form == "numbers" and after and isinstance(after[0], str):
        raise invalid("searchAfter.0 must be a number")


def _schema(sandbox: State, call: Call) -> str:
    key = call.path["schemaKey"]
    if key != "business" and all(item["key"] != key for item in sandbox.objects.records.values()):
        raise missing("Object schema", key)
    return key


def _home(sandbox: State, key: str) -> Any:
    return sandbox.businesses if key == "business" else sandbox.records


def _record(sandbox: State, call: Call) -> Record:
    key = _schema(sandbox, call)
    record = _home(sandbox, key).get(call.path["id"])
    if record is None or record.get("objectKey", "business") != key:
        raise missing("Record", call.path["id"])
    return record


def _properties(record: Record) -> dict[str, Any]:
    own = {name: record[name] for name in businesses.STANDARD if record.get(name) is not None}
    return {**own, **record["properties"]}


def _view(record: Record) -> dict[str, Any]:
    return {
        "id": record["id"],
        "owner": record.get("owner", []),
        "followers": record.get("followers", []),
        "properties": _properties(record),
        "dateAdded": record["createdAt"],
        "dateUpdated": record["updatedAt"],
        "createdAt": record["createdAt"],
        "updatedAt": record["updatedAt"],
        "locationId": record["locationId"],
        "objectKey": record.get("objectKey", "business"),
    }


def _hit(sandbox: State, key: str, record: Record, order: Order) -> dict[str, Any]:
    by = {"channel": "OAUTH", "createdAt": record["createdAt"], "source": "INTEGRATION", "sourceId": "sandbox"}
    schema = next((item["id"] for item in sandbox.objects.records.values() if item["key"] == key), "business")
    return {
        **_view(record),
        "objectId": schema,
        "createdBy": by,
        "lastUpdatedBy": by,
        "searchAfter": order.values(record),
    }


def _clean(
    sandbox: State, key: str, sent: dict[str, Any], held: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(standard fields of a business, custom properties after `sent`); 400 about unknown keys and values."""
    standard: dict[str, Any] = {}
    custom = dict(held)
    for name, value in sent.items():
        plain = _ALIASES.get(name, name)
        if key == "business" and plain in businesses.STANDARD:
            if value is not None and not isinstance(value, str):
                raise Reject(400, f"Invalid value passed for {name}")
            standard[plain] = value or None
            continue
        field = next(iter(sandbox.fields.find("key", f"{key}.{name.removeprefix(key + '.')}")), None)
        if field is None:
            raise Reject(400, f"Invalid key in properties passed : {name}")
        property_value(sandbox, key, field, name.removeprefix(key + "."), value, custom)
    return standard, custom


def _known(field: str) -> bool:
    return field.startswith("properties.") or field in ("id", "createdAt", "updatedAt", "owner", "followers")


def _get(record: Record, field: str) -> Any:
    if field in ("createdAt", "updatedAt"):
        return epoch_ms(record[field])
    if field.startswith("properties."):
        value = _properties(record).get(field.removeprefix("properties."))
        return value["value"] if isinstance(value, dict) and "value" in value else value
    return record.get(field)


def _has(record: Record, text: str) -> bool:
    return not text or any(text in str(value).lower() for value in _properties(record).values())
