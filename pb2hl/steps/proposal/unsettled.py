"""References that staging could not settle and that more is known of now: rows that became one record, rows that an earlier export had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd

from pb2hl.model import OBJECTS, FieldKind
from pb2hl.plan import PlanInputs
from pb2hl.sheets import table_rows
from pb2hl.source.lookup import Found, How, Index
from pb2hl.steps.shared.intake import REFERENCE

Means = Callable[[Any], str]
"""The source id of the record that a row of not_converted means as more is known; "" for none."""


def of_merged(inputs: PlanInputs) -> PlanInputs:
    """`inputs` with references that were ambiguous settled where the rows that are called so are one record now, or where the row
    names a company and only one of the people works there; and what names a company that only contacts name means that one."""
    firms = inputs.merges.companies
    if "derived" in firms.columns:
        derived = Index(firms[firms["derived"].fillna(False).astype(bool)])
        inputs = settled(inputs, {"companies": derived}, How.DANGLING)
    if not len(_open_ones(inputs.not_converted, How.AMBIGUOUS)):
        return inputs
    records = [name for name in ("contacts", "companies") if name in inputs.staged]
    indexes = {name: Index(inputs.staged[name], inputs.merges.survivor_of[name]) for name in records}
    firm_of, colleagues = _firms(inputs), _employers(inputs)
    survivors = inputs.merges.survivor_of.get("contacts", {})

    def means(row: Any) -> str:
        found = _found(indexes, row)
        if found or row.field != "contact_id":
            return found.source_id
        firm = firm_of(str(row.object)).get(str(row.source_id), "")
        there = {survivors.get(one, one) for one in found.candidates} & colleagues.get(firm, set())
        return there.pop() if len(there) == 1 else ""

    return _settled(inputs, How.AMBIGUOUS, means)


def _firms(inputs: PlanInputs) -> Callable[[str], dict[str, str]]:
    """By object: the surviving company that each of its rows names."""
    survivors = inputs.merges.survivor_of.get("companies", {})

    @cache
    def firms(object_: str) -> dict[str, str]:
        frame = inputs.staged[object_]
        if "company_id" not in frame.columns:
            return {}
        named = frame.loc[frame["company_id"].notna(), ["source_id", "company_id"]].astype(str)
        return {row: survivors.get(firm, firm) for row, firm in named.itertuples(index=False, name=None)}

    return firms


def _employers(inputs: PlanInputs) -> dict[str, set[str]]:
    """The surviving contacts of each surviving company."""
    people = inputs.merges.contacts
    found: dict[str, set[str]] = defaultdict(set)
    if "company_source_id" in people.columns:
        for one, firm in people[["source_id", "company_source_id"]].astype(str).itertuples(index=False, name=None):
            found[firm].add(one)
    found.pop("", None)  # nobody's
    return found


def settled(inputs: PlanInputs, indexes: Mapping[str, Index], how: How) -> PlanInputs:
    """`inputs` with what did not convert because of `how` settled where an index of the object that is meant finds one record."""
    return _settled(inputs, how, lambda row: _found(indexes, row).source_id)


def _found(indexes: Mapping[str, Index], row: Any) -> Found:
    index = indexes.get(_TARGETS.get((row.object, row.field)) or "")
    return index.find(str(row.text)) if index is not None else Found("", How.DANGLING)


_TARGETS = {(name, spec.name): spec.refers_to for name, item in OBJECTS.items() for spec in item.fields}


def _open_ones(unresolved: pd.DataFrame, how: How) -> pd.DataFrame:
    return (
        unresolved[unresolved["reason"].astype(str).str.startswith(f"{how}{REFERENCE}")]
        if len(unresolved)
        else unresolved
    )


def _settled(inputs: PlanInputs, how: How, means: Means) -> PlanInputs:
    rows = _open_ones(inputs.not_converted, how)
    rows = rows.assign(means=[means(row) for row in table_rows(rows)])
    rows = rows[rows["means"] != ""]
    staged = {name: _filled(frame, name, rows) for name, frame in inputs.staged.items()}
    merges = replace(
        inputs.merges,
        contacts=_filled(inputs.merges.contacts, "contacts", rows),
        companies=_filled(inputs.merges.companies, "companies", rows),
    )
    left = inputs.not_converted.drop(index=rows.index).reset_index(drop=True)
    return replace(inputs, staged=staged, merges=merges, not_converted=left)


def _filled(frame: pd.DataFrame, object_: str, settled_rows: pd.DataFrame) -> pd.DataFrame:
    mine = settled_rows[settled_rows["object"] == object_] if len(settled_rows) else settled_rows
    if not len(mine) or frame.empty:
        return frame
    frame, ids = frame.copy(), frame["source_id"].astype(str)
    lists = {spec.name for spec in OBJECTS[object_].fields if spec.kind == FieldKind.REFS}
    for field, rows in mine.groupby("field"):
        more = rows.groupby(rows["source_id"].astype(str))["means"].agg(list)
        values = frame[field].astype(object) if field in frame.columns else pd.Series(None, frame.index, dtype=object)
        for at in frame.index[ids.isin(more.index)]:
            there = values[at] if isinstance(values[at], list) or hasattr(values[at], "tolist") else []
            values[at] = [*there, *more[ids[at]]] if field in lists else more[ids[at]][0]
        frame[field] = values if field in lists else values.astype("str")
        if field == "company_id" and "company_source_id" in frame.columns:
            own = more.str[0].reindex(ids).to_numpy()
            frame["company_source_id"] = frame["company_source_id"].mask(pd.notna(own), pd.Series(own, frame.index))
    return frame
