"""A small migration through the command line, saved before each step that writes; every test gets a copy to kill in."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pb2hl.ledger import Ledger
from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.sandbox.persistence import from_state, to_state
from pb2hl.sandbox.scenario import KillAt
from pb2hl.workspace import Workspace
from tests.conftest import UNHURRIED, Rehearsal
from tests.e2e.drive import step, workspace
from tests.killing.forks import Forks
from tests.steps import small
from tests.steps.test_delta_interrupted import busy

KILLED = -9
SCENARIO: dict[str, Any] = {"rate": UNHURRIED, "users": small.USERS, "search_lag_s": 0}


def later() -> small.Tables:
    """A later export that makes every phase of a delta write: a new field, stage and tag, moved and changed and new and gone records."""
    found = busy()
    for contact in found["contacts"]:
        contact["Hat Size"] = "7"
    small.row(found, "contacts", "12")["Tags"] = "fair; spring"
    small.row(found, "deals", "D2").update({"Stage": "Signed", "Contact ID": "11"})
    found["notes"].remove(small.row(found, "notes", "N2"))
    return found


@dataclass
class Commands:
    """The commands that write, in order, each as its arguments after the workspace; and how to bring the workspace before it."""

    folder: Path
    steps: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        export = small.write(self.folder / "later", later())
        self.steps = {
            "schema": ["--apply", "--yes"],
            "sample": ["--yes"],
            "load": ["--yes"],
            "delta": ["--export", str(export), "--approve-all", "--by", "Judge", "--yes"],
            "rollback": ["--yes"],
        }


@dataclass
class Moment:
    """A workspace and a sandbox as they were before a step, to be copied."""

    path: Path
    state: dict[str, Any]


@dataclass
class Scene:
    """One copy: `run` is the command in a process of its own, `arm` kills it at a write."""

    ws: Workspace
    sandbox: Rehearsal
    forks: Forks
    commands: Commands

    def run(self, name: str, *more: str, kill_after_s: float | None = None) -> int:
        """The exit code of one step's command."""
        arguments = [*self.commands.steps[name], *more]
        return self.forks(self.sandbox.token, name, str(self.ws.path), *arguments, kill_after_s=kill_after_s)

    def arm(self, write: int, mode: str) -> None:
        """Kill whoever sends write number `write` from now on; 0: nobody."""
        self.sandbox.state.reset_counters()
        faults = self.sandbox.state.faults
        kill = KillAt(write=write, mode=mode) if write else None
        faults.replace(faults.settings.model_copy(update={"kill_at": kill}))

    @property
    def writes(self) -> int:
        """Writes since `arm`."""
        return self.sandbox.state.faults.writes

    def dump(self) -> dict[str, Any]:
        """What the location holds, but for times."""
        return self.sandbox.state.dump(timestamps=False)

    def entries(self) -> list[tuple[str, ...]]:
        """What the ledger says of every operation, whatever ids the server gave."""
        with Ledger.open(self.ws) as ledger:
            assert ledger.verify_log() is None
            return sorted((e.object, e.source_id, e.target, e.kind, e.state) for e in ledger.iterate())


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """The process that forks."""
    made = Forks()
    yield made
    made.close()


@pytest.fixture(scope="session")
def moments(sandbox_server, tmp_path_factory, forks) -> tuple[Commands, dict[str, Moment]]:
    """Before each step: the workspace and the sandbox, by an undisturbed migration through the command line."""
    folder = tmp_path_factory.mktemp("killing")
    commands = Commands(folder)
    state = Sandbox(Scenario.default(**SCENARIO))
    sandbox_server.sandbox = state
    sandbox = Rehearsal(sandbox_server.url, state.token, state.location, state)
    export = small.write(folder / "export", small.tables())
    ws = workspace(folder / "ws", export, sandbox, policy={"removed_rows": "delete"})
    found: dict[str, Moment] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIGHLEVEL_TOKEN", state.token)
        for name in ("inventory", "match", "mapping", "check", "schema"):
            step(ws, name)
            _decide(ws, name)
    scene = Scene(ws, sandbox, forks, commands)
    for name in commands.steps:
        if (
            name == "load"
        ):  # the sample takes so small an export whole: what it made is taken back, for the load to make
            assert scene.run("rollback", "--run", latest(ws, "sample")) == 0
        found[name] = Moment(folder / f"before-{name}", copy.deepcopy(to_state(state)))
        shutil.copytree(ws.path, found[name].path)
        assert scene.run(name) == 0, name
        _decide(ws, name)
    return commands, found


def latest(ws: Workspace, step: str) -> str:
    """The id of the latest run of a step."""
    with Ledger.open(ws) as ledger:
        return next(run.run_id for run in reversed(ledger.runs()) if run.step == step)


def _decide(ws: Workspace, name: str) -> None:
    from pb2hl.steps.gates.batch import decide

    if name in ("match", "mapping", "schema", "sample"):
        decide(ws, name, "Judge", take_defaults=True)


@pytest.fixture
def before(moments, sandbox_server, forks, tmp_path) -> Callable[[str], Scene]:
    """`before(step)`: a copy of everything as it was before the step."""
    commands, found = moments
    made: list[int] = []

    def start(name: str) -> Scene:
        made.append(1)
        path = tmp_path / f"ws{len(made)}"
        shutil.copytree(found[name].path, path)
        state = Sandbox(Scenario.default(**SCENARIO))
        from_state(state, copy.deepcopy(found[name].state))
        sandbox_server.sandbox = state
        return Scene(
            Workspace(path), Rehearsal(sandbox_server.url, state.token, state.location, state), forks, commands
        )

    return start
