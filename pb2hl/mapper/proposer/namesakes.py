"""References by name under headings of an unknown language: columns whose values are the names of another table's records.

Evidence is weaker than that of ids (people share names), so only columns of which nothing else is known are looked at,
nearly every value must be a name of that table, and where two columns could be the same reference a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pb2hl.mapper.knowledge.signals import is_whole_name
from pb2hl.mapper.knowledge.text import EVERYDAY, everyday, terms
from pb2hl.mapper.proposer.structure import Table, may_change
from pb2hl.model import OBJECTS, FieldKind

_SURE, _FEW = 0.9, 3  # share of a column's distinct values that are names, and the least number of them
_LONGEST, _MOST = 60, 5_000  # characters of a name on average, and distinct values that are enough
_NOT_NAMES = (
    "email",
    "url",
    "domain",
    "date",
    "datetime",
    "boolean",
    "money",
    "percent",
    "timezone",
    "phone",
    "number",
    "html",
)
_NAMES = {"companies": ("name",), "users": ("name",), "deals": ("name",), "contacts": ("full_name",)}
_OF_OTHERS = {("contacts", "companies"): ("company_name",)}
"""Fields of one object that name records of another."""
_HALVES = ("first_name", "last_name")
_BY_NAME = {("contacts", "company_id"): ("company_name", "companyName")}
"""References that have a field of their own for the name: (canonical field, HighLevel field)."""

_ANOTHERS = frozenset(
    "author manager followers source partner spouse assistant referrer referral vendor parent updated".split()
)


def find_namesakes(tables: Sequence[Table]) -> None:
    """Propose references for columns of names of other tables' records; changes the proposals in place."""
    _find_mailboxes(tables)
    known: dict[str, pa.Array] = {}
    for table in tables:
        open_headings = [heading for heading in table.raw.headings if _could_be_names(table, heading)]
        for spec in OBJECTS[table.object].fields if open_headings else ():
            about = spec.refers_to
            if not about or about == table.object or spec.kind not in (FieldKind.REF, FieldKind.REFS):
                continue
            field, target = _BY_NAME.get((table.object, spec.name), (spec.name, spec.target))
            if {field, spec.name} & set(table.proposals["field"]) or about not in _NAMES:
                continue
            if about not in known:
                known[about] = _names(tables, about)
            _decide(table, open_headings, field, target, about, known[about])


def _find_mailboxes(tables: Sequence[Table]) -> None:
    """Propose as the owner or author the only open column that holds nothing but users' e-mail addresses."""
    users = [table for table in tables if table.object == "users"]
    mails = {
        text
        for table in users
        for name in table.raw.headings
        if table.proposed(name) == "email"
        for text in table.values(name)
    }
    for table in tables:
        field = "author" if table.object == "notes" else "owner"
        if (
            table in users
            or field not in OBJECTS[table.object].field_names
            or (table.proposals["field"] == field).any()
        ):
            continue
        open_ = [name for name in table.raw.headings if table.proposed(name) in ("custom", "ignore")]
        found = [name for name in open_ if table.values(name) and table.values(name) <= mails]
        if len(found) == 1:
            table.decide(
                found[0], field, OBJECTS[table.object].meaning(field), 0.9, "its values are e-mail addresses of users"
            )


_MEANT = {"contacts": "contact_id", "users": "owner", "deals": "deal_id", "companies": "company_id"}
"""Whose names a column that asks who or about whom may hold → the reference that it is then."""

_HALF = 0.5
"""Share of a column's distinct names that must be names of the records it is said to mean."""


def settle_questions(tables: Sequence[Table]) -> None:
    """Columns that only ask who or about whom mean the records whose names they hold: contacts, owners, deals or companies; so do those
    of customers, where the customers are companies."""
    asking = [
        (table, heading)
        for table in tables
        for heading in table.raw.headings
        if _asks_who(table, heading) or _is_customer(table, heading)
    ]
    if not asking:
        return
    known = {about: _names(tables, about) for about in _MEANT}
    known["users"] = pc.unique(
        pa.concat_arrays([known["users"], *(_distinct_names(column) for column in _owners(tables))])
    )
    for table, heading in asking:
        column = table.raw.frame[heading]
        shares = {about: _share(column, names, least=1) for about, names in known.items() if len(names)}
        if not _asks_who(table, heading) and shares.get("companies", 0.0) < _SURE:
            continue
        about = max(shares, key=lambda name: shares[name], default="")
        field = "author" if table.object == "notes" and about == "users" else _MEANT.get(about, "")
        taken = (table.proposals["field"] == field).any()
        if not about or shares[about] < _HALF or table.proposed(heading) == field or taken:
            continue
        if field in OBJECTS[table.object].field_names:
            reason = f"{shares[about]:.0%} of its values are names of {'owners' if about == 'users' else about}"
            table.decide(heading, field, OBJECTS[table.object].meaning(field), 0.85, reason)


def _asks_who(table: Table, heading: str) -> bool:
    return everyday(table.said(heading)) in _WHO and table.proposed(heading) in {*_MEANT.values(), "author", "custom"}


def _is_customer(table: Table, heading: str) -> bool:
    """Whether a column is whose a record is by its heading (`客户名称`, `Customer`), and could be a company's name."""
    return table.object != "contacts" and table.proposed(heading) == "contact_id" and not table.is_declared(heading)


_WHO = {f"{EVERYDAY}{word}" for word in ("who", "whom", "by whom")}


def _owners(tables: Sequence[Table]) -> list[pd.Series]:
    return [
        table.raw.frame[heading]
        for table in tables
        for heading in table.raw.headings
        if table.proposed(heading) == "owner" and not _asks_who(table, heading)
    ]


def _could_be_names(table: Table, heading: str) -> bool:
    seen = table.seen(heading)
    if not seen.filled or seen.mean_length > _LONGEST or not may_change(table, heading):
        return False
    if seen.distinct < _FEW and not (seen.examples and all(map(is_whole_name, seen.examples))):
        return False  # one or two words may be names by chance, whole names of people hardly
    if table.proposed(heading) not in ("custom", "ignore") or set(terms(table.said(heading))) & _ANOTHERS:
        return False
    return not any(seen.share(kind) >= 0.5 for kind in _NOT_NAMES)


def _decide(table: Table, headings: Sequence[str], field: str, target: str, about: str, names: pa.Array) -> None:
    shares = {heading: _share(table.raw.frame[heading], names, least=1) for heading in headings} if len(names) else {}
    few = {heading for heading in shares if table.seen(heading).distinct < _FEW}
    fitting = [heading for heading, share in shares.items() if share >= (1.0 if heading in few else _SURE)]
    fitting = [heading for heading in fitting if table.proposed(heading) in ("custom", "ignore")]
    if not fitting:
        return
    best = max(fitting, key=lambda heading: (shares[heading], table.seen(heading).filled))
    confidence = 0.85 if len(fitting) == 1 else 0.7
    reason = f"{shares[best]:.0%} of its values are names of {about}"
    if len(fitting) > 1:
        reason += "; so are those of " + ", ".join(repr(heading) for heading in fitting if heading != best)
    table.decide(best, field, target or ("ignore" if about != "users" else "custom"), confidence, reason)


def _share(column: pd.Series, names: pa.Array, least: int = _FEW) -> float:
    values = _distinct_names(column[column != ""].iloc[: 10 * _MOST])[:_MOST]
    if len(values) < least:
        return 0.0
    return (pc.sum(pc.is_in(values, value_set=names)).as_py() or 0) / len(values)


def _names(tables: Sequence[Table], about: str) -> pa.Array:
    """The names of the records of `about`, as they are compared; people also surname first, companies also as contacts name theirs."""
    found = [_distinct_names(column) for table in tables for column in _columns(table, about)]
    return pc.unique(pa.concat_arrays(found)) if found else pa.array([], type=pa.large_string())


def _columns(table: Table, about: str) -> list[pd.Series]:
    by_field = {row.field: row.heading for row in table.proposals.itertuples() if row.field not in ("custom", "ignore")}
    names = _NAMES[about] if table.object == about else _OF_OTHERS.get((table.object, about), ())
    found = [table.raw.frame[by_field[name]] for name in names if name in by_field]
    if table.object == about == "contacts" and all(half in by_field for half in _HALVES):
        first, last = (table.raw.frame[by_field[half]].str.strip() for half in _HALVES)
        found += [first + " " + last, last + " " + first]
    return found


def _distinct_names(column: pd.Series) -> pa.Array:
    """Distinct names without case, commas and doubled spaces."""
    texts = pc.unique(pa.array(column.astype("str"), type=pa.large_string()))
    texts = pc.replace_substring_regex(pc.utf8_lower(texts), r"[\s,]+", " ")
    texts = pc.unique(pc.utf8_trim_whitespace(texts))
    return texts.filter(pc.greater(pc.utf8_length(texts), 0))
