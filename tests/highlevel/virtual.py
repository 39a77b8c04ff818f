"""Simulated time: an event loop whose clock jumps to the next timer, so that minutes of limiter behaviour run in moments."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

from pb2hl.clock import Clock

BEGINNING = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


class _Jumping(selectors.DefaultSelector):
    """A selector that never waits: it moves the loop's time on instead."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list:
        ready = super().select(0)
        if not ready and timeout:
            self.loop.elapsed += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop with simulated time."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.elapsed


class VirtualClock(Clock):
    """The clock of a VirtualLoop."""

    def __init__(self, loop: VirtualLoop, seed: int = 0):
        self._loop = loop
        self._random = random.Random(seed)

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self._loop.elapsed)

    def monotonic(self) -> float:
        return self._loop.elapsed

    def random(self) -> float:
        return self._random.random()


def simulate(coroutine_of: Any, seed: int = 0) -> Any:
    """Run `coroutine_of(clock)` in simulated time."""
    loop = VirtualLoop()
    clock = VirtualClock(loop, seed)

    async def main() -> Any:
        coroutine: Coroutine = coroutine_of(clock)
        return await coroutine

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main())
