"""The vendor's own SDK drives the sandbox as it would drive HighLevel."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

highlevel = pytest.importorskip(
    "highlevel", reason="the official SDK is not installed: pip install gohighlevel-api-client"
)


async def _migrate(rehearsal: Any) -> dict[str, Any]:
    sdk = highlevel.HighLevel(private_integration_token=rehearsal.token, log_level="none")
    sdk.http_client.base_url = rehearsal.url
    here = {"locationId": rehearsal.location}
    seen: dict[str, Any] = {}
    async with sdk.http_client:
        location = (await sdk.locations.get_location(rehearsal.location))["location"]
        users = (await sdk.users.search_users(location["companyId"], location_id=location["id"]))["users"]
        seen["workflows"] = (await sdk.workflows.get_workflow(rehearsal.location))["workflows"]
        field = {"name": "Origin", "dataType": "TEXT", "model": "contact"}
        field_id = (await sdk.locations.create_custom_field(rehearsal.location, field))["customField"]["id"]
        person = {
            "firstName": "Jane",
            "email": "Jane@Acme.com",
            "customFields": [{"id": field_id, "fieldValue": "PB-1"}],
        }
        contact = (await sdk.contacts.create_contact({**person, **here}))["contact"]["id"]
        seen["contact"] = (await sdk.contacts.get_contact(contact))["contact"]
        await sdk.contacts.add_tags(contact, {"tags": ["VIP"]})
        filters = [{"field": f"customFields.{field_id}", "operator": "eq", "value": "PB-1"}]
        seen["found"] = await sdk.contacts.search_contacts_advanced({"pageLimit": 10, "filters": filters, **here})
        await sdk.contacts.create_note(contact, {"body": "Hello", "userId": users[0]["id"]})
        task = {"title": "Call", "dueDate": "2026-12-01T10:00:00Z", "completed": False}
        seen["task"] = (await sdk.contacts.create_task(contact, task))["task"]
        business = (await sdk.businesses.create_business({"name": "Acme", **here}))["buiseness"]["id"]
        link = {"ids": [contact], "businessId": business, **here}
        seen["linked"] = await sdk.contacts.add_remove_contact_from_business(link)
        record = await sdk.objects.create_object_record("business", {"properties": {"name": "Beta"}, **here})
        seen["record"] = record["record"]
        pipeline = (await sdk.opportunities.get_pipelines(rehearsal.location))["pipelines"][0]
        deal = {"name": "Deal", "status": "open", "contactId": contact, "pipelineId": pipeline["id"], **here}
        seen["deal"] = (await sdk.opportunities.create_opportunity(deal))["opportunity"]
        seen["deals"] = await sdk.opportunities.search_opportunity(rehearsal.location, contact_id=contact)
        diary = next(iter(rehearsal.state.calendars.records))
        meeting = {"calendarId": diary, "contactId": contact, "startTime": "2021-03-01T10:00:00-05:00", **here}
        quiet = {"toNotify": False, "ignoreFreeSlotValidation": True}
        await sdk.calendars.create_appointment({**meeting, **quiet})
        seen["events"] = (
            await sdk.calendars.get_calendar_events(rehearsal.location, "0", "1900000000000", calendar_id=diary)
        )["events"]
        with pytest.raises(highlevel.GHLError) as refused:
            await sdk.contacts.create_contact({**person, **here})
        seen["refused"] = refused.value
    return seen


def test_the_official_sdk_migrates(rehearse) -> None:
    """Contact, field, tag, search, note, task, business, record, opportunity and appointment, all through the SDK."""
    rehearsal = rehearse(pipelines=[{"name": "Sales", "stages": ["New", "Won"]}], rate={"max": 1000})
    seen = asyncio.run(_migrate(rehearsal))
    assert seen["contact"]["email"] == "jane@acme.com" and seen["found"]["total"] == 1
    assert seen["task"]["title"] == "Call" and seen["linked"]["success"] is True
    assert seen["record"]["properties"] == {"name": "Beta"}
    assert seen["deals"]["opportunities"][0]["id"] == seen["deal"]["id"]
    assert len(seen["events"]) == 1 and len(seen["workflows"]) == 3
    assert seen["refused"].status_code == 400
    assert rehearsal.state.unexpected == [] and rehearsal.state.outbox == []
    assert {name: len(rehearsal.state.collections[name]) for name in ("contacts", "notes", "tasks", "businesses")} == {
        "contacts": 1,
        "notes": 1,
        "tasks": 1,
        "businesses": 2,
    }
