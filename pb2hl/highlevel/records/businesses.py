"""Businesses: flat ones through /businesses/, those with custom fields through /objects/business/records."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Created, Payload, Record, body_of, gone, located, made, unwrap
from pb2hl.highlevel.records.objectrecords import PAGES, RECORDS, PropertiesPort, properties_of, property_key
from pb2hl.operations import Operation

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
SCHEMA = "business"
PLAIN = ("business", "buiseness")
"""How answers of /businesses/ name the record; `buiseness` is HighLevel's own spelling."""


class BusinessPort(PropertiesPort):
    """Businesses. `get`, `pages` and `find` give records flat: standard fields, and `properties` with every value by key."""

    every = f"/objects/{SCHEMA}/records"
    also: ClassVar[tuple[str, ...]] = ("/businesses/",)

    async def create(self, client: Client, payload: Payload) -> Created:
        """Through the plain endpoint unless there are custom fields, which only records have."""
        if payload.get("customFields"):
            return await super().create(client, payload)
        flat = {**body_of(payload, without=("customFields",)), "locationId": client.location}
        answer = await client.request("POST", "/businesses/", json=flat)
        record = made(client, answer, "POST /businesses/", *PLAIN)
        return replace(await self.finish(client, record, payload, answer.trace_id), stored=record)

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """The same way as it is made."""
        if payload.get("customFields"):
            return await super().update(client, id, payload)
        flat = body_of(payload, without=("locationId", "customFields"))
        return unwrap((await client.request("PUT", _path(client, id), json=flat)).body, *PLAIN)

    async def delete(self, client: Client, id: str, **where: str) -> None:
        """Through the plain endpoint."""
        await gone(client.request("DELETE", _path(client, id)))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All businesses with their custom values, 100 a request; `query` narrows by searchable properties."""
        more = {"query": str(where.get("query") or "")}
        return self._flattened(RECORDS.pages(client, {"schemaKey": SCHEMA}, more), where)

    def flat(self, record: Record, where: Mapping[str, Any]) -> Record:
        """Standard properties stand beside the rest as well."""
        properties = properties_of(record)
        return {**{key: properties[key] for key in STANDARD if key in properties}, **record, "properties": properties}

    def words(self, operation: Operation, payload: Payload) -> tuple[str, ...]:
        """A business is searched for by its name."""
        return str(payload.get("name") or ""), ""


def _path(client: Client, id: str) -> str:
    return located("/businesses/{id}", client, id=id)


__all__ = ["PAGES", "BusinessPort", "property_key"]
