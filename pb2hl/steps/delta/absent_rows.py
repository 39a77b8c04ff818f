"""Rows that were loaded and that a later export lacks: what still names them means the loaded record, so nothing is made anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from pb2hl.ledger import LedgerPort
from pb2hl.matching.sheets import SHEETS, survivors
from pb2hl.plan import Gone, PlanInputs
from pb2hl.sheets import table_rows
from pb2hl.source.lookup import How, Index
from pb2hl.steps.delta import known_people
from pb2hl.steps.delta.known_rows import known_rows
from pb2hl.steps.proposal.unsettled import settled
from pb2hl.workspace import Workspace

SHARERS = "activities"
"""Rows that may share a record with others (policy `activity_notes`)."""


def gone(ws: Workspace, second: Workspace, ledger: LedgerPort) -> dict[str, Gone]:
    """By object: the loaded rows that the later export in `second` lacks, as earlier exports had them."""
    found = {}
    for object_ in known_people.TARGET_OF:
        known = known_rows(ws, object_)
        if known.empty:
            continue
        there = set(known_people.ids_of(second, object_))
        missing = known[~known["source_id"].astype(str).isin(there)]
        owner = known_people.owners(
            ws, ledger, object_, missing["source_id"].astype(str), _merged_rows(ws, ledger, object_)
        )
        rows = missing[missing["source_id"].astype(str).isin(owner)].reset_index(drop=True)
        if len(rows):
            found[object_] = Gone(rows, owner)
    return found


def with_sharers(inputs: PlanInputs, ws: Workspace) -> PlanInputs:
    """`inputs` with the activities that this export lacks and that stand in a note with others that it has: the note keeps them."""
    staged = inputs.staged.get(SHARERS, pd.DataFrame())
    there = set(staged["source_id"].astype(str)) if len(staged) else set()
    living = {note for one, note in inputs.noted.items() if one in there}
    lost = {one for one, note in inputs.noted.items() if note in living} - there
    if not lost:
        return inputs
    known, cells = known_rows(ws, SHARERS), ws.table("not_converted")
    rows = known[known["source_id"].astype(str).isin(lost)].reset_index(drop=True)
    if len(cells):
        mine = cells[(cells["object"] == SHARERS) & cells["source_id"].astype(str).isin(lost)]
        inputs = replace(inputs, not_converted=pd.concat([inputs.not_converted, mine], ignore_index=True))
    return replace(inputs, gone={**inputs.gone, SHARERS: Gone(rows, {})})


def _merged_rows(ws: Workspace, ledger: LedgerPort, object_: str) -> dict[str, str]:
    """Merged rows → the row whose record they went to."""
    later = (ledger.recall(known_people.STANDING) or {}).get(object_, {})
    name = known_people.SHEET_OF.get(object_)
    return {**(survivors(ws.sheet(name, SHEETS[name])) if name else {}), **later}


def reconnected(inputs: PlanInputs, lost: Mapping[str, Gone]) -> PlanInputs:
    """`inputs` with references that dangle in this export only because their row is gone (`lost`) settled."""
    if not lost:
        return inputs
    indexes = {object_: Index(item.rows, item.owner) for object_, item in lost.items()}
    inputs = settled(inputs, indexes, How.DANGLING)
    inputs = _without_derived(inputs, indexes["companies"]) if "companies" in indexes else inputs
    return replace(inputs, gone=lost)


def _without_derived(inputs: PlanInputs, companies: Index) -> PlanInputs:
    """No company is derived from a name that a loaded company has: its contacts, and what names it beside them, mean that one."""
    merges, frame = inputs.merges, inputs.merges.companies
    if "derived" not in frame.columns:
        return inputs
    names = frame.loc[frame["derived"].fillna(False).astype(bool), ["source_id", "name"]]
    known = {row.source_id: found.source_id for row in table_rows(names) if (found := companies.find(row.name))}
    if not known:
        return inputs
    left = frame[~frame["source_id"].isin(known)].reset_index(drop=True)
    return replace(
        inputs,
        staged={name: _meaning(rows, "company_id", known) for name, rows in inputs.staged.items()},
        merges=replace(merges, contacts=_meaning(merges.contacts, "company_source_id", known), companies=left),
    )


def _meaning(frame: pd.DataFrame, column: str, known: Mapping[str, str]) -> pd.DataFrame:
    return frame.assign(**{column: frame[column].replace(known)}) if column in frame.columns else frame
