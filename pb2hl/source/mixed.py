"""One table that holds several objects, told apart by a column such as `Record Type`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from pb2hl.source.tables import Dropped, RawTable

PART = " · "
"""What stands between the name of a table and the value that a part of it is called after."""


def leave_out(table: RawTable, gone: pd.Series, reason: str) -> RawTable:
    """`table` without the rows of the mask `gone`, which are listed as dropped for `reason` with their cells."""
    mask = gone.to_numpy(dtype=bool)
    if not mask.any():
        return table
    frame = table.frame[~mask].reset_index(drop=True)
    return replace(
        table, frame=frame, rows=table.rows[~mask], dropped=(*table.dropped, *dropped_rows(table, mask, reason))
    )


def dropped_rows(table: RawTable, mask: np.ndarray, reason: str) -> list[Dropped]:
    """The rows of `mask` as they are listed among the dropped ones for `reason`."""
    headings = tuple(table.headings)
    return [
        Dropped(table.file, table.sheet, int(row), reason, tuple(str(cell) for cell in cells), headings)
        for row, cells in zip(table.rows[mask], table.frame[mask].itertuples(index=False, name=None), strict=True)
    ]


def split_by(table: RawTable, heading: str, object_of: Callable[[str], str]) -> list[RawTable]:
    """`table` as one table an object that values of `heading` name; the table itself unless two or more objects show.

    Values that name none are a part each. A part keeps the source's row numbers and the columns that it fills; its sheet is called
    after its values.
    """
    values = table.frame[heading].str.strip()
    known = {text: object_of(text) for text in values.unique() if text or object_of(text)}
    if len({name for name in known.values() if name}) < 2:
        return [table]
    parts: list[RawTable] = []
    for texts in _together({**known, "": known.get("", "")}):
        mask = values.isin(texts).to_numpy()
        if not mask.any():
            continue
        text = ", ".join(filter(None, texts))
        frame = table.frame[mask].reset_index(drop=True)
        headings = [name for name in table.headings if (frame[name].str.strip() != "").any()]
        first = not parts
        sheet = f"{table.sheet}{PART}{text}" if table.sheet else text or "(no type)"
        parts.append(
            RawTable(
                table.file,
                sheet,
                headings,
                frame[headings],
                table.rows[mask],
                table.problems if first else (),
                table.dropped if first else (),
            )
        )
    return parts


def _together(objects: Mapping[str, str]) -> list[list[str]]:
    """Values of one object together, in order of appearance; those of none each by itself."""
    found: dict[str, list[str]] = {}
    for value, object_ in objects.items():
        found.setdefault(object_ or f"{PART}{value}", []).append(value)
    return list(found.values())
