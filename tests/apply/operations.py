"""A small migration by hand: every target, references of every form, one existing contact."""

from __future__ import annotations

from pathlib import Path

from pb2hl.markers import provenance_line
from pb2hl.operations import REMOVED_TAGS, Kind, Operation, Target, operation_id, references


def op(target, source_id, payload, *, object_="", kind=Kind.CREATE, marker="", existing_id="", part=""):
    """An operation as the plan makes them."""
    object_ = object_ or str(target)
    return Operation(
        ref_id(target, source_id),
        kind,
        target,
        object_,
        source_id,
        part,
        payload,
        references(payload),
        marker,
        existing_id,
    )


def ref_id(target, source_id):
    """The op id of a hand-made operation."""
    return operation_id("loc", "perfect-books", str(target), source_id, Kind.CREATE, target)


def ref(target, source_id, path=""):
    """A reference to another hand-made operation."""
    return {"$ref": ref_id(target, source_id), **({"path": path} if path else {})}


def line(object_, source_id):
    """A body with its provenance line, and the marker it is found by."""
    text = provenance_line("perfect-books", object_, source_id)
    return f"A body of {object_} {source_id}\n{text}", text


def migration(folder: Path, contacts: int = 4) -> list[Operation]:
    """Operations of every kind, with `contacts` contacts in two businesses."""
    file = folder / "paper.pdf"
    file.write_bytes(b"%PDF-1.4 paper")
    media = {"path": str(file), "name": "paper.pdf", "mime": "application/pdf"}
    ops = [
        op(Target.FOLDER, "f", {"objectKey": "business", "name": "Perfect Books"}, marker="Perfect Books"),
        op(Target.FIELD, "cid", {"model": "contact", "name": "Perfect Books ID", "dataType": "TEXT"}, marker="Perfect Books ID"),
        op(Target.FIELD, "oid", {"model": "opportunity", "name": "Perfect Books ID", "dataType": "TEXT"}, marker="Perfect Books ID"),
        op(Target.FIELD, "file", {"model": "contact", "name": "Files", "dataType": "FILE_UPLOAD", "acceptedFormat": [".pdf"],
                                  "isMultipleFile": True, "maxNumberOfFiles": 10}, marker="Files"),
        op(Target.FIELD, "bid", {"objectKey": "business", "name": "Perfect Books ID", "dataType": "TEXT", "showInForms": True,
                                 "fieldKey": "business.perfect_books_id", "parentId": ref(Target.FOLDER, "f")}, marker="Perfect Books ID"),
        op(Target.TAG, "vip", {"name": "vip"}, marker="vip"),
        op(Target.PIPELINE, "p", {"name": "Sales", "stages": [{"name": "New", "position": 0}, {"name": "Won. Really", "position": 1}]}, marker="Sales"),
        op(Target.CALENDAR, "cal", {"name": "Perfect Books", "description": "ours", "isActive": True}, marker="Perfect Books"),
        op(Target.MEDIA, "m", {"$file": media, "name": "PB-m-paper.pdf"}, marker="PB-m-paper.pdf", kind=Kind.UPLOAD),
    ]  # fmt: skip
    for n in ("1", "2"):
        payload = {"name": f"Acme {n}", "customFields": [{"key": ref(Target.FIELD, "bid", "fieldKey"), "value": n}]}
        ops.append(op(Target.BUSINESS, n, payload, marker=n))
    for n in range(contacts):
        payload = {"firstName": "Ann", "lastName": f"Roe{n}", "email": f"Ann{n}@Example.com", "tags": ["vip"],
                   "phone": f"+1613555{n:04d}", "customFields": [{"id": ref(Target.FIELD, "cid"), "fieldValue": f"c{n}"}]}  # fmt: skip
        ops.append(op(Target.CONTACT, f"c{n}", payload, marker=f"c{n}"))
        link = {"contactId": ref(Target.CONTACT, f"c{n}"), "businessId": ref(Target.BUSINESS, str(n % 2 + 1))}
        ops.append(op(Target.LINK, f"c{n}", link, kind=Kind.LINK))
        body, marker = line("notes", f"n{n}")
        on = {"contactId": ref(Target.CONTACT, f"c{n}")}
        body += f"\n{{{{ref:{ref_id(Target.MEDIA, 'm')}:url}}}}"
        ops.append(op(Target.NOTE, f"n{n}", {"$url": on, "body": body}, marker=marker))
    contact = {"contactId": ref(Target.CONTACT, "c0")}
    body, marker = line("tasks", "t1")
    task = {"$url": contact, "title": "Call", "dueDate": "2030-01-02T10:00:00.000Z", "completed": False, "body": body}
    ops.append(op(Target.TASK, "t1", task, marker=marker))
    ops.append(
        op(
            Target.FILE,
            "a1",
            {"$url": {**contact, "fieldId": ref(Target.FIELD, "file")}, "$file": media},
            kind=Kind.UPLOAD,
        )
    )
    deal = {"name": "Deal", "pipelineId": ref(Target.PIPELINE, "p"), "pipelineStageId": ref(Target.PIPELINE, "p", "stages.Won. Really"),
            "status": "open", "monetaryValue": 10, **contact,
            "customFields": [{"id": ref(Target.FIELD, "oid"), "field_value": "d1"}]}  # fmt: skip
    ops.append(op(Target.OPPORTUNITY, "d1", deal, marker="d1"))
    body, marker = line("notes", "nb")
    ops.append(op(Target.NOTE, "nb", {"$url": {"businessId": ref(Target.BUSINESS, "1")}, "body": body}, marker=marker))
    body, marker = line("appointments", "ap")
    ops.append(op(Target.APPOINTMENT, "ap", {"calendarId": ref(Target.CALENDAR, "cal"), **contact, "title": "Meet",
                  "startTime": "2030-01-02T10:00:00-05:00", "endTime": "2030-01-02T11:00:00-05:00", "appointmentStatus": "confirmed",
                  "description": body, "toNotify": False, "ignoreFreeSlotValidation": True, "ignoreDateRange": True}, marker=marker))  # fmt: skip
    return ops


EXISTING = {
    "id": "existing0contact0001",
    "firstName": "Old",
    "lastName": "Friend",
    "email": "old@example.com",
    "tags": ["mine"],
}


def on_existing() -> list[Operation]:
    """What the plan makes of a contact that was in the location before: an update, added tags, a link."""
    id_ = EXISTING["id"]
    body = {"city": "Ottawa", "customFields": [{"id": ref(Target.FIELD, "cid"), "fieldValue": "old"}]}
    tags = {"$url": {"contactId": id_}, "tags": ["VIP", "Mine"]}
    link = {"contactId": ref(Target.CONTACT, "old"), "businessId": ref(Target.BUSINESS, "1")}
    return [
        op(Target.CONTACT, "old", body, kind=Kind.UPDATE, existing_id=id_, marker="old"),
        op(Target.CONTACT_TAGS, "old", tags, kind=Kind.UPDATE, existing_id=id_),
        op(Target.LINK, "old", link, kind=Kind.LINK),
    ]


def everything(folder: Path, reason: str = "") -> list[Operation]:
    """Operations of every kind, on new records and on the contact that was there before; `reason` is a lost reason's id."""
    id_ = EXISTING["id"]
    body, marker = line("notes", "old")
    note = op(Target.NOTE, "old", {"$url": {"contactId": id_}, "body": body}, marker=marker)
    media = {"path": str(folder / "paper.pdf"), "name": "paper.pdf", "mime": "application/pdf"}
    where = {"contactId": id_, "fieldId": ref(Target.FIELD, "file")}
    file = op(Target.FILE, "old", {"$url": where, "$file": media}, kind=Kind.UPLOAD, existing_id=id_)
    lost = {"name": "Gone", "pipelineId": ref(Target.PIPELINE, "p"), "pipelineStageId": ref(Target.PIPELINE, "p", "stages.New"),
            "status": "lost", "contactId": id_, "customFields": [{"id": ref(Target.FIELD, "oid"), "field_value": "d2"}],
            **({"lostReasonId": reason} if reason else {})}  # fmt: skip
    deal = op(Target.OPPORTUNITY, "d2", lost, marker="d2")
    return [*migration(folder, 3), *on_existing(), note, file, deal]


def changes(ledger) -> list[Operation]:
    """What a delta makes of the loaded records: values, a tag taken off, another business, for every kind that it changes."""

    def change(target, source_id, body, about=None):
        entry = ledger.operation(ref_id(about or target, source_id))
        where = {"$url": entry.payload["$url"]} if entry.payload.get("$url") else {}
        if target is Target.CONTACT_TAGS:
            where = {"$url": {"contactId": entry.destination_id}}
        return op(target, f"{source_id}+{target}", {**where, **body}, object_=entry.object, kind=Kind.UPDATE,
                  existing_id=entry.destination_id, part=f"delta-{target}")  # fmt: skip

    business = ledger.operation(ref_id(Target.BUSINESS, "2")).destination_id
    contact = ledger.operation(ref_id(Target.CONTACT, "c0")).destination_id
    when = {"startTime": "2030-01-03T10:00:00-05:00", "endTime": "2030-01-03T11:00:00-05:00", "toNotify": False,
            "ignoreFreeSlotValidation": True, "ignoreDateRange": True}  # fmt: skip
    return [
        change(Target.BUSINESS, "1", {"city": "Hull"}),
        change(Target.CONTACT, "c0", {"city": "Hull", "phone": None}),
        change(Target.CONTACT, "old", {"city": "Hull"}),
        change(Target.CONTACT_TAGS, "c0", {REMOVED_TAGS: ["vip"]}, Target.CONTACT),
        op(Target.LINK, "c0+", {"contactId": contact, "businessId": business}, kind=Kind.LINK, part="delta-link"),
        change(Target.OPPORTUNITY, "d1", {"monetaryValue": 99}),
        change(Target.NOTE, "n0", {"body": line("notes", "n0")[0] + " more"}),
        change(Target.TASK, "t1", {"title": "Call again"}),
        change(Target.APPOINTMENT, "ap", when),
        op(Target.CONTACT, "new", {"firstName": "New", "email": "new@example.com",
           "customFields": [{"id": ref(Target.FIELD, "cid"), "fieldValue": "new"}]}, marker="new"),
    ]  # fmt: skip
