"""Every step tells how far it is: a bar from the first moment, of so many, that ends at all of them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pb2hl import report, runner
from pb2hl.register import notebooks
from pb2hl.steps.gates.batch import decide
from tests.e2e.drive import DECIDED, step, workspace
from tests.steps import small

OPEN_ENDED = {"reading the location", "looking at the location"}
"""Nobody knows beforehand how much a location holds."""


@dataclass
class Watch:
    """Keeps every bar: what, of how many, how far it came, and for how long none was there."""

    bars: list[list] = field(default_factory=list)
    dark: float = 0.0
    began: float = field(default_factory=time.perf_counter)
    _open: bool = False
    _since: float = field(default_factory=time.perf_counter)

    def start(self, what, total=None, unit="rows"):
        self._light(True)
        self.bars.append([what, total, 0])

    def advance(self, n=1):
        assert self._open, f"advances by {n} without a bar, after {self.bars[-1:]}"
        self.bars[-1][2] += n

    def note(self, text):
        pass

    def finish(self):
        self._light(False)

    def _light(self, on):
        now = time.perf_counter()
        if not self._open:
            self.dark = max(self.dark, now - self._since)
        self._open, self._since = on, now

    def judge(self, name):
        self._light(False)
        took = time.perf_counter() - self.began
        assert self.bars, f"{name} shows nothing"
        for what, total, done in self.bars:
            known = total is not None or any(what.startswith(known) for known in (*OPEN_ENDED, "reading "))
            assert known, f"{name}: {what} does not say of how many"
            assert total is None or done == total, f"{name}: {what} ends at {done} of {total}"
        assert self.dark < max(1.0, took / 3), f"{name}: {self.dark:.1f} of {took:.1f} s without a bar"


def watched(name, run):
    watch = Watch()
    result = run(watch)
    watch.judge(name)
    return result


@pytest.mark.slow
def test_every_step_shows_how_far_it_is(tmp_path, rehearse, monkeypatch):
    """All steps of a migration with a delta and a rollback; whatever notebook is added has to be here too."""
    sandbox = rehearse(users=small.USERS)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    first, later = small.tables(), small.tables()
    later["contacts"][0]["City"] = "Perth"
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "one", first), sandbox)
    two = small.write(tmp_path / "two", later)
    more = {"delta": {"export": two}, "rollback": {}}
    names = [item.id for item in notebooks()]
    order = [name for name in names if name not in {"rollback", "report"}] + ["report", "rollback"]
    for name in order:
        if name == "report":
            watched(name, lambda watch: report.write_all(ws, progress=watch))
            continue
        if name == "rollback":
            watched(name, lambda watch: step(ws, "rollback", dry_run=True, progress=watch))
        watched(name, lambda watch, name=name: step(ws, name, progress=watch, **more.get(name, {})))
        if name in DECIDED | {"schema"}:
            decide(ws, name, "Ann", take_defaults=True)
        if name == "schema":
            watched(name, lambda watch: step(ws, "schema", apply=True, progress=watch))
    assert set(order) == set(names)


def test_every_notebook_runs_its_step_through_the_face():
    """What is run by hand shows the same as the command line: `pb2hl.<step>(ws)` has the bar."""
    for item in notebooks():
        path = Path(runner.resource("notebooks")) / item.notebook
        code = "".join(
            "".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"
        )
        assert f"{item.id}(ws" in code or item.id == "report", item.notebook
