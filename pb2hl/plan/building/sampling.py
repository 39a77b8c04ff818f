"""Choose the sample: a few hundred linked records that together show every object, custom field, stage and owner.

First the operations that add something not yet covered, oldest first; then what hangs on the chosen contacts; then further
contacts with all that hangs on them, evenly spread by operation id. Whatever an operation depends on comes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pb2hl.operations import RECORD_TARGETS, Kind, Target
from pb2hl.plan.inputs.store import Operations, payloads

SMALLEST, LARGEST = 100, 500
"""Bounds of a sample in records; a sample that has to cover more than LARGEST kinds of things may grow over it."""


def sample(operations: Operations, size: int = 200) -> frozenset[str]:
    """Op ids of about `size` records (clamped to 100-500; all when there are fewer), closed under dependencies.

    What adds to a chosen record, such as its link or a file, is not counted, nor is what is planned to be skipped.

    Deterministic: the same plan gives the same sample.
    """
    wanted = max(SMALLEST, min(size, LARGEST))
    chooser = _Chooser(operations)
    if chooser.in_all <= wanted:
        return frozenset(chooser.every())
    chooser.add(chooser.covering())
    for contacts in chooser.contacts_to_fill():
        if chooser.records >= wanted:
            break
        chooser.add(contacts)
        chooser.add(chooser.hanging_on(contacts, wanted - chooser.records))
    return frozenset(chooser.chosen)


class _Chooser:
    def __init__(self, operations: Operations):
        self.operations = operations
        self.chosen: set[str] = set()
        self.records = 0
        self._countable: set[str] = set()
        self._depends: dict[str, tuple[str, ...]] = {}
        self._hanging: dict[str, list[str]] = {}
        self._contacts: list[str] = []
        self._read()

    def _read(self) -> None:
        """Who depends on whom among data operations, without payloads."""
        known: set[str] = set()
        for target, batch in self.operations.batches():
            ids = batch.column("op_id").to_pylist()
            known.update(ids)
            if target in RECORD_TARGETS:
                kinds = batch.column("kind").to_pylist()
                self._countable.update(item for item, kind in zip(ids, kinds, strict=True) if kind != Kind.SKIP)
            if target is Target.CONTACT:
                self._contacts += ids
        contacts = set(self._contacts)
        for _, batch in self.operations.batches():
            for op_id, depends in zip(
                batch.column("op_id").to_pylist(), batch.column("depends_on").to_pylist(), strict=True
            ):
                mine = tuple(item for item in depends if item in known)
                if mine:
                    self._depends[op_id] = mine
                for item in mine:
                    if item in contacts:
                        self._hanging.setdefault(item, []).append(op_id)

    @property
    def in_all(self) -> int:
        """Records of the whole plan."""
        return len(self._countable)

    def every(self) -> Iterator[str]:
        """All op ids."""
        for _, batch in self.operations.batches():
            yield from batch.column("op_id").to_pylist()

    def add(self, op_ids: Iterable[str]) -> None:
        """Choose operations, and all that they depend on."""
        waiting = [op_id for op_id in op_ids if op_id not in self.chosen]
        while waiting:
            op_id = waiting.pop()
            if op_id not in self.chosen:
                self.chosen.add(op_id)
                self.records += op_id in self._countable
                waiting += self._depends.get(op_id, ())

    def covering(self) -> list[str]:
        """Operations that show something first: a kind of record, custom field, stage, status, owner or tag."""
        seen: set[Any] = set()
        found = []
        for target, batch in self.operations.batches():
            columns = (batch.column(name).to_pylist() for name in ("op_id", "kind", "object"))
            for op_id, kind, object_, payload in zip(*columns, payloads(batch), strict=True):
                shown = features(target, Kind(kind), object_, payload)
                if not seen.issuperset(shown):
                    seen.update(shown)
                    found.append(op_id)
        return found

    def contacts_to_fill(self) -> Iterator[list[str]]:
        """The chosen contacts together, then the others one by one."""
        yield sorted(self.chosen & set(self._contacts))
        for op_id in sorted(self._contacts):
            if op_id not in self.chosen:
                yield [op_id]

    def hanging_on(self, contacts: Iterable[str], most: int) -> list[str]:
        """Up to `most` operations that hang on `contacts`, taken in turns so that no contact takes them all."""
        queues = [[item for item in self._hanging.get(one, ()) if item not in self.chosen] for one in contacts]
        found: list[str] = []
        for turn in range(max(map(len, queues), default=0)):
            for queue in queues:
                if turn < len(queue) and len(found) < most:
                    found.append(queue[turn])
        return found


_EACH = {"pipelineStageId", "status", "assignedTo", "assignedUserId", "userId", "appointmentStatus", "completed"}
_ANY = {"dnd", "dndSettings", "tags", "lostReasonId", "email", "phone", "followers", "gender"}
"""Properties of which a sample shows each value, and those of which it shows one."""


def features(target: Target, kind: Kind, object_: str, payload: dict[str, Any]) -> list[Any]:
    """What an operation shows: its kind of record, each custom field, stage, status, owner, consent and repetition."""
    found: list[Any] = [(target, kind, object_)]
    found += [(target, "field", _key(item.get("id", item.get("key")))) for item in payload.get("customFields", ())]
    found += [(target, name, _key(payload[name])) for name in payload.keys() & _EACH]
    found += [(target, name) for name in payload.keys() & _ANY]
    return found


def _key(value: Any) -> Any:
    return tuple(sorted(value.items())) if isinstance(value, dict) else value
