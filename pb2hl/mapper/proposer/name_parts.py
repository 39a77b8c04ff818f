"""Columns that hold a part for which there is no field: middle names, particles (van, von), second surnames, house numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.candidate import Candidate
from pb2hl.mapper.proposer.score import read
from pb2hl.mapper.proposer.structure import Table
from pb2hl.matching.names import known_given_names
from pb2hl.model import OBJECTS
from pb2hl.values.fold import fold
from pb2hl.values.transforms import JOIN


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a part of a name goes: into `field`, by the transform `how`."""

    field: str
    how: str


_PARTS = {
    "name particle": _Part("last_name", "prepend names"),
    "second surname": _Part("last_name", "join names"),
    "middle name": _Part("first_name", "join names"),
    "house number": _Part("address_1", "concatenate"),
}


def join_parts(headings: Sequence[str], said: Sequence[str], chosen: list[Candidate]) -> list[Candidate]:
    """The candidates of contacts' columns, first and last name with the transforms that take the other parts in.

    The parts' own columns stay custom fields, so that they can still be told apart. `headings` are the table's, `said`
    the same without a common prefix.
    """
    out = list(chosen)
    for at, heading in enumerate(said):
        part = _PARTS.get(_part(heading, chosen[at], out[at - 1].field if at else ""))
        whole = next((i for i, item in enumerate(out) if part and item.field == part.field), None)
        if part is None or whole is None:
            continue
        step = f"{part.how}: {_quoted(headings[at])}"
        cell = f"{out[whole].transform}{JOIN}{step}" if out[whole].transform else step
        out[whole] = replace(out[whole], transform=cell, reason=f"{out[whole].reason}; with {heading}")
    return out


def turn_names(headings: Sequence[str], chosen: list[Candidate]) -> list[Candidate]:
    """The candidates, full names with the transform that tells the surname where their heading begins with it."""
    out = list(chosen)
    for at, item in enumerate(out):
        if item.field in ("full_name", "name") and not item.transform and _says_surname_first(headings[at]):
            two = set(tokens(headings[at])) & heading_words("two surnames")
            reason = f"{item.reason}; surname first, by its heading"
            out[at] = replace(item, transform=f"surname first: {2 if two else 1}", reason=reason)
    return out


def turn_by_values(table: Table) -> None:
    """Propose the transform that tells the surname where nearly all names of people begin with it, or are headed in a language that
    puts it first and do not show the contrary; changes the proposals in place."""
    for name in table.raw.headings:
        if (
            table.object in ("contacts", "users")
            and table.proposed(name) in ("full_name", "name")
            and not table.step(name)
        ):
            begin = _begin_with_surnames(table.raw.frame[name].head(_LOOKED_AT).unique())
            if begin or (begin is None and set(tokens(name)) & _FIRST_IN_LANGUAGE):
                table.transform(name, "surname first: 1")


_FIRST_IN_LANGUAGE = heading_words("names surname first")


def _says_surname_first(heading: str) -> bool:
    """Whether a heading names the surname before the given name (`Cognome e nome`)."""
    words = tokens(heading)
    last = [at for at, word in enumerate(words) if word in _SURNAMES or terms(word) == ("last name",)]
    first = [at for at, word in enumerate(words) if at not in last[:1] and terms(word) in (("first name",), ("name",))]
    return bool(last and first) and last[0] < first[-1]


_SURNAMES, _GIVEN = heading_words("last names"), heading_words("first names")


def _begin_with_surnames(texts: Sequence[str]) -> bool | None:
    """Whether names of two words, several of which show it, nearly all have the given name behind; None where too few show it."""
    known = known_given_names()
    pairs = [tokens(text) for text in texts if "," not in text and len(tokens(text)) == len(text.split()) == _PAIR]
    told = [words[1] in known for words in pairs if (words[0] in known) != (words[1] in known)]
    if len(told) < _TELLING and all(told):
        return None
    return len(told) >= _TELLING and sum(told) >= _NEARLY_ALL * len(told)


_PAIR, _TELLING, _NEARLY_ALL, _LOOKED_AT = 2, 4, 0.95, 2_000
"""Words of a name that has an order, names that show it, the share (0-1) of them that must, and rows that are looked at."""


def join_user_name(headings: Sequence[str], said: Sequence[str], chosen: list[Candidate]) -> list[Candidate]:
    """The candidates of users' columns, the last name as their name with the first one before it, where no column is the name."""
    halves = {frozenset({half}): at for at, heading in enumerate(said) for half in read(heading, "users").core}
    first, last = halves.get(frozenset({"first name"})), halves.get(frozenset({"last name"}))
    whole = [at for at, item in enumerate(chosen) if item.field == "name"]
    if len(whole) == 1 and first is None and set(tokens(headings[whole[0]])) & _GIVEN:  # `Nombre` beside `Apellidos`
        first, whole = whole[0], []
    if len(whole) == 1 and last is None and set(tokens(headings[whole[0]])) & _SURNAMES:  # `Nom` beside `Prénom`
        last, whole = whole[0], []
    logins = [at for at in whole if "user" in read(said[at], "users").terms]
    if first is None or last is None or len(whole) > len(logins):
        return chosen
    name = _quoted(headings[first])
    out = [replace(item, field="custom", target="ignore") if at in logins else item for at, item in enumerate(chosen)]
    out[first] = replace(out[first], field="custom", target="ignore", confidence=0.88, reason="half of the name")
    reason = f"heading says last name; with {headings[first]}"
    out[last] = replace(
        out[last], field="name", target="ignore", confidence=0.95, reason=reason, transform=f"prepend names: {name}"
    )
    return out


def _quoted(heading: str) -> str:
    return f'"{heading}"' if set(heading) & set('+>"') else heading


def join_further(headings: Sequence[str], chosen: list[Candidate]) -> list[Candidate]:
    """The candidates of contacts' columns, second e-mail and phone with the transform that takes the third and fourth in."""
    out = list(chosen)
    for field, second in FURTHER.items():
        whole = next((at for at, item in enumerate(out) if item.field == second), None)
        more = [
            at
            for at, item in enumerate(out)
            if item.field == "custom" and item.confidence >= _SAID and item.reason.endswith(f"a second {field}")
        ]
        if whole is not None and more:
            step = f'concatenate: {" + ".join(_quoted(headings[at]) for at in more)} with "; "'
            out[whole] = replace(out[whole], transform=step, reason=f"{out[whole].reason}; with {headings[more[0]]}")
    return out


_SAID = 0.8
"""Confidence (0-1) from which a heading says that a column has phones or e-mails: values alone may be tax numbers."""

FURTHER = {"email": "email_2", "phone": "mobile"}
"""Where a contact's second e-mail and phone go."""


def _part(heading: str, item: Candidate, before: str) -> str:
    """Which part of a name or address a column left as custom holds, `before` being the field of the one before it; "" for any other."""
    if item.field != "custom":
        return ""
    reading = read(heading, "contacts")
    if reading.terms == {"number"} and before == "address_1":
        return "house number"
    core = reading.core - {"name"} or reading.core
    if core == {"last name"} and reading.index == 2:
        return "second surname"
    return next(iter(core)) if len(core) == 1 else ""


_IN_CHARGE = heading_words("in charge")
"""Headings of whoever is in charge: the seller's owner of a client, or the client's own person."""
_NAMES = frozenset({"full_name", "first_name", "last_name"})


def person_in_charge(headings: Sequence[str], found: Sequence[Candidate], object_: str) -> list[Candidate]:
    """`found` with a column such as `担当者名` as the client's person where nobody else is named: surely so beside a
    column of the seller's owner, else of contacts a person must say who is meant, and deals keep it as their owner."""
    asked = [at for at, heading in enumerate(headings) if fold(heading) in _IN_CHARGE and found[at].field == "owner"]
    if len(asked) != 1 or any(item.field in _NAMES for item in found):
        return list(found)
    beside = any(item.field == "owner" for at, item in enumerate(found) if at not in asked)
    out = list(found)
    if object_ == "deals" and not (beside and all(item.field != "contact_id" for item in found)):
        return out
    spec = OBJECTS[object_].field("contact_id" if object_ == "deals" else "full_name")
    reason = (
        "in charge at the client, for another column names the owner"
        if beside
        else "in charge at the client, or the owner"
    )
    out[asked[0]] = Candidate(spec.name, spec.target, 0.9 if beside else 0.6, reason)
    return out
