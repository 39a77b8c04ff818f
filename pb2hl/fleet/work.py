"""What a worker does for one location: its next step, up to the gate that a person has to open. Everything it needs is in the workspace."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pb2hl import report
from pb2hl.errors import (
    Cancelled,
    DailySpent,
    LedgerUnreachable,
    Pb2hlError,
    Unreachable,
    WorkspaceLocked,
)
from pb2hl.fleet.members import Member
from pb2hl.highlevel.daily import not_waiting
from pb2hl.progress import Cancel
from pb2hl.register import AUDIT, STEPS, gates
from pb2hl.results import Status, StepResult
from pb2hl.steps.gates.batch import decide
from pb2hl.steps.overview.status import next_step
from pb2hl.workspace import Workspace, token_from

GATE, DONE, WENT_ON, FAILED, PAUSED, AGAIN, STOPPED = (
    "gate", "done", "went on", "failed", "paused", "again", "stopped",
)  # fmt: skip
"""How a task ended: it waits at a gate, the migration is proven, a step is done and the next may come, a step failed, the day's
allowance is spent, something was unreachable and is tried again, somebody stopped the fleet."""

_APPROVE = "approve "
ASK_EVERY_S = 1.0
"""How often a running step asks whether the fleet is to stop."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a task hands back: how it ended, with which step, and what there is to say; no client's data and no token."""

    outcome: str
    step: str = ""
    said: str = ""
    resumes_at: str = ""


def following(ws: Workspace) -> str:
    """The next step of `ws` by the register's order; `approve GATE` where a person is waited for, "" once all is proven."""
    found = next_step(ws)
    return found.partition(" ")[0] if found and not found.startswith(_APPROVE) and " --" not in found else found


def advance(member: Member, who: str, asks: bool, stop: Callable[[], bool]) -> Ended:
    """Do the next step of `member`; with `who` the decisions behind it are taken by default, on record.

    `asks`: whether a spent day may be asked about with one request. `stop()` says whether the fleet is to stop.
    """
    step = ""
    try:
        with token_from(member.token_variable), not_waiting(asks=asks):
            ws = member.open()
            step = following(ws)
            if step.startswith(_APPROVE) and who:
                step = _decided(ws, step, who)
            if not step:
                return _proven(ws)
            if step.startswith(_APPROVE):
                return Ended(GATE, step.removeprefix(_APPROVE))
            return _carried_out(ws, step, who, stop)
    except DailySpent as spent:
        return Ended(PAUSED, step, spent.message, spent.resumes_at)
    except (Unreachable, LedgerUnreachable, WorkspaceLocked) as error:
        return Ended(AGAIN, step, error.message)
    except Cancelled:
        return Ended(STOPPED, step)
    except Pb2hlError as error:
        return Ended(FAILED, step, str(error))


def _decided(ws: Workspace, step: str, who: str) -> str:
    """Take the decisions that are waited for, under `who`; the step that comes after them."""
    decide(ws, gates()[step.removeprefix(_APPROVE)].id, who, take_defaults=True)
    report.write_index(ws)
    return following(ws)


def _proven(ws: Workspace) -> Ended:
    """Nothing comes next: the audit says whether all that was asked for is there."""
    result = StepResult.load(ws.results(AUDIT.result()))
    lacking = result is not None and result.status in (Status.INCOMPLETE, Status.FAILED)
    return Ended(FAILED if lacking else DONE, AUDIT.id, result.headline if result else "")


def _carried_out(ws: Workspace, command: str, who: str, stop: Callable[[], bool]) -> Ended:
    name, _, option = command.partition(" --")
    step = STEPS[name]
    given: dict[str, Any] = {option: True} if option else {}
    try:
        with _asking(stop) as cancel:
            result: StepResult = step.function()(ws, cancel=cancel, **given)
    except Pb2hlError as error:
        report.write_failure(ws, step.result(), error)
        raise
    if who and step.decides and not step.gate:
        decide(ws, step.id, who, take_defaults=True)
    report.present(ws, result)
    waits_for_admin = result.status is Status.WAITING and result.facts.get("waits_for") == "admin"
    stuck = following(ws) == command
    failed = result.status is Status.FAILED or waits_for_admin or stuck
    return Ended(FAILED if failed else WENT_ON, command, result.headline)


@contextmanager
def _asking(stop: Callable[[], bool]) -> Iterator[Cancel]:
    """A cancellation that is set when `stop()` says so, looked at beside the step."""
    cancel, over = Cancel(), threading.Event()

    def watch() -> None:
        while not over.wait(ASK_EVERY_S):
            if stop():
                cancel.set()
                return

    watcher = threading.Thread(target=watch, name="fleet-stop", daemon=True)
    watcher.start()
    try:
        yield cancel
    finally:
        over.set()
        watcher.join()
