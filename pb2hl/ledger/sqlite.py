"""The ledger in SQLite: write-ahead log, `synchronous=FULL`, one transaction a group of records."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pb2hl.clock import SYSTEM_CLOCK, Clock, stamp
from pb2hl.errors import ConfigError, Pb2hlError
from pb2hl.ledger import chain
from pb2hl.ledger.port import DAILY, Approval, Entry, Intent, LogEntry, Outcome, Run, State
from pb2hl.ledger.schema import ENTRY, INTEND, REGISTER, upgrade
from pb2hl.operations import Kind, Operation, Target, canonical_hash
from pb2hl.workspace import Workspace

BATCH = 500
"""Rows fetched at a time: well under SQLite's limit of 32,766 variables, and small in memory."""

_UNWRITABLE = (
    "make room on its disk and end other programs that use it, then run the same command again: nothing is sent without its "
    "record, and what was sent last is looked up"
)

_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def _chosen(
    state: State | Sequence[State] = (), target: Target | None = None, run: str = "", part: str = ""
) -> tuple[str, list[Any]]:
    """(condition, values) of the operations that `iterate` and `columns` are asked for."""
    states = (state,) if isinstance(state, State) else tuple(state)
    conditions, values = ["TRUE"], [*states]
    if states:
        conditions.append(f"state IN ({', '.join('?' * len(states))})")
    for column, value in (("target = ?", target), ("run_id = ?", run), ("part GLOB ?", f"{part}*" if part else "")):
        if value:
            conditions.append(column)
            values.append(value)
    return " AND ".join(conditions), values


def _entry(row: tuple) -> Entry:
    values = list(row)
    values[1], values[2], values[3] = State(row[1]), Kind(row[2]), Target(row[3])
    values[7], values[12] = json.loads(row[7]), json.loads(row[12])
    values[13] = None if row[13] is None else json.loads(row[13])
    values[18] = tuple(json.loads(row[18]))
    return Entry(*values)


class Ledger:
    """A ledger in one SQLite file. Safe to share between threads; one process writes at a time (the workspace's lock)."""

    def __init__(self, path: Path, location: str, source: str, clock: Clock = SYSTEM_CLOCK):
        self.path = path
        self.location = location
        self.source = source
        self._clock = clock
        self._mutex = threading.RLock()
        try:
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            upgrade(self._db, path.name)
            self._check_owner()
        except sqlite3.DatabaseError as error:
            raise ConfigError(
                f"{path} cannot be used as a ledger: {error}",
                hint="restore it from a copy; it is what makes undo possible",
            ) from error
        row = self._db.execute("SELECT COALESCE(MAX(sequence), 0) FROM operations").fetchone()
        self._sequence = row[0]

    @classmethod
    def open(cls, ws: Workspace, clock: Clock = SYSTEM_CLOCK) -> Ledger:
        """The workspace's ledger, made or upgraded as needed.

        Raises ConfigError when the file is no ledger, is of a newer pb2hl, or belongs to another location.
        """
        if ws.config.ledger_url:
            raise ConfigError(
                "ledger_url is set, and this pb2hl keeps ledgers in SQLite only", hint="remove ledger_url"
            )
        return cls(ws.ledger_path, ws.config.location, ws.config.source, clock)

    def _check_owner(self) -> None:
        for key, value in (("location", self.location), ("source", self.source)):
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            if row is None or (row[0] != value and self._is_blank()):
                self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
            elif row[0] != value:
                raise ConfigError(
                    f"{self.path.name} belongs to {key} {row[0]}, migration.toml says {value}",
                    hint=f"put {key} back in migration.toml, or make a workspace of its own with pb2hl init",
                )

    def _is_blank(self) -> bool:
        """Whether the ledger was only looked into: it serves a location that was mistyped as well as any other."""
        used = [f"SELECT EXISTS (SELECT 1 FROM {table})" for table in ("runs", "operations", "approvals", "audit_log")]
        used.append("SELECT EXISTS (SELECT 1 FROM meta WHERE key LIKE 'fact:%')")
        return not any(self._db.execute(query).fetchone()[0] for query in used)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction, or none of it; Pb2hlError when the disk is full or another program holds the database."""
        with self._mutex:
            sequence = self._sequence
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:  # SQLite ends it by itself when the disk is full
                    self._db.execute("ROLLBACK")
                self._sequence = sequence
                if isinstance(error, sqlite3.OperationalError):
                    raise Pb2hlError(f"the ledger {self.path} cannot be written: {error}", hint=_UNWRITABLE) from error
                raise

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple]:
        with self._mutex:
            return self._db.execute(query, values).fetchall()

    def close(self) -> None:
        """Release the database."""
        with self._mutex:
            self._db.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Runs

    def start_run(self, step: str, facts: Mapping[str, Any] | None = None) -> str:
        """Record that a run of `step` begins; its id, which sorts by time."""
        now = stamp(self._clock.now())
        run_id = f"{now[:19].replace(':', '').replace('-', '')}-{step}-{uuid.uuid4().hex[:6]}"
        with self._transaction() as db:
            db.execute(
                "INSERT INTO runs (run_id, step, started_at, facts) VALUES (?, ?, ?, ?)",
                (run_id, step, now, _dump(dict(facts or {}))),
            )
            self._append(db, [chain.line(now, run_id, "run started", detail=step)])
        return run_id

    def end_run(self, run_id: str, status: str, facts: Mapping[str, Any] | None = None) -> None:
        """Record how the run ended."""
        now = stamp(self._clock.now())
        with self._transaction() as db:
            row = db.execute("SELECT facts FROM runs WHERE run_id = ?", (run_id,)).fetchone()
            merged = {**json.loads(row[0]), **dict(facts or {})}
            db.execute(
                "UPDATE runs SET ended_at = ?, status = ?, facts = ? WHERE run_id = ?",
                (now, status, _dump(merged), run_id),
            )
            self._append(db, [chain.line(now, run_id, "run ended", detail=status)])

    def runs(self) -> list[Run]:
        """Every run, oldest first."""
        rows = self._rows("SELECT run_id, step, started_at, ended_at, status, facts FROM runs ORDER BY rowid")
        return [Run(*row[:5], json.loads(row[5])) for row in rows]

    # Operations

    def record(self, run_id: str, intents: Sequence[Intent] = (), outcomes: Sequence[Outcome] = ()) -> None:
        """Make `intents` and `outcomes` durable together, and log the outcomes."""
        now = self._clock.now().isoformat(timespec="milliseconds")
        with self._transaction() as db:
            for outcome in outcomes:
                self._finish(db, run_id, outcome, now)
            db.executemany(INTEND, [self._intent_row(run_id, intent, now) for intent in intents])
            if outcomes:
                self._append(db, [self._log_line(db, run_id, outcome, now) for outcome in outcomes])

    def intend(self, run_id: str, intents: Sequence[Intent]) -> None:
        """Make `intents` durable before anything is sent."""
        self.record(run_id, intents=intents)

    def finish(self, run_id: str, outcomes: Sequence[Outcome]) -> None:
        """Make `outcomes` durable."""
        self.record(run_id, outcomes=outcomes)

    def keep_before(self, run_id: str, op_id: str, before_image: Mapping[str, Any]) -> None:
        """From now on the operation replaced this: an earlier update of the same record was taken back from under it."""
        with self._transaction() as db:
            db.execute("UPDATE operations SET before_image = ? WHERE op_id = ?", (_dump(dict(before_image)), op_id))
            detail = "takes over what an earlier update of the same record had replaced"
            self._append(db, [chain.line(stamp(self._clock.now()), run_id, "before-image", detail, op_id=op_id)])

    def _key(self, op: Operation) -> tuple:
        return (op.op_id, self.location, self.source, op.kind, op.target, op.object, op.source_id, op.part)

    def _intent_row(self, run_id: str, intent: Intent, now: str) -> tuple:
        op, before = intent.operation, intent.before_image
        return (
            *self._key(op), _dump(dict(intent.payload)), canonical_hash(op.payload), op.marker, op.existing_id,
            None if before is None else _dump(dict(before)), run_id, now,
        )  # fmt: skip

    def _finish(self, db: sqlite3.Connection, run_id: str, outcome: Outcome, now: str) -> None:
        if outcome.operation is not None:
            op = outcome.operation
            db.execute(
                REGISTER, (*self._key(op), _dump(dict(op.payload)), op.payload_hash, op.marker, op.existing_id, run_id)
            )
        self._sequence += 1
        undone = run_id if outcome.state is State.UNDONE else ""
        db.execute(
            "UPDATE operations SET state = ?, destination_id = CASE ? WHEN '' THEN destination_id ELSE ? END, "
            "answer = CASE ? WHEN '{}' THEN answer ELSE ? END, error = ?, trace_id = CASE ? WHEN '' THEN trace_id ELSE ? END, "
            "losses = CASE ? WHEN '[]' THEN losses ELSE ? END, payload = COALESCE(?, payload), "
            "sequence = CASE ? WHEN '' THEN ? ELSE sequence END, finished_at = ?, undone_by = ? WHERE op_id = ?",
            (
                outcome.state, *[outcome.destination_id] * 2, *[_dump(dict(outcome.answer))] * 2, outcome.error,
                *[outcome.trace_id] * 2, *[_dump(list(outcome.losses))] * 2,
                None if outcome.payload is None else _dump(dict(outcome.payload)), undone, self._sequence, now, undone,
                outcome.op_id,
            ),
        )  # fmt: skip

    def _log_line(self, db: sqlite3.Connection, run_id: str, outcome: Outcome, now: str) -> LogEntry:
        row = db.execute(
            "SELECT kind, object, source_id, target, destination_id, trace_id FROM operations WHERE op_id = ?",
            (outcome.op_id,),
        ).fetchone()
        kind, object_, source_id, target, destination_id, trace_id = row
        action = {State.DONE: kind, State.SKIPPED: "skip", State.UNDONE: "undo"}.get(outcome.state, "error")
        detail = "; ".join(part for part in (outcome.error, *outcome.losses) if part)
        if action == "error":
            detail = f"{kind} {outcome.state}: {detail}"
        return LogEntry(
            0, now, run_id, outcome.op_id, action, object_, source_id, target, destination_id,
            outcome.trace_id or trace_id, detail, "", "",
        )  # fmt: skip

    def operation(self, op_id: str) -> Entry | None:
        """The operation, or None when the ledger never heard of it."""
        return self.entries([op_id]).get(op_id)

    def entries(self, op_ids: Iterable[str]) -> dict[str, Entry]:
        """The known ones of `op_ids`."""
        return {entry.op_id: entry for entry in self._among("op_id", op_ids)}

    def by_destination(self, ids: Iterable[str]) -> list[Entry]:
        """The operations about the records with these destination ids."""
        return list(self._among("destination_id", ids))

    def _among(self, column: str, values: Iterable[str]) -> Iterator[Entry]:
        wanted = list(dict.fromkeys(values))
        for start in range(0, len(wanted), BATCH):
            piece = wanted[start : start + BATCH]
            marks = ", ".join("?" * len(piece))
            for row in self._rows(f"SELECT {ENTRY} FROM operations WHERE {column} IN ({marks})", piece):
                yield _entry(row)

    def destination_id(self, op_id: str) -> str:
        """The id HighLevel gave to what the operation made; empty when it made nothing (yet)."""
        entry = self.operation(op_id)
        return entry.destination_id if entry else ""

    def answer(self, op_id: str) -> Mapping[str, Any]:
        """What HighLevel answered to the operation."""
        entry = self.operation(op_id)
        return entry.answer if entry else {}

    def iterate(self, *, reverse: bool = False, **chosen: Any) -> Iterator[Entry]:
        """Operations in the order of their outcomes (or against it), fetched in batches; see LedgerPort.

        An operation whose outcome is recorded meanwhile moves to the end; the walk does not visit it twice.
        """
        where, values = _chosen(**chosen)
        direction = "DESC" if reverse else "ASC"
        query = f"SELECT rowid FROM operations WHERE {where} ORDER BY sequence {direction}, rowid {direction}"
        rowids = [row[0] for row in self._rows(query, values)]
        for start in range(0, len(rowids), BATCH):
            piece = rowids[start : start + BATCH]
            rows = self._rows(
                f"SELECT {ENTRY}, rowid FROM operations WHERE rowid IN ({', '.join('?' * len(piece))})", piece
            )
            by_rowid = {row[-1]: row[:-1] for row in rows}
            yield from (_entry(by_rowid[rowid]) for rowid in piece)

    def columns(self, names: Sequence[str], **chosen: Any) -> Iterator[tuple[Any, ...]]:
        """Fields of operations as stored, in the order in which the ledger first heard of them; see LedgerPort."""
        if unknown := set(names) - set(ENTRY.split(", ")):
            raise ValueError(f"an operation has no {', '.join(sorted(unknown))}")
        where, values = _chosen(**chosen)
        query = f"SELECT rowid, {', '.join(names)} FROM operations WHERE {where} AND rowid > ? ORDER BY rowid LIMIT ?"
        last = 0
        while rows := self._rows(query, [*values, last, 10 * BATCH]):
            yield from (row[1:] for row in rows)
            last = rows[-1][0]

    def counts(self) -> list[dict[str, Any]]:
        """Rows of object, target, kind, state, count."""
        rows = self._rows(
            "SELECT object, target, kind, state, COUNT(*) FROM operations GROUP BY object, target, kind, state ORDER BY 1, 2, 3, 4"
        )
        return [dict(zip(("object", "target", "kind", "state", "count"), row, strict=True)) for row in rows]

    def source_ids(self, object_: str) -> frozenset[str]:
        """The source ids of `object_` that any operation is about."""
        rows = self._rows("SELECT DISTINCT source_id FROM operations WHERE object = ?", (object_,))
        return frozenset(row[0] for row in rows)

    # Approvals, log, requests, facts

    def approve(self, gate: str, subject_hash: str, who: str, *, forced: bool = False, note: str = "") -> Approval:
        """Record an approval of `gate` for exactly the subject with this hash."""
        approval = Approval(gate, subject_hash, who, stamp(self._clock.now()), forced, note)
        with self._transaction() as db:
            db.execute(
                "INSERT INTO approvals (gate, subject_hash, who, at, forced, note) VALUES (?, ?, ?, ?, ?, ?)",
                (gate, subject_hash, who, approval.at, int(forced), note),
            )
            detail = f"{gate} {subject_hash[:12]} by {who}{' (forced)' if forced else ''}{': ' + note if note else ''}"
            self._append(db, [chain.line(approval.at, "", "approve", detail=detail)])
        return approval

    def approval(self, gate: str) -> Approval | None:
        """The latest approval of `gate`."""
        rows = self._rows(
            "SELECT gate, subject_hash, who, at, forced, note FROM approvals WHERE gate = ? ORDER BY n DESC LIMIT 1",
            (gate,),
        )
        return Approval(*rows[0][:4], bool(rows[0][4]), rows[0][5]) if rows else None

    def log(self, run_id: str, action: str, detail: str = "", **about: str) -> None:
        """Append to the audit log something that is no operation."""
        with self._transaction() as db:
            self._append(db, [chain.line(stamp(self._clock.now()), run_id, action, detail, **about)])

    def _append(self, db: sqlite3.Connection, lines: Iterable[LogEntry]) -> None:
        number, previous = self._head(db)
        sealed = []
        for line in lines:
            number += 1
            entry = chain.seal(replace(line, number=number, previous_hash=previous))
            previous = entry.hash
            sealed.append(tuple(getattr(entry, name) for name in chain.COLUMNS))
        db.executemany(f"INSERT INTO audit_log VALUES ({', '.join('?' * len(chain.COLUMNS))})", sealed)
        db.execute("INSERT OR REPLACE INTO meta VALUES ('audit_head', ?)", (_dump([number, previous]),))

    @staticmethod
    def _head(db: sqlite3.Connection) -> tuple[int, str]:
        row = db.execute("SELECT value FROM meta WHERE key = 'audit_head'").fetchone()
        return tuple(json.loads(row[0])) if row else (0, chain.GENESIS)

    def audit_log(self) -> Iterator[LogEntry]:
        """The audit log, oldest first."""
        last = 0
        while rows := self._rows("SELECT * FROM audit_log WHERE number > ? ORDER BY number LIMIT ?", (last, BATCH)):
            yield from (LogEntry(*row) for row in rows)
            last = rows[-1][0]

    def log_head(self) -> tuple[int, str]:
        """(number, hash) of the latest audit entry."""
        with self._mutex:
            return self._head(self._db)

    def verify_log(self) -> int | None:
        """The number of the first audit entry that was changed or removed; None when the chain holds."""
        return chain.first_broken(self.audit_log(), self.log_head())

    def requests_today(self) -> int:
        """Requests sent since midnight UTC, when HighLevel's daily allowance begins anew."""
        state = self.recall(DAILY) or {}
        return int(state.get("used") or 0) if state.get("day") == self._clock.now().date().isoformat() else 0

    def remember(self, key: str, value: Any) -> None:
        """Keep a JSON-able fact under `key`."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"fact:{key}", _dump(value)))

    def recall(self, key: str) -> Any:
        """The fact kept under `key`; None when there is none."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (f"fact:{key}",))
        return json.loads(rows[0][0]) if rows else None
