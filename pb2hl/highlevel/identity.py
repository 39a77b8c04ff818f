"""Is it the location that was meant? Asked before anything is written, by id and by name."""

from __future__ import annotations

from pb2hl.errors import HighLevelError
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Record, id_of, located, unwrap
from pb2hl.values.fold import fold


class WrongLocation(HighLevelError):
    """Another location answered than the one that was asked for."""


async def identified(client: Client, known_as: str = "") -> Record:
    """The location's own record, when it is the one that was asked for.

    `known_as` is the name under which the location was last seen ("": not seen yet). Raises WrongLocation when id or name differ.
    """
    if not client.identity:
        path = located("/locations/{location}", client)
        client.identity = _right(unwrap((await client.request("GET", path)).body, "location"), client)
    name = str(client.identity.get("name") or "")
    if known_as and fold(name) != fold(known_as):
        raise WrongLocation(
            f"location {client.location} was called {known_as!r}, and is now called {name!r}",
            hint="if it was renamed, run pb2hl doctor to take note of it; if it is another client's, check migration.toml and the token",
        )
    return client.identity


def _right(record: Record, client: Client) -> Record:
    """`record`, when it is the one that was asked for."""
    if (found := id_of(record)) != client.location:
        raise WrongLocation(
            f"location {client.location} was asked for, and {found or 'one without an id'} answered",
            hint="check location in migration.toml and that the token is this location's; nothing was written",
        )
    if not str(record.get("name") or "").strip():
        raise WrongLocation(
            f"location {client.location} answers without a name, as none of HighLevel's does",
            hint="check the base URL; nothing was written",
        )
    return record
