"""A run that stops at a failed check keeps its notebook, says in one line what to do, and shows no traceback."""

from __future__ import annotations

import pytest

from pb2hl import report
from tests.cli.test_run import pb2hl
from tests.e2e.drive import step, workspace
from tests.steps import small

pytestmark = pytest.mark.slow


def test_a_critical_failure_stops_the_run_and_keeps_its_notebook(sandbox, tmp_path, monkeypatch):
    """Records without an owner and without a fallback: exit code 1, one line with the remedy, notebook and report are there."""
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", small.write(tmp_path / "export", small.tables()), sandbox)
    step(ws, "inventory")
    told = pb2hl("run", ws.path, "--from", "check", "--to", "check", "--mask")
    assert told.returncode == 1, told.stderr
    (notebook,) = ws.runs.glob("*/04_check.ipynb")
    page = notebook.with_suffix(".html").read_text(encoding="utf-8")
    assert "failed" in page and "checks-before.html" in page
    assert (ws.reports / "checks-before.html").exists()
    lines = [line for line in told.stderr.splitlines() if "run the same command again" in line]
    assert len(lines) == 1 and "checks-before.html" in lines[0] and str(notebook) in lines[0], told.stderr
    assert "needs attention" in report.write_index(ws).read_text(encoding="utf-8")
    masked = {path.name: path.read_text(encoding="utf-8") for path in (ws.reports / "masked").rglob("*.html")}
    assert {"index.html", "checks-before.html", "04_check.html"} <= set(masked), "what failed can be shared as well"
    assert not [name for name, text in masked.items() if "ada@mill" in text or str(ws.path) in text]
