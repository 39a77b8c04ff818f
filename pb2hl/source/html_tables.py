"""HTML tables and SpreadsheetML that call themselves .xls → grids."""

from __future__ import annotations

import numpy as np
import pandas as pd
from bs4 import BeautifulSoup

from pb2hl.source.encoding import decode
from pb2hl.source.limits import MIB, Limits
from pb2hl.source.tables import TEXT, Grid

_MOST_BYTES = 64 * MIB  # the parser builds a tree of about thirty times the text


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
    for number, table in enumerate(soup.find_all(["table", "worksheet", "ss:worksheet"]), 1):
        rows = [[_text(cell) for cell in _cells(row)] for row in table.find_all(["tr", "row", "ss:row"])]
        width = min(max((len(row) for row in rows), default=0), limits.columns)
        if len(rows) < 2 or not width:
            continue
        padded = [row[:width] + [""] * (width - len(row)) for row in rows]
        frame = pd.DataFrame(
            {i: pd.Series(list(column), dtype=TEXT) for i, column in enumerate(zip(*padded, strict=True))}
        )
        grids.append(
            (table.get("ss:name") or (str(number) if number > 1 else ""), Grid(frame, np.arange(1, len(frame) + 1)))
        )
    return grids


def _cells(row) -> list:
    found = []
    for cell in row.find_all(["td", "th", "cell", "ss:cell"], recursive=True):
        index = str(cell.get("ss:index", ""))
        while index.isdigit() and len(found) < min(int(index) - 1, 4000):
            found.append(None)
        found.append(cell)
        span = str(cell.get("colspan", "1"))
        found += [None] * (min(int(span), 1000) - 1 if span.isdigit() else 0)
    return found


def _text(cell) -> str:
    return "" if cell is None else cell.get_text(" ", strip=True).replace("\x00", "")
