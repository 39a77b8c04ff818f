"""Files: the media library, files in a contact's form fields, and uploads for any field."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid, missing
from pb2hl.sandbox.contacts import contact, view
from pb2hl.sandbox.routes import Call, Upload, endpoint

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

MEDIA_LIMIT = 25 * 1024 * 1024
FORM_LIMIT = 50 * 1024 * 1024
FORM_TYPES = frozenset("pdf docx doc jpg jpeg png gif csv xlsx xls mp4 mpeg zip rar txt svg".split())


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lstrip(".").lower()


def _keep(sandbox: State, file: Upload, call: Call) -> tuple[str, str]:
    """(id, URL) under which the bytes are kept."""
    file_id = sandbox.ids.mongo("file")
    sandbox.blobs[file_id] = (file.content, file.media_type)
    return file_id, f"{call.base_url}/_sandbox/files/{file_id}"


@endpoint("POST", "/medias/upload-file", "medias.write", "hosted fileUrl name parentId", multipart=True)
def upload_media(sandbox: State, call: Call) -> Answer:
    """Put a file (at most 25 MB, no webp) or a hosted URL into the media library."""
    hosted = str(call.body.get("hosted", "false")).lower() == "true"
    if hosted:
        if not call.body.get("fileUrl"):
            raise invalid("fileUrl should not be empty")
        url = call.body["fileUrl"]
        return Answer(
            _media(sandbox, call, sandbox.ids.mongo("file"), url, Upload("", PurePosixPath(url).name, b"", ""))
        )
    file = next((item for item in call.files if item.part == "file"), None)
    if file is None:
        raise Reject(400, "file is required")
    if len(file.content) > MEDIA_LIMIT:
        raise Reject(413, "File too large")
    if _suffix(file.name) == "webp" or file.media_type == "image/webp":
        raise Reject(400, "File type webp is not supported")
    file_id, url = _keep(sandbox, file, call)
    return Answer(_media(sandbox, call, file_id, url, file))


def _media(sandbox: State, call: Call, file_id: str, url: str, file: Upload) -> dict[str, str]:
    sandbox.media.put(
        {
            "id": file_id,
            "name": call.body.get("name") or file.name,
            "url": url,
            "size": len(file.content),
            "contentType": file.media_type,
            "sha256": hashlib.sha256(file.content).hexdigest(),
            "parentId": call.body.get("parentId", ""),
            "altType": "location",
            "altId": sandbox.location,
            "type": "file",
            "createdAt": sandbox.stamp(),
        }
    )
    return {"fileId": file_id, "url": url}


@endpoint("GET", "/medias/files", "medias.readonly", query="sortBy sortOrder type altType altId")
def list_media(sandbox: State, call: Call) -> Answer:
    """The media library by offset and limit."""
    try:
        offset, limit = int(call.query.get("offset", 0)), int(call.query.get("limit", 100))
    except ValueError as error:
        raise invalid("offset must be a number string") from error
    text, parent = call.query.get("query", "").lower(), call.query.get("parentId", "")
    found = [
        {**item, "_id": item["id"]}
        for item in sandbox.seen("media").values()
        if item["type"] == call.query["type"]
        and text in item["name"].lower()
        and (not parent or item["parentId"] == parent)
    ]
    found.sort(key=lambda item: (item["createdAt"], item["id"]), reverse=call.query["sortOrder"].lower() == "desc")
    return Answer({"files": found[offset : offset + limit]})


@endpoint("DELETE", "/medias/{id}", "medias.write", query="altType altId")
def delete_media(sandbox: State, call: Call) -> Answer:
    """Delete a file of the media library."""
    _forget(sandbox, call.path["id"])
    return Answer(None)


@endpoint(
    "PUT",
    "/medias/delete-files",
    "medias.write",
    "filesToBeDeleted!:list altType!:location altId! status!:deleted|trashed",
)
def delete_several(sandbox: State, call: Call) -> Answer:
    """Delete several files of the media library."""
    for item in call.body["filesToBeDeleted"]:
        _forget(sandbox, str(item.get("_id", "")) if isinstance(item, dict) else "")
    return Answer({"success": True})


def _forget(sandbox: State, file_id: str) -> None:
    if sandbox.media.remove(file_id) is None:
        raise missing("File", file_id)
    sandbox.blobs.pop(file_id, None)


@endpoint("POST", "/forms/upload-custom-files", "forms.write", query="contactId locationId", multipart=True)
def upload_form_files(sandbox: State, call: Call) -> Answer:
    """Put files into a contact's FILE_UPLOAD fields; each part is named `<field id>_<uuid>`."""
    held = contact(sandbox, call.query["contactId"])
    if not call.files:
        raise Reject(400, "No files found")
    values = {item["id"]: item["value"] for item in held["customFields"]}
    for file in call.files:
        field = _file_field(sandbox, file)
        _check_form_file(file)
        kept = values.get(field["id"])
        files = dict(kept) if isinstance(kept, dict) else {}
        if len(files) >= (field.get("maxFileLimit") or 1) and not field.get("isMultiFileAllowed"):
            files = {}
        elif field.get("maxFileLimit") and len(files) >= field["maxFileLimit"]:
            raise Reject(400, f"Maximum {field['maxFileLimit']} files are allowed")
        file_id, url = _keep(sandbox, file, call)
        files[file.part.partition("_")[2]] = {"documentId": file_id, "meta": _meta(file), "url": url}
        values[field["id"]] = files
    fields = [{"id": field_id, "value": value} for field_id, value in values.items()]
    record = sandbox.contacts.put({**held, "customFields": fields, "dateUpdated": sandbox.stamp()})
    return Answer({"contact": view(record)})


def _file_field(sandbox: State, file: Upload) -> Record:
    field_id, _, unique = file.part.partition("_")
    field = sandbox.fields.get(field_id)
    if field is None or not unique or field["dataType"] != "FILE_UPLOAD" or field["objectKey"] != "contact":
        raise Reject(400, f"Invalid file field {file.part}")
    return field


def _check_form_file(file: Upload) -> None:
    if _suffix(file.name) not in FORM_TYPES:
        raise Reject(400, f"File type {_suffix(file.name) or 'unknown'} is not supported")
    if len(file.content) > FORM_LIMIT:
        raise Reject(413, "File too large")


def _meta(file: Upload) -> dict[str, Any]:
    return {
        "originalname": file.name,
        "fieldname": file.part,
        "mimetype": file.media_type,
        "encoding": "7bit",
        "size": len(file.content),
        "sha256": hashlib.sha256(file.content).hexdigest(),
    }


@endpoint("POST", "/locations/{locationId}/customFields/upload", "locations/customFields.write", "", multipart=True)
def upload_for_field(sandbox: State, call: Call) -> Answer:
    """Upload files for any field; the URLs are then written as the field's value."""
    if not call.files:
        raise Reject(400, "No files found")
    uploaded, meta = {}, []
    for file in call.files:
        _check_form_file(file)
        file_id, url = _keep(sandbox, file, call)
        stamp = sandbox.stamp()
        sandbox.files.put({"id": file_id, "name": file.name, "url": url, "createdAt": stamp, **_meta(file)})
        uploaded[file.name] = url
        meta.append({**_meta(file), "url": url})
    return Answer({"uploadedFiles": uploaded, "meta": meta})
