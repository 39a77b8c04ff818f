"""Tables whose rows each tell of two records: deals in the rows of people (`Deal Name`, `Deal Value`), people in the rows of deals
or of what happens with them.

Each becomes a table of its own, so that neither is lost in fields of the other; the deals refer to their people.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from pb2hl.mapper.knowledge.signals import is_person, signals
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.company_lists import company_names, several_companies
from pb2hl.mapper.proposer.contact_lists import contact_names
from pb2hl.mapper.proposer.either import firms_beside_people, people_and_companies
from pb2hl.mapper.proposer.happenings import DATED, happenings_of_people, people_of_happenings, tasks_of_activities
from pb2hl.mapper.proposer.row_parts import (
    NAMES,
    PERSON,
    REACHED,
    ROWS,
    Read,
    are_people,
    filled,
    label_of,
    part_name,
    surely,
)
from pb2hl.mapper.proposer.several import several
from pb2hl.model import OBJECTS
from pb2hl.source.tables import TEXT, RawTable
from pb2hl.values.fold import fold, fold_marks

_DEAL = frozenset(spec.name for spec in OBJECTS["deals"].fields if not spec.refers_to)
_TELLS_DEAL = frozenset({"name", "amount", "stage"})
_BESIDE_DEAL = frozenset({"stage", "pipeline", "expected_close", "closed_at", "probability", "lost_reason"})
_PERSON = PERSON.difference(OBJECTS["deals"].field_names)
"""What only a person has: consent among it, which has to go with whoever is made of a deal's row."""
_SHARED = frozenset({"email", "company_name", "full_name"})
"""Columns of people that deals keep as well: they say whose deals they are."""

_PEOPLE, _KNOWN_BY_MAIL = 0.8, 0.5


def two_objects(raw: RawTable, object_: str, others: Sequence[str]) -> list[Read]:
    """`raw`, recognised as `object_`, as people and their deals, appointments, tasks or activities, or people and companies; [] where each row is one record of
    it. `others` are the objects of the export's other tables: where one holds people, the rest refers to them."""
    if not len(raw.frame):
        return []
    named = firms_beside_people(raw) if object_ == "contacts" else raw
    if named is not raw:
        return two_objects(named, object_, others) or [(named, object_, "customers that are companies beside people")]
    if object_ in ("contacts", "companies", "deals", "") and (found := several(raw)):
        return found
    if object_ in ("contacts", "companies"):
        found = (
            people_and_companies(raw) or _deals_of_people(raw, object_) or happenings_of_people(raw, object_, others)
        )
        return found or ([] if object_ == "contacts" or "contacts" in others else _people_of_companies(raw))
    if object_ in DATED:
        found = tasks_of_activities(raw, object_) or [(raw, object_, "")]
        parts = [(part, name, why, people_of_happenings(part, name, others)) for part, name, why in found]
        told = [one for part, name, why, apart in parts for one in apart or [(part, name, why)]]
        return told if len(told) > 1 else []
    if object_ != "deals":
        return []
    if "contacts" in others and "companies" in others:
        return []
    called = raw if "contacts" in others else _called_companies(raw)
    found = [] if "contacts" in others else _people_of_deals(called)
    companies = (
        []
        if "companies" in others
        else _companies_of_deals(called, [part for part, name, _ in found if name == "contacts"])
    )
    return [*(found or [(called, "deals", "")]), *companies] if found or companies else []


def _says_deal(heading: str) -> bool:
    return any(terms(word) == ("deal",) for word in tokens(heading))


def _deals_of_people(raw: RawTable, object_: str) -> list[Read]:
    own = surely(raw, object_)
    said = [name for name in raw.headings if _says_deal(name)]
    by_word = (
        surely(replace(raw, headings=said, frame=raw.frame[said]), "deals") if said else {}
    )  # a person's own name is none of theirs
    plain = [name for name, field in by_word.items() if field in _DEAL]
    fields = {by_word[name] for name in plain}
    if len(fields) < 2 or not fields & _TELLS_DEAL:
        return []
    beside = [
        name
        for name, field in surely(raw, "deals").items()
        if name not in said and field in _BESIDE_DEAL - fields and name not in own
    ]
    columns = [name for name in raw.headings if name in {*plain, *beside}]
    whose = label_of(raw, own)
    if whose is None:
        return []
    told = filled(raw, columns)
    shared = [name for name, field in own.items() if field == "owner" and name not in columns]
    owner = "Contact" if object_ == "contacts" else "Company"
    frame = raw.frame[[*columns, *shared]].assign(**{owner: whose})[told].reset_index(drop=True)
    headings = [str(name) for name in frame.columns]
    part = RawTable(raw.file, part_name(raw, "deals"), headings, frame, raw.rows[told])
    left = [name for name in raw.headings if name not in columns]
    people = replace(raw, headings=left, frame=raw.frame[left])
    return [(people, object_, ""), (part, "deals", f"deals in the rows of {object_}: {', '.join(columns[:5])}")]


def _people_of_deals(raw: RawTable) -> list[Read]:
    deals, people = surely(raw, "deals"), surely(raw, "contacts")
    own = {name for name, field in deals.items() if field in _DEAL | {"owner"}}
    theirs = {
        name: field
        for name, field in people.items()
        if field in _PERSON and name not in own and not {"owner", "user"} & set(terms(name))
    }
    named = [name for name, field in deals.items() if field == "contact_id" and are_people(raw, name)]
    theirs |= {name: "full_name" for name in named if theirs.get(name) not in NAMES}
    if not set(theirs.values()) & NAMES and (name := _own_name(raw, deals, theirs)):
        theirs[name] = "full_name"
    fields = set(theirs.values())
    firms = _FIRM in raw.headings and bool(fields & REACHED)  # whom nothing names but the company
    if not firms and (not fields & NAMES or not (fields & REACHED or named)):
        return []
    columns = [name for name in raw.headings if name in theirs]
    rows = filled(raw, [name for name in columns if theirs[name] in NAMES | REACHED])
    frame = raw.frame[columns][rows].reset_index(drop=True)
    part = RawTable(raw.file, part_name(raw, "contacts"), columns, frame, raw.rows[rows])
    part = _called_names(part, named)
    if not firms and not set(surely(part, "contacts").values()) & NAMES:
        return []
    kept = {name for name in columns if theirs[name] in _SHARED}
    left = [name for name in raw.headings if name not in columns or name in kept]
    reason = f"people in the rows of deals: {', '.join(columns[:5])}"
    told = (
        filled(raw, [name for name in left if name not in theirs])
        if set(theirs) & own
        else np.ones(len(raw.rows), dtype=bool)
    )
    whole = replace(raw, headings=left, frame=raw.frame[left][told].reset_index(drop=True), rows=raw.rows[told])
    return [(whole, "deals", ""), (part, "contacts", reason)]


def strangers(tables: Sequence[tuple[RawTable, str]]) -> list[RawTable]:
    """The people in rows of deals whom the export's tables of contacts lack, of raw tables with their objects; [] where there are none.

    Their deals name nobody whom the export knows, and have an address of their own: by it they find them."""
    people = contact_names(raw for raw, object_ in tables if object_ == "contacts")
    firms = company_names(raw for raw, object_ in tables if object_ == "companies")
    found = [_strangers(raw, people, firms) for raw, object_ in tables if people and object_ == "deals"]
    return [part for part in found if part is not None]


def _strangers(raw: RawTable, people: Collection[str], firms: Collection[str]) -> RawTable | None:
    fields = surely(raw, "deals")
    named = [name for name, field in fields.items() if field == "contact_id"]
    mails = [name for name, field in fields.items() if field == "contact_email"]
    if len(mails) != 1:
        return None
    cells = raw.frame[[*named, *mails]].apply(lambda column: column.str.strip())
    met = cells.apply(lambda column: column.map(lambda text: fold_marks(text) in people or fold(text) in firms)).any(
        axis=1
    )
    keys = cells[named].apply(lambda column: column.map(lambda text: bool(text) and not is_person(text))).any(axis=1)
    rows = (~met & ~keys & cells[mails[0]].str.contains("@", regex=False)).to_numpy(dtype=bool)
    frame = raw.frame[rows].reset_index(drop=True)
    headings = [name for name in raw.headings if (frame[name].str.strip() != "").any()]
    part = replace(raw, headings=headings, frame=frame[headings], rows=raw.rows[rows], problems=(), dropped=())
    return (
        next((people for people, name, _ in _people_of_deals(part) if name == "contacts"), None) if len(frame) else None
    )


def _people_of_companies(raw: RawTable) -> list[Read]:
    """Companies and the person that each names as its contact; [] where no column does, or its values are no names of people."""
    own = surely(raw, "companies")
    names = [name for name, field in own.items() if field == "name"]
    people = [
        name
        for name in raw.headings
        if _CONTACT >= set(terms(name)) > set() and name not in own and are_people(raw, name)
    ]
    if len(people) != 1 or len(names) != 1:
        return []
    rows = filled(raw, people)
    keys = [name for name, field in own.items() if field == "id"]  # two companies may bear one name
    frame = raw.frame[[*people, *(keys[:1] or names)]][rows].reset_index(drop=True)
    frame.columns = ["Contact person", "Company ID" if keys else "Company"]
    part = RawTable(raw.file, part_name(raw, "contacts"), list(frame.columns), frame, raw.rows[rows])
    return [(raw, "companies", ""), (part, "contacts", f"people in the rows of companies: {people[0]}")]


_CONTACT = frozenset({"contact", "name", "person", "full name"})


_FIRM = "Customer company"


def _called_companies(raw: RawTable) -> RawTable:
    """Deals whose customers are companies, as their names show, with that column called so; themselves otherwise."""
    read = surely(raw, "deals")
    whom = [name for name, field in read.items() if field == "contact_id"]
    if len(whom) != 1 or "company_id" in read.values():
        return raw
    if not signals(raw.frame[whom[0]].head(ROWS)).looks("company", at_least=_PEOPLE):
        return raw
    headings = [_FIRM if name == whom[0] else name for name in raw.headings]
    return replace(raw, headings=headings, frame=raw.frame.set_axis(headings, axis=1))


def _called_names(people: RawTable, named: Sequence[str]) -> RawTable:
    """People whose column of names is called so where its own heading would be read otherwise, without the deals beside it."""
    if len(named) != 1 or surely(people, "contacts").get(named[0]) in NAMES or "Contact person" in people.headings:
        return people
    headings = ["Contact person" if name == named[0] else name for name in people.headings]
    return replace(people, headings=headings, frame=people.frame.set_axis(headings, axis=1))


def _companies_of_deals(raw: RawTable, people: Sequence[RawTable]) -> list[Read]:
    """The companies that deals name and no row of their people does, each once; [] where they are named by keys, or in no column of
    their own."""
    headings = [name for name, field in surely(raw, "deals").items() if field == "company_id"]
    if len(headings) != 1:
        return []
    names = raw.frame[headings[0]].str.strip()
    seen = signals(names.head(ROWS))
    if seen.looks(*_NO_NAMES, at_least=1 - _PEOPLE) or (
        are_people(raw, headings[0]) and "company" not in terms(headings[0])
    ):
        return []
    told = {name for part in people if headings[0] in part.headings for name in part.frame[headings[0]].str.strip()}
    each = names.map(several_companies).explode().dropna()
    each = each[(each != "") & ~each.str.casefold().duplicated() & ~each.isin(told)]
    frame = pd.DataFrame({"Company name": each.to_numpy()}, dtype=TEXT)
    rows = raw.rows[names.index.get_indexer(each.index)]
    part = RawTable(raw.file, part_name(raw, "companies"), ["Company name"], frame, rows)
    return [(part, "companies", f"companies in the rows of deals: {headings[0]}")] if len(each) else []


_NO_NAMES = ("number", "code", "guid", "hash", "email", "url", "domain", "boolean", "json")
"""Kinds of values by which deals may name a company, and from which none is made."""


def _own_name(raw: RawTable, deals: dict[str, str], theirs: dict[str, str]) -> str:
    """The column of the deals' names where they are called after their people, as the people's addresses show; "" elsewhere."""
    mail = next((name for name, field in theirs.items() if field == "email"), "")
    name = next((name for name, field in deals.items() if field == "name"), "")
    if not mail or not name or not are_people(raw, name):
        return ""
    pairs = raw.frame[[name, mail]].head(ROWS)
    pairs = pairs[(pairs[name].str.strip() != "") & pairs[mail].str.contains("@")]
    same = [
        any(word in address.partition("@")[0].casefold() for word in tokens(text) if len(word) > 1)
        for text, address in pairs.itertuples(index=False)
    ]
    return name if same and sum(same) >= _KNOWN_BY_MAIL * len(same) else ""
