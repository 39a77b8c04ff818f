"""The mapping sheets: their columns, what may stand in `decision`, and how decisions outlive a new export."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pb2hl.clock import SYSTEM_CLOCK, Clock, stamp
from pb2hl.model import OBJECTS, FieldKind
from pb2hl.values.consents import FIELDS as CONSENTS

TAIL = ("proposal", "confidence", "reason", "decision", "who", "when", "comment")

SHEETS: dict[str, tuple[str, ...]] = {
    "fields": (
        "object", "file", "sheet", "column", "examples", "fill", "distinct", "target", "label", "type", "options", "transform",
        *TAIL,
    ),
    "stages": (
        "pipeline", "stage", "position", "probability", "outcome", "deals", "target_pipeline", "target_stage", "status", *TAIL,
    ),
    "owners": ("owner", "name", "email", "active", "records", "user_id", "user_email", "match", *TAIL),
    "tags": ("object", "tag", "count", "target", *TAIL),
    "picklists": ("object", "field", "value", "count", "option", *TAIL),
}  # fmt: skip
"""Columns of each sheet, in order."""

KEYS: dict[str, tuple[str, ...]] = {
    "fields": ("object", "file", "sheet", "column"),
    "stages": ("pipeline", "stage"),
    "owners": ("owner",),
    "tags": ("object", "tag"),
    "picklists": ("object", "field", "value"),
}
"""What a row is about: a decision applies to the row with the same key."""

EDITABLE: dict[str, tuple[str, ...]] = {
    "fields": ("target", "label", "type", "options", "transform", "decision", "comment"),
    "stages": ("target_pipeline", "target_stage", "status", "decision", "comment"),
    "owners": ("user_id", "user_email", "decision", "comment"),
    "tags": ("target", "decision", "comment"),
    "picklists": ("option", "decision", "comment"),
}
"""Columns that a person may change; the rest describes the export."""

DECISIONS: dict[str, tuple[str, ...]] = {
    "stages": ("map",),
    "owners": ("map", "fallback", "invite"),
    "tags": ("keep", "drop"),
    "picklists": ("keep",),
}
"""What may stand in `decision`, but for `fields`, whose decisions are canonical fields, `custom` and `ignore`."""

STATUSES = ("open", "won", "lost", "abandoned")

DATA_TYPES = (
    "TEXT", "LARGE_TEXT", "NUMERICAL", "MONETORY", "DATE", "SINGLE_OPTIONS", "MULTIPLE_OPTIONS", "RADIO", "PHONE", "EMAIL",
)  # fmt: skip
"""HighLevel's custom field types that a column can become (its own spelling of MONETORY)."""

PROPOSAL = "proposal"
"""`who` of a decision that nobody has touched: the proposal was above the threshold."""

_FACTS = (
    "examples",
    "fill",
    "distinct",
    "position",
    "probability",
    "outcome",
    "deals",
    "count",
    "records",
    "active",
    "name",
    "email",
)


def takes_several(object_: str, field: str) -> bool:
    """Whether several columns of a table may be decided for one field: references (the first that means a record counts)
    and refusals (the strictest counts)."""
    spec = next((spec for spec in OBJECTS[object_].fields if spec.name == field), None) if object_ in OBJECTS else None
    return spec is not None and (spec.kind in (FieldKind.REF, FieldKind.REFS) or field in CONSENTS)


def blank(sheet: str, rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    """`rows` as a sheet: all its columns as text, missing cells empty."""
    body = [{column: _text(row.get(column, "")) for column in SHEETS[sheet]} for row in rows]
    return pd.DataFrame(body, columns=list(SHEETS[sheet]), dtype="str")


def _text(value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if not value.is_integer() else str(int(value))
    return str(value)


def prefill(frame: pd.DataFrame, threshold: float, clock: Clock = SYSTEM_CLOCK) -> pd.DataFrame:
    """`frame` with the proposals at or above `threshold` (0-1) written into `decision`, by `proposal`."""
    sure = (frame["decision"] == "") & (frame["proposal"] != "")
    sure &= pd.to_numeric(frame["confidence"], errors="coerce").fillna(0) >= threshold
    out = frame.copy()
    out.loc[sure, "decision"] = out.loc[sure, "proposal"]
    out.loc[sure, "who"] = PROPOSAL
    out.loc[sure, "when"] = stamp(clock.now())
    return out


def merge(sheet: str, new: pd.DataFrame, old: pd.DataFrame | None) -> pd.DataFrame:
    """`new` proposals with every decision of `old` that still applies: same key, and made by a person or unchanged.

    A decision that was only a pre-filled proposal gives way to a newer proposal; what a person wrote stays. Rows that the
    new export no longer has are left out. Duplicate keys in `old`: the last one counts.
    """
    if old is None or old.empty:
        return new
    keys = list(KEYS[sheet])
    kept = [column for column in (*EDITABLE[sheet], "who", "when") if column in old.columns]
    latest = old.drop_duplicates(subset=keys, keep="last").set_index(keys)
    out = new.copy()
    found = pd.MultiIndex.from_frame(out[keys]) if len(keys) > 1 else pd.Index(out[keys[0]])
    at = latest.index.get_indexer(found)
    rows = [row for row, place in enumerate(at) if place >= 0 and _persons(latest.iloc[place], out.iloc[row])]
    for column in kept:
        values = out[column].to_numpy(dtype=object).copy()
        values[rows] = [latest[column].iloc[at[row]] for row in rows]
        out[column] = values
    return out.astype("str")


def _persons(old: pd.Series, new: pd.Series) -> bool:
    """Whether an old row's decision is a person's, or the same proposal as before (its time stays too)."""
    if not old.get("decision", ""):
        return bool(old.get("comment", "")) and not new["decision"]
    return (
        old.get("who", "") not in ("", PROPOSAL)
        or old["decision"] != old.get("proposal", "")
        or old["proposal"] == new["proposal"]
    )
