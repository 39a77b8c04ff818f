"""E-mails, SMS and calls as messages of their contact's conversation, with the time they had.

Only under `activities = "conversation"`, only on channels that a probe proved (`Capabilities.channels`), only on contacts that this
migration makes and that have the address. Whatever is not certain of an activity (its direction, its moment) leaves it a note. A call's
message stands beside its note, since no message holds a call's text and duration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

from pb2hl.highlevel.records.conversations import CALL, EMAIL, INBOUND, OF, SMS
from pb2hl.operations import BESIDE, OPTIONAL, Kind, Operation, Target, canonical_hash
from pb2hl.plan.inputs.rows import Row, text, utc_iso
from pb2hl.plan.location.identity import Identity, Person
from pb2hl.plan.records import provenance
from pb2hl.plan.records.bodies import Bodies
from pb2hl.plan.records.parents import Parents
from pb2hl.plan.records.unconverted_cells import Unconverted
from pb2hl.plan.shared.context import Context
from pb2hl.plan.shared.draft import Draft
from pb2hl.values.statuses import activity_type, call_status, direction

OBJECT = "activities"
_CHANNELS = {"sms": SMS, "email": EMAIL, "call": CALL}
_PICTURES = re.compile(r"<img|!\[|\\pict", re.IGNORECASE)


@dataclass(frozen=True)
class Messages:
    """Plans conversations, their messages, and the counters that are put back."""

    ctx: Context
    parents: Parents
    unconverted: Unconverted
    bodies: Bodies
    identity: Identity

    @cached_property
    def channels(self) -> Mapping[str, str]:
        """Channel → id of its provider ("" for none), of the channels that may be used."""
        wanted = self.ctx.inputs.config.logged_by()
        return {} if wanted is None else self.ctx.inputs.capabilities.channels(wanted)

    @cached_property
    def chosen(self) -> Mapping[str, str]:
        """Activity → the channel on which it is logged."""
        if self.ctx.inputs.config.logged_by() is None:
            return {}
        found: dict[str, str] = {}
        moments: set[tuple[str, ...]] = set()
        for row in self.ctx.rows(OBJECT, "at"):
            channel = self._channel(row)
            moment = (self._contact(row), channel, text(row, "direction"), str(row.get("at")))
            again = channel == CALL and moment in moments  # two calls of one moment could not be told apart
            if channel and not again:
                moments.add(moment)
                found[row["source_id"]] = channel
        return found

    def instead_of_note(self, row: Row) -> bool:
        """Whether the activity is a message alone."""
        return self.chosen.get(row["source_id"], CALL) != CALL

    def operations(self) -> Iterator[Operation]:
        """Conversations, messages oldest first, counters."""
        if not self.chosen:
            return
        came_in: dict[str, list[Operation]] = {}
        for row in self.ctx.rows(OBJECT, "at"):
            channel = self.chosen.get(row["source_id"])
            if channel is None:
                continue
            contact = self._contact(row)
            if contact not in came_in:
                came_in[contact] = []
                payload = {"contactId": self.ctx.ref(Target.CONTACT, "contacts", contact)}
                yield self.ctx.operation(Kind.CREATE, Target.CONVERSATION, "contacts", contact, payload)
            message = self._message(row, channel, contact)
            if message.payload["direction"] == INBOUND:
                came_in[contact].append(message)
            yield message
        if (self.ctx.inputs.capabilities.messages or {}).get("unread"):
            yield from (self._unread(contact, messages) for contact, messages in came_in.items() if messages)

    def _channel(self, row: Row) -> str:
        """The channel on which a row is logged; "" for none."""
        channel = _CHANNELS.get(activity_type(text(row, "type")), "")
        loaded = self.ctx.inputs.logged.get(row["source_id"])
        if loaded is not None:  # as it was loaded, whatever a later probe saw
            return channel if loaded else ""
        why = self._why_not(row, channel) if channel else "HighLevel has no messages of this kind"
        if why:
            self.ctx.findings.loss(OBJECT, "message with its own time", "a note", why)
        return "" if why else channel

    def _why_not(self, row: Row, channel: str) -> str:
        """Why a row cannot be logged on the channel; "" when it can."""
        person = self.identity.people.get(self._contact(row))
        if person is None or person.existing_id:
            return "it hangs on no contact that this migration makes"
        if channel not in self.channels:
            return f"no probe saw that this location logs {channel} as it should"
        if not (person.email if channel == EMAIL else person.phone):
            return "its contact has no address of this kind"
        if row.get("at") is None or not direction(text(row, "direction")):
            return "the export does not say its time or its direction"
        if row["at"].date() > self.ctx.newest:
            return "it lies after the day of the export"
        return "it holds pictures" if channel == SMS and _PICTURES.search(text(row, "body")) else ""

    def _contact(self, row: Row) -> str:
        """The contact of the export on which the row hangs; "" when it hangs on none of them, or on a stand-in."""
        found = self.ctx.contacts.find(text(row, "contact_id"))
        if found:
            return found.source_id
        object_, source_id = self.parents.deal_hosts.get(self.ctx.deals.find(text(row, "deal_id")).source_id, ("", ""))
        return source_id if object_ == "contacts" else ""

    def _message(self, row: Row, channel: str, contact: str) -> Operation:
        host, source = self.parents.host(OBJECT, row, on_business=True), (OBJECT, row["source_id"])
        marker = provenance.marker(self.ctx, *source)
        conversation = self.ctx.ref(Target.CONVERSATION, "contacts", contact)
        draft = self.ctx.draft(OBJECT, row, {"$url": {"contactId": host.reference}, "conversationId": conversation})
        draft.put("type", channel, "type")
        draft.put("direction", direction(text(row, "direction")), "direction")
        draft.put("date", utc_iso(row["at"]), "at")
        draft.body["altId"] = marker
        if provider := self.channels.get(channel):
            draft.body["conversationProviderId"] = provider
        self._addresses(row, draft, channel, self.identity.people[contact])
        if channel != CALL:
            host.note(draft)
            self._text(row, draft, channel, host.facts)
        draft.close()
        part = BESIDE if channel == CALL else ""
        return self.ctx.operation(Kind.CREATE, Target.MESSAGE, *source, draft.body, part=part, marker=marker)

    def _text(self, row: Row, draft: Draft, channel: str, named: tuple[str, ...]) -> None:
        """The text, with the provenance line that holds what else the row says."""
        source, facts = (OBJECT, row["source_id"]), list(named)
        for label, column in (("subject", "subject"), ("outcome", "outcome")):
            if text(row, column):
                facts.append(f"{label} {text(row, column)}")
                draft.note(provenance.PLACE, column)
        if row.get("duration") is not None:
            facts.append(f"lasted {round(float(row['duration']))} s")
            draft.note(provenance.PLACE, "duration")
        line = provenance.line(self.ctx, self.unconverted, draft, (OBJECT, row), facts)
        if channel == EMAIL:
            html = self.bodies.html(draft, source, text(row, "body"))
            draft.put("html", f"{html}<p>{escape(line, quote=False)}</p>", "body")
            if subject := text(row, "subject"):
                draft.put("subject", subject, "subject")
            return
        body = self.bodies.text(draft, source, text(row, "body"))
        draft.put("message", f"{body}\n\n{line}" if body else line, "body")

    def _addresses(self, row: Row, draft: Draft, channel: str, person: Person) -> None:
        came_in = draft.body["direction"] == INBOUND
        if channel == EMAIL:
            ours = self._users.get(self.ctx.owners.find(text(row, "owner")).user_id, "")
            ends = (person.email, ours) if came_in else (ours, person.email)
            draft.body |= {name: end for name, end in zip(("emailFrom", "emailTo"), ends, strict=True) if end}
        elif channel == CALL:
            draft.body["callFrom" if came_in else "callTo"] = person.phone
            if status := call_status(text(row, "outcome")):
                draft.body["callStatus"] = status

    @cached_property
    def _users(self) -> Mapping[str, str]:
        return {user["id"]: user["email"] for user in self.ctx.inputs.destination.users}

    def _unread(self, contact: str, messages: list[Operation]) -> Operation:
        """The counter less the messages that it was not put back for yet; a later export's make another operation."""
        where: dict[str, Any] = {
            "contactId": self.ctx.ref(Target.CONTACT, "contacts", contact),
            "conversationId": self.ctx.ref(Target.CONVERSATION, "contacts", contact),
        }
        every = sorted(message.op_id for message in messages)
        ids = [op_id for op_id in every if op_id not in self.ctx.inputs.counted] or every
        where |= {f"{OF}{number}": {"$ref": op_id, OPTIONAL: True} for number, op_id in enumerate(ids)}
        part = canonical_hash(ids)[:8] if len(ids) < len(every) else ""
        return self.ctx.operation(Kind.CREATE, Target.UNREAD, "contacts", contact, {"$url": where}, part=part)
