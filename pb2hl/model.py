"""The objects of a Perfect Books export and their canonical fields, as data.

One `ObjectSpec` an object, one `FieldSpec` a canonical field. Staged tables, mapping sheets, suites and reports all
read this; nothing else lists fields. `target` is the HighLevel standard field (API name of the create call) that takes
the value as it is; an empty target means that the plan decides (a custom field, a link, a provenance line).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FieldKind(StrEnum):
    """What a value is. It decides how a column is typed at staging and which checks apply.

    Staged types: text, long_text, email, phone, url, country, timezone, id, ref, name, picklist → string (missing: NA);
    emails, phones, tags → list of string; date → date32; datetime → timestamp[us, UTC]; money, number, percent → float64
    (percent as 0-1); integer → Int64; boolean → nullable boolean; json → string holding JSON.
    """

    ID = "id"
    REF = "ref"
    REFS = "refs"  # several references in one cell (deal contacts): list of string, primary first
    TEXT = "text"
    LONG_TEXT = "long_text"
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    COUNTRY = "country"  # ISO 3166-1 alpha-2
    TIMEZONE = "timezone"  # IANA name
    TAGS = "tags"
    DATE = "date"
    DATETIME = "datetime"
    MONEY = "money"
    NUMBER = "number"
    INTEGER = "integer"
    PERCENT = "percent"
    BOOLEAN = "boolean"
    PICKLIST = "picklist"
    MULTI_PICKLIST = "multi_picklist"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A canonical field: its name, what it holds, the object a reference points to, and HighLevel's standard field."""

    name: str
    kind: FieldKind = FieldKind.TEXT
    refers_to: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """An object of an export: canonical name, fields in order, and the HighLevel record kind it becomes ("" for none)."""

    name: str
    fields: tuple[FieldSpec, ...]
    becomes: str = ""
    takes_custom_fields: bool = False

    def field(self, name: str) -> FieldSpec:
        """The field called `name`; KeyError when there is none."""
        for spec in self.fields:
            if spec.name == name:
                return spec
        raise KeyError(f"{self.name} has no field {name}")

    @property
    def field_names(self) -> tuple[str, ...]:
        """Canonical field names, in order."""
        return tuple(spec.name for spec in self.fields)


K = FieldKind


def _f(name: str, kind: FieldKind = K.TEXT, target: str = "", refers_to: str = "") -> FieldSpec:
    return FieldSpec(name, kind, refers_to, target)


_AUDIT = (_f("created_at", K.DATETIME), _f("updated_at", K.DATETIME))
_ADDRESS = (
    _f("address_1", K.TEXT, "address1"),
    _f("address_2"),
    _f("city", K.TEXT, "city"),
    _f("state", K.TEXT, "state"),
    _f("postal_code", K.TEXT, "postalCode"),
    _f("country", K.COUNTRY, "country"),
)
_OWNER = _f("owner", K.REF, "assignedTo", "users")
_PARENTS = (
    _f("contact_id", K.REF, "", "contacts"),
    _f("company_id", K.REF, "", "companies"),
    _f("deal_id", K.REF, "", "deals"),
)

OBJECTS: dict[str, ObjectSpec] = {
    spec.name: spec
    for spec in (
        ObjectSpec(
            "users",
            (_f("id", K.ID), _f("name", K.NAME), _f("email", K.EMAIL), _f("active", K.BOOLEAN), _f("role")),
            "user",
        ),
        ObjectSpec(
            "companies",
            (
                _f("id", K.ID),
                _f("name", K.TEXT, "name"),
                _f("domain", K.TEXT),
                _f("website", K.URL, "website"),
                _f("phone", K.PHONE, "phone"),
                _f("email", K.EMAIL, "email"),
                _f("address_1", K.TEXT, "address"),
                _f("address_2"),
                _f("city", K.TEXT, "city"),
                _f("state", K.TEXT, "state"),
                _f("postal_code", K.TEXT, "postalCode"),
                _f("country", K.COUNTRY, "country"),
                _f("parent_id", K.REF, "", "companies"),
                _f("parent_name", K.TEXT),
                _f("industry", K.TEXT),
                _f("employees", K.NUMBER),
                _f("description", K.LONG_TEXT, "description"),
                _OWNER,
                _f("tags", K.TAGS),
                *_AUDIT,
            ),
            "business",
            True,
        ),
        ObjectSpec(
            "contacts",
            (
                _f("id", K.ID),
                _f("first_name", K.NAME, "firstName"),
                _f("last_name", K.NAME, "lastName"),
                _f("full_name", K.NAME),
                _f("email", K.EMAIL, "email"),
                _f("email_2", K.EMAIL),
                _f("phone", K.PHONE, "phone"),
                _f("mobile", K.PHONE),
                _f("company_id", K.REF, "", "companies"),
                _f("company_name", K.TEXT, "companyName"),
                _f("job_title", K.TEXT),
                *_ADDRESS,
                _f("website", K.URL, "website"),
                _f("birthday", K.DATE, "dateOfBirth"),
                _f("source", K.TEXT, "source"),
                _OWNER,
                _f("tags", K.TAGS, "tags"),
                _f("do_not_contact", K.BOOLEAN, "dnd"),
                _f("email_opt_out", K.BOOLEAN),
                _f("sms_opt_out", K.BOOLEAN),
                _f("call_opt_out", K.BOOLEAN),
                _f("timezone", K.TIMEZONE, "timezone"),
                _f("description", K.LONG_TEXT),
                *_AUDIT,
            ),
            "contact",
            True,
        ),
        ObjectSpec(
            "pipelines",
            (
                _f("pipeline"),
                _f("stage"),
                _f("position", K.NUMBER),
                _f("probability", K.PERCENT),
                _f("forecast_category"),
                _f("outcome", K.PICKLIST),
            ),
            "pipeline",
        ),
        ObjectSpec(
            "deals",
            (
                _f("id", K.ID),
                _f("name", K.TEXT, "name"),
                _f("contact_id", K.REFS, "", "contacts"),
                _f("contact_email", K.EMAIL, "", "contacts"),
                _f("company_id", K.REF, "", "companies"),
                _f("pipeline"),
                _f("stage", K.TEXT, "pipelineStageId"),
                _f("status", K.PICKLIST, "status"),
                _f("amount", K.MONEY, "monetaryValue"),
                _f("currency"),
                _f("probability", K.PERCENT, "forecastProbability"),
                _f("expected_close", K.DATE, "forecastExpectedCloseDate"),
                _f("closed_at", K.DATETIME),
                _f("lost_reason", K.TEXT, "lostReasonId"),
                _f("source", K.TEXT, "source"),
                _OWNER,
                _f("tags", K.TAGS),
                *_AUDIT,
            ),
            "opportunity",
            True,
        ),
        ObjectSpec(
            "tasks",
            (
                _f("id", K.ID),
                _f("title", K.TEXT, "title"),
                _f("body", K.LONG_TEXT, "body"),
                _f("due_at", K.DATETIME, "dueDate"),
                _f("completed", K.BOOLEAN, "completed"),
                _f("status"),
                _f("completed_at", K.DATETIME),
                _OWNER,
                *_PARENTS,
                *_AUDIT,
            ),
            "task",
        ),
        ObjectSpec(
            "notes",
            (
                _f("id", K.ID),
                _f("title", K.TEXT, "title"),
                _f("body", K.LONG_TEXT, "body"),
                *_PARENTS,
                _f("author", K.REF, "", "users"),
                *_AUDIT,
            ),
            "note",
        ),
        ObjectSpec(
            "appointments",
            (
                _f("id", K.ID),
                _f("title", K.TEXT, "title"),
                _f("description", K.LONG_TEXT, "description"),
                _f("start_at", K.DATETIME, "startTime"),
                _f("end_at", K.DATETIME, "endTime"),
                _f("all_day", K.BOOLEAN),
                _f("timezone", K.TIMEZONE),
                _f("location", K.TEXT, "address"),
                _f("status", K.PICKLIST, "appointmentStatus"),
                _f("recurrence"),
                _f("exceptions"),
                _f("owner", K.REF, "assignedUserId", "users"),
                *_PARENTS,
                *_AUDIT,
            ),
            "appointment",
        ),
        ObjectSpec(
            "activities",
            (
                _f("id", K.ID),
                _f("type", K.PICKLIST),
                _f("direction", K.PICKLIST),
                _f("subject"),
                _f("body", K.LONG_TEXT),
                _f("at", K.DATETIME),
                _f("duration", K.NUMBER),  # as exported; the unit is decided per column and recorded (seconds staged)
                _f("outcome"),
                *_PARENTS,
                _f("owner", K.REF, "", "users"),
                *_AUDIT,
            ),
            "note",
        ),
        ObjectSpec("tags", (_f("name"), _f("group")), "tag"),
        ObjectSpec(
            "custom_fields",
            (
                _f("object"),
                _f("name"),
                _f("label"),
                _f("type", K.PICKLIST),
                _f("options", K.TAGS),
                _f("deprecated", K.BOOLEAN),
            ),
            "field",
        ),
        ObjectSpec(
            "attachments",
            (
                _f("id", K.ID),
                _f("file_name"),
                _f("path"),
                _f("content"),  # the file itself, in a cell: its name below the workspace's files
                _f("url", K.URL),
                _f("size", K.NUMBER),
                _f("mime_type"),
                *_PARENTS,
                _f("note_id", K.REF, "", "notes"),
                _f("uploaded_at", K.DATETIME),
            ),
            "file",
        ),
        ObjectSpec(
            "workflows",
            (
                _f("name"),
                _f("kind", K.PICKLIST),
                _f("trigger", K.LONG_TEXT),
                _f("conditions", K.JSON),
                _f("steps", K.JSON),
                _f("active", K.BOOLEAN),
            ),
        ),
        ObjectSpec("trust_accounts", (_f("id", K.ID), _f("name"), _f("bank_balance", K.MONEY))),
        ObjectSpec(
            "trust_transactions",
            (
                _f("id", K.ID),
                _f("account", K.REF, "", "trust_accounts"),
                _f("client", K.REF, "", "contacts"),
                _f("matter", K.REF, "", "deals"),
                _f("date", K.DATE),
                _f("kind"),
                _f("amount", K.MONEY),
                _f("bank_amount", K.MONEY),
            ),
        ),
        ObjectSpec(
            "time_entries",
            (
                _f("id", K.ID),
                _f("matter", K.REF, "", "deals"),
                _f("timekeeper", K.REF, "", "users"),
                _f("date", K.DATE),
                _f("hours", K.NUMBER),
                _f("rate", K.MONEY),
                _f("amount", K.MONEY),
            ),
        ),
        ObjectSpec(
            "rates",
            (
                _f("timekeeper", K.REF, "", "users"),
                _f("hourly_rate", K.MONEY),
                _f("effective_from", K.DATE),
                _f("effective_to", K.DATE),
            ),
        ),
    )
}
"""Every object an export may hold, by canonical name. `matters` are staged as `deals` (EXPORT contract)."""

CUSTOM_PREFIX = "custom."
"""Staged column of a source column that no canonical field takes: `custom.<label>` (contacts, companies, deals: custom
field; other objects: kept and told in the provenance line)."""

RAW_PREFIX = "raw."
"""Staged column with the untouched text of a source column: `raw.<heading>` (a repeated heading gets ` (2)`, ` (3)`)."""

PROVENANCE = ("source_id", "row_hash", "source_file", "source_sheet", "source_row")
"""The columns that every staged table begins with. `source_row` is the 1-based row of the source file."""
