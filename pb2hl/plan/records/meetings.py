"""Meetings among the activities as past appointments: the only record of HighLevel that shows when they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.inputs.rows import Row, local_iso, text
from pb2hl.plan.records import provenance
from pb2hl.plan.records.appointments import AS_IT_WAS, DEFAULT_LENGTH, OnCalendar
from pb2hl.plan.shared.context import Context
from pb2hl.plan.shared.draft import Draft
from pb2hl.values.statuses import activity_type

OBJECT = "activities"


def is_meeting(ctx: Context, row: Row) -> bool:
    """Whether an activity becomes an appointment: a past meeting of a contact of the export, under the policy, that is no note yet."""
    if ctx.inputs.config.policy.meetings != "appointment" or activity_type(text(row, "type")) != "meeting":
        return False
    if row["source_id"] in ctx.inputs.logged or row.get("at") is None:
        return False
    return row["at"].date() <= ctx.newest and bool(ctx.contacts.find(text(row, "contact_id")))


def meetings(ctx: Context) -> Iterator[Row]:
    """The activities that become appointments, oldest first."""
    if ctx.inputs.config.policy.meetings == "appointment":
        yield from (row for row in ctx.rows(OBJECT, "at") if is_meeting(ctx, row))


@dataclass(frozen=True)
class Meetings(OnCalendar):
    """Plans the appointments of meetings."""

    def operations(self) -> Iterator[Operation]:
        """One appointment a meeting, oldest first."""
        yield from map(self._operation, meetings(self.ctx))

    def _operation(self, row: Row) -> Operation:
        host, source = self.parents.host(OBJECT, row), (OBJECT, row["source_id"])
        draft = self.ctx.draft(OBJECT, row)
        host.note(draft)
        lasted = timedelta(seconds=float(row["duration"])) if (row.get("duration") or 0) > 0 else None
        start = row["at"].astimezone(self.ctx.zone)
        draft.put("calendarId", self.calendar_id, "type")
        draft.put("title", text(row, "subject") or "Meeting", "subject")
        draft.put("startTime", local_iso(start, self.ctx.zone), "at")
        draft.put("endTime", local_iso(start + (lasted or DEFAULT_LENGTH), self.ctx.zone), "duration")
        draft.body |= {"appointmentStatus": "confirmed", **AS_IT_WAS}
        facts = [*host.facts, *self.assigned(OBJECT, row, draft), *self._said(row, draft)]
        facts += [] if lasted else ["no length in Perfect Books"]
        line = provenance.line(self.ctx, self.unconverted, draft, (OBJECT, row), facts)
        body = self.bodies.text(draft, source, text(row, "body"))
        draft.put("description", f"{body}\n\n{line}" if body else line, "body")
        draft.body["contactId"] = host.reference
        draft.close()
        marker = provenance.marker(self.ctx, *source)
        return self.ctx.operation(Kind.CREATE, Target.APPOINTMENT, *source, draft.body, marker=marker)

    def _said(self, row: Row, draft: Draft) -> list[str]:
        said = []
        for column in ("type", "direction", "outcome"):
            if text(row, column):
                said.append(f"{column} {text(row, column)}")
                draft.note(provenance.PLACE, column)
        return said
