"""How columns reach HighLevel, read from the targets that the fields sheet tells: what counts and pictures of a mapping are made of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pandas as pd

from pb2hl.model import OBJECTS, Way

LEFT_OUT, UNDECIDED = "left out", "undecided"
"""Where a column goes that no place takes: by decision, or since nothing is decided."""


def ways_of(sheet: pd.DataFrame) -> pd.Series:
    """How the values of each row of the fields sheet reach HighLevel, by the place that its target names first: a `Way`, LEFT_OUT
    or UNDECIDED."""
    first = sheet["target"].fillna("").astype("str").str.split(r"; | and | where | under ", regex=True).str[0]
    decisions = sheet["decision"].fillna("").astype("str")
    ways = map(_way, sheet["object"].astype("str"), first, decisions)
    return pd.Series(list(ways), index=sheet.index, dtype="str")


def _way(object_: str, place: str, decision: str) -> str:
    if decision in ("", "ignore"):
        return LEFT_OUT if decision else UNDECIDED
    if place.startswith(f"{Way.FIELD} "):
        return str(Way.FIELD)
    return str(_ways().get((object_, place), Way.REPORT))


@cache
def _ways() -> Mapping[tuple[str, str], Way]:
    """(object, place) → how it is reached; what is a property somewhere is one wherever the object's targets name it."""
    found: dict[tuple[str, str], Way] = {}
    for name, spec in OBJECTS.items():
        for item in (item for field in spec.columns for item in field.endings):
            if item.way is Way.PROPERTY or (name, item.place) not in found:
                found[name, item.place] = item.way
    return found
