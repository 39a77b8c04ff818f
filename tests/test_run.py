"""The shipped example through every notebook, by papermill, as `pb2hl run --approve-all` does it; then back again."""

from __future__ import annotations

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
from tests.conftest import UNHURRIED

WHO = "Jane Tester"


@pytest.fixture(scope="module")
def patch():
    """A monkeypatch that lives as long as the module."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


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
    settings = {
        "export": str(resource("examples/perfect-books")),
        "location": state.location,
        "base_url": sandbox_server.url,
        "fallback_owner": scenario.users[0]["email"],
    }
    ws = Workspace.create(tmp_path_factory.mktemp("run") / "ws", parse_config(settings))
    outcome = runner.run(ws, runner.steps_between(), who=WHO)
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
