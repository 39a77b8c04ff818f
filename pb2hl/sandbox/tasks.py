"""Tasks of contacts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, invalid, missing
from pb2hl.sandbox.contacts import contact, known_user
from pb2hl.sandbox.routes import Call, endpoint

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_PATH = "/contacts/{contactId}/tasks"
_FIELDS = ("title", "body", "dueDate", "completed", "assignedTo")


def task_view(task: Record) -> dict[str, Any]:
    """A task as the API gives it."""
    return {key: value for key, value in task.items() if value is not None}


@endpoint("GET", _PATH, "contacts.readonly")
def list_all(sandbox: State, call: Call) -> Answer:
    """Every task of a contact, immediate."""
    held = contact(sandbox, call.path["contactId"])
    return Answer({"tasks": [task_view(task) for task in sandbox.tasks.find("contact", held["id"])]})


@endpoint("POST", _PATH, "contacts.write", "title! body dueDate! completed!:bool assignedTo")
def create(sandbox: State, call: Call) -> Answer:
    """Add a task to a contact."""
    held = contact(sandbox, call.path["contactId"])
    return Answer({"task": task_view(make(sandbox, held["id"], call.body))}, 201)


def make(sandbox: State, contact_id: str, body: dict[str, Any]) -> Record:
    """Store a new task of a contact."""
    stamp = sandbox.stamp()
    task = {"id": body.get("id") or sandbox.ids.record("task"), "contactId": contact_id, **_clean(sandbox, body)}
    return sandbox.tasks.put({"body": None, "assignedTo": None, **task, "dateAdded": stamp, "dateUpdated": stamp})


@endpoint("GET", _PATH + "/{taskId}", "contacts.readonly")
def read(sandbox: State, call: Call) -> Answer:
    """One task."""
    return Answer({"task": task_view(_task(sandbox, call))})


@endpoint("PUT", _PATH + "/{taskId}", "contacts.write", "title body dueDate completed:bool assignedTo")
def update(sandbox: State, call: Call) -> Answer:
    """Change a task."""
    task = {**_task(sandbox, call), **_clean(sandbox, call.body), "dateUpdated": sandbox.stamp()}
    return Answer({"task": task_view(sandbox.tasks.put(task))})


@endpoint("PUT", _PATH + "/{taskId}/completed", "contacts.write", "completed!:bool")
def complete(sandbox: State, call: Call) -> Answer:
    """Tick a task off, or open it again."""
    task = {**_task(sandbox, call), "completed": call.body["completed"], "dateUpdated": sandbox.stamp()}
    return Answer({"task": task_view(sandbox.tasks.put(task))})


@endpoint("DELETE", _PATH + "/{taskId}", "contacts.write")
def delete(sandbox: State, call: Call) -> Answer:
    """Delete a task."""
    sandbox.tasks.remove(_task(sandbox, call)["id"])
    return Answer({"succeded": True, "succeeded": True})


def _task(sandbox: State, call: Call) -> Record:
    held = contact(sandbox, call.path["contactId"])
    task = sandbox.tasks.get(call.path["taskId"])
    if task is None or task["contactId"] != held["id"]:
        raise missing("Task", call.path["taskId"])
    return task


def _clean(sandbox: State, body: dict[str, Any]) -> dict[str, Any]:
    fields = {key: body[key] for key in _FIELDS if key in body}
    if "title" in fields and not (fields["title"] or "").strip():
        raise invalid("title should not be empty")
    if fields.get("dueDate") is not None:
        fields["dueDate"] = _moment(fields["dueDate"])
    if "assignedTo" in fields:
        fields["assignedTo"] = known_user(sandbox, fields["assignedTo"])
    return fields


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise invalid("dueDate must be a valid ISO 8601 date string") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
