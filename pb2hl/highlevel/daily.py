"""The daily allowance: counted over restarts, waited out with the time it resumes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from pb2hl.clock import Clock, stamp
from pb2hl.errors import DailySpent

DAILY_LIMIT = 200_000
"""Documented requests a day and location, until headers say otherwise."""

PROBE_FIRST_S, PROBE_AFTER_S = 60.0, 900.0
"""HighLevel does not say when its day ends. We expect midnight UTC at the latest; until then one request asks whether there is
allowance again, first after a minute, then ever more seldom, at least every quarter of an hour. A refused one does nothing."""

SAVE_EVERY = 100


@dataclass
class _Attempt:
    """One attempt that nobody waits for; `may_ask`: whether it may send one request to ask if the day has begun anew."""

    may_ask: bool


_ATTEMPT: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)


@contextmanager
def not_waiting(*, asks: bool) -> Iterator[None]:
    """Inside the block a spent day raises DailySpent instead of being waited out; with `asks` one request asks first."""
    before = _ATTEMPT.set(_Attempt(asks))
    try:
        yield
    finally:
        _ATTEMPT.reset(before)


class DailyStore(Protocol):
    """Where the count of the day survives a restart (the ledger)."""

    def load(self) -> Mapping[str, Any] | None:
        """The state saved last, or None."""

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep `state`: `{"day": "2026-01-31", "limit": n, "used": n, "remaining": n or None, "resumes_at": ISO 8601 or None}`."""


class Daily:
    """The day's requests: `used` by us, `remaining` as HighLevel said last (None: not said)."""

    def __init__(self, clock: Clock, store: DailyStore | None = None):
        self._clock = clock
        self._store: DailyStore | None = None
        self.limit = DAILY_LIMIT
        self.remaining: int | None = None
        self.used = 0
        self._day = self._today()
        self._resumes_at: datetime | None = None
        self._unsaved = 0
        self._probe_s = PROBE_FIRST_S
        if store is not None:
            self.use(store)

    def use(self, store: DailyStore) -> None:
        """Keep the state in `store`, and take up what it holds of today."""
        self._store = store
        state = store.load() or {}
        self.limit = int(state.get("limit") or self.limit)
        if state.get("day") == self._day:
            self.used = max(self.used, int(state.get("used") or 0))
            self.remaining = self.remaining if state.get("remaining") is None else int(state["remaining"])
        resumes_at = state.get("resumes_at")
        if resumes_at:
            self._resumes_at = datetime.fromisoformat(str(resumes_at))

    def release(self) -> None:
        """Save a last time and let the store go: its owner may close it, while this limiter serves the next client."""
        self.save()
        self._store = None

    def count(self) -> None:
        """One more request leaves."""
        if self._day != self._today():
            self._day, self.used = self._today(), 0
        self.used += 1
        self._unsaved += 1
        if self._unsaved >= SAVE_EVERY:
            self.save()

    def read(self, limit: float | None, remaining: float | None) -> None:
        """Take over what the headers of an answer say."""
        self.limit = int(limit) if limit else self.limit
        if remaining is None:
            return
        self.remaining = int(remaining)
        if self.remaining > 0:
            self._probe_s = PROBE_FIRST_S
        if self.remaining <= 0:
            self._pause()

    def refused(self) -> None:
        """A 429 that says nothing of the day: a day that was spent still is."""
        if self.remaining is not None and self.remaining <= 0:
            self._pause()

    def _pause(self) -> None:
        if self._resumes_at is None:
            self._resumes_at = self._next_reset()
            self.save()

    @property
    def resumes_at(self) -> datetime | None:
        """When a spent allowance is tried again (UTC); None while there is some left."""
        return self._resumes_at

    async def wait(self, on_wait: Callable[[str, float], None] | None) -> None:
        """Wait while the day's allowance is spent, or until it is time to ask whether it still is. DailySpent inside `not_waiting`."""
        if self._resumes_at is None:
            return
        if attempt := _ATTEMPT.get():
            return self._ask_or_leave(attempt)
        seconds = max(0.0, (self._resumes_at - self._clock.now()).total_seconds())
        pause_s = min(seconds, self._probe_s)
        if on_wait and pause_s:
            on_wait(
                f"the daily allowance of {self.limit} requests is spent; going on at {stamp(self._resumes_at)} at the latest, "
                "and asking again",
                pause_s,
            )
        self._probe_s = min(2 * self._probe_s, PROBE_AFTER_S)
        await self._clock.sleep(pause_s)
        self._resumes_at = None
        self.save()

    def _ask_or_leave(self, attempt: _Attempt) -> None:
        at = stamp(self._resumes_at or self._next_reset())
        if not attempt.may_ask and self._clock.now() < datetime.fromisoformat(at):
            raise DailySpent(
                f"the daily allowance of {self.limit} requests is spent",
                resumes_at=at, hint=f"go on at {at}, or earlier if HighLevel's day begins anew before",
            )  # fmt: skip
        attempt.may_ask = False
        self._resumes_at = None
        self.save()

    def save(self) -> None:
        """Write the state to the store, if there is one."""
        self._unsaved = 0
        if self._store is not None:
            self._store.save(
                {
                    "day": self._day,
                    "limit": self.limit,
                    "used": self.used,
                    "remaining": self.remaining,
                    "resumes_at": self._resumes_at.isoformat() if self._resumes_at else None,
                }
            )

    def _today(self) -> str:
        return self._clock.now().astimezone(UTC).strftime("%Y-%m-%d")

    def _next_reset(self) -> datetime:
        now = self._clock.now().astimezone(UTC)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        if self._day != self._today() or self.used <= 1:
            return now + timedelta(seconds=PROBE_AFTER_S)
        return midnight
