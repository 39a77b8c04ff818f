"""Fields that need a word before the mapping: deprecated ones, declared ones without values, and those HighLevel has no field for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pb2hl.mapper.proposer.custom import Declared, declaration, declared
from pb2hl.model import CUSTOM_PREFIX, OBJECTS
from pb2hl.sheets import table_rows

COLUMNS = ("object", "field", "state", "records", "why", "instead")
RECORDS = ("contacts", "companies", "deals")
MANY = "MULTIPLE_OPTIONS"


def fields_apart(fields: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a field (`COLUMNS`); `fields` is the fields sheet, `tables` the staged tables, `records` those it is filled in."""
    says = declared(tables.get("custom_fields", pd.DataFrame()))
    rows = [row for item in says if (row := _declared(item, tables))]
    for column in table_rows(fields[fields["object"].isin(RECORDS)]):
        rows += _own(column, tables, says)
    return pd.DataFrame(rows, columns=list(COLUMNS)).drop_duplicates(["object", "field", "state"], ignore_index=True)


def _declared(item: Declared, tables: Mapping[str, pd.DataFrame]) -> tuple | None:
    frame = tables.get(item.object, pd.DataFrame())
    names = [name for name in frame.columns if str(name).startswith(CUSTOM_PREFIX)]
    own = next((n for n in names if declaration([item], item.object, str(n).removeprefix(CUSTOM_PREFIX))), None)
    filled = int(frame[own].notna().sum()) if own is not None else 0
    if item.deprecated:
        instead = "a custom field, unless its decision in the fields sheet is ignore" if filled else "nothing to move"
        return item.object, item.label, "deprecated", filled, "the export calls it deprecated", instead
    if own is None and item.object in RECORDS:
        return (
            item.object,
            item.label,
            "without values",
            0,
            "declared, but no column of the export holds it",
            "an empty custom field",
        )
    return None


def _own(column: Any, tables: Mapping[str, pd.DataFrame], says: list[Declared]) -> list[tuple]:
    """A column that has no standard field in HighLevel, or whose type a business cannot hold."""
    frame, rows = tables.get(column.object, pd.DataFrame()), []
    spec = OBJECTS[column.object]
    known = column.decision in spec.field_names
    name = column.decision if known else f"{CUSTOM_PREFIX}{column.label or column.column}"
    filled = int(frame[name].notna().sum()) if name in frame.columns else 0
    if known and filled and not spec.field(column.decision).in_standard:
        rows.append(
            (
                column.object,
                column.column,
                "unsupported",
                filled,
                f"HighLevel has no standard field for {column.decision}",
                f"a custom field: {spec.field(column.decision).place.removeprefix('custom field ')}",
            )
        )
    said = declaration(says, column.object, column.column)
    if column.object == "companies" and filled and MANY in (column.type, said.data_type if said else ""):
        rows.append(
            (
                column.object,
                column.column,
                "unsupported type",
                filled,
                "businesses keep no field of several options",
                "a text field with all of them",
            )
        )
    return rows
