"""Notebooks opened from the package are worked on as copies inside the workspace."""

from __future__ import annotations

import subprocess

from pb2hl.lab import command, notebook_copies
from pb2hl.resources import resource
from pb2hl.workspace import Config, Workspace


def test_copies_know_their_workspace_and_are_kept(tmp_path):
    """Each copy's parameter names the folder above; what an analyst changed in one stays; the shipped ones are
    untouched; the fleet's works on no single workspace."""
    ws = Workspace.create(tmp_path / "ws", Config(export="export", location="L"))
    shipped = {path.name: path.read_bytes() for path in resource("notebooks").glob("*.ipynb")}
    folder = notebook_copies(ws)
    assert {path.name for path in folder.iterdir()} == set(shipped) - {"12_fleet.ipynb"}
    assert all(b'workspace = \\"..\\"' in path.read_bytes() for path in folder.iterdir())
    one = folder / min(shipped)
    one.write_text("mine", encoding="utf-8")
    notebook_copies(ws)
    assert one.read_text(encoding="utf-8") == "mine"
    assert shipped == {path.name: path.read_bytes() for path in resource("notebooks").glob("*.ipynb")}


def test_jupyterlab_takes_the_command(tmp_path):
    """JupyterLab knows every option that it is started with; what is open in one workspace is not opened in another."""
    ws = Workspace.create(tmp_path / "ws", Config(export="export", location="L"))
    done = subprocess.run([*command(ws), "--version"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (layout,) = [word for word in command(ws) if "workspaces_dir" in word]
    assert str(ws.path) in layout
