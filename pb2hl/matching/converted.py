"""Leads that became contacts: the old system says which contact, so no likeness is asked for."""

from __future__ import annotations

import re

import pandas as pd

from pb2hl.matching.evidence import text_column
from pb2hl.matching.proposals import MERGE
from pb2hl.model import CUSTOM_PREFIX
from pb2hl.values.fold import fold_marks

_CONVERTED = re.compile(r"convert|konvert|umgewandelt|umwandl|geconverteerd|omgezet|transform|merged|master")
_CONTACT = re.compile(r"contact|contatt|contato|kontakt|person|master|merged|id$")
_LEAST = 0.5  # share of a column's filled cells that must be ids of other contacts
WHY = "converted into this contact in the old system"


def converted(contacts: pd.DataFrame) -> dict[str, str]:
    """{source id of a lead: source id of the contact that it became} of staged contacts."""
    ids = text_column(contacts, "source_id")
    known = set(ids)
    found: dict[str, str] = {}
    for column in contacts.columns:
        said = fold_marks(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(column).removeprefix(CUSTOM_PREFIX)))
        if not str(column).startswith(CUSTOM_PREFIX) or not (_CONVERTED.search(said) and _CONTACT.search(said)):
            continue
        values = text_column(contacts, column).str.strip()
        links = values.isin(known) & (values != ids)
        if links.sum() and links.sum() >= _LEAST * (values != "").sum():
            found |= dict(zip(ids[links], values[links], strict=True))
    return {lead: contact for lead, contact in found.items() if contact not in found}


def joined(proposed: pd.DataFrame, links: dict[str, str]) -> pd.DataFrame:
    """The proposals of `proposals.propose` with each lead of `links` (`converted`) in the cluster of its contact, which survives."""
    if not links:
        return proposed
    rows = proposed[~proposed["source_id"].isin(links)].copy()
    cluster_of = dict(zip(rows["source_id"], rows["cluster"], strict=True))
    more = []
    for contact in dict.fromkeys(links.values()):
        leads = [lead for lead, into in links.items() if into == contact]
        cluster = cluster_of.get(contact)
        if cluster is None:
            cluster = min(contact, *leads)
            more.append((contact, cluster, 1.0, "leads were converted into it", "yes", MERGE))
        else:
            inside = rows["cluster"] == cluster
            rows.loc[inside, "survivor"] = rows.loc[inside, "source_id"].map(
                lambda at, own=contact: "yes" if at == own else ""
            )
            rows.loc[rows["source_id"] == contact, "proposal"] = MERGE
        more += [(lead, cluster, 1.0, WHY, "", MERGE) for lead in leads]
    return pd.concat([rows, pd.DataFrame(more, columns=rows.columns)], ignore_index=True)
