"""What a plan does to the source on its way: losses, problems and the fate of single cells, counted while it is built."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd

from pb2hl.errors import Problem, Severity


class Bucket(StrEnum):
    """Where a source cell ends; every filled cell is in exactly one."""

    __hash__ = str.__hash__  # Enum's own is Python code, asked once a cell

    LANDED = "landed"
    NORMALISED = "landed normalised"
    MOVED = "moved elsewhere"
    MERGED = "merged into"
    SKIPPED = "skipped by decision"
    REFUSED = "refused"
    REPORTED = "reported"  # a document or an archive beside HighLevel, not a record
    NO_RECORD = "no record"  # of a line that is none: a title, a total, a repeated heading, a footer
    WAITS = "not sent yet"  # planned, and no command has sent its record
    LOST = "lost"  # nothing that builds the plan used it


LOSS_COLUMNS = ("object", "what", "where", "why", "records")
CELL_COLUMNS = ("object", "source_id", "column", "bucket", "where")


@dataclass
class Findings:
    """A collector; one a plan. `cell` overrides what the column's own rule says about one cell ("*": the whole row)."""

    _losses: Counter = field(default_factory=Counter)
    _problems: dict[tuple[str, str, str], tuple[int, str, Severity, str]] = field(default_factory=dict)
    """(code, object, field) → count, message, severity, treatment."""
    _examples: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    _cells: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def loss(self, object_: str, what: str, where: str, why: str, records: int = 1) -> None:
        """`records` values of `object_` went somewhere else than to a field of their own."""
        self._losses[object_, what, where, why] += records

    def problem(
        self,
        code: str,
        object_: str,
        message: str,
        *,
        source_id: str = "",
        treatment: str = "",
        severity: Severity = Severity.WARNING,
        field_: str = "",
        count: int = 1,
    ) -> None:
        """Tell once per (code, object, field) with the number of rows and the first source ids."""
        key = (code, object_, field_)
        known, examples = self._problems.get(key), self._examples.setdefault(key, [])
        if source_id and len(examples) < 5:
            examples.append(source_id)
        self._problems[key] = (count + (known[0] if known else 0), message, severity, treatment)

    def cell(self, object_: str, source_id: str, column: str, bucket: Bucket, where: str = "") -> None:
        """The cell `column` (a staged column) of one row, or the whole row (`*`), went to `bucket`."""
        self._cells.append((object_, source_id, column, str(bucket), where))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem once, with count and up to five source ids."""
        found = []
        for key, (count, message, severity, treatment) in self._problems.items():
            (code, object_, field_), examples = key, self._examples[key]
            text = message if message.startswith(object_) else f"{object_}: {message}"
            named = ", such as " if count > len(examples) else ": "
            which = f"; {count:,} in all{named}{', '.join(examples)}" if examples else ""
            found.append(Problem(code, text + which, severity, field=field_, count=count, treatment=treatment))
        return tuple(found)

    @property
    def losses(self) -> pd.DataFrame:
        """What moved elsewhere or was changed, with counts (LOSS_COLUMNS)."""
        rows = [(*key, count) for key, count in sorted(self._losses.items())]
        return pd.DataFrame(rows, columns=list(LOSS_COLUMNS))

    @property
    def cells(self) -> pd.DataFrame:
        """The single cells whose fate differs from their column's (CELL_COLUMNS)."""
        return pd.DataFrame(self._cells, columns=list(CELL_COLUMNS), dtype="str")
