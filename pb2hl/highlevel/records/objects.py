"""Custom objects and their records: `/objects/` and `/objects/{schemaKey}/records`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel.answers import Answer
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records import paging
from pb2hl.highlevel.records.base import (
    Created,
    NotUpdatable,
    Payload,
    Record,
    body_of,
    custom_value,
    gone,
    id_of,
    rows,
    seek,
    unwrap,
    url_of,
)
from pb2hl.highlevel.records.businesses import custom_properties, property_key
from pb2hl.operations import Operation

PREFIX = "custom_objects."
"""What HighLevel puts before the key of every custom object (objects-v3.json)."""

OURS = f"{PREFIX}perfect_books_"
"""How the keys of the objects that migrations make begin: by it they are known again."""

MOST_OBJECTS = 10
"""Custom objects that a location may have (BEHAVIOUR: custom fields)."""

PAGES = (100, 20)
STAMPS = ("createdAt", "updatedAt", "dateAdded", "dateUpdated")


class ObjectPort:
    """Schemas of custom objects. The API has no way to delete one."""

    async def create(self, client: Client, payload: Payload) -> Created:
        answer = await client.request("POST", "/objects/", json={**body_of(payload), "locationId": client.location})
        made = unwrap(answer.body, "object")
        if not id_of(made):
            raise client.lost("POST /objects/")
        return _made(made, payload, answer)

    async def get(self, client: Client, id: str, **where: str) -> Record:
        for item in await custom_objects(client):
            if id_of(item) == id:
                return item
        raise NotFound(f"there is no custom object {id}", status=404, method="GET", path="/objects/")

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        raise NotUpdatable("a custom object is never changed")

    async def delete(self, client: Client, id: str, **where: str) -> None:
        raise NotUpdatable("HighLevel's API cannot delete a custom object")

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All custom objects in one page."""
        return self._pages(client)

    async def _pages(self, client: Client) -> AsyncIterator[list[Record]]:
        yield await custom_objects(client)

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        """Found by its key, which begins as only ours do."""

        async def look() -> Created | None:
            for item in await custom_objects(client):
                if str(item["key"]) == str(payload["key"]):
                    return _made(item, payload)
            return None

        return await seek(client, look)


class ObjectRecordPort:
    """Records of custom objects. `where`: `schemaKey`, the key of their object; `pages` without it walks through all of ours.

    Records come as `{"id", "objectKey", <stamps>, "properties"}`, every property by its key without the object's.
    """

    async def create(self, client: Client, payload: Payload) -> Created:
        path = _path(url_of(payload))
        body = {"locationId": client.location, "properties": custom_properties(payload)}
        answer = await client.request("POST", path, json=body)
        made = unwrap(answer.body, "record")
        if not id_of(made):
            raise client.lost(f"POST {path}")
        return Created(id_of(made), {"id": id_of(made)}, answer.trace_id)

    async def get(self, client: Client, id: str, **where: str) -> Record:
        answer = await client.request("GET", f"{_path(where)}/{id}")
        return _flat(unwrap(answer.body, "record"), where["schemaKey"])

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        where = url_of(payload)
        answer = await client.request(
            "PUT",
            f"{_path(where)}/{id}",
            params={"locationId": client.location},
            json={"properties": custom_properties(payload)},
        )
        return _flat(unwrap(answer.body, "record"), where["schemaKey"])

    async def delete(self, client: Client, id: str, **where: str) -> None:
        await gone(client.request("DELETE", f"{_path(where)}/{id}"))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """The records of `schemaKey`, or of every object whose key begins as ours do, 100 a request."""
        return self._pages(client, str(where.get("schemaKey") or ""), str(where.get("query") or ""))

    async def _pages(self, client: Client, key: str, query: str) -> AsyncIterator[list[Record]]:
        found = [str(item["key"]) for item in await custom_objects(client)] if not key else []
        for one in [key] if key else [item for item in found if item.startswith(OURS)]:
            async for page in _search(client, one, query):
                yield [_flat(record, one) for record in page]

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        items = payload.get("customFields") or ()
        key = next((property_key(str(item["key"])) for item in items if custom_value(item) == operation.marker), "")
        if not key:
            return None

        async def look() -> Created | None:
            for query in (operation.marker, ""):
                async for page in self.pages(client, **url_of(payload), query=query):
                    for record in page:
                        if record["properties"].get(key) == operation.marker:
                            return Created(id_of(record), {"id": id_of(record)})
            return None

        return await seek(client, look)


async def custom_objects(client: Client) -> list[Record]:
    """The location's custom objects, those that HighLevel comes with left out."""
    answer = await client.request("GET", "/objects/", params={"locationId": client.location})
    return [item for item in rows(answer.body, "objects") if str(item.get("key") or "").startswith(PREFIX)]


def _search(client: Client, key: str, query: str) -> AsyncIterator[list[Record]]:
    base = {"locationId": client.location, "query": query, "searchAfter": [], "page": 1}
    path = f"{_path({'schemaKey': key})}/search"

    async def send(size: int, position: dict[str, Any]) -> list[Record]:
        answer = await client.request("POST", path, json={**base, "pageLimit": size, **position}, safe=True)
        return rows(answer.body, "records", "customObjectRecords")

    return paging.by_cursor(
        paging.sized(send, *PAGES),
        lambda record: {"searchAfter": record["searchAfter"]} if record.get("searchAfter") else None,
    )


def _path(where: Mapping[str, Any]) -> str:
    return f"/objects/{where['schemaKey']}/records"


def _flat(record: Mapping[str, Any], key: str) -> Record:
    held = record.get("properties")
    properties = {property_key(str(k)): v for k, v in held.items()} if isinstance(held, Mapping) else {}
    stamps = {name: record[name] for name in STAMPS if name in record}
    return {"id": id_of(record), "objectKey": key, **stamps, "properties": properties}


def _made(item: Mapping[str, Any], payload: Payload, answer: Answer | None = None) -> Created:
    """What references need: the key that HighLevel gave the object, and that of the property it is displayed by."""
    key = str(item.get("key") or payload["key"])
    shown = str(item.get("primaryDisplayProperty") or payload["primaryDisplayPropertyDetails"]["key"])
    found = {"id": id_of(item), "key": key, "primaryDisplayProperty": shown}
    return Created(id_of(item), found, answer.trace_id if answer else "")
