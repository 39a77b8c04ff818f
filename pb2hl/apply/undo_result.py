"""What a rollback did, or would do."""

from __future__ import annotations

from dataclasses import dataclass, field

KEPT_COLUMNS = ("target", "object", "source_id", "record_id", "why")
OUTCOME_COLUMNS = ("target", "object", "source_id", "record_id", "action", "outcome", "error")


@dataclass
class Rollback:
    """What a rollback did, or would do: `outcomes` one row an operation (undone, kept, held or failed), `kept` what was left
    alone and why, `requests` how many it sent, `covered` how many values stay because a later run, which stays, wrote them too,
    `left` the contacts of the client's own, by field, of which HighLevel wrote a value by itself and no request puts back the old one."""

    outcomes: list[tuple[str, ...]] = field(default_factory=list)
    kept: list[tuple[str, ...]] = field(default_factory=list)
    requests: int = 0
    covered: int = 0
    left: dict[str, list[str]] = field(default_factory=dict)

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
