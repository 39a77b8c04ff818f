"""Custom values: texts of a location under a name, which its people see under Settings > Custom Values."""

from __future__ import annotations

from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Record, gone, id_of, located
from pb2hl.highlevel.records.lists import Listing

VALUES = Listing("/locations/{location}/customValues", ("customValues",), located=False)
_ONE = "/locations/{location}/customValues/{id}"


async def named(client: Client, name: str) -> list[Record]:
    """The custom values of this name."""
    return [record for record in await VALUES.all(client) if record.get("name") == name]


async def write(client: Client, name: str, value: str, id: str = "") -> None:
    """Give the custom value `id` this text; without an id, make one. Raises AnswerLost, as every create may."""
    path = located(_ONE, client, id=id) if id else located(VALUES.path, client)
    await client.request("PUT" if id else "POST", path, json={"name": name, "value": value})


async def remove(client: Client, record: Record) -> None:
    """Delete a custom value, if it is still there."""
    await gone(client.request("DELETE", located(_ONE, client, id=id_of(record))))
