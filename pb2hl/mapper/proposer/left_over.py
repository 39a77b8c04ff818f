"""The only column of its kind that is left in a table of what happens: its dates, its text, its name, whatever their headings say.

A heading in no word that we know hides nothing where a record needs what only one column can hold: a note has one text, a call
one moment, a to-do one title. Two such columns, or one that could be something else, wait for a person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from pb2hl.clock import SYSTEM_CLOCK
from pb2hl.mapper.knowledge.sheet_layout import WAITS
from pb2hl.mapper.knowledge.signals import is_whole_name
from pb2hl.mapper.knowledge.text import EVERYDAY, everyday, heading_key, means, terms, tokens
from pb2hl.mapper.proposer.deal_ends import ANSWERS, SETTLED
from pb2hl.mapper.proposer.pointers import LINKED
from pb2hl.mapper.proposer.score import ASKS
from pb2hl.mapper.proposer.structure import Table
from pb2hl.matching.names import known_given_names
from pb2hl.model import OBJECTS
from pb2hl.source.lookup import How, Index
from pb2hl.source.tables import side_by_side
from pb2hl.values.booleans import FALSE, TRUE
from pb2hl.values.dates import dates
from pb2hl.values.fold import fold
from pb2hl.values.parsed import Context
from pb2hl.values.statuses import deal_status

_MOMENTS = {"trust_transactions": "date", "time_entries": "date", "notes": "created_at", "activities": "at"}
"""Objects of which each record has one moment at least, and the field that says it."""

_TEXTS = {
    "notes": ("body",),
    "activities": ("body",),
    "tasks": ("title", "body"),
    "appointments": ("title", "description"),
}
"""Objects whose records consist of texts → the fields, the first before the others."""

_NO_TEXT = (
    "email url domain date datetime boolean money percent number phone guid hash timezone clock json code".split()
)
_OPEN = ("custom", "ignore")
_MOSTLY, _TITLED = 0.8, 0.9
"""Shares (0-1) of a column that look like dates, and of the records that a title names."""

_ENDED = frozenset({"won", "lost", "abandoned"})


def find_left_over(table: Table) -> None:
    """Propose what the only open column of its kind is; changes the proposals in place."""
    _find_moment(table)
    _find_due(table)
    _find_span(table)
    _find_closings(table)
    _find_texts(table)
    _find_number(table)
    _find_place(table)


def find_names_of_users(table: Table) -> None:
    """The only column of people's names in a table of users is their name; changes the proposals in place."""
    if table.object != "users" or _has(table, "name"):
        return
    found = [name for name in _open(table) if _are_people(table, name)]
    if len(found) == 1:
        _take(table, found[0], "name", "the only names of people in a table of users")


def find_whom(tables: Sequence[Table]) -> None:
    """Propose as the contact the only open column of what hangs on people that holds ids of contacts, or what they are called by
    (names, e-mails, `Jane Roe (jane@acme.com)`), and of nothing else."""
    ids = {table.object: set[str]() for table in tables}
    for table in tables:
        ids[table.object] |= table.values(table.id_heading) if table.id_heading else frozenset()
    theirs = ids.pop("contacts", set())
    people, staff = (_Called([t for t in tables if t.object == name]) for name in ("contacts", "users"))
    for table in tables:
        if table.object in LINKED:
            _turn_who(table, people, staff)
        if table.object not in LINKED or _has(table, "contact_id"):
            continue
        by_id = [
            name
            for name in _open(table)
            if theirs
            and table.keys(name)
            and max(map(len, table.values(name)), default=0) >= _LONG_ENOUGH
            and table.values(name) <= theirs
            and not any(table.values(name) <= others for others in ids.values())
        ]
        if len(by_id) == 1:
            _take(table, by_id[0], "contact_id", "its values are ids of contacts, and of nothing else")
            continue
        named = [name for name in _open(table) if people.are_meant(table, name) and not staff.are_meant(table, name)]
        if len(named) == 1:
            _take(table, named[0], "contact_id", "its values are names or e-mails of contacts")


def _turn_who(table: Table, people: _Called, staff: _Called) -> None:
    """`Who` that calls contacts and none of the staff is whom a row is about, and `About` that calls none of them is what it says."""
    asked = {table.proposed(name): name for name in table.raw.headings if table.reason(name).startswith(ASKS)}
    who, whom = (asked.get(name, "") for name in ("owner", "contact_id"))
    if not who or not people.are_meant(table, who) or staff.are_meant(table, who):
        return
    if whom and not people.are_meant(table, whom):
        table.decide(whom, "custom", "ignore", 0.7, "asks about whom, but calls no contact")
        texts = [field for field in _TEXTS.get(table.object, ()) if not _has(table, field)]
        if texts and table.seen(whom).mean_length >= _SHORTEST:
            _take(table, whom, texts[0], "says what it is about, and calls no contact")
    if not _has(table, "contact_id"):
        _take(table, who, "contact_id", "its values are names or e-mails of contacts, and of nobody who works here")


_LONG_ENOUGH = 3
"""Characters of ids that no rank or number of things has by chance."""


class _Called:
    """Whether texts call the people of an export's tables, as references to them will be understood once they are staged."""

    def __init__(self, tables: Sequence[Table]):
        self._tables = tables

    @cached_property
    def _index(self) -> Index:
        found = pd.concat([_names_of(table) for table in self._tables], ignore_index=True)
        return Index(found.assign(source_id=found.index.astype(str)))

    def are_meant(self, table: Table, heading: str) -> bool:
        """Whether nearly all values of a column call one of these people, and at least two do."""
        seen = table.seen(heading)
        may = seen.looks("person", at_least=_MOSTLY) or any("@" in text for text in seen.examples)
        if not self._tables or not may:
            return False
        values = table.sample(heading)[:_LOOKED_AT]
        called = sum(self._index.find(text).how is not How.DANGLING for text in values)
        return called >= max(2, _MOSTLY * len(values))


_NAMING = ("email", "email_2", "full_name", "name", "first_name", "last_name")


def _names_of(table: Table) -> pd.DataFrame:
    """What a table of people calls them by; with particles and middle names between first and last name as its `title`."""
    frame = table.raw.frame
    at = {table.proposed(name): name for name in reversed(table.raw.headings)}
    found = pd.DataFrame({field: frame[at[field]].str.strip() for field in _NAMING if field in at}, index=frame.index)
    between = [name for name in table.raw.headings if {"name particle", "middle name"} & set(terms(table.said(name)))]
    if between and {"first_name", "last_name"} <= at.keys():
        found["title"] = side_by_side(frame, [at["first_name"], *between, at["last_name"]])
    return found.mask(found == "")


def _are_people(table: Table, heading: str) -> bool:
    texts = [text for text in table.raw.frame[heading].str.strip() if text]
    return bool(texts) and len({*texts}) == len(texts) and all(map(is_whole_name, texts))


def _find_moment(table: Table) -> None:
    field = _MOMENTS.get(table.object, "")
    dated = _dated(table)
    if field and not _has(table, field) and len(dated) == 1:
        _take(table, dated[0], field, "the only dates of these records")


def _find_due(table: Table) -> None:
    """The only dates of to-dos are when they are due, where some lie ahead; else they may as well be when they were written."""
    dated = _dated(table)
    if table.object != "tasks" or _has(table, "due_at") or len(dated) != 1:
        return
    if _ahead(table, dated[0]).any():
        _take(table, dated[0], "due_at", "the only dates of these tasks, and some lie ahead")
    elif not _has(table, "created_at"):
        reason = f"{WAITS}the only dates of these tasks, none of them ahead: decide due_at, or created_at or custom"
        table.decide(dated[0], "due_at", OBJECTS["tasks"].meaning("due_at"), 0.6, reason)


def _find_span(table: Table) -> None:
    """Dates of appointments: the earlier of two columns is when they start, the later when they end."""
    if table.object != "appointments":
        return
    dated = _dated(table)
    if _has(table, "start_at"):
        starts = [name for name in table.raw.headings if table.proposed(name) == "start_at"]
        if len(dated) == 1 and not _has(table, "end_at") and _follow(table, starts[0], dated[0]):
            _take(
                table, dated[0], "end_at", f"the only other dates, none before {starts[0]!r} and all of the same days"
            )
    elif len(dated) == 1:
        _take(table, dated[0], "start_at", "the only dates of these appointments")
    elif len(dated) == 2 and not _has(table, "end_at"):
        for first, second in (dated, dated[::-1]):
            if _follow(table, first, second):
                _take(table, first, "start_at", f"dates, none after {second!r} and all of the same days")
                _take(table, second, "end_at", f"dates, none before {first!r} and all of the same days")
                return


def _follow(table: Table, first: str, second: str) -> bool:
    """Whether what two columns hold are beginnings and ends: never earlier, sometimes later, and within a few days."""
    starts, ends = (_days(table.raw.frame[name]) for name in (first, second))
    known = ~np.isnat(starts) & ~np.isnat(ends)
    days = (ends - starts)[known].astype(int)
    texts = table.raw.frame[[first, second]][known]
    return bool(
        known.any() and (days >= 0).all() and np.median(days) <= 1 and (texts[first] < texts[second]).mean() >= _MOSTLY
    )


def _find_closings(table: Table) -> None:
    """Dates that exactly the deals that ended have are when they closed; the only others, some of them ahead, when they should."""
    if table.object != "deals":
        return
    ended = _ended(table)
    dated = _dated(table)
    if not _has(table, "closed_at") and 0 < ended.sum() < len(ended):
        said = [name for name in table.raw.headings if dated and table.proposed(name) == "expected_close"]
        found = [name for name in (*dated, *said) if ((table.raw.frame[name].str.strip() != "") == ended).all()]
        if len(found) == 1:
            _take(table, found[0], "closed_at", "dates of exactly the deals that are won or lost")
            dated = [name for name in dated if name != found[0]]
    if not _has(table, "expected_close") and len(dated) == 1:
        ahead = _ahead(table, dated[0])
        if (ahead & ~ended).any() and not (ahead & ended).any() and _has(table, "closed_at"):
            _take(table, dated[0], "expected_close", "the only other dates, and some of open deals lie ahead")


def _ended(table: Table) -> np.ndarray:
    """Which deals have ended, by words of their status or by a yes to a question that was read as one."""
    found = np.zeros(len(table.raw.frame), dtype=bool)
    for name in table.raw.headings:
        texts = table.raw.frame[name].map(fold)
        if table.proposed(name) in ("status", "stage"):
            found |= texts.map(lambda text: deal_status(text) in _ENDED).to_numpy(bool)
        if table.reason(name).startswith(ANSWERS):
            found |= texts.isin(TRUE | FALSE if table.reason(name).endswith(SETTLED) else TRUE).to_numpy()
    return found


def _find_texts(table: Table) -> None:
    wanted = [field for field in _TEXTS.get(table.object, ()) if not _has(table, field)]
    texts = [name for name in _open(table) if _is_text(table, name)]
    if table.object == "tasks" and any(_in_short(table, name) for name in table.raw.headings):
        wanted = [field for field in wanted if field != "title"]  # where none is told, the text is
    if not wanted or not texts:
        return
    if wanted[0] == "title":
        titles = [name for name in texts if table.filled(name) >= _TITLED * len(table.raw.frame)]
        if not titles:
            return
        _take(table, titles[0], "title", "the first text that every record has, and no other column is the title")
        wanted, texts = wanted[1:], [name for name in texts if name != titles[0]]
    if wanted and len(texts) == 1:
        _take(table, texts[0], wanted[0], "the only text of these records")
    elif wanted and texts and table.object == "notes":
        longest = max(texts, key=lambda name: table.seen(name).mean_length)
        reason = f"{WAITS}no heading says which of {', '.join(map(repr, texts))} is the text of these notes"
        table.decide(longest, "body", OBJECTS["notes"].meaning("body"), 0.6, reason)


def _in_short(table: Table, heading: str) -> bool:
    """Whether a column is the text of to-dos and says each of them in few words."""
    told = table.proposed(heading) == "body" and table.filled(heading) >= _TITLED * len(table.raw.frame)
    return told and table.seen(heading).mean_length <= _FEW_WORDS


_FEW_WORDS = 60
"""Characters on average of a text that does for a title."""


def _is_text(table: Table, heading: str) -> bool:
    seen = table.seen(heading)
    if all(map(means, heading_key(table.said(heading)))):
        return False  # it says something else
    if (
        not seen.filled
        or seen.looks(*_NO_TEXT, at_least=0.5)
        or seen.unique < _DISTINCT
        or seen.mean_length < _SHORTEST
    ):
        return False
    return not _may_be_people(seen.examples)


def _may_be_people(texts: Sequence[str]) -> bool:
    """Whether short texts may be names of people whom the export does not know otherwise: given names among them."""
    names = bool(texts) and all(is_whole_name(text) and text.istitle() for text in texts)
    return names and any(set(tokens(text)) & known_given_names() for text in texts)


_DISTINCT, _SHORTEST = 0.7, 4
"""Distinct over filled (0-1) and characters on average of a column that holds texts and no kinds."""


def _find_number(table: Table) -> None:
    """`Number` of people or companies is their phone where its cells are written as phones are, and no other column is one."""
    if table.object not in ("contacts", "companies") or _has(table, "phone"):
        return
    found = [
        name
        for name in _open(table)
        if set(terms(table.said(name))) == {"number"}
        and table.seen(name).looks("phone", at_least=_MOSTLY)
        and table.seen(name).looks("dialled", at_least=_MOSTLY)
    ]
    if len(found) == 1:
        _take(table, found[0], "phone", "numbers written as phones are, and no other column is the phone")


def _find_place(table: Table) -> None:
    """`Where` of people or companies is their street where its cells have house numbers, else their town."""
    if table.object not in ("contacts", "companies"):
        return
    for name in _open(table):
        if everyday(table.said(name)) != f"{EVERYDAY}where":
            continue
        texts = [text for text in table.raw.frame[name].str.strip().unique() if text][:_LOOKED_AT]
        numbered = sum(bool(_WORD.search(text) and _DIGIT.search(text)) for text in texts)
        field = "address_1" if numbered >= _MOSTLY * len(texts) else "city" if not numbered else ""
        if field and not _has(table, field):
            _take(
                table, name, field, "says where, and its cells " + ("have house numbers" if numbered else "are towns")
            )


_LOOKED_AT = 500
_WORD, _DIGIT = re.compile(r"[^\W\d_]{2}"), re.compile(r"\d")
"""What a street with its house number has both of."""


def _dated(table: Table) -> list[str]:
    return [name for name in _open(table) if table.seen(name).looks("date", "datetime", "moment", at_least=_MOSTLY)]


def _ahead(table: Table, heading: str) -> np.ndarray:
    """Which days of a column are still to come."""
    return _days(table.raw.frame[heading]) > np.datetime64(SYSTEM_CLOCK.now().date())


def _days(texts: pd.Series) -> np.ndarray:
    return np.asarray(dates(texts.str.strip().to_numpy(object), Context(field="due_at")).values)


def _open(table: Table) -> list[str]:
    return [
        name
        for name in table.raw.headings
        if table.proposed(name) in _OPEN and table.filled(name) and not table.is_declared(name)
    ]


def _has(table: Table, field: str) -> bool:
    return bool((table.proposals["field"] == field).any())


def _take(table: Table, heading: str, field: str, reason: str) -> None:
    table.decide(heading, field, OBJECTS[table.object].meaning(field), 0.85, reason)
