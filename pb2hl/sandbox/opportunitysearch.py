"""GET and POST /opportunities/search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pb2hl.sandbox.answers import Answer, invalid
from pb2hl.sandbox.contacts import contact
from pb2hl.sandbox.contactsearch import epoch_ms
from pb2hl.sandbox.filters import Order
from pb2hl.sandbox.opportunities import view
from pb2hl.sandbox.paging import cut, ordered
from pb2hl.sandbox.routes import Call, endpoint
from pb2hl.sandbox.shapes import Shape

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

PAGE_LIMIT = 100
_DETAILS = Shape("notes!:bool tasks!:bool calendarEvents!:bool unReadConversations!:bool")
_EXACT = ("pipelineId", "pipelineStageId", "contactId", "assignedTo", "id", "status")


def _get(record: Record, field: str) -> Any:
    return epoch_ms(record[field]) if field == "createdAt" else record.get(field)


_ORDER = Order([], "createdAt", _get)


@endpoint("GET", "/opportunities/search", "opportunities.readonly", query="locationId")
def search(sandbox: State, call: Call) -> Answer:
    """Opportunities by exact fields and text, newest first; pages by number or by startAfter and startAfterId."""
    query = call.query
    size, page = _numbers(query)
    exact = {name: query[name] for name in _EXACT if query.get(name) and query[name] != "all"}
    text = query.get("q", "").lower()
    records, keys = ordered(
        sandbox, "opportunities", [exact, text], lambda r: _matches(sandbox, r, exact, text), _ORDER
    )
    cursor: dict[str, Any] = {"page": page}
    if query.get("startAfterId") and query.get("startAfter"):
        cursor["searchAfter"] = [int(query["startAfter"]), query["startAfterId"]]
    found = cut(sandbox, cursor, records, keys, _ORDER, size)
    more = bool(found) and found[-1] is not records[-1]
    meta: dict[str, Any] = {"total": len(records), "currentPage": page, "prevPage": page - 1 if page > 1 else None}
    meta["nextPage"] = page + 1 if more else None
    if found:
        meta["startAfter"], meta["startAfterId"] = epoch_ms(found[-1]["createdAt"]), found[-1]["id"]
    if more:
        onward = {**query, "startAfter": meta["startAfter"], "startAfterId": meta["startAfterId"]}
        meta["nextPageUrl"] = f"{call.base_url}/opportunities/search?{urlencode(onward)}"
    meta = {key: value for key, value in meta.items() if value is not None}
    return Answer({"opportunities": [view(sandbox, record) for record in found], "meta": meta, "aggregations": {}})


@endpoint(
    "POST",
    "/opportunities/search",
    "opportunities.readonly",
    "locationId! query!:any limit!:num page!:num searchAfter!:any additionalDetails!:obj",
    writes=False,
)
def search_by_body(sandbox: State, call: Call) -> Answer:
    """Opportunities by text, newest first, with what hangs on their contacts when asked."""
    body = call.body
    if not 1 <= body["limit"] <= PAGE_LIMIT:
        raise invalid(f"limit must not be greater than {PAGE_LIMIT}")
    details = body["additionalDetails"]
    problems = _DETAILS.problems(details, "additionalDetails.")
    if problems:
        raise invalid(*problems)
    text = (body["query"] or "").lower()
    records, keys = ordered(sandbox, "opportunities", [{}, text], lambda r: _matches(sandbox, r, {}, text), _ORDER)
    found = cut(sandbox, body, records, keys, _ORDER, int(body["limit"]))
    shown = [{**_detailed(sandbox, record, details), "sort": _ORDER.values(record)} for record in found]
    return Answer({"opportunities": shown, "total": len(records), "stageAggregations": [], "aggregations": {}})


def _numbers(query: dict[str, str]) -> tuple[int, int]:
    try:
        size, page = int(query.get("limit", 20)), int(query.get("page", 1))
        int(query.get("startAfter") or 0)
    except ValueError as error:
        raise invalid("limit must be a number", "page must be a number") from error
    if not 1 <= size <= PAGE_LIMIT:
        raise invalid(f"limit must not be greater than {PAGE_LIMIT}")
    return size, page


def _matches(sandbox: State, record: Record, exact: dict[str, str], text: str) -> bool:
    if any(record.get(name) != value for name, value in exact.items()):
        return False
    if not text:
        return True
    person = sandbox.contacts.get(record["contactId"]) or {}
    words = (record["name"], person.get("firstName"), person.get("lastName"), person.get("email"), person.get("phone"))
    return any(text in word.lower() for word in words if word)


def _detailed(sandbox: State, record: Record, details: dict[str, bool]) -> dict[str, Any]:
    shown = view(sandbox, record)
    person = contact(sandbox, record["contactId"])
    if details["notes"]:
        shown["notes"] = [note["id"] for note in sandbox.notes.find("related", ("contact", person["id"]))]
    if details["tasks"]:
        shown["tasks"] = [task["id"] for task in sandbox.tasks.find("contact", person["id"])]
    if details["calendarEvents"]:
        shown["calendarEvents"] = [event["id"] for event in sandbox.appointments.find("contact", person["id"])]
    return shown
