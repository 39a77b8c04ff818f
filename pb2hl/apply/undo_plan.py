"""What a rollback is going to do, in order; made from the ledger alone, nothing is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from pb2hl.apply.batches import batched
from pb2hl.apply.dependents import children
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import IN_CONVERSATION, REMOVED_TAGS, Kind, Target
from pb2hl.values.fold import fold

_ORDER = {target: number for number, target in enumerate(reversed(Target))}

_ENDS = ("firstRecordId", "secondRecordId")

PLAN_COLUMNS = ("action", "target", "object", "operations")


CHUNK = 2_000
"""Operations fetched, and taken back side by side: bounds memory whatever the size of the migration."""


@dataclass(frozen=True)
class Stored(Collection[Entry]):
    """Entries of a ledger in the order of `op_ids`, fetched while they are walked: millions never sit in memory."""

    ledger: LedgerPort
    op_ids: Sequence[str]

    def __len__(self) -> int:
        return len(self.op_ids)

    def __contains__(self, entry: object) -> bool:
        return isinstance(entry, Entry) and entry.op_id in self.op_ids

    def __iter__(self) -> Iterator[Entry]:
        for chunk in batched(self.op_ids, CHUNK):
            found = self.ledger.entries(chunk)
            yield from (found[op_id] for op_id in chunk)


@dataclass(frozen=True)
class UndoPlan:
    """What a rollback is going to do, in order."""

    entries: Collection[Entry]

    def table(self) -> pd.DataFrame:
        """Rows of action, target, object, operations (PLAN_COLUMNS), in the order in which they are done."""
        counts = Counter((action(entry), str(entry.target), entry.object) for entry in self.entries)
        return pd.DataFrame([(*key, count) for key, count in counts.items()], columns=list(PLAN_COLUMNS))

    def deletions(self) -> Iterator[Entry]:
        """The entries whose record is deleted."""
        return (entry for entry in self.entries if action(entry) == "delete")


TOGETHER = "goes with its contact"
"""What undoing a message means."""


def action(entry: Entry) -> str:
    """What undoing the entry means, in a word a client understands."""
    return action_on(entry.target, entry.kind)


def action_on(target: Target, kind: Kind) -> str:
    """The same by what was done to which kind of record."""
    if target is Target.CONTACT_TAGS:
        return "remove tags"
    if target is Target.LINK:
        return "unlink"
    if target is Target.OBJECT:
        return "keep"
    if target in IN_CONVERSATION:
        return TOGETHER
    if kind is Kind.UPDATE:
        return "restore"
    return "clear" if target is Target.FILE else "delete"


def plan_undo(ledger: LedgerPort, *, of_runs: Collection[str] = (), objects: Iterable[str] = ()) -> UndoPlan:
    """Everything done (by the runs `of_runs`, for `objects`; empty: all) in the order in which it is taken back.

    What other runs or objects hung on a contact or business that goes is in the plan too, since HighLevel deletes it along.
    """
    wanted = set(objects)
    places, chosen = {}, set()
    for op_id, target, kind, object_, run, sequence in ledger.columns(
        ["op_id", "target", "kind", "object", "run_id", "sequence"], state=State.DONE
    ):
        places[op_id] = (_ORDER[Target(target)], kind == Kind.CREATE, -sequence)
        if (not wanted or object_ in wanted) and (not of_runs or run in of_runs):
            chosen.add(op_id)
    if len(chosen) < len(places):
        chosen |= children(Stored(ledger, sorted(chosen)), ledger.iterate(state=State.DONE))
    return UndoPlan(Stored(ledger, sorted(chosen, key=lambda op_id: (places[op_id], op_id))))


def carrier(entry: Entry, deleted: Collection[str]) -> str:
    """The record among `deleted` that `entry` vanishes with; "" when it is taken back by itself."""
    if entry.target in (Target.LINK, Target.FILE, *IN_CONVERSATION):
        record = str((entry.payload.get("$url") or entry.payload).get("contactId", ""))
    elif entry.target is Target.RELATION:
        names = ((entry.payload.get("$url") or {}).get("recordId"), *map(entry.payload.get, _ENDS))
        record = next((str(name) for name in names if name in deleted), "")
    elif entry.kind is Kind.UPDATE:
        record = entry.destination_id
    else:
        return ""
    return record if record in deleted else ""


def added_tags(entry: Entry) -> list[str]:
    """The tags that an entry put on a contact that had them not before."""
    before = {fold(tag) for tag in (entry.before_image or {}).get("tags") or ()}
    return [tag for tag in entry.payload.get("tags") or () if fold(tag) not in before]


def removed_tags(entry: Entry) -> list[str]:
    """The tags that a delta took off a contact that had them."""
    before = {fold(tag) for tag in (entry.before_image or {}).get("tags") or ()}
    return [tag for tag in entry.payload.get(REMOVED_TAGS) or () if fold(tag) in before]
