"""Loads the hand-made migration in a process of its own, to be killed: loader.py FOLDER URL TOKEN LOCATION."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from operations import migration

from pb2hl.apply import Apply
from pb2hl.apply.undo import Undo, plan_undo
from pb2hl.highlevel import Client, Limiter
from pb2hl.ledger import Ledger


async def main(folder: Path, url: str, token: str, location: str, what: str) -> None:
    """One load or rollback; the sandbox learns whom to kill from a header."""
    ledger = Ledger(folder / "ledger.sqlite", location, "perfect-books")
    async with Client(token, location, url, limiter=Limiter(), search_lag_s=0.0) as client:
        client._http.headers["X-Sandbox-Pid"] = str(os.getpid())
        run = ledger.start_run(what)
        if what == "load":
            await Apply(ledger, client, run=run).run(migration(folder))
        else:
            await Undo(ledger, client, run=run).run(plan_undo(ledger))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
