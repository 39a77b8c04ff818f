"""Notebooks as they are saved: readable by whoever gets the file, alive again for the page whose kernel runs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import nbformat
import pandas as pd
import pytest
from traitlets.config import Configurable

from pb2hl.analyst.browser import TableBrowser
from pb2hl.lab_files import StillFiles
from pb2hl.notebook import PARENT_VARIABLE
from pb2hl.saved import HTML, WIDGET


class Server(Configurable):
    """The server, as far as its running notebooks are concerned."""

    @property
    def session_manager(self):
        return self

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []
        self.connection_file, self.provisioner, self.pid = "/run/kernel-1.json", self, 7

    async def list_sessions(self):
        return [{"path": path, "kernel": {"id": "1"}} for path in self.paths]

    @property
    def kernel_manager(self):
        return self

    def __contains__(self, _id: str) -> bool:
        return True

    def get_kernel(self, _id: str):
        return self


@pytest.fixture
def files(tmp_path) -> StillFiles:
    return StillFiles(root_dir=str(tmp_path), parent=Server())


def with_outputs(*outputs) -> dict:
    cell = nbformat.v4.new_code_cell(
        "x",
        outputs=[
            nbformat.v4.new_output("display_data", data, metadata={"pb2hl_kernel": ["kernel-1 7", "kernel-1 6"]})
            for data in outputs
        ],
    )
    return {
        "type": "notebook",
        "format": "json",
        "content": nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {"state": {}}}),
    }


def test_a_saved_notebook_needs_no_kernel_and_a_running_one_has_its_widgets(files, tmp_path):
    """On disk a widget is the HTML beside it, what has none stays; the page whose kernel runs gets the widget back, another gets the HTML,
    also one whose kernel was started again meanwhile."""
    widget, bare = {WIDGET: {"model_id": "m"}, HTML: "<table></table>"}, {WIDGET: {"model_id": "n"}}
    asyncio.run(files.save(with_outputs(widget, bare, {"text/plain": "x"}), "a.ipynb"))
    written = json.loads((tmp_path / "a.ipynb").read_text(encoding="utf-8"))
    assert [sorted(output["data"]) for output in written["cells"][0]["outputs"]] == [[HTML], [WIDGET], ["text/plain"]]
    assert "widgets" not in written["metadata"]

    def shown() -> list:
        model = asyncio.run(files.get("a.ipynb"))
        return [dict(output["data"]) for output in model["content"]["cells"][0]["outputs"]]

    assert shown()[0] == {HTML: "<table></table>"}
    files.parent.paths.append("a.ipynb")
    assert shown()[:2] == [widget, bare]
    files.parent.pid = 8
    assert shown()[0] == {HTML: "<table></table>"}
    assert asyncio.run(files.get("a.ipynb", content=False))["content"] is None


def test_a_batch_run_leaves_no_widget(monkeypatch):
    """What nobody can click on is HTML alone, with its text to the left and its numbers to the right."""
    browser = TableBrowser(pd.DataFrame({"name": ["Ada <b>", "Max"], "rows": [1, 2]}))
    assert WIDGET in browser._repr_mimebundle_()[0] and HTML in browser._repr_mimebundle_()[0]
    monkeypatch.setenv(PARENT_VARIABLE, "1")
    (shown,) = browser._repr_mimebundle_().items()
    assert shown[0] == HTML and "Ada &lt;b&gt;" in shown[1]
    assert '<td style="text-align:right">1</td>' in shown[1] and '<td style="text-align:left' in shown[1]


def test_a_process_that_imported_a_kernel_is_none():
    """A script or a test run that has ipykernel in memory is no notebook: it opens a workspace's functions and shows widgets like any other."""
    script = """
import ipykernel.kernelapp
from pb2hl.lean import kernel_shell
from pb2hl.notebook import stop_after_imports, stops_in_a_sentence
from pb2hl.saved import _this_kernel
stops_in_a_sentence()
with stop_after_imports():
    pass
assert kernel_shell() is None and _this_kernel() == []
"""
    subprocess.run([sys.executable, "-c", script], check=True)
