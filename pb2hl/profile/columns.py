"""One row a column: type, fill, distinct, top values, range, patterns, histogram, language, personal data, outliers.

Counts are exact. What looks at the text itself (patterns, language, personal-data class) looks at `SAMPLE` distinct
values, taken evenly over all of them, so that a million rows cost little more than a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pb2hl.model import PROVENANCE, RAW_PREFIX
from pb2hl.profile.privacy import personal_class
from pb2hl.profile.text import language, patterns
from pb2hl.progress import SILENT, Cancel, Progress

SAMPLE = 20_000
"""Distinct values of a column whose text is looked at."""
TOP = 5
FEW = 3
"""Values that are shown as examples when none comes twice."""
BINS = 12
FENCE = 3.0
"""Interquartile ranges beyond the quartiles from which a number or date counts as an outlier (Tukey's outer fence)."""
COLUMNS = (
    "object", "column", "type", "rows", "filled", "fill", "distinct", "top_values", "min", "max", "mean", "patterns", "histogram",
    "language", "personal_data", "outliers", "outlier_examples",
)  # fmt: skip


def profile_tables(
    tables: Mapping[str, pd.DataFrame], *, progress: Progress = SILENT, cancel: Cancel | None = None
) -> pd.DataFrame:
    """The profile of `tables` (staged tables by object): one row a column, `COLUMNS` as columns.

    `fill` is 0-1. Provenance and `raw.*` columns are left out. `top_values` and `outlier_examples` are texts such as
    `Toronto (412); Ottawa (80)`; `histogram` is a list of counts over equal bins from min to max (texts: of lengths).
    """
    work = [
        (name, column)
        for name, frame in tables.items()
        for column in frame.columns
        if column not in PROVENANCE and not str(column).startswith(RAW_PREFIX)
    ]
    progress.start("profile", len(work), "columns")
    rows = []
    for name, column in work:
        if cancel is not None:
            cancel.check()
        meaning = "full_name" if (name, column) == ("users", "name") else str(column)
        rows.append({"object": name, "column": column, **_column(meaning, tables[name][column])})
        progress.advance()
    progress.finish()
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _column(name: str, series: pd.Series) -> dict[str, Any]:
    values = _arrow(series)
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        return _lists(name, values)
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return _texts(name, values, len(values))
    if pa.types.is_null(values.type):
        return _line("empty", len(values), 0)
    if pa.types.is_boolean(values.type):
        return _booleans(values)
    return _numbers(name, values)


def _arrow(series: pd.Series) -> pa.Array:
    try:
        found = pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        found = pa.array(series.astype("str"), from_pandas=True)  # mixed types in one column
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    if pa.types.is_struct(found.type) or pa.types.is_binary(found.type) or pa.types.is_decimal(found.type):
        found = pa.array([None if item is None else str(item) for item in found.to_pylist()], pa.string())
    return found


def _line(type_: str, rows: int, filled: int, **more: Any) -> dict[str, Any]:
    blank = {
        "distinct": 0, "top_values": "", "min": "", "max": "", "mean": None, "patterns": "", "histogram": None, "language": "",
        "personal_data": "", "outliers": 0, "outlier_examples": "",
    }  # fmt: skip
    return {"type": type_, "rows": rows, "filled": filled, "fill": filled / rows if rows else 0.0, **blank, **more}


def _texts(name: str, values: pa.Array, rows: int, type_: str = "text") -> dict[str, Any]:
    values = pc.drop_null(values)
    values = values.filter(pc.not_equal(pc.utf8_trim_whitespace(values), ""))
    filled = len(values)
    if not filled:
        return _line(type_, rows, 0)
    counted = pc.value_counts(values)
    texts, counts = counted.field("values"), counted.field("counts").to_numpy(zero_copy_only=False)
    lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    step = max(1, len(texts) // SAMPLE)
    sample, weights = (
        texts[::step].to_pylist() if step == 1 else texts.take(np.arange(0, len(texts), step)).to_pylist(),
        counts[::step],
    )
    long_ones, fence = _beyond(lengths, counts)
    bounds = pc.min_max(pc.utf8_slice_codeunits(texts, 0, 60)).as_py()
    return _line(
        type_,
        rows,
        filled,
        distinct=len(texts),
        top_values=_top(texts, counts),
        min=bounds["min"],
        max=bounds["max"],
        mean=None,
        patterns=patterns(sample, weights),
        histogram=_histogram(lengths, counts),
        language=language(sample),
        personal_data=personal_class(name, sample),
        outliers=int(counts[long_ones].sum()),
        outlier_examples=f"{int(long_ones.sum())} longer than {fence:.0f} characters" if long_ones.any() else "",
    )


def _top(texts: pa.Array, counts: np.ndarray) -> str:
    order = np.argsort(-counts, kind="stable")[:TOP]
    if counts[order[0]] == 1:
        order = order[:FEW]
    return "; ".join(f"{_short(texts[int(i)].as_py())} ({counts[i]})" for i in order)


def _short(text: Any) -> str:
    words = " ".join(str(text)[:200].split())
    return words if len(words) <= 40 else words[:39] + "…"


def _lists(name: str, values: pa.Array) -> dict[str, Any]:
    lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
    flat = values.flatten()
    if not (pa.types.is_string(flat.type) or pa.types.is_large_string(flat.type)):
        flat = flat.cast(pa.string())
    line = _texts(name, flat, len(values), "list")
    filled = int((lengths > 0).sum())
    return {
        **line,
        "filled": filled,
        "fill": filled / len(values) if len(values) else 0.0,
        "mean": float(lengths.mean()) if len(lengths) else None,
    }


def _booleans(values: pa.Array) -> dict[str, Any]:
    filled = len(values) - values.null_count
    yes = int(pc.sum(values).as_py() or 0)
    no = filled - yes
    top = "; ".join(f"{word} ({n})" for n, word in sorted(((yes, "yes"), (no, "no")), reverse=True) if n)
    return _line("boolean", len(values), filled, distinct=(yes > 0) + (no > 0), top_values=top, histogram=[no, yes])


def _numbers(name: str, values: pa.Array) -> dict[str, Any]:
    rows = len(values)
    dates = pa.types.is_temporal(values.type)
    kind = (
        "date"
        if pa.types.is_date(values.type)
        else "datetime"
        if dates
        else "integer"
        if pa.types.is_integer(values.type)
        else "number"
    )
    found = pc.drop_null(values)
    if dates:
        found = found.cast(pa.timestamp("us", getattr(values.type, "tz", None)), safe=False)
    numbers = (found.cast(pa.int64()) if dates else found.cast(pa.float64(), safe=False)).to_numpy(zero_copy_only=False)
    finite = numbers if dates else numbers[np.isfinite(numbers)]
    if not len(finite):
        return _line(kind, rows, 0)
    units, counts = np.unique(finite, return_counts=True)
    show = (lambda value: _moment(value, kind)) if dates else _figure
    far, _ = _beyond(units, counts)
    order = np.argsort(-counts, kind="stable")[: TOP if counts.max() > 1 else FEW]
    examples = [show(units[i]) for i in np.flatnonzero(far)[[0, -1]]] if far.any() else []
    return _line(
        kind,
        rows,
        len(finite),
        distinct=len(units),
        top_values="; ".join(f"{show(units[i])} ({counts[i]})" for i in order),
        min=show(units[0]),
        max=show(units[-1]),
        mean=None if dates else float(finite.mean()),
        histogram=_histogram(units, counts),
        personal_data=personal_class(name, []),
        outliers=int(counts[far].sum()),
        outlier_examples="; ".join(dict.fromkeys(examples)),
    )


def _beyond(units: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, float]:
    """Which of the distinct `units` lie beyond the outer fence, and the upper fence; fewer than 20 values have none."""
    nothing = np.zeros(len(units), dtype=bool)
    if counts.sum() < 20:
        return nothing, 0.0
    order = np.argsort(units, kind="stable")
    reached = np.cumsum(counts[order])
    low, high = (float(units[order][np.searchsorted(reached, share * reached[-1])]) for share in (0.25, 0.75))
    if high == low:
        return nothing, high
    fence = FENCE * (high - low)
    return (units < low - fence) | (units > high + fence), high + fence


def _histogram(units: np.ndarray, counts: np.ndarray) -> list[int]:
    low, high = float(units.min()), float(units.max())
    if low == high or not np.isfinite(high - low):
        return [int(counts.sum())]
    places = ((units.astype(float) - low) / (high - low) * BINS).astype(int).clip(0, BINS - 1)
    return [int(n) for n in np.bincount(places, weights=counts, minlength=BINS)]


def _figure(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"


def _moment(microseconds: int, kind: str) -> str:
    text = str(np.datetime64(int(microseconds), "us"))
    return text[:10] if kind == "date" else text[:16].replace("T", " ")
