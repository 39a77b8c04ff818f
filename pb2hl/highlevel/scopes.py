"""Which scope an endpoint needs, so that a 401 can name it and the doctor can probe each.

From the `security` entries of the official OpenAPI files of 2026-06-19; pipelines and notes from the vendor's live documentation.
"""

from __future__ import annotations

import re

_RULES: tuple[tuple[str, str, str], ...] = (
    (r"^/contacts/(search|bulk/business).*", "contacts.readonly", "contacts.write"),
    (r"^/contacts/.*", "contacts.readonly", "contacts.write"),
    (r"^/businesses/.*", "businesses.readonly", "businesses.write"),
    (r"^/objects/[^/]+/records.*", "objects/record.readonly", "objects/record.write"),
    (r"^/objects/.*", "objects/schema.readonly", "objects/schema.write"),
    (r"^/opportunities/pipelines.*", "opportunities.readonly", "pipelines.create"),
    (r"^/opportunities/.*", "opportunities.readonly", "opportunities.write"),
    (r"^/calendars/events.*", "calendars/events.readonly", "calendars/events.write"),
    (r"^/calendars/.*", "calendars.readonly", "calendars.write"),
    (r"^/custom-fields/.*", "locations/customFields.readonly", "locations/customFields.write"),
    (r"^/locations/[^/]+/customFields.*", "locations/customFields.readonly", "locations/customFields.write"),
    (r"^/locations/[^/]+/customValues.*", "locations/customValues.readonly", "locations/customValues.write"),
    (r"^/locations/[^/]+/tags.*", "locations/tags.readonly", "locations/tags.write"),
    (r"^/locations/[^/]+/tasks.*", "locations/tasks.readonly", "locations/tasks.readonly"),
    (r"^/locations/[^/]+$", "locations.readonly", "locations.write"),
    (r"^/associations/relations.*", "associations/relation.readonly", "associations/relation.write"),
    (r"^/associations/.*", "associations.readonly", "associations.write"),
    (r"^/conversations/messages.*", "conversations/message.readonly", "conversations/message.write"),
    (r"^/conversations/.*", "conversations.readonly", "conversations.write"),
    (r"^/notes/.*", "notes.readonly", "notes.write"),
    (r"^/medias/.*", "medias.readonly", "medias.write"),
    (r"^/forms/.*", "forms.readonly", "forms.write"),
    (r"^/users/.*", "users.readonly", "users.write"),
    (r"^/workflows/.*", "workflows.readonly", "workflows.readonly"),
)


def scope_of(method: str, path: str) -> str:
    """The scope that `method path` needs; "" when it is not known."""
    reads = method == "GET" or path.rstrip("/").endswith("/search")
    for pattern, read_scope, write_scope in _RULES:
        if re.match(pattern, path):
            return read_scope if reads else write_scope
    return ""
