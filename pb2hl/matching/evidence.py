"""What the staged tables say about companies: rows out of contacts' company names, domains by evidence, parents."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pb2hl.errors import Problem
from pb2hl.matching import domains
from pb2hl.matching.legal_forms import core_name
from pb2hl.matching.names import known_given_names
from pb2hl.values.counting import agree, counted
from pb2hl.values.fold import fold

DERIVED = "name:"
"""Prefix of the source id of a company that no company row gives, only the `company_name` of contacts."""

_PATH = re.compile(r"[/?#\\]")
_EVIDENCE = {"website": 3, "domain": 3, "email": 2}
"""How much a company's own fields count towards its domain; each of its contacts' e-mail addresses counts one."""


def text_column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Column `name` as trimmed text, "" where missing or where `frame` has no such column."""
    if name not in frame.columns:
        return pd.Series("", index=frame.index, dtype=object)
    if isinstance(frame[name].dtype, pd.StringDtype) and len(frame):
        return frame[name].fillna("").str.strip()
    return frame[name].astype(object).where(frame[name].notna(), "").map(str).str.strip()


def _texts(frame: pd.DataFrame, name: str) -> list[str]:
    """`text_column` as a list, which is walked in a tenth of the time."""
    return text_column(frame, name).tolist()


@dataclass(frozen=True)
class CompanyIndex:
    """Finds a company by what contacts and parents write: id, then exact name, then name without legal form."""

    by_id: dict[str, str]
    by_name: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, companies: pd.DataFrame) -> CompanyIndex:
        """The index over staged companies (columns source_id, name)."""
        by_id: dict[str, str] = {}
        by_name: dict[str, list[str]] = defaultdict(list)
        for source_id, name in zip(_texts(companies, "source_id"), _texts(companies, "name"), strict=True):
            by_id.setdefault(source_id, source_id)
            by_name[fold(name)].append(source_id)
            core = core_name(name)
            if core != fold(name):
                by_name[core].append(source_id)
        for source_id in list(by_id):
            short = source_id.lstrip("0")
            if short and short != source_id and not source_id.startswith("0x"):
                by_id.setdefault(short, source_id)
            by_id.setdefault(fold(source_id), source_id)
        by_name.pop("", None)
        return cls(by_id, {name: tuple(dict.fromkeys(found)) for name, found in by_name.items()})

    def with_id(self, value: str) -> str:
        """The company whose id is `value` (case, leading zeros and a spreadsheet's `.0` aside), or ""."""
        value = value.removesuffix(".0")
        return self.by_id.get(value) or self.by_id.get(fold(value)) or self.by_id.get(value.lstrip("0"), "")

    def with_name(self, value: str) -> tuple[str, ...]:
        """The companies named `value`: exactly, else without legal forms, else the one whose id stands where names do."""
        named = self.by_name.get(fold(value)) or self.by_name.get(core_name(value), ())
        return named or tuple(filter(None, (self.with_id(value),)))


def with_derived(companies: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """`companies` with a column `derived`, and one row more for each company that only contacts name.

    Names are grouped without case and legal form; the commonest spelling is kept. Their source id is `name:<words>`.
    """
    companies = companies.copy() if len(companies.columns) else pd.DataFrame({"source_id": pd.Series(dtype="str")})
    if "name" not in companies.columns:
        companies["name"] = pd.Series("", index=companies.index, dtype="str")
    companies["derived"] = False
    index = CompanyIndex.of(companies)
    pairs = pd.DataFrame({"id": text_column(contacts, "company_id"), "name": text_column(contacts, "company_name")})
    pairs.loc[pairs["name"] == "", "name"] = pairs["id"].where(
        pairs["id"].str.contains(r"[^\W\d_]{2}\s|\s[^\W\d_]{2}", regex=True), ""
    )
    pairs.loc[_of_themselves(contacts, pairs["name"]), "name"] = ""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for (given, name), count in Counter(zip(pairs["id"].tolist(), pairs["name"].tolist(), strict=True)).items():
        core = core_name(name)
        if core and not index.with_id(given) and not index.with_name(name):
            spellings[core][name] += count
    if not spellings:
        return companies
    rows = pd.DataFrame(
        {
            "source_id": [f"{DERIVED}{core}" for core in sorted(spellings)],
            "name": [
                min(spellings[core].items(), key=lambda item: (-item[1], item[0]))[0] for core in sorted(spellings)
            ],
            "derived": True,
        }
    )
    return pd.concat([companies, rows.reindex(columns=companies.columns)], ignore_index=True)


def _of_themselves(contacts: pd.DataFrame, companies: pd.Series) -> pd.Series:
    """Which contacts name themselves as their company: private customers in a column of customers, who are no company."""
    halves = text_column(contacts, "first_name") + " " + text_column(contacts, "last_name")
    said = companies.str.casefold()
    own = (said != "") & ((said == text_column(contacts, "full_name").str.casefold()) | (said == halves.str.casefold()))
    given = [name for name in companies[own].unique() if fold(name).partition(" ")[0] in known_given_names()]
    return own & companies.isin(given)


def companies_of_contacts(contacts: pd.DataFrame, companies: pd.DataFrame) -> pd.DataFrame:
    """For every contact the company its own cells name: columns company (source id or ""), why, domain (of its e-mail),
    candidates (the companies of an ambiguous name, tuple of source ids). Indexed like `contacts`.

    A name that several companies have is settled by the contact's e-mail domain, or left open.
    """
    index = CompanyIndex.of(companies)
    domain_of = {source_id: set(found) for source_id, found in own_domains(companies).items()}
    cells = pd.DataFrame(
        {
            "id": text_column(contacts, "company_id"),
            "name": text_column(contacts, "company_name"),
            "domain": _domains_of(text_column(contacts, "email")),
        }
    )
    found: dict[tuple[str, str, str], tuple[str, str, tuple[str, ...]]] = {}
    for given, name, domain in cells.drop_duplicates().itertuples(index=False, name=None):
        found[given, name, domain] = _named(index, domain_of, given, name, domain)
    keys = list(zip(*(cells[name].tolist() for name in ("id", "name", "domain")), strict=True))
    return pd.DataFrame(
        {
            "company": [found[key][0] for key in keys],
            "why": [found[key][1] for key in keys],
            "domain": cells["domain"].to_numpy(),
            "candidates": [found[key][2] for key in keys],
        },
        index=contacts.index,
    )


def _domains_of(addresses: pd.Series) -> pd.Series:
    """The company's own domain of each e-mail address, each distinct domain parsed once."""
    behind = [text if _PATH.search(text) else text.rpartition("@")[2] for text in addresses.tolist()]
    known = {text: domains.company_domain(text) for text in set(behind)}
    return pd.Series([known[text] for text in behind], index=addresses.index, dtype=object)


def _named(
    index: CompanyIndex, domain_of: dict[str, set[str]], given: str, name: str, domain: str
) -> tuple[str, str, tuple[str, ...]]:
    if given and (company := index.with_id(given)):
        return company, "company id", ()
    for label in (name, given):
        matches = index.with_name(label) if label else ()
        if len(matches) > 1:
            matches = tuple(item for item in matches if domain and domain in domain_of.get(item, ())) or matches
        if len(matches) == 1:
            return matches[0], "company name", ()
        if matches:
            return "", f"{counted(len(matches), 'company')} {agree(len(matches), 'has', 'have')} this name", matches
    return "", "", ()


def own_domains(companies: pd.DataFrame) -> dict[str, list[str]]:
    """The domains in each company's own fields (website, domain, e-mail), best first, freemail and hosted ones left out."""
    weights = _own_evidence(companies)
    return {source_id: [domain for domain, _ in _ranked(counts)] for source_id, counts in weights.items()}


def canonical_domains(companies: pd.DataFrame, linked: pd.DataFrame) -> dict[str, list[str]]:
    """Domains of each company by evidence, best first: its own fields, and every e-mail address of its contacts.

    `linked` is what `companies_of_contacts` gave.
    """
    weights = _own_evidence(companies)
    named = linked[(linked["company"] != "") & (linked["domain"] != "")]
    for (company, domain), count in Counter(
        zip(named["company"].tolist(), named["domain"].tolist(), strict=True)
    ).items():
        weights.setdefault(company, Counter())[domain] += count
    return {source_id: [domain for domain, _ in _ranked(counts)] for source_id, counts in weights.items()}


def _own_evidence(companies: pd.DataFrame) -> dict[str, Counter[str]]:
    ids = _texts(companies, "source_id")
    weights: dict[str, Counter[str]] = {source_id: Counter() for source_id in ids}
    for column, weight in _EVIDENCE.items():
        for source_id, cell in zip(ids, _texts(companies, column), strict=True) if column in companies else ():
            domain = domains.company_domain(cell) if cell else ""
            if domain:
                weights[source_id][domain] += weight
    return weights


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], len(item[0]), item[0]))


def parents(companies: pd.DataFrame, survivor_of: dict[str, str]) -> tuple[dict[str, str], list[Problem], pd.DataFrame]:
    """(parent of each surviving company that has one, problems, the cycles that were broken).

    From parent ids, else unique names. A parent that is the company itself (or was merged into it) is none.
    """
    found: dict[str, str] = {}
    dangling = 0
    columns = [_texts(companies, name) for name in ("source_id", "parent_id", "parent_name")]
    index = CompanyIndex.of(companies if any(columns[1]) or any(columns[2]) else companies.iloc[:0])
    for source_id, parent_id, parent_name in zip(*columns, strict=True):
        if not parent_id and not parent_name:
            continue
        named = index.with_name(parent_name or parent_id)
        parent = (index.with_id(parent_id) if parent_id else "") or (named[0] if len(named) == 1 else "")
        child, parent = survivor_of.get(source_id, source_id), survivor_of.get(parent, parent)
        dangling += not parent
        if parent and parent != child:
            found.setdefault(child, parent)
    cycles = _break_cycles(found)
    problems = []
    if dangling:
        problems.append(
            Problem("parent_missing", "the parent company is not in the export or its name is not unique", field="parent_id", count=dangling,
                    treatment="the company stands alone; what the export said is kept")
        )  # fmt: skip
    if len(cycles):
        problems.append(
            Problem("parent_cycle", "companies are their own ancestors", field="parent_id", count=len(cycles),
                    treatment="one link of each circle is left out")
        )  # fmt: skip
    return found, problems, cycles


def _break_cycles(parent: dict[str, str]) -> pd.DataFrame:
    """Take one link out of every circle of `parent` (in place): that of the circle's smallest id."""
    broken = []
    clear: set[str] = set()
    for start in sorted(parent):
        path: dict[str, int] = {}
        at = start
        while at in parent and at not in clear and at not in path:
            path[at] = len(path)
            at = parent[at]
        if at in path:
            circle = list(path)[path[at] :]
            child = min(circle)
            broken.append((" → ".join([*circle, circle[0]]), child, parent.pop(child)))
        clear |= set(path)
    return pd.DataFrame(broken, columns=["cycle", "source_id", "parent_left_out"])


def domain_columns(ranked: dict[str, list[str]], source_ids: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """(first, second) domain of each company, "" for none."""
    lists = [ranked.get(source_id, []) for source_id in source_ids]
    return (
        np.array([found[0] if found else "" for found in lists], dtype=object),
        np.array([found[1] if len(found) > 1 else "" for found in lists], dtype=object),
    )
