"""Frames as tables of a page, with the whole of each written beside the report as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from pb2hl.report.drawing.cells import is_missing, text_of, words
from pb2hl.report.drawing.masking import Mask
from pb2hl.report.drawing.page import Cell, Column, Table, moments
from pb2hl.sheets import write_sheet
from pb2hl.values.visible import visible
from pb2hl.whole import keep_only

SHOWN = 1000
"""Rows of a table that a page holds; a browser stays quick, and the CSV has all of them."""
MOST_CHARACTERS = 1_500_000
"""Characters of all cells of a table that a page holds: a page with several of them still opens out of a mail."""
MOST_CHOICES = 25
"""A column with at most this many different texts gets a filter when it is one of `FILTERED`."""
LONGEST_CHOICE = 60
"""Characters of a filter's longest entry; columns with longer texts are searched, not filtered."""
FILTERED = {
    "object", "class", "difference", "severity", "verdict", "state", "status", "kind", "action", "bucket", "decision", "target", "suite",
    "match", "code", "account", "issue", "outcome", "type", "personal_data", "pipeline", "band",
}  # fmt: skip
TONES = {
    "passed": "good", "equal": "good", "done": "good", "arrived": "good", "created": "good", "matched": "good", "approved": "good",
    "landed": "good", "landed normalised": "good", "merged into": "good", "moved elsewhere": "warn", "not sent yet": "warn", "agrees": "good", "normalised": "good", "ok": "good",
    "warning": "warn", "waiting": "warn", "in doubt": "warn", "in_doubt": "warn", "changed": "warn", "extra": "warn", "owner sync": "warn", "skipped": "warn",
    "unmatched": "warn", "conflict": "warn", "not applicable": "mute", "info": "mute", "nothing to do": "mute", "not yet": "mute",
    "critical": "bad", "failed": "bad", "data failed": "bad", "rule broken": "bad", "missing": "bad", "refused": "bad",
    "differs": "bad", "wrong": "bad",
}  # fmt: skip
SHARES = frozenset({"fill", "share", "precision", "recall"})
"""Columns of shares from 0 to 1, written as per cent and sorted as they are."""
COUNTS = frozenset(
    {"expected", "arrived", "merged", "left_out", "left out", "refused", "open", "held", "in doubt", "missing", "taken back", "count", "rows", "source_rows",
     "records", "cells", "operations", "requests", "clusters", "filled", "resolved", "pairs"}
)  # fmt: skip
"""Columns that say how many: with a comma between thousands, as everywhere on a page, and sorted as numbers."""
_TONED = FILTERED - {"object", "target", "type", "account", "pipeline"}
_MOMENTS = {"at", "when", "started_at", "ended_at", "created_at", "updated_at"}
"""Columns whose texts are moments, written for people and sorted as they were."""
_NESTED = (list, tuple, dict, set, np.ndarray)


@dataclass(frozen=True)
class Evidence:
    """Where the full tables of one report go, and whether personal values are hidden in them."""

    folder: Path  # of the CSV files; made when the first is written
    mask: Mask
    written: bool = True  # whether the CSV files are
    names: set[str] = field(default_factory=set)  # of the CSV files written so far

    def table(
        self,
        name: str,
        frame: pd.DataFrame,
        *,
        caption: str = "",
        labels: Mapping[str, str] | None = None,
        columns: tuple[str, ...] = (),
        csv: bool = True,
        most: int = SHOWN,
    ) -> Table:
        """`frame` as a table called `name`; `columns` picks and orders what is shown (the CSV keeps every column); `most` rows of it."""
        flat = frame.reset_index() if not isinstance(frame.index, pd.RangeIndex) and frame.index.name else frame
        flat = self.mask.frame(_unique_columns(flat))
        link = self.write(name, _spelled(flat)) if csv and self.written and len(flat) else ""
        shown = flat[[column for column in columns if column in flat.columns]] if columns else flat
        return _table(shown.head(most), len(flat), caption or words(name), labels or {}, link)

    def write(self, name: str, frame: pd.DataFrame) -> str:
        """Write `frame` as the CSV called `name`; the link to it from a page beside the folder."""
        path = self.folder / f"{name}.csv"
        write_sheet(path, frame)
        self.names.add(path.name)
        return quote(f"{self.folder.name}/{path.name}")

    def drop_older(self) -> None:
        """Remove what an earlier report of the same name left beside these files: when the new page stands, never before."""
        keep_only(self.folder, self.names)


def _unique_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with unique text column names and a plain index."""
    unique = frame.reset_index(drop=True)
    unique.columns = [str(name) for name in unique.columns]
    return unique.loc[:, ~unique.columns.duplicated()]


def _spelled(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` for a CSV: lists and objects as text, and no character in a text that acts on a terminal."""
    spelled = frame.copy(deep=False)
    for name in frame.columns:
        column = frame[name]
        if column.dtype == object and column.map(lambda value: isinstance(value, _NESTED)).any():
            spelled[name] = column.map(text_of)
        elif pd.api.types.is_string_dtype(column.dtype):
            spelled[name] = column.map(lambda value: visible(value) if isinstance(value, str) else value)
    return spelled


def _table(head: pd.DataFrame, total: int, caption: str, labels: Mapping[str, str], link: str) -> Table:
    cells = [_cells(head.iloc[:, i], str(head.columns[i])) for i in range(head.shape[1])]
    rows = _within(tuple(zip(*cells, strict=True))) if cells else ()
    columns = tuple(
        Column(labels.get(str(name), words(str(name))), _numeric(head.iloc[:, i]), _choices(str(name), cells[i]))
        for i, name in enumerate(head.columns)
    )
    return Table(caption, columns, rows, total, link)


def _within(rows: tuple[tuple[Cell, ...], ...]) -> tuple[tuple[Cell, ...], ...]:
    """The first rows, as many as fit `MOST_CHARACTERS`; at least one."""
    sizes = np.cumsum([sum(len(cell.text) for cell in row) for row in rows])
    return rows[: max(1, int(np.searchsorted(sizes, MOST_CHARACTERS, side="right")))]


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def _choices(name: str, cells: list[Cell]) -> tuple[str, ...]:
    if name not in FILTERED:
        return ()
    texts = sorted({cell.text for cell in cells})
    handy = 1 < len(texts) <= MOST_CHOICES and max(map(len, texts)) <= LONGEST_CHOICE
    return tuple(texts) if handy else ()


def _cells(column: pd.Series, name: str) -> list[Cell]:
    if name == "histogram":
        return [_bars(value) for value in column.tolist()]
    if name in SHARES and _numeric(column):
        return [Cell("" if is_missing(value) else f"{value:.0%}", sort=text_of(value)) for value in column.tolist()]
    texts = [text_of(value) for value in column.tolist()]
    if name in COUNTS and _numeric(column):
        return [Cell(f"{int(text):,}", sort=text) if text.isdigit() else Cell(text) for text in texts]
    if name in _MOMENTS:
        return [Cell(shown, sort=text) for shown, text in zip(moments(texts), texts, strict=True)]
    if name in _TONED:
        return [Cell(text, tone=TONES.get(text.lower(), "")) for text in texts]
    return [Cell(text) for text in texts]


def _bars(value: Any) -> Cell:
    counts = [float(item) for item in value] if isinstance(value, list | tuple | np.ndarray) else []
    top = max(counts, default=0)
    if top <= 0:
        return Cell("")
    label = "counts from low to high: " + ", ".join(str(int(item)) for item in counts)
    return Cell(label, sort="", bars=tuple(item / top for item in counts))
