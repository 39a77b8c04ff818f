"""A fleet on a Dask cluster: one running task a location, the next one as soon as a step is done, until every location waits or is proven.

The scheduler holds nothing that matters: what was done stands in workspaces and ledgers. When it dies, or whoever started the
fleet, the same command goes on. A worker that dies loses no record: its step begins again elsewhere, settles what is in doubt first,
and never sends anything twice.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pb2hl.clock import SYSTEM_CLOCK, Clock
from pb2hl.errors import Cancelled, ConfigError, Pb2hlError
from pb2hl.fleet import work
from pb2hl.fleet.members import Member
from pb2hl.fleet.work import Ended
from pb2hl.progress import Cancel

THREADS = 4
"""Locations that one worker of ours serves at once: a load waits for HighLevel's allowance most of its time."""
ASK_DAY_EVERY_S = 900.0
"""How often a location whose day is spent is tried again: HighLevel does not say when its day begins anew."""
AGAIN_S = (5.0, 15.0, 60.0, 300.0, 300.0, 300.0)
"""Waits before a step is tried again after something was unreachable; then the location is given up for this time."""
LOOK_EVERY_S = 0.5
WORKER_LOSSES = 20
"""How many workers may die under one step before it is given up: it may be what kills them."""

NO_WORKER_S = 600.0
"""How long a fleet waits while its cluster has no worker at all: new ones of a cloud take minutes to come."""

_CANCELLED = (concurrent.futures.CancelledError, asyncio.CancelledError)
"""What waiting for a task raises once its scheduler is gone."""

Say = Callable[[Member, Ended], None]


def dask() -> Any:
    """`distributed`; ConfigError where it is not installed."""
    try:
        import distributed
    except ImportError as error:
        raise ConfigError("a fleet needs Dask", hint="pip install 'pb2hl[fleet]'") from error
    return distributed


@contextmanager
def cluster(scheduler: str = "", workers: int = 2, threads: int = THREADS) -> Iterator[Any]:
    """A client of the running `scheduler` (tcp://…), or of a cluster on this machine with so many workers."""
    distributed = dask()
    import dask as engine

    settings = {"distributed.scheduler.allowed-failures": WORKER_LOSSES, "distributed.worker.memory.target": False,
                "distributed.worker.memory.spill": False}  # fmt: skip
    with engine.config.set(settings):
        try:
            if scheduler:
                with distributed.Client(scheduler, timeout="10s") as client:
                    yield client
                return
        except OSError as error:
            raise ConfigError(f"no scheduler answers at {scheduler}: {error}", hint="dask scheduler") from None
        with (
            distributed.LocalCluster(
                n_workers=workers, threads_per_worker=threads, host="127.0.0.1", dashboard_address=None
            ) as local,
            distributed.Client(local) as client,
        ):
            yield client


@dataclass
class Fleet:
    """A fleet under way on `client`; `run` returns how each member ended. With `who` nobody is waited for at gates."""

    client: Any
    members: Sequence[Member]
    who: str = ""
    say: Say = lambda member, ended: None
    cancel: Cancel = field(default_factory=Cancel)
    clock: Clock = SYSTEM_CLOCK

    def run(self) -> dict[Member, Ended]:
        """Raises Cancelled when a person stopped it, Pb2hlError when the scheduler is gone; both go on when it is run again."""
        self._flag = f"pb2hl-stop-{uuid.uuid4().hex}"
        self._running: dict[Any, Member] = {}
        self._waiting: dict[Member, tuple[datetime, bool]] = {}
        self._ended: dict[Member, Ended] = {}
        self._failures: dict[Member, int] = {}
        self._worked_at = self.clock.now()
        for member in self.members:
            self._submit(member)
        try:
            while self._running or self._waiting:
                self._look()
        except KeyboardInterrupt:
            self.cancel.set()
        if self.cancel.requested:
            self._stop()
        return self._ended

    def _submit(self, member: Member, asks: bool = False) -> None:
        key = f"{member.name}-{uuid.uuid4().hex[:12]}"
        future = self.client.submit(
            _task, member, self.who, asks, self._flag, key=key, pure=False, retries=0,
        )  # fmt: skip
        self._running[future] = member

    def _look(self) -> None:
        """One look at what has ended and what is due."""
        if self.cancel.requested:
            raise KeyboardInterrupt
        now = self.clock.now()
        for member, (at, asks) in list(self._waiting.items()):
            if at <= now:
                del self._waiting[member]
                self._submit(member, asks)
        for future in self._over():
            member = self._running.pop(future)
            self._take(member, self._result(future))

    def _over(self) -> list[Any]:
        distributed = dask()
        if not self._running:
            threading.Event().wait(LOOK_EVERY_S)
            return []
        try:
            done, _ = distributed.wait(list(self._running), timeout=LOOK_EVERY_S, return_when="FIRST_COMPLETED")
        except TimeoutError:
            done = set()
        except _CANCELLED:
            raise _gone() from None
        if self.client.status not in ("running", "connecting"):
            raise _gone()
        if not done:
            self._keep_workers()
        return list(done)

    def _keep_workers(self) -> None:
        """Start lost workers of a local cluster again; Pb2hlError when any cluster has had none for so long that none will come."""
        try:
            now, there = self.clock.now(), len(self.client.scheduler_info()["workers"])
        except OSError:
            raise _gone() from None
        local = self.client.cluster
        if local is not None and there < len(local.worker_spec):
            # Dask gives up the place of a worker that dies while it starts, or that is away when it is looked for
            local.scale(len(local.worker_spec))
        if there:
            self._worked_at = now
        elif now - self._worked_at >= timedelta(seconds=NO_WORKER_S):
            raise Pb2hlError(
                f"the cluster has had no worker for {NO_WORKER_S / 60:.0f} minutes; what was done is recorded",
                hint="start workers for its scheduler, then run the same command: it goes on",
            )

    def _result(self, future: Any) -> Ended:
        distributed = dask()
        if future.status == "cancelled":
            raise _gone()
        try:
            return future.result()
        except _CANCELLED:
            raise _gone() from None
        except distributed.KilledWorker:
            return Ended(work.FAILED, "", f"{WORKER_LOSSES} workers died under it, mostly because memory ran out")
        except Exception as error:  # a defect of ours in one location stops no other
            return Ended(work.FAILED, "", f"{type(error).__name__}: {error}")

    def _take(self, member: Member, ended: Ended) -> None:
        self.say(member, ended)
        if ended.outcome == work.WENT_ON:
            self._failures.pop(member, None)
            self._submit(member)
        elif ended.outcome == work.PAUSED:
            soon = self.clock.now() + timedelta(seconds=ASK_DAY_EVERY_S)
            self._waiting[member] = (min(datetime.fromisoformat(ended.resumes_at), soon), True)
        elif ended.outcome == work.AGAIN and self._failures.get(member, 0) < len(AGAIN_S):
            count = self._failures[member] = self._failures.get(member, 0) + 1
            self._waiting[member] = (self.clock.now() + timedelta(seconds=AGAIN_S[count - 1]), False)
        else:
            self._ended[member] = ended

    def _stop(self) -> None:
        """Ask every running step to stop at its next safe point, and wait for it."""
        dask().Event(self._flag, client=self.client).set()
        while self._running:
            for future in self._over():
                member = self._running.pop(future)
                self._ended[member] = self._result(future)
        raise Cancelled("The fleet was stopped; what was done is recorded.", hint="run the same command again")


def _gone() -> Pb2hlError:
    return Pb2hlError(
        "the scheduler is gone; what was done is recorded",
        hint="start it again, then run the same command: it goes on",
    )


def _task(member: Member, who: str, asks: bool, flag: str) -> Ended:
    """What runs on a worker."""
    distributed = dask()
    event = distributed.Event(flag, client=distributed.get_client())

    def stop() -> bool:
        try:
            return bool(event.is_set())
        except Exception:  # no scheduler answers: nobody can have asked for it
            return False

    return work.advance(member, who, asks, stop)
