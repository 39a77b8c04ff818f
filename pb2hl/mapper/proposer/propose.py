"""The proposer's public face: columns of one table to HighLevel fields, and to canonical fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.concepts import PUBLIC_NAMES, objects
from pb2hl.mapper.knowledge.prefixes import without_prefix
from pb2hl.mapper.knowledge.signals import Signals, signals
from pb2hl.mapper.proposer.assign import assign
from pb2hl.mapper.proposer.candidate import Candidate
from pb2hl.mapper.proposer.company_lists import further_companies
from pb2hl.mapper.proposer.name_parts import join_further, join_parts, join_user_name, person_in_charge, turn_names
from pb2hl.mapper.proposer.pointers import pointing
from pb2hl.mapper.proposer.score import candidate

_RESERVED = ("source_id", "row_hash", "source_file", "source_sheet", "source_row")


def propose(frame: pd.DataFrame | Iterable[str], object_name: str) -> pd.DataFrame:
    """A HighLevel field for each column of `frame` (a table, or just its headings, which may repeat).

    `object_name` is contact, company, opportunity, task, note or appointment. Returns one row a column, in order:
    `source_column`, `target` (HighLevel API name, `custom` or `ignore`), `confidence` (0-1, calibrated), `reason`.
    Raises ValueError for another object name.
    """
    if object_name not in PUBLIC_NAMES:
        raise ValueError(f"object_name is {object_name!r}; it must be one of {', '.join(PUBLIC_NAMES)}")
    headings, seen = _columns(frame)
    chosen = _decide(headings, seen, PUBLIC_NAMES[object_name], strict=False)
    return pd.DataFrame(
        {
            "source_column": headings,
            "target": [item.target for item in chosen],
            "confidence": [round(item.confidence, 2) for item in chosen],
            "reason": [item.reason for item in chosen],
        }
    ).astype({"source_column": "str", "target": "str", "confidence": "float64", "reason": "str"})


def propose_fields(table: Any, object_: str, seen: Mapping[str, Signals] | None = None) -> pd.DataFrame:
    """A canonical field for each column of a raw table or frame of the canonical object `object_` (`contacts`, …).

    Returns one row a column, in order: `heading`, `field` (canonical, `custom` or `ignore`; a canonical field occurs
    once, references and refusals apart), `target` (HighLevel API name), `confidence` (0-1), `reason`, `transform`. `seen` is what
    the values look like, by heading, where that is known already. Raises ValueError for an unknown object.
    """
    if object_ not in objects():
        raise ValueError(f"object is {object_!r}; it must be one of {', '.join(objects())}")
    frame = getattr(table, "frame", table)
    headings, looks = _columns(frame) if seen is None else ([*frame.columns], [seen[name] for name in frame.columns])
    chosen = _decide(headings, looks, object_, strict=True)
    return pd.DataFrame(
        {
            "heading": headings,
            "field": [item.field for item in chosen],
            "target": [item.target for item in chosen],
            "confidence": [round(item.confidence, 2) for item in chosen],
            "reason": [item.reason for item in chosen],
            "transform": [item.transform for item in chosen],
        }
    ).astype(
        {
            "heading": "str",
            "field": "str",
            "target": "str",
            "confidence": "float64",
            "reason": "str",
            "transform": "str",
        }
    )


def _columns(frame: pd.DataFrame | Iterable[str]) -> tuple[list[str], list[Signals]]:
    if isinstance(frame, pd.DataFrame):
        headings = [str(name) for name in frame.columns]
        return headings, [signals(frame.iloc[:, at]) for at in range(len(headings))]
    headings = [str(name) for name in frame]
    return headings, [Signals()] * len(headings)


def _decide(headings: Sequence[str], seen: Sequence[Signals], object_: str, *, strict: bool) -> list[Candidate]:
    said = without_prefix(headings)
    found = [
        pointing(heading, object_) or further_companies(heading) or candidate(words, object_, values)
        for heading, words, values in zip(headings, said, seen, strict=True)
    ]
    if object_ in ("contacts", "deals"):
        found = person_in_charge(headings, found, object_)
    chosen = assign(said, object_, found, seen, strict=strict)
    if object_ in ("contacts", "users"):
        chosen = turn_names(headings, chosen)
    if object_ == "users":
        return join_user_name(headings, said, chosen)
    chosen = join_further(headings, chosen) if object_ == "contacts" else chosen
    return join_parts(headings, said, chosen) if object_ in ("contacts", "companies") else chosen
