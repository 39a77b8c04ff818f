"""SIGKILL at a write, before or after the server committed it: the next run leaves every record exactly once."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from pb2hl.ledger import State
from pb2hl.sandbox.scenario import KillAt

HERE = Path(__file__).parent
WRITES = 31
"""More than the hand-made migration needs; killing at a write that never comes is a load without an accident."""

NAMES = (
    "contacts",
    "businesses",
    "opportunities",
    "notes",
    "tasks",
    "appointments",
    "tags",
    "pipelines",
    "calendars",
    "medias",
)


def in_process(scene, what: str) -> int:
    """The exit code of a load or rollback in a process of its own."""
    place = scene.place
    command = [sys.executable, "-m", "loader", str(scene.folder), place.url, place.token, place.location, what]
    return subprocess.run(command, cwd=HERE, timeout=120, capture_output=True).returncode


def held(scene) -> dict[str, int]:
    """How many records of each kind the location holds."""
    return {name: len(scene.sandbox.collections[name]) for name in NAMES if name in scene.sandbox.collections}


def arm(scene, write: int, mode: str) -> None:
    """Kill whoever sends write number `write` from now on."""
    scene.sandbox.reset_counters()
    faults = scene.sandbox.faults
    faults.replace(faults.settings.model_copy(update={"kill_at": KillAt(write=write, mode=mode)}))


def disarm(scene) -> None:
    """No more killing."""
    faults = scene.sandbox.faults
    faults.replace(faults.settings.model_copy(update={"kill_at": None}))


def killed_and_resumed(stage, tmp_path, write: int, mode: str) -> None:
    """The proof for one write."""
    scene = stage()
    arm(scene, write, mode)
    first = in_process(scene, "load")
    disarm(scene)
    scene.load()
    assert {entry.state for entry in scene.ledger.iterate()} == {State.DONE}
    after = held(scene)
    assert (after["contacts"], after["businesses"], after["notes"], after["tasks"], after["appointments"]) == (
        4,
        2,
        5,
        1,
        1,
    )
    assert (after["opportunities"], after["pipelines"], after["calendars"]) == (1, 1, 2)
    ids = [entry.destination_id for entry in scene.ledger.iterate() if entry.kind == "create"]
    assert len(ids) == len(set(ids))
    assert first in (0, -9)


CASES = [(write, mode) for write in range(1, WRITES) for mode in ("before", "after")]


@pytest.mark.parametrize(("write", "mode"), random.Random(3).sample(CASES, 5))
def test_killed_load(stage, tmp_path, write, mode):
    """A random few of all writes, in both modes."""
    killed_and_resumed(stage, tmp_path, write, mode)


@pytest.mark.slow
@pytest.mark.parametrize(("write", "mode"), CASES)
def test_killed_load_everywhere(stage, tmp_path, write, mode):
    """Every write, in both modes."""
    killed_and_resumed(stage, tmp_path, write, mode)


@pytest.mark.parametrize(("write", "mode"), [(3, "before"), (9, "after"), (20, "after")])
def test_killed_rollback(stage, write, mode):
    """A rollback that was killed is run again and leaves what was there before the load."""
    scene = stage()
    before = scene.dump()
    scene.load()
    arm(scene, write, mode)
    assert in_process(scene, "rollback") == -9
    disarm(scene)
    result = scene.rollback()
    assert not result.kept and not result.failed
    assert scene.dump() == before
