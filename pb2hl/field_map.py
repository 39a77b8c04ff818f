"""The field map: one line a canonical field of each object. What it is, what it refers to, where its values end in HighLevel.

This is the only place that says so: staging, proposer, sheets, planners, origins, accounting, the lists of what HighLevel
cannot hold, the privacy classes and the suites read it (`pb2hl.model`). A line reads

    field(name, kind, place, place, …)          the usual place first

and a place is one of: `same("city")` the property of the create call, value as it is; `made("status")` a property that a
planner works out; `own("Job Title", "TEXT")` a custom field, value as it is; `kept("Other Emails")` a custom field that a
planner fills; `LINE`, `BODY`, `HOST`, … words for what is no field. `last(place)` is used only when what the place belongs to is
blank, `instead(place)` then alone. `only(place, "where …")` says of which values a place is; all others take every value. The words by which a column is recognised stand in the mapper's knowledge, by the names used here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pb2hl import field_types, markers
from pb2hl.field_types import Ending, FieldKind, FieldSpec, ObjectSpec, Way

K = FieldKind


def same(name: str) -> Ending:
    """A property of the create call that takes the value as its kind is written."""
    return Ending(Way.PROPERTY, name, copied=True)


def made(name: str) -> Ending:
    """A property of the create call that a planner works out."""
    return Ending(Way.PROPERTY, name)


def made_of(listed: str, name: str) -> Ending:
    """The same of a property that takes an item of one of the location's lists."""
    return Ending(Way.PROPERTY, name, needs=listed)


def own(label: str, data_type: str = "TEXT") -> Ending:
    """A custom field that takes the value as it is."""
    return Ending(Way.FIELD, label, data_type, copied=True)


def kept(label: str, data_type: str = "TEXT", *, every: bool = False) -> Ending:
    """A custom field that a planner fills."""
    return Ending(Way.FIELD, label, data_type, every=every)


def last(ending: Ending, when: str = "") -> Ending:
    """The same place, used only where the field it belongs to is blank; `when` says so where more than that decides."""
    return replace(ending, fallback=True, when=when)


def instead(ending: Ending) -> Ending:
    """The same place, used only where the field it belongs to is blank, and then no other."""
    return replace(ending, fallback=True, instead=True)


def only(ending: Ending, when: str) -> Ending:
    """The same place, of some values only: those that `when` names (`where …`)."""
    return replace(ending, when=when)


def field(name: str, kind: FieldKind = K.TEXT, *endings: Ending, **more: Any) -> FieldSpec:
    """One line of the map; `more` are `FieldSpec`'s other facts (refers_to, meaning, decided_by, personal)."""
    return FieldSpec(name, kind, endings=endings, **more)


LINE = Ending(Way.LINE, field_types.LINE)
BODY = Ending(Way.LINE, "body")
DESCRIPTION = Ending(Way.LINE, "description")
MARKER = Ending(Way.LINE, "marker of the provenance line")
HOST = Ending(Way.LINK, "the contact or business it hangs on")
NO_HOST = "where the export has no such contact"
BY_DEAL = only(HOST, "where no contact is named")
BY_COMPANY = only(HOST, "where neither contact nor deal is named")
RELATED = only(Ending(Way.LINK, "the records it is related to"), "where a probe saw it work")
BUSINESS = Ending(Way.LINK, "the business it is linked to")
FULL_NAME = kept("Full Name")
FILE = Ending(Way.LINK, "the file that is uploaded")
NOTE_LINK = Ending(Way.LINK, "the note that links the file")
IN_LINE = only(LINE, "where it goes to the media library")
OF_NOTE = only(NOTE_LINK, "where it belongs to a note")
USERS = Ending(Way.REPORT, "sheets/owners.csv")
SCHEMA_TAG = Ending(Way.SCHEMA, "tag of the location")
DECLARED = Ending(Way.REPORT, "sheets/fields.csv")
NOTHING_REFUSED = Ending(Way.PROPERTY, "HighLevel's own default: nothing is refused")
SCHEMA_STAGE = Ending(Way.SCHEMA, "pipeline of the location")
STAGES = Ending(Way.REPORT, "sheets/stages.csv")
KEEPS = "where the pipeline is there already"
ARCHIVE = Ending(Way.REPORT, field_types.ARCHIVE)
BESIDE = only(ARCHIVE, "where it goes to a contact's file field")
REBUILD = Ending(Way.REPORT, "reports/workflows.html")
BOOKS = Ending(Way.REPORT, "reports/inventory.html")

ID_FIELD = kept(markers.ID_FIELD, every=True)
OWNER_FIELD = kept("Perfect Books Owner")
OTHER_EMAILS = kept("Other Emails", "LARGE_TEXT", every=True)
OTHER_PHONES = kept("Other Phones", "LARGE_TEXT", every=True)
PARENT = kept(markers.PARENT_FIELD)
TAGS_TEXT = kept(markers.TAGS_FIELD, "LARGE_TEXT")
STATUS_WORD = kept("Perfect Books Status")
COMPANY = kept("Company")
OWN_COMPANY = kept("Company as Exported")
OTHER_CONTACTS = kept("Other Contacts", "LARGE_TEXT")
LOST_REASON = kept("Lost Reason")
FOLLOWERS = kept("Followers", "LARGE_TEXT")
GENDER = kept("Gender")

TAKEN = (only(OTHER_EMAILS, "where another contact has it"), only(OTHER_PHONES, "where another contact has it"))
IS_USER = "where it is a user"
ASSIGNED = only(made_of("users", "assignedTo"), IS_USER)
ADDED = only(made_of("users", "followers"), IS_USER)
REST = only(FOLLOWERS, "otherwise")
AUTHOR = only(made_of("users", "userId"), IS_USER)
IN_TEAM = only(made_of("users", "assignedUserId"), "where it is a user of the calendar's team")
YES, NO_START = "where it says yes", "where it has no start"
SERIES = (only(made("startTime"), "one an occurrence"), only(made("endTime"), "one an occurrence"))

_EXISTING = ("policy.existing_contacts",)
_OWNERS = ("sheets/owners.csv",)
_TAGS, _STAGES = ("sheets/tags.csv",), ("sheets/stages.csv",)

_DATES = (
    field("created_at", K.DATETIME, kept(markers.CREATED_FIELD)),
    field("updated_at", K.DATETIME, kept(markers.UPDATED_FIELD), meaning="ignore"),
)
_DATES_TOLD = (field("created_at", K.DATETIME, LINE), field("updated_at", K.DATETIME, LINE))
_PLACES = (
    field("city", K.TEXT, same("city"), personal="address"),
    field("state", K.TEXT, same("state"), personal="address"),
    field("postal_code", K.TEXT, same("postalCode"), personal="address"),
    field("country", K.COUNTRY, same("country")),
)
_ADDRESS_2 = field("address_2", K.TEXT, own("Address 2"), personal="address")
_HOSTS = (
    field("contact_id", K.REF, HOST, only(LINE, NO_HOST), refers_to="contacts", meaning="contactId"),
    field("company_id", K.REF, LINE, BY_COMPANY, RELATED, refers_to="companies"),
    field("deal_id", K.REF, LINE, BY_DEAL, RELATED, refers_to="deals"),
)
_FOLLOWERS = field("followers", K.REFS, ADDED, REST, refers_to="users", decided_by=_OWNERS, personal="name")
"""Users who are told of what happens to a record without owning it; ten at most (BEHAVIOUR)."""
_EXTENSION = (field("phone_extension", K.TEXT, own("Phone Extension")), "phone")

_USERS = (
    field("id", K.ID, USERS),
    field("name", K.NAME, USERS, personal="name"),
    field("email", K.EMAIL, USERS, personal="e-mail"),
    field("active", K.BOOLEAN, ARCHIVE),
    field("role", K.TEXT, ARCHIVE),
)

_COMPANIES = (
    field("id", K.ID, ID_FIELD),
    field("name", K.TEXT, same("name")),
    field("domain", K.TEXT, own("Domain"), last(made("website")), last(made("name")), meaning="website"),
    field("website", K.URL, same("website")),
    field("phone", K.PHONE, same("phone"), personal="phone"),
    field("email", K.EMAIL, same("email"), personal="e-mail"),
    field("address_1", K.TEXT, same("address"), personal="address"),
    _ADDRESS_2,
    *_PLACES,
    field("parent_id", K.REF, PARENT, refers_to="companies"),
    field("parent_name", K.TEXT, PARENT),
    field("industry", K.TEXT, own("Industry")),
    field("employees", K.NUMBER, own("Employees", "NUMERICAL")),
    field("description", K.LONG_TEXT, same("description")),
    field("owner", K.REF, OWNER_FIELD, refers_to="users", decided_by=_OWNERS, personal="name"),
    field("tags", K.TAGS, TAGS_TEXT, decided_by=_TAGS),
    *_DATES,
)

_CONTACTS = (
    field("id", K.ID, ID_FIELD),
    field("first_name", K.NAME, same("firstName"), personal="name"),
    field("last_name", K.NAME, same("lastName"), personal="name"),
    field("full_name", K.NAME, only(FULL_NAME, "where it is not first and last name"), instead(made("firstName")), instead(made("lastName")), meaning="name", personal="name"),
    field("email", K.EMAIL, made("email"), TAKEN[0], decided_by=_EXISTING, personal="e-mail"),
    field("email_2", K.EMAIL, OTHER_EMAILS, instead(made("email")), meaning="additionalEmails", personal="e-mail"),
    field("phone", K.PHONE, made("phone"), TAKEN[1], decided_by=_EXISTING, personal="phone"),
    field("mobile", K.PHONE, own("Mobile", "PHONE"), last(made("phone")), TAKEN[1], meaning="additionalPhones", personal="phone"),
    field("company_id", K.REF, BUSINESS, last(made("companyName"), "in the words of the business"), refers_to="companies", meaning="businessId", decided_by=("sheets/companies.csv",)),
    field("company_name", K.TEXT, made("companyName"), only(BUSINESS, "where company_id is blank"), only(OWN_COMPANY, "where the business has another name"), last(made("firstName"), "where there is no name, e-mail or phone"), decided_by=("sheets/companies.csv",)),
    field("job_title", K.TEXT, own("Job Title")),
    field("address_1", K.TEXT, same("address1"), personal="address"),
    _ADDRESS_2,
    *_PLACES,
    field("website", K.URL, same("website")),
    field("birthday", K.DATE, same("dateOfBirth"), personal="birth date"),
    field("gender", K.TEXT, same("gender"), only(GENDER, "where the contact is there already")),
    field("source", K.TEXT, same("source")),
    field("owner", K.REF, ASSIGNED, only(OWNER_FIELD, "otherwise"), refers_to="users", decided_by=_OWNERS, personal="name"),
    _FOLLOWERS,
    field("tags", K.TAGS, made("tags"), decided_by=_TAGS),
    field("do_not_contact", K.BOOLEAN, made("dnd"), only(NOTHING_REFUSED, "where it says no"), meaning="dnd"),
    field("email_opt_out", K.BOOLEAN, made("dndSettings.email"), only(NOTHING_REFUSED, "where it says no"), meaning="dnd"),
    field("sms_opt_out", K.BOOLEAN, made("dndSettings.sms"), only(NOTHING_REFUSED, "where it says no"), meaning="dnd"),
    field("call_opt_out", K.BOOLEAN, made("dndSettings.call"), only(NOTHING_REFUSED, "where it says no"), meaning="dnd"),
    field("whatsapp_opt_out", K.BOOLEAN, made("dndSettings.whatsApp"), only(NOTHING_REFUSED, "where it says no"), meaning="dnd"),
    field("facebook_opt_out", K.BOOLEAN, made("dndSettings.fb"), only(NOTHING_REFUSED, "where it says no"), meaning="dnd"),
    field("google_opt_out", K.BOOLEAN, made("dndSettings.gmb"), only(NOTHING_REFUSED, "where it says no"), meaning="dnd"),
    field("timezone", K.TIMEZONE, same("timezone")),
    field("description", K.LONG_TEXT, own("Description", "LARGE_TEXT"), meaning="note.body"),
    *_DATES,
)  # fmt: skip
_CONTACTS_BESIDE = (
    (field("more_emails", K.EMAIL, OTHER_EMAILS, instead(made("email")), personal="e-mail"), "email"),
    (field("more_phones", K.PHONE, OTHER_PHONES, instead(made("phone")), personal="phone"), "phone"),
    _EXTENSION,
    (field("mobile_extension", K.TEXT, own("Mobile Extension")), "mobile"),
)

_PIPELINES = (
    field("pipeline", K.TEXT, SCHEMA_STAGE, decided_by=_STAGES),
    field("stage", K.TEXT, SCHEMA_STAGE, decided_by=_STAGES),
    field("position", K.NUMBER, SCHEMA_STAGE, only(STAGES, KEEPS)),
    field("probability", K.PERCENT, SCHEMA_STAGE, only(STAGES, KEEPS)),
    field("forecast_category", K.TEXT, ARCHIVE),
    field("outcome", K.PICKLIST, STAGES, last(SCHEMA_STAGE, "where probability is blank"), decided_by=_STAGES),
)

_DEALS = (
    field("id", K.ID, ID_FIELD),
    field("name", K.TEXT, made("name")),
    field("contact_id", K.REFS, made("contactId"), only(OTHER_CONTACTS, "for all but the first"), refers_to="contacts"),
    field("contact_email", K.EMAIL, last(made("contactId")), only(OTHER_CONTACTS, "where it is not the deal's contact"), refers_to="contacts", personal="e-mail"),
    field("company_id", K.REF, COMPANY, RELATED, only(made("contactId"), "where no contact is named"), refers_to="companies"),
    field("pipeline", K.TEXT, made("pipelineId"), only(made("pipelineStageId"), "with the stage"), decided_by=_STAGES),
    field("stage", K.TEXT, made("pipelineStageId"), only(made("status"), "where status does not say it"), last(made("pipelineId")), decided_by=_STAGES),
    field("status", K.PICKLIST, made("status"), only(STATUS_WORD, "where HighLevel has no such status or the stage overrules it"), decided_by=("sheets/picklists.csv", *_STAGES)),
    field("amount", K.MONEY, same("monetaryValue")),
    field("currency", K.TEXT, own("Currency")),
    field("probability", K.PERCENT, same("forecastProbability"), meaning="custom"),
    field("expected_close", K.DATE, same("forecastExpectedCloseDate")),
    field("closed_at", K.DATETIME, own("Closed At", "DATE")),
    field("lost_reason", K.TEXT, only(made_of("lost_reasons", "lostReasonId"), "where the location has the reason and the deal is lost"), only(LOST_REASON, "otherwise")),
    field("source", K.TEXT, own("Source"), meaning="source"),
    field("owner", K.REF, ASSIGNED, only(OWNER_FIELD, "otherwise"), refers_to="users", decided_by=_OWNERS, personal="name"),
    _FOLLOWERS,
    field("tags", K.TAGS, TAGS_TEXT, decided_by=_TAGS),
    *_DATES,
)  # fmt: skip

_TASKS = (
    field("id", K.ID, MARKER),
    field("title", K.TEXT, made("title")),
    field("body", K.LONG_TEXT, made("body"), last(made("title"))),
    field("due_at", K.DATETIME, made("dueDate")),
    field("completed", K.BOOLEAN, made("completed")),
    field("status", K.TEXT, LINE, last(made("completed")), meaning="completed"),
    field("completed_at", K.DATETIME, LINE, last(made("completed"), "where no other says it"), last(made("dueDate"))),
    field("owner", K.REF, ASSIGNED, LINE, refers_to="users", decided_by=_OWNERS, personal="name"),
    *_HOSTS,
    field("created_at", K.DATETIME, LINE, last(made("dueDate"), "where due_at and completed_at are blank")),
    field("updated_at", K.DATETIME, LINE),
)

_NOTES = (
    field("id", K.ID, MARKER),
    field("title", K.TEXT, only(made("title"), "on a contact"), only(BODY, "on a company")),
    field("body", K.LONG_TEXT, made("body")),
    *_HOSTS,
    field("author", K.REF, LINE, AUTHOR, refers_to="users", meaning="userId", decided_by=_OWNERS, personal="name"),
    *_DATES_TOLD,
)

_APPOINTMENTS = (
    field("id", K.ID, MARKER),
    field("title", K.TEXT, made("title"), only(BODY, NO_START)),
    field("description", K.LONG_TEXT, made("description"), only(BODY, NO_START)),
    field("start_at", K.DATETIME, made("startTime"), last(made("endTime"), "where end_at is blank")),
    field("end_at", K.DATETIME, made("endTime"), only(LINE, "where it is not after the start")),
    field("length", K.NUMBER, LINE, only(made("endTime"), "where there is no end")),  # seconds staged
    field("all_day", K.BOOLEAN, only(LINE, YES), only(made("startTime"), YES), made("endTime")),
    field("timezone", K.TIMEZONE, made("startTime"), made("endTime"), only(LINE, NO_START), meaning="ignore"),
    field("location", K.TEXT, made("address"), only(BODY, NO_START)),
    field("status", K.PICKLIST, only(made("appointmentStatus"), "where HighLevel has such a status"), LINE),
    field("recurrence", K.TEXT, LINE, *SERIES, decided_by=("policy.recurrence_until",)),
    field("exceptions", K.TEXT, LINE, *SERIES),
    field("owner", K.REF, IN_TEAM, LINE, refers_to="users", decided_by=_OWNERS, personal="name"),
    *_HOSTS,
    *_DATES_TOLD,
)

_LOGGED, _MET = 'under activities = "conversation"', 'under meetings = "appointment"'
_ACTIVITIES = (
    field("id", K.ID, MARKER),
    field("type", K.PICKLIST, BODY, only(made("type"), _LOGGED), only(made("calendarId"), _MET), only(LINE, _MET)),
    field("direction", K.PICKLIST, BODY, only(made("direction"), _LOGGED), only(LINE, _MET)),
    field("subject", K.TEXT, BODY, only(made("subject"), _LOGGED), only(made("title"), _MET), only(LINE, _LOGGED), meaning="title"),
    field("body", K.LONG_TEXT, made("body"), only(made("message"), _LOGGED), only(made("html"), _LOGGED), only(made("description"), _MET)),
    field("at", K.DATETIME, BODY, LINE, only(made("date"), _LOGGED), only(made("startTime"), _MET)),
    field("duration", K.NUMBER, BODY, only(LINE, _LOGGED), only(made("endTime"), _MET)),  # as exported; the unit is decided per column and recorded (seconds staged)
    field("outcome", K.TEXT, BODY, only(made("callStatus"), _LOGGED), only(LINE, _LOGGED)),
    *_HOSTS,
    field("owner", K.REF, LINE, AUTHOR, only(IN_TEAM, _MET), refers_to="users", meaning="assignedTo", decided_by=_OWNERS, personal="name"),
    *_DATES_TOLD,
)  # fmt: skip

_ATTACHMENTS = (
    field("id", K.ID, only(MARKER, IN_LINE.when), BESIDE),
    field("file_name", K.TEXT, FILE),
    field("path", K.TEXT, FILE),
    field("content", K.TEXT, FILE),  # the file itself, in a cell: its name below the workspace's files
    field("url", K.URL, FILE),
    field("size", K.NUMBER, ARCHIVE),
    field("mime_type", K.TEXT, FILE),
    field("contact_id", K.REF, HOST, only(LINE, NO_HOST), OF_NOTE, refers_to="contacts", meaning="contactId"),
    *(replace(spec, endings=(IN_LINE, *spec.endings[1:], OF_NOTE, BESIDE)) for spec in _HOSTS[1:]),
    field("note_id", K.REF, NOTE_LINK, refers_to="notes"),
    field("uploaded_at", K.DATETIME, IN_LINE, OF_NOTE, BESIDE),
)

_WORKFLOWS = (
    field("name", K.TEXT, REBUILD),
    field("kind", K.PICKLIST, REBUILD),
    field("trigger", K.LONG_TEXT, REBUILD),
    field("conditions", K.JSON, REBUILD),
    field("steps", K.JSON, REBUILD),
    field("active", K.BOOLEAN, REBUILD),
)


def _book(name: str, kind: FieldKind = K.TEXT, refers_to: str = "") -> FieldSpec:
    """A field of the legal edition's tables: reported, and with them a custom object's field where migration.toml says so."""
    types = {K.MONEY: "MONETORY", K.NUMBER: "NUMERICAL", K.DATE: "DATE"}
    label = own(name.replace("_", " ").title(), types.get(kind, "TEXT"))
    endings = (BOOKS, only(ID_FIELD if kind is K.ID else label, 'under legal_objects = "custom objects"'))
    return field(name, kind, *endings, refers_to=refers_to, personal="name" if refers_to == "users" else "")


_TRUST_ACCOUNTS = (_book("id", K.ID), _book("name"), _book("bank_balance", K.MONEY))
_TRUST_TRANSACTIONS = (
    _book("id", K.ID),
    _book("account", K.REF, "trust_accounts"),
    _book("client", K.REF, "contacts"),
    _book("matter", K.REF, "deals"),
    _book("date", K.DATE),
    _book("kind"),
    _book("amount", K.MONEY),
    _book("bank_amount", K.MONEY),
)
_TIME_ENTRIES = (
    _book("id", K.ID),
    _book("matter", K.REF, "deals"),
    _book("timekeeper", K.REF, "users"),
    _book("date", K.DATE),
    _book("hours", K.NUMBER),
    _book("rate", K.MONEY),
    _book("amount", K.MONEY),
)
_RATES = (
    _book("timekeeper", K.REF, "users"),
    _book("hourly_rate", K.MONEY),
    _book("effective_from", K.DATE),
    _book("effective_to", K.DATE),
)

_TAG_FIELDS = (
    field("name", K.TEXT, SCHEMA_TAG),
    field("group", K.TEXT, ARCHIVE, only(SCHEMA_TAG, "under tag_groups"), decided_by=("policy.tag_groups",)),
)
_CUSTOM_FIELDS = (
    field("object", K.TEXT, DECLARED),
    field("name", K.TEXT, DECLARED),
    field("label", K.TEXT, DECLARED),
    field("type", K.PICKLIST, DECLARED),
    field("options", K.TAGS, DECLARED),
    field("deprecated", K.BOOLEAN, DECLARED),
)

OBJECTS: dict[str, ObjectSpec] = {
    spec.name: spec
    for spec in (
        ObjectSpec("users", _USERS, "user"),
        ObjectSpec("companies", _COMPANIES, "business", True, (_EXTENSION,)),
        ObjectSpec("contacts", _CONTACTS, "contact", True, _CONTACTS_BESIDE),
        ObjectSpec("pipelines", _PIPELINES, "pipeline"),
        ObjectSpec("deals", _DEALS, "opportunity", True),
        ObjectSpec("tasks", _TASKS, "task"),
        ObjectSpec("notes", _NOTES, "note"),
        ObjectSpec("appointments", _APPOINTMENTS, "appointment"),
        ObjectSpec("activities", _ACTIVITIES, "note"),
        ObjectSpec("tags", _TAG_FIELDS, "tag"),
        ObjectSpec("custom_fields", _CUSTOM_FIELDS, "field"),
        ObjectSpec("attachments", _ATTACHMENTS, "file"),
        ObjectSpec("workflows", _WORKFLOWS),
        ObjectSpec("trust_accounts", _TRUST_ACCOUNTS),
        ObjectSpec("trust_transactions", _TRUST_TRANSACTIONS),
        ObjectSpec("time_entries", _TIME_ENTRIES),
        ObjectSpec("rates", _RATES),
    )
}
"""Every object an export may hold, by canonical name. `matters` are staged as `deals` (EXPORT contract)."""

REFUSALS: dict[str, str] = {
    spec.name: spec.target.removeprefix("dndSettings.") for spec in OBJECTS["contacts"].fields if spec.meaning == "dnd"
}
"""The contacts' fields that hold a refusal → the channel of dndSettings that each closes (`dnd`: all of them)."""
