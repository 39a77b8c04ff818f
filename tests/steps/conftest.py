"""One small migration, made once; every test gets a copy of its workspace and of the sandbox it went into."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.sandbox.persistence import from_state, to_state
from pb2hl.workspace import Workspace
from tests.conftest import UNHURRIED, Rehearsal
from tests.e2e.drive import Arrived, step, workspace
from tests.steps import small

SCENARIO: dict[str, Any] = {"rate": UNHURRIED, "users": small.USERS, "search_lag_s": 0}


@dataclass(frozen=True)
class Migration:
    """A migrated workspace with its sandbox; `before` is the location's dump before anything was written."""

    ws: Workspace
    sandbox: Rehearsal
    before: dict[str, Any]
    folder: Path

    def run(self, name: str, **options: Any):
        """Run one step."""
        return step(self.ws, name, **options)

    def arrived(self) -> Arrived:
        """What the location holds now."""
        return Arrived.of(self.sandbox)

    def delta(self, content: small.Tables, name: str = "later", **options: Any):
        """Bring over a later export with these tables."""
        return self.run("delta", export=small.write(self.folder / name, content), **options)


@pytest.fixture(scope="session")
def loaded_once(sandbox_server, tmp_path_factory) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """(workspace, state of the sandbox, dump before) of the small export, loaded."""
    folder = tmp_path_factory.mktemp("small")
    state = Sandbox(Scenario.default(**SCENARIO))
    sandbox_server.sandbox = state
    before = state.dump()
    ws = workspace(
        folder / "ws",
        small.write(folder / "export", small.tables()),
        Rehearsal(sandbox_server.url, state.token, state.location, state),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIGHLEVEL_TOKEN", state.token)
        small.migrate(ws)
    return ws.path, to_state(state), before


@pytest.fixture
def migration(loaded_once, sandbox_server, tmp_path, monkeypatch) -> Iterator[Migration]:
    """A copy of the loaded migration that a test may spoil."""
    path, saved, before = loaded_once
    shutil.copytree(path, tmp_path / "ws")
    state = Sandbox(Scenario.default(**SCENARIO))
    from_state(state, saved)
    sandbox_server.sandbox = state
    monkeypatch.setenv("HIGHLEVEL_TOKEN", state.token)
    sandbox = Rehearsal(sandbox_server.url, state.token, state.location, state)
    yield Migration(Workspace(tmp_path / "ws"), sandbox, before, tmp_path)
