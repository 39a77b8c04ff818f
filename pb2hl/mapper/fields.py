"""The fields sheet: one row a source column, and how staging reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from pb2hl.mapper.custom import KINDS, Declared, canonical_label, declaration, declared, infer
from pb2hl.mapper.propose import propose_fields
from pb2hl.mapper.sheets import blank, merge, prefill
from pb2hl.mapper.signals import signals
from pb2hl.model import OBJECTS, FieldKind

EXAMPLES = 3


def fields_sheet(tables: Sequence[tuple[Any, str]], threshold: float = 0.8) -> pd.DataFrame:
    """The fields sheet for raw tables and the object of each: `[(RawTable, "contacts"), …]`.

    Proposals of at least `threshold` (0-1) are filled in as decided by `proposal`. What `custom_fields` declares gives
    labels, types and options.
    """
    known = [row for raw, object_ in tables if object_ == "custom_fields" for row in declared(raw.frame)]
    rows = [row for raw, object_ in tables if object_ in OBJECTS for row in _rows(raw, object_, known)]
    return prefill(blank("fields", rows), threshold)


def merge_fields(new: pd.DataFrame, old: pd.DataFrame | None) -> pd.DataFrame:
    """`new` with the decisions of `old` that still apply (see `pb2hl.mapper.sheets.merge`)."""
    return merge("fields", new, old)


def _rows(raw: Any, object_: str, known: Sequence[Declared]) -> list[dict[str, object]]:
    proposed = propose_fields(raw, object_)
    takes = OBJECTS[object_].takes_custom_fields
    labels: dict[str, str] = {}
    rows = []
    for at, found in enumerate(proposed.itertuples(index=False)):
        values = raw.frame.iloc[:, at]
        texts = values[values.str.strip() != ""] if len(values) else values
        declares = declaration(known, object_, found.heading) if takes else None
        row = {
            "object": object_, "file": raw.file, "sheet": raw.sheet, "column": found.heading,
            "examples": " | ".join(dict.fromkeys(text[:60] for text in texts.head(200).drop_duplicates().head(EXAMPLES))),
            "fill": round(len(texts) / len(values), 4) if len(values) else 0, "distinct": int(texts.nunique()),
            "target": found.target if found.field not in ("custom", "ignore") else found.field,
            "proposal": found.field, "confidence": found.confidence, "reason": found.reason,
        }  # fmt: skip
        if declares and found.confidence < 0.9:
            row |= {"proposal": "custom", "confidence": 0.97, "target": "custom", "reason": "declared in custom_fields"}
        if row["proposal"] == "custom":
            row |= _custom(found.heading, values, declares, labels, takes)
        rows.append(row)
    return rows


def _custom(
    heading: str, values: pd.Series, declares: Declared | None, labels: dict[str, str], takes: bool
) -> dict[str, object]:
    label = canonical_label(labels, (declares.label if declares else heading).strip())
    labels[heading] = label
    if not takes:
        return {"label": label, "type": "TEXT"}
    inferred, why = infer(values, signals(values))
    data_type = (declares.data_type if declares else "") or inferred
    facts: dict[str, object] = {"label": label, "type": data_type}
    if declares:
        facts["options"] = " | ".join(declares.options)
        note = (
            "deprecated there, but filled: still moved"
            if declares.deprecated and (values.str.strip() != "").any()
            else ""
        )
        facts |= {"comment": note} if note else {}
    else:
        facts["transform"] = ""
        facts["comment"] = f"type from its values: {why}"
    return facts


def assignment(
    sheet: pd.DataFrame, raw: Any, object_: str
) -> tuple[dict[str, str], dict[str, str], dict[str, FieldKind]]:
    """How staging reads one raw table: (fields, labels, types) by heading, as `source.Assigned` takes them.

    The decision counts; a column nobody has decided is staged as custom, so that no cell is lost meanwhile. When two
    columns are decided for one canonical field, the first keeps it (`undecided` names the clash).
    """
    rows = sheet[(sheet["object"] == object_) & (sheet["file"] == raw.file) & (sheet["sheet"] == raw.sheet)]
    by_heading = {row.column: row for row in rows.itertuples(index=False)}
    fields: dict[str, str] = {}
    labels: dict[str, str] = {}
    types: dict[str, FieldKind] = {}
    for heading in raw.headings:
        row = by_heading.get(heading)
        decision = (row.decision.strip() if row is not None else "") or "custom"
        names = OBJECTS[object_].field_names
        if decision not in ("custom", "ignore") and (decision not in names or decision in fields.values()):
            decision = "custom"
        fields[heading] = decision
        if decision == "custom":
            labels[heading] = canonical_label(labels, (row.label.strip() if row is not None else "") or heading)
            types[heading] = KINDS.get(row.type.strip() if row is not None else "", FieldKind.TEXT)
    return fields, labels, types
