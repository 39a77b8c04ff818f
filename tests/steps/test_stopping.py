"""A stop is heard wherever a step waits or reads, not only between two writes."""

from __future__ import annotations

import time

import pytest

from pb2hl.errors import Cancelled
from pb2hl.ledger import Ledger
from pb2hl.progress import Cancel, Silent
from pb2hl.results import Status
from pb2hl.steps.shared.session import PROBED
from tests.e2e.drive import step

LAG_S = 3600.0
PROMPT_S = 60.0
"""Long enough for a busy machine, and far from the lag that would be waited out."""


class Stopper(Silent):
    """Asks to stop as soon as the step says `phrase`."""

    def __init__(self, phrase: str):
        self.phrase, self.cancel, self.after = phrase, Cancel(), 0

    def start(self, what: str, total: int | None = None, unit: str = "rows") -> None:
        self.note(what)

    def advance(self, n: int = 1) -> None:
        self.after += n if self.cancel.requested else 0

    def note(self, text: str) -> None:
        if self.phrase in text:
            self.cancel.set()


def stopped(ws, name: str, phrase: str, **options) -> Stopper:
    """Run the step and stop it at `phrase`; it ends as stopped, in no time."""
    stopper = Stopper(phrase)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        step(ws, name, progress=stopper, cancel=stopper.cancel, **options)
    assert stopper.cancel.requested and time.monotonic() - began < PROMPT_S
    return stopper


def lag(ws, seconds: float) -> None:
    """What is known of how far the location's search lags behind."""
    with Ledger.open(ws) as ledger:
        ledger.remember(PROBED, {"search_lag_s": seconds})


def test_a_stop_is_heard_while_a_step_waits_or_reads(migration):
    """While records are read back, while search's lag is waited out: a stop ends the step, and run again it goes on."""
    ws = migration.ws
    assert stopped(ws, "sample", "reading the sample back").after == 0
    assert step(ws, "sample").counts["records"]
    stopped(ws, "audit", "reading back")
    lag(ws, LAG_S)
    stopped(ws, "rollback", "HighLevel's")
    lag(ws, 0.0)
    assert step(ws, "rollback").status is not Status.FAILED
    assert migration.arrived().dump["contacts"] == migration.before["contacts"]
