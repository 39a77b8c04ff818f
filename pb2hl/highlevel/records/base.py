"""What every record port shares: the protocol, what a create gives back, and how answers are unwrapped."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol
from urllib.parse import quote

from pb2hl.errors import HighLevelError, NotFound, Refused
from pb2hl.field_map import REFUSALS
from pb2hl.highlevel.answers import Answer, WrongAnswer
from pb2hl.highlevel.client import Client
from pb2hl.operations import BESIDE_THE_BODY, Operation
from pb2hl.values.fold import fold

URL = "$url"
FILE = "$file"

Payload = Mapping[str, Any]
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Created:
    """A record that exists now: its id, what references need of the answer, HighLevel's trace id.

    `refused`: property of the payload → HighLevel's reason why it took the record and not this. `stored`: the record as the
    answer shows it, {} where it shows none.
    """

    id: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    trace_id: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[str, Any] = field(default_factory=dict)


class RecordPort(Protocol):
    """What can be done to one kind of record. `where` is the `$url` part of the payload it was made with.

    `every` is the path that makes one, `also` are others that writing it may take: they tell which scopes it needs.
    """

    every: ClassVar[str]
    also: ClassVar[tuple[str, ...]]

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
    """The JSON body in `payload`: all but what says where, which file and which rows, and `without`."""
    return {key: value for key, value in payload.items() if key not in BESIDE_THE_BODY and key not in without}


def url_of(payload: Payload) -> Mapping[str, str]:
    """The ids of `payload` that belong into the URL."""
    return payload.get(URL) or {}


def unwrap(body: Any, *names: str) -> Record:
    """The record inside an answer: under the first of `names` that is there, else the answer itself. Raises WrongAnswer when it is none."""
    found = next((body[name] for name in names if body.get(name) is not None), body) if isinstance(body, dict) else body
    if not isinstance(found, dict):
        raise WrongAnswer(f"a record was asked for, and {_kind_of(found)} came", hint=_NOT_HIGHLEVEL)
    return _sound(found)


def rows(body: Any, *names: str) -> list[Record]:
    """The list of records inside an answer, under the first of `names` that is there.

    Raises WrongAnswer when there is none, or something in it is no record: to take such an answer for "nothing is there"
    would make everything a second time.
    """
    if isinstance(body, dict):
        name = next((name for name in names if name in body), "")
        found = body.get(name)
        found = [] if found is None and name and body.get("total") == 0 else found
    else:
        found = body
    if not isinstance(found, list) or body == []:  # nothing in a bare [] says what there is none of
        raise WrongAnswer(f"a list of {names[0]} was asked for, and {_kind_of(body)} came", hint=_NOT_HIGHLEVEL)
    if strange := [item for item in found if not isinstance(item, dict)]:
        raise WrongAnswer(
            f"a list of {names[0]} was asked for, and {_kind_of(strange[0])} stands in it", hint=_NOT_HIGHLEVEL
        )
    return [_sound(record) for record in found]


def holds_a_list(body: Any, what: str) -> None:
    """Raise WrongAnswer unless the answer to a read of `what` is an object with a list in it, as those to all lists are."""
    if not isinstance(body, dict) or not any(isinstance(item, list) for item in body.values()):
        raise WrongAnswer(f"{what} was asked for a list, and {_kind_of(body)} came", hint=_NOT_HIGHLEVEL)


def the_one(record: Record, id: str) -> Record:
    """The record of an answer to a read by id. Raises WrongAnswer when it is another: nothing of that is true of the one asked for."""
    if id_of(record) != id:
        came = "another" if id_of(record) else "one without an id"
        raise WrongAnswer(f"the record {id} was asked for, and {came} came", hint=_NOT_HIGHLEVEL)
    return record


_LISTS = {
    "tags": (str, int),
    "followers": (str, Mapping),
    "customFields": (Mapping,),
    "customField": (Mapping,),
    "relations": (Mapping,),
    "stages": (Mapping,),
    "teamMembers": (Mapping,),
}
_CHANNELED = "dndSettings"
CHANNELS = frozenset(name for name in REFUSALS.values() if name != "dnd")
"""The channels of `dndSettings` as v3 writes them. Search filters and older versions of the API write `Email` and `WhatsApp`
(BEHAVIOUR): a record that is answered so means the same, and what is compared or sent along has one spelling."""
_CHANNEL_NAMED = {name.lower(): name for name in CHANNELS}
_OBJECTS = ("properties", "dndSettings", "inboundDndSettings", "labels", "settings")
"""Properties of records that are walked through, and what may stand in their lists; whatever else an answer holds there counts
as not told, so that one odd record stops nobody who reads it."""


def _sound(record: Record) -> Record:
    odd: Record = {}
    for name, kinds in _LISTS.items():
        held = record.get(name)
        if held is None:
            continue
        if not isinstance(held, list):
            odd[name] = None
        elif not all(isinstance(item, kinds) for item in held):
            odd[name] = [item for item in held if isinstance(item, kinds)]
    if not all(
        isinstance(stage.get("name"), str) and id_of(stage) for stage in odd.get("stages", record.get("stages")) or ()
    ):
        raise WrongAnswer("a pipeline lists a stage without a name or an id", hint=_NOT_HIGHLEVEL)
    odd |= {name: None for name in _OBJECTS if not isinstance(record.get(name), Mapping | None)}
    channels = odd.get(_CHANNELED, record.get(_CHANNELED))
    if channels and not CHANNELS.issuperset(channels):
        odd[_CHANNELED] = {_CHANNEL_NAMED.get(str(name).lower(), name): held for name, held in channels.items()}
    return {**record, **odd} if odd else record


def with_ids(records: list[Record], what: str) -> list[Record]:
    """The records of a list. Raises WrongAnswer where one has no id: nothing could ever refer to it, and it would be made anew."""
    if not all(map(id_of, records)):
        raise WrongAnswer(f"{what} lists a record without an id", hint=_NOT_HIGHLEVEL)
    return records


def _kind_of(value: Any) -> str:
    """What an answer is, without its content."""
    if isinstance(value, dict):
        return f"an object with {', '.join(sorted(map(str, value))[:6]) or 'nothing'} in it"
    kinds = {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), "nothing")


_NOT_HIGHLEVEL = (
    "check that the base URL is HighLevel's, then run the same command again; if it is, tell HighLevel's support"
)


def id_of(record: Mapping[str, Any]) -> str:
    """The id of a record, however the endpoint names it; "" when it has none."""
    found = record.get("id") or record.get("_id")
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def located(template: str, client: Client, **ids: Any) -> str:
    """A path with ids filled in, whatever characters they have: `{location}` is the client's."""
    return template.format(**{name: _segment(id) for name, id in {**ids, "location": client.location}.items()})


def _segment(id: Any) -> str:
    quoted = quote(str(id), safe="")
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")


def made(client: Client, answer: Answer, what: str, *names: str) -> Record:
    """The record in the success answer to a create; AnswerLost when it holds no id."""
    try:
        record = unwrap(answer.body, *names)
    except WrongAnswer:
        record = {}
    if not id_of(record):
        raise client.lost(what)
    return record


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
    return any(
        str(item.get("id") or item.get("key")) == field_id and custom_value(item) == marker
        for item in custom_fields(record)
    )


def custom_fields(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The custom fields in an answer, however the endpoint names them."""
    found = next((record[name] for name in ("customFields", "customField") if record.get(name)), None)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def same_text(left: Any, right: Any) -> bool:
    """Equal but for case and space; blanks are never equal."""
    one, two = fold(str(left or "")), fold(str(right or ""))
    return bool(one) and one == two


class PartlyRefused(Refused):
    """An update that landed but for some properties; `refused`: property of the payload → HighLevel's reason."""

    def __init__(self, refused: Mapping[str, str], cause: Refused):
        super().__init__(cause.message, status=cause.status, api_message=cause.api_message, trace_id=cause.trace_id)
        self.refused = dict(refused)


class NotUpdatable(HighLevelError):
    """HighLevel has no way to change this kind of record."""
