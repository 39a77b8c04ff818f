"""What people chose of a merged record field by field: the column `gives` of a match sheet, which names what a row gives to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from pb2hl.matching.survivorship import taken_along
from pb2hl.model import CUSTOM_PREFIX, OBJECTS
from pb2hl.values.consents import FIELDS as CONSENTS

GIVES = "gives"
"""The column. Sheets of earlier versions lack it: nothing was chosen in them."""
_BETWEEN = "|"
Given = Mapping[str, Mapping[str, str]]
"""Survivor's source id → field → source id of the row that it is taken from."""


def fields_of(cell: str) -> list[str]:
    """The fields that a cell of the column names."""
    return [field for part in cell.split(_BETWEEN) if (field := part.strip())]


def cell_of(fields: list[str]) -> str:
    """The cell that names `fields`."""
    return f" {_BETWEEN} ".join(fields)


def may_be_given(field: str, object_: str) -> bool:
    """Whether a person may say from which row a merged record takes `field`: a refusal of any row stands whatever is chosen."""
    known = field in OBJECTS[object_].field_names or field.startswith(CUSTOM_PREFIX)
    return known and field not in CONSENTS and _BETWEEN not in field


def given(sheet: pd.DataFrame, survivor_of: Mapping[str, str]) -> Given:
    """What the rows that merge give, by survivor; `survivor_of` as of `sheets.survivors`."""
    found: dict[str, dict[str, str]] = {}
    if GIVES in sheet.columns:
        for source_id, cell in zip(sheet["source_id"].astype(str), sheet[GIVES].fillna("").astype(str), strict=True):
            for field in fields_of(cell) if source_id in survivor_of else ():
                found.setdefault(survivor_of[source_id], {})[field] = source_id
    return found


def wrong(sheet: pd.DataFrame, merging: pd.Series, object_: str) -> Iterator[tuple[int, str]]:
    """(row from 0, what is wrong with its `gives`) of a sheet; `merging`: rows decided to merge."""
    taken: dict[tuple[str, tuple[str, ...]], int] = {}
    for at, (cluster, cell) in enumerate(
        zip(sheet["cluster"], sheet.get(GIVES, pd.Series("", sheet.index)), strict=True)
    ):
        for field in fields_of(str(cell)):
            if not may_be_given(field, object_):
                yield at, f"{field!r} is no field of {object_} that one row can give to the merged record"
            elif merging.iloc[at] and taken.setdefault((str(cluster), taken_along(field)), at) != at:
                yield (
                    at,
                    f"{field} is given by row {taken[str(cluster), taken_along(field)] + 2} already; one row gives it",
                )
