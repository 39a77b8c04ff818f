"""Has a person touched a record since we wrote it? Two kinds of evidence are needed: its dates, and its values.

HighLevel itself rewrites values (phones, tags, HTML) and may stamp a record when something is attached to it, so neither
alone is proof. A record without dates is judged by its values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pb2hl.diff import Class, compare_records
from pb2hl.diff.flatten import CUSTOM, bare_key, flatten_payload, flatten_record
from pb2hl.diff.table import stored_value
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


def restoration(
    sent: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any], *, force: bool, region: str = ""
) -> tuple[dict[str, Any], list[str]]:
    """(the update that puts a record back to what it was, the fields kept because a person changed them since).

    Only fields we wrote are put back; a field that was blank is cleared with null.
    """
    put: dict[str, Any] = {}
    custom: list[dict[str, Any]] = []
    kept: list[str] = []
    was, held = flatten_record(before), flatten_record(now)
    for name, value in flatten_payload(sent).items():
        old, current = stored_value(was, name), stored_value(held, name)
        if compare(old, current)[0] is Class.EQUAL:
            continue
        if not force and compare(value, current, name, region)[0] not in (Class.EQUAL, Class.NORMALISED):
            kept.append(name)
        elif name.startswith(CUSTOM):
            custom.append(_custom(sent, name.removeprefix(CUSTOM), old))
        elif "." in name:
            top = name.split(".")[0]
            put[top] = before.get(top) or _cleared(now.get(top))
        else:
            put[name] = old
    if custom:
        put["customFields"] = custom
    return put, kept


def _custom(sent: Mapping[str, Any], key: str, old: Any) -> dict[str, Any]:
    item = next(
        item
        for item in sent["customFields"]
        if key in (item.get("id"), str(item.get("key", "")), bare_key(str(item.get("key", ""))))
    )
    value_key = next(name for name in ("fieldValue", "field_value", "value") if name in item)
    return {**item, value_key: old}


def _cleared(settings: Any) -> Any:
    if not isinstance(settings, Mapping):
        return None
    return {name: {"status": "inactive"} for name in settings}
