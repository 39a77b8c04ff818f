"""Object schemas: the standard `business` and up to ten custom objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid, missing
from pb2hl.sandbox.objectfields import GENERAL, view
from pb2hl.sandbox.routes import Call, endpoint
from pb2hl.sandbox.shapes import Shape

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

MOST_CUSTOM_OBJECTS = 10
_LABELS = Shape("singular! plural!")
_SOME_LABELS = Shape("singular plural")
_DISPLAY = Shape("key! name! dataType!")
_EPOCH = "2020-01-01T00:00:00.000Z"


def _standard(sandbox: State, key: str, singular: str, plural: str, display: str) -> Record:
    return {
        "id": f"standard{key}00000000000"[:20],
        "standard": True,
        "key": key,
        "labels": {"singular": singular, "plural": plural},
        "locationId": sandbox.location,
        "primaryDisplayProperty": display,
        "dateAdded": _EPOCH,
        "dateUpdated": _EPOCH,
        "type": "SYSTEM_DEFINED",
    }


def _all(sandbox: State) -> list[Record]:
    return [
        _standard(sandbox, "contact", "Contact", "Contacts", "contact.name"),
        _standard(sandbox, "opportunity", "Opportunity", "Opportunities", "opportunity.name"),
        _standard(sandbox, "business", "Company", "Companies", "business.name"),
        *sandbox.objects.records.values(),
    ]


def _object(sandbox: State, key: str) -> Record:
    for item in _all(sandbox):
        if item["key"] == key:
            return item
    raise missing("Object schema", key)


@endpoint("GET", "/objects/", "objects/schema.readonly", query="locationId")
def list_all(sandbox: State, call: Call) -> Answer:
    """Every object of the location, standard and custom."""
    return Answer({"objects": _all(sandbox)})


@endpoint("GET", "/objects/{key}", "objects/schema.readonly", query="locationId")
def read(sandbox: State, call: Call) -> Answer:
    """One object with its custom fields."""
    item = _object(sandbox, call.path["key"])
    fields = [view(field) for field in sandbox.fields.find("object", item["key"])]
    return Answer({"object": item, "cache": False, "fields": fields})


@endpoint(
    "POST",
    "/objects/",
    "objects/schema.write",
    "labels!:obj key! description locationId! primaryDisplayPropertyDetails!:obj",
)
def create(sandbox: State, call: Call) -> Answer:
    """Make a custom object, with a folder and the field it is displayed by."""
    body = call.body
    problems = _LABELS.problems(body["labels"], "labels.")
    problems += _DISPLAY.problems(body["primaryDisplayPropertyDetails"], "primaryDisplayPropertyDetails.")
    if problems:
        raise invalid(*problems)
    key = body["key"] if body["key"].startswith("custom_objects.") else f"custom_objects.{body['key']}"
    if any(item["key"] == key for item in _all(sandbox)):
        raise Reject(400, f"Object with key {key} already exists")
    if len(sandbox.objects) >= MOST_CUSTOM_OBJECTS:
        raise Reject(400, f"Maximum limit of {MOST_CUSTOM_OBJECTS} custom objects reached")
    stamp = sandbox.stamp()
    display = body["primaryDisplayPropertyDetails"]
    property_key = display["key"].rsplit(".", 1)[-1]
    item = sandbox.objects.put(
        {
            "id": sandbox.ids.mongo("object"),
            "standard": False,
            "key": key,
            "labels": body["labels"],
            "description": body.get("description", ""),
            "locationId": sandbox.location,
            "primaryDisplayProperty": f"{key}.{property_key}",
            "dateAdded": stamp,
            "dateUpdated": stamp,
            "type": "USER_DEFINED",
        }
    )
    _first_field(sandbox, key, property_key, display)
    return Answer({"object": item}, 201)


@endpoint(
    "PUT", "/objects/{key}", "objects/schema.write", "labels:obj description locationId! searchableProperties!:strs"
)
def update(sandbox: State, call: Call) -> Answer:
    """Change a custom object's labels and description."""
    item = _object(sandbox, call.path["key"])
    if item["standard"]:
        raise Reject(400, "Standard objects cannot be changed")
    problems = _SOME_LABELS.problems(call.body.get("labels") or {}, "labels.")
    if problems:
        raise invalid(*problems)
    changes: dict[str, Any] = {"labels": {**item["labels"], **(call.body.get("labels") or {})}}
    if "description" in call.body:
        changes["description"] = call.body["description"]
    return Answer({"object": sandbox.objects.put({**item, **changes, "dateUpdated": sandbox.stamp()})})


def _first_field(sandbox: State, key: str, property_key: str, display: dict[str, Any]) -> None:
    folder = {"id": sandbox.ids.record("folder"), "objectKey": key, "name": GENERAL, "locationId": sandbox.location}
    sandbox.folders.put(folder)
    stamp = sandbox.stamp()
    sandbox.fields.put(
        {
            "id": sandbox.ids.record("field"),
            "locationId": sandbox.location,
            "name": display["name"],
            "showInForms": True,
            "objectKey": key,
            "dataType": display["dataType"],
            "parentId": folder["id"],
            "fieldKey": f"{key}.{property_key}",
            "dateAdded": stamp,
            "dateUpdated": stamp,
        }
    )
