"""SIGKILL at any write or moment: the next run leaves every record exactly once, the next rollback none."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from likeness import likeness
from operations import EXISTING, changes, everything
from test_execute import without_blanks

from pb2hl.errors import LedgerUnreachable
from pb2hl.ledger import State
from pb2hl.sandbox.scenario import KillAt
from tests.postgres import Server, require_postgres

HERE = Path(__file__).parent
WRITES = 30
"""Writes of the hand-made migration; `test_the_writes_are_counted` keeps it true."""

UNDO_WRITES = 27
"""Writes of its rollback."""

DELTA_WRITES = 10
"""Writes of a delta: an update of every kind, a tag taken off, another business, a new record."""

KILLED = -9


class Forks:
    """A process that has everything imported and forks the processes to be killed."""

    def __init__(self) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen([sys.executable, "-m", "loader"], cwd=HERE, text=True, **pipes)

    def __call__(self, scene, what: str, kill_after_s: float | None = None) -> int:
        """The exit code of a load or rollback in a process of its own."""
        place = scene.place
        scene.let_go()
        order = {"url_of_ledger": scene.url, "schema": scene.schema, "folder": str(scene.folder), "url": place.url, "token": place.token, "location": place.location,
                 "reason": reason(scene), "what": what, "kill_after_s": kill_after_s}  # fmt: skip
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.stdin.close()
        self._process.wait(10)


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    """The process that forks."""
    made = Forks()
    yield made
    made.close()


@pytest.fixture
def scene(stage):
    """A location with a contact of its own, and the migration of every kind."""
    return stage(contacts=[EXISTING])


def reason(scene) -> str:
    """The id of a lost reason."""
    return min(scene.sandbox.collections["lost_reasons"].records)


def operations(scene):
    """The migration of every kind."""
    return everything(scene.folder, reason(scene))


@pytest.fixture(scope="module")
def calm():
    """What an undisturbed load leaves, made once."""
    return {}


def undisturbed(stage, calm, tmp_path_factory):
    """The likeness of the location after a load without an accident, and the writes of load and rollback."""
    if not calm:
        scene = stage(contacts=[EXISTING])
        scene.move(tmp_path_factory.mktemp("calm"))
        before = without_blanks(scene.dump())
        scene.load(operations(scene))
        calm["location"] = likeness(scene.dump())
        calm["writes"] = scene.sandbox.faults.writes
        calm["states"] = {(entry.op_id, entry.state) for entry in scene.ledger.iterate()}
        scene.rollback()
        assert without_blanks(scene.dump()) == before
        calm["undo_writes"] = scene.sandbox.faults.writes - calm["writes"]
    return calm


@pytest.fixture
def expected(stage, calm, tmp_path_factory):
    """What an undisturbed load leaves."""
    return undisturbed(stage, calm, tmp_path_factory)


def arm(scene, write: int, mode: str) -> None:
    """Kill whoever sends write number `write` from now on."""
    scene.sandbox.reset_counters()
    faults = scene.sandbox.faults
    faults.replace(faults.settings.model_copy(update={"kill_at": KillAt(write=write, mode=mode)}))


def disarm(scene) -> None:
    """No more killing."""
    faults = scene.sandbox.faults
    faults.replace(faults.settings.model_copy(update={"kill_at": None}))


def whole(scene, expected) -> None:
    """The location is as after an undisturbed load, and the ledger agrees with it."""
    assert likeness(scene.dump()) == expected["location"]
    entries = list(scene.ledger.iterate())
    assert {(entry.op_id, entry.state) for entry in entries} == expected["states"]
    made = [entry.destination_id for entry in entries if entry.kind == "create"]
    assert len(made) == len(set(made))
    held = {record for records in scene.sandbox.collections.values() for record in records.records}
    assert set(made) <= held
    assert scene.ledger.verify_log() is None


def killed_load(forks, scene, expected, write: int, mode: str) -> None:
    """The proof for one write of a load."""
    arm(scene, write, mode)
    assert forks(scene, "load") == KILLED
    disarm(scene)
    scene.load(operations(scene))
    whole(scene, expected)


def killed_rollback(forks, scene, expected, write: int, mode: str) -> None:
    """The proof for one write of a rollback."""
    before = without_blanks(scene.dump())
    scene.load(operations(scene))
    arm(scene, write, mode)
    assert forks(scene, "rollback") == KILLED
    disarm(scene)
    rolled_back(scene, before)


def killed_and_undone(forks, scene, write: int, mode: str) -> None:
    """The proof for one write of a load that nobody went on with: the rollback settles what is in doubt by itself."""
    before = without_blanks(scene.dump())
    arm(scene, write, mode)
    assert forks(scene, "load") == KILLED
    disarm(scene)
    rolled_back(scene, before)
    assert scene.ledger.verify_log() is None


def rolled_back(scene, before) -> None:
    """Rolled back (again), the location is as before the load and the ledger says so."""
    result = scene.rollback()
    assert not result.kept and not result.failed
    assert without_blanks(scene.dump()) == before
    assert {entry.state for entry in scene.ledger.iterate()} <= {State.UNDONE}


def cases(writes: int) -> list[tuple[int, str]]:
    """Every write, in both modes."""
    return [(write, mode) for write in range(1, writes + 1) for mode in ("before", "after")]


def test_the_writes_are_counted(expected):
    """The enumerations below reach every write of the load and of the rollback."""
    assert (expected["writes"], expected["undo_writes"]) == (WRITES, UNDO_WRITES)


@pytest.mark.parametrize(("write", "mode"), random.Random(3).sample(cases(WRITES), 5))
def test_killed_load(forks, expected, scene, write, mode):
    """A random few of all writes, in both modes."""
    killed_load(forks, scene, expected, write, mode)


@pytest.mark.slow
@pytest.mark.parametrize(("write", "mode"), cases(WRITES))
def test_killed_load_everywhere(forks, expected, scene, write, mode):
    """Every write of the load, in both modes."""
    killed_load(forks, scene, expected, write, mode)


@pytest.mark.parametrize(("write", "mode"), random.Random(9).sample(cases(WRITES), 4))
def test_killed_load_is_undone(forks, expected, scene, write, mode):
    """A load is killed and taken back without having been gone on with: nothing of ours is left, nothing of theirs gone."""
    killed_and_undone(forks, scene, write, mode)


@pytest.mark.slow
@pytest.mark.parametrize(("write", "mode"), cases(WRITES))
def test_killed_load_is_undone_everywhere(forks, expected, scene, write, mode):
    """Every write of the load, in both modes."""
    killed_and_undone(forks, scene, write, mode)


@pytest.mark.parametrize(("write", "mode"), random.Random(5).sample(cases(UNDO_WRITES), 3))
def test_killed_rollback(forks, expected, scene, write, mode):
    """A rollback that was killed is run again and leaves what was there before the load."""
    killed_rollback(forks, scene, expected, write, mode)


@pytest.mark.slow
@pytest.mark.parametrize(("write", "mode"), cases(UNDO_WRITES))
def test_killed_rollback_everywhere(forks, expected, scene, write, mode):
    """Every write of the rollback, in both modes."""
    killed_rollback(forks, scene, expected, write, mode)


def killed_delta(forks, scene, write: int, mode: str) -> None:
    """The proof for one write of a delta: gone on with it is as if nothing had happened, and all of it can be taken back."""
    before = without_blanks(scene.dump())
    scene.load(operations(scene))
    arm(scene, write, mode)
    assert forks(scene, "delta") == KILLED
    disarm(scene)
    scene.load(changes(scene.ledger))
    found = likeness(scene.dump())
    assert {entry.state for entry in scene.ledger.iterate()} == {State.DONE}
    rolled_back(scene, before)
    scene.load(operations(scene))
    scene.load(changes(scene.ledger))
    assert likeness(scene.dump()) == found, "and the same again without an accident"


@pytest.mark.parametrize(("write", "mode"), random.Random(7).sample(cases(DELTA_WRITES), 2))
def test_killed_delta(forks, scene, write, mode):
    """A random few of a delta's writes, in both modes."""
    killed_delta(forks, scene, write, mode)


@pytest.mark.slow
@pytest.mark.parametrize(("write", "mode"), cases(DELTA_WRITES))
def test_killed_delta_everywhere(forks, scene, write, mode):
    """Every write of a delta, in both modes."""
    killed_delta(forks, scene, write, mode)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_killed_again_and_again(forks, expected, scene, seed):
    """A load killed at five moments that no request marks, between a commit and its record too, ends whole; so its rollback."""
    before = without_blanks(scene.dump())
    chance = random.Random(seed)
    for _ in range(5):
        assert forks(scene, "load", chance.uniform(0.0, 0.5)) in (KILLED, 0)
    scene.load(operations(scene))
    whole(scene, expected)
    for _ in range(3):
        assert forks(scene, "rollback", chance.uniform(0.0, 0.4)) in (KILLED, 0)
    rolled_back(scene, before)


def dies_at(ledger, server: Server, write: int, mode: str) -> None:
    """The database's machine dies at the ledger's write number `write`: before it is durable, or before that was told."""
    record, seen = ledger.record, []

    def dying(*given, **named):
        seen.append(1)
        if len(seen) != write or mode == "before":
            if len(seen) == write:
                server.stop(signal.SIGQUIT)
            return record(*given, **named)
        record(*given, **named)
        server.stop(signal.SIGQUIT)
        raise LedgerUnreachable("the ledger cannot be written: the connection is gone")

    ledger.record = dying


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_database_dies_in_a_load(expected, stage, tmp_path):
    """At any write of the ledger: the load stops, saying so; started again with the database it leaves every record once."""
    require_postgres()
    with Server(tmp_path) as server:
        chance = random.Random(11)
        for mode in ("before", "after", "before", "after"):
            scene = stage(contacts=[EXISTING])
            scene.url = server.url
            scene.move(tmp_path / f"{mode}{chance.random()}")
            dies_at(scene.ledger, server, chance.randint(2, 20), mode)
            with pytest.raises(LedgerUnreachable, match="the ledger cannot be"):
                scene.load(operations(scene))
            scene.let_go()
            server.start()
            scene.load(operations(scene))
            whole(scene, expected)
            scene.let_go()
