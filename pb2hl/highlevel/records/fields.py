"""Custom fields and their folders: two APIs, one for contacts and opportunities, one for businesses and custom objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import (
    Created,
    NotUpdatable,
    Payload,
    Record,
    body_of,
    created,
    gone,
    id_of,
    rows,
    same_text,
    seek,
    unwrap,
)
from pb2hl.operations import Operation

BUSINESS = "business"
FIXED_LATER = ("dataType", "objectKey", "fieldKey", "parentId", "options")
"""What an update must not name (a type cannot be changed later); options are sent apart."""


def options_of(field: Mapping[str, Any]) -> list[str]:
    """The option labels of a field, however the endpoint writes them."""
    found = field.get("picklistOptions") or field.get("options") or field.get("textBoxListOptions") or []
    return [
        str(item.get("label") or item.get("name") or item.get("key") or "") if isinstance(item, Mapping) else str(item)
        for item in found
    ]


def normalised(field: Record) -> Record:
    """A field with the names both APIs share: id, name, fieldKey, dataType, model (contact, opportunity, business), options."""
    model = field.get("model") or field.get("objectKey") or str(field.get("fieldKey") or "").split(".", 1)[0]
    return {
        "id": id_of(field),
        "name": field.get("name") or "",
        "fieldKey": field.get("fieldKey") or "",
        "dataType": field.get("dataType") or "",
        "model": model,
        "options": options_of(field),
        "parentId": field.get("parentId") or "",
    }


class FieldPort:
    """Custom fields. `where`: `objectKey` for fields of businesses (`business`) and custom objects."""

    async def create(self, client: Client, payload: Payload) -> Created:
        if payload.get("objectKey"):
            answer = await client.request(
                "POST", "/custom-fields/", json={**body_of(payload), "locationId": client.location}
            )
            made = created(client, answer, "POST /custom-fields/", "field")
            field = unwrap(answer.body, "field")
        else:
            path = f"/locations/{client.location}/customFields"
            answer = await client.request("POST", path, json=body_of(payload, without=("locationId", "objectKey")))
            made = created(client, answer, f"POST {path}", "customField")
            field = unwrap(answer.body, "customField")
        return await self._with_options(client, made, field, payload)

    async def _with_options(self, client: Client, made: Created, field: Record, payload: Payload) -> Created:
        """Options sent at creation can be lost: read the field back and send them once more if so."""
        wanted = options_of(payload)
        if wanted:
            field = await self.get(client, made.id, objectKey=str(payload.get("objectKey") or ""))
            if set(wanted) - set(options_of(field)):
                field = await self.update(client, made.id, payload)
        field = normalised({**dict(body_of(payload, without=("options",))), **field})
        answer = {"id": made.id, "fieldKey": field["fieldKey"], "options": field["options"] or wanted}
        return Created(made.id, answer, made.trace_id)

    async def get(self, client: Client, id: str, **where: str) -> Record:
        path, name = _address(client, id, where)
        return unwrap((await client.request("GET", path)).body, name)

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        path, name = _address(client, id, payload)
        body = body_of(payload, without=(*FIXED_LATER, "locationId"))
        if name == "field":
            body |= {"locationId": client.location, "showInForms": payload.get("showInForms", True)}
        if payload.get("options"):
            body["options"] = payload["options"]
        return unwrap((await client.request("PUT", path, json=body)).body, name)

    async def delete(self, client: Client, id: str, **where: str) -> None:
        await gone(client.request("DELETE", _address(client, id, where)[0]))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """One page a API: fields of contacts and opportunities, then those of businesses; records as `normalised` gives them."""
        return self._pages(client)

    async def _pages(self, client: Client) -> AsyncIterator[list[Record]]:
        yield [normalised(field) for field in await location_fields(client)]
        yield [normalised(field) for field in (await business_fields(client))[0]]

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        """Found by name, type and object: the plan makes no field that was there before it."""
        key = str(payload.get("objectKey") or "")
        model = key or payload.get("model")

        async def look() -> Created | None:
            fields = (await object_fields(client, key))[0] if key else await location_fields(client)
            for field in fields:
                flat = normalised(field)
                if same_text(flat["name"], payload.get("name")) and (flat["dataType"], flat["model"]) == (
                    payload.get("dataType"),
                    model,
                ):
                    return await self._with_options(client, Created(flat["id"]), field, payload)
            return None

        return await seek(client, look)


class FolderPort:
    """Folders of the custom fields of businesses and custom objects: /custom-fields/folder."""

    async def create(self, client: Client, payload: Payload) -> Created:
        body = {**body_of(payload), "locationId": client.location}
        answer = await client.request("POST", "/custom-fields/folder", json=body)
        return created(client, answer, "POST /custom-fields/folder", "folder", "field")

    async def get(self, client: Client, id: str, **where: str) -> Record:
        for folder in (await business_fields(client))[1]:
            if id_of(folder) == id:
                return folder
        raise NotFound(f"there is no folder {id}", status=404, method="GET", path="/custom-fields/object-key/business")

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        body = {"name": payload["name"], "locationId": client.location}
        return unwrap((await client.request("PUT", f"/custom-fields/folder/{id}", json=body)).body, "folder")

    async def delete(self, client: Client, id: str, **where: str) -> None:
        await gone(client.request("DELETE", f"/custom-fields/folder/{id}", params={"locationId": client.location}))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        return self._pages(client)

    async def _pages(self, client: Client) -> AsyncIterator[list[Record]]:
        yield (await business_fields(client))[1]

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        async def look() -> Created | None:
            for folder in (await object_fields(client, str(payload.get("objectKey") or BUSINESS)))[1]:
                if same_text(folder.get("name"), payload.get("name")):
                    return Created(id_of(folder), {"id": id_of(folder)})
            return None

        return await seek(client, look)


async def location_fields(client: Client) -> list[Record]:
    """Every custom field of contacts and opportunities."""
    path = f"/locations/{client.location}/customFields"
    return rows((await client.request("GET", path, params={"model": "all"})).body, "customFields")


async def business_fields(client: Client) -> tuple[list[Record], list[Record]]:
    """Every custom field of businesses, and their folders."""
    return await object_fields(client, BUSINESS)


async def object_fields(client: Client, key: str) -> tuple[list[Record], list[Record]]:
    """Every custom field of an object (`business`, or the key of a custom one), and their folders."""
    path = f"/custom-fields/object-key/{key}"
    body = (await client.request("GET", path, params={"locationId": client.location})).body
    return rows(body, "fields", "customFields"), rows(body, "folders")


def _address(client: Client, id: str, where: Payload) -> tuple[str, str]:
    if where.get("objectKey"):
        return f"/custom-fields/{id}", "field"
    return f"/locations/{client.location}/customFields/{id}", "customField"


__all__ = [
    "FieldPort",
    "FolderPort",
    "NotUpdatable",
    "business_fields",
    "location_fields",
    "normalised",
    "object_fields",
    "options_of",
]
