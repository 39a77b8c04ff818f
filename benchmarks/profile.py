"""Profile a made table of 30 columns beside ydata-profiling (minimal mode) and skrub's TableReport: seconds, CPU seconds, memory.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install -r benchmarks/peers-profile.txt
    python benchmarks/profile.py --rows 100000 --peers /tmp/peers/bin/python

Every tool gets the same table, in a process of its own; ratios are of CPU seconds per row, which a busy machine does not change.
Without `--peers` the figures are held against figures measured elsewhere: 11.1 s and 2.9 s for 100,000 x 30 on 2 cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = str(Path(__file__).parent)
sys.path = [entry for entry in sys.path if entry != HERE]  # this file's name would hide the standard library's profile

STATED = {"ydata-profiling minimal": 11.1 / 100_000, "skrub TableReport": 2.9 / 100_000}
"""Seconds per row, measured elsewhere on 2 cores."""
MEASURE = """
import json, resource, sys, time
import pandas as pd
frame = pd.read_parquet(sys.argv[1])
{setup}
began, cpu = time.perf_counter(), time.process_time()
{work}
told = [time.perf_counter() - began, time.process_time() - cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2]
print(json.dumps(told))
"""
OURS = ("from pb2hl.profile import profile_tables", "profile_tables({'contacts': frame})")
PEERS = {
    "ydata-profiling minimal": (
        "from ydata_profiling import ProfileReport",
        "ProfileReport(frame, minimal=True, progress_bar=False).get_description()",
    ),
    "skrub TableReport": ("from skrub import TableReport", "TableReport(frame, verbose=0).html()"),
}


def measured(python: str, table: Path, parts: tuple[str, str]) -> tuple[float, float, float]:
    """(seconds, CPU seconds, peak GiB) of profiling `table` in a process of its own."""
    code = MEASURE.format(setup=parts[0], work=parts[1])
    done = subprocess.run([python, "-c", code, str(table)], check=True, capture_output=True, text=True)
    return tuple(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    """Measure and print one line a tool."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--peers", help="the Python of an environment with the peers")
    given = options.parse_args()
    sys.path.append(HERE)
    from made import contacts

    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours.parquet", Path(folder) / "theirs.parquet"
        frame = contacts(given.rows)
        frame.to_parquet(ours)
        frame.assign(tags=frame["tags"].str[0]).to_parquet(theirs)  # they do not take lists
        seconds, cpu, peak = measured(sys.executable, ours, OURS)
        print(f"pb2hl: {given.rows} rows x 30 in {seconds:.1f} s ({cpu:.1f} s CPU), {peak:.2f} GiB peak")
        for name, parts in PEERS.items():
            if not given.peers:
                print(f"{name}: {STATED[name] * given.rows / cpu:.0f} x our CPU seconds by figures measured elsewhere")
                continue
            slow, slow_cpu, slow_peak = measured(given.peers, theirs, parts)
            print(f"{name}: {slow:.1f} s ({slow_cpu:.1f} s CPU), {slow_peak:.2f} GiB peak: {slow_cpu / cpu:.1f} x ours")


if __name__ == "__main__":
    main()
