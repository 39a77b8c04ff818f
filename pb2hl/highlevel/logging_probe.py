"""The part of the probe that logs messages: whether they keep their date, send nothing and start nothing.

Everything happens on a scratch contact with an address and a number that nobody has, which is taken away again with its
conversation. What cannot be proven is not proven: the way stays unused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pb2hl.errors import AnswerLost, ApiError
from pb2hl.highlevel.answers import WrongAnswer
from pb2hl.highlevel.client import SEARCH_LAG_S, Client
from pb2hl.highlevel.records import PORTS
from pb2hl.highlevel.records.base import Record
from pb2hl.highlevel.records.conversations import CALL, CHANNELS, EMAIL, INBOUND, OF, OUTBOUND
from pb2hl.highlevel.records.notes import notes_of
from pb2hl.highlevel.records.tasks import tasks_of
from pb2hl.operations import Target

_DAY = "2021-03-04T05:06:"
_FROM, _TO = f"{_DAY}00.000Z", f"{_DAY}59.000Z"
LEAST_WAIT_S = 10.0
"""Workflows start within about a second (BEHAVIOUR); what they send shows in the export soon after."""

_LOOK_EVERY_S = 2.0
_QUIET = frozenset({"", "delivered", "read", "connected", "completed"})
"""States of a message that was logged; `sent`, `pending`, `failed` and the like are those of one that was on its way to somebody."""

_TOLD = ("message", "html", "callStatus")
_OTHERS = (*CHANNELS, "WhatsApp")
_STAMPS = ("dateUpdated", "lastActivity", "updatedAt")


@dataclass
class _Seen:
    """What was found out: channel → provider id it works with, channel → why it does not."""

    channels: dict[str, str] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)


async def probe(client: Client, mark: str, providers: Mapping[str, str]) -> dict[str, Any]:
    """`messages` (Capabilities) as this location logs them; `providers`: channel → id of a conversation provider, "" for none."""
    seen = _Seen()
    unread = told = False
    contact_id = ""
    try:
        contact_id = (await PORTS[Target.CONTACT].create(client, _scratch(mark))).id
        before = await _look(client, contact_id)
        held = (await PORTS[Target.CONVERSATION].create(client, {"contactId": contact_id})).id
        sent = await _log_all(client, contact_id, held, providers, seen)
        records = await _settled(client, contact_id, sent)
        told = any(record.get("altId") for record in records.values())
        _judge(seen, sent, records)
        answered = set(await _ids(client, contact_id)) - set(sent)
        if answered or await _look(client, contact_id) != before:
            seen.why |= dict.fromkeys(
                seen.channels, "logging a message started something: pause the workflows and bots"
            )
            seen.channels.clear()
        unread = await _counted(client, contact_id, held, sent, seen)
    except (ApiError, AnswerLost, WrongAnswer) as error:
        seen.why |= dict.fromkeys((*seen.channels, "all"), error.message)
        seen.channels.clear()
    finally:
        if contact_id:
            await PORTS[Target.CONTACT].delete(client, contact_id)
    return {"channels": seen.channels, "unread": unread, "by_alt_id": told, "why": seen.why}


def _scratch(mark: str) -> dict[str, Any]:
    """A contact whose address and number are kept free for examples: whatever is sent there reaches nobody."""
    number = sum(map(ord, mark)) % 100
    return {
        "firstName": "Scratch",
        "lastName": mark,
        "email": f"{mark}-log@example.com",
        "phone": f"+161355501{number:02d}",
        "dnd": True,
    }


async def _look(client: Client, contact_id: str) -> dict[str, Any]:
    """What a workflow could change of the contact, or hang on it."""
    record = await PORTS[Target.CONTACT].get(client, contact_id)
    hanging = [len(await notes_of(client, contact_id)), len(await tasks_of(client, contact_id))]
    return {"hanging": hanging, **{name: value for name, value in record.items() if name not in _STAMPS}}


def _payload(channel: str, direction: str, number: int, provider: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": channel,
        "direction": direction,
        "date": f"{_DAY}{number:02d}.000Z",
        "altId": f"pb2hl-probe-{number}",
        **({"conversationProviderId": provider} if provider else {}),
    }
    text = f"pb2hl doctor --probe {number}"
    if channel == CALL:
        return {**body, "callStatus": "completed"}
    return {**body, "html": f"<p>{text}</p>", "subject": text} if channel == EMAIL else {**body, "message": text}


async def _log_all(
    client: Client, contact_id: str, held: str, providers: Mapping[str, str], seen: _Seen
) -> dict[str, dict[str, Any]]:
    """Message id → its payload, of every channel that took one of each direction."""
    found: dict[str, dict[str, Any]] = {}
    phone = (await PORTS[Target.CONTACT].get(client, contact_id)).get("phone")
    where = {"$url": {"contactId": contact_id}, "conversationId": held}
    for channel in CHANNELS:
        provider = providers.get(channel, "")
        seen.channels[channel] = provider
        if channel == CALL and not provider:
            seen.why[channel] = "calls take a conversation provider: name it in migration.toml"
            del seen.channels[channel]
            continue
        try:
            for direction in (INBOUND, OUTBOUND):
                payload = {**where, **_payload(channel, direction, 10 + len(found), provider)}
                if channel == CALL:
                    payload["callFrom" if direction == INBOUND else "callTo"] = phone
                found[(await PORTS[Target.MESSAGE].create(client, payload)).id] = payload
        except (ApiError, AnswerLost) as error:
            seen.why[channel] = error.message
            del seen.channels[channel]
    return found


async def _settled(client: Client, contact_id: str, sent: Mapping[str, Any]) -> dict[str, Record]:
    """Message id → the message, as the export between the messages' dates has it once everything had time to happen."""
    began = client.clock.monotonic()
    while True:
        pages = PORTS[Target.MESSAGE].pages(client, contactId=contact_id, start=_FROM, end=_TO)
        records = {record["id"]: record async for page in pages for record in page}
        waited = client.clock.monotonic() - began
        if waited > SEARCH_LAG_S or (waited >= LEAST_WAIT_S and sent.keys() <= records.keys()):
            return records
        client.announce("looking whether logged messages keep their dates and start nothing", SEARCH_LAG_S - waited)
        await client.clock.sleep(_LOOK_EVERY_S)


def _judge(seen: _Seen, sent: Mapping[str, Mapping[str, Any]], records: Mapping[str, Record]) -> None:
    for message_id, payload in sent.items():
        record, channel = records.get(message_id), payload["type"]
        if record is None:
            why = "a logged message is not there under its own date"
        elif any(record.get(name) != payload[name] for name in ("date", "direction", "type")):
            why = "a logged message does not keep its date, direction or kind"
        elif any(payload[name] not in str(record.get(name)) for name in _TOLD if name in payload):
            why = "a logged message does not tell its text or how the call ended, and could not be checked"
        elif record.get("status", "") not in _QUIET:
            why = f"a logged message is told as {record['status']}: it may have been sent"
        else:
            continue
        seen.why[channel] = why
        seen.channels.pop(channel, None)


async def _ids(client: Client, contact_id: str) -> list[str]:
    """Every message of the contact, of whatever date."""
    pages = PORTS[Target.MESSAGE].pages(client, contactId=contact_id, channels=_OTHERS)
    return [record["id"] async for page in pages for record in page]


async def _counted(
    client: Client, contact_id: str, held: str, sent: Mapping[str, Mapping[str, Any]], seen: _Seen
) -> bool:
    """Whether messages that came in count as unread; where the counter cannot be put back, no channel is used."""
    if not (await PORTS[Target.CONVERSATION].get(client, held)).get("unreadCount"):
        return False
    came_in = {f"{OF}{id}": id for id, payload in sent.items() if payload["direction"] == INBOUND}
    await PORTS[Target.UNREAD].create(client, {"$url": {"contactId": contact_id, "conversationId": held, **came_in}})
    if (await PORTS[Target.CONVERSATION].get(client, held)).get("unreadCount"):
        seen.why |= dict.fromkeys(seen.channels, "the counter of unread messages cannot be put back")
        seen.channels.clear()
    return True
