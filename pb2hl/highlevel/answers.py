"""What HighLevel answered, and the typed error that an error answer is.

Error bodies are `{statusCode, message (text or list of texts), error?, meta?, traceId?}`; every part may be missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from pb2hl.errors import ApiError, HighLevelError, NotFound, RateLimited, Refused, ScopeMissing, TokenRefused
from pb2hl.highlevel.scopes import scope_of


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: HTTP status, decoded JSON (`{}` for an empty body), trace id, response headers."""

    status: int
    body: Any
    trace_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Malformed(ValueError):
    """A body that should be JSON and is not."""


class WrongAnswer(HighLevelError):
    """A success answer that is something else than what was asked for."""


def read_answer(response: httpx.Response) -> Answer:
    """The answer in `response`; Malformed when its body is no JSON."""
    body = _decode(response)
    return Answer(response.status_code, body, trace_id(response, body), headers_of(response))


_ERROR_BODY = frozenset({"statusCode", "message", "error", "meta", "traceId"})
DEEPEST = 50
"""HighLevel's deepest answers have about ten levels; what is nested far deeper cannot be saved again."""

_OUTCOMES = ("success", "succeded", "succeeded")
"""How bodies say whether it worked; `succeded` is HighLevel's own spelling."""


def refusal_in(body: Any) -> int:
    """The error status that a body tells although the answer's own status says success; 0 when it tells none.

    A body that only says that it did not work counts as 422: whether anything was done has to be looked up.
    """
    if not isinstance(body, dict):
        return 0
    status_code = body.get("statusCode")
    if isinstance(status_code, int) and 400 <= status_code < 600:
        return status_code
    failed = any(body.get(name) is False for name in _OUTCOMES) or (body.get("error") and set(body) <= _ERROR_BODY)
    return 422 if failed else 0


def headers_of(response: httpx.Response) -> dict[str, str]:
    """The headers by lower-case name. httpx looks each name up by a walk over all: reading them once is far cheaper."""
    return dict(response.headers.items())


def _decode(response: httpx.Response) -> Any:
    if not response.content.strip():
        return {}
    try:
        body = json.loads(response.content)
    except ValueError as error:
        kind = response.headers.get("content-type", "").partition(";")[0] or "no content type"
        raise Malformed(f"{len(response.content)} bytes of {kind}{_title(response.text)}") from error
    except RecursionError as error:
        raise Malformed("nested without end") from error
    if _deeper(body, DEEPEST):
        raise Malformed(f"nested more than {DEEPEST} deep")
    return body


_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,200})", re.IGNORECASE)


def _title(text: str) -> str:
    """What a page calls itself: it tells who answers in HighLevel's stead."""
    found = _TITLE.search(text[:20_000])
    return f', a page called "{" ".join(found[1].split())[:80]}"' if found and found[1].strip() else ""


def _deeper(body: Any, most: int) -> bool:
    """Whether lists and objects stand in each other more than `most` deep."""
    level = [body] if isinstance(body, dict | list) else []
    for _ in range(most):
        inner = (item for outer in level for item in (outer.values() if isinstance(outer, dict) else outer))
        level = [item for item in inner if isinstance(item, dict | list)]
    return bool(level)


def trace_id(response: httpx.Response, body: Any) -> str:
    """HighLevel's own id of the request, by which its support finds it; "" when it gave none."""
    if isinstance(body, dict) and body.get("traceId"):
        return str(body["traceId"])
    return response.headers.get("x-trace-id", "") or response.headers.get("trace-id", "")


def message_of(body: Any) -> str:
    """HighLevel's own words in an error body, whether it wrote a text or a list."""
    if not isinstance(body, dict):
        return ""
    message = body.get("message") or body.get("error") or ""
    if isinstance(message, list):
        return "; ".join(str(item) for item in message)
    return str(message)


def error_of(response: httpx.Response, method: str, path: str, mask: Callable[[str], str] = str) -> ApiError:
    """The typed error for an error answer (any status but 2xx). `mask` takes secrets out of what the server echoes."""
    try:
        body = json.loads(mask(response.text)) if response.content.strip() else {}
    except (ValueError, RecursionError):
        body = {}
    status, words = response.status_code, message_of(body)
    kind, hint = _kind(status, words, method, path)
    said = f": {words}" if words else ""
    trace = trace_id(response, body)
    return kind(
        f"HighLevel answered {status} to {method} {path}{said}" + (f" (traceId {trace})" if trace else ""),
        status=status,
        api_message=words,
        trace_id=trace,
        meta=body.get("meta") if isinstance(body, dict) and isinstance(body.get("meta"), dict) else {},
        body=body if isinstance(body, dict) else {},
        method=method,
        path=path,
        hint=hint,
    )


def scope_missing(error: TokenRefused) -> ScopeMissing:
    """The same refusal as one of the endpoint's scope, for answers that do not say which of the two it is."""
    return ScopeMissing(
        error.message,
        status=error.status,
        api_message=error.api_message,
        trace_id=error.trace_id,
        meta=error.meta,
        body=error.body,
        method=error.method,
        path=error.path,
        hint=_scope_hint(error.method, error.path),
    )


def _scope_hint(method: str, path: str) -> str:
    scope = scope_of(method, path) or "of this endpoint"
    return f"add the scope {scope} to the private integration, then run this again"


def _kind(status: int, words: str, method: str, path: str) -> tuple[type[ApiError], str]:
    lowered = words.lower()
    if status == 401 and "scope" in lowered:
        return ScopeMissing, _scope_hint(method, path)
    if status in (401, 403):
        return (
            TokenRefused,
            "set HIGHLEVEL_TOKEN to a valid token of this location (`location` in migration.toml), then run this again",
        )
    if status == 404 or (status == 400 and "not found" in lowered):
        return NotFound, ""
    if status == 429:
        return RateLimited, ""
    if status in (400, 409, 413, 415, 422):
        return Refused, ""
    return ApiError, ""
