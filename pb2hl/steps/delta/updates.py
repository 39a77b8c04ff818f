"""The updates of a delta: what their bodies hold, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pb2hl.diff.flatten import CUSTOM, VALUE_KEYS, custom_key
from pb2hl.diff.overlay import DELTA_PART
from pb2hl.ledger import Entry
from pb2hl.operations import Kind, Operation, Target, canonical_hash, operation_id

_ALWAYS = ("toNotify", "ignoreFreeSlotValidation", "ignoreDateRange")
_TOGETHER = (("startTime", "endTime"), ("pipelineId", "pipelineStageId"))


def companions(target: Target, take: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    """What HighLevel wants beside a change: both ends of a time, a stage with its pipeline, how an appointment is booked."""
    names = [name for group in _TOGETHER if any(name in take for name in group) for name in group]
    names += _ALWAYS if target is Target.APPOINTMENT else ()
    return {name: payload[name] for name in names if name in payload}


def body_of(take: Mapping[str, Any], payload: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """An update with the values in `take`, as `payload` writes them; None clears what `before` wrote."""
    body: dict[str, Any] = {}
    for name, value in take.items():
        if not name.startswith(CUSTOM):
            top = name.split(".")[0]
            body[top] = payload.get(top, value)
            continue
        source = before if value is None else payload
        item = next(i for i in source["customFields"] if custom_key(i) == name.removeprefix(CUSTOM))
        if value is None:
            item = {key: None if key in VALUE_KEYS else part for key, part in item.items()}
        body.setdefault("customFields", []).append(item)
    if payload.get("$url"):
        body["$url"] = payload["$url"]
    return body


def update_of(op: Operation, entry: Entry, target: Target, body: Mapping[str, Any], salt: int | str) -> Operation:
    """The update of the record that `entry` stands for."""
    made = replace(op, kind=Kind.UPDATE, target=target, payload=body, depends_on=(), existing_id=entry.destination_id)
    return named(op, made, salt)


def named(op: Operation, made: Operation, salt: Any) -> Operation:
    """A value may come back to what it was before: `salt`, what deltas wrote until now, tells the two changes apart."""
    part = f"{DELTA_PART}{canonical_hash([made.payload, salt])[:12]}"
    key = operation_id("", "", op.op_id, op.source_id, made.kind, made.target, part)
    return replace(made, op_id=key, part=part)
