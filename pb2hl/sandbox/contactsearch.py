"""POST /contacts/search."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pb2hl.sandbox.answers import Answer, invalid
from pb2hl.sandbox.contacts import full_name, view
from pb2hl.sandbox.filters import Order, Query
from pb2hl.sandbox.paging import cut, ordered
from pb2hl.sandbox.routes import Call, endpoint

if TYPE_CHECKING:
    from pb2hl.sandbox.state import State
    from pb2hl.sandbox.store import Record

_FIELDS = frozenset(
    "id email phone firstName firstNameLowerCase lastName lastNameLowerCase fullNameLowerCase contactName companyName "
    "address1 city state postalCode country website source tags type assignedTo dnd dateAdded dateUpdated dateOfBirth "
    "businessId businessName timezone followers locationId".split()
)
_CUSTOM = "customFields."


def epoch_ms(text: str) -> int:
    """An ISO timestamp as epoch milliseconds."""
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


@endpoint(
    "POST",
    "/contacts/search",
    "contacts.readonly",
    "locationId! pageLimit!:num page:num searchAfter:list filters:list sort:list query",
    writes=False,
)
def search(sandbox: State, call: Call) -> Answer:
    """Contacts by filters, sorted (newest first by default), as far as the index has caught up."""
    body = call.body
    size = body["pageLimit"]
    if not 1 <= size <= sandbox.behaviour.search_page_limit:
        raise invalid(f"pageLimit must not be greater than {sandbox.behaviour.search_page_limit}")
    get = _getter(sandbox)
    filters = _query(sandbox, body.get("filters") or [], get)
    order = Order(body.get("sort") or [], "dateAdded", get)
    text = (body.get("query") or "").lower()
    question = [body.get("filters"), body.get("sort"), text]
    records, keys = ordered(
        sandbox, "contacts", question, lambda record: _found(record, text) and filters.matches(record), order
    )
    page = cut(sandbox, body, records, keys, order, int(size))
    return Answer({"contacts": [_hit(sandbox, record, order) for record in page], "total": len(records)})


def _query(sandbox: State, filters: list[Any], get: Any) -> Query:
    """The filters, and what becomes of those by custom fields in this location."""
    ways, limit = sandbox.behaviour.custom_field_search, sandbox.behaviour.search_value_limit
    if ways == "ignored":
        filters = [item for item in filters if not str(item.get("field")).startswith(_CUSTOM)]
    known = _FIELDS.__contains__ if ways == "refused" else _known
    return Query(filters, get, known, limit, lambda field, _: ways == "blind" and field.startswith(_CUSTOM))


def _found(record: Record, text: str) -> bool:
    if not text:
        return True
    words = (full_name(record), record.get("email"), record.get("phone"), record.get("companyName"))
    return any(text in word.lower() for word in words if word)


def _known(field: str) -> bool:
    return field in _FIELDS or field.startswith(_CUSTOM)


def _getter(sandbox: State) -> Any:
    def get(record: Record, field: str) -> Any:
        if field.startswith(_CUSTOM):
            wanted = field[len(_CUSTOM) :]
            return next((item["value"] for item in record["customFields"] if item["id"] == wanted), None)
        if field in ("dateAdded", "dateUpdated"):
            return epoch_ms(record[field])
        if field in ("fullNameLowerCase", "contactName"):
            return full_name(record).lower()
        if field == "businessName":
            business = sandbox.businesses.get(record.get("businessId") or "")
            return business["name"] if business else None
        return record.get(field.removesuffix("LowerCase"))

    return get


def _hit(sandbox: State, record: Record, order: Order) -> dict[str, Any]:
    shown = {key: value for key, value in view(record).items() if key not in sandbox.behaviour.search_omits}
    business = sandbox.businesses.get(record.get("businessId") or "")
    if business is not None:
        shown["businessName"] = business["name"]
    return {**shown, "additionalEmails": [], "additionalPhones": [], "searchAfter": order.values(record)}
