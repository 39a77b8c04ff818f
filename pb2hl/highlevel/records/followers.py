"""Followers of contacts and opportunities: they have requests of their own, after the record that they follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pb2hl.highlevel.client import Client

FOLLOWERS = "followers"


async def follow(client: Client, path: str, wanted: Iterable[Any], held: Iterable[Any] = ()) -> list[str]:
    """Give the record at `path`, which has the followers `held`, the `wanted` ones and no others; those it has then.

    Adding one twice and taking away one who is gone does no harm. Raises Refused where HighLevel does not take them.
    """
    want, have = list(dict.fromkeys(map(str, wanted))), list(map(str, held))
    for method, users in (
        ("POST", [user for user in want if user not in have]),
        ("DELETE", [user for user in have if user not in want]),
    ):
        if users:
            answer = await client.request(method, f"{path}/{FOLLOWERS}", json={FOLLOWERS: users}, safe=True)
            client.acknowledged(answer, f"{method} {path}/{FOLLOWERS}")
    return want
