"""Businesses by their flat standard fields; their custom fields go through the object records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid
from pb2hl.sandbox.contacts import drop_relations, page_numbers
from pb2hl.sandbox.routes import Call, endpoint

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

STANDARD = ("name", "phone", "email", "website", "address", "city", "description", "state", "postalCode", "country")
_OPTIONAL = "phone email website address city postalCode state country description"
_BY = {"createdBy": {"source": "INTEGRATION", "channel": "OAUTH"}, "updatedBy": {"source": "INTEGRATION"}}


def business(sandbox: State, business_id: str) -> Record:
    """The business as it is now; 400 when there is none."""
    found = sandbox.businesses.get(business_id)
    if found is None:
        raise Reject(400, f"Business with id {business_id} not found")
    return found


def view(record: Record) -> dict[str, Any]:
    """A business as `/businesses/` gives it: standard fields only."""
    kept = ("id", *STANDARD, "locationId", "createdAt", "updatedAt")
    return {**{key: record[key] for key in kept if record.get(key) is not None}, **_BY}


def make(sandbox: State, standard: dict[str, Any], properties: dict[str, Any], record_id: str = "") -> Record:
    """Store a new business."""
    if not (standard.get("name") or "").strip():
        raise invalid("name should not be empty")
    stamp = sandbox.stamp()
    return sandbox.businesses.put(
        {
            "id": record_id or sandbox.ids.mongo("business"),
            "locationId": sandbox.location,
            **{key: standard[key] for key in STANDARD if standard.get(key) not in (None, "")},
            "properties": properties,
            "createdAt": stamp,
            "updatedAt": stamp,
        }
    )


@endpoint("POST", "/businesses/", "businesses.write", f"name! locationId! {_OPTIONAL}")
def create(sandbox: State, call: Call) -> Answer:
    """Create a business; nothing keeps two of one name apart."""
    record = make(sandbox, call.body, {})
    return Answer({"success": True, "buiseness": view(record), "business": view(record)}, 201)


@endpoint("GET", "/businesses/", "businesses.readonly", query="locationId")
def list_all(sandbox: State, call: Call) -> Answer:
    """Businesses by limit (at most 100) and skip, oldest first."""
    limit, skip = page_numbers(call, 100)
    records = list(sandbox.seen("businesses").values())
    return Answer({"businesses": [view(record) for record in records[skip : skip + limit]]})


@endpoint("GET", "/businesses/{businessId}", "businesses.readonly")
def read(sandbox: State, call: Call) -> Answer:
    """One business."""
    return Answer({"business": view(business(sandbox, call.path["businessId"]))})


@endpoint("PUT", "/businesses/{businessId}", "businesses.write", f"name {_OPTIONAL}")
def update(sandbox: State, call: Call) -> Answer:
    """Change a business's standard fields."""
    held = business(sandbox, call.path["businessId"])
    if "name" in call.body and not (call.body["name"] or "").strip():
        raise invalid("name should not be empty")
    record = sandbox.businesses.put({**held, **call.body, "updatedAt": sandbox.stamp()})
    return Answer({"success": True, "buiseness": view(record), "business": view(record)})


@endpoint("DELETE", "/businesses/{businessId}", "businesses.write")
def delete(sandbox: State, call: Call) -> Answer:
    """Delete a business; its contacts stay, unlinked."""
    remove(sandbox, business(sandbox, call.path["businessId"])["id"])
    return Answer({"success": True})


def remove(sandbox: State, business_id: str) -> None:
    """Take a business out of the location, its contacts' links and its notes' relations too."""
    for person in sandbox.contacts.find("business", business_id):
        sandbox.contacts.put({key: value for key, value in person.items() if key != "businessId"})
    drop_relations(sandbox, "business", business_id)
    sandbox.businesses.remove(business_id)
