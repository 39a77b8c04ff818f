"""What every record port shares: the protocol, what a create gives back, and how answers are unwrapped."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pb2hl.errors import HighLevelError, NotFound, Refused
from pb2hl.highlevel.answers import Answer
from pb2hl.highlevel.client import Client
from pb2hl.operations import Operation

URL = "$url"
FILE = "$file"

Payload = Mapping[str, Any]
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Created:
    """A record that exists now: its id, what references need of the answer, HighLevel's trace id.

    `refused`: property of the payload → HighLevel's reason why it took the record and not this.
    """

    id: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    trace_id: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)


class RecordPort(Protocol):
    """What can be done to one kind of record. `where` is the `$url` part of the payload it was made with."""

    async def create(self, client: Client, payload: Payload) -> Created:
        """Make the record. Raises AnswerLost when it may exist although no usable answer came."""

    async def get(self, client: Client, id: str, **where: str) -> Record:
        """The record now; NotFound when there is none."""

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        """Change the fields in `payload` and nothing else; the answer's record.

        Raises PartlyRefused when HighLevel took the rest of it.
        """

    async def delete(self, client: Client, id: str, **where: str) -> None:
        """Delete it; that it is gone already is no error."""

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All records of the kind in the location, in pages, with as few requests as HighLevel allows."""

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        """The record that `operation` made although its answer was lost, known by its marker; None when it made none.

        `payload` is the operation's with references resolved. Looks at once, and again when search cannot lag any more.
        """


def body_of(payload: Payload, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JSON body in `payload`: all but `$url`, `$file` and `without`."""
    return {key: value for key, value in payload.items() if key not in (URL, FILE, *without)}


def url_of(payload: Payload) -> Mapping[str, str]:
    """The ids of `payload` that belong into the URL."""
    return payload.get(URL) or {}


def unwrap(body: Any, *names: str) -> Record:
    """The record inside an answer: under the first of `names` that is there, else the answer itself."""
    if not isinstance(body, dict):
        return {}
    for name in names:
        if isinstance(body.get(name), dict):
            return body[name]
    return body


def rows(body: Any, *names: str) -> list[Record]:
    """The list of records inside an answer, under the first of `names` that is there."""
    if isinstance(body, list):
        return [item for item in body if isinstance(item, dict)]
    for name in names:
        if isinstance(body, dict) and isinstance(body.get(name), list):
            return [item for item in body[name] if isinstance(item, dict)]
    return []


def id_of(record: Mapping[str, Any]) -> str:
    """The id of a record, however the endpoint names it; "" when it has none."""
    return str(record.get("id") or record.get("_id") or "")


def created(client: Client, answer: Answer, what: str, *names: str) -> Created:
    """The `Created` of a success answer; AnswerLost when it holds no id."""
    record = unwrap(answer.body, *names)
    if not id_of(record):
        raise client.lost(what)
    return Created(id_of(record), {"id": id_of(record)}, answer.trace_id)


async def gone(call: Awaitable[Any]) -> None:
    """Await a delete; that the record is gone already is what was wanted."""
    try:
        await call
    except NotFound:
        return


async def seek(client: Client, look: Callable[[], Awaitable[Created | None]]) -> Created | None:
    """What `look` finds now, or, if nothing, after search and lists must show everything written so far."""
    since = client.doubt_at
    found = await look()
    if found is not None:
        return found
    await client.wait_out_lag(since)
    return await look()


def holds(text: Any, marker: str) -> bool:
    """Whether `text` (plain, or HTML with escapes) contains `marker`."""
    content = str(text or "")
    return bool(marker) and (marker in content or marker in html.unescape(content))


def custom_value(item: Mapping[str, Any]) -> Any:
    """The value of a custom field in an answer; endpoints name it differently."""
    for name in (
        "value",
        "fieldValue",
        "field_value",
        "fieldValueString",
        "fieldValueNumber",
        "fieldValueDate",
        "fieldValueArray",
        "fieldValueFiles",
    ):
        if item.get(name) is not None:
            return item[name]
    return None


def marker_field(payload: Payload, marker: str) -> str:
    """The id (or key) of the custom field that carries `marker` in `payload`; "" when none does."""
    for item in payload.get("customFields") or ():
        if isinstance(item, Mapping) and custom_value(item) == marker:
            return str(item.get("id") or item.get("key") or "")
    return ""


def carries(record: Mapping[str, Any], field_id: str, marker: str) -> bool:
    """Whether the custom field `field_id` of `record` holds exactly `marker`."""
    fields = record.get("customFields") or record.get("customField") or ()
    return any(
        isinstance(item, Mapping)
        and str(item.get("id") or item.get("key")) == field_id
        and custom_value(item) == marker
        for item in fields
    )


def same_text(left: Any, right: Any) -> bool:
    """Equal but for case and outer space; blanks are never equal."""
    one, two = str(left or "").strip().casefold(), str(right or "").strip().casefold()
    return bool(one) and one == two


class PartlyRefused(Refused):
    """An update that landed but for some properties; `refused`: property of the payload → HighLevel's reason."""

    def __init__(self, refused: Mapping[str, str], cause: Refused):
        super().__init__(cause.message, status=cause.status, api_message=cause.api_message, trace_id=cause.trace_id)
        self.refused = dict(refused)


class NotUpdatable(HighLevelError):
    """HighLevel has no way to change this kind of record."""
