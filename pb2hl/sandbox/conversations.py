"""Conversations of contacts and the messages in them: logged with their date, read back one by one and by export."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid, missing
from pb2hl.sandbox.contacts import contact, page_numbers
from pb2hl.sandbox.routes import Call, endpoint

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_CODES = {"Call": 1, "SMS": 2, "Email": 3, "WhatsApp": 19}
_CALL_STATES = frozenset(("pending", "completed", "answered", "busy", "no-answer", "failed", "canceled", "voicemail"))
_COMMON = "attachments:list altId date call:obj"
_INBOUND = (
    "type!:SMS|RCS|Email|WhatsApp|GMB|IG|FB|Custom|WebChat|Live_Chat|Call|IVR_Call|Campaign_Call|Campaign_VoiceMail|TIKTOK|"
    "ALL_IN_ONE_CHAT|FORM_SUBMISSION conversationId! contactId! conversationProviderId message html subject emailFrom emailTo "
    f"emailCc:strs emailBcc:strs emailMessageId direction:inbound|outbound {_COMMON}"
)
_OUTBOUND = f"type!:Call conversationId! conversationProviderId! {_COMMON}"


@endpoint("POST", "/conversations/", "conversations.write", "locationId! contactId!")
def create(sandbox: State, call: Call) -> Answer:
    """Begin the conversation of a contact; there is one a contact."""
    person = contact(sandbox, call.body["contactId"])
    if held := sandbox.conversations.find("contact", person["id"]):
        if sandbox.behaviour.conversation_again == "refused":
            raise Reject(400, "Conversation already exists")
        return Answer({"success": True, "conversation": _made(held[0])}, 201)
    return Answer({"success": True, "conversation": _made(_begin(sandbox, person["id"]))}, 201)


def _begin(sandbox: State, contact_id: str) -> Record:
    stamp = sandbox.stamp()
    return sandbox.conversations.put(
        {
            "id": sandbox.ids.record("conversation"),
            "locationId": sandbox.location,
            "contactId": contact_id,
            "unreadCount": 0,
            "starred": False,
            "dateAdded": stamp,
            "dateUpdated": stamp,
            "lastMessageDate": stamp,
        }
    )


def _made(held: Record) -> dict[str, Any]:
    names = ("id", "dateUpdated", "dateAdded", "contactId", "locationId", "lastMessageDate")
    return {**{name: held[name] for name in names}, "deleted": False}


@endpoint("GET", "/conversations/search", "conversations.readonly", query="locationId")
def search(sandbox: State, call: Call) -> Answer:
    """Conversations of the location, by contact."""
    limit, _ = page_numbers(call, 100)
    wanted = call.query.get("contactId")
    found = [one for one in sandbox.seen("conversations").values() if wanted in (None, one["contactId"])]
    return Answer({"conversations": [_found(sandbox, one) for one in found[:limit]], "total": len(found)})


def _found(sandbox: State, held: Record) -> dict[str, Any]:
    person = sandbox.contacts.get(held["contactId"]) or {}
    name = f"{person.get('firstName') or ''} {person.get('lastName') or ''}".strip()
    last = sandbox.messages.find("conversation", held["id"])[-1:]
    return {
        "id": held["id"],
        "contactId": held["contactId"],
        "locationId": held["locationId"],
        "unreadCount": held["unreadCount"],
        "lastMessageBody": last[0]["body"] if last else "",
        "lastMessageType": f"TYPE_{last[0]['channel'].upper()}" if last else "TYPE_SMS",
        "type": "TYPE_PHONE",
        "fullName": name,
        "contactName": name,
        "email": person.get("email") or "",
        "phone": person.get("phone") or "",
    }


@endpoint("GET", "/conversations/{conversationId}", "conversations.readonly")
def read(sandbox: State, call: Call) -> Answer:
    """One conversation with its counter of unread messages."""
    held = _conversation(sandbox, call.path["conversationId"])
    names = ("id", "contactId", "locationId", "unreadCount", "starred")
    return Answer({**{name: held[name] for name in names}, "deleted": False, "inbox": True, "type": 1})


@endpoint(
    "PUT",
    "/conversations/{conversationId}",
    "conversations.write",
    "locationId! unreadCount:num starred:bool feedback:positive|negative",
)
def update(sandbox: State, call: Call) -> Answer:
    """Set the counter of unread messages, or the star."""
    held = _conversation(sandbox, call.path["conversationId"])
    changes = {name: call.body[name] for name in ("unreadCount", "starred") if call.body.get(name) is not None}
    held = sandbox.conversations.put({**held, **changes, "dateUpdated": sandbox.stamp()})
    names = ("id", "contactId", "locationId", "unreadCount", "starred")
    return Answer({"success": True, "conversation": {**{name: held[name] for name in names}, "deleted": False}})


@endpoint("DELETE", "/conversations/{conversationId}", "conversations.write")
def delete(sandbox: State, call: Call) -> Answer:
    """Delete a conversation with all its messages: no endpoint deletes one of them."""
    sandbox.conversations.remove(_conversation(sandbox, call.path["conversationId"])["id"])
    return Answer({"success": True})


@endpoint("POST", "/conversations/messages/inbound", "conversations/message.write", _INBOUND)
def inbound(sandbox: State, call: Call) -> Answer:
    """Log a message of either direction."""
    body = call.body
    held = _conversation(sandbox, body["conversationId"])
    if held["contactId"] != body["contactId"]:
        raise Reject(400, "Conversation does not belong to this contact")
    _need_provider(sandbox, body, optional=body["type"] in ("SMS", "Email") and sandbox.behaviour.default_providers)
    return _log(sandbox, held, body, body.get("direction") or "outbound")


@endpoint("POST", "/conversations/messages/outbound", "conversations/message.write", _OUTBOUND)
def outbound(sandbox: State, call: Call) -> Answer:
    """Log an outbound call."""
    _need_provider(sandbox, call.body, optional=False)
    return _log(sandbox, _conversation(sandbox, call.body["conversationId"]), call.body, "outbound")


def _need_provider(sandbox: State, body: dict[str, Any], *, optional: bool) -> None:
    given = body.get("conversationProviderId")
    if not given and optional:
        return
    if not given:
        raise invalid("conversationProviderId should not be empty")
    if sandbox.behaviour.message_providers.get(given) != body["type"]:
        raise Reject(401, "No conversation provider found for this app")


def _log(sandbox: State, held: Record, body: dict[str, Any], direction: str) -> Answer:
    person, channel = contact(sandbox, held["contactId"]), body["type"]
    _need_address(person, channel, body.get("call") or {})
    done = {"success": True, "conversationId": held["id"], "message": "Message added successfully."}
    if sandbox.behaviour.messages_persist == "without id":
        return Answer({**done, "messageId": None})
    message_id = sandbox.ids.record("message")
    if sandbox.behaviour.messages_persist == "nothing":
        return Answer({**done, "messageId": message_id})
    message = _stored(sandbox, held, body, direction, message_id)
    _count(sandbox, held, direction)
    if direction == "outbound" and sandbox.behaviour.logging_sends:
        sandbox.messages.put({**message, "status": "sent"})
        sandbox.send("message", contactId=person["id"], channel=channel)
    if direction == "inbound" and sandbox.behaviour.logging_fires:
        _reply(sandbox, held, person)
    return Answer({**done, "messageId": message_id, "contactId": person["id"], "dateAdded": message["dateAdded"]})


def _stored(sandbox: State, held: Record, body: dict[str, Any], direction: str, message_id: str) -> Record:
    date = _moment(body["date"]) if body.get("date") else ""
    return sandbox.messages.put(
        {
            "id": message_id,
            "locationId": sandbox.location,
            "contactId": held["contactId"],
            "conversationId": held["id"],
            "channel": body["type"],
            "direction": direction,
            "body": body.get("html") or body.get("message") or "",
            "subject": body.get("subject") or "",
            "call": body.get("call") or {},
            "altId": body.get("altId") or "",
            "conversationProviderId": body.get("conversationProviderId") or "",
            "dateAdded": date if date and sandbox.behaviour.message_dates else sandbox.stamp(),
            "date": date,
            "status": "delivered",
            "source": "api",
        }
    )


def _count(sandbox: State, held: Record, direction: str) -> None:
    if direction == "inbound" and sandbox.behaviour.inbound_unread:
        now = sandbox.conversations.get(held["id"]) or held
        sandbox.conversations.put({**now, "unreadCount": now["unreadCount"] + 1})


def _reply(sandbox: State, held: Record, person: Record) -> None:
    """What a "customer replied" workflow does: it answers."""
    before = len(sandbox.outbox)
    sandbox.fire("customer_replied", contactId=person["id"], dnd=person["dnd"])
    for _ in sandbox.outbox[before:]:
        answer = {"type": "SMS", "message": "Thanks, we will be in touch"}
        reply = _stored(sandbox, held, answer, "outbound", sandbox.ids.record("message"))
        sandbox.messages.put({**reply, "source": "workflow", "status": "sent"})


def _need_address(person: Record, channel: str, said: dict[str, Any]) -> None:
    if channel == "Email" and not person.get("email"):
        raise Reject(400, "Contact has no email")
    if channel in ("SMS", "Call") and not person.get("phone"):
        raise Reject(400, "Contact has no phone number")
    if channel == "Call":
        if person["phone"] not in (said.get("to"), said.get("from")):
            raise Reject(400, "call.to or call.from must be the contact's number")
        if said.get("status", "completed") not in _CALL_STATES:
            raise invalid(f"call.status must be one of the following values: {', '.join(sorted(_CALL_STATES))}")


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid("date must be a valid ISO 8601 date string") from error
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


@endpoint("GET", "/conversations/messages/export", "conversations/message.readonly", query="locationId")
def export(sandbox: State, call: Call) -> Answer:
    """Messages of the location by channel, contact and dates; 10 to 500 a page. Without a channel e-mails are left out."""
    query = call.query
    limit = _limit(query)
    after, before = query.get("startDate") or "", query.get("endDate") or "9"
    channel, order = query.get("channel"), query.get("sortOrder") or "desc"
    found = [
        message
        for message in sandbox.seen("messages").values()
        if after <= message["dateAdded"] <= before
        and (message["channel"] == channel if channel else message["channel"] != "Email")
        and all(query.get(name) in (None, message[name]) for name in ("contactId", "conversationId"))
    ]
    found.sort(key=lambda message: (message["dateAdded"], message["id"]), reverse=order == "desc")
    start = _start(found, query.get("cursor"))
    page = found[start : start + limit]
    more = {"nextCursor": page[-1]["id"]} if page and start + limit < len(found) else {}
    return Answer({"messages": [_view(sandbox, message) for message in page], "total": len(found), **more})


def _limit(query: dict[str, str]) -> int:
    try:
        limit = int(query.get("limit", 100))
    except ValueError as error:
        raise invalid("limit must be a number") from error
    if not 10 <= limit <= 500:
        raise invalid("limit must not be less than 10", "limit must not be greater than 500")
    return limit


def _start(found: list[Record], cursor: str | None) -> int:
    if not cursor:
        return 0
    at = next((at for at, message in enumerate(found) if message["id"] == cursor), None)
    if at is None:
        raise Reject(400, "Invalid cursor")
    return at + 1


@endpoint("GET", "/conversations/messages/{id}", "conversations/message.readonly")
def read_message(sandbox: State, call: Call) -> Answer:
    """One message."""
    message = sandbox.messages.get(call.path["id"])
    if message is None:
        raise missing("Message", call.path["id"])
    return Answer(_view(sandbox, message))


def _view(sandbox: State, message: Record) -> dict[str, Any]:
    names = ("id", "locationId", "contactId", "conversationId", "dateAdded", "direction", "status", "source")
    shown = {name: message[name] for name in names}
    shown |= {
        "type": _CODES.get(message["channel"], 2),
        "messageType": f"TYPE_{message['channel'].upper()}",
        "contentType": "text/html" if message["channel"] == "Email" else "text/plain",
    }
    if message["body"] and sandbox.behaviour.export_bodies:
        shown["body"] = message["body"]
    if message["call"]:
        shown["meta"] = {"callStatus": message["call"].get("status", "completed")}
    if message["altId"] and sandbox.behaviour.alt_id_told:
        shown["altId"] = message["altId"]
    if message["conversationProviderId"]:
        shown["conversationProviderId"] = message["conversationProviderId"]
    return shown


def _conversation(sandbox: State, conversation_id: str) -> Record:
    held = sandbox.conversations.get(conversation_id)
    if held is None:
        raise missing("Conversation", conversation_id)
    return held
