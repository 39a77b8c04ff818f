"""Calendars and their teams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid, missing
from pb2hl.sandbox.fields import slug
from pb2hl.sandbox.routes import Call, endpoint
from pb2hl.sandbox.shapes import Shape, check_items

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_PLACES = "custom|zoom|gmeet|phone|address|teams|booker"
_MEMBER = Shape(
    f"userId! priority:num meetingLocationType:{_PLACES} meetingLocation isPrimary:bool locationConfigurations:list"
)
_FIELDS = (
    "notifications:list groupId teamMembers:list eventType:RoundRobin_OptimizeForAvailability|"
    "RoundRobin_OptimizeForEqualDistribution description slug widgetSlug widgetType:default|classic eventTitle eventColor "
    "locationConfigurations:list meetingLocation slotDuration:num slotDurationUnit:mins|hours preBufferUnit:mins|hours "
    "slotInterval:num slotIntervalUnit:mins|hours slotBuffer:num preBuffer:num appoinmentPerSlot:num appoinmentPerDay:num "
    "allowBookingAfter:num allowBookingAfterUnit:hours|days|weeks|months|mins allowBookingFor:num "
    "allowBookingForUnit:days|weeks|months openHours:list enableRecurring:bool recurring:obj formId stickyContact:bool "
    "isLivePaymentMode:bool autoConfirm:bool shouldSendAlertEmailsToAssignedMember:bool alertEmail "
    "googleInvitationEmails:bool allowReschedule:bool allowCancellation:bool shouldAssignContactToTeamMember:bool "
    "shouldSkipAssigningContactForExisting:bool notes pixelId formSubmitType:RedirectURL|ThankYouMessage "
    "formSubmitRedirectURL formSubmitThanksMessage availabilityType:num availabilities:list "
    "guestType:count_only|collect_detail consentLabel calendarCoverImage lookBusyConfig:obj isActive:bool"
)
_CREATE_ONLY = "calendarType:round_robin|event|class_booking|collective|service_booking|personal"
_DEFAULTS = {
    "isActive": True,
    "calendarType": "event",
    "widgetType": "classic",
    "eventColor": "#039be5",
    "slotDuration": 30,
    "slotDurationUnit": "mins",
    "slotInterval": 30,
    "slotIntervalUnit": "mins",
    "autoConfirm": True,
}


@endpoint("GET", "/calendars/", "calendars.readonly", query="locationId")
def list_all(sandbox: State, call: Call) -> Answer:
    """Every calendar of the location."""
    return Answer({"calendars": list(sandbox.calendars.records.values())})


@endpoint("POST", "/calendars/", "calendars.write", f"locationId! name! {_FIELDS} slotBufferUnit {_CREATE_ONLY}")
def create(sandbox: State, call: Call) -> Answer:
    """Make a calendar."""
    return Answer({"calendar": make(sandbox, call.body)})


def make(sandbox: State, body: dict[str, Any]) -> Record:
    """Store a new calendar; 400 when a team member is no user or the slug is taken."""
    name = body["name"].strip()
    if not name:
        raise invalid("name should not be empty")
    address = body.get("slug") or slug(name).replace("_", "-")
    if any(held.get("slug") == address for held in sandbox.calendars.records.values()):
        if body.get("slug"):
            raise Reject(400, "The slug is already taken, please try another one.")
        address = f"{address}-{len(sandbox.calendars) + 1}"
    return sandbox.calendars.put(
        {
            **_DEFAULTS,
            **body,
            "id": body.get("id") or sandbox.ids.record("calendar"),
            "name": name,
            "slug": address,
            "locationId": sandbox.location,
            "teamMembers": _team(sandbox, body.get("teamMembers") or []),
        }
    )


@endpoint("GET", "/calendars/{calendarId}", "calendars.readonly")
def read(sandbox: State, call: Call) -> Answer:
    """One calendar."""
    return Answer({"calendar": calendar(sandbox, call.path["calendarId"])})


@endpoint("PUT", "/calendars/{calendarId}", "calendars.write", f"name {_FIELDS}")
def update(sandbox: State, call: Call) -> Answer:
    """Change a calendar; `teamMembers` replace the team."""
    held, changes = calendar(sandbox, call.path["calendarId"]), dict(call.body)
    if "teamMembers" in changes:
        changes["teamMembers"] = _team(sandbox, changes["teamMembers"] or [])
    return Answer({"calendar": sandbox.calendars.put({**held, **changes})})


@endpoint("DELETE", "/calendars/{calendarId}", "calendars.write")
def delete(sandbox: State, call: Call) -> Answer:
    """Delete a calendar with its appointments."""
    held = calendar(sandbox, call.path["calendarId"])
    for event in sandbox.appointments.find("calendar", held["id"]):
        sandbox.appointments.remove(event["id"])
    sandbox.calendars.remove(held["id"])
    return Answer({"success": True})


def calendar(sandbox: State, calendar_id: str) -> Record:
    """The calendar; 404 when there is none."""
    held = sandbox.calendars.get(calendar_id)
    if held is None:
        raise missing("Calendar", calendar_id)
    return held


def _team(sandbox: State, members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    check_items("teamMembers", members, _MEMBER)
    for member in members:
        if sandbox.users.get(member["userId"]) is None:
            raise Reject(400, f"User with id {member['userId']} not found")
    return [{"priority": 0.5, "isPrimary": index == 0, **member} for index, member in enumerate(members)]
