"""When a request may be sent again: small decisions that the client composes.

A read, PUT or DELETE does the same however often it arrives, so it is *safe*. A POST that creates is sent again only when
nothing can have been sent, or when HighLevel said 429 (refused before it did anything); every other unclear end of it is
*in doubt*, because HighLevel has no idempotency key.
"""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum

import httpx

from pb2hl.clock import Clock
from pb2hl.highlevel.answers import Malformed

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 15.0
PATIENCE_S = 600.0
"""How long an unreachable or failing server is waited for before the run stops."""

FIRST_CONTACT_S = 15.0
"""The same for a server that has never answered: more likely a wrong base URL or no network than an outage."""
KNOWN_CONTACT_S = 90.0
"""The same for a server that answered an earlier command: it may just be restarting."""

SERVER_FAULT_ATTEMPTS = 9
"""Attempts of a safe request that is answered 500 each time; gateways (502, 503, 504) are waited for by PATIENCE_S instead."""

UNREADABLE_ATTEMPTS = 7
"""Attempts of a safe request that is answered with success and no JSON each time, such as the page of a proxy: half a minute."""

MOST_GIVEN_UP = 10
"""Requests of one method that are given up in a row, none of that method answered in between: then it is not about one record."""

_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Verdict(Enum):
    """What to do after a request that did not succeed."""

    AGAIN = "again"  # send it again after a wait
    IN_DOUBT = "in doubt"  # it may have been done: AnswerLost
    FINAL = "final"  # an answer that stays the same: raise its error


def is_contact(status: int) -> bool:
    """Whether a status by itself shows that the server is the one we look for: not what gateways and crowded doors say."""
    return 400 <= status < 500 and status not in (404, 408, 429)


def unreadable(failure: object) -> bool:
    """Whether something did answer with success, and nobody can read it."""
    return isinstance(failure, Malformed | httpx.DecodingError)


def after_failure(failure: Exception, *, safe: bool, attempt: int) -> Verdict:
    """The verdict when no usable answer came (transport failure, or a success whose body is no JSON); `attempt` counts from 1."""
    if isinstance(failure, _NOTHING_SENT):
        return Verdict.AGAIN
    if unreadable(failure) and safe and attempt >= UNREADABLE_ATTEMPTS:
        return Verdict.FINAL
    if isinstance(failure, httpx.TransportError | Malformed | httpx.DecodingError):
        return Verdict.AGAIN if safe else Verdict.IN_DOUBT
    return Verdict.FINAL


def after_status(status: int, *, safe: bool, attempt: int) -> Verdict:
    """The verdict for an error status; `attempt` counts from 1."""
    if status == 429:
        return Verdict.AGAIN
    if status >= 500 or status == 408:
        if not safe:
            return Verdict.IN_DOUBT
        if status == 500 and attempt >= SERVER_FAULT_ATTEMPTS:
            return Verdict.FINAL
        return Verdict.AGAIN
    return Verdict.FINAL


def delay_s(attempt: int, clock: Clock) -> float:
    """Seconds to wait before the next attempt: doubled each time, capped, half of it random."""
    full = min(FIRST_DELAY_S * 2 ** (attempt - 1), LONGEST_DELAY_S)
    return full * (0.5 + clock.random() / 2)


def retry_after_s(headers: httpx.Headers, clock: Clock) -> float | None:
    """Seconds that a Retry-After header asks for, in seconds or as an HTTP date (RFC 9110), at most PATIENCE_S; None without a usable one."""
    retry_after = headers.get("retry-after", "")
    try:
        value = float(retry_after)
    except ValueError:
        value = _seconds_until(retry_after, clock)
    return min(value, PATIENCE_S) if value >= 0 else None


def _seconds_until(date: str, clock: Clock) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return -1.0
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - clock.now()).total_seconds()
