"""Running a suite over a table: three verdicts, never a green one by accident, every failing row named."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from pb2hl.suites.conditions import Condition
from pb2hl.suites.fit import adapted, empty, misfit
from pb2hl.suites.load import Rule, Suite, expectation, great_expectations

PASSED = "passed"
FAILED = "data failed"
BROKEN = "rule broken"
SKIPPED = "not applicable"


@dataclass(frozen=True)
class Verdict:
    """What became of one rule. `rows` are positions of the failing rows; None when the rule is about the whole table."""

    suite: Suite
    rule: Rule
    verdict: str
    reason: str = ""
    checked: int = 0
    failing: int = 0
    observed: str = ""
    rows: np.ndarray | None = None


def validate(suite: Suite, frame: pd.DataFrame | None) -> list[Verdict]:
    """One verdict a declared rule, in their order; `frame` None means that the export has no such table."""
    if frame is None:
        return [
            _broken(suite, rule) or Verdict(suite, rule, SKIPPED, "the export has no such table")
            for rule in suite.rules
        ]
    verdicts = {rule.number: _before_running(suite, rule, frame) for rule in suite.rules}
    todo = [rule for rule in suite.rules if verdicts[rule.number] is None]
    for condition in dict.fromkeys(rule.condition for rule in todo):
        verdicts |= _about(suite, [rule for rule in todo if rule.condition == condition], frame, condition)
    return [verdicts[rule.number] or Verdict(suite, rule, BROKEN, "it gave no result") for rule in suite.rules]


def _broken(suite: Suite, rule: Rule) -> Verdict | None:
    return Verdict(suite, rule, BROKEN, rule.broken) if rule.broken else None


def _before_running(suite: Suite, rule: Rule, frame: pd.DataFrame) -> Verdict | None:
    if rule.broken:
        return _broken(suite, rule)
    if rule.needs and rule.needs not in frame.columns:
        return Verdict(suite, rule, SKIPPED, f"column not in this export: {rule.needs}")
    missing = [name for name in rule.read if name not in frame.columns]
    if rule.type == "expect_column_to_exist" or not missing:
        reason = misfit(rule, frame)
        return Verdict(suite, rule, BROKEN, reason) if reason else None
    names = ", ".join(missing)
    if rule.optional:
        return Verdict(suite, rule, SKIPPED, f"column not in this export: {names}")
    return Verdict(suite, rule, BROKEN, f"the table has no column {names}")


@cache
def _tables() -> Any:
    """Great Expectations' definition of a batch that takes one whole table after the other; made once, for making one saves
    the whole configuration four times."""
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = great_expectations().get_context(mode="ephemeral")
    context.variables.analytics_enabled = False
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("tables").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("all")


def _about(
    suite: Suite, rules: list[Rule], frame: pd.DataFrame, condition: Condition | None
) -> dict[int, Verdict | None]:
    """The verdicts of rules about the rows that meet `condition` (None: all rows)."""
    table = needed_columns(frame, rules)
    if condition is None:
        return _run(suite, rules, table)
    try:
        table = table[condition.rows(table).to_numpy(dtype=bool)]
    except (ValueError, TypeError) as error:
        return {rule.number: Verdict(suite, rule, BROKEN, str(error)) for rule in rules}
    if table.empty and len(frame):
        return {rule.number: Verdict(suite, rule, SKIPPED, "no row meets its condition") for rule in rules}
    return _run(suite, rules, table)


_ONE_AT_A_TIME = threading.Lock()
"""Great Expectations keeps one context a process; several migrations may run in one."""


def _run(suite: Suite, rules: list[Rule], table: pd.DataFrame) -> dict[int, Verdict | None]:
    with _ONE_AT_A_TIME:
        return _validated(suite, rules, table)


def _validated(suite: Suite, rules: list[Rule], table: pd.DataFrame) -> dict[int, Verdict | None]:
    gx = great_expectations()
    batch = _tables().get_batch({"dataframe": table})
    asked = [expectation(adapted(rule, table)) for rule in rules]
    suite_gx = gx.ExpectationSuite(name=suite.name.replace(".", "_"), expectations=asked)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = batch.validate(suite_gx, result_format={"result_format": "COMPLETE", "include_unexpected_rows": False})
    by_number = {rule.number: rule for rule in rules}
    found: dict[int, Verdict | None] = {}
    for result in report.results:
        number = result.expectation_config.meta["number"]
        found[number] = _verdict(suite, by_number[number], result, table)
    table.drop(columns=list(table.columns), inplace=True)  # kept until the next batch, whose cells alone are needed
    return found


def needed_columns(frame: pd.DataFrame, rules: list[Rule]) -> pd.DataFrame:
    """Only the columns that the rules need, in types that Great Expectations' comparisons survive, rows numbered from 0."""
    needed = dict.fromkeys(name for rule in rules for name in rule.read)
    for rule in rules:
        if rule.type.startswith("expect_table_column"):
            needed = dict.fromkeys(frame.columns)
    needed_columns = frame[[name for name in needed if name in frame.columns]].reset_index(drop=True)
    for name in needed_columns.columns:
        column = needed_columns[name]
        if isinstance(column.dtype, pd.BooleanDtype):
            needed_columns[name] = column.astype(object).where(column.notna(), None)
        elif pd.api.types.is_extension_array_dtype(column.dtype) and pd.api.types.is_numeric_dtype(column.dtype):
            needed_columns[name] = column.astype("float64")
        elif isinstance(column.dtype, pd.DatetimeTZDtype):
            needed_columns[name] = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return (
        needed_columns
        if len(needed_columns.columns)
        else pd.DataFrame(index=range(len(frame)), columns=["row"], data=0)
    )


def _verdict(suite: Suite, rule: Rule, result: Any, table: pd.DataFrame) -> Verdict:
    raised = _exception(result.exception_info)
    if raised:
        return Verdict(suite, rule, BROKEN, raised)
    detail: Mapping[str, Any] = result.result or {}
    looked_at = detail.get("element_count")
    rows = len(table) if looked_at is None else int(looked_at)
    checked = rows - int(detail.get("missing_count") or 0)
    base = Verdict(suite, rule, PASSED, checked=checked, observed=_observed(detail.get("observed_value")))
    if result.success:
        nothing = _nothing_seen(rule, table)
        return replace(base, verdict=SKIPPED, reason=nothing, checked=0) if nothing else base
    failing = detail.get("unexpected_index_list")
    positions = None if failing is None else np.unique(np.asarray([_position(item) for item in failing], dtype="int64"))
    count = int(detail.get("unexpected_count") or 0) or (0 if positions is None else len(positions))
    if rule.type == "expect_column_values_to_not_be_null":
        base = replace(base, checked=rows)
    return replace(base, verdict=FAILED, failing=count, rows=positions)


def _nothing_seen(rule: Rule, table: pd.DataFrame) -> str:
    """Why a pass would say nothing, so that it is not green; "" when there was something to look at."""
    if rule.columns and not len(table):
        return "the table has no rows"
    return f"no row has a value in {', '.join(rule.columns)}" if empty(rule, table) else ""


def _position(item: Any) -> int:
    return int(item) if not isinstance(item, Mapping) else int(next(iter(item.values())))


def _observed(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _exception(info: Any) -> str:
    """What was raised, whether told flat or by metric; "" when nothing was."""
    if not isinstance(info, Mapping):
        return ""
    if "raised_exception" in info:
        return (str(info.get("exception_message") or "it raised an error")[:300]) if info["raised_exception"] else ""
    return next((text for text in map(_exception, info.values()) if text), "")
