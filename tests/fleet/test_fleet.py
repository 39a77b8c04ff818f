"""Many locations on a real Dask cluster: each to its gate, none stopped by another, nothing twice and nothing lost when workers die."""

from __future__ import annotations

import os
import signal
import threading
from datetime import datetime, timedelta

import pytest
from distributed import Client, LocalCluster

from pb2hl.clock import Clock
from pb2hl.errors import Pb2hlError
from pb2hl.fleet import Fleet, cluster, drive, fleet_status, read_fleet, work
from pb2hl.ledger import Ledger
from pb2hl.sandbox import Sandbox, Scenario, running
from pb2hl.steps.load.load import load
from pb2hl.workspace import token_from
from tests.apply.likeness import likeness
from tests.cli.terminal import Terminal, export
from tests.conftest import UNHURRIED
from tests.fleet.conftest import write_csv

SLOWED = {"max": 100, "interval_s": 2.0, "daily": 10**8}


@pytest.fixture
def client():
    """A cluster in this process: no worker of its own to be started."""
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as local,
        Client(local) as made,
    ):
        yield made


def test_to_the_gate_and_no_further(client, tmp_path, monkeypatch, capsys):
    """One location waits at its gate, another whose token is missing says so and stops nobody; the gate is approved in bulk, on
    record; no token is in anything that the scheduler holds."""
    sandbox = Sandbox(Scenario.default(rate=UNHURRIED, search_lag_s=0))
    monkeypatch.setenv("T_ONE", sandbox.token)
    export(tmp_path / "a")
    with running(sandbox) as url:
        rows = [
            {"workspace": f"shop-{n}", "location": sandbox.location, "token_variable": f"T_{n.upper()}", "export": "a"}
            for n in ("one", "two")
        ]
        options = "fallback_owner=alice@rehearsal.example; base_url="
        rows[0]["options"], rows[1]["options"] = options + url, options + url.replace("127.0.0.1", "localhost")
        path = write_csv(tmp_path / "fleet.csv", rows)
        seen = []
        ended = Fleet(client, read_fleet(path), say=lambda member, told: seen.append((member.name, told.step))).run()
        by_name = {member.name: told for member, told in ended.items()}
        assert (by_name["shop-one"].outcome, by_name["shop-one"].step) == (work.GATE, "mapping")
        assert by_name["shop-two"].outcome == work.FAILED and "T_TWO is not set" in by_name["shop-two"].said
        assert ("shop-one", "inventory") in seen
        held = repr([client.scheduler_info(), client.cluster.scheduler.tasks, client.get_task_stream()])
        assert sandbox.token not in held
    table = fleet_status(path).set_index("workspace")
    assert list(table["state"]) == ["waiting", "failed"] and "T_TWO" in table.at["shop-two", "error"]
    assert table.at["shop-one", "gate"] == "mapping"
    page = path.with_name("fleet.html").read_text(encoding="utf-8")
    assert "shop-one" in page and "shop-two" in page and sandbox.token not in page
    pb2hl = Terminal(capsys)
    assert pb2hl("fleet", "approve", path, "mapping", "--by", "Jane", "--only", "other-*").code == 2
    found = pb2hl("fleet", "approve", path, "mapping", "--by", "Jane", "--only", "shop-*", "--json")
    assert [row["outcome"] for row in found.json["locations"]] == ["approved", "not waiting"]
    with Ledger.open(read_fleet(path)[0].open()) as ledger:
        approval = ledger.approval("mapping")
    assert approval.who == "Jane" and "in bulk, 2 locations that fit 'shop-*'" in approval.note and not approval.forced
    assert pb2hl("fleet", "status", path, "--json").json["locations"][0]["step"] == "check"


def undisturbed(fleet) -> dict:
    """What a load leaves that nothing happens to, of the location made last."""
    member = fleet.members[-1]
    with token_from(member.token_variable):
        load(member.open())
    return likeness(fleet.dump(member.name))


class Killer(threading.Thread):
    """Kills every worker of `client` each time so many more writes were seen."""

    def __init__(self, client: Client, fleet, every: int):
        super().__init__(daemon=True)
        self._client, self._fleet, self._every = client, fleet, every
        self.over, self.killed = threading.Event(), 0

    def run(self) -> None:
        """Until `over`."""
        at = self._fleet.writes() + self._every
        while not self.over.wait(0.02):
            if self._fleet.writes() < at:
                continue
            for pid in self._client.run(os.getpid, on_error="ignore").values():
                if isinstance(pid, int):
                    os.kill(pid, signal.SIGKILL)
                    self.killed += 1
            at = self._fleet.writes() + self._every


@pytest.mark.slow
def test_workers_killed_in_the_middle_of_loads(ready):
    """Three locations load on two workers that are killed again and again: each holds what an undisturbed load leaves, once."""
    fleet = ready(SLOWED, SLOWED, SLOWED, UNHURRIED)
    expected = undisturbed(fleet)
    members = fleet.members[:3]
    with cluster(workers=2, threads=2) as client:
        killer = Killer(client, fleet, every=250)
        killer.start()
        ended = Fleet(client, members).run()
        killer.over.set()
        killer.join()
    assert killer.killed >= 2
    for member in members:
        assert ended[member].outcome == work.DONE, ended[member]
        assert likeness(fleet.dump(member.name)) == expected
        with Ledger.open(member.open()) as ledger:
            assert ledger.verify_log() is None


@pytest.mark.slow
def test_a_spent_day_pauses_one_location(ready, monkeypatch):
    """The other goes on to its end; the paused one is asked again, and ends whole when its day begins anew."""
    monkeypatch.setattr(drive, "ASK_DAY_EVERY_S", 1.0)
    fleet = ready({"max": 1000, "daily": 150, "day_s": 6.0}, UNHURRIED, UNHURRIED)
    expected = undisturbed(fleet)
    members, order = fleet.members[:2], []
    one_thread = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with LocalCluster(**one_thread) as local, Client(local) as client:
        ended = Fleet(client, members, say=lambda member, told: order.append((member.name, told.outcome))).run()
    assert ("shop-0", work.PAUSED) in order
    assert {told.outcome for told in ended.values()} == {work.DONE}
    assert order.index(("shop-1", work.DONE)) < order.index(("shop-0", work.DONE))
    assert all(likeness(fleet.dump(member.name)) == expected for member in members)


def nameless(tmp_path) -> tuple:
    """One member whose token is nowhere: its task ends as soon as a worker takes it."""
    export(tmp_path / "a")
    row = {"workspace": "shop", "location": "L1", "token_variable": "T_NOWHERE", "export": "a"}
    return read_fleet(write_csv(tmp_path / "fleet.csv", [row]))


@pytest.mark.slow
def test_a_given_up_place_is_filled_again(tmp_path):
    """The engine closes a worker that is away too long and starts none in its place: the fleet does, and its work is done."""
    members = nameless(tmp_path)
    with cluster(workers=1, threads=1) as client:
        client.cluster.sync(client.cluster.workers.pop(0).close)
        ended = Fleet(client, members).run()
    assert "T_NOWHERE is not set" in ended[members[0]].said


def test_a_cluster_without_workers_is_told(tmp_path):
    """Nobody waits for ever for workers that nobody starts: after ten minutes the command says what is missing and what to do."""

    class Hasty(Clock):
        looked = 0

        def now(self) -> datetime:
            self.looked += 1
            return super().now() + timedelta(minutes=4 * self.looked)

    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=None) as local,
        Client(local) as client,
        pytest.raises(Pb2hlError, match="no worker for 10 minutes") as caught,
    ):
        Fleet(client, nameless(tmp_path), clock=Hasty()).run()
    assert "start workers" in caught.value.hint
