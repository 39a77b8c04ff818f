"""`pb2hl run` as a process: killed in the middle, and gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.terminal import export
from tests.e2e.drive import Arrived

PEOPLE = 40


def command(*arguments: object) -> list[str]:
    """The command line of `pb2hl`."""
    return [sys.executable, "-m", "pb2hl", *map(str, arguments)]


def pb2hl(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=300, check=False)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def initialised(tmp_path, sandbox, monkeypatch):
    """A workspace for the small export."""
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    ws = tmp_path / "ws"
    done = pb2hl("init", ws, "--export", export(tmp_path / "export"), "--location", sandbox.location,
                 "--base-url", sandbox.url, "--fallback-owner", "alice@rehearsal.example")  # fmt: skip
    assert done.returncode == 0, done.stderr
    return ws


def _kernel_of(process: subprocess.Popen) -> int:
    """The process id of the kernel that a run has started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    (kernel,) = [child for child in children if b"ipykernel" in Path(f"/proc/{child}/cmdline").read_bytes()]
    return int(kernel)


@pytest.mark.parametrize(
    "victim", [pytest.param("run", marks=pytest.mark.slow), pytest.param("kernel", marks=pytest.mark.exhaustive)]
)
def test_a_killed_run_leaves_no_writer_and_goes_on(tmp_path, rehearse, monkeypatch, victim):
    """SIGKILL of `pb2hl run` or of its kernel: the other one ends too, no request follows, and a second run makes nothing twice."""
    sandbox = rehearse(rate={"max": 10, "interval_s": 1.0}, search_lag_s=0.2)
    ws = initialised(tmp_path, sandbox, monkeypatch)
    with open(tmp_path / "export" / "contacts.csv", "a", encoding="utf-8") as more:
        more.writelines(f"{n},Pat{n},Poe{n},pat{n}@p{n}.example,,,\n" for n in range(3, PEOPLE + 1))
    running = subprocess.Popen(
        command("run", ws, "--approve-all", "--by", "Jane"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _wait_for(lambda: len(sandbox.state.dump()["contacts"]) >= PEOPLE // 4, running)
    os.kill(running.pid if victim == "run" else _kernel_of(running), signal.SIGKILL)
    assert running.wait(60) != 0
    time.sleep(1.0)
    held = sandbox.state.dump()
    assert len(held["contacts"]) < PEOPLE, "it was killed in the middle"
    time.sleep(2.0)
    assert sandbox.state.dump() == held, "something goes on writing"
    again = pb2hl("run", ws, "--approve-all", "--by", "Jane", "--json")
    assert again.returncode == 0, again.stderr
    assert "inventory" in json.loads(again.stdout)["skipped"]
    arrived = Arrived.of(sandbox)
    ids = sorted(contact["custom"]["Perfect Books ID"] for contact in arrived.contacts)
    assert ids == sorted(str(n) for n in range(1, PEOPLE + 1))
    assert len(arrived.opportunities) == 1
    assert json.loads(pb2hl("audit", ws, "--json").stdout)["counts"]["extra"] == 0


def _wait_for(done, process, seconds: float = 200.0) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < until
        time.sleep(0.05)
