"""What goes wrong with a request, decided once as it arrives: by chance, at a given number, or by killing the client."""

from __future__ import annotations

import os
import random
import re
import signal
from dataclasses import dataclass

from pb2hl.sandbox.scenario import AnsweredAs, Faults, KillAt

SURPRISES = ("html_200", "wrong_type", "deep_json", "drip", "absurd_retry_after")
_BEFORE = ("reset", "spurious_429", "error_before", *SURPRISES)
_AFTER = ("error_after", "lost_answer", "malformed", "created_422")


@dataclass(frozen=True, slots=True)
class Fate:
    """The faults of one request: `before` or `after` its commit (or none), a stall in seconds, a kill, going down."""

    number: int
    write: int  # 0 when it does not write
    before: str = ""
    after: str = ""
    status: int = 500
    stall_s: float = 0.0
    kill: KillAt | None = None
    go_down_s: float = 0.0
    token_expired: bool = False


class FaultPlan:
    """Decides each request's fate in order of arrival; the same seed and order give the same faults."""

    def __init__(self, settings: Faults):
        self.settings = settings
        self.reset()

    def reset(self) -> None:
        """Count requests and writes from one again, with the same chances to come."""
        self.requests = 0
        self.writes = 0
        self.random = random.Random(self.settings.seed)

    def replace(self, settings: Faults) -> None:
        """Take new settings and count from one again."""
        self.settings = settings
        self.reset()

    def refuses(self, request: str) -> bool:
        """Whether the scenario refuses this request, given as `METHOD /path body`; by chance where only a share is to be refused."""
        if not any(re.search(pattern, request) for pattern in self.settings.refuse):
            return False
        return random.Random(f"{self.settings.seed} {request}").random() < self.settings.refuse_share

    def pretends(self, request: str) -> bool:
        """Whether the scenario answers this request with success that shows nothing, and does nothing."""
        return any(re.search(pattern, request) for pattern in self.settings.pretend)

    def pretends_whole(self, request: str) -> bool:
        """Whether it does nothing, and answers as if it had."""
        return any(re.search(pattern, request) for pattern in self.settings.pretend_shows)

    def instead(self, request: str) -> AnsweredAs | None:
        """What answers this request, given as `METHOD /path`, in place of HighLevel."""
        return next((one for one in self.settings.answer if re.search(one.match, request)), None)

    def next(self, writes: bool) -> Fate:
        """The fate of the request that arrives now."""
        settings = self.settings
        self.requests += 1
        self.writes += writes
        write = self.writes if writes else 0
        named = [
            item.fault
            for item in settings.at
            if (item.write and item.write == write) or (item.request and item.request == self.requests)
        ]
        before = next((name for name in _BEFORE if name in named), "") or self._chance(_BEFORE)
        after = ""
        if writes and not before:
            after = next((name for name in _AFTER if name in named), "") or self._chance(_AFTER)
        stalled = "stall" in named or (settings.stall and self.random.random() < settings.stall)
        kill = settings.kill_at if settings.kill_at and write == settings.kill_at.write else None
        return Fate(
            self.requests,
            write,
            before,
            after,
            self.random.choice((500, 502, 503)) if before == "error_before" or after == "error_after" else 500,
            settings.stall_s if stalled else 0.0,
            kill,
            settings.down_s if self.requests == settings.down_at_request else 0.0,
            bool(settings.token_expires_after and self.requests > settings.token_expires_after),
        )

    def _chance(self, names: tuple[str, ...]) -> str:
        chances = [(name, getattr(self.settings, name)) for name in names]
        if not any(chance for _, chance in chances):
            return ""
        draw = self.random.random()
        for name, chance in chances:
            if draw < chance:
                return name
            draw -= chance
        return ""


def kill(pid: int) -> bool:
    """SIGKILL the client `pid`; False (and nothing done) for the server itself, init, or a process that is gone."""
    if pid <= 1 or pid == os.getpid():
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True
