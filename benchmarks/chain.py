"""CPU seconds, peak memory and exponent of every step from files to audit, on the command line, against a sandbox without limits.

The exponent is that of the CPU seconds beyond what the step costs a tiny export, from a tenth of the records to all of them: 1 is
linear. A made-up export of N records (contacts 30 %, companies 5 %, deals 15 %, notes 30 %, tasks 20 %) goes from inventory to audit, a
delta with the same export (nothing may be sent) and the plan of a rollback. Aimed at: every step under 6 GiB at 1,000,000 records.
With `--contacts` N counts contacts, each with 0.3 companies, 0.5 deals and 2 notes, and the steps end with the schema: what has to be
thought before anything is written. Aimed at: 1,000,000 contacts in 15 CPU minutes and 4 GiB.
Usage: python benchmarks/chain.py [N, default 20000; 200000 and 1000000 on a machine with nothing beside it] [--contacts]
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from rehearsal import LOCATION, TOKEN, rehearsal
from scale import SHARES, tables

HEADINGS = {
    "contacts": ("first_name", "last_name", "email", "city", "country", "company_id", "created_at"),
    "companies": ("name", "city", "country", "created_at"),
    "deals": ("name", "contact_id", "pipeline", "stage", "amount", "created_at"),
    "notes": ("body", "contact_id", "created_at"),
    "tasks": ("title", "contact_id", "completed", "created_at"),
}
"""The columns that are exported, under headings of the same words."""

CONTACTS = {"contacts": 1 / 3.8, "companies": 0.3 / 3.8, "deals": 0.5 / 3.8, "notes": 2 / 3.8}
"""What part of the records each table is with `--contacts`."""

STEPS = (
    ("inventory",), ("match",), ("mapping",), ("approve", "mapping", "--by", "bench", "--force"), ("check",), ("schema",),
    ("approve", "schema", "--by", "bench"), ("schema", "--apply", "--yes"), ("sample", "--yes"), ("approve", "sample", "--by", "bench"),
    ("load", "--yes"), ("audit",), ("delta", "--export", "EXPORT", "--yes"), ("rollback", "--dry-run"),
)  # fmt: skip


def export(folder: Path, records: int, shares: Mapping[str, float] = SHARES) -> Path:
    """The tables as CSV files."""
    folder.mkdir()
    for name, frame in tables(records, shares).items():
        frame = frame.rename(columns={"source_id": "id"})[["id", *HEADINGS[name]]]
        frame.rename(columns=lambda column: column.replace("_", " ").title()).to_csv(
            folder / f"{name}.csv", index=False
        )
    return folder


def run(*arguments: str) -> tuple[int, float, float, float]:
    """(exit code, seconds, CPU seconds, peak MiB) of one command of pb2hl."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "pb2hl", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "HIGHLEVEL_TOKEN": TOKEN},
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    spent = used.ru_utime + used.ru_stime
    return os.waitstatus_to_exitcode(status), time.perf_counter() - began, spent, used.ru_maxrss / 1024


Costs = dict[str, tuple[float, float, float]]
"""By step: seconds, CPU seconds, peak MiB."""
TINY = 20


def costs(records: int, contacts: bool) -> Costs:
    """What every step costs, with `contacts` those before anything is written; stops at the first that fails."""
    scenario = {"rate": {"max": 10**9, "daily": 10**9}, "location": {"allow_duplicate_opportunity": True}}
    found: Costs = {}
    with tempfile.TemporaryDirectory() as name, rehearsal(**scenario) as url:
        source = export(Path(name) / "export", records, CONTACTS if contacts else SHARES)
        ws = str(Path(name) / "ws")
        place = ("--location", LOCATION, "--base-url", url, "--country", "CA", "--timezone", "America/Toronto")
        run("init", ws, "--export", str(source), *place)
        for step, *options in STEPS[: STEPS.index(("schema",)) + 1] if contacts else STEPS:
            given = [str(source) if option == "EXPORT" else option for option in options]
            code, *spent = run(step, ws, *given)
            label = " ".join([step, *(option for option in options if option in ("--apply", "--dry-run"))])
            if code:
                raise SystemExit(f"{label} of {records:,} records ended with {code}")
            if step != "approve":
                found[label] = (spent[0], spent[1], spent[2])
    return found


def exponent(small: float, large: float, fixed: float) -> float:
    """The power of the number of records in which CPU seconds grow, without what a tiny export takes; NaN where nothing grows."""
    before, after = small - fixed, large - fixed
    return math.log10(after / before) if before > 0.2 and after > 0.2 else float("nan")


def main(number: int, contacts: bool) -> None:
    """Print every step."""
    records = round(number * 3.8) if contacts else number
    tiny, small, large = (costs(count, contacts) for count in (TINY, records // 10, records))
    print(
        f"{'step':22}{records // 10:>12,}{records:>12,} records: CPU seconds; exponent; peak MiB at the larger; seconds"
    )
    for label, (wall, cpu, peak) in large.items():
        power = exponent(small[label][1], cpu, tiny[label][1])
        print(f"{label:22}{small[label][1]:12.1f}{cpu:12.1f}{power:8.2f}{peak:9,.0f}{wall:9.1f}", flush=True)
    sums = [sum(cpu for _, cpu, _ in found.values()) for found in (tiny, small, large)]
    print(
        f"{'all':22}{sums[1]:12.1f}{sums[2]:12.1f}{exponent(sums[1], sums[2], sums[0]):8.2f}; {TINY} records: {sums[0]:.1f} CPU s"
    )


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if word != "--contacts"]
    main(int(given[0]) if given else 20_000, "--contacts" in sys.argv)
