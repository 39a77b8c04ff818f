"""JupyterLab on one workspace: its notebooks are copies inside it, so that no client data lands beside the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pb2hl.resources import resource
from pb2hl.whole import write_bytes
from pb2hl.workspace import Workspace

NOTEBOOKS = "notebooks"
SETTINGS = Path(__file__).parent / "lab_settings"
"""JupyterLab's settings where a person has none of their own: it asks for no news and no updates, which would ask the network."""
LAYOUT = ".layout"
"""Folder, beside a workspace's notebooks, of what is open in JupyterLab: notebooks have the same names in every workspace."""
_HERE, _ABOVE = b'workspace = \\".\\"', b'workspace = \\"..\\"'
"""The parameter as it stands in a notebook's JSON, and as a copy one folder down needs it."""


def notebook_copies(ws: Workspace) -> Path:
    """The folder of the workspace's own notebooks: those that are missing are copied from the package, none is changed.

    A notebook that works on no single workspace (the fleet's) is not among them.
    """
    folder = ws.path / NOTEBOOKS
    for shipped in sorted(resource(NOTEBOOKS).glob("*.ipynb")):
        source = shipped.read_bytes()
        if _HERE in source and not (folder / shipped.name).exists():
            write_bytes(folder / shipped.name, source.replace(_HERE, _ABOVE))
    return folder


def command(ws: Workspace) -> list[str]:
    """What starts JupyterLab in the workspace, with this environment's own kernel; it asks the network for nothing."""
    return [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={ws.path}", f"--LabApp.default_url=/lab/tree/{NOTEBOOKS}",
        "--ServerApp.kernel_spec_manager_class=pb2hl.kernel.OwnKernels",
        "--ServerApp.contents_manager_class=pb2hl.lab_files.StillFiles",
        f"--LabApp.app_settings_dir={SETTINGS}",
        f"--LabApp.workspaces_dir={ws.path / NOTEBOOKS / LAYOUT}",
    ]  # fmt: skip


def lab(ws: Workspace) -> int:
    """Open JupyterLab on `ws` and wait until it ends; its exit code."""
    notebook_copies(ws)
    return subprocess.run(command(ws)).returncode
