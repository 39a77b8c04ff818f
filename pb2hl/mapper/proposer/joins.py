"""Tables that are no records: they link records of others (`accounts_contacts`), hold parts of them (`phones`), further fields of
them (`field`, `value`) or the names of their codes (`lead_sources`). What they say is put into columns of those records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.signals import Signals
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.extensions import extend
from pb2hl.mapper.proposer.flags import answers, flagged, is_flag
from pb2hl.mapper.proposer.keeping import is_main, keeping
from pb2hl.mapper.proposer.objects import named
from pb2hl.mapper.proposer.pointers import pointers, split_pointers
from pb2hl.mapper.proposer.references import IDS, LINKS, KeyedTable, alike, apart, name_of, opened, references, singular
from pb2hl.mapper.proposer.repeats import repeats
from pb2hl.mapper.proposer.score import candidate
from pb2hl.model import OBJECTS, FieldKind
from pb2hl.source import joined
from pb2hl.source.mixed import dropped_rows
from pb2hl.source.tables import RawTable
from pb2hl.values.consents import FIELDS as CONSENTS

_RECEIVERS = ("activities", "notes", "tasks", "appointments", "attachments", "deals", "contacts", "companies", "users")
"""Objects whose records take what joins them to others, the first before the others."""

_KINDS = frozenset({"type", "kind", "label", "category", "place"})
_PARTS = ("email", "mobile", "phone", "website", "tag", "address")
"""What a record may have several of, and a table of them is called after; the first of two counts (`email_addresses`)."""

_PART_FIELDS = frozenset({"email", "email_2", "phone", "mobile", "website", "domain", "address_1", "address_2", "city", "state", "postal_code", "country", "tags"}) | CONSENTS  # fmt: skip
_BY_KIND = ("mobile", "phone", "address")
"""Parts whose kind (`mobile`, `billing`) tells which of a record's fields they are; e-mails are all alike."""

_ASKED = (
    frozenset({"field", "key", "attribute", "property", "question", "name", "label"}),
    frozenset({"value", "answer"}),
)
"""Words of the two columns of a table of further fields: what is asked, and what is answered."""

_OF_CODES = heading_words("of codes")
"""Words of columns of a table of codes that say how a code looks, and nothing of the records that have it."""

_MOST_FIELDS, _MOST_KINDS, _MOST_FURTHER, _WIDEST = 200, 12, 2, 8
"""Fields that a table of them names, kinds of parts, columns beside those that count, columns of a table of codes."""


_OF_NOBODY = "no record of the export is meant"


@dataclass
class Joins:
    """What becomes of an export's tables: those with more columns, why each that is no table of records is none, and why some
    that link records wait: a table that they link is no object."""

    tables: dict[int, RawTable] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    waits: dict[int, str] = field(default_factory=dict)


def join(raws: Sequence[RawTable], objects: Sequence[str], decided: Collection[int] = ()) -> Joins:
    """The `raws`, recognised as `objects`, with what links, parts, further fields and codes say put into the records' columns.

    Tables whose numbers are `decided` are what a person said, and stay as they are.
    """
    typed = [_by_type(raw, name) for raw, name in zip(raws, objects, strict=True)]
    tables = opened(typed, objects)
    repeated = {at: f"it repeats rows of {whose}" for at in range(len(tables)) if (whose := repeats(tables, at))}
    tables = [replace(item, key="", ids=frozenset()) if at in repeated else item for at, item in enumerate(tables)]
    decided = {*decided, *repeated}
    whole = [apart(tables, at) for at in range(len(tables))]
    tables = [item if raw is item.raw else item.of(raw) for item, raw in zip(tables, whole, strict=True)]
    extended = extend(tables, decided, _OF_NOBODY)
    work = _Work(tables, frozenset(decided))
    work.done.reasons |= {**extended, **repeated}
    work.done.tables = {at: item.raw for at, item in enumerate(work.tables) if item.raw is not typed[at]}
    work.name_codes()
    work.continue_links()
    for at in range(len(raws)):
        work.fold(at)
    return work.done


def _by_type(raw: RawTable, object_: str) -> RawTable:
    """`raw` with its pairs of type and id as one column an object, where nothing is known of it that would have taken them apart, or no
    more than which records it links (`OpportunityLinks`)."""
    links = not object_ or LINKS & {*name_of(raw)}
    found = pointers(raw.headings, raw.frame, "notes") if links else {}
    if not found:
        return raw
    frame = split_pointers(raw.headings, raw.frame, found)
    frame = frame[[name for name in frame.columns if name not in found.values()]]  # the new headings say the types
    return replace(raw, headings=list(frame.columns), frame=frame)


class _Work:
    def __init__(self, tables: list[KeyedTable], decided: frozenset[int]):
        self.tables, self.decided, self.done = tables, decided, Joins()
        self.refers = [references(tables, at) for at in range(len(tables))]
        self.coded: dict[int, list[str]] = {}  # columns of a table that had ids of codes, and have their names

    def _set(self, at: int, raw: RawTable, refers: dict[str, int]) -> None:
        self.tables[at] = self.tables[at].of(raw)
        self.refers[at] = refers
        if at not in self.done.reasons:
            self.done.tables[at] = raw

    def name_codes(self) -> None:
        """Put names in the place of ids of tables that hold no more than names (`lead_source_id` 2 → `lead_source` Web)."""
        for code, names in [(at, found) for at in range(len(self.tables)) if (found := self._names(at)) is not None]:
            using = [at for at, refers in enumerate(self.refers) if code in refers.values()]
            for at in using:
                raw, refers = self.tables[at].raw, dict(self.refers[at])
                headings = [heading for heading, target in refers.items() if target == code]
                columns = {heading: joined.named(raw.frame[heading], names) for heading in headings}
                renamed = {heading: _without_id(heading, raw.headings) for heading in headings}
                self.coded.setdefault(at, []).extend(renamed.values())
                self._set(at, joined.after(raw, renamed, columns), {h: t for h, t in refers.items() if t != code})
            if using and self.tables[code].object != "tags" and code not in self.decided and self._is_bare(code):
                where = ", ".join(dict.fromkeys(self.tables[at].raw.label for at in using))
                self.done.reasons[code] = f"names of codes: they stand in {where} in the place of their ids"

    def _names(self, at: int) -> pd.Series | None:
        """The names of a table of codes by id; None for any other table."""
        mine = self.tables[at]
        own = {self.tables[target].object for target in self.refers[at].values()} - {"users", ""}
        if not mine.key or mine.object not in ("", "tags") or own:
            return None
        said = [h for h in self._told(at) if {"name", "title", "tag"} & {*terms(mine.said[h])}]
        if (
            len(said) != 1
            or len(mine.raw.headings) > _WIDEST
            or any(self._field(at, h, "contacts") in _PART_FIELDS - {"tags"} for h in mine.raw.headings)
        ):
            return None
        return joined.labels(mine.raw.frame, mine.key, said)

    def _is_bare(self, at: int) -> bool:
        """Whether a table of codes says nothing of them beside their names that would be lost with it."""
        mine = self.tables[at]
        return sum(not set(tokens(mine.said[h])) & _OF_CODES for h in self._told(at)) == 1

    def _field(self, at: int, heading: str, object_: str) -> str:
        return candidate(self.tables[at].said[heading], object_, Signals()).field

    def continue_links(self) -> None:
        """Put the parts of an own table (`email_addresses`) in the place of their ids in the table that links them to records."""
        for at, refers in enumerate(self.refers):
            for heading, target in list(refers.items()):
                other = self.tables[target]
                if (
                    other.object
                    or target in self.decided
                    or at in self.decided
                    or not self._is_parts(target, "contacts")
                ):
                    continue
                if not {self.tables[t].object for h, t in refers.items() if h != heading} & set(_RECEIVERS):
                    continue
                raw = self.tables[at].raw
                parts = _different(other, [h for h in self._told(target) if h not in raw.headings])
                values = {h: joined.labels(other.raw.frame, other.key, [h]) for h in parts}
                frame = raw.frame.drop(columns=heading).assign(
                    **{h: raw.frame[heading].str.strip().map(values[h]).fillna("").astype("str") for h in parts}
                )
                new = RawTable(
                    raw.file, f"{raw.sheet or raw.file} {_part_of(other)}", list(frame.columns), frame, raw.rows
                )
                self._set(at, new, {h: t for h, t in refers.items() if h != heading})
                unlinked = ~other.raw.frame[other.key].str.strip().isin(raw.frame[heading].str.strip()).to_numpy()
                receiver = next(t for t in self.refers[at].values() if self.tables[t].object in _RECEIVERS)
                self._list(target, receiver, {_OF_NOBODY: unlinked})
                self.done.reasons[target] = f"parts of records, which {raw.label} links to them"

    def _told(self, at: int) -> list[str]:
        """Columns of a table that say something of the records it refers to: no ids, references, flags, book-keeping or blanks."""
        mine = self.tables[at]
        others = [h for h in mine.raw.headings if h != mine.key and h not in self.refers[at]]
        return [h for h in others if not keeping(mine, h) and mine.filled(h)]

    def _is_parts(self, at: int, object_: str) -> bool:
        """Whether a table is called after parts of records (`phones`, `email_addresses`) and holds little else."""
        if not _part_of(self.tables[at]):
            return False
        told = self._told(at)
        parts = [h for h in told if self._part_heading(at, h, object_)]
        mine = self.tables[at]
        further = [
            h
            for h in told
            if h not in parts and not answers(mine.raw.frame[h]) and not _KINDS & {*tokens(mine.said[h])}
        ]
        return bool(parts) and len(further) <= _MOST_FURTHER + 1

    def _part_heading(self, at: int, heading: str, object_: str) -> str:
        """What a column of parts is called among a record's columns; "" for one that is no part."""
        mine = self.tables[at]
        part = _part_of(mine)
        own = set(terms(mine.said[heading]))
        if self._field(at, heading, object_) in _PART_FIELDS or (part in own and not own & _KINDS):
            return heading
        if part and own <= {"number", "value", "amount", "name", "address", "text", part} and not own & _KINDS:
            return f"{part} {mine.said[heading]}"
        return ""

    def fold(self, at: int) -> None:
        """Put what the table number `at` says into the records that it refers to, if it is no table of records."""
        if at in self.decided or at in self.done.reasons:
            return
        refers = self._records(at)
        if not refers or self._waits(at):
            return
        ways = (self._values, self._parts, self._links)
        found = next((said for way in ways if (said := way(at, refers)) is not None), None)
        if found is None:
            return
        rows, cells = self._rows(at), self.tables[at].raw.frame
        gone, left = ~cells.index.isin(rows.index), pd.Series(True, index=rows.index)
        places: dict[str, None] = {}
        for heading, target in sorted(refers.items(), key=lambda item: _RECEIVERS.index(self.tables[item[1]].object)):
            mine = left & cells.loc[rows.index, heading].str.strip().isin(self.tables[target].ids)
            if mine.any():
                self._give(at, target, heading, refers, found.loc[rows.index[mine]])
                places[self.tables[target].raw.label] = None
                left &= ~mine
        lost = cells.index.isin(left.index[left])
        self._list(at, next(iter(refers.values())), {"it is flagged as no record any more": gone, _OF_NOBODY: lost})
        self.done.reasons[at] = f"no records but what belongs to those of {', '.join(places) or 'no table'}"

    def _records(self, at: int) -> dict[str, int]:
        """The references of a table to records that take what it says; none of a list of tags that only says who made them."""
        found = {
            h: t
            for h, t in self.refers[at].items()
            if self.tables[t].object in _RECEIVERS and t not in self.done.reasons
        }
        makers = self.tables[at].object == "tags" and {self.tables[t].object for t in found.values()} == {"users"}
        return {} if makers else found

    def _waits(self, at: int) -> bool:
        """Whether a table links records of a table that is no object yet; that is said."""
        unknown = [t for t in self.refers[at].values() if not self.tables[t].object and t not in self.done.reasons]
        if not unknown or self._links(at, self.refers[at]) is None:
            return False
        what = ", ".join(self.tables[t].raw.label for t in unknown)
        self.done.waits[at] = f"no records but links of {what}, of which nobody said what it is"
        return True

    def _list(self, at: int, target: int, reasons: Mapping[str, np.ndarray]) -> None:
        """List rows that belong to no record among the dropped ones of the table that they are about."""
        raw, other = self.tables[at].raw, self.tables[target].raw
        dropped = [item for reason, mask in reasons.items() for item in dropped_rows(raw, mask, reason)]
        if dropped:
            self._set(target, replace(other, dropped=(*other.dropped, *dropped)), self.refers[target])

    def _rows(self, at: int) -> pd.DataFrame:
        """The rows of a table that are not flagged as deleted, those flagged as main first."""
        mine = self.tables[at]
        frame = mine.raw.frame
        for heading in mine.raw.headings:
            if is_flag(mine.said[heading]) and answers(frame[heading]):
                frame = frame[~flagged(frame[heading])]
        main = [h for h in mine.raw.headings if is_main(mine, h)]
        return frame.sort_values(main[0], ascending=False, kind="stable") if len(main) == 1 else frame

    def _give(self, at: int, target: int, key: str, refers: Mapping[str, int], columns: pd.DataFrame) -> None:
        other, keys = self.tables[target], self.tables[at].raw.frame[key].reindex(columns.index)
        added = joined.gathered(keys, columns)
        for heading, further in refers.items():
            if heading == key:
                continue
            ids = joined.gathered(keys, self.tables[at].raw.frame[[heading]].reindex(columns.index))[heading]
            if not self._takes_several(other.object, self.tables[further].object):
                ids, rest = joined.first_and_further(ids, self._labels(further))
                if (rest != "").any():
                    added[f"other {self.tables[further].raw.sheet or ' '.join(self.tables[further].name)}"] = rest
            added[heading] = ids
        raw = joined.with_columns(other.raw, other.key, added.loc[:, (added != "").any()])
        self._set(target, raw, {**self.refers[target], **{h: t for h, t in refers.items() if h != key}})

    @staticmethod
    def _takes_several(object_: str, about: str) -> bool:
        return any(spec.refers_to == about and spec.kind == FieldKind.REFS for spec in OBJECTS[object_].fields)

    def _labels(self, at: int) -> pd.Series:
        mine = self.tables[at]
        fields = {self._field(at, h, mine.object): h for h in reversed(mine.raw.headings)}
        names = [fields[name] for name in ("name", "full_name", "title") if name in fields][:1]
        names = names or [fields[name] for name in ("first_name", "last_name") if name in fields]
        return joined.labels(mine.raw.frame, mine.key, names)

    def _values(self, at: int, refers: Mapping[str, int]) -> pd.DataFrame | None:
        """The columns that a table of further fields makes, one a field that it names."""
        mine, told = self.tables[at], self._told(at)
        asked = [[h for h in told if words & set(tokens(mine.said[h]))] for words in _ASKED]
        asked[0] = [h for h in asked[0] if h not in asked[1]]
        if len(asked[0]) != 1 or len(asked[1]) != 1 or len(told) > 2 + _MOST_FURTHER:
            return None
        further = [h for h in told if h not in (asked[0][0], asked[1][0]) and not _KINDS & set(tokens(mine.said[h]))]
        names = mine.raw.frame[asked[0][0]].str.strip()
        if further:
            return None
        if not 0 < names[names != ""].nunique() <= min(_MOST_FIELDS, max(1, len(names) - 1)):
            return None
        return joined.spread(mine.raw.frame[[asked[1][0]]], names, whole=True)

    def _parts(self, at: int, refers: Mapping[str, int]) -> pd.DataFrame | None:
        """The columns that a table of parts makes, one a kind where it tells kinds (`mobile number`)."""
        mine = self.tables[at]
        if not self._is_parts(at, self.tables[next(iter(refers.values()))].object):
            return None
        about, part = self.tables[next(iter(refers.values()))].object, _part_of(mine)
        headings = {h: self._part_heading(at, h, about) for h in self._told(at)}
        kinds = [h for h, name in headings.items() if not name and _KINDS & set(tokens(mine.said[h]))]
        several = bool(kinds) and part in _BY_KIND and 0 < len(mine.filled(kinds[0])) <= _MOST_KINDS
        names = {
            h: name or f"{part} {mine.said[h]}"
            for h, name in headings.items()
            if name or (len(mine.filled(h)) > (h in kinds) and not (several and h == kinds[0]))
        }
        columns = mine.raw.frame[[*names]].rename(columns=names)
        return joined.spread(columns, mine.raw.frame[kinds[0]], whole=False) if several else columns

    def _links(self, at: int, refers: Mapping[str, int]) -> pd.DataFrame | None:
        """What a table that links records says beside the ids: nothing, or little where its name is made of theirs."""
        mine, told = self.tables[at], self._told(at)
        coded = [h for h in self.coded.get(at, ()) if h in told]
        linked = {*refers.values()}
        further = len(told) - len(coded)
        said = sum(_names(mine, self.tables[t]) for t in linked) + sum(_within(tokens(h), mine.name) for h in coded)
        said += bool(LINKS & {*mine.name})
        if len(linked) + len(coded) >= 2 and further <= (_MOST_FURTHER if said >= 2 else 0):
            return mine.raw.frame[told]
        tags = [h for h in told if self._field(at, h, "contacts") == "tags"]
        return mine.raw.frame[told] if tags == told and len(told) == 1 else None


def _names(mine: KeyedTable, other: KeyedTable) -> bool:
    """Whether a table's name speaks of another: in its words, or of the object that it is."""
    return _within(other.name, mine.name) or any(named(word)[0] == other.object for word in mine.name)


def _within(name: Collection[str], words: Collection[str]) -> bool:
    return all(any(alike(singular(own), word) for word in words) for own in name)


def _different(mine: KeyedTable, headings: Sequence[str]) -> list[str]:
    """`headings` without the columns that say what one before them says, in other letters (`email_address_caps`)."""
    said: set[tuple[str, ...]] = set()
    found = []
    for heading in headings:
        values = tuple(mine.raw.frame[heading].str.strip().str.casefold())
        if values not in said:
            found.append(heading)
        said.add(values)
    return found


def _part_of(mine: KeyedTable) -> str:
    """The part of records that a table is called after; "" for none."""
    said = set(terms(" ".join(mine.name))) | {term for word in mine.name for term in terms(word)}
    return next((part for part in _PARTS if part in said), "")


def _without_id(heading: str, others: Collection[str]) -> str:
    """`lead_source_id` as `lead source`, unless a column is called so."""
    words = [word for word in tokens(heading) if word not in IDS]
    name = " ".join(words)
    return name if name and name not in others else heading
