"""The shapes that reading gives: a grid of cells, a raw table, the export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict, Unpack

import numpy as np
import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.source.files import ExportFiles

TEXT = "str"


def named(files: Collection[str], file: str) -> bool:
    """Whether a setting that lists files and folders of the export names `file`, or a folder or zip that it is in."""
    return any(file == one or file.startswith(one.rstrip("/") + "/") for one in files)


@dataclass(frozen=True)
class Dropped:
    """A row of a source file that is in no raw table, and why."""

    file: str
    sheet: str
    row: int
    reason: str
    cells: tuple[str, ...]
    headings: tuple[str, ...] = ()  # of the cells, where the row was read as one of a table


@dataclass(frozen=True)
class Grid:
    """Cells of one sheet or file as text, before it is known which row holds the headings.

    `frame` has columns 0…n-1 (missing cells ""); `rows` the 1-based row of the source for each of its rows; `left` how
    many empty columns of the source stand before the first.
    """

    frame: pd.DataFrame
    rows: np.ndarray
    problems: tuple[Problem, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    delimiter: str = ""
    left: int = 0


@dataclass(frozen=True)
class RawTable:
    """One table as exported: unique `headings`, `frame` of text with those columns, `rows` its 1-based source rows."""

    file: str
    sheet: str
    headings: list[str]
    frame: pd.DataFrame
    rows: np.ndarray
    problems: tuple[Problem, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    @property
    def label(self) -> str:
        """File and sheet, as messages name the table."""
        return f"{self.file} · {self.sheet}" if self.sheet else self.file

    def filled_cells(self) -> Counter[tuple[str, str, str]]:
        """Filled cells by (file, sheet, heading), also of rows of another table that are listed with this one's as dropped."""
        found: Counter[tuple[str, str, str]] = Counter()
        for heading in self.headings:
            found[self.file, self.sheet, heading] = int(self.frame[heading].fillna("").str.strip().ne("").sum())
        for row in self.dropped:
            for heading, cell in zip(row.headings, row.cells, strict=False):
                found[row.file, row.sheet, heading] += bool(cell.strip())
        return found


@dataclass(frozen=True)
class Export:
    """Everything an export holds: its tables, its attachment bytes by name, and what is wrong with it."""

    path: str
    tables: list[RawTable]
    files: ExportFiles
    problems: tuple[Problem, ...] = ()
    unread: tuple[tuple[str, str], ...] = field(default=())  # (file, why) of files that hold no table we can read


class _Further(TypedDict, total=False):
    severity: Severity
    row: int
    field: str
    count: int
    treatment: str


def problem(code: str, message: str, file: str, sheet: str = "", **more: Unpack[_Further]) -> Problem:
    """A warning about a file of the export, or what `severity` says."""
    return replace(Problem(code, message, Severity.WARNING, file=file, sheet=sheet), **more)


def unique_headings(names: list[str]) -> list[str]:
    """Headings trimmed to one line, blanks called `Column N`, repeated ones with ` (2)`, ` (3)`."""
    taken: set[str] = set()
    next_: dict[str, int] = {}
    return [
        unused(" ".join(name.replace("\x00", "").split())[:200] or f"Column {number}", taken, next_)
        for number, name in enumerate(names, 1)
    ]


def unused(name: str, taken: set[str], next_: dict[str, int], suffix: str = "") -> str:
    """`name` + `suffix`, with ` (2)`, ` (3)`, … between them once it is `taken`; taken from then on. `next_` remembers the
    number to try for each name, so that a name of which there are many is not counted through again and again."""
    found, whole = name + suffix, name + suffix
    while found in taken:
        again = next_[whole] = next_.get(whole, 1) + 1
        found = f"{name} ({again}){suffix}"
    taken.add(found)
    return found


def side_by_side(frame: pd.DataFrame, columns: Sequence[Any], joint: str = " ") -> pd.Series:
    """The cells of these columns of each row as one text, of a table without rows as well."""
    if not columns:
        return pd.Series("", index=frame.index, dtype=TEXT)
    first, *rest = columns
    return frame[first].str.cat(frame[rest], sep=joint) if rest else frame[first]
