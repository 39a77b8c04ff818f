"""Read records back: single ones by id (immediate), everything in pages (search may lag)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel import PORTS, Client
from pb2hl.ledger import Entry, LedgerPort
from pb2hl.operations import Target, address
from pb2hl.progress import SILENT, Progress

AT_ONCE = 32


async def read_records(client: Client, entries: Sequence[Entry], progress: Progress = SILENT) -> dict[str, Any]:
    """Op id → the record as it is now, read by id; None when there is none. Raises what `client.heed` does between two of them."""
    limit = asyncio.Semaphore(AT_ONCE)
    found: dict[str, Any] = {}

    async def one(entry: Entry) -> None:
        async with limit:
            client.heed()
            where = address(entry.target, entry.payload)
            try:
                found[entry.op_id] = await PORTS[entry.target].get(client, entry.destination_id, **where)
            except NotFound:
                found[entry.op_id] = None
            progress.advance()

    await asyncio.gather(*(one(entry) for entry in entries))
    return found


def field_names(ledger: LedgerPort) -> dict[str, str]:
    """Id → name of the custom fields we made that hold values; files are checked as operations of their own."""
    return {
        entry.destination_id: str(entry.payload.get("name", ""))
        for entry in ledger.iterate(target=Target.FIELD)
        if entry.payload.get("dataType") != "FILE_UPLOAD"
    }
