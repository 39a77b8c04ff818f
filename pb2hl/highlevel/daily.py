"""The daily allowance: counted over restarts, waited out with the time it resumes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from pb2hl.clock import Clock, stamp

DAILY_LIMIT = 200_000
"""Documented requests a day and location, until headers say otherwise."""

PROBE_FIRST_S, PROBE_AFTER_S = 60.0, 900.0
"""HighLevel does not say when its day ends. We expect midnight UTC at the latest; until then one request asks whether there is
allowance again, first after a minute, then ever more seldom, at least every quarter of an hour. A refused one does nothing."""

SAVE_EVERY = 100


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
        """Wait while the day's allowance is spent, or until it is time to ask whether it still is."""
        if self._resumes_at is None:
            return
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
