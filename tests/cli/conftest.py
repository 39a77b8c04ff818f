"""What the tests of the command line start from."""

from __future__ import annotations

import pytest

from tests.cli.terminal import Terminal, export


@pytest.fixture
def pb2hl(capsys) -> Terminal:
    """The command line."""
    return Terminal(capsys)


@pytest.fixture
def made(pb2hl, tmp_path, rehearse, monkeypatch):
    """(sandbox, workspace folder) after `init`."""
    sandbox = rehearse()
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    folder = tmp_path / "ws"
    said = pb2hl("init", folder, "--export", export(tmp_path / "export"), "--location", sandbox.location,
                 "--base-url", sandbox.url, "--fallback-owner", "alice@rehearsal.example", "--json")  # fmt: skip
    assert said.code == 0 and said.json["next_step"] == "inventory"
    return sandbox, folder


@pytest.fixture
def schema_made(pb2hl, made):
    """(sandbox, workspace folder) once the schema is in the location."""
    for step in ("inventory", "match", "mapping", "check", "schema"):
        assert pb2hl(step, made[1], "--json").code == 0
        if step in ("mapping", "schema"):
            assert pb2hl("approve", made[1], step, "--by", "Jane Roe", "--force").code == 0
    assert pb2hl("schema", made[1], "--apply", "--yes").code == 0
    return made
