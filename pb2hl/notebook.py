"""What ties a notebook's kernel to the command that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from pb2hl.lean import kernel_shell, seldom_collect

PARENT_VARIABLE = "PB2HL_RUNNER_PID"
"""Process id of the command that runs this notebook; set by the runner, absent in JupyterLab."""

STOPPED = "Stopped as asked; run the cell again to go on."
"""What a cell says that was stopped where no step was at work."""

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent dies."""


def serve_command() -> None:
    """In a kernel that a command started: collect garbage as it does, and die with it. A killed command must not leave a kernel behind
    that goes on writing (Linux; elsewhere ipykernel looks by itself)."""
    parent = os.environ.get(PARENT_VARIABLE)
    if not parent:
        return
    seldom_collect()
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def stop_after_imports() -> Iterator[None]:
    """In a notebook's kernel a stop waits until the imports inside are done, and then is a sentence: what is cut off in the middle of an
    import (numpy, for one) cannot be imported again by the same process."""
    if kernel_shell() is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    stops_in_a_sentence()
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt


def stops_in_a_sentence() -> None:
    """From now on a stop inside this package shows as a sentence in the cell, not as a traceback; one in other code stays as it is."""
    shell = kernel_shell()
    if shell is None:
        return

    def stopped(
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
        tb_offset: int | None = None,
    ) -> list[str]:
        ours = any(name.split(".")[0] == __package__ for name in _modules(trace))
        lines = [STOPPED] if ours else shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset=tb_offset)
        shell._showtraceback(kind, error, lines)
        return list(lines)

    shell.set_custom_exc((KeyboardInterrupt,), stopped)


def _modules(trace: TracebackType | None) -> list[str]:
    """The modules that a traceback goes through."""
    found = []
    while trace is not None:
        found.append(str(trace.tb_frame.f_globals.get("__name__", "")))
        trace = trace.tb_next
    return found
