"""The mapping sheets: their columns, their keys, and what may stand in `decision`."""

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
    "fields": ("label", "type", "options", "transform", "decision", "comment"),
    "stages": ("target_pipeline", "target_stage", "status", "decision", "comment"),
    "owners": ("user_id", "user_email", "decision", "comment"),
    "tags": ("target", "decision", "comment"),
    "picklists": ("option", "decision", "comment"),
}
"""Columns that a person may change; the rest describes the export, or follows the decision (the `target` of fields)."""

DECISIONS: dict[str, tuple[str, ...]] = {
    "stages": ("map", "beside"),
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

WAITS = "a person decides: "
"""How the reason of a column begins that no batch run decides: what it says of its records is not known."""

LEFT_OUT_BY = "left out by "
"""How the reason of a table begins that a person left out; the name follows."""

PROPOSAL = "proposal"
"""`who` of a decision that nobody has touched: the proposal was above the threshold."""


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
