"""Contacts, tags added to contacts, and links of contacts to businesses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from pb2hl.errors import NotFound, Refused
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import (
    Created,
    PartlyRefused,
    Payload,
    Record,
    body_of,
    carries,
    custom_fields,
    custom_value,
    gone,
    id_of,
    located,
    marker_field,
    rows,
    url_of,
)
from pb2hl.highlevel.records.followers import FOLLOWERS, follow
from pb2hl.highlevel.records.lists import Follow, Listing
from pb2hl.highlevel.records.port import PlainPort
from pb2hl.operations import REMOVED_TAGS, Operation

PAGES = (500, 100, 20)
"""Records a page of POST /contacts/search: the documented maximum, then what stricter servers take."""

TAGS_OF = "/contacts/{id}/tags"
LINKED_AT_ONCE = 50
FILTER_LENGTH = 75
"""Longest value of a search filter."""


CONTACTS = Listing("/contacts/search", ("contacts",), "POST", Follow.CURSOR, PAGES, "pageLimit", gives_total=True)


class ContactPort(PlainPort):
    """Contacts: POST /contacts/, GET, PUT and DELETE /contacts/{id}, POST /contacts/search."""

    every, names = "/contacts/", ("contact",)

    def body(self, client: Client, payload: Payload) -> dict[str, Any]:
        """Without its followers, which a create does not take."""
        return {**body_of(payload, without=(FOLLOWERS,)), "locationId": client.location}

    async def finish(self, client: Client, record: Record, payload: Payload, trace_id: str = "") -> Created:
        """The contact stands whether or not its followers are taken."""
        made = await super().finish(client, record, payload, trace_id)
        if not payload.get(FOLLOWERS):
            return made
        try:
            path = self.path(client, made.id, {})
            users = await follow(client, path, payload[FOLLOWERS], (), partial(self.get, client, made.id))
        except Refused as error:
            return replace(made, refused={FOLLOWERS: error.message})
        return replace(made, stored={FOLLOWERS: users})

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """Change it, and give it exactly the followers of `payload` where that names any."""
        rest = {name: value for name, value in payload.items() if name != FOLLOWERS}
        record = await super().update(client, id, rest) if body_of(rest) else await self.get(client, id)
        if FOLLOWERS not in payload:
            return record
        path = self.path(client, id, {})
        try:
            held, look = record.get(FOLLOWERS) or (), partial(self.get, client, id)
            users = await follow(client, path, payload[FOLLOWERS] or (), held, look)
        except Refused as error:
            raise PartlyRefused({FOLLOWERS: error.message}, error) from None
        return {**record, FOLLOWERS: users}

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All contacts, 500 a request. `filters` are HighLevel's search filters. Search omits dndSettings and timezone."""
        return CONTACTS.pages(client, more={"filters": where["filters"]} if where.get("filters") else None)

    async def candidates(self, client: Client, operation: Operation, payload: Payload) -> AsyncIterator[list[Record]]:
        """Who has its e-mail or phone, then who has its marker."""
        if field_id := marker_field(payload, operation.marker):
            yield await self._holders(client, payload)
            yield await self._marked(client, field_id, operation.marker)

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """Known by the marker in its field; read by id where a list leaves custom fields out."""
        field_id = marker_field(payload, operation.marker)
        if carries(record, field_id, operation.marker):
            return True
        try:
            return carries(await self.get(client, id_of(record)), field_id, operation.marker)
        except NotFound:
            return False

    async def _holders(self, client: Client, payload: Payload) -> list[Record]:
        """Who has the payload's e-mail or phone; told without lag."""
        asked = (("email", payload.get("email")), ("number", payload.get("phone")))
        found = [await duplicate_of(client, **{parameter: str(value)}) for parameter, value in asked if value]
        return [record for record in found if record]

    async def _marked(self, client: Client, field_id: str, marker: str) -> list[Record]:
        """Who has the marker: by a search for the field's value, and where this location's search cannot do that, page by page.

        That a custom field can be searched for is only reported (BEHAVIOUR); taking a blind search's word would make a
        record twice.
        """
        if await self._finds_values(client, field_id):
            return await self._by_value(client, field_id, marker)
        return [record async for page in self.pages(client) for record in page if carries(record, field_id, marker)]

    async def _by_value(self, client: Client, field_id: str, value: str) -> list[Record]:
        exact = len(value) <= FILTER_LENGTH
        operator = "eq" if exact else "contains"
        filters = [{"field": f"customFields.{field_id}", "operator": operator, "value": value[:FILTER_LENGTH]}]
        body = {"locationId": client.location, "page": 1, "pageLimit": 20, "filters": filters}
        answer = await client.request("POST", "/contacts/search", json=body, safe=True)
        return [record for record in rows(answer.body, "contacts") if id_of(record)]

    async def _finds_values(self, client: Client, field_id: str) -> bool:
        """Whether a search for a field's value finds a contact that lists show to have it, and no others.

        With no such contact on the first page there is nothing to try it on, and little to search.
        """
        name = f"search by {field_id}"
        if name not in client.learned:
            sample = await self._sample(client, field_id)
            if sample is None:
                return False
            record_id, value = sample
            try:
                found = await self._by_value(client, field_id, value)
            except Refused:
                found = []
            client.learned[name] = record_id in map(id_of, found) and len(found) < 20
        return client.learned[name]

    async def _sample(self, client: Client, field_id: str) -> tuple[str, str] | None:
        """(id, value) of a contact that has a value in the field."""
        async for page in self.pages(client):
            for record in page:
                item = next((i for i in custom_fields(record) if str(i.get("id")) == field_id), None)
                value = custom_value(item) if item else None
                if isinstance(value, str) and 0 < len(value) <= FILTER_LENGTH:
                    return id_of(record), value
            break
        return None


async def duplicate_of(client: Client, **by: str) -> Record | None:
    """The contact with this `email` or phone `number`, without search lag; None when there is none."""
    params = {"locationId": client.location, **by}
    try:
        answer = await client.request("GET", "/contacts/search/duplicate", params=params)
    except NotFound:
        return None
    record = answer.body.get("contact") if isinstance(answer.body, dict) else None
    return record if isinstance(record, dict) and id_of(record) else None


class ContactTagsPort:
    """Tags added to a contact that was there before (or taken away by a delta): POST and DELETE /contacts/{id}/tags. Its id is the contact's."""

    every: ClassVar[str] = TAGS_OF
    also: ClassVar[tuple[str, ...]] = ()

    async def create(self, client: Client, payload: Payload) -> Created:
        contact_id = url_of(payload)["contactId"]
        method, tags = ("DELETE", payload[REMOVED_TAGS]) if REMOVED_TAGS in payload else ("POST", payload["tags"])
        answer = await client.request(
            method, located(TAGS_OF, client, id=contact_id), json={"tags": list(tags)}, safe=True
        )
        client.acknowledged(answer, f"{method} {TAGS_OF}")
        shown = {"tags": answer.body["tags"]} if isinstance(answer.body.get("tags"), list) else {}
        return Created(contact_id, {"id": contact_id}, answer.trace_id, stored=shown)

    async def get(self, client: Client, id: str, **where: str) -> Record:
        return {"id": id, "tags": (await ContactPort().get(client, id)).get("tags") or []}

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        await self.create(client, {**payload, "$url": {"contactId": id}})
        return await self.get(client, id)

    async def delete(self, client: Client, id: str, **where: Any) -> None:
        """Take `tags` off the contact again."""
        tags = list(where.get("tags") or ())
        if tags:
            await gone(client.request("DELETE", located(TAGS_OF, client, id=id), json={"tags": tags}))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        return ContactPort().pages(client, **where)

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        """Found when the contact has every one of the tags (HighLevel stores them lower-cased and trimmed)."""
        contact_id = url_of(payload)["contactId"]
        try:
            there = {str(tag).strip().lower() for tag in (await self.get(client, contact_id))["tags"]}
        except NotFound:
            return None
        if REMOVED_TAGS in payload:
            return None
        wanted = {str(tag).strip().lower() for tag in payload["tags"]}
        return Created(contact_id, {"id": contact_id}) if wanted <= there else None


class LinkPort:
    """Links of contacts to businesses. A link's id is the contact's; making it twice does no harm."""

    every: ClassVar[str] = "/contacts/bulk/business"
    also: ClassVar[tuple[str, ...]] = ()

    async def create(self, client: Client, payload: Payload) -> Created:
        contact_id = str(payload["contactId"])
        linked = await link(client, str(payload["businessId"]), [contact_id])
        return Created(contact_id, {"id": contact_id, "businessId": str(payload["businessId"])}, linked.trace_id)

    async def get(self, client: Client, id: str, **where: str) -> Record:
        return {"id": id, "businessId": (await ContactPort().get(client, id)).get("businessId") or ""}

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        await link(client, str(payload["businessId"]), [id])
        return {"id": id, "businessId": payload["businessId"]}

    async def delete(self, client: Client, id: str, **where: str) -> None:
        await gone(unlink(client, [id]))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        return ContactPort().pages(client, **where)

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        try:
            there = await self.get(client, str(payload["contactId"]))
        except NotFound:
            return None
        return Created(there["id"], there) if there["businessId"] == payload["businessId"] else None


@dataclass(frozen=True, slots=True)
class Linked:
    """What HighLevel answered: `shown` are the contacts that it names as done, the trace id is that of the last request."""

    shown: frozenset[str] = frozenset()
    trace_id: str = ""


async def link(client: Client, business_id: str, contact_ids: Sequence[str]) -> Linked:
    """Link contacts to a business, 50 a request."""
    return await _set_business(client, business_id, contact_ids)


async def unlink(client: Client, contact_ids: Sequence[str]) -> Linked:
    """Take contacts off their businesses, 50 a request."""
    return await _set_business(client, None, contact_ids)


async def _set_business(client: Client, business_id: str | None, contact_ids: Sequence[str]) -> Linked:
    linked = Linked()
    for start in range(0, len(contact_ids), LINKED_AT_ONCE):
        ids = list(contact_ids[start : start + LINKED_AT_ONCE])
        body = {"locationId": client.location, "ids": ids, "businessId": business_id}
        answer = await client.request("POST", "/contacts/bulk/business", json=body, safe=True)
        client.acknowledged(answer, "POST /contacts/bulk/business")
        named = answer.body.get("ids")
        shown = map(str, named) if isinstance(named, list) else ()
        linked = Linked(linked.shown.union(shown), answer.trace_id)
    return linked
