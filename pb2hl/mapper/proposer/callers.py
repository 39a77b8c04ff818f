"""Calls, messages, tasks and appointments that say by phone whom they are with: one number, or from which to which.

The number that is a contact's or a company's of the export says who it was; the other is the own line. A number that is of several, or two
that are both known, mean nobody for sure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.signals import signals
from pb2hl.mapper.proposer.row_parts import fields_of, label_of

_OBJECTS = frozenset({"appointments", "tasks", "notes", "activities"})
_PHONES = frozenset({"phone", "mobile"})
_LABELS = {"contacts": ("id", "email", "full_name"), "companies": ("id", "name")}
_HEADINGS = {"contacts": ("Contact", "Contact of this row"), "companies": ("Company", "Company of this row")}
_MOSTLY, _ROWS = 0.8, 200
_LEAST = 7  # digits that a number has at least
_SUFFIX = 8  # digits by which numbers are looked up, with and without country and area

Numbers = Mapping[str, Sequence[tuple[str, str, str]]]
"""The last digits of phones → (all its digits, object, label) of each record that has such a phone."""


def numbers_of(tables: Iterable[tuple[Any, str]]) -> dict[str, list[tuple[str, str, str]]]:
    """Whose phones the contacts and companies of an export have: `[(RawTable, "contacts"), …]`."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for raw, object_ in tables:
        if object_ not in _LABELS:
            continue
        fields = fields_of(raw.headings, object_)
        labels = label_of(raw, fields, _LABELS[object_])
        if labels is None:
            continue
        for heading in (name for name, field in fields.items() if field in _PHONES):
            for text, label in zip(raw.frame[heading], labels, strict=True):
                if label and len(digits := _digits(text)) >= _LEAST:
                    found.setdefault(digits[-_SUFFIX:], []).append((digits, object_, label))
    return found


def who_called(headings: Sequence[str], frame: pd.DataFrame, object_: str, known: Numbers) -> pd.DataFrame:
    """`frame` with a column that says whom each row means, where only its phones do; `frame` itself elsewhere."""
    if object_ not in _OBJECTS or not known or not len(frame):
        return frame
    fields = fields_of(headings, object_)
    dialled = [name for name in headings if signals(frame[name].head(_ROWS)).looks("phone", at_least=_MOSTLY)]
    if not dialled or any(fields[name] in ("contact_id", "company_id") and name not in dialled for name in headings):
        return frame
    cells = [[_of(text, known) for text in frame[name]] for name in dialled]
    meant = [_one(row) for row in zip(*cells, strict=True)]
    if not any(label for _, label in meant):
        return frame
    taken = {name: f"Phone of {name}" for name in dialled if fields[name] in ("contact_id", "company_id")}
    out = frame.rename(columns=taken)  # `Caller` is a number here
    for kind, names in _HEADINGS.items():
        labels = [label if which == kind else "" for which, label in meant]
        if any(labels):
            heading = next(name for name in (*names, f"{names[0]} by phone") if name not in frame.columns)
            out = out.assign(**{heading: pd.Series(labels, index=frame.index, dtype="str")})
    return out


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text.partition("x")[0]).lstrip("0")


def _of(text: str, known: Numbers) -> frozenset[tuple[str, str]]:
    """The records (object, label) whose phone a number is, with or without country and area."""
    digits = _digits(text)
    same = known.get(digits[-_SUFFIX:], ()) if len(digits) >= _LEAST else ()
    return frozenset((kind, label) for other, kind, label in same if other.endswith(digits) or digits.endswith(other))


def _one(row: Sequence[frozenset[tuple[str, str]]]) -> tuple[str, str]:
    """The one record that the numbers of a row mean, people before their companies; nothing where they could mean several."""
    found = frozenset().union(*row)
    people = [item for item in found if item[0] == "contacts"]
    left = people or [*found]
    return left[0] if len(left) == 1 else ("", "")
