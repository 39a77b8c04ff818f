"""Businesses: flat ones through /businesses/, those with custom fields through /objects/business/records."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records import paging
from pb2hl.highlevel.records.base import (
    Created,
    Payload,
    Record,
    body_of,
    created,
    custom_value,
    gone,
    id_of,
    rows,
    seek,
    unwrap,
)
from pb2hl.operations import Operation

PAGES = (100, 20)
STANDARD = (
    "name",
    "phone",
    "email",
    "website",
    "address",
    "city",
    "state",
    "postalCode",
    "country",
    "description",
)
RECORDS = "/objects/business/records"


def property_key(field_key: str) -> str:
    """The key of a custom field in a record's properties: its fieldKey without the object's prefix."""
    return field_key.rsplit(".", 1)[-1]


class BusinessPort:
    """Businesses. `get`, `pages` and `find` give records flat: standard fields, and `properties` with every value by key."""

    async def create(self, client: Client, payload: Payload) -> Created:
        flat = body_of(payload, without=("locationId", "customFields"))
        if not payload.get("customFields"):
            answer = await client.request("POST", "/businesses/", json={**flat, "locationId": client.location})
            return created(client, answer, "POST /businesses/", "business", "buiseness")
        body = {"locationId": client.location, "properties": {**flat, **custom_properties(payload)}}
        return created(client, await client.request("POST", RECORDS, json=body), f"POST {RECORDS}", "record")

    async def get(self, client: Client, id: str, **where: str) -> Record:
        return _flat(unwrap((await client.request("GET", f"{RECORDS}/{id}")).body, "record"))

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        flat = body_of(payload, without=("locationId", "customFields"))
        if not payload.get("customFields"):
            answer = await client.request("PUT", f"/businesses/{id}", json=flat)
            return unwrap(answer.body, "business", "buiseness")
        answer = await client.request(
            "PUT",
            f"{RECORDS}/{id}",
            params={"locationId": client.location},
            json={"properties": {**flat, **custom_properties(payload)}},
        )
        return _flat(unwrap(answer.body, "record"))

    async def delete(self, client: Client, id: str, **where: str) -> None:
        await gone(client.request("DELETE", f"/businesses/{id}"))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All businesses with their custom values, 100 a request; `query` narrows by searchable properties."""
        return _flattened(self._search(client, str(where.get("query") or "")))

    def _search(self, client: Client, query: str) -> AsyncIterator[list[Record]]:
        base = {"locationId": client.location, "query": query, "searchAfter": [], "page": 1}

        async def send(size: int, position: dict[str, Any]) -> list[Record]:
            body = {**base, "pageLimit": size, **position}
            answer = await client.request("POST", f"{RECORDS}/search", json=body, safe=True)
            return rows(answer.body, "records", "customObjectRecords")

        return paging.by_cursor(
            paging.sized(send, *PAGES),
            lambda record: {"searchAfter": record["searchAfter"]} if record.get("searchAfter") else None,
        )

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        key = next(
            (
                property_key(str(item["key"]))
                for item in payload.get("customFields") or ()
                if custom_value(item) == operation.marker
            ),
            "",
        )
        if not key:
            return None

        async def look() -> Created | None:
            for query in dict.fromkeys((str(payload.get("name") or ""), "")):
                async for page in self.pages(client, query=query):
                    for record in page:
                        if record["properties"].get(key) == operation.marker:
                            return Created(id_of(record), {"id": id_of(record)})
            return None

        return await seek(client, look)


def custom_properties(payload: Payload) -> dict[str, Any]:
    """The custom values of a payload as a record's properties take them."""
    values = {}
    for item in payload["customFields"]:
        value = custom_value(item)
        if item.get("dataType") == "MONETORY" and isinstance(value, int | float):
            value = {"currency": "default", "value": value}
        values[property_key(str(item["key"]))] = value
    return values


def _flat(record: Mapping[str, Any]) -> Record:
    properties = record.get("properties")
    properties = {
        property_key(str(key)): value for key, value in (properties.items() if isinstance(properties, Mapping) else ())
    }
    return {**{key: properties[key] for key in STANDARD if key in properties}, **record, "properties": properties}


async def _flattened(pages: AsyncIterator[list[Record]]) -> AsyncIterator[list[Record]]:
    async for page in pages:
        yield [_flat(record) for record in page]
