"""What a load left in the ledger, as tables that results and reports share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from pb2hl.apply.send import UNCLEARED
from pb2hl.errors import Problem, Severity
from pb2hl.ledger import LedgerPort, State
from pb2hl.operations import DATA_TARGETS, Target
from pb2hl.plan.records.legal import LABELS
from pb2hl.sheets import table_rows
from pb2hl.values.counting import counted

RECORD_OF = {
    "contacts": Target.CONTACT,
    "companies": Target.BUSINESS,
    "deals": Target.OPPORTUNITY,
    "notes": Target.NOTE,
    "tasks": Target.TASK,
    "appointments": Target.APPOINTMENT,
    "activities": Target.NOTE,
    "attachments": None,
    **dict.fromkeys(LABELS, Target.OBJECT_RECORD),
}
"""The record that carries the cells of a source row; attachments become files, media or notes.
Tables of the legal edition have records where they land as custom objects, else they are reported."""


def records_of(object_: str) -> tuple[Target | None, ...]:
    """The kinds of records that can carry the cells of a row: activities are notes, messages or appointments."""
    return (
        (RECORD_OF[object_], Target.MESSAGE, Target.APPOINTMENT) if object_ == "activities" else (RECORD_OF[object_],)
    )


ERROR_COLUMNS = ("state", "target", "object", "source_id", "kind", "error", "trace_id", "at")
NOT_LANDED = (State.REFUSED, State.IN_DOUBT, State.INTENDED, State.PLANNED, State.SKIPPED)
_DATA = frozenset(str(target) for target in DATA_TARGETS)
MOST_ALIKE = 20
"""Reasons of one state and target that are told one by one; more are told as one problem with examples."""
MOST_LISTED = 100_000


def outcomes(ledger: LedgerPort, targets: Iterable[str] = DATA_TARGETS) -> pd.DataFrame:
    """Rows of object, target, kind, state, count."""
    wanted = {str(target) for target in targets}
    rows = [row for row in ledger.counts() if row["target"] in wanted]
    return pd.DataFrame(rows, columns=["object", "target", "kind", "state", "count"])


def errors(ledger: LedgerPort, states: Iterable[State] = NOT_LANDED) -> pd.DataFrame:
    """Every operation that has not landed, and why (ERROR_COLUMNS); at most 100,000 are listed.

    Of the skipped ones only those are listed that no record in the location stands for, such as a file that is too big.
    """
    rows = []
    for entry in ledger.iterate(state=tuple(states)):
        if entry.state is State.SKIPPED and (entry.destination_id or str(entry.target) not in _DATA):
            continue
        rows.append(
            (
                str(entry.state),
                str(entry.target),
                entry.object,
                entry.source_id,
                str(entry.kind),
                entry.error,
                entry.trace_id,
                entry.finished_at,
            )
        )
        if len(rows) >= MOST_LISTED:
            break
    return pd.DataFrame(rows, columns=list(ERROR_COLUMNS))


TIMELINE = (1, 5, 15, 60, 300, 900, 3600, 4 * 3600)
"""Seconds of an interval of the timeline: the shortest that gives at most `MOST_INTERVALS`."""
MOST_INTERVALS = 80


def timeline(ledger: LedgerPort) -> pd.DataFrame:
    """Rows of at (start of the interval, UTC), operations that were done in it; the last run's days and all before."""
    moments = pd.Series([at for (at,) in ledger.columns(["finished_at"], state=State.DONE) if at], dtype="str")
    if moments.empty:
        return pd.DataFrame({"at": pd.Series(dtype="str"), "operations": pd.Series(dtype="int64")})
    times = pd.to_datetime(moments, utc=True, format="ISO8601")
    span = (times.max() - times.min()).total_seconds()
    seconds = next((s for s in TIMELINE if span / s <= MOST_INTERVALS), TIMELINE[-1])
    counts = times.dt.floor(f"{seconds}s").value_counts().sort_index()
    counts = counts.asfreq(f"{seconds}s", fill_value=0) if span / seconds <= MOST_INTERVALS else counts
    return pd.DataFrame(
        {"at": pd.DatetimeIndex(counts.index).strftime("%Y-%m-%dT%H:%M:%SZ"), "operations": counts.to_numpy()}
    )


def log_head(ledger: LedgerPort) -> dict[str, Any]:
    """The audit log's length and last hash, as every step that writes tells them: outside of the ledger they are proof."""
    number, last = ledger.log_head()
    return {"audit_log_entries": number, "audit_log_head": last}


def losses(ledger: LedgerPort) -> pd.DataFrame:
    """What HighLevel would not take of records that landed: object, what, records."""
    found: dict[tuple[str, str], int] = {}
    for object_, losses_ in ledger.columns(["object", "losses"], state=State.DONE):
        for loss in json.loads(losses_) if losses_ != "[]" else ():
            found[object_, loss] = found.get((object_, loss), 0) + 1
    return pd.DataFrame([(*key, count) for key, count in sorted(found.items())], columns=["object", "what", "records"])


def not_cleared(ledger: LedgerPort) -> list[Problem]:
    """Values that a later export no longer has and that HighLevel keeps although it was told to clear them."""
    ending = UNCLEARED.format("")
    table = losses(ledger)
    table = table[table["what"].str.endswith(ending)]
    return [
        Problem("not_cleared", f"{row.object}.{row.what.removesuffix(ending)}: HighLevel keeps {counted(row.records, 'value')} that the later "
                "export no longer has", count=row.records, treatment="the old value stays; clear it by hand if it must go")
        for row in table_rows(table)
    ]  # fmt: skip


def counts_of(table: pd.DataFrame) -> dict[str, int]:
    """Operations by state, flat."""
    if table.empty:
        return {}
    return {str(state): int(count) for state, count in table.groupby("state")["count"].sum().items()}


_TRACE = re.compile(r" ?\(traceId [^)]*\)")
_ID = re.compile(r"(?<=/)(?=[A-Za-z_-]{0,40}\d)[\w-]{15,64}(?=[/?:\s]|$)")
"""What tells one refusal from the next that is the same, a request and a record: it stands in the table of open pieces, not in sentences."""


_HELD_BY = re.compile(r"blocked by ([\w-]+) of \S+ .*?, which is (\w+)")
"""How the executor says what an operation waits for (`apply.references.finished`)."""


def reason(error: Any) -> str:
    """An answer of HighLevel, or what something waits for, as the reason that records share, whatever record it is about."""
    return _HELD_BY.sub(_needed, _ID.sub("…", _TRACE.sub("", str(error))))


def _needed(held: re.Match[str]) -> str:
    return f"the {held[1]} that it needs is {STANDS.get(held[2], held[2])}"


STANDS = {"planned": "held", "intended": "in doubt", "in_doubt": "in doubt", "skipped": "not sent"}
"""State of an operation → how people are told of it where it is another word."""


WAITS = "sent by the next load, or delta of the same export, once what it waits for is there"
LOOKED_UP = "looked up by the next load, never sent blind"
"""What becomes of an operation that is held, and of one in doubt."""


def problems_of(table: pd.DataFrame) -> tuple[Problem, ...]:
    """One problem a (state, target, reason), with its count and first source ids; causes stand before what waits for them."""
    if table.empty:
        return ()
    found = []
    table = table.assign(error=table["error"].map(reason))
    reasons = table.groupby(["state", "target"])["error"]
    firsts = reasons.transform("first") + " and reasons alike"
    grouped = table.assign(error=table["error"].where(reasons.transform("nunique") <= MOST_ALIKE, firsts))
    for (state, target, error), group in grouped.groupby(["state", "target", "error"], sort=True):
        ids = ", ".join(group["source_id"].drop_duplicates().head(5))
        what = STANDS.get(str(state), str(state))
        text = f"{target} {what}: {error or 'no outcome is recorded'} ({ids})"
        treatment = {"held": WAITS, "in doubt": LOOKED_UP}.get(what, "listed with its reason")
        found.append(
            Problem(
                what.replace(" ", "_"),
                text,
                Severity.WARNING if state == State.SKIPPED else Severity.CRITICAL,
                count=len(group),
                treatment=treatment,
            )
        )
    return tuple(sorted(found, key=lambda problem: problem.code == "held"))
