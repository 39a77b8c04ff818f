"""Which columns of a staged table each field of a record is made from, as data: what a person needs to follow a value back.

`Origin.parts` are staged columns; `a|b` is the first of them that is filled. `every` takes the merged rows' cells too.
`note` says where a value comes from that no cell holds. The planners beside this module make the values.
"""

from __future__ import annotations

from dataclasses import dataclass

from pb2hl import markers
from pb2hl.diff.flatten import CUSTOM
from pb2hl.model import OBJECTS
from pb2hl.operations import Target
from pb2hl.plan.fields import custom_fields as f


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one field of a record comes from."""

    parts: tuple[str, ...] = ()
    every: bool = False
    note: str = "set by the migration"


CELLS_NOT_CONVERTED = "(not converted)"
CELLS_OF_MERGED_ROWS = "(merged rows)"
CUSTOM_CELLS = "(custom columns)"
"""Parts that mean cells by what became of them, not by their column."""

_NOT_SAID = "the export does not say; set by the migration"
_PROVENANCE = ("created_at", "updated_at", "contact_id", "company_id", "deal_id", CUSTOM_CELLS, CELLS_NOT_CONVERTED)
_OWNER = Origin(("owner",), note="the fallback owner of the migration")
_OWN: dict[str, Origin] = {
    markers.ID_FIELD: Origin(("id",), every=True, note="the row's content: the export has no id for it"),
    markers.CREATED_FIELD: Origin(("created_at",)),
    markers.UPDATED_FIELD: Origin(("updated_at",)),
    markers.TAGS_FIELD: Origin(("tags",)),
    f.OWNER_FIELD: Origin(("owner",)),
    f.UNCONVERTED_FIELD: Origin((CELLS_NOT_CONVERTED,), every=True, note="its parent, which would be its own ancestor"),
    f.MERGED_FIELD: Origin((CELLS_OF_MERGED_ROWS,)),
}
_BY_OBJECT: dict[str, dict[str, Origin]] = {
    "contacts": {
        "firstName": Origin(("first_name|full_name|company_name",)),
        "lastName": Origin(("last_name|full_name",)),
        "email": Origin(("email|email_2",)),
        "phone": Origin(("phone|mobile",)),
        "companyName": Origin(("company_name|company_id",)),
        "dateOfBirth": Origin(("birthday",)),
        "dnd": Origin(("do_not_contact",)),
        "dndSettings.email": Origin(("email_opt_out",)),
        "dndSettings.sms": Origin(("sms_opt_out",)),
        "dndSettings.call": Origin(("call_opt_out",)),
        "tags": Origin(("tags",)),
        f"{CUSTOM}{f.OTHER_EMAILS}": Origin(("email", "email_2"), every=True),
        f"{CUSTOM}{f.OTHER_PHONES}": Origin(("phone", "mobile"), every=True),
        f"{CUSTOM}{f.FURTHER_DEALS}": Origin(note="further open deals of this contact in the export"),
    },
    "companies": {
        "name": Origin(("name|domain",), note="the name that its contacts give it"),
        "website": Origin(("website|domain",), note="the domain of its contacts' e-mails"),
        f"{CUSTOM}{markers.PARENT_FIELD}": Origin(("parent_id|parent_name",)),
        f"{CUSTOM}{markers.PRIMARY_CONTACT_FIELD}": Origin(note="its contacts in the export"),
    },
    "deals": {
        "name": Origin(("name",)),
        "status": Origin(("status", "stage")),
        "pipelineId": Origin(("pipeline|stage",)),
        "pipelineStageId": Origin(("stage",)),
        "contactId": Origin(("contact_id|contact_email",), note="a stand-in contact"),
        "monetaryValue": Origin(("amount",)),
        "forecastProbability": Origin(("probability",)),
        "forecastExpectedCloseDate": Origin(("expected_close",)),
        "lostReasonId": Origin(("lost_reason",)),
        f"{CUSTOM}{f.LOST_REASON_FIELD}": Origin(("lost_reason",)),
        f"{CUSTOM}{f.OTHER_CONTACTS}": Origin(("contact_id", CELLS_NOT_CONVERTED)),
        "body": Origin(("name", "pipeline", "stage", "status", "amount", CUSTOM_CELLS)),
        "userId": _OWNER,
    },
    "tasks": {
        "title": Origin(("title|body",)),
        "body": Origin(("body", "owner", "status", "completed_at", *_PROVENANCE)),
        "dueDate": Origin(("due_at|completed_at|created_at",), note="the day of the export"),
        "completed": Origin(("completed|status|completed_at",), note="not said: open"),
    },
    "notes": {
        "body": Origin(("body", "author", *_PROVENANCE)),
        "userId": Origin(("author",), note=_OWNER.note),
    },
    "activities": {
        "body": Origin(
            ("type", "direction", "at", "duration", "outcome", "subject", "body", "owner", *_PROVENANCE),
        ),
        "userId": _OWNER,
    },
    "appointments": {
        "startTime": Origin(("start_at", "all_day", "timezone", "recurrence", "exceptions")),
        "endTime": Origin(("end_at|start_at", "all_day", "timezone", "recurrence", "exceptions")),
        "address": Origin(("location",)),
        "description": Origin(
            ("description", "owner", "status", "recurrence", "all_day", *_PROVENANCE),
        ),
        "body": Origin(("title", "location", "status", "recurrence", "description", "owner", *_PROVENANCE)),
    },
    "attachments": {
        "body": Origin(("file_name|path|url", "contact_id", "company_id", "deal_id", "note_id", "uploaded_at")),
    },
}  # fmt: skip
_STAND_IN: dict[str, Origin] = {
    "firstName": Origin(note="a stand-in contact, made by the migration"),
    "lastName": Origin(("name",), note="a stand-in contact, made by the migration"),
    "companyName": Origin(("company_id",)),
    f"{CUSTOM}{markers.ID_FIELD}": Origin(("id",), note=_OWN[markers.ID_FIELD].note),
    "assignedTo": Origin(("owner|author",), note=_OWNER.note),
}

HALVES = {"more_emails": "email", "more_phones": "phone", "phone_extension": "phone", "mobile_extension": "mobile"}
"""Staged columns that typing takes out of the cells of another."""


def origin_of(object_: str, target: Target, field: str, key: str = "") -> Origin:
    """Where `field` of a record that came from `object_` is from.

    `key` is what stands behind a custom field: the staged column, or the label of those that the plan fills itself.
    """
    name = f"{CUSTOM}{key}" if key else field
    if target is Target.CONTACT and object_ != "contacts":
        return _STAND_IN.get(name, Origin())
    if object_ not in OBJECTS:
        return Origin()
    declared = _BY_OBJECT.get(object_, {}).get(name) or _OWN.get(key)
    if declared:
        return declared
    if key:
        return Origin((HALVES.get(key, key),))
    if field in ("assignedTo", "assignedUserId"):
        return _OWNER
    column = next((spec.name for spec in OBJECTS[object_].fields if spec.target == field), "")
    return Origin((column,), note=_NOT_SAID) if column else Origin()
