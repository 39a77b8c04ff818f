"""The rehearsal HighLevel: a real HTTP server that behaves like a location, strict where HighLevel is strict.

>>> with running(Sandbox(Scenario.default())) as base_url: ...

Nothing else of the package is imported here but the ground floor, so what passes against it owes nothing to our client.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Sandbox", "Scenario", "running", "serve", "serving"]

_HOMES = {
    "Sandbox": "pb2hl.sandbox.rehearsal",
    "Scenario": "pb2hl.sandbox.scenario",
    "running": "pb2hl.sandbox.server",
    "serve": "pb2hl.sandbox.server",
    "serving": "pb2hl.sandbox.server",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for: importing the package stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
