"""What the server answers: success bodies, and refusals in HighLevel's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_NAMES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Payload Too Large",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body; `raw` with `media_type` replaces the body (files)."""

    body: dict[str, Any] | None = None
    status: int = 200
    raw: bytes | None = None
    media_type: str = "application/json"
    drip_s: float = 0.0
    """Seconds between one byte and the next, of an answer that never ends."""
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class Reject(Exception):
    """A refusal. `message` is text or, from the validators, a list; `extra` joins the body (meta, code)."""

    status: int
    message: str | list[str]
    extra: dict[str, Any] = field(default_factory=dict)

    def answer(self, trace_id: str) -> Answer:
        """The refusal as the server says it."""
        return Answer(
            {
                "statusCode": self.status,
                "message": self.message,
                "error": _NAMES.get(self.status, "Error"),
                **self.extra,
                "traceId": trace_id,
            },
            self.status,
        )


def invalid(*messages: str) -> Reject:
    """422 as the request validator says it."""
    return Reject(422, list(messages))


def missing(what: str, record_id: str = "") -> Reject:
    """404 for a record that does not exist."""
    return Reject(404, f"{what} with id {record_id} not found" if record_id else f"{what} not found")
