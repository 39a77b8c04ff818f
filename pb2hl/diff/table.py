"""Diffs as tables: of single records (the sample) and of whole locations (the audit)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pb2hl.diff.flatten import CUSTOM, flatten_payload, flatten_record
from pb2hl.diff.values import Class, compare

COLUMNS = ("object", "source_id", "record_id", "field", "source_value", "sent", "stored", "class", "explanation")


def compare_records(
    payload: Mapping[str, Any],
    record: Mapping[str, Any] | None,
    *,
    region: str = "",
    ours: frozenset[str] = frozenset(),
) -> list[tuple[str, Any, Any, Class, str]]:
    """(field, sent, stored, class, explanation) of every field sent, and of every custom field of `ours` only stored.

    `record` None means that it is not there: everything sent is missing. Fields that the platform keeps for itself
    (dates, owner of the location) were not sent and are not looked at.
    """
    sent = flatten_payload(payload)
    stored = {} if record is None else flatten_record(record)
    found = []
    for field, value in sent.items():
        held = stored_value(stored, field)
        found.append((field, value, held, *compare(value, held, field, region)))
    for field, held in stored.items():
        if field.startswith(CUSTOM) and field not in sent and field.removeprefix(CUSTOM) in ours:
            kind, why = compare(None, held, field, region)
            if kind is Class.EXTRA:
                found.append((field, None, held, kind, why))
    return found


def stored_value(stored: Mapping[str, Any], field: str) -> Any:
    """The stored value of a field sent as `field`: businesses give their custom values back beside the standard ones."""
    if field in stored:
        return stored[field]
    if field.startswith(CUSTOM):
        return stored.get(field.removeprefix(CUSTOM))
    return None


def shown(value: Any) -> str:
    """A value as a cell of a diff shows it; lists with commas."""
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def compare_table(pairs: pd.DataFrame, region: str = "") -> pd.DataFrame:
    """`pairs` (columns `field`, `sent`, `stored`, any others) with `class` and `explanation`.

    Equal values are told in one vectorised step; of the rest every distinct pair is compared once.
    """
    result = pairs.assign(**{"class": str(Class.EQUAL), "explanation": ""})
    sent, stored = (pairs[name].map(repr) for name in ("sent", "stored"))
    differs = (sent != stored).to_numpy(bool)
    if not differs.any():
        return result
    keys = pd.DataFrame({"field": pairs["field"], "sent": sent, "stored": stored})[differs]
    codes = keys.groupby(["field", "sent", "stored"], sort=False).ngroup().to_numpy()
    firsts = pairs[differs].iloc[pd.Series(codes).drop_duplicates().index]
    found = [
        compare(sent, stored, field, region)
        for sent, stored, field in zip(firsts["sent"], firsts["stored"], firsts["field"], strict=True)
    ]
    result.loc[differs, "class"] = [str(found[code][0]) for code in codes]
    result.loc[differs, "explanation"] = [found[code][1] for code in codes]
    return result


def class_counts(diff: pd.DataFrame) -> pd.DataFrame:
    """Rows of object, field, class, count, the worst first."""
    if diff.empty:
        return pd.DataFrame(columns=["object", "field", "class", "count"])
    counts = diff.groupby(["object", "field", "class"], sort=True).size().rename("count").reset_index()
    worst = (Class.MISSING, Class.CHANGED, Class.EXTRA, Class.SYNCED, Class.NORMALISED, Class.EQUAL)
    order = {str(kind): number for number, kind in enumerate(worst)}
    return counts.sort_values("class", key=lambda column: column.map(order), kind="stable").reset_index(drop=True)
