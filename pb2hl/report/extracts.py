"""Reports about one part of a step: people and companies out of the match, owners out of the mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from pb2hl.matching.proposals import MERGE
from pb2hl.results import StepResult
from pb2hl.values.counting import agree, counted


def extract(result: StepResult, file: str) -> StepResult:
    """The part of `result` that the report `file` is about: its tables, counts, problems and headline; else all of it."""
    part = _PARTS.get(file)
    return part(result) if part else result


def _people(result: StepResult) -> StepResult:
    return _kind(result, "contacts", "contact", drop={"companies", "cycles"})


def _companies(result: StepResult) -> StepResult:
    return _kind(result, "companies", "company", drop={"duplicates"})


def _kind(result: StepResult, kind: str, noun: str, drop: set[str]) -> StepResult:
    """The match of one kind of record; tables with a column `object` keep the rows of that kind."""
    other = {"contact": "compan", "company": "contact"}[noun]
    counts = {name: value for name, value in result.counts.items() if not name.startswith(other)}
    tables = {name: _of(frame, kind) for name, frame in result.tables.items() if name not in drop}
    sheet = result.tables.get({"contacts": "duplicates", "companies": "companies"}[kind], pd.DataFrame())
    headline = _decided(sheet, counts, kind, noun) or _proposed(counts, kind, noun)
    problems = tuple(item for item in result.problems if noun == "company" or item.code not in _OF_COMPANIES)
    return replace(result, headline=headline, counts=counts, tables=tables, problems=problems)


def _proposed(counts: Mapping[str, Any], kind: str, noun: str) -> str:
    merging, close = counts.get(f"{noun}_rows_to_merge", 0), counts.get(f"{noun}_rows_in_band", 0)
    if not merging + close:
        return f"No two of {counted(counts.get(kind, 0), f'{noun} row')} look like one {noun}."
    waiting = counts.get(f"{noun}_rows_waiting", 0)
    return (
        f"{merging:,} of {counted(counts.get(kind, 0), f'{noun} row')}, in {counted(counts.get(f'{noun}_clusters', 0), 'cluster')}, "
        f"{agree(merging, 'is', 'are')} proposed to merge; {counted(close, 'row')} {agree(close, 'is a close call', 'are close calls')}"
        + (f"; {waiting:,} {agree(waiting, 'waits', 'wait')} for a decision." if waiting else ".")
    )


def _decided(sheet: pd.DataFrame, counts: Mapping[str, Any], kind: str, noun: str) -> str:
    """What was decided about the proposals; "" while one of them waits, or when there are none."""
    if not {"proposal", "decision", "cluster"} <= set(sheet.columns) or counts.get(f"{noun}_rows_waiting", 0):
        return ""
    merged, apart = sheet["decision"] == MERGE, (sheet["proposal"] != "") & (sheet["decision"] != MERGE)
    if not (merged | apart).any():
        return ""
    rest = (
        f"; {counted(apart.sum(), 'proposed row')} {agree(apart.sum(), 'stays', 'stay')} apart" if apart.any() else ""
    )
    return (
        f"{int(merged.sum()):,} of {counted(counts.get(kind, 0), f'{noun} row')} {agree(merged.sum(), 'becomes', 'become')} "
        f"{counted(sheet.loc[merged, 'cluster'].nunique(), 'record')} by decision{rest}."
    )


_OF_COMPANIES = {"parent_cycle"}


def _of(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    return frame[frame["object"] == kind].reset_index(drop=True) if "object" in frame.columns else frame


def _mapping(result: StepResult) -> StepResult:
    return replace(result, tables={name: frame for name, frame in result.tables.items() if name != "owners"})


def _owners(result: StepResult) -> StepResult:
    owners = result.tables.get("owners", pd.DataFrame(columns=["user_email", "records"]))
    matched = owners["user_email"].fillna("").astype("str") != ""
    records = pd.to_numeric(owners["records"], errors="coerce").fillna(0).astype("int64")
    counts = {
        "owners": len(owners),
        "with_a_user": int(matched.sum()),
        "without_a_user": int((~matched).sum()),
        "records": int(records.sum()),
        "records_of_owners_without_a_user": int(records[~matched].sum()),
    }
    return replace(
        result,
        headline=_owners_line(counts),
        counts=counts,
        tables={"owners": owners},
        problems=tuple(item for item in result.problems if item.code.startswith("owner")),
        facts={},
    )


def _owners_line(counts: Mapping[str, int]) -> str:
    if not counts["owners"]:
        return "The export names no owners: every record goes to the fallback owner, or to nobody where there is none."
    if not counts["without_a_user"]:
        return f"All {counts['owners']:,} owners have their user in HighLevel."
    return (
        f"{counts['with_a_user']:,} of {counts['owners']:,} owners have their user in HighLevel; "
        f"{counted(counts['records_of_owners_without_a_user'], 'record')} of the others go where the table says."
    )


_PARTS: dict[str, Callable[[StepResult], StepResult]] = {
    "duplicates": _people,
    "companies": _companies,
    "mapping": _mapping,
    "owners": _owners,
}
