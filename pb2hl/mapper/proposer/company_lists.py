"""Columns that name several companies of one record (`Acme Inc.;Beta LLC`, `[11, 12]`): the first is the record's, the others stay beside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.prefixes import without_prefix
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.proposer.candidate import Candidate
from pb2hl.mapper.proposer.score import candidate
from pb2hl.values.fold import fold

OTHERS = " → others"
"""How the column of further companies is called behind the heading of the column that named them all."""

_SURE = re.compile(r";|\||\n|:::")
"""Marks between companies that no company's name has."""

_COMMA = re.compile(r",")
_MENTIONS = ("company_id", "company_name")
_OBJECTS = frozenset({"contacts", "deals"})


def company_names(tables: Iterable[Any]) -> dict[str, str]:
    """{id or name of a company, folded: its name} of raw tables of companies, by the columns headed so."""
    found: dict[str, str] = {}
    for raw in tables:
        fields = {candidate(said, "companies", Signals()).field: heading for heading, said in _said(raw)}
        if "name" not in fields:
            continue
        names = raw.frame[fields["name"]].str.strip()
        found |= {fold(name): name for name in names.unique() if name}
        if "id" in fields:
            found |= {fold(key): name for key, name in zip(raw.frame[fields["id"]], names, strict=True) if key.strip()}
    return found


def _said(raw: Any) -> Iterable[tuple[str, str]]:
    return zip(raw.headings, without_prefix(raw.headings), strict=True)


def split_companies(
    headings: Sequence[str], frame: pd.DataFrame, object_: str, known: Mapping[str, str]
) -> pd.DataFrame:
    """`frame` with each column of lists of companies as two: the first of each list, and `<heading> → others`.

    `known` are the export's companies (`company_names`). A comma parts only what is known by itself (`Acme, Inc.` stays).
    """
    columns: dict[str, pd.Series] = {}
    for heading, said in zip(headings, without_prefix(headings), strict=True) if object_ in _OBJECTS else ():
        if candidate(said, object_, Signals()).field in _MENTIONS:
            texts = frame[heading].str.strip()
            alone = {fold(text) for text in texts.unique() if not _SURE.search(text) and not _COMMA.search(text)}
            alone.update(known)
            parts = {text: _parts(text, alone) for text in texts.unique()}
            if any(len(found) > 1 for found in parts.values()):
                columns[heading] = texts.map({text: found[0] if found else "" for text, found in parts.items()})
                rest = {text: "; ".join(_named(part, known) for part in found[1:]) for text, found in parts.items()}
                columns[heading + OTHERS] = texts.map(rest)
    if not columns:
        return frame
    out: dict[str, pd.Series] = {}
    for heading in headings:
        out[heading] = columns.get(heading, frame[heading])
        if heading + OTHERS in columns:
            out[heading + OTHERS] = columns[heading + OTHERS]
    return pd.DataFrame(out)


def _parts(text: str, known: set[str]) -> list[str]:
    if text.startswith("[") and text.endswith("]"):
        try:
            items = json.loads(text)
        except ValueError:
            items = []
        plain = [str(item).strip() for item in items if isinstance(item, str | int)]
        if len(plain) == len(items) and plain:
            return plain
    found = _split(_SURE, text)
    if len(found) == 1 and "," in text:
        commas = _split(_COMMA, text)
        found = commas if len(commas) > 1 and all(fold(part) in known for part in commas) else found
    return list(dict.fromkeys(found))


def several_companies(text: str) -> list[str]:
    """The companies of a cell by the marks that no company's name has."""
    return _split(_SURE, text)


def _split(marks: re.Pattern[str], text: str) -> list[str]:
    return [part.strip() for part in marks.split(text) if part.strip()]


def _named(part: str, known: Mapping[str, str]) -> str:
    name = known.get(fold(part), "")
    return f"{name} ({part})" if name and fold(name) != fold(part) else part


def further_companies(heading: str) -> Candidate | None:
    """What a column that `split_companies` made beside another is; None for any other."""
    if not heading.endswith(OTHERS):
        return None
    return Candidate(
        "custom", "custom", 0.95, "further companies or contacts of the record: the first is linked, these are kept"
    )
