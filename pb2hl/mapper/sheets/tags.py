"""The tags and picklists sheets: values, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.outcomes import ENDS, stage_outcome
from pb2hl.mapper.knowledge.sheet_layout import WAITS, blank, prefill
from pb2hl.mapper.knowledge.text import tokens
from pb2hl.values.fold import fold
from pb2hl.values.statuses import deal_status

MOST_VALUES = 500
"""A picklist column with more distinct values is not listed value by value; its values become options as they are."""


def _items(cell: Any) -> Iterable[str]:
    if cell is None or cell is pd.NA or isinstance(cell, float):
        return ()
    items = (cell,) if isinstance(cell, str) else cell
    return (text for item in items if item is not None and (text := str(item).strip()))


def count_values(column: pd.Series) -> Counter[str]:
    """How often each value of a column occurs; items of list cells count one by one."""
    if column.dtype == object:
        return Counter(item for cell in column for item in _items(cell))
    texts = column.dropna().astype("str").str.strip()
    return Counter({str(value): int(count) for value, count in texts[texts != ""].value_counts(sort=False).items()})


def tags_sheet(tables: Mapping[str, pd.DataFrame], policy: str = "drop", threshold: float = 0.8) -> pd.DataFrame:
    """The tags sheet. `policy` says what becomes of a tag's group (tags table): `drop`, or `prefix` (`group: tag`).

    Tags of contacts become HighLevel tags, lower-cased as it stores them; those of companies and deals are text of a field.
    """
    groups = _groups(tables.get("tags", pd.DataFrame())) if policy == "prefix" else {}
    rows: list[dict[str, object]] = []
    for object_ in ("contacts", "companies", "deals"):
        frame = tables.get(object_)
        if frame is None or "tags" not in frame.columns:
            continue
        counts = count_values(frame["tags"])
        spellings = Counter(fold(tag) for tag in counts)
        for tag in sorted(counts, key=lambda tag: (fold(tag), tag)):
            group = groups.get(fold(tag), "")
            named = f"{group}: {tag}" if group else tag
            collides = spellings[fold(tag)] > 1
            reason = "one tag in several spellings" if collides else "HighLevel stores tags in lower case"
            rows.append(
                {
                    "object": object_, "tag": tag, "count": counts[tag],
                    "target": " ".join(named.lower().split()) if object_ == "contacts" else named,
                    "proposal": "keep", "confidence": 0.97,
                    "reason": reason if object_ == "contacts" else "kept as text: a tag here would land on people",
                }
            )  # fmt: skip
    return prefill(blank("tags", rows), threshold)


def _groups(tags: pd.DataFrame) -> dict[str, str]:
    if tags.empty or "group" not in tags.columns:
        return {}
    named = tags.dropna(subset=["name", "group"])
    return {fold(str(name)): str(group).strip() for name, group in zip(named["name"], named["group"], strict=True)}


def picklists_sheet(
    tables: Mapping[str, pd.DataFrame], fields: Mapping[str, Sequence[Any]], threshold: float = 0.8
) -> pd.DataFrame:
    """The picklists sheet: each value of each custom field with options, and of the deals' status.

    `fields` are the custom fields by object (`CustomField`). Values that differ only in case or spaces take the commonest spelling.
    """
    rows = []
    for object_, customs in fields.items():
        frame = tables.get(object_, pd.DataFrame())
        for item in customs:
            if item.data_type in ("SINGLE_OPTIONS", "MULTIPLE_OPTIONS") and item.staged_column in frame.columns:
                rows += _options(object_, item.staged_column, count_values(frame[item.staged_column]), item.options)
    deals = tables.get("deals", pd.DataFrame())
    if "status" in deals.columns:
        bare = _closed_and_no_more(deals)
        rows += [_status(value, count, bare) for value, count in sorted(count_values(deals["status"]).items())]
    return prefill(blank("picklists", rows), threshold)


def _options(object_: str, field: str, counts: Counter[str], declared: Sequence[str]) -> list[dict[str, object]]:
    if len(counts) > MOST_VALUES:
        return []
    spelled: dict[str, str] = {fold(option): option for option in declared}
    for value, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        spelled.setdefault(fold(value), value)
    known = {fold(option) for option in declared}
    rows = []
    for value in sorted(counts):
        option = spelled[fold(value)]
        reason = "declared" if fold(value) in known else "in use, not declared" if declared else "in use"
        if option != value:
            reason = f"{reason}; spelled like {option!r}"
        rows.append(
            {"object": object_, "field": field, "value": value, "count": counts[value], "option": option,
             "proposal": "keep", "confidence": 0.97, "reason": reason}
        )  # fmt: skip
    return rows


def _closed_and_no_more(deals: pd.DataFrame) -> frozenset[str]:
    """Statuses that say a deal is closed (`Closed`, `Geschlossen`) where neither they nor the deal's stage tell how it ended."""
    stages = deals["stage"] if "stage" in deals.columns else pd.Series("", index=deals.index)
    pairs = pd.DataFrame({"status": deals["status"], "stage": stages}).dropna(subset=["status"]).drop_duplicates()
    pairs["stage"] = pairs["stage"].fillna("")
    return frozenset(
        str(row.status)
        for row in pairs.itertuples()
        if set(tokens(str(row.status))) & heading_words("closed")
        and not deal_status(str(row.status))
        and stage_outcome(str(row.stage)) not in ENDS
    )


def _status(value: str, count: int, closed: Collection[str] = ()) -> dict[str, object]:
    outcome = deal_status(value)
    reason = f"means {outcome}" if outcome else "says neither open, won, lost nor abandoned: the stage decides"
    if value in closed:
        reason = f"{WAITS}it says that deals are closed, and neither it nor their stages how: write won, lost or abandoned as the option"
    return {
        "object": "deals", "field": "status", "value": value, "count": count, "option": outcome,
        "proposal": "keep", "confidence": 0.6 if value in closed else 0.95 if outcome else 0.85, "reason": reason,
    }  # fmt: skip
