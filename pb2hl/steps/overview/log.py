"""The audit log: verify its chain, export it as CSV or JSON Lines."""

from __future__ import annotations

from pathlib import Path

from pb2hl.errors import ConfigError, Problem, Severity
from pb2hl.ledger import Ledger, LedgerPort
from pb2hl.ledger.chain import as_csv, as_jsonl
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.register import results
from pb2hl.results import Status, StepResult
from pb2hl.whole import replacing
from pb2hl.workspace import Workspace

STEP = "log"
WRITERS = {".csv": as_csv, ".jsonl": as_jsonl}


def log(
    ws: Workspace,
    *,
    verify: bool = False,
    export: Path | None = None,
    head: str = "",
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
) -> StepResult:
    """Verify the hash chain of the audit log and, with `export`, write it to that .csv or .jsonl file.

    The chain has to hold, and every end that a step told (in its saved result, in its report) has to be in it still: a log
    that was cut off or sealed anew as a whole is found by them. `head` is such an end that a person kept elsewhere.
    The result is FAILED when an entry was changed or removed. Raises ConfigError for another kind of file.
    """
    if export is not None and export.suffix.lower() not in WRITERS:
        raise ConfigError(f"{export.name}: the audit log is written as .csv or .jsonl", hint="give a name that ends so")
    with Ledger.open(ws) as ledger:
        broken = _first_broken(ws, ledger, head)
        written = 0
        if export is not None:
            with replacing(export) as temporary, open(temporary, "w", encoding="utf-8", newline="") as out:
                for line in WRITERS[export.suffix.lower()](ledger.audit_log()):
                    out.write(line)
                    written += 1
        total = sum(1 for _ in ledger.audit_log())
        last = ledger.log_head()[1]
    problems: tuple[Problem, ...] = ()
    if broken is not None:
        text = f"entry {broken} of the audit log was changed or removed, or follows one that was"
        problems = (Problem("audit_log", text, Severity.CRITICAL, row=broken),)
    return StepResult(
        step=STEP,
        status=Status.DONE if broken is None else Status.FAILED,
        headline=f"The audit log of {total:,} entries is whole."
        if broken is None
        else f"The audit log is broken at entry {broken}.",
        counts={"entries": total, "first_broken": broken or 0, "lines_written": written, "head": last},
        problems=problems,
    )


def _first_broken(ws: Workspace, ledger: LedgerPort, head: str) -> int | None:
    """The number of the first entry that does not hold, by the chain itself or by an end that was told of it."""
    exported = _exported_hashes(ws)
    number, first = 0, ledger.verify_log()
    found = set() if first is None else {first}
    for entry in ledger.audit_log():
        number = entry.number
        if exported.pop(number, entry.hash) != entry.hash:
            found.add(number)
        head = "" if entry.hash == head else head
    if exported or head:
        found.add(number + 1)
    return min(found, default=None)


def _exported_hashes(ws: Workspace) -> dict[int, str]:
    """Number → hash of the ends of the log that saved results tell."""
    counts = [result.counts for name in results() if (result := StepResult.load(ws.results(name)))]
    return {int(one["audit_log_entries"]): str(one["audit_log_head"]) for one in counts if one.get("audit_log_entries")}
