"""What every request passes: version, token, scope, location, and the validator's words."""

from __future__ import annotations

import httpx

from tests.sandbox.conftest import Caller


def _plain(call: Caller, **headers: str) -> httpx.Response:
    return httpx.get(f"{call.rehearsal.url}/locations/{call.rehearsal.location}", headers=headers)


def test_version_header(call: Caller) -> None:
    """No version is 401, a bogus one 400, an older dated one still passes."""
    token = call.rehearsal.headers["Authorization"]
    assert (_plain(call).status_code, _plain(call).json()["message"]) == (401, "version header was not found.")
    bogus = _plain(call, Authorization=token, Version="bogus-version")
    assert bogus.status_code == 400
    assert bogus.json()["message"] == "Invalid API version segment 'bogus-version' at position 0"
    assert _plain(call, Authorization=token, Version="2021-07-28").status_code == 200


def test_bad_token(call: Caller) -> None:
    """A wrong or absent token is an invalid JWT, with a trace id."""
    answer = _plain(call, Authorization="Bearer nonsense", Version="v3")
    assert (answer.status_code, answer.json()["message"]) == (401, "Invalid JWT")
    assert answer.json()["traceId"]
    assert _plain(call, Version="v3").status_code == 401


def test_missing_scope(call_with) -> None:
    """A token without the endpoint's scope is refused with 401, by name or by a closed list."""
    call = call_with(lacking_scopes=["pipelines.create"])
    status, answer = call("POST", "/opportunities/pipelines", {"name": "A", "stages": [], **call.here})
    assert (status, answer["message"]) == (401, "The token is not authorized for this scope.")
    assert call("GET", "/opportunities/pipelines", **call.here)[0] == 200
    call = call_with(scopes=["contacts.readonly"])
    assert call("POST", "/contacts/", {"email": "a@b.co", **call.here})[0] == 401


def test_wrong_location(call: Caller) -> None:
    """Another location's id in path, query or body is 403."""
    other = "anotherLocation00000"
    for answer in (
        call("GET", f"/locations/{other}"),
        call("GET", "/businesses/", locationId=other),
        call("POST", "/contacts/", {"locationId": other, "email": "a@b.co"}),
    ):
        assert (answer[0], answer[1]["message"]) == (403, "The token does not have access to this location.")


def test_validator_words(call: Caller) -> None:
    """Strangers, absent and mistyped properties are all told at once, in a list."""
    status, answer = call("POST", "/contacts/", {"stageId": 1, "customFields": {}, "tags": "x"})
    assert status == 422
    assert answer["message"] == [
        "property stageId should not exist",
        "locationId can't be undefined",
        "tags must be an array of strings",
        "customFields must be an array",
    ]
    assert call("GET", "/businesses/")[1]["message"] == ["locationId can't be undefined"]


def test_location_id_where_it_must_not_be(call: Caller) -> None:
    """PUT of a contact, notes, tasks, tags and object records refuse a locationId in the body."""
    contact = call.contact(email="a@b.co")["id"]
    for method, path, body in (
        ("PUT", f"/contacts/{contact}", {}),
        ("POST", f"/contacts/{contact}/notes", {"body": "x"}),
        ("POST", f"/contacts/{contact}/tasks", {"title": "x", "dueDate": "2026-01-01T00:00:00Z", "completed": False}),
        ("POST", f"/contacts/{contact}/tags", {"tags": ["x"]}),
    ):
        status, answer = call(method, path, {**body, **call.here})
        assert (status, answer["message"]) == (422, ["property locationId should not exist"]), path


def test_unexpected_is_counted(call: Caller) -> None:
    """An unknown path is 404, a wrong method 405, and both are remembered."""
    assert call("GET", "/surveys/")[0] == 404
    assert call("PATCH", "/contacts/abc")[0] == 405
    seen = call.ok("GET", "/_sandbox/unexpected")["unexpected"]
    assert [(item["method"], item["path"]) for item in seen] == [
        ("GET", "/surveys/"),
        ("PATCH", "/contacts/abc"),
    ]


def test_body_that_is_no_json(call: Caller) -> None:
    """A body that cannot be parsed is refused, not a server error."""
    answer = call.http.post("/contacts/", content=b"{oops", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_rate_limit_and_its_headers(call_with) -> None:
    """The allowance is counted down in five headers on every answer; over it comes a 429 without Retry-After."""
    call = call_with(rate={"max": 3, "interval_s": 10, "daily": 5, "speed": 2})
    path = f"/locations/{call.rehearsal.location}"
    answers = [call.http.get(path) for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    first, last = answers[0].headers, answers[3].headers
    assert first["X-RateLimit-Max"] == "3" and first["X-RateLimit-Remaining"] == "2"
    assert first["X-RateLimit-Interval-Milliseconds"] == "5000"
    assert first["X-RateLimit-Limit-Daily"] == "5" and first["X-RateLimit-Daily-Remaining"] == "4"
    assert last["X-RateLimit-Remaining"] == "0" and "retry-after" not in last
    call.state.advance(5)
    assert [call.http.get(path).status_code for _ in range(3)] == [200, 200, 429]  # the day's five are spent
    call.state.advance(86_400)
    assert call.http.get(path).status_code == 200


def test_admin_is_outside_the_limits(call_with) -> None:
    """The sandbox's own endpoints need no token and cost nothing."""
    call = call_with(rate={"max": 1, "daily": 1})
    for _ in range(5):
        assert httpx.get(f"{call.rehearsal.url}/_sandbox/counts").status_code == 200
