"""Rows that tell of several records of one kind side by side: deals one to five, contacts one and two, both parents of a pupil, a spouse.

The columns of each bear the same words and a number or a word of their own (`Deal 1 Name`, `Email padre`, `Spouse Cell`). Each becomes a
row of a table of its own; what is left stays the table it was.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.text import heading_key, means, phrases, terms, tokens
from pb2hl.mapper.proposer.flags import is_flag
from pb2hl.mapper.proposer.objects import recognise
from pb2hl.mapper.proposer.row_parts import BY_NAME, NAMES, REACHED, Read, filled, label_of, part_name, surely
from pb2hl.mapper.proposer.structure import Table
from pb2hl.source.tables import RawTable, side_by_side
from pb2hl.values.consents import FIELDS as CONSENTS

_HOME = (
    frozenset({"address_1", "address_2", "city", "state", "postal_code", "country", "owner", "company_name"}) | CONSENTS
)
"""What people of one row have in common: what one refused is asked of none."""

_RELATIVES = heading_words("relatives") | {"".join(key) for key, term in phrases().items() if term == "guardian"}
_STAFF = heading_words("part")  # assistants and others of whom only a column or two tell
_TELLS_DEAL = frozenset({"name", "amount", "stage"})
_LEAST = 2  # columns of a record, and records of a row
BESIDE = "Named beside"
"""The column that says in whose row somebody stood."""


def read_beside(table: Table) -> None:
    """Propose a field of its own for what says in whose row somebody stood; changes the proposals in place."""
    if BESIDE in table.raw.headings and table.object == "contacts":
        table.decide(BESIDE, "custom", "custom", 0.9, "in whose row of the export they stood")


@dataclass(frozen=True)
class _Group:
    """Columns that tell of one further record: its word, and {heading: what it is called without that word}."""

    word: str
    columns: Mapping[str, str]


def several(raw: RawTable) -> list[Read]:
    """`raw` with the further deals or people of its rows as tables of their own; [] where its rows tell of one each."""
    groups = _groups(raw)
    return (_deals(raw, groups) or _people(raw, groups)) if groups else []


def _groups(raw: RawTable) -> list[_Group]:
    """Columns that differ from others, or from those of the row's own, by one word or number at an end or before the last words."""
    found: dict[str, dict[str, str]] = {}
    for heading in raw.headings:
        words = tokens(_joined(heading))
        for word in dict.fromkeys(words):
            ends = word in (words[0], words[-1])
            named = word in _RELATIVES or not (_means(word) or word in _STAFF)
            if len(words) > 1 and (word.isdigit() or (ends and named)):
                gone = {word, "s"} | (_RELATIVES if word.isdigit() else frozenset())
                found.setdefault(word, {})[heading] = _without(heading, gone)
    groups = [(word, _without_lines(word, columns)) for word, columns in found.items()]
    return [
        _Group(word, columns)
        for word, columns in groups
        if len(columns) >= _LEAST and len(set(columns.values())) == len(columns)
    ]


def _without_lines(word: str, columns: Mapping[str, str]) -> dict[str, str]:
    """The columns of a group without lines of an address that only end with its number, where others have it before their last words
    (`POAddressLine1` beside `Person1Email`)."""
    lines = {name for name in columns if tokens(name)[-1] == word and {"street", "street 2"} & {*terms(name)}}
    inside = any(tokens(name)[-1] != word for name in columns)
    return {name: said for name, said in columns.items() if not (inside and name in lines)}


def _without(heading: str, gone: Collection[str]) -> str:
    """A heading without some of its words, otherwise as it is written."""
    pieces = [
        piece for piece in _PIECE.findall(_PLACE.sub(r"\1 \2", _joined(heading))) if not set(tokens(piece)) <= set(gone)
    ]
    return " ".join(pieces)


def _joined(heading: str) -> str:
    """A heading in which somebody else is one word: `Co-Borrower`, `responsable légal`."""
    text = _FELLOW.sub(lambda found: f"Co{found[1].lower()}", heading)
    pieces = list(_PIECE.finditer(text))
    for first, last in itertools.combinations(range(len(pieces)), 2):
        start, end = pieces[first].start(), pieces[last].end()
        if (key := heading_key(text[start:end])) in _guardians():
            return f"{text[:start]}{''.join(key)}{text[end:]}"
    return text


@cache
def _guardians() -> frozenset[tuple[str, ...]]:
    """Words for who speaks for a child that are several words (`responsable légal`); one word is among the relatives."""
    return frozenset(key for key, term in phrases().items() if term == "guardian" and len(key) > 1)


_FELLOW = re.compile(r"(?i)\bco[- ]([^\W\d_])")
"""`Co-Borrower` is somebody else than the borrower."""

_PIECE, _PLACE = re.compile(r"[^\W_]+(?:-[^\W_]+)*\.?"), re.compile(r"([^\W\d_])(\d)")


def _means(word: str) -> bool:
    return means(word) or terms(word) != (word,)


def _table(raw: RawTable, group: _Group) -> RawTable:
    """The group's columns alone, called as they are without its word."""
    frame = raw.frame[list(group.columns)].set_axis(list(group.columns.values()), axis=1)
    return replace(raw, headings=list(frame.columns), frame=frame)


def _deals(raw: RawTable, groups: Sequence[_Group]) -> list[Read]:
    numbered = [group for group in groups if group.word.isdigit()]
    read = {group.word: set(surely(_table(raw, group), "deals").values()) for group in numbered}
    mine = [group for group in numbered if len(read[group.word] & _TELLS_DEAL) >= _LEAST]
    if len(mine) < _LEAST:
        return []
    left = _left(raw, mine)
    object_ = recognise(left)[0]
    own = surely(left, object_) if object_ in ("contacts", "companies") else {}
    whose = label_of(left, own)
    if whose is None:
        return []
    owners = [name for name, field in own.items() if field == "owner"]
    shared = left.frame[owners].assign(**{"Contact" if object_ == "contacts" else "Company": whose})
    part = _long(raw, mine, shared, "deals")
    return [
        (left, object_, f"{object_} with several deals a row"),
        (part, "deals", f"{len(mine)} deals a row of {object_}: {_first(mine)}"),
    ]


def _people(raw: RawTable, groups: Sequence[_Group]) -> list[Read]:
    """Further people with a name and an e-mail of their own; with neither they are said of the row's own person."""
    found = [group for one in groups if (group := _somebody(raw, one) or _somebody(raw, _bare(one)))]
    mine = [one for one in found if not any(set(other.columns) < set(one.columns) for other in found)]
    if not mine:
        return []
    left = _left(raw, mine)
    own = surely(left, "contacts")
    reason = f"further people of a row: {_first(mine)}"
    if not set(own.values()) & NAMES:
        object_ = recognise(left)[0]
        if len(mine) < _LEAST:
            return []  # `Guest name`, `Guest email`: the row's own
        if object_ == "companies" and (whose := label_of(left, surely(left, object_))) is not None:
            part = _long(raw, mine, left.frame[[]].assign(Company=whose), "contacts")
            return [(left, "companies", "companies with several people a row"), (part, "contacts", reason)]
        deals = _of_all(raw, left, mine)
        if recognise(deals)[0] == "deals":
            part = _long(raw, mine, left.frame[[]], "contacts")
            return [(deals, "deals", "deals with several people a row"), (part, "contacts", reason)]
        return [(_long(raw, mine, left.frame, "contacts"), "contacts", reason)]
    whose = label_of(left, own, BY_NAME)
    home = [name for name in left.headings if own.get(name) in _HOME or is_flag(name)]
    if whose is None:
        return []
    part = _long(raw, mine, left.frame[home].assign(**{BESIDE: whose}), "contacts")
    return [(left, "contacts", "people with others beside them in a row"), (part, "contacts", reason)]


def _somebody(raw: RawTable, group: _Group) -> _Group | None:
    """The group where it is of somebody with a name and a mailbox."""
    fields = set(surely(_table(raw, group), "contacts").values())
    return group if fields & NAMES and "email" in fields else None


def _bare(group: _Group) -> _Group:
    """A group without the word for whom it is of that all its columns begin with (`Vendor 1 Surname`), but for what no person is."""
    first = {(*tokens(name), "")[0] for name in group.columns.values()}
    if (
        len(first) != 1
        or "" in first  # a mark alone (`Policy #`)
        or set(terms(word := first.pop())) & _NOBODY
        or any(tokens(n) == (word,) for n in group.columns.values())
    ):
        return group
    return replace(group, columns={heading: _without(name, {word}) for heading, name in group.columns.items()})


_NOBODY = frozenset({"company", "deal", "task", "event", "activity", "product", "user", "file name"})


def _of_all(raw: RawTable, left: RawTable, groups: Sequence[_Group]) -> RawTable:
    """What is `left` of the rows, with the people of all `groups` named in a column."""
    labels = [label for group in groups if (label := label_of(*_read(raw, group))) is not None]
    numbers = range(len(labels))
    whose = side_by_side(pd.concat(labels, axis=1, keys=numbers), numbers, "; ").str.strip("; ")
    return replace(left, headings=[*left.headings, "Contact"], frame=left.frame.assign(Contact=whose))


def _read(raw: RawTable, group: _Group) -> tuple[RawTable, dict[str, str]]:
    table = _table(raw, group)
    return table, surely(table, "contacts")


def _left(raw: RawTable, groups: Sequence[_Group]) -> RawTable:
    gone = {heading for group in groups for heading in group.columns}
    headings = [name for name in raw.headings if name not in gone]
    return replace(raw, headings=headings, frame=raw.frame[headings])


def _long(raw: RawTable, groups: Sequence[_Group], shared: pd.DataFrame, name: str) -> RawTable:
    """A row each for every group that says something in a row of `raw`, with what the row says of all of them."""
    frames, rows = [], []
    for group in groups:
        own = _table(raw, group).frame
        read = surely(_table(raw, group), name) if name == "contacts" else {}
        told = filled(raw, [h for h, new in group.columns.items() if not read or read.get(new) in NAMES | REACHED])
        kept = [column for column in shared.columns if column not in own.columns]
        frames.append(pd.concat([own, shared[kept]], axis=1)[told])
        rows.append(raw.rows[told])
    frame = pd.concat(frames, ignore_index=True).fillna("").astype("str")
    return RawTable(
        raw.file, part_name(raw, name), [str(heading) for heading in frame.columns], frame, np.concatenate(rows)
    )


def _first(groups: Sequence[_Group]) -> str:
    return ", ".join(heading for group in groups for heading in list(group.columns)[:2])
