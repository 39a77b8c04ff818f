"""A caller over plain httpx: what the sandbox answers, without our own client in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest


class Caller:
    """Requests to one sandbox; JSON in, (status, JSON) out. The location goes in by itself where `here` is used."""

    def __init__(self, rehearsal: Any):
        self.rehearsal = rehearsal
        self.state = rehearsal.state
        self.here = {"locationId": rehearsal.location}
        self.http = httpx.Client(base_url=rehearsal.url, headers=rehearsal.headers, timeout=10)

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        response = self.http.request(method, path, json=body, params=query)
        return response.status_code, response.json() if response.content else None

    def ok(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The answer of a request that must succeed."""
        status, answer = self(method, path, body, **query)
        assert status < 300, (status, answer)
        return answer

    def contact(self, **fields: Any) -> dict[str, Any]:
        """A new contact."""
        return self.ok("POST", "/contacts/", {**fields, **self.here})["contact"]

    def field(self, name: str, kind: str, **more: Any) -> str:
        """The id of a new contact field (or of another `model`)."""
        path = f"/locations/{self.rehearsal.location}/customFields"
        return self.ok("POST", path, {"name": name, "dataType": kind, "model": "contact", **more})["customField"]["id"]

    def pipeline(self, name: str = "Sales", **more: Any) -> dict[str, Any]:
        """A new pipeline of three stages."""
        stages = [{"name": stage, "position": index} for index, stage in enumerate(("New", "Talks", "Close"))]
        body = {"name": name, "stages": stages, **more, **self.here}
        return self.ok("POST", "/opportunities/pipelines", body)["pipeline"]

    def deal(self, contact: dict[str, Any], pipeline: dict[str, Any], **more: Any) -> tuple[int, Any]:
        """Try to make an opportunity."""
        body = {"pipelineId": pipeline["id"], "contactId": contact["id"], "name": "Deal", "status": "open", **self.here}
        return self("POST", "/opportunities/", {**body, **more})


@pytest.fixture
def call_with(rehearse: Callable[..., Any]) -> Iterator[Callable[..., Caller]]:
    """`call_with(**scenario keys)`: a caller to a fresh sandbox."""
    callers: list[Caller] = []

    def start(**changes: Any) -> Caller:
        callers.append(Caller(rehearse(**changes)))
        return callers[-1]

    yield start
    for caller in callers:
        caller.http.close()


@pytest.fixture
def call(call_with: Callable[..., Caller]) -> Caller:
    """A caller to a fresh default sandbox."""
    return call_with()
