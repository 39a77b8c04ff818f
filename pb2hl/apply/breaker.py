"""The circuit breaker: stop when the errors say that something is systematically wrong, and say what."""

from __future__ import annotations

import re
from collections import Counter, deque

from pb2hl.errors import TooManyErrors

WINDOW = 100
LEAST = 40
RATE = 0.5
"""Open when, of the last 100 outcomes (at least 40), half are errors. A storm of 10 % faults stays far below."""

_PARTICULAR = re.compile(r"['\"][^'\"]*['\"]|\b[0-9a-f-]{12,}\b|\b[^\W\d]*\d\w*\b")


class Breaker:
    """Counts the outcomes of the last `window` requests by cause."""

    def __init__(self, window: int = WINDOW, least: int = LEAST, rate: float = RATE):
        self._recent: deque[str] = deque(maxlen=window)
        self._least = least
        self._rate = rate

    def ok(self) -> None:
        """One request went well."""
        self._recent.append("")

    def error(self, cause: str) -> None:
        """One request failed; TooManyErrors when it was one too many."""
        self._recent.append(cause or "no reason given")
        failed = [item for item in self._recent if item]
        if len(self._recent) >= self._least and len(failed) >= self._rate * len(self._recent):
            raise TooManyErrors(
                self._message(failed), hint="mend the cause named above, then run the same command again"
            )

    def _message(self, failed: list[str]) -> str:
        causes = Counter(_PARTICULAR.sub("…", item) for item in failed)
        top, count = causes.most_common(1)[0]
        example = next(item for item in failed if _PARTICULAR.sub("…", item) == top)
        return (
            f"Stopped: {len(failed)} of the last {len(self._recent)} requests failed, {count} of them alike: {example}. "
            "What was done is recorded."
        )
