"""What one delta was asked to do, and what became of each of it: asked = done + left out + kept + refused + held + in doubt.

Asked is counted from what the delta set out to do, the rest from the ledger and from what was taken away, after it: a thing that
none of them speaks of is `unaccounted`, and lets no delta end well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from pb2hl.apply.send import lost_property
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import Kind, Operation
from pb2hl.steps.delta.moved_records import Moved
from pb2hl.steps.delta.removals import Deleted
from pb2hl.steps.delta.threeway import Changes
from pb2hl.values.counting import counted

DONE, LEFT_OUT, KEPT, REFUSED, HELD, IN_DOUBT, UNACCOUNTED = FATES = (
    "done", "left out", "kept", "refused", "held", "in doubt", "unaccounted",
)  # fmt: skip
OPEN = (REFUSED, HELD, IN_DOUBT, UNACCOUNTED)
COLUMNS = ("object", "what", "asked", *FATES)
NEW, CHANGED, MOVED, REMOVED = "new", "changes", "moved", "gone from the export"

_OF_STATE = {
    State.DONE: DONE,
    State.REFUSED: REFUSED,
    State.PLANNED: HELD,
    State.INTENDED: IN_DOUBT,
    State.IN_DOUBT: IN_DOUBT,
}
_OF_UNDOING = {"undone": DONE, "kept": KEPT, "held": HELD, "failed": REFUSED}


@dataclass(frozen=True)
class Account:
    """One delta's account; `table`: COLUMNS, a row an object and kind of work."""

    table: pd.DataFrame

    def total(self, *names: str) -> int:
        """The sum of some columns."""
        return int(self.table[list(names)].to_numpy().sum())

    @property
    def whole(self) -> bool:
        """Whether everything asked for was done, left out by decision, or kept for a person."""
        return not self.total(*OPEN)

    @property
    def headline(self) -> str:
        """One sentence: what was asked, and every fate that anything met."""
        asked = self.total("asked")
        if not asked:
            return ""
        parts = ", ".join(f"{count:,} {name}" for name in FATES if (count := self.total(name)))
        return f"Of {counted(asked, 'thing')} that it was asked to do: {parts}."

    @property
    def counts(self) -> dict[str, int]:
        """`account_asked`, and each fate by its name."""
        return {f"account_{name.replace(' ', '_')}": self.total(name) for name in ("asked", *FATES)}


def account(ledger: LedgerPort, new: Iterable[Operation], found: Changes, moved: Moved, gone: Deleted | None, removed: pd.DataFrame) -> Account:  # fmt: skip
    """What became of `new` operations (pieces of the schema among them) and `found` changes by the ledger, of moves, and of rows that are `removed` from the export
    (`gone`: what was deleted of them; None: they are only reported, and their records kept)."""
    asked: Counter[tuple[str, str]] = Counter()
    met: Counter[tuple[str, str, str]] = Counter()
    made = {op.op_id: (op, NEW) for op in new} | {op.op_id: (op, CHANGED) for op in found.updates}
    entries = ledger.entries(made)
    for op_id, (op, what) in made.items():
        asked[op.object, what] += 1
        met[op.object, what, _fate(op, entries.get(op_id))] += 1
    for object_ in (row[0] for row in (*found.conflicts, *sorted(found.kept))):
        asked[object_, CHANGED] += 1
        met[object_, CHANGED, KEPT] += 1
    stays = [(move, REFUSED if moved.was_refused(move) else KEPT) for move, _ in moved.stay]
    for move, fate in [*((move, DONE) for move in moved.gone), *stays]:
        asked[move.op.object, MOVED] += 1
        met[move.op.object, MOVED, fate] += 1
    vanished = removed["object"] if gone is None else gone.asked
    asked.update((object_, REMOVED) for object_ in vanished)
    fates = ((object_, KEPT) for object_ in vanished) if gone is None else _undone(gone)
    met.update((object_, REMOVED, fate) for object_, fate in fates)
    return Account(_table(asked, met))


def _fate(op: Operation, entry: Entry | None) -> str:
    """What the ledger says of an operation that was to be carried out."""
    if entry is None:
        return UNACCOUNTED
    if entry.state is State.SKIPPED:
        return DONE if entry.destination_id else LEFT_OUT if op.kind is Kind.SKIP else REFUSED
    if entry.state is State.DONE and any(map(lost_property, entry.losses)):
        return REFUSED
    return _OF_STATE.get(entry.state, UNACCOUNTED)


def _undone(gone: Deleted) -> Iterable[tuple[str, str]]:
    yield from ((object_, KEPT) for object_ in gone.kept)
    yield from ((row["object"], _OF_UNDOING.get(str(row["outcome"]), UNACCOUNTED)) for _, row in gone.table.iterrows())


def _table(asked: Counter[tuple[str, str]], met: Counter[tuple[str, str, str]]) -> pd.DataFrame:
    rows = []
    for object_, what in sorted(asked):
        counts = [met[object_, what, fate] for fate in FATES]
        counts[-1] += max(0, asked[object_, what] - sum(counts))
        rows.append((object_, what, asked[object_, what], *counts))
    return pd.DataFrame(rows, columns=list(COLUMNS))
