"""The rehearsal location itself: every record, what would have been sent to people, and its dump."""

from __future__ import annotations

import copy
import random
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pb2hl.clock import SYSTEM_CLOCK, Clock
from pb2hl.sandbox.faults import FaultPlan
from pb2hl.sandbox.ids import IdMaker
from pb2hl.sandbox.ratelimit import Limiter
from pb2hl.sandbox.scenario import Scenario
from pb2hl.sandbox.store import Collection, Record

TIMESTAMPS = frozenset(
    {"dateAdded", "dateUpdated", "createdAt", "updatedAt", "lastActivity", "lastStatusChangeAt", "lastStageChangeAt"}
)
"""What the platform stamps by itself; `dump(timestamps=False)` leaves them out."""

COLLECTIONS = (
    "users",
    "workflows",
    "lost_reasons",
    "tags",
    "custom_values",
    "folders",
    "fields",
    "objects",
    "pipelines",
    "calendars",
    "businesses",
    "records",
    "contacts",
    "opportunities",
    "notes",
    "tasks",
    "appointments",
    "relations",
    "conversations",
    "messages",
    "media",
    "files",
)


def _one(name: str) -> Any:
    return lambda record: [record[name]] if record.get(name) else []


def _related(note: Record) -> Iterable[tuple[str, str]]:
    return [(item["objectKey"], item["recordId"]) for item in note["relations"]]


def _ends(relation: Record) -> Iterable[str]:
    return (relation["firstRecordId"], relation["secondRecordId"])


def _lower(name: str) -> Any:
    return lambda record: [record[name].lower()] if record.get(name) else []


class State:
    """One location in memory. The server calls into it from one thread; everything it does is immediate.

    `clock` is the source of time (tests move it); `advance` moves this sandbox's own time on top of it.
    """

    def __init__(self, scenario: Scenario | None = None, *, clock: Clock = SYSTEM_CLOCK):
        self.scenario = (scenario or Scenario.default()).model_copy(deep=True)
        self.clock = clock
        self.ids = IdMaker(self.scenario.seed)
        self.random = random.Random(self.scenario.seed)
        self.token = self.scenario.token
        self.limiter = Limiter(self.scenario.rate)
        self.faults = FaultPlan(self.scenario.faults)
        self.blobs: dict[str, tuple[bytes, str]] = {}
        self.outbox: list[dict[str, Any]] = []
        self.log: deque[dict[str, Any]] = deque(maxlen=300_000)
        self.unexpected: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.dirty = False
        self.search_cache: dict[Any, Any] = {}
        self._offset_s = 0.0
        self._last_stamp = datetime.min.replace(tzinfo=UTC)
        self._make_collections()

    def _make_collections(self) -> None:
        collections = {name: Collection(self.monotonic) for name in COLLECTIONS}
        now = self.monotonic
        collections["contacts"] = Collection(
            now, email=_lower("email"), phone=_one("phone"), business=_one("businessId")
        )
        collections["opportunities"] = Collection(now, contact=_one("contactId"), pipeline=_one("pipelineId"))
        collections["conversations"] = Collection(now, contact=_one("contactId"))
        collections["messages"] = Collection(now, conversation=_one("conversationId"))
        collections["relations"] = Collection(now, record=_ends)
        collections["notes"] = Collection(now, related=_related)
        collections["tasks"] = Collection(now, contact=_one("contactId"))
        collections["appointments"] = Collection(now, contact=_one("contactId"), calendar=_one("calendarId"))
        collections["tags"] = Collection(now, name=_lower("name"))
        collections["fields"] = Collection(now, object=_one("objectKey"), key=_one("fieldKey"))
        collections["pipelines"] = Collection(now, name=_lower("name"))
        collections["records"] = Collection(now, object=_one("objectKey"))
        collections["users"] = Collection(now, email=_lower("email"))
        for name in ("contacts", "businesses", "opportunities", "tasks"):
            collections[name].on_remove = self._drop_relations
        collections["conversations"].on_remove = self._drop_messages
        self.collections = collections

    def _drop_messages(self, conversation_id: str) -> None:
        for message in self.messages.find("conversation", conversation_id):
            self.messages.remove(message["id"])

    def _drop_relations(self, record_id: str) -> None:
        """Relations go with either of their records, and notes are on a deal no more that is gone."""
        for relation in self.relations.find("record", record_id):
            self.relations.remove(relation["id"])
        for note in self.notes.find("related", ("opportunity", record_id)):
            self.notes.put({**note, "relations": [item for item in note["relations"] if item["recordId"] != record_id]})

    def __getattr__(self, name: str) -> Collection:
        collections = self.__dict__.get("collections", {})
        if name in collections:
            return collections[name]
        raise AttributeError(name)

    @property
    def behaviour(self) -> Any:
        """The scenario's switches."""
        return self.scenario.behaviour

    @property
    def location(self) -> str:
        """The location's id."""
        return self.scenario.location.id

    def monotonic(self) -> float:
        """Seconds of this sandbox's own time."""
        return self.clock.monotonic() + self._offset_s

    def now(self) -> datetime:
        """The moment of this sandbox's own time, UTC."""
        return self.clock.now() + timedelta(seconds=self._offset_s)

    def advance(self, seconds: float) -> None:
        """Move this sandbox's time forward: search lags, rate windows and days pass at once."""
        self._offset_s += seconds

    def stamp(self) -> str:
        """The time of a record, as HighLevel writes it; later than the one given before."""
        moment = max(self.now(), self._last_stamp + timedelta(milliseconds=1))
        self._last_stamp = moment
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"

    def seen(self, collection: str) -> dict[str, Record]:
        """A collection as searches and lists see it."""
        return self.collections[collection].seen(self.scenario.search_lag_s)

    def fire(self, trigger: str, **about: Any) -> None:
        """Run the published workflows that `trigger` starts: each puts an entry into the outbox."""
        for flow in self.workflows.records.values():
            if flow["status"] == "published" and flow.get("trigger") == trigger:
                self.send("workflow", workflowId=flow["id"], name=flow["name"], trigger=trigger, **about)

    def send(self, kind: str, **about: Any) -> None:
        """Record a message that HighLevel would have sent."""
        self.outbox.append({"kind": kind, "at": self.monotonic(), **about})

    def dump(self, *, timestamps: bool = True) -> dict[str, dict[str, Record]]:
        """Every record as a canonical plain dict: collection → id → record, ids in order; a deep copy.

        Without `timestamps` what the platform stamps by itself is left out, for comparisons before and after.
        """
        return {
            name: {
                record_id: _exported(collection.records[record_id], timestamps)
                for record_id in sorted(collection.records)
            }
            for name, collection in self.collections.items()
        }

    def replace_records(self, records: dict[str, dict[str, Record]]) -> None:
        """Put the collections of a dump in place of what is there; searches see them at once."""
        for name, collection in self.collections.items():
            if name not in records:
                continue
            for record_id in list(collection.records):
                collection.remove(record_id)
            for record in records[name].values():
                collection.put(copy.deepcopy(record))
        self.index_all()

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """What is done to records and files meanwhile is taken back in the end; ids that were given are not given again."""
        before = {name: dict(collection.records) for name, collection in self.collections.items()}
        blobs, sent = dict(self.blobs), len(self.outbox)
        try:
            yield
        finally:
            self.blobs = blobs
            del self.outbox[sent:]
            for name, collection in self.collections.items():
                for record_id in collection.records.keys() - before[name].keys():
                    collection.remove(record_id)
            for name, collection in self.collections.items():
                for record_id, record in before[name].items():
                    if collection.get(record_id) is not record:
                        collection.put(record)

    def index_all(self) -> None:
        """Let every search and list see everything now."""
        for collection in self.collections.values():
            collection.index_all()

    def reset_counters(self) -> None:
        """Forget requests, counts, the outbox and the unexpected; records, limits and faults stay."""
        self.log.clear()
        self.unexpected.clear()
        self.outbox.clear()
        self.counts.clear()
        self.faults.reset()


def _exported(value: Any, timestamps: bool) -> Any:
    if isinstance(value, dict):
        return {key: _exported(item, timestamps) for key, item in value.items() if timestamps or key not in TIMESTAMPS}
    if isinstance(value, list):
        return [_exported(item, timestamps) for item in value]
    return value
