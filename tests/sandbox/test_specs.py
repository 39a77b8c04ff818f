"""The sandbox against HighLevel's own OpenAPI files: its endpoints, its answers, and its demands."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from pb2hl.sandbox.endpoints import ROUTER
from tests.sandbox.tour import tour
from tests.specs import UNDOCUMENTED, SpecValidator, specs_or_skip


@pytest.fixture(scope="module")
def specs() -> Iterator[SpecValidator]:
    yield specs_or_skip()


def test_every_endpoint_is_the_vendors(specs: SpecValidator) -> None:
    """No path is invented: each is in the OpenAPI files or on the list of those released later."""
    strangers = [f"{r.method} {r.path}" for r in ROUTER.routes if not specs.knows(r.method, r.path)]
    assert strangers == []
    assert all(any(r.method == m and r.path == p for r in ROUTER.routes) for m, p in UNDOCUMENTED)


def test_required_properties_are_required(specs: SpecValidator) -> None:
    """What the files require of a body, the sandbox requires too, and it takes nothing that they do not list."""
    wrong = []
    for route in ROUTER.routes:
        if route.shape is None or (route.method, route.path) in UNDOCUMENTED or route.multipart:
            continue
        declared, required = specs.body_properties(route.method, route.path)
        if not declared:
            continue
        if set(required) != set(route.shape.required):
            wrong.append(f"{route.method} {route.path} requires {sorted(set(required) ^ set(route.shape.required))}")
        if not set(declared) <= set(route.shape.types):
            wrong.append(f"{route.method} {route.path} refuses {sorted(set(declared) - set(route.shape.types))}")
    assert wrong == []


def test_required_query_parameters_are_required(specs: SpecValidator) -> None:
    """Required query parameters are the same on both sides."""
    wrong = []
    for route in ROUTER.routes:
        if (route.method, route.path) in UNDOCUMENTED:
            continue
        required = specs.required_query(route.method, route.path)
        if set(required) != set(route.query):
            wrong.append(f"{route.method} {route.path}: {sorted(set(required) ^ set(route.query))}")
    assert wrong == []


def test_scopes_are_the_vendors(specs: SpecValidator) -> None:
    """Where the files name one scope for an endpoint, the sandbox asks for it."""
    wrong = []
    for route in ROUTER.routes:
        scopes = specs.scopes(route.method, route.path)
        if scopes and route.scope not in scopes:
            wrong.append(f"{route.method} {route.path}: {route.scope}, not {scopes}")
    assert wrong == []


def test_a_tour_of_requests_and_answers_fits(specs: SpecValidator, sandbox) -> None:
    """Every request of a tour through all endpoints is valid by the files, and so is every answer."""
    problems: list[str] = []
    seen: set[tuple[str, str]] = set()

    def look(response: httpx.Response, body: object) -> None:
        request = response.request
        path, method = request.url.path, request.method
        route, _, _ = ROUTER.match(method, path)
        seen.add((route.method, route.path))
        query = dict(request.url.params)
        asked = specs.request_problems(method, path, query, body)
        answer = response.json() if response.content else None
        answered = specs.response_problems(method, path, response.status_code, answer)
        problems.extend(f"{method} {path}: {text}" for text in (*asked, *answered))

    tour(sandbox, look)
    assert not problems, "\n".join(problems)
    assert {(r.method, r.path) for r in ROUTER.routes} - seen == set()
