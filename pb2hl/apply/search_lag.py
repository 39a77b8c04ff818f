"""Wait until the location's lists show everything that people did before now, and no longer than that takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pb2hl.errors import ApiError, TokenRefused
from pb2hl.highlevel.records.base import id_of
from pb2hl.ledger import Entry
from pb2hl.operations import Target

LOOK_EVERY_S = 1.0
MARGIN = 2.0
"""Lists of several kinds do not lag alike: twice the lag of the one that was measured is waited for."""

NAMES, REACH = ("firstName", "lastName"), ("email", "phone")


async def wait_until_shown(client: Any, ports: Mapping[Target, Any], contacts: Iterable[Entry]) -> None:
    """Return when search shows what was done before this call.

    The first of `contacts` (ours, best one that is about to be deleted) is written to with the name that it has, and looked
    for until search shows the new date: measured, the wait is as short as the location allows. Where that tells nothing, the
    longest lag that is known of is waited out.
    """
    since = client.clock.monotonic()
    if client.search_lag_s <= 0:
        return
    seconds = await _measured(client, ports[Target.CONTACT], contacts, since)
    until = client.search_lag_s if seconds is None else min(seconds * MARGIN, client.search_lag_s)
    left = since + until - client.clock.monotonic()
    await client.pause("waiting until HighLevel's lists show what people did until now", left)


async def _measured(client: Any, port: Any, contacts: Iterable[Entry], since: float) -> float | None:
    """Seconds until search showed a write; None when it never did, or there is nothing to write to."""
    entry = next((item for item in contacts if _field(item, NAMES) and _field(item, REACH)), None)
    if entry is None:
        return None
    name, reach = _field(entry, NAMES), _field(entry, REACH)
    try:
        before = await port.get(client, entry.destination_id)
        after = await port.update(client, entry.destination_id, {name: before.get(name)})
    except TokenRefused:
        raise
    except ApiError:
        return None
    stamp = after.get("dateUpdated")
    if not stamp or stamp == before.get("dateUpdated") or not before.get(reach):
        return None
    filters = [{"field": reach, "operator": "eq", "value": before[reach]}]
    while (elapsed := client.clock.monotonic() - since) < client.search_lag_s:
        async for page in port.pages(client, filters=filters):
            if any(id_of(item) == entry.destination_id and item.get("dateUpdated") == stamp for item in page):
                return client.clock.monotonic() - since
        client.announce("measuring how far HighLevel's search lags behind", client.search_lag_s - elapsed)
        client.heed()
        await client.clock.sleep(LOOK_EVERY_S)
    return None


def _field(entry: Entry, names: tuple[str, ...]) -> str:
    return next((name for name in names if entry.payload.get(name)), "")
