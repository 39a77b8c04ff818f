"""SQLite files → tables. The file is copied into memory or opened read-only; its schema is treated as hostile."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from pb2hl.errors import ExportError, Problem
from pb2hl.source.embedded import Keep, kept_note
from pb2hl.source.limits import Limits
from pb2hl.source.tables import TEXT, RawTable, problem, unique_headings

MAGIC = b"SQLite format 3\x00"
_STEP = 100_000
_BLOB_INLINE = 64 * 1024
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_FORBIDDEN = {
    "load_extension",
    "writefile",
    "readfile",
    "edit",
    "fts3_tokenizer",
    "zeroblob",
    "randomblob",
    "printf",
    "format",
    "replace",
}


def read_sqlite(
    raw: bytes, file: str, limits: Limits, keep: Keep, beside: Path | None = None
) -> tuple[list[RawTable], list[Problem]]:
    """Every table and view of a SQLite file. `keep` puts aside the bytes of a large BLOB and names them; `beside` is the
    file's path, when it is a real one that may have a `-wal` log."""
    problems: list[Problem] = []
    if beside is not None and (log := beside.with_name(beside.name + "-wal")).exists() and log.stat().st_size:
        problems.append(
            problem(
                "sqlite_wal",
                "has a write-ahead log beside it: its last changes may not be in the main file",
                file,
                treatment="close the program that uses it, or run `PRAGMA wal_checkpoint` before exporting",
            )
        )
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.deserialize(
                raw[:18] + b"\x01\x01" + raw[20:]
            )  # a WAL database cannot be read from memory as such
            _defend(connection)
            names = [
                row[0]
                for row in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
                )
            ]
        except sqlite3.DatabaseError as error:
            raise ExportError(
                f"{file} is a damaged SQLite file: {error}", hint="export it again, or run `.recover` on it"
            ) from error
        tables = []
        for name in names:
            try:
                tables.append(_read(connection, name, file, limits, keep))
            except (sqlite3.Error, OverflowError, MemoryError) as error:
                problems.append(
                    problem("sqlite_table", f"cannot be read: {error}", file, _text(name), treatment="left out")
                )
    return tables, problems


def _defend(connection: sqlite3.Connection) -> None:
    """Nothing but plain reading: no writes, no attached files, no extensions, no endless views."""
    connection.text_factory = lambda raw: _decode(raw)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cell_size_check = ON")

    def allow(action: int, first: str | None, second: str | None, *_: object) -> int:
        fine = action in _ALLOWED and (second or "").casefold() not in _FORBIDDEN
        return sqlite3.SQLITE_OK if fine else sqlite3.SQLITE_DENY

    connection.set_authorizer(allow)


def _read(connection: sqlite3.Connection, name: str, file: str, limits: Limits, keep: Keep) -> RawTable:
    steps = limits.sql_steps // _STEP

    def tick() -> int:
        nonlocal steps
        steps -= 1
        return int(steps < 0)

    connection.set_progress_handler(tick, _STEP)
    quoted = '"' + name.replace('"', '""') + '"'
    cursor = connection.execute(f"SELECT * FROM {quoted}")  # quoted: the name comes from the file's own schema
    headings = unique_headings([_text(item[0]) for item in cursor.description])[: limits.columns]
    columns: list[list[pd.Series]] = [[] for _ in headings]
    count = blobs = 0
    while chunk := cursor.fetchmany(20_000):
        count += len(chunk)
        if count > limits.rows:
            raise sqlite3.DataError(f"more than {limits.rows} rows")
        for index, cells in enumerate(zip(*chunk, strict=True)):
            if index < len(headings):
                blobs += sum(isinstance(cell, bytes) for cell in cells)
                columns[index].append(pd.Series([_cell(cell, keep) for cell in cells], dtype=TEXT))
    frame = pd.DataFrame(
        {
            heading: pd.concat(parts, ignore_index=True) if parts else pd.Series([], dtype=TEXT)
            for heading, parts in zip(headings, columns, strict=True)
        }
    )
    told = (
        [
            problem(
                "blobs",
                "binary cells",
                file,
                _text(name),
                count=blobs,
                treatment=f"kept as base64 up to {_BLOB_INLINE // 1024} KiB, larger ones as files that the cell names",
            )
        ]
        if blobs
        else []
    )
    return RawTable(file, _text(name), headings, frame, np.arange(1, count + 1), tuple(told))


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _cell(value: object, keep: Keep) -> str:
    if isinstance(value, bytes) and len(value) > _BLOB_INLINE:
        return kept_note(keep(value), len(value))
    return _text(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, bytes):
        return "data:;base64," + base64.b64encode(value).decode()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
