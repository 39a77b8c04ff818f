"""A fleet as docs/fleet.md deploys it: scheduler and workers as processes, ledgers in PostgreSQL; the scheduler dies in the middle."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from pb2hl.errors import Pb2hlError
from pb2hl.fleet import Fleet, cluster, work
from pb2hl.ledger import Ledger
from tests.apply.likeness import likeness
from tests.conftest import UNHURRIED
from tests.fleet.test_fleet import SLOWED, undisturbed

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose.yaml"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Processes:
    """`dask scheduler` and `dask worker`, each a process."""

    def __init__(self, port: int):
        self.address = f"tcp://127.0.0.1:{port}"
        self._port, self._all = port, []

    def start(self) -> None:
        """A scheduler and two workers."""
        self._run("scheduler", "--host", "127.0.0.1", "--port", str(self._port), "--no-dashboard")
        for _ in range(2):
            self._run("worker", self.address, "--nthreads", "2", "--no-dashboard", "--death-timeout", "10")

    def _run(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "dask", *arguments]
        self._all.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def kill(self) -> None:
        """All of them at once, as when a machine dies."""
        for process in self._all:
            process.send_signal(signal.SIGKILL)
        for process in self._all:
            process.wait(30)
        self._all.clear()


@pytest.mark.slow
def test_the_scheduler_dies_in_the_middle(ready, postgres):
    """The command says so; started again it goes on, and both locations hold what an undisturbed load leaves, once."""
    fleet = ready(SLOWED, SLOWED, UNHURRIED, ledger=postgres)
    expected = undisturbed(fleet)
    members, before = fleet.members[:2], fleet.writes()
    processes, over = Processes(free_port()), threading.Event()

    def die() -> None:
        while not over.wait(0.02) and fleet.writes() < before + 200:
            pass
        processes.kill()

    try:
        processes.start()
        threading.Thread(target=die, daemon=True).start()
        with pytest.raises(Pb2hlError, match="the scheduler is gone"), cluster(processes.address) as client:
            Fleet(client, members).run()
        over.set()
        processes.start()
        with cluster(processes.address) as client:
            ended = Fleet(client, members).run()
    finally:
        over.set()
        processes.kill()
    for member in members:
        assert ended[member].outcome == work.DONE, ended[member]
        assert likeness(fleet.dump(member.name)) == expected
        with Ledger.open(member.open()) as ledger:
            assert ledger.verify_log() is None


def test_only_workers_get_tokens():
    """In the compose file nothing but the workers reads the tokens, and nothing but them reaches outside."""
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    assert {name for name, service in services.items() if "tokens.env" in service.get("env_file", ())} == {"worker"}
    assert {name for name, service in services.items() if "outside" in service["networks"]} == {"worker"}
    assert not any("ports" in service for service in services.values())
