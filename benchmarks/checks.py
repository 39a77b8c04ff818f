"""The contacts suite over 100,000 (or the given number of) rows by 30 columns: seconds and peak memory.

Usage: python benchmarks/checks.py [ROWS]
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

HERE = str(Path(__file__).parent)
sys.path = [entry for entry in sys.path if entry != HERE]  # profile.py here would hide the standard library's

import pandas as pd  # noqa: E402

from pb2hl.resources import resource as shipped  # noqa: E402
from pb2hl.suites import CheckFacts, load_suite, prepare, validate  # noqa: E402

sys.path.append(HERE)
from made import contacts  # noqa: E402

if __name__ == "__main__":
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    frame = contacts(rows)
    users = pd.DataFrame({"source_id": ["u1", "u2"], "name": ["Ann", "Bob"], "email": [None, None]})
    began, cpu = time.perf_counter(), time.process_time()
    suite = load_suite(shipped("expectations/before") / "contacts.json")
    loaded = time.perf_counter()
    facts = CheckFacts(
        {"contacts": frame, "users": users}, owners=frozenset({"u1", "u2"}), now=pd.Timestamp("2026-01-01", tz="UTC")
    )
    verdicts = validate(suite, prepare("contacts", facts))
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"{rows} rows, {len(verdicts)} rules: {loaded - began:.1f} s to import and load, {done - loaded:.1f} s to check ({time.process_time() - cpu:.1f} s CPU in all), {peak:.2f} GiB peak"
    )
