"""The sandbox's own endpoints under `/_sandbox/`: look inside, set up, count and break things. No token, no limits."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Protocol

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pb2hl.errors import Pb2hlError
from pb2hl.sandbox.connections import Connections
from pb2hl.sandbox.persistence import from_state, to_state
from pb2hl.sandbox.rehearsal import Sandbox
from pb2hl.sandbox.scenario import Behaviour, Faults, KillAt, RateLimit, Scenario


class Serving(Protocol):
    """What the admin endpoints need of a server."""

    sandbox: Sandbox
    connections: Connections


def admin_routes(server: Serving) -> list[Route]:
    """The routes, over whatever sandbox the server serves at the time."""
    admin = _Admin(server)
    table = (
        ("/dump", admin.dump, "GET"),
        ("/state", admin.state, "GET"),
        ("/load", admin.load, "POST"),
        ("/seed", admin.seed, "POST"),
        ("/reset", admin.reset, "POST"),
        ("/log", admin.log, "GET"),
        ("/counts", admin.counts, "GET"),
        ("/unexpected", admin.unexpected, "GET"),
        ("/outbox", admin.outbox, "GET"),
        ("/faults", admin.faults, "POST"),
        ("/kill_at", admin.kill_at, "POST"),
        ("/behaviour", admin.behaviour, "POST"),
        ("/rate", admin.rate, "POST"),
        ("/settings", admin.settings, "POST"),
        ("/token", admin.token, "POST"),
        ("/workflows/pause", admin.pause_workflows, "POST"),
        ("/advance", admin.advance, "POST"),
        ("/down", admin.down, "POST"),
        ("/files/{name}", admin.file, "GET"),
    )
    return [Route(path, _guarded(function), methods=[method]) for path, function, method in table]


def _guarded(function: Any) -> Any:
    async def answer(request: Request) -> Response:
        try:
            raw = await request.body()
            return await function(request, json.loads(raw) if raw.strip() else {})
        except (ValidationError, Pb2hlError, ValueError, KeyError, TypeError) as error:
            return JSONResponse({"message": f"{type(error).__name__}: {error}"}, 422)

    return answer


class _Admin:
    def __init__(self, server: Serving):
        self.server = server

    @property
    def sandbox(self) -> Sandbox:
        return self.server.sandbox

    async def dump(self, request: Request, body: dict[str, Any]) -> Response:
        keep = request.query_params.get("timestamps", "true").lower() not in ("false", "0")
        return JSONResponse(self.sandbox.dump(timestamps=keep))

    async def state(self, request: Request, body: dict[str, Any]) -> Response:
        return JSONResponse(to_state(self.sandbox))

    async def load(self, request: Request, body: dict[str, Any]) -> Response:
        from_state(self.sandbox, body)
        return JSONResponse({"loaded": True})

    async def seed(self, request: Request, body: dict[str, Any]) -> Response:
        self.sandbox.seed(**body)
        return JSONResponse({name: len(collection) for name, collection in self.sandbox.collections.items()})

    async def reset(self, request: Request, body: dict[str, Any]) -> Response:
        self.sandbox.reset_counters()
        return JSONResponse({"reset": True})

    async def log(self, request: Request, body: dict[str, Any]) -> Response:
        since = int(request.query_params.get("since", 0))
        return JSONResponse({"requests": list(self.sandbox.log)[since:]})

    async def counts(self, request: Request, body: dict[str, Any]) -> Response:
        sandbox = self.sandbox
        return JSONResponse(
            {
                "requests": len(sandbox.log),
                "writes": sandbox.faults.writes,
                "rate_refused": sandbox.limiter.refused,
                "used_today": sandbox.limiter.used_today,
                "unexpected": len(sandbox.unexpected),
                "outbox": len(sandbox.outbox),
                "statuses": dict(sandbox.counts),
                "records": {name: len(collection) for name, collection in sandbox.collections.items()},
            }
        )

    async def unexpected(self, request: Request, body: dict[str, Any]) -> Response:
        return JSONResponse({"unexpected": self.sandbox.unexpected})

    async def outbox(self, request: Request, body: dict[str, Any]) -> Response:
        return JSONResponse({"outbox": self.sandbox.outbox})

    async def faults(self, request: Request, body: dict[str, Any]) -> Response:
        self.sandbox.faults.replace(Faults(**body))
        return JSONResponse({"faults": self.sandbox.faults.settings.model_dump()})

    async def kill_at(self, request: Request, body: dict[str, Any]) -> Response:
        settings = self.sandbox.faults.settings
        self.sandbox.faults.replace(settings.model_copy(update={"kill_at": KillAt(**body) if body else None}))
        return JSONResponse({"kill_at": body or None})

    async def behaviour(self, request: Request, body: dict[str, Any]) -> Response:
        scenario = self.sandbox.scenario
        scenario.behaviour = Behaviour(**{**scenario.behaviour.model_dump(), **body})
        return JSONResponse(scenario.behaviour.model_dump())

    async def rate(self, request: Request, body: dict[str, Any]) -> Response:
        limiter = self.sandbox.limiter
        limiter.settings = RateLimit(**{**limiter.settings.model_dump(), **body})
        return JSONResponse(limiter.settings.model_dump())

    async def settings(self, request: Request, body: dict[str, Any]) -> Response:
        """Change plain settings of the scenario: search_lag_s, latency_*, scopes, lacking_scopes, location."""
        allowed = {"search_lag_s", "latency_min_s", "latency_max_s", "scopes", "lacking_scopes", "location"}
        if set(body) - allowed:
            raise ValueError(f"only {', '.join(sorted(allowed))} can be changed")
        current = self.sandbox.scenario.model_dump()
        merged = {**body, **({"location": {**current["location"], **body["location"]}} if "location" in body else {})}
        changed = Scenario(**{**current, **merged})
        for name in body:
            setattr(self.sandbox.scenario, name, getattr(changed, name))
        return JSONResponse({name: changed.model_dump()[name] for name in body})

    async def token(self, request: Request, body: dict[str, Any]) -> Response:
        """A new token; the old one is dead, and a set expiry is lifted."""
        self.sandbox.token = str(body["token"])
        settings = self.sandbox.faults.settings
        self.sandbox.faults.settings = settings.model_copy(update={"token_expires_after": 0})
        return JSONResponse({"token": "replaced"})

    async def pause_workflows(self, request: Request, body: dict[str, Any]) -> Response:
        """Turn every published workflow (or those named in `names`) into a draft."""
        names = body.get("names")
        for flow in list(self.sandbox.workflows.records.values()):
            if names is None or flow["name"] in names:
                self.sandbox.workflows.put({**flow, "status": "draft"})
        return JSONResponse({"workflows": list(self.sandbox.workflows.records.values())})

    async def advance(self, request: Request, body: dict[str, Any]) -> Response:
        self.sandbox.advance(float(body["seconds"]))
        return JSONResponse({"now": self.sandbox.now().isoformat()})

    async def down(self, request: Request, body: dict[str, Any]) -> Response:
        """Stop listening for `seconds`, a moment after this answer."""
        seconds = float(body["seconds"])
        asyncio.get_running_loop().call_later(0.05, self.server.connections.go_down, seconds)
        return JSONResponse({"down_s": seconds})

    async def file(self, request: Request, body: dict[str, Any]) -> Response:
        """The bytes of an uploaded file."""
        blob = self.sandbox.blobs.get(request.path_params["name"])
        if blob is None:
            return JSONResponse({"message": "no such file"}, 404)
        return Response(blob[0], media_type=blob[1])
