"""Notes: those of a contact, and the newer API that relates one note to several records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid, missing
from pb2hl.sandbox.contacts import contact, known_user
from pb2hl.sandbox.routes import Call, endpoint
from pb2hl.sandbox.shapes import Shape, check_items

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_OF_CONTACT = "/contacts/{contactId}/notes"
_FIELDS = "userId title color pinned:bool"
_RELATION = Shape("objectKey! recordId!")
_WANTED = Shape("objectKey! recordId")


def _contact_view(note: Record, contact_id: str) -> dict[str, Any]:
    shown = {key: value for key, value in note.items() if value is not None and key != "relations"}
    return {**shown, "contactId": contact_id}


def _view(note: Record) -> dict[str, Any]:
    return {key: value for key, value in note.items() if value is not None}


@endpoint("GET", _OF_CONTACT, "contacts.readonly")
def list_of_contact(sandbox: State, call: Call) -> Answer:
    """Every note of a contact, immediate, newest first."""
    held = contact(sandbox, call.path["contactId"])
    notes = sandbox.notes.find("related", ("contact", held["id"]))
    return Answer({"notes": [_contact_view(note, held["id"]) for note in reversed(notes)]})


@endpoint("POST", _OF_CONTACT, "contacts.write", f"body! {_FIELDS}")
def create_of_contact(sandbox: State, call: Call) -> Answer:
    """Add a note to a contact; its HTML is kept."""
    held = contact(sandbox, call.path["contactId"])
    note = make(sandbox, call.body, [{"objectKey": "contact", "recordId": held["id"]}])
    return Answer({"note": _contact_view(note, held["id"])}, 201)


def make(sandbox: State, body: dict[str, Any], relations: list[dict[str, str]]) -> Record:
    """Store a new note with its relations."""
    if not body["body"].strip():
        raise invalid("body should not be empty")
    stamp = sandbox.stamp()
    return sandbox.notes.put(
        {
            "id": body.get("id") or sandbox.ids.record("note"),
            **_clean(sandbox, body),
            "relations": relations,
            "dateAdded": stamp,
            "dateUpdated": stamp,
        }
    )


@endpoint("GET", _OF_CONTACT + "/{id}", "contacts.readonly")
def read_of_contact(sandbox: State, call: Call) -> Answer:
    """One note of a contact."""
    return Answer({"note": _contact_view(_of_contact(sandbox, call), call.path["contactId"])})


@endpoint("PUT", _OF_CONTACT + "/{id}", "contacts.write", f"body {_FIELDS}")
def update_of_contact(sandbox: State, call: Call) -> Answer:
    """Change a note of a contact."""
    note = _change(sandbox, _of_contact(sandbox, call), call.body)
    return Answer({"note": _contact_view(note, call.path["contactId"])})


@endpoint("DELETE", _OF_CONTACT + "/{id}", "contacts.write")
def delete_of_contact(sandbox: State, call: Call) -> Answer:
    """Delete a note of a contact."""
    sandbox.notes.remove(_of_contact(sandbox, call)["id"])
    return Answer({"succeded": True, "succeeded": True})


@endpoint("POST", "/notes/", "notes.write", f"body! {_FIELDS} relations!:list", query="locationId")
def create(sandbox: State, call: Call) -> Answer:
    """Add a note related to one or several records."""
    relations = _relations(sandbox, call.body["relations"])
    return Answer({"note": _view(make(sandbox, call.body, relations))}, 201)


@endpoint("GET", "/notes/{id}", "notes.readonly", query="locationId")
def read(sandbox: State, call: Call) -> Answer:
    """One note with its relations."""
    return Answer({"note": _view(_note(sandbox, call))})


@endpoint("PUT", "/notes/{id}", "notes.write", f"body {_FIELDS}", query="locationId")
def update(sandbox: State, call: Call) -> Answer:
    """Change a note."""
    return Answer({"note": _view(_change(sandbox, _note(sandbox, call), call.body))})


@endpoint("DELETE", "/notes/{id}", "notes.write", query="locationId")
def delete(sandbox: State, call: Call) -> Answer:
    """Delete a note."""
    sandbox.notes.remove(_note(sandbox, call)["id"])
    return Answer({"succeded": True, "succeeded": True, "success": True})


@endpoint("PUT", "/notes/{id}/relations", "notes.write", "type!:add|remove relations!:list", query="locationId")
def relate(sandbox: State, call: Call) -> Answer:
    """Add relations to a note, or remove them; the last one cannot go."""
    note = _note(sandbox, call)
    if call.body["type"] == "add":
        extra = [item for item in _relations(sandbox, call.body["relations"]) if item not in note["relations"]]
        relations = [*note["relations"], *extra]
    else:
        check_items("relations", call.body["relations"], _RELATION)
        relations = [item for item in note["relations"] if item not in call.body["relations"]]
        if not relations:
            raise Reject(400, "A note needs at least one relation")
    return Answer({"note": _view(sandbox.notes.put({**note, "relations": relations, "dateUpdated": sandbox.stamp()}))})


@endpoint(
    "POST",
    "/notes/search",
    "notes.readonly",
    "locationId! limit:num skip:num query relations:list userId",
    writes=False,
)
def search(sandbox: State, call: Call) -> Answer:
    """Notes of the location by relation, author and text; by limit (at most 100, default 20) and skip, newest first."""
    body = call.body
    limit, skip = int(body.get("limit") or 20), int(body.get("skip") or 0)
    if not 1 <= limit <= 100 or skip < 0:
        raise invalid("limit must not be greater than 100")
    relations = _sought(sandbox, body.get("relations") or [])
    found = [note for note in sandbox.seen("notes").values() if _wanted(note, body, relations)]
    found.sort(key=lambda note: (note["dateAdded"], note["id"]), reverse=True)
    page = [_view(note) for note in found[skip : skip + limit]]
    return Answer({"notes": page, "total": len(found), "count": len(found)})


def _sought(sandbox: State, relations: list[Any]) -> list[dict[str, str]]:
    """The relations to look for, in the form that this location takes."""
    form = sandbox.behaviour.notes_by_relation
    if form == "refused" and relations:
        raise invalid("property relations should not exist")
    if form == "objects":
        check_items("relations", relations, _WANTED)
        return relations
    if at := [at for at, item in enumerate(relations) if not isinstance(item, str)]:
        raise invalid(*(f"each value in relations must be a string ({place})" for place in at))
    return [{"recordId": "nobody" if form == "blind" else item} for item in relations]


def _wanted(note: Record, body: dict[str, Any], relations: list[dict[str, str]]) -> bool:
    if body.get("userId") and note.get("userId") != body["userId"]:
        return False
    if body.get("query") and body["query"].lower() not in f"{note.get('title') or ''} {note['body']}".lower():
        return False
    return not relations or any(_relates(note, item) for item in relations)


def _relates(note: Record, wanted: dict[str, str]) -> bool:
    return any(
        all(item[name] == wanted.get(name, item[name]) for name in ("objectKey", "recordId"))
        for item in note["relations"]
    )


def _relations(sandbox: State, sent: list[dict[str, str]]) -> list[dict[str, str]]:
    if not sent:
        raise invalid("relations should not be empty")
    check_items("relations", sent, _RELATION)
    for item in sent:
        key, record_id = item["objectKey"], item["recordId"]
        collection = {"contact": "contacts", "business": "businesses", "opportunity": "opportunities"}.get(
            key, "records"
        )
        if key == "opportunity" and not sandbox.behaviour.notes_on_opportunities:
            raise invalid("relations.objectKey opportunity is not supported")
        record = sandbox.collections[collection].get(record_id)
        if record is None or (collection == "records" and record["objectKey"] != key):
            raise Reject(400, f"{key} with id {record_id} not found")
    return [{"objectKey": item["objectKey"], "recordId": item["recordId"]} for item in sent]


def _clean(sandbox: State, body: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {key: body[key] for key in ("body", "title", "color", "pinned") if key in body}
    if "userId" in body:
        fields["userId"] = known_user(sandbox, body["userId"])
    return fields


def _change(sandbox: State, note: Record, body: dict[str, Any]) -> Record:
    return sandbox.notes.put({**note, **_clean(sandbox, body), "dateUpdated": sandbox.stamp()})


def _note(sandbox: State, call: Call) -> Record:
    note = sandbox.notes.get(call.path["id"])
    if note is None:
        raise missing("Note", call.path["id"])
    return note


def _of_contact(sandbox: State, call: Call) -> Record:
    held = contact(sandbox, call.path["contactId"])
    note = sandbox.notes.get(call.path["id"])
    if note is None or {"objectKey": "contact", "recordId": held["id"]} not in note["relations"]:
        raise missing("Note", call.path["id"])
    return note
