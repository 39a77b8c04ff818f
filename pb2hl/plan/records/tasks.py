"""Tasks: always on a contact, always with a due date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.inputs.rows import Row, text, utc_iso
from pb2hl.plan.records import provenance
from pb2hl.plan.records.bodies import Bodies
from pb2hl.plan.records.parents import Host, Parents
from pb2hl.plan.records.unconverted_cells import Unconverted
from pb2hl.plan.shared.context import Context
from pb2hl.plan.shared.draft import Draft
from pb2hl.values.statuses import is_done

OBJECT = "tasks"


@dataclass(frozen=True)
class Tasks:
    """Plans the tasks table."""

    ctx: Context
    parents: Parents
    unconverted: Unconverted
    bodies: Bodies

    def operations(self) -> Iterator[Operation]:
        """One task a row, oldest first."""
        for row in self.ctx.rows(OBJECT):
            draft = self.draft(row, self.parents.host(OBJECT, row))
            draft.close()
            marker = provenance.marker(self.ctx, OBJECT, row["source_id"])
            yield self.ctx.operation(Kind.CREATE, Target.TASK, OBJECT, row["source_id"], draft.body, marker=marker)

    def draft(self, row: Row, host: Host) -> Draft:
        """The body of the create call, with the cells it is made of."""
        draft = self.ctx.draft(OBJECT, row, {"$url": {"contactId": host.reference}})
        host.note(draft)
        due, due_facts = self._due(row, draft)
        status = text(row, "status")
        body = self.bodies.text(draft, (OBJECT, row["source_id"]), text(row, "body"))
        if status:
            draft.note(provenance.PLACE, "status")
        extra = [*due_facts, *host.facts, *([f"status {status}"] if status else [])]
        line = provenance.line(self.ctx, self.unconverted, draft, (OBJECT, row), extra)
        draft.put(
            "title", text(row, "title") or (body.splitlines()[0][:100] if body else f"Task {row['source_id']}"), "title"
        )
        draft.put("body", f"{body}\n\n{line}" if body else line, "body")
        draft.put("dueDate", utc_iso(due))
        draft.put("completed", _completed(row), "completed")
        owner = self.ctx.owners.find(row.get("owner"))
        if owner.user_id:
            draft.put("assignedTo", owner.user_id, *(("owner",) if owner.how == "mapped" else ()))
        return draft

    def _due(self, row: Row, draft: Draft) -> tuple[datetime, list[str]]:
        """The due moment; without one the day it was done, else made, else the export's, and that is said."""
        for column in ("due_at", "completed_at", "created_at"):
            if row.get(column) is not None:
                moment = row[column]
                break
        else:
            moment, column = datetime.combine(self.ctx.newest, datetime.min.time(), UTC), "the export"
        if column != "the export":
            draft.uses("dueDate", column)
        if column == "due_at":
            return moment, []
        self.ctx.findings.problem(
            "task_without_due_date",
            OBJECT,
            "tasks have no due date, which HighLevel requires",
            source_id=row["source_id"],
            treatment="due when completed, else when created, else on the day of the export; said in the provenance line",
        )
        return moment, [f"no due date in Perfect Books, taken from {column.removesuffix('_at')}"]


def _completed(row: Row) -> bool:
    if row.get("completed") is not None:
        return bool(row["completed"])
    return is_done(text(row, "status")) or row.get("completed_at") is not None
