"""What ties a notebook's kernel to the command that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PARENT_VARIABLE = "PB2HL_RUNNER_PID"
"""Process id of the command that runs this notebook; set by the runner, absent in JupyterLab."""

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent dies."""


def die_with_parent() -> None:
    """A killed command must not leave a kernel behind that goes on writing (Linux; elsewhere ipykernel looks by itself)."""
    parent = os.environ.get(PARENT_VARIABLE)
    if not parent or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGKILL)
