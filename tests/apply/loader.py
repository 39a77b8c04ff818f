"""Loads (or rolls back) the hand-made migration in processes to be killed.

`python -m loader` imports everything once, then forks one process for each JSON line it reads:
`{"folder", "url", "token", "location", "reason", "what": "load", "delta" or "rollback", "kill_after_s": seconds or null}`; it answers with the exit code.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

from operations import changes, everything

from pb2hl.apply import Apply
from pb2hl.apply.context import RunContext
from pb2hl.apply.undo import Undo, plan_undo
from pb2hl.highlevel import Client, Limiter
from pb2hl.ledger import Ledger
from pb2hl.ledger.postgres import PostgresLedger


def opened(folder: Path, location: str, url: str = "", schema: str = ""):
    """The ledger in the folder, or in a schema of PostgreSQL."""
    if url:
        return PostgresLedger(url, schema, location, "perfect-books")
    return Ledger(folder / "ledger.sqlite", location, "perfect-books")


async def work(folder: Path, order: dict) -> None:
    """One load or rollback; the sandbox learns whom to kill from a header."""
    location = order["location"]
    ledger = opened(folder, location, order.get("url_of_ledger", ""), order.get("schema", ""))
    async with Client(order["token"], location, order["url"], limiter=Limiter(), search_lag_s=0.0) as client:
        client._http.headers["X-Sandbox-Pid"] = str(os.getpid())
        context = RunContext(ledger, client, ledger.start_run(order["what"]))
        if order["what"] == "load":
            await Apply(context).run(everything(folder, order["reason"]))
        elif order["what"] == "delta":
            await Apply(context).run(changes(ledger))
        else:
            await Undo(context).run(plan_undo(ledger))


def forked(folder: Path, order: dict) -> int:
    """The exit code of a process of its own that carries `order` out; -9 when it was killed."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(work(folder, order))
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    if order.get("kill_after_s") is not None:
        time.sleep(order["kill_after_s"])
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    """Serve orders until the input ends."""
    for line in sys.stdin:
        order = json.loads(line)
        print(forked(Path(order["folder"]), order), flush=True)


if __name__ == "__main__":
    main()
