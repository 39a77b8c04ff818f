"""The client against a real server that misbehaves: what is sent again, what is in doubt, what errors say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from pb2hl.clock import Clock
from pb2hl.errors import (
    AnswerLost,
    ApiError,
    Cancelled,
    NotFound,
    RateLimited,
    Refused,
    ScopeMissing,
    TokenRefused,
    Unreachable,
)
from pb2hl.highlevel import Client, Limiter, run
from pb2hl.highlevel.retry import retry_after_s
from pb2hl.progress import Cancel

TOKEN = "pit-secret-marker"


class Quick(Clock):
    """A clock whose sleeps only count, so that minutes of patience pass in no time."""

    def __init__(self) -> None:
        self.slept = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.slept

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await asyncio.sleep(0)


class Noon(Clock):
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


Reply = tuple[int, bytes] | None


async def talk(replies: list[Reply], ask: Callable, **options) -> tuple[object, list[str]]:
    """Serve `replies` one a request on loopback (None: close without an answer), run `ask(client)`; (outcome, requests)."""
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                seen.append(head.split(b"\r\n", 1)[0].decode())
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length")
                    ),
                    0,
                )
                await reader.readexactly(length)
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
                if reply is None:
                    break
                status, body = reply
                writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body))
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    clock = Quick()
    async with Client(TOKEN, "loc", url, clock=clock, limiter=Limiter(clock), **options) as client:
        try:
            outcome: object = await ask(client)
        except Exception as error:
            outcome = error
    server.close()
    return outcome, seen


def reply(status: int, **body) -> Reply:
    """A JSON reply."""
    return status, json.dumps(body).encode()


READ = lambda client: client.request("GET", "/contacts/1")  # noqa: E731
SEARCH = lambda client: client.request("POST", "/contacts/search", json={}, safe=True)  # noqa: E731
WRITE = lambda client: client.request("POST", "/contacts/", json={"a": 1})  # noqa: E731
CHANGE = lambda client: client.request("PUT", "/contacts/1", json={"a": 1})  # noqa: E731
OK = reply(200, contact={"id": "1"})


@pytest.mark.parametrize("ask", [READ, SEARCH, CHANGE])
@pytest.mark.parametrize("trouble", [reply(500), reply(502), reply(503), reply(429), (200, b'{"cut'), None])
def test_what_is_safe_is_sent_again(ask, trouble):
    """Reads, searches and changes go through all that can go wrong."""
    answer, seen = run(talk([trouble, trouble, OK], ask))
    assert answer.body == {"contact": {"id": "1"}}
    assert len(seen) == 3


@pytest.mark.parametrize("trouble", [reply(500), reply(502), reply(503), (201, b'{"contact": {"id'), None])
def test_a_create_without_a_clear_answer_is_in_doubt(trouble):
    """A create that may have been done is never sent again."""
    outcome, seen = run(talk([trouble, OK], WRITE))
    assert isinstance(outcome, AnswerLost)
    assert len(seen) == 1


def test_a_create_refused_for_the_rate_is_sent_again():
    """A 429 was refused before anything was done."""
    answer, seen = run(talk([reply(429), reply(429), OK], WRITE))
    assert answer.status == 200 and len(seen) == 3


@pytest.mark.parametrize("ask", [READ, WRITE, CHANGE])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"statusCode": 422, "message": "no"}, Refused),
        ({"statusCode": 404, "message": "gone"}, NotFound),
        ({"error": "Bad Request", "message": ["no"]}, Refused),
        ({"succeded": False, "contact": {"id": "1"}}, Refused),
        ({"success": False}, Refused),
    ],
)
def test_a_success_that_holds_an_error_is_the_error(ask, body, kind):
    """A 200 is no proof: whoever reads the body finds that it did not work."""
    outcome, seen = run(talk([reply(200, **body)], ask))
    assert type(outcome) is kind and len(seen) == 1


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("7", 7, 8), ("2.5", 2.5, 3.6), ("Sat, 31 Jan 2026 09:30:20 GMT", 20, 21), ("Thu, 01 Jan 2026 00:00:00 GMT", 0, 1.1),
     ("soon", 0, 1.1), ("", 0, 1.1), ("nan", 0, 1.1), ("86400", 600, 601)],
)  # fmt: skip
def test_a_retry_after_is_kept_in_every_form(header, least, most):
    """Seconds or an HTTP date; nonsense and the past count for nothing, and no header puts a run to sleep for a day."""
    asked = retry_after_s(httpx.Headers({"retry-after": header}), Noon())
    assert least <= max(asked or 0.0, 0.0) <= most


@pytest.mark.parametrize(("options", "least", "most"), [({"first_contact_s": 600.0}, 600, 640), ({}, 10, 30)])
def test_a_server_that_is_away_is_waited_for(options, least, most):
    """Nothing can have been sent, so a create waits too and says why; a server that never answered is given up early."""
    told: list[str] = []

    async def ask() -> tuple[object, float]:
        clock = Quick()
        began = clock.monotonic()
        client = Client(
            TOKEN,
            "loc",
            "http://127.0.0.1:9",
            clock=clock,
            limiter=Limiter(clock),
            on_wait=lambda why, s: told.append(why),
            **options,
        )
        async with client:
            try:
                await client.request("POST", "/contacts/", json={})
            except Unreachable as error:
                return error, clock.monotonic() - began
        return None, 0.0

    outcome, waited = run(ask())
    assert isinstance(outcome, Unreachable) and least <= waited <= most
    assert "unreachable" in told[0]


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (401, {"message": "The token is not authorized for this scope."}, ScopeMissing, "contacts.readonly"),
        (401, {"message": "This authClass type is not allowed to access this scope."}, ScopeMissing, "scope"),
        (401, {"statusCode": 401, "message": "Invalid JWT"}, TokenRefused, "HIGHLEVEL_TOKEN"),
        (403, {"message": "The token does not have access to this location."}, TokenRefused, "HIGHLEVEL_TOKEN"),
        (404, {}, NotFound, "404"),
        (400, {"message": "Contact with id lookup not found"}, NotFound, "lookup"),
        (422, {"message": ["locationId can't be undefined", "two"], "traceId": "t-1"}, Refused, "two"),
        (409, {"message": "conflict"}, Refused, "conflict"),
        (418, {"message": None}, ApiError, "418"),
    ],
)
def test_error_answers_are_typed(status, body, kind, says):
    """Status, HighLevel's words (text or list), trace id and the way to mend it arrive in the error."""
    outcome, _ = run(talk([reply(status, **body)], READ))
    assert type(outcome) is kind
    assert says in str(outcome) and outcome.status == status
    assert outcome.trace_id == body.get("traceId", "")


@pytest.mark.parametrize("words", ["Unauthorized", "Invalid token: access token is invalid", "", "Forbidden resource"])
@pytest.mark.parametrize(
    ("again", "kind", "says"),
    [(OK, ScopeMissing, "contacts.write"), (reply(404), ScopeMissing, "contacts.write"), (reply(401), TokenRefused, "HIGHLEVEL_TOKEN")],
)  # fmt: skip
def test_a_refused_scope_is_told_from_a_refused_token(words, again, kind, says):
    """Whatever the words of a 401: while a read that was granted before still is, the token is good and its scope missing."""

    async def ask(client: Client) -> object:
        await READ(client)
        return await WRITE(client)

    outcome, seen = run(talk([OK, reply(401, message=words), again], ask))
    assert type(outcome) is kind and says in str(outcome)
    assert [line.split()[0] for line in seen] == ["GET", "POST", "GET"]


def test_meta_of_a_duplicate_is_kept():
    """The id of the contact that is there already comes with the refusal."""
    meta = {"contactId": "abc", "matchingField": "email"}
    outcome, _ = run(talk([reply(400, message="This location does not allow duplicated contacts.", meta=meta)], WRITE))
    assert isinstance(outcome, Refused) and outcome.meta == meta


def test_the_token_shows_nowhere():
    """Not in the client's repr, nor in an error, even when the server echoes it."""
    outcome, _ = run(talk([reply(422, message=f"bad {TOKEN}")], READ))
    client = Client(TOKEN, "loc", "http://127.0.0.1:9")
    assert TOKEN not in f"{client!r} {outcome} {outcome!r} {outcome.body} {outcome.api_message} {vars(client)}"


def test_endless_refusal_ends():
    """A 429 that never stops is raised when patience ends."""
    outcome, _ = run(talk([reply(429)], READ, patience_s=30.0))
    assert isinstance(outcome, RateLimited)


def test_run_works_inside_a_running_loop():
    """A notebook's loop already runs; `run` still gives the result, and errors come through."""

    async def notebook() -> int:
        async def work() -> int:
            await asyncio.sleep(0)
            return 7

        async def fail() -> None:
            raise NotFound("gone", status=404)

        with pytest.raises(NotFound):
            run(fail())
        return run(work())

    assert asyncio.run(notebook()) == 7


def test_redirects_are_not_followed():
    """A token is never carried to another address."""
    outcome, seen = run(talk([(302, b"")], READ))
    assert isinstance(outcome, ApiError) and len(seen) == 1
    assert httpx.codes.is_redirect(outcome.status)


def test_a_stop_ends_a_wait():
    """Whoever asks to stop while the client waits out the lag of search is heard at once; without a stop it waits to the end."""
    clock, waits = Quick(), []
    client = Client(
        TOKEN, "loc", "http://127.0.0.1:9", clock=clock, search_lag_s=3600.0, on_wait=lambda *told: waits.append(told)
    )
    run(client.wait_out_lag(clock.monotonic()))
    assert 3590 < clock.slept < 3601 and len(waits) == 1
    client.heed = Cancel().check
    run(client.wait_out_lag(clock.monotonic() - 3600))
    stop = Cancel()
    stop.set()
    client.heed = stop.check
    with pytest.raises(Cancelled):
        run(client.wait_out_lag(clock.monotonic()))
    assert clock.slept < 3602
