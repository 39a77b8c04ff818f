"""Custom fields: what `custom_fields` declares, and the HighLevel type that a column's values ask for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.lists import sections
from pb2hl.mapper.knowledge.signals import Signals, signals
from pb2hl.mapper.knowledge.text import tokens
from pb2hl.mapper.proposer.objects import named
from pb2hl.mapper.proposer.propose import propose_fields
from pb2hl.model import FieldKind
from pb2hl.values.fold import fold, unaccented
from pb2hl.values.written import written

_DATA_TYPE = {word: data_type for data_type, words in sections("field_types").items() for word in words}

KINDS: dict[str, FieldKind] = {
    "TEXT": FieldKind.TEXT,
    "LARGE_TEXT": FieldKind.LONG_TEXT,
    "NUMERICAL": FieldKind.NUMBER,
    "MONETORY": FieldKind.MONEY,
    "DATE": FieldKind.DATE,
    "SINGLE_OPTIONS": FieldKind.PICKLIST,
    "MULTIPLE_OPTIONS": FieldKind.MULTI_PICKLIST,
    "RADIO": FieldKind.BOOLEAN,
    "PHONE": FieldKind.PHONE,
    "EMAIL": FieldKind.EMAIL,
}
"""How a custom field's column is typed at staging."""

MOST_OPTIONS = 20
"""A column with more distinct values than this is text, not a picklist."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A row of the export's custom_fields: canonical object ("" for any), name, label, HighLevel type, options."""

    object: str
    name: str
    label: str
    data_type: str
    options: tuple[str, ...]
    deprecated: bool


def data_type_of(word: str) -> str:
    """HighLevel's type for a type word of an export (`multi-picklist` → MULTIPLE_OPTIONS); "" when it is unknown."""
    type_key = "_".join(tokens(word))
    return _DATA_TYPE.get(type_key) or _DATA_TYPE.get(type_key.replace("_", ""), "")


def split_options(text: str) -> tuple[str, ...]:
    """Declared options: a JSON list, or parts between `|`, `;`, newlines or commas."""
    stripped = text.strip()
    if stripped.startswith("["):
        try:
            items = json.loads(stripped)
            found = [
                item if isinstance(item, str) else str(item.get("label") or item.get("value") or "") for item in items
            ]
            return tuple(dict.fromkeys(item.strip() for item in found if item.strip()))
        except (ValueError, AttributeError):
            stripped = stripped.strip("[]")
    for separator in ("|", ";", "\n", ","):
        if separator in stripped:
            return tuple(dict.fromkeys(part.strip() for part in stripped.split(separator) if part.strip()))
    return (stripped,) if stripped else ()


ByValues = Callable[[pd.DataFrame, dict[str, str], list[str]], dict[str, str]]


def declared(frame: pd.DataFrame, further: ByValues | None = None) -> list[Declared]:
    """What a custom_fields table (raw or staged) declares; `further` tells columns of a raw one by their values."""
    if frame.empty:
        return []
    wanted = ("object", "name", "label", "type", "options", "deprecated")
    if "source_id" in frame.columns or {"object", "name", "label"} <= set(frame.columns):
        names = {field: field for field in wanted if field in frame.columns}
    else:
        found = propose_fields(frame, "custom_fields")
        names = {str(row.field): str(row.heading) for row in found.itertuples() if row.field in wanted}
        left = [str(row.heading) for row in found.itertuples() if row.field not in wanted]
        names |= further(frame, names, left) if further else {}
    columns = {field: frame[heading].tolist() for field, heading in names.items()}
    rows = []
    for at in range(len(frame)):
        cells = {field: values[at] for field, values in columns.items()}
        name, label = _cell_text(cells.get("name")), _cell_text(cells.get("label"))
        if name or label:
            rows.append(
                Declared(
                    named(_cell_text(cells.get("object")))[0],
                    name or label,
                    label or name,
                    data_type_of(_cell_text(cells.get("type"))),
                    _options(cells.get("options")),
                    _cell_text(cells.get("deprecated")).casefold()
                    in {"true", "yes", "y", "1", "x", "oui", "ja", "si", "sim"},
                )
            )
    return rows


def _cell_text(value: Any) -> str:
    return (
        "" if value is None or value is pd.NA or (isinstance(value, float) and value != value) else str(value).strip()
    )


def _options(value: Any) -> tuple[str, ...]:
    if value is None or isinstance(value, str):
        return split_options(value or "")
    return tuple(str(item) for item in value) if isinstance(value, Iterable) else ()


def declaration(rows: Sequence[Declared], object_: str, heading: str) -> Declared | None:
    """The declaration of a column: by its name, its label, or `object.name` as headings write it."""
    wanted = heading_key(heading)
    tails = {wanted, heading_key(heading.rsplit(".", 1)[-1])}
    for row in rows:
        if row.object in ("", object_) and (
            {heading_key(row.name), heading_key(row.label)} & tails or wanted == heading_key(f"{row.object}{row.name}")
        ):
            return row
    return None


def heading_key(text: str) -> str:
    """A heading as headings are compared: its letters and digits."""
    return "".join(char for char in unaccented(text) if char.isalnum())


def infer(values: pd.Series, seen: Signals | None = None) -> tuple[str, str]:
    """(HighLevel type, reason) that a text column's values ask for; TEXT whenever in doubt, so that nothing is cut."""
    seen = seen or signals(values)
    if not seen.filled:
        return "TEXT", "no values"
    if seen.looks("json"):
        return _choices(written(values.astype("str"))[0], seen)
    if seen.looks("boolean", at_least=1.0) and seen.distinct >= 2:
        return "RADIO", "only words for yes and no"
    if seen.looks("date", at_least=0.98):
        return "DATE", "dates"
    if seen.looks("datetime", at_least=0.9):
        return "TEXT", "dates with times: a DATE field would cut the time"
    if seen.looks("email", "url", "phone", at_least=0.6):
        return "TEXT", "addresses or numbers to reach someone"
    if seen.looks("money", at_least=0.98) and not seen.looks("number", at_least=0.98):
        return "MONETORY", "amounts of money"
    if seen.looks("number", at_least=1.0):
        return _number(values)
    if seen.mean_length > 120 or seen.looks("html", at_least=0.3):
        return "LARGE_TEXT", "long text"
    return _choices(values, seen)


def _number(values: pd.Series) -> tuple[str, str]:
    filled = values[values.str.strip() != ""].str.strip() if values.dtype != object else values.astype(str).str.strip()
    if filled.str.match(r"^-?0\d").any() or filled.str.len().max() > 15:
        return "TEXT", "digits with leading zeros, or longer than a number keeps"
    return "NUMERICAL", "numbers"


def _choices(values: pd.Series, seen: Signals) -> tuple[str, str]:
    texts = values.astype("str").str.strip()
    counts = texts[texts != ""].value_counts()
    parts = pd.Series([part.strip() for text in counts.index[:500] for part in text.replace("|", ";").split(";")])
    separated = counts.index.str.contains(r"[;|]").mean()
    if (
        separated >= 0.2
        and parts.nunique() <= MOST_OPTIONS
        and len(parts) >= 2 * parts.nunique()
        and parts.str.len().max() <= 60
    ):
        return "MULTIPLE_OPTIONS", f"lists of {parts.nunique()} repeated values"
    if len(counts) <= MOST_OPTIONS and counts.sum() >= 4 * len(counts) and counts.index.str.len().max() <= 60:
        return "SINGLE_OPTIONS", f"{len(counts)} repeated values"
    return ("LARGE_TEXT", "text of several lines") if counts.index.str.contains("\n").any() else ("TEXT", "text")


class Labels:
    """The labels of a table's custom fields, no two alike."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, wanted: str) -> str:
        """`wanted`, or with ` (2)`, ` (3)` … when another column already has that label (case ignored)."""
        label, number = wanted, 2
        while fold(label) in self._taken:
            label, number = f"{wanted} ({number})", number + 1
        self._taken.add(fold(label))
        return label
