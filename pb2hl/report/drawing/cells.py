"""Values as a reader sees them: one text a value, and the key that a column is sorted by."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from pb2hl.values.visible import visible

LONG_TEXT = 160
"""Characters of a cell that are shown at once; the rest folds out."""
LONGEST_TEXT = 4000
"""Characters of a cell that a page holds at all; the CSV beside the report holds the rest."""


def is_missing(value: Any) -> bool:
    """Whether `value` is None, NA, NaN or NaT (a list or array never is)."""
    if value is None:
        return True
    if isinstance(value, str | list | tuple | dict | set | np.ndarray):
        return False
    return bool(value != value) if not _is_na(value) else True


def _is_na(value: Any) -> bool:
    return type(value).__name__ in {"NAType", "NaTType"}


def text_of(value: Any) -> str:
    """`value` as text without control and direction-override characters; missing is ""."""
    if is_missing(value):
        return ""
    if isinstance(value, str):
        return visible(value)[:LONGEST_TEXT]
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return _number(float(value))
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.ndarray | list | tuple | set | frozenset):
        return visible(", ".join(text_of(item) for item in value))[:LONGEST_TEXT]
    if isinstance(value, Mapping):
        return text_of(json.dumps(value, ensure_ascii=False, default=str))
    return visible(str(value))[:LONGEST_TEXT]


def _number(value: float) -> str:
    if value in (float("inf"), float("-inf")):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) < 10 else f"{value:.2f}"


def figure(value: Any) -> str:
    """A headline figure: integers with commas between thousands, as sentences and charts have them; everything else as `text_of`."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return f"{int(value):,}"
    return text_of(value)


def words(name: str) -> str:
    """A column, table or count name as words: `not_converted` → `Not converted`; a file keeps its name."""
    if "/" in name:
        return name
    text = name.replace("_", " ").replace("-", " ").strip()
    text = _PROPER.sub(lambda found: _NAMES[found[0].casefold()], text)
    return text[:1].upper() + text[1:]


_NAMES = {"perfect books": "Perfect Books", "highlevel": "HighLevel"}
_PROPER = re.compile("|".join(_NAMES), re.IGNORECASE)
