"""Send one operation and say what came of it. Every way in which HighLevel answers is one branch here."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pb2hl.apply.edits import STORED, answered
from pb2hl.apply.shown import NOT_LINKED, require_added, require_changed, unlinked
from pb2hl.diff import flatten_payload, flatten_record
from pb2hl.diff.flatten import CUSTOM, custom_key
from pb2hl.diff.table import stored_value
from pb2hl.errors import AnswerLost, ApiError, NotFound, Refused
from pb2hl.fetch import Fetcher, FetchRefused
from pb2hl.highlevel import Created
from pb2hl.highlevel.records import contacts as contact_records
from pb2hl.highlevel.records.base import PartlyRefused
from pb2hl.ledger import Intent, Outcome, State
from pb2hl.operations import RECORD_TARGETS, Kind, Operation, Target, address

_UNKNOWN_PROPERTY = re.compile(r"property (\S+) should not exist")

UNSURE = (409, 422)
"""Refusals after which the record may be there all the same (BEHAVIOUR, GH#64)."""

DROPPED = "HighLevel takes no property {}"
NO_FILE = "its file cannot be had"
"""How the reason begins when an attachment's link is dead or its bytes are not there: that says nothing of HighLevel."""
UNCLEARED = "{}: HighLevel does not clear it"


def lost_property(loss: str) -> str:
    """The property of a payload that a loss says was not taken; "" for a value that was only to be cleared."""
    if loss.endswith(UNCLEARED.format("")):
        return ""
    head, tail = DROPPED.split("{}")
    return loss.removeprefix(head).removesuffix(tail) if loss.startswith(head) else loss.partition(":")[0]


@dataclass(frozen=True)
class Doubt:
    """A request that may or may not have happened. `otherwise` is the outcome if the record is not found (None: send)."""

    intent: Intent
    why: str
    otherwise: Outcome | None = None


@dataclass
class Sender:
    """Knows the record ports, and which properties this location has turned down."""

    client: Any
    ports: Mapping[Target, Any]
    fetcher: Fetcher = field(default_factory=Fetcher)
    no_fault: set[str] = field(
        default_factory=set
    )  # operations refused before HighLevel was asked: they say nothing about it
    _unknown: dict[Target, set[str]] = field(default_factory=dict)

    async def before_image(self, op: Operation) -> Mapping[str, Any] | None:
        """The record that `op` is going to change, as it is now; None when it changes none that was there before."""
        if op.kind is Kind.CREATE or not op.existing_id:
            return None
        target = Target.CONTACT if op.target in (Target.CONTACT_TAGS, Target.LINK, Target.FILE) else op.target
        where = (op.payload.get("$url") or {}) if target is op.target else {}
        return await self.ports[target].get(self.client, op.existing_id, **where)

    async def send(self, intent: Intent) -> Outcome | Doubt:
        """Carry out one operation whose intent is durable.

        Raises what concerns the whole run: ScopeMissing, TokenRefused, Unreachable, RateLimited.
        """
        op = intent.operation
        payload, losses = self._without_unknown(op.target, intent.payload)
        try:
            body = _beside_held(payload, intent.before_image)
            created = await (
                self._with_fetched(intent, body) if _must_fetch(body) else self._call(op, body, intent.before_image)
            )
            payload, kept = await self._cleared(op, payload)
            return _done(op, created, payload, intent.payload, (*losses, *kept))
        except FetchRefused as error:
            self.no_fault.add(op.op_id)
            return Outcome(op.op_id, State.REFUSED, error=f"{NO_FILE}: {error.message}")
        except FileNotFoundError:
            self.no_fault.add(op.op_id)
            return Outcome(op.op_id, State.REFUSED, error="its file is no longer in the workspace or the export")
        except AnswerLost as error:
            return Doubt(intent, error.message)
        except NotFound as error:
            return refused(op, error)
        except PartlyRefused as error:
            made = Created(op.existing_id, {"id": op.existing_id}, error.trace_id, error.refused)
            return arrived(op, made, payload, intent.payload, losses)
        except Refused as error:
            return await self._refusal(intent, payload, error)

    async def link(self, intents: list[Intent]) -> list[Outcome | Doubt]:
        """Link the contacts of one business in one request. Raises as `send` does."""
        business = intents[0].payload["businessId"]
        ids = [intent.payload["contactId"] for intent in intents]
        try:
            linked = await contact_records.link(self.client, business, ids)
            unseen = set(ids) - linked.shown
            lacking = await unlinked(self.client, self.ports[Target.LINK], business, unseen) if unseen else ()
        except AnswerLost as error:
            return [Doubt(intent, error.message) for intent in intents]
        except (NotFound, Refused) as error:
            if len(intents) == 1:
                outcome = refused(intents[0].operation, error)
                return [Doubt(intents[0], error.message, outcome) if error.status in UNSURE else outcome]
            return [result for intent in intents for result in await self.link([intent])]
        return [
            Outcome(intent.operation.op_id, State.REFUSED, error=NOT_LINKED, trace_id=linked.trace_id)
            if contact in lacking
            else Outcome(intent.operation.op_id, State.DONE, contact, trace_id=linked.trace_id)
            for intent, contact in zip(intents, ids, strict=True)
        ]

    def as_sent(self, intent: Intent) -> Operation:
        """The operation with the payload as it left: references resolved, unknown properties dropped."""
        payload, _ = self._without_unknown(intent.operation.target, intent.payload)
        return replace(intent.operation, payload=payload)

    async def _with_fetched(self, intent: Intent, payload: Mapping[str, Any]) -> Any:
        with tempfile.TemporaryDirectory(prefix="pb2hl-") as folder:
            body = await _fetched(self.fetcher, payload, Path(folder))
            return await self._call(intent.operation, body, intent.before_image)

    async def _call(self, op: Operation, payload: Mapping[str, Any], before: Mapping[str, Any] | None) -> Any:
        """What the port answers, once that or the record shows what was asked for; Refused where neither does."""
        port = self.ports[op.target]
        if op.kind is Kind.UPDATE and op.target is not Target.CONTACT_TAGS:
            answer = await port.update(self.client, op.existing_id, payload)
            await require_changed(self.client, port, op, payload, before, answer)
            return answer
        made = await port.create(self.client, payload)
        if op.target in (Target.CONTACT_TAGS, Target.FILE):
            await require_added(self.client, port, op, payload, before, made)
        return made

    async def _cleared(self, op: Operation, sent: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        """`sent` without the values that HighLevel answered 200 to and kept all the same, and their names as losses."""
        blank = clearing(sent) if op.kind is Kind.UPDATE and op.target is not Target.CONTACT_TAGS else ()
        if not blank:
            return sent, ()
        record = await self.ports[op.target].get(self.client, op.existing_id, **address(op.target, sent))
        held = flatten_record(record)
        kept = [name for name in blank if stored_value(held, name) not in (None, "", [], {})]
        return without(sent, kept), tuple(UNCLEARED.format(name) for name in kept)

    async def _refusal(self, intent: Intent, sent: Mapping[str, Any], error: Refused) -> Outcome | Doubt:
        op = intent.operation
        rival = error.meta.get("contactId") or error.meta.get("existingId")
        if rival and op.kind is Kind.CREATE:
            return await self._rival(op, str(rival), error)
        answer = f"{error.api_message} {error.body}"
        names = {name for name in _UNKNOWN_PROPERTY.findall(answer) if name in sent}
        if names:
            self._unknown.setdefault(op.target, set()).update(names)
            return await self.send(intent) if repeatable(op) else Doubt(intent, error.message)
        if error.status in UNSURE:
            return Doubt(intent, error.message, refused(op, error))
        return refused(op, error)

    async def _rival(self, op: Operation, record_id: str, error: Refused) -> Outcome:
        try:
            record = await self.ports[op.target].get(self.client, record_id)
        except ApiError:
            return refused(op, error)
        if op.marker and carries(record, op.marker):
            return Outcome(op.op_id, State.DONE, record_id, record, trace_id=error.trace_id)
        return replace(
            refused(op, error), error=f"{error.message}; the record {record_id} is there already and is not ours"
        )

    def _without_unknown(self, target: Target, payload: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        dropped = sorted(self._unknown.get(target, set()) & set(payload))
        if not dropped:
            return payload, ()
        kept = {key: value for key, value in payload.items() if key not in dropped}
        return kept, tuple(DROPPED.format(name) for name in dropped)


def without_held_optouts(
    op: Operation, payload: Mapping[str, Any], first: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """An update's payload less the channels that its contact had opted out of before any attempt of ours (`first`).

    Writing one again would take away its message and code and weaken a permanent one. No plan can know them: search does not
    tell (BEHAVIOUR).
    """
    wanted = payload.get("dndSettings") if op.target is Target.CONTACT and first else None
    if not wanted:
        return payload
    was = (first or {}).get("dndSettings") or {}
    fresh = {name: item for name, item in wanted.items() if not (_opted_out(was.get(name)) and _opted_out(item))}
    rest = {name: value for name, value in payload.items() if name != "dndSettings"}
    return {**rest, "dndSettings": fresh} if fresh else rest


def _beside_held(payload: Mapping[str, Any], now: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The payload with its channels beside those that the contact has: where the API replaces them all, none is lost."""
    held = (now or {}).get("dndSettings") or {}
    if not held or "dndSettings" not in payload:
        return payload
    kept = {name: _setting(item) for name, item in held.items()}
    return {**payload, "dndSettings": {**kept, **payload["dndSettings"]}}


def _opted_out(setting: Any) -> bool:
    return isinstance(setting, Mapping) and setting.get("status") in ("active", "permanent")


def _setting(item: Any) -> Any:
    """What a write takes of a channel's setting."""
    return (
        {name: item[name] for name in ("status", "message", "code") if item.get(name)}
        if isinstance(item, Mapping)
        else item
    )


def clearing(payload: Mapping[str, Any]) -> list[str]:
    """The fields (by the names of `diff.flatten`) that an update clears."""
    return [name for name, value in flatten_payload(payload).items() if value is None]


def without(payload: Mapping[str, Any], names: Collection[str]) -> Mapping[str, Any]:
    """The payload less the fields of these flat names."""
    if not names:
        return payload
    body = {name: value for name, value in payload.items() if name not in names}
    if "customFields" in body:
        body["customFields"] = [item for item in body["customFields"] if f"{CUSTOM}{custom_key(item)}" not in names]
    return body


def _must_fetch(payload: Mapping[str, Any]) -> bool:
    file = payload.get("$file")
    return isinstance(file, Mapping) and bool(file) and not file.get("path")


async def _fetched(fetcher: Fetcher, payload: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """`payload` with the file that the export only names by URL in `folder`, fetched by the guarded fetcher."""
    file = payload["$file"]
    found = await asyncio.to_thread(fetcher.fetch, str(file.get("url", "")))
    path = folder / "file"
    path.write_bytes(found.content)
    mime = found.mime if str(file.get("mime") or "").endswith("octet-stream") else file["mime"]
    return {**payload, "$file": {**file, "path": str(path), "mime": mime or "application/octet-stream"}}


def repeatable(op: Operation) -> bool:
    """Whether sending twice does the same as sending once: everything that makes no new record."""
    return op.kind in (Kind.UPDATE, Kind.LINK) or op.target in (Target.CONTACT_TAGS, Target.UNREAD)


def _done(op: Operation, created: Any, sent: Mapping, meant: Mapping, losses: tuple[str, ...]) -> Outcome:
    if isinstance(created, Created):
        return arrived(op, created, sent, meant, losses)
    answer = created or {}
    destination = op.existing_id or str(answer.get("id", ""))
    payload = sent if sent is not meant else None
    return Outcome(op.op_id, State.DONE, destination, answer, losses=losses, payload=payload)


def arrived(op: Operation, made: Created, sent: Mapping, meant: Mapping, losses: tuple[str, ...] = ()) -> Outcome:
    """The outcome of a record that is there: of what was `meant` to be sent, `sent` was, less what HighLevel refused of it."""
    if made.refused:
        sent = {name: value for name, value in sent.items() if name not in made.refused}
        losses = (*losses, *(f"{name}: {why}" for name, why in made.refused.items()))
    payload = sent if sent is not meant else None
    destination = made.id or op.existing_id
    answer = {**made.answer, STORED: answered(op.target, sent, made.stored)} if _shows_stored(op, made) else made.answer
    return Outcome(op.op_id, State.DONE, destination, answer, trace_id=made.trace_id, losses=losses, payload=payload)


def _shows_stored(op: Operation, made: Created) -> bool:
    """Whether the answer to a create showed what HighLevel made of it."""
    return op.kind is Kind.CREATE and op.target in RECORD_TARGETS and len(made.stored) > 1


def refused(op: Operation, error: ApiError) -> Outcome:
    """The outcome of a request that will never pass as it is."""
    return Outcome(op.op_id, State.REFUSED, error=error.message, trace_id=error.trace_id)


def carries(record: Any, marker: str) -> bool:
    """Whether any text of `record` is the marker, or holds the provenance marker."""
    if isinstance(record, Mapping):
        return any(carries(item, marker) for item in record.values())
    if isinstance(record, list | tuple):
        return any(carries(item, marker) for item in record)
    return isinstance(record, str) and (record == marker or (marker.startswith("PB:") and marker in record))
