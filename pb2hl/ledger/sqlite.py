"""The ledger in SQLite: write-ahead log, `synchronous=FULL`."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pb2hl.clock import SYSTEM_CLOCK, Clock
from pb2hl.errors import ConfigError, Pb2hlError
from pb2hl.ledger.rows import clean
from pb2hl.ledger.schema import upgrade
from pb2hl.ledger.sql import Database, SqlLedger
from pb2hl.workspace import Workspace

_UNWRITABLE = (
    "make room on its disk and end other programs that use it, then run the same command again: nothing is sent without its "
    "record, and what was sent last is looked up"
)
DAMAGED = (
    "put it aside, then `pb2hl ledger WORKSPACE --rebuild`: it is made anew from the markers that every record in the location "
    "carries. Do not go on with an older copy: what was loaded since would be loaded twice"
)


class _Connection:
    """`Database` on SQLite."""

    def __init__(self, connection: sqlite3.Connection):
        self._connection = connection

    def execute(self, query: str, values: Sequence[Any] = ()) -> None:
        self._connection.execute(query, clean(values))

    def executemany(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(query, [clean(row) for row in rows])

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, values).fetchall()


class Ledger(SqlLedger):
    """A ledger in one SQLite file. One process writes at a time (the workspace's lock)."""

    def __init__(self, path: Path, location: str, source: str, clock: Clock = SYSTEM_CLOCK):
        super().__init__(location, source, clock)
        self.path = path
        self.name = path.name
        self._mutex = threading.RLock()
        try:
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            upgrade(self._db, path.name)
            self.begin()
        except sqlite3.DatabaseError as error:
            raise ConfigError(f"{path} cannot be used as a ledger: {error}", hint=DAMAGED) from error

    @staticmethod
    def open(ws: Workspace, clock: Clock = SYSTEM_CLOCK) -> SqlLedger:
        """The workspace's ledger, wherever it is kept, made or upgraded as needed. The one place that opens it.

        Raises ConfigError when it is no ledger, is of a newer pb2hl, or belongs to another location.
        """
        if ws.config.ledger_url:
            from pb2hl.ledger import postgres  # needs the optional extra `fleet`

            return postgres.open_ledger(ws, clock)
        return Ledger(ws.ledger_path, ws.config.location, ws.config.source, clock)

    @staticmethod
    def exists(ws: Workspace) -> bool:
        """Whether the workspace has a ledger already."""
        if ws.config.ledger_url:
            from pb2hl.ledger import postgres

            return postgres.exists(ws)
        return ws.ledger_path.exists()

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """Pb2hlError when the disk is full or another program holds the database."""
        with self._mutex:
            sequence = self._sequence
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield _Connection(self._db)
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:  # SQLite ends it by itself when the disk is full
                    self._db.execute("ROLLBACK")
                self._sequence = sequence
                if isinstance(error, sqlite3.OperationalError):
                    raise Pb2hlError(f"the ledger {self.path} cannot be written: {error}", hint=_UNWRITABLE) from error
                raise

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._mutex:
            return self._db.execute(query, values).fetchall()

    def close(self) -> None:
        """Release the database."""
        with self._mutex:
            self._db.close()
