"""The rehearsal location with its scenario's records in it: what the package offers as `Sandbox`."""

from __future__ import annotations

from typing import Any

from pb2hl.clock import SYSTEM_CLOCK, Clock
from pb2hl.sandbox.scenario import Scenario
from pb2hl.sandbox.seeding import from_scenario
from pb2hl.sandbox.state import State


class Sandbox(State):
    """One rehearsal location: the default scenario's unless another is given; see `State` for what it does.

    Raises ConfigError when a record of the scenario does not fit.
    """

    def __init__(self, scenario: Scenario | None = None, *, clock: Clock = SYSTEM_CLOCK):
        super().__init__(scenario, clock=clock)
        from_scenario(self)

    def seed(self, **lists: list[dict[str, Any]]) -> None:
        """Add records as a scenario lists them: `seed(contacts=[{"email": …}], tags=["vip"])`; searches see them at once."""
        from_scenario(self, Scenario.model_validate(lists))
