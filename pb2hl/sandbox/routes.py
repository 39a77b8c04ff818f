"""The table of endpoints: path, scope, what the query and body must hold, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from pb2hl.sandbox.answers import Answer
from pb2hl.sandbox.shapes import Shape

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State


@dataclass(slots=True)
class Upload:
    """One file of a multipart body."""

    part: str
    name: str
    content: bytes
    media_type: str


@dataclass(slots=True)
class Call:
    """One request as a handler sees it: path parameters, query, JSON body or form fields, and files."""

    path: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    files: list[Upload] = field(default_factory=list)
    base_url: str = ""


Handler = Callable[["State", Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `writes` says whether it changes records: those are counted, and the write faults touch them."""

    method: str
    path: str
    scope: str
    handler: Handler
    shape: Shape | None
    query: tuple[str, ...]
    writes: bool
    multipart: bool
    switch: str  # a Behaviour switch that must be on for the endpoint to exist
    refuses: tuple[str, ...]  # query parameters that others take and this one answers with 422


class Router:
    """Finds the endpoint of a path. Literal segments win over parameters; a trailing slash does not matter."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self._tree: dict[str, Any] = {}

    def add(self, route: Route) -> None:
        """Register an endpoint; ValueError when its path and method are taken."""
        node = self._tree
        for segment in _segments(route.path):
            node = node.setdefault("{" if segment.startswith("{") else segment, {})
        methods = node.setdefault("/", {})
        if route.method in methods:
            raise ValueError(f"{route.method} {route.path} is registered twice")
        names = [segment[1:-1] for segment in _segments(route.path) if segment.startswith("{")]
        methods[route.method] = (route, names)
        self.routes.append(route)

    def match(self, method: str, path: str) -> tuple[Route | None, dict[str, str], bool]:
        """(endpoint, path parameters, whether the path exists for another method)."""
        found = _walk(self._tree, _segments(path), 0, [])
        if found is None:
            return None, {}, False
        methods, values = found
        if method not in methods:
            return None, {}, True
        route, names = methods[method]
        return route, dict(zip(names, values, strict=True)), True


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _walk(node: dict, segments: list[str], at: int, values: list[str]) -> tuple[dict, list[str]] | None:
    if at == len(segments):
        return (node["/"], values) if "/" in node else None
    if segments[at] in node:
        found = _walk(node[segments[at]], segments, at + 1, values)
        if found is not None:
            return found
    if "{" in node:
        return _walk(node["{"], segments, at + 1, [*values, segments[at]])
    return None


ROUTER = Router()
"""Every endpoint of the sandbox; the endpoint modules fill it when the server module imports them."""


class Ways(TypedDict, total=False):
    """What is special about an endpoint: the query parameters that it requires, and what `Route` says of the rest."""

    query: str
    writes: bool
    multipart: bool
    switch: str
    refuses: str


def endpoint(
    method: str, path: str, scope: str, body: str | None = None, **ways: Unpack[Ways]
) -> Callable[[Handler], Handler]:
    """Register the decorated function for `method path`; `body` is a Shape line."""
    refuses = tuple(ways.get("refuses", "").split())
    query, writes = tuple(ways.get("query", "").split()), ways.get("writes", method != "GET")
    shape, multipart, switch = (
        Shape(body) if body is not None else None,
        ways.get("multipart", False),
        ways.get("switch", ""),
    )

    def register(handler: Handler) -> Handler:
        ROUTER.add(Route(method, path, scope, handler, shape, query, writes, multipart, switch, refuses))
        return handler

    return register
