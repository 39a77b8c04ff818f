"""Contacts: create, read, update, delete, upsert, tags, businesses and the immediate duplicate lookup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, Reject, invalid
from pb2hl.sandbox.customvalues import merge_custom
from pb2hl.sandbox.routes import Call, endpoint
from pb2hl.sandbox.shapes import Shape
from pb2hl.sandbox.values import clean_email, clean_phone, clean_tags, date_only

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_COMMON = (
    "firstName name lastName email phone address1 city state postalCode website timezone dnd:bool dndSettings:obj "
    "inboundDndSettings:obj tags:strs customFields:list source dateOfBirth:any country assignedTo"
)
_CREATE = f"locationId! {_COMMON} gender companyName"
_CHANNELS = {"call": "Call", "email": "Email", "sms": "SMS", "whatsApp": "WhatsApp", "gmb": "GMB", "fb": "FB"}
_SETTING = Shape("status!:active|inactive|permanent message code")
_PLAIN = tuple(
    "firstName lastName name address1 city state postalCode website timezone source companyName gender".split()
)


def contact(sandbox: State, contact_id: str) -> Record:
    """The contact as it is now; 400 in HighLevel's words when there is none."""
    found = sandbox.contacts.get(contact_id)
    if found is None:
        raise Reject(400, f"Contact with id {contact_id} not found")
    return found


def full_name(record: Record) -> str:
    """First and last name in one."""
    return " ".join(part for part in (record.get("firstName"), record.get("lastName")) if part)


def view(record: Record) -> dict[str, Any]:
    """A contact as GET by id gives it."""
    name = full_name(record)
    first, last, email = record.get("firstName"), record.get("lastName"), record.get("email")
    shown = {key: value for key, value in record.items() if value is not None}
    shown["name"] = name
    shown["contactName"] = name
    shown["fullNameLowerCase"] = name.lower()
    if first:
        shown["firstNameLowerCase"] = first.lower()
    if last:
        shown["lastNameLowerCase"] = last.lower()
    if email:
        shown["emailLowerCase"] = email.lower()
    return shown


@endpoint("POST", "/contacts/", "contacts.write", _CREATE)
def create(sandbox: State, call: Call) -> Answer:
    """Create a contact. Nothing makes it idempotent but the location's duplicate setting."""
    fields = clean(sandbox, call.body)
    if not sandbox.scenario.location.allow_duplicate_contact:
        for name in ("email", "phone"):
            _refuse_duplicate(sandbox, name, fields.get(name), "")
    return Answer({"contact": view(make(sandbox, fields, call.body))}, 201)


def make(sandbox: State, fields: dict[str, Any], body: dict[str, Any]) -> Record:
    """Store a new contact out of cleaned `fields`, and fire what its creation fires."""
    stamp = sandbox.stamp()
    record = {
        "id": body.get("id") or sandbox.ids.record("contact"),
        "locationId": sandbox.location,
        "type": "lead",
        "dnd": False,
        "tags": [],
        "followers": [],
        **fields,
        "customFields": merge_custom(sandbox, "contact", [], body.get("customFields")),
        "dateAdded": stamp,
        "dateUpdated": stamp,
    }
    sandbox.contacts.put(record)
    _know_tags(sandbox, record["tags"])
    sandbox.fire("contact_created", contactId=record["id"], dnd=record["dnd"])
    for tag in record["tags"]:
        sandbox.fire("tag_added", contactId=record["id"], tag=tag, dnd=record["dnd"])
    return record


@endpoint("GET", "/contacts/{contactId}", "contacts.readonly")
def read(sandbox: State, call: Call) -> Answer:
    """A contact by id, at once."""
    return Answer({"contact": view(contact(sandbox, call.path["contactId"]))})


@endpoint("PUT", "/contacts/{contactId}", "contacts.write", _COMMON)
def update(sandbox: State, call: Call) -> Answer:
    """Change a contact: `tags` replace all tags; companyName and gender cannot be sent."""
    held = contact(sandbox, call.path["contactId"])
    body = _without_nulls(sandbox, call.body)
    return Answer({"succeded": True, "succeeded": True, "contact": view(_change(sandbox, held, body))})


def _without_nulls(sandbox: State, body: dict[str, Any]) -> dict[str, Any]:
    nulls = [name for name, value in body.items() if value is None]
    if nulls and sandbox.behaviour.put_null == "refused":
        raise invalid(*(f"{name} must be a string" for name in nulls))
    if sandbox.behaviour.put_null == "ignored":
        return {name: value for name, value in body.items() if value is not None}
    return body


def _change(sandbox: State, held: Record, body: dict[str, Any]) -> Record:
    fields = clean(sandbox, body)
    if stuck := [name for name in sandbox.behaviour.uncleared if name in body and not body[name] and held.get(name)]:
        raise invalid(*(f"{name} should not be empty" for name in stuck))
    if not sandbox.scenario.location.allow_duplicate_contact:
        for name in ("email", "phone"):
            _refuse_duplicate(sandbox, name, fields.get(name), held["id"])
    if "dndSettings" in fields and sandbox.behaviour.put_adds_channels:
        fields["dndSettings"] = {**(held.get("dndSettings") or {}), **fields["dndSettings"]}
    record = {
        **held,
        **fields,
        "customFields": merge_custom(sandbox, "contact", held["customFields"], body.get("customFields")),
        "dateUpdated": sandbox.stamp(),
    }
    sandbox.contacts.put(record)
    for deal in sandbox.opportunities.find("contact", record["id"]) if sandbox.behaviour.owner_sync else ():
        if fields.get("assignedTo"):
            sandbox.opportunities.put({**deal, "assignedTo": fields["assignedTo"], "updatedAt": sandbox.stamp()})
    _know_tags(sandbox, record["tags"])
    for tag in record["tags"]:
        if tag not in held["tags"]:
            sandbox.fire("tag_added", contactId=record["id"], tag=tag, dnd=record["dnd"])
    return record


@endpoint("POST", "/contacts/upsert", "contacts.write", f"{_CREATE} createNewIfDuplicateAllowed:bool")
def upsert(sandbox: State, call: Call) -> Answer:
    """Create, or change whom the location's own order finds first; the other identity is silently ignored."""
    fields = clean(sandbox, call.body)
    body = {key: value for key, value in call.body.items() if key not in ("locationId", "createNewIfDuplicateAllowed")}
    allowed = sandbox.scenario.location.allow_duplicate_contact and call.body.get("createNewIfDuplicateAllowed")
    for name in sandbox.behaviour.upsert_order if not allowed else ():
        for held in sandbox.contacts.find(name, fields.get(name)) if fields.get(name) else ():
            for other in {"email", "phone"} - {name}:
                if _others(sandbox, other, fields.get(other), held["id"]):
                    body.pop(other, None)
            return Answer({"new": False, "contact": view(_change(sandbox, held, body))})
    return Answer({"new": True, "contact": view(make(sandbox, fields, call.body))})


@endpoint("DELETE", "/contacts/{contactId}", "contacts.write")
def delete(sandbox: State, call: Call) -> Answer:
    """Delete a contact with its notes, tasks, appointments and opportunities."""
    held = contact(sandbox, call.path["contactId"])
    remove(sandbox, held["id"])
    return Answer({"succeded": True, "succeeded": True})


def remove(sandbox: State, contact_id: str) -> None:
    """Take a contact and what hangs on it out of the location."""
    for collection in ("tasks", "appointments", "opportunities"):
        if collection == "opportunities" and not sandbox.behaviour.delete_contact_deletes_opportunities:
            continue
        for record in sandbox.collections[collection].find("contact", contact_id):
            sandbox.collections[collection].remove(record["id"])
    for conversation in sandbox.conversations.find("contact", contact_id):
        sandbox.conversations.remove(conversation["id"])
    drop_relations(sandbox, "contact", contact_id)
    sandbox.contacts.remove(contact_id)


def drop_relations(sandbox: State, object_key: str, record_id: str) -> None:
    """Take a record out of the notes that are related to it; a note related to nothing else goes too."""
    for note in sandbox.notes.find("related", (object_key, record_id)):
        rest = [item for item in note["relations"] if (item["objectKey"], item["recordId"]) != (object_key, record_id)]
        if rest:
            sandbox.notes.put({**note, "relations": rest})
        else:
            sandbox.notes.remove(note["id"])


@endpoint("GET", "/contacts/search/duplicate", "contacts.readonly", query="locationId")
def duplicate(sandbox: State, call: Call) -> Answer:
    """Who has this e-mail, else this phone; immediate, no lag."""
    email, phone = call.query.get("email"), call.query.get("number")
    if not email and not phone:
        raise invalid("email or number should not be empty")
    found = sandbox.contacts.find("email", email.strip().lower()) if email else []
    if not found and phone:
        found = sandbox.contacts.find("phone", clean_phone(sandbox, phone))
    return Answer({"contact": view(found[0]) if found else None})


@endpoint("POST", "/contacts/{contactId}/tags", "contacts.write", "tags!:strs")
def add_tags(sandbox: State, call: Call) -> Answer:
    """Add tags to a contact, keeping those it has."""
    held = contact(sandbox, call.path["contactId"])
    tags = clean_tags(sandbox, call.body["tags"])
    added = [tag for tag in tags if tag not in held["tags"]]
    record = _retag(sandbox, held, [*held["tags"], *added])
    for tag in added:
        sandbox.fire("tag_added", contactId=held["id"], tag=tag, dnd=held["dnd"])
    return Answer({"tags": record["tags"], "tagsAdded": added}, 201)


@endpoint("DELETE", "/contacts/{contactId}/tags", "contacts.write", "tags!:strs")
def remove_tags(sandbox: State, call: Call) -> Answer:
    """Take tags off a contact."""
    held = contact(sandbox, call.path["contactId"])
    gone = clean_tags(sandbox, call.body["tags"])
    record = _retag(sandbox, held, [tag for tag in held["tags"] if tag not in gone])
    return Answer({"tags": record["tags"], "tagsRemoved": [tag for tag in gone if tag in held["tags"]]})


@endpoint(
    "POST",
    "/contacts/bulk/tags/update/{type}",
    "contacts.write",
    "contacts!:strs tags!:strs locationId! removeAllTags:bool",
)
def bulk_tags(sandbox: State, call: Call) -> Answer:
    """Add tags to, or remove them from, several contacts."""
    kind = call.path["type"]
    if kind not in ("add", "remove"):
        raise invalid("type must be one of the following values: add, remove")
    tags = clean_tags(sandbox, call.body["tags"])
    missing = [contact_id for contact_id in call.body["contacts"] if sandbox.contacts.get(contact_id) is None]
    for contact_id in call.body["contacts"]:
        held = sandbox.contacts.get(contact_id)
        if held is None:
            continue
        before = [] if call.body.get("removeAllTags") else held["tags"]
        after = [*before, *tags] if kind == "add" else [tag for tag in before if tag not in tags]
        _retag(sandbox, held, list(dict.fromkeys(after)))
    return Answer({"succeeded": True, "succeded": True, "errorCount": len(missing), "responses": []}, 201)


@endpoint("POST", "/contacts/bulk/business", "contacts.write", "locationId! ids!:strs businessId!:any")
def bulk_business(sandbox: State, call: Call) -> Answer:
    """Link up to fifty contacts to a business, or unlink them with a null businessId."""
    ids, business_id = call.body["ids"], call.body["businessId"]
    if not 1 <= len(ids) <= 50:
        raise invalid("ids must contain at least 1 and no more than 50 elements")
    business = sandbox.businesses.get(business_id) if isinstance(business_id, str) else None
    if business_id is not None and business is None:
        raise Reject(400, f"Business with id {business_id} not found")
    done = []
    for contact_id in ids:
        held = sandbox.contacts.get(contact_id)
        if held is None:
            continue
        record = {**held, "businessId": business_id, "dateUpdated": sandbox.stamp()}
        if business is not None and sandbox.behaviour.link_sets_company_name:
            record["companyName"] = business["name"]
        sandbox.contacts.put(record)
        done.append(contact_id)
    return Answer({"success": True, "ids": done})


@endpoint("GET", "/contacts/business/{businessId}", "contacts.readonly", query="locationId")
def of_business(sandbox: State, call: Call) -> Answer:
    """The contacts of a business, by limit (at most 100) and skip."""
    wanted = call.path["businessId"]
    seen = sandbox.seen("contacts")
    if seen is sandbox.contacts.records:
        found = sandbox.contacts.find("business", wanted)
    else:
        found = [record for record in seen.values() if record.get("businessId") == wanted]
    limit, skip = page_numbers(call, 100)
    return Answer({"contacts": [view(record) for record in found[skip : skip + limit]], "count": len(found)})


def page_numbers(call: Call, most: int) -> tuple[int, int]:
    """`limit` and `skip` of a query; 422 when they are no numbers or limit is above `most`."""
    try:
        limit, skip = int(call.query.get("limit", most)), int(call.query.get("skip", 0))
    except ValueError as error:
        raise invalid("limit must be a number string", "skip must be a number string") from error
    if not 1 <= limit <= most or skip < 0:
        raise invalid(f"limit must not be greater than {most}")
    return limit, skip


def _retag(sandbox: State, held: Record, tags: list[str]) -> Record:
    _know_tags(sandbox, tags)
    return sandbox.contacts.put({**held, "tags": tags, "dateUpdated": sandbox.stamp()})


def _know_tags(sandbox: State, tags: list[str]) -> None:
    for tag in tags:
        if not sandbox.tags.find("name", tag.lower()):
            sandbox.tags.put({"id": sandbox.ids.record("tag"), "name": tag, "locationId": sandbox.location})


def _others(sandbox: State, name: str, value: str | None, own_id: str) -> list[Record]:
    key = value.lower() if value and name == "email" else value
    return [record for record in sandbox.contacts.find(name, key) if record["id"] != own_id] if key else []


def _refuse_duplicate(sandbox: State, name: str, value: str | None, own_id: str) -> None:
    for other in _others(sandbox, name, value, own_id):
        meta = {"contactId": other["id"], "contactName": full_name(other), "matchingField": name}
        raise Reject(400, "This location does not allow duplicated contacts.", {"meta": meta})


def clean(sandbox: State, body: dict[str, Any]) -> dict[str, Any]:
    """The standard fields of a contact body as stored; 422 or 400 about values that are refused."""
    fields: dict[str, Any] = {key: body[key] for key in _PLAIN if key in body}
    if "email" in body:
        fields["email"] = clean_email(sandbox, body["email"])
    if "phone" in body:
        fields["phone"] = clean_phone(sandbox, body["phone"])
    if body.get("tags") is not None:
        fields["tags"] = clean_tags(sandbox, body["tags"])
    if "dateOfBirth" in body:
        fields["dateOfBirth"] = _birthday(sandbox, body["dateOfBirth"])
    if body.get("dnd") is not None:
        fields["dnd"] = body["dnd"]
    for name in ("dndSettings", "inboundDndSettings"):
        if body.get(name) is not None:
            fields[name] = _spelled(sandbox, _settings(name, body[name]))
    if body.get("country") is not None:
        fields["country"] = _country(body["country"])
    if "assignedTo" in body:
        fields["assignedTo"] = known_user(sandbox, body["assignedTo"])
    name = fields.pop("name", None)
    if name and not fields.get("firstName") and not fields.get("lastName"):
        fields["firstName"], _, rest = name.strip().partition(" ")
        if rest:
            fields["lastName"] = rest.strip()
    return fields


def _spelled(sandbox: State, settings: dict[str, Any]) -> dict[str, Any]:
    """Channels as this location answers them; requests write them as v3 does either way."""
    if not sandbox.behaviour.capital_channels:
        return settings
    return {_CHANNELS.get(channel, channel): setting for channel, setting in settings.items()}


def known_user(sandbox: State, user_id: str | None) -> str | None:
    """A user id that exists in the location, or None for none; 400 otherwise."""
    if not user_id:
        return None
    if sandbox.users.get(user_id) is None:
        raise Reject(400, f"User with id {user_id} not found")
    return user_id


def _country(value: str) -> str:
    if value and not (len(value) == 2 and value.isalpha()):
        raise invalid("country must be a valid ISO31661 Alpha2 code")
    return value.upper()


def _birthday(sandbox: State, value: Any) -> str | None:
    if value in (None, ""):
        return None
    day = date_only(sandbox, value)
    if day is None:
        raise invalid("dateOfBirth must be a valid date")
    return day


def _settings(name: str, value: dict[str, Any]) -> dict[str, Any]:
    channels = (*_CHANNELS, "all") if name == "inboundDndSettings" else _CHANNELS
    problems = [f"{name}.property {channel} should not exist" for channel in value if channel not in channels]
    for channel, setting in value.items():
        problems += _SETTING.problems(setting, f"{name}.{channel}.")
    if problems:
        raise invalid(*problems)
    return value
