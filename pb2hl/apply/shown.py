"""Whether HighLevel shows what it answers with success: an answer that does not is looked at, by the record itself.

An honest answer shows the record, the tags, or the contacts that were linked, and costs nothing more. What shows neither there nor in
the record was not done, and counts as refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pb2hl.apply.edits import SAME
from pb2hl.diff import compare, flatten_payload, flatten_record
from pb2hl.diff.flatten import CUSTOM
from pb2hl.diff.table import stored_value
from pb2hl.errors import Refused
from pb2hl.highlevel import Created
from pb2hl.highlevel.records.base import id_of
from pb2hl.operations import RECORD_TARGETS, REMOVED_TAGS, Operation, Target, address
from pb2hl.values.fold import fold

NOT_CARRIED_OUT = "HighLevel answers the update, and the record holds nothing of it"
NOT_LINKED = "HighLevel answers the link, and the contact does not show it"
NOT_TAGGED = "HighLevel answers the tags, and the contact does not show them"
NO_FILE_THERE = "HighLevel answers the upload, and the contact's field does not show it"

BLANKS: tuple[Any, ...] = (None, "", [], {})


def stands_nothing(sent: Mapping[str, Any], before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> bool:
    """Whether the record `now` is as it was `before` in everything that `sent` was to change; False where that is nothing, and where
    something else stands by now. What was to be cleared says nothing: HighLevel keeps some values (`send.UNCLEARED`)."""
    held, was = flatten_record(now), flatten_record(before or {})
    values = {name: value for name, value in flatten_payload(sent).items() if value not in BLANKS}
    changes = [name for name, value in values.items() if not _is(name, value, was)]
    return bool(changes) and all(_is(name, stored_value(was, name), held) for name in changes)


def _is(name: str, value: Any, held: Mapping[str, Any]) -> bool:
    return compare(value, stored_value(held, name), name)[0] in SAME


async def require_changed(
    client: Any, port: Any, op: Operation, sent: Mapping[str, Any], before: Mapping[str, Any] | None, answer: Any
) -> None:
    """Raise Refused where neither the `answer` to an update nor its record shows anything of what was `sent`."""
    if op.target not in RECORD_TARGETS:
        return
    if answer and id_of(answer) == op.existing_id and not stands_nothing(sent, before, answer):
        return
    record = await port.get(client, op.existing_id, **address(op.target, sent))
    if stands_nothing(sent, before, record):
        raise Refused(NOT_CARRIED_OUT, status=200)


async def require_added(
    client: Any, port: Any, op: Operation, sent: Mapping[str, Any], before: Mapping[str, Any] | None, made: Created
) -> None:
    """Raise Refused where tags or a file of a contact show neither in the answer nor in the contact."""
    if op.target is Target.CONTACT_TAGS:
        if not tagged(sent, made.stored) and not tagged(sent, await port.get(client, made.id)):
            raise Refused(NOT_TAGGED, status=200)
    elif op.target is Target.FILE and not _holds_more(sent, before, made.stored):
        contact, field = sent["$url"]["contactId"], sent["$url"]["fieldId"]
        files = await port.files_of(client, contact, field)
        if not _holds_more(sent, before, {"customFields": [{"id": field, "value": files}]}):
            raise Refused(NO_FILE_THERE, status=200)


def tagged(sent: Mapping[str, Any], contact: Mapping[str, Any]) -> bool:
    """Whether a contact has the tags that were to be added, and none of those that were to go; False where it shows none."""
    if contact.get("tags") is None:
        return False
    held = {fold(str(tag)) for tag in contact["tags"]}
    added, removed = (set(map(fold, sent.get(name) or ())) for name in ("tags", REMOVED_TAGS))
    return added <= held and not removed & held


def _holds_more(sent: Mapping[str, Any], before: Mapping[str, Any] | None, contact: Mapping[str, Any]) -> bool:
    """Whether the field of a file holds something, and something else than before, as far as that is known."""
    name = f"{CUSTOM}{sent['$url']['fieldId']}"
    held = flatten_record(contact).get(name)
    return held not in BLANKS and (before is None or str(held) != str(flatten_record(before).get(name)))


async def unlinked(client: Any, port: Any, business: str | None, contacts: Collection[str]) -> set[str]:
    """Those of `contacts`, which no answer showed to be linked, that do not belong to `business` (None: to none)."""
    found = {contact: (await port.get(client, contact))["businessId"] for contact in contacts}
    return {contact for contact, held in found.items() if (held or "") != (business or "")}
