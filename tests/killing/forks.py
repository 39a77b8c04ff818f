"""Runs commands of the command line in processes to be killed.

`python -m forks` imports everything once, then forks one process for each JSON line it reads: `{"argv", "token",
"kill_after_s": seconds or null}`; it answers with the exit code, -9 when it was killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def name_process_to_sandbox() -> None:
    """Every client tells the sandbox its process id, so that a fault can kill it."""
    from pb2hl.highlevel import Client

    enter = Client.__aenter__

    async def entered(self: Client) -> Client:
        self._http.headers["X-Sandbox-Pid"] = str(os.getpid())
        return await enter(self)

    Client.__aenter__ = entered  # type: ignore[method-assign]


def forked(order: dict) -> int:
    """The exit code of one command in a process of its own."""
    from pb2hl.cli.main import main

    child = os.fork()
    if child == 0:
        os.environ["HIGHLEVEL_TOKEN"] = order["token"]
        name_process_to_sandbox()
        with open(os.devnull, "w") as out:
            os.dup2(out.fileno(), 1)
            sys.argv = ["pb2hl", *order["argv"]]
            try:
                code = main()
            except SystemExit as end:
                code = end.code
            except BaseException:
                code = 70
            os._exit(int(code or 0))
    if order.get("kill_after_s") is not None:
        time.sleep(order["kill_after_s"])
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Forks:
    """The process that has everything imported."""

    def __init__(self) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen([sys.executable, "-m", "tests.killing.forks"], cwd=Path(__file__).parents[2], text=True, **pipes)  # fmt: skip

    def __call__(self, token: str, *argv: str, kill_after_s: float | None = None) -> int:
        """The exit code of `pb2hl ARGV…` in a process of its own."""
        order = {"argv": list(argv), "token": token, "kill_after_s": kill_after_s}
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)


def main() -> None:
    """Serve orders until the input ends."""
    import pb2hl.cli.main
    import pb2hl.report
    import pb2hl.steps.delta.delta
    import pb2hl.steps.load.load
    import pb2hl.steps.load.sample
    import pb2hl.steps.load.schema
    import pb2hl.steps.rollback.rollback  # noqa: F401

    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        print(forked(json.loads(line)), file=answers, flush=True)


if __name__ == "__main__":
    main()
