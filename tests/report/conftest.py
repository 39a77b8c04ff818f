"""One real migration with all its reports, made once; tests only read it."""

from __future__ import annotations

import pytest

from pb2hl import report, runner
from pb2hl.workspace import Workspace
from tests.report import real


@pytest.fixture(scope="session")
def migrated(sandbox_server, tmp_path_factory) -> Workspace:
    """A migrated and rolled back workspace with an executed notebook and its reports, plain and masked."""
    ws = real.migration(tmp_path_factory.mktemp("real"), sandbox_server)
    (match,) = runner.steps_between("match", "match")
    runner.execute(ws, match, ws.runs / "one", {})
    report.write_all(ws)
    report.write_all(ws, mask=True)
    return ws
