"""One allowance a location over all machines: its slots stand in one row of the ledgers' PostgreSQL. Needs `pb2hl[fleet]`.

The row is locked for the moment it takes to read and write it. Times in it are the database's, which all machines share. Where the
database does not answer nothing is shared, and HighLevel's own headers are all that is gone by.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pb2hl.clock import SYSTEM_CLOCK
from pb2hl.highlevel.shared import Kept, SharedAllowance, name_of, owner
from pb2hl.ledger.postgres import checked, driver

_TABLE = "pb2hl_shared.allowance"
_MAKE = (
    "SELECT pg_advisory_xact_lock(733105)",  # two processes that make it at once
    "CREATE SCHEMA IF NOT EXISTS pb2hl_shared",
    f"CREATE UNLOGGED TABLE IF NOT EXISTS {_TABLE} (name TEXT PRIMARY KEY, slots TEXT NOT NULL)",
)
_READ = f"SELECT slots, extract(epoch FROM clock_timestamp())::float8 FROM {_TABLE} WHERE name = %s FOR UPDATE"
_WRITE = f"UPDATE {_TABLE} SET slots = %s WHERE name = %s"
LOCK_WAIT_MS = 1_000
"""How long a row is waited for; a machine that died while it held one does not stop the others."""
AGAIN_S = 30.0
"""How long nothing is shared after the database did not answer: a request must not wait for it each time."""


class _Connection:
    """The one connection of this process to a database, made when it is first used and again after it was lost."""

    def __init__(self, url: str):
        self._url = url
        self._db: Any = None
        self._gone_until = 0.0
        self.mutex = threading.RLock()

    def read(self, name: str) -> tuple[str, float] | None:
        """Lock the row `name`: its slots, and the database's time in seconds; None while the database does not answer."""
        if SYSTEM_CLOCK.monotonic() < self._gone_until:
            return None
        with self._noting():
            if self._db is None or self._db.closed:
                self._db = self._connected()
            self._db.execute(f"INSERT INTO {_TABLE} VALUES (%s, '[]') ON CONFLICT DO NOTHING", (name,))
            row = self._db.execute(_READ, (name,)).fetchone()
            return str(row[0]), float(row[1])
        return None

    def write(self, name: str, slots: str) -> None:
        """Write the row that was read, and free it."""
        with self._noting():
            self._db.execute(_WRITE, (slots, name))
            self._db.commit()

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """An error of the database closes the connection, and for a while nobody waits for it again."""
        try:
            yield
        except driver().Error:
            self._gone_until = SYSTEM_CLOCK.monotonic() + AGAIN_S
            if self._db is not None:
                self._db.close()

    def _connected(self) -> Any:
        options = f"-c lock_timeout={LOCK_WAIT_MS} -c synchronous_commit=off"
        db = driver().connect(checked(self._url), connect_timeout=5, application_name="pb2hl slots", options=options)
        for statement in _MAKE:
            db.execute(statement)
        db.commit()
        return db


_CONNECTIONS: dict[str, _Connection] = {}
_CONNECTIONS_LOCK = threading.Lock()


class DatabaseAllowance(SharedAllowance):
    """The slots of one location, shared by every process that uses the same database."""

    def __init__(self, url: str, base_url: str, location: str):
        self._name = name_of(base_url, location)
        self._mine = owner(self)
        self.others = 0
        with _CONNECTIONS_LOCK:
            self._connection = _CONNECTIONS.setdefault(url, _Connection(url))

    @contextlib.contextmanager
    def _held(self) -> Iterator[Kept | None]:
        with self._connection.mutex:
            found = self._connection.read(self._name)
            if found is None:
                yield None
                return
            ahead = found[1] - SYSTEM_CLOCK.monotonic()
            kept = Kept.of(found[0])
            kept.slots = [[until - ahead, who] for until, who in kept.slots]
            yield kept
            kept.slots = [[until + ahead, who] for until, who in kept.slots]
            self._connection.write(self._name, json.dumps(asdict(kept)))
