"""What the notebooks say in one line: open the workspace, show a result, stop when it is not good enough."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

from pb2hl import report
from pb2hl.errors import ChecksFailed, ConfigError, GateClosed
from pb2hl.progress import Bar
from pb2hl.results import Status, StepResult
from pb2hl.workspace import CONFIG_NAME, Workspace

PARENT_VARIABLE = "PB2HL_RUNNER_PID"
"""Process id of the command that runs this notebook; set by the runner, absent in JupyterLab."""

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent dies."""


def open_workspace(path: str) -> Workspace:
    """The workspace at `path`; run by the command line, this kernel from now on dies with that command.

    Raises ConfigError when there is none, saying which cell to edit.
    """
    _die_with_parent()
    os.umask(0o077)  # what this kernel writes holds client data: it is for its owner only
    folder = Path(path).resolve()
    if not (folder / CONFIG_NAME).exists():
        raise ConfigError(
            f"{folder} is no workspace: it has no {CONFIG_NAME}",
            hint="set `workspace` in the first cell to the folder that `pb2hl init` made, and run the cells again",
        )
    return Workspace(folder)


def _die_with_parent() -> None:
    """A killed command must not leave a kernel behind that goes on writing (Linux; elsewhere ipykernel looks by itself)."""
    parent = os.environ.get(PARENT_VARIABLE)
    if not parent or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGKILL)


def show(ws: Workspace, result: StepResult) -> None:
    """Write the step's report, show its verdict here, and stop the notebook if the step did not end well."""
    from IPython.display import HTML, display

    path = report.present(ws, result)
    display(HTML(report.verdict_html(ws, result, path)))
    if result.status == Status.FAILED:
        raise ChecksFailed(result.headline, hint=f"open {path}", problems=result.problems[:20])
    if result.status == Status.WAITING and result.facts.get("waits_for") == "admin":
        raise GateClosed(result.headline, hint=f"open {path}, do what it asks for, then run this again")


def show_reports(ws: Workspace, *, mask: bool = False) -> None:
    """Write every report and the index again, link them here, and say where the migration stands."""
    from IPython.display import HTML, display

    paths = report.write_all(ws, mask=mask, progress=Bar())
    display(HTML(report.links_html(paths)))
    display(HTML(report.outcome_html(ws)))
