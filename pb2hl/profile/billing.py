"""Time entries against the rate table: missing, zero, mismatched and overlapping rates, with the effect in money."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pb2hl.source.lookup import Index, look_up

TIME_COLUMNS = (
    "source_id", "timekeeper", "matter", "date", "hours", "rate", "expected_rate", "amount", "expected_amount", "effect", "least_effect",
    "most_effect", "issue",
    "source_file", "source_sheet", "source_row",
)  # fmt: skip
CENT = 0.005
_DAY = pd.Timedelta(days=1)


def time_issues(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every time entry that the rate table does not bear out (`TIME_COLUMNS`); no columns when there are no entries.

    `expected_rate` is the rate in force on the entry's day; of overlapping ones the one that began last. A line without a
    rate is none and ends none. `effect` is expected_amount minus amount: what the bill would change by if the rate table is right (NA when no
    rate is known); `least_effect` and `most_effect` are the same by the lowest and the highest of the rates that overlap.
    """
    entries, rates = (tables.get(name, pd.DataFrame()) for name in ("time_entries", "rates"))
    if entries.empty:
        return pd.DataFrame()
    users = tables.get("users", pd.DataFrame())
    work = _entries(entries, users)
    in_force = _in_force(work, _rates(rates[_number(rates, "hourly_rate").notna()], users))
    work["expected_rate"] = in_force["hourly_rate"].reindex(work.index)
    matching = in_force["matching"].reindex(work.index).fillna(0)
    work["expected_amount"] = (work["hours"] * work["expected_rate"]).round(2)
    charged = work["amount"].fillna((work["hours"] * work["rate"]).round(2)).fillna(0)
    work["effect"] = (work["expected_amount"] - charged).round(2)
    for name in ("least", "most"):
        work[f"{name}_effect"] = ((work["hours"] * in_force[name].reindex(work.index)).round(2) - charged).round(2)
    issues = {
        "no timekeeper": work["key"].eq(""),
        "no date": work["date"].isna(),
        "no hours": work["hours"].isna(),
        "no rate in force": matching.eq(0) & work["key"].ne("") & work["date"].notna(),
        "overlapping rates": matching.gt(1),
        "rate is zero": work["rate"].eq(0) | work["expected_rate"].eq(0),
        "rate is missing": work["rate"].isna() & work["amount"].isna(),
        "rate differs from the table": (work["rate"] - work["expected_rate"]).abs() > CENT,
        "amount is not hours × rate": (work["amount"] - (work["hours"] * work["rate"]).round(2)).abs() > CENT,
    }
    flags = pd.DataFrame({name: mask.fillna(False).astype(bool) for name, mask in issues.items()})
    touched = flags.any(axis=1)
    issue = pd.Series("", index=work.index[touched], dtype="str")
    for name in flags.columns:
        issue = issue.mask(flags.loc[touched, name], issue + np.where(issue == "", name, "; " + name))
    rows = work.loc[touched].assign(issue=issue)
    rows["date"] = rows["date"].dt.date
    return rows[list(TIME_COLUMNS)].reset_index(drop=True)


def rate_overlaps(rates: pd.DataFrame, users: pd.DataFrame) -> pd.Series:
    """Whether each row of the rate table overlaps another one of the same timekeeper (both end days included)."""
    table = _rates(rates, users).sort_values(["key", "from"], kind="stable")
    if table.empty:
        return pd.Series(dtype=bool)
    reach = table.groupby("key")["to"].transform(lambda ends: ends.cummax().shift())
    with_earlier = (table["from"] <= reach).fillna(False)
    first_later = table.groupby("key")["from"].shift(-1)
    with_later = (first_later <= table["to"]).fillna(False)
    return (with_earlier | with_later).reindex(rates.index)


def _key(values: pd.Series, users: pd.DataFrame) -> pd.Series:
    texts = values.astype("str").fillna("").str.strip()
    plain = texts.str.casefold()
    if users.empty:
        return plain
    found = look_up(texts, Index(users, by_source_id=True)).source_id
    return found.where(found != "", plain)


def _number(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        return pd.Series(np.nan, index=frame.index)
    return pd.to_numeric(frame[name], errors="coerce").astype("float64")


def _blank(frame: pd.DataFrame) -> pd.Series:
    return pd.Series("", index=frame.index, dtype="str")


def _entries(entries: pd.DataFrame, users: pd.DataFrame) -> pd.DataFrame:
    frame = entries.reset_index(drop=True)
    work = pd.DataFrame({name: _number(frame, name) for name in ("hours", "rate", "amount")})
    for name in ("source_id", "timekeeper", "matter", "source_file", "source_sheet", "source_row"):
        work[name] = frame[name] if name in frame.columns else _blank(frame)
    work["date"] = pd.to_datetime(frame["date"], errors="coerce") if "date" in frame else pd.NaT
    work["key"] = _key(work["timekeeper"], users)
    return work


def _rates(rates: pd.DataFrame, users: pd.DataFrame) -> pd.DataFrame:
    if rates.empty:
        return pd.DataFrame(
            {
                "key": pd.Series(dtype="str"),
                "hourly_rate": pd.Series(dtype=float),
                "from": pd.Series(dtype="datetime64[us]"),
                "to": pd.Series(dtype="datetime64[us]"),
            }
        )
    since = pd.to_datetime(rates["effective_from"], errors="coerce") if "effective_from" in rates else pd.NaT
    until = pd.to_datetime(rates["effective_to"], errors="coerce") if "effective_to" in rates else pd.NaT
    table = pd.DataFrame(
        {"key": _key(rates.get("timekeeper", _blank(rates)), users), "hourly_rate": _number(rates, "hourly_rate")}
    )
    table["from"] = pd.Series(since, index=rates.index).astype("datetime64[us]").fillna(pd.Timestamp("1800-01-01"))
    table["to"] = pd.Series(until, index=rates.index).astype("datetime64[us]").fillna(_next_begins(table) - _DAY)
    table["to"] = table["to"].fillna(pd.Timestamp("2999-12-31"))
    return table


def _next_begins(table: pd.DataFrame) -> pd.Series:
    """When the same person's next rate begins, by row (NaT after the last): a rate without an end of its own ends there."""
    begins = table[["key", "from"]].drop_duplicates().sort_values(["key", "from"], kind="stable")
    begins["next"] = begins.groupby("key")["from"].shift(-1)
    return table[["key", "from"]].merge(begins, on=["key", "from"], how="left").set_axis(table.index)["next"]


def _in_force(work: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """By entry: the rate in force (the one that began last), the least and the most of those that are, and how many."""
    pairs = work[["key", "date"]].reset_index(names="entry").merge(rates, on="key")
    pairs = pairs[(pairs["date"] >= pairs["from"]) & (pairs["date"] <= pairs["to"])]
    grouped = pairs.sort_values(["entry", "from"], kind="stable").groupby("entry")
    rates_there = grouped["hourly_rate"]
    return pd.DataFrame(
        {
            "hourly_rate": rates_there.last(),
            "least": rates_there.min(),
            "most": rates_there.max(),
            "matching": grouped.size(),
        }
    )
