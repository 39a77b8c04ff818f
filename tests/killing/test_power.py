"""What a kill does not do: power that fails (files cut after the last flush), and two commands at once on one workspace."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from pb2hl.workspace import Workspace
from tests.apply.likeness import likeness
from tests.killing.conftest import KILLED, Scene
from tests.killing.test_kill_matrix import MODES, WRITES, expected, undisturbed  # noqa: F401

REFUSED = 2


def gone_on_with(name: str, write: int, mode: str, kept: float, before) -> Scene:
    """The scene after the step was killed at a write, its ledger's write-ahead log cut to a share, and the step done all the same."""
    scene = before(name)
    scene.arm(write, mode)
    assert scene.run(name) == KILLED
    scene.arm(0, mode)
    for file in scene.ws.path.glob("ledger.sqlite-*"):
        with open(file, "r+b") as log:
            log.truncate(int(file.stat().st_size * kept))
    dump = scene.dump()
    code = scene.run(name)
    if code == REFUSED:
        assert scene.dump() == dump, "nothing is written by a ledger that is behind"
        assert scene.forks(scene.sandbox.token, "ledger", str(scene.ws.path), "--rebuild", "--by", "Judge") == 0
        assert scene.dump() == dump, "nor by making it anew"
        code = scene.run(name)
    assert code == 0
    return scene


@pytest.mark.slow
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("write", [2, 7, 12])
@pytest.mark.parametrize("name", ["sample", "load"])
def test_a_ledger_cut_short_doubles_nothing(name, write, kept, before, undisturbed):  # noqa: F811
    """A load is killed and the write-ahead log loses its tail, or all of it: it goes on whole, or refuses and is made anew."""
    wanted = expected(name, before, undisturbed)
    assert likeness(gone_on_with(name, write, "after", kept, before).dump()) == wanted["location"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("kept", [0.0, 0.5])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("write", range(1, WRITES["delta"] + 1))
def test_a_delta_cut_short_ends_as_if_nothing_had_happened(write, mode, kept, before, undisturbed):  # noqa: F811
    """The same of a delta at each of its writes: also what it took away, moved, changed and added to the schema is found, and is
    taken back by its run as that of an undisturbed delta is."""
    wanted = expected("delta", before, undisturbed)
    scene = gone_on_with("delta", write, mode, kept, before)
    assert likeness(scene.dump()) == wanted["location"]
    assert scene.run("rollback") == 0
    assert likeness(scene.dump()) == likeness(before("schema").dump())


@pytest.mark.slow
def test_two_commands_at_once(before):
    """The second one is told who holds the workspace, and writes nothing."""
    scene = before("load")
    dump = scene.dump()
    with scene.ws.lock("another command"):
        assert scene.run("load") == REFUSED
    assert scene.dump() == dump
    assert scene.run("load") == 0


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["load", "delta"])
def test_a_copy_from_before_doubles_nothing(name, before, tmp_path):
    """A workspace copied before a step that another copy then ran: refused, made anew from the location as far as its plans reach,
    nothing sent twice, everything taken back; by the command line, comparing the location's dumps."""
    scene = before(name)
    copy = replace(scene, ws=Workspace(shutil.copytree(scene.ws.path, tmp_path / "from-before")))
    assert scene.run(name) == 0
    dump = scene.dump()
    assert copy.run(name) == REFUSED and scene.dump() == dump, "the copy is behind, and writes nothing"
    rebuilt = copy.forks(copy.sandbox.token, "ledger", str(copy.ws.path), "--rebuild", "--by", "Judge")
    assert rebuilt == (name == "delta") and scene.dump() == dump
    if name == "delta":  # its plan is in the other copy only: what no plan holds stays refused
        assert copy.run(name) == REFUSED and scene.dump() == dump
        return
    assert copy.run(name) == 0 and likeness(scene.dump()) == likeness(dump)
    assert copy.run("rollback") == 0
    assert likeness(scene.dump()) == likeness(before("schema").dump())
