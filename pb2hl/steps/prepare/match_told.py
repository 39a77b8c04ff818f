"""What match found and what was decided of it since, counted in a sheet and said in one sentence a kind of record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pb2hl.matching.proposals import KEEP_APART, MERGE
from pb2hl.matching.sheets import SKIP
from pb2hl.values.counting import agree, counted

KINDS = {"contacts": "contact", "companies": "company"}
"""Object → the word that begins the names of its counts."""
_CALLED = {
    "contacts": "contact row",
    "companies": "company",
}  # those that only contacts name stand in no row of their own


def sheet_counts(noun: str, sheet: pd.DataFrame) -> dict[str, int]:
    """Rows and clusters of a review sheet by what was proposed and what was decided; each name begins with `noun`."""
    merge, apart = sheet["proposal"] == MERGE, sheet["proposal"] == KEEP_APART
    asked, decision = merge | apart, sheet["decision"].str.strip().str.casefold()
    return {
        f"{noun}_clusters": int(sheet.loc[merge, "cluster"].nunique()),
        f"{noun}_rows_to_merge": int(merge.sum()),
        f"{noun}_rows_in_band": int(apart.sum()),
        f"{noun}_rows_waiting": int((asked & (decision == "")).sum()),
        f"{noun}_rows_merged": int((decision == MERGE).sum()),
        f"{noun}_records_of_merged": int(sheet.loc[decision == MERGE, "cluster"].nunique()),
        f"{noun}_rows_kept_apart": int((asked & (decision == KEEP_APART)).sum()),
        f"{noun}_rows_skipped": int((asked & (decision == SKIP)).sum()),
    }


def told(counts: Mapping[str, Any], kind: str) -> str:
    """What is proposed of the rows of `kind`, or once decisions were taken what these come to and how many rows still wait."""
    noun = KINDS[kind]
    merging, close, waiting, merged, apart, skipped = (
        counts.get(f"{noun}_rows_{name}", 0)
        for name in ("to_merge", "in_band", "waiting", "merged", "kept_apart", "skipped")
    )
    rows = counted(counts.get(kind, 0) + counts.get(f"{kind}_derived", 0), _CALLED[kind])
    if not merging + close + merged:
        return f"No two of {rows} look like one {noun}."
    if merged + apart + skipped:
        parts = [
            f"{merged:,} of {rows} {agree(merged, 'becomes', 'become')} {counted(counts.get(f'{noun}_records_of_merged', 0), 'record')} by decision" if merged else f"none of {rows} is merged by decision",
            f"{counted(apart, 'proposed row')} {agree(apart, 'stays', 'stay')} apart" if apart else "",
            f"{counted(skipped, 'row')} {agree(skipped, 'was', 'were')} skipped and {agree(skipped, 'stays', 'stay')} apart" if skipped else "",
        ]  # fmt: skip
    else:
        parts = [
            f"{merging:,} of {rows}, in {counted(counts.get(f'{noun}_clusters', 0), 'cluster')}, {agree(merging, 'is', 'are')} proposed to merge",
            f"{counted(close, 'row')} {agree(close, 'is a close call', 'are close calls')}" if close else "",
        ]
    parts.append(f"{waiting:,} {agree(waiting, 'waits', 'wait')} for a decision" if waiting else "")
    text = "; ".join(part for part in parts if part)
    return f"{text[0].upper()}{text[1:]}."


def headline(counts: Mapping[str, Any]) -> str:
    """What is proposed or decided of both kinds."""
    return " ".join(told(counts, kind) for kind in KINDS)
