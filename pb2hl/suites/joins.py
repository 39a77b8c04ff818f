"""Checks across tables, in a suite's JSON: what a record refers to stands beside it as columns of the same table.

    "meta": {"object": "deals", "join": [{"table": "contacts", "by": "contact_id", "as": "contact"}]}

gives rules on deals the columns `contact.country`, `contact.created_at`, … and `contact.found`. `to` is the column of the other
table that `by` names, `source_id` unless said otherwise. After the load, `staged.<object>` is the export's own table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

FOUND = "found"
_KEYS = {"table", "by", "to", "as"}


@dataclass(frozen=True)
class Join:
    """One other table beside the suite's own: its rows whose `to` is what `by` says, as columns `<name>.<column>`."""

    table: str
    by: str
    to: str = "source_id"
    name: str = ""

    @property
    def prefix(self) -> str:
        """What its columns begin with."""
        return f"{self.name or self.table}."


def parse(meta: Mapping[str, Any]) -> tuple[Join, ...]:
    """The joins that a suite's `meta` asks for; ValueError when they cannot be meant."""
    asked = meta.get("join", [])
    if not isinstance(asked, list):
        raise ValueError('"join" is a list of objects with "table" and "by"')
    found = []
    for item in asked:
        texts = isinstance(item, dict) and all(isinstance(value, str) and value for value in item.values())
        if not texts or not {"table", "by"} <= set(item) <= _KEYS:
            raise ValueError(
                f'a join is an object with "table" and "by", and "to" and "as" if need be; not {json.dumps(item)}'
            )
        found.append(Join(item["table"], item["by"], item.get("to", "source_id"), item.get("as", "")))
    return tuple(found)


def joined(
    frame: pd.DataFrame, joins: Sequence[Join], named: str, table: Callable[[str], pd.DataFrame | None]
) -> pd.DataFrame:
    """`frame` with the columns of other tables that `named` (the suite's text) mentions.

    Of a list of references the first counts. A key that two rows of the other table have is not found: nobody could say which.
    A table or column that is not there gives no columns, so that rules about them are broken.
    """
    parts = [frame]
    for join in joins:
        other = table(join.table)
        if other is None or join.by not in frame.columns or join.to not in other.columns:
            continue
        wanted = [name for name in other.columns if f"{join.prefix}{name}" in named]
        parts.append(_beside(frame[join.by], other, join, wanted))
    return pd.concat(parts, axis=1) if len(parts) > 1 else frame


def _beside(by: pd.Series, other: pd.DataFrame, join: Join, wanted: Sequence[str]) -> pd.DataFrame:
    keys, theirs = _key(by), _key(other[join.to])
    once = ~theirs.duplicated(keep=False) & theirs.ne("")
    place = pd.Series(range(len(other)), index=theirs)[once.to_numpy()]
    at = keys.map(place)
    found = at.notna()
    rows = other[list(wanted)].reset_index(drop=True).reindex(at.where(found, -1).astype("int64").to_numpy())
    rows.index = by.index
    rows.columns = [f"{join.prefix}{name}" for name in wanted]
    return rows.assign(**{f"{join.prefix}{FOUND}": found.astype("boolean").mask(keys.eq(""))})


def _key(column: pd.Series) -> pd.Series:
    first = column.map(_first) if column.dtype == object else column
    return first.astype("str").mask(first.isna(), "").str.strip()


def _first(value: Any) -> Any:
    if hasattr(value, "__len__") and not isinstance(value, str):
        return value[0] if len(value) else None
    return value
