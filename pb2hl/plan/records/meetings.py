"""Meetings among the activities as past appointments: the only record of HighLevel that shows when they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.inputs.rows import Row, local_iso, text
from pb2hl.plan.location.location import LocationCalendar
from pb2hl.plan.records import provenance
from pb2hl.plan.records.appointments import DEFAULT_LENGTH
from pb2hl.plan.records.bodies import Bodies
from pb2hl.plan.records.parents import Parents
from pb2hl.plan.records.unconverted_cells import Unconverted
from pb2hl.plan.shared.context import SCHEMA, Context
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


def count_meetings(ctx: Context) -> int:
    """Activities that become appointments."""
    if ctx.inputs.config.policy.meetings != "appointment":
        return 0
    return sum(is_meeting(ctx, row) for row in ctx.rows(OBJECT, "at"))


@dataclass(frozen=True)
class Meetings:
    """Plans the appointments of meetings. `calendar` and `team` as those of appointments."""

    ctx: Context
    parents: Parents
    unconverted: Unconverted
    bodies: Bodies
    calendar: LocationCalendar | None
    team: tuple[str, ...]

    def operations(self) -> Iterator[Operation]:
        """One appointment a meeting, oldest first."""
        if self.ctx.inputs.config.policy.meetings != "appointment":
            return
        for row in self.ctx.rows(OBJECT, "at"):
            if is_meeting(self.ctx, row):
                yield self._operation(row)

    def _operation(self, row: Row) -> Operation:
        host, source = self.parents.host(OBJECT, row), (OBJECT, row["source_id"])
        draft = self.ctx.draft(OBJECT, row)
        host.note(draft)
        calendar = self.calendar.id if self.calendar else self.ctx.ref(Target.CALENDAR, SCHEMA, "calendar")
        lasted = timedelta(seconds=float(row["duration"])) if (row.get("duration") or 0) > 0 else None
        start = row["at"].astimezone(self.ctx.zone)
        draft.put("calendarId", calendar, "type")
        draft.put("title", text(row, "subject") or "Meeting", "subject")
        draft.put("startTime", local_iso(start, self.ctx.zone), "at")
        draft.put("endTime", local_iso(start + (lasted or DEFAULT_LENGTH), self.ctx.zone), "duration")
        draft.body |= {"appointmentStatus": "confirmed", "toNotify": False}
        draft.body |= {"ignoreFreeSlotValidation": True, "ignoreDateRange": True}
        owner = self.ctx.owners.find(text(row, "owner"))
        if owner.user_id in self.team:
            draft.put("assignedUserId", owner.user_id, *(("owner",) if owner.how == "mapped" else ()))
        facts = [*host.facts, *self._said(row, draft), *([] if lasted else ["no length in Perfect Books"])]
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
