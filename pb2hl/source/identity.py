"""Who a row is: its source id, and what becomes of rows that share one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pb2hl.values.fold import fold

IDENTITY = {
    "users": (("email",), ("name",)),
    "contacts": (("email", "full_name", "first_name", "last_name"),),
    "companies": (("name", "domain"),),
    "pipelines": (("pipeline", "stage"),),
    "tags": (("name",),),
    "custom_fields": (("object", "name"), ("object", "label")),
    "workflows": (("name",),),
}
"""Fields that name a record without an id, best first: its derived id stays the same when other cells change."""

_SAME = ("email", "full_name", "name", "title", "subject", "file_name", "created_at", "body")
"""Fields by which two rows with one id are the same record, if any of them is filled and equal."""


@dataclass(frozen=True)
class Repeat:
    """A row that is in no staged table because another row with its id stands for it."""

    position: int
    kept: int
    reason: str


def source_ids(frame: pd.DataFrame, object_name: str) -> tuple[pd.Series, int]:
    """(source id of each row, how many were derived). `frame` holds typed canonical columns and `row_hash`."""
    ids = frame["id"].fillna("").str.strip() if "id" in frame else pd.Series("", index=frame.index)
    if len(ids) and (filled := ids[ids != ""]).size and filled.str.fullmatch(r"\d+\.0+").all():
        ids = ids.str.replace(r"\.0+$", "", regex=True)
    missing = (ids == "").to_numpy()
    if not missing.any():
        return ids, 0
    ids = ids.astype(object).copy()
    ids[missing] = derive(frame[missing], object_name)
    return ids.astype("str"), int(missing.sum())


def derive(frame: pd.DataFrame, object_name: str) -> np.ndarray:
    """`~` and 12 hex digits for rows without an id: from what names the record when no other row has it, else from all cells."""
    derived = ("~" + frame["row_hash"].str[:12]).to_numpy(dtype=object, copy=True)
    for fields in reversed(IDENTITY.get(object_name, ())):
        here = [field for field in fields if field in frame]
        if not here:
            continue
        text = (
            frame[here].fillna("").astype("str").apply(lambda column: column.str.casefold().str.split().str.join(" "))
        )
        key = text[here[0]]
        for field in here[1:]:
            key = key + "\x1f" + text[field]
        distinct = (key.str.strip("\x1f") != "") & ~key.duplicated(keep=False)
        if object_name == "contacts":
            distinct &= (text["email"] != "") if "email" in text else False
        for position in np.flatnonzero(distinct.to_numpy()):
            derived[position] = (
                "~"
                + hashlib.sha256(f"{object_name}\x1e{key.iloc[position]}".encode("utf-8", "surrogatepass")).hexdigest()[
                    :12
                ]
            )
    return derived


def unique_ids(ids: pd.Series, frame: pd.DataFrame) -> tuple[pd.Series, list[Repeat]]:
    """Make ids unique. Identical rows collapse; versions of one record keep the newest; different records are all kept,
    the later ones as `<id>~2`, `<id>~3`."""
    twice = ids.duplicated(keep=False).to_numpy()
    if not twice.any():
        return ids, []
    unique = ids.astype(object).copy()
    groups: dict[str, list[int]] = defaultdict(list)
    for position in np.flatnonzero(twice).tolist():
        groups[str(ids.iat[position])].append(position)
    taken = set(ids.to_numpy()[~twice]) | set(groups)
    repeats: list[Repeat] = []
    keys = _keys(frame.iloc[np.flatnonzero(twice)], np.flatnonzero(twice))
    for source_id, positions in groups.items():
        number = 2
        for rank, cluster in enumerate(_clusters(positions, keys)):
            kept = _newest(cluster, frame)
            texts = {keys[p][0] for p in cluster}
            repeats += [
                Repeat(
                    p,
                    kept,
                    "identical row"
                    if len(texts) == 1 or keys[p][0] == keys[kept][0]
                    else "older version of the same record",
                )
                for p in cluster
                if p != kept
            ]
            if rank:
                while f"{source_id}~{number}" in taken:
                    number += 1
                unique.iat[kept] = f"{source_id}~{number}"
                taken.add(unique.iat[kept])
    return unique.astype("str"), repeats


def _keys(part: pd.DataFrame, positions: np.ndarray) -> dict[int, tuple[str, tuple[tuple[str, str], ...]]]:
    """position → (all raw cells without case and spacing, the filled identity fields)."""
    raw = [name for name in part.columns if name.startswith("raw.")]
    named = [name for name in _SAME if name in part.columns]
    texts = part[raw].fillna("").astype("str")
    names = part[named].astype(object).where(part[named].notna(), "")
    found = {}
    for position, cells, marks in zip(
        positions, texts.itertuples(index=False, name=None), names.itertuples(index=False, name=None), strict=True
    ):
        filled = [(name, cell) for name, cell in zip(raw, cells, strict=True) if cell.strip()]
        folded = "\x1f".join(f"{name}={fold(cell)}" for name, cell in sorted(filled))
        marked = tuple((name, fold(str(mark))) for name, mark in zip(named, marks, strict=True) if str(mark).strip())
        found[int(position)] = (folded, marked)
    return found


def _clusters(positions: list[int], keys: dict) -> list[list[int]]:
    """Rows of one id that are the same record, in the order of their first row."""
    clusters: list[list[int]] = []
    by_mark: dict[object, int] = {}
    for position in positions:
        text, marks = keys[position]
        marks = [mark for mark in marks if mark[0] not in ("created_at",)] or list(marks)
        home = next((by_mark[mark] for mark in (text, *marks) if mark in by_mark), len(clusters))
        if home == len(clusters):
            clusters.append([])
        clusters[home].append(position)
        for mark in (text, *marks):
            by_mark.setdefault(mark, home)
    return clusters


def _newest(cluster: list[int], frame: pd.DataFrame) -> int:
    if "updated_at" not in frame or len(cluster) == 1:
        return cluster[-1]
    times = frame["updated_at"].iloc[cluster]
    if times.isna().all():
        return cluster[-1]
    best = times.max()
    return [position for position, moment in zip(cluster, times, strict=True) if moment == best][-1]
