"""Walk a staged table in batches of plain Python values, without ever holding all of it as objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pb2hl.model import RAW_PREFIX, FieldKind

BATCH = 5_000
ORDINAL = "#"
"""Key of a numbered row: its position in its table, by its index label."""
REFERENCE = "{{ref:"
"""How a payload's text refers to another operation (`operations.Operation`)."""

Row = dict[str, Any]


def rows(frame: pd.DataFrame, columns: Sequence[str] | None = None, *, numbered: bool = False) -> Iterator[Row]:
    """The rows of `frame` as dicts; missing is None, lists are lists, dates and times Python's own.

    Without `columns` every column but the raw texts, which plans do not send. `numbered`: with the index label (`ORDINAL`).
    """
    every = sent(frame)
    names = every if columns is None else [name for name in columns if name in frame.columns]
    for start in range(0, len(frame), BATCH):
        piece = frame.iloc[start : start + BATCH] if len(frame) > BATCH else frame
        lists = [_python_values(piece[name]) for name in names]
        keys = names
        if numbered:
            lists, keys = [*lists, piece.index.tolist()], [*names, ORDINAL]
        for values in zip(*lists, strict=True):
            yield dict(zip(keys, values, strict=True))


def sent(frame: pd.DataFrame) -> list[str]:
    """The columns of a table that plans send: all but the raw texts."""
    return [name for name in frame.columns if not str(name).startswith(RAW_PREFIX)]


def _python_values(column: pd.Series) -> list[Any]:
    try:
        found = pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return [None if _missing(value) else _harmless(value) for value in column]
    if pa.types.is_string(found.type) or pa.types.is_large_string(found.type):
        values = found.to_numpy(zero_copy_only=False).tolist()  # a third of the time of to_pylist
        return (
            [_harmless(value) for value in values] if pc.any(pc.match_substring(found, REFERENCE)).as_py() else values
        )
    values = _moments(found) if pa.types.is_timestamp(found.type) and found.type.unit != "ns" else found.to_pylist()
    return [_harmless(value) for value in values] if column.dtype == object else values


def _moments(found: pa.Array) -> list[datetime | None]:
    """Timestamps as Python's own, with their zone; a third of the time of to_pylist."""
    naive = found.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False).astype(object).tolist()
    if found.type.tz is None:
        return cast(list[datetime | None], naive)
    zone = ZoneInfo("UTC")
    moments = [None if moment is None else moment.replace(tzinfo=zone) for moment in naive]
    return moments if found.type.tz == zone.key else found.to_pylist()


def _harmless(value: Any) -> Any:
    """Text of an export that looks like a reference of a plan must not act as one."""
    if isinstance(value, str):
        return value.replace(REFERENCE, "{ {ref:") if REFERENCE in value else value
    return [_harmless(item) for item in value] if isinstance(value, list) else value


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def oldest_first(frame: pd.DataFrame, column: str = "created_at") -> pd.DataFrame:
    """`frame` by `column`, rows without a date last, ties in the order of the export."""
    if column not in frame.columns or frame.empty:
        return frame
    return frame.sort_values(column, kind="stable", na_position="last")


def as_property(kind: FieldKind, row: Row, name: str) -> Any:
    """A cell as a property of a payload holds its kind: numbers bare, shares (0-1) in per cent, days ISO; None when blank."""
    value = row.get(name)
    if value is None:
        return None
    if kind in (FieldKind.MONEY, FieldKind.NUMBER, FieldKind.PERCENT, FieldKind.INTEGER):
        number = round(float(value) * 100, 4) if kind is FieldKind.PERCENT else float(value)
        return int(number) if number.is_integer() else number
    if kind is FieldKind.DATE:
        return value.isoformat()[:10]
    if kind is FieldKind.DATETIME:
        return utc_iso(value)
    if kind is FieldKind.BOOLEAN:
        return bool(value)
    if isinstance(value, list):
        return texts(value) or None
    return text(row, name) or None


def texts(value: Any) -> list[str]:
    """A list cell (or a single value) as a list of non-blank texts."""
    if value is None or isinstance(value, float):
        return []
    if not isinstance(value, Iterable) or isinstance(value, str):
        return [str(value)] if str(value).strip() else []
    return [str(item) for item in value if item is not None and str(item).strip()]


def text(row: Row, name: str) -> str:
    """The value as stripped text; "" when missing."""
    value = row.get(name)
    return "" if value is None else str(value).strip()


def local_iso(moment: datetime | date | None, zone: ZoneInfo) -> str:
    """`moment` as ISO 8601 with the offset of `zone`, to the second; a plain date stays one; "" when missing."""
    if moment is None:
        return ""
    if not isinstance(moment, datetime):
        return moment.isoformat()
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(zone).isoformat(timespec="seconds")


def utc_iso(moment: datetime) -> str:
    """`moment` as `2026-01-31T09:30:00.000Z`, the form in which HighLevel gives and takes instants."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{aware.microsecond // 1000:03d}Z"


def duration(seconds: float | None) -> str:
    """Seconds as `1 h 5 min`, `12 min`, `45 s`; "" when missing."""
    if seconds is None:
        return ""
    hours, rest = divmod(round(float(seconds)), 3600)
    minutes, left = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (left, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
