"""Files of foreign formats are read in a child process that may take so much time and memory and no more.

A file made to burst, to run for ever or to crash native code ends the child and is told; nothing else is lost. One child
serves many files; it is started when the first is there, and a new one after each that had to be ended.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

import pb2hl
from pb2hl.errors import ExportError, Problem
from pb2hl.limits import MIB, Limits, remedy
from pb2hl.source.child import problems_of, read_table
from pb2hl.source.tables import RawTable

_LOOK_S = 0.02  # how often a child at work is looked at: what it can take between two looks is some ten MiB
_IDLE_MEMORY = 512 * MIB  # a child that keeps more after its work makes room for a new one
_WAITING = 20  # wall-clock seconds a second of processor time may take on a busy machine
_COMMAND = [sys.executable, "-P", "-m", "pb2hl.source.child"]
"""`-P`: nothing is imported from the folder where we happen to be, which may be the export's."""

_HOME = str(Path(pb2hl.__file__).parent.parent)


@dataclass(frozen=True)
class Foreign:
    """A file to read: its name in the export, where its bytes lie, and its size in bytes."""

    name: str
    at: Path
    size: int


class _Child:
    """One child process, and the answers it gave."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [_HOME, os.environ.get("PYTHONPATH", "")]))},
        )
        self.owner = os.getpid()
        self.vitals = psutil.Process(self._process.pid)
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        if not self.answer(120):
            raise ExportError("the process that reads this format did not start", hint="run the same command again")

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line.decode("utf-8", "replace"))
        self._answers.put("")

    def ask(self, request: dict[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()

    def answer(self, timeout_s: float) -> str | None:
        """The next answer, None when there is none yet, "" when the child is gone."""
        try:
            return self._answers.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def end(self) -> int:
        """Kill it; how it had ended (a negative signal, or its exit status)."""
        if self._process.poll() is None:
            self._process.kill()
        return self._process.wait()


_CHILD: list[_Child] = []
_ONE_AT_A_TIME = threading.Lock()


def read_foreign(
    file: Foreign, into: Path, limits: Limits, check: Callable[[], None]
) -> tuple[list[RawTable], list[Problem]]:
    """The tables of `file`, read in the child. `check` is called again and again and may raise to stop it.

    Raises ExportError when the file cannot be read, or costs too much; OSError when the tables do not fit on the disk.
    """
    with _ONE_AT_A_TIME, tempfile.TemporaryDirectory(prefix="pb2hl-") as out:
        child = _child()
        done = False
        try:
            child.ask(
                {
                    "name": file.name,
                    "bytes": str(file.at),
                    "into": str(into),
                    "out": out,
                    "limits": asdict(limits),
                }
            )
            answer = json.loads(_wait(child, file, limits, check))
            done = True
        except BrokenPipeError as error:
            raise _died(file.name, 0) from error
        finally:
            if not done or child.vitals.memory_info().rss > _IDLE_MEMORY:
                _end()
        if "refused" in answer:
            raise ExportError(answer["refused"], hint=answer["hint"])
        if "failed" in answer:
            raise ExportError(f"{file.name} cannot be read: {answer['failed']}")
        tables = [read_table(Path(out) / f"{number}.arrow") for number in range(answer["tables"])]
        return tables, list(problems_of(answer["problems"]))


def _wait(child: _Child, file: Foreign, limits: Limits, check: Callable[[], None]) -> str:
    """The child's answer; ExportError once it takes more than the file may cost, or is gone."""
    seconds, memory = limits.time_for(file.size), limits.memory_for(file.size)
    began, busy, held = time.monotonic(), _busy(child), child.vitals.memory_info().rss
    while (answer := child.answer(_LOOK_S)) is None:
        check()
        try:
            taken, used = child.vitals.memory_info().rss - held, _busy(child) - busy
        except psutil.Error:
            continue  # it is gone: its end of the answers says so
        if taken > memory:
            raise ExportError(
                f"{file.name} takes more than {memory // MIB:,} MiB of memory to read, though it has only {_shown(file.size)}",
                hint=f"export it as CSV, or {remedy('memory_mib')}",
            )
        if used > seconds or time.monotonic() - began > seconds * _WAITING:
            raise ExportError(
                f"{file.name} takes more than {seconds:,.0f} s to read, though it has only {_shown(file.size)}",
                hint=f"export it as CSV, or {remedy('seconds')}",
            )
    if not answer:
        raise _died(file.name, child.end())
    return answer


def _busy(child: _Child) -> float:
    times = child.vitals.cpu_times()
    return float(times.user + times.system)


def _shown(size: int) -> str:
    return f"{size / MIB:,.1f} MiB" if size >= MIB else f"{max(size // 1024, 1)} KiB"


def _died(name: str, status: int) -> ExportError:
    how = signal.Signals(-status).name if status < 0 and -status in set(signal.Signals) else f"status {status}"
    return ExportError(
        f"{name} ends the program that reads it ({how}): it is damaged, or made to do so",
        hint="open it in the program that made it, save it again or as CSV, and export again",
    )


def _child() -> _Child:
    if _CHILD and (_CHILD[0].owner != os.getpid() or not _CHILD[0].vitals.is_running()):
        _CHILD.clear()  # a forked process leaves its parent's child alone
    if not _CHILD:
        _CHILD.append(_Child())
    return _CHILD[0]


def _end() -> None:
    while _CHILD:
        child = _CHILD.pop()
        if child.owner == os.getpid():
            child.end()


atexit.register(_end)
