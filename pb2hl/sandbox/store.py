"""Records in memory: copy-on-write, indexed for exact lookups, and seen by searches only after their lag."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Any

Record = dict[str, Any]
Keys = Callable[[Record], Iterable[Hashable]]


class Collection:
    """One kind of record by id. A stored record is never changed in place: `put` replaces it.

    `indexes` maps an index's name to the keys under which a record is found at once.
    """

    def __init__(self, now: Callable[[], float], **indexes: Keys):
        self._now = now
        self._keys = indexes
        self._index: dict[str, dict[Hashable, dict[str, None]]] = {name: {} for name in indexes}
        self._recent: deque[tuple[float, str, Record | None]] = deque(maxlen=500_000)
        self.records: dict[str, Record] = {}
        self.version = 0
        self.on_remove: Callable[[str], None] = lambda record_id: None

    def __len__(self) -> int:
        return len(self.records)

    def get(self, record_id: str) -> Record | None:
        """The record as it is now, or None."""
        return self.records.get(record_id)

    def put(self, record: Record) -> Record:
        """Add or replace a record."""
        old = self.records.get(record["id"])
        self._log(record["id"], old)
        if old is not None:
            self._unindex(old)
        self.records[record["id"]] = record
        for name, keys in self._keys.items():
            for key in keys(record):
                self._index[name].setdefault(key, {})[record["id"]] = None
        return record

    def remove(self, record_id: str) -> Record | None:
        """Take a record out and give it back."""
        old = self.records.pop(record_id, None)
        if old is not None:
            self._log(record_id, old)
            self._unindex(old)
            self.on_remove(record_id)
        return old

    def find(self, index: str, key: Hashable) -> list[Record]:
        """The records under `key`, oldest first, as they are now."""
        return [self.records[record_id] for record_id in self._index[index].get(key, ())]

    def seen(self, lag: float) -> dict[str, Record]:
        """The records as a search index that is `lag` seconds behind sees them."""
        horizon = self._now() - lag
        while self._recent and self._recent[0][0] <= horizon:
            self._recent.popleft()
        if not self._recent:
            return self.records
        view = dict(self.records)
        for _, record_id, old in reversed(self._recent):
            if old is None:
                view.pop(record_id, None)
            else:
                view[record_id] = old
        return view

    def state_token(self, lag: float) -> tuple[int, int]:
        """Changes whenever what `seen(lag)` gives may change."""
        horizon = self._now() - lag
        late = sum(1 for _ in itertools.takewhile(lambda entry: entry[0] > horizon, reversed(self._recent)))
        return self.version, late

    def index_all(self) -> None:
        """Let searches see everything at once (after loading or seeding)."""
        self._recent.clear()

    def _log(self, record_id: str, old: Record | None) -> None:
        self.version += 1
        self._recent.append((self._now(), record_id, old))

    def _unindex(self, old: Record) -> None:
        for name, keys in self._keys.items():
            for key in keys(old):
                held = self._index[name].get(key)
                if held is not None:
                    held.pop(old["id"], None)
                    if not held:
                        del self._index[name][key]
