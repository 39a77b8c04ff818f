"""Where the cells of a table ended, as the code that uses them notes it: two bytes a cell, whatever is done with it.

A planner notes (row, staged column, bucket, place) while it puts a value into a payload. Of several places a cell
went to the best counts: one that landed before one that was moved, moved before left out. What nobody noted is lost.
"""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt

from pb2hl.plan.fields.findings import Bucket

_ORDER = (
    Bucket.LANDED, Bucket.NORMALISED, Bucket.MOVED, Bucket.MERGED, Bucket.REPORTED, Bucket.SKIPPED, Bucket.REFUSED,
)  # fmt: skip
_RANK = {bucket: rank for rank, bucket in enumerate(_ORDER)}

_MOST_PLACES = 65_000

Fate = tuple[str, str]
"""(bucket, place)."""

LOST: Fate = (str(Bucket.LOST), "nothing that builds the plan used it")


class Landings:
    """The fates of the cells of one table of `size` rows, by staged column and the row's position in it."""

    def __init__(self, size: int):
        self._size = size
        self._codes: dict[tuple[Bucket, str], int] = {}
        self._fates: list[Fate] = [("", "")]
        self._ranks: list[int] = [len(_ORDER)]
        self._marks: dict[str, array[int]] = {}
        self._known: dict[tuple[str, Bucket, str], tuple[int, int, array[int]]] = {}

    def note(self, row: int, column: str, bucket: Bucket, place: str) -> None:
        """The cell of `column` in the row at position `row` ends at `place`."""
        key = (column, bucket, place)
        known = self._known.get(key) or self._ways(key)
        code, rank, marks = known
        if rank < self._ranks[marks[row]]:
            marks[row] = code

    def _ways(self, key: tuple[str, Bucket, str]) -> tuple[int, int, array[int]]:
        """(code, rank, marks) of a column's cells that end in a bucket at a place."""
        column, bucket, place = key
        code = self._codes.get((bucket, place))
        if code is None:
            code = self._learn(bucket, place)
        if column not in self._marks:
            self._marks[column] = array("H", bytes(2 * self._size))
        found = (code, self._ranks[code], self._marks[column])
        if len(self._known) < _MOST_PLACES:
            self._known[key] = found
        return found

    def _learn(self, bucket: Bucket, place: str) -> int:
        if (
            len(self._fates) > _MOST_PLACES
        ):  # places that name single records: the last code stands for all further ones
            return len(self._fates) - 1
        self._fates.append((str(bucket), place))
        self._ranks.append(_RANK[bucket])
        self._codes[bucket, place] = len(self._fates) - 1
        return len(self._fates) - 1

    def split(self, column: str, filled: npt.NDArray[np.bool_]) -> tuple[Fate, list[tuple[int, Fate]]]:
        """(where most filled cells of a column ended, (position, fate) of those that went another way).

        `filled` says which rows hold a value; a filled cell that nobody noted has the fate `LOST`.
        """
        marks = self._marks.get(column)
        codes = np.zeros(self._size, np.uint16) if marks is None else np.frombuffer(marks, np.uint16)
        counts = np.bincount(codes[filled], minlength=1)
        counts[0] = 0
        rule = int(counts.argmax())
        apart = np.flatnonzero(filled & (codes != rule)).tolist()
        return self._fate(rule), [(at, self._fate(int(codes[at]))) for at in apart]

    def _fate(self, code: int) -> Fate:
        return self._fates[code] if code else LOST

    def places(self, column: str) -> set[str]:
        """Every place that a cell of the column was noted at."""
        return {self._fates[code][1] for code in set(self._marks.get(column, ())) if code}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that were noted."""
        return tuple(self._marks)
