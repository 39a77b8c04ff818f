"""What can be known of a location before anything is written: scopes by harmless reads, clock skew, allowance, and the probe."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from pb2hl.errors import ApiError, NotFound, Refused, ScopeMissing
from pb2hl.highlevel import field_probe, logging_probe, relating
from pb2hl.highlevel.client import SEARCH_LAG_S, Client
from pb2hl.highlevel.records import PORTS
from pb2hl.highlevel.records.base import holds_a_list, id_of, rows, unwrap
from pb2hl.highlevel.records.contacts import duplicate_of
from pb2hl.operations import Target

SKEW_TOLERATED_S = 30.0
"""Clock difference above which delta windows and due dates would be off."""

NOBODY = "pb2hlNothingHasThisI"
"""A well-formed id (20 letters) that no record has: what is written to it changes nothing, and its 401 names the scope."""

_WRITES = {
    "contacts.write": "/contacts/{nobody}",
    "opportunities.write": "/opportunities/{nobody}",
    "pipelines.create": "/opportunities/pipelines/{nobody}",
    "objects/record.write": "/objects/business/records/{nobody}",
    "calendars.write": "/calendars/{nobody}",
    "calendars/events.write": "/calendars/events/{nobody}",
    "locations/customFields.write": "/locations/{location}/customFields/{nobody}",
    "locations/tags.write": "/locations/{location}/tags/{nobody}",
    "notes.write": "/notes/{nobody}?locationId={location}",
    "medias.write": "/medias/{nobody}?altType=location&altId={location}",
}
"""What is deleted, by the scope that deleting needs."""

_LOOK_EVERY_S = 2.0
_LAG_MARGIN = 1.5
LEAST_LAG_S = 15.0
"""A lag that was measured once, in a quiet moment, is no promise: to take a record for missing too early makes it twice."""


@dataclass(frozen=True, slots=True)
class ScopeCheck:
    """Whether the token has a scope: `state` is granted, missing, or unknown (the endpoint answered something else)."""

    scope: str
    endpoint: str
    state: str
    detail: str = ""


def reads(location: str, company_id: str, calendar_id: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    """(scope, method, path, arguments) of one harmless read for each scope that reading takes."""
    own = {"locationId": location}
    page = {**own, "page": 1, "pageLimit": 1}
    media = {"altType": "location", "altId": location, "type": "file", "sortBy": "createdAt", "sortOrder": "asc"}
    span = {"startTime": "1704067200000", "endTime": "1704067201000"}
    return [
        ("locations.readonly", "GET", f"/locations/{location}", {}),
        ("users.readonly", "GET", "/users/search", {"params": {**own, "companyId": company_id, "limit": "1"}}),
        ("contacts.readonly", "POST", "/contacts/search", {"json": page}),
        ("businesses.readonly", "GET", "/businesses/", {"params": {**own, "limit": "1"}}),
        (
            "objects/record.readonly",
            "POST",
            "/objects/business/records/search",
            {"json": {**page, "query": "", "searchAfter": []}},
        ),
        ("opportunities.readonly", "GET", "/opportunities/pipelines", {"params": own}),
        ("calendars.readonly", "GET", "/calendars/", {"params": own}),
        (
            "calendars/events.readonly",
            "GET",
            "/calendars/events",
            {"params": {**own, "calendarId": calendar_id, **span}},
        ),
        ("locations/customFields.readonly", "GET", f"/locations/{location}/customFields", {"params": {"model": "all"}}),
        ("locations/tags.readonly", "GET", f"/locations/{location}/tags", {}),
        ("locations/tasks.readonly", "POST", f"/locations/{location}/tasks/search", {"json": {"limit": 1, "skip": 0}}),
        ("notes.readonly", "POST", "/notes/search", {"json": {**own, "limit": 1, "skip": 0}}),
        ("medias.readonly", "GET", "/medias/files", {"params": {**media, "limit": "1", "offset": "0"}}),
        ("workflows.readonly", "GET", "/workflows/", {"params": own}),
    ]


async def check_scopes(client: Client, company_id: str = "", calendar_id: str = "") -> list[ScopeCheck]:
    """Try one harmless read a scope. A refused token is raised, and so is an answer of another kind (WrongAnswer); write scopes show in `check_write_scopes`, or when writing."""
    found = []
    for scope, method, path, arguments in reads(client.location, company_id, calendar_id):
        if "calendarId" in arguments.get("params", {}) and not calendar_id:
            found.append(ScopeCheck(scope, f"{method} {path}", "unknown", "the location has no calendar to ask about"))
            continue
        try:
            answer = await client.request(method, path, safe=True, **arguments)
            if scope == "locations.readonly":
                unwrap(answer.body, "location")
            else:
                holds_a_list(answer.body, f"{method} {path}")
            found.append(ScopeCheck(scope, f"{method} {path}", "granted"))
        except ScopeMissing as error:
            found.append(ScopeCheck(scope, f"{method} {path}", "missing", error.api_message))
        except (NotFound, Refused) as error:
            found.append(
                ScopeCheck(scope, f"{method} {path}", "unknown", f"{error.status} {error.api_message}".strip())
            )
    return found


async def check_write_scopes(client: Client) -> list[ScopeCheck]:
    """Try to delete a record that nothing has, one a write scope: refusals for the scope come before the record is looked for."""
    found = []
    for scope, pattern in _WRITES.items():
        path = pattern.format(nobody=NOBODY, location=client.location)
        endpoint = f"DELETE {path.partition('?')[0]}"
        try:
            await client.request("DELETE", path, safe=True)
            found.append(ScopeCheck(scope, endpoint, "granted"))
        except ScopeMissing as error:
            found.append(ScopeCheck(scope, endpoint, "missing", error.api_message))
        except (NotFound, Refused) as error:
            absent = error.api_message.startswith("Cannot ")
            found.append(ScopeCheck(scope, endpoint, *(("unknown", error.api_message) if absent else ("granted",))))
    return found


async def clock_skew_s(client: Client) -> float | None:
    """Seconds by which HighLevel's clock is ahead of ours (negative: behind); None when it sends no date."""
    answer = await client.request("GET", f"/locations/{client.location}")
    unwrap(answer.body, "location")
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return (theirs - client.clock.now()).total_seconds()


def scratch_mark(client: Client) -> str:
    """A name that no other contact has, for the scratch contact of one probe."""
    return f"pb2hl-probe-{int(client.clock.now().timestamp())}"


async def probe(client: Client, mark: str, providers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Pin uncertain behaviours on one scratch contact of this `scratch_mark`, which is removed again whatever happens.

    Gives `search_lag_s` (seconds to wait for search, with a margin; the default when it never showed), `search_seen_after_s`,
    `tags_lower_cased`, `email_lower_cased`, `odd_phone` (dropped, kept, refused), `notes_listed_at_once`, and what `relating.probe` and `field_probe.probe` saw (Capabilities).
    With `providers` (channel → id of its conversation provider, "" for none) also `messages`: how messages are logged.
    """
    contact: dict[str, Any] = {
        "firstName": "Scratch",
        "lastName": mark,
        "email": _scratch_email(mark).upper(),
        "tags": ["PB2HL Probe "],
        "source": "pb2hl doctor --probe",
        "dnd": True,
    }
    port = PORTS[Target.CONTACT]
    try:
        made = await port.create(client, contact)
        written_at = client.clock.monotonic()
        record = await port.get(client, made.id)
        seen = await _seen_after(client, str(record.get("email") or contact["email"]), made.id, written_at)
        return {
            "search_seen_after_s": seen,
            "search_lag_s": SEARCH_LAG_S if seen is None else round(max(seen * _LAG_MARGIN, LEAST_LAG_S), 1),
            "tags_lower_cased": record.get("tags") == ["pb2hl probe"],
            "email_lower_cased": record.get("email") == contact["email"].lower(),
            "odd_phone": await _odd_phone(client, made.id),
            "notes_listed_at_once": await _note_listed(client, made.id),
            **await relating.probe(client, made.id, mark),
            "field_extras": await field_probe.probe(client, mark),
            **({} if providers is None else {"messages": await logging_probe.probe(client, mark, providers)}),
        }
    finally:
        await sweep(client, mark)


async def sweep(client: Client, mark: str, *, killed: bool = False) -> None:
    """Remove the scratch contact of a probe, also of one whose answer was lost, and its tag; of one that was `killed` whatever else
    it may have made."""
    for email in (_scratch_email(mark), _scratch_email(mark).upper()):
        record = await duplicate_of(client, email=email)
        if record is not None and mark in (record.get("lastName"), str(record.get("email")).lower().partition("@")[0]):
            with contextlib.suppress(ApiError):
                async for page in PORTS[Target.OPPORTUNITY].pages(client, contactId=id_of(record)):
                    for deal in page:
                        await PORTS[Target.OPPORTUNITY].delete(client, id_of(deal))
            await PORTS[Target.CONTACT].delete(client, id_of(record))
    if killed:
        await relating.sweep(client, mark)
        await field_probe.sweep(client, mark)
    await _remove_tag(client)


def _scratch_email(mark: str) -> str:
    return f"{mark}@example.com"


async def _seen_after(client: Client, email: str, contact_id: str, written_at: float) -> float | None:
    filters = [{"field": "email", "operator": "eq", "value": email}]
    body = {"locationId": client.location, "page": 1, "pageLimit": 20, "filters": filters}
    while True:
        answer = await client.request("POST", "/contacts/search", json=body, safe=True)
        elapsed = client.clock.monotonic() - written_at
        if contact_id in {id_of(record) for record in rows(answer.body, "contacts")}:
            return elapsed
        if elapsed > SEARCH_LAG_S:
            return None
        client.announce("measuring how far HighLevel's search lags behind", SEARCH_LAG_S - elapsed)
        await client.clock.sleep(_LOOK_EVERY_S)


async def _odd_phone(client: Client, contact_id: str) -> str:
    port = PORTS[Target.CONTACT]
    try:
        await port.update(client, contact_id, {"phone": "555 01"})
    except Refused:
        return "refused"
    return "kept" if (await port.get(client, contact_id)).get("phone") else "dropped"


async def _note_listed(client: Client, contact_id: str) -> bool | None:
    port, where = PORTS[Target.NOTE], {"contactId": contact_id}
    try:
        note = await port.create(client, {"$url": where, "body": "pb2hl doctor --probe"})
    except ApiError:
        return None
    listed = rows((await client.request("GET", f"/contacts/{contact_id}/notes")).body, "notes")
    return note.id in {id_of(record) for record in listed}


async def _remove_tag(client: Client) -> None:
    """The probe's tag stays in the location's list when its contact goes."""
    with contextlib.suppress(ApiError):
        async for page in PORTS[Target.TAG].pages(client):
            for tag in page:
                if str(tag.get("name")).strip().lower() == "pb2hl probe":
                    await PORTS[Target.TAG].delete(client, id_of(tag))


def allowance(client: Client) -> Mapping[str, Any]:
    """The daily and burst allowance as the headers told it."""
    daily, (burst, interval_s) = client.limiter.daily, client.limiter.allowance
    return {"daily_limit": daily.limit, "daily_remaining": daily.remaining, "burst": burst, "interval_s": interval_s}
