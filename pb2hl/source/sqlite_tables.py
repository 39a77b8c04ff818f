"""SQLite files → tables. The file is copied into memory or opened read-only; its schema is treated as hostile."""

from __future__ import annotations

import base64
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pb2hl.errors import ExportError, Problem, Severity
from pb2hl.limits import MIB, Limits, remedy
from pb2hl.source.embedded import Keep, kept_note
from pb2hl.source.tables import TEXT, RawTable, problem, unique_headings

MAGIC = b"SQLite format 3\x00"
LOGS = ("-wal", "-journal")
"""Ends of the names of the files in which SQLite keeps changes that are not in the main file yet."""

_NAMES = (
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
    "ORDER BY type, rowid"
)
_VIRTUAL = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE %'"
"""Indexes over other tables (full text, places), which need code of their own to be read."""
_BROKEN = re.compile(r"no such (?:table|column|view)|view .{1,200} is circularly defined")
"""What SQLite says of a view over what the file has not: it shows nothing to anybody."""
_STEP = 100_000
_CHUNK_ROWS, _CHUNK_BYTES = 20_000, 64 * MIB
_CELL_COST = 6  # bytes of memory a character of a cell takes at most, from SQLite to the table that is handed over
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
    """Every table and view of a SQLite file. `keep` puts aside the bytes of a large BLOB and names them; `beside` is where the
    file lies, with the logs that a program which still used it left there: their changes are read as well."""
    problems: list[Problem] = []
    logs = [log for end in LOGS if beside is not None and (log := beside.with_name(beside.name + end)).exists()]
    if any(log.stat().st_size for log in logs):
        raw = _with_logs(raw, logs, file)
        said = "was in use when it was exported; the changes in the log beside it were read as well"
        problems.append(problem("sqlite_log", said, file, severity=Severity.INFO))
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.deserialize(
                raw[:18] + b"\x01\x01" + raw[20:]
            )  # a WAL database cannot be read from memory as such
            _defend(connection, limits)
            names = [row[0] for row in connection.execute(_NAMES)]
            virtual = {row[0] for row in connection.execute(_VIRTUAL)}
        except sqlite3.DatabaseError as error:
            raise ExportError(
                f"{file} is a damaged SQLite file: {error}", hint="export it again, or run `.recover` on it"
            ) from error
        tables = []
        left = _Left(limits.time_for(len(raw)) / 2, limits.memory_for(len(raw)) // _CELL_COST)
        for name in names:
            try:
                tables.append(_read(connection, name, file, left, limits, keep))
            except (sqlite3.Error, OverflowError, MemoryError) as error:
                empty = name in virtual or bool(_BROKEN.match(str(error)))
                problems.append(_not_read(f"cannot be read: {error}", file, _text(name), empty))
    return tables, problems


def _with_logs(raw: bytes, logs: Sequence[Path], file: str) -> bytes:
    """The database as SQLite brings it in order when it is opened: what its logs hold in it, and nothing half-written."""
    with tempfile.TemporaryDirectory(prefix="pb2hl-") as folder:
        copy = Path(folder) / "copy"
        copy.write_bytes(raw)
        for log in logs:
            shutil.copyfile(log, copy.with_name(copy.name + log.name[log.name.rindex("-") :]))
        try:
            with closing(sqlite3.connect(copy)) as connection:
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.DatabaseError as error:
            raise ExportError(
                f"{file} and the log beside it do not fit together: {error}",
                hint="close the program that uses it, and export it again",
            ) from error
        return copy.read_bytes()


def _not_read(why: str, file: str, name: str, empty: bool) -> Problem:
    """`empty`: it holds nothing of its own that anybody could read."""
    severity = Severity.WARNING if empty else Severity.CRITICAL
    return problem("sqlite_table", why, file, name, severity=severity, treatment="not read")


def _defend(connection: sqlite3.Connection, limits: Limits) -> None:
    """Nothing but plain reading: no writes, no attached files, no extensions, no endless views."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(limits.cell_chars, 1_000_000_000))
    connection.text_factory = lambda raw: _decode(raw)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cell_size_check = ON")

    def allow(action: int, first: str | None, second: str | None, *_: object) -> int:
        fine = action in _ALLOWED and (second or "").casefold() not in _FORBIDDEN
        return sqlite3.SQLITE_OK if fine else sqlite3.SQLITE_DENY

    connection.set_authorizer(allow)


class _Spent(sqlite3.DataError):
    """A table or view costs more than it may."""


@dataclass
class _Left:
    """What the file may still cost: processor seconds and characters of cells. A table may take half of it, so that one
    that is endless leaves something to those after it."""

    seconds: float
    chars: int


def _read(connection: sqlite3.Connection, name: str, file: str, left: _Left, limits: Limits, keep: Keep) -> RawTable:
    if left.seconds <= 0:
        raise _Spent(f"comes after what took all the time there is; {remedy('seconds')}")
    began = time.process_time()
    ends = began + left.seconds / 2
    connection.set_progress_handler(lambda: int(time.process_time() > ends), _STEP)
    quoted = '"' + name.replace('"', '""') + '"'
    try:
        cursor = connection.execute(f"SELECT * FROM {quoted}")  # quoted: the name comes from the file's own schema
        headings = unique_headings([_text(item[0]) for item in cursor.description])[: limits.columns]
        columns, blobs, chars = _columns(cursor, len(headings), left.chars // 2, limits.rows, keep)
        left.chars -= chars
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise _Spent(f"takes more than {left.seconds / 2:,.1f} s; {remedy('seconds')}") from error
        raise
    finally:
        left.seconds -= time.process_time() - began
    frame = pd.DataFrame(
        {
            heading: pd.concat(parts, ignore_index=True) if parts else pd.Series([], dtype=TEXT)
            for heading, parts in zip(headings, columns, strict=True)
        }
    )
    binary_cells = problem(
        "blobs",
        "binary cells",
        file,
        _text(name),
        count=blobs,
        treatment=f"kept as base64 up to {_BLOB_INLINE // 1024} KiB, larger ones as files that the cell names",
    )
    return RawTable(file, _text(name), headings, frame, np.arange(1, len(frame) + 1), (binary_cells,) if blobs else ())


def _columns(
    cursor: sqlite3.Cursor, width: int, most_bytes: int, most_rows: int, keep: Keep
) -> tuple[list[list[pd.Series]], int, int]:
    """Chunks of text of the first `width` columns, how many cells were binary, and how many characters all have."""
    columns: list[list[pd.Series]] = [[] for _ in range(width)]
    rows: list[tuple[str, ...]] = []
    blobs = taken = held = 0

    def put() -> None:
        for index, cells in enumerate(zip(*rows, strict=True)):
            columns[index].append(pd.Series(list(cells), dtype=TEXT))
        rows.clear()

    for count, row in enumerate(cursor, 1):
        blobs += sum(isinstance(cell, bytes) for cell in row[:width])
        rows.append(tuple(_cell(cell, keep) for cell in row[:width]))
        size = sum(map(len, rows[-1]))
        taken, held = taken + size, held + size
        if count > most_rows:
            raise _Spent(f"more than {most_rows:,} rows; {remedy('rows')}")
        if taken > most_bytes:
            raise _Spent(f"more than {most_bytes // MIB:,} MiB of text; {remedy('memory_mib')}")
        if len(rows) >= _CHUNK_ROWS or held > _CHUNK_BYTES:
            put()
            held = 0
    put()
    return columns, blobs, taken


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
