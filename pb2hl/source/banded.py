"""Sheets in which the row of headings stands again above each group of rows (boards): one table, with the group in a column of its own.

Rows below a record that have headings of their own and a blank first cell (sub-items) become a second table that names the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pb2hl.source.headings import are_values, may_be_headings
from pb2hl.source.tables import TEXT, Dropped, Grid
from pb2hl.values.fold import fold

GROUP = "Group"
"""Heading of the column that says in which group a row stood."""

PART = " · "
_LEAST, _LOOK, _GAP = 3, 40, 10
"""Headings of such a row at least, rows in which the first is looked for, and how far above it its title may stand."""


def groups_apart(grid: Grid, file: str, sheet: str) -> list[tuple[str, Grid]]:
    """(sheet, grid) of the records and of what stands below them; the grid itself where its headings do not stand again."""
    headings = _repeated(grid.frame)
    if headings is None:
        return [(sheet, grid)]
    cells = _cells(grid.frame)
    filled = [at for at, row in enumerate(cells) if any(row)]
    found = _Walk(cells, headings, sheet)
    for at, below in zip(filled, [*filled[1:], None], strict=True):
        found.take(at, cells[below] if below is not None else [])
    dropped = [Dropped(file, sheet, int(grid.rows[at]), why, tuple(cells[at])) for at, why in found.left]
    label = next((cell for cell in found.inner_headings if fold(cell) in found.names), "rows below")
    parts = [(sheet, _grid(grid, found.records, tuple(dropped)))]
    if found.inner:
        parts.append((f"{sheet}{PART}{label}" if sheet else label, _grid(grid, found.inner, ())))
    return parts


def _cells(frame: pd.DataFrame) -> list[list[str]]:
    return [[str(cell).strip() for cell in row] for row in frame.itertuples(index=False, name=None)]


def _repeated(frame: pd.DataFrame) -> list[str] | None:
    """The row of headings that stands again, each time below a title of one cell; None where there is none."""
    above: list[str] = []
    for row in _cells(frame.head(_LOOK)):
        told = [cell for cell in row if cell]
        if above and len(told) >= _LEAST and row[0] and _is_title(above) and may_be_headings(told):
            return row if _stands_again(frame, row) else None
        above = row if told else above
    return None


def _stands_again(frame: pd.DataFrame, row: list[str]) -> bool:
    places = np.flatnonzero((frame.iloc[:, 0].str.strip() == row[0]).to_numpy())
    found = [at for at in places.tolist() if _cells(frame.iloc[at : at + 1]) == [row]]
    above = [
        next((line for line in reversed(_cells(frame.iloc[max(0, at - _GAP) : at])) if any(line)), []) for at in found
    ]
    return len(found) > 1 and all(line and _is_title(line) for line in above)


def _is_title(row: Sequence[str]) -> bool:
    return bool(row[0]) and sum(map(bool, row)) == 1


@dataclass
class _Walk:
    """What was read of a sheet so far: lines of cells with the places of their rows, and rows that are no records."""

    cells: list[list[str]]
    headings: list[str]
    sheet: str
    records: list[tuple[int, list[str]]] = field(default_factory=list)
    inner: list[tuple[int, list[str]]] = field(default_factory=list)
    left: list[tuple[int, str]] = field(default_factory=list)
    inner_headings: list[str] = field(default_factory=list)
    _group: str = ""
    _below: bool = False  # whether headings of rows below a record were just read

    def __post_init__(self) -> None:
        self.names = {fold(cell) for cell in self.headings if cell}
        keys = [at for at, cell in enumerate(self.headings) if "id" in fold(cell).replace("(", " ").split()]
        self._key = keys[0] if keys else 0

    def take(self, at: int, below: Sequence[str]) -> None:
        """Read the row at `at`, `below` being the next that is not blank."""
        row = self.cells[at]
        if list(below) == self.headings or (row != self.headings and not self._group):
            self._group = row[0] if list(below) == self.headings else ""
            self.left.append((at, "title"))
        elif row == self.headings:
            self._below = False
            if self.records:
                self.left.append((at, "headings repeated"))
            else:
                self.records.append((at, [*row, GROUP]))
        elif self._heads_inner(row, below):
            self._below = True
            if not self.inner:
                self.inner_headings = row
                name = f"{self.sheet}.id" if self._key else f"{self.sheet}.{self.headings[0]}"
                self.inner.append((at, [*row, name.lstrip(".")]))
            else:
                self.left.append((at, "headings repeated"))
        elif not row[0] and self._below and not are_values(row):
            self.inner.append((at, [*row, self.records[-1][1][self._key]]))
        elif not row[0] and are_values(row):
            self.left.append((at, "totals"))
        else:
            self._below = False
            self.records.append((at, [*row, self._group]))

    def _heads_inner(self, row: Sequence[str], below: Sequence[str]) -> bool:
        if self.inner:
            return list(row) == self.inner_headings
        told = [cell for cell in row if cell]
        led = (not row[0] or fold(row[0]) in self.names) and len(self.records) > 1 and len(told) > 1
        return led and may_be_headings(told) and bool(below) and not below[0] and not are_values(row)


def _grid(grid: Grid, lines: Sequence[tuple[int, list[str]]], dropped: tuple[Dropped, ...]) -> Grid:
    frame = pd.DataFrame([cells for _, cells in lines], dtype=TEXT)
    rows = grid.rows[np.array([at for at, _ in lines])]
    return replace(grid, frame=frame, rows=rows, problems=grid.problems if dropped else (), dropped=(*grid.dropped, *dropped) if dropped else ())  # fmt: skip
