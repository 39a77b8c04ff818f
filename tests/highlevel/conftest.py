"""A client of the rehearsal location whose every request is judged by HighLevel's OpenAPI files, where they are at hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from pb2hl.highlevel import Client, Limiter
from tests.specs import SpecValidator, specs_folder


class Recorder(httpx.AsyncBaseTransport):
    """Passes requests on to the real server, and keeps what was sent and what the specs say against it."""

    def __init__(self) -> None:
        folder = specs_folder()
        self._judge = SpecValidator(folder) if folder else None
        self._inner = httpx.AsyncHTTPTransport()
        self.sent: list[tuple[str, str]] = []
        self.problems: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.sent.append((request.method, path))
        is_json = request.headers.get("content-type", "").startswith("application/json")
        body: Any = json.loads(request.content) if is_json else None
        if self._judge is not None:
            query = dict(request.url.params)
            for problem in self._judge.request_problems(request.method, path, query, body):
                self.problems.append(f"{request.method} {path}: {problem}")
        if request.headers.get("version") != "v3":
            self.problems.append(f"{request.method} {path}: no Version: v3")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.fixture
def recorder() -> Recorder:
    """What was sent, and what is wrong with it."""
    return Recorder()


@pytest.fixture
def connect(recorder: Recorder) -> Callable[..., Client]:
    """`connect(rehearsal, **options)`: a client with a limiter of its own and no search lag to wait out."""

    def make(rehearsal: Any, **options: Any) -> Client:
        options = {"search_lag_s": 0.0, "limiter": Limiter(), "transport": recorder, **options}
        return Client(rehearsal.token, rehearsal.location, rehearsal.url, **options)

    return make
