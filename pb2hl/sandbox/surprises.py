"""Answers that no client expects: other types than documented, pages of a proxy, JSON without end, bytes that drip."""

from __future__ import annotations

from pb2hl.sandbox.answers import Answer
from pb2hl.sandbox.scenario import Faults

_PAGE = b"<!doctype html><html><head><title>Sign in to the network</title></head><body>Sign in</body></html>"
_DEPTH = 100_000
_YEARS_S = 3 * 365 * 86_400


def surprise(name: str, settings: Faults) -> Answer:
    """The answer of the fault `name`, one of `faults.SURPRISES`."""
    if name == "html_200":
        return Answer(None, 200, _PAGE, "text/html")
    if name == "wrong_type":
        return Answer(None, 200, settings.wrong_answer.encode())
    if name == "deep_json":
        return Answer(None, 200, b"[" * _DEPTH + b"]" * _DEPTH)
    if name == "drip":
        return Answer(None, 200, b" " * _DEPTH, drip_s=settings.drip_s)
    return Answer({"statusCode": 429, "message": "Too Many Requests"}, 429, retry_after=str(_YEARS_S))
