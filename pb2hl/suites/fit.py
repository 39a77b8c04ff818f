"""Whether a rule and the column it is about can be compared at all.

Great Expectations compares whatever it is given: a pattern with the digits of a float, a set of texts with numbers. The answer is
then a failure of every row or, for rules that forbid something, a pass that proves nothing. Such a rule is broken.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pb2hl.suites.load import Rule

TEXT, NUMBER, BOOLEAN, TIME, LIST, NOTHING, OTHER = (
    "text",
    "numbers",
    "yes or no",
    "dates",
    "lists",
    "nothing",
    "something else",
)

_ABOUT_TEXT = ("regex", "like_pattern", "strftime", "dateutil", "json")
_ABOUT_LENGTH = "value_lengths"
_ABOUT_TYPES = ("of_type", "type_list", "column_type")
ABOUT_ABSENCE = frozenset(
    {"expect_column_to_exist", "expect_column_values_to_be_null", "expect_column_values_to_not_be_null",
     "expect_column_proportion_of_non_null_values_to_be_between", "expect_column_unique_value_count_to_be_between"}
)  # fmt: skip
"""Rules whose verdict on an empty column means something; any other has nothing to look at there."""


def kind_of(column: pd.Series) -> str:
    """What the values of `column` are, as a person would say it; NOTHING when it has none."""
    if not column.notna().any():
        return NOTHING
    if pd.api.types.is_bool_dtype(column.dtype):
        return BOOLEAN
    if pd.api.types.is_numeric_dtype(column.dtype):
        return NUMBER
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return TIME
    return _kind(column[column.notna()].iloc[0])


def _kind(value: Any) -> str:
    kinds = (
        (str, TEXT), (bool | np.bool_, BOOLEAN), (int | float | np.number, NUMBER),
        (dt.date | np.datetime64, TIME), (list | tuple | np.ndarray, LIST),
    )  # fmt: skip
    return next((name for type_, name in kinds if isinstance(value, type_)), OTHER)


def misfit(rule: Rule, frame: pd.DataFrame) -> str:
    """Why `rule` cannot say anything true of the columns that it names; "" when it can."""
    if any(word in rule.type for word in _ABOUT_TYPES):
        return "types are settled at staging and change for the comparison: ask for the values instead"
    for name in rule.columns:
        if name not in frame.columns or (kind := kind_of(frame[name])) in {NOTHING, OTHER}:
            continue
        if any(word in rule.type for word in _ABOUT_TEXT) and kind != TEXT:
            return f"it is about text, and {name} holds {kind}"
        if _ABOUT_LENGTH in rule.type and kind not in {TEXT, LIST}:
            return f"it is about lengths, and {name} holds {kind}"
        if kind == LIST and "value_set" in rule.kwargs:
            return f"it is about single values, and {name} holds lists"
        found = {_kind(value) for value in rule.kwargs.get("value_set") or ()}
        if found and kind not in found | ({TIME} if TEXT in found else set()):
            return f"its value_set has {' and '.join(sorted(found))}, and {name} holds {kind}"
    return ""


def adapted(rule: Rule, table: pd.DataFrame) -> Rule:
    """`rule` with bounds written as ISO 8601 made times where its column holds times (UTC, without a zone)."""
    column = rule.kwargs.get("column")
    if column not in table.columns or not pd.api.types.is_datetime64_any_dtype(table[column].dtype):
        return rule
    kwargs = {name: _time(value) if name in _BOUNDS else value for name, value in rule.kwargs.items()}
    return replace(rule, kwargs=kwargs)


_BOUNDS = {"min_value", "max_value", "value_set"}


def _time(value: Any) -> Any:
    if isinstance(value, str):
        moment = pd.Timestamp(value)
        return (moment.tz_convert("UTC").tz_localize(None) if moment.tzinfo else moment).to_pydatetime()
    return [_time(item) for item in value] if isinstance(value, Iterable) and not isinstance(value, dict) else value


def empty(rule: Rule, table: pd.DataFrame) -> bool:
    """Whether the columns that `rule` is about hold no value at all, so that a pass of it would say nothing."""
    named = [name for name in rule.columns if name in table.columns]
    if rule.type in ABOUT_ABSENCE:
        return bool(named) and not len(table) and rule.type != "expect_column_to_exist"
    return bool(named) and not table[named].notna().all(axis=1).any()
