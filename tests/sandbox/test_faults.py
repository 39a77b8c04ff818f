"""What goes wrong on purpose: each fault happens where it says, and commits or does not as it says."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import httpx
import pytest

from tests.sandbox.conftest import Caller


def _create(call: Caller, email: str = "a@b.co", **headers: str) -> httpx.Response:
    return call.http.post("/contacts/", json={"email": email, **call.here}, headers=headers)


def _at(fault: str, write: int = 1) -> dict[str, object]:
    return {"at": [{"fault": fault, "write": write}]}


@pytest.mark.parametrize(("fault", "committed"), [("error_before", 0), ("error_after", 1)])
def test_server_errors(call_with, fault: str, committed: int) -> None:
    """A 5xx may come before or after the commit; the next request is served."""
    call = call_with(faults=_at(fault))
    assert _create(call).status_code in (500, 502, 503)
    assert len(call.state.contacts) == committed
    assert _create(call, "c@d.co").status_code == 201


@pytest.mark.parametrize(("fault", "committed"), [("reset", 0), ("lost_answer", 1)])
def test_lost_connections(call_with, fault: str, committed: int) -> None:
    """A reset comes before anything is done, a lost answer after the commit; neither is an HTTP answer."""
    call = call_with(faults=_at(fault))
    with pytest.raises(httpx.TransportError):
        _create(call)
    assert len(call.state.contacts) == committed
    assert _create(call, "c@d.co").status_code == 201


def test_spurious_429(call_with) -> None:
    """A 429 with allowance left, no Retry-After, nothing done."""
    call = call_with(faults=_at("spurious_429"))
    answer = _create(call)
    assert answer.status_code == 429 and "retry-after" not in answer.headers
    assert int(answer.headers["X-RateLimit-Remaining"]) > 0 and len(call.state.contacts) == 0


def test_malformed_json_in_a_201(call_with) -> None:
    """The record is made, its answer cannot be parsed."""
    call = call_with(faults=_at("malformed"))
    answer = _create(call)
    assert answer.status_code == 201 and len(call.state.contacts) == 1
    with pytest.raises(ValueError):
        answer.json()


def test_422_that_created(call_with) -> None:
    """A 422 may have made the record all the same (GH#64)."""
    call = call_with(faults=_at("created_422"))
    assert _create(call).status_code == 422 and len(call.state.contacts) == 1


def test_stall(call_with) -> None:
    """A stalled request outlasts the client's patience, and is done nevertheless."""
    call = call_with(faults={**_at("stall"), "stall_s": 0.4})
    with pytest.raises(httpx.ReadTimeout):
        call.http.post("/contacts/", json={"email": "a@b.co", **call.here}, timeout=0.1)
    _eventually(lambda: len(call.state.contacts) == 1)


def test_token_expires(call_with) -> None:
    """After so many requests the token is dead; a new one goes on."""
    call = call_with(faults={"token_expires_after": 2})
    assert [_create(call, f"u{number}@b.co").status_code for number in range(4)] == [201, 201, 401, 401]
    call.ok("POST", "/_sandbox/token", {"token": "fresh"})
    assert _create(call, "x@b.co").status_code == 401
    assert _create(call, "x@b.co", Authorization="Bearer fresh").status_code == 201


def test_down_for_a_while(call_with) -> None:
    """The server stops listening, connections are refused, and then it is back with its state."""
    call = call_with(faults={"down_at_request": 2, "down_s": 0.3})
    assert _create(call).status_code == 201
    with pytest.raises(httpx.TransportError):
        _create(call, "c@d.co")
    with pytest.raises(httpx.ConnectError):
        _create(call, "c@d.co")
    _eventually(lambda: _answers(call))
    assert len(call.state.contacts) == 1


@pytest.mark.parametrize(("mode", "committed"), [("before", 1), ("after", 2)])
def test_kill_at_write(call_with, mode: str, committed: int) -> None:
    """At write k the client's process is killed, before the commit or after it."""
    call = call_with()
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as client:
        call.ok("POST", "/_sandbox/kill_at", {"write": 2, "mode": mode})
        header = {"X-Sandbox-Pid": str(client.pid)}
        assert _create(call, "one@b.co", **header).status_code == 201
        assert call.ok("GET", f"/locations/{call.rehearsal.location}")  # reads are not counted
        with pytest.raises(httpx.TransportError):
            _create(call, "two@b.co", **header)
        assert client.wait(5) == -9
    assert len(call.state.contacts) == committed


def test_never_kills_itself(call_with) -> None:
    """The sandbox's own process is no client."""
    call = call_with(faults={"kill_at": {"write": 1, "pid": os.getpid()}})
    with pytest.raises(httpx.TransportError):
        _create(call)


def test_probabilities_are_repeatable(call_with) -> None:
    """The same seed and requests meet the same faults, at about the asked rates."""
    histories = []
    for _ in range(2):
        call = call_with(faults={"error_before": 0.2, "spurious_429": 0.1, "seed": 5})
        histories.append([_create(call, f"u{number}@b.co").status_code for number in range(120)])
    assert histories[0] == histories[1]
    assert 12 <= sum(status >= 500 for status in histories[0]) <= 38
    assert 4 <= histories[0].count(429) <= 22


def test_request_log(call_with) -> None:
    """Each request is remembered with method, path, status, write number, fault and a hash of its body."""
    call = call_with(faults=_at("error_after"))
    _create(call)
    call("GET", f"/locations/{call.rehearsal.location}")
    first, second = call.ok("GET", "/_sandbox/log")["requests"]
    assert (first["method"], first["path"], first["write"], first["fault"]) == ("POST", "/contacts/", 1, "error_after")
    assert len(first["body_hash"]) == 64 and first["at"] <= second["at"]
    assert (second["status"], second["write"]) == (200, 0)


def _answers(call: Caller) -> bool:
    try:
        return call("GET", f"/locations/{call.rehearsal.location}")[0] == 200
    except httpx.TransportError:
        return False


def _eventually(true, within_s: float = 5.0) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "did not come true in time"
