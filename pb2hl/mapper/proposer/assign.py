"""Neighbours: each single place goes to the column that fits it best, and names are read side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from pb2hl.mapper.knowledge.concepts import PLACES, SELF
from pb2hl.mapper.knowledge.sheet_layout import takes_several
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.knowledge.text import EVERYDAY, means, terms, tokens
from pb2hl.mapper.proposer import people
from pb2hl.mapper.proposer.candidate import Candidate
from pb2hl.model import OBJECTS
from pb2hl.values.consents import FIELDS as CONSENTS

_SHAREABLE = frozenset(
    "source assignedTo assignedUserId userId status completed tags note.body dnd contactId website lostReasonId description"
    " pipelineId pipelineStageId followers body appointmentStatus custom ignore".split()
)
"""HighLevel fields that several equally good columns may point at; the plan joins or ranks them."""

_JOINED = frozenset({"tags", "note.body"})
"""HighLevel fields that take any number of columns."""

_SECOND = {
    "email": ("email_2", "additionalEmails"),
    "phone": ("mobile", "additionalPhones"),
    "mobile": ("phone", "additionalPhones"),
}
"""Where the second-best column of a contact's e-mail or phone goes: (canonical field, HighLevel field)."""


def assign(
    headings: Sequence[str], object_: str, found: Sequence[Candidate], seen: Sequence[Signals], *, strict: bool
) -> list[Candidate]:
    """The candidates after looking at each other; `strict` gives every canonical field to one column only."""
    chosen = list(found)
    if object_ == "contacts":
        people.titled_firms(chosen, seen)
        people.buyers(headings, chosen, seen)
        people.read_names(headings, chosen, seen)
        people.numbered_names(headings, chosen, seen)
        people.traders(chosen, seen)
        _seconds(chosen, seen)
    if object_ == "deals":
        people.leads(headings, chosen)
        people.clients(headings, chosen)
        _closings(headings, chosen)
    _who(object_, chosen)
    _counted(chosen, seen)
    _second_lines(chosen)
    _own_name(headings, object_, chosen)
    _ids(chosen, seen)
    _composites(headings, chosen)
    by_field: dict[str, list[int]] = defaultdict(list)
    for at, item in enumerate(chosen):
        if item.field not in ("custom", "ignore"):
            by_field[item.field].append(at)
    for field, columns in by_field.items():
        if len(columns) > 1:
            _one_column(_Chosen(headings, object_, chosen, seen), field, columns, strict)
    _of_other_addresses(by_field, chosen)
    return chosen


class _Chosen(NamedTuple):
    """The columns of a table of `object_`, what each is thought to be, and how its values look."""

    headings: Sequence[str]
    object_: str
    chosen: list[Candidate]
    seen: Sequence[Signals]


def _rank(item: Candidate, seen: Signals, at: int) -> tuple:
    second = item.index >= 2
    unsure = item.confidence < 0.8
    return (
        not seen.filled and seen.rows > 0,  # an empty column takes no place from a filled one
        second or item.place >= PLACES.index("shipping"),
        unsure,
        item.place,
        item.index,
        -round(item.confidence, 1),
        at,
    )


def _keys_last(field: str, seen: Signals) -> int:
    """Where several columns are the owner: addresses before names, names before keys that mean nothing outside the old system."""
    if field not in ("owner", "author") or not seen.filled:
        return 0
    if seen.looks("email", at_least=0.8):
        return 0
    return 2 if seen.looks("number", "guid", "code", at_least=0.8) or not seen.looks("person", at_least=0.5) else 1


_SPARSE = 0.5
"""Share (0-1) of the cells of the fuller address or name below which another is the exception, wherever it stands."""

_RECORDS = frozenset({"contact", "company", "deal", "task", "event", "activity"})


def _weaker(heading: str, object_: str, item: Candidate) -> bool:
    """Whether a column goes after others of its field: another record's owner (`Account Owner` of a contact), a company's mobile, a suburb."""
    if item.field == "owner":
        said = {term for word in tokens(heading) for term in terms(word)}
        return bool((_RECORDS - SELF.get(object_, set())) & said)
    if item.field == "tags":
        return "group" in item.said.split()  # where a column of tags stands beside it
    if item.field == "city":
        return "suburb" in item.said.split()  # where a town stands beside it
    if item.field == "due_at":
        return item.said == "date"  # where one says until when
    if item.field == "status":
        return item.said == "progress"  # per cent beside a word
    return item.field == "phone" and item.said.startswith("mobile")


_ATTRIBUTES = frozenset({"id", "email", "name", "full name", "number", "key", "code", "address"})
"""What a reference may say of the one it means (`owner.id`, `owner.email`, `owner.name`)."""


def _root(heading: str) -> frozenset[str]:
    return frozenset(word for word in tokens(heading) if not set(terms(word)) <= _ATTRIBUTES)


def _together(field: str, object_: str, alike: bool, heading: str, best: str, item: Candidate) -> bool:
    """Whether two columns fill one field: refusals always, references when they speak of the same person or company."""
    if field in CONSENTS:
        return True
    return takes_several(object_, field) and alike and item.confidence >= 0.8 and _root(heading) == _root(best)


def _one_column(table: _Chosen, field: str, columns: list[int], strict: bool) -> None:
    headings, object_, chosen, seen = table
    ranked = sorted(
        columns,
        key=lambda at: (
            _keys_last(field, seen[at]),
            field in _TOLD_ONCE and seen[at].filled < _SPARSE * max(seen[other].filled for other in columns),
            _weaker(headings[at], object_, chosen[at]),
            *_rank(chosen[at], seen[at], at),
        ),
    )
    best = chosen[ranked[0]]
    for at in ranked[1:]:
        item = chosen[at]
        alike = item.place == best.place and max(1, item.index) == max(1, best.index)
        if strict and _together(field, object_, alike, headings[at], headings[ranked[0]], item):
            continue
        equal = (alike or item.target in _JOINED) and item.confidence >= 0.8
        if not strict and equal and item.target in _SHAREABLE:
            chosen[at] = replace(item, confidence=min(item.confidence, 0.85))
            continue
        keeps = not strict and equal
        chosen[at] = replace(
            item,
            field="custom",
            target=item.target if keeps else "custom",
            confidence=0.7 if keeps else 0.8,
            reason=f"{item.reason}, but another column has {field}",
            transform="",
        )


def _seconds(chosen: list[Candidate], seen: Sequence[Signals]) -> None:
    """A contact's further e-mails and phones go to the second place instead of being dropped."""
    for field in ("email", "phone"):
        columns = [at for at, item in enumerate(chosen) if item.field == field]
        ranked = sorted(columns, key=lambda at: _rank(chosen[at], seen[at], at))
        for order, at in enumerate(ranked):
            item = chosen[at]
            repeated = order and item.place == 0 and item.index == chosen[ranked[0]].index == 0
            if (order and not repeated) or (not order and _plainly_second(item)):
                _demote(chosen, at, field)
    phones = [at for at, item in enumerate(chosen) if item.field == "phone"]
    mobiles = [at for at, item in enumerate(chosen) if item.field == "mobile" and item.target == "additionalPhones"]
    if not phones and mobiles:
        chosen[mobiles[0]] = replace(chosen[mobiles[0]], target="phone")


def _plainly_second(item: Candidate) -> bool:
    return item.index >= 2 or item.place == PLACES.index("other")


def _demote(chosen: list[Candidate], at: int, field: str) -> None:
    second, target = _SECOND[field]
    taken = any(other.field == second for other in chosen)
    chosen[at] = replace(
        chosen[at],
        field="custom" if taken else second,
        target=target,
        confidence=min(chosen[at].confidence, 0.9),
        reason=f"{chosen[at].reason}; a second {field}",
    )


def _who(object_: str, chosen: list[Candidate]) -> None:
    """`Who` of a task, call or meeting beside `For whom` or `With whom` is who does it."""
    if object_ not in _DONE_BY or any(item.field == "owner" for item in chosen):
        return
    people = [at for at, item in enumerate(chosen) if item.field == "contact_id"]
    asked = [at for at in people if chosen[at].said == f"{EVERYDAY}who"]
    if len(asked) == 1 and len(people) > 1:
        chosen[asked[0]] = replace(chosen[asked[0]], field="owner", target="assignedTo")


_DONE_BY = frozenset({"tasks", "activities", "appointments"})


def _counted(chosen: list[Candidate], seen: Sequence[Signals]) -> None:
    """`Guests` that holds single digits beside a column that says who: how many they are."""
    people = [at for at, item in enumerate(chosen) if item.field == "contact_id"]
    counts = [at for at in people if seen[at].looks("digit", at_least=1.0) and seen[at].unique < _REPEATED]
    if len(people) > len(counts):
        for at in counts:
            chosen[at] = replace(
                chosen[at], field="custom", target="custom", confidence=0.8, reason="how many they are"
            )


_REPEATED = 0.8
"""Distinct over filled (0-1) below which digits count and name nobody."""

_NAMED = {
    "deals": ("name", "name"),
    "companies": ("name", "name"),
    "tasks": ("title", "title"),
    "appointments": ("title", "title"),
}
"""Objects that may go by another word for themselves (`Box Name`): (canonical field, HighLevel field) of their name."""


_OF_THEIRS = {"companies": ("contact", "deal"), "deals": ("task",)}
"""Words for other records by which a table may call its own (`Task name` of a to-do list that is kept as a pipeline)."""


def _own_name(headings: Sequence[str], object_: str, chosen: list[Candidate]) -> None:
    """Where no column is the name, the only `<word> name` whose word means nothing to us is it, for a person to look at."""
    field, target = _NAMED.get(object_, ("", ""))
    if not field or any(item.field == field for item in chosen):
        return
    found = [
        at
        for at, heading in enumerate(headings)
        if chosen[at].field == "custom"
        and len(terms(heading)) == 2
        and terms(heading)[1] == "name"
        and (not means(terms(heading)[0]) or terms(heading)[0] in _OF_THEIRS.get(object_, ()))
    ]
    theirs = [at for at in found if terms(headings[at])[0] in _OF_THEIRS.get(object_, ())]
    if not found and object_ == "companies":  # the part of a table of people and companies that is companies
        found = [at for at, heading in enumerate(headings) if terms(heading) and set(terms(heading)) <= _OF_A_PERSON]
    found = theirs if len(theirs) == 1 else found
    if len(found) == 1:
        word = terms(headings[found[0]])[0]
        sure = object_ == "deals" or word in _OF_A_PERSON or means(word)
        reason = f"the only name in this table, of a {word}"
        chosen[found[0]] = replace(
            chosen[found[0]],
            field=field,
            target=target,
            confidence=0.85 if sure else 0.6,
            reason=reason,
        )


_OF_A_PERSON = frozenset({"first name", "last name", "full name", "name"})
"""Words for a person's name under which a table of companies, or the companies of a mixed table, may have theirs."""

_BY_ID = {"company_name": ("company_id", "businessId"), "parent_name": ("parent_id", "custom")}
"""What a column of names is when its values are ids: (canonical field, HighLevel field)."""


def _ids(chosen: list[Candidate], seen: Sequence[Signals]) -> None:
    """`Parent` or `Company` that holds ids is a reference by id, unless another column is that already."""
    taken = {item.field for item in chosen}
    for at, item in enumerate(chosen):
        field, target = _BY_ID.get(item.field, ("", ""))
        if field and field not in taken and seen[at].looks("number", "guid", at_least=0.9):
            chosen[at] = replace(item, field=field, target=target, reason=f"{item.reason}; its values are ids")


def _closings(headings: Sequence[str], chosen: list[Candidate]) -> None:
    """A close date beside one that says that it is expected is the day when the deal was closed."""
    if any(item.field == "closed_at" for item in chosen):
        return
    closings = [at for at, item in enumerate(chosen) if item.field == "expected_close" and item.confidence >= 0.8]
    real = [at for at in closings if not any(set(terms(word)) & _FORESEEN for word in tokens(headings[at]))]
    if len(real) == 1 and len(closings) == 2:
        (at,) = real
        target = OBJECTS["deals"].meaning("closed_at")
        chosen[at] = chosen[at].become("closed_at", target, "another column says when it was expected")


_FORESEEN = frozenset({"expected", "forecast", "due"})


def _second_lines(chosen: list[Candidate]) -> None:
    """`Street 2` is the address's second line, but where `City 2` says that it is another address."""
    another = any(item.said in ("city", "postal code") and item.index == 2 for item in chosen)
    streets = [(at, item) for at, item in enumerate(chosen) if item.said.startswith("street")]
    second = [(at, item) for at, item in streets if item.index == 2 or item.said == "street 2"]
    if len(second) != 1:
        return
    ((at, item),) = second
    fields = {other.field for other in chosen if other is not item}
    if another and item.field == "address_2":
        chosen[at] = replace(item, field="custom", target="custom", confidence=0.8, reason="another address's street")
    elif not another and item.field == "address_1" and "address_1" in fields and "address_2" not in fields:
        chosen[at] = replace(item, field="address_2", target="custom", index=0)


_OF_AN_ADDRESS = ("address_1", "address_2", "city", "state", "postal_code", "country")
_TOLD_ONCE = frozenset({*_OF_AN_ADDRESS, "name", "title", "subject", "full_name"})
"""Fields of which a record has one, so that a column which few fill is not it."""


def _of_other_addresses(by_field: Mapping[str, Sequence[int]], chosen: list[Candidate]) -> None:
    """Parts of an address whose street or town gave way to another address's fill no gap of that one (`Home Address PO Box`)."""
    parts = [at for field in _OF_AN_ADDRESS for at in by_field.get(field, ())]
    main = next((at for at in by_field.get("address_1", ()) if chosen[at].field == "address_1"), None)
    if main is None:
        return
    others = {_block(chosen[at]) for at in parts if chosen[at].field == "custom"} - {_block(chosen[main])}
    for at in parts:
        if chosen[at].field in _OF_AN_ADDRESS and _block(chosen[at]) in others:
            chosen[at] = replace(
                chosen[at], field="custom", target="custom", confidence=0.8, reason="a part of another address"
            )


def _block(item: Candidate) -> tuple[int, int]:
    return item.place, max(1, item.index)


def _composites(headings: Sequence[str], chosen: list[Candidate]) -> None:
    """A formatted whole address is only needed when its parts are missing."""
    has_street = any(item.field == "address_1" for item in chosen)
    for at, heading in enumerate(headings):
        words = set(tokens(heading))
        if "formatted" in words and words & {"address", "adresse", "direccion", "indirizzo", "adres"}:
            if has_street:
                chosen[at] = Candidate("custom", "ignore", 0.75, "the whole address again; its parts have columns")
            else:
                street = "address1" if any(item.target == "firstName" for item in chosen) else "address"
                chosen[at] = Candidate("address_1", street, 0.7, "the whole address in one column")
