"""What was read back, one row a record that was expected: the tables that the suites of `expectations/after/` judge."""

from __future__ import annotations

import html
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pandas as pd

from pb2hl.diff import Class, flatten_payload, flatten_record
from pb2hl.ledger import Entry
from pb2hl.markers import SINGULAR
from pb2hl.operations import BESIDE, OWNER, OWNER_FIELDS, Kind, Target

HOMES = {
    Target.BUSINESS: "companies",
    Target.CONTACT: "contacts",
    Target.OPPORTUNITY: "deals",
    Target.NOTE: "notes",
    Target.TASK: "tasks",
    Target.APPOINTMENT: "appointments",
}
"""The object whose table a record is listed in, unless its own object's records are of that kind; records of custom objects are
listed in that of their own."""
OWN = {("activities", Target.NOTE), ("activities", Target.APPOINTMENT), ("attachments", Target.NOTE)}
ALWAYS_TELL = frozenset({Target.OPPORTUNITY, Target.APPOINTMENT})
"""Records of which every answer names the contact: one that does not proves nothing."""
AMOUNT = "monetaryValue"
COLUMNS = (
    "source_id", "record_id", "count", "owner_ok", "links_ok", "consent_ok", "fields_wrong", "marker_ok", "amount", "amount_sent", "pipeline",
    "pipeline_sent", "stage", "stage_sent", "owner", "owner_sent", "notified", "amount_superseded",
)  # fmt: skip
"""Columns of an arrived table. Facts are True, False, or NA where nothing of the kind was asked for. What was `sent` includes
what deltas wrote since; `amount_superseded`: a delta or a decision replaced the amount of the first export."""
_TYPES = {
    "count": "int64", "fields_wrong": "int64", "amount": "Float64", "amount_sent": "Float64", "owner_ok": "boolean", "links_ok": "boolean",
    "consent_ok": "boolean", "marker_ok": "boolean", "notified": "boolean", "amount_superseded": "boolean",
}  # fmt: skip
_BATCH = 50_000
_WRONG = (Class.CHANGED, Class.MISSING, Class.EXTRA)


class Arrived:
    """Collects the tables while pages are compared; rows become columns in batches, so that memory stays small."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple]] = defaultdict(list)
        self._batches: dict[str, list[pd.DataFrame]] = defaultdict(list)
        self._links: dict[str, bool] = {}
        self._again: Counter[tuple[str, str]] = Counter()

    def record(
        self,
        entry: Entry,
        payload: Mapping[str, Any],
        record: Mapping[str, Any] | None,
        compared: Iterable[tuple[str, Class]],
        superseded: Collection[str] = (),
    ) -> None:
        """One expected record: `payload` as it should be, `record` as it is (None: not there), each field's class.

        `superseded` are the fields whose value a delta or a decision put in place of what the load sent.
        """
        if entry.part == BESIDE:
            return
        table, source_id = listed_as(entry)
        rows = self._rows[table]
        rows.append(
            (source_id, *_facts(entry, payload, record, list(compared)), AMOUNT in superseded)
            if record is not None
            else (source_id, None, 0, None, None, None, 0, None, None, _number(payload.get(AMOUNT)),
                  *(item for pair in _places(payload, {}) for item in pair), _notified(entry), AMOUNT in superseded)
        )  # fmt: skip
        if len(rows) >= _BATCH:
            self._batches[table].append(_frame(rows))
            rows.clear()

    def link(self, contact_id: str, linked: bool) -> None:
        """Whether a contact hangs on the business it was linked to."""
        self._links[contact_id] = linked

    def twice(self, object_: str, source_ids: Iterable[str]) -> None:
        """A record that the ledger does not know carries the marker of these source rows."""
        self._again.update((object_, source_id) for source_id in source_ids)

    def tables(self) -> dict[str, pd.DataFrame]:
        """`arrived_<object>` → its table; objects of which nothing was expected have none."""
        for table, rows in self._rows.items():
            if rows:
                self._batches[table].append(_frame(rows))
                rows.clear()
        found = {}
        for table in sorted(self._batches):
            frame = pd.concat(self._batches[table], ignore_index=True)
            more = [self._again.get((table, source_id), 0) for source_id in frame["source_id"]] if self._again else 0
            frame["count"] = frame["count"] + more
            if table == "contacts" and self._links:
                frame["links_ok"] = frame["record_id"].map(self._links).astype("boolean")
            found[f"arrived_{table}"] = frame
        return found


def listed_as(entry: Entry) -> tuple[str, str]:
    """The object in whose table the entry's record is listed, and by which id: `deal:12` for a deal's stand-in contact,
    `7 20260703T151500` for one occurrence of a series."""
    home = HOMES.get(entry.target, entry.object)
    own = entry.object == home or (entry.object, entry.target) in OWN
    source_id = entry.source_id if own else f"{SINGULAR.get(entry.object, entry.object)}:{entry.source_id}"
    return entry.object if own else home, f"{source_id} {entry.part}".strip()


def _facts(entry: Entry, payload: Mapping[str, Any], record: Mapping[str, Any], compared: list) -> tuple:
    owners = [kind is Class.EQUAL for name, kind in compared if name in OWNER_FIELDS and payload.get(name)]
    consent = [kind not in _WRONG for name, kind in compared if name.startswith("dnd")]
    wrong = sum(kind in _WRONG for _, kind in compared)
    links = _links(entry, payload, record)
    return (
        entry.destination_id, 1, all(owners) if owners else None, links, all(consent) if consent else None, wrong,
        _marked(entry, payload, record), _number(record.get(AMOUNT)), _number(payload.get(AMOUNT)),
        *(item for pair in _places(payload, record) for item in pair), _notified(entry),
    )  # fmt: skip


def _notified(entry: Entry) -> bool | None:
    """Whether the write asked HighLevel to message the customer, by what the ledger holds of it; None for records that message nobody.

    A booking whose call does not say `toNotify: false` is announced (BEHAVIOUR); our client says it for every change of one.
    """
    if entry.target is not Target.APPOINTMENT:
        return None
    return entry.payload.get("toNotify", entry.kind is Kind.CREATE) is not False


def _links(entry: Entry, payload: Mapping[str, Any], record: Mapping[str, Any]) -> bool | None:
    """Whether the record hangs on the contact it was sent for; None when nothing was asked for, or a record that is read under its
    contact does not say."""
    sent = payload.get("contactId") or (payload.get("$url") or {}).get("contactId")
    inside = record.get("contact")
    held = record.get("contactId") or (inside.get("id") if isinstance(inside, Mapping) else None)
    if not sent or (not held and entry.target not in ALWAYS_TELL):
        return None
    return str(sent) == str(held)


def _marked(entry: Entry, payload: Mapping[str, Any], record: Mapping[str, Any]) -> bool | None:
    """Whether the record's texts or custom fields hold the marker it was sent with.

    A record that was there before keeps what its id field held, such as the id of another source: then none was sent. A delta writes
    another one where a row that was merged into this record has left the export: then the comparison of its values tells.
    """
    if not entry.marker:
        return None
    wanted = " ".join(entry.marker.split())
    if _mentions(flatten_record(record), wanted):
        return True
    if _mentions(flatten_payload(payload), wanted):
        return False
    return None if entry.kind is Kind.UPDATE or _mentions(flatten_payload(entry.payload), wanted) else False


def _mentions(values: Mapping[str, Any], wanted: str) -> bool:
    texts = (" ".join(html.unescape(value).split()) for value in values.values() if isinstance(value, str))
    return any(wanted in text for text in texts)


def _places(payload: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[tuple[Any, Any], ...]:
    """(stored, sent) of pipeline, stage and owner."""
    names = ("pipelineId", "pipelineStageId")
    owner = next((name for name in OWNER_FIELDS if payload.get(name)), OWNER)
    return tuple((_text(record.get(name)), _text(payload.get(name))) for name in (*names, owner))


def _text(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _frame(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({name: _TYPES.get(name, "str") for name in COLUMNS})
