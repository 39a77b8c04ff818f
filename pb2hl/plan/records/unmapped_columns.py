"""Columns that a person left behind, as notes on their records, where migration.toml asks for it (`unmapped_columns = "note"`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from pb2hl import markers
from pb2hl.model import RAW_PREFIX
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.inputs.rows import rows
from pb2hl.plan.records import provenance
from pb2hl.plan.records.deals import Deals
from pb2hl.plan.shared.context import Context

NOTED = ("contacts", "companies", "deals")
"""Objects whose ignored cells can stand in a note; the others' are archived only."""
PART = "left-behind"
WHERE = "note of columns left behind"


def noted_columns(ctx: Context, object_: str) -> list[str]:
    """Headings of `object_` that are ignored and go into notes, in the order of the sheet; none under another policy."""
    if ctx.inputs.config.policy.unmapped_columns != "note" or object_ not in NOTED:
        return []
    frame = ctx.inputs.staged.get(object_)
    there = () if frame is None else frame.columns
    return list(
        dict.fromkeys(
            item[3] for item in ctx.inputs.mapping.ignored if item[0] == object_ and f"{RAW_PREFIX}{item[3]}" in there
        )
    )


@dataclass(frozen=True)
class UnmappedNotes:
    """Plans one note a source row that has a filled cell in an ignored column; rows merged away tell theirs on the survivor."""

    ctx: Context
    deals: Deals

    def operations(self) -> Iterator[Operation]:
        """The notes of contacts, then companies, then deals, in the order of the export."""
        for object_ in NOTED:
            headings = noted_columns(self.ctx, object_)
            if not headings:
                continue
            frame = self.ctx.inputs.staged[object_]
            for row in rows(frame, ["source_id", *(f"{RAW_PREFIX}{heading}" for heading in headings)]):
                cells = [(heading, str(row.get(f"{RAW_PREFIX}{heading}") or "").strip()) for heading in headings]
                texts = [f"{heading}: {value}" for heading, value in cells if value]
                if texts:
                    self.ctx.findings.loss(object_, "ignored columns", "note", "policy unmapped_columns = note")
                    yield self._note(object_, str(row["source_id"]), texts)

    def _note(self, object_: str, source_id: str, texts: list[str]) -> Operation:
        kind, reference = self._host(object_, source_id)
        line = markers.provenance_line(self.ctx.source, object_, source_id, (), PART)
        body = "".join(f"<p>{escape(item, quote=False)}</p>" for item in (*texts, line))
        return self.ctx.operation(
            Kind.CREATE,
            Target.NOTE,
            object_,
            source_id,
            {"$url": {f"{kind}Id": reference}, "body": body},
            part=PART,
            marker=provenance.marker(self.ctx, object_, source_id, PART),
        )

    def _host(self, object_: str, source_id: str) -> tuple[str, dict[str, str]]:
        survivor = str(self.ctx.inputs.merges.survivor_of.get(object_, {}).get(source_id, source_id))
        if object_ == "companies":
            return "business", self.ctx.ref(Target.BUSINESS, "companies", survivor)
        if object_ == "deals":
            return "contact", self.ctx.ref(Target.CONTACT, *self.deals.hosts[source_id])
        return "contact", self.ctx.ref(Target.CONTACT, "contacts", survivor)


def left_behind(ctx: Context, object_: str, heading: str) -> tuple[str, str]:
    """(bucket, where) of an ignored column's cells."""
    if heading in noted_columns(ctx, object_):
        return str(Bucket.MOVED), WHERE
    return str(Bucket.SKIPPED), "archived in reports/ignored_cells.csv"
