"""Keys that values show to be wrong: a parent that is the row itself, an owner whose keys never repeat or are contacts' ids."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from pb2hl.mapper.knowledge.text import terms
from pb2hl.mapper.proposer.structure import PLAIN, SURE_OVERLAP, Table
from pb2hl.model import OBJECTS


def correct_keys(tables: Sequence[Table]) -> None:
    """Take back what keys show to be wrong: a parent that is the row itself, an owner whose keys never repeat or are contacts' ids."""
    users = [table for table in tables if table.object == "users" and table.id_heading]
    contacts = [table for table in tables if table.object == "contacts" and table.id_heading]
    for table in tables:
        for heading in table.raw.headings:
            proposed = table.proposed(heading)
            if proposed == "parent_id" and table.id_heading and _is_own_id(table, heading):
                table.decide(heading, "custom", "custom", 0.85, "the same as the row's own id: no parent")
            elif proposed == "website" and table.id_heading and _leads_to_row(table, heading):
                table.decide(
                    heading, "custom", "custom", 0.85, "the row's own address in the old system: its id is in it"
                )
            elif proposed == "custom" and _is_upper(table, heading):
                table.decide(
                    heading,
                    "parent_id",
                    OBJECTS["companies"].meaning("parent_id"),
                    0.9,
                    "ids of other companies of this table",
                )
            elif proposed == "contact_id" and (whose := _whose(table, heading, contacts, tables)):
                field = ("author" if table.object == "notes" else "owner") if whose == "users" else "company_id"
                reason = f"its values are ids of {whose}, and none of a contact"
                table.decide(heading, field, OBJECTS[table.object].meaning(field), 0.9, reason)
            elif proposed == "contact_id" and _names_parts(table, heading):
                table.decide(heading, "custom", "ignore", 0.85, "says which side it was, and not who")
            elif proposed == "owner" and table.seen(heading).looks("code", "guid", "number", at_least=0.8):
                _correct_owner(table, heading, users, contacts)


def _leads_to_row(table: Table, heading: str) -> bool:
    """Whether each address of a column ends in the row's own id (`…/users/42.json`)."""
    frame = table.raw.frame[[heading, table.id_heading]].apply(lambda column: column.str.strip().str.casefold())
    told = [
        (url.rstrip("/").rpartition("/")[2], key)
        for url, key in frame.itertuples(index=False, name=None)
        if url and key
    ]
    return len(told) > 1 and all(last == key or last.startswith((f"{key}.", f"{key}?")) for last, key in told)


def _is_upper(table: Table, heading: str) -> bool:
    """Whether a column of companies that is called after a company holds ids of other companies of the same table."""
    said = set(terms(table.said(heading)))
    if table.object != "companies" or not table.id_heading or "company" not in said or _has_parent(table):
        return False
    values = table.values(heading)
    return bool(values) and values <= table.values(table.id_heading) and not _same_somewhere(table, heading)


def _has_parent(table: Table) -> bool:
    return bool((table.proposals["field"] == "parent_id").any())


def _same_somewhere(table: Table, heading: str) -> bool:
    own = table.raw.frame[table.id_heading].str.strip()
    return bool((table.raw.frame[heading].str.strip() == own).any())


def _whose(table: Table, heading: str, contacts: Sequence[Table], tables: Sequence[Table]) -> str:
    """Whose ids alone a reference to people holds: of companies, as customers that are firms (`Kundennr`), or of users (`idMembers`)."""
    values = [item for text in table.sample(heading) for item in (_LISTED.findall(text) if text[:1] == "[" else [text])]
    if not values or any(value in people.values(people.id_heading) for people in contacts for value in values):
        return ""
    for about, fields in (("companies", {"company_id"}), ("users", {"owner", "author"})):
        theirs = [other for other in tables if other.object == about and other is not table and other.id_heading]
        known = sum(any(value in other.values(other.id_heading) for other in theirs) for value in values)
        free = (fields & {*OBJECTS[table.object].field_names}) - set(table.proposals["field"])
        if free and known >= SURE_OVERLAP * len(values):
            return about
    return ""


_LISTED = re.compile(r"[^\[\]\",\s]+")
"""An item of a list of ids in a cell."""


def _names_parts(table: Table, heading: str) -> bool:
    """Whether a reference to people only says what they are in it (`sender`: Customer, Agent): nobody is called so."""
    values = table.sample(heading)
    return 0 < len(values) <= _SIDES and all(set(terms(text)) <= _PARTIES for text in values)


_PARTIES = frozenset({"contact", "owner", "user", "company", "system", "bot", "agent", "staff", "admin"})
_SIDES = 4
"""What sides of a conversation are called, and how many there are at most."""


def find_own_keys(tables: Sequence[Table]) -> None:
    """Propose the ids of tables of people that are called like an owner, before others are seen to refer to them."""
    for table in tables:
        _find_own(table, tables)


def find_handles(tables: Sequence[Table]) -> None:
    """Propose as the id of users what others call them by (initials, logins), where neither their names nor their e-mails do."""
    meant = {
        value
        for table in tables
        for heading in table.raw.headings
        if table.proposed(heading) in ("owner", "author", "timekeeper") and table.object != "users"
        for value in table.sample(heading)
    }
    for users in tables:
        if users.object != "users" or not meant:
            continue
        known = {name: len(meant & users.values(name)) for name in users.raw.headings}
        told = max((known[name] for name in known if users.proposed(name) in ("id", "name", "email")), default=0)
        each = [name for name in known if len(users.values(name)) == len(users.raw.frame)]
        best = max(
            (name for name in each if users.proposed(name) in ("custom", "ignore")), key=lambda n: known[n], default=""
        )
        if best and not told and known[best] >= SURE_OVERLAP * len(meant):
            for heading in users.raw.headings:
                if users.proposed(heading) == "id":
                    users.decide(heading, "custom", "custom", 0.85, f"an id too, but other tables name {best!r}")
            users.decide(best, "id", OBJECTS["users"].meaning("id"), 0.9, "other tables call their owners so")


def find_called(tables: Sequence[Table]) -> None:
    """Propose as the name of companies the column by which other tables call them (`Shown as`), where none uses their name."""
    meant = {
        value
        for table in tables
        for heading in table.raw.headings
        if table.proposed(heading) in ("company_name", "company_id") and table.object != "companies"
        for value in table.sample(heading)
    }
    companies = [table for table in tables if table.object == "companies"]
    if len(companies) != 1 or not meant:
        return
    (table,) = companies
    named = [name for name in table.raw.headings if table.proposed(name) == "name"]
    used = [
        name
        for name in table.raw.headings
        if table.proposed(name) in ("id", "name", "domain") and meant & table.values(name)
    ]
    called = [
        name
        for name in table.raw.headings
        if table.proposed(name) == "custom"
        and len(table.values(name)) == len(table.raw.frame)
        and len(meant & table.values(name)) >= SURE_OVERLAP * len(meant)
        and not all(map(PLAIN.fullmatch, table.values(name)))
    ]
    if len(named) == len(called) == 1 and not used:
        spec = OBJECTS["companies"].meaning("name")
        table.decide(
            named[0], "custom", "custom", 0.85, f"a name too, but other tables call companies as in {called[0]!r}"
        )
        table.decide(called[0], "name", spec, 0.88, "other tables call companies so, and never by their other name")


def _find_own(table: Table, tables: Sequence[Table]) -> None:
    """Propose as a table of people's own id what is called like an owner (`担当者ID` of the clients' staff), where each has one of its
    own and another table's column holds them."""
    if table.object != "contacts" or table.id_heading:
        return
    for heading in table.raw.headings:
        values = table.sample(heading)
        each = bool(values) and len(values) == table.filled(heading) == len(table.raw.frame)
        if table.proposed(heading) != "owner" or not each or all(map(PLAIN.fullmatch, values)):
            continue
        own = table.values(heading)
        pairs = ((other, name) for other in tables if other is not table for name in other.raw.headings)
        where = [other.raw.sheet or other.raw.file for other, name in pairs if _holds(other.sample(name), own)]
        if where:
            reason = f"no value repeats, and other tables hold its values ({', '.join(dict.fromkeys(where))})"
            table.decide(heading, "id", OBJECTS["contacts"].meaning("id"), 0.9, reason)
            return


def _holds(values: Sequence[str], own: Collection[str]) -> bool:
    known = sum(value in own for value in values)
    return known >= _LEAST_OWNED and known >= SURE_OVERLAP * len(values)


def _is_own_id(table: Table, heading: str) -> bool:
    frame = table.raw.frame
    filled = frame[heading].str.strip() != ""
    return bool(filled.any()) and bool(
        (frame[heading].str.strip() == frame[table.id_heading].str.strip())[filled].all()
    )


def _correct_owner(table: Table, heading: str, users: Sequence[Table], contacts: Sequence[Table]) -> None:
    values = table.sample(heading)
    if not values or any(value in other.values(other.id_heading) for other in users for value in values[:50]):
        return
    people = [other for other in contacts if other is not table]
    named = "contact_id" in OBJECTS[table.object].field_names and not (table.proposals["field"] == "contact_id").any()
    theirs = sum(any(value in other.values(other.id_heading) for other in people) for value in values)
    if named and theirs >= SURE_OVERLAP * len(values) and not all(map(PLAIN.fullmatch, values)):
        table.decide(
            heading, "contact_id", "contactId", 0.85, f"{theirs / len(values):.0%} of its values are ids of contacts"
        )
    elif table.filled(heading) >= _LEAST_OWNED and len(values) == table.filled(heading):
        table.decide(
            heading,
            "custom",
            "custom",
            0.7,
            "called like an owner, but each record has one of its own and no table knows them",
        )


_LEAST_OWNED = 3
"""Records from which keys of owners that never repeat show that they are keys of the records."""
