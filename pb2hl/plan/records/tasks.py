"""Tasks: always on a contact, always with a due date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.inputs.rows import Row, oldest_first, rows, text, utc_iso
from pb2hl.plan.records import provenance
from pb2hl.plan.records.bodies import Bodies
from pb2hl.plan.records.parents import Parents
from pb2hl.plan.records.unconverted_cells import Leftovers
from pb2hl.plan.shared.context import Context
from pb2hl.values.statuses import is_done

OBJECT = "tasks"


@dataclass(frozen=True)
class Tasks:
    """Plans the tasks table."""

    ctx: Context
    parents: Parents
    leftovers: Leftovers
    bodies: Bodies

    def operations(self) -> Iterator[Operation]:
        """One task a row, oldest first."""
        for row in rows(oldest_first(self.ctx.inputs.table(OBJECT))):
            host = self.parents.host(OBJECT, row)
            payload = self._payload(row, host.reference, host.facts)
            marker = provenance.marker(self.ctx, OBJECT, row["source_id"])
            yield self.ctx.operation(Kind.CREATE, Target.TASK, OBJECT, row["source_id"], payload, marker=marker)

    def _payload(self, row: Row, contact: Any, facts: tuple[str, ...]) -> dict[str, Any]:
        due, told = self._due(row)
        status = text(row, "status")
        body = self.bodies.text(OBJECT, row["source_id"], text(row, "body"))
        extra = [*told, *facts, *([f"status {status}"] if status else [])]
        line = provenance.line(self.ctx, self.leftovers, OBJECT, row, extra)
        payload: dict[str, Any] = {
            "$url": {"contactId": contact},
            "title": text(row, "title") or (body.splitlines()[0][:100] if body else f"Task {row['source_id']}"),
            "body": f"{body}\n\n{line}" if body else line,
            "dueDate": utc_iso(due),
            "completed": _completed(row),
        }
        owner = self.ctx.owners.find(row.get("owner"))
        return {**payload, "assignedTo": owner.user_id} if owner.user_id else payload

    def _due(self, row: Row) -> tuple[datetime, list[str]]:
        """The due moment; without one the day it was done, else made, else the export's, and that is said."""
        for column in ("due_at", "completed_at", "created_at"):
            if row.get(column) is not None:
                moment = row[column]
                break
        else:
            moment, column = datetime.combine(self.ctx.newest, datetime.min.time(), UTC), "the export"
        if column == "due_at":
            return moment, []
        self.ctx.account.problem(
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
