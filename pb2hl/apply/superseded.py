"""A run is taken back while later runs stay: what those wrote to the same records stays too, and goes back further when they go.

Each update keeps what it replaced. Taking an earlier one from under a later one hands its before-image on to the later one,
field by field, so that the runs of a migration may be taken back in any order and end in the same place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pb2hl.apply.undo_plan import action, added_tags, removed_tags
from pb2hl.diff.flatten import CUSTOM, NESTED, bare_key, custom_key, flatten_payload
from pb2hl.ledger import Entry, LedgerPort
from pb2hl.operations import REMOVED_TAGS, Target
from pb2hl.values.fold import fold

REVERSIBLE = ("restore", "remove tags", "unlink")

RecordKey = tuple[Target, str]


class Superseded:
    """The updates that stay, by what they are about; `covered` counts fields that stay because one of them wrote them too."""

    def __init__(self, ledger: LedgerPort, run: str, going: Iterable[Entry]):
        self._ledger = ledger
        self._run = run
        self._wanted = {_record_key(entry) for entry in going if action(entry) in REVERSIBLE}
        self._staying: dict[RecordKey, list[Entry]] = defaultdict(list)
        self.covered = 0

    def stays(self, entry: Entry) -> None:
        """An operation that is done and is not taken back; given in the order in which they were done."""
        if action(entry) in REVERSIBLE and _record_key(entry) in self._wanted:
            self._staying[_record_key(entry)].append(entry)

    def fields(self, entry: Entry) -> frozenset[str]:
        """The fields of an update that a later one wrote too: they stay, and the first of those takes over what was there before."""
        found: set[str] = set()
        for number, later in self._after(entry):
            shared = set(flatten_payload(entry.payload)) & set(flatten_payload(later.payload)) - found
            before = dict(later.before_image or {})
            for name in shared:
                before = with_value(name, entry.before_image or {}, before)
            self._hand_on(entry, number, later, before if shared else None)
            found |= shared
        self.covered += len(found)
        return frozenset(found)

    def link(self, entry: Entry) -> bool:
        """Whether a later link stands in place of this one; it takes over the business that was there before."""
        for number, later in self._after(entry):
            was = entry.before_image or {}
            before = {**(later.before_image or {}), **{name: was.get(name) for name in ("businessId", "companyName")}}
            self._hand_on(entry, number, later, before)
            self.covered += 1
            return True
        return False

    def tags(self, entry: Entry) -> tuple[list[str], list[str]]:
        """(tags to give back, tags to take off), less those that a later operation took or gave too."""
        missing, extra = removed_tags(entry), added_tags(entry)
        for number, later in self._after(entry):
            held = {fold(tag): tag for tag in (later.before_image or {}).get("tags") or ()}
            held = {key: tag for key, tag in held.items() if key not in set(map(fold, extra))}
            held |= {fold(tag): tag for tag in missing}
            self._hand_on(entry, number, later, {**(later.before_image or {}), "tags": list(held.values())})
            given, taken = (set(map(fold, later.payload.get(name) or ())) for name in ("tags", REMOVED_TAGS))
            kept = len(missing) + len(extra)
            missing = [tag for tag in missing if fold(tag) not in taken]
            extra = [tag for tag in extra if fold(tag) not in given]
            self.covered += kept - len(missing) - len(extra)
        return missing, extra

    def _after(self, entry: Entry) -> list[tuple[int, Entry]]:
        found = enumerate(self._staying.get(_record_key(entry), ()))
        return [(number, later) for number, later in found if later.sequence > entry.sequence]

    def _hand_on(self, entry: Entry, number: int, later: Entry, before: Mapping[str, Any] | None) -> None:
        """Durable before `entry` counts as undone: a rollback that is killed in between does the same again. One that only looks
        (no run) writes nothing."""
        if before is None or before == later.before_image:
            return
        if self._run:
            self._ledger.keep_before(self._run, later.op_id, before)
        self._staying[_record_key(entry)][number] = replace(later, before_image=before)


def _record_key(entry: Entry) -> RecordKey:
    return entry.target, entry.destination_id


def with_value(name: str, source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    """The record `target` with the field `name` (as `diff.flatten` names it) as `source` holds it, or without it."""
    top, _, channel = name.partition(".")
    if top in NESTED:
        return {**target, top: _put(channel, source.get(top) or {}, target.get(top) or {})}
    found = dict(target) if name.startswith(CUSTOM) else _put(name, source, target)
    key = bare_key(name.removeprefix(CUSTOM))
    if isinstance(target.get("properties"), Mapping):
        found["properties"] = _put(key, source.get("properties") or {}, target["properties"])
    if name.startswith(CUSTOM) and "properties" not in target:
        ours, others = (
            [item for item in record.get("customFields") or () if (custom_key(item) == key) is wanted]
            for record, wanted in ((source, True), (target, False))
        )
        found["customFields"] = [*others, *ours]
    return found


def _put(name: str, source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in target.items() if key != name}
    return {**rest, name: source[name]} if name in source else rest
