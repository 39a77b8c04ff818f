"""References that staging could not settle and that more is known of now: rows that became one record, rows that an earlier export had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from pb2hl.model import OBJECTS, FieldKind
from pb2hl.plan import PlanInputs
from pb2hl.sheets import table_rows
from pb2hl.source.lookup import How, Index
from pb2hl.steps.shared.intake import REFERENCE


def of_merged(inputs: PlanInputs) -> PlanInputs:
    """`inputs` with references that were ambiguous only since rows have the same name which are one record now."""
    ambiguous = inputs.not_converted
    if ambiguous.empty or not ambiguous["reason"].astype(str).str.startswith(f"{How.AMBIGUOUS}{REFERENCE}").any():
        return inputs
    indexes = {
        name: Index(inputs.staged[name], inputs.merges.survivor_of[name])
        for name in ("contacts", "companies")
        if name in inputs.staged
    }
    return settled(inputs, indexes, How.AMBIGUOUS)


def settled(inputs: PlanInputs, indexes: Mapping[str, Index], how: How) -> PlanInputs:
    """`inputs` with what did not convert because of `how` settled where an index of the object that is meant finds one record."""
    settled_rows = _settled_rows(inputs.not_converted, indexes, how)
    staged = {name: _filled(frame, name, settled_rows) for name, frame in inputs.staged.items()}
    merges = replace(
        inputs.merges,
        contacts=_filled(inputs.merges.contacts, "contacts", settled_rows),
        companies=_filled(inputs.merges.companies, "companies", settled_rows),
    )
    left = inputs.not_converted.drop(index=settled_rows.index).reset_index(drop=True)
    return replace(inputs, staged=staged, merges=merges, not_converted=left)


def _settled_rows(unresolved: pd.DataFrame, indexes: Mapping[str, Index], how: How) -> pd.DataFrame:
    """The rows of not_converted whose reference means a record of `indexes`, with `means`: its source id."""
    kept, means = [], []
    if len(unresolved):
        targets = {(name, spec.name): spec.refers_to for name, item in OBJECTS.items() for spec in item.fields}
        open_ones = unresolved[unresolved["reason"].astype(str).str.startswith(f"{how}{REFERENCE}")]
        for at, row in zip(open_ones.index, table_rows(open_ones), strict=True):
            index = indexes.get(targets.get((row.object, row.field)) or "")
            if index is not None and (found := index.find(str(row.text))):
                kept.append(at)
                means.append(found.source_id)
    return unresolved.loc[kept].assign(means=means) if kept else unresolved.iloc[:0].assign(means="")


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
