"""Appointments: one for a single one, one an occurrence for a series; nobody is notified, no slot is checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.inputs.rows import Row, duration, local_iso, text
from pb2hl.plan.location.location import LocationCalendar
from pb2hl.plan.records import provenance
from pb2hl.plan.records.bodies import Bodies
from pb2hl.plan.records.parents import Host, Parents
from pb2hl.plan.records.series import Occurrence, occurrences
from pb2hl.plan.records.unconverted_cells import Unconverted
from pb2hl.plan.shared.context import SCHEMA, Context
from pb2hl.plan.shared.draft import Draft
from pb2hl.values.statuses import appointment_status

OBJECT = "appointments"
DEFAULT_LENGTH = timedelta(minutes=30)
"""How long an appointment without an end lasts; told."""

AS_IT_WAS = {"toNotify": False, "ignoreFreeSlotValidation": True, "ignoreDateRange": True}
"""Nobody is told of an appointment that was made long ago, and no rule of the calendar moves it."""


@dataclass(frozen=True)
class OnCalendar:
    """What plans appointments needs. `calendar` is the existing one, None for the one that the schema step makes; `team`: its users."""

    ctx: Context
    parents: Parents
    unconverted: Unconverted
    bodies: Bodies
    calendar: LocationCalendar | None
    team: tuple[str, ...]

    @property
    def calendar_id(self) -> Any:
        """The calendar's id, or the reference to the one that is made."""
        return self.calendar.id if self.calendar else self.ctx.ref(Target.CALENDAR, SCHEMA, "calendar")

    def assigned(self, object_: str, row: Row, draft: Draft) -> list[str]:
        """Assign the appointment; what the line says where its owner is not in the calendar's team."""
        owner = self.ctx.owners.find(text(row, "owner"))
        if not owner.user_id:
            return []
        if owner.user_id in self.team:
            draft.put("assignedUserId", owner.user_id, *(("owner",) if owner.how == "mapped" else ()))
            return []
        self.ctx.findings.problem(
            "owner_not_in_team",
            object_,
            "owners are not in the team of the calendar",
            source_id=row["source_id"],
            treatment="assigned by the calendar; the owner is said in the provenance line",
        )
        return ["owner is not in the calendar's team"]


class Appointments(OnCalendar):
    """Plans the appointments table."""

    def operations(self) -> Iterator[Operation]:
        """One operation an occurrence, rows in order of their start."""
        for row in self.ctx.rows(OBJECT, "start_at"):
            yield from self._operations(row)

    def until(self) -> date:
        """The last day of endless series: from migration.toml, else one year after the export."""
        given = self.ctx.inputs.config.policy.recurrence_until
        if given:
            return date.fromisoformat(given)
        newest = self.ctx.newest
        return newest.replace(year=newest.year + 1, day=min(newest.day, 28) if newest.month == 2 else newest.day)

    def _operations(self, row: Row) -> Iterator[Operation]:
        if row.get("start_at") is None:
            yield self._without_start(row)
            return
        zone = self._zone(row)
        start, end, span_facts = self._span(row, zone)
        host = self.parents.host(OBJECT, row)
        found = list(occurrences(self.ctx, row, start, end, zone, self.until()))
        for item in found:
            draft = self.draft(row, item, zone, host, span_facts)
            draft.close()
            marker = provenance.marker(self.ctx, OBJECT, row["source_id"], item.part)
            yield self.ctx.operation(
                Kind.CREATE, Target.APPOINTMENT, OBJECT, row["source_id"], draft.body, part=item.part, marker=marker
            )
        if not found:
            self.ctx.findings.cell(OBJECT, row["source_id"], "*", Bucket.REFUSED, "a series without any occurrence")

    def _without_start(self, row: Row) -> Operation:
        """HighLevel has no appointment without a time: it becomes a note, so that nothing is dropped."""
        self.ctx.findings.problem(
            "appointment_without_start",
            OBJECT,
            "appointments have no start",
            source_id=row["source_id"],
            treatment="kept as notes on their contacts",
        )
        host, source = self.parents.host(OBJECT, row), (OBJECT, row["source_id"])
        draft = self.ctx.draft(OBJECT, row, {"$url": {f"{host.kind}Id": host.reference}})
        host.note(draft)
        span_facts = [*host.facts, "an appointment without a start", *self._said(row, draft)]
        if row.get("end_at") is not None:
            span_facts.append(f"end {local_iso(row['end_at'], self._zone(row))}")
            draft.note(provenance.PLACE, "end_at")
        if text(row, "timezone"):
            span_facts.append(f"time zone {text(row, 'timezone')}")
            draft.note(provenance.PLACE, "timezone")
        line = provenance.line(self.ctx, self.unconverted, draft, (OBJECT, row), span_facts)
        words = [text(row, name) for name in ("title", "location") if text(row, name)]
        body = self.bodies.html(draft, source, "\n".join(words))
        body += self.bodies.html(draft, source, text(row, "description"), "description")
        draft.put("body", f"{body}<p>{line}</p>", "title", "location", "description")
        draft.close()
        marker = provenance.marker(self.ctx, *source)
        return self.ctx.operation(Kind.CREATE, Target.NOTE, *source, draft.body, marker=marker)

    def _zone(self, row: Row) -> ZoneInfo:
        try:
            return ZoneInfo(text(row, "timezone")) if text(row, "timezone") else self.ctx.zone
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return self.ctx.zone

    def _span(self, row: Row, zone: ZoneInfo) -> tuple[datetime, datetime, list[str]]:
        start = row["start_at"].astimezone(zone)
        end = row["end_at"].astimezone(zone) if row.get("end_at") is not None else None
        lasts = timedelta(seconds=float(row.get("length") or 0))
        end = start + lasts if end is None and lasts else end
        if row.get("all_day"):
            return _whole_days(start, end, zone)
        if end is None or end <= start:
            self.ctx.findings.problem(
                "appointment_without_end",
                OBJECT,
                "appointments have no end after their start",
                source_id=row["source_id"],
                treatment=f"{DEFAULT_LENGTH.seconds // 60} minutes long; said in the provenance line",
            )
            said = f"end in Perfect Books {local_iso(end, zone)}" if end else "no end in Perfect Books"
            return start, start + DEFAULT_LENGTH, [said]
        return start, end, []

    def draft(self, row: Row, item: Occurrence, zone: ZoneInfo, host: Host, span_facts: Sequence[str]) -> Draft:
        """The body of the create call of one occurrence, with the cells it is made of."""
        draft = self.ctx.draft(OBJECT, row)
        host.note(draft)
        draft.put("calendarId", self.calendar_id)
        draft.put("title", text(row, "title") or "Appointment", "title")
        series = ("recurrence", "exceptions") if text(row, "recurrence") else ()
        draft.put("startTime", local_iso(item.start, zone), "start_at", "timezone", *series)
        draft.put("endTime", local_iso(item.end, zone), "end_at", *(("length",) if row.get("end_at") is None else ()))
        draft.put(
            "appointmentStatus", self._status(row), *(("status",) if appointment_status(text(row, "status")) else ())
        )
        draft.body |= AS_IT_WAS
        facts = [*host.facts, *span_facts, *self.assigned(OBJECT, row, draft)]
        if place := text(row, "location"):
            draft.put("address", place, "location")
        facts += self._said(row, draft)
        line = provenance.line(self.ctx, self.unconverted, draft, (OBJECT, row), facts, item.part)
        description = self.bodies.text(draft, (OBJECT, row["source_id"]), text(row, "description"), "description")
        draft.put("description", f"{description}\n\n{line}" if description else line, "description")
        draft.body["contactId"] = host.reference
        return draft

    def _status(self, row: Row) -> str:
        return appointment_status(text(row, "status")) or "confirmed"

    def _said(self, row: Row, draft: Draft) -> list[str]:
        """What the provenance line says of status, series and length."""
        said = []
        for label, column in (("status", "status"), ("series", "recurrence"), ("exceptions", "exceptions")):
            if text(row, column):
                said.append(f"{label} {text(row, column)}")
                draft.note(provenance.PLACE, column)
        if row.get("length") is not None:
            said.append(f"length {duration(row['length'])}")
            draft.note(provenance.PLACE, "length")
        if row.get("all_day") is not None:
            draft.note(provenance.PLACE if row["all_day"] else "endTime", "all_day")
        return [*said, "all day"] if row.get("all_day") else said


def _whole_days(start: datetime, end: datetime | None, zone: ZoneInfo) -> tuple[datetime, datetime, list[str]]:
    """Local midnight to the midnight after the last day."""
    first = start.date()
    last = first
    if end is not None and end > start:
        last = (end - timedelta(microseconds=1)).date() if end.time() == time() else end.date()
    midnight = datetime.combine(first, time(), zone)
    return midnight, datetime.combine(last + timedelta(days=1), time(), zone), []
