"""The ledger in SQL, whatever database keeps it: one transaction a group of records, statements that every database takes."""

from __future__ import annotations

import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

from pb2hl.clock import Clock, stamp
from pb2hl.errors import ConfigError
from pb2hl.ledger import chain
from pb2hl.ledger.port import DAILY, Approval, Entry, Intent, LogEntry, Outcome, Run, State
from pb2hl.ledger.rows import BATCH, chosen_by, clean, dump, entry_of, finish_row, intent_row, log_line, register_row
from pb2hl.ledger.schema import APPEND, ENTRY, FINISH, INTEND, REGISTER, REMEMBER
from pb2hl.operations import Target


class Database(Protocol):
    """A connection inside a transaction. Placeholders are `?`; a statement holds no other question mark and no percent sign."""

    def execute(self, query: str, values: Sequence[Any] = ()) -> None:
        """Carry out one statement."""

    def executemany(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        """Carry out one statement for every row, in as few round trips as the database allows."""

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""


class SqlLedger(ABC):
    """What `LedgerPort` promises, out of `transaction` and `_rows` of a database. Safe to share between threads."""

    name: str
    """What messages call it: a file or the name of a schema."""

    def __init__(self, location: str, source: str, clock: Clock):
        self.location = location
        self.source = source
        self._clock = clock
        self._sequence = 0

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Database]:
        """One durable transaction, or none of it; Pb2hlError when it cannot be written."""

    @abstractmethod
    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query outside a transaction."""

    @abstractmethod
    def close(self) -> None:
        """Release the database."""

    def __enter__(self) -> SqlLedger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> None:
        """Make sure that the database belongs to this migration, and read where its sequence stands."""
        self._check_owner()
        self._sequence = int(self.rows("SELECT COALESCE(MAX(sequence), 0) FROM operations")[0][0])

    def _check_owner(self) -> None:
        for key, value in (("location", self.location), ("source", self.source)):
            rows = self.rows("SELECT value FROM meta WHERE key = ?", (key,))
            if not rows or (rows[0][0] != value and self.is_blank()):
                with self.transaction() as db:
                    db.execute(REMEMBER, (key, value))
            elif rows[0][0] != value:
                raise ConfigError(
                    f"{self.name} belongs to {key} {rows[0][0]}, migration.toml says {value}",
                    hint=f"put {key} back in migration.toml, or make a workspace of its own with pb2hl init",
                )

    def is_blank(self) -> bool:
        """Whether the ledger was only looked into: it serves a location that was mistyped as well as any other."""
        used = [f"SELECT EXISTS (SELECT 1 FROM {table})" for table in ("runs", "operations", "approvals", "audit_log")]
        facts = self.rows("SELECT EXISTS (SELECT 1 FROM meta WHERE substr(key, 1, 5) = ?)", ("fact:",))
        return not facts[0][0] and not any(self.rows(query)[0][0] for query in used)

    # Runs

    def start_run(self, step: str, facts: Mapping[str, Any] | None = None) -> str:
        """Record that a run of `step` begins; its id, which sorts by time."""
        now = stamp(self._clock.now())
        run_id = f"{now[:19].replace(':', '').replace('-', '')}-{step}-{uuid.uuid4().hex[:6]}"
        with self.transaction() as db:
            db.execute(
                "INSERT INTO runs (run_id, step, started_at, facts) VALUES (?, ?, ?, ?)",
                (run_id, step, now, dump(dict(facts or {}))),
            )
            self._append(db, [chain.line(now, run_id, "run started", detail=step)])
        return run_id

    def end_run(self, run_id: str, status: str, facts: Mapping[str, Any] | None = None) -> None:
        """Record how the run ended."""
        now = stamp(self._clock.now())
        with self.transaction() as db:
            known = json.loads(db.rows("SELECT facts FROM runs WHERE run_id = ?", (run_id,))[0][0])
            db.execute(
                "UPDATE runs SET ended_at = ?, status = ?, facts = ? WHERE run_id = ?",
                (now, status, dump({**known, **dict(facts or {})}), run_id),
            )
            self._append(db, [chain.line(now, run_id, "run ended", detail=status)])

    def runs(self) -> list[Run]:
        """Every run, oldest first."""
        rows = self.rows("SELECT run_id, step, started_at, ended_at, status, facts FROM runs ORDER BY rowid")
        return [Run(row[0], row[1], row[2], row[3], row[4], json.loads(row[5])) for row in rows]

    # Operations

    def record(self, run_id: str, intents: Sequence[Intent] = (), outcomes: Sequence[Outcome] = ()) -> None:
        """Make `intents` and `outcomes` durable together, and log the outcomes."""
        now = self._clock.now().isoformat(timespec="milliseconds")
        with self.transaction() as db:
            if known := [outcome.operation for outcome in outcomes if outcome.operation is not None]:
                db.executemany(REGISTER, [register_row(self, run_id, op) for op in known])
            if outcomes:
                rows = []
                for outcome in outcomes:
                    self._sequence += 1
                    rows.append(finish_row(run_id, outcome, now, self._sequence))
                db.executemany(FINISH, rows)
            if intents:
                db.executemany(INTEND, [intent_row(self, run_id, intent, now) for intent in intents])
            if outcomes:
                self._append(db, self._log_lines(db, run_id, outcomes, now))

    def intend(self, run_id: str, intents: Sequence[Intent]) -> None:
        """Make `intents` durable before anything is sent."""
        self.record(run_id, intents=intents)

    def finish(self, run_id: str, outcomes: Sequence[Outcome]) -> None:
        """Make `outcomes` durable."""
        self.record(run_id, outcomes=outcomes)

    def keep_before(self, run_id: str, op_id: str, before_image: Mapping[str, Any]) -> None:
        """From now on the operation replaced this: an earlier update of the same record was taken back from under it."""
        with self.transaction() as db:
            db.execute("UPDATE operations SET before_image = ? WHERE op_id = ?", (dump(dict(before_image)), op_id))
            detail = "takes over what an earlier update of the same record had replaced"
            self._append(db, [chain.line(stamp(self._clock.now()), run_id, "before-image", detail, op_id=op_id)])

    def _log_lines(self, db: Database, run_id: str, outcomes: Sequence[Outcome], now: str) -> list[LogEntry]:
        found: dict[str, tuple[Any, ...]] = {}
        for start in range(0, len(outcomes), BATCH):
            piece = [outcome.op_id for outcome in outcomes[start : start + BATCH]]
            marks = ", ".join("?" * len(piece))
            names = "op_id, kind, object, source_id, target, destination_id, trace_id"
            found |= {
                row[0]: row[1:] for row in db.rows(f"SELECT {names} FROM operations WHERE op_id IN ({marks})", piece)
            }
        return [log_line(run_id, outcome, found[outcome.op_id], now) for outcome in outcomes]

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
            for row in self.rows(f"SELECT {ENTRY} FROM operations WHERE {column} IN ({marks}) ORDER BY rowid", piece):
                yield entry_of(row)

    def destination_id(self, op_id: str) -> str:
        """The id HighLevel gave to what the operation made; empty when it made nothing (yet)."""
        entry = self.operation(op_id)
        return entry.destination_id if entry else ""

    def answer(self, op_id: str) -> Mapping[str, Any]:
        """What HighLevel answered to the operation."""
        entry = self.operation(op_id)
        return entry.answer if entry else {}

    def iterate(
        self,
        *,
        state: State | Sequence[State] = (),
        target: Target | None = None,
        run: str = "",
        part: str = "",
        reverse: bool = False,
    ) -> Iterator[Entry]:
        """Operations in the order of their outcomes (or against it), fetched in batches; see LedgerPort.

        An operation whose outcome is recorded meanwhile moves to the end; the walk does not visit it twice.
        """
        where, values = chosen_by(state, target, run, part)
        direction = "DESC" if reverse else "ASC"
        query = f"SELECT rowid FROM operations WHERE {where} ORDER BY sequence {direction}, rowid {direction}"
        rowids = [row[0] for row in self.rows(query, values)]
        for start in range(0, len(rowids), BATCH):
            piece = rowids[start : start + BATCH]
            marks = ", ".join("?" * len(piece))
            rows = self.rows(f"SELECT {ENTRY}, rowid FROM operations WHERE rowid IN ({marks})", piece)
            by_rowid = {row[-1]: row[:-1] for row in rows}
            yield from (entry_of(by_rowid[rowid]) for rowid in piece)

    def columns(
        self,
        names: Sequence[str],
        *,
        state: State | Sequence[State] = (),
        target: Target | None = None,
        run: str = "",
        part: str = "",
    ) -> Iterator[tuple[Any, ...]]:
        """Fields of operations as stored, in the order in which the ledger first heard of them; see LedgerPort."""
        if unknown := set(names) - set(ENTRY.split(", ")):
            raise ValueError(f"an operation has no {', '.join(sorted(unknown))}")
        where, values = chosen_by(state, target, run, part)
        query = f"SELECT rowid, {', '.join(names)} FROM operations WHERE {where} AND rowid > ? ORDER BY rowid LIMIT ?"
        last = 0
        while rows := self.rows(query, [*values, last, 10 * BATCH]):
            yield from (row[1:] for row in rows)
            last = rows[-1][0]

    def counts(self) -> list[dict[str, Any]]:
        """Rows of object, target, kind, state, count."""
        names = ("object", "target", "kind", "state")
        rows = self.rows(f"SELECT {', '.join(names)}, COUNT(*) FROM operations GROUP BY {', '.join(names)}")
        return [dict(zip((*names, "count"), row, strict=True)) for row in sorted(rows)]

    def source_ids(self, object_: str) -> frozenset[str]:
        """The source ids of `object_` that any operation is about."""
        rows = self.rows("SELECT DISTINCT source_id FROM operations WHERE object = ?", (object_,))
        return frozenset(row[0] for row in rows)

    # Approvals, log, requests, facts

    def approve(self, gate: str, subject_hash: str, who: str, *, forced: bool = False, note: str = "") -> Approval:
        """Record an approval of `gate` for exactly the subject with this hash."""
        approval = Approval(gate, subject_hash, who, stamp(self._clock.now()), forced, note)
        with self.transaction() as db:
            db.execute(
                "INSERT INTO approvals (gate, subject_hash, who, at, forced, note) VALUES (?, ?, ?, ?, ?, ?)",
                (gate, subject_hash, who, approval.at, int(forced), note),
            )
            detail = f"{gate} {subject_hash[:12]} by {who}{' (forced)' if forced else ''}{': ' + note if note else ''}"
            self._append(db, [chain.line(approval.at, "", "approve", detail=detail)])
        return approval

    def approval(self, gate: str) -> Approval | None:
        """The latest approval of `gate`."""
        names = "gate, subject_hash, who, at, forced, note"
        rows = self.rows(f"SELECT {names} FROM approvals WHERE gate = ? ORDER BY n DESC LIMIT 1", (gate,))
        return Approval(rows[0][0], rows[0][1], rows[0][2], rows[0][3], bool(rows[0][4]), rows[0][5]) if rows else None

    def log(self, run_id: str, action: str, detail: str = "", **about: str) -> None:
        """Append to the audit log something that is no operation."""
        with self.transaction() as db:
            self._append(db, [chain.line(stamp(self._clock.now()), run_id, action, detail, **about)])

    def _append(self, db: Database, lines: Iterable[LogEntry]) -> None:
        number, previous = self._head(db.rows)
        sealed = []
        for line in lines:
            number += 1
            kept = LogEntry(*clean([getattr(line, name) for name in chain.COLUMNS]))
            entry = chain.seal(replace(kept, number=number, previous_hash=previous))
            previous = entry.hash
            sealed.append(tuple(getattr(entry, name) for name in chain.COLUMNS))
        db.executemany(APPEND, sealed)
        db.execute(REMEMBER, ("audit_head", dump([number, previous])))

    @staticmethod
    def _head(read: Any) -> tuple[int, str]:
        rows = read("SELECT value FROM meta WHERE key = ?", ("audit_head",))
        number, hash_ = json.loads(rows[0][0]) if rows else (0, chain.GENESIS)
        return int(number), str(hash_)

    def audit_log(self) -> Iterator[LogEntry]:
        """The audit log, oldest first."""
        query = f"SELECT {', '.join(chain.COLUMNS)} FROM audit_log WHERE number > ? ORDER BY number LIMIT ?"
        last = 0
        while rows := self.rows(query, (last, BATCH)):
            yield from (LogEntry(*row) for row in rows)
            last = rows[-1][0]

    def has_logged(self, number: int, hash: str) -> bool:
        """Whether the audit entry of this number has this hash."""
        return bool(self.rows("SELECT 1 FROM audit_log WHERE number = ? AND hash = ?", (number, hash)))

    def log_head(self) -> tuple[int, str]:
        """(number, hash) of the latest audit entry."""
        return self._head(self.rows)

    def verify_log(self) -> int | None:
        """The number of the first audit entry that was changed or removed; None when the chain holds."""
        return chain.first_broken(self.audit_log(), self.log_head())

    def requests_today(self) -> int:
        """Requests sent since midnight UTC, when HighLevel's daily allowance begins anew."""
        state = self.recall(DAILY) or {}
        return int(state.get("used") or 0) if state.get("day") == self._clock.now().date().isoformat() else 0

    def remember(self, key: str, value: Any) -> None:
        """Keep a JSON-able fact under `key`."""
        with self.transaction() as db:
            db.execute(REMEMBER, (f"fact:{key}", dump(value)))

    def recall(self, key: str) -> Any:
        """The fact kept under `key`; None when there is none."""
        rows = self.rows("SELECT value FROM meta WHERE key = ?", (f"fact:{key}",))
        return json.loads(rows[0][0]) if rows else None
