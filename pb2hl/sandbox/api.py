"""The HTTP face: one request from its arrival to its answer, with limits, checks and faults in HighLevel's order."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from pb2hl.sandbox import faults
from pb2hl.sandbox.answers import Answer, Reject, invalid
from pb2hl.sandbox.endpoints import ROUTER
from pb2hl.sandbox.routes import Call, Route, Upload
from pb2hl.sandbox.surprises import surprise

if TYPE_CHECKING:
    from pb2hl.sandbox.connections import Connections
    from pb2hl.sandbox.faults import Fate
    from pb2hl.sandbox.state import State

_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")
_PID_HEADER = "x-sandbox-pid"


class Dropped(Exception):
    """The connection is to be closed without an answer; `reset` says whether rudely."""

    def __init__(self, reset: bool):
        super().__init__("connection dropped")
        self.reset = reset


class Api:
    """The ASGI application of HighLevel's endpoints over one sandbox, which may be replaced while it runs."""

    def __init__(self, sandbox: State, connections: Connections):
        self.sandbox = sandbox
        self.connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope, receive)
        sandbox = self.sandbox
        raw = b"" if _is_multipart(request) else await request.body()
        entry = {
            "at": sandbox.monotonic(),
            "method": request.method,
            "path": request.url.path,
            "query": request.url.query,
            "body_hash": hashlib.sha256(raw).hexdigest() if raw else "",
            "write": 0,
            "fault": "",
            "status": 0,
        }
        sandbox.log.append(entry)
        try:
            answer, headers = await self._serve(sandbox, request, raw, entry)
        except Dropped as drop:
            entry["fault"] = entry["fault"] or "dropped"
            self.connections.drop(scope, reset=drop.reset)
            await _gone(receive)
            return
        entry["status"] = answer.status
        sandbox.counts[f"{answer.status}"] += 1
        await _send(send, answer, headers, cut=entry["fault"] == "malformed")

    async def _serve(
        self, sandbox: State, request: Request, raw: bytes, entry: dict[str, Any]
    ) -> tuple[Answer, list[tuple[bytes, bytes]]]:
        arrived = entry["at"]
        if not sandbox.limiter.admit(arrived):
            entry["fault"] = "rate"
            return _too_many(sandbox), sandbox.limiter.headers(arrived)
        headers = sandbox.limiter.headers(arrived)
        route, path, known = ROUTER.match(request.method, request.url.path)
        if route is None or (route.switch and not getattr(sandbox.behaviour, route.switch)):
            sandbox.unexpected.append({key: entry[key] for key in ("at", "method", "path", "query")})
            status, word = (405, "Method Not Allowed") if known and route is None else (404, "Cannot")
            text = f"{word} {request.method} {request.url.path}"
            return Reject(status, text).answer(sandbox.ids.uuid("trace")), headers
        fate = sandbox.faults.next(route.writes)
        entry["write"] = fate.write
        entry["fault"] = fate.before or fate.after
        if fate.go_down_s:
            self.connections.go_down(fate.go_down_s)
            raise Dropped(reset=True)
        await _wait(sandbox, 0.5, fate.stall_s)
        self._before(sandbox, request, fate)
        if early := _instead(sandbox, fate, f"{request.method} {request.url.path}"):
            return early, headers
        call = await _call(request, raw, path)
        asked = f"{request.method} {request.url.path} {raw.decode(errors='replace')}"
        if route.writes and (told := _by_scenario(sandbox, asked)):
            return told, headers
        with sandbox.untouched() if route.writes and sandbox.faults.pretends_whole(asked) else nullcontext():
            answer = self._handle(sandbox, request, route, call, fate)
        self._after(request, fate)
        await _wait(sandbox, 0.5, 0)
        if answer.status < 400 and fate.after == "error_after":
            answer = _broken(fate.status)
        elif answer.status < 400 and fate.after == "created_422":
            answer = Reject(422, "Unprocessable Entity").answer(sandbox.ids.uuid("trace"))
        return answer, headers

    def _before(self, sandbox: State, request: Request, fate: Fate) -> None:
        if fate.kill is not None and fate.kill.mode == "before":
            faults.kill(_victim(request, fate))
            raise Dropped(reset=True)
        if fate.before == "reset":
            raise Dropped(reset=True)

    def _after(self, request: Request, fate: Fate) -> None:
        if fate.kill is not None:
            faults.kill(_victim(request, fate))
            raise Dropped(reset=True)
        if fate.after == "lost_answer":
            raise Dropped(reset=False)

    def _handle(self, sandbox: State, request: Request, route: Route, call: Call, fate: Fate) -> Answer:
        trace = sandbox.ids.uuid("trace")
        try:
            _admit(sandbox, request, route, fate)
            _check(sandbox, route, call)
            answer = route.handler(sandbox, call)
        except Reject as refusal:
            return refusal.answer(trace)
        except Exception as error:  # a defect of the sandbox: tell it where tests look, answer as a server would
            seen = {"at": sandbox.monotonic(), "method": request.method, "path": request.url.path}
            sandbox.unexpected.append({**seen, "error": f"{type(error).__name__}: {error}"})
            return _broken(500)
        if route.writes:
            sandbox.dirty = True
        if answer.body is not None and request.method != "GET":
            return Answer({**answer.body, "traceId": trace}, answer.status)
        return answer


def _is_multipart(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("multipart/form-data")


def _victim(request: Request, fate: Fate) -> int:
    header = request.headers.get(_PID_HEADER, "")
    named = fate.kill.pid if fate.kill else 0
    return named or (int(header) if header.isdigit() else 0)


async def _wait(sandbox: State, share: float, extra_s: float) -> None:
    low, high = sandbox.scenario.latency_min_s, sandbox.scenario.latency_max_s
    seconds = extra_s + (share * sandbox.random.uniform(low, high) if high else 0.0)
    if seconds > 0:
        await asyncio.sleep(seconds)


def _admit(sandbox: State, request: Request, route: Route, fate: Fate) -> None:
    version = request.headers.get("version")
    if not version:
        raise Reject(401, "version header was not found.")
    if version != "v3" and not _DATED.fullmatch(version):
        raise Reject(400, f"Invalid API version segment '{version}' at position 0")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token != sandbox.token or fate.token_expired:
        raise Reject(401, "Invalid JWT")
    scenario = sandbox.scenario
    lacks = route.scope in scenario.lacking_scopes or (
        scenario.scopes is not None and route.scope not in scenario.scopes
    )
    if lacks:
        raise Reject(401, "The token is not authorized for this scope.")


def _check(sandbox: State, route: Route, call: Call) -> None:
    absent = [name for name in route.query if not call.query.get(name)]
    if absent:
        raise invalid(*(f"{name} can't be undefined" for name in absent))
    if strange := [name for name in route.refuses if name in call.query]:
        raise invalid(*(f"property {name} should not exist" for name in strange))
    if route.shape is not None and not route.multipart:
        route.shape.check(call.body)
    body = call.body if isinstance(call.body, dict) else {}
    for place in (call.path, call.query, body):
        for name in ("locationId", *(["altId"] if "altType" in place else ())):
            if place.get(name) not in (None, "", sandbox.location):
                raise Reject(403, "The token does not have access to this location.")
        if place.get("companyId") not in (None, "", sandbox.scenario.location.company_id):
            raise Reject(403, "The token does not have access to this company.")


async def _call(request: Request, raw: bytes, path: dict[str, str]) -> Call:
    call = Call(path, dict(request.query_params), base_url=str(request.base_url).rstrip("/"))
    if _is_multipart(request):
        await _read_form(request, call)
    elif raw and request.method != "GET":
        call.body = _parsed(raw)
        if call.body is None and raw.strip() == b"null":
            call.body = {}
    return call


def _parsed(raw: bytes) -> Any:
    """The JSON of a body; None, which the shape check refuses, when it is none (or half a surrogate pair is in it)."""
    try:
        value = json.loads(raw)
        if b"\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value


async def _read_form(request: Request, call: Call) -> None:
    async with request.form(max_files=100, max_fields=200) as form:
        for part, value in form.multi_items():
            if isinstance(value, str):
                call.body[part] = value
            else:
                call.files.append(
                    Upload(
                        part, value.filename or "", await value.read(), value.content_type or "application/octet-stream"
                    )
                )


def _instead(sandbox: State, fate: Fate, asked: str) -> Answer | None:
    """The answer that a fault gives before the call is looked at."""
    if told := sandbox.faults.instead(asked):
        return Answer(None, told.status, told.body.encode(), told.media_type)
    if fate.before == "spurious_429":
        return _too_many(sandbox)
    if fate.before == "error_before":
        return _broken(fate.status)
    return surprise(fate.before, sandbox.faults.settings) if fate.before in faults.SURPRISES else None


def _by_scenario(sandbox: State, asked: str) -> Answer | None:
    """The answer to a write that the scenario refuses, or whose answer shows nothing of what it pretends to do."""
    if sandbox.faults.refuses(asked):
        return Reject(422, "refused by the scenario").answer(sandbox.ids.uuid("trace"))
    return Answer({"succeded": True}) if sandbox.faults.pretends(asked) else None


def _too_many(sandbox: State) -> Answer:
    return Answer({"statusCode": 429, "message": "Too Many Requests"}, 429)


def _broken(status: int) -> Answer:
    if status == 500:
        return Answer({"statusCode": 500, "message": "Internal server error"}, 500)
    page = f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>"
    return Answer(None, status, page.encode(), "text/html")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, answer: Answer, headers: list[tuple[bytes, bytes]], cut: bool) -> None:
    if answer.raw is not None:
        content = answer.raw
    elif answer.body is None:
        content = b""
    else:
        content = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode()
    if cut and answer.status < 400:
        content = content[: max(1, len(content) * 2 // 3)]
    start = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": [
            (b"content-type", answer.media_type.encode()),
            (b"content-length", str(len(content)).encode()),
            *([(b"retry-after", answer.retry_after.encode())] if answer.retry_after else []),
            *headers,
        ],
    }
    await send(start)
    for piece in (content[at : at + 1] for at in range(len(content) if answer.drip_s else 0)):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(answer.drip_s)
    await send({"type": "http.response.body", "body": b"" if answer.drip_s else content})
