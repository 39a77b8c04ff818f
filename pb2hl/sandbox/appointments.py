"""Appointments: booked into calendars, and telling people about it unless asked not to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid, missing
from pb2hl.sandbox.calendars import calendar
from pb2hl.sandbox.contacts import contact
from pb2hl.sandbox.routes import Call, endpoint

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_STATUS = "new|confirmed|cancelled|showed|noshow|invalid|completed|active"
_FIELDS = (
    "title meetingLocationType:custom|zoom|gmeet|phone|address|ms_teams|google meetingLocationId "
    f"overrideLocationConfig:bool appointmentStatus:{_STATUS} assignedUserId description address ignoreDateRange:bool "
    "toNotify:bool ignoreFreeSlotValidation:bool rrule endTime"
)
_STORED = (
    "title meetingLocationType meetingLocationId appointmentStatus assignedUserId description address rrule".split()
)
_PATH = "/calendars/events/appointments"


@endpoint("POST", _PATH, "calendars/events.write", f"calendarId! locationId! contactId! startTime! {_FIELDS}")
def create(sandbox: State, call: Call) -> Answer:
    """Book an appointment; the customer is told unless `toNotify` is false."""
    record = make(sandbox, call.body)
    _notify(sandbox, "appointment_booked", record, call.body)
    return Answer(_brief(record))


def make(sandbox: State, body: dict[str, Any]) -> Record:
    """Store a new appointment, checked against calendar, contact, team and free slots."""
    diary, person = calendar(sandbox, body["calendarId"]), contact(sandbox, body["contactId"])
    start = _moment("startTime", body["startTime"])
    end = _end(diary, start, body)
    user = _assignee(diary, body)
    if not body.get("ignoreFreeSlotValidation"):
        _need_slot(sandbox, diary, start, end, user)
    stamp = sandbox.stamp()
    return sandbox.appointments.put(
        {
            "id": body.get("id") or sandbox.ids.record("appointment"),
            "locationId": sandbox.location,
            "calendarId": diary["id"],
            "contactId": person["id"],
            "groupId": diary.get("groupId", ""),
            "title": diary["name"],
            "appointmentStatus": "confirmed" if diary.get("autoConfirm", True) else "new",
            **{key: body[key] for key in _STORED if body.get(key) is not None},
            "assignedUserId": user,
            "startTime": start.isoformat(),
            "endTime": end.isoformat(),
            "dateAdded": stamp,
            "dateUpdated": stamp,
        }
    )


@endpoint("GET", _PATH + "/{eventId}", "calendars/events.readonly")
def read(sandbox: State, call: Call) -> Answer:
    """One appointment with its description."""
    return Answer({"event": _view(_event(sandbox, call)), "appointment": _view(_event(sandbox, call))})


@endpoint("PUT", _PATH + "/{eventId}", "calendars/events.write", f"calendarId startTime {_FIELDS}")
def update(sandbox: State, call: Call) -> Answer:
    """Change an appointment; the customer is told unless `toNotify` is false."""
    held, body = _event(sandbox, call), call.body
    diary = calendar(sandbox, body.get("calendarId") or held["calendarId"])
    changes = {key: body[key] for key in _STORED if body.get(key) is not None}
    if body.get("assignedUserId"):
        changes["assignedUserId"] = _assignee(diary, body)
    if body.get("startTime"):
        start = _moment("startTime", body["startTime"])
        length = _moment("endTime", held["endTime"]) - _moment("startTime", held["startTime"])
        end = _moment("endTime", body["endTime"]) if body.get("endTime") else start + length
        if not body.get("ignoreFreeSlotValidation"):
            _need_slot(sandbox, diary, start, end, changes.get("assignedUserId", held["assignedUserId"]), held["id"])
        changes |= {"startTime": start.isoformat(), "endTime": end.isoformat()}
    elif body.get("endTime"):
        changes["endTime"] = _moment("endTime", body["endTime"]).isoformat()
    record = sandbox.appointments.put({**held, **changes, "calendarId": diary["id"], "dateUpdated": sandbox.stamp()})
    _notify(sandbox, "appointment_changed", record, body)
    return Answer(_brief(record))


@endpoint("DELETE", "/calendars/events/{eventId}", "calendars/events.write")
def delete(sandbox: State, call: Call) -> Answer:
    """Delete an appointment."""
    sandbox.appointments.remove(_event(sandbox, call)["id"])
    return Answer({"succeeded": True}, 201)


@endpoint("GET", "/calendars/events", "calendars/events.readonly", query="locationId startTime endTime")
def list_events(sandbox: State, call: Call) -> Answer:
    """Appointments that begin between two moments (epoch ms), of one calendar, user or group."""
    query = call.query
    keys = {"calendarId": "calendarId", "userId": "assignedUserId", "groupId": "groupId"}
    wanted = {field: query[name] for name, field in keys.items() if query.get(name)}
    if not wanted:
        raise invalid("Either of userId, groupId or calendarId is required")
    low, high = _epoch("startTime", query), _epoch("endTime", query)
    found = [
        _view(event)
        for event in sandbox.seen("appointments").values()
        if all(event.get(field) == value for field, value in wanted.items())
        and low <= datetime.fromisoformat(event["startTime"]).timestamp() * 1000 <= high
    ]
    found.sort(key=lambda event: (datetime.fromisoformat(event["startTime"]), event["id"]))
    return Answer({"events": found})


@endpoint("GET", "/contacts/{contactId}/appointments", "contacts.readonly")
def of_contact(sandbox: State, call: Call) -> Answer:
    """A contact's appointments, without their descriptions."""
    held = contact(sandbox, call.path["contactId"])
    left_out = ("description", "isRecurring", "rrule", "deleted")
    events = [_view(event) for event in sandbox.appointments.find("contact", held["id"])]
    shown = [{key: value for key, value in event.items() if key not in left_out} for event in events]
    return Answer({"events": [{**event, "status": "booked"} for event in shown]})


def _event(sandbox: State, call: Call) -> Record:
    event = sandbox.appointments.get(call.path["eventId"])
    if event is None:
        raise missing("Event", call.path["eventId"])
    return event


def _brief(event: Record) -> dict[str, Any]:
    hidden = ("groupId", "description", "meetingLocationId")
    shown = {key: value for key, value in event.items() if value not in (None, "") and key not in hidden}
    return {**shown, "isRecurring": bool(event.get("rrule"))}


def _view(event: Record) -> dict[str, Any]:
    user = event.get("assignedUserId") or ""
    return {
        **{key: value for key, value in event.items() if value is not None},
        "assignedUserId": user,
        "users": [],
        "assignedResources": [],
        "isRecurring": bool(event.get("rrule")),
        "deleted": False,
        "createdBy": {"source": "third_party", "userId": user},
    }


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise invalid(f"{name} must be a valid ISO 8601 date string") from error
    if moment.tzinfo is None:
        raise invalid(f"{name} must have an offset, such as 2026-01-31T09:30:00-05:00")
    return moment


def _epoch(name: str, query: dict[str, str]) -> int:
    try:
        return int(query[name])
    except ValueError as error:
        raise invalid(f"{name} must be epoch milliseconds") from error


def _end(diary: Record, start: datetime, body: dict[str, Any]) -> datetime:
    if not body.get("endTime"):
        minutes = diary["slotDuration"] * (60 if diary.get("slotDurationUnit") == "hours" else 1)
        return start + timedelta(minutes=minutes)
    end = _moment("endTime", body["endTime"])
    if end <= start:
        raise Reject(400, "End time should be after the start time.")
    return end


def _assignee(diary: Record, body: dict[str, Any]) -> str | None:
    team = [member["userId"] for member in diary["teamMembers"]]
    user = body.get("assignedUserId")
    if user and user not in team:
        raise Reject(400, "The user is not part of the calendar's team.")
    return user or (team[0] if team else None)


def _need_slot(
    sandbox: State, diary: Record, start: datetime, end: datetime, user: str | None, own_id: str = ""
) -> None:
    off_grid = start.second or start.microsecond or start.minute % max(1, int(diary.get("slotInterval", 30)))
    taken = any(
        event["id"] != own_id
        and event.get("assignedUserId") == user
        and datetime.fromisoformat(event["startTime"]) < end
        and start < datetime.fromisoformat(event["endTime"])
        for event in sandbox.appointments.find("calendar", diary["id"])
    )
    if off_grid or taken or start < sandbox.now():
        raise Reject(400, "The slot you have selected is no longer available.")


def _notify(sandbox: State, trigger: str, record: Record, body: dict[str, Any]) -> None:
    if body.get("toNotify") is False:
        return
    about = {"appointmentId": record["id"], "contactId": record["contactId"]}
    sandbox.send("notification", trigger=trigger, **about)
    sandbox.fire(trigger, **about)
