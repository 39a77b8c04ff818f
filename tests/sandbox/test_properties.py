"""What must hold for any input: the limiter, the lagging index, cursors, and that no request breaks the server."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pb2hl.sandbox.endpoints import ROUTER
from pb2hl.sandbox.ratelimit import Limiter
from pb2hl.sandbox.scenario import RateLimit
from pb2hl.sandbox.store import Collection
from tests.sandbox.conftest import Caller

GAPS = st.lists(st.floats(0, 3, allow_nan=False), max_size=80)


@given(GAPS, st.integers(1, 5))
def test_no_window_holds_more_than_the_limit(gaps: list[float], most: int) -> None:
    """Whenever requests come, no ten seconds hold more admitted ones than the limit."""
    limiter, now, admitted = Limiter(RateLimit(max=most)), 0.0, []
    for gap in gaps:
        now += gap
        if limiter.admit(now):
            admitted.append(now)
        assert sum(moment > now - 10 for moment in admitted) <= most


@given(GAPS, st.integers(1, 5))
def test_fixed_windows(gaps: list[float], most: int) -> None:
    """With fixed windows each refused request waits at most one interval after its window began."""
    limiter, now, began, used = Limiter(RateLimit(max=most, window="fixed")), 0.0, None, 0
    for gap in gaps:
        now += gap
        if began is None or now - began >= 10:
            began, used = now, 0
        assert limiter.admit(now) == (used < most)
        used += used < most


@given(st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers()), st.floats(0, 4)), max_size=40))
def test_seen_is_the_past(steps: list[tuple[int, int | None, float]]) -> None:
    """What searches see with a lag of five seconds is exactly what was there five seconds ago."""
    now = [100.0]
    collection, history, model = Collection(lambda: now[0]), [(0.0, {})], {}
    for key, value, gap in steps:
        now[0] += gap
        if value is None:
            collection.remove(str(key))
            model = {name: item for name, item in model.items() if name != str(key)}
        else:
            model = {**model, str(key): collection.put({"id": str(key), "value": value})}
        history.append((now[0], model))
        past = next(state for moment, state in reversed(history) if moment <= now[0] - 5)
        assert collection.seen(5.0) == past
        assert collection.records == model


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 5),
        st.text(max_size=8),
        st.sampled_from(["open", "add", "2026-01-01"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["id", "name", "field", "key"]), inner)
    ),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_request_breaks_the_server(call: Caller, data: st.DataObject) -> None:
    """Whatever a body or query holds, the answer is HighLevel's, never a server error."""
    _furnish(call)
    route = data.draw(st.sampled_from([route for route in ROUTER.routes if not route.multipart]))
    body = {}
    if route.shape is not None:
        for name, kind in route.shape.types.items():
            if name in route.shape.required or data.draw(st.booleans()):
                body[name] = call.rehearsal.location if name == "locationId" else data.draw(_value(kind))
    path = route.path
    for part in path.split("/"):
        if part.startswith("{"):
            fixed = {"{locationId}": call.rehearsal.location, "{schemaKey}": "business", "{objectKey}": "business"}
            path = path.replace(part, fixed.get(part, _some_id(call, part)))
    query = {name: data.draw(st.sampled_from(["1", "x", "-1"])) for name in route.query}
    query |= {name: call.rehearsal.location for name in ("locationId", "altId") if name in route.query}
    status, answer = call(route.method, path, body if route.method != "GET" else None, **query)
    assert status < 500, (route.method, path, body, answer)
    assert call.state.unexpected == []


def _furnish(call: Caller) -> None:
    """Make what the drawn requests are about, and make it again when one of them has deleted it."""
    state = call.state
    if not state.contacts.records:
        call.contact(email="a@b.co")
    if not state.pipelines.records:
        call.pipeline()
    if not state.businesses.records:
        call.ok("POST", "/businesses/", {"name": "Acme", **call.here})
    if not state.opportunities.records:
        call.deal(next(iter(state.contacts.records.values())), next(iter(state.pipelines.records.values())))


def _value(kind: str) -> st.SearchStrategy:
    sound = {
        "str": st.text(max_size=12),
        "num": st.integers(-3, 600),
        "bool": st.booleans(),
        "strs": st.lists(st.text(max_size=6), max_size=3),
        "list": st.lists(VALUES, max_size=3),
        "obj": st.dictionaries(st.sampled_from(["name", "call", "singular", "key", "notes"]), VALUES, max_size=3),
        "any": VALUES,
    }
    return st.one_of(sound.get(kind, st.sampled_from(kind.split("|"))), VALUES)


def _some_id(call: Caller, part: str) -> str:
    homes = {"{contactId}": "contacts", "{calendarId}": "calendars", "{userId}": "users", "{businessId}": "businesses"}
    records = call.state.collections[homes.get(part, "opportunities")].records
    return next(iter(records), "nothing")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/objects/business/records/search", {"page": 1, "pageLimit": 10, "query": "", "searchAfter": 5}),
        (
            "POST",
            "/objects/business/records/search",
            {"page": 1, "pageLimit": 10, "query": "", "searchAfter": [{}, {}]},
        ),
        ("POST", "/contacts/search", {"pageLimit": 10, "searchAfter": ["x", 5]}),
        ("POST", "/contacts/search", {"pageLimit": 10, "filters": [5], "sort": ["x"]}),
        ("POST", "/contacts/", {"dateOfBirth": 1e300}),
        ("POST", "/contacts/", {"customFields": [5]}),
        ("POST", "/contacts/", {"dndSettings": {"email": 5}}),
        ("POST", "/opportunities/pipelines", {"name": "x", "stages": ["a"]}),
        ("POST", "/calendars/", {"name": "x", "teamMembers": [5]}),
        ("GET", "/calendars/events?calendarId=x&startTime=--1&endTime=\u00b2", None),
    ],
)
def test_odd_values_are_refused(call: Caller, method: str, path: str, body: dict | None) -> None:
    """Values of the wrong kind, deep inside a body, are refused or find nothing."""
    query = dict(pair.split("=") for pair in path.partition("?")[2].split("&") if pair)
    if body is None:
        status, answer = call(method, path.partition("?")[0], **query, **call.here)
    else:
        status, answer = call(method, path, {**body, **call.here})
    assert status in (200, 422), answer
    assert call.state.unexpected == []


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"firstName": "\\ud800"}', b"\xff\xfe"])
def test_bodies_that_are_no_json(call: Caller, raw: bytes) -> None:
    """Nesting without end, half characters and bytes that are no text are refused."""
    assert call.http.post("/contacts/", content=raw).status_code == 422


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=zz", "multipart/form-data"])
def test_broken_uploads(call: Caller, kind: str) -> None:
    """A multipart body that is none is refused."""
    assert call.http.post("/medias/upload-file", content=b"xx", headers={"Content-Type": kind}).status_code == 400
