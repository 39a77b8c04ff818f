"""Processes of one machine share a location's allowance."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl.clock import SYSTEM_CLOCK
from pb2hl.highlevel import shared
from pb2hl.highlevel.shared import LEASE_S, SharedAllowance
from pb2hl.highlevel.shared_database import DatabaseAllowance

BURST, INTERVAL_S = 5, 10.0

LOAD = """
import sys
from pb2hl.highlevel import Client, run

async def main():
    async with Client(sys.argv[2], sys.argv[3], sys.argv[1]) as client:
        for number in range(int(sys.argv[4])):
            await client.request("GET", f"/locations/{sys.argv[3]}")

run(main())
"""


@pytest.fixture
def two(tmp_path):
    """The same location's allowance as two processes see it."""
    return SharedAllowance(tmp_path / "s.json"), SharedAllowance(tmp_path / "s.json")


def test_what_one_took_the_other_lacks(two):
    """Slots are counted together and come back when their time is over."""
    one, other = two
    assert [one.take(100.0, BURST, INTERVAL_S) for _ in range(3)] == [0.0] * 3
    assert [other.take(100.0, BURST, INTERVAL_S) for _ in range(2)] == [0.0] * 2
    assert other.take(100.0, BURST, INTERVAL_S) > 0 and other.others == 3
    one.give(101.0, 110.0)
    assert other.take(101.0, BURST, INTERVAL_S) == pytest.approx(9.0)
    assert other.take(110.1, BURST, INTERVAL_S) == 0.0


def test_slots_of_a_process_that_died_run_out(two):
    """Nobody gives them back: they count until their answer must have come."""
    one, other = two
    for _ in range(BURST):
        one.take(0.0, BURST, INTERVAL_S)
    assert other.take(1.0, BURST, INTERVAL_S) > 0
    assert other.take(INTERVAL_S + LEASE_S + 0.1, BURST, INTERVAL_S) == 0.0


def test_a_refusal_stops_everybody(two):
    """What HighLevel said to one holds for all."""
    one, other = two
    one.close(107.0)
    assert other.take(100.0, BURST, INTERVAL_S) == pytest.approx(7.0) and other.take(107.5, BURST, INTERVAL_S) == 0.0


@given(
    st.binary(max_size=40)
    | st.sampled_from(
        [
            b"[[1e999, 1]]",
            b"[[7]]",
            b"{}",
            b"[[1, null, 3]]",
            b"null",
            b'{"slots": [], "burst": -1, "interval_s": 1e999}',
            b'{"slots": [], "burst": 1e999, "interval_s": 1}',
        ]
    )
)
def test_a_damaged_file_counts_for_nothing(tmp_path_factory, content):
    """Whatever stands in it, requests go on, and so does the sharing."""
    path = tmp_path_factory.mktemp("s") / "s.json"
    path.write_bytes(content)
    one = SharedAllowance(path)
    assert one.take(0.0, BURST, INTERVAL_S) == 0.0
    assert len(json.loads(path.read_text())["slots"]) == 1


def test_slots_from_before_a_restart_count_for_nothing(two):
    """The clock began again: slots that lie further ahead than any can are not of this time."""
    one, other = two
    for _ in range(BURST):
        one.take(1e6, BURST, INTERVAL_S)
    assert other.take(5.0, BURST, INTERVAL_S) == 0.0


def test_who_begins_goes_by_what_another_has_learned(two):
    """Nobody sends a first burst of the documented size into a window that another process knows to be smaller, and full."""
    one, other = two
    for _ in range(BURST):
        one.take(100.0, BURST, INTERVAL_S)
        one.give(100.5, 110.5, (BURST, INTERVAL_S))
    assert other.take(101.0, 20 * BURST, INTERVAL_S, learned=False) == pytest.approx(9.5)
    assert other.take(111.0, 20 * BURST, INTERVAL_S, learned=False) == 0.0


def test_two_processes_cause_no_refusal(rehearse, tmp_path, monkeypatch):
    """Two loads at once on one location: everything is answered, nothing with 429, and nothing secret is in the file."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    place = rehearse(rate={"max": 20, "interval_s": 1.0})
    command = [sys.executable, "-c", LOAD, place.url, place.token, place.location, "40"]
    running = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    assert [item["status"] for item in place.state.log] == [200] * 80
    kept = "".join(file.read_text() for file in Path(tmp_path).rglob("*.json"))
    assert kept and place.token not in kept and place.location not in kept
    assert shared.shared_folder() == tmp_path / "pb2hl"


def test_machines_share_through_the_ledgers_database(postgres, monkeypatch):
    """What one took the other lacks, a refusal holds for both; when the database goes away requests go on without sharing."""
    one, other = (DatabaseAllowance(postgres, "https://x.example/", "loc") for _ in range(2))
    third = DatabaseAllowance(postgres, "https://x.example", "another")
    now = SYSTEM_CLOCK.monotonic()
    assert [one.take(now, BURST, INTERVAL_S) for _ in range(BURST)] == [0.0] * BURST
    assert other.take(now, BURST, INTERVAL_S) > 0 and other.others == BURST
    assert third.take(now, BURST, INTERVAL_S) == 0.0 and third.others == 0
    one.give(now, now + 3)
    assert other.take(now + 1, BURST, INTERVAL_S) == pytest.approx(2.0, abs=0.5)
    other.close(now + 7)
    assert one.take(now, BURST, INTERVAL_S) == pytest.approx(7.0, abs=0.5)
    one._connection._db.close()
    monkeypatch.setattr(one._connection, "_url", "postgresql://127.0.0.1:1/gone")
    assert one.take(now, BURST, INTERVAL_S) == 0.0 and other.take(now, BURST, INTERVAL_S) == 0.0
