"""Rows of one table that belong to records of another → columns of that other table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from pb2hl.source.tables import RawTable

BETWEEN = "; "
"""What stands between several values of one record: every reader of lists in cells knows it."""


def gathered(keys: pd.Series, columns: pd.DataFrame) -> pd.DataFrame:
    """One row a key, in order of appearance: each column's different filled values, joined by `BETWEEN`. Blank keys are left out."""
    known = keys.str.strip()
    found = {}
    for heading in columns.columns:
        values = columns[heading].str.strip()
        pairs = pd.DataFrame({"key": known, "value": values})[(known != "") & (values != "")].drop_duplicates()
        several = pairs["key"].duplicated(keep=False)  # few: joining them is what takes time
        alone = pairs[~several].set_index("key")["value"]
        found[heading] = pd.concat([alone, pairs[several].groupby("key", sort=False)["value"].agg(BETWEEN.join)])
    order = known[known != ""].drop_duplicates()
    return pd.DataFrame(found).reindex(order.to_list()).fillna("").astype("str")


def spread(columns: pd.DataFrame, kinds: pd.Series, *, whole: bool) -> pd.DataFrame:
    """`columns` as one column a kind of row (`mobile number`, `work number`), or with `whole` called after the kind alone."""
    found: dict[str, pd.Series] = {}
    said = kinds.str.strip()
    for kind in said[said != ""].unique():
        for heading in columns.columns:
            found[kind if whole else f"{kind} {heading}"] = columns[heading].where(said == kind, "")
    if not whole and (said == "").any():
        found |= {heading: columns[heading].where(said == "", "") for heading in columns.columns}
    return pd.DataFrame(found, index=columns.index)


def with_columns(table: RawTable, key: str, added: pd.DataFrame) -> RawTable:
    """`table` with the columns of `added` (index: values of `key`); what a cell already says stays, and what it does not say is joined to it."""
    frame = table.frame.copy(deep=False)
    for heading in added.columns:
        new = frame[key].str.strip().map(added[heading]).fillna("").astype("str")
        if heading not in frame:
            frame[heading] = new
            continue
        pairs = zip(frame[heading], new, strict=True)
        frame[heading] = pd.Series([_both(own, more) for own, more in pairs], index=frame.index, dtype="str")
    return replace(table, headings=[str(name) for name in frame.columns], frame=frame)


def _both(own: str, more: str) -> str:
    said = [part.strip() for part in own.split(BETWEEN.strip())]
    return BETWEEN.join(
        [text for text in (own.strip(), *(part for part in more.split(BETWEEN) if part not in said)) if text]
    )


def named(column: pd.Series, names: pd.Series) -> pd.Series:
    """`column` of ids with the names that `names` (index: ids) gives them; an id without one stays."""
    ids = column.str.strip()
    return ids.map(names).where(ids.isin(names.index), column).fillna("").astype("str")


def first_and_further(ids: pd.Series, names: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The first of each cell's ids, and the names of the others."""
    parts = ids.str.split(BETWEEN, regex=False)
    rest = parts.map(lambda said: BETWEEN.join(str(names.get(text, text)) for text in said[1:]))
    return parts.map(lambda said: said[0]).astype("str"), rest.astype("str")


def after(table: RawTable, renamed: dict[str, str], columns: dict[str, pd.Series]) -> RawTable:
    """`table` with `columns` in the place of those of their headings, which are called as `renamed` says."""
    frame = pd.DataFrame({renamed.get(name, name): columns.get(name, table.frame[name]) for name in table.headings})
    return replace(table, headings=[str(name) for name in frame.columns], frame=frame)


def labels(frame: pd.DataFrame, key: str, headings: Sequence[str]) -> pd.Series:
    """What the records of a table are called, by id: the filled ones of `headings` in a row."""
    parts = [frame[heading].str.strip() for heading in headings]
    text = parts[0] if parts else frame[key]
    for part in parts[1:]:
        text = (text + " " + part).str.strip()
    return pd.Series(text.to_numpy(), index=frame[key].str.strip()).groupby(level=0).first()
