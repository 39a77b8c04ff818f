"""Which object a table is, by its file or sheet name and by its columns, in any of the lexicon's languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import pandas as pd

from pb2hl.mapper.knowledge.concepts import of_accounts, of_things
from pb2hl.mapper.knowledge.lists import heading_words, sections
from pb2hl.mapper.knowledge.prefixes import without_prefix
from pb2hl.mapper.knowledge.signals import Signals, is_company, signals
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer import evidence
from pb2hl.mapper.proposer.evidence import Fit, by_columns, frame_of, lacks, telling_fields
from pb2hl.mapper.proposer.score import candidate
from pb2hl.matching.names import known_given_names
from pb2hl.values.booleans import FALSE, TRUE
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.values.fold import fold


class Table(Protocol):
    """What is asked of a raw table: its file, its sheet and its headings."""

    @property
    def file(self) -> str: ...

    @property
    def sheet(self) -> str: ...

    @property
    def headings(self) -> list[str]: ...


@lru_cache(maxsize=1)
def _names() -> dict[tuple[str, ...], str]:
    table: dict[tuple[str, ...], str] = {}
    for object_, names in sections("object_names").items():
        for name in (object_, *names):
            table.setdefault(tokens(name), object_)
    return table


def named(name: str) -> tuple[str, str]:
    """(object, the words that say so) of a file or sheet name; ("", "") when it says nothing."""
    words = tokens(name.rsplit("/", 1)[-1].rsplit(".", 1)[0] if "." in name else name)
    table = _names()
    best: tuple[int, int, str, str] = (0, 0, "", "")
    for length in range(min(4, len(words)), 0, -1):
        for at in range(len(words) - length, -1, -1):
            object_ = table.get(words[at : at + length])
            if object_ and (length, at) > best[:2]:
                best = (length, at, object_, " ".join(words[at : at + length]))
        if best[0]:
            break
    return best[2:] if best[0] else _one_record(words)


_OF_TABLES = heading_words("of tables")
_RECORDS = {
    "contact": "contacts", "company": "companies", "deal": "deals", "task": "tasks", "note": "notes", "event": "appointments",
    "activity": "activities", "user": "users", "owner": "users", "tag": "tags", "file name": "attachments", "stage": "pipelines",
}  # fmt: skip


def _one_record(words: tuple[str, ...]) -> tuple[str, str]:
    """The object of a name that is one record's, as databases call their tables (`tbl_firm`, `dim_person`)."""
    said = " ".join(word for word in words if word not in _OF_TABLES)
    found = terms(said) if said else ()
    return (_RECORDS[found[0]], said) if len(found) == 1 and found[0] in _RECORDS else ("", "")


NAME_POINTS = 2.0
"""What a file's or sheet's name adds to the object that it names."""

CLEAR, LEAD, LIKELY = 4.0, 1.0, 3.5
"""Points from which columns alone say what a table is, the lead over the next object, and points that only suggest it."""

_FEW = 3  # with as many headings or fewer (`id`, `name`) the name says what a table is, if nothing speaks against it
_UNDERSTOOD = 0.25  # share (0-1) of a named table's columns that must mean something for the object its name says

_SOMEBODY = frozenset({"first_name", "last_name", "full_name", "email", "phone", "mobile", "company_name", "job_title"})
"""What a table has one of at least that tells of people."""

_DESCRIBING = frozenset({"custom_fields", "tags", "attachments", "workflows", "rates", "trust_accounts", "trust_transactions", "time_entries"})  # fmt: skip
"""Objects whose names are everyday words (`properties`, `files`, `rates`, `time`): a name alone does not make one."""


def recognise(raw: Table, others: Sequence[Table] = ()) -> tuple[str, float, str]:
    """(object, confidence 0-1, reason) of a raw table; object is "" when it fits none well: then a person says what it is.

    Columns and values decide, what speaks against an object counts, and the name only helps. `others` are the tables of
    the same export.
    """
    by_name, words = _said(raw, others)
    if not by_name and _is_block_list(raw):
        return "contacts", 0.85, "addresses of a list of those who are not written to"
    if by_name == "contacts" and (_has_people(raw, others) or _only_companies(raw, words)):
        by_name = "companies"
    by_name = "tasks" if by_name == "activities" and evidence.only_due(raw.headings) else by_name
    fits = _without_others(raw, by_columns(raw.headings, frame_of(raw)))
    if _are_users(raw, others, (by_name, words), fits):
        return "users", 0.9, "people whom other tables name as owners" if by_name != "users" else f"named {words!r}"
    ranked = sorted(
        (object_ for object_ in fits if not lacks(object_, fits[object_])), key=lambda object_: -fits[object_].points
    )
    best, second = ranked[0], ranked[1]
    if by_name and _bears_out(by_name, fits, len(raw.headings)):
        own = fits[by_name]
        confidence = max(0.6, min(0.99, 0.7 + 0.06 * own.points))
        return by_name, round(confidence, 2), f"named {words!r}; columns {', '.join(own.fields[:5]) or 'plain'}"
    if best == "contacts" and _only_companies(raw, words):
        return "companies", 0.7, "its names are companies' and it names nobody else"
    fit = fits[best]
    said = f"its name says {by_name}, but " if by_name and by_name != best else ""
    if fit.points >= CLEAR and fit.points >= fits[second].points + LEAD:
        confidence = min(0.9, 0.5 + 0.05 * fit.points)
        return best, round(confidence, 2), f"{said}columns say {best}: {', '.join(fit.fields[:6])}"
    if (
        by_name == "pipelines"
        and "stage" in fits["deals"].fields
        and fits["deals"].points > 0 >= fits["pipelines"].points
    ):
        return "deals", 0.7, "a pipeline's name, and rows of people or deals in its stages"
    refuted = bool(by_name) and fits[by_name].points <= 0  # `Pipeline report` that holds deals: its name says nothing
    if fit.points >= LIKELY and fit.points >= fits[second].points + LEAD and (refuted or not by_name):
        return best, 0.5, f"columns suggest {best}: {', '.join(fit.fields[:6])}"
    return "", 0.0, _nothing_fits(by_name, words, fits, best)


def _is_block_list(raw: Table) -> bool:
    """Whether a table called after whom nobody writes to (`Sperrliste`, `suppression list`) holds their addresses, whatever heads them."""
    name = raw.sheet or raw.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    frame = frame_of(raw)
    if frame is None or not _BLOCKED & set(terms(" ".join(word for word in tokens(name) if not word.isdigit()))):
        return False
    looks = (signals(frame[heading].head(_NAMES_READ)) for heading in raw.headings)
    return any(seen.looks("email", at_least=_NEARLY_ALL) for seen in looks)


_BLOCKED = frozenset({"do not contact", "do not email"})


def _without_others(raw: Table, fits: dict[str, Fit]) -> dict[str, Fit]:
    """The fits less what invoices and payments have in common with deals, tasks and activities (an amount, a customer, a day), and homes,
    vehicles and goods with deals (a price, an owner, whether they are sold)."""
    deal = set(fits["deals"].fields)
    if deal & _SELLING:
        return fits
    books = of_accounts(raw.sheet or raw.file.rsplit("/", 1)[-1], raw.headings)
    bare = not set(fits["contacts"].fields) - _ON_INVOICES
    things = of_things(raw.headings) and not deal & _OF_A_SALE
    told = ["deals"] * (books or things) + ["tasks", "activities"] * books + ["contacts"] * (books and bare)
    said = (f"{'books' if books else 'things'} {_OTHERS:g}",)
    less = {n: replace(fits[n], points=fits[n].points - _OTHERS, against=fits[n].against + said) for n in told}
    return fits | less


_OF_A_SALE = frozenset({"contact_id", "contact_email", "company_id", "expected_close"})
_OTHERS = 6.0
"""Points that speak against deals and tasks in a table that keeps books, and against deals in one of things."""

_SELLING = frozenset({"pipeline", "probability", "lost_reason"})
"""What is said of deals and never of an invoice."""

_ON_INVOICES = frozenset({"full_name", "email", "company_name", "company_id"})
"""What an invoice says of its customer: a list of customers says more of them."""


def _only_companies(raw: Table, called: str) -> bool:
    """Whether the one column of names of a table `called` after people (`Customers`) is of companies, and nobody else is in it.

    Contacts with a mailbox stay whom one writes to, whatever firm they are named after."""
    frame = frame_of(raw)
    read = {heading: candidate(heading, "contacts", Signals()).field for heading in raw.headings}
    named = [heading for heading, field in read.items() if field in ("full_name", "company_name", "first_name")]
    if frame is None or not len(frame) or len(named) != 1 or _ONLY_PEOPLE & set(read.values()):
        return False
    reached = {"first_name", "email"} & set(read.values())
    if reached and _WRITTEN_TO & set(tokens(called)):
        return False
    least = _COMPANIES if not reached else _NEARLY_ALL
    told = frame[named[0]].head(_NAMES_READ).str.strip()
    names = [*filter(None, told.unique())]
    others = [tokens(name) for name in names if not is_company(name)]
    people = any(words and words[0] in known_given_names() for words in others)
    each = (told != "").mean() >= _NEARLY_ALL  # whose employer some rows name are no companies themselves
    return not people and each and len(names) - len(others) >= max(1, least * len(names))


_WRITTEN_TO = heading_words("written to")
_ONLY_PEOPLE = frozenset({"last_name", "job_title", "birthday"})
_NAMES_READ, _COMPANIES, _NEARLY_ALL = 120, 0.4, 0.8
"""Names looked at, and the share (0-1) with legal forms that shows names of companies: nearly all where people are reached by e-mail."""


def _has_people(raw: Table, others: Sequence[Table]) -> bool:
    """Whether the rows of a table hold lists of people: they are what these belong to, however it is called (`leads`)."""
    home = raw.sheet or raw.file.rsplit("/", 1)[-1].split(".", 1)[0]
    inside = [
        other for other in others if other is not raw and other.file == raw.file and named(other.sheet)[0] == "contacts"
    ]
    return any(heading.startswith(f"{home}.") for other in inside for heading in other.headings)


_OF_ANYBODY = frozenset({"first_name", "last_name", "full_name", "email", "phone", "mobile", "job_title"})
"""Fields of contacts that a table of users has as well."""

_MOST_USERS = 2_000
_OWNED_ROWS = 400  # rows of other tables whose owners are looked for
_KNOWN = 0.6  # share of those owners that a table of users knows


def _are_users(raw: Table, others: Sequence[Table], said: tuple[str, str], fits: Mapping[str, Fit]) -> bool:
    """Whether a table of people without anything that only contacts have is called users, or knows the owners of other tables."""
    by_name, words = said
    frame = frame_of(raw)
    people = set(fits["contacts"].fields) & _OF_ANYBODY
    if frame is None or not people or set(fits["contacts"].fields) - _OF_ANYBODY or len(frame) > _MOST_USERS:
        return False
    if by_name == "users":
        if _only_of_contacts(raw.headings):
            return False
        sure = "user" in terms(words) or {"active", "role"} & set(fits["users"].fields)
        return not fits["users"].against and bool(sure or _knows_owners(frame, [o for o in others if o is not raw], ()))
    return not by_name and "email" in people and _knows_owners(frame, [other for other in others if other is not raw])


_OF_CONTACTS = CONSENTS | {"tags", "birthday", "source", "company_name", "description"}


def _only_of_contacts(headings: Sequence[str]) -> bool:
    """Whether a table has what nobody keeps of users: tags, birthdays, consents, companies, notes (the members of a list or club)."""
    said = (candidate(heading, "contacts", Signals()) for heading in headings)
    return any(item.field in _OF_CONTACTS and item.confidence >= 0.9 for item in said)


def _knows_owners(frame: pd.DataFrame, others: Sequence[Table], leaving: Sequence[str] = ("owner",)) -> bool:
    owners: set[str] = set()
    for other in others:
        cells = frame_of(other)
        for heading in other.headings:
            if cells is not None and {"owner", "user"} & set(terms(heading)):
                owners |= {fold(text) for text in cells[heading].head(_OWNED_ROWS).unique()}
    owners = {owner for owner in owners if owner and not (owner.isdigit() and len(owner) <= 4)}
    own = [name for name in frame.columns if not {*leaving} & {*terms(name)} and _each_once(frame[name])]
    known = {text for name in own for text in frame[name].str.strip().str.casefold().unique()}
    return bool(owners) and len(owners & known) >= _KNOWN * len(owners)


def _each_once(column: pd.Series) -> bool:
    filled = column[column.str.strip() != ""]
    return filled.nunique() == len(filled)


def _said(raw: Table, others: Sequence[Table]) -> tuple[str, str]:
    """(object, the words that say so) of a table's sheet, or else of its file where that holds no other table."""
    sheet = named(raw.sheet) if raw.sheet else ("", "")
    shared = raw.sheet and any(other.file == raw.file and other.sheet != raw.sheet for other in others)
    return sheet if sheet[0] or shared else named(raw.file)


def _bears_out(by_name: str, fits: Mapping[str, Fit], columns: int) -> bool:
    """Whether columns and values agree with what a table's name says, or at least do not say something else."""
    own = fits[by_name]
    best = max(fits.values(), key=lambda fit: fit.points)
    if by_name == "contacts" and columns > _FEW and not set(own.fields) & _SOMEBODY:
        return False  # `patients` with a birthday and no name: animals
    if own.points <= 0 or lacks(by_name, own) or (own.against and own.points + NAME_POINTS < best.points):
        return False
    if columns <= _FEW:
        return not own.against
    reached = (
        by_name == "contacts" and not own.against and {"email", "mobile"} & set(own.fields)
    )  # the rest is their own
    if own.understood < _UNDERSTOOD and own.telling < CLEAR and not reached:
        return False
    if by_name in _DESCRIBING and max((telling_fields(by_name)[name] for name in own.fields), default=0.0) < 1.0:
        return False
    return own.points + NAME_POINTS >= best.points or own.understood >= best.understood


def _nothing_fits(by_name: str, words: str, fits: Mapping[str, Fit], best: str) -> str:
    fit = fits[best]
    if by_name and fits[by_name].against:
        against = ", ".join(item.rsplit(" ", 1)[0].split(".")[-1] for item in fits[by_name].against[:4])
        return f"named {words!r}, but {by_name} have no {against}"
    if fit.fields:
        return f"neither its name nor its columns fit an object; nearest is {best} ({', '.join(fit.fields[:4])})"
    return "neither its name nor its columns fit an object"


@dataclass(frozen=True, slots=True)
class Mixed:
    """A table of several objects: the column that says which each row is, and the object of each of its values."""

    heading: str
    objects: Mapping[str, str]

    def object_of(self, value: str) -> str:
        """The object of a row that says `value`; "" when it names none."""
        return self.objects.get(fold(value), "")


_ASKING = frozenset({"is", "a", "an", "rec", "record", "flag", "indicator", "yn"})
"""What headings of yes and no say beside what they are about (`ORG_REC`, `Company flag`)."""

_FLAGS = {"company": ("companies", "contacts"), "contact": ("contacts", "companies")}
"""What a flag is about → (object of the rows that say yes, object of those that say no)."""

_INDIVIDUALS = frozenset("person individual private individuum privatperson particulier particular persona privat physical natural".split())  # fmt: skip
_MOST_KINDS = 8  # different values of a column that says what each row is


def mixed_types(raw: Table) -> Mixed | None:
    """The column of `raw` that says which object each row is (`Record Type`, `Is a company`, `Person/Company`); None for one object.

    A table of custom fields has one too, that says which object each *field* is of: it is one table.
    """
    if by_columns(raw.headings)["custom_fields"].points >= CLEAR:
        return None
    frame = frame_of(raw)
    for heading, said in zip(raw.headings, without_prefix(raw.headings), strict=True):
        values = (
            []
            if frame is None
            else [text for text in frame[heading].str.strip().str.casefold().unique()[: _MOST_KINDS + 1]]
        )
        if len(values) > _MOST_KINDS:
            continue
        found = _flag(said, values) or _kinds(said, values) or _roles(said, values) or _addressed(values)
        if found:
            return Mixed(heading, found)
    return None


def _flag(heading: str, values: Sequence[str]) -> dict[str, str]:
    """{value: object} of a column of yes and no that asks whether a row is a company (`is_company`), or a person."""
    asking = heading_words("asks whether") | {"e"}
    about = set(terms(heading)) - _ASKING - asking
    asks = bool(asking & set(tokens(heading))) or len(about) < len(terms(heading))
    filled = {value for value in values if value}
    if about == {"contact"} and not set(tokens(heading)) & _INDIVIDUALS:
        return {}  # whoever is no lead or client may be a person as well
    if len(about) != 1 or not asks or not filled or not filled <= TRUE | FALSE or not filled & TRUE:
        return {}
    yes, no = _FLAGS.get(next(iter(about)), ("", ""))
    return {value: yes if value in TRUE else no for value in values} if yes and len(values) > 1 else {}


def _addressed(values: Sequence[str]) -> dict[str, str]:
    """{value: object} of a column of forms of address, one of which is for companies (`Herr`, `Frau`, `Firma`)."""
    found = {value: what_it_is(value) for value in values if value}
    return found if {*found.values()} == {"contacts", "companies"} else {}


def what_it_is(value: str) -> str:
    """contacts or companies by a form of address or a word for either (`Herr`, `Person`, `Firma`); "" when it is none."""
    said = set(tokens(value))
    if said and (said <= heading_words("salutations") or said <= _INDIVIDUALS):
        return "contacts"
    return "companies" if terms(value) == ("company",) else ""


_CLIENTS = frozenset({"end-user", "end user", "enduser", "customer", "requester"})
_STAFF = frozenset({"agent", "light agent", "admin", "administrator", "staff"})


def _roles(heading: str, values: Sequence[str]) -> dict[str, str]:
    """{value: object} of a help desk's column of roles: agents are users."""
    said = {value: value.strip("[]\"' ") for value in values}  # a list of one role
    filled = {role for role in said.values() if role}
    if (
        tokens(heading) not in (("role",), ("roles",), ("user", "role"))
        or not filled <= _CLIENTS | _STAFF
        or filled <= _STAFF
        or filled <= _CLIENTS
    ):
        return {}
    return {value: "users" if role in _STAFF else "contacts" for value, role in said.items() if role}


def _kinds(heading: str, values: Sequence[str]) -> dict[str, str]:
    """{value: object} of a column that names what each row is: two objects at least, and hardly a value that names none."""
    said = set(terms(heading))
    kind = said in ({"object"}, {"object", "type"}, {"type", "contact"}, {"type", "company"}, {"type"}, {"type", "id"})
    filled = [value for value in values if value]
    if not kind or not filled:
        return {}
    people = _INDIVIDUALS | heading_words("households") if said == {"type", "contact"} else _INDIVIDUALS
    found = {value: "contacts" if set(tokens(value)) & people else named(value)[0] for value in filled}
    objects = {object_ for object_ in found.values() if object_}
    exact = said in ({"object"}, {"object", "type"}, {"type", "contact"})
    if len(objects) < 2 or not (exact or (objects == {"contacts", "companies"} and all(found.values()))):
        return {}
    return found
