"""Consent judged by the export's own words: who refused there must be refused in what is loaded, whatever was decided between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from pb2hl.model import RAW_PREFIX
from pb2hl.values.consents import FIELDS, says


@dataclass(frozen=True)
class ConsentColumn:
    """A column that the tool takes for consent: its heading, the field that it took it for, and whether it asks for permission."""

    heading: str
    field: str
    inverted: bool = False


def consent_facts(
    frame: pd.DataFrame, columns: Sequence[ConsentColumn], lost: frozenset[str] = frozenset()
) -> dict[str, pd.Series]:
    """`consent_kept`: every refusal of the row's `raw.*` texts is True in its field (or do_not_contact says so for all), and no
    consent text was lost in typing (`lost`: source ids). `consent_clear`: every text says yes or no in words that are known."""
    fields = [name for name in sorted(FIELDS) if name in frame.columns]
    known = [column for column in columns if RAW_PREFIX + column.heading in frame.columns]
    if not fields and not known:
        return {}
    everything = _true(frame, "do_not_contact")
    kept = ~frame["source_id"].astype("str").isin(lost)
    clear = pd.Series(True, index=frame.index)
    for column in known:
        texts = frame[RAW_PREFIX + column.heading].astype("str").fillna("").str.strip()
        meaning = texts.map({text: says(text) if text else "blank" for text in texts.unique()})
        refused = meaning.eq("refused") | (meaning.eq("no") if column.inverted else meaning.isin(["yes", "date"]))
        kept &= ~refused | everything | _true(frame, column.field)
        clear &= meaning.ne("")
    return {"consent_kept": kept, "consent_clear": clear}


def _true(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        return pd.Series(False, index=frame.index)
    return frame[name].astype("boolean").fillna(False).astype(bool)
