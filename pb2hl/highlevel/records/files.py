"""Files: the media library, and FILE_UPLOAD fields of contacts."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client, Upload
from pb2hl.highlevel.records.base import (
    FILE,
    Created,
    NotUpdatable,
    Payload,
    Record,
    custom_fields,
    custom_value,
    gone,
    id_of,
    located,
    made,
    unwrap,
    url_of,
)
from pb2hl.highlevel.records.contacts import ContactPort
from pb2hl.highlevel.records.lists import Follow, Listing
from pb2hl.highlevel.records.port import PlainPort, in_turn
from pb2hl.operations import Operation

PAGE = 100
FIELD_TYPES = frozenset("pdf docx doc jpg jpeg png gif csv xlsx xls mp4 mpeg zip rar txt svg".split())
"""Extensions that a FILE_UPLOAD field takes."""


MEDIA = Listing(
    "/medias/files",
    ("files",),
    follow=Follow.OFFSET,
    sizes=(PAGE,),
    always={"altType": "location", "type": "file", "sortBy": "createdAt", "sortOrder": "asc"},
    located=False,
)


class MediaPort(PlainPort):
    """Files of the media library: /medias/. Their name is their marker."""

    every, one = "/medias/upload-file", "/medias/{id}"

    async def create(self, client: Client, payload: Payload) -> Created:
        """Upload the file under its name."""
        upload = Upload({"file": await _part(payload)}, {"name": _name(payload)})
        answer = await client.request("POST", "/medias/upload-file", upload=upload)
        body = answer.body if isinstance(answer.body, dict) else {}
        record = made(
            client, replace(answer, body={**body, "id": body.get("fileId") or id_of(body)}), "POST /medias/upload-file"
        )
        return await self.finish(client, record, payload, answer.trace_id)

    async def finish(self, client: Client, record: Record, payload: Payload, trace_id: str = "") -> Created:
        """References need its address."""
        return Created(id_of(record), {"id": id_of(record), "url": str(record.get("url") or "")}, trace_id)

    async def get(self, client: Client, id: str, **where: str) -> Record:
        """Out of the list: there is no read by id."""
        async for page in self.pages(client, **where):
            for file in page:
                if id_of(file) == id:
                    return file
        raise NotFound(f"there is no file {id} in the media library", status=404, method="GET", path="/medias/files")

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """Change the name, which is all there is."""
        body = {"name": payload["name"], "altType": "location", "altId": client.location}
        return unwrap((await client.request("POST", self.path(client, id, {}), json=body, safe=True)).body)

    async def delete(self, client: Client, id: str, **where: str) -> None:
        """This endpoint wants the owner in its query."""
        owner = {"altType": "location", "altId": client.location}
        await gone(client.request("DELETE", self.path(client, id, {}), params=owner))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All files, 100 a request; `query` narrows by name."""
        query = {"query": where["query"]} if where.get("query") else {}
        return self._flattened(MEDIA.pages(client, more={"altId": client.location, **query}), where)

    def flat(self, record: Record, where: Mapping[str, Any]) -> Record:
        """With the id under the name that all records have."""
        return {**record, "id": id_of(record)}

    def candidates(self, client: Client, operation: Operation, payload: Payload) -> AsyncIterator[list[Record]]:
        """What a search for its name finds, then every file."""
        return in_turn(self.pages(client, query=_name(payload)), self.pages(client))

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """Known by its name."""
        return record.get("name") == _name(payload)


class ContactFilePort:
    """A file in a contact's FILE_UPLOAD field: POST /forms/upload-custom-files.

    Its id is `<contact id>/<field id>/<upload id>`; the upload id is derived from the payload, so that a repeated upload of the
    same file takes the same part name.
    """

    every: ClassVar[str] = "/forms/upload-custom-files"
    also: ClassVar[tuple[str, ...]] = ("/contacts/",)

    async def create(self, client: Client, payload: Payload) -> Created:
        where = url_of(payload)
        contact_id, field_id, upload_id = where["contactId"], where["fieldId"], _upload_id(payload)
        answer = await client.request(
            "POST",
            "/forms/upload-custom-files",
            params={"contactId": contact_id, "locationId": client.location},
            upload=Upload({f"{field_id}_{upload_id}": await _part(payload)}),
        )
        id = _file_id(contact_id, field_id, upload_id)
        contact = answer.body.get("contact")
        shown = unwrap(contact) if isinstance(contact, dict) else {}
        return Created(id, {"id": id}, answer.trace_id, stored=shown)

    async def files_of(self, client: Client, contact_id: str, field_id: str) -> Any:
        """What the field of a contact holds now."""
        return _files_in(await ContactPort().get(client, contact_id), field_id)

    async def get(self, client: Client, id: str, **where: str) -> Record:
        """`{"id", "files"}`: what the field holds now; NotFound when it holds nothing."""
        contact_id, field_id = _place_of(id)
        files = await self.files_of(client, contact_id, field_id)
        if not files:
            raise NotFound(f"field {field_id} of contact {contact_id} holds no file", status=404)
        return {"id": id, "files": files}

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        raise NotUpdatable("a file in a contact's field cannot be changed", hint="upload another one")

    async def delete(self, client: Client, id: str, **where: str) -> None:
        """Clears the whole field: HighLevel cannot take one file out of it."""
        contact_id, field_id = _place_of(id)
        body = {"customFields": [{"id": field_id, "fieldValue": None}]}
        await gone(client.request("PUT", located("/contacts/{id}", client, id=contact_id), json=body))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        return ContactPort().pages(client, **where)

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        """Found when the field names the upload id, or a file of the same name. A contact's read is immediate: one look."""
        where, upload_id = url_of(payload), _upload_id(payload)
        try:
            contact = await ContactPort().get(client, where["contactId"])
        except NotFound:
            return None
        text = str(_files_in(contact, where["fieldId"]))
        if upload_id in text or str(payload[FILE]["name"]) in text:
            id = _file_id(where["contactId"], where["fieldId"], upload_id)
            return Created(id, {"id": id})
        return None


def _file_id(*parts: str) -> str:
    """`<contact id>/<field id>/<upload id>`, whatever characters ids have."""
    return "/".join(quote(part, safe="") for part in parts)


def _place_of(id: str) -> tuple[str, str]:
    """(contact id, field id) of a file."""
    contact_id, field_id, _ = map(unquote, id.split("/"))
    return contact_id, field_id


def _files_in(contact: Record, field_id: str) -> Any:
    for item in custom_fields(contact):
        if item.get("id") == field_id:
            return custom_value(item)
    return None


def _upload_id(payload: Payload) -> str:
    where, file = url_of(payload), payload[FILE]
    bytes_ = (str(file["sha256"]),) if file.get("sha256") else ()
    key = "\n".join((where["contactId"], where["fieldId"], str(file["name"]), Path(file["path"]).name, *bytes_))
    return str(uuid.uuid5(uuid.NAMESPACE_OID, key))


async def _part(payload: Payload) -> tuple[str, bytes, str]:
    file = payload[FILE]
    content = await asyncio.to_thread(Path(file["path"]).read_bytes)
    return str(file["name"]), content, str(file.get("mime") or "application/octet-stream")


def _name(payload: Payload) -> str:
    return str(payload.get("name") or payload[FILE]["name"])
