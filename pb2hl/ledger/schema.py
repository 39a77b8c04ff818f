"""The ledger's tables, version by version. A new version is one more script at the end; none is ever edited."""

from __future__ import annotations

import sqlite3

from pb2hl.errors import ConfigError

VERSION_1 = """
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY, step TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT '', facts TEXT NOT NULL DEFAULT '{}');
CREATE TABLE operations (
    op_id TEXT PRIMARY KEY, location TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL, kind TEXT NOT NULL,
    target TEXT NOT NULL, object TEXT NOT NULL, source_id TEXT NOT NULL, part TEXT NOT NULL DEFAULT '',
    payload TEXT NOT NULL DEFAULT '{}', payload_hash TEXT NOT NULL DEFAULT '', marker TEXT NOT NULL DEFAULT '',
    existing_id TEXT NOT NULL DEFAULT '', destination_id TEXT NOT NULL DEFAULT '', answer TEXT NOT NULL DEFAULT '{}',
    before_image TEXT, run_id TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
    trace_id TEXT NOT NULL DEFAULT '', losses TEXT NOT NULL DEFAULT '[]', sequence INTEGER NOT NULL DEFAULT 0,
    intended_at TEXT NOT NULL DEFAULT '', finished_at TEXT NOT NULL DEFAULT '', undone_by TEXT NOT NULL DEFAULT '');
CREATE INDEX operations_sequence ON operations (sequence);
CREATE INDEX operations_destination ON operations (destination_id);
CREATE INDEX operations_open ON operations (state) WHERE state IN ('intended', 'in_doubt', 'refused', 'planned');
CREATE TABLE approvals (
    n INTEGER PRIMARY KEY, gate TEXT NOT NULL, subject_hash TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL,
    forced INTEGER NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '');
CREATE TABLE audit_log (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, run_id TEXT NOT NULL, op_id TEXT NOT NULL, action TEXT NOT NULL,
    object TEXT NOT NULL, source_id TEXT NOT NULL, target TEXT NOT NULL, destination_id TEXT NOT NULL,
    trace_id TEXT NOT NULL, detail TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL);
"""

VERSIONS = (VERSION_1,)


def upgrade(connection: sqlite3.Connection, file: str) -> None:
    """Bring the database to the newest version, each version in a transaction of its own.

    Raises ConfigError when the database is newer than this package.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    version = int(row[0]) if row else 0
    if version > len(VERSIONS):
        raise ConfigError(f"{file} is of version {version}, this pb2hl knows {len(VERSIONS)}", hint="upgrade pb2hl")
    for number, script in enumerate(VERSIONS[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        for statement in script.split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('schema_version', ?)", (str(number),))
        connection.execute("COMMIT")


ENTRY = (
    "op_id, state, kind, target, object, source_id, part, payload, payload_hash, marker, existing_id, destination_id, "
    "answer, before_image, run_id, attempts, error, trace_id, losses, sequence, intended_at, finished_at, undone_by"
)
"""The columns of an operation, in the order of `port.Entry`."""

_COLUMNS = "op_id, location, source, kind, target, object, source_id, part, payload, payload_hash, marker, existing_id"

INTEND = f"""
INSERT INTO operations ({_COLUMNS}, before_image, run_id, intended_at, state, attempts)
VALUES ({", ".join("?" * 15)}, 'intended', 1)
ON CONFLICT (op_id) DO UPDATE SET state = 'intended',
    kind = CASE WHEN operations.state IN ('intended', 'in_doubt') THEN operations.kind ELSE excluded.kind END, payload = excluded.payload, payload_hash = excluded.payload_hash,
    marker = excluded.marker, existing_id = excluded.existing_id, run_id = excluded.run_id, error = '', losses = '[]',
    before_image = COALESCE(
        CASE operations.state WHEN 'undone' THEN NULL ELSE operations.before_image END, excluded.before_image),
    intended_at = excluded.intended_at, attempts = operations.attempts + 1, undone_by = ''
"""
"""The first before-image wins: on a second attempt the record may already hold what the first one wrote. So does the first kind while
its outcome is not known; else what is done now counts: what was left out before and is made now is taken back by deleting it."""

REGISTER = f"""
INSERT INTO operations ({_COLUMNS}, run_id, state) VALUES ({", ".join("?" * 13)}, 'planned')
ON CONFLICT (op_id) DO UPDATE SET run_id = excluded.run_id
"""

FINISH = """
UPDATE operations SET state = ?, destination_id = CASE ? WHEN '' THEN destination_id ELSE ? END,
    answer = CASE ? WHEN '{}' THEN answer ELSE ? END, error = ?, trace_id = CASE ? WHEN '' THEN trace_id ELSE ? END,
    losses = CASE ? WHEN '[]' THEN losses ELSE ? END, payload = COALESCE(?, payload),
    sequence = CASE ? WHEN '' THEN ? ELSE sequence END, finished_at = ?, undone_by = ? WHERE op_id = ?
"""

REMEMBER = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"

LOG_COLUMNS = "number, at, run_id, op_id, action, object, source_id, target, destination_id, trace_id, detail, previous_hash, hash"
APPEND = f"INSERT INTO audit_log ({LOG_COLUMNS}) VALUES ({', '.join('?' * 13)})"

TABLES = ("meta", "runs", "operations", "approvals", "audit_log")

NUMBERED = ("runs", "operations")
"""Tables whose rows are walked in the order in which they came: SQLite numbers them by itself (`rowid`), others by a column."""


def without_numbers(script: str) -> str:
    """A version's script for a database that numbers no rows by itself."""
    for table in NUMBERED:
        script = script.replace(f"CREATE TABLE {table} (", f"CREATE TABLE {table} (rowid BIGSERIAL UNIQUE,")
    return script.replace("n INTEGER PRIMARY KEY", "n BIGSERIAL PRIMARY KEY").replace("INTEGER", "BIGINT")
