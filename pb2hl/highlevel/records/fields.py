"""Custom fields and their folders: two APIs, one for contacts and opportunities, one for businesses and custom objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import (
    Created,
    Payload,
    Record,
    body_of,
    gone,
    id_of,
    located,
    made,
    rows,
    same_text,
    the_one,
    unwrap,
    with_ids,
)
from pb2hl.highlevel.records.lists import Listing
from pb2hl.highlevel.records.port import PlainPort, as_page
from pb2hl.markers import FOLDER, FOLDER_SIGN
from pb2hl.operations import Operation

BUSINESS = "business"
OWN = "field"
"""How the API of businesses and custom objects names one field."""

FIELDS = Listing("/locations/{location}/customFields", ("customFields",), always={"model": "all"}, located=False)
FIXED_LATER = ("dataType", "objectKey", "fieldKey", "parentId", "description", "options")
"""What an update must not name (a type cannot be changed later); options are sent apart."""


def is_folder(row: Mapping[str, Any]) -> bool:
    """Whether a row of the list of fields is a folder of theirs."""
    return str(row.get("documentType") or "").lower() == "folder"


def field_folders(rows: Iterable[Record]) -> dict[str, str]:
    """Model (contact, opportunity) → the id of its folder `Perfect Books`, as the list of fields tells it: the folder itself, or the
    one in which a field `Perfect Books Folder` is."""
    found: dict[str, str] = {}
    for row in rows:
        if is_folder(row) and same_text(row.get("name"), FOLDER):
            found[str(row.get("model") or "contact")] = id_of(row)
        elif same_text(row.get("name"), FOLDER_SIGN) and isinstance(row.get("parentId"), str) and row["parentId"]:
            found.setdefault(normalised(row)["model"], row["parentId"])
    return found


def options_of(field: Mapping[str, Any]) -> list[str]:
    """The option labels of a field, however the endpoint writes them."""
    held = (field.get(name) for name in ("picklistOptions", "options", "textBoxListOptions"))
    found = next((item for item in held if isinstance(item, list) and item), [])
    return [
        str(item.get("label") or item.get("name") or item.get("key") or "") if isinstance(item, Mapping) else str(item)
        for item in found
    ]


def normalised(field: Record) -> Record:
    """A field with the names both APIs share: id, name, fieldKey, dataType, model (contact, opportunity, business), options."""
    model = field.get("model") or field.get("objectKey") or str(field.get("fieldKey") or "").split(".", 1)[0]
    return {
        "id": id_of(field),
        **{name: str(field.get(name) or "") for name in ("name", "fieldKey", "dataType", "parentId")},
        "model": str(model),
        "options": options_of(field),
    }


class FieldPort(PlainPort):
    """Custom fields. `where`: `objectKey` for fields of businesses (`business`) and custom objects."""

    every = FIELDS.path

    async def create(self, client: Client, payload: Payload) -> Created:
        """Through the API of its object."""
        path, name = _every(client, payload)
        body = body_of(payload, without=() if payload.get("objectKey") else ("locationId", "objectKey"))
        answer = await client.request("POST", path, json=body | _location(client, name))
        record = made(client, answer, f"POST {path}", name)
        return await self.finish(client, record, payload, answer.trace_id)

    async def finish(self, client: Client, record: Record, payload: Payload, trace_id: str = "") -> Created:
        """Options sent at creation can be lost: read the field back and send them once more if so."""
        id, wanted = id_of(record), options_of(payload)
        if wanted:
            record = await self.get(client, id, objectKey=str(payload.get("objectKey") or ""))
            if set(wanted) - set(options_of(record)):
                record = await self.update(client, id, payload)
        field = normalised({**dict(body_of(payload, without=("options",))), **record})
        return Created(id, {"id": id, "fieldKey": field["fieldKey"], "options": field["options"] or wanted}, trace_id)

    def path(self, client: Client, id: str, where: Mapping[str, Any]) -> str:
        """The path of one field."""
        return f"{_every(client, where)[0].rstrip('/')}/{located('{id}', client, id=id)}"

    async def get(self, client: Client, id: str, **where: str) -> Record:
        """The field as its API gives it."""
        answer = await client.request("GET", self.path(client, id, where))
        return the_one(unwrap(answer.body, _every(client, where)[1]), id)

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """Change name and options."""
        name = _every(client, payload)[1]
        body = body_of(payload, without=(*FIXED_LATER, "locationId")) | _location(client, name)
        if name == OWN:
            body["showInForms"] = payload.get("showInForms", True)
        if payload.get("options"):
            body["options"] = payload["options"]
        return unwrap((await client.request("PUT", self.path(client, id, payload), json=body)).body, name)

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """One page a API: fields of contacts and opportunities, then those of businesses; records as `normalised` gives them."""
        return self._pages(client)

    async def _pages(self, client: Client) -> AsyncIterator[list[Record]]:
        yield [normalised(field) for field in await location_fields(client)]
        yield [normalised(field) for field in (await business_fields(client))[0]]

    async def candidates(self, client: Client, operation: Operation, payload: Payload) -> AsyncIterator[list[Record]]:
        """The fields of its object."""
        key = str(payload.get("objectKey") or "")
        yield (await object_fields(client, key))[0] if key else await location_fields(client)

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """Known by name, type and object: the plan makes no field that was there before it."""
        flat = normalised(record)
        wanted = (payload.get("dataType"), payload.get("objectKey") or payload.get("model"))
        return same_text(flat["name"], payload.get("name")) and (flat["dataType"], flat["model"]) == wanted


class FolderPort(PlainPort):
    """Folders of the custom fields of businesses and custom objects: /custom-fields/folder."""

    every, names = "/custom-fields/folder", ("folder", "field")

    async def get(self, client: Client, id: str, **where: str) -> Record:
        """Out of the list: there is no read by id."""
        for folder in (await business_fields(client))[1]:
            if id_of(folder) == id:
                return folder
        raise NotFound(f"there is no folder {id}", status=404, method="GET", path="/custom-fields/object-key/business")

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """Change the name, which is all there is."""
        body = {"name": payload["name"], "locationId": client.location}
        return unwrap((await client.request("PUT", self.path(client, id, {}), json=body)).body, "folder")

    async def delete(self, client: Client, id: str, **where: str) -> None:
        """This endpoint wants the location in its query."""
        await gone(client.request("DELETE", self.path(client, id, {}), params={"locationId": client.location}))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """The folders of businesses' fields, or of `objectKey`'s, in one page."""
        return as_page(_folders(client, str(where.get("objectKey") or BUSINESS)))

    def candidates(self, client: Client, operation: Operation, payload: Payload) -> AsyncIterator[list[Record]]:
        """The folders of its object."""
        return self.pages(client, objectKey=payload.get("objectKey"))


async def location_fields(client: Client) -> list[Record]:
    """Every custom field of contacts and opportunities."""
    return [field for field in await FIELDS.all(client) if not is_folder(field)]


async def business_fields(client: Client) -> tuple[list[Record], list[Record]]:
    """Every custom field of businesses, and their folders."""
    return await object_fields(client, BUSINESS)


async def object_fields(client: Client, key: str) -> tuple[list[Record], list[Record]]:
    """Every custom field of an object (`business`, or the key of a custom one), and their folders."""
    path = located("/custom-fields/object-key/{key}", client, key=key)
    body = (await client.request("GET", path, params={"locationId": client.location})).body
    folders = isinstance(body, dict) and body.get("folders") is not None
    fields = with_ids(rows(body, "fields", "customFields"), path)
    return fields, with_ids(rows(body, "folders"), path) if folders else []


async def _folders(client: Client, key: str) -> list[Record]:
    return (await object_fields(client, key))[1]


def _every(client: Client, where: Mapping[str, Any]) -> tuple[str, str]:
    """Which of the two APIs holds a field: its path, and the name that it gives one field."""
    if where.get("objectKey"):
        return "/custom-fields/", OWN
    return located(FIELDS.path, client), "customField"


def _location(client: Client, name: str) -> dict[str, str]:
    return {"locationId": client.location} if name == OWN else {}


__all__ = [
    "FieldPort",
    "FolderPort",
    "business_fields",
    "location_fields",
    "normalised",
    "object_fields",
    "options_of",
]
