"""Every record port against the rehearsal location: made, read, changed, found again after a lost answer, listed, deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pb2hl.errors import NotFound
from pb2hl.highlevel import PORTS, Client, field_probe, read_destination, run
from pb2hl.highlevel.records import link, unlink
from pb2hl.highlevel.records.base import Created
from pb2hl.operations import Kind, Operation, Target


def operation(target: Target, marker: str) -> Operation:
    """An operation whose answer was lost."""
    return Operation("0" * 32, Kind.CREATE, target, "contacts", "1", marker=marker)


async def make(client: Client, target: Target, payload: dict[str, Any]) -> Created:
    """Create through the port."""
    return await PORTS[target].create(client, payload)


async def schema(client: Client) -> dict[str, Any]:
    """The custom fields, pipeline and calendar that the records below need."""
    folder = await make(client, Target.FOLDER, {"objectKey": "business", "name": "Perfect Books"})
    pb_id = {"name": "Perfect Books ID", "dataType": "TEXT"}
    business = await make(
        client,
        Target.FIELD,
        {
            **pb_id,
            "objectKey": "business",
            "fieldKey": "business.perfect_books_id",
            "parentId": folder.id,
            "showInForms": True,
        },
    )
    users = (await read_destination(client, index=False)).users
    return {
        "contact": await make(client, Target.FIELD, {**pb_id, "model": "contact"}),
        "opportunity": await make(client, Target.FIELD, {**pb_id, "model": "opportunity"}),
        "business": business,
        "pipeline": await make(
            client,
            Target.PIPELINE,
            {
                "name": "Sales",
                "useOpportunityProbability": True,
                "stages": [
                    {"name": "New", "position": 0, "stageWinProbability": 10},
                    {"name": "Won", "position": 1, "stageWinProbability": 100},
                ],
            },
        ),
        "calendar": await make(
            client,
            Target.CALENDAR,
            {
                "name": "Perfect Books",
                "calendarType": "round_robin",
                "teamMembers": [{"userId": users[0]["id"], "priority": 0.5}],
            },
        ),
        "user": users[0]["id"],
    }


async def contact(client: Client, made: dict[str, Any], marker: str = "c-1", **more: Any) -> Created:
    """A contact with its marker."""
    fields = [{"id": made["contact"].id, "fieldValue": marker}]
    return await make(client, Target.CONTACT, {"firstName": "Jane", "lastName": "Roe", "customFields": fields, **more})


def payloads(
    made: dict[str, Any], contact_id: str, business_id: str, file: Path
) -> dict[Target, tuple[dict, str, dict]]:
    """By target: payload of a create, its marker, and the payload of an update."""
    line = "PB:notes:7 | by Jane"
    attached = {"path": str(file), "name": "scan.txt", "mime": "text/plain"}
    return {
        Target.CONTACT: (
            {
                "firstName": "Ann",
                "email": "ann@example.com",
                "customFields": [{"id": made["contact"].id, "fieldValue": "c-9"}],
            },
            "c-9",
            {"city": "Ottawa"},
        ),
        Target.BUSINESS: (
            {"name": "Acme", "customFields": [{"key": made["business"].answer["fieldKey"], "value": "b-9"}]},
            "b-9",
            {"city": "Ottawa"},
        ),
        Target.OPPORTUNITY: (
            {
                "pipelineId": made["pipeline"].id,
                "pipelineStageId": made["pipeline"].answer["stages"]["New"],
                "name": "Deal",
                "status": "open",
                "contactId": contact_id,
                "monetaryValue": 12.5,
                "customFields": [{"id": made["opportunity"].id, "fieldValue": "d-9"}],
            },
            "d-9",
            {"name": "Deal 2"},
        ),
        Target.NOTE: (
            {"$url": {"contactId": contact_id}, "body": f"<p>Hello</p>{line}"},
            "PB:notes:7 |",
            {"$url": {"contactId": contact_id}, "body": "changed"},
        ),
        Target.TASK: (
            {
                "$url": {"contactId": contact_id},
                "title": "Call",
                "body": "PB:tasks:8 |",
                "dueDate": "2026-01-05T10:00:00Z",
                "completed": False,
            },
            "PB:tasks:8 |",
            {"$url": {"contactId": contact_id}, "title": "Call again"},
        ),
        Target.APPOINTMENT: (
            {
                "calendarId": made["calendar"].id,
                "contactId": contact_id,
                "startTime": "2024-05-06T09:00:00-04:00",
                "endTime": "2024-05-06T10:00:00-04:00",
                "title": "Visit",
                "description": "PB:appointments:5 |",
                "appointmentStatus": "confirmed",
                "assignedUserId": made["user"],
                "toNotify": False,
                "ignoreFreeSlotValidation": True,
                "ignoreDateRange": True,
            },
            "PB:appointments:5 |",
            {"title": "Visit 2"},
        ),
        Target.TAG: ({"name": "VIP"}, "vip", {"name": "vips"}),
        Target.MEDIA: ({"$file": attached, "name": "scan-0a1b.txt"}, "scan-0a1b.txt", {}),
    }


WHERE = {
    Target.APPOINTMENT: lambda made: {
        "calendarId": made["calendar"].id,
        "start": datetime(2024, 1, 1, tzinfo=UTC),
        "end": datetime(2026, 1, 1, tzinfo=UTC),
    }
}


@pytest.mark.parametrize(
    "target",
    [
        Target.CONTACT,
        Target.BUSINESS,
        Target.OPPORTUNITY,
        Target.NOTE,
        Target.TASK,
        Target.APPOINTMENT,
        Target.TAG,
        Target.MEDIA,
    ],
)
def test_life_of_a_record(sandbox, connect, recorder, tmp_path, target):
    """A record is made, read, found by its marker only, listed, changed and deleted, by requests that the specs allow."""
    file = tmp_path / "scan.txt"
    file.write_text("scanned")

    async def life() -> None:
        async with connect(sandbox) as client:
            made = await schema(client)
            person = await contact(client, made, email="jane@example.com")
            firm = await make(client, Target.BUSINESS, {"name": "Firm"})
            payload, marker, change = payloads(made, person.id, firm.id, file)[target]
            port, where = PORTS[target], payload.get("$url", {})
            assert await port.find(client, operation(target, marker), payload) is None
            record = await port.create(client, payload)
            assert (await port.get(client, record.id, **where)).get("id", record.id) == record.id
            found = await port.find(client, operation(target, marker), payload)
            assert found is not None and found.id == record.id
            pages = port.pages(client, **WHERE.get(target, lambda _: {})(made))
            assert record.id in [item["id"] async for page in pages for item in page]
            if change:
                await port.update(client, record.id, change)
            await port.delete(client, record.id, **where)
            await port.delete(client, record.id, **where)
            with pytest.raises(NotFound):
                await port.get(client, record.id, **where)

    run(life())
    assert recorder.problems == []


def test_schema_is_found_by_what_it_is(sandbox, connect, recorder):
    """Folders, fields, pipelines and calendars whose answer was lost are found with what references need of them."""

    async def life() -> None:
        async with connect(sandbox) as client:
            made = await schema(client)
            stages = [{"name": "New"}, {"name": "Won"}]
            pipeline = await PORTS[Target.PIPELINE].find(
                client, operation(Target.PIPELINE, "Sales"), {"name": "sales", "stages": stages}
            )
            assert pipeline is not None and pipeline.answer == made["pipeline"].answer
            assert (
                await PORTS[Target.PIPELINE].find(
                    client, operation(Target.PIPELINE, "Sales"), {"name": "Sales", "stages": [{"name": "Other"}]}
                )
                is None
            )
            field = {"name": "Perfect Books ID", "dataType": "TEXT", "model": "opportunity"}
            found = await PORTS[Target.FIELD].find(client, operation(Target.FIELD, ""), field)
            assert found is not None and found.id == made["opportunity"].id
            for target in (Target.FIELD, Target.PIPELINE, Target.CALENDAR):
                name = {Target.FIELD: "contact"}.get(target, str(target))
                await PORTS[target].delete(client, made[name].id)

    run(life())
    assert recorder.problems == []


@pytest.mark.parametrize("lost", ["none", "last", "all"])
def test_options_survive_their_loss(rehearse, connect, recorder, lost):
    """Options that HighLevel lost when it made a field are there in the end."""
    sandbox = rehearse(behaviour={"lose_field_options": lost})

    async def life() -> None:
        async with connect(sandbox) as client:
            payload = {"name": "Size", "dataType": "SINGLE_OPTIONS", "model": "contact", "options": ["S", "M", "L"]}
            made = await make(client, Target.FIELD, payload)
            assert sorted(made.answer["options"]) == ["L", "M", "S"]

    run(life())
    assert recorder.problems == []


def test_markers_tell_records_apart(sandbox, connect):
    """A record with the same e-mail, name or text but another marker is never adopted."""

    async def life() -> None:
        async with connect(sandbox) as client:
            made = await schema(client)
            other = await contact(client, made, "c-12", email="jane@example.com")
            payload = {"email": "jane@example.com", "customFields": [{"id": made["contact"].id, "fieldValue": "c-1"}]}
            assert await PORTS[Target.CONTACT].find(client, operation(Target.CONTACT, "c-1"), payload) is None
            await make(client, Target.NOTE, {"$url": {"contactId": other.id}, "body": "PB:notes:71 |"})
            note = {"$url": {"contactId": other.id}, "body": "PB:notes:7 |"}
            assert await PORTS[Target.NOTE].find(client, operation(Target.NOTE, "PB:notes:7 |"), note) is None

    run(life())


@pytest.mark.parametrize("keeps", [True, False])
def test_a_pipeline_that_grows_keeps_its_deals_in_their_stages(rehearse, connect, keeps):
    """Whether HighLevel keeps the ids of stages in a PUT is not documented: nobody's deal ends in another stage."""
    stages = [{"name": name, "position": at} for at, name in enumerate(("New", "Offer", "Won"))]
    place = rehearse(
        behaviour={"put_keeps_stage_ids": keeps},
        pipelines=[{"id": "p1", "name": "Sales", "stages": stages}, {"id": "p2", "name": "Other", "stages": stages}],
        contacts=[{"id": "c1", "firstName": "A"}, {"id": "c2", "firstName": "B"}],
        opportunities=[
            {"id": "o1", "name": "x", "contactId": "c1", "pipeline": "Sales", "stage": "Offer", "status": "open"},
            {"id": "o2", "name": "y", "contactId": "c2", "pipeline": "Sales", "stage": "Won", "status": "won"},
            {"id": "o3", "name": "z", "contactId": "c2", "pipeline": "Other", "stage": "Won", "status": "won"},
        ],
    )

    async def life() -> None:
        async with connect(place) as client:
            held = (await PORTS[Target.PIPELINE].get(client, "p1"))["stages"]
            grown = [{"id": item["id"], "name": item["name"], "position": item["position"] + 1} for item in held]
            sent = {"name": "Sales", "stages": [{"name": "Lead", "position": 0}, *grown]}
            record = await PORTS[Target.PIPELINE].update(client, "p1", sent)
            names = {stage["id"]: stage["name"] for stage in record["stages"]}
            deals = {one: await PORTS[Target.OPPORTUNITY].get(client, one) for one in ("o1", "o2", "o3")}
            assert names[deals["o1"]["pipelineStageId"]] == "Offer" and names[deals["o2"]["pipelineStageId"]] == "Won"
            assert deals["o3"]["pipelineId"] == "p2" and deals["o2"]["status"] == "won"

    run(life())


@pytest.mark.parametrize("ways", ["works", "blind", "ignored", "refused"])
def test_a_contact_without_address_is_found_whatever_search_can_do(rehearse, connect, ways):
    """That search knows custom fields is only reported: where it is blind, it is not taken at its word, and nobody is made twice."""
    place = rehearse(behaviour={"custom_field_search": ways})

    async def life() -> None:
        async with connect(place) as client:
            made = await schema(client)
            for number in range(30):
                await contact(client, made, f"c-{number}", email=f"p{number}@example.com")
            lost = await contact(client, made, "c-lost")
            for marker, wanted in (("c-lost", lost.id), ("c-none", None)):
                payload = {"firstName": "Jane", "customFields": [{"id": made["contact"].id, "fieldValue": marker}]}
                found = await PORTS[Target.CONTACT].find(client, operation(Target.CONTACT, marker), payload)
                assert (found.id if found else None) == wanted

    run(life())


def test_links_tags_and_files_of_a_contact(sandbox, connect, recorder, tmp_path):
    """Links in bulk, added tags and uploaded files are made, seen and taken back."""
    file = tmp_path / "a.pdf"
    file.write_bytes(b"%PDF-1.4")

    async def life() -> None:
        async with connect(sandbox) as client:
            made = await schema(client)
            people = [(await contact(client, made, f"c-{n}", email=f"p{n}@example.com")).id for n in range(60)]
            firm = await make(client, Target.BUSINESS, {"name": "Firm"})
            before = len(recorder.sent)
            await link(client, firm.id, people)
            assert len(recorder.sent) - before == 2
            linked = {"businessId": firm.id, "contactId": people[0]}
            assert await PORTS[Target.LINK].find(client, operation(Target.LINK, ""), linked) is not None
            await unlink(client, people)
            assert await PORTS[Target.LINK].find(client, operation(Target.LINK, ""), linked) is None
            tagged = {"$url": {"contactId": people[0]}, "tags": ["VIP", "Gold "]}
            assert await PORTS[Target.CONTACT_TAGS].find(client, operation(Target.CONTACT_TAGS, ""), tagged) is None
            await make(client, Target.CONTACT_TAGS, tagged)
            assert await PORTS[Target.CONTACT_TAGS].find(client, operation(Target.CONTACT_TAGS, ""), tagged) is not None
            await PORTS[Target.CONTACT_TAGS].delete(client, people[0], tags=["gold"])
            assert (await PORTS[Target.CONTACT_TAGS].get(client, people[0]))["tags"] == ["vip"]
            field = await make(client, Target.FIELD, {"name": "Files", "dataType": "FILE_UPLOAD", "model": "contact"})
            upload = {
                "$url": {"contactId": people[0], "fieldId": field.id},
                "$file": {"path": str(file), "name": "a.pdf", "mime": "application/pdf"},
            }
            assert await PORTS[Target.FILE].find(client, operation(Target.FILE, ""), upload) is None
            uploaded = await make(client, Target.FILE, upload)
            assert await PORTS[Target.FILE].find(client, operation(Target.FILE, ""), upload) == Created(
                uploaded.id, {"id": uploaded.id}
            )
            await PORTS[Target.FILE].delete(client, uploaded.id)
            assert await PORTS[Target.FILE].find(client, operation(Target.FILE, ""), upload) is None

    run(life())
    assert recorder.problems == []


def test_notes_of_businesses_and_lost_reasons(sandbox, connect, recorder):
    """Notes go to businesses through the Notes API, and a lost deal keeps its reason."""

    async def life() -> None:
        async with connect(sandbox) as client:
            made = await schema(client)
            firm = await make(client, Target.BUSINESS, {"name": "Firm"})
            where = {"businessId": firm.id}
            payload = {"$url": where, "body": "PB:notes:3 |", "userId": made["user"]}
            note = await make(client, Target.NOTE, payload)
            found = await PORTS[Target.NOTE].find(client, operation(Target.NOTE, "PB:notes:3 |"), payload)
            assert found is not None and found.id == note.id
            await PORTS[Target.NOTE].update(client, note.id, {"$url": where, "body": "new"})
            assert (await PORTS[Target.NOTE].get(client, note.id, **where))["body"] == "new"
            await PORTS[Target.NOTE].delete(client, note.id, **where)
            reasons = await client.request("GET", "/opportunities/lost-reason", params={"locationId": client.location})
            person = await contact(client, made, email="x@example.com")
            deal = await make(
                client,
                Target.OPPORTUNITY,
                {
                    "pipelineId": made["pipeline"].id,
                    "name": "Lost one",
                    "status": "lost",
                    "contactId": person.id,
                    "lostReasonId": reasons.body["lostReasons"][0]["id"],
                },
            )
            record = await PORTS[Target.OPPORTUNITY].get(client, deal.id)
            assert record["lostReasonId"] == reasons.body["lostReasons"][0]["id"]

    run(life())
    assert recorder.problems == []


@pytest.mark.parametrize("taken", [["fieldKey", "description", "parentId"], ["description"], []])
def test_what_the_creating_call_of_a_field_takes_is_tried(rehearse, connect, taken):
    """Key, description and folder, each only where it shows again; folders are told by a row of their own or by the sign in them."""
    rows = [
        {"name": "Perfect Books Folder", "dataType": "TEXT", "model": "contact", "parentId": "foldC"},
        {"name": "perfect books", "dataType": "", "documentType": "folder", "model": "opportunity"},
    ]
    place = rehearse(behaviour={"field_extras": taken}, custom_fields=rows)
    before = place.state.dump(timestamps=False)

    async def life() -> None:
        async with connect(place) as client:
            assert await field_probe.probe(client, "pb2hl-probe-1") == {"contact": taken, "opportunity": taken}
            found = await read_destination(client, index=False)
            (folder,) = [key for key, held in before["fields"].items() if held["documentType"]]
            assert found.field_folders == {"contact": "foldC", "opportunity": folder}
            assert found.fields["opportunity"] == ()

    run(life())
    assert place.state.dump(timestamps=False) == before
