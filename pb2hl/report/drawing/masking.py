"""Hiding personal values in what is shared, keeping their shape: `Jane Roe` becomes `Xxxx Xxx`, `613 555` `999 999`.

Hidden by default: a text column is shown only when its name says that it holds the package's own words or ids of the
schema. Free text (headlines, problems) loses e-mails, phone numbers, quoted values and every personal value of the
staged tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pb2hl.errors import Problem
from pb2hl.model import OBJECTS
from pb2hl.report.drawing.cells import text_of
from pb2hl.workspace import Workspace

SAFE_COLUMNS = frozenset(
    """object step severity verdict rule suite expectation reason code kind state status target class difference field column heading
    staged_column type pipeline stage target_pipeline target_stage data_type decision bucket action match confidence score count rows
    filled fill distinct converted not_converted position probability outcome sheet source_sheet source_row row source_id record_id
    destination_id op_id run_id hash row_hash part personal_data language histogram patterns currency month bucket relation refers_to
    severity treatment checked failing at when date started ended file_kind moved_to where_to goes_to gate endpoint scope band issue
    expected arrived missing extra wrong total unit zone order name_kind outcome_kind delay step_kind
    approved effect day requests days dtype cluster comparison weight threshold rule_id what mime_type normalisation
    why instead where basis becomes explanation prepared source_columns survivor proposal transform ask check model label
    expected_rows existing created updated linked uploaded skipped refused in_doubt duration""".split()
)
"""Column names of results that hold no personal value, whatever the export."""

OF_VALUES = frozenset({"tag", "value"})
"""Columns of the sheets about tags and picklists, where `target` is such a value and no field."""
_QUOTING = re.compile(r"\b(lost: |added: )([^;]+)|\b(tag\.)(.+?)(?= \(|[;\n]|$)")
"""Where explanations quote values of a list, and where the id of a tag names it."""
_TAG = re.compile(r"^(tag\.)(.+)$", re.S)

_LINK = re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://[^\s<>\"']+", re.I)
_EMAIL = re.compile(r"(?<![^\s@<>()\[\]\"',;])[^\s@<>()\[\]\"',;]++@[^\s@<>()\[\]\"',;]+\.[^\s@<>()\[\]\"',;]+")
_DIGITS = re.compile(r"\+?\d[\d\s().-]{5,}\d")
_QUOTED = re.compile(r"(?<!\w)(['\"“‘«])(.{2,200}?)(['\"”’»])(?!\w)")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?$")
_KNOWN_WORDS = frozenset(
    {word for name in OBJECTS for word in name.split("_")}
    | set(
        "owners stages picklists duplicates survivorship conflicts migration cross csv tsv xlsx json jsonl txt xls sqlite zip toml".split()
    )
)
"""Words of file names that say nothing of anybody."""
LONGEST_NAME = 12
"""Words of a personal value that is looked for inside free text; file names are the longest."""

PERSONAL_FIELDS: Mapping[str, tuple[str, ...]] = {
    "contacts": ("first_name", "last_name", "full_name", "email", "phone", "company_name", "address_1", "address_2", "postal_code"),
    "companies": ("name", "email", "phone", "domain", "website", "address_1", "address_2", "postal_code"),
    "users": ("name", "email"),
    "attachments": ("file_name", "path"),
    "deals": ("name",),
    "tasks": ("title",),
    "appointments": ("title", "location"),
    "activities": ("subject",),
}  # fmt: skip
_TITLES = frozenset({"tasks", "appointments", "activities"})
"""Objects whose titles are often one common word (Call, Demo), which alone says nothing about anybody."""


def shape(text: str) -> str:
    """`text` with every letter as x or X and every digit as 9; at most 60 characters."""
    return "".join("9" if c.isdigit() else ("X" if c.isupper() else "x") if c.isalpha() else c for c in text[:60])


class Mask:
    """What is hidden. `Mask(False)` hides nothing; `personal` are lower-cased values to look for in free text.

    `places` are folders of this machine and what stands for each: their names often are a client's.
    """

    def __init__(
        self, on: bool = False, personal: frozenset[str] = frozenset(), places: Mapping[str, str] | None = None
    ):
        self.on = on
        self.personal = personal
        self._places = dict(places or {})
        self._widest = min(max((len(_WORD.findall(value)) for value in personal), default=0), LONGEST_NAME)

    def text(self, text: str) -> str:
        """Free text without personal values."""
        if not self.on or not text:
            return text
        for place, shown in self._places.items():
            text = text.replace(place, shown)
        text = _QUOTING.sub(lambda m: (m[1] or m[3]) + shape(m[2] or m[4]), text)
        text = _LINK.sub(lambda m: shape(m[0]), text)
        text = _EMAIL.sub(lambda m: shape(m[0]), text)
        text = _QUOTED.sub(lambda m: m[1] + shape(m[2]) + m[3], text)
        text = _DIGITS.sub(lambda m: m[0] if _STAMP.match(m[0].strip()) else shape(m[0]), text)
        return self._names(text)

    def whole(self, text: str) -> str:
        """A text that people wrote freely, as nothing but its shape."""
        return shape(text) if self.on else text

    def file(self, name: str) -> str:
        """The name of a file or sheet: shown when it says what it holds and nothing else, such as contacts.csv."""
        known = all(word.lower() in _KNOWN_WORDS for word in re.findall(r"[^\W\d_]+", name))
        return name if known or not self.on else shape(name)

    def _names(self, text: str) -> str:
        if not self.personal:
            return text
        found = list(_WORD.finditer(text))
        pieces = list(text)
        spelled = [match[0].lower() for match in found]
        for width in range(self._widest, 0, -1):
            for i in range(len(found) - width + 1):
                start, end = found[i].start(), found[i + width - 1].end()
                as_words, as_written = " ".join(spelled[i : i + width]), " ".join(text[start:end].lower().split())
                if as_words in self.personal or as_written in self.personal:
                    pieces[start:end] = shape(text[start:end])[: end - start].ljust(end - start, "x")
        return "".join(pieces)

    def value(self, value: Any) -> Any:
        """Any JSON-able value with its texts hidden as free text; keys of objects stay."""
        if not self.on:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {
                key: item if key in SAFE_COLUMNS else self._files(item) if key == "files" else self.value(item)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple | np.ndarray):
            return [self.value(item) for item in value]
        return value

    def _files(self, names: Any) -> Any:
        return [self.file(name) if isinstance(name, str) else self.value(name) for name in names]

    def problem(self, problem: Problem) -> Problem:
        """`problem` with its message hidden as free text."""
        if not self.on:
            return problem
        return replace(
            problem,
            message=self.text(problem.message),
            treatment=self.text(problem.treatment),
            file=self.file(problem.file),
            sheet=self.file(problem.sheet),
            field=self.text(problem.field),
        )

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """`frame` with every text column that is not known to be harmless reduced to shapes."""
        if not self.on:
            return frame
        masked = frame.copy()
        for name in frame.columns:
            column = frame[name]
            if not isinstance(column, pd.Series) or pd.api.types.is_numeric_dtype(column.dtype):
                continue
            if name == "histogram":
                continue
            harmless = str(name) in SAFE_COLUMNS and not (name == "target" and OF_VALUES & set(frame.columns))
            texts = column.map(text_of)
            if name == "source_id":
                texts = texts.str.replace(_TAG, lambda m: m[1] + shape(m[2]), regex=True)
            hide = {text: self.text(text) if harmless else shape(text) for text in texts.unique()}
            masked[name] = texts.map(hide)
        return masked


def vocabulary(tables: Mapping[str, pd.DataFrame]) -> frozenset[str]:
    """The personal values of the staged tables that free text could quote, lower-cased; words under 3 letters left out."""
    found: set[str] = set()
    titles: set[str] = set()
    for name, fields in PERSONAL_FIELDS.items():
        frame = tables.get(name)
        if frame is None:
            continue
        for field in fields:
            if field in frame.columns:
                (titles if name in _TITLES else found).update(str(value) for value in frame[field].dropna().unique())
    found |= {title for title in titles if len(title.split()) > 1}
    values = {" ".join(_WORD.findall(value.lower())) for value in found} | {" ".join(v.lower().split()) for v in found}
    return frozenset(value for value in values if len(value) > 2 and not value.isdigit())


def mask_of(ws: Workspace, on: bool) -> Mask:
    """What is hidden in reports of `ws`: nothing, or every personal value of its staged tables and the folders it lies in."""
    if not on:
        return Mask()
    named = {str(ws.config.export): "EXPORT", str(ws.path): "WS", str(ws.path.resolve()): "WS"}
    places = {place: shown for place, shown in named.items() if Path(place).is_absolute()}
    return Mask(True, vocabulary({name: ws.table(name) for name in PERSONAL_FIELDS}), places)
