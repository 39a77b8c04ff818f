"""Profile 100,000 (or the given number of) rows by 30 columns: seconds and peak memory.

ydata-profiling's minimal mode took 11.1 s and skrub's TableReport 2.9 s for 100,000 x 30 on 2 cores (issue 6).
Usage: python benchmarks/profile.py [ROWS]
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

HERE = str(Path(__file__).parent)
sys.path = [entry for entry in sys.path if entry != HERE]  # this file's name would hide the standard library's profile

from pb2hl.profile import profile_tables  # noqa: E402

sys.path.append(HERE)
from made import contacts  # noqa: E402

if __name__ == "__main__":
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    frame = contacts(rows)
    began = time.perf_counter()
    profile = profile_tables({"contacts": frame})
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{rows} rows x {len(profile)} columns: {seconds:.1f} s, {peak:.2f} GiB peak")
    print(
        f"per row: {11.1 / 100_000 / (seconds / rows):.0f} x ydata-profiling minimal, {2.9 / 100_000 / (seconds / rows):.0f} x skrub"
    )
