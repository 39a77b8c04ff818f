"""The notebooks' process: always this environment's own, one for a run, and told when it dies."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from pb2hl import runner
from pb2hl.errors import KernelDied
from pb2hl.kernel import Kernel, OwnKernels
from pb2hl.notebook import STOPPED
from pb2hl.register import STEPS
from pb2hl.results import Failure
from pb2hl.workspace import Config, Workspace

STEP = STEPS["inventory"]


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """`notebook(*cells)` puts a notebook of these cells in the place of the shipped ones; returns the workspace."""

    def make(*cells: str) -> Workspace:
        body = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        parameters = nbformat.v4.new_code_cell('workspace = "."', metadata={"tags": ["parameters"]})
        body.cells.insert(0, parameters)
        body.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        (tmp_path / "shipped").mkdir(exist_ok=True)
        nbformat.write(body, tmp_path / "shipped" / STEP.notebook)
        monkeypatch.setattr(runner, "resource", lambda name: tmp_path / "shipped")
        folder = tmp_path / "ws"
        return Workspace(folder) if folder.exists() else Workspace.create(folder, Config(export="export", location="L"))

    return make


def printed(path) -> list[str]:
    """What the cells of the executed notebook printed."""
    cells = nbformat.read(path, as_version=4).cells
    return [
        output.text.strip() for cell in cells for output in cell.get("outputs", ()) if output.output_type == "stream"
    ]


def test_the_kernel_is_this_environments_own(notebook, tmp_path, monkeypatch):
    """A `python3` that the user or JUPYTER_PATH holds, of another environment or none, has no say."""
    other = tmp_path / "other" / "kernels" / "python3"
    other.mkdir(parents=True)
    (other / "kernel.json").write_text(
        json.dumps({"argv": ["/nowhere/python", "{connection_file}"], "display_name": "?", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "other"))
    ws = notebook("import sys; print(sys.executable)")
    assert printed(runner.execute(ws, STEP, ws.runs / "one", {})) == [sys.executable]
    assert list(OwnKernels().get_all_specs()) == ["python3"]
    assert (Path(OwnKernels().get_kernel_spec("python3").resource_dir) / "logo-svg.svg").exists(), "Jupyter shows it"


def test_one_kernel_serves_a_run_and_forgets_names(notebook):
    """The second notebook finds the same process, its imports warm, and no name of the first; cells count from one again."""
    ws = notebook("import os, tomllib; left = 1; print(os.getpid())")
    with closing(Kernel()) as kernel:
        (first,) = printed(runner.execute(ws, STEP, ws.runs / "one", {}, kernel=kernel))
        ws = notebook("import os, sys; print(os.getpid(), 'left' in globals(), 'tomllib' in sys.modules)")
        path = runner.execute(ws, STEP, ws.runs / "two", {}, kernel=kernel)
    assert printed(path) == [f"{first} False True"]
    assert nbformat.read(path, as_version=4).cells[0].execution_count == 1


def test_a_kernel_that_dies_is_told(notebook):
    """Killed as the system does when memory runs out: one sentence, what to do, kept as the step's failure; the next one runs."""
    ws = notebook("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with closing(Kernel()) as kernel:
        with pytest.raises(KernelDied) as told:
            runner.execute(ws, STEP, ws.runs / "one", {}, kernel=kernel)
        assert "memory ran out" in told.value.message
        assert "run the same command again" in told.value.hint
        kept = Failure.load(ws.results(STEP.result()))
        assert kept is not None and "memory ran out" in kept.message
        ws = notebook("print('well')")
        assert printed(runner.execute(ws, replace(STEP), ws.runs / "two", {}, kernel=kernel)) == ["well"]


def test_a_stop_outside_a_step_is_a_sentence(tmp_path):
    """Whatever of the package is under way when somebody presses stop says so in a sentence; their own code keeps its traceback."""
    from jupyter_client.manager import start_new_kernel

    ws = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    manager, client = start_new_kernel()
    shown = {}
    try:
        for name, code in {
            "open": f"from pb2hl import open_workspace, table\nws = open_workspace({str(ws.path)!r})",
            "own": "raise KeyboardInterrupt",
            "ours": "def stop(*_): raise KeyboardInterrupt\nws.table = stop\ntable(ws, 'contacts')",
        }.items():
            reply = client.execute_interactive(code, output_hook=lambda message: None, timeout=60)
            shown[name] = reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert shown["open"]["status"] == "ok" and shown["own"]["status"] == shown["ours"]["status"] == "error"
    assert shown["ours"]["traceback"] == [STOPPED] and len(shown["own"]["traceback"]) > 1


def test_a_stop_while_the_package_is_imported_is_a_sentence():
    """It waits for the import, for numpy cannot be imported twice; the sentence follows, and the cell run again goes on."""
    from jupyter_client.manager import start_new_kernel

    stop = "import os, signal, pb2hl\nreal = pb2hl.import_module\ndef interrupted(name):\n    if name.startswith('pb2hl.analyst'): os.kill(os.getpid(), signal.SIGINT)\n    return real(name)\npb2hl.import_module = interrupted"
    manager, client = start_new_kernel()
    try:

        def run(code: str):
            return client.execute_interactive(code, output_hook=lambda message: None, timeout=60)["content"]

        assert run(stop)["status"] == "ok"
        assert run("from pb2hl import load, explore")["traceback"] == [STOPPED]
        assert run("pb2hl.import_module = real\nfrom pb2hl import load, explore\nimport pandas")["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
