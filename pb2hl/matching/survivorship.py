"""Which value a merged record keeps, field by field, and what becomes of the others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from pb2hl.model import OBJECTS, PROVENANCE, RAW_PREFIX, FieldKind
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.values.fold import fold


class Rule(StrEnum):
    """How one value is chosen among the rows of a cluster."""

    SURVIVOR = "survivor"  # the surviving row's own, else the most recent
    RECENT = "most recent"  # by updated_at; rows without a date last; then the survivor's
    LONGEST = "longest"
    UNION = "union"
    STRICTEST = "strictest"  # true wherever any row says so; a missing value says nothing
    EARLIEST = "earliest"
    LATEST = "latest"


_ADDRESS = ("address_1", "address_2", "city", "state", "postal_code", "country")
_NAME = ("first_name", "last_name", "full_name")
_BESIDE = {spec.name: base for object_ in OBJECTS.values() for spec, base in object_.beside}
"""Columns that belong to another one (a number's extension) → that one: whatever row it is taken from, they are taken from as well."""
_TOGETHER = (_ADDRESS, _NAME, *((base, name) for name, base in _BESIDE.items()))
"""Fields that make sense only together and are taken from one row."""
NOTHING_GIVEN: Mapping[str, Mapping[str, str]] = {}
NO_NAMES: Mapping[str, str] = {}
_FIRST_OF_UNSHOWN = ("email", "email_2", "more_emails", "phone", "mobile")
_LISTS = (FieldKind.TAGS, FieldKind.REFS, FieldKind.MULTI_PICKLIST)


def default_rules(object_: str, columns: Sequence[str]) -> dict[str, Rule]:
    """The documented rule of every canonical and custom column of `object_`."""
    return {column: _default_rule(object_, column) for column in columns if _is_value(column)}


def _is_value(column: str) -> bool:
    return column not in PROVENANCE and not column.startswith(RAW_PREFIX) and column not in ("id", "derived", *_BESIDE)


def _default_rule(object_: str, column: str) -> Rule:
    if column in CONSENTS:
        return Rule.STRICTEST  # whatever a sheet says
    if column in _NAME or column in ("name", "email", "owner", "company_id", "company_name"):
        return Rule.SURVIVOR
    if column == "created_at":
        return Rule.EARLIEST
    if column == "updated_at":
        return Rule.LATEST
    if column == "more_emails":
        return Rule.UNION
    kind = OBJECTS[object_].field(column).kind if column in OBJECTS[object_].field_names else None
    if kind in _LISTS:
        return Rule.UNION
    return Rule.LONGEST if kind is FieldKind.LONG_TEXT else Rule.RECENT


def taken_along(column: str) -> tuple[str, ...]:
    """The columns that are taken from the same row as `column`, itself included."""
    return next((group for group in _TOGETHER if column in group), (column,))


def merge(
    frame: pd.DataFrame,
    survivor_of: Mapping[str, str],
    rules: Mapping[str, Rule],
    given: Mapping[str, Mapping[str, str]] = NOTHING_GIVEN,
    names: Mapping[str, str] = NO_NAMES,
) -> pd.DataFrame:
    """One row a survivor, in the order of `frame`, with `merged_ids` (its own id first) and `unshown` (JSON text).

    `given`: by survivor, fields that a person took from one row (field → its source id) whatever the rule says; `names`: what
    the sheet calls it, be it merged or alone.

    `unshown` lists {source_id, field, value} for every value of a survivor's rows that it does not show; further
    e-mails and phones come first. `frame` is not changed.
    """
    rules = {**rules, **{name: rules[base] for name, base in _BESIDE.items() if base in rules}}
    ids = frame["source_id"].astype(str)
    target = pd.Series(
        [survivor_of.get(source_id, source_id) for source_id in ids.tolist()], ids.index, dtype=ids.dtype
    )
    kept = frame[(ids == target).to_numpy()].copy()
    merged: dict[str, dict[str, Any]] = {}
    moving = target.isin({*target[(ids != target).to_numpy()], *names}).to_numpy()
    clusters: dict[str, list[dict[str, Any]]] = {}
    for survivor, row in zip(target[moving], frame[moving].to_dict("records"), strict=True):
        clusters.setdefault(str(survivor), []).append({str(name): cell for name, cell in row.items()})
    for survivor in sorted(clusters):
        called = {"name": names[survivor]} if names.get(survivor) else {}
        merged[survivor] = _merge_cluster(survivor, clusters[survivor], rules, given.get(survivor, {}), called)
    own = kept["source_id"].astype(str).tolist()
    kept["merged_ids"] = [merged[item]["merged_ids"] if item in merged else [item] for item in own]
    kept["unshown"] = [merged[item]["unshown"] if item in merged else "[]" for item in own]
    if merged:
        _write_back(kept, merged, rules)
    return kept.reset_index(drop=True)


def _write_back(kept: pd.DataFrame, merged: dict[str, dict[str, Any]], rules: Mapping[str, Rule]) -> None:
    own = kept["source_id"].astype(str).tolist()
    chosen = [(at, merged[item]["values"]) for at, item in enumerate(own) if item in merged]
    for column in rules:
        if column not in kept.columns:
            continue
        values = kept[column].astype(object).to_numpy(copy=True)
        for at, cells in chosen:
            values[at] = cells[column]
        kept[column] = pd.Series(list(values), index=kept.index, dtype=kept[column].dtype)


def _merge_cluster(
    survivor: str,
    records: list[dict[str, Any]],
    rules: Mapping[str, Rule],
    given: Mapping[str, str],
    called: Mapping[str, str],
) -> dict[str, Any]:
    """Chosen `values`, `merged_ids` and `unshown` of the rows of one survivor."""
    records.sort(key=lambda row: (str(row["source_id"]) != survivor, *_recency(row), str(row["source_id"])))
    recent = sorted(records, key=lambda row: (*_recency(row), str(row["source_id"]) != survivor, str(row["source_id"])))
    values = {column: _choose(rule, column, records, recent) for column, rule in rules.items() if column in records[0]}
    for group in _TOGETHER:
        _take_together(group, values, rules, records, recent)
    _take_given(values, given, records)
    values.update(called)
    unshown = _unshown(values, records)
    return {
        "values": values,
        "merged_ids": [str(row["source_id"]) for row in records],
        "unshown": json.dumps(unshown, ensure_ascii=False, default=str),
    }


def _recency(row: Mapping[str, Any]) -> tuple[bool, float]:
    moment = row.get("updated_at")
    if moment is None or is_missing(moment):
        return True, 0.0
    return False, -pd.Timestamp(moment).timestamp()


def is_missing(value: Any) -> bool:
    """Whether a cell holds nothing: NA, an empty text, an empty list."""
    if isinstance(value, list | tuple | np.ndarray):
        return len(value) == 0
    return value is None or value == "" or bool(pd.isna(value))


def _choose(rule: Rule, column: str, records: list[dict], recent: list[dict]) -> object:
    present = [row[column] for row in (records if rule is Rule.SURVIVOR else recent) if not is_missing(row[column])]
    if not present:
        return records[0][column]
    if column in CONSENTS or rule is Rule.STRICTEST:
        return any(bool(value) for value in present)
    if rule is Rule.UNION:
        return _union(present)
    if rule is Rule.LONGEST:
        return max(present, key=lambda value: len(str(value)))
    if rule is Rule.EARLIEST:
        return min(present)
    if rule is Rule.LATEST:
        return max(present)
    return present[0]


def _union(values: list) -> object:
    if not all(isinstance(value, list | tuple | np.ndarray) for value in values):
        return values[0]
    seen: dict[str, object] = {}
    for value in values:
        for item in value:
            seen.setdefault(str(item).casefold(), item)
    return list(seen.values())


def _take_together(
    group: tuple[str, ...],
    values: dict[str, object],
    rules: Mapping[str, Rule],
    records: list[dict],
    recent: list[dict],
) -> None:
    """Take the fields of `group` from the one row that its first filled field comes from."""
    columns = [column for column in group if column in values]
    if not columns or len({rules[column] for column in columns}) > 1:
        return
    order = records if rules[columns[0]] is Rule.SURVIVOR else recent
    filled = [row for row in order if not all(is_missing(row[column]) for column in columns)]
    if filled:
        best = next((row for row in filled if not is_missing(row[columns[0]])), filled[0])
        values.update({column: best[column] for column in columns})


def _take_given(values: dict[str, object], given: Mapping[str, str], records: list[dict]) -> None:
    """Take what a person chose from the row they chose, with what belongs to it; a row that has nothing there gives nothing."""
    rows = {str(row["source_id"]): row for row in records}
    for field, source_id in given.items():
        columns = [column for column in taken_along(field) if column in values and column not in CONSENTS]
        row = rows.get(source_id)
        if row is not None and any(not is_missing(row[column]) for column in columns):
            values.update({column: row[column] for column in columns})


def _unshown(values: Mapping[str, object], records: list[dict]) -> list[dict[str, object]]:
    order = [column for column in _FIRST_OF_UNSHOWN if column in values]
    order += [column for column in values if column not in _FIRST_OF_UNSHOWN]
    found, seen = [], set()
    contact = {_key(item) for column in _FIRST_OF_UNSHOWN for item in _items(values.get(column))}
    for column in order:
        shown = {_key(item) for item in _items(values[column])}
        for row in records:
            for item in _items(row[column]):
                key = _key(item)
                same = "e-mail or phone" if column in _FIRST_OF_UNSHOWN else column
                if key in shown or (same, key) in seen or (column in _FIRST_OF_UNSHOWN and key in contact):
                    continue
                seen.add((same, key))
                found.append({"source_id": str(row["source_id"]), "field": column, "value": _json_value(item)})
    return found


def _items(value: object) -> list:
    if is_missing(value):
        return []
    return list(value) if isinstance(value, list | tuple | np.ndarray) else [value]


def _key(value: object) -> str:
    return fold(str(value))


def _json_value(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool) else str(value)
