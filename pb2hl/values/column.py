"""One column of text → one typed column, with every decision and every failure told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pb2hl.model import FieldKind
from pb2hl.values import blanks
from pb2hl.values.booleans import booleans
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.values.consents import refusals
from pb2hl.values.countries import countries
from pb2hl.values.dates import dates, datetimes, placeholders, zero_dates
from pb2hl.values.durations import LENGTH, durations
from pb2hl.values.emails import emails
from pb2hl.values.lists import lists, tags
from pb2hl.values.numbers import integers, money, numbers, percents
from pb2hl.values.parsed import Context, Converter, Parsed, no_reasons
from pb2hl.values.phones import phones
from pb2hl.values.text import long_texts, texts_of
from pb2hl.values.urls import urls
from pb2hl.values.zones import timezones

K = FieldKind
STRING, BOOLEAN, INTEGER, FLOAT = "str", "boolean", "Int64", "float64"
DATE = pd.ArrowDtype(pa.date32())
MOMENT = "datetime64[us, UTC]"
LIST = "object"


def _raw(texts: np.ndarray, context: Context) -> Parsed:
    return Parsed(texts, no_reasons(len(texts)))


_ONE = re.compile(r"""\[\s*(?:"([^"\\\[\]]*)"|(\d+))\s*\]""")


def _references(texts: np.ndarray, context: Context) -> Parsed:
    """References as they are; a JSON list of one is the one."""
    plain = [f"{found[1] or ''}{found[2] or ''}" if (found := _ONE.fullmatch(text)) else text for text in texts]
    values = np.empty(len(texts), dtype=object)
    values[:] = plain
    return Parsed(values, no_reasons(len(texts)))


CONVERTERS: dict[FieldKind, tuple[Converter, Any]] = {
    K.ID: (_raw, STRING),
    K.REF: (_references, STRING),
    K.REFS: (_raw, STRING),  # split once the records it may point to are known
    K.TEXT: (texts_of, STRING),
    K.NAME: (texts_of, STRING),
    K.PICKLIST: (texts_of, STRING),
    K.LONG_TEXT: (long_texts, STRING),
    K.JSON: (_raw, STRING),
    K.EMAIL: (emails, STRING),
    K.PHONE: (phones, STRING),
    K.URL: (urls, STRING),
    K.COUNTRY: (countries, STRING),
    K.TIMEZONE: (timezones, STRING),
    K.TAGS: (tags, LIST),
    K.MULTI_PICKLIST: (lists, LIST),
    K.DATE: (dates, DATE),
    K.DATETIME: (datetimes, MOMENT),
    K.MONEY: (money, FLOAT),
    K.NUMBER: (numbers, FLOAT),
    K.INTEGER: (integers, INTEGER),
    K.PERCENT: (percents, FLOAT),
    K.BOOLEAN: (booleans, BOOLEAN),
}
"""How each kind is converted, and the pandas type of the column it becomes."""


@dataclass(frozen=True)
class Converted:
    """A typed column. `values` and `reasons` have the index of the texts; a reason says why a text has no value."""

    values: pd.Series
    reasons: pd.Series
    filled: int
    decision: dict[str, Any]
    extra: dict[str, pd.Series]

    @property
    def failed(self) -> pd.Series:
        """True where there was a text and no value came of it."""
        return self.reasons != ""


def convert(texts: pd.Series, kind: FieldKind, context: Context, *, companion: pd.Series | None = None) -> Converted:
    """Convert a column of text ("" where missing) into the type of `kind`.

    `companion` is text beside each row: its country (alpha-2) for phones, its IANA zone for moments.
    """
    convert_texts, dtype = _converter(kind, context.field)
    beside_rows = companion if kind in (K.PHONE, K.DATETIME) else None
    use = beside_rows is not None
    key = texts if beside_rows is None else texts + "\x1f" + beside_rows.fillna("").astype("str")
    codes, uniques = pd.factorize(key, use_na_sentinel=True)
    distinct = np.asarray(uniques, dtype=object)
    beside = None
    if use:
        pairs = [text.split("\x1f", 1) for text in distinct]
        distinct = np.array([pair[0] for pair in pairs], dtype=object)
        beside = np.array([pair[1] for pair in pairs], dtype=object)
    column = pa.array(distinct, pa.large_string())
    blank = blanks.blank_mask(column, kind) if len(distinct) else np.zeros(0, dtype=bool)
    if kind in (K.DATE, K.DATETIME) and len(distinct):
        blank |= zero_dates(column)
    full = np.flatnonzero(~blank)
    work = np.array(
        [distinct[i].strip() if kind not in (K.LONG_TEXT, K.JSON) else distinct[i] for i in full], dtype=object
    )
    parsed = convert_texts(work, context) if beside is None else convert_texts(work, context, beside[full])
    place = np.full(len(distinct) + 1, -1, dtype=np.int64)
    place[full] = np.arange(len(full))
    if kind in (K.DATE, K.DATETIME):
        _take_out_placeholders(place, full, codes, parsed, work)
    rows = place[codes]
    _report_word_names(column, kind, parsed)
    return Converted(
        _take(parsed.values, rows, texts.index, dtype),
        _take_text(parsed.reasons, rows, texts.index),
        int((rows >= 0).sum()),
        parsed.decision,
        {name: _take(values, rows, texts.index, LIST) for name, values in parsed.extra.items()},
    )


def _converter(kind: FieldKind, name: str) -> tuple[Converter, Any]:
    """The converter of a field and the type it gives: a few fields have one of their own."""
    convert_texts, dtype = CONVERTERS[kind]
    if name in ("duration", LENGTH):
        return durations, dtype
    return (refusals if name in CONSENTS and kind == K.BOOLEAN else convert_texts), dtype


def _take_out_placeholders(
    place: np.ndarray, full: np.ndarray, codes: np.ndarray, parsed: Parsed, texts: np.ndarray
) -> None:
    """Dates that a program put for none count as blanks, and are named in the decision."""
    counts = (
        np.bincount(codes[codes >= 0], minlength=len(place) - 1)[full] if len(full) else np.zeros(0, dtype=np.int64)
    )
    nothing = placeholders(np.asarray(parsed.values), counts) if len(full) else np.zeros(0, dtype=bool)
    if nothing.any():
        place[full[nothing]] = -1
        parsed.decision["placeholders"] = sorted({str(text) for text in texts[nothing]})


def _report_word_names(column: pa.Array, kind: FieldKind, parsed: Parsed) -> None:
    if kind == K.NAME and len(column) and (words := blanks.word_names(column)).any():
        parsed.decision["kept_as_names"] = sorted({str(text) for text in column.filter(pa.array(words)).to_pylist()})


def _take(values: Any, rows: np.ndarray, index: pd.Index, dtype: Any) -> pd.Series:
    array = np.asarray(values)
    missing = rows < 0
    if array.dtype.kind == "M":
        picked = np.full(len(rows), np.datetime64("NaT"), dtype=array.dtype)
        picked[~missing] = array[rows[~missing]]
        if dtype is DATE:
            mask = np.isnat(picked)
            days = picked.astype("datetime64[D]").astype(np.int64)
            days[mask] = 0
            arrow = pa.array(days.astype(np.int32), pa.int32(), mask=mask).cast(pa.date32())
            return pd.Series(pd.array(arrow, dtype=DATE), index=index)
        return pd.Series(pd.DatetimeIndex(picked.astype("datetime64[us]")).tz_localize("UTC"), index=index)
    if dtype in (FLOAT, INTEGER):
        picked = np.full(len(rows), np.nan)
        picked[~missing] = array[rows[~missing]].astype(float)
        series = pd.Series(picked, index=index)
        return series if dtype == FLOAT else series.astype("Int64")
    table = array.astype(object) if array.dtype != object else array
    picked = np.full(len(rows), None, dtype=object)
    picked[~missing] = table[rows[~missing]]
    if dtype is LIST or dtype == LIST:
        return pd.Series(picked, index=index, dtype=object)
    if dtype == BOOLEAN:
        return pd.Series(pd.array(picked, dtype="boolean"), index=index)
    return pd.Series(pd.array(pa.array(picked, pa.large_string()), dtype=STRING), index=index)


def _take_text(values: np.ndarray, rows: np.ndarray, index: pd.Index) -> pd.Series:
    picked = np.full(len(rows), "", dtype=object)
    here = rows >= 0
    picked[here] = values[rows[here]]
    return pd.Series(picked, index=index, dtype=object)
