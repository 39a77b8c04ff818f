"""A ledger from one database into another, row by row, and proven the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pb2hl.errors import ConfigError
from pb2hl.ledger.chain import COLUMNS as LOG
from pb2hl.ledger.rows import BATCH
from pb2hl.ledger.schema import ENTRY
from pb2hl.ledger.sql import SqlLedger

_NAMES = {
    "meta": ("key", "value"),
    "runs": ("rowid", "run_id", "step", "started_at", "ended_at", "status", "facts"),
    "operations": ("rowid", "location", "source", *ENTRY.split(", ")),
    "approvals": ("n", "gate", "subject_hash", "who", "at", "forced", "note"),
    "audit_log": LOG,
}
"""The columns of every table, the one it is walked by first."""


def transfer(old: SqlLedger, new: SqlLedger) -> int:
    """Copy everything of `old` into `new`, which must be blank; how many operations. One transaction: whole or not at all.

    Raises ConfigError when `new` holds something, or when what arrived is not what was sent.
    """
    if not new.is_blank():
        raise ConfigError(f"{new.name} is in use already", hint="choose a database (or file) without this ledger")
    with new.transaction() as db:
        for table, names in _NAMES.items():
            db.execute(
                f"DELETE FROM {table} WHERE key <> 'schema_version'" if table == "meta" else f"DELETE FROM {table}"
            )
            into = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            for rows in _pages(old, table, names):
                db.executemany(into, rows)
    if hasattr(new, "renumber"):
        new.renumber()
    new.begin()
    if old.counts() != new.counts() or old.log_head() != new.log_head() or new.verify_log() is not None:
        raise ConfigError(
            f"{new.name} is not what {old.name} was", hint="the old one stands; try again into a blank one"
        )
    return sum(int(row["count"]) for row in new.counts())


def _pages(old: SqlLedger, table: str, names: tuple[str, ...]) -> Iterator[list[tuple[Any, ...]]]:
    first = names[0]
    last: Any = "" if table == "meta" else -1
    while True:
        query = f"SELECT {', '.join(names)} FROM {table} WHERE {first} > ? ORDER BY {first} LIMIT ?"
        rows = old.rows(query, (last, BATCH))
        if not rows:
            return
        last = rows[-1][0]
        if table == "meta":
            rows = [row for row in rows if row[0] != "schema_version"]
        yield rows
