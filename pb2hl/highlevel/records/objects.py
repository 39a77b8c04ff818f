"""Custom objects and their records: `/objects/` and `/objects/{schemaKey}/records`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Created, NotUpdatable, Payload, Record, id_of
from pb2hl.highlevel.records.lists import Listing
from pb2hl.highlevel.records.objectrecords import PAGES, RECORDS, PropertiesPort, custom_properties, properties_of
from pb2hl.highlevel.records.port import PlainPort, as_page
from pb2hl.operations import Operation

PREFIX = "custom_objects."
"""What HighLevel puts before the key of every custom object (objects-v3.json)."""

OURS = f"{PREFIX}perfect_books_"
"""How the keys of the objects that migrations make begin: by it they are known again."""

MOST_OBJECTS = 10
"""Custom objects that a location may have (BEHAVIOUR: custom fields)."""

STAMPS = ("createdAt", "updatedAt", "dateAdded", "dateUpdated")
OBJECTS = Listing("/objects/", ("objects",))


class ObjectPort(PlainPort):
    """Schemas of custom objects. The API has no way to delete one."""

    every, names = "/objects/", ("object",)

    async def finish(self, client: Client, record: Record, payload: Payload, trace_id: str = "") -> Created:
        """References need the key that HighLevel gave the object, and that of the property it is displayed by."""
        key = str(record.get("key") or payload["key"])
        shown = str(record.get("primaryDisplayProperty") or payload["primaryDisplayPropertyDetails"]["key"])
        return Created(id_of(record), {"id": id_of(record), "key": key, "primaryDisplayProperty": shown}, trace_id)

    async def get(self, client: Client, id: str, **where: str) -> Record:
        """Out of the list: there is no read by id."""
        for item in await custom_objects(client):
            if id_of(item) == id:
                return item
        raise NotFound(f"there is no custom object {id}", status=404, method="GET", path="/objects/")

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """Never done."""
        raise NotUpdatable("a custom object is never changed")

    async def delete(self, client: Client, id: str, **where: str) -> None:
        """Not possible."""
        raise NotUpdatable("HighLevel's API cannot delete a custom object")

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All custom objects in one page."""
        return as_page(custom_objects(client))

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """Known by its key, which begins as only ours do."""
        return str(record["key"]) == str(payload["key"])


class ObjectRecordPort(PropertiesPort):
    """Records of custom objects. `where`: `schemaKey`, the key of their object; `pages` without it walks through all of ours.

    Records come as `{"id", "objectKey", <stamps>, "properties"}`, every property by its key without the object's.
    """

    def properties(self, payload: Payload) -> dict[str, Any]:
        """Such a record has none but custom values."""
        return custom_properties(payload)

    def flat(self, record: Record, where: Mapping[str, Any]) -> Record:
        """Without what HighLevel keeps for itself."""
        stamps = {name: record[name] for name in STAMPS if name in record}
        return {"id": id_of(record), "objectKey": where["schemaKey"], **stamps, "properties": properties_of(record)}

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """The records of `schemaKey`, or of every object whose key begins as ours do, 100 a request."""
        return self._pages(client, str(where.get("schemaKey") or ""), {"query": str(where.get("query") or "")})

    async def _pages(self, client: Client, key: str, more: dict[str, str]) -> AsyncIterator[list[Record]]:
        found = [str(item["key"]) for item in await custom_objects(client)] if not key else []
        for one in [key] if key else [item for item in found if item.startswith(OURS)]:
            of_one = {"schemaKey": one}
            async for page in self._flattened(RECORDS.pages(client, of_one, more), of_one):
                yield page


async def custom_objects(client: Client) -> list[Record]:
    """The location's custom objects, those that HighLevel comes with left out."""
    return [item for item in await OBJECTS.all(client) if str(item.get("key") or "").startswith(PREFIX)]


__all__ = ["MOST_OBJECTS", "OURS", "PAGES", "PREFIX", "ObjectPort", "ObjectRecordPort", "custom_objects"]
