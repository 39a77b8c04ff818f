"""The unit of a plan: one operation, with an id that is the same whenever the same plan is built again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Protocol

MOST_FILE_BYTES = 25 * 1024 * 1024
"""HighLevel's media library takes 25 MB (BEHAVIOUR); the form upload 50, but one limit is easier to tell."""


class Kind(StrEnum):
    """What an operation does to HighLevel."""

    __hash__ = str.__hash__  # Enum's own is Python code, and a plan looks kinds and targets up a dozen times a record

    CREATE = "create"
    UPDATE = "update"
    LINK = "link"
    UPLOAD = "upload"
    SKIP = "skip"  # nothing is sent: the record exists (`existing_id`) or a decision left it out (`reason`)


class Target(StrEnum):
    """The kinds of HighLevel records, in the order in which they are made; rollback goes the other way."""

    __hash__ = str.__hash__

    OBJECT = "object"  # the schema of a custom object; no API deletes one
    FOLDER = "folder"  # a folder of custom fields of businesses or a custom object
    FIELD = "field"  # a custom field; payload `model` (contact, opportunity) or `objectKey` says of what
    TAG = "tag"
    PIPELINE = "pipeline"
    CALENDAR = "calendar"
    MEDIA = "media"
    BUSINESS = "business"
    CONTACT = "contact"
    CONTACT_TAGS = "contact_tags"  # tags added to a contact that was already there
    LINK = "link"  # contact → business
    FILE = "file"  # a file in a contact's FILE_UPLOAD field
    OPPORTUNITY = "opportunity"
    NOTE = "note"
    TASK = "task"
    APPOINTMENT = "appointment"
    RELATION = "relation"  # between two records, through an association of the location
    CONVERSATION = "conversation"  # of a contact, begun so that messages can be logged in it
    MESSAGE = "message"  # an e-mail, SMS or call with its own date; no API deletes a single one
    UNREAD = "unread"  # the counter of a conversation, put back after messages were logged in it
    OBJECT_RECORD = "object_record"  # a record of a custom object


REMOVED_TAGS = "$removeTags"
"""In the payload of a CONTACT_TAGS operation: tags to take away (a delta), where `tags` names those to add."""

JOINED = "$rows"
"""In the payload of a note: the further rows of its object that it holds, by source id, beside its own."""

BESIDE_THE_BODY = frozenset({"$url", "$file", JOINED})
"""Parts of a payload that are not sent in the body: ids of the URL, the file to upload, rows that share the record."""

ASKED_ALONG = frozenset({"toNotify", "ignoreFreeSlotValidation", "ignoreDateRange"})
"""Parts of a body that say how a record is to be made, and are kept by none."""

OWNER = "assignedTo"
OWNER_FIELDS = (OWNER, "assignedUserId", "userId")
"""Properties of bodies that say whose a record is; the first is that of contacts, deals and tasks."""

SCHEMA_TARGETS = (Target.OBJECT, Target.FOLDER, Target.FIELD, Target.TAG, Target.PIPELINE, Target.CALENDAR)
DATA_TARGETS = tuple(target for target in Target if target not in SCHEMA_TARGETS)

IN_CONVERSATION = frozenset({Target.CONVERSATION, Target.MESSAGE, Target.UNREAD})
"""What no API takes back by itself: it goes with its contact."""

RECORD_TARGETS = (Target.BUSINESS, Target.CONTACT, Target.OPPORTUNITY, Target.NOTE, Target.TASK, Target.APPOINTMENT,
                  Target.MESSAGE, Target.OBJECT_RECORD)  # fmt: skip
"""Records that people see and edit; other data operations add to them: tags, links, files."""


BESIDE = "beside"
"""The `part` of a record that stands beside the one that holds its row: the message of a call whose text is in a note."""

OF_SOME_PLANS = frozenset({Target.MESSAGE, Target.OBJECT_RECORD})
"""Records that few plans have and that take scopes of their own: nothing of their kind is read where there are none of ours."""


class HasRows(Protocol):
    """An operation of a plan or an entry of the ledger."""

    @property
    def source_id(self) -> str:
        """Its own row."""

    @property
    def payload(self) -> Mapping[str, Any]:
        """What is, or was, sent."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a plan.

    `object` and `source_id` name the source row it comes from (`schema` for what no row asks for). `part` tells several
    operations of one row apart (an occurrence of a series, a second file, a delta's row hash). `payload` is what would be
    sent, JSON-able; inside it `{"$ref": op_id}` stands for the destination id of another operation and
    `{"$ref": op_id, "path": "stages.New"}` for a value in what HighLevel answered to it; inside a text
    `{{ref:op_id:path}}` does the same. `marker` is what a created record is found by when its answer was lost.
    `existing_id` is the record that an update or skip is about. `depends_on` is derived from the references unless given.
    """

    op_id: str
    kind: Kind
    target: Target
    object: str
    source_id: str
    part: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    marker: str = ""
    existing_id: str = ""
    reason: str = ""

    @property
    def payload_hash(self) -> str:
        """SHA-256 of the payload in canonical JSON."""
        return canonical_hash(self.payload)


_KEY = json.JSONEncoder(ensure_ascii=False)
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
"""Made once: `json.dumps` with options makes an encoder a call, and a plan of a million records asks three million times."""


def operation_id(
    location: str, source: str, object_: str, source_id: str, kind: Kind, target: Target, part: str = ""
) -> str:
    """The deterministic id of an operation: 32 hex digits of SHA-256 over its key (DESIGN: exactly once)."""
    before, behind = _around(location, source, object_, kind, target, part)
    return hashlib.sha256(f"{before}{encode_basestring(source_id)}{behind}".encode()).hexdigest()[:32]


@lru_cache(maxsize=4_096)
def _around(location: str, source: str, object_: str, kind: Kind, target: Target, part: str) -> tuple[str, str]:
    """What stands before and behind the source id in a key, which most operations of a plan share: encoding it is half of an id's cost."""
    before, behind = _KEY.encode([location, source, object_]), _KEY.encode([kind, target, part])
    return f"{before[:-1]}, ", f", {behind[1:]}"


def canonical_hash(value: Any) -> str:
    """SHA-256 (hex) of a JSON-able value, the same whatever the order of its keys."""
    return hashlib.sha256(_CANONICAL.encode(value).encode()).hexdigest()


def references(payload: Any) -> tuple[str, ...]:
    """The op ids that a payload refers to, in order, each once."""
    found: dict[str, None] = {}
    _collect(payload, found)
    return tuple(found)


OPTIONAL = "optional"
"""In a reference: the record is made without it where what it refers to was left out or refused."""


def address(target: Target, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a port needs to address a record of `target` besides its id (`highlevel.records`): the ids of its URL, and for a field of
    businesses or custom objects whose it is."""
    where = dict(payload.get("$url") or {})
    if target is Target.FIELD and payload.get("objectKey"):
        where["objectKey"] = str(payload["objectKey"])
    return where


def rows_in(operation: HasRows) -> tuple[str, ...]:
    """The source rows whose record an operation makes, its own first."""
    return (operation.source_id, *operation.payload.get(JOINED, ()))


def optional_references(payload: Mapping[str, Any]) -> frozenset[str]:
    """The op ids among the ids of a payload's URL (`$url`) that it can do without."""
    where = payload.get("$url") or {}
    return frozenset(item["$ref"] for item in where.values() if isinstance(item, Mapping) and item.get(OPTIONAL))


def _collect(value: Any, found: dict[str, None]) -> None:
    if isinstance(value, str):  # first: most values are
        if "{{ref:" in value:
            for piece in value.split("{{ref:")[1:]:
                found[piece.split("}}", 1)[0].split(":", 1)[0]] = None
    elif isinstance(value, dict):
        if "$ref" in value:
            found[value["$ref"]] = None
            return
        for item in value.values():
            _collect(item, found)
    elif isinstance(value, list | tuple):
        for item in value:
            _collect(item, found)
    elif isinstance(value, Mapping):  # last: an abstract class is slow to ask
        _collect(dict(value), found)
