"""One allowance a location and machine: what every process on it has sent stands in one small file.

Each request has a slot there until its place in HighLevel's window is free again. The file is held by a lock for the moment it
takes to read and write it. It names no location, no token and no record; a process that dies leaves slots that run out. The
allowance that one process learned stands there too: another that begins goes by it until HighLevel has answered it.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import math
import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pb2hl.whole import private_folder

LEASE_S = 60.0
"""How long a request that has no answer yet keeps its slot beyond the interval: as long as its answer is waited for."""

LOCK_S = 1.0
"""How long the file is waited for; a process that was stopped while it held it does not stop the others."""


def shared_folder() -> Path:
    """A folder of this person on this machine that a restart may empty."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "pb2hl" if runtime else Path(tempfile.gettempdir()) / f"pb2hl-{getpass.getuser()}"


def owner(allowance: object) -> str:
    """What stands in a slot for one limiter of one process of one machine."""
    return f"{socket.gethostname()}-{os.getpid()}-{id(allowance):x}"


def name_of(base_url: str, location: str) -> str:
    """Under which a location's slots are kept: it tells nobody which location it is."""
    return hashlib.sha256(f"{base_url.rstrip('/')}\n{location}".encode()).hexdigest()[:24]


class SharedAllowance:
    """The slots of one location, shared by the processes of a machine.

    Times are those of the monotonic clock, which all processes of a machine share; slots that lie further ahead than any can
    are left over from before a restart, and dropped.
    """

    def __init__(self, path: Path):
        private_folder(path.parent)
        self._path = path
        self._lock = FileLock(f"{path}.lock", mode=0o600)
        self._mine = owner(self)
        self.others = 0
        """Slots that other processes held when it was looked last."""

    @classmethod
    def of(cls, base_url: str, location: str) -> SharedAllowance:
        """The shared allowance of a location."""
        return cls(shared_folder() / f"{name_of(base_url, location)}.json")

    def take(self, now: float, burst: int, interval_s: float, *, learned: bool = True) -> float:
        """Take a slot: 0; or, when all `burst` are taken, the seconds until one comes back.

        An allowance that this process only assumes (not `learned`) gives way to the one that another process learned.
        """
        with self._held() as kept:
            if kept is None:
                return 0.0
            slots = kept.slots
            self._expire(slots, now, max(interval_s, kept.interval_s))
            if not learned and kept.burst:
                burst, interval_s = kept.burst, kept.interval_s
            self.others = sum(owner != self._mine for _, owner in slots)
            closed = max((until for until, owner in slots if owner == _CLOSED), default=0.0)
            if closed > now:
                return closed - now
            if len(slots) >= max(burst, 1):
                return max(min(until for until, _ in slots) - now, 0.001)
            slots.append([now + interval_s + LEASE_S, self._mine])
            return 0.0

    def give(self, now: float, back_at: float, learned: tuple[int, float] | None = None) -> None:
        """The request of one of my slots was answered: its place is free at `back_at`; `learned`: burst, seconds of interval."""
        with self._held() as kept:
            if kept is None:
                return
            if learned:
                kept.burst, kept.interval_s = learned
            slots = kept.slots
            mine = [slot for slot in slots if slot[1] == self._mine and slot[0] > back_at]
            if mine:
                max(mine, key=lambda slot: slot[0])[0] = back_at
            elif back_at > now:
                slots.append([back_at, self._mine])

    def close(self, until: float) -> None:
        """HighLevel said that it is too much: nobody sends before `until`."""
        with self._held() as kept:
            if kept is not None:
                kept.slots.append([until, _CLOSED])

    def _expire(self, slots: list[list[Any]], now: float, interval_s: float) -> None:
        furthest = now + interval_s + LEASE_S + 1.0
        slots[:] = [slot for slot in slots if now < slot[0] <= furthest]

    @contextlib.contextmanager
    def _held(self) -> Iterator[Kept | None]:
        """What the file keeps while the file is held, written back afterwards; None where it cannot be had, and nothing is shared then."""
        try:
            self._lock.acquire(timeout=LOCK_S, poll_interval=0.002)
        except (Timeout, OSError, NotImplementedError):
            yield None
            return
        try:
            kept = self._read()
            yield kept
            with contextlib.suppress(OSError):
                self._path.write_text(json.dumps(asdict(kept)), encoding="utf-8")
        finally:
            self._lock.release()

    def _read(self) -> Kept:
        try:
            return Kept.of(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return Kept()


@dataclass
class Kept:
    """What all processes share: slots (until, owner) and the allowance that HighLevel told somebody (0: nobody yet)."""

    slots: list[list[Any]] = field(default_factory=list)
    burst: int = 0
    interval_s: float = 0.0

    @classmethod
    def of(cls, text: str) -> Kept:
        """What `text` (JSON) keeps; nothing where it is damaged."""
        try:
            found = json.loads(text)
            slots = [[float(until), str(owner)] for until, owner in found["slots"]]
            kept = cls(slots, int(found["burst"]), float(found["interval_s"]))
            return kept if kept.burst >= 0 and 0 <= kept.interval_s < math.inf else cls(slots)
        except (ValueError, TypeError, KeyError, OverflowError):
            return cls()


_CLOSED = "closed"
