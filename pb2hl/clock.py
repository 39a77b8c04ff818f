"""The one seam for time, sleep and randomness, so that no test sleeps and every run can be repeated."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime


class Clock:
    """Real time. Tests pass a subclass; everything that waits or stamps takes a clock."""

    def now(self) -> datetime:
        """The current moment, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` without blocking the event loop."""
        await asyncio.sleep(seconds)

    def random(self) -> float:
        """A float in [0, 1), for jitter only."""
        return random.random()


SYSTEM_CLOCK = Clock()


def stamp(moment: datetime) -> str:
    """`moment` as ISO 8601 UTC with seconds: `2026-01-31T09:30:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
