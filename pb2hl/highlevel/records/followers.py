"""Followers of contacts and opportunities: they have requests of their own, after the record that they follow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from pb2hl.errors import Refused
from pb2hl.highlevel.client import Client
from pb2hl.highlevel.records.base import Record, id_of

FOLLOWERS = "followers"


NOT_SHOWN = "HighLevel answers the followers, and the record does not show them"


async def follow(
    client: Client, path: str, wanted: Iterable[Any], held: Iterable[Any], look: Callable[[], Awaitable[Record]]
) -> list[str]:
    """Give the record at `path`, which has the followers `held`, the `wanted` ones and no others; those it has then.

    Adding one twice and taking away one who is gone does no harm. An answer that does not show them is looked at, by what `look`
    reads. Raises Refused where HighLevel does not take them.
    """
    want, have = list(dict.fromkeys(map(str, wanted))), list(map(str, held))
    for method, users in (
        ("POST", [user for user in want if user not in have]),
        ("DELETE", [user for user in have if user not in want]),
    ):
        if not users:
            continue
        answer = await client.request(method, f"{path}/{FOLLOWERS}", json={FOLLOWERS: users}, safe=True)
        client.acknowledged(answer, f"{method} {path}/{FOLLOWERS}")
        adds = method == "POST"
        if not _done(answer.body, users, adds) and not _done(await look(), users, adds):
            raise Refused(NOT_SHOWN, status=200)
    return want


def _done(record: Mapping[str, Any], users: Iterable[str], adds: bool) -> bool:
    """Whether a record shows `users` as its followers (or, where they were taken away, none of them)."""
    shown = record.get(FOLLOWERS)
    if not isinstance(shown, list):
        return False
    ids = {id_of(one) if isinstance(one, Mapping) else str(one) for one in shown}
    return all((user in ids) is adds for user in users)
