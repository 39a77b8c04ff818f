"""Custom fields and folders of businesses and custom objects (`/custom-fields/`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid, missing
from pb2hl.sandbox.fields import slug
from pb2hl.sandbox.routes import Call, endpoint
from pb2hl.sandbox.shapes import Shape, check_items

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

GENERAL = "General Info"
_TYPES = (
    "TEXT|LARGE_TEXT|NUMERICAL|PHONE|MONETORY|CHECKBOX|SINGLE_OPTIONS|MULTIPLE_OPTIONS|DATE|TEXTBOX_LIST|FILE_UPLOAD|"
    "RADIO|EMAIL"
)
_OPTIONAL = "name description placeholder options:list acceptedFormats:any maxFileLimit:num"
_OPTION = Shape("key label! url")


def view(field: Record) -> dict[str, Any]:
    """A field as this API gives it."""
    return {key: value for key, value in field.items() if value is not None}


@endpoint("GET", "/custom-fields/object-key/{objectKey}", "locations/customFields.readonly", query="locationId")
def list_all(sandbox: State, call: Call) -> Answer:
    """The fields and folders of an object."""
    key = _object_key(sandbox, call.path["objectKey"])
    fields = [view(field) for field in sandbox.seen("fields").values() if field["objectKey"] == key]
    folders = [folder for folder in sandbox.seen("folders").values() if folder["objectKey"] == key]
    return Answer({"fields": fields, "folders": folders})


@endpoint(
    "POST",
    "/custom-fields/",
    "locations/customFields.write",
    f"locationId! showInForms!:bool dataType!:{_TYPES} fieldKey! objectKey! parentId! {_OPTIONAL} allowCustomOption:bool",
)
def create(sandbox: State, call: Call) -> Answer:
    """Make a field of a business or custom object, inside a folder."""
    return Answer({"field": view(make(sandbox, call.body))}, 201)


def make(sandbox: State, body: dict[str, Any]) -> Record:
    """Store a new field of a business or custom object."""
    key = _object_key(sandbox, body["objectKey"])
    folder = sandbox.folders.get(body["parentId"])
    if folder is None or folder["objectKey"] != key:
        raise Reject(400, "Invalid parentId passed")
    field_key = body["fieldKey"] if body["fieldKey"].startswith(f"{key}.") else f"{key}.{body['fieldKey']}"
    field_key = f"{key}.{slug(field_key[len(key) + 1 :])}"
    if sandbox.fields.find("key", field_key):
        raise Reject(400, f"Field with key {field_key} already exists")
    stamp = sandbox.stamp()
    return sandbox.fields.put(
        {
            "id": body.get("id") or sandbox.ids.record("field"),
            "locationId": sandbox.location,
            "name": (body.get("name") or field_key.rsplit(".", 1)[1]).strip(),
            "description": body.get("description"),
            "placeholder": body.get("placeholder"),
            "showInForms": body["showInForms"],
            "options": _options(body.get("options")),
            "acceptedFormats": body.get("acceptedFormats"),
            "objectKey": key,
            "dataType": body["dataType"],
            "parentId": folder["id"],
            "fieldKey": field_key,
            "allowCustomOption": body.get("allowCustomOption"),
            "maxFileLimit": body.get("maxFileLimit"),
            "dateAdded": stamp,
            "dateUpdated": stamp,
        }
    )


@endpoint("GET", "/custom-fields/{id}", "locations/customFields.readonly")
def read(sandbox: State, call: Call) -> Answer:
    """One field."""
    return Answer({"field": view(_field(sandbox, call))})


@endpoint("PUT", "/custom-fields/{id}", "locations/customFields.write", f"locationId! showInForms!:bool {_OPTIONAL}")
def update(sandbox: State, call: Call) -> Answer:
    """Change a field; `options` replace all options, its type stays."""
    held = _field(sandbox, call)
    changes = {key: value for key, value in call.body.items() if key not in ("locationId", "options")}
    if "options" in call.body:
        changes["options"] = _options(call.body["options"])
    return Answer({"field": view(sandbox.fields.put({**held, **changes, "dateUpdated": sandbox.stamp()}))})


@endpoint("DELETE", "/custom-fields/{id}", "locations/customFields.write")
def delete(sandbox: State, call: Call) -> Answer:
    """Delete a field and its values on every record."""
    held = _field(sandbox, call)
    remove(sandbox, held)
    return Answer({"succeded": True, "id": held["id"], "key": held["fieldKey"]})


def remove(sandbox: State, field: Record) -> None:
    """Take a business or custom object field and its values out of the location."""
    name = field["fieldKey"].rsplit(".", 1)[1]
    collection = sandbox.businesses if field["objectKey"] == "business" else sandbox.records
    for record in list(collection.records.values()):
        if name in record["properties"] and record.get("objectKey", "business") == field["objectKey"]:
            kept = {key: value for key, value in record["properties"].items() if key != name}
            collection.put({**record, "properties": kept})
    sandbox.fields.remove(field["id"])


@endpoint("POST", "/custom-fields/folder", "locations/customFields.write", "objectKey! name! locationId!")
def create_folder(sandbox: State, call: Call) -> Answer:
    """Make a folder of fields."""
    key, name = _object_key(sandbox, call.body["objectKey"]), call.body["name"].strip()
    if not name:
        raise invalid("name should not be empty")
    if any(
        held["objectKey"] == key and held["name"].lower() == name.lower() for held in sandbox.folders.records.values()
    ):
        raise Reject(400, f"Folder with name {name} already exists")
    folder = {"id": sandbox.ids.record("folder"), "objectKey": key, "locationId": sandbox.location, "name": name}
    return Answer(sandbox.folders.put(folder), 201)


@endpoint("PUT", "/custom-fields/folder/{id}", "locations/customFields.write", "name! locationId!")
def rename_folder(sandbox: State, call: Call) -> Answer:
    """Rename a folder."""
    return Answer(sandbox.folders.put({**_folder(sandbox, call), "name": call.body["name"].strip()}))


@endpoint("DELETE", "/custom-fields/folder/{id}", "locations/customFields.write", query="locationId")
def delete_folder(sandbox: State, call: Call) -> Answer:
    """Delete a folder that holds no fields."""
    folder = _folder(sandbox, call)
    if any(field.get("parentId") == folder["id"] for field in sandbox.fields.records.values()):
        raise Reject(400, "Folder is not empty")
    sandbox.folders.remove(folder["id"])
    return Answer({"succeded": True, "id": folder["id"], "key": folder["objectKey"]})


def _object_key(sandbox: State, key: str) -> str:
    known = {"business"} | {item["key"] for item in sandbox.objects.records.values()}
    if key not in known:
        raise Reject(400, f"Invalid objectKey {key}: only business and custom objects are supported")
    return key


def _field(sandbox: State, call: Call) -> Record:
    field = sandbox.fields.get(call.path["id"])
    if field is None or field["objectKey"] in ("contact", "opportunity"):
        raise missing("Custom field", call.path["id"])
    return field


def _folder(sandbox: State, call: Call) -> Record:
    folder = sandbox.folders.get(call.path["id"])
    if folder is None:
        raise missing("Folder", call.path["id"])
    return folder


def _options(sent: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    if sent is None:
        return None
    check_items("options", sent, _OPTION)
    return [{**option, "key": option.get("key") or slug(option["label"])} for option in sent]
