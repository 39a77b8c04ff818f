"""SIGKILL at every write of every step that writes, through the command line: the same command again ends as if nothing had happened."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.apply.likeness import likeness
from tests.killing.conftest import KILLED, latest

WRITES = {"schema": 17, "sample": 14, "load": 14, "delta": 20, "rollback": 33}
"""So many writes has each step; `test_every_write_is_reached` keeps it true."""

MODES = ("before", "after")


@pytest.fixture(scope="session")
def undisturbed() -> dict[str, Any]:
    """By step: how the location, the ledger and the count of writes are after it, without an accident; filled when first asked."""
    return {}


def expected(name: str, before, undisturbed) -> dict[str, Any]:
    """What an undisturbed run of the step leaves."""
    if name not in undisturbed:
        scene = before(name)
        scene.arm(0, "before")
        assert scene.run(name) == 0
        undisturbed[name] = {
            "location": likeness(scene.dump()),
            "entries": Counter(scene.entries()),
            "writes": scene.writes,
        }
    return undisturbed[name]


def proven(name: str, write: int, mode: str, before, undisturbed) -> None:
    """The proof for one write."""
    wanted = expected(name, before, undisturbed)
    if write > wanted["writes"]:
        pytest.skip(f"{name} has {wanted['writes']} writes")
    scene = before(name)
    scene.arm(write, mode)
    assert scene.run(name) == KILLED
    scene.arm(0, mode)
    assert scene.run(name) == 0
    assert likeness(scene.dump()) == wanted["location"]
    assert without_attempts(scene.entries()) == without_attempts(wanted["entries"].elements())


def without_attempts(entries) -> Counter:
    """The entries but for updates that never arrived and were made anew under another name."""
    return Counter(entry for entry in entries if entry[-1] != "undone" or entry[3] != "update")


def cases() -> list[tuple[str, int, str]]:
    """Every write of every step, in both modes."""
    return [(name, write, mode) for name, most in WRITES.items() for write in range(1, most + 1) for mode in MODES]


FEW = [("delta", 2, "before"), ("delta", 5, "after")]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "write", "mode"), FEW)
def test_killed_at_a_write(name, write, mode, before, undisturbed):
    """A few writes of the step that has most phases."""
    proven(name, write, mode, before, undisturbed)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("name", "write", "mode"), cases())
def test_killed_at_every_write(name, write, mode, before, undisturbed):
    """Every write of schema, sample, load, each phase of a delta and rollback, before it is carried out and after."""
    proven(name, write, mode, before, undisturbed)


@pytest.mark.exhaustive
def test_every_write_is_reached(before, undisturbed):
    """The list above leaves no write of any step out."""
    found = {name: expected(name, before, undisturbed)["writes"] for name in WRITES}
    assert found == WRITES


@pytest.mark.exhaustive
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("write", range(1, WRITES["delta"] + 1))
def test_a_killed_delta_is_taken_back_whole(write, mode, before, undisturbed):
    """A delta killed anywhere, gone on with, and taken back by its run leaves what a delta that was not killed leaves."""
    wanted = expected("delta", before, undisturbed)
    if write > wanted["writes"]:
        pytest.skip(f"the delta has {wanted['writes']} writes")
    scene = before("delta")
    scene.arm(write, mode)
    assert scene.run("delta") == KILLED
    scene.arm(0, mode)
    assert scene.run("delta") == 0
    assert scene.run("rollback", "--run", latest(scene.ws, "delta")) == 0
    assert likeness(scene.dump()) == taken_back(before, undisturbed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("write", range(1, WRITES["delta"] + 1))
def test_a_rollback_of_a_delta_that_is_killed(write, before, undisturbed):
    """The rollback of a delta by its run, killed anywhere and run again, leaves what one that was not killed leaves."""
    scene = before("delta")
    assert scene.run("delta") == 0
    run = latest(scene.ws, "delta")
    scene.arm(write, "after")
    if scene.run("rollback", "--run", run) == KILLED:
        scene.arm(0, "after")
        assert scene.run("rollback", "--run", run) == 0
    assert likeness(scene.dump()) == taken_back(before, undisturbed)


def taken_back(before, undisturbed) -> Any:
    """What is left when an undisturbed delta was taken back by its run."""
    if "taken back" not in undisturbed:
        scene = before("delta")
        assert scene.run("delta") == 0
        assert scene.run("rollback", "--run", latest(scene.ws, "delta")) == 0
        undisturbed["taken back"] = likeness(scene.dump())
    return undisturbed["taken back"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("delay", [0.05, 0.15, 0.3, 0.5, 0.8, 1.2, 1.8, 2.5])
@pytest.mark.parametrize("name", ["sample", "delta", "rollback"])
def test_killed_at_any_moment(name, delay, before, undisturbed):
    """Not only at a write."""
    wanted = expected(name, before, undisturbed)
    scene = before(name)
    scene.arm(0, "before")
    assert scene.run(name, kill_after_s=delay) in (KILLED, 0)
    assert scene.run(name) == 0
    assert likeness(scene.dump()) == wanted["location"]
