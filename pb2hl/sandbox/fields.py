"""Custom fields of contacts and opportunities (`/locations/{id}/customFields`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid, missing
from pb2hl.sandbox.routes import Call, endpoint
from pb2hl.sandbox.shapes import Shape, check_items
from pb2hl.sandbox.values import OPTION_TYPES

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

DATA_TYPES = (
    "TEXT LARGE_TEXT NUMERICAL PHONE MONETORY EMAIL CHECKBOX SINGLE_OPTIONS MULTIPLE_OPTIONS RADIO DATE TEXTBOX_LIST "
    "FILE_UPLOAD SIGNATURE"
).split()
_PATH = "/locations/{locationId}/customFields"
_FIELDS = (
    "placeholder acceptedFormat:strs isMultipleFile:bool maxNumberOfFiles:num textBoxListOptions:list options:list "
    "position:num model:contact|opportunity"
)
EXTRAS = ("fieldKey", "description", "parentId")
"""What the creating call takes beyond the official files, by `field_extras` of the scenario (BEHAVIOUR)."""

_BOX = Shape("label prefillValue")


def slug(text: str) -> str:
    """A name as HighLevel makes keys of it: lower case, words joined by underscores."""
    return re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", text.lower())).strip("_") or "field"


def view(field: Record) -> dict[str, Any]:
    """A field as the locations API gives it."""
    hidden = ("objectKey", "dateAdded", "dateUpdated")
    return {key: value for key, value in field.items() if value is not None and key not in hidden}


@endpoint("GET", _PATH, "locations/customFields.readonly", refuses="locationId")
def list_all(sandbox: State, call: Call) -> Answer:
    """The location's fields of contacts (default), opportunities, or both (`model=all`)."""
    model = call.query.get("model", "contact")
    if model not in ("contact", "opportunity", "all"):
        raise invalid("model must be one of the following values: contact, opportunity, all")
    models = ("contact", "opportunity") if model == "all" else (model,)
    found = [field for field in sandbox.seen("fields").values() if field["objectKey"] in models]
    return Answer({"customFields": [view(field) for field in found]})


@endpoint("POST", _PATH, "locations/customFields.write", f"name! dataType! {' '.join(EXTRAS)} {_FIELDS}")
def create(sandbox: State, call: Call) -> Answer:
    """Make a field; two of one name in one model are refused."""
    strange = [name for name in EXTRAS if name in call.body and name not in sandbox.behaviour.field_extras]
    if strange:
        raise invalid(*(f"property {name} should not exist" for name in strange))
    return Answer({"customField": view(make(sandbox, call.body))}, 201)


def make(sandbox: State, body: dict[str, Any]) -> Record:
    """Store a new field of a contact or opportunity."""
    if body.get("documentType") != "folder" and body["dataType"] not in DATA_TYPES:
        raise invalid(f"dataType must be one of the following values: {', '.join(DATA_TYPES)}")
    model, name = body.get("model") or "contact", body["name"].strip()
    if not name:
        raise invalid("name should not be empty")
    _refuse_same_name(sandbox, model, name, "")
    stamp = sandbox.stamp()
    key = _free_key(sandbox, f"{model}.{slug(body.get('fieldKey') or name)}")
    options = _options(body) if body["dataType"] in OPTION_TYPES else None
    return sandbox.fields.put(
        {
            "id": body.get("id") or sandbox.ids.record("field"),
            "name": name,
            "fieldKey": key,
            "dataType": body["dataType"],
            "position": body.get("position", 50 * (1 + len(sandbox.fields))),
            "model": model,
            "objectKey": model,
            "locationId": sandbox.location,
            "placeholder": body.get("placeholder", ""),
            "description": body.get("description"),
            "parentId": body.get("parentId"),
            "documentType": body.get("documentType"),
            "picklistOptions": _lose(sandbox, options),
            "isAllowedCustomOption": False,
            "textBoxListOptions": _boxes(sandbox, body) if body["dataType"] == "TEXTBOX_LIST" else None,
            "acceptedFormat": body.get("acceptedFormat"),
            "isMultiFileAllowed": bool(body.get("isMultipleFile", False)),
            "maxFileLimit": body.get("maxNumberOfFiles", 1 if body["dataType"] == "FILE_UPLOAD" else None),
            "dateAdded": stamp,
            "dateUpdated": stamp,
        }
    )


@endpoint("GET", _PATH + "/{id}", "locations/customFields.readonly")
def read(sandbox: State, call: Call) -> Answer:
    """One field, immediate."""
    return Answer({"customField": view(_field(sandbox, call))})


@endpoint("PUT", _PATH + "/{id}", "locations/customFields.write", f"name! {_FIELDS}")
def update(sandbox: State, call: Call) -> Answer:
    """Change a field's name, options or place; its type stays for ever."""
    held, body = _field(sandbox, call), call.body
    _refuse_same_name(sandbox, held["objectKey"], body["name"].strip(), held["id"])
    changes: dict[str, Any] = {key: body[key] for key in ("placeholder", "position", "acceptedFormat") if key in body}
    changes["name"] = body["name"].strip()
    if held["dataType"] in OPTION_TYPES and ("options" in body or "textBoxListOptions" in body):
        changes["picklistOptions"] = _options(body)
    if "isMultipleFile" in body:
        changes["isMultiFileAllowed"] = body["isMultipleFile"]
    if "maxNumberOfFiles" in body:
        changes["maxFileLimit"] = body["maxNumberOfFiles"]
    return Answer({"customField": view(sandbox.fields.put({**held, **changes, "dateUpdated": sandbox.stamp()}))})


@endpoint("DELETE", _PATH + "/{id}", "locations/customFields.write")
def delete(sandbox: State, call: Call) -> Answer:
    """Delete a field and its values on every record."""
    remove(sandbox, _field(sandbox, call))
    return Answer({"succeded": True})


def remove(sandbox: State, field: Record) -> None:
    """Take a contact or opportunity field and its values out of the location."""
    collection = sandbox.contacts if field["objectKey"] == "contact" else sandbox.opportunities
    for record in list(collection.records.values()):
        if any(item["id"] == field["id"] for item in record["customFields"]):
            kept = [item for item in record["customFields"] if item["id"] != field["id"]]
            collection.put({**record, "customFields": kept})
    sandbox.fields.remove(field["id"])


def _field(sandbox: State, call: Call) -> Record:
    field = sandbox.fields.get(call.path["id"])
    if field is None or field["objectKey"] not in ("contact", "opportunity"):
        raise missing("Custom field", call.path["id"])
    return field


def _refuse_same_name(sandbox: State, model: str, name: str, own_id: str) -> None:
    for field in sandbox.fields.find("object", model):
        if field["name"].lower() == name.lower() and field["id"] != own_id:
            raise Reject(400, f"Custom field with name {name} already exists")


def _free_key(sandbox: State, key: str) -> str:
    found, number = key, 1
    while sandbox.fields.find("key", found):
        number += 1
        found = f"{key}_{number}"
    return found


def _options(body: dict[str, Any]) -> list[str]:
    sent = body.get("options") or [item.get("label", "") for item in body.get("textBoxListOptions") or []]
    if not all(isinstance(option, str) and option.strip() for option in sent):
        raise invalid("options must be an array of strings")
    return list(dict.fromkeys(sent))


def _lose(sandbox: State, options: list[str] | None) -> list[str] | None:
    lost = sandbox.behaviour.lose_field_options
    if options is None or lost == "none":
        return options
    return [] if lost == "all" else options[:-1]


def _boxes(sandbox: State, body: dict[str, Any]) -> list[dict[str, str]]:
    boxes = body.get("textBoxListOptions") or []
    check_items("textBoxListOptions", boxes, _BOX)
    return [{"id": sandbox.ids.uuid("box"), "prefillValue": "", **box} for box in boxes]
