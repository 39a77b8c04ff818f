"""Appointments: one for a single one, one an occurrence for a series; nobody is notified, no slot is checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan.inputs.rows import Row, local_iso, oldest_first, rows, text
from pb2hl.plan.location.location import PlaceCalendar
from pb2hl.plan.records import provenance
from pb2hl.plan.records.bodies import Bodies
from pb2hl.plan.records.parents import Parents
from pb2hl.plan.records.series import Occurrence, occurrences
from pb2hl.plan.records.unconverted_cells import Leftovers
from pb2hl.plan.shared.context import SCHEMA, Context
from pb2hl.values.statuses import appointment_status

OBJECT = "appointments"
DEFAULT_LENGTH = timedelta(minutes=30)
"""How long an appointment without an end lasts; told."""


@dataclass(frozen=True)
class Appointments:
    """Plans the appointments table. `calendar` is the existing one, None for the one that the schema step makes."""

    ctx: Context
    parents: Parents
    leftovers: Leftovers
    bodies: Bodies
    calendar: PlaceCalendar | None
    team: tuple[str, ...]

    def operations(self) -> Iterator[Operation]:
        """One operation an occurrence, rows in order of their start."""
        for row in rows(oldest_first(self.ctx.inputs.table(OBJECT), "start_at")):
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
        start, end, told = self._span(row, zone)
        host = self.parents.host(OBJECT, row)
        for item in occurrences(self.ctx, row, start, end, zone, self.until()):
            payload = self._payload(row, item, zone, (*host.facts, *told))
            payload["contactId"] = host.reference
            marker = provenance.marker(self.ctx, OBJECT, row["source_id"], item.part)
            yield self.ctx.operation(
                Kind.CREATE, Target.APPOINTMENT, OBJECT, row["source_id"], payload, part=item.part, marker=marker
            )

    def _without_start(self, row: Row) -> Operation:
        """HighLevel has no appointment without a time: it becomes a note, so that nothing is dropped."""
        self.ctx.account.problem(
            "appointment_without_start",
            OBJECT,
            "appointments have no start",
            source_id=row["source_id"],
            treatment="kept as notes on their contacts",
        )
        host = self.parents.host(OBJECT, row)
        line = provenance.line(self.ctx, self.leftovers, OBJECT, row, (*host.facts, "an appointment without a start"))
        words = [text(row, "title"), text(row, "location"), text(row, "status"), text(row, "recurrence")]
        body = self.bodies.html(OBJECT, row["source_id"], "\n".join(item for item in words if item))
        body += self.bodies.html(OBJECT, row["source_id"], text(row, "description"), "description")
        payload = {"$url": {f"{host.kind}Id": host.reference}, "body": f"{body}<p>{line}</p>"}
        marker = provenance.marker(self.ctx, OBJECT, row["source_id"])
        return self.ctx.operation(Kind.CREATE, Target.NOTE, OBJECT, row["source_id"], payload, marker=marker)

    def _zone(self, row: Row) -> ZoneInfo:
        try:
            return ZoneInfo(text(row, "timezone")) if text(row, "timezone") else self.ctx.zone
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return self.ctx.zone

    def _span(self, row: Row, zone: ZoneInfo) -> tuple[datetime, datetime, list[str]]:
        start = row["start_at"].astimezone(zone)
        end = row["end_at"].astimezone(zone) if row.get("end_at") is not None else None
        if row.get("all_day"):
            return _whole_days(start, end, zone)
        if end is None or end <= start:
            self.ctx.account.problem(
                "appointment_without_end",
                OBJECT,
                "appointments have no end after their start",
                source_id=row["source_id"],
                treatment=f"{DEFAULT_LENGTH.seconds // 60} minutes long; said in the provenance line",
            )
            said = f"end in Perfect Books {local_iso(end, zone)}" if end else "no end in Perfect Books"
            return start, start + DEFAULT_LENGTH, [said]
        return start, end, []

    def _payload(self, row: Row, item: Occurrence, zone: ZoneInfo, facts: tuple[str, ...]) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "calendarId": self.calendar.id if self.calendar else self.ctx.ref(Target.CALENDAR, SCHEMA, "calendar"),
            "title": text(row, "title") or "Appointment",
            "startTime": local_iso(item.start, zone),
            "endTime": local_iso(item.end, zone),
            "appointmentStatus": self._status(row),
            "toNotify": False,
            "ignoreFreeSlotValidation": True,
            "ignoreDateRange": True,
        }
        owner = self.ctx.owners.find(row.get("owner"))
        told = list(facts)
        if owner.user_id and owner.user_id in self.team:
            payload["assignedUserId"] = owner.user_id
        elif owner.user_id:
            told.append("owner is not in the calendar's team")
            self.ctx.account.problem(
                "owner_not_in_team",
                OBJECT,
                "owners are not in the team of the calendar",
                source_id=row["source_id"],
                treatment="assigned by the calendar; the owner is said in the provenance line",
            )
        if place := text(row, "location"):
            payload["address"] = place
        line = provenance.line(self.ctx, self.leftovers, OBJECT, row, [*told, *self._said(row)], item.part)
        description = self.bodies.text(OBJECT, row["source_id"], text(row, "description"))
        payload["description"] = f"{description}\n\n{line}" if description else line
        return payload

    def _status(self, row: Row) -> str:
        return appointment_status(text(row, "status")) or "confirmed"

    def _said(self, row: Row) -> list[str]:
        said = [f"status {text(row, 'status')}"] if text(row, "status") else []
        if text(row, "recurrence"):
            said.append(f"series {text(row, 'recurrence')}")
        return [*said, "all day"] if row.get("all_day") else said


def _whole_days(start: datetime, end: datetime | None, zone: ZoneInfo) -> tuple[datetime, datetime, list[str]]:
    """Local midnight to the midnight after the last day."""
    first = start.date()
    last = first
    if end is not None and end > start:
        last = (end - timedelta(microseconds=1)).date() if end.time() == time() else end.date()
    midnight = datetime.combine(first, time(), zone)
    return midnight, datetime.combine(last + timedelta(days=1), time(), zone), []
