"""Group commit: many tasks wait for one durable transaction."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from pb2hl.ledger import Intent, LedgerPort, Outcome


class Journal:
    """Writes intents and outcomes to the ledger; whatever gathers while one transaction runs goes into the next.

    The ledger is written in one thread of its own, so that waiting for the disk never holds up the network.
    """

    def __init__(self, ledger: LedgerPort, run: str):
        self._ledger = ledger
        self._run = run
        self._intents: list[Intent] = []
        self._outcomes: list[Outcome] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._writer: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")

    async def intend(self, intents: list[Intent]) -> None:
        """Returns when `intents` are durable: only then may their requests leave."""
        self._intents += intents
        await self._durable()

    async def finish(self, outcomes: list[Outcome]) -> None:
        """Returns when `outcomes` are durable."""
        self._outcomes += outcomes
        await self._durable()

    async def _durable(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await asyncio.shield(future)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            intents, outcomes, waiting = self._intents, self._outcomes, self._waiting
            self._intents, self._outcomes, self._waiting = [], [], []
            try:
                await loop.run_in_executor(self._thread, self._ledger.record, self._run, intents, outcomes)
            except Exception as error:
                for future in waiting:
                    if not future.done():
                        future.set_exception(error)
                continue
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    async def close(self) -> None:
        """Wait for what is being written, and end the thread."""
        if self._writer is not None:
            await self._writer
        self._thread.shutdown(wait=True)
