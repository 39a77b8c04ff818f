"""The location's allowance: so many requests an interval and a day, told in five headers on every answer."""

from __future__ import annotations

from collections import deque

from pb2hl.sandbox.scenario import RateLimit


class Limiter:
    """Counts admitted requests. A refused request (429) costs nothing, as far as anyone has reported."""

    def __init__(self, settings: RateLimit):
        self.settings = settings
        self.refused = 0
        self.used_today = 0
        self._admitted: deque[float] = deque()
        self._day_began = float("-inf")

    @property
    def interval_s(self) -> float:
        """The length of the interval, seconds, after the scenario's speed."""
        return self.settings.interval_s / self.settings.speed

    def admit(self, now: float) -> bool:
        """Whether a request at `now` (monotonic seconds) is within both allowances; counts it when it is."""
        if not self.settings.enabled:
            return True
        self._roll(now)
        if len(self._admitted) >= self.settings.max or self.used_today >= self.settings.daily:
            self.refused += 1
            return False
        self._admitted.append(now)
        self.used_today += 1
        return True

    def resume(self, now: float, used_today: int) -> None:
        """Go on with a day of which `used_today` requests are spent."""
        self._day_began, self.used_today = now, used_today

    def headers(self, now: float) -> list[tuple[bytes, bytes]]:
        """The five headers as they stand at `now`."""
        self._roll(now)
        rate = self.settings
        values = (
            (b"x-ratelimit-limit-daily", rate.daily),
            (b"x-ratelimit-daily-remaining", max(0, rate.daily - self.used_today)),
            (b"x-ratelimit-interval-milliseconds", round(self.interval_s * 1000)),
            (b"x-ratelimit-max", rate.max),
            (b"x-ratelimit-remaining", max(0, rate.max - len(self._admitted))),
        )
        return [(name, str(value).encode()) for name, value in values]

    def _roll(self, now: float) -> None:
        if now - self._day_began >= self.settings.day_s:
            self._day_began, self.used_today = now, 0
        if self.settings.window == "fixed":
            if self._admitted and now - self._admitted[0] >= self.interval_s:
                self._admitted.clear()
            return
        while self._admitted and now - self._admitted[0] >= self.interval_s:
            self._admitted.popleft()
