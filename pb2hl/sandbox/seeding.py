"""Puts a scenario's records into a sandbox: people, calendars, schema, then records that point at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pb2hl.errors import ConfigError
from pb2hl.sandbox import (
    appointments,
    businesses,
    calendars,
    contacts,
    fields,
    notes,
    objectfields,
    opportunities,
    pipelines,
    tasks,
)
from pb2hl.sandbox.answers import Reject
from pb2hl.sandbox.objectfields import GENERAL

if TYPE_CHECKING:
    from pb2hl.sandbox.scenario import Scenario
    from pb2hl.sandbox.state import State


def from_scenario(sandbox: State, scenario: Scenario | None = None) -> None:
    """Add the records of `scenario` (the sandbox's own when not given); ConfigError names the one that does not fit.

    Nothing seeded sends messages, and searches see it at once. Owners may be named by e-mail (`assignedTo`,
    a calendar's `team`), custom fields by name, stages and pipelines by name, businesses and contacts by id.
    """
    listed = scenario or sandbox.scenario
    if not sandbox.folders.records:
        sandbox.folders.put(
            {
                "id": sandbox.ids.record("folder"),
                "objectKey": "business",
                "name": GENERAL,
                "locationId": sandbox.location,
            }
        )
    outbox = list(sandbox.outbox)
    for kind, add in _ADDERS.items():
        for position, item in enumerate(getattr(listed, kind)):
            try:
                add(sandbox, item)
            except (Reject, KeyError, TypeError) as error:
                raise ConfigError(
                    f"scenario: {kind} number {position + 1} does not fit: {_words(error)}",
                    hint="mend that record in the scenario",
                ) from error
    sandbox.outbox = outbox
    sandbox.index_all()


def _words(error: Exception) -> str:
    if isinstance(error, Reject):
        return error.message if isinstance(error.message, str) else "; ".join(error.message)
    return f"{type(error).__name__} {error}"


def _user(sandbox: State, item: dict[str, Any]) -> None:
    first, _, last = item["name"].partition(" ")
    sandbox.users.put(
        {
            "id": sandbox.ids.record("user"),
            "firstName": first,
            "lastName": last,
            "phone": "",
            "extension": "",
            "role": "user",
            **item,
        }
    )


def _owner(sandbox: State, value: str) -> str:
    found = sandbox.users.find("email", value.lower()) if "@" in value else []
    return found[0]["id"] if found else value


def _owned(sandbox: State, item: dict[str, Any], name: str = "assignedTo") -> dict[str, Any]:
    return {**item, name: _owner(sandbox, item[name])} if item.get(name) else dict(item)


def _workflow(sandbox: State, item: dict[str, Any]) -> None:
    stamp = sandbox.stamp()
    base = {"id": sandbox.ids.uuid("workflow"), "status": "draft", "version": 1, "trigger": ""}
    sandbox.workflows.put({**base, **item, "locationId": sandbox.location, "createdAt": stamp, "updatedAt": stamp})


def _lost_reason(sandbox: State, name: str) -> None:
    stamp = sandbox.stamp()
    reason = {"id": sandbox.ids.record("lost_reason"), "name": name, "locationId": sandbox.location}
    sandbox.lost_reasons.put({**reason, "createdAt": stamp, "updatedAt": stamp})


def _tag(sandbox: State, name: str) -> None:
    if not sandbox.tags.find("name", name.lower()):
        sandbox.tags.put({"id": sandbox.ids.record("tag"), "name": name, "locationId": sandbox.location})


def _calendar(sandbox: State, item: dict[str, Any]) -> None:
    body = {key: value for key, value in item.items() if key != "team"}
    team = [{"userId": _owner(sandbox, person)} for person in item.get("team", ())]
    calendars.make(sandbox, {**body, "teamMembers": [*body.get("teamMembers", []), *team]})


def _field(sandbox: State, item: dict[str, Any]) -> None:
    if item.get("objectKey", item.get("model", "contact")) in ("contact", "opportunity"):
        fields.make(sandbox, {"model": item.get("objectKey", "contact"), **_without(item, "objectKey")})
        return
    key = f"{item['objectKey']}.{fields.slug(item['name'])}"
    folder = next(iter(sandbox.folders.records))
    objectfields.make(sandbox, {"fieldKey": key, "parentId": folder, "showInForms": True, **item})


def _without(item: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in names}


def _pipeline(sandbox: State, item: dict[str, Any]) -> None:
    stages = [{"name": stage} if isinstance(stage, str) else stage for stage in item["stages"]]
    numbered = [{"position": position, **stage} for position, stage in enumerate(stages)]
    pipelines.make(sandbox, {**item, "id": item.get("id") or sandbox.ids.record("pipeline"), "stages": numbered})


def _customs(sandbox: State, model: str, item: dict[str, Any]) -> dict[str, Any]:
    sent = item.get("customFields")
    if not isinstance(sent, dict):
        return item
    by_name = {field["name"]: field["id"] for field in sandbox.fields.find("object", model)}
    values = [{"id": by_name.get(name, name), "fieldValue": value} for name, value in sent.items()]
    return {**item, "customFields": values}


def _business(sandbox: State, item: dict[str, Any]) -> None:
    businesses.make(sandbox, item, dict(item.get("properties", {})), item.get("id", ""))


def _contact(sandbox: State, item: dict[str, Any]) -> None:
    body = _customs(sandbox, "contact", _owned(sandbox, item))
    record = contacts.make(sandbox, contacts.clean(sandbox, body), body)
    if item.get("businessId"):
        sandbox.contacts.put({**record, "businessId": businesses.business(sandbox, item["businessId"])["id"]})


def _opportunity(sandbox: State, item: dict[str, Any]) -> None:
    body = _customs(sandbox, "opportunity", _owned(sandbox, item))
    if body.get("pipeline"):
        pipeline = sandbox.pipelines.find("name", body.pop("pipeline").lower())[0]
        body["pipelineId"] = pipeline["id"]
        wanted = body.pop("stage", None)
        body["pipelineStageId"] = next((s["id"] for s in pipeline["stages"] if s["name"] == wanted), None)
    opportunities.make(sandbox, {"status": "open", **body})


def _note(sandbox: State, item: dict[str, Any]) -> None:
    own = [{"objectKey": "contact", "recordId": item["contactId"]}] if item.get("contactId") else []
    notes.make(sandbox, _without(item, "contactId", "relations"), [*own, *item.get("relations", [])])


def _task(sandbox: State, item: dict[str, Any]) -> None:
    tasks.make(sandbox, item["contactId"], {"completed": False, **_owned(sandbox, item)})


def _appointment(sandbox: State, item: dict[str, Any]) -> None:
    body = _owned(sandbox, item, "assignedUserId")
    diary = body.get("calendarId") or next(iter(sandbox.calendars.records))
    appointments.make(sandbox, {**body, "calendarId": diary, "ignoreFreeSlotValidation": True})


_ADDERS: dict[str, Callable[[Any, Any], None]] = {
    "users": _user,
    "workflows": _workflow,
    "lost_reasons": _lost_reason,
    "calendars": _calendar,
    "tags": _tag,
    "custom_fields": _field,
    "pipelines": _pipeline,
    "businesses": _business,
    "contacts": _contact,
    "opportunities": _opportunity,
    "notes": _note,
    "tasks": _task,
    "appointments": _appointment,
}
"""Lists of a scenario in the order in which they can point at each other."""
