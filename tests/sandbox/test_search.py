"""Searches: filters, pages and cursors, what they leave out, and how they lag."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Caller


def _search(call: Caller, *filters: object, **more: object) -> list[str]:
    body = {"pageLimit": 100, "filters": list(filters), **more, **call.here}
    return sorted(item["email"].split("@")[0] for item in call.ok("POST", "/contacts/search", body)["contacts"])


def _where(field: str, operator: str, *value: object) -> dict[str, object]:
    return {"field": field, "operator": operator, **({"value": value[0]} if value else {})}


@pytest.fixture
def people(call: Caller) -> Caller:
    """Three contacts and a custom field."""
    field = call.field("Origin", "TEXT")
    call.contact(email="ann@x.co", firstName="Ann", tags=["a"], customFields=[{"id": field, "fieldValue": "PB-1"}])
    call.contact(email="bob@x.co", firstName="Bob", tags=["a", "b"], city="Hull")
    call.contact(email="cid@x.co", firstName="Cid", dnd=True, customFields=[{"id": field, "fieldValue": "PB-12"}])
    call.origin = f"customFields.{field}"
    return call


def test_operators(people: Caller) -> None:
    """Each operator finds what it says, on standard and custom fields."""
    assert _search(people, _where("firstName", "eq", "ann")) == ["ann"]
    assert _search(people, _where("firstName", "not_eq", "ann")) == ["bob", "cid"]
    assert _search(people, _where(people.origin, "eq", "PB-1")) == ["ann"]
    assert _search(people, _where(people.origin, "contains", "PB-1")) == ["ann", "cid"]
    assert _search(people, _where(people.origin, "exists")) == ["ann", "cid"]
    assert _search(people, _where(people.origin, "not_exists")) == ["bob"]
    assert _search(people, _where("tags", "eq", ["b", "z"])) == ["bob"]
    assert _search(people, _where("email", "in", ["ann@x.co", "cid@x.co"])) == ["ann", "cid"]
    assert _search(people, _where("dateAdded", "range", {"gte": 0, "lt": 1})) == []


def test_groups(people: Caller) -> None:
    """Filters are joined by AND, groups nest."""
    either = {"group": "OR", "filters": [_where("city", "eq", "Hull"), _where("dnd", "eq", True)]}
    assert _search(people, either) == ["bob", "cid"]
    assert _search(people, either, _where("tags", "eq", "a")) == ["bob"]


def test_refusals(people: Caller) -> None:
    """Unknown operators and fields, long values, big pages and missing limits are 422."""
    for body in (
        {"pageLimit": 10, "filters": [_where("firstName", "like", "a")]},
        {"pageLimit": 10, "filters": [_where("shoeSize", "eq", "a")]},
        {"pageLimit": 10, "filters": [_where("firstName", "eq", "a" * 76)]},
        {"pageLimit": 501},
        {"pageLimit": 500, "page": 21},
        {},
    ):
        assert people("POST", "/contacts/search", {**body, **people.here})[0] == 422, body


def test_results_omit_fields(people: Caller) -> None:
    """dndSettings and timezone come only with the record itself."""
    made = people.contact(email="dan@x.co", timezone="America/Toronto", dndSettings={"sms": {"status": "active"}})
    body = {"pageLimit": 1, **people.here}
    hit = people.ok("POST", "/contacts/search", body)["contacts"][0]
    assert hit["id"] == made["id"] and not {"dndSettings", "timezone"} & set(hit)
    assert {"dndSettings", "timezone"} <= set(people.ok("GET", f"/contacts/{made['id']}")["contact"])


def test_cursor_visits_each_once(call: Caller) -> None:
    """Paging by searchAfter gives every contact once, in order; so does paging by number."""
    call.state.seed(contacts=[{"email": f"u{number:03}@x.co"} for number in range(230)])
    seen: list[str] = []
    cursor = None
    while True:
        body = {"pageLimit": 50, **call.here, **({"searchAfter": cursor} if cursor else {})}
        page = call.ok("POST", "/contacts/search", body)["contacts"]
        if not page:
            break
        seen += [item["id"] for item in page]
        cursor = page[-1]["searchAfter"]
    by_number = [
        item["id"]
        for page in range(1, 6)
        for item in call.ok("POST", "/contacts/search", {"pageLimit": 50, "page": page, **call.here})["contacts"]
    ]
    assert seen == by_number and len(set(seen)) == 230
    ordered = call.ok(
        "POST", "/contacts/search", {"pageLimit": 3, "sort": [{"field": "email", "direction": "asc"}], **call.here}
    )
    assert [item["email"] for item in ordered["contacts"]] == ["u000@x.co", "u001@x.co", "u002@x.co"]


def test_lag(call_with) -> None:
    """Searches and lists see writes late, changed and deleted records too; GET and the duplicate lookup at once."""
    call = call_with(search_lag_s=30.0, behaviour={"pipelines_lag_s": 3.0})
    made = call.contact(email="a@b.co", firstName="Ann")
    assert _search(call) == []
    assert call.ok("GET", "/contacts/search/duplicate", email="A@b.co", **call.here)["contact"]["id"] == made["id"]
    assert call.ok("GET", f"/contacts/{made['id']}")["contact"]["id"] == made["id"]
    call.state.advance(31)
    assert _search(call) == ["a"]
    call.ok("PUT", f"/contacts/{made['id']}", {"firstName": "Bea"})
    assert _search(call, _where("firstName", "eq", "Ann")) == ["a"]
    call.ok("DELETE", f"/contacts/{made['id']}")
    assert _search(call) == ["a"]
    call.ok("POST", "/_sandbox/advance", {"seconds": 31})
    assert _search(call) == []
    pipeline = call.pipeline()
    assert call.ok("GET", "/opportunities/pipelines", **call.here)["pipelines"] == []
    assert call.ok("GET", f"/opportunities/pipelines/{pipeline['id']}")["pipeline"]["name"] == "Sales"
    call.state.advance(3.1)
    assert len(call.ok("GET", "/opportunities/pipelines", **call.here)["pipelines"]) == 1


def test_opportunity_cursor(call: Caller) -> None:
    """GET search pages opportunities by startAfter and startAfterId, and says how many there are."""
    pipeline = call.pipeline()
    for number in range(7):
        assert call.deal(call.contact(email=f"u{number}@x.co"), pipeline, name=f"Deal {number}")[0] == 201
    seen, onward = [], {}
    while True:
        answer = call.ok("GET", "/opportunities/search", limit=3, **onward, **call.here)
        seen += [item["name"] for item in answer["opportunities"]]
        if "nextPage" not in answer["meta"]:
            break
        onward = {name: answer["meta"][name] for name in ("startAfter", "startAfterId")}
    assert seen == [f"Deal {number}" for number in reversed(range(7))]
    assert answer["meta"]["total"] == 7
