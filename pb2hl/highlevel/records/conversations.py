"""Conversations of contacts, and the messages that are logged in them with their own dates."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, ClassVar

from pb2hl.errors import Refused
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import (
    Created,
    NotUpdatable,
    Payload,
    Record,
    holds,
    id_of,
    located,
    the_one,
    unwrap,
    url_of,
)
from pb2hl.highlevel.records.lists import Follow, Listing
from pb2hl.highlevel.records.port import PlainPort
from pb2hl.operations import Operation

SMS, EMAIL, CALL = CHANNELS = ("SMS", "Email", "Call")
"""The kinds of messages that are logged, as HighLevel calls them."""

INBOUND, OUTBOUND = "inbound", "outbound"
CONVERSATIONS = Listing("/conversations/search", ("conversations",))
EXPORT = Listing(
    "/conversations/messages/export",
    ("messages",),
    follow=Follow.NEXT,
    sizes=(500, 100),
    always={"sortBy": "createdAt", "sortOrder": "asc"},
    gives_total=True,
)
"""Messages of one channel; without a channel e-mails are left out and what HighLevel notes by itself is in (the official files)."""

_CALL = {"callFrom": "from", "callTo": "to", "callStatus": "status"}
_TEXTS = {SMS: "message", EMAIL: "html"}
_LOGGED_AS_OUTBOUND = ("type", "attachments", "conversationId", "conversationProviderId", "altId", "date", "call")
"""What the endpoint for outbound calls takes."""


class ConversationPort(PlainPort):
    """Conversations, one a contact. `delete` takes all messages along: nothing here calls it for a contact that stays."""

    every, names, listing = "/conversations/", ("conversation",), CONVERSATIONS

    async def create(self, client: Client, payload: Payload) -> Created:
        """Begin the contact's conversation; where it has one already, that is it."""
        try:
            return await super().create(client, payload)
        except Refused:
            async for page in self.candidates(client, None, payload):
                for record in page:
                    if record.get("contactId") == payload["contactId"]:
                        return Created(id_of(record), {"id": id_of(record)})
            raise

    def candidates(self, client: Client, operation: Operation | None, payload: Payload) -> AsyncIterator[list[Record]]:
        """The conversations of the contact."""
        return CONVERSATIONS.pages(client, more={"contactId": str(payload["contactId"])})

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """A contact has one conversation."""
        return record.get("contactId") == payload["contactId"]


class MessagePort(PlainPort):
    """Messages. What is asked to be stored and what is told of it have one shape: that of the payload (records/__init__)."""

    every, locates, listing = "/conversations/messages/inbound", "", EXPORT
    one = "/conversations/messages/{id}"
    names = ("message",)

    async def create(self, client: Client, payload: Payload) -> Created:
        """Log the message. Raises AnswerLost when the answer names none: HighLevel may have stored nothing (BEHAVIOUR, GH#70)."""
        path, body = _request(payload)
        answer = await client.request("POST", path, json=body)
        record = answer.body if isinstance(answer.body, dict) else {}
        message_id = id_of({"id": record.get("messageId")})
        if not message_id:
            raise client.lost(f"POST {path}")
        return Created(message_id, {"id": message_id}, answer.trace_id)

    async def get(self, client: Client, id: str, **where: str) -> Record:
        """The message now."""
        answer = await client.request("GET", located(self.one, client, id=id))
        body = answer.body
        inner = body.get("message") if isinstance(body, dict) else None
        return self.flat(the_one(unwrap(inner if isinstance(inner, dict) else body), id), where)

    def flat(self, record: Record, where: Mapping[str, Any]) -> Record:
        """What is told of a message, by the names of the payload; what is not told is left out."""
        channel = channel_of(record)
        told = {name: record[name] for name in ("id", "contactId", "conversationId", "direction") if record.get(name)}
        told |= {name: record[name] for name in ("altId", "conversationProviderId", "status") if record.get(name)}
        told |= {"type": channel, "date": record.get("dateAdded")}
        if channel in _TEXTS and record.get("body"):
            told[_TEXTS[channel]] = record["body"]
        state = (record.get("meta") or {}).get("callStatus") if isinstance(record.get("meta"), dict) else None
        return {**told, "callStatus": state} if state else told

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """No API changes a message. Raises NotUpdatable."""
        raise NotUpdatable("HighLevel changes no message", hint="it stays as it was sent")

    async def delete(self, client: Client, id: str, **where: str) -> None:
        """No API deletes a message. Raises NotUpdatable."""
        raise NotUpdatable("HighLevel deletes no single message", hint="it goes with its contact")

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """Messages of the location by `channels` (all that are logged), of one `contactId`, between `start` and `end` (ISO, with
        milliseconds); 500 a request."""
        return self._by_channel(client, where.get("channels") or CHANNELS, where)

    async def _by_channel(
        self, client: Client, channels: Iterable[str], where: Mapping[str, Any]
    ) -> AsyncIterator[list[Record]]:
        names = {"contactId": "contactId", "start": "startDate", "end": "endDate"}
        more = {said: str(where[name]) for name, said in names.items() if where.get(name)}
        for channel in channels:
            async for page in self._flattened(EXPORT.pages(client, more={**more, "channel": channel}), where):
                yield page

    def candidates(self, client: Client, operation: Operation, payload: Payload) -> AsyncIterator[list[Record]]:
        """The messages of its contact on its channel."""
        return self.pages(client, contactId=url_of(payload)["contactId"], channels=(payload["type"],))

    async def is_ours(self, client: Client, record: Record, operation: Operation, payload: Payload) -> bool:
        """By `altId` where HighLevel tells it, by the marker in its text; a call without either by its moment and direction, of
        which the plan makes one only."""
        if record.get("altId"):
            return record["altId"] == payload["altId"]
        if any(holds(record.get(name), operation.marker) for name in _TEXTS.values()):
            return True
        same = record.get("direction") == payload["direction"] and record.get("date") == payload["date"]
        return same and not any(record.get(name) for name in _TEXTS.values())


class UnreadPort(PlainPort):
    """The counter of unread messages of a conversation, less those that were logged. Neither read nor listed as a record."""

    every = "/conversations/"
    one: ClassVar[str] = "/conversations/{conversationId}"

    async def create(self, client: Client, payload: Payload) -> Created:
        """Take the logged messages off the counter; what else came in stays unread."""
        conversation_id = str(url_of(payload)["conversationId"])
        path = located(self.one, client, conversationId=conversation_id)
        held = unwrap((await client.request("GET", path)).body, "conversation")
        logged = sum(name.startswith(OF) for name, id in url_of(payload).items() if id)
        unread = held.get("unreadCount") or 0
        if isinstance(unread, int | float):  # a counter that is not told is left alone
            left = max(int(unread) - logged, 0)
            await client.request("PUT", path, json={"locationId": client.location, "unreadCount": left})
        return Created(conversation_id, {"id": conversation_id})

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        """A counter shows nothing of who set it: it is set again."""
        return None


OF = "of "
"""How the names of the logged messages begin in the `$url` of an UNREAD payload."""


def channel_of(record: Mapping[str, Any]) -> str:
    """The channel of a message as HighLevel lists it (`TYPE_SMS`, `TYPE_CUSTOM_EMAIL`); its own word where it is none of ours."""
    kind = str(record.get("messageType") or "").upper()
    return next((channel for channel in CHANNELS if channel.upper() in kind.split("_")), kind)


def _request(payload: Payload) -> tuple[str, dict[str, Any]]:
    """(path, body): outbound calls have an endpoint of their own, everything else is logged by the one for inbound messages."""
    body = {name: value for name, value in payload.items() if name != "$url" and name not in _CALL}
    if call := {said: payload[name] for name, said in _CALL.items() if payload.get(name)}:
        body["call"] = call
    if payload["type"] == CALL and payload["direction"] == OUTBOUND:
        return OUTBOUND_CALLS, {name: body[name] for name in _LOGGED_AS_OUTBOUND if name in body}
    return MessagePort.every, {**body, "contactId": url_of(payload)["contactId"]}


OUTBOUND_CALLS = "/conversations/messages/outbound"
