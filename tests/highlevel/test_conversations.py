"""Conversations and their messages through the ports: every request fits the vendor's files, and each behaviour is survived."""

from __future__ import annotations

from typing import Any

import pytest

from pb2hl.errors import AnswerLost, ApiError
from pb2hl.highlevel import PORTS, Client, run
from pb2hl.highlevel.records.base import NotUpdatable
from pb2hl.operations import Kind, Operation, Target

PROVIDERS = {"prS": "SMS", "prE": "Email", "prC": "Call"}
DATE = "2021-03-04T05:06:07.000Z"
PHONE = "+16135550111"
MARK = "PB:perfect-books:activity:7"


def sms(contact: str, conversation: str, **more: Any) -> dict[str, Any]:
    """An SMS that came in, as a plan has it."""
    where = {"$url": {"contactId": contact}, "conversationId": conversation}
    said = {"type": "SMS", "direction": "inbound", "date": DATE, "altId": MARK, "message": f"Hello {MARK}"}
    return {**where, **said, "conversationProviderId": "prS", **more}


async def begun(client: Client) -> tuple[str, str]:
    """(contact, its conversation)."""
    contact = {"firstName": "Jane", "email": "jane@mill.example", "phone": PHONE}
    made = await PORTS[Target.CONTACT].create(client, contact)
    return made.id, (await PORTS[Target.CONVERSATION].create(client, {"contactId": made.id})).id


def operation(payload: dict[str, Any], marker: str = MARK) -> Operation:
    """The operation of a message whose answer was lost."""
    return Operation("0" * 32, Kind.CREATE, Target.MESSAGE, "activities", "7", payload=payload, marker=marker)


@pytest.mark.parametrize("again", ["refused", "same"])
@pytest.mark.parametrize("told", [True, False])
def test_messages_are_logged_read_back_and_found_again(rehearse, connect, recorder, again, told):
    """An SMS, an e-mail and a call of each direction keep date, direction, text and status; a lost answer is found by `altId`, by
    the marker or by its moment; the unread counter is put back and keeps what others wrote; pages end where the total is reached."""
    sandbox = rehearse(
        behaviour={"message_providers": PROVIDERS, "conversation_again": again, "alt_id_told": told}, search_lag_s=0
    )
    port = PORTS[Target.MESSAGE]

    async def work() -> None:
        async with connect(sandbox) as client:
            contact, held = await begun(client)
            assert (await PORTS[Target.CONVERSATION].create(client, {"contactId": contact})).id == held
            html = {"type": "Email", "html": f"<p>Hi {MARK}</p>", "subject": "Offer", "message": None}
            mail = sms(contact, held, **html, direction="outbound", conversationProviderId="prE")
            mail = {name: value for name, value in mail.items() if value is not None}
            call = {name: value for name, value in sms(contact, held).items() if name != "message"}
            call |= {"type": "Call", "callTo": PHONE, "callStatus": "voicemail", "conversationProviderId": "prC"}
            wanted = [
                sms(contact, held),
                mail,
                call,
                {**call, "direction": "outbound", "date": DATE[:-2] + "1Z", "altId": "8"},
            ]
            ids = []
            for payload in wanted:
                ids.append((await port.create(client, payload)).id)
                found = await port.find(client, operation(payload), payload)
                assert found is not None and found.id == ids[-1]
                record = await port.get(client, ids[-1])
                for name in ("type", "direction", "date", "message", "html", "callStatus", "conversationId"):
                    assert record.get(name) == payload.get(name), name
            listed = [
                record["id"]
                async for page in port.pages(client, start=DATE, end=DATE[:-5] + ".999Z")
                for record in page
            ]
            assert sorted(listed) == sorted(ids)
            other = sms(contact, held, message="Hello", altId="x", date="2022-01-01T00:00:00.000Z")
            assert await port.find(client, operation(other, "PB:x"), other) is None
            sandbox.state.conversations.put({**sandbox.state.conversations.get(held), "unreadCount": 3})
            unread = {
                "$url": {"contactId": contact, "conversationId": held, "of 1": ids[0], "of 2": ids[2], "of 3": ""}
            }
            await PORTS[Target.UNREAD].create(client, unread)
            assert sandbox.state.conversations.get(held)["unreadCount"] == 1
            for forbidden in (port.delete(client, ids[0]), port.update(client, ids[0], {})):
                with pytest.raises(NotUpdatable):
                    await forbidden
            await PORTS[Target.CONVERSATION].delete(client, held)
            assert not sandbox.state.messages.records

    run(work())
    assert recorder.problems == []


@pytest.mark.parametrize(("behaviour", "error"), [({"messages_persist": "without id"}, AnswerLost), ({"message_providers": {}}, ApiError)])  # fmt: skip
def test_an_answer_without_a_message_is_no_success(rehearse, connect, behaviour, error):
    """Without `messageId` nothing is taken for stored; a provider of somebody else's app is refused."""
    sandbox = rehearse(behaviour={"message_providers": PROVIDERS, **behaviour})

    async def work() -> None:
        async with connect(sandbox) as client:
            with pytest.raises(error):
                await PORTS[Target.MESSAGE].create(client, sms(*await begun(client)))

    run(work())
    assert not sandbox.state.messages.records


def test_long_histories_are_read_in_pages_of_500(rehearse, connect):
    """The export is walked by its cursor, and no page is asked for in vain."""
    sandbox = rehearse(behaviour={"message_providers": PROVIDERS, "inbound_unread": False}, search_lag_s=0)

    async def work() -> int:
        async with connect(sandbox) as client:
            contact, held = await begun(client)
            one = (await PORTS[Target.MESSAGE].create(client, sms(contact, held))).id
            first = sandbox.state.messages.get(one)
            for number in range(1, 1000):
                sandbox.state.messages.put({**first, "id": f"m{number:019d}"})
            pages = [len(page) async for page in PORTS[Target.MESSAGE].pages(client, channels=("SMS",))]
            return pages

    assert run(work()) == [500, 500]
