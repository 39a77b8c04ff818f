"""What a file is by its first bytes, and its tables once that is known. Only delimited text is read in our own process."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pb2hl.errors import ExportError, Problem
from pb2hl.limits import Limits, remedy
from pb2hl.source import cards, encoding, html_tables, json_tables, sqlite_tables, workbooks
from pb2hl.source.banded import groups_apart
from pb2hl.source.delimited import read_delimited
from pb2hl.source.elsewhere import elsewhere
from pb2hl.source.embedded import Keep
from pb2hl.source.headings import tabulate
from pb2hl.source.json_cells import open_cells
from pb2hl.source.tables import Grid, RawTable

HEAD = 8192
"""Bytes that tell what a file is."""


class Format(StrEnum):
    """How a file is read. All but `DELIMITED` build more in memory than their bytes tell, and are read in a child process."""

    SQLITE = "SQLite"
    WORKBOOK = "workbook"
    HTML = "HTML"
    CARDS = "vCard or iCalendar"
    ELSEWHERE = "not read"
    BINARY = "binary"
    JSON_LINES = "JSON Lines"
    JSON = "JSON"
    DELIMITED = "delimited text"


def format_of(head: bytes, name: str) -> Format:
    """The format of a file that begins with `head`; the name's suffix decides only where the bytes do not."""
    suffix = Path(name).suffix.lower()
    if elsewhere(name, head) is not None:
        return Format.ELSEWHERE
    if cards.looks_like_cards(head):
        return Format.CARDS
    if head.startswith(sqlite_tables.MAGIC):
        return Format.SQLITE
    if head.startswith((workbooks.OLE, b"PK\x03\x04")) or suffix in (".xlsx", ".xlsm", ".xlsb", ".ods"):
        return Format.WORKBOOK
    if html_tables.looks_like_html(head) and suffix not in (".json", ".jsonl", ".csv", ".tsv"):
        return Format.HTML
    if encoding.is_binary(head):
        return Format.BINARY
    if suffix in (".jsonl", ".ndjson"):
        return Format.JSON_LINES
    first = head[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
    if suffix == ".json" or (first in (b"{", b"[") and suffix not in (".csv", ".tsv")):
        return Format.JSON
    return Format.DELIMITED


def read_tables(
    raw: bytes, name: str, limits: Limits, keep: Keep, path: Path | None
) -> tuple[list[RawTable], list[Problem]]:
    """The tables of one file and what is wrong with it; ExportError when it cannot be read at all.

    `keep` puts large binary cells aside; `path` is the file itself where it is a real one.
    """
    tables, problems = _read(raw, name, limits, keep, path)
    return _few(open_cells(tables, limits), problems, name, limits)


def _read(raw: bytes, name: str, limits: Limits, keep: Keep, path: Path | None) -> tuple[list[RawTable], list[Problem]]:
    if not raw.strip(b"\x00 \t\r\n"):
        return [], []
    kind = format_of(raw[:HEAD], name)
    if kind is Format.ELSEWHERE and (foreign := elsewhere(name, raw[:HEAD])) is not None:
        raise ExportError(f"{name} is {foreign.what}, which is not read", hint=foreign.instead)
    if kind is Format.CARDS:
        return cards.read_cards(raw, name, limits), []
    if kind is Format.SQLITE:
        return sqlite_tables.read_sqlite(raw, name, limits, keep, path)
    if kind is Format.WORKBOOK:
        grids, problems = workbooks.read_workbook(raw, name, limits)
        return _tabulated(grids, name, limits), problems
    if kind is Format.HTML:
        return _tabulated(html_tables.read_html(raw, limits), name, limits), []
    if kind is Format.BINARY:
        raise ExportError(f"{name} is binary data, not a table")
    if kind is Format.JSON_LINES:
        return json_tables.read_json_lines(raw, name, limits), []
    if kind is Format.JSON:
        return json_tables.read_json(raw, name, limits), []
    return _tabulated([("", read_delimited(raw, name, limits))], name, limits), []


def _tabulated(grids: list[tuple[str, Grid]], name: str, limits: Limits) -> list[RawTable]:
    parts = [part for sheet, grid in grids for part in groups_apart(grid, name, sheet)]
    return [table for sheet, grid in parts if (table := tabulate(grid, name, sheet, limits)) is not None]


def _few(
    tables: list[RawTable], problems: list[Problem], name: str, limits: Limits
) -> tuple[list[RawTable], list[Problem]]:
    if len(tables) > limits.tables:
        raise ExportError(f"{name} holds {len(tables):,} tables, more than {limits.tables:,}", hint=remedy("tables"))
    return tables, problems
