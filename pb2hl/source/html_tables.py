"""HTML tables and SpreadsheetML that call themselves .xls → grids."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
from bs4 import BeautifulSoup
from bs4.element import CData, NavigableString, Tag

from pb2hl.limits import MIB, Limits
from pb2hl.source.encoding import decode
from pb2hl.source.tables import TEXT, Grid

_MOST_BYTES = 64 * MIB  # the parser builds a tree of about thirty times the text
_TABLES, _ROWS, _CELLS = (
    ["table", "worksheet", "ss:worksheet"],
    ["tr", "row", "ss:row"],
    ["td", "th", "cell", "ss:cell"],
)


def looks_like_html(raw: bytes) -> bool:
    """Whether the bytes begin like an HTML page or an Excel 2003 XML book."""
    head = raw[:4096].lower().replace(b"\x00", b"")
    return (
        b"<table" in head
        or b"<html" in head
        or b"<workbook" in head
        or b"urn:schemas-microsoft-com:office:spreadsheet" in head
    )


def read_html(raw: bytes, limits: Limits) -> list[tuple[str, Grid]]:
    """(sheet name, cells) of every table with two or more rows; row spans and column spans leave blanks."""
    if len(raw) > min(_MOST_BYTES, limits.file_bytes):
        raise ValueError("too large for an HTML table")
    soup = BeautifulSoup(decode(raw)[0], "html.parser")
    grids = []
    texts, inside = _texts(soup), _rows(soup)
    for number, table in enumerate(soup.find_all(_TABLES), 1):
        rows = [_row(cells, texts) for cells in inside[id(table)]]
        width = min(max((len(row) for row in rows), default=0), limits.columns)
        if len(rows) < 2 or not width:
            continue
        padded = [row[:width] + [""] * (width - len(row)) for row in rows]
        frame = pd.DataFrame(
            {i: pd.Series(list(column), dtype=TEXT) for i, column in enumerate(zip(*padded, strict=True))}
        )
        grids.append(
            (
                str(table.get("ss:name") or "") or (str(number) if number > 1 else ""),
                Grid(frame, np.arange(1, len(frame) + 1)),
            )
        )
    return grids


def _rows(soup: BeautifulSoup) -> dict[int, list[list[Tag]]]:
    """The cells of each row of each table (by identity). A row belongs to the innermost table and a cell to the innermost
    row around it, so that tables within tables are each read once."""
    rows: dict[int, list[list[Tag]]] = defaultdict(list)
    of_row: dict[int, list[Tag]] = {}
    for tag in soup.find_all([*_ROWS, *_CELLS]):
        if tag.name in _ROWS:
            of_row[id(tag)] = []
            if (table := tag.find_parent(_TABLES)) is not None:
                rows[id(table)].append(of_row[id(tag)])
        elif (row := tag.find_parent(_ROWS)) is not None:
            of_row[id(row)].append(tag)
    return rows


def _texts(soup: BeautifulSoup) -> dict[int, list[str]]:
    """The pieces of text of each cell (by identity), without those of tables inside it."""
    found: dict[int, list[str]] = defaultdict(list)
    for piece in soup.find_all(string=True):
        if (
            type(piece) in (NavigableString, CData)
            and (text := piece.strip())
            and (cell := piece.find_parent(_CELLS)) is not None
        ):
            found[id(cell)].append(text)
    return found


def _row(cells: list[Tag], texts: dict[int, list[str]]) -> list[str]:
    found: list[str] = []
    for cell in cells:
        index = str(cell.get("ss:index", ""))
        if index.isdigit():
            found += [""] * (min(int(index), 4000) - 1 - len(found))
        found.append(" ".join(texts[id(cell)]).replace("\x00", ""))
        span = str(cell.get("colspan", "1"))
        found += [""] * (min(int(span), 1000) - 1 if span.isdigit() else 0)
    return found
