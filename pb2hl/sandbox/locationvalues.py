"""Custom values: texts of the location under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pb2hl.sandbox.answers import Answer, Reject, missing
from pb2hl.sandbox.fields import slug
from pb2hl.sandbox.routes import Call, endpoint

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_ALL = "/locations/{locationId}/customValues"
_ONE = f"{_ALL}/{{id}}"
_READ, _WRITE = "locations/customValues.readonly", "locations/customValues.write"


@endpoint("GET", _ALL, _READ)
def list_values(sandbox: State, call: Call) -> Answer:
    """Every custom value of the location."""
    return Answer({"customValues": list(sandbox.seen("custom_values").values())})


@endpoint("POST", _ALL, _WRITE, "name! value!")
def create(sandbox: State, call: Call) -> Answer:
    """Make a custom value."""
    name = call.body["name"].strip()
    if not name:
        raise Reject(422, ["name should not be empty"])
    key = f"{{{{ custom_values.{slug(name)} }}}}"
    record = {"id": sandbox.ids.record("custom_value"), "name": name, "fieldKey": key, "value": call.body["value"]}
    return Answer({"customValue": sandbox.custom_values.put({**record, "locationId": sandbox.location})}, 201)


@endpoint("GET", _ONE, _READ)
def read(sandbox: State, call: Call) -> Answer:
    """One custom value."""
    return Answer({"customValue": _held(sandbox, call)})


@endpoint("PUT", _ONE, _WRITE, "name! value!")
def update(sandbox: State, call: Call) -> Answer:
    """Rename it, or give it another text."""
    changed = {**_held(sandbox, call), "name": call.body["name"], "value": call.body["value"]}
    return Answer({"customValue": sandbox.custom_values.put(changed)})


@endpoint("DELETE", _ONE, _WRITE)
def delete(sandbox: State, call: Call) -> Answer:
    """Delete it."""
    sandbox.custom_values.remove(_held(sandbox, call)["id"])
    return Answer({"succeded": True})


def _held(sandbox: State, call: Call) -> Record:
    held = sandbox.custom_values.get(call.path["id"])
    if held is None:
        raise missing("Custom value", call.path["id"])
    return held
