"""The limiter of one location: keeps HighLevel's allowance full and never overruns it.

HighLevel counts requests per app and location (100 in 10 s, 200,000 a day as documented) but not whether its window is fixed
or sliding, nor whether it counts a request as it comes in or as it answers. A request is counted somewhere between sending
and answer, so a slot that was taken is given back one interval after the *answer*: then no more than the allowance can fall
into any interval, whatever the window. That alone wastes one round trip per slot; the shortest round trip seen (`_credit`)
is known to lie between any later request's sending and answer as well and is taken off again.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pb2hl.clock import SYSTEM_CLOCK, Clock
from pb2hl.highlevel.daily import Daily, DailyStore
from pb2hl.highlevel.shared import SharedAllowance

BURST = 100
INTERVAL_S = 10.0
"""The documented burst allowance, used until headers say otherwise."""

MARGIN_S = 0.015
"""Added to each interval for clock granularity on the other side."""

CREDIT_SHARE = 0.8
"""Share of the shortest recent round trip that is credited: not all of it, since the next one may be shorter still."""

CREDIT_SAMPLES = 50
LEAST_CONCURRENCY = 4
MOST_CONCURRENCY = 32
"""Requests in flight at most. httpx's pool costs time for every open connection, so more is slower, not faster."""

WORTH_SHARING = 2_000
"""Requests an interval above which nobody needs to wait for others."""

OnWait = Callable[[str, float], None]


@dataclass(slots=True)
class Slot:
    """One request's place in the allowance."""

    sent_at: float
    answered: bool = False


class Limiter:
    """Slots of one location's allowance, shared by every client of the process.

    `acquire()` waits for a slot; `release(slot, headers)` must follow when the request has ended, however it ended.
    `concurrency` is how many requests are in flight at most; it follows the latency (Little's law).
    """

    def __init__(
        self,
        clock: Clock = SYSTEM_CLOCK,
        *,
        most_concurrency: int = MOST_CONCURRENCY,
        store: DailyStore | None = None,
        shared: SharedAllowance | None = None,
    ):
        self._clock = clock
        self._most_concurrency = most_concurrency
        self._burst = BURST
        self._interval_s = INTERVAL_S
        self._learned = False
        self._in_flight = 0
        self._returning: list[float] = []  # heap of moments at which answered slots come back
        self._foreign = 0
        self._foreign_seen = 0.0
        self._foreign_until = 0.0
        self._closed_until = 0.0
        self._refusals = 0
        self._latency_s = 0.2
        self._round_trips: deque[float] = deque(maxlen=CREDIT_SAMPLES)
        self._waiters: list[asyncio.Future[None]] = []
        self._queues: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()
        self._shared = shared
        self.daily = Daily(clock, store)
        self.sent = 0

    @property
    def concurrency(self) -> int:
        """How many requests may be in flight now (1 until the first answer has told the limits)."""
        if not self._learned:
            return 1
        wanted = 2 * self._burst / self._interval_s * self._latency_s + 2
        return int(max(min(wanted, self._most_concurrency), min(LEAST_CONCURRENCY, self._most_concurrency)))

    @property
    def allowance(self) -> tuple[int, float]:
        """(requests, seconds) of the burst allowance as far as known."""
        return self._burst, self._interval_s

    def use_store(self, store: DailyStore | None) -> None:
        """Keep the daily count in `store` (the ledger) from now on."""
        if store is not None:
            self.daily.use(store)

    def share_through(self, shared: SharedAllowance) -> None:
        """Share the allowance there from now on: with other machines as well, where one file cannot be shared."""
        with self._lock:
            self._shared = shared

    async def acquire(self, on_wait: OnWait | None = None) -> Slot:
        """Wait until a request may leave, and take its slot. `on_wait(reason, seconds)` is told of waits over a second."""
        async with self._queue():
            while True:
                await self.daily.wait(on_wait)
                with self._lock:
                    now = self._clock.monotonic()
                    delay = self._delay(now)
                    if delay == 0 and (sharing := self._sharing()):
                        delay = sharing.take(now, self._burst, self._interval_s, learned=self._learned)
                    if delay == 0:
                        self._in_flight += 1
                        self.sent += 1
                        self.daily.count()
                        return Slot(now)
                    pause = self._waiter() if delay is None else self._clock.sleep(delay)
                await pause

    def _delay(self, now: float) -> float | None:
        """0: go; a number: seconds until it is worth asking again; None: until a request ends."""
        while self._returning and self._returning[0] <= now:
            heapq.heappop(self._returning)
        if self._closed_until > now:
            return self._closed_until - now
        if self._in_flight >= self.concurrency:
            return None
        if self._in_flight and self.daily.remaining is not None and self.daily.remaining <= self._in_flight:
            return None  # the last requests of the day: each waits for the answer of the one before
        foreign = self._foreign if self._foreign_until > now else 0
        if self._in_flight + len(self._returning) + foreign < max(self._burst, 1):
            return 0
        moments = [self._returning[0]] if self._returning else []
        if foreign:
            moments.append(self._foreign_until)
        return max(min(moments) - now, 0.001) if moments else None

    def _sharing(self) -> SharedAllowance | None:
        """What other processes on this machine go by as well; None for an allowance that is as good as none."""
        return self._shared if self._burst <= WORTH_SHARING else None

    def release(self, slot: Slot, headers: Mapping[str, str] | None = None, status: int = 0) -> None:
        """Give the slot back after its request ended; `headers` of the answer feed the limits, None means no answer."""
        with self._lock:
            if slot.answered:
                return
            slot.answered = True
            now = self._clock.monotonic()
            round_trip = max(now - slot.sent_at, 0.0)
            if headers is not None:
                self._round_trips.append(round_trip)
                self._latency_s += 0.1 * (min(round_trip, 5.0) - self._latency_s)
                self._read(headers, slot.sent_at, now)
            self._in_flight -= 1
            back_at = now - min(self._credit(), round_trip) + self._interval_s + MARGIN_S
            heapq.heappush(self._returning, back_at)
            self._learned = self._learned or headers is not None
            if sharing := self._sharing():
                sharing.give(now, back_at, self.allowance if self._learned else None)
            self._refused(status, headers or {}, now)
            waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.get_loop().call_soon_threadsafe(_wake, waiter)

    def _credit(self) -> float:
        if len(self._round_trips) < CREDIT_SAMPLES:
            return 0.0
        return CREDIT_SHARE * min(self._round_trips)

    def _read(self, headers: Mapping[str, str], sent_at: float, now: float) -> None:
        burst = number(headers, "x-ratelimit-max")
        interval_ms = number(headers, "x-ratelimit-interval-milliseconds") or number(
            headers, "x-ratelimit-interval-millis"
        )
        self._burst = int(burst) if burst else self._burst
        self._interval_s = interval_ms / 1000 if interval_ms else self._interval_s
        self.daily.read(
            number(headers, "x-ratelimit-limit-daily"),
            number(headers, "x-ratelimit-daily-remaining"),
        )
        remaining = number(headers, "x-ratelimit-remaining")
        if remaining is not None:
            self._see_others(self._burst - int(remaining), sent_at, now)

    def _see_others(self, counted: int, sent_at: float, now: float) -> None:
        """Reserve what others of the same allowance used: counted by the server, and not ours by any reckoning."""
        sharing = self._sharing()
        ours = self._in_flight + len(self._returning) + (sharing.others if sharing else 0)
        foreign = counted - ours
        if foreign > 0:
            self._foreign = min(foreign + max(1, foreign // 10), self._burst)
            self._foreign_seen, self._foreign_until = now, now + self._interval_s + MARGIN_S
        elif sent_at > self._foreign_seen:  # an answer younger than the sighting: their requests left the window
            self._foreign = 0

    def _refused(self, status: int, headers: Mapping[str, str], now: float) -> None:
        """After a 429 close the door for a while, unless the headers say that allowance is left (a spurious 429)."""
        if status != 429:
            self._refusals = 0 if status else self._refusals
            return
        if number(headers, "x-ratelimit-daily-remaining") is None:
            self.daily.refused()
        remaining = number(headers, "x-ratelimit-remaining")
        if remaining is not None and remaining > 0:
            return
        self._refusals += 1
        pause_s = min(2.0 ** min(self._refusals - 2, 10), self._interval_s)
        self._closed_until = max(self._closed_until, now + pause_s)
        if sharing := self._sharing():
            sharing.close(self._closed_until)

    def _queue(self) -> asyncio.Lock:
        """One requester of an event loop asks at a time, in order of arrival: a slot that comes back wakes nobody in vain."""
        with self._lock:
            return self._queues.setdefault(asyncio.get_running_loop(), asyncio.Lock())

    def _waiter(self) -> asyncio.Future[None]:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return waiter


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def number(headers: Mapping[str, str], name: str) -> float | None:
    """The header `name` (lower case) as a number; None when missing, or no number that a limit can be."""
    try:
        found = float(headers[name])
    except (KeyError, ValueError):
        return None
    return found if 0 <= found < math.inf else None


_LIMITERS: dict[tuple[str, str], Limiter] = {}
_LIMITERS_LOCK = threading.Lock()


def limiter_for(base_url: str, location: str) -> Limiter:
    """The one limiter of a location: all its clients in this process share it, and its allowance all processes of this machine."""
    with _LIMITERS_LOCK:
        key = (base_url.rstrip("/"), location)
        if key not in _LIMITERS:
            _LIMITERS[key] = Limiter(shared=SharedAllowance.of(*key))
        return _LIMITERS[key]
