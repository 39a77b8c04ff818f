"""Many locations, each a served sandbox with a copy of one migration that is ready to load."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pb2hl.fleet import Member, read_fleet
from pb2hl.sandbox import Sandbox, Scenario, running
from pb2hl.sandbox.persistence import from_state, to_state
from pb2hl.steps.gates.batch import decide
from pb2hl.workspace import Workspace, token_from
from tests.conftest import UNHURRIED
from tests.e2e.drive import step, workspace
from tests.steps import small

SCENARIO: dict[str, Any] = {"rate": UNHURRIED, "users": small.USERS, "search_lag_s": 0}
PEOPLE = 260
"""Contacts beyond those that the sample loads: a load of some hundred writes, to be killed in its middle."""


def many() -> small.Tables:
    """The small export with many contacts."""
    content = small.tables()
    first = content["contacts"][0]
    for number in range(100, 100 + PEOPLE):
        content["contacts"].append(
            {**first, "Contact ID": str(number), "First Name": f"Given{number}", "Last Name": f"Family{number * 7919}",
             "Email": f"p{number}@shop{number}.example", "Phone": f"613-555-{number:04}", "Tags": "", "Company ID": ""}
        )  # fmt: skip
    return content


@dataclass
class Fleet:
    """`path` is the CSV; a sandbox a location by the name of its workspace."""

    path: Path
    sandboxes: dict[str, Sandbox] = field(default_factory=dict)

    @property
    def members(self) -> tuple[Member, ...]:
        """As read from the CSV."""
        return read_fleet(self.path)

    def dump(self, name: str) -> dict[str, Any]:
        """What a location holds, timestamps aside."""
        return self.sandboxes[name].dump(timestamps=False)

    def writes(self) -> int:
        """Writes that all locations have seen."""
        return sum(sandbox.faults.writes for sandbox in self.sandboxes.values())


def write_csv(path: Path, rows: list[dict[str, str]]) -> Path:
    """A fleet's CSV."""
    columns = ("workspace", "location", "token_variable", "export", "options")
    lines = [",".join(columns), *(",".join(row.get(name, "") for name in columns) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def ready_once(tmp_path_factory) -> tuple[Path, dict[str, Any]]:
    """(workspace, state of its sandbox): everything approved, the sample loaded, the load to come."""
    folder = tmp_path_factory.mktemp("ready")
    state = Sandbox(Scenario.default(**SCENARIO))
    with running(state) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLEET_READY", state.token)
        place = type("Place", (), {"url": url, "location": state.location})
        ws = workspace(folder / "ws", small.write(folder / "export", many()), place)
        with token_from("FLEET_READY"):
            for name in ("inventory", "match", "mapping", "check", "schema", "sample"):
                step(ws, name, **({"size": 100} if name == "sample" else {}))
                if name not in ("inventory", "check"):
                    decide(ws, name, "Judge", take_defaults=True)
                if name == "schema":
                    step(ws, name, apply=True)
    return ws.path, to_state(state)


@pytest.fixture
def ready(ready_once, tmp_path, monkeypatch) -> Iterator[Callable[..., Fleet]]:
    """`ready(*rates)`: a fleet with a location for each of the rate limits, ready to load."""
    original, saved = ready_once
    with ExitStack() as stack:

        def start(*rates: dict[str, Any], ledger: str = "") -> Fleet:
            fleet, rows = Fleet(tmp_path / "fleet.csv"), []
            for number, rate in enumerate(rates):
                name = f"shop-{number}"
                sandbox = Sandbox(Scenario.default(**{**SCENARIO, "rate": rate}))
                from_state(sandbox, saved)
                url = stack.enter_context(running(sandbox))
                _copy(original, tmp_path / name, url, ledger)
                monkeypatch.setenv(f"FLEET_{number}", sandbox.token)
                rows.append({"workspace": name, "location": sandbox.location, "token_variable": f"FLEET_{number}"})
                fleet.sandboxes[name] = sandbox
            write_csv(fleet.path, rows)
            return fleet

        yield start


def _copy(original: Path, folder: Path, url: str, ledger: str) -> None:
    """The workspace again, of the location at `url`, its ledger moved into the database `ledger`."""
    shutil.copytree(original, folder)
    path = folder / "migration.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines = [f'base_url = "{url}"' if line.startswith("base_url =") else line for line in lines]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if ledger:
        from pb2hl.steps.shared.ledgers import move

        move(Workspace(folder), ledger, who="Judge")
