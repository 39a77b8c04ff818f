"""The audit log's hash chain: each entry's hash covers its content and the hash of the entry before."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields, replace

from pb2hl.ledger.port import LogEntry
from pb2hl.operations import canonical_hash
from pb2hl.sheets import guard

GENESIS = "0" * 64
COLUMNS = tuple(item.name for item in fields(LogEntry))


def line(at: str, run_id: str, action: str, detail: str = "", **about: str) -> LogEntry:
    """An entry to be numbered and sealed; `about`: op_id, object, source_id, target, destination_id, trace_id."""
    subject = {"op_id": "", "object": "", "source_id": "", "target": "", "destination_id": "", "trace_id": "", **about}
    return LogEntry(number=0, at=at, run_id=run_id, action=action, detail=detail, previous_hash="", hash="", **subject)


def seal(entry: LogEntry) -> LogEntry:
    """`entry` with its hash."""
    body = asdict(entry)
    body.pop("hash")
    return replace(entry, hash=canonical_hash(body))


def first_broken(entries: Iterable[LogEntry], head: tuple[int, str]) -> int | None:
    """The number of the first entry that was changed, or whose predecessor was removed.

    `head` is the (number, hash) of the last entry as the ledger remembers it: a log cut short is found too.
    """
    number, previous = 0, GENESIS
    for entry in entries:
        if entry.number != number + 1 or entry.previous_hash != previous or seal(entry).hash != entry.hash:
            return number + 1
        number, previous = entry.number, entry.hash
    return None if (number, previous) == head else number + 1


def as_jsonl(entries: Iterable[LogEntry]) -> Iterator[str]:
    """One JSON line an entry."""
    for entry in entries:
        yield json.dumps(asdict(entry), ensure_ascii=False) + "\n"


def as_csv(entries: Iterable[LogEntry]) -> Iterator[str]:
    """CSV lines with a heading, safe to open in a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in (COLUMNS, *(tuple(asdict(entry).values()) for entry in entries)):
        writer.writerow([guard(str(cell)) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
