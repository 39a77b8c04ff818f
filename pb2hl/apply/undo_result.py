"""What a rollback did, or would do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pb2hl.apply.undo_plan import action
from pb2hl.ledger import Entry

KEPT_COLUMNS = ("target", "object", "source_id", "record_id", "why")
OUTCOME_COLUMNS = ("target", "object", "source_id", "record_id", "action", "outcome", "error")


@dataclass
class Rollback:
    """What a rollback did, or would do: `outcomes` one row an operation (undone, kept, held or failed), `kept` what was left
    alone and why, `requests` how many it sent, `covered` how many values stay because a later run, which stays, wrote them too,
    `left` the contacts of the client's own, by field, of which HighLevel wrote a value by itself and no request puts back the old one, `sealed` whether
    the location's seal was to go and stays, `further` rows of `outcomes` that are in no plan: made by the rollback itself, or by an earlier one."""

    outcomes: list[tuple[str, ...]] = field(default_factory=list)
    kept: list[tuple[str, ...]] = field(default_factory=list)
    requests: int = 0
    covered: int = 0
    left: dict[str, list[str]] = field(default_factory=dict)
    sealed: bool = False
    further: list[tuple[str, ...]] = field(default_factory=list)

    def correct(self, untrue: Iterable[tuple[Entry, str]]) -> None:
        """What was taken for undone and is not, with the reason, failed."""
        why = {_row(entry): reason for entry, reason in untrue}
        if why:
            rows = [
                (*row[:5], "failed", why.pop(row[:5])) if row[5] == "undone" and row[:5] in why else row
                for row in self.outcomes
            ]
            more = [(*row, "failed", reason) for row, reason in why.items()]
            self.further += more
            self.outcomes = rows + more

    @property
    def undone(self) -> int:
        """Operations that were taken back."""
        return self._count("undone")

    @property
    def failed(self) -> int:
        """Operations that HighLevel would not take back."""
        return self._count("failed")

    @property
    def held(self) -> int:
        """Operations among `kept` that wait for one that failed."""
        return self._count("held")

    def _count(self, outcome: str) -> int:
        return sum(row[5] == outcome for row in self.outcomes)


def _row(entry: Entry) -> tuple[str, ...]:
    return str(entry.target), entry.object, entry.source_id, entry.destination_id, action(entry)
