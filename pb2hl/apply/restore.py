"""Put back what a record of the client's own held before we wrote to it, and look whether HighLevel took it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pb2hl.diff import Class, compare
from pb2hl.diff.flatten import CUSTOM, NESTED, bare_key, custom_key, flatten_payload, flatten_record
from pb2hl.diff.table import stored_value
from pb2hl.errors import Refused
from pb2hl.highlevel.records.base import id_of
from pb2hl.ledger import Entry
from pb2hl.operations import Target

SAME = (Class.EQUAL, Class.NORMALISED)
OFF = "inactive"
"""A channel that nobody has opted out of; HighLevel tells it so, or leaves the channel out."""

IDENTITY = ("email", "phone")
"""Fields of which HighLevel refuses an empty text (BEHAVIOUR)."""


@dataclass
class Restoration:
    """`put`: the update that puts a record back to what it was; `names` the fields (as `diff.flatten` names them) in it;
    `kept` those that a person changed since; `sent` what was written over what they held."""

    sent: Mapping[str, Any] = field(default_factory=dict)
    put: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def restoration(
    sent: Mapping[str, Any],
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    *,
    force: bool,
    region: str = "",
    but: Collection[str] = (),
) -> Restoration:
    """What has to be written so that the fields of `sent` but those named, and no others, are again as in `before`."""
    found = Restoration(sent)
    was, held = flatten_record(before), flatten_record(now)
    for name, value in flatten_payload(sent).items():
        if name in but or _same(name, before, now):
            continue
        current = stored_value(held, name)
        if not force and compare(value, current, name, region)[0] not in SAME:
            found.kept.append(name)
        else:
            found.names.append(name)
            if not _nested(name):
                _put(found.put, sent, name, stored_value(was, name))
    for top in {name.split(".")[0] for name in found.names if _nested(name)}:
        found.put[top] = _settings(top, found.names, before, now)
    return found


class Restorer:
    """Puts records back and looks whether they are. What it learns of the location's ways it knows for the next record.

    What an API of unknown ways leaves as it was (a null that it ignores, a channel that it keeps because it adds to the
    channels instead of replacing them) is tried once more in the other form.
    """

    def __init__(self, client: Any, ports: Mapping[Target, Any]):
        self._client = client
        self._ports = ports
        self._adds_channels = False

    async def put_back(self, entry: Entry, found: Restoration, now: Mapping[str, Any]) -> None:
        """Write `found` to the record that `entry` updated and that is as in `now`.

        Raises NotFound, and Refused when HighLevel does not take it or keeps what was there.
        """
        before = entry.before_image or {}
        put = found.put
        if self._adds_channels and any(map(_nested, found.names)):
            put = {**put, **_insisting(list(filter(_nested, found.names)), found.sent, before, now)}
        record = await self._written(entry, put, found.names, now)
        left = _unlike(found.names, before, record)
        if not left:
            return
        if any(map(_nested, left)):
            self._adds_channels = True
        if put := _insisting(left, found.sent, before, record):
            record = await self._written(entry, put, left, record)
        if left := unlike(left, before, record):
            raise NotPutBack(left)

    async def _written(
        self, entry: Entry, put: Mapping[str, Any], names: list[str], now: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The record after `put`; where HighLevel refuses it, field by field, so that one field keeps no other from its value."""
        try:
            return await self._update(entry, put)
        except Refused:
            parts = _parts(put, names)
        record = now
        for part in parts if len(parts) > 1 else ():
            with contextlib.suppress(Refused):
                record = await self._update(entry, part)
        return record

    async def _update(self, entry: Entry, put: Mapping[str, Any]) -> Mapping[str, Any]:
        port, where = self._ports[entry.target], dict(entry.payload.get("$url") or {})
        record = await port.update(self._client, entry.destination_id, {**put, **({"$url": where} if where else {})})
        return (
            record
            if id_of(record) == entry.destination_id
            else await port.get(self._client, entry.destination_id, **where)
        )


class NotPutBack(Refused):
    """HighLevel answered that it did, and the record shows that it did not."""

    def __init__(self, names: list[str]):
        super().__init__(f"HighLevel answers the update and does not put back {', '.join(names)}", status=200)
        self.names = names


def left_of(payload: Mapping[str, Any], error: Exception) -> Mapping[str, Any]:
    """What of an update is still on its record after `error`: where only some fields could not be put back, those."""
    if not isinstance(error, NotPutBack):
        return payload
    tops = {name.split(".")[0] for name in error.names}
    fields = [item for item in payload.get("customFields") or () if f"{CUSTOM}{custom_key(item)}" in error.names]
    return {**{name: value for name, value in payload.items() if name in tops}, "customFields": fields}


def _parts(put: Mapping[str, Any], names: list[str]) -> list[dict[str, Any]]:
    """`put` as an update a field."""
    found = [
        {top: put[top]}
        for top in dict.fromkeys(name.split(".")[0] for name in names)
        if top in put and top != "customFields"
    ]
    return [*found, *({"customFields": [item]} for item in put.get("customFields") or ())]


def _insisting(
    names: list[str], sent: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    """The same in the other form: an empty value for a null, and a channel that is said to be off instead of left out."""
    put: dict[str, Any] = {}
    was, written = flatten_record(before), flatten_payload(sent)
    for name in names:
        old = stored_value(was, name)
        if not _nested(name) and (old is not None or name not in IDENTITY):
            _put(put, sent, name, type(written[name])() if old is None else old)
    for top in {name.split(".")[0] for name in names if _nested(name)}:
        off = {name.split(".")[1]: {"status": OFF} for name in names if name.startswith(f"{top}.")}
        put[top] = {**off, **_settings(top, names, before, now)}
    return put


def _put(put: dict[str, Any], sent: Mapping[str, Any], name: str, old: Any) -> None:
    if name.startswith(CUSTOM):
        put.setdefault("customFields", []).append(_custom(sent, name.removeprefix(CUSTOM), old))
    else:
        put[name] = False if old is None and isinstance(sent.get(name), bool) else old


def _settings(top: str, names: list[str], before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Channels as they were where `names` says so, and as people have them now where it does not."""
    ours = {name.split(".")[1] for name in names if name.startswith(f"{top}.")}
    was, held = before.get(top) or {}, now.get(top) or {}
    return {
        **{channel: value for channel, value in held.items() if channel not in ours},
        **{channel: value for channel, value in was.items() if channel in ours},
    }


_EMPTY: tuple[Any, ...] = (None, "", 0, [], {})


def _unlike(
    names: list[str], before: Mapping[str, Any], now: Mapping[str, Any], alike: tuple[Any, ...] = ()
) -> list[str]:
    """The fields of `now` that are not as they were; values of `alike` count as one."""
    was, held = flatten_record(before), flatten_record(now)
    found = []
    for name in (name for name in names if not _same(name, before, now)):
        old, current = stored_value(was, name), stored_value(held, name)
        rewritten = compare(old, current, name)[0] in SAME or (old in alike and current in alike)
        if _nested(name) or not rewritten:
            found.append(name)
    return found


def unlike(names: list[str], before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The fields of a record that are not as before, however HighLevel writes a blank."""
    return _unlike(names, before, now, alike=_EMPTY)


def _same(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    if _nested(name):
        return _setting(before, name) == _setting(now, name)
    old, current = stored_value(flatten_record(before), name), stored_value(flatten_record(now), name)
    return compare(old, current)[0] is Class.EQUAL or (old is None and current is False)


def _nested(name: str) -> bool:
    return name.split(".")[0] in NESTED


def _setting(record: Mapping[str, Any], name: str) -> tuple[str, str, str]:
    """What stands of a channel; a channel that is off says as much as one that is not there."""
    top, channel = name.split(".", 1)
    item = (record.get(top) or {}).get(channel) or {}
    status = str(item.get("status") or OFF)
    return ("" if status == OFF else status, str(item.get("message") or ""), str(item.get("code") or ""))


def _custom(sent: Mapping[str, Any], key: str, old: Any) -> dict[str, Any]:
    item = next(
        item
        for item in sent["customFields"]
        if key in (item.get("id"), str(item.get("key", "")), bare_key(str(item.get("key", ""))))
    )
    value_key = next(name for name in ("fieldValue", "field_value", "value") if name in item)
    return {**item, value_key: old}
