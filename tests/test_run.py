"""The shipped example through every notebook, by papermill, as `pb2hl run --approve-all` does it; then back again."""

from __future__ import annotations

import csv
import io
import os
import shutil
import socket
import stat
from pathlib import Path

import nbformat
import pytest

from pb2hl import runner
from pb2hl.register import ROLLBACK
from pb2hl.resources import resource
from pb2hl.results import StepResult
from pb2hl.sandbox import Scenario
from pb2hl.steps.overview.status import status
from pb2hl.workspace import TOKEN_VARIABLE, Workspace, parse_config
from tests.canaries import ATTACKS, held, trouble
from tests.conftest import UNHURRIED
from tests.loopback.sitecustomize import close

pytestmark = pytest.mark.slow

WHO = "Jane Tester"


@pytest.fixture(scope="module")
def patch():
    """A monkeypatch that lives as long as the module."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def guarded(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Close this process, and every kernel that it starts, to all but this machine."""
    patch.setenv("PB2HL_ASKED", str(folder / "asked.txt"))
    patch.setenv(
        "PYTHONPATH", os.pathsep.join([str(Path(__file__).parent / "loopback"), os.environ.get("PYTHONPATH", "")])
    )
    for name in ("socket", "getaddrinfo"):
        patch.setattr(socket, name, getattr(socket, name))  # put back at the end
    close()


def hostile(folder: Path) -> Path:
    """The example with marks in its texts that must not come alive anywhere."""
    shutil.copytree(resource("examples/perfect-books"), folder)
    for name, columns, delimiter in PLANTED:
        path = folder / name
        text = path.read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
        for row, attack in zip(rows, ATTACKS, strict=False):
            row.update(dict.fromkeys(columns, attack))
        with open(path, "w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    return folder


PLANTED = (
    ("contacts.csv", ["Job Title", "City", "Background", "Nickname"], ","),
    ("companies.csv", ["Description", "Street"], ";"),
    ("tasks.tsv", ["Subject", "Details"], "\t"),
    ("activities.csv", ["Subject", "Body"], ","),
)


@pytest.fixture(scope="module")
def migrated(sandbox_server, tmp_path_factory, patch):
    """(workspace, sandbox, dump before, what `run` returned) of the example, migrated through its notebooks."""
    from pb2hl.sandbox import Sandbox

    body = Scenario.load(resource("examples/sandbox.toml")).model_dump()
    scenario = Scenario(**{**body, "rate": {**body["rate"], **UNHURRIED}})
    state = Sandbox(scenario)
    sandbox_server.sandbox = state
    patch.setenv(TOKEN_VARIABLE, state.token)
    before = state.dump()
    folder = tmp_path_factory.mktemp("run")
    guarded(folder, patch)
    settings = {
        "export": str(hostile(folder / "export")),
        "location": state.location,
        "base_url": sandbox_server.url,
        "fallback_owner": scenario.users[0]["email"],
    }
    before_mask = os.umask(0o077)  # as every command and every kernel has it
    ws = Workspace.create(folder / "ws", parse_config(settings))
    outcome = runner.run(ws, runner.steps_between(), who=WHO)
    os.umask(before_mask)
    return ws, state, before, outcome


def test_every_notebook_ran(migrated):
    """All notebooks but the rollback's run, are kept with their outputs, and become pages without code."""
    ws, _, _, outcome = migrated
    assert outcome["steps"] == [step.id for step in runner.in_a_run()]
    for path in map(Path, outcome["notebooks"]):
        notebook = nbformat.read(path, as_version=4)
        assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
        assert path.with_suffix(".html").exists()
    assert Path(outcome["index"]) == ws.reports / "index.html"


def test_everything_arrived(migrated):
    """The audit finds every record, nothing extra, nothing wrong, nothing in doubt; nobody was messaged."""
    ws, state, _, _ = migrated
    audit = StepResult.load(ws.results("audit"))
    assert audit.status == "done", audit.problems
    assert audit.counts["expected"] == audit.counts["arrived"] > 1000
    assert audit.counts["missing"] == audit.counts["extra"] == audit.counts["in_doubt"] == 0
    assert not state.outbox
    assert not state.unexpected
    assert all(
        row["state"] == "approved" and row["who"] == WHO for row in status(ws).tables["gates"].to_dict("records")
    )


def test_no_secret_is_left_behind(migrated):
    """The token is in no file of the workspace: not in the ledger, a notebook, a report, a sheet or a result."""
    ws, state, _, _ = migrated
    token = state.token.encode()
    assert not [path for path in ws.path.rglob("*") if path.is_file() and token in path.read_bytes()]


def test_nothing_planted_comes_alive(migrated):
    """Marks in the export's texts stand in pages, notebooks and sheets, and act in none of them; no spreadsheet runs a cell."""
    ws, _, _, _ = migrated
    names = held(ws.path)
    assert {".html", ".csv", ".parquet"} <= {Path(name).suffix for name in names}, names
    assert list(trouble(ws.path)) == []


def test_nobody_but_this_machine_was_asked(migrated):
    """No notebook, no kernel, no library looked up a name or connected elsewhere."""
    asked = Path(os.environ["PB2HL_ASKED"])
    assert not asked.exists() or not asked.read_text()
    with pytest.raises(OSError, match="only this machine"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    assert asked.read_text().startswith(("look up", "connect")), "the guard is no paper tiger"
    asked.unlink()


@pytest.mark.skipif(os.name != "posix", reason="rights as POSIX has them")
def test_the_workspace_is_for_its_owner_only(migrated):
    """Every folder and file of a finished migration, executed notebooks too; and no repository takes it in."""
    ws, _, _, _ = migrated
    open_ones = [path for path in [ws.path, *ws.path.rglob("*")] if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert [str(path.relative_to(ws.path)) for path in open_ones] == []
    assert any(path.suffix == ".ipynb" for path in ws.runs.rglob("*"))
    assert (ws.path / ".gitignore").read_text().splitlines()[-1] == "*"


def test_run_again_sends_nothing_new(migrated):
    """Loading again leaves the location as it is."""
    ws, state, _, _ = migrated
    dump = state.dump()
    runner.run(ws, runner.steps_between("load", "load"))
    assert state.dump() == dump


@pytest.mark.slow
def test_rollback_notebook_restores_the_location(migrated):
    """The rollback's notebook, run for real, leaves the location as it was before; a dry run changes nothing."""
    ws, state, before, _ = migrated
    dump = state.dump()
    runner.execute(ws, ROLLBACK, ws.runs / "dry", {"dry_run": True})
    assert state.dump() == dump
    runner.execute(ws, ROLLBACK, ws.runs / "real", {"dry_run": False})
    assert _plain(state.dump()) == _plain(before)


_TIMES = {
    "dateAdded",
    "dateUpdated",
    "createdAt",
    "updatedAt",
    "lastStatusChangeAt",
    "lastStageChangeAt",
    "lastStageChangedAt",
}


def _plain(value):
    """A dump without times and without fields that hold nothing (a cleared field is stored as null)."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if k not in _TIMES and v not in (None, "", [], {})}
    return [_plain(item) for item in value] if isinstance(value, list) else value
