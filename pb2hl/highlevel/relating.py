"""The part of the probe that takes a deal: owners that are kept at one, notes on several records, relations through associations.

Everything is made on the probe's scratch contact, looked at and taken away again.
"""

from __future__ import annotations

import contextlib
from typing import Any

from pb2hl.errors import ApiError, HighLevelError
from pb2hl.highlevel.answers import WrongAnswer
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.destination import USERS
from pb2hl.highlevel.records import PORTS, contacts
from pb2hl.highlevel.records.base import Record, id_of, same_text, unwrap
from pb2hl.highlevel.records.notes import relations_in
from pb2hl.highlevel.records.pipelines import PIPELINES, stages_of
from pb2hl.highlevel.records.relations import ASSOCIATIONS, PAIRS, between, ends, relations_of
from pb2hl.operations import Target

FIRST_OBJECT, SECOND_OBJECT = "firstObjectKey", "secondObjectKey"
_TASK_DUE = "2030-01-01T09:00:00.000Z"


async def probe(client: Client, contact_id: str, mark: str) -> dict[str, Any]:
    """`owner_sync`, `link_names`, `note_relations` and `associations` (Capabilities); what cannot be tried is None."""
    found: dict[str, Any] = dict.fromkeys(("owner_sync", "link_names", "note_relations", "associations"))
    deal = business = line = ""
    try:
        stage, line = await _stage(client, mark)
        users, deal = await _deal(client, contact_id, mark, stage)
        if len(users) > 1:
            owner = (await PORTS[Target.CONTACT].get(client, contact_id)).get("assignedTo")
            found["owner_sync"] = owner == users[1]
        business = (await PORTS[Target.BUSINESS].create(client, {"name": mark})).id
        found["link_names"] = await _link_names(client, contact_id, business, mark)
        found["note_relations"] = await _note(
            client, {"contact": contact_id, "opportunity": deal, "business": business}
        )
        task = {"$url": {"contactId": contact_id}, "title": mark, "dueDate": _TASK_DUE, "completed": True}
        one = (await PORTS[Target.TASK].create(client, task)).id
        other = await PORTS[Target.CONTACT].create(client, {"firstName": "Scratch", "lastName": mark, "dnd": True})
        try:
            records = {"opportunity": deal, "business": business, "task": one, "contact": other.id}
            found["associations"] = await _associations(client, records)
        finally:
            await PORTS[Target.CONTACT].delete(client, other.id)
    except (ApiError, Unprobed, WrongAnswer):
        pass
    finally:
        for target, id in ((Target.OPPORTUNITY, deal), (Target.BUSINESS, business), (Target.PIPELINE, line)):
            if id:
                await PORTS[target].delete(client, id)
    return found


async def sweep(client: Client, mark: str) -> None:
    """Remove what a killed probe made beside its scratch contact."""
    with contextlib.suppress(ApiError):
        for target, name in ((Target.BUSINESS, "name"), (Target.CONTACT, "lastName"), (Target.PIPELINE, "name")):
            filters = [{"field": name, "operator": "eq", "value": mark}] if target is Target.CONTACT else None
            async for page in PORTS[target].pages(client, filters=filters):
                for record in page:
                    if _named(record, name) == mark:
                        await PORTS[target].delete(client, id_of(record))


def _named(record: Record, name: str) -> Any:
    return record.get(name) or (record.get("properties") or {}).get(name)


async def _stage(client: Client, mark: str) -> tuple[dict[str, str], str]:
    """(pipeline and stage for a scratch deal, the id of the scratch pipeline that was made for it; "" where the location has one).

    Raises Unprobed without a stage.
    """
    lines = [line for line in await PIPELINES.all(client) if stages_of(line)]
    if lines:
        return {"pipelineId": id_of(lines[0]), "pipelineStageId": id_of(stages_of(lines[0])[0])}, ""
    made = await PORTS[Target.PIPELINE].create(client, {"name": mark, "stages": [{"name": mark, "position": 0}]})
    stage = str((made.answer.get("stages") or {}).get(mark) or "")
    if not stage:
        await PORTS[Target.PIPELINE].delete(client, made.id)
        raise Unprobed("a scratch deal takes a stage")
    return {"pipelineId": made.id, "pipelineStageId": stage}, made.id


async def _deal(client: Client, contact_id: str, mark: str, stage: dict[str, str]) -> tuple[list[str], str]:
    """(users, a scratch deal of the second of them on the contact, which is the first one's)."""
    company = {"companyId": str(client.identity.get("companyId") or "")}
    users = [id_of(user) for user in await USERS.all(client, more=company) if not user.get("deleted")]
    owned = {}
    if len(users) > 1:
        await PORTS[Target.CONTACT].update(client, contact_id, {"assignedTo": users[0]})
        owned = {"assignedTo": users[1]}
    deal = {**stage, **owned, "name": mark, "status": "abandoned", "contactId": contact_id}
    return users, (await PORTS[Target.OPPORTUNITY].create(client, deal)).id


class Unprobed(HighLevelError):
    """The location has not what a probe takes."""


async def _link_names(client: Client, contact_id: str, business: str, mark: str) -> bool | None:
    """Whether a contact that is linked to a business gets its name as company name; None where the link does not show."""
    await contacts.link(client, business, [contact_id])
    held = await PORTS[Target.CONTACT].get(client, contact_id)
    await contacts.unlink(client, [contact_id])
    return same_text(held.get("companyName"), mark) if held.get("businessId") == business else None


async def _note(client: Client, records: dict[str, str]) -> bool | None:
    """Whether a note that is put on all of `records` is found on all of them."""
    payload = {"$url": {f"{key}Id": id for key, id in records.items()}, "body": "pb2hl doctor --probe"}
    port = PORTS[Target.NOTE]
    try:
        made = await port.create(client, payload)
    except ApiError:
        return False
    try:
        held = await client.request("GET", f"/notes/{made.id}", params={"locationId": client.location})
        there = {str(item.get("recordId")) for item in unwrap(held.body, "note").get("relations") or ()}
        return {item["recordId"] for item in relations_in(payload)} <= there
    finally:
        await port.delete(client, made.id, contactId=records["contact"])


async def _associations(client: Client, records: dict[str, str]) -> dict[str, dict[str, str]]:
    """The associations of `PAIRS` through which `records` were related and found so, as `Capabilities` has them."""
    found = {}
    there = {str(item.get("key")): item for item in await ASSOCIATIONS.all(client)}
    for key, (one, other) in PAIRS.items():
        association = there.get(key)
        if association is None or {association.get(FIRST_OBJECT), association.get(SECOND_OBJECT)} != {one, other}:
            continue
        known = {"id": id_of(association), "first": str(association[FIRST_OBJECT])}
        payload = between(known, (one, records[one]), (other, records[other]))
        with contextlib.suppress(ApiError):
            made = await PORTS[Target.RELATION].create(client, payload)
            if ends(payload) in {ends(item) for item in await relations_of(client, records[one])}:
                found[key] = known
            await PORTS[Target.RELATION].delete(client, made.id, recordId=records[one])
    return found
