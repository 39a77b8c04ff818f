"""Associations of the location and relations of records through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid, missing
from pb2hl.sandbox.contacts import page_numbers
from pb2hl.sandbox.routes import Call, endpoint

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_OBJECTS = {
    "BUSINESSES_OPPORTUNITIES_ASSOCIATION": ("business", "opportunity"),
    "OPPORTUNITIES_CONTACTS_ADDITIONAL_ASSOCIATION": ("opportunity", "contact"),
    "TASK_OPPORTUNITY_ASSOCIATION": ("task", "opportunity"),
    "TASK_BUSINESS_ASSOCIATION": ("task", "business"),
}
_COLLECTIONS = {"business": "businesses", "opportunity": "opportunities", "contact": "contacts", "task": "tasks"}


def _associations(sandbox: State) -> list[dict[str, Any]]:
    """HighLevel's own associations that this location has (behaviour `associations`)."""
    return [
        {
            "id": f"as{key}",
            "locationId": sandbox.location,
            "key": key,
            "firstObjectKey": first,
            "firstObjectLabel": first,
            "secondObjectKey": second,
            "secondObjectLabel": second,
            "associationType": "SYSTEM_DEFINED",
        }
        for key, (first, second) in _OBJECTS.items()
        if key in sandbox.behaviour.associations
    ]


@endpoint("GET", "/associations/", "associations.readonly", query="locationId skip limit")
def list_associations(sandbox: State, call: Call) -> Answer:
    """The associations of the location."""
    limit, skip = page_numbers(call, 100)
    found = _associations(sandbox)
    return Answer({"associations": found[skip : skip + limit], "total": len(found)})


@endpoint(
    "POST",
    "/associations/relations",
    "associations/relation.write",
    "locationId! associationId! firstRecordId! secondRecordId!",
)
def relate(sandbox: State, call: Call) -> Answer:
    """Relate two records through an association; its first object's record comes first. Twice is refused."""
    body = call.body
    association = next((item for item in _associations(sandbox) if item["id"] == body["associationId"]), None)
    if association is None:
        raise missing("Association", body["associationId"])
    for name in ("first", "second"):
        key = association[f"{name}ObjectKey"]
        if sandbox.collections[_COLLECTIONS[key]].get(body[f"{name}RecordId"]) is None:
            raise invalid(f"{name}RecordId is no {key}")
    pair = {name: body[name] for name in ("associationId", "firstRecordId", "secondRecordId")}
    held = sandbox.relations.find("record", body["firstRecordId"])
    if any(all(item[name] == value for name, value in pair.items()) for item in held):
        raise Reject(400, "Relation already exists")
    relation = {"id": sandbox.ids.record("relation"), "locationId": sandbox.location, **pair}
    if not sandbox.behaviour.relations_persist:
        return Answer(_view(association, relation), 201)
    return Answer(_view(association, sandbox.relations.put(relation)), 201)


@endpoint("GET", "/associations/relations/{recordId}", "associations/relation.readonly", query="locationId skip limit")
def of_record(sandbox: State, call: Call) -> Answer:
    """The relations of a record, whichever end it is."""
    limit, skip = page_numbers(call, 100)
    known = {item["id"]: item for item in _associations(sandbox)}
    found = [
        _view(known[item["associationId"]], item) for item in sandbox.relations.find("record", call.path["recordId"])
    ]
    return Answer({"relations": found[skip : skip + limit], "total": len(found)})


@endpoint("DELETE", "/associations/relations/{relationId}", "associations/relation.write", query="locationId")
def unrelate(sandbox: State, call: Call) -> Answer:
    """Take a relation away."""
    relation = sandbox.relations.get(call.path["relationId"])
    if relation is None:
        raise missing("Relation", call.path["relationId"])
    known = {item["id"]: item for item in _associations(sandbox)}
    sandbox.relations.remove(relation["id"])
    return Answer(_view(known[relation["associationId"]], relation))


def _view(association: dict[str, Any], relation: Record) -> dict[str, Any]:
    shown = {name: value for name, value in association.items() if name not in ("id", "locationId")}
    return {**shown, **relation}
