"""A reading of a heading after a look at its values: surer where they fit, withdrawn where they cannot be that."""

from __future__ import annotations

from dataclasses import replace

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.proposer.candidate import Candidate
from pb2hl.model import OBJECTS, FieldKind
from pb2hl.values.booleans import FALSE, TRUE
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.values.statuses import deal_status, task_state, word_key

_ADDRESS_FIELDS = frozenset({"address_1", "address_2", "city", "state", "postal_code", "country"})

_DATES = frozenset(
    spec.name for item in OBJECTS.values() for spec in item.fields if spec.kind in (FieldKind.DATE, FieldKind.DATETIME)
)
_EXPECTED: dict[str, tuple[str, ...]] = (
    {
        "email": ("email",),
        "email_2": ("email",),
        "contact_email": ("email",),
        "phone": ("phone",),
        "mobile": ("phone",),
        "website": ("url", "domain"),
        "domain": ("domain", "url"),
        "amount": ("money", "number"),
        "probability": ("percent", "number"),
        "timezone": ("timezone",),
        "completed": ("boolean",),
        "postal_code": ("postal", "number"),
        "recurrence": ("rrule",),
    }
    | {name: ("boolean",) for name in CONSENTS}
    | {name: ("date", "datetime", "moment") for name in _DATES}
)
"""Kinds of values that confirm a canonical field."""

_NAMES = ("first_name", "last_name", "full_name", "city", "state", "country", "company_name", "name", "owner", "source")
_NEVER: dict[str, tuple[str, ...]] = {
    "country": ("number", "date", "datetime", "boolean", "email", "url", "money", "percent"),
    "currency": ("number", "date", "datetime", "boolean", "email", "url"),
    "job_title": ("salutation", "boolean", "number", "code", "date", "datetime", "email", "phone", "url"),
    "company_name": ("salutation", "boolean", "email", "date", "datetime", "percent", "money"),
    "owner": ("percent", "date", "datetime"),
    "gender": ("number",),  # 1 and 2 mean whatever the old system says
    "followers": ("number", "percent", "date", "datetime"),  # how many follow a person elsewhere is no user
    "full_name": ("boolean", "number", "money", "date", "datetime", "percent", "salutation", "url", "reached"),
    "first_name": ("boolean", "number", "money", "percent", "date", "datetime", "email", "url", "reached"),
    "last_name": ("boolean", "number", "money", "percent", "date", "datetime", "email", "url", "reached"),
    "title": ("boolean", "money", "number", "date", "datetime", "percent"),
} | dict.fromkeys(("status", "stage", "pipeline", "source", "tags"), ("date", "datetime", "email", "url"))
"""Kinds of values that a field never has, whatever its heading says."""

_CONFLICTS: dict[str, tuple[str, ...]] = {
    "email": ("boolean", "date", "datetime", "money", "number", "phone", "url", "percent", "consent"),
    "phone": ("boolean", "date", "datetime", "email", "url", "percent", "money", "consent", "person", "timezone"),
    "website": ("boolean", "date", "datetime", "email", "number", "money"),
    "date": ("boolean", "email", "url", "phone", "person", "timezone", "money", "percent"),
    "money": ("boolean", "email", "url", "date", "datetime", "timezone", "person"),
    "name": ("email", "url", "datetime", "date", "timezone", "percent", "digit"),
    "text": (),
}


def _family(field: str) -> str:
    if field in ("email", "email_2", "contact_email"):
        return "email"
    if field in ("phone", "mobile"):
        return "phone"
    if field in ("website", "domain"):
        return "website"
    if field in ("amount", "probability"):
        return "money"
    if field in _DATES:
        return "date"
    return "name" if field in _NAMES else "text"


def weighed(found: Candidate, seen: Signals) -> Candidate:
    """The candidate after a look at the values: surer when they fit, withdrawn when they cannot be that."""
    if not seen.filled:
        return found
    elsewhere = (
        found.field in _ADDRESS_FIELDS and found.confidence < 0.8
    )  # `Faktura postnr`: perhaps of another address
    expected = () if elsewhere else _EXPECTED.get(found.field, ())
    if expected and seen.looks(*expected, at_least=0.6):
        return replace(
            found,
            confidence=min(0.99, found.confidence + 0.02 if found.confidence > 0.8 else found.confidence + 0.2),
            confirmed=True,
            reason=f"{found.reason}; values look like {_words(expected, seen)}",
        )
    family = _family(found.field)
    against = _against(found.field, family, seen, expected)
    if against and not seen.looks("hash"):
        return replace(
            found,
            field="custom",
            target="custom",
            confidence=0.7,
            reason=f"{found.reason}, but its values look like {against[0]}: kept as it is",
        )
    return found


_SYSTEM_ROLES = heading_words("system roles")
"""What a help desk or a shop calls who may do what: no job titles."""


def _against(field: str, family: str, seen: Signals, expected: tuple[str, ...]) -> list[str]:
    """Kinds of values that a field cannot have and a column has."""
    if field == "job_title" and seen.examples and all(text.casefold() in _SYSTEM_ROLES for text in seen.examples):
        return ["roles of the old system"]
    if field == "state" and any(map(_says_how_it_stands, seen.examples)):
        return ["statuses"]  # no region is called so, whatever stands beside it (`Cliente`, `Prueba`, `Inactivo`)
    if field in _YES_NO and seen.examples and not any(map(_is_an_answer, seen.examples)):
        return ["neither yes nor no"]
    if field in _NEVER:
        return [kind for kind in _NEVER[field] if seen.looks(kind, at_least=0.8)]
    if field == "employees" and not seen.looks("number", at_least=0.5):
        return ["ranges"]
    if family == "phone" and seen.looks("number", at_least=0.8) and not seen.looks("phone", at_least=0.3):
        return ["numbers"]
    if family == "email" and not seen.share("email") and not any("@" in text for text in seen.examples):
        return ["no addresses"]  # `Email lists` of the names of lists
    if family in ("email", "phone") and seen.looks("code", at_least=0.8) and not seen.share(family):
        return ["codes"]
    if field in ("owner", "source") or (family == "name" and seen.looks("person")):
        return []
    return [kind for kind in _CONFLICTS[family] if seen.share(kind) >= 0.8 and kind not in expected]


_YES_NO = {item.name for spec in OBJECTS.values() for item in spec.columns if item.kind == FieldKind.BOOLEAN} - CONSENTS
"""Fields that are yes or no; what permits and refuses is read by its own words."""


def _is_an_answer(text: str) -> bool:
    """Whether a text is yes or no, how something stands, or the day since when."""
    word = word_key(text)
    return word in TRUE | FALSE or bool(deal_status(word) or task_state(word)) or any(one.isdigit() for one in word)


def _says_how_it_stands(text: str) -> bool:
    """Whether a text is a status (`Actif`, `Fermé`), and no abbreviation of a state that reads as one (`OK`, `NO`)."""
    word = word_key(text)
    return len(word) > 3 and (word in TRUE | FALSE or bool(deal_status(word)))


def _words(expected: tuple[str, ...], seen: Signals) -> str:
    return max(expected, key=seen.share)
