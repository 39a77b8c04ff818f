"""Has a person changed a record since we wrote it? Decided field by field, by values: against what we sent, and what HighLevel made of it.

HighLevel rewrites values (phones, tags, HTML) and fills in defaults of its own. What its answer to our write showed of that is
kept in the ledger (`STORED`), so that a value which stands as it was answered is nobody's edit. Times never acquit a record: a
delta writes after people, and people write within the second of a load.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pb2hl.diff import Class, compare, compare_records, flatten_payload, flatten_record
from pb2hl.diff.flatten import CUSTOM, bare_key
from pb2hl.diff.table import stored_value
from pb2hl.operations import Target

STORED = "$stored"
"""In the answer of an operation: flat field → the value that HighLevel answered, where it is not the one that was sent."""

SAME = (Class.EQUAL, Class.NORMALISED)

FILLED_IN = frozenset(
    {
        "firstName", "lastName", "email", "phone", "address1", "address", "city", "state", "postalCode", "country", "timezone",
        "website", "description", "dateOfBirth", "gender", "source", "companyName", "assignedTo", "tags", "followers",
        "additionalEmails", "additionalPhones", "monetaryValue", "status", "lostReasonId", "forecastExpectedCloseDate", "body",
        "title", "color", "pinned", "dueDate", "completed", "startTime", "endTime", "appointmentStatus", "assignedUserId",
        "pipelineStageId", "owner",
    }
)  # fmt: skip
"""What a person may fill in that we left blank; custom fields and properties of objects besides."""

DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "monetaryValue": (0,),
    "status": ("open",),
    "completed": (False,),
    "pinned": (False,),
    "appointmentStatus": ("confirmed", "new"),
    "pipelineStageId": (),
}
"""What HighLevel itself puts where nothing was sent; () for whatever stands there."""

SEARCH_OMITS = ("dndSettings", "inboundDndSettings", "timezone", "gender", "followers")
"""Fields of a contact that a search leaves out (BEHAVIOUR) or is not promised to tell: their absence says nothing."""

CREATED_KEYS = ("dateAdded", "createdAt")
UPDATED_KEYS = ("dateUpdated", "updatedAt")

ATTACHED = frozenset({"tags", "followers", "businessId"})
"""What may change without a new date of the record."""


def edited(
    sent: Mapping[str, Any], record: Mapping[str, Any], region: str = "", stored: Mapping[str, Any] | None = None
) -> list[str]:
    """The fields of `record` that are not as we left them: changed, cleared, or filled in where we sent nothing.

    `sent` is the payload with what later operations of ours wrote laid over; `stored` what HighLevel answered to them (STORED).
    Without it (an answer that was lost, or showed nothing) defaults of HighLevel's are known by DEFAULTS and by the record's dates.
    """
    held = flatten_record(record)
    found = [row[0] for row in compare_records(sent, record, region=region) if row[3] not in SAME]
    found += [name for name in filled_in(sent, record, region) if name not in found]
    if stored is not None:
        return [name for name in found if not _as_answered(name, held, stored, region)]
    return [name for name in found if name in ATTACHED] if never_written_again(record) else found


def filled_in(sent: Mapping[str, Any], record: Mapping[str, Any], region: str = "") -> list[str]:
    """The fields that hold something where nothing was sent, HighLevel's own defaults aside."""
    wanted, held = flatten_payload(sent), flatten_record(record)
    names = {bare_key(str(key)) for key in record.get("properties") or ()}
    found = [
        name
        for name, value in held.items()
        if name not in wanted
        and f"{CUSTOM}{name}" not in wanted
        and (name in FILLED_IN or name in names or name.startswith(CUSTOM))
        and compare(None, value)[0] is Class.EXTRA
        and not _is_default(name, value, region)
    ]
    return found + [name for name, value in held.items() if name not in wanted and _opt_out(name, value)]


def answered(target: Target, sent: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """What of HighLevel's answer to a create is not what was sent: rewritten values, and what it filled in itself."""
    held = flatten_record(record)
    return {**rewritten(target, sent, record), **{name: held[name] for name in filled_in(sent, record)}}


def rewritten(target: Target, sent: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """The same for an update: of its own fields only, since the rest of the answer may be what people wrote.

    A value that the answer lacks was dropped, where the answer shows the record at all: of an appointment it shows a part.
    """
    held = flatten_record(record)
    rows = compare_records(sent, record)
    there = {row[0]: stored_value(held, row[0]) for row in rows}
    whole = target is not Target.APPOINTMENT and sum(value is not None for value in there.values()) * 2 > len(there)
    return {row[0]: there[row[0]] for row in rows if row[3] not in SAME and (whole or there[row[0]] is not None)}


def shown_by_search(names: Iterable[str], record: Mapping[str, Any]) -> list[str]:
    """`names` less what a search leaves out of a contact."""
    hidden = {top for top in SEARCH_OMITS if top not in record}
    return [name for name in names if name.split(".", 1)[0] not in hidden]


def never_written_again(record: Mapping[str, Any]) -> bool:
    """Whether HighLevel says that nobody, not even we, wrote to the record after it was made: both its dates are one."""
    added, updated = moment_added(record), _moment(record, UPDATED_KEYS)
    return added is not None and added == updated


def moment_added(record: Mapping[str, Any]) -> datetime | None:
    """When HighLevel made the record; None when it does not say."""
    return _moment(record, CREATED_KEYS)


def _as_answered(name: str, held: Mapping[str, Any], stored: Mapping[str, Any], region: str) -> bool:
    return name in stored and compare(stored[name], stored_value(held, name), name, region)[0] in SAME


def _is_default(name: str, value: Any, region: str) -> bool:
    if name == "country":
        return bool(region) and str(value).strip().upper() == region
    usual = DEFAULTS.get(name)
    return usual is not None and (not usual or value in usual)


def _opt_out(name: str, value: Any) -> bool:
    return (name == "dnd" and value is True) or (name.startswith("dndSettings.") and value in ("active", "permanent"))


def _moment(record: Mapping[str, Any], keys: tuple[str, ...]) -> datetime | None:
    value = next((record[key] for key in keys if record.get(key)), None)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC)
    try:
        found = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
