"""From decided sheets to who survived: the tables that a plan is built from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from pb2hl.errors import Problem
from pb2hl.matching import domains, evidence, sheets, survivorship
from pb2hl.matching.given import Given, given
from pb2hl.matching.staged import CompanyEvidence


@dataclass(frozen=True)
class Merges:
    """Who survived.

    `contacts` and `companies`: staged tables with one row a survivor and the columns `merged_ids` (source ids, its own
    first) and `unshown` (JSON list of {source_id, field, value}). Contacts also have `company_source_id` ("" for nobody's:
    `Unassigned`) and `company_why`; companies have `derived` (True for a company that only contacts name, source id
    `name:<words>`), and `parent_id` is the surviving parent's source id. `survivor_of`: by object, every source id's
    survivor. `domain_of`: canonical domain by surviving company. `company_of_domain`: the one company that has a domain.
    """

    contacts: pd.DataFrame
    companies: pd.DataFrame
    survivor_of: Mapping[str, Mapping[str, str]]
    domain_of: Mapping[str, str]
    company_of_domain: Mapping[str, str]
    problems: tuple[Problem, ...] = field(default=())


def decided_merges(
    contacts: pd.DataFrame,
    companies: pd.DataFrame,
    duplicates_sheet: pd.DataFrame,
    companies_sheet: pd.DataFrame,
    survivorship_sheet: pd.DataFrame | None = None,
) -> Merges:
    """Apply the decisions of the sheets to the staged tables. Only rows decided `merge` merge; undecided ones stay apart.

    Raises SheetError with every problem of the sheets at once.
    """
    contacts = contacts if "source_id" in contacts.columns else pd.DataFrame({"source_id": pd.Series(dtype="str")})
    found = CompanyEvidence.of(contacts, companies)
    sheets.require_valid(
        {"duplicates": duplicates_sheet, "companies": companies_sheet},
        {
            "duplicates": set(contacts["source_id"].astype(str).tolist()),
            "companies": set(found.companies["source_id"].astype(str).tolist()),
        },
    )
    of_company = sheets.survivors(companies_sheet)
    of_contact = sheets.survivors(duplicates_sheet)
    merged, problems = _companies(found, companies_sheet, of_company, survivorship_sheet)
    domain_of = _domain_of(found, companies_sheet, of_company, merged)
    by_domain = company_of_domain(found, of_company, domain_of)
    linked = contacts.copy()
    linked["company_source_id"], linked["company_why"] = _companies_of(found, of_company, by_domain)
    people = _contacts(linked, of_contact, survivorship_sheet, given(duplicates_sheet, of_contact))
    survivor_of = {
        "contacts": _complete(contacts, of_contact),
        "companies": _complete(found.companies, of_company),
    }
    return Merges(people, merged, survivor_of, domain_of, by_domain, tuple(problems))


def _complete(frame: pd.DataFrame, survivors: Mapping[str, str]) -> dict[str, str]:
    return {source_id: survivors.get(source_id, source_id) for source_id in frame["source_id"].astype(str).tolist()}


def _contacts(
    linked: pd.DataFrame, survivor_of: Mapping[str, str], sheet: pd.DataFrame | None, chosen_of: Given
) -> pd.DataFrame:
    rules = sheets.chosen_rules(
        sheet, "contacts", [name for name in linked.columns if not name.startswith("company_w")]
    )
    rules.pop("company_source_id", None)
    merged = survivorship.merge(linked, survivor_of, rules, chosen_of)
    company = dict(
        zip(
            linked["source_id"].astype(str).tolist(),
            zip(linked["company_source_id"].tolist(), linked["company_why"].tolist(), strict=True),
            strict=True,
        )
    )
    chosen = [
        next(
            (company[item] for item in (*_company_first(chosen_of.get(ids[0], {})), *ids) if company[item][0]), ("", "")
        )
        for ids in merged["merged_ids"]
    ]
    merged["company_source_id"] = [source_id for source_id, _ in chosen]
    merged["company_why"] = [why for _, why in chosen]
    return merged


def _company_first(chosen: Mapping[str, str]) -> list[str]:
    """The row that a person took the company from."""
    return [chosen[field] for field in ("company_id", "company_name") if field in chosen]


def _companies(
    found: CompanyEvidence, sheet: pd.DataFrame, survivor_of: Mapping[str, str], rules_sheet: pd.DataFrame | None
) -> tuple[pd.DataFrame, list[Problem]]:
    rules = sheets.chosen_rules(rules_sheet, "companies", list(found.companies.columns))
    rules.pop("derived", None)
    names = _survivor_cells(sheets.merged_or_alone(sheet, survivor_of), survivor_of, "canonical_name")
    merged = survivorship.merge(found.companies, survivor_of, rules, given(sheet, survivor_of), names)
    own = merged["source_id"].astype(str).tolist()
    parent, problems, cycles = evidence.parents(found.companies, dict(survivor_of))
    name_of = dict(zip(own, merged["name"].fillna("").astype(str).tolist(), strict=True))
    edited = _survivor_cells(sheet, survivor_of, "parent_id")
    for child in own:
        chosen = edited.get(child, "")
        target = survivor_of.get(chosen, chosen)
        if target in name_of and target != child and child not in parent:
            parent[child] = target
    unfound, itself = _parents_as_given(merged, merged["source_id"].astype(str))
    merged["parent_id"] = pd.Series([parent.get(source_id) for source_id in own], dtype="str")
    left_out = {**itself, **dict(zip(cycles["source_id"], cycles["parent_left_out"], strict=True))}
    shown = {**unfound, **{child: name_of.get(target, "") for child, target in parent.items()}}
    merged["parent_name"] = pd.Series([shown.get(item) if item not in left_out else None for item in own], dtype="str")
    merged["parent_left_out"] = pd.Series([left_out.get(source_id) for source_id in own], dtype="str")
    return merged, problems


def _parents_as_given(companies: pd.DataFrame, own: pd.Series) -> tuple[dict[str, str], dict[str, str]]:
    """(texts of parents by company as the export has them, those of companies that name themselves)."""
    blank = pd.Series("", index=companies.index)
    id_, name, self_name = (
        companies.get(column, blank).astype("str").fillna("") for column in ("parent_id", "parent_name", "name")
    )
    given = name.where(name.str.strip() != "", id_).str.strip()
    same = (given == own) | (given.str.casefold() == self_name.str.casefold())
    texts = dict(zip(own.tolist(), given.tolist(), strict=True))
    return {item: text for item, text in texts.items() if text}, {
        item: texts[item] for item in own[same] if texts[item]
    }


def _survivor_cells(sheet: pd.DataFrame, survivor_of: Mapping[str, str], column: str) -> dict[str, str]:
    """Non-empty cells of `column` in the rows of surviving companies."""
    return {
        str(source_id): str(cell).strip()
        for source_id, cell in zip(sheet["source_id"].tolist(), sheet[column].tolist(), strict=True)
        if survivor_of.get(str(source_id), str(source_id)) == str(source_id) and str(cell).strip()
    }


def _domain_of(
    found: CompanyEvidence, sheet: pd.DataFrame, survivor_of: Mapping[str, str], merged: pd.DataFrame
) -> dict[str, str]:
    chosen = _survivor_cells(sheets.merged_or_alone(sheet, survivor_of), survivor_of, "canonical_domain")
    result = {}
    for source_id, members in zip(merged["source_id"].astype(str), merged["merged_ids"], strict=True):
        own = [domain for member in members for domain in found.domains.get(member, [])[:1]]
        domain = domains.company_domain(chosen.get(source_id, "")) or (own[0] if own else "")
        if domain:
            result[source_id] = domain
    return result


def company_of_domain(
    found: CompanyEvidence, survivor_of: Mapping[str, str], domain_of: Mapping[str, str]
) -> dict[str, str]:
    """The company of each domain that exactly one surviving company has, in its own fields or as its canonical domain."""
    owners: dict[str, set[str]] = defaultdict(set)
    for source_id, own in evidence.own_domains(found.companies).items():
        for domain in own:
            owners[domain].add(survivor_of.get(source_id, source_id))
    for source_id, domain in domain_of.items():
        owners[domain].add(source_id)
    return {domain: min(having) for domain, having in sorted(owners.items()) if len(having) == 1}


def _companies_of(
    found: CompanyEvidence, survivor_of: Mapping[str, str], by_domain: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    company = [survivor_of.get(item, item) for item in found.linked["company"].tolist()]
    why = found.linked["why"].tolist()
    for at, candidates in enumerate(found.linked["candidates"].tolist()):
        if not candidates:
            continue
        remaining = {survivor_of.get(item, item) for item in candidates}
        if len(remaining) == 1:
            company[at], why[at] = remaining.pop(), "company name"
    for at, domain in enumerate(found.linked["domain"].tolist()):
        if not company[at] and domain in by_domain:
            company[at], why[at] = by_domain[domain], "e-mail domain"
    return company, why
