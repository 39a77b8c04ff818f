"""Relations between two records through an association: /associations/relations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Payload, Record, gone, id_of
from pb2hl.highlevel.records.lists import Follow, Listing
from pb2hl.highlevel.records.port import PlainPort
from pb2hl.operations import Operation

BUSINESS_DEAL = "BUSINESSES_OPPORTUNITIES_ASSOCIATION"
DEAL_CONTACT = "OPPORTUNITIES_CONTACTS_ADDITIONAL_ASSOCIATION"
TASK_DEAL = "TASK_OPPORTUNITY_ASSOCIATION"
TASK_BUSINESS = "TASK_BUSINESS_ASSOCIATION"
PAIRS = {
    BUSINESS_DEAL: ("opportunity", "business"),
    DEAL_CONTACT: ("opportunity", "contact"),
    TASK_DEAL: ("task", "opportunity"),
    TASK_BUSINESS: ("task", "business"),
}
"""HighLevel's own associations by key (BEHAVIOUR): the object that we relate, and what it is related to."""

MOST_CONTACTS = 25
"""Further contacts that an opportunity takes (BEHAVIOUR)."""

ASSOCIATIONS = Listing("/associations/", ("associations", "data"), follow=Follow.SKIP, sizes=(100, 20))
OF_RECORD = Listing("/associations/relations/{recordId}", ("relations", "data"), follow=Follow.SKIP, sizes=(100, 20))


class RelationPort(PlainPort):
    """Relations. `where`: `recordId`, one of the two records; nothing else lists or reads a relation."""

    every, names, listing = "/associations/relations", ("relation",), OF_RECORD

    async def get(self, client: Client, id: str, **where: str) -> Record:
        """The relation, as the list of its record has it; NotFound when it has none of that id."""
        for record in await relations_of(client, where["recordId"]):
            if id_of(record) == id:
                return record
        raise NotFound(f"the record {where['recordId']} has no relation {id}", status=404)

    async def delete(self, client: Client, id: str, **where: str) -> None:
        """Take the relation away; both records stay."""
        params = {"locationId": client.location}
        await gone(client.request("DELETE", self.path(client, id, {}), params=params))

    def candidates(self, client: Client, operation: Operation, payload: Payload) -> AsyncIterator[list[Record]]:
        """The relations of its record."""
        return self.pages(client, recordId=str(payload["$url"]["recordId"]))

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """A relation is known by its two records: making it twice means nothing more."""
        return ends(record) == ends(payload)


async def relations_of(client: Client, record_id: str) -> list[Record]:
    """Every relation of a record; none when the record does not exist."""
    try:
        return await OF_RECORD.all(client, {"recordId": record_id})
    except NotFound:
        return []


def ends(relation: Any) -> frozenset[str]:
    """The ids of the two records."""
    return frozenset(str(relation.get(name) or "") for name in ("firstRecordId", "secondRecordId"))


def between(association: Any, one: tuple[str, Any], other: tuple[str, Any]) -> dict[str, Any]:
    """The payload that relates two (object, id) through an association (`Capabilities.associations`); it is kept at `one`."""
    first, second = (one, other) if association["first"] == one[0] else (other, one)
    where = {"$url": {"recordId": one[1]}}
    return {**where, "associationId": association["id"], "firstRecordId": first[1], "secondRecordId": second[1]}
