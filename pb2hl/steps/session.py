"""What every step that talks to HighLevel opens: the client, fed by and feeding the ledger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pb2hl.highlevel import SEARCH_LAG_S, Client, retry, run
from pb2hl.highlevel.destination import FILE_NAME
from pb2hl.ledger import DAILY, Ledger
from pb2hl.progress import SILENT, Progress
from pb2hl.workspace import Workspace

T = TypeVar("T")

PROBED = "probed"
"""The fact under which `doctor --probe` keeps what it saw of this location."""


class DailyInLedger:
    """The count of the day's requests, kept in the ledger, so that it survives a restart."""

    def __init__(self, ledger: Ledger):
        self._ledger = ledger

    def load(self) -> Mapping[str, Any] | None:
        """The state saved last."""
        return self._ledger.recall(DAILY)

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep the state."""
        self._ledger.remember(DAILY, dict(state))


def open_client(ws: Workspace, ledger: Ledger, progress: Progress = SILENT) -> Client:
    """A client for the workspace's location; its waits are told on `progress`. Raises TokenMissing."""
    probed = ledger.recall(PROBED) or {}
    known = (ws.path / FILE_NAME).exists()
    return Client(
        ws.token(),
        ws.config.location,
        ws.config.base_url,
        search_lag_s=float(probed.get("search_lag_s", SEARCH_LAG_S)),
        first_contact_s=retry.KNOWN_CONTACT_S if known else retry.FIRST_CONTACT_S,
        daily_store=DailyInLedger(ledger),
        on_wait=lambda reason, seconds: progress.note(f"{reason} ({seconds:.0f} s)"),
    )


def with_client(
    ws: Workspace, ledger: Ledger, work: Callable[[Client], Awaitable[T]], progress: Progress = SILENT
) -> T:
    """Run `work(client)` to its end, from ordinary code or inside a notebook."""

    async def main() -> T:
        async with open_client(ws, ledger, progress) as client:
            return await work(client)

    return run(main())
