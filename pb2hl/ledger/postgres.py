"""The ledger in PostgreSQL: a schema a workspace, one writer by an advisory lock, `synchronous_commit = on`. Needs `pb2hl[fleet]`.

A connection that is lost in the middle of a commit leaves an intent or outcome in doubt, as a lost answer of HighLevel does: the
command stops, and the next one looks up what has no outcome.
"""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pb2hl.clock import SYSTEM_CLOCK, Clock
from pb2hl.errors import ConfigError, LedgerUnreachable, WorkspaceLocked
from pb2hl.ledger.rows import clean
from pb2hl.ledger.schema import NUMBERED, REMEMBER, TABLES, VERSIONS, without_numbers
from pb2hl.ledger.sql import Database, SqlLedger
from pb2hl.values.fold import fold_marks
from pb2hl.whole import write_text
from pb2hl.workspace import Workspace

if TYPE_CHECKING:
    import psycopg

SCHEMA_FILE = "ledger.schema"
"""In the workspace: the name of its schema. A copied workspace keeps the ledger of the original."""

LOCK_WAIT_MS = 3_000
"""How long the lock is waited for: a server needs a moment to notice that a killed command is gone."""

_LOST = "make sure that the database runs, then run the same command again: what was sent last is looked up"


def schema_of(ws: Workspace) -> str:
    """The name of the workspace's schema, made up and kept when it is asked for first."""
    path = ws.path / SCHEMA_FILE
    if not path.exists():
        name = re.sub(r"[^a-z0-9]+", "_", fold_marks(ws.path.name))[:30].strip("_") or "workspace"
        write_text(path, f"pb2hl_{name}_{uuid.uuid4().hex[:8]}\n")
    return path.read_text(encoding="utf-8").strip()


def open_ledger(ws: Workspace, clock: Clock = SYSTEM_CLOCK) -> PostgresLedger:
    """The workspace's ledger at its `ledger_url`. Raises ConfigError."""
    return PostgresLedger(ws.config.ledger_url, schema_of(ws), ws.config.location, ws.config.source, clock)


def exists(ws: Workspace) -> bool:
    """Whether the workspace has a ledger in the database already."""
    return (ws.path / SCHEMA_FILE).exists()


def driver() -> Any:
    """psycopg; ConfigError where it is not installed."""
    try:
        import psycopg
    except ImportError as error:
        raise ConfigError("a ledger in PostgreSQL needs psycopg", hint="pip install 'pb2hl[fleet]'") from error
    return psycopg


def checked(url: str) -> str:
    """`url`, if it is one of PostgreSQL without a password; ConfigError else."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ConfigError(
            f"ledger_url is of {parts.scheme or 'no scheme'}", hint="postgresql://user@host:port/database"
        )
    if parts.password:
        raise ConfigError(
            "ledger_url holds a password, and migration.toml is no place for one",
            hint="put it into PGPASSWORD or ~/.pgpass, and postgresql://user@host:port/database into migration.toml",
        )
    return url


class _Connection:
    """`Database` on psycopg."""

    def __init__(self, connection: psycopg.Connection[Any]):
        self._connection = connection

    def execute(self, query: str, values: Sequence[Any] = ()) -> None:
        self._connection.execute(_placed(query), clean(values))

    def executemany(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        with self._connection.cursor() as cursor:  # sent as one batch, in pipeline mode
            cursor.executemany(_placed(query), [clean(row) for row in rows])

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(_placed(query), clean(values)).fetchall()


def _placed(query: str) -> str:
    return query.replace("?", "%s")


class PostgresLedger(SqlLedger):
    """A ledger in one schema of a PostgreSQL database. Reading is free; the first write takes the schema's lock until `close`."""

    def __init__(self, url: str, schema: str, location: str, source: str, clock: Clock = SYSTEM_CLOCK):
        super().__init__(location, source, clock)
        self.name = f"the schema {schema}"
        self._mutex = threading.RLock()
        self._psycopg = driver()
        self._writes = False
        self._key = int.from_bytes(hashlib.sha256(schema.encode()).digest()[:8], "big", signed=True)
        try:
            self._db = self._psycopg.connect(
                checked(url), autocommit=True, connect_timeout=10, cursor_factory=self._psycopg.ClientCursor,
                application_name="pb2hl", options="-c synchronous_commit=on",
            )  # fmt: skip
            self._upgrade(schema)
        except self._psycopg.Error as error:
            gone = isinstance(error, self._psycopg.OperationalError)
            kind = LedgerUnreachable if gone else ConfigError
            raise kind(f"the ledger's database cannot be used: {_message(error)}", hint=_LOST) from None
        self.begin()

    def _upgrade(self, schema: str) -> None:
        sql = self._psycopg.sql
        name = sql.Identifier(schema)
        with self._db.transaction():
            self._db.execute("SELECT pg_advisory_xact_lock(%s)", (self._key + 1,))
            self._db.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
            self._db.execute(sql.SQL("SET search_path TO {}").format(name))
            self._db.execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
            rows = self.rows("SELECT value FROM meta WHERE key = ?", ("schema_version",))
            version = int(rows[0][0]) if rows else 0
            if version > len(VERSIONS):
                raise ConfigError(
                    f"{self.name} is of version {version}, this pb2hl knows {len(VERSIONS)}", hint="upgrade pb2hl"
                )
            for script in VERSIONS[version:]:
                self._db.execute(without_numbers(script))
            if version < len(VERSIONS):
                _Connection(self._db).execute(REMEMBER, ("schema_version", str(len(VERSIONS))))

    def begin(self) -> None:
        """Looking into a ledger keeps nobody from writing to it."""
        super().begin()
        if self._writes:
            self._db.execute("SELECT pg_advisory_unlock(%s)", (self._key,))
            self._writes = False

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """LedgerUnreachable when the connection is lost, WorkspaceLocked when another command writes."""
        with self._mutex:
            sequence = self._sequence
            try:
                self._lock()
                with self._db.transaction():
                    yield _Connection(self._db)
            except self._psycopg.OperationalError as error:
                self._sequence = sequence
                raise LedgerUnreachable(f"the ledger cannot be written: {_message(error)}", hint=_LOST) from None
            except BaseException:
                self._sequence = sequence
                raise

    def _lock(self) -> None:
        if self._writes:
            return
        self._db.execute("SET lock_timeout = %s", (LOCK_WAIT_MS,))
        try:
            self._db.execute("SELECT pg_advisory_lock(%s)", (self._key,))
        except self._psycopg.errors.LockNotAvailable:
            raise WorkspaceLocked(
                f"another command writes to {self.name}", hint="wait until it ends, or stop it"
            ) from None
        self._writes = True
        self._sequence = int(self.rows("SELECT COALESCE(MAX(sequence), 0) FROM operations")[0][0])

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._mutex:
            try:
                return self._db.execute(_placed(query), clean(values)).fetchall()
            except self._psycopg.OperationalError as error:
                raise LedgerUnreachable(f"the ledger cannot be read: {_message(error)}", hint=_LOST) from None

    def close(self) -> None:
        """Release the database and its lock."""
        with self._mutex:
            self._db.close()

    def renumber(self) -> None:
        """After rows were put in with their numbers: go on behind the last."""
        with self.transaction() as db:
            for table, column in (*((name, "rowid") for name in NUMBERED), ("approvals", "n")):
                db.rows(
                    f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), COALESCE(MAX({column}), 0) + 1, false) FROM {table}"
                )


def _message(error: Exception) -> str:
    """What the database said, in one line; it never names a password."""
    return " ".join(str(error).split())[:300] or type(error).__name__


__all__ = ["SCHEMA_FILE", "TABLES", "PostgresLedger", "exists", "open_ledger", "schema_of"]
