"""The last line of notes, tasks and appointments: the marker, then who, when, and whatever else found no field."""

from __future__ import annotations

from collections.abc import Iterable

from pb2hl import field_map, markers
from pb2hl.model import CUSTOM_PREFIX
from pb2hl.plan.fields.custom_fields import text_of
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.inputs.rows import Row, local_iso, text
from pb2hl.plan.records.unconverted_cells import Unconverted
from pb2hl.plan.shared.context import REFERENCES, Context
from pb2hl.plan.shared.draft import Draft

PLACE = field_map.LINE.place

_PEOPLE = {"notes": "author", "activities": "owner", "tasks": "owner", "appointments": "owner"}


def line(
    ctx: Context,
    unconverted: Unconverted,
    draft: Draft,
    source: tuple[str, Row],
    facts: Iterable[str] = (),
    part: str = "",
) -> str:
    """The provenance line of a row: author or owner, created, updated, `facts`, custom columns, unconverted cells.

    `source`: (object, row). The cells it tells are noted on `draft`; those behind `facts` by who states them.
    """
    object_, row = source
    texts = [
        *_who_and_when(ctx, draft, object_, row),
        *facts,
        *_custom(ctx, draft, object_, row),
        *unconverted.lines(object_, row["source_id"], REFERENCES),
    ]
    for field, _ in unconverted.cells.get((object_, row["source_id"]), ()):
        ctx.findings.cell(object_, row["source_id"], field, Bucket.MOVED, PLACE)
    draft.note(field_map.MARKER.place, "id")
    return markers.provenance_line(ctx.source, object_, row["source_id"], [_flat(item) for item in texts], part)


def marker(ctx: Context, object_: str, source_id: str, part: str = "") -> str:
    """The text by which the record of a row is found again."""
    return markers.note_marker(ctx.source, object_, source_id, part)


def _who_and_when(ctx: Context, draft: Draft, object_: str, row: Row) -> list[str]:
    facts = []
    column = _PEOPLE.get(object_, "owner")
    if person := text(row, column):
        facts.append(f"{'by' if object_ == 'notes' else 'owner'} {ctx.owners.find(person).name}")
        draft.note(PLACE, column)
    for label in ("created", "updated", "completed", "uploaded"):
        if row.get(f"{label}_at") is not None:
            facts.append(f"{label} {local_iso(row[f'{label}_at'], ctx.zone)}")
            draft.note(PLACE, f"{label}_at")
    return facts


def _custom(ctx: Context, draft: Draft, object_: str, row: Row) -> list[str]:
    texts = []
    for name in ctx.custom_columns(object_):
        if (value := row.get(name)) not in (None, "", []):
            texts.append(f"{name.removeprefix(CUSTOM_PREFIX)}: {text_of(value, ctx.zone)}")
            draft.note(PLACE, name, bucket=Bucket.MOVED)
    return texts


def _flat(fact: str) -> str:
    return " ".join(fact.replace("|", "/").split())
