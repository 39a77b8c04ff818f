"""What every converter of this room takes and gives back. Converters work on the *distinct* texts of a column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Countries whose all-numeric dates begin with the month, and those that write a decimal comma (CLDR; see babel).
MONTH_FIRST_COUNTRIES = frozenset({"US", "CA", "PH", "FM", "PW", "MH", "PR", "GU", "AS", "VI"})


@dataclass(frozen=True, slots=True)
class Context:
    """What a converter may know beside the texts: the workspace's defaults and the column's heading and field."""

    country: str = "CA"
    timezone: str = "America/Toronto"
    currency: str = "CAD"
    heading: str = ""
    field: str = ""
    day_first: bool | None = None  # what other columns of the same file show; None: nothing
    decimal_comma: bool | None = None
    inverted: bool = False  # a consent column that asks for permission: yes means no refusal
    decided: frozenset[str] = frozenset()  # what a person decided of order, mark, zone; values do not overrule it


@dataclass(slots=True)
class Parsed:
    """The outcome for an array of distinct texts.

    `values` has one value a text (None, NaN or NaT where there is none), `reasons` why a text was not converted ("" when
    it was), `decision` what was decided over the whole column (JSON-able), `extra` further columns by name.
    """

    values: Any
    reasons: np.ndarray
    decision: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


Converter = Callable[..., Parsed]  # (texts, context), phones and moments also with the text beside each
"""texts (object array of non-blank, trimmed, distinct str), context → Parsed."""


def no_reasons(n: int) -> np.ndarray:
    """`n` empty reasons."""
    return np.full(n, "", dtype=object)


def one_by_one(texts: np.ndarray, convert: Callable[[str], tuple[Any, str]]) -> tuple[np.ndarray, np.ndarray]:
    """`convert(text) -> (value, reason)` over distinct texts, as two object arrays."""
    values = np.empty(len(texts), dtype=object)
    reasons = no_reasons(len(texts))
    for index, text in enumerate(texts):
        values[index], reasons[index] = convert(text)
    return values, reasons
