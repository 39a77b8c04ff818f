"""What the engine asks of a ledger, whatever database keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pb2hl.operations import Kind, Operation, Target


class State(StrEnum):
    """Where an operation stands."""

    PLANNED = "planned"  # nothing was sent: not yet, or it waits for another operation (`error` says which)
    INTENDED = "intended"  # the intent is durable, the request may have left, no outcome is recorded
    IN_DOUBT = "in_doubt"  # a request left and no usable answer came: looked up before anything is sent again
    DONE = "done"  # HighLevel holds it; `destination_id` says where
    REFUSED = "refused"  # HighLevel will never take it as it is; `error` says why
    SKIPPED = "skipped"  # a decision left it out, or the record was already there
    UNDONE = "undone"  # rolled back


OPEN = (State.INTENDED, State.IN_DOUBT)
"""States of an operation that may or may not have happened."""


DAILY = "daily"
"""The fact under which the day's requests are kept: `{"day", "limit", "used", "remaining", "resumes_at"}`."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be sent: the operation, its payload with every reference resolved, and what it would replace."""

    operation: Operation
    payload: Mapping[str, Any]
    before_image: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one operation ended. `losses` names what HighLevel would not take of it; `payload` is set when less was sent
    than intended. `operation` must be given for an outcome without an intent (skips, held operations)."""

    op_id: str
    state: State
    destination_id: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    trace_id: str = ""
    losses: tuple[str, ...] = ()
    payload: Mapping[str, Any] | None = None
    operation: Operation | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation as the ledger knows it. Times are ISO 8601 UTC; `sequence` is the order in which outcomes came."""

    op_id: str
    state: State
    kind: Kind
    target: Target
    object: str
    source_id: str
    part: str
    payload: Mapping[str, Any]
    payload_hash: str
    marker: str
    existing_id: str
    destination_id: str
    answer: Mapping[str, Any]
    before_image: Mapping[str, Any] | None
    run_id: str
    attempts: int
    error: str
    trace_id: str
    losses: tuple[str, ...]
    sequence: int
    intended_at: str
    finished_at: str
    undone_by: str

    def operation(self) -> Operation:
        """The operation this entry is about, with the payload as it was sent."""
        return Operation(
            self.op_id, self.kind, self.target, self.object, self.source_id, self.part, dict(self.payload),
            (), self.marker, self.existing_id,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a step that writes. `status` is empty while it runs (or when it was killed)."""

    run_id: str
    step: str
    started_at: str
    ended_at: str
    status: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's approval of a gate. `subject_hash` is the SHA-256 of what was approved."""

    gate: str
    subject_hash: str
    who: str
    at: str
    forced: bool
    note: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the audit log. `hash` covers the line and the hash of the line before."""

    number: int
    at: str
    run_id: str
    op_id: str
    action: str
    object: str
    source_id: str
    target: str
    destination_id: str
    trace_id: str
    detail: str
    previous_hash: str
    hash: str


class LedgerPort(Protocol):
    """A ledger. Each writing call is one durable transaction: when it returns, a power cut loses nothing of it."""

    location: str
    source: str

    def start_run(self, step: str, facts: Mapping[str, Any] | None = None) -> str:
        """Record that a run of `step` begins; its id."""

    def end_run(self, run_id: str, status: str, facts: Mapping[str, Any] | None = None) -> None:
        """Record how the run ended."""

    def runs(self) -> list[Run]:
        """Every run, oldest first."""

    def record(self, run_id: str, intents: Sequence[Intent] = (), outcomes: Sequence[Outcome] = ()) -> None:
        """Make `intents` and `outcomes` durable together."""

    def intend(self, run_id: str, intents: Sequence[Intent]) -> None:
        """Make `intents` durable before anything is sent."""

    def finish(self, run_id: str, outcomes: Sequence[Outcome]) -> None:
        """Make `outcomes` durable."""

    def keep_before(self, run_id: str, op_id: str, before_image: Mapping[str, Any]) -> None:
        """From now on the operation replaced this: an earlier update of the same record was taken back from under it."""

    def operation(self, op_id: str) -> Entry | None:
        """The operation, or None when the ledger never heard of it."""

    def entries(self, op_ids: Iterable[str]) -> dict[str, Entry]:
        """The known ones of `op_ids`."""

    def by_destination(self, ids: Iterable[str]) -> list[Entry]:
        """The operations about the records with these destination ids."""

    def iterate(
        self,
        *,
        state: State | Sequence[State] = (),
        target: Target | None = None,
        run: str = "",
        part: str = "",
        reverse: bool = False,
    ) -> Iterator[Entry]:
        """Operations in the order of their outcomes (or against it), without loading them all; `part`: how theirs begins."""

    def columns(
        self,
        names: Sequence[str],
        *,
        state: State | Sequence[State] = (),
        target: Target | None = None,
        run: str = "",
        part: str = "",
    ) -> Iterator[tuple[Any, ...]]:
        """The fields `names` (as `Entry` calls them) of the same operations, as stored: nothing is decoded."""

    def counts(self) -> list[dict[str, Any]]:
        """Rows of object, target, kind, state, count."""

    def source_ids(self, object_: str) -> frozenset[str]:
        """The source ids of `object_` that any operation is about."""

    def approve(self, gate: str, subject_hash: str, who: str, *, forced: bool = False, note: str = "") -> Approval:
        """Record an approval."""

    def approval(self, gate: str) -> Approval | None:
        """The latest approval of `gate`."""

    def log(self, run_id: str, action: str, detail: str = "", **about: str) -> None:
        """Append to the audit log something that is no operation."""

    def audit_log(self) -> Iterator[LogEntry]:
        """The audit log, oldest first."""

    def has_logged(self, number: int, hash: str) -> bool:
        """Whether the audit entry of this number has this hash."""

    def log_head(self) -> tuple[int, str]:
        """(number, hash) of the latest audit entry: kept elsewhere, it shows that a log was cut or written anew."""

    def verify_log(self) -> int | None:
        """The number of the first audit entry that was changed or removed; None when the chain holds."""

    def requests_today(self) -> int:
        """Requests sent since midnight UTC."""

    def remember(self, key: str, value: Any) -> None:
        """Keep a JSON-able fact under `key`."""

    def recall(self, key: str) -> Any:
        """The fact kept under `key`; None when there is none."""

    def close(self) -> None:
        """Release the database."""
