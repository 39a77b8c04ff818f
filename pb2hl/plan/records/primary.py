"""Who is a company's primary contact: the flagged one, else the earliest; and whose deals it has: the flagged or only one's."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from pb2hl.model import CUSTOM_PREFIX
from pb2hl.plan.inputs.rows import Row, oldest_first, rows, text, texts
from pb2hl.plan.shared.context import Context
from pb2hl.values.fold import fold

_FLAG = re.compile(r"^(is )?(the )?(primary|main)( contact)?( flag| for company)?\??$")
_YES = frozenset({"true", "yes", "y", "1", "x", "t", "on", "ja", "oui"})


def _words(column: str) -> str:
    return fold(re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-.]+", " ", column.removeprefix(CUSTOM_PREFIX)))


def flag_column(contacts: pd.DataFrame) -> str:
    """The staged column of contacts that says `this one is primary`; "" when there is none."""
    return next((name for name in contacts.columns if name.startswith(CUSTOM_PREFIX) and _FLAG.match(_words(name))), "")


def named_column(records: pd.DataFrame) -> str:
    """The staged column of companies or deals that names their primary contact; "" when there is none."""
    return next(
        (
            name
            for name in records.columns
            if name.startswith(CUSTOM_PREFIX)
            and re.match(r"^(primary|main) contact( id| e-?mail| name)?$", _words(name))
        ),
        "",
    )


def primary_ids(ctx: Context) -> dict[str, str]:
    """Company source id → source id of its primary contact."""
    people, told = _people(ctx, ctx.table("contacts"))
    return {company: mine[0] for company, mine in people.items()} | told


def sure_ids(ctx: Context) -> dict[str, str]:
    """Company source id → source id of the contact whom its records mean where they name nobody: its only one, or who is called primary."""
    people, told = _people(ctx, ctx.table("contacts"))
    return {company: mine[0] for company, mine in people.items() if len(mine) == 1} | told


def earliest_ids(ctx: Context) -> dict[str, str]:
    """As `primary_ids`, with contacts that were loaded and are in this export no more."""
    people, told = _people(ctx, ctx.inputs.named("contacts"))
    return {company: mine[0] for company, mine in people.items()} | told


def _people(ctx: Context, contacts: pd.DataFrame) -> tuple[dict[str, list[str]], dict[str, str]]:
    """(company source id → its contacts, earliest first; company source id → the one that is called primary)."""
    flag = flag_column(contacts)
    found: dict[str, list[str]] = {}
    flagged: dict[str, str] = {}
    columns = ["source_id", "company_source_id", "company_id", "company_name", "created_at", *([flag] if flag else [])]
    for row in rows(oldest_first(contacts), columns):
        company = company_source_id(ctx, row)
        if not company:
            continue
        found.setdefault(company, []).append(row["source_id"])
        if flag and (row.get(flag) is True or text(row, flag).casefold() in _YES):
            flagged.setdefault(company, row["source_id"])
    return found, {**flagged, **_named(ctx)}


def _named(ctx: Context) -> dict[str, str]:
    companies = ctx.table("companies")
    column = named_column(companies)
    if not column:
        return {}
    found = {
        row["source_id"]: ctx.contacts.first(texts(row.get(column))).source_id
        for row in rows(companies, ["source_id", column])
    }
    return {company: contact for company, contact in found.items() if contact}


def company_source_id(ctx: Context, row: Row) -> str:
    """The surviving company of a contact row; "" when it has none."""
    given = text(row, "company_source_id")
    if given:
        return ctx.companies.find(given).source_id
    return ctx.companies.first([text(row, "company_id"), text(row, "company_name")]).source_id


def primary_labels(ctx: Context, ids: Mapping[str, str]) -> dict[str, str]:
    """Company source id → what the `Primary Contact` field says: `Jane Roe (jane@acme.com)`."""
    return {company: ctx.contact_labels[contact] for company, contact in ids.items() if contact in ctx.contact_labels}
