"""How full the allowance of 100 requests in 10 s is kept, at 80-300 ms latency, and how fast it goes with the limit lifted.

The same contacts are created by pb2hl (durable: each intent and outcome is on disk) and by the official SDK used the obvious
way: one after the other, and by asyncio.gather of 10. Aimed at: 97 % of the allowance over the busiest 200 s of 3,000 requests,
no 429, and 250 durable writes a second on one core without a limit. Where other programs held the cores, the figure says
how long the client stood in line for one: it is a lower bound then, and writes a second are to be judged by CPU time.
With --postgres only the last figure is measured, with the ledger in a PostgreSQL that the benchmark starts (aimed at: 100 a second).
Usage: python benchmarks/rate.py [--quick | --postgres]   (--quick: ten times shorter intervals and latencies)
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rehearsal import LOCATION, TOKEN, rehearsal, requests_of

from pb2hl import highlevel
from pb2hl.apply import Apply
from pb2hl.apply.context import RunContext
from pb2hl.highlevel import Client, Limiter
from pb2hl.ledger import Ledger
from pb2hl.ledger.postgres import PostgresLedger
from pb2hl.ledger.sql import SqlLedger
from pb2hl.operations import Kind, Operation, Target, operation_id

REQUESTS = 3_000
SDK_REQUESTS = {1: 400, 10: 1_500}
"""By how many are sent together: enough for a few intervals."""

BURST, INTERVAL_S, BUSIEST_S = 100, 10.0, 200.0
LATENCY_S = (0.08, 0.3)
AIM, AIM_UNLIMITED, AIM_POSTGRES = 0.97, 250, 100
STARVED = 0.05
"""Share of the time in line for a core above which a figure is only a lower bound."""


def contact(number: int) -> dict[str, object]:
    """The body of one contact."""
    return {"firstName": "Ann", "lastName": f"Roe{number}", "email": f"ann{number}@example.com", "tags": ["vip"]}


def operations(count: int) -> Iterator[Operation]:
    """The same contacts as operations."""
    for number in range(count):
        op_id = operation_id(LOCATION, "perfect-books", "contacts", str(number), Kind.CREATE, Target.CONTACT)
        yield Operation(op_id, Kind.CREATE, Target.CONTACT, "contacts", str(number), payload=contact(number))


@dataclass(frozen=True)
class Spent:
    """Seconds of one load: by the wall clock, of this process on a core, and in line for one (0 where Linux does not tell)."""

    wall_s: float
    cpu_s: float
    in_line_s: float

    @property
    def starved(self) -> str:
        """What to say when the client lacked CPU; "" when it did not."""
        share = self.in_line_s / self.wall_s
        return f"the client stood in line for a core {share:.0%} of the time: a lower bound" if share > STARVED else ""


def in_line_s() -> float:
    """Seconds that the main thread, which does the work, was ready to run and had no core (0 where Linux does not tell)."""
    path = Path("/proc/self/schedstat")
    return int(path.read_text().split()[1]) / 1e9 if path.exists() else 0.0


@contextmanager
def opened(database: str) -> Iterator[SqlLedger]:
    """A fresh ledger: in a file, or in a schema of the database with this URL."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.sqlite"
        made = PostgresLedger(database, "bench", LOCATION, "pb") if database else Ledger(file, LOCATION, "pb")
        with made as ledger:
            yield ledger


def ours(url: str, count: int, database: str = "") -> Spent:
    """Load `count` contacts; what it took."""

    async def work(ledger: SqlLedger) -> None:
        async with Client(TOKEN, LOCATION, url, limiter=Limiter()) as client:
            await Apply(RunContext(ledger, client, ledger.start_run("load"))).run(operations(count))

    wall, cpu, line = time.perf_counter(), time.process_time(), in_line_s()
    with opened(database) as ledger:
        highlevel.run(work(ledger))
    return Spent(time.perf_counter() - wall, time.process_time() - cpu, in_line_s() - line)


def sdk(url: str, count: int, at_once: int) -> None:
    """The official SDK: `at_once` requests together, then the next; what is refused is lost, as it has no limiter."""
    from highlevel import HighLevel  # only where it is compared with

    async def work() -> None:
        client = type("Here", (HighLevel,), {"BASE_URL": url})(private_integration_token=TOKEN, log_level="none")
        bodies = [{**contact(number), "locationId": LOCATION} for number in range(count)]
        for start in range(0, count, at_once):
            calls = (client.contacts.create_contact(body) for body in bodies[start : start + at_once])
            await asyncio.gather(*calls, return_exceptions=True)

    asyncio.run(work())


def busiest(moments: list[float], window_s: float) -> int:
    """The most requests in any `window_s` seconds."""
    return max(bisect_left(moments, first + window_s) - index for index, first in enumerate(moments))


def measured(name: str, url: str, speed: float) -> tuple[float, float]:
    """Print what the location saw; (records a second while it was busiest, share of the allowance)."""
    seen = requests_of(url)
    moments = sorted(item["at"] for item in seen if item["status"] == 201)
    refused = sum(item["status"] == 429 for item in seen)
    window_s = min(BUSIEST_S / speed, max(seen[-1]["at"] - seen[0]["at"], INTERVAL_S / speed))
    rate = busiest(moments, window_s) / window_s
    share = rate / (BURST * speed / INTERVAL_S)
    print(
        f"{name:30} {len(moments):5} landed, {refused:5} x 429, {share:6.1%} of the allowance over {window_s:.0f} s",
        flush=True,
    )
    return rate, share


def main(speed: float) -> None:
    """Print every figure and the ratios."""
    scenario = {
        "rate": {"max": BURST, "interval_s": INTERVAL_S, "speed": speed},
        "latency_min_s": LATENCY_S[0] / speed,
        "latency_max_s": LATENCY_S[1] / speed,
    }
    with rehearsal(**scenario) as url:
        spent = ours(url, REQUESTS)
        rate, share = measured("pb2hl", url, speed)
    for at_once, name in ((1, "SDK, one after the other"), (10, "SDK, asyncio.gather of 10")):
        with rehearsal(**scenario) as url:
            sdk(url, SDK_REQUESTS[at_once], at_once)
            other, _ = measured(name, url, speed)
            print(f"{'':30} pb2hl lands {rate / other:.2f} x as many records a second", flush=True)
    verdict = "met" if share >= AIM else "not judged" if spent.starved else "MISSED"
    print(f"aim of {AIM:.0%}: {verdict}" + (f"; {spent.starved}" if spent.starved else ""))
    unlimited(AIM_UNLIMITED)


def unlimited(aim: int, database: str = "") -> None:
    """Print the durable writes a second without a limit, with the ledger in a file or in `database`."""
    with rehearsal(rate={"max": 1_000_000, "daily": 1_000_000}) as url:
        free = ours(url, REQUESTS, database)
    told = f"no limit: {REQUESTS / free.wall_s:.0f} durable writes a second; {REQUESTS / free.cpu_s:.0f} a second of one core"
    print(f"{told} (aim {aim})" + (f"; {free.starved}" if free.starved else ""))


def postgres() -> None:
    """The same with a PostgreSQL started for it."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.postgres import Server

    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        unlimited(AIM_POSTGRES, server.url)


if __name__ == "__main__":
    if "--postgres" in sys.argv[1:]:
        postgres()
    else:
        main(10.0 if "--quick" in sys.argv[1:] else 1.0)
