"""Rows with more cells than headings: a delimiter inside a cell that nobody quoted, put back where the columns show it."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from pb2hl.errors import Problem
from pb2hl.source.tables import problem

_VALUE = re.compile(r"[^\s@]+@[^\s@]+\.\w+|https?://\S+|\W{0,3}\d[\d\s.,:/()TZ+\-]*%?|true|false|yes|no", re.IGNORECASE)
_MOST = 100_000  # rows that are looked at one by one
_SURE = 0.8


def rejoin(
    body: pd.DataFrame, rows: np.ndarray, width: int, delimiter: str, file: str
) -> tuple[pd.DataFrame, list[Problem]]:
    """`body` (positional columns) with overlong rows put back into `width` columns where only one way fits.

    A row that fits in no way, or in several, keeps its further cells in columns of their own; both are told.
    """
    if not delimiter or body.shape[1] <= width or not len(body):
        return body, []
    over = np.flatnonzero((body.iloc[:, width:] != "").any(axis=1).to_numpy())
    if not len(over) or len(over) > min(_MOST, 0.5 * len(body)):
        return body, []
    regular = body.drop(index=body.index[over]).iloc[:, :width].head(2000)
    shapes = [_share(regular.iloc[:, index]) for index in range(width)]
    body = body.copy()
    left: list[int] = []
    for position in over.tolist():
        cells = [str(cell) for cell in body.iloc[position]]
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        better = _best(cells, width, delimiter, shapes)
        if better is None:
            left.append(position)
        else:
            body.iloc[position] = better + [""] * (body.shape[1] - width)
    mended = [int(position) for position in over if position not in set(left)]
    return body, _problems(mended, left, rows, delimiter, file)


def _problems(mended: list[int], left: list[int], rows: np.ndarray, delimiter: str, file: str) -> list[Problem]:
    """What is told of overlong rows by position: those put back together, and those left as they are."""
    problems = []
    if mended:
        problems.append(
            problem(
                "rejoined",
                f"rows held an unquoted {delimiter!r}",
                file,
                row=int(rows[mended[0]]),
                count=len(mended),
                treatment="the cell was put together again where the other columns left one way only",
            )
        )
    if left:
        problems.append(
            problem(
                "ragged",
                "rows have more cells than there are headings",
                file,
                row=int(rows[left[0]]),
                count=len(left),
                treatment="further cells are in columns called Column N; look at these rows",
            )
        )
    return problems


def _share(column: pd.Series) -> float:
    """The share (0-1) of filled cells that are values such as numbers, dates and addresses; 0.5 when nothing is filled."""
    filled = [text for text in column if text.strip()]
    return sum(bool(_VALUE.fullmatch(text.strip())) for text in filled) / len(filled) if filled else 0.5


def _best(cells: list[str], width: int, delimiter: str, shapes: list[float]) -> list[str] | None:
    extra = len(cells) - width
    ways: list[tuple[float, list[str]]] = []
    for at in range(width):
        joined = delimiter.join(cells[at : at + extra + 1])
        row = [*cells[:at], joined, *cells[at + extra + 1 :]]
        if any(_unlike(text, share) for text, share in zip(row, shapes, strict=True)):
            continue
        spaced = all(piece.startswith(" ") for piece in cells[at + 1 : at + extra + 1])
        ways.append((float(spaced), row))
    best = [row for score, row in ways if score == max(score for score, _ in ways)]
    return best[0] if len(best) == 1 else None


def _unlike(text: str, share: float) -> bool:
    """Whether a filled cell looks like nothing else in its column."""
    if not text.strip():
        return False
    value = bool(_VALUE.fullmatch(text.strip()))
    return (share >= _SURE and not value) or (share <= 1 - _SURE and value)
