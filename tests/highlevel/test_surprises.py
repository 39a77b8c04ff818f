"""A real location's surprises: each ends in a clear message within bounded time, never in a traceback or in an empty location."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pb2hl.errors import AnswerLost, HighLevelError, RateLimited, Unreachable
from pb2hl.highlevel import PORTS, Client, Limiter, read_destination, retry, run
from pb2hl.highlevel import client as client_module
from pb2hl.highlevel.answers import WrongAnswer
from pb2hl.highlevel.identity import WrongLocation
from pb2hl.highlevel.records.fields import options_of
from pb2hl.highlevel.rows import index_rows
from pb2hl.operations import Target
from pb2hl.sandbox.faults import SURPRISES
from tests.highlevel.test_client import OK, READ, WRITE, Quick, reply, talk


def looked_at(place, **options) -> object:
    """What reading the location ends in, with a clock whose sleeps only count, and the seconds it would have slept."""

    async def look() -> object:
        clock = Quick()
        options.setdefault("clock", clock)
        async with Client(place.token, place.location, place.url, limiter=Limiter(clock), **options) as client:
            try:
                outcome: object = await read_destination(client)
            except Exception as error:
                outcome = error
        return outcome, clock.slept

    return run(look())


@pytest.mark.parametrize("fault", SURPRISES)
def test_a_location_that_answers_strangely_is_given_up_soon(rehearse, monkeypatch, fault):
    """At first contact it is no use to wait long: thirty seconds at most, whatever a Retry-After asks for."""
    monkeypatch.setattr(client_module.retry, "FIRST_CONTACT_S", 0.3 if fault == "drip" else 15.0)
    outcome, slept = looked_at(rehearse(faults={fault: 1.0}))
    assert (isinstance(outcome, HighLevelError) and outcome.hint) or isinstance(outcome, RateLimited), outcome
    assert slept <= 30


@pytest.mark.parametrize("answer", ["7", "null", "[]", '"text"', "true", "{}", '{"location": 7}', '{"location": [{}]}'])
def test_a_location_of_another_type_is_named(rehearse, answer):
    """What was asked for and what came, without its content."""
    outcome, _ = looked_at(rehearse(faults={"wrong_type": 1.0, "wrong_answer": answer}))
    assert isinstance(outcome, WrongAnswer | WrongLocation), outcome


def test_another_location_than_asked_for_is_refused(rehearse):
    """By id, before anything else is read."""
    place = rehearse(location={"id": "sbLoc4t10nReh3ars4l0", "answers_as": "an0therLocati0nEnt1re"})
    outcome, _ = looked_at(place)
    assert isinstance(outcome, WrongLocation) and "an0therLocati0nEnt1re" in outcome.message
    assert len(place.state.log) == 1


def test_a_crowded_door_later_is_waited_for_as_long_as_an_outage():
    """After the first answer the patience for 429 is the one for every trouble, and ends."""

    async def ask(client: Client) -> object:
        await READ(client)
        return await READ(client)

    outcome, seen = run(talk([OK, reply(429)], ask, patience_s=60.0))
    assert isinstance(outcome, RateLimited) and len(seen) > 3


@pytest.mark.parametrize("body", [b"[" * 100_000, b"[" * 400 + b"]" * 400, b'{"a":' * 90 + b"1" + b"}" * 90])
def test_json_that_is_nested_without_end_is_no_answer(body):
    """Of a read it is tried again and told; of a write it is in doubt."""
    outcome, _ = run(talk([(200, body)], READ, first_contact_s=2.0))
    assert (isinstance(outcome, Unreachable) and "nested" in outcome.message) or "no JSON" in outcome.message


def test_a_write_that_drips_is_in_doubt(rehearse, monkeypatch):
    """Its answer never ends: whether it was done is not known, and it is not sent again."""
    monkeypatch.setattr(client_module, "ANSWER_TIMEOUT_S", 0.4)
    place = rehearse(faults={"at": [{"fault": "drip", "request": 2}], "drip_s": 0.05})

    async def life() -> object:
        async with Client(place.token, place.location, place.url, limiter=Limiter()) as client:
            await client.request("GET", f"/locations/{place.location}")
            try:
                return await PORTS[Target.CONTACT].create(client, {"firstName": "A"})
            except HighLevelError as error:
                return error

    outcome = run(life())
    assert type(outcome).__name__ == "AnswerLost" and len(place.state.log) == 2


def test_an_answer_without_end_in_size_is_cut(monkeypatch):
    """A few megabytes are no answer of HighLevel's."""
    monkeypatch.setattr(client_module, "MOST_BYTES", 1000)
    outcome, _ = run(talk([(200, b'{"a": "' + b"x" * 5000 + b'"}')], WRITE))
    assert "whether it was done is not known" in str(outcome)


@pytest.mark.parametrize("options", [7, "S;M;L", {"a": 1}, None, [7, None, {"label": "S"}]])
def test_options_of_another_type_are_no_options(options):
    """A text is not taken for a list of letters."""
    assert options_of({"picklistOptions": options}) == (["7", "None", "S"] if isinstance(options, list) else [])


@pytest.mark.parametrize("value", [7, "x", {"a": 1}, [None], [7], None, True])
@pytest.mark.parametrize("name", ["tags", "customFields", "additionalEmails", "email", "dnd", "monetaryValue", "name"])
def test_a_record_whose_fields_have_other_types_is_a_row(name, value):
    """The index of what is there is made of whatever is there."""
    for kind in ("contacts", "opportunities", "businesses"):
        assert len(index_rows(kind, [{"id": "a", name: value}])) == 1


@pytest.mark.parametrize("thin", [True, False])
def test_a_deal_is_whole_though_reads_by_id_are_thin(rehearse, connect, thin):
    """Custom fields and lost reason come from the search where a read by id lacks them, and cost nothing where it does not."""
    stages = [{"name": "New", "position": 0}]
    place = rehearse(behaviour={"thin_opportunities": thin}, pipelines=[{"id": "p1", "name": "Sales", "stages": stages}],
                     contacts=[{"id": "c1", "firstName": "A"}])  # fmt: skip

    async def life() -> None:
        async with connect(place) as client:
            field = await PORTS[Target.FIELD].create(client, {"name": "ID", "dataType": "TEXT", "model": "opportunity"})
            reason = (await read_destination(client, index=False)).lost_reasons[0]["id"]
            stage = (await PORTS[Target.PIPELINE].get(client, "p1"))["stages"][0]["id"]
            payload = {"pipelineId": "p1", "pipelineStageId": stage, "name": "D", "status": "lost", "contactId": "c1",
                       "lostReasonId": reason, "customFields": [{"id": field.id, "fieldValue": "d-1"}]}  # fmt: skip
            deal = await PORTS[Target.OPPORTUNITY].create(client, payload)
            before = client.sent
            record = await PORTS[Target.OPPORTUNITY].get(client, deal.id)
            assert record["lostReasonId"] == reason and record["customFields"][0]["id"] == field.id
            assert client.sent - before == 1 + thin

    run(life())


LIES = {
    "7": b"7",
    "list": b"[]",
    "text": b'"done"',
    "page": b"<!doctype html><html>Sign in</html>",
    "nothing": b"null",
}


def walks(client: Client) -> dict[str, Any]:
    """One call of each method of each port, under the name of its record's kind; endpoints are theirs, not listed here."""
    ids = {
        "contactId": "c",
        "businessId": "b",
        "schemaKey": "k",
        "recordId": "r",
        "conversationId": "v",
        "calendarId": "l",
    }
    span = {"start": datetime(2024, 1, 1, tzinfo=UTC), "end": datetime(2024, 6, 1, tzinfo=UTC)}
    where = {**ids, **span, "objectKey": "business", "tags": ["t"]}
    payload = {
        "$url": {**ids, "fieldId": "f"}, "$file": {"path": __file__, "name": "a.txt"}, "name": "A", "tags": ["t"], "contactId": "c", "businessId": "b",
        "type": "SMS", "direction": "inbound", "altId": "1", "date": "2024-01-01T00:00:00.000Z", "body": "B", "title": "T", "dueDate": "d", "completed": False,
        "objectKey": "business", "stages": [{"name": "S"}], "customFields": [], "followers": ["u"], "key": "k", "labels": {"singular": "A", "plural": "As"},
        "associationId": "x", "firstRecordId": "c", "secondRecordId": "b", "calendarId": "l", "startTime": "2024-01-01T00:00:00Z", "endTime": "2024-01-01T01:00:00Z",
    }  # fmt: skip
    found = {}
    for target, port in PORTS.items():
        if target is Target.UNREAD:  # a counter, which is neither read nor listed as a record
            continue
        found[f"{target} create"] = lambda port=port: port.create(client, payload)
        found[f"{target} get"] = lambda port=port: port.get(client, "i/../é", **where)
        found[f"{target} update"] = lambda port=port: port.update(client, "i/../é", payload)
        found[f"{target} delete"] = lambda port=port: port.delete(client, "i/../é", **where)
        found[f"{target} pages"] = lambda port=port: all_of(port.pages(client, **where))
    return found


async def all_of(pages: Any) -> list[Any]:
    """Every record of some pages."""
    return [record async for page in pages for record in page]


@pytest.mark.parametrize("lie", LIES)
def test_no_endpoint_is_believed_whatever_it_says(lie):
    """Each method of each port ends in an error of ours that says what came and what helps; no write counts as done, no list as empty."""

    async def ask(client: Client) -> dict[str, object]:
        outcomes: dict[str, object] = {}
        for name, call in walks(client).items():
            try:
                outcomes[name] = await call()
            except Exception as error:
                outcomes[name] = error
        return outcomes

    outcomes, _ = run(talk([(200, LIES[lie])], ask, patience_s=1.0, first_contact_s=1.0))
    believed = {
        name: outcome
        for name, outcome in outcomes.items()
        if not (isinstance(outcome, HighLevelError) and (outcome.hint or outcome.message))
    }
    assert believed == {}


@pytest.mark.parametrize("lie", ["page", "cut", "deep"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_success_that_nobody_can_read_is_given_up_after_half_a_minute(lie, method):
    """Not after the ten minutes of an outage: of a write it is in doubt, and the error says what answered."""
    bodies = {
        "page": b"<!doctype html><html><title> Sign in\n to the network </title></html>",
        "cut": b'{"id": "x", "na',
        "deep": b"[" * 5000,
    }
    clocks: list[Quick] = []

    async def ask(client: Client) -> object:
        clocks.append(client.clock)
        await READ(client)
        return await client.request(method, "/contacts/x")

    outcome, seen = run(talk([OK, (200, bodies[lie])], ask))
    assert type(outcome) is (WrongAnswer if method == "GET" else AnswerLost), outcome
    assert (
        clocks[0].slept <= 35
        and 3 < len(seen) < 10
        and ("Sign in to the network" in outcome.message) is (lie == "page")
    )


def test_one_record_that_nobody_can_read_is_no_trouble_of_the_location_and_ten_are():
    """A method that is answered in between is not given up."""
    page = (200, b"<html></html>")

    async def ask(client: Client) -> list[type]:
        await READ(client)
        found = []
        for turn in range(12):
            try:
                await client.request("DELETE", "/contacts/x")
            except HighLevelError as error:
                found.append(type(error))
            if turn == 1:
                await client.request("DELETE", "/contacts/y")
        return found

    replies = [OK, *[page] * (2 * retry.UNREADABLE_ATTEMPTS), OK, page]
    outcome, _ = run(talk(replies, ask))
    assert outcome == [*[AnswerLost] * 11, Unreachable], outcome
