"""The register of steps: each step once, as data; whoever names a step reads it here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its id and the room below `pb2hl.steps` in which a module and a function of that name live."""

    id: str
    room: str

    def function(self) -> Callable[..., Any]:
        """The step itself, imported only now: the register costs nothing to read."""
        return getattr(import_module(f"pb2hl.steps.{self.room}.{self.id}"), self.id)


STEPS: dict[str, Step] = {
    step.id: step
    for step in (
        Step("inventory", "prepare"),
        Step("match", "prepare"),
        Step("mapping", "prepare"),
        Step("check", "check"),
        Step("doctor", "prepare"),
        Step("schema", "load"),
        Step("sample", "load"),
        Step("load", "load"),
        Step("delta", "delta"),
        Step("audit", "audit"),
        Step("rollback", "rollback"),
        Step("log", "overview"),
    )
}
"""Every step by its id, in the order of a migration."""
