"""Custom values: texts of a location under a name, which its people see under Settings > Custom Values."""

from __future__ import annotations

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Record, gone, id_of, located, made
from pb2hl.highlevel.records.lists import Listing

VALUES = Listing("/locations/{location}/customValues", ("customValues",), located=False)
_ONE = "/locations/{location}/customValues/{id}"


async def named(client: Client, name: str) -> list[Record]:
    """The custom values of this name."""
    return [record for record in await VALUES.all(client) if record.get("name") == name]


async def write(client: Client, name: str, value: str, id: str = "") -> str:
    """Give the custom value `id` this text; without an id, make one. Its id.

    Raises AnswerLost where the answer does not show that it was done.
    """
    method, path = ("PUT", located(_ONE, client, id=id)) if id else ("POST", located(VALUES.path, client))
    answer = await client.request(method, path, json={"name": name, "value": value})
    record = made(client, answer, f"{method} {path}", "customValue")
    if not holds(record, value):
        raise client.lost(f"{method} {path}")
    return id_of(record)


def holds(record: Record, value: str) -> bool:
    """Whether a custom value has this text, but for spaces around it."""
    return str(record.get("value") or "").strip() == value.strip()


async def remove(client: Client, record: Record) -> bool:
    """Delete a custom value, if it is still there; whether it is gone."""
    path = located(_ONE, client, id=id_of(record))
    await gone(client.request("DELETE", path))
    try:
        await client.request("GET", path)
    except NotFound:
        return True
    return False
