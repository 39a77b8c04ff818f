"""The last line of notes, tasks and appointments: the marker, then who, when, and whatever else found no field."""

from __future__ import annotations

from collections.abc import Iterable

from pb2hl import markers
from pb2hl.model import CUSTOM_PREFIX
from pb2hl.plan.fields.custom_fields import plain
from pb2hl.plan.fields.tally import Bucket
from pb2hl.plan.inputs.rows import Row, local_iso, text
from pb2hl.plan.records.unconverted_cells import Leftovers
from pb2hl.plan.shared.context import REFERENCES, Context

_PEOPLE = {"notes": "author", "activities": "owner", "tasks": "owner", "appointments": "owner"}


def line(ctx: Context, leftovers: Leftovers, object_: str, row: Row, facts: Iterable[str] = (), part: str = "") -> str:
    """The provenance line of a row: author or owner, created, updated, `facts`, custom columns, unconverted cells."""
    told = [
        *_who_and_when(ctx, object_, row),
        *facts,
        *_custom(ctx, row),
        *leftovers.lines(object_, row["source_id"], REFERENCES),
    ]
    for field, _ in leftovers.unconverted.get((object_, row["source_id"]), ()):
        ctx.account.cell(object_, row["source_id"], field, Bucket.MOVED, "provenance line")
    return markers.provenance_line(ctx.source, object_, row["source_id"], [_flat(item) for item in told], part)


def marker(ctx: Context, object_: str, source_id: str, part: str = "") -> str:
    """The text by which the record of a row is found again."""
    return markers.note_marker(ctx.source, object_, source_id, part)


def _who_and_when(ctx: Context, object_: str, row: Row) -> list[str]:
    facts = []
    person = text(row, _PEOPLE.get(object_, "owner"))
    if person:
        facts.append(
            f"by {ctx.owners.find(person).name}" if object_ == "notes" else f"owner {ctx.owners.find(person).name}"
        )
    for label, column in (("created", "created_at"), ("updated", "updated_at"), ("completed", "completed_at")):
        if row.get(column) is not None:
            facts.append(f"{label} {local_iso(row[column], ctx.zone)}")
    return facts


def _custom(ctx: Context, row: Row) -> list[str]:
    return [
        f"{name.removeprefix(CUSTOM_PREFIX)}: {plain(value, ctx.zone)}"
        for name, value in row.items()
        if name.startswith(CUSTOM_PREFIX) and value not in (None, "", [])
    ]


def _flat(fact: str) -> str:
    return " ".join(fact.replace("|", "/").split())
