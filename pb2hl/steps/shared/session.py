"""What every step that talks to HighLevel opens: the client, fed by and feeding the ledger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from pb2hl.highlevel import SEARCH_LAG_S, Client, retry, run
from pb2hl.highlevel.capabilities import PROBED
from pb2hl.highlevel.destination import FILE_NAME
from pb2hl.highlevel.identity import identified
from pb2hl.ledger import DAILY, LedgerPort
from pb2hl.progress import SILENT, Cancel, Progress, waiting
from pb2hl.workspace import Workspace

T = TypeVar("T")


LEARNED = "learned"
"""The fact that holds what the record ports found out about this location's uncertain ways."""

LOCATION = "location"
"""The fact that holds the id of the location and the name it was last seen with."""

DOCTOR = "doctor"
"""The step that takes note of a location's new name."""

REQUESTS = "requests"
"""The fact that holds the requests sent until now, by step."""


class Meter:
    """Counts in the ledger what is sent: of the day, so that its allowance survives a restart, and by step."""

    def __init__(self, ledger: LedgerPort, step: str):
        self._ledger = ledger
        self._step = step
        self._client: Client | None = None
        self._counted = 0

    def watch(self, client: Client) -> None:
        """Count the requests of `client`."""
        self._client = client

    def load(self) -> Mapping[str, Any] | None:
        """The state saved last."""
        return self._ledger.recall(DAILY)

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep the state."""
        self._ledger.remember(DAILY, dict(state))
        if self._client and self._client.learned != (self._ledger.recall(LEARNED) or {}):
            self._ledger.remember(LEARNED, dict(self._client.learned))
        fresh = self._client.sent - self._counted if self._client else 0
        if fresh:
            self._counted += fresh
            found = sent(self._ledger)
            self._ledger.remember(REQUESTS, {**found, self._step: found.get(self._step, 0) + fresh})


def sent(ledger: LedgerPort) -> dict[str, int]:
    """Requests sent until now, by step."""
    return dict(ledger.recall(REQUESTS) or {})


def open_client(ws: Workspace, ledger: LedgerPort, step: str, progress: Progress = SILENT) -> Client:
    """A client for the workspace's location, whose requests count for `step`; its waits are told on `progress`. Raises TokenMissing."""
    probed = ledger.recall(PROBED) or {}
    known = (ws.path / FILE_NAME).exists()
    meter = Meter(ledger, step)
    client = Client(
        ws.token(),
        ws.config.location,
        ws.config.base_url,
        search_lag_s=float(probed.get("search_lag_s", SEARCH_LAG_S)),
        first_contact_s=retry.KNOWN_CONTACT_S if known else retry.FIRST_CONTACT_S,
        daily_store=meter,
        learned=dict(ledger.recall(LEARNED) or {}),
        on_wait=lambda reason, seconds: progress.note(waiting(reason, seconds)),
    )
    meter.watch(client)
    if ws.config.ledger_url:
        from pb2hl.highlevel.shared_database import DatabaseAllowance  # needs the optional extra `fleet`

        client.limiter.share_through(DatabaseAllowance(ws.config.ledger_url, client.base_url, client.location))
    return client


def with_client(
    ws: Workspace,
    ledger: LedgerPort,
    step: str,
    work: Callable[[Client], Awaitable[T]],
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
) -> T:
    """Run `work(client)` of `step` to its end, from ordinary code or inside a notebook; first make sure that it is the right location.

    Raises WrongLocation, before anything is written, when another answers, or one that has another name than before.
    """

    async def main() -> T:
        async with open_client(ws, ledger, step, progress) as client:
            if cancel is not None:
                client.heed = cancel.check
            await _recognised(client, ledger, step)
            return await work(client)

    return run(main())


_RECOGNISED: WeakKeyDictionary[LedgerPort, tuple[tuple[str, str], dict[str, Any]]] = WeakKeyDictionary()
"""The location that each open ledger's command has recognised: one command asks once, however many clients it opens."""


async def _recognised(client: Client, ledger: LedgerPort, step: str) -> None:
    where = (client.base_url, client.location)
    if ledger in _RECOGNISED and _RECOGNISED[ledger][0] == where:
        client.identity = _RECOGNISED[ledger][1]
    known = ledger.recall(LOCATION) or {}
    name = str(known.get("name") or "") if known.get("id") == client.location and step != DOCTOR else ""
    record = await identified(client, name)
    _RECOGNISED[ledger] = (where, record)
    found = {"id": client.location, "name": str(record.get("name") or "")}
    if found != known:
        ledger.remember(LOCATION, found)
