"""Fixtures every test may use. `sandbox` is a fresh rehearsal HighLevel behind a real HTTP server on loopback."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import settings

from pb2hl.sandbox import Sandbox, Scenario, serving
from pb2hl.sandbox.server import SandboxServer
from tests.postgres import serving_postgres

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("repeatable")
"""The same examples every run, so that a failure is of the change that was made; `--hypothesis-profile=explore` looks further."""

UNHURRIED = {"max": 1_000_000, "daily": 100_000_000}
"""Rate limits that no test meets by accident."""


@dataclass(frozen=True)
class Rehearsal:
    """A running sandbox: `url`, `token` and `location` for the client, `state` (the Sandbox itself) to look inside."""

    url: str
    token: str
    location: str
    state: Sandbox

    @property
    def headers(self) -> dict[str, str]:
        """What HighLevel wants with every request."""
        return {"Authorization": f"Bearer {self.token}", "Version": "v3"}


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[SandboxServer]:
    """One HTTP server for the whole run; `sandbox` and `rehearse` put fresh sandboxes behind it."""
    with serving(Sandbox()) as server:
        yield server


@pytest.fixture
def rehearse(sandbox_server: SandboxServer) -> Callable[..., Rehearsal]:
    """`rehearse(**scenario keys)`: serve a fresh sandbox with the default scenario so changed (rate unlimited unless given)."""

    def start(scenario: Scenario | None = None, *, clock=None, **changes: object) -> Rehearsal:
        scenario = scenario or Scenario.default(**{"rate": UNHURRIED, **changes})
        state = Sandbox(scenario, **({"clock": clock} if clock is not None else {}))
        sandbox_server.sandbox = state
        return Rehearsal(sandbox_server.url, state.token, state.location, state)

    return start


@pytest.fixture(scope="session")
def postgres(tmp_path_factory) -> Iterator[str]:
    """The URL of a PostgreSQL started for this run; skips where none is installed."""
    yield from serving_postgres(tmp_path_factory.mktemp("postgres"))


@pytest.fixture
def sandbox(rehearse: Callable[..., Rehearsal]) -> Rehearsal:
    """A fresh sandbox with the default scenario and no rate limit to speak of."""
    return rehearse()


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium; tests that need it are skipped where it is not.

    Closed with its module: an open one keeps an event loop running, in which no other test could start its own.
    """
    sync = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Debian's Chromium")
    with sync.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()
