"""Records with properties: those of custom objects, and what businesses share with them (`/objects/{schemaKey}/records`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Payload, Record, body_of, custom_value, unwrap, url_of
from pb2hl.highlevel.records.lists import Follow, Listing
from pb2hl.highlevel.records.port import PlainPort, in_turn
from pb2hl.operations import Operation

PAGES = (100, 20)
RECORDS = Listing(
    "/objects/{schemaKey}/records/search",
    ("records", "customObjectRecords"),
    "POST",
    Follow.CURSOR,
    PAGES,
    "pageLimit",
    {"query": "", "searchAfter": [], "page": 1},
    gives_total=True,
)


def property_key(field_key: str) -> str:
    """The key of a custom field in a record's properties: its fieldKey without the object's prefix."""
    return field_key.rsplit(".", 1)[-1]


def custom_properties(payload: Payload) -> dict[str, Any]:
    """The custom values of a payload as a record's properties take them."""
    values = {}
    for item in payload["customFields"]:
        value = custom_value(item)
        if item.get("dataType") == "MONETORY" and isinstance(value, int | float):
            value = {"currency": "default", "value": value}
        values[property_key(str(item["key"]))] = value
    return values


def properties_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a record in an answer, every one by its key without the object's."""
    held = record.get("properties")
    return {property_key(str(key)): value for key, value in held.items()} if isinstance(held, Mapping) else {}


class PropertiesPort(PlainPort):
    """Records of the object that `where` names as `schemaKey`; known again by the property that carries the marker."""

    every, names, listing = "/objects/{schemaKey}/records", ("record",), RECORDS

    def body(self, client: Client, payload: Payload) -> dict[str, Any]:
        """Everything is a property."""
        return {"locationId": client.location, "properties": self.properties(payload)}

    def properties(self, payload: Payload) -> dict[str, Any]:
        """The properties that `payload` sets."""
        return {**body_of(payload, without=("locationId", "customFields")), **custom_properties(payload)}

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """Change properties; this endpoint wants the location in its query."""
        where = url_of(payload)
        answer = await client.request(
            "PUT",
            self.path(client, id, where),
            params={"locationId": client.location},
            json={"properties": self.properties(payload)},
        )
        return self.flat(unwrap(answer.body, *self.names), where)

    def candidates(self, client: Client, operation: Operation, payload: Payload) -> AsyncIterator[list[Record]]:
        """What a search for its words finds, then every record."""
        where = url_of(payload)
        words = self.words(operation, payload) if _marker_key(operation, payload) else ()
        return in_turn(*(self.pages(client, **where, query=query) for query in dict.fromkeys(words)))

    def words(self, operation: Operation, payload: Payload) -> tuple[str, ...]:
        """What to search for; "" is everything."""
        return operation.marker, ""

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """Whether the property of the marker holds it."""
        return record["properties"].get(_marker_key(operation, payload)) == operation.marker


def _marker_key(operation: Operation, payload: Payload) -> str:
    items = payload.get("customFields") or ()
    return next((property_key(str(item["key"])) for item in items if custom_value(item) == operation.marker), "")
