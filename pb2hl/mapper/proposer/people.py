"""Columns that tell of people, read side by side: halves of a name, who buys, whose a lead is, who trades under a name of their own."""

from __future__ import annotations

from collections.abc import Sequence

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.knowledge.text import parts, terms, tokens
from pb2hl.mapper.proposer.candidate import Candidate
from pb2hl.matching.names import known_given_names
from pb2hl.model import OBJECTS

_LAST_NAME_WORDS = heading_words("last names")
_FIRST_NAME_WORDS = heading_words("first names")


_BUYERS = heading_words("buyers")


def buyers(headings: Sequence[str], chosen: list[Candidate], seen: Sequence[Signals]) -> None:
    """`Customer` beside a column that is plainly the person's whole name, or beside the halves of it where it holds companies, is
    who they buy for: the company."""
    if any(item.field in ("company_name", "company_id") for item in chosen):
        return
    named = [at for at, item in enumerate(chosen) if item.field == "full_name"]
    found = [at for at in named if parts(headings[at]) <= _BUYERS | {"name"} and parts(headings[at]) & _BUYERS]
    halves = "last_name" in {item.field for item in chosen}
    firms = halves and len(named) == 1 and bool(found) and seen[found[0]].share("company") >= _FIRMS
    if len(found) == 1 and (len(named) == 2 or firms):
        (at,) = found
        chosen[at] = chosen[at].become("company_name", "companyName", "another column is the person")


def clients(headings: Sequence[str], chosen: list[Candidate]) -> None:
    """`Customer` of a deal beside `Contact person` is the company that buys, unless another column is the company."""
    if any(item.field == "company_id" for item in chosen):
        return
    people = [at for at, item in enumerate(chosen) if item.field == "contact_id"]
    found = [at for at in people if parts(headings[at]) & _BUYERS]
    if len(found) == 1 and len(people) == 2:
        (at,) = found
        target = OBJECTS["deals"].meaning("company_id")
        chosen[at] = chosen[at].become("company_id", target, "another column is the person")


_LEADS = frozenset({"lead", "leads", "prospect"})
_OF_LEADS = {"name": "name", "title": "name", "id": "id", "number": "id", "key": "id"}


def leads(headings: Sequence[str], chosen: list[Candidate]) -> None:
    """`Lead name` and `Lead number` of deals beside a column that names the contact are the deal's own: there a deal is called a lead."""
    people = [at for at, item in enumerate(chosen) if item.field in ("contact_id", "contact_email")]
    called = [at for at, item in enumerate(chosen) if item.field == "contact_id" and set(tokens(headings[at])) & _LEADS]
    if not set(people) - set(called):
        return
    taken = {item.field for item in chosen}
    for at in called:
        fields = {_OF_LEADS[term] for word in tokens(headings[at]) for term in terms(word) if term in _OF_LEADS}
        if len(fields) == 1 and not fields & taken:
            (field,) = fields
            target = OBJECTS["deals"].meaning(field)
            chosen[at] = chosen[at].become(field, target, "another column is the contact", 0.88)
            taken.add(field)


def read_names(headings: Sequence[str], chosen: list[Candidate], seen: Sequence[Signals]) -> None:
    """`Nom` beside `Prénom` is a last name; `Nombre` beside `Apellidos` a first name."""
    fields = {item.field for item in chosen}
    whole = [at for at, item in enumerate(chosen) if item.field == "first_name" and seen[at].whole_names]
    if len(whole) == 1 and not {"last_name", "full_name"} & fields:
        (at,) = whole  # `Jméno`, `Nome` of lists that keep names whole
        target = OBJECTS["contacts"].meaning("full_name")
        chosen[at] = chosen[at].become(
            "full_name", target, "its values are whole names, and no other column is the last name"
        )
        return
    missing = {"first_name", "last_name"} - fields
    if len(missing) != 1:
        return
    wanted, words, target = (
        ("last_name", _LAST_NAME_WORDS, "lastName")
        if "last_name" in missing
        else ("first_name", _FIRST_NAME_WORDS, "firstName")
    )
    for at, item in enumerate(chosen):
        if item.field == "full_name" and words & set(tokens(headings[at])) and seen[at].spaced < 0.5:
            chosen[at] = item.become(wanted, target, "beside the other half of the name", 0.88)
            return


def numbered_names(headings: Sequence[str], chosen: list[Candidate], seen: Sequence[Signals]) -> None:
    """`Name 1` and `Name 2` of a table of people are the halves of a name where the values of one are given names and the other's
    are not."""
    if {"first_name", "last_name"} & {item.field for item in chosen}:
        return
    found = [
        at for at, heading in enumerate(headings) if {word for word in terms(heading) if not word.isdigit()} == {"name"}
    ]
    if len(found) != _HALVES or any(seen[at].spaced >= _ONE_WORD for at in found):
        return
    last, first = sorted(found, key=lambda at: _given(seen[at]))
    if _given(seen[first]) >= _PEOPLE_GIVEN and _given(seen[last]) <= 1 - _PEOPLE_GIVEN:
        why = "its values are given names, and the other column's are not"
        chosen[first] = chosen[first].become("first_name", "firstName", why, 0.88)
        chosen[last] = chosen[last].become("last_name", "lastName", "beside the other half of the name", 0.88)


def _given(values: Signals) -> float:
    """The share (0-1) of values that are known given names."""
    names = [set(tokens(text)) & known_given_names() for text in values.examples]
    return sum(map(bool, names)) / len(names) if names else 0.0


_HALVES, _ONE_WORD, _PEOPLE_GIVEN = 2, 0.5, 0.6
"""Columns of one name, share of values of several words, and of given names, that show which half is which (0-1)."""


def traders(chosen: list[Candidate], seen: Sequence[Signals]) -> None:
    """The one column of names of a table of people (`nomeFantasia`, `Business name`) is theirs where it holds names of people."""
    if any(item.field in ("first_name", "last_name", "full_name") for item in chosen):
        return
    named = [at for at, item in enumerate(chosen) if item.field == "company_name"]
    if len(named) != 1 or seen[named[0]].share("person") < _PEOPLE or seen[named[0]].share("company"):
        return
    (at,) = named
    given = [set(tokens(text)) & known_given_names() for text in seen[at].examples]
    if len(given) > 1 and all(given):
        target, why = (
            OBJECTS["contacts"].meaning("full_name"),
            "its values are names of people, and no other column has them",
        )
        chosen[at] = chosen[at].become("full_name", target, why)


def titled_firms(chosen: list[Candidate], seen: Sequence[Signals]) -> None:
    """A column of titles with legal forms among them (`Ünvan`) names the companies of a table that has no other column of them."""
    if any(item.field in ("company_name", "company_id") for item in chosen):
        return
    for at, item in enumerate(chosen):
        if item.field == "job_title" and seen[at].share("company") >= _TITLED and seen[at].unique >= _PEOPLE:
            chosen[at] = item.become("company_name", "companyName", "its values are names of companies")
            return


_TITLED = 0.2
"""Share (0-1) of titles with legal forms that shows that they are names of companies."""

_FIRMS = 0.4
"""Share (0-1) of names with legal forms that shows names of companies."""

_PEOPLE = 0.8
"""Share (0-1) of a column's values that must look like names of people."""
