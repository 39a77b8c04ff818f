"""Commands killed at a write, and `pb2hl rollback` right after them: nothing of ours is left, nothing of the client's is gone."""

from __future__ import annotations

import json
import subprocess

import pytest

from pb2hl.sandbox.scenario import KillAt
from pb2hl.steps.gates.batch import decide
from pb2hl.workspace import Workspace
from tests.cli.test_run import command, pb2hl
from tests.e2e.drive import step, workspace
from tests.e2e.test_existing import THERE, held
from tests.steps import small

PLATFORM = ("lastStageChangeAt", "lastStatusChangeAt")
OWN = {**THERE, "contacts": [
    {"id": "c1", "firstName": "Adele", "lastName": "Byron", "email": "ada@mill.example", "phone": "+16135550999", "tags": ["old"],
     "dateOfBirth": "1980-01-02", "source": "fair", "dndSettings": {"sms": {"status": "permanent", "message": "asked"}}},
    {"id": "c2", "firstName": "Una", "lastName": "Reed", "email": "una@quarry.example"},
]}  # fmt: skip
"""Two of the export's contacts are in the location already, with more of their own, and a deal."""

STEPS = (("schema", "--apply"), ("sample",))
"""Of so small an export the sample is all there is to load."""


def wiped(value):
    """A dump less what the platform stamps, blanks, and channels that are off."""
    if isinstance(value, list):
        return [wiped(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: wiped(item) for name, item in held(value).items() if name not in PLATFORM}
    return {name: item for name, item in kept.items() if item not in ({}, {"status": "inactive"})}


@pytest.fixture
def place(rehearse, tmp_path, monkeypatch):
    """(sandbox, workspace) of a migration whose schema is approved, with policy `overwrite`."""
    sandbox = rehearse(users=small.USERS, **OWN)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    export = small.write(tmp_path / "export", small.tables())
    made = workspace(tmp_path / "ws", export, sandbox)
    settings = made.path / "migration.toml"
    settings.write_text(settings.read_text().replace('= "fill"', '= "overwrite"'))
    ws = Workspace(made.path)
    for name in ("inventory", "match", "mapping", "check", "schema"):
        step(ws, name)
        if name not in ("inventory", "check"):
            decide(ws, name, "Jane", take_defaults=True)
    return sandbox, ws.path


def killed(sandbox, arguments, write: int, mode: str) -> bool:
    """Run a command that is killed at its write number `write`; whether it came to that."""
    faults = sandbox.state.faults
    running = subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sandbox.state.reset_counters()
    faults.replace(faults.settings.model_copy(update={"kill_at": KillAt(write=write, mode=mode, pid=running.pid)}))
    code = running.wait(120)
    faults.replace(faults.settings.model_copy(update={"kill_at": None}))
    return code == -9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at", "write", "mode"),
    [(0, 9, "before"), (1, 6, "after"), (1, 12, "after")],
)
def test_rolled_back_without_going_on(place, at, write, mode):
    """A killed schema step or sample, and the rollback killed as well; the location is as before, the ledger true, the log whole."""
    sandbox, ws = place
    before = wiped(sandbox.state.dump())
    for name, *more in STEPS[:at]:
        assert pb2hl(name, ws, *more, "--yes").returncode == 0
    name, *more = STEPS[at]
    assert killed(sandbox, (name, ws, *more, "--yes"), write, mode)
    assert wiped(sandbox.state.dump()) != before
    assert killed(sandbox, ("rollback", ws, "--yes"), 2, mode), "the rollback is killed too"
    done = pb2hl("rollback", ws, "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(done.stdout)["counts"]
    assert (counts["kept"], counts["failed"], counts["in_doubt"]) == (0, 0, 0)
    assert wiped(sandbox.state.dump()) == before
    told = json.loads(pb2hl("status", ws, "--json").stdout)["counts"]
    assert told["in_doubt_now"] == 0 and not told.get("done") and not told.get("intended")
    assert pb2hl("audit", ws, "--verify-log").returncode == 0
