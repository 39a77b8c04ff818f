"""Records, fields and values of a delta in words: names instead of ids."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from pb2hl.content import convert
from pb2hl.content.cleaning import text_of
from pb2hl.diff.flatten import CUSTOM
from pb2hl.highlevel import Destination
from pb2hl.ledger import Entry, LedgerPort
from pb2hl.operations import REMOVED_TAGS, Target
from pb2hl.steps.delta.conflicts import WHOLE, WHOLE_TOLD
from pb2hl.steps.delta.known_rows import known_rows
from pb2hl.steps.shared.labels import field_labels
from pb2hl.steps.shared.outcomes import RECORD_OF
from pb2hl.workspace import Workspace

CHANGED = ("object", "source_id", "record", "field", "was", "now")
"""A value that the later export changes, in words."""
NAMES = ("full_name", "name", "title", "subject", "file_name", "body", "email")
"""What a record is called by, in that order, where it has no first and last name."""
_FIELDS = {
    "assignedTo": "owner", "assignedUserId": "owner", "userId": "author", "businessId": "company", "contactId": "contact", "pipelineId": "pipeline",
    "pipelineStageId": "stage", "monetaryValue": "amount", "lostReasonId": "lost reason", REMOVED_TAGS.lstrip("$"): "tags taken away", WHOLE: WHOLE_TOLD,
}  # fmt: skip
_SETTINGS = {"dndSettings": "do not disturb by", "inboundDndSettings": "inbound do not disturb by"}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT00:00:00(?:\.000)?Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
_LONGEST = 60


class Wording:
    """Says what records, fields and values are called. `second` is the later export's workspace."""

    def __init__(self, ws: Workspace, ledger: LedgerPort, second: Workspace):
        self._ws, self._ledger, self._second = ws, ledger, second
        self._place = Destination.load(second.path) or Destination.load(ws.path) or Destination("", "")
        self._labels = field_labels(ledger, self._place)
        self._zone = ZoneInfo(ws.config.timezone)
        self._rows: dict[str, pd.DataFrame] = {}

    def record(self, object_: str, source_id: str) -> str:
        """What a record of the export is called; its id where it has no name."""
        rows = self._table(object_)
        if source_id not in rows.index:
            return source_id
        row = {str(name): value for name, value in rows.loc[source_id].items() if isinstance(value, str)}
        full = " ".join(part for part in (row.get("first_name", ""), row.get("last_name", "")) if part)
        name = next((name for name in NAMES if row.get(name)), "")
        found = full or (convert(row[name]).text if name == "body" else row.get(name)) or source_id
        return " ".join(found.split())[:_LONGEST]

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """`rows` (object, source_id, …) with what each record is called."""
        keys = rows[["object", "source_id"]].itertuples(index=False, name=None)
        return rows.assign(record=[self.record(object_, source_id) for object_, source_id in keys])

    def _table(self, object_: str) -> pd.DataFrame:
        if object_ not in self._rows:
            later, known = self._second.table(object_), known_rows(self._ws, object_)
            both = (
                pd.concat([frame for frame in (later, known) if len(frame)])
                if len(later) or len(known)
                else pd.DataFrame({"source_id": []})
            )
            self._rows[object_] = both.drop_duplicates("source_id").set_index("source_id")
        return self._rows[object_]

    def field(self, object_: str, name: str) -> str:
        """What a field is called; `pipelineStageId` is the stage."""
        if name in _FIELDS:
            return _FIELDS[name]
        if name.startswith(CUSTOM):
            key = name.removeprefix(CUSTOM)
            return self._labels.get((RECORD_OF.get(object_) or Target.OBJECT_RECORD, key), key)
        setting, _, channel = name.partition(".")
        if setting in _SETTINGS:
            return f"{_SETTINGS[setting]} {channel.lower()}"
        return re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", name).lower()

    def value(self, name: str, text: str) -> str:
        """A value as people know it: an id by the name of what it means, a moment as the location's clock showed it, a body as it reads."""
        if name.startswith(CUSTOM) and _DATE.fullmatch(text):
            return text.partition("T")[0]
        if _MOMENT.fullmatch(text):
            return f"{datetime.fromisoformat(text).astimezone(self._zone):%Y-%m-%d %H:%M}"
        if name == "body" and "<p>" in text:
            return text_of(text)
        if not text or name not in _FIELDS:
            return text
        if text in self._ids:
            return self._ids[text]
        entry = next(iter(self._ledger.by_destination([text])), None) if name in ("businessId", "contactId") else None
        return _called(entry) if entry else text

    def changed(self, row: Sequence[str]) -> tuple[str, ...]:
        """Of a row of `Changes.fields` (object, source id, record id, field, was, now) what CHANGED says."""
        object_, source_id, _, name, was, now = row
        said = (self.field(object_, name), self.value(name, was), self.value(name, now))
        return object_, source_id, self.record(object_, source_id), *said

    def conflict(self, row: Mapping[str, str]) -> Sequence[str]:
        """Of a row of conflicts.CONFLICT_COLUMNS what conflicts.WORD_COLUMNS say."""
        object_, name = row["object"], row["field"]
        values = [self.value(name, row[column]) for column in ("sent", "later", "now")]
        return [self.record(object_, row["source_id"]), self.field(object_, name), *values]

    @cached_property
    def _ids(self) -> dict[str, str]:
        """Names of users, pipelines, stages, lost reasons, and of what was in the location before, by id."""
        place = self._place
        found = {
            str(one["id"]): str(one.get("name") or one.get("email") or one["id"])
            for one in (*place.users, *place.lost_reasons, *place.pipelines)
        }
        found |= {str(stage["id"]): str(stage["name"]) for line in place.pipelines for stage in line["stages"]}
        for entry in self._ledger.iterate(target=Target.PIPELINE):
            found |= _stages(entry.answer.get("stages") or {})
            found[entry.destination_id] = str(entry.payload.get("name", entry.destination_id))
        for frame in (place.businesses, place.contacts):
            names = [name for name in ("name", "firstName", "lastName") if name in frame.columns]
            for row in frame[["id", *names]].fillna("").astype(str).itertuples(index=False):
                found[row[0]] = " ".join(part for part in row[1:] if part) or row[0]
        return found


def _called(entry: Entry) -> str:
    names = [str(entry.payload.get(name) or "") for name in ("name", "firstName", "lastName")]
    return " ".join(name for name in names if name) or entry.destination_id


def _stages(answer: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """id → name of the stages in what a pipeline's making answered (by name) or its change (as HighLevel lists them)."""
    if isinstance(answer, Mapping):
        return {str(id): str(name) for name, id in answer.items()}
    return {str(stage["id"]): str(stage["name"]) for stage in answer}
