"""How much a table's columns and values speak for and against each object (`data/objects.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from mimetypes import guess_type
from typing import Any

import numpy as np
import pandas as pd

from pb2hl.mapper.knowledge.lists import DATA, heading_words
from pb2hl.mapper.knowledge.prefixes import without_prefix
from pb2hl.mapper.knowledge.signals import Signals, signals
from pb2hl.mapper.knowledge.text import EVERYDAY, terms, tokens
from pb2hl.mapper.proposer.score import candidate, read
from pb2hl.values.durations import days_between
from pb2hl.values.statuses import activity_type

_SURE = 0.85
"""Confidence (0-1) from which a heading is taken at its word."""

_ROWS = 120
"""Rows looked at: enough to tell names from numbers, and quick for every table of an export."""

_READ_AS = {"people": "contacts", "companies": "companies", "deals": "deals"}
_REACHED = frozenset({"email", "phone", "mobile"})
_NAMED = frozenset({"first_name", "last_name", "full_name"})
_OF_A_DEAL = frozenset({"name", "stage", "pipeline", "expected_close", "lost_reason"})
_ONLY_DEALS = frozenset({"pipeline", "expected_close", "lost_reason", "contact_id", "probability", "closed_at"})
_PERSON_ROW = 3.0
"""Points of a table that has people with their names and ways to reach them, and nothing that only a deal has."""

_COMPANY_NAMES, _MOSTLY = 2.0, 0.4
"""Points of a column of names with legal forms, and the share of such names (0-1) that shows it."""

_ALL_COMPANIES, _NEARLY_ALL = 3.0, 0.8
"""The same where nearly all names have legal forms."""

_PRICED = 1.5
"""What of the points against things that happen is given back where money stands beside somebody who can be reached."""


_SUMMED, _WORKED = 6.0, 6.0
"""What sums over deals have too little of one, and what hours somebody worked have too little of people and more of hours."""

_KINDS_OF_ACTIVITIES, _SEVERAL = 3.0, 2
"""Points of a column whose values name that many kinds of activities (calls, meetings, notes) side by side."""

_MESSAGES = heading_words("of messages")

_OF_QUESTIONS = 0.5
"""What is left of a field's points where only an everyday question says it."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a table fits an object: points in all, the telling fields that speak for it, what speaks against it, and the
    share (0-1) of its columns that mean something for that object."""

    points: float
    fields: tuple[str, ...]
    against: tuple[str, ...] = ()
    understood: float = 0.0

    @property
    def telling(self) -> float:
        """Points of the fields that speak for it, whatever speaks against it."""
        return self.points + sum(float(item.rsplit(" ", 1)[1]) for item in self.against)


@cache
def _bodies() -> dict[str, dict[str, Any]]:
    with (DATA / "objects.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def _weights() -> dict[str, tuple[dict[str, float], dict[str, dict[str, float]]]]:
    return {name: (parts["for"], parts.get("against", {})) for name, parts in _bodies().items()}


def objects() -> tuple[str, ...]:
    """Canonical objects that a table can be, the more common first."""
    return tuple(_weights())


def lacks(object_: str, fit: Fit) -> bool:
    """Whether a table has none of the fields without which it is not `object_`, or none of those that stand beside them."""
    asked = (_bodies()[object_].get(name, ()) for name in ("needs", "beside"))
    return any(needs and not set(needs) & set(fit.fields) for needs in asked)


def telling_fields(object_: str) -> dict[str, float]:
    """Points of the fields that speak for an object."""
    return _weights()[object_][0]


def only_due(headings: Sequence[str]) -> bool:
    """Whether headings ask when something is due and nothing of when it happened: what is called an activity there is still to do."""
    said = [set(terms(heading)) for heading in headings]
    return any("due" in words for words in said) and not any(words & _HAPPENED for words in said)


_HAPPENED = frozenset("date time start end occurred sent received completed duration outcome direction closed when".split()) | {"completed date"}  # fmt: skip


def by_columns(headings: Sequence[str], frame: pd.DataFrame | None = None) -> dict[str, Fit]:
    """How a table with these headings, and values where `frame` is given, fits each object."""
    if frame is None or not len(frame):
        return _by_headings(tuple(headings))
    sample = frame.head(_ROWS)
    return _fits(tuple(headings), tuple(signals(sample[heading]) for heading in headings), sample)


@lru_cache(maxsize=64)
def _by_headings(headings: tuple[str, ...]) -> dict[str, Fit]:
    return _fits(headings, (Signals(),) * len(headings))


def _fits(headings: tuple[str, ...], seen: Sequence[Signals], sample: pd.DataFrame | None = None) -> dict[str, Fit]:
    said = without_prefix(headings)
    found_in = {object_: _read(said, object_, seen) for object_ in objects()}
    found = {}
    for object_, (telling, against) in _weights().items():
        fields = found_in[object_]
        own = tuple(name for name in telling if name in fields)
        bad = [
            f"{name} {points:g}"
            for whose, names in against.items()
            for name, points in names.items()
            if name in found_in[_READ_AS[whose]] and not (name in telling and _READ_AS[whose] == object_)
        ]
        known = sum(1 for heading in fields.values() if heading)
        points = sum(telling[name] * _weight_of(fields[name], object_) for name in own) + known / max(1, len(headings))
        points -= sum(float(item.rsplit(" ", 1)[1]) for item in bad)
        found[object_] = Fit(points, own, tuple(bad), known / max(1, len(headings)))
    looks = dict(zip(said, seen, strict=True))
    never = _never_happened(found_in["appointments"], looks)
    found["appointments"] = _without(found["appointments"], "appointments", never)
    cells = {} if sample is None else {name: sample[heading] for name, heading in zip(said, headings, strict=True)}
    if _are_periods(found_in["appointments"], looks, cells):
        fit = found["appointments"]
        found["appointments"] = replace(fit, points=fit.points - _LASTING)
    return _with_values(found, found_in, looks)


_VAGUE = {"date": "", "duration": "time_entries"}
"""Terms that alone tell little: of any table, or of one of an object."""


def _weight_of(heading: str, object_: str) -> float:
    """How much a heading tells of its table: everyday questions (`What`, `Until`) and a mere `Date` may stand in many."""
    said = read(heading, object_).terms
    vague = len(said) == 1 and _VAGUE.get(next(iter(said)), object_ + "?") in ("", object_)
    return _OF_QUESTIONS if vague or any(term.startswith(EVERYDAY) for term in said) else 1.0


def _read(said: Sequence[str], object_: str, seen: Sequence[Signals]) -> dict[str, str]:
    """{canonical field: heading} that the columns surely are when the table is one of `object_`."""
    found: dict[str, str] = {}
    for heading, values in zip(said, seen, strict=True):
        item = candidate(heading, object_, values)
        if object_ == "deals" and item.field in ("stage", "status") and values.looks("json", at_least=_MOSTLY):
            continue  # the steps of a workflow
        if item.confidence >= _SURE and item.field not in ("custom", "ignore"):
            found.setdefault(_whole(item.field, values), heading)
    return found


def _whole(field: str, values: Signals) -> str:
    """The field of a name: a first name that is several words of a name in every row is the whole one."""
    return "full_name" if field == "first_name" and values.whole_names else field


def _is_about_people(read: dict[str, dict[str, str]]) -> bool:
    """Whether the rows are people who have a stage: reached by mail and phone, and no name, date or contact of a deal beside theirs."""
    people, deals = read["contacts"], read["deals"]
    named = set(people) & _NAMED
    titled = deals.get("name", "") not in ("", *(people[name] for name in named))
    reached = "email" in people and bool({"phone", "mobile"} & set(people))
    only = {name for name in _ONLY_DEALS & set(deals) if deals[name] != people.get("full_name")}
    return bool(named) and reached and not titled and not only


_OF_A_COMPANY = frozenset({"industry", "employees"})
"""What is said of companies: where nobody is named besides, the rows are companies."""


def _about_nobody(people: set[str], companies: set[str]) -> bool:
    """Whether rows that could be people are companies: they have a parent, or an industry and no name of a person."""
    if companies & {"parent_id", "parent_name"} and not people & {"first_name", "job_title"}:
        return True
    return bool(companies & _OF_A_COMPANY) and "name" in companies and not people & {*_NAMED, "job_title"}


_FILE = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}\)?$")


def _are_won(read: dict[str, str], seen: dict[str, Signals]) -> bool:
    """Whether a status says of rows that they are won or lost, as no task is."""
    said = [seen[read[name]] for name in ("stage", "status") if read.get(name, "") in seen]
    return any(values.share("ended") > 0 for values in said)


_PATH, _ID = re.compile(r"[/\\]|\.\w{1,5}$"), re.compile(r"^\S+$")
_FRONT_PAGE = re.compile(r"^(?:https?://)?[^/\s]+/?$", re.IGNORECASE)


def _no_files(read: dict[str, str], seen: dict[str, Signals]) -> set[str]:
    """The fields of attachments that are none by their values: types that are no media types, places that are no paths, texts
    instead of ids of notes; then, where nothing says where the bytes are, subjects and titles without an ending and addresses
    that lead to a site's front page."""
    none = {
        name
        for name, shape in (("path", _PATH), ("note_id", _ID))
        if (examples := _examples(read, name, seen)) and _share(examples, shape) < _MOSTLY
    }
    types = _examples(read, "mime_type", seen)
    if types and sum(
        "/" in text or guess_type(f"x.{text.strip('. ').lower()}")[0] is not None for text in types
    ) < _MOSTLY * len(types):
        none.add("mime_type")
    names, links = _examples(read, "file_name", seen), _examples(read, "url", seen)
    if {"path", "content", "size"} & set(read) - none or not names or _share(names, _FILE) >= _MOSTLY:
        return none
    if links and _share(links, _FRONT_PAGE) >= _MOSTLY:
        return none | {"file_name", "url"}
    return none if links and _share(links, _FILE) >= _MOSTLY else none | {"file_name"}


def between_addresses(seen: Mapping[str, Signals]) -> bool:
    """Whether columns say from and to which e-mail addresses messages went."""
    ends = [
        name
        for name, values in seen.items()
        if set(tokens(name)) <= _MESSAGES and values.looks("email", at_least=_MOSTLY)
    ]
    return len(ends) > 1


def _are_sums(read: dict[str, str], seen: Mapping[str, Signals]) -> bool:
    """Whether rows that could be deals are sums over them: a stage or an owner each, and beside it nothing but numbers."""
    if not read.keys() & _GROUPS or read.keys() & _ONE_DEAL:
        return False
    groups = {read[name] for name in _GROUPS & read.keys()}
    return all(
        seen[heading].looks("number", "money", at_least=_NEARLY_ALL) for heading in seen if heading not in groups
    )


_GROUPS = frozenset({"stage", "pipeline", "status", "owner", "probability"})
_ONE_DEAL = frozenset({"id", "name", "contact_id", "contact_email", "company_id", "expected_close", "closed_at"})
"""By what deals are summed up, and what only one of them has."""


def _are_hours(read: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether rows that name people are hours that they worked: so many a day, and no way to reach anybody."""
    hours, people = set(read["time_entries"]), set(read["contacts"])
    said = terms(read["time_entries"].get("hours", ""))
    worked = "hours" in hours and "duration" not in said and bool(hours & {"date", "rate"})
    return worked and bool(people & _NAMED) and not people & _REACHED


def _of_clocks(read: Mapping[str, Mapping[str, str]], seen: dict[str, Signals]) -> float:
    """Points of appointments whose days and times of day stand side by side, beside what they cost or not."""
    if not _has_clock(seen):
        return 0.0
    priced = "amount" in read["deals"] and "stage" not in read["deals"]
    started = 0.0 if "start_at" in read["appointments"] else telling_fields("appointments")["start_at"]
    return started + (_COST if priced else 0.0) + (_MET if "contact_id" in read["appointments"] else 0.0)


def _are_groups(read: Mapping[str, str], seen: Mapping[str, Signals]) -> bool:
    """Whether rows that could be users are groups, lists or roles: nobody's address, and names that no person has."""
    names = seen.get(read.get("name", ""), Signals())
    return "email" not in read and bool(names.filled) and not names.share("person")


_COST, _MET = 2.0, 1.0
"""What is given back of the points against appointments where their day and time of day stand beside an amount, and what whom they are with adds."""

_GROUPED = 4.0
"""Points that speak against users where rows are what users belong to."""


def _never_happened(read: Mapping[str, str], seen: Mapping[str, Signals]) -> set[str]:
    """The start and end of appointments where neither has a filled cell: of what begins and ends at no time nothing happens."""
    ends = {name for name in _ENDS if name in read}
    rows = max((values.rows for values in seen.values()), default=0)
    return ends if rows and not any(seen[read[name]].filled for name in ends if read[name] in seen) else set()


def _are_periods(read: Mapping[str, str], seen: dict[str, Signals], cells: Mapping[str, pd.Series]) -> bool:
    """Whether what begins and ends does so on days, at no time of day, or after weeks: memberships, employments, contracts."""
    ends = [read[name] for name in _ENDS if read.get(name, "") in seen]
    lasted = days_between(*(cells[name].to_numpy() for name in ends)) if len(ends) > 1 and cells else np.array([])
    days = [name for name in ends if seen[name].looks("date", at_least=_CLOCKS)]
    plain = bool(days) and len(days) == sum(bool(seen[name].filled) for name in ends) and not _has_clock(seen)
    return len(ends) > 1 and (plain or (bool(len(lasted)) and float(np.median(lasted)) > _WEEKS))


_ENDS, _WEEKS = ("start_at", "end_at"), 14
_LASTING = 2.0
"""Points that speak against appointments where days say from when until when something holds: a title and a place outweigh them."""


def _has_clock(seen: dict[str, Signals]) -> bool:
    """Whether days and times of day stand side by side."""
    days = any(values.looks("date", "datetime", at_least=_CLOCKS) for values in seen.values())
    return days and any(values.looks("clock", at_least=_CLOCKS) for values in seen.values())


_CLOCKS = 0.8
"""Share of a column's values that are times of day, or days."""


def _examples(read: dict[str, str], name: str, seen: dict[str, Signals]) -> tuple[str, ...]:
    return seen[read[name]].examples if read.get(name, "") in seen else ()


def _without(fit: Fit, object_: str, none: Collection[str]) -> Fit:
    """A fit without the fields that are none by their values."""
    telling = telling_fields(object_)
    left = tuple(name for name in fit.fields if name not in none)
    return replace(fit, points=fit.points - sum(telling[name] for name in none), fields=left)


def _share(examples: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(bool(pattern.search(text.strip())) for text in examples) / len(examples)


def _with_values(found: dict[str, Fit], read: dict[str, dict[str, str]], seen: dict[str, Signals]) -> dict[str, Fit]:
    """The fits after a look at who the rows are: people who can be reached, or names of companies."""
    people, deals, companies = (set(read[name]) for name in ("contacts", "deals", "companies"))
    more: dict[str, float] = {}
    if people & _NAMED and people & _REACHED and not deals & _OF_A_DEAL:
        more["contacts"] = _PERSON_ROW
    elif _is_about_people(read):
        more["contacts"], more["deals"] = _PERSON_ROW, -_PERSON_ROW
    more["appointments"] = _of_clocks(read, seen)
    more["users"] = -_GROUPED if _are_groups(read["users"], seen) else 0.0
    heading = read["companies"].get("name", "")
    if heading in seen and seen[heading].share("company") >= _MOSTLY and not people & {"first_name", "last_name"}:
        told = _COMPANY_NAMES if seen[heading].share("company") < _NEARLY_ALL else _ALL_COMPANIES
        more["companies"] = more.get("companies", 0.0) + told
        if read["contacts"].get("full_name") == heading:
            more["contacts"] = more.get("contacts", 0.0) - told
    elif _about_nobody(people, companies):
        more["contacts"] = more.get("contacts", 0.0) - _COMPANY_NAMES
    if len({activity_type(text) for text in _examples(read["activities"], "type", seen)} - {""}) >= _SEVERAL:
        more["activities"] = _KINDS_OF_ACTIVITIES
    if people & _NAMED and people & _REACHED and "amount" in deals:  # a booking's price, what a call was worth
        more |= {object_: more.get(object_, 0.0) + _PRICED for object_ in ("appointments", "activities")}
    if between_addresses(seen):
        more["activities"] = _KINDS_OF_ACTIVITIES
    if _are_sums(read["deals"], seen):
        more["deals"] = more.get("deals", 0.0) - _SUMMED
    if _are_hours(read):
        more["contacts"] = more.get("contacts", 0.0) - _WORKED
        more["time_entries"] = more.get("time_entries", 0.0) + _WORKED
    if "amount" in deals and _are_won(read["deals"], seen):
        more["deals"], more["tasks"] = more.get("deals", 0.0) + _PERSON_ROW, -_PERSON_ROW
    out = dict(found)
    out["attachments"] = _without(out["attachments"], "attachments", _no_files(read["attachments"], seen))
    options = read["custom_fields"].get("options", "")
    if options in seen and seen[options].looks(
        "number", "money", at_least=_MOSTLY
    ):  # prices and amounts: `value` is a word for both
        out["custom_fields"] = _without(out["custom_fields"], "custom_fields", {"options"})
    return out | {name: replace(out[name], points=out[name].points + points) for name, points in more.items()}


def frame_of(table: Any) -> pd.DataFrame | None:
    """The cells of a raw table; None for one of which only headings are known."""
    return getattr(table, "frame", None)
