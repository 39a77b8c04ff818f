"""Tasks: of contacts only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from pb2hl.errors import NotFound
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records import paging
from pb2hl.highlevel.records.base import (
    Created,
    Payload,
    Record,
    body_of,
    created,
    gone,
    holds,
    id_of,
    rows,
    seek,
    unwrap,
    url_of,
)
from pb2hl.operations import Operation

PAGES = (100, 25)


class TaskPort:
    """Tasks. `where`: `contactId`."""

    async def create(self, client: Client, payload: Payload) -> Created:
        path = f"/contacts/{url_of(payload)['contactId']}/tasks"
        return created(client, await client.request("POST", path, json=body_of(payload)), f"POST {path}", "task")

    async def get(self, client: Client, id: str, **where: str) -> Record:
        return unwrap((await client.request("GET", f"/contacts/{where['contactId']}/tasks/{id}")).body, "task")

    async def update(self, client: Client, id: str, payload: Payload) -> Record:
        path = f"/contacts/{url_of(payload)['contactId']}/tasks/{id}"
        return unwrap((await client.request("PUT", path, json=body_of(payload))).body, "task")

    async def delete(self, client: Client, id: str, **where: str) -> None:
        await gone(client.request("DELETE", f"/contacts/{where['contactId']}/tasks/{id}"))

    def pages(self, client: Client, **where: Any) -> AsyncIterator[list[Record]]:
        """All tasks of the location, 100 a request; every record has `id` and `contactId`."""
        path = f"/locations/{client.location}/tasks/search"

        async def send(size: int, position: dict[str, Any]) -> list[Record]:
            answer = await client.request("POST", path, json={**position, "limit": size}, safe=True)
            return [_with_ids(task) for task in rows(answer.body, "tasks")]

        return paging.by_skip(paging.sized(send, *PAGES))

    async def find(self, client: Client, operation: Operation, payload: Payload) -> Created | None:
        contact_id = url_of(payload)["contactId"]

        async def look() -> Created | None:
            for task in await tasks_of(client, contact_id):
                if holds(task.get("body"), operation.marker) or holds(task.get("title"), operation.marker):
                    return Created(id_of(task), {"id": id_of(task)})
            return None

        return await seek(client, look)


async def tasks_of(client: Client, contact_id: str) -> list[Record]:
    """Every task of a contact; none when the contact does not exist."""
    try:
        tasks = rows((await client.request("GET", f"/contacts/{contact_id}/tasks")).body, "tasks")
    except NotFound:
        return []
    return [{**task, "contactId": task.get("contactId") or contact_id} for task in tasks]


def _with_ids(task: Record) -> Record:
    """The location-wide search names ids otherwise than the contact's list does."""
    contact = task.get("contactId") or (task.get("contactDetails") or {}).get("id") or ""
    return {**task, "id": id_of(task), "contactId": contact}
