"""Whose ids a column of an export holds, told by its heading and by the ids of the other tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.prefixes import without_prefix
from pb2hl.mapper.knowledge.text import tokens
from pb2hl.mapper.proposer.objects import named
from pb2hl.mapper.proposer.pipeline_tables import to_pipelines
from pb2hl.model import OBJECTS

_IDS = frozenset("id ids uuid guid key ref number".split())
_OF_TABLES = heading_words("of tables")
_NAMED, _UNNAMED = 0.5, 1.0
"""Shares (0-1) of a column's values that are ids of the other table: where the heading names that table, and where it does not."""
_TELLING = 6  # characters of an id that is not counted up: it means one table only, whatever the heading says


@dataclass(frozen=True)
class Table:
    """A raw table with the object that it was recognised as ("" for none), its headings without a common prefix, the words
    of its name, and the column of its own ids ("" for none) with them."""

    raw: Any
    object: str
    said: dict[str, str]
    name: tuple[str, ...]
    key: str
    ids: frozenset[str]

    def filled(self, heading: str) -> pd.Series:
        """The different filled values of a column."""
        values = self.raw.frame[heading].str.strip()
        return values[values != ""].drop_duplicates()


def table(raw: Any, object_: str) -> Table:
    """`raw` with what is asked of it when others refer to it."""
    said = dict(zip(raw.headings, without_prefix(raw.headings), strict=True))
    name = name_of(raw)
    key = next(
        (heading for heading in raw.headings if _is_key(said[heading], name) and _each_once(raw.frame[heading])), ""
    )
    ids = frozenset(raw.frame[key].str.strip()) if key else frozenset()
    return Table(raw, object_, said, name, key, ids)


def name_of(raw: Any) -> tuple[str, ...]:
    """The words of a table's name, each of one thing: `tbl_lead_sources` is `lead source`."""
    said = raw.sheet or raw.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    words = tuple(singular(word) for word in tokens(said) if word not in _OF_TABLES)
    return words or tuple(singular(word) for word in tokens(said))


@lru_cache(maxsize=5_000)
def singular(word: str) -> str:
    """An English plural as one; other words stay."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


def alike(one: str, other: str) -> bool:
    """Whether two words are one, or one in the plural of another language (`firma`, `firmen`; `auftrag`, `auftraege`)."""
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one == other or shared >= max(4, 0.6 * min(len(one), len(other)))


def _are(some: Sequence[str], others: Sequence[str]) -> bool:
    return len(some) == len(others) and all(map(alike, some, others))


def _is_key(heading: str, name: tuple[str, ...]) -> bool:
    words = tokens(heading)
    rest = tuple(singular(word) for word in words if word not in _IDS)
    return len(rest) < len(words) and (not rest or _are(rest, name))


def _each_once(column: pd.Series) -> bool:
    values = column.str.strip()
    return bool(len(values)) and bool((values != "").all()) and values.is_unique


def references(tables: Sequence[Table], at: int) -> dict[str, int]:
    """{heading: number of the table whose ids it holds} of the table number `at`, but for its own ids."""
    mine = tables[at]
    found = {}
    for heading in mine.raw.headings:
        if heading != mine.key and (target := _target(tables, at, heading)) is not None:
            found[heading] = target
    return found


def _target(tables: Sequence[Table], at: int, heading: str) -> int | None:
    words = tokens(tables[at].said[heading])
    about = tuple(singular(word) for word in words if word not in _IDS)
    if not about or len(about) == len(words):
        return None
    there = [number for number, other in enumerate(tables) if number != at and other.key]
    by_name = _called(tables, there, about)
    if not by_name and (object_ := named(" ".join(about))[0]):
        by_name = [number for number in there if tables[number].object == object_]
    values = tables[at].filled(heading)
    if not len(values):
        return None
    if len(by_name) == 1 and values.isin(tables[by_name[0]].ids).mean() >= _NAMED:
        return by_name[0]
    if by_name or values.str.len().min() < _TELLING or values.str.fullmatch(r"\d+").all():
        return None
    inside = [number for number in there if values.isin(tables[number].ids).mean() >= _UNNAMED]
    return inside[0] if len(inside) == 1 else None


def _called(tables: Sequence[Table], numbers: Sequence[int], about: tuple[str, ...]) -> list[int]:
    """Which tables `about` names: the one called so, else those whose name ends it (`owner person`) or that it ends (`pipeline`)."""
    ways = (
        lambda name: name == about,
        lambda name: about[-len(name) :] == name,
        lambda name: name[-len(about) :] == about,
        lambda name: _are(about, name),
        lambda name: _are(about[-len(name) :], name),
    )
    return next((found for way in ways if (found := [number for number in numbers if way(tables[number].name)])), [])


_REFERRED = frozenset({"contacts", "companies", "deals", "notes"})


def refer(proposed: Sequence[Any]) -> None:
    """Where a heading names another table and holds its ids (`lead_id` beside a table `leads` of deals), propose the reference to
    that table's object; changes the proposals (`structure.Table`) in place."""
    tables = [table(item.raw, item.object) for item in proposed]
    found = [references(tables, at) for at in range(len(tables))]
    for item, refers in zip(proposed, found, strict=True):
        for heading, target in refers.items():
            about = tables[target].object
            if about == "pipelines":
                field_name = _of_pipelines(item.object, tables, target, found)
            else:
                field_name = next((spec.name for spec in OBJECTS[item.object].fields if spec.refers_to == about), "")
                field_name = field_name if about in _REFERRED and about != item.object else ""
            if field_name and item.proposed(heading) != field_name and not item.reason(heading).startswith("declared"):
                why = f"ids of the table {' '.join(tables[target].name)!r}"
                item.decide(heading, field_name, OBJECTS[item.object].meaning(field_name), 0.95, why)
                if item.object == "pipelines":
                    to_pipelines(proposed[target])


def _of_pipelines(object_: str, tables: Sequence[Table], target: int, found: Sequence[dict[str, int]]) -> str:
    """What ids of a table of pipelines say of a row: the stage where that table's rows refer to another one of pipelines."""
    upper = any(tables[number].object == "pipelines" for number in found[target].values())
    if object_ == "pipelines":
        return "" if upper else "pipeline"
    return ("stage" if upper or "stage" in tables[target].name else "pipeline") if object_ == "deals" else ""
