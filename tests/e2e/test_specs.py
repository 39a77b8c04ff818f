"""Every request of the whole shipped example, judged by HighLevel's own OpenAPI files."""

from __future__ import annotations

import pytest

from pb2hl.highlevel import Client
from pb2hl.resources import resource
from pb2hl.sandbox import Scenario
from pb2hl.steps.shared import session
from tests.conftest import UNHURRIED
from tests.e2e.drive import migrate, step, workspace
from tests.highlevel.conftest import Recorder
from tests.specs import specs_or_skip


@pytest.mark.slow
def test_the_example_sends_what_the_specs_know(tmp_path, rehearse, monkeypatch):
    """Methods, paths, query parameters, bodies and the version header of a migration and its rollback all fit."""
    specs_or_skip()
    recorders: list[Recorder] = []

    def recorded(*arguments, **options):
        recorders.append(Recorder())
        return Client(*arguments, transport=recorders[-1], **options)

    monkeypatch.setattr(session, "Client", recorded)
    scenario = Scenario.load(resource("examples/sandbox.toml"))
    sandbox = rehearse(
        scenario.model_copy(update={"search_lag_s": 0.0, "rate": scenario.rate.model_copy(update=UNHURRIED)})
    )
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    owner = scenario.users[0]["email"]
    ws = workspace(tmp_path / "ws", resource("examples/perfect-books"), sandbox, fallback_owner=owner)
    migrate(ws)
    step(ws, "rollback")
    assert sum(len(recorder.sent) for recorder in recorders) > 1000
    assert {problem for recorder in recorders for problem in recorder.problems} == set()
