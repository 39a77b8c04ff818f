"""One column against one object: what its heading says, and whether its values agree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache

from pb2hl.mapper.knowledge.concepts import (
    CONSENT_TERMS,
    PART_TERMS,
    PLACES,
    SELF,
    SYSTEM_TERMS,
    Concept,
    by_pattern,
    concepts,
)
from pb2hl.mapper.knowledge.consent import consent
from pb2hl.mapper.knowledge.lists import heading_words, sections
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.knowledge.text import EVERYDAY, everyday, parts, terms, tokens
from pb2hl.mapper.proposer.candidate import Candidate
from pb2hl.mapper.proposer.corrected import corrected
from pb2hl.mapper.proposer.weighing import weighed
from pb2hl.model import OBJECTS
from pb2hl.source.embedded import is_kept
from pb2hl.values.durations import LENGTH, UNIT_WORDS
from pb2hl.values.statuses import activity_type

_SOFT = heading_words("soft")
"""Words that may stand beside any concept without changing it (`Phone 1 - Value`, `Associated Company`)."""

_ADDRESS_PARTS = frozenset({"street", "city", "state", "postal code", "country"})

_ENTITIES = heading_words("relatives") | {"contact", "company", "deal", "task", "event", "owner", "user", "activity", "product", "file name"}  # fmt: skip

_WITHOUT_FIELDS = frozenset({"tasks", "notes", "appointments", "activities"})
"""Objects that take no custom fields in HighLevel: what has no place is told in their provenance line."""

_CUSTOMERS = heading_words("buyers")
"""Words for who buys: of a table of companies, the company itself."""


@cache
def _alone() -> dict[tuple[str, tuple[str, ...]], str]:
    """Headings that say something only where they stand alone, by object and words (`data/alone.txt`)."""
    found: dict[tuple[str, tuple[str, ...]], str] = {}
    for section, words in sections("alone").items():
        object_, _, term = section.partition(" ")
        found |= {(object_, tokens(text)): term for text in words}
    return found


def _said(heading: str) -> tuple[str, ...]:
    """The terms of a heading; one with a place in brackets (`Via (uff.)`) is read as it stands without it."""
    whole = terms(heading)
    before, _, inside = heading.strip().removesuffix(")").rpartition("(")
    where = terms(inside) if before and heading.strip().endswith(")") else ()
    placed = len(whole) > 1 and where and set(where) <= set(PLACES)  # `Duration (seconds)` is no other duration
    return (*terms(before), *where) if placed else whole


@dataclass(frozen=True, slots=True)
class Reading:
    """A heading taken apart: its terms, which of several it is, and the terms left when object and place are dropped."""

    terms: frozenset[str]
    core: frozenset[str]
    place: int
    index: int


@lru_cache(maxsize=20_000)
def read(heading: str, object_: str, plainly: bool = False) -> Reading:
    """Take a heading apart for a canonical object; `plainly`: without taking it for an everyday question."""
    asked = () if plainly else _asked(heading, object_)
    alone = _alone().get((object_, tuple(word for word in tokens(heading) if word not in _CURRENCIES)), "")
    words = (alone,) if alone else asked or _said(_of_the_books(heading, object_))
    numbers = [int(word) for word in words if word.isdigit() and len(word) <= 2]
    plain = frozenset(word for word in words if not word.isdigit())
    own = SELF.get(object_, set())
    core = plain - own or plain
    if "street 2" in core and core & (_ADDRESS_PARTS | {"email", "phone", "website"}):
        core, numbers = core - {"street 2"}, [2]
    if object_ == "companies" and "contact" in core and _CUSTOMERS & parts(heading):
        core = core - {"contact"} or frozenset(
            {"name"}
        )  # `Customer (name)`: the company; `Contact name`: somebody there
    if "email" in core and core & _ADDRESS_PARTS:
        core = core - {"email"}  # `Mail Address City`: the postal one
    if object_ == "contacts" and "company" in core and core & (_ADDRESS_PARTS | {"phone", "email", "address"}):
        core = core - {"company"} | {"work"} if "business" in tokens(heading) else core
    places = [place for place in PLACES if place in core]
    if object_ in ("contacts", "companies", "deals", "users") and len(core) > len(places):
        core = core - set(places)
    else:
        places = []
    rank = max((PLACES.index(place) for place in places), default=0)
    return Reading(plain, core, rank, max(numbers, default=0))


_BOOKS = frozenset({"trust_transactions", "time_entries"})
_ENTRY_WORDS = heading_words("entries of books")


def _of_the_books(heading: str, object_: str) -> str:
    """The heading of a table of books without its words for an entry (`Trust Transaction ID`: a transaction is no deal there)."""
    words = tokens(heading) if object_ in _BOOKS else ()
    left = [word for word in words if word not in _ENTRY_WORDS]
    own = [
        word for word in left if terms(word) != ("trust",)
    ]  # `Trust Transaction ID` is the entry's, `Trust ID` the account's
    return " ".join(own) if own and len(left) < len(words) else heading


def _asked(heading: str, object_: str) -> tuple[str, ...]:
    """The everyday question of a heading (`Who`, `Bis wann`) where a field of the object answers it; () otherwise."""
    question = everyday(heading)
    return (question,) if frozenset({question}) in by_pattern(object_) else ()


_LONGEST_NAME = 60  # characters on average: what is longer names nobody


def _answered(reading: Reading, seen: Signals) -> bool:
    """Whether values can answer the everyday question of a heading: names, chances in numbers, things to do that are no dates."""
    if reading.terms & {f"{EVERYDAY}who", f"{EVERYDAY}whom", f"{EVERYDAY}by whom"}:
        kinds = [bool(activity_type(text)) for text in seen.examples]  # Dutch for who, `wie` is German for how
        return seen.mean_length <= _LONGEST_NAME and not (kinds and all(kinds))
    if f"{EVERYDAY}chance" in reading.terms:
        return seen.looks("percent", "number", at_least=0.6)
    return f"{EVERYDAY}to do" not in reading.terms or not seen.looks("date", "datetime", at_least=0.6)


def _consent(heading: str, reading: Reading, object_: str, seen: Signals) -> Candidate | None:
    if object_ != "contacts":
        speaks = object_ in ("companies", "deals") and consent(heading, reading.terms, seen) is not None
        if speaks or reading.terms & CONSENT_TERMS:
            return Candidate("custom", "custom", 0.85, "consent: kept, no such field on this record")
        return None
    found = consent(heading, reading.terms, seen)
    if found is None:
        return None
    if found.reason.startswith("said about"):
        return Candidate("custom", "custom", 0.85, found.reason)
    confidence = (
        0.7
        if found.waits or (found.field == "custom" and found.unsure)
        else 0.8
        if found.unsure
        else 0.95
        if found.refusal
        else 0.9
    )
    transform = "inverted" if found.inverted else ""
    return Candidate(found.field, "dnd", confidence, found.reason, transform=transform)


def candidate(heading: str, object_: str, seen: Signals) -> Candidate:
    """The best reading of one column of a canonical object, before its neighbours are looked at."""
    if object_ == "attachments" and seen.examples and all(map(is_kept, seen.examples)):
        return Candidate("content", "ignore", 0.98, "its cells hold the files themselves")
    reading = read(heading, object_)
    if "password" in reading.terms:
        return Candidate("ignore", "ignore", 0.95, "a secret of the old system: nobody's business in the new one")
    if reading.terms & SYSTEM_TERMS:
        return Candidate("ignore", "ignore", 0.92, "housekeeping of the old system or of a replication tool")
    said = _consent(heading, reading, object_, seen)
    if said is not None:
        return said
    if seen.filled and not _answered(reading, seen):
        reading = read(heading, object_, plainly=True)
    found = _by_heading(reading, object_)
    if (another := corrected(heading, found, object_, seen)) is not None:
        return another
    if found is None or (found.field == "content" and seen.filled):  # words that tell of the file
        return _by_values(reading, object_, seen)
    found = _of_values(found, object_, seen)
    found = weighed(replace(found, place=reading.place, index=reading.index), seen)
    if found.target == "custom" and object_ in _WITHOUT_FIELDS:
        return replace(found, target="ignore")
    return found


_DEAL_VALUES = {"percent": "probability", "date": "expected_close", "money": "amount"}
"""What a deal's own word (`Chance`, `Abschluss`) is by its values."""


def _of_values(found: Candidate, object_: str, seen: Signals) -> Candidate:
    """A column called after the deal itself that holds percents, dates or money: its probability, close date or amount."""
    if object_ == "deals" and found.said in ("closed", "completed") and seen.looks("date", "datetime", at_least=0.8):
        return replace(found, field="closed_at", target=OBJECTS["deals"].meaning("closed_at"), confidence=0.9)
    if object_ != "deals" or found.said != "deal":
        return found
    kind = next((kind for kind in _DEAL_VALUES if seen.looks(kind, at_least=0.8)), "")
    field = _DEAL_VALUES.get(kind, "")
    return replace(found, field=field, target=OBJECTS["deals"].meaning(field), confidence=0.85) if field else found


def _by_heading(reading: Reading, object_: str) -> Candidate | None:
    table = by_pattern(object_)
    tries = (
        (reading.terms, 0.97),
        (reading.terms - _CURRENCIES, 0.95),
        (reading.core, 0.96),
        (reading.core - _CURRENCIES, 0.94),
        (reading.core - _SOFT, 0.92),
        (reading.core - _SOFT - _CURRENCIES, 0.92),
        (reading.terms - _SOFT, 0.9),
    )
    worth = "amount" in reading.terms and SELF.get(
        object_, set()
    )  # `Client value` is what they are worth, and nobody's name
    for said, confidence in tries:
        concept = None if worth and said <= worth else table.get(said)
        if concept is not None:
            return _as_said(concept, confidence)
    lasting = table.get(reading.core - _UNITS)
    return _as_said(lasting, 0.9) if lasting and lasting.field in _LASTING else _loosely(reading, object_)


def _as_said(concept: Concept, confidence: float) -> Candidate:
    asked = concept.text.startswith(EVERYDAY)
    reason = f"{ASKS}{concept.text.removeprefix(EVERYDAY)}" if asked else f"heading says {concept.text}"
    return Candidate(concept.field, concept.target, _EVERYDAY_SURE if asked else confidence, reason, said=concept.text)


def _loosely(reading: Reading, object_: str) -> Candidate | None:
    """A concept whose words are all in the heading, beside words that we do not know."""
    inside = [concept for concept in concepts(object_) if concept.pattern <= reading.core]
    if not inside:
        return None
    best = max(inside, key=lambda concept: (len(concept.pattern), sum(map(len, concept.pattern))))
    extra = reading.core - best.pattern - _SOFT - SELF.get(object_, set())
    changing = sorted(extra & (PART_TERMS | _ENTITIES))
    if changing or best.field in _NEVER_LOOSELY or reading.core & _PURPOSE:
        return Candidate("custom", "custom", 0.85, f"heading speaks of {' '.join(sorted(reading.core))}: its own thing")
    if len(extra) > 2 or any(term in extra for term in _known(object_) - best.pattern):
        return Candidate("custom", "custom", 0.8, f"heading says more than {best.text}")
    return Candidate(
        best.field,
        best.target,
        0.6,
        f"heading says {best.text}, with unknown words {', '.join(sorted(extra))}",
        said=best.text,
    )


_UNITS = frozenset(word for words in UNIT_WORDS.values() for word in words.split("|"))
_LASTING = frozenset({"duration", LENGTH})
"""Words for units of time, which change nothing where a heading says how long something took, and the fields that say so."""

ASKS = "heading asks "
"""How the reason of an everyday question begins."""

_EVERYDAY_SURE = 0.87
"""How sure an everyday question is: less than any word of the lexicon, so that those go first."""

_NEVER_LOOSELY = frozenset("id name full_name title status type tags stage date amount completed website".split())
"""Fields whose words stand in many headings that are something else (`list name`, `payment status`, `recording url`)."""

_CURRENCIES = heading_words("currencies")
"""Codes of currencies, net and gross in headings of amounts (`amount_usd`); `values.numbers` takes the currency from there."""

_PURPOSE = heading_words("purpose")
"""After these a heading says what the column is for, not what it is (`Company Name for Emails`)."""


@lru_cache(maxsize=64)
def _known(object_: str) -> frozenset[str]:
    return frozenset(term for concept in concepts(object_) for term in concept.pattern)


_FROM_VALUES = {
    "contacts": (("email", "email", "email"), ("phone", "phone", "phone"), ("timezone", "timezone", "timezone")),
    "companies": (("email", "email", "email"), ("phone", "phone", "phone")),
    "deals": (("email", "contact_email", "contactId"),),
    "users": (("email", "email", "ignore"),),
    "appointments": (("rrule", "recurrence", "ignore"),),
}
"""What values alone may say, by object: (kind of value, canonical field, HighLevel field)."""


_WHERE = frozenset({"work", "home", "main", "office", "private"})
"""Words for which of somebody's phones or mailboxes a column holds, where it says no more."""


def _by_values(reading: Reading, object_: str, seen: Signals) -> Candidate:
    if not reading.terms & (PART_TERMS | _ENTITIES):
        for kind, field, target in _FROM_VALUES.get(object_, ()):
            plain_numbers = kind == "phone" and (
                seen.looks("number", at_least=0.3) or not seen.looks("dialled", at_least=0.5)
            )
            if seen.looks(kind, at_least=0.8) and not plain_numbers:
                if reading.terms and reading.terms <= _WHERE:  # `Work` beside `Mobile`
                    return Candidate(field, target, 0.85, f"heading says where; values look like {kind}", 2, 0, True)
                return Candidate(field, target, 0.6, f"heading says nothing; values look like {kind}", 2, 0, True)
    if object_ in _WITHOUT_FIELDS:
        return Candidate("custom", "ignore", 0.8, "no field takes it: told in the provenance line")
    confidence = 0.88 if reading.terms else 0.7
    return Candidate("custom", "custom", confidence, "no standard field takes it")
