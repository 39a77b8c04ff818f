"""The limiter in simulated time: full speed without one refusal, whatever the server's window, latency and other users."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pb2hl.highlevel.limiter import Limiter
from tests.highlevel.virtual import VirtualClock, simulate


class Allowance:
    """A server's side: counts requests in a fixed or sliding window, at their arrival or only as it answers."""

    def __init__(
        self, clock: VirtualClock, burst=100, interval=10.0, *, fixed=False, phase=0.0, daily=10**9, told=True
    ):
        self.clock, self.burst, self.interval, self.fixed, self.phase = clock, burst, interval, fixed, phase
        self.daily, self.told = daily, told
        self.counted: deque[float] = deque()
        self.arrivals: list[float] = []
        self.refused = 0

    def count(self) -> tuple[int, dict[str, str]]:
        """Count one request now: (status, headers)."""
        now = self.clock.monotonic()
        if self.fixed:
            began = (now - self.phase) // self.interval * self.interval + self.phase
            while self.counted and self.counted[0] < began:
                self.counted.popleft()
        else:
            while self.counted and self.counted[0] <= now - self.interval:
                self.counted.popleft()
        status = 429 if len(self.counted) >= self.burst or self.daily <= 0 else 200
        if status == 200:
            self.counted.append(now)
            self.arrivals.append(now)
            self.daily -= 1
        else:
            self.refused += 1
        headers = {
            "x-ratelimit-max": str(self.burst),
            "x-ratelimit-remaining": str(self.burst - len(self.counted)),
            "x-ratelimit-interval-milliseconds": str(int(self.interval * 1000)),
            "x-ratelimit-daily-remaining": str(self.daily),
        }
        return status, headers if self.told else {}


async def drive(
    clock, server: Allowance, limiter: Limiter, requests: int, latency, counts_at: float = 0.5, seed: int = 1
):
    """Send `requests` through the limiter; `latency(random)` seconds each, counted at the share `counts_at` of it (or random)."""
    rng = random.Random(seed)

    async def one() -> None:
        while True:
            slot = await limiter.acquire()
            seconds = latency(rng)
            share = rng.random() if counts_at < 0 else counts_at
            await clock.sleep(seconds * share)
            status, headers = server.count()
            await clock.sleep(seconds * (1 - share))
            limiter.release(slot, headers, status)
            if status == 200:
                return

    queue = iter(range(requests))

    async def worker() -> None:
        for _ in queue:
            await one()

    await asyncio.gather(*(worker() for _ in range(64)))


def busiest(arrivals: list[float], seconds: float) -> int:
    """The most arrivals in any `seconds`."""
    best = start = 0
    for end, moment in enumerate(arrivals):
        while arrivals[start] < moment - seconds:
            start += 1
        best = max(best, end - start + 1)
    return best


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("latency", [0.08, 0.3, None])
@pytest.mark.parametrize("counts_at", [0.0, 0.5, 1.0])
def test_the_allowance_is_kept_full(fixed, latency, counts_at):
    """97 % of 100 requests in 10 s over the busiest 200 s of 3,000 requests, and no refusal."""

    async def run(clock):
        server, limiter = Allowance(clock, fixed=fixed, phase=3.3), Limiter(clock)
        await drive(clock, server, limiter, 3000, lambda rng: latency if latency else rng.uniform(0.08, 0.3), counts_at)
        return server

    server = simulate(run)
    assert server.refused == 0
    assert busiest(server.arrivals, 200) >= 0.97 * 2000


@settings(max_examples=25, deadline=None)
@given(
    burst=st.integers(1, 300),
    interval=st.floats(0.5, 30),
    fixed=st.booleans(),
    phase=st.floats(0, 30),
    low=st.floats(0.001, 0.4),
    spread=st.floats(0, 2),
    counts_at=st.sampled_from([0.0, 0.5, 1.0]),
    seed=st.integers(0, 10**6),
)
def test_no_refusal_is_ever_caused(burst, interval, fixed, phase, low, spread, counts_at, seed):
    """Whatever the limits, the window and the latency, the server never has to refuse, and the allowance is used."""

    async def run(clock):
        server, limiter = Allowance(clock, burst, interval, fixed=fixed, phase=phase % interval), Limiter(clock)
        await drive(
            clock, server, limiter, 3 * burst + 20, lambda rng: low + spread * rng.random(), counts_at, seed=seed
        )
        return server

    assert simulate(run).refused == 0


def test_without_headers_the_documented_limits_hold():
    """A server that tells nothing is taken to allow 100 in 10 s."""

    async def run(clock):
        server, limiter = Allowance(clock, told=False), Limiter(clock)
        await drive(clock, server, limiter, 1000, lambda rng: 0.1)
        return server

    server = simulate(run)
    assert server.refused == 0 and busiest(server.arrivals, 100) >= 950


@pytest.mark.parametrize("value", ["", "many", "nan", "inf", "-1"])
def test_headers_that_make_no_sense_change_nothing(value):
    """A header that is no limit is as good as none: what was known stays."""

    async def run(clock):
        limiter = Limiter(clock)
        names = ("max", "interval-milliseconds", "remaining", "limit-daily", "daily-remaining")
        limiter.release(await limiter.acquire(), {f"x-ratelimit-{name}": value for name in names}, 200)
        return limiter

    limiter = simulate(run)
    assert limiter.allowance == (100, 10.0) and limiter.daily.resumes_at is None


def test_others_who_use_the_allowance_are_counted():
    """When another program uses the allowance too we take what is left, with hardly a refusal of ours."""

    theirs: list[int] = []

    async def run(clock):
        server, limiter = Allowance(clock), Limiter(clock)

        async def other() -> None:
            while True:
                before = server.refused
                server.count()
                theirs.append(server.refused - before)
                await clock.sleep(0.2)

        task = asyncio.create_task(other())
        await drive(clock, server, limiter, 1000, lambda rng: 0.1)
        task.cancel()
        return server, clock.monotonic()

    server, took = simulate(run)
    assert server.refused - sum(theirs) <= 0.02 * 1000
    assert took <= 260


def test_a_second_process_starts_into_a_spent_allowance():
    """What a process killed a moment ago has used is seen in the first answer and waited out."""

    async def run(clock):
        server = Allowance(clock)
        for _ in range(90):
            server.count()
        await drive(clock, server, Limiter(clock), 200, lambda rng: 0.1)
        return server

    assert simulate(run).refused == 0


def test_spurious_refusals_cost_little():
    """A 429 that its own headers contradict holds up nobody else."""

    async def run(clock):
        server, limiter = Allowance(clock), Limiter(clock)
        honest, rng = server.count, random.Random(4)

        def moody():
            status, headers = honest()
            return (429, headers) if rng.random() < 0.02 else (status, headers)

        server.count = moody
        await drive(clock, server, limiter, 2000, lambda rng: 0.15)
        return server

    server = simulate(run)
    assert server.refused == 0 and busiest(server.arrivals, 150) >= 0.97 * 1500


class Memory:
    """A store of the daily state."""

    def __init__(self, state=None):
        self.state = state

    def load(self):
        return self.state

    def save(self, state):
        self.state = dict(state)


@pytest.mark.parametrize("told_in_refusals", [True, False])
@pytest.mark.parametrize("hours", [3.0, 14.6])
def test_the_spent_day_is_waited_out_and_told(hours, told_in_refusals):
    """When the day is spent the run says when it resumes, waits, survives a restart, and goes on soon after the allowance is back.

    HighLevel's day ends we know not when: midnight UTC is 14.5 hours away. Few requests ask, and nobody else leaves meanwhile.
    """
    told: list[tuple[str, float]] = []

    async def run(clock):
        store = Memory()
        server, limiter = Allowance(clock, daily=150), Limiter(clock, store=store)
        await drive(clock, server, limiter, 150, lambda rng: 0.1)
        assert server.refused == 0, "the last request of the day is no one too many"
        again, began = Limiter(clock, store=store), clock.now()
        while True:
            slot = await again.acquire(lambda reason, seconds: told.append((reason, seconds)))
            server.daily = 1000 if clock.now() - began >= timedelta(hours=hours) else 0
            status, headers = server.count()
            again.release(slot, headers if told_in_refusals or status == 200 else {}, status)
            if status == 200:
                return (clock.now() - began).total_seconds(), server.refused

    waited_s, refused = simulate(run)
    assert hours * 3600 <= waited_s <= hours * 3600 + 901
    assert refused <= 5 + waited_s / 900
    assert "2026-02-01T00:00:00Z" in told[0][0] and told[0][1] == 60


def test_concurrency_follows_latency():
    """Little's law: slow answers are met with more requests in flight, fast ones with few."""

    async def run(clock, latency):
        limiter = Limiter(clock)
        await drive(clock, Allowance(clock), limiter, 400, lambda rng: latency)
        return limiter.concurrency

    slow, fast = simulate(lambda clock: run(clock, 1.5)), simulate(lambda clock: run(clock, 0.02))
    assert slow >= 15 > 5 >= fast
