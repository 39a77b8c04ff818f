"""Dates and moments. The order of day and month, the unit of numbers and the zone are decided per column, and told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pb2hl.values import zones
from pb2hl.values.date_parts import NUMBER, TIME_ONLY, Parts
from pb2hl.values.parsed import MONTH_FIRST_COUNTRIES, Context, Parsed, no_reasons

NOTHING_DAYS = (
    "1899-12-30",
    "1899-12-31",
    "1900-01-00",
    "1900-01-01",
    "1901-01-01",
    "1970-01-01",
    "1980-01-01",
    "1753-01-01",
    "0001-01-01",
    "9999-12-31",
)
"""Days that programs write where nobody gave one."""

_ZEROS = r"^0{1,4}[-/. ]0{1,2}[-/. ]0{1,4}([T ].*)?$"
_IN_BULK, _BULK_SHARE, _FEW_IN_BULK = 5, 0.02, 3

FIRST_YEAR, LAST_YEAR = 1900, 2100
"""Years outside are typing errors or placeholders (0001-01-01, 9999-12-31), not dates of a business."""

_NO_DATE = "a number that is no date"
_DAY = 86_400_000_000
_EXCEL_DAYS = 25_569  # 1970-01-01 as an Excel serial (1900 system)
_SERIALS = (1, 73_415)  # 1900-01-01 … 2100-12-31


@dataclass(slots=True)
class Moments:
    """Wall-clock microseconds since 1970 of each text, the offset it states, and why it has none."""

    wall: np.ndarray  # int64 µs
    offset: np.ndarray  # float minutes east of UTC; NaN: not stated
    zone_name: np.ndarray  # IANA name stated in the text, or ""
    date_only: np.ndarray  # bool
    reasons: np.ndarray
    decision: dict


def zero_dates(texts: pa.Array) -> np.ndarray:
    """True where a text is a date of zeros (`0/0/00`, `0000-00-00 00:00:00`): no date."""
    return pc.match_substring_regex(texts, _ZEROS).to_numpy(zero_copy_only=False)


def placeholders(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """True where a date (of distinct texts, each `counts` times in the column) is one that a program put for none.

    A day of `NOTHING_DAYS` is one where it stands in bulk: five times at least, in 2 % of the column, and five times as often
    as the days that are not among them, or three times in more than half of it; 1900-01-01 and earlier ones wherever they stand.
    """
    days = values.astype("datetime64[D]")
    known = ~np.isnat(days)
    nothing = known & np.isin(days, np.array([day for day in NOTHING_DAYS if not day.endswith("-00")], "datetime64[D]"))
    if not nothing.any():
        return nothing
    usual = float(np.median(counts[known & ~nothing])) if (known & ~nothing).any() else 1.0
    total = counts[known].sum()
    found = nothing & (days <= np.datetime64("1900-01-01"))
    for day in np.unique(days[nothing]):
        here = nothing & (days == day)
        many = counts[here].sum()
        if many >= max(_IN_BULK, _BULK_SHARE * total, 5 * usual) or (many >= _FEW_IN_BULK and many > total / 2):
            found |= here
    return found


def dates(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as datetime64[D] (NaT where none): the calendar day that the text shows, whatever zone it names."""
    moments = read(texts, context)
    wall = moments.wall
    shifted = _midnight_elsewhere(moments, context)
    if shifted is not None:
        wall = shifted
        moments.decision["zone"] = f"{context.timezone}: all times are midnight there"
    days = (wall // _DAY).astype("datetime64[D]")
    days[moments.reasons != ""] = np.datetime64("NaT")
    return Parsed(days, moments.reasons, moments.decision)


def datetimes(texts: np.ndarray, context: Context, row_zones: np.ndarray | None = None) -> Parsed:
    """Texts as datetime64[us] in UTC. Zone: in the text, else `row_zones`, else the heading's, else the workspace's."""
    moments = read(texts, context)
    stated = "" if "zone" in context.decided else zones.heading_zone(context.heading, context.country)
    default = context.timezone if stated in ("", "local") else stated
    moments.decision["zone"] = default
    moments.decision["zone_from"] = "heading" if stated else "workspace"
    if context.field in _DAYS and _are_days_of_utc(moments):
        moments.offset[:] = np.nan
        moments.decision["days"] = "all are midnight in UTC: days, not moments"
    instants = moments.wall.astype("datetime64[us]")
    fixed = ~np.isnan(moments.offset)
    instants[fixed] -= (moments.offset[fixed] * 60_000_000).astype("timedelta64[us]")
    names = np.where(moments.zone_name != "", moments.zone_name, default).astype(object)
    if row_zones is not None:
        has = (row_zones != "") & (moments.zone_name == "")
        names[has] = row_zones[has]
        if has.any():
            moments.decision["zone_from"] = "row"
    good = moments.reasons == ""
    for name in sorted(set(names[good & ~fixed])):
        rows = good & ~fixed & (names == name)
        instants[rows] = _to_utc(instants[rows], name, moments.decision)
    if fixed.any():
        moments.decision["with_offset"] = int(fixed.sum())
    instants[~good] = np.datetime64("NaT")
    return Parsed(instants, moments.reasons, moments.decision)


def read(texts: np.ndarray, context: Context) -> Moments:
    """Every text as a wall-clock moment, with the decisions of the column."""
    parts = Parts(texts)
    decision: dict = {}
    parts.set_order(_orders(parts, context, decision))
    parts.widen_years(_in_the_past(context.field), datetime.now(UTC).year)
    wall, reasons = _assemble(parts)
    offset, names = _stated_zones(parts, reasons)
    date_only = (parts.values["H"] < 0) & (parts.form != "")
    digits = (parts.form == "compact") & (reasons != "")  # eight digits that are no date may be a short epoch
    reasons[digits], date_only[digits] = "", False
    rest = np.flatnonzero((parts.form == "") | digits)
    moments = Moments(wall, offset, names, date_only, reasons, decision)
    _numbers(texts, rest, moments)
    reasons[digits & (reasons == _NO_DATE)] = "no such date"
    if date_only.any():
        decision["date_only"] = int(date_only.sum())
    years = wall.astype("datetime64[us]").astype("datetime64[Y]").astype(int) + 1970
    absurd = (reasons == "") & ((years < FIRST_YEAR) | (years > LAST_YEAR))
    reasons[absurd] = f"year outside {FIRST_YEAR}-{LAST_YEAR}"
    return moments


def _in_the_past(field: str) -> bool:
    return field == "birthday"


def _orders(parts: Parts, context: Context, decision: dict) -> np.ndarray:
    """For each text whether the day comes first: by itself where it shows, else as the column decides."""
    rows = parts.form == "numeric"
    first, second = parts.values["a"], parts.values["b"]
    day_shown = rows & (first > 12) & (second <= 12)
    month_shown = rows & (second > 12) & (first <= 12)
    if not rows.any():
        return np.zeros(len(rows), dtype=bool)
    days, others = int(day_shown.sum()), int(month_shown.sum())
    if "order" in context.decided and context.day_first is not None:
        day_first, evidence = context.day_first, "decided"
    elif days != others:
        day_first, evidence = days > others, "values"
    elif context.day_first is not None:
        day_first, evidence = context.day_first, "other columns"
    else:
        day_first, evidence = context.country not in MONTH_FIRST_COUNTRIES, "country"
    decision["order"] = "day first" if day_first else "month first"
    decision["evidence"] = evidence
    unsure = int((rows & ~day_shown & ~month_shown & ~parts.dotted & (first != second)).sum())
    if evidence == "country" and unsure:
        decision["ambiguous"] = unsure
    if min(days, others):
        decision["mixed_orders"] = min(days, others)
    dotted = parts.dotted & ~(month_shown & parts.dotted).any()  # 3.4.2021 is the third of April wherever dots are used
    return np.where(day_shown, True, np.where(month_shown, False, np.where(dotted, True, day_first)))


def _assemble(parts: Parts) -> tuple[np.ndarray, np.ndarray]:
    value = parts.values
    reasons = no_reasons(len(parts.form))
    known = parts.form != ""
    hour, minute, second = (np.maximum(value[name], 0) for name in ("H", "M", "S"))
    year, month, day = value["y"], value["m"], value["d"]
    fine = (
        known & (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1) & (hour <= 24) & (minute <= 59) & (second <= 60)
    )
    safe_year, safe_month = np.where(fine, year, 2000), np.where(fine, month, 1)
    first = ((safe_year - 1970) * 12 + safe_month - 1).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(int)
    fine &= day <= length
    days = first.astype("datetime64[D]").astype(np.int64) + np.where(fine, day, 1) - 1
    wall = days * _DAY + (hour * 3600 + minute * 60 + second) * 1_000_000 + parts.micros
    reasons[known & ~fine] = "no such date"
    return np.where(fine, wall, 0), reasons


def _stated_zones(parts: Parts, reasons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    offset, names = np.full(len(reasons), np.nan), np.full(len(reasons), "", dtype=object)
    for text in set(parts.zone) - {""}:
        rows = parts.zone == text
        head, _, bracket = text.partition("[")
        minutes = zones.offset_minutes(head.replace(" ", ""))
        if minutes is None and head[:3].upper() in ("UTC", "GMT"):
            minutes = zones.offset_minutes(head[3:])
        if minutes is not None:
            offset[rows] = minutes
        elif name := zones.zone(bracket.rstrip("]") or text):
            names[rows] = name
        else:
            reasons[rows & (reasons == "")] = "unknown time zone in the text"
    return offset, names


def _numbers(texts: np.ndarray, rows: np.ndarray, moments: Moments) -> None:
    """Put Excel serials and epochs of some rows into `moments`; the unit is decided per column by the size of its numbers."""
    if not len(rows):
        return
    column = pa.array(texts[rows], pa.string())
    numeric = pc.match_substring_regex(column, NUMBER).to_numpy(zero_copy_only=False)
    clock = pc.match_substring_regex(column, TIME_ONLY).to_numpy(zero_copy_only=False)
    moments.reasons[rows[~numeric]] = "not a date"
    moments.reasons[rows[clock]] = "a time without a date"
    rows = rows[numeric]
    if not len(rows):
        return
    number = texts[rows].astype(float)
    scale, epoch = _epochs(number)
    serial = (number >= _SERIALS[0]) & (number <= _SERIALS[1]) & ~epoch
    with np.errstate(all="ignore"):
        moments.wall[rows[serial]] = np.round((number[serial] - _EXCEL_DAYS) * 86_400).astype(np.int64) * 1_000_000
        moments.wall[rows[epoch]] = (number[epoch] * scale[epoch]).astype(np.int64)
    moments.offset[rows[epoch]] = 0
    moments.date_only[rows[serial]] = number[serial] == np.floor(number[serial])
    moments.reasons[rows[~serial & ~epoch]] = _NO_DATE
    if serial.any():
        moments.decision["unit"] = "Excel serial"
    if epoch.any():
        largest = {
            1e6: "epoch seconds",
            1e3: "epoch milliseconds",
            1.0: "epoch microseconds",
            1e-3: "epoch nanoseconds",
        }
        moments.decision["unit"] = largest[float(np.quantile(scale[epoch], 0.5, method="higher"))]


def _epochs(number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(microseconds a unit, whether it counts from 1970) of each number. In a column of epochs every number is one, however
    few digits it has and whatever its sign: moments around 1970 and birthdays before it are short and negative."""
    size = np.abs(number)
    scale = np.select([size >= 1e17, size >= 1e14, size >= 1e11], [1e-3, 1.0, 1e3], 1e6)
    epoch = size >= 1e8
    serials = (number >= 1000) & (number <= _SERIALS[1])
    if epoch.sum() <= serials.sum() or not epoch.any():
        return scale, epoch
    usual = float(np.quantile(scale[epoch], 0.5, method="higher"))
    return np.where(scale > usual, usual, scale), np.ones(len(number), dtype=bool)


_DAYS = frozenset({"due_at"})
"""Moments that people give as a day: midnight in UTC is how programs write one, and the evening before in America."""


def _are_days_of_utc(moments: Moments) -> bool:
    """Whether all moments, several at least, are stated in UTC and are midnight there."""
    known = moments.reasons == ""
    walls = moments.wall[known]
    return len(walls) > 1 and bool((moments.offset[known] == 0).all() and not (walls % _DAY).any())


def _to_utc(wall: np.ndarray, zone: str, decision: dict) -> np.ndarray:
    series = pd.Series(wall)
    index = pd.DatetimeIndex(series)
    strict = index.tz_localize(ZoneInfo(zone), ambiguous="NaT", nonexistent="NaT")
    twice_or_never = int(np.count_nonzero(strict.isna()))
    if twice_or_never:  # the first of two, and the gap skipped: what calendars do
        decision["dst_doubtful"] = decision.get("dst_doubtful", 0) + twice_or_never
        strict = index.tz_localize(
            ZoneInfo(zone), ambiguous=np.ones(len(index), dtype=bool), nonexistent="shift_forward"
        )
    return strict.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")


def _midnight_elsewhere(moments: Moments, context: Context) -> np.ndarray | None:
    """Wall clock of the workspace when every stated moment is midnight there and not where it is stated."""
    fixed = ~np.isnan(moments.offset) & (moments.reasons == "")
    if (
        not fixed.any()
        or not (moments.wall[fixed] % _DAY).all()
        or moments.decision.get("unit", "").startswith("epoch")
    ):
        return None
    utc = (moments.wall[fixed] - (moments.offset[fixed] * 60_000_000).astype(np.int64)).astype("datetime64[us]")
    local = pd.DatetimeIndex(utc).tz_localize("UTC").tz_convert(ZoneInfo(context.timezone)).tz_localize(None)
    local_wall = local.to_numpy().astype("datetime64[us]").astype(np.int64)
    if (local_wall % _DAY).any():
        return None
    wall = moments.wall.copy()
    wall[fixed] = local_wall
    return wall
