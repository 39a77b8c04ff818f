"""Has a person touched a record since we wrote it? Two kinds of evidence are needed: its dates, and its values.

HighLevel itself rewrites values (phones, tags, HTML) and may stamp a record when something is attached to it, so neither
alone is proof. A record without dates is judged by its values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pb2hl.diff import Class, compare_records
from pb2hl.diff.flatten import CUSTOM, flatten_payload, flatten_record
from pb2hl.diff.values import compare

CREATED_KEYS = ("dateAdded", "createdAt")
UPDATED_KEYS = ("dateUpdated", "updatedAt")
TOLERANCE = timedelta(seconds=1)

WRITABLE = frozenset(
    {
        "firstName", "lastName", "email", "phone", "address1", "address", "city", "state", "postalCode", "website",
        "description", "dateOfBirth", "source", "assignedTo", "tags", "monetaryValue", "status", "body", "title", "dueDate",
        "completed", "startTime", "endTime", "appointmentStatus", "assignedUserId", "pipelineStageId",
    }
)  # fmt: skip
"""What a person would fill in that we left blank. Fields with defaults of the location's own (country, time zone) are not here."""


def edited(payload: Mapping[str, Any], record: Mapping[str, Any], region: str = "") -> list[str]:
    """The fields of `record` that are not as `payload` left them: changed, cleared, or filled in where we left a blank."""
    changed = [
        row[0]
        for row in compare_records(payload, record, region=region)
        if row[3] not in (Class.EQUAL, Class.NORMALISED)
    ]
    sent, stored = flatten_payload(payload), flatten_record(record)
    added = [
        name
        for name, value in stored.items()
        if name not in sent and (name in WRITABLE or name.startswith(CUSTOM)) and compare(None, value)[0] is Class.EXTRA
    ]
    return changed + added + [name for name, value in stored.items() if name not in sent and _opt_out(name, value)]


def _opt_out(name: str, value: Any) -> bool:
    return (name == "dnd" and value is True) or (name.startswith("dndSettings.") and value in ("active", "permanent"))


def written_later(record: Mapping[str, Any], ours_for_s: float) -> bool:
    """Whether its dates say that somebody wrote to it after us, or say nothing.

    `ours_for_s` is how many seconds after its creation we last wrote to it or attached something.
    """
    added, updated = moment_added(record), _moment(record, UPDATED_KEYS)
    return added is None or updated is None or updated > added + timedelta(seconds=ours_for_s) + TOLERANCE


def moment_added(record: Mapping[str, Any]) -> datetime | None:
    """When HighLevel made the record; None when it does not say."""
    return _moment(record, CREATED_KEYS)


def _moment(record: Mapping[str, Any], keys: tuple[str, ...]) -> datetime | None:
    value = next((record[key] for key in keys if record.get(key)), None)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC)
    try:
        found = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
