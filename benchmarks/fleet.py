"""Many locations at once: how full each one's allowance is kept, what the engine costs, memory a migration; and 300 x 20,000 reckoned.

Every location is a sandbox with HighLevel's limits, ten times faster (100 requests a second), in processes beside; each migration goes from its
export to the audit on a local Dask cluster, everything approved. Aimed at: 90 % of each location's allowance while it loads, the
scheduler and the command under 5 % of all CPU seconds.
Usage: python benchmarks/fleet.py [locations, default 4] [records, default 200] [workers, default 2]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
from chain import export
from rehearsal import LOCATION, TOKEN, rehearsal, requests_of

from pb2hl.fleet import Ended, Fleet, Member, cluster, read_fleet

SPEED = 10.0
BURST, INTERVAL_S = 100, 10.0
REAL_RATE, DAY = 10.0, 200_000
REQUESTS_A_RECORD = 1.08
"""Requests that a record takes from schema to audit (53,948 for 50,000 records loaded, `benchmarks/chain.py`)."""
CPU_MS_A_RECORD = 6.5
"""CPU milliseconds that a record takes from inventory to audit (`benchmarks/chain.py`, 50,000 records)."""


def fleet_csv(folder: Path, urls: list[str], records: int) -> Path:
    """The CSV, an export a location beside it."""
    rows = ["workspace,location,token_variable,export,options"]
    for number, url in enumerate(urls):
        export(folder / f"export-{number}", records)
        rows.append(f"ws-{number},{LOCATION},FLEET_BENCH,export-{number},base_url={url}; policy.no_owner=accept")
    path = folder / "fleet.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def busy(url: str) -> float:
    """Share of the allowance used over the fullest stretch of a tenth of the requests (20 at least)."""
    moments = sorted(item["at"] for item in requests_of(url) if item["status"] < 300)
    span = max(len(moments) // 10, 20)
    best = min(moments[at + span] - moments[at] for at in range(len(moments) - span))
    return min(span / best / (BURST * SPEED / INTERVAL_S), 1.0)


def workers_of(client: object) -> list[psutil.Process]:
    """The worker processes."""
    return [psutil.Process(pid) for pid in client.run(os.getpid).values()]  # type: ignore[attr-defined]


def main(locations: int, records: int, workers: int) -> None:
    """Print what was measured, and the simulation."""
    os.environ["FLEET_BENCH"] = TOKEN
    rate = {"max": BURST, "interval_s": INTERVAL_S, "speed": SPEED}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        urls = [
            stack.enter_context(rehearsal(rate=rate, location={"allow_duplicate_opportunity": True}))
            for _ in range(locations)
        ]
        members = read_fleet(fleet_csv(Path(name), urls, records))
        client = stack.enter_context(cluster(workers=workers, threads=-(-locations // workers)))
        began, own = time.perf_counter(), time.process_time()
        ended: dict[Member, Ended] = Fleet(client, members, "bench").run()
        wall, own = time.perf_counter() - began, time.process_time() - own
        spent = [sum(process.cpu_times()[:2]) for process in workers_of(client)]
        memory = [process.memory_info().rss / 1024**2 for process in workers_of(client)]
        shares = [busy(url) for url in urls]
    done = sum(one.outcome == "done" for one in ended.values())
    print(f"{locations} locations of {records} records on {workers} workers: {done} proven in {wall:.0f} s")
    print(f"allowance used while busiest: {min(shares):.0%} to {max(shares):.0%} (aim 90 %)")
    print(f"scheduler and command: {own:.1f} of {own + sum(spent):.0f} CPU s, {own / (own + sum(spent)):.1%} (aim 5 %)")
    print(f"memory: {sum(memory) / locations:.0f} MiB a migration ({sum(memory):.0f} MiB in {workers} workers)")
    simulate(300, 20_000, own / locations, sum(memory) / locations)


def simulate(locations: int, records: int, engine_s: float, memory_mib: float) -> None:
    """Print hours, days and cores for so many locations, from measured constants."""
    requests = records * REQUESTS_A_RECORD
    hours = requests / REAL_RATE / 3600
    cores = locations * (records * CPU_MS_A_RECORD / 1000 + engine_s) / (hours * 3600)
    print(
        f"simulated: {locations} x {records:,}: {requests:,.0f} requests a location, {requests / DAY:.2f} of its day, {hours:.1f} h"
    )
    print(
        f"all at once: {cores:.1f} cores busy, at most {locations * memory_mib / 1024:.0f} GiB; on 4 machines of 4 cores the same {hours:.1f} h"
    )


if __name__ == "__main__":
    given = [int(value) for value in sys.argv[1:4]]
    main(*given, *(4, 200, 2)[len(given) :])
