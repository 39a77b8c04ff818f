"""The location: its settings, tags, task search and time zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, missing
from pb2hl.sandbox.routes import Call, endpoint
from pb2hl.sandbox.tasks import task_view
from pb2hl.sandbox.values import clean_tags

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record


def _settings(sandbox: State) -> dict[str, bool]:
    location = sandbox.scenario.location
    return {
        "allowDuplicateContact": location.allow_duplicate_contact,
        "allowDuplicateOpportunity": location.allow_duplicate_opportunity,
        "allowFacebookNameMerge": False,
        "disableContactTimezone": False,
    }


def _view(sandbox: State) -> dict[str, Any]:
    location = sandbox.scenario.location
    return {
        "id": location.id,
        "companyId": location.company_id,
        "name": location.name,
        "country": location.country,
        "timezone": location.timezone,
        "email": location.email,
        "phone": location.phone,
        "business": {"name": location.name, "country": location.country, "timezone": location.timezone},
        "social": {},
        "settings": _settings(sandbox),
    }


@endpoint("GET", "/locations/search", "locations.readonly")
def search(sandbox: State, call: Call) -> Answer:
    """The locations that the token sees: this one."""
    return Answer({"locations": [_view(sandbox)]})


@endpoint("GET", "/locations/{locationId}", "locations.readonly")
def read(sandbox: State, call: Call) -> Answer:
    """The location with its two duplicate settings."""
    shown = _view(sandbox)
    return Answer({"location": {**shown, "id": sandbox.scenario.location.answers_as or shown["id"]}})


@endpoint("GET", "/locations/{locationId}/timezones", "locations.readonly")
def timezones(sandbox: State, call: Call) -> Answer:
    """The time zones that the location knows."""
    return Answer({"timeZones": [sandbox.scenario.location.timezone, "America/New_York", "Etc/UTC"]})


@endpoint("GET", "/locations/{locationId}/tags", "locations/tags.readonly")
def list_tags(sandbox: State, call: Call) -> Answer:
    """Every tag of the location."""
    return Answer({"tags": list(sandbox.seen("tags").values())})


@endpoint("POST", "/locations/{locationId}/tags", "locations/tags.write", "name!")
def create_tag(sandbox: State, call: Call) -> Answer:
    """Make a tag; 400 when there is one of that name."""
    name = _new_name(sandbox, call.body["name"])
    return Answer(
        {"tag": sandbox.tags.put({"id": sandbox.ids.record("tag"), "name": name, "locationId": sandbox.location})}
    )


@endpoint("GET", "/locations/{locationId}/tags/{tagId}", "locations/tags.readonly")
def read_tag(sandbox: State, call: Call) -> Answer:
    """One tag."""
    return Answer({"tag": _tag(sandbox, call)})


@endpoint("PUT", "/locations/{locationId}/tags/{tagId}", "locations/tags.write", "name!")
def rename_tag(sandbox: State, call: Call) -> Answer:
    """Rename a tag, on the contacts that have it too."""
    held = _tag(sandbox, call)
    name = _new_name(sandbox, call.body["name"])
    _replace_on_contacts(sandbox, held["name"], name)
    return Answer({"tag": sandbox.tags.put({**held, "name": name})})


@endpoint("DELETE", "/locations/{locationId}/tags/{tagId}", "locations/tags.write")
def delete_tag(sandbox: State, call: Call) -> Answer:
    """Delete a tag, from the contacts that have it too."""
    held = _tag(sandbox, call)
    sandbox.tags.remove(held["id"])
    _replace_on_contacts(sandbox, held["name"], None)
    return Answer({"succeded": True})


@endpoint(
    "POST",
    "/locations/{locationId}/tasks/search",
    "locations/tasks.readonly",
    "contactId:strs completed:bool assignedTo:strs query limit:num skip:num businessId",
    writes=False,
)
def search_tasks(sandbox: State, call: Call) -> Answer:
    """Tasks of the location by contact, state, owner, text and business; by limit (at most 100, default 25) and skip."""
    body = call.body
    limit, skip = int(body.get("limit") or 25), int(body.get("skip") or 0)
    if limit > 100:
        raise Reject(422, ["limit must not be greater than 100"])
    found = [task for task in sandbox.seen("tasks").values() if _wanted(sandbox, task, body)]
    page = [
        {**task_view(task), "_id": task["id"], "locationId": sandbox.location} for task in found[skip : skip + limit]
    ]
    return Answer({"tasks": page})


def _wanted(sandbox: State, task: Record, body: dict[str, Any]) -> bool:
    if body.get("contactId") and task["contactId"] not in body["contactId"]:
        return False
    if body.get("assignedTo") and task.get("assignedTo") not in body["assignedTo"]:
        return False
    if body.get("completed") is not None and task["completed"] != body["completed"]:
        return False
    if body.get("query") and body["query"].lower() not in f"{task['title']} {task.get('body') or ''}".lower():
        return False
    if body.get("businessId"):
        person = sandbox.contacts.get(task["contactId"])
        return person is not None and person.get("businessId") == body["businessId"]
    return True


def _tag(sandbox: State, call: Call) -> Record:
    held = sandbox.tags.get(call.path["tagId"])
    if held is None:
        raise missing("Tag", call.path["tagId"])
    return held


def _new_name(sandbox: State, name: str) -> str:
    cleaned = clean_tags(sandbox, [name])
    if not cleaned:
        raise Reject(422, ["name should not be empty"])
    if sandbox.tags.find("name", cleaned[0].lower()):
        raise Reject(400, "The tag name is already exist.")
    return cleaned[0]


def _replace_on_contacts(sandbox: State, old: str, new: str | None) -> None:
    for record in list(sandbox.contacts.records.values()):
        if old in record["tags"]:
            tags = [new if tag == old else tag for tag in record["tags"]]
            sandbox.contacts.put({**record, "tags": [tag for tag in tags if tag is not None]})
