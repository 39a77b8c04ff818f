"""The workspace: its configuration, its versions, its lock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from pb2hl.errors import ConfigError, WorkspaceLocked
from pb2hl.workspace import CONFIG_NAME, Config, Workspace, upgrade


@pytest.fixture
def ws(tmp_path):
    """A new workspace."""
    return Workspace.create(tmp_path / "ws", Config(export="export", location="L"))


def test_every_wrong_setting_is_told_at_once(ws):
    """A migration.toml with four mistakes names all four."""
    text = (ws.path / CONFIG_NAME).read_text(encoding="utf-8")
    text = text.replace('"America/Toronto"', '"Mars/Base"').replace('"CAD"', '"dollars"').replace('"CA"', '"Narnia"')
    text = text.replace('fallback_owner = ""', 'fallback_owner = "Dana"')
    (ws.path / CONFIG_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        Workspace(ws.path)
    assert {problem.field for problem in told.value.problems} == {
        "timezone",
        "currency",
        "country",
        "fallback_owner",
    }
    assert all(problem.message.startswith("'") for problem in told.value.problems), "in our words, not the library's"


@pytest.mark.parametrize(("written", "code"), [("ca", "CA"), ("UK", "GB"), ("Deutschland", "DE")])
def test_a_country_may_be_written_as_people_do(written, code):
    """Codes in any case, the usual slip for Great Britain, and names."""
    assert Config(export="x", location="L", country=written).country == code


def test_an_older_workspace_is_upgraded_on_disk(ws):
    """Each version's upgrade runs once, in order, and the file says the new version afterwards."""
    body = {"export": "export", "location": "old", "version": 1}
    steps = (lambda folder, body: {**body, "location": "newer"}, lambda folder, body: {**body, "country": "US"})
    config = upgrade(ws.path, body, steps)
    assert (config.location, config.country, config.version) == ("newer", "US", 3)
    assert "version = 3" in (ws.path / CONFIG_NAME).read_text(encoding="utf-8")


@pytest.mark.parametrize("version", [99, 0, "two"])
def test_an_unknown_version_is_refused(ws, version):
    """A workspace of a version that this package does not know is left alone."""
    with pytest.raises(ConfigError, match="version"):
        upgrade(ws.path, {"export": "export", "location": "L", "version": version})


def test_the_lock_names_its_holder_and_dies_with_it(ws):
    """A second writer is told who holds the workspace; a killed holder holds it no longer."""
    code = (
        "import sys, time; from pb2hl.workspace import Workspace\n"
        f"with Workspace({str(ws.path)!r}).lock('load'):\n    print('held', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(WorkspaceLocked) as told, ws.lock("sample"):
            pass
        assert json.loads(told.value.message.split(": ", 1)[1])["pid"] == holder.pid
        os.kill(holder.pid, signal.SIGKILL)
    with ws.lock("sample"):
        pass
