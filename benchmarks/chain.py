"""Seconds, CPU seconds and peak memory of every step of a whole migration, on the command line, against a sandbox without limits.

A made-up export of N records (contacts 30 %, companies 5 %, deals 15 %, notes 30 %, tasks 20 %) goes from inventory to audit, a
delta with the same export (nothing may be sent) and the plan of a rollback. Aimed at: every step under 6 GiB at 1,000,000 records.
Usage: python benchmarks/chain.py [records, default 20000]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rehearsal import LOCATION, TOKEN, rehearsal
from scale import tables

HEADINGS = {
    "contacts": ("first_name", "last_name", "email", "city", "country", "company_id", "created_at"),
    "companies": ("name", "city", "country", "created_at"),
    "deals": ("name", "contact_id", "pipeline", "stage", "amount", "created_at"),
    "notes": ("body", "contact_id", "created_at"),
    "tasks": ("title", "contact_id", "completed", "created_at"),
}
"""The columns that are exported, under headings of the same words."""

STEPS = (
    ("inventory",), ("match",), ("mapping",), ("approve", "mapping", "--by", "bench"), ("check",), ("schema",),
    ("approve", "schema", "--by", "bench"), ("schema", "--apply", "--yes"), ("sample", "--yes"), ("approve", "sample", "--by", "bench"),
    ("load", "--yes"), ("audit",), ("delta", "--export", "EXPORT", "--yes"), ("rollback", "--dry-run"),
)  # fmt: skip


def export(folder: Path, records: int) -> Path:
    """The tables as CSV files."""
    folder.mkdir()
    for name, frame in tables(records).items():
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


def main(records: int) -> None:
    """Print every step; stops at the first that fails."""
    scenario = {"rate": {"max": 10**9, "daily": 10**9}, "location": {"allow_duplicate_opportunity": True}}
    with tempfile.TemporaryDirectory() as name, rehearsal(**scenario) as url:
        source, ws = export(Path(name) / "export", records), str(Path(name) / "ws")
        place = ("--location", LOCATION, "--base-url", url, "--country", "CA", "--timezone", "America/Toronto")
        run("init", ws, "--export", str(source), *place)
        for step, *options in STEPS:
            given = [str(source) if option == "EXPORT" else option for option in options]
            code, wall, cpu, peak = run(step, ws, *given)
            label = " ".join([step, *(option for option in options if option in ("--apply", "--dry-run"))])
            if step != "approve" or code:
                print(f"{label:22}{wall:9.1f} s{cpu:9.1f} s CPU{peak:9,.0f} MiB", flush=True)
            if code:
                raise SystemExit(f"{label} ended with {code}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
