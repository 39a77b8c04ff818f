"""Whose ids a column of an export holds, told by its heading and by the ids of the other tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import pandas as pd

from pb2hl.mapper.knowledge.concepts import of_accounts
from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.prefixes import without_prefix, words_we_know
from pb2hl.mapper.knowledge.sheet_layout import LEFT_OUT_BY, WAITS
from pb2hl.mapper.knowledge.signals import Signals, signals
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.company_lists import company_names
from pb2hl.mapper.proposer.contact_lists import contact_names
from pb2hl.mapper.proposer.objects import named
from pb2hl.mapper.proposer.pipeline_tables import to_pipelines
from pb2hl.mapper.proposer.pointers import ARROW, POINTED, ids_of, split_by_ids
from pb2hl.matching.names import known_given_names
from pb2hl.model import OBJECTS
from pb2hl.source.mixed import PART
from pb2hl.source.tables import RawTable
from pb2hl.values.fold import fold_marks

IDS = frozenset("id ids uuid guid key ref number fk".split())
"""Words that make a heading one of ids."""

LINKS = heading_words("links")
"""Words by which a table's name says that it joins records of others."""

_OF_TABLES = heading_words("of tables")
_NAMED, _UNNAMED = 0.5, 1.0
"""Shares (0-1) of a column's values that are ids of the other table: where the heading names that table, and where it does not."""
_TELLING = 6  # characters of an id that is not counted up: it means one table only, whatever the heading says


_ROWS, _VALUES = 50_000, 2_000
"""Filled rows and different values of a column that are looked at to tell whose ids it holds."""


@dataclass(frozen=True)
class KeyedTable:
    """A raw table with the object that it was recognised as ("" for none), its headings without a common prefix, the words
    of its name, and the column of its own ids ("" for none) with them."""

    raw: Any
    object: str
    said: dict[str, str]
    name: tuple[str, ...]
    key: str
    ids: frozenset[str]
    _filled: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of(self, raw: Any) -> KeyedTable:
        """The same table with other columns or cells; its key stays."""
        said = dict(zip(raw.headings, without_prefix(raw.headings), strict=True))
        key = self.key if self.key in raw.headings else ""
        return replace(self, raw=raw, said=said, key=key, ids=self.ids if key else frozenset())

    def filled(self, heading: str) -> list[str]:
        """Different filled values of a column, as many as it takes to tell what they are."""
        if heading not in self._filled:
            column = self.raw.frame[heading]
            values = column[column != ""].iloc[:_ROWS].str.strip()
            self._filled[heading] = list(values[values != ""].drop_duplicates().iloc[:_VALUES])
        return self._filled[heading]

    def has(self, values: Sequence[str]) -> float:
        """The share (0-1) of `values` that are ids of this table."""
        return sum(value in self.ids for value in values) / len(values) if values else 0.0


def opened(raws: Sequence[Any], objects: Sequence[str]) -> list[KeyedTable]:
    """`raws`, recognised as `objects`, with what is asked of each when others refer to it."""
    prefix = _prefix(raws)
    return [_keyed(raw, object_, prefix) for raw, object_ in zip(raws, objects, strict=True)]


_ALIKE, _LEAST = 0.8, 4
"""Share (0-1) of an export's tables whose names begin alike by a prefix, and how many tables show it."""


def _prefix(raws: Sequence[Any]) -> str:
    """The word that the names of an export's tables begin with (`llx_societe`, `llx_user`); "" for none."""
    names = [name_of(raw) for raw in raws]
    firsts = Counter(name[0] for name in names if len(name) > 1)
    word, count = firsts.most_common(1)[0] if firsts else ("", 0)
    return word if count >= max(_LEAST, _ALIKE * len(names)) and word not in words_we_know() else ""


def _keyed(raw: Any, object_: str, prefix: str) -> KeyedTable:
    """`raw` with what is asked of it when others refer to it; its name without the `prefix` that all have."""
    said = dict(zip(raw.headings, without_prefix(raw.headings), strict=True))
    name = name_of(raw)
    name = name[1:] if prefix and name[:1] == (prefix,) and len(name) > 1 else name
    key = next(
        (heading for heading in raw.headings if _is_key(said[heading], name) and each_once(raw.frame[heading])), ""
    )
    ids = frozenset(raw.frame[key].str.strip()) if key else frozenset()
    return KeyedTable(raw, object_, said, name, key, ids)


def name_of(raw: Any) -> tuple[str, ...]:
    """The words of a table's name, each of one thing: `tbl_lead_sources` is `lead source`."""
    said = raw.sheet or raw.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    said = said.partition(PART)[0]
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


def _words(heading: str) -> tuple[str, ...]:
    """The words of a heading, with an `id` that is written behind a word we know as one of its own (`contactid`)."""
    found: list[str] = []
    for word in tokens(heading):
        glued = word.endswith("id") and word[:-2] in words_we_know()
        found += (word[:-2], "id") if glued else (word,)
    return tuple(found)


def _is_key(heading: str, name: tuple[str, ...]) -> bool:
    words = ("id",) if terms(heading) == ("id",) else _words(heading)
    rest = tuple(singular(word) for word in words if word not in IDS)
    return len(rest) < len(words) and (not rest or _are(rest, name))


def each_once(column: pd.Series) -> bool:
    """Whether every cell of a column is filled and no value repeats."""
    values = column.str.strip()
    return bool(len(values)) and bool((values != "").all()) and values.is_unique


def references(tables: Sequence[KeyedTable], at: int) -> dict[str, int]:
    """{heading: number of the table whose ids it holds} of the table number `at`, but for its own ids."""
    mine = tables[at]
    found = {}
    for heading in mine.raw.headings:
        if heading != mine.key and (target := _target(tables, at, heading)) is not None:
            found[heading] = target
    return found


def _about(tables: Sequence[KeyedTable], at: int, heading: str) -> list[int] | None:
    """The tables that a heading names; None for one that is no reference."""
    whole, arrow, which = tables[at].said[heading].rpartition(ARROW)
    whole, which = (whole, which) if arrow else (which, "")
    words = _words(whole)
    about = tuple(singular(word) for word in words if word not in IDS)
    if not about or (len(about) == len(words) and not LINKS & {*tables[at].name}):
        return None  # but a table of links has little else than ids
    there = [number for number, other in enumerate(tables) if number != at and other.key]
    if arrow:
        called = _called(tables, there, tuple(singular(word) for word in tokens(which)))
        are = [number for number in there if tables[number].object == named(which)[0]]
        return [number for number in called if number in are] or called or are  # people and companies of one table
    by_name = _called(tables, there, about)
    if not by_name and "parent" in terms(whole):  # a person's, where people and companies stand under one roof
        home = (tables[at].raw.file, tables[at].raw.sheet.partition(PART)[0])
        by_name = [n for n in there if home == (tables[n].raw.file, tables[n].raw.sheet.partition(PART)[0])]
    if not by_name and (object_ := named(" ".join(about))[0]):
        by_name = [number for number in there if tables[number].object == object_]
    return by_name


def _target(tables: Sequence[KeyedTable], at: int, heading: str) -> int | None:
    by_name = _about(tables, at, heading)
    values = tables[at].filled(heading) if by_name is not None else []
    if by_name is None or not values:
        return None
    there = [number for number, other in enumerate(tables) if number != at and other.key]
    if len(by_name) == 1 and tables[by_name[0]].has(values) >= _NAMED:
        return by_name[0]
    if by_name or min(map(len, values)) < _TELLING or all(map(str.isdigit, values)):
        return None
    inside = [number for number in there if tables[number].has(values) >= _UNNAMED]
    return inside[0] if len(inside) == 1 else None


def apart(tables: Sequence[KeyedTable], at: int) -> RawTable:
    """The raw table number `at` with each reference to a table of several objects (people and companies under one roof) as one
    column an object."""
    raw, ids = tables[at].raw, {}
    for heading in raw.headings:
        several = _about(tables, at, heading) or []
        known = {tables[number].object: tables[number].ids for number in several}
        if len(several) == len(known.keys() & POINTED.keys()) > 1:
            ids[heading] = known
    frame = split_by_ids(raw.headings, raw.frame, ids)
    return raw if frame is raw.frame else replace(raw, headings=list(frame.columns), frame=frame)


def _called(tables: Sequence[KeyedTable], numbers: Sequence[int], about: tuple[str, ...]) -> list[int]:
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
    tables = opened([item.raw for item in proposed], [item.object for item in proposed])
    found = [references(tables, at) for at in range(len(tables))]
    for item, refers in zip(proposed, found, strict=True):
        for heading, target in refers.items():
            about = tables[target].object
            if about == "pipelines":
                field_name = _of_pipelines(item.object, tables, target, found)
            else:
                field_name = next((spec.name for spec in OBJECTS[item.object].fields if spec.refers_to == about), "")
                field_name = field_name if about in _REFERRED and about != item.object else ""
            if field_name and item.proposed(heading) != field_name and not item.is_declared(heading):
                why = f"ids of the table {' '.join(tables[target].name)!r}"
                item.decide(heading, field_name, OBJECTS[item.object].meaning(field_name), 0.95, why)
                if item.object == "pipelines":
                    to_pipelines(proposed[target])


def _of_pipelines(object_: str, tables: Sequence[KeyedTable], target: int, found: Sequence[dict[str, int]]) -> str:
    """What ids of a table of pipelines say of a row: the stage where that table's rows refer to another one of pipelines."""
    upper = any(tables[number].object == "pipelines" for number in found[target].values())
    if object_ == "pipelines":
        return "" if upper else "pipeline"
    return ("stage" if upper or "stage" in tables[target].name else "pipeline") if object_ == "deals" else ""


def waiting(tables: Sequence[tuple[Any, str, str]]) -> list[str]:
    """The reasons of tables, each with its object ("" for none) and reason, with why a person has to say what it is where it is no object
    for sure and tells of people or of the export's records. Books (invoices, payments) do too, and are only told."""
    of = {name: [raw for raw, object_, _ in tables if object_ == name] for name in POINTED}
    called = {*company_names(of["companies"]).values(), *ids_of(of["deals"], "deals", "name")}
    called |= {text for name, raws in of.items() for text in ids_of(raws, name)}
    known = contact_names(of["contacts"]).keys() | set(map(fold_marks, called))
    out = []
    for raw, object_, reason in tables:
        told = "" if object_ or reason.startswith(LEFT_OUT_BY) else _about_records(raw, known)
        out.append(f"{WAITS}it tells of people or records in {told}; {reason}" if told else reason)
    return out


def _about_records(raw: Any, known: Set[str]) -> str:
    """Which columns of a table name people or records, by ids and names that are `known` (folded); "" where too few do."""
    name = raw.sheet or raw.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    if of_accounts(name, raw.headings) or not len(raw.frame):
        return ""
    mails, named, texts, dated = [], [], [], []
    for heading, said in zip(raw.headings, without_prefix(raw.headings), strict=True):
        seen, words = signals(raw.frame[heading]), set(terms(said))
        values = {text for text in map(fold_marks, raw.frame[heading].iloc[:_ROWS].unique()) if text}
        if not values or words & _MAKERS:
            continue
        told = [text for text in values & known if not text.isdigit() or words & _CALLED_IDS or len(text) >= _TELLING]
        if seen.looks("email", at_least=_MOSTLY):
            mails.append(heading)
        elif len(told) >= _MOSTLY * len(values) or _are_people(seen, values):
            named.append(heading)
        elif seen.spaced >= _NAMED and seen.mean_length >= _TEXT and not seen.looks(*_PLAIN, at_least=_NAMED):
            texts.append(heading)
        elif seen.looks("date", "datetime", "moment", at_least=_MOSTLY):
            dated.append(heading)
    if not (mails and (named or texts)) and not (named and (texts or dated)) and len(named) < _TWO:
        return ""
    return ", ".join(map(repr, [*named, *mails][:_SHOWN]))


def _are_people(seen: Signals, values: Collection[str]) -> bool:
    """Whether values are names of people, most of whose given names are in use."""
    words = [set(tokens(text)) for text in values]
    given = sum(bool(some & known_given_names()) for some in words)
    return seen.whole_names and given >= _MOSTLY * len(words)


_MAKERS = frozenset({"owner", "author", "user", "updated by", "role"})
_CALLED_IDS = frozenset({"id", "number", "code", "key"})
_PLAIN = ("date", "datetime", "money", "number", "phone", "url", "json", "company", "hash", "guid")
_MOSTLY, _TEXT, _TWO, _SHOWN = 0.6, 10, 2, 4
"""Share (0-1) of a column's values that shows whom it names, mean length of what is text, columns that are enough without a text, and those told."""
