"""What people did to the fields, tags, pipelines and calendars that we made: renamed them, or gave them stages and options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pb2hl.highlevel.records.base import same_text
from pb2hl.highlevel.records.fields import options_of
from pb2hl.highlevel.records.pipelines import stage_names
from pb2hl.ledger import Entry
from pb2hl.operations import Target
from pb2hl.values.fold import fold
from pb2hl.values.keys import is_key_of

JUDGED = (Target.FIELD, Target.TAG, Target.PIPELINE, Target.CALENDAR)
"""Pieces that one or two lists show whole."""


def edited_piece(entry: Entry, updates: Iterable[Mapping[str, Any]], record: Mapping[str, Any]) -> str:
    """What people did to the piece that `entry` made and `updates` of ours changed; "" when it is as we left it."""
    bodies = [entry.payload, *updates]
    name = next((str(body["name"]) for body in reversed(bodies) if body.get("name")), "")
    if name and record.get("name") and not same_text(name, record["name"]):
        return f"renamed since by a person: {record['name']}"
    if entry.target is Target.PIPELINE:
        return _added("stage", stage_names(record), bodies, stage_names)
    if entry.target is Target.FIELD:
        return _added("option", options_of(record), [*bodies, entry.answer], options_of)
    return ""


def _added(what: str, there: Iterable[str], bodies: Iterable[Mapping[str, Any]], of: Any) -> str:
    ours = {fold(name) for body in bodies for name in of(body)}
    theirs = [
        name for name in there if name and fold(name) not in ours and not any(is_key_of(name, our) for our in ours)
    ]
    return f"given the {what} {', '.join(theirs[:5])} since by a person" if theirs else ""
