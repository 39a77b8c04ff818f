"""How decisions outlive a new export: which still apply, which lapse, and why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pb2hl.errors import Problem
from pb2hl.mapper.knowledge.sheet_layout import EDITABLE, KEYS, PROPOSAL
from pb2hl.sheets import read_sheet, table_rows, write_sheet

LAPSED_COLUMNS = ("sheet", "about", "decision", "who", "when", "comment", "why")
ARCHIVE = "lapsed_decisions.csv"
"""File beside the reports that keeps every decision that lapsed, so that no person's work is lost."""


class Merged(NamedTuple):
    """A sheet with the decisions that still apply, and those that lapsed (LAPSED_COLUMNS)."""

    sheet: pd.DataFrame
    lapsed: pd.DataFrame


def merge(sheet: str, new: pd.DataFrame, old: pd.DataFrame | None) -> pd.DataFrame:
    """`new` proposals with every decision of `old` that still applies (see `merged`)."""
    return merged(sheet, new, old).sheet


def merged(sheet: str, new: pd.DataFrame, old: pd.DataFrame | None) -> Merged:
    """`new` proposals with every decision of `old` that still applies: same key, and made by a person or unchanged.

    A decision that was only a pre-filled proposal gives way to a newer proposal; what a person wrote stays. A column
    whose file has another name now (`contacts-2024.csv` → `contacts-2025.csv`) is the same column. Duplicate keys in `old`: the last one counts.
    """
    if old is None or old.empty:
        return Merged(new, pd.DataFrame(columns=list(LAPSED_COLUMNS), dtype="str"))
    latest = old.drop_duplicates(subset=list(KEYS[sheet]), keep="last").reset_index(drop=True)
    places = _places(sheet, new, latest)
    whys = {place: _lapses(latest.iloc[place], new.iloc[row]) for row, place in places.items()}
    rows = [row for row, place in places.items() if _applies(latest.iloc[place], new.iloc[row]) and not whys[place]]
    out = new.copy()
    for column in (*EDITABLE[sheet], "who", "when"):
        if column in latest.columns:
            values = out[column].to_numpy(dtype=object).copy()
            values[rows] = [latest[column].iloc[places[row]] for row in rows]
            out[column] = values
    again = [row for row, place in places.items() if whys[place] and _persons(latest.iloc[place])]
    out.loc[out.index[again], ["decision", "who", "when"]] = ""  # a person decided on other facts: decide again
    return Merged(out.astype("str"), _lapsed(sheet, latest, set(places.values()), whys))


def _places(sheet: str, new: pd.DataFrame, latest: pd.DataFrame) -> dict[int, int]:
    """Position in `new` → position in `latest` of the row that is about the same thing."""
    keys = list(KEYS[sheet])
    found = _same(new[keys], latest[keys], range(len(new)), range(len(latest)))
    if sheet != "fields":
        return found
    tables = set(new[["file", "sheet"]].itertuples(index=False, name=None))
    gone = [
        place
        for place, table in enumerate(latest[["file", "sheet"]].itertuples(index=False, name=None))
        if table not in tables
    ]
    for loose in (["object", "sheet", "column"], ["object", "column"]):
        rows = [row for row in range(len(new)) if row not in found]
        taken = set(found.values())
        found |= _same(new[loose], latest[loose], rows, [place for place in gone if place not in taken])
    return found


def _same(new: pd.DataFrame, old: pd.DataFrame, rows: Iterable[int], places: Iterable[int]) -> dict[int, int]:
    """Rows of `new` to places of `old` with the same cells, spaces apart, where neither side repeats."""
    ours, theirs = _single(new, rows), _single(old, places)
    return {row: theirs[key] for key, row in ours.items() if key in theirs}


def _single(frame: pd.DataFrame, positions: Iterable[int]) -> dict[tuple[str, ...], int]:
    wanted = list(positions)
    found: dict[tuple[str, ...], int] = {}
    twice = set()
    for at, row in zip(wanted, frame.iloc[wanted].itertuples(index=False, name=None), strict=True):
        key = tuple(" ".join(str(cell).split()) for cell in row)
        if key in found:
            twice.add(key)
        found[key] = at
    return {key: at for key, at in found.items() if key not in twice}


def _persons(old: pd.Series) -> bool:
    """Whether a person decided the row."""
    return bool(old["decision"]) and (
        old.get("who", "") not in ("", PROPOSAL) or old["decision"] != old.get("proposal", "")
    )


def _applies(old: pd.Series, new: pd.Series) -> bool:
    """Whether an old row's cells stay: a person's decision, the same proposal as before (its time stays too), or a comment
    on a row that nobody decided."""
    if not old["decision"]:
        return bool(old.get("comment", "")) and not new["decision"]
    return _persons(old) or old.get("proposal", "") == new["proposal"]


def _lapses(old: pd.Series, new: pd.Series) -> str:
    """Why the decision of a row that is still there does not apply any more; "" when it does."""
    if not old["decision"]:
        return ""
    if old["decision"] == "ignore" and old.get("fill", "") in ("0", "0.0") and new.get("fill", "") not in ("", "0"):
        return f"the column was empty when it was set to ignore; {float(new['fill']):.0%} of it is filled now"
    if not _applies(old, new):
        return f"it was a proposal that nobody had touched, and the proposal is now {new['proposal']!r}"
    return ""


def _lapsed(sheet: str, latest: pd.DataFrame, there: set[int], whys: dict[int, str]) -> pd.DataFrame:
    found = []
    for place, row in enumerate(latest.to_dict("records")):
        why = whys.get(place, "") if place in there else "the export has it no longer"
        if why and (row["decision"] or row.get("comment", "")):
            about = " · ".join(part for part in (row[key] for key in KEYS[sheet]) if part)
            found.append([sheet, about, *(row.get(name, "") for name in ("decision", "who", "when", "comment")), why])
    return pd.DataFrame(found, columns=list(LAPSED_COLUMNS), dtype="str")


def lapsed_problems(lapsed: pd.DataFrame) -> list[Problem]:
    """A warning for each decision that lapsed."""
    return [
        Problem(
            "decision_lapsed", f"{row.about}: the decision {row.decision!r} of {row.who or 'nobody'} lapsed: {row.why}",
            file=f"{row.sheet}.csv", treatment=f"kept in reports/{ARCHIVE}",
        )
        for row in table_rows(lapsed)
    ]  # fmt: skip


def archived(reports: Path) -> pd.DataFrame:
    """Every decision that ever lapsed in this workspace (LAPSED_COLUMNS)."""
    path = reports / ARCHIVE
    return (
        read_sheet(path, LAPSED_COLUMNS) if path.exists() else pd.DataFrame(columns=list(LAPSED_COLUMNS), dtype="str")
    )


def archive(reports: Path, lapsed: pd.DataFrame) -> None:
    """Add what lapsed to the archive."""
    if len(lapsed):
        write_sheet(reports / ARCHIVE, pd.concat([archived(reports), lapsed], ignore_index=True).drop_duplicates())
