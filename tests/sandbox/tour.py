"""One request to every endpoint of the sandbox, as a migration would make it, in an order that works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

Look = Callable[[httpx.Response, Any], None]


class Tourist:
    """Sends requests, insists on success, and shows each answer to `look`."""

    def __init__(self, rehearsal: Any, look: Look):
        self._client = httpx.Client(base_url=rehearsal.url, headers=rehearsal.headers, timeout=10)
        self._look = look
        self.location = rehearsal.location
        self.allow_messages = lambda providers: setattr(rehearsal.state.behaviour, "message_providers", providers)

    def __call__(self, method: str, path: str, body: Any = None, *, files: Any = None, **query: Any) -> Any:
        if files is not None:
            response = self._client.request(method, path, params=query, data=body, files=files)
            body = None
        else:
            response = self._client.request(method, path, params=query, json=body)
        assert response.status_code < 300, f"{method} {path}: {response.status_code} {response.text}"
        self._look(response, body)
        return response.json() if response.content else None


def tour(rehearsal: Any, look: Look) -> None:
    """Visit every endpoint once or more."""
    go = Tourist(rehearsal, look)
    here = {"locationId": go.location}
    company = rehearsal.state.scenario.location.company_id
    users = _location(go, here, company)
    field, file_field = _fields(go)
    business, folder = _objects(go, here)
    contact = _contacts(go, here, users, field, business)
    _notes(go, here, contact, business)
    _opportunities(go, here, contact, users)
    _calendars(go, here, contact, users)
    _files(go, here, contact, file_field)
    _conversations(go, here, contact)
    go("DELETE", f"/contacts/{contact}")
    go("DELETE", f"/locations/{go.location}/customFields/{field}")
    go("DELETE", f"/objects/business/records/{business}")
    go("DELETE", f"/custom-fields/folder/{folder}", **here)


def _location(go: Tourist, here: dict[str, str], company: str) -> list[dict[str, Any]]:
    root = f"/locations/{go.location}"
    go("GET", "/locations/search")
    go("GET", root)
    go("GET", f"{root}/timezones")
    tag = go("POST", f"{root}/tags", {"name": "Gold"})["tag"]
    go("GET", f"{root}/tags")
    go("GET", f"{root}/tags/{tag['id']}")
    go("PUT", f"{root}/tags/{tag['id']}", {"name": "Silver"})
    go("DELETE", f"{root}/tags/{tag['id']}")
    value = f"{root}/customValues/{go('POST', f'{root}/customValues', {'name': 'Town', 'value': 'Ottawa'})['customValue']['id']}"
    go("GET", f"{root}/customValues")
    go("PUT", value, {"name": "Town", "value": "Hull"})
    assert go("GET", value)["customValue"]["value"] == "Hull"
    go("DELETE", value)
    go("GET", "/workflows/", **here)
    go("GET", "/forms/", **here)
    go("GET", "/opportunities/lost-reason", **here)
    users = go("GET", "/users/search", companyId=company, **here)["users"]
    go("GET", f"/users/{users[0]['id']}")
    go("POST", "/users/search/filter-by-email", {"companyId": company, "emails": users[0]["email"]})
    return users


def _fields(go: Tourist) -> tuple[str, str]:
    path = f"/locations/{go.location}/customFields"
    made = [
        go(
            "POST",
            path,
            {"name": "Colour", "dataType": "SINGLE_OPTIONS", "model": "contact", "options": ["Red", "Blue"]},
        ),
        go("POST", path, {"name": "Papers", "dataType": "FILE_UPLOAD", "model": "contact", "maxNumberOfFiles": 5}),
    ]
    ids = [item["customField"]["id"] for item in made]
    go("GET", path, model="all")
    go("GET", f"{path}/{ids[0]}")
    go("PUT", f"{path}/{ids[0]}", {"name": "Hue"})
    go("POST", f"{path}/upload", {"id": ids[1], "maxFiles": "2"}, files={"file": ("a.txt", b"hello", "text/plain")})
    return ids[0], ids[1]


def _objects(go: Tourist, here: dict[str, str]) -> tuple[str, str]:
    flat = go("POST", "/businesses/", {"name": "Acme", **here})["buiseness"]
    go("GET", "/businesses/", limit="10", skip="0", **here)
    go("GET", f"/businesses/{flat['id']}")
    go("PUT", f"/businesses/{flat['id']}", {"city": "Ottawa"})
    go("DELETE", f"/businesses/{flat['id']}")
    folder = go("POST", "/custom-fields/folder", {"objectKey": "business", "name": "Moved", **here})["id"]
    go("PUT", f"/custom-fields/folder/{folder}", {"name": "Moved here", **here})
    wanted = {"dataType": "TEXT", "fieldKey": "business.origin", "name": "Origin", "objectKey": "business"}
    field = go("POST", "/custom-fields/", {**wanted, "parentId": folder, "showInForms": True, **here})["field"]["id"]
    go("GET", "/custom-fields/object-key/business", **here)
    go("GET", f"/custom-fields/{field}")
    go("PUT", f"/custom-fields/{field}", {"name": "Came from", "showInForms": True, **here})
    _custom_object(go, here)
    properties = {"name": "Beta", "origin": "PB 7"}
    record = go("POST", "/objects/business/records", {"properties": properties, **here})["record"]["id"]
    go("GET", f"/objects/business/records/{record}")
    go("PUT", f"/objects/business/records/{record}", {"properties": {"city": "Hull"}}, **here)
    search = {"page": 1, "pageLimit": 10, "query": "", "searchAfter": [], **here}
    assert go("POST", "/objects/business/records/search", search)["total"] == 1
    go("DELETE", f"/custom-fields/{field}")
    return record, folder


def _custom_object(go: Tourist, here: dict[str, str]) -> None:
    display = {"key": "name", "name": "Name", "dataType": "TEXT"}
    labels = {"singular": "Pet", "plural": "Pets"}
    body = {"labels": labels, "key": "pet", "primaryDisplayPropertyDetails": display, **here}
    key = go("POST", "/objects/", body)["object"]["key"]
    go("GET", "/objects/", **here)
    go("GET", f"/objects/{key}", **here)
    go("PUT", f"/objects/{key}", {"description": "Animals", "searchableProperties": ["name"], **here})
    go("POST", f"/objects/{key}/records", {"properties": {"name": "Rex"}, **here})


def _contacts(go: Tourist, here: dict[str, str], users: list[Any], field: str, business: str) -> str:
    body = {
        "firstName": "Jane",
        "lastName": "Roe",
        "email": "jane@acme.com",
        "phone": "+16135550123",
        "tags": ["VIP"],
        "dnd": True,
        "dndSettings": {"email": {"status": "active"}},
        "customFields": [{"id": field, "fieldValue": "Red"}],
        "assignedTo": users[0]["id"],
        **here,
    }
    contact = go("POST", "/contacts/", body)["contact"]["id"]
    root = f"/contacts/{contact}"
    go("GET", root)
    go("PUT", root, {"city": "Ottawa"})
    go("POST", "/contacts/upsert", {"email": "jane@acme.com", **here})
    go("POST", "/contacts/search", {"pageLimit": 100, **here})
    go("GET", "/contacts/search/duplicate", email="jane@acme.com", **here)
    go("POST", f"{root}/tags", {"tags": ["blue"]})
    go("DELETE", f"{root}/tags", {"tags": ["blue"]})
    go("POST", "/contacts/bulk/tags/update/add", {"contacts": [contact], "tags": ["x"], **here})
    go("POST", "/contacts/bulk/business", {"ids": [contact], "businessId": business, **here})
    assert go("GET", f"/contacts/business/{business}", **here)["count"] == 1
    go("POST", f"{root}/followers", {"followers": [users[1]["id"]]})
    go("DELETE", f"{root}/followers", {"followers": [users[1]["id"]]})
    task = {"title": "Call", "dueDate": "2026-12-01T10:00:00-05:00", "completed": False}
    task_id = go("POST", f"{root}/tasks", task)["task"]["id"]
    go("GET", f"{root}/tasks")
    go("GET", f"{root}/tasks/{task_id}")
    go("PUT", f"{root}/tasks/{task_id}", {"title": "Call again"})
    go("PUT", f"{root}/tasks/{task_id}/completed", {"completed": True})
    go("POST", f"/locations/{go.location}/tasks/search", {"contactId": [contact]})
    go("DELETE", f"{root}/tasks/{task_id}")
    return contact


def _notes(go: Tourist, here: dict[str, str], contact: str, business: str) -> None:
    root = f"/contacts/{contact}/notes"
    note = go("POST", root, {"body": "<p>Hello</p>"})["note"]["id"]
    go("GET", root)
    go("GET", f"{root}/{note}")
    go("PUT", f"{root}/{note}", {"body": "Bye"})
    go("DELETE", f"{root}/{note}")
    relations = [{"objectKey": "business", "recordId": business}]
    note = go("POST", "/notes/", {"body": "On the company", "relations": relations}, **here)["note"]["id"]
    go("GET", f"/notes/{note}", **here)
    go("PUT", f"/notes/{note}", {"title": "T"}, **here)
    more = [{"objectKey": "contact", "recordId": contact}]
    go("PUT", f"/notes/{note}/relations", {"type": "add", "relations": more}, **here)
    assert go("POST", "/notes/search", {"limit": 20, "skip": 0, "relations": [business], **here})["total"] == 1
    go("DELETE", f"/notes/{note}", **here)


def _opportunities(go: Tourist, here: dict[str, str], contact: str, users: list[Any]) -> None:
    root = "/opportunities/pipelines"
    stages = [{"name": "New", "position": 0}, {"name": "Won", "position": 1}]
    pipeline = go("POST", root, {"name": "Sales", "stages": stages, **here})["pipeline"]
    go("GET", root, **here)
    go("GET", f"{root}/{pipeline['id']}")
    go("PUT", f"{root}/{pipeline['id']}", {"name": "Sales 2"})
    body = {"pipelineId": pipeline["id"], "name": "Deal", "status": "open", "contactId": contact, "monetaryValue": 12.5}
    deal = go("POST", "/opportunities/", {**body, "assignedTo": users[0]["id"], **here})["opportunity"]["id"]
    go("GET", f"/opportunities/{deal}")
    go("PUT", f"/opportunities/{deal}", {"name": "Big deal", "forecastProbability": 40})
    go("PUT", f"/opportunities/{deal}/status", {"status": "lost"})
    followers = {"followers": [], "isRemoveAllFollowers": False, "followersActionType": "add"}
    go("POST", "/opportunities/upsert", {"id": deal, "pipelineId": pipeline["id"], **followers, **here})
    go("POST", f"/opportunities/{deal}/followers", {"followers": [users[0]["id"]]})
    go("DELETE", f"/opportunities/{deal}/followers", {"followers": [users[0]["id"]]})
    go("GET", "/opportunities/search", limit=10, **here)
    page = {"skip": 0, "limit": 100}
    known = {item["key"]: item["id"] for item in go("GET", "/associations/", **page, **here)["associations"]}
    ends = {"firstRecordId": deal, "secondRecordId": contact}
    through = {"associationId": known["OPPORTUNITIES_CONTACTS_ADDITIONAL_ASSOCIATION"]}
    relation = go("POST", "/associations/relations", {**through, **ends, **here})["id"]
    assert go("GET", f"/associations/relations/{deal}", **page, **here)["total"] == 1
    go("DELETE", f"/associations/relations/{relation}", **here)
    details = {"notes": True, "tasks": True, "calendarEvents": True, "unReadConversations": False}
    search = {"query": "", "limit": 10, "page": 1, "searchAfter": [], "additionalDetails": details, **here}
    assert go("POST", "/opportunities/search", search)["total"] == 1
    go("DELETE", f"/opportunities/{deal}")
    go("DELETE", f"{root}/{pipeline['id']}")


def _calendars(go: Tourist, here: dict[str, str], contact: str, users: list[Any]) -> None:
    team = [{"userId": users[0]["id"]}]
    diary = go("POST", "/calendars/", {"name": "Moved", "teamMembers": team, **here})["calendar"]["id"]
    go("GET", "/calendars/", **here)
    go("GET", f"/calendars/{diary}")
    go("PUT", f"/calendars/{diary}", {"name": "Moved here"})
    quiet = {"toNotify": False, "ignoreFreeSlotValidation": True}
    body = {"calendarId": diary, "contactId": contact, "startTime": "2020-01-06T09:10:00-05:00", **quiet, **here}
    event = go("POST", "/calendars/events/appointments", {**body, "description": "Old"})["id"]
    go("GET", f"/calendars/events/appointments/{event}")
    go("PUT", f"/calendars/events/appointments/{event}", {"title": "Met", "toNotify": False})
    go("GET", "/calendars/events", calendarId=diary, startTime="0", endTime="1900000000000", **here)
    go("GET", f"/contacts/{contact}/appointments")
    go("DELETE", f"/calendars/events/{event}", {})
    go("DELETE", f"/calendars/{diary}")


def _files(go: Tourist, here: dict[str, str], contact: str, file_field: str) -> None:
    media = {"altType": "location", "altId": go.location}
    kept = [
        go("POST", "/medias/upload-file", {"name": name}, files={"file": (name, b"bytes", "text/plain")})["fileId"]
        for name in ("a.txt", "b.txt")
    ]
    go("GET", "/medias/files", sortBy="createdAt", sortOrder="asc", type="file", **media)
    go("DELETE", f"/medias/{kept[0]}", **media)
    go("PUT", "/medias/delete-files", {"filesToBeDeleted": [{"_id": kept[1]}], "status": "deleted", **media})
    part = {f"{file_field}_0f8fad5b": ("c.pdf", b"%PDF", "application/pdf")}
    go("POST", "/forms/upload-custom-files", {}, files=part, contactId=contact, **here)


def _conversations(go: Tourist, here: dict[str, str], contact: str) -> None:
    root = "/conversations/messages"
    go.allow_messages({"prSMS": "SMS", "prCall": "Call"})
    held = go("POST", "/conversations/", {"contactId": contact, **here})["conversation"]["id"]
    go("GET", "/conversations/search", contactId=contact, **here)
    where = {"conversationId": held, "contactId": contact, "date": "2021-03-04T05:06:07.000Z", "altId": "PB 1"}
    wrote = {"type": "SMS", "direction": "inbound", "message": "Hello", "conversationProviderId": "prSMS"}
    message = go("POST", f"{root}/inbound", {**where, **wrote})["messageId"]
    called = {"type": "Call", "call": {"to": "+16135550123", "status": "completed"}, "conversationProviderId": "prCall"}
    go("POST", f"{root}/outbound", {**{name: where[name] for name in where if name != "contactId"}, **called})
    assert go("GET", f"/conversations/{held}")["unreadCount"] == 1
    go("PUT", f"/conversations/{held}", {"unreadCount": 0, **here})
    assert go("GET", f"{root}/{message}")["dateAdded"] == where["date"]
    assert go("GET", f"{root}/export", channel="SMS", limit="10", **here)["total"] == 1
    go("DELETE", f"/conversations/{held}")
