"""The HTTP client of one location: one `request()` that knows what may be sent twice and what may not."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit

import httpx

from pb2hl.clock import SYSTEM_CLOCK, Clock
from pb2hl.errors import AnswerLost, HighLevelError, TokenRefused, Unreachable
from pb2hl.highlevel import retry
from pb2hl.highlevel.answers import (
    Answer,
    Malformed,
    WrongAnswer,
    error_of,
    headers_of,
    read_answer,
    refusal_in,
    scope_missing,
)
from pb2hl.highlevel.daily import DailyStore
from pb2hl.highlevel.doors import require_allowed
from pb2hl.highlevel.limiter import MOST_CONCURRENCY, Limiter, limiter_for
from pb2hl.highlevel.transport import LOOPBACK, MOST_BYTES, transport_for
from pb2hl.workspace import BASE_URL

API_VERSION = "v3"
SEARCH_LAG_S = 60.0
"""How long search and list endpoints may lag behind writes (12 to 60 s reported by users). A probe may pin it lower."""

LATE_SHARE = 0.25
"""A server may still be busy with what a killed run sent last (stalls of 10 s are seen): so much of the lag is waited longer."""

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 60.0
"""Longer than any stall seen: giving up on a write puts it in doubt, which costs more than waiting."""

KEEPALIVE_S = 1.5
"""Idle connections are dropped before common servers do (2 to 5 s), so that a write hardly ever leaves on a dying connection."""

TOLD_AFTER_S = 1.0
"""Waits shorter than this are not worth telling."""

HEED_EVERY_S = 0.5
"""How soon somebody who asks to stop is heard while the client waits."""

UPLOAD_TIMEOUT_S = 900.0
"""The same for a request that carries a file of up to 50 MB over a slow line."""

OnWait = Callable[[str, float], None]

_ANNOUNCING: ContextVar[bool] = ContextVar("announcing", default=False)
"""Whether this task is telling of a write that is about to leave."""


class How(TypedDict, total=False):
    """How a client behaves; every part may be left out.

    `on_wait(reason, seconds)` is called whenever it waits for something a person should know of. `patience_s` is how long an
    unreachable server is waited for once it has answered, `first_contact_s` before that. `concurrency` caps the requests in
    flight; the limiter picks the number below it. `learned` is what earlier clients found out of the location.
    """

    transport: httpx.AsyncBaseTransport | None
    limiter: Limiter
    clock: Clock
    concurrency: int
    patience_s: float
    first_contact_s: float
    search_lag_s: float
    on_wait: OnWait | None
    daily_store: DailyStore | None
    learned: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Upload:
    """The parts of a form: files by name as (file name, content, type), and texts."""

    files: Mapping[str, tuple[str, bytes, str]]
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Call:
    """One request as it is sent, however often."""

    method: str
    path: str
    arguments: Mapping[str, Any]
    safe: bool
    timeout_s: float

    @property
    def reads(self) -> bool:
        """Whether it only asks; searches are asked by POST."""
        return self.method == "GET" or self.path.endswith("/search")


class Client:
    """HighLevel's API for one location.

    The token goes to HighLevel, to this machine, and where a person confirmed it (`doors`); ConfigError for any other `base_url`.
    Use it as an async context manager, then `await client.request(...)` or a port of `pb2hl.highlevel.records`.
    """

    def __init__(self, token: str, location: str, base_url: str = BASE_URL, **how: Unpack[How]):
        require_allowed(base_url)
        self.location = location
        self.base_url = base_url.rstrip("/")
        self.clock = how.get("clock", SYSTEM_CLOCK)
        self.search_lag_s = how.get("search_lag_s", SEARCH_LAG_S)
        self.limiter = how.get("limiter") or limiter_for(self.base_url, location)
        self.limiter.use_store(how.get("daily_store"))
        self.on_wait = how.get("on_wait")
        self.doubt_at = self.clock.monotonic() + LATE_SHARE * self.search_lag_s
        """When a write last went in doubt, on the clock's monotonic scale; at the start, when the last requests of a killed run
        must have been carried out."""
        self.learned: dict[str, Any] = how.get("learned", {})
        """What the record ports have found out about this location's uncertain ways, so that they find it out once."""
        self.identity: dict[str, Any] = {}
        """The location's own record, once it was read and found to be the right one."""
        self.before_write: Callable[[Client], Awaitable[None]] | None = None
        """Awaited before each request that changes the location leaves; its own requests are not announced."""
        self.heed: Callable[[], None] = lambda: None
        """Called while this client waits for something that no request of its own is about; raises to end the wait."""
        self.sent = 0
        """Requests that this client has sent, repeated ones included."""
        self.concurrency = how.get("concurrency", MOST_CONCURRENCY)
        self._slots = asyncio.Semaphore(self.concurrency)
        self._patience_s = how.get("patience_s", retry.PATIENCE_S)
        self._first_contact_s = min(how.get("first_contact_s", retry.FIRST_CONTACT_S), self._patience_s)
        self._reached = False
        self._tried_since: float | None = None
        self._granted: _Call | None = None
        self._given_up: Counter[str] = Counter()
        """By method: requests in a row that were given up after several attempts."""
        self._mask: Callable[[str], str] = lambda text: text.replace(token, "***") if token else text
        self._http = self._connected(token, how.get("transport"))

    def _connected(self, token: str, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
        host, most = urlsplit(self.base_url).hostname or "", self.concurrency
        return httpx.AsyncClient(
            base_url=self.base_url,
            transport=transport or transport_for(host, KEEPALIVE_S),
            headers={"Authorization": f"Bearer {token}", "Version": API_VERSION, "Accept": "application/json"},
            timeout=httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S, pool=None),
            limits=httpx.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=KEEPALIVE_S),
            follow_redirects=False,
            trust_env=host not in LOOPBACK,
        )

    def __repr__(self) -> str:
        return f"Client({self.location!r}, {self.base_url!r})"

    async def __aenter__(self) -> Client:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.limiter.daily.release()
        await self._http.__aexit__(kind, error, trace)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        upload: Upload | None = None,
        safe: bool | None = None,
    ) -> Answer:
        """Send one request and return its answer.

        `safe` says that sending it twice does no harm; by default every method but POST (see `retry`). Raises Unreachable,
        AnswerLost (an unsafe request whose end is unclear: look the record up), or an ApiError.
        """
        safe = method != "POST" if safe is None else safe
        writes = method != "GET" and not (method == "POST" and safe)
        if self.before_write is not None and writes:
            await self._announce(self.before_write)
        form = {"files": upload.files, "data": upload.data} if upload else {}
        limit_s = UPLOAD_TIMEOUT_S if upload else ANSWER_TIMEOUT_S
        call = _Call(method, path, {"params": params, "json": json, **form}, safe, limit_s)
        answer = await self._until_answered(call)
        return self.acknowledged(answer, f"{method} {path}") if writes else answer

    def acknowledged(self, answer: Answer, what: str) -> Answer:
        """The answer to a write, which is an object or nothing at all; AnswerLost where something else came with success."""
        if not isinstance(answer.body, dict):
            self.doubt_at = self.clock.monotonic()
            raise AnswerLost(
                f"the answer to {what} is none of HighLevel's; whether it was done is not known", hint=_LOOK_UP
            )
        return answer

    async def _announce(self, before_write: Callable[[Client], Awaitable[None]]) -> None:
        if not _ANNOUNCING.get():
            announcing = _ANNOUNCING.set(True)
            try:
                await before_write(self)
            finally:
                _ANNOUNCING.reset(announcing)

    async def _until_answered(self, call: _Call) -> Answer:
        waited_s, attempt = 0.0, 0
        if self._tried_since is None:
            self._tried_since = self.clock.monotonic()
        while True:
            attempt += 1
            outcome = await self._once(call)
            if isinstance(outcome, Answer):
                self._given_up[call.method] = 0
                if call.method == "GET":
                    self._granted = call
                return outcome
            verdict, wait_s, error = self._judge(outcome, call, attempt)
            if verdict is retry.Verdict.IN_DOUBT:
                self.doubt_at = self.clock.monotonic()
            left_s = self._patience_left_s(waited_s)
            if verdict is not retry.Verdict.AGAIN or left_s <= 0:
                raise self._of_all(await self._token_or_scope(error), call, attempt) from None
            if self.limiter.daily.resumes_at is not None:
                attempt = 0
                continue  # the limiter waits for the day's allowance, and says so: that is no trouble of the server's
            wait_s = min(wait_s, max(left_s, retry.LONGEST_DELAY_S))
            waited_s += wait_s + (call.timeout_s if isinstance(outcome, httpx.ReadTimeout) else 0.0)
            if wait_s >= TOLD_AFTER_S:
                self.announce(f"{error.message}; trying again", wait_s)
            await self.clock.sleep(wait_s)

    def _of_all(self, error: HighLevelError, call: _Call, attempts: int) -> HighLevelError:
        """The error of a request that is given up; where many in a row were, after several attempts each, it is about all of them."""
        if attempts == 1:
            return error
        self._given_up[call.method] += 1
        if self._given_up[call.method] < retry.MOST_GIVEN_UP or isinstance(error, Unreachable):
            return error
        return Unreachable(f"{error.message}; so it was with every {call.method} lately", hint=_WAIT)

    async def _token_or_scope(self, error: HighLevelError) -> HighLevelError:
        """A 401 or 403 is about the endpoint's scope, whatever its words, when a read that was granted before still is."""
        if not isinstance(error, TokenRefused) or self._granted is None:
            return error
        again = await self._once(self._granted)
        stands = isinstance(again, Answer) or (isinstance(again, httpx.Response) and again.status_code == 404)
        return scope_missing(error) if stands else error

    def _patience_left_s(self, waited_s: float) -> float:
        """A server that never answered is no server that is down for a while: it is given up early."""
        if self._reached:
            return self._patience_s - waited_s
        return self._first_contact_s - (self.clock.monotonic() - (self._tried_since or 0.0))

    async def _once(self, call: _Call) -> Answer | httpx.Response | Exception:
        async with self._slots:
            slot = await self.limiter.acquire(self.announce)
            self.sent += 1
            response: httpx.Response | None = None
            limit_s = retry.FIRST_CONTACT_S if call.safe and not self._reached else call.timeout_s
            try:
                async with asyncio.timeout(limit_s):
                    response = await self._received(call)
                self._reached = self._reached or retry.is_contact(response.status_code)
                if response.status_code >= 300:
                    return response
                answer = read_answer(response)
                self._reached = True
                response.status_code = refusal_in(answer.body) or response.status_code
                return answer if response.status_code < 300 else response
            except TimeoutError:
                return httpx.ReadTimeout(f"no whole answer within {limit_s:.0f} s")
            except (httpx.HTTPError, Malformed) as error:
                return error
            finally:
                headers = headers_of(response) if response is not None else None
                self.limiter.release(slot, headers, response.status_code if response is not None else 0)

    async def _received(self, call: _Call) -> httpx.Response:
        """The whole answer, as long as it is no larger than an answer can be."""
        request = self._http.build_request(call.method, call.path, **call.arguments)
        response = await self._http.send(request, stream=True)
        try:
            content = bytearray()
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > MOST_BYTES:
                    raise Malformed(f"more than {MOST_BYTES // 1024**2} MiB")
        finally:
            await response.aclose()
        unpacked = [(name, value) for name, value in response.headers.multi_items() if name != "content-encoding"]
        return httpx.Response(response.status_code, headers=unpacked, content=bytes(content), request=request)

    def _judge(
        self, outcome: httpx.Response | Exception, call: _Call, attempt: int
    ) -> tuple[retry.Verdict, float, HighLevelError]:
        wait_s = retry.delay_s(attempt, self.clock)
        if isinstance(outcome, Exception):
            verdict = retry.after_failure(outcome, safe=call.safe, attempt=attempt)
            return verdict, wait_s, self._no_answer(outcome, call, verdict)
        verdict = retry.after_status(outcome.status_code, safe=call.safe, attempt=attempt)
        asked = retry.retry_after_s(outcome.headers, self.clock)
        error: HighLevelError = error_of(outcome, call.method, call.path, self._mask)
        if verdict is retry.Verdict.IN_DOUBT:
            error = AnswerLost(f"{error.message}; whether it was done is not known", hint=_LOOK_UP)
        return verdict, max(wait_s, asked or 0.0), error

    def _no_answer(self, failure: Exception, call: _Call, verdict: retry.Verdict) -> HighLevelError:
        what = self._mask(f"{type(failure).__name__} {failure}".strip())
        if retry.unreadable(failure):
            what = self._mask(f"something that is no JSON: {failure}")
        lost = verdict is retry.Verdict.IN_DOUBT or (verdict is retry.Verdict.FINAL and not call.reads)
        if lost:
            return AnswerLost(
                f"no usable answer to {call.method} {call.path} ({what}); whether it was done is not known",
                hint=_LOOK_UP,
            )
        if retry.unreadable(failure):
            kind = WrongAnswer if verdict is retry.Verdict.FINAL else Unreachable
            return kind(f"{call.method} {call.path} is answered with {what}", hint=_WAIT)
        return Unreachable(f"{self.base_url} is unreachable ({what})", hint=_WAIT)

    def announce(self, reason: str, seconds: float) -> None:
        """Say why it waits."""
        if self.on_wait is not None:
            self.on_wait(reason, seconds)

    def lost(self, what: str) -> AnswerLost:
        """The error for a success answer that lacks what it should hold, such as the id of what it made."""
        self.doubt_at = self.clock.monotonic()
        return AnswerLost(f"the answer to {what} holds no id; whether it was done is not known", hint=_LOOK_UP)

    async def wait_out_lag(self, since: float) -> None:
        """Wait until everything written before `since` (the clock's monotonic scale) must show in search and lists."""
        seconds = since + self.search_lag_s - self.clock.monotonic()
        await self.pause("waiting out the lag of HighLevel's search before deciding what is missing", seconds)

    async def pause(self, reason: str, seconds: float) -> None:
        """Wait `seconds` between two requests, saying why; whoever is asked to stop meanwhile (`heed`) need not wait it out."""
        if seconds <= 0:
            return
        self.announce(reason, seconds)
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 0:
            self.heed()
            await self.clock.sleep(min(left, HEED_EVERY_S))


_LOOK_UP = "run the same command again: it looks the record up before it sends anything"
_WAIT = "check the network and the base URL, then run the same command again: it goes on where it was"
