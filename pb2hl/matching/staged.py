"""Staged contacts and companies as tables to match."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pb2hl.matching import evidence
from pb2hl.matching.api import find_duplicates, match_companies
from pb2hl.matching.matches import Matches
from pb2hl.matching.rules import DOUBTFUL
from pb2hl.progress import SILENT, Cancel, Progress

_CONTACT_KINDS = {
    "first_name": "given_name",
    "last_name": "surname",
    "full_name": "full_name",
    "email": "email",
    "email_2": "email",
    "more_emails": "email",
    "phone": "phone",
    "mobile": "phone",
    "company": "organisation",
    "address_1": "address",
    "city": "city",
    "postal_code": "postcode",
    "birthday": "birth_date",
}
_COMPANY_KINDS = {
    "name": "organisation",
    "domain": "domain",
    "second_domain": "domain",
    "phone": "phone",
    "address_1": "address",
    "city": "city",
    "postal_code": "postcode",
}


@dataclass(frozen=True)
class CompanyEvidence:
    """All companies (rows and derived ones), what contacts they have, and their domains by evidence, best first."""

    companies: pd.DataFrame
    linked: pd.DataFrame
    domains: dict[str, list[str]]

    @classmethod
    def of(cls, contacts: pd.DataFrame, companies: pd.DataFrame) -> CompanyEvidence:
        """The evidence in the staged tables."""
        every = evidence.with_derived(companies, contacts)
        linked = evidence.companies_of_contacts(contacts, every)
        return cls(every, linked, evidence.canonical_domains(every, linked))


def match_staged_contacts(
    contacts: pd.DataFrame,
    found: CompanyEvidence,
    *,
    threshold: float,
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
) -> Matches:
    """Duplicates among staged contacts; the result is indexed by source id."""
    frame = pd.DataFrame(
        {
            name: evidence.text_column(contacts, name)
            for name in _CONTACT_KINDS
            if name not in ("more_emails", "company")
        }
    )
    frame["more_emails"] = _first_more(contacts)
    names = dict(zip(found.companies["source_id"], evidence.text_column(found.companies, "name"), strict=True))
    frame["company"] = [names.get(company, "") for company in found.linked["company"]]
    frame.index = pd.Index(evidence.text_column(contacts, "source_id"), name="source_id")
    return find_duplicates(
        frame, _CONTACT_KINDS, threshold=threshold, doubtful=DOUBTFUL, progress=progress, cancel=cancel
    )


def match_staged_companies(
    found: CompanyEvidence, *, threshold: float, progress: Progress = SILENT, cancel: Cancel | None = None
) -> Matches:
    """Which companies are one; the result is indexed by source id."""
    companies = found.companies
    frame = pd.DataFrame(
        {name: evidence.text_column(companies, name) for name in _COMPANY_KINDS if "domain" not in name}
    )
    frame["domain"], frame["second_domain"] = evidence.domain_columns(found.domains, companies["source_id"])
    frame.index = pd.Index(evidence.text_column(companies, "source_id"), name="source_id")
    return match_companies(
        frame, _COMPANY_KINDS, threshold=threshold, doubtful=DOUBTFUL, progress=progress, cancel=cancel
    )


def _first_more(contacts: pd.DataFrame) -> pd.Series:
    if "more_emails" not in contacts.columns:
        return pd.Series("", index=contacts.index, dtype=object)
    return contacts["more_emails"].map(lambda found: str(found[0]) if hasattr(found, "__len__") and len(found) else "")
