"""What tables say of each other: which column holds a table's ids, and which columns point to them.

Headings may be in any language or none; values cannot hide: a filled column without repeats whose values stand in other
tables is the id, and those other columns are references. Works on the proposals of one table each and only strengthens or
corrects them with evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pb2hl.mapper.knowledge.concepts import SELF
from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.prefixes import without_prefix
from pb2hl.mapper.knowledge.signals import Signals, signals
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.company_lists import OTHERS
from pb2hl.mapper.proposer.pointers import MOST_OBJECTS, names_objects
from pb2hl.model import OBJECTS, FieldKind
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.values.fold import unaccented

KEY_TERMS = frozenset({"id", "number", "code", "key"})
_SMALL, _UNIQUE_IN_SAMPLE = 400, 0.8  # a sample of so many cells with fewer distinct values cannot be of an id
_UNIQUE, _FULL = 0.9, 0.9  # shares: an export may hold a record twice, and a totals row
_OVERLAP, SURE_OVERLAP = 0.3, 0.8  # shares of a column's values that are ids, with and without a heading that says so
_LOOKED_AT = 5_000  # distinct values of a referring column that are enough
_ROWS_LOOKED_AT = 50_000  # rows they are taken from
_NEVER_KEYS = ("email", "url", "date", "datetime", "boolean", "money", "percent", "timezone", "html", "json", "phone")
_BY_NAME = {"company_name": "company_id", "parent_name": "parent_id"}
"""Fields of names whose column may hold ids all the same."""

_ANOTHERS = frozenset("author manager followers source partner spouse assistant referrer referral vendor".split()) | {
    "updated by"
}
"""Terms of people and companies beside the one a record belongs to."""

_NEVER_IDS = frozenset({"first name", "last name", "phone", "mobile", "fax", "postal code"})
_OF_ANOTHER = heading_words("of another record")
"""Words of ids that mean another record of the same object (`ConvertedContactId`, `MasterRecordId`)."""

_OF_FILES = heading_words("of files")
_OPEN = frozenset({"custom", "ignore"})
_CODE = re.compile(r"[a-z]{0,6}[-_/.]?\d+|\{?[0-9a-f]{8}-[0-9a-f-]{27}\}?|[0-9a-f]{16,40}|00[0-9a-z]{13,16}")
"""Values that only an id has: digits with a prefix, a GUID, a hash."""

PLAIN = re.compile(r"\d{1,4}")
"""Small whole numbers: every table counts 1, 2, 3, so that they point to none by themselves."""


DECLARED = "declared in custom_fields"
"""The reason of what the export's own table of custom fields says."""


@dataclass
class Table:
    """A raw table with its object and its proposals (`propose_fields`), one row a column, changed in place."""

    raw: Any
    object: str
    proposals: pd.DataFrame
    _values: dict[str, frozenset[str]] = field(default_factory=dict)
    _distinct: dict[str, pa.Array] = field(default_factory=dict)
    _samples: dict[str, list[str]] = field(default_factory=dict)
    _seen: dict[str, Signals] = field(default_factory=dict)
    _keys: dict[str, bool] = field(default_factory=dict)
    _id: str | None = None

    def values(self, heading: str) -> frozenset[str]:
        """All distinct filled values of a column, without case, outer spaces, leading zeros and `.0` (seconds a million)."""
        if heading not in self._values:
            self._values[heading] = frozenset(self.distinct(heading).to_pylist())
        return self._values[heading]

    def distinct(self, heading: str) -> pa.Array:
        """What `values` holds, in order of appearance."""
        if heading not in self._distinct:
            self._distinct[heading] = _distinct_keys(self.raw.frame[heading])
        return self._distinct[heading]

    def sample(self, heading: str) -> list[str]:
        """The first distinct values of a column, written like `values`: enough to tell where they point."""
        if heading not in self._samples:
            column = self.raw.frame[heading]
            filled = column[column != ""] if len(column) > _ROWS_LOOKED_AT else column
            self._samples[heading] = _distinct_keys(filled.iloc[:_ROWS_LOOKED_AT])[:_LOOKED_AT].to_pylist()
        return self._samples[heading]

    def filled(self, heading: str) -> int:
        """Cells of a column that are not blank."""
        return int((self.raw.frame[heading].str.strip() != "").sum())

    def keys(self, heading: str) -> bool:
        """Whether a column's values could be keys: short, and nothing that is plainly something else."""
        if heading not in self._keys:
            self._keys[heading] = _could_be_keys(self.raw.frame[heading], self.seen(heading))
        return self._keys[heading]

    def seen(self, heading: str) -> Signals:
        """The look of a column's values."""
        if heading not in self._seen:
            self._seen[heading] = signals(self.raw.frame[heading])
        return self._seen[heading]

    def said(self, heading: str) -> str:
        """A heading without the prefix that all of the table's have."""
        return self._said[heading]

    @cached_property
    def _said(self) -> dict[str, str]:
        return dict(zip(self.raw.headings, without_prefix(self.raw.headings), strict=True))

    def proposed(self, heading: str) -> str:
        """The field proposed for a column."""
        return str(self.proposals["field"].iat[self._row[heading]])

    def confidence(self, heading: str) -> float:
        """How sure that proposal is, 0-1."""
        return float(str(self.proposals["confidence"].iat[self._row[heading]]))

    def reason(self, heading: str) -> str:
        """Why that proposal is made."""
        return str(self.proposals["reason"].iat[self._row[heading]])

    def is_declared(self, heading: str) -> bool:
        """Whether the export's own table of custom fields says what a column is."""
        return self.reason(heading).startswith(DECLARED)

    @cached_property
    def _row(self) -> dict[str, int]:
        return {heading: at for at, heading in enumerate(self.proposals["heading"])}

    def decide(self, heading: str, name: str, target: str, confidence: float, reason: str) -> None:
        """Propose something else for a column."""
        row = self.proposals.index[self._row[heading]]
        said: dict[str, str | float] = {
            "field": name,
            "target": target,
            "confidence": confidence,
            "reason": reason,
            "transform": "",
        }
        for column, value in said.items():
            self.proposals.loc[row, column] = value
        self._id = None

    def transform(self, heading: str, transform: str) -> None:
        """Propose what a column's values need on their way."""
        self.proposals.loc[self.proposals.index[self._row[heading]], "transform"] = transform

    def step(self, heading: str) -> str:
        """The transform proposed for a column ("" for none)."""
        return str(self.proposals["transform"].iat[self._row[heading]])

    @property
    def id_heading(self) -> str:
        """The column proposed as the id ("" when there is none)."""
        if self._id is None:
            found = self.proposals.loc[self.proposals["field"] == "id", "heading"]
            self._id = str(found.iat[0]) if len(found) else ""
        return self._id

    @cached_property
    def words(self) -> frozenset[str]:
        """Words of the sheet's name, and of the file's where the sheet says nothing."""
        sheet = frozenset(tokens(self.raw.sheet)) - _OF_FILES
        return frozenset(word for word in sheet if not word.isdigit()) or frozenset(
            tokens(self.raw.file.rsplit("/", 1)[-1].rsplit(".", 1)[0])
        )


def _distinct_keys(column: pd.Series) -> pa.Array:
    """The distinct filled values of a column of text as keys are compared; in Arrow, for a column may have a million."""
    texts = pc.unique(pa.array(column.astype("str"), type=pa.large_string()))
    texts = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    texts = pc.replace_substring_regex(texts, r"^(\d+)\.0+$", r"\1")
    texts = pc.unique(pc.replace_substring_regex(texts, r"^0+(\d+)$", r"\1"))
    return texts.filter(pc.greater(pc.utf8_length(texts), 0))


def relate(tables: Sequence[Table]) -> None:
    """Correct the proposals of all tables by what their values say of each other: ids first, then references."""
    columns = [(table, heading) for table in tables for heading in table.raw.headings if _key_like(table, heading)]
    for table in tables:
        if "id" in OBJECTS[table.object].field_names and len(table.raw.frame):
            _find_id(table, [item for item in columns if item[0] is not table or not _is_anothers(*item, tables)])
    for table in tables:
        for spec in OBJECTS[table.object].fields:
            if spec.refers_to and spec.kind in (FieldKind.REF, FieldKind.REFS):
                _find_references(
                    table, spec.name, spec.target, [other for other in tables if other.object == spec.refers_to]
                )


def _key_like(table: Table, heading: str) -> bool:
    said = set(terms(table.said(heading)))
    return table.proposed(heading) not in CONSENTS and not said & _TIMES and table.keys(heading)


_TIMES = frozenset({"date", "time", "created date", "updated date"})
"""Terms of what is no key, though moments counted since 1970 look like one."""


def _could_be_keys(column: pd.Series, seen: Signals) -> bool:
    if not seen.filled or seen.mean_length > 64 or seen.spaced > 0.2:
        return False
    if any(seen.share(kind) >= 0.8 for kind in _NEVER_KEYS) and not seen.looks("number", "guid", at_least=0.9):
        return False
    return seen.distinct > MOST_OBJECTS or not names_objects(column)


def _repeats(table: Table, heading: str) -> bool:
    """Whether a column names groups of records rather than single ones (the customer number of many contacts)."""
    filled = table.filled(heading)
    return filled >= 4 and len(table.distinct(heading)) < 0.5 * filled


def _unique(table: Table, heading: str) -> bool:
    """Whether hardly a cell is blank and hardly a value repeats; a sample that repeats spares the look at all of them."""
    seen, rows = table.seen(heading), len(table.raw.frame)
    if seen.filled > _SMALL and seen.unique < _UNIQUE_IN_SAMPLE:
        return False
    filled = table.filled(heading)
    return filled >= _FULL * rows - 1 and len(table.distinct(heading)) >= _UNIQUE * filled


def speaks_of(heading: str, about: Table) -> bool:
    """Whether a heading names the object of a table, in words we know or in those of the table's own name or id."""
    if set(terms(heading)) & SELF.get(about.object, set()):
        return True
    own = set(about.words)
    if about.id_heading:
        own |= {word for word in tokens(about.said(about.id_heading)) if not set(terms(word)) <= KEY_TERMS}
    return any(_akin(word, other) for word in tokens(heading) for other in own)


def _akin(one: str, other: str) -> bool:
    """Whether two words have a stem in common (`kunde`, `kunden`)."""
    shared = next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )
    return (one == other and len(one) > 1) or (shared >= max(4, round(0.6 * min(len(one), len(other)))))


def _pointing(table: Table, heading: str, columns: Sequence[tuple[Table, str]]) -> list[str]:
    """Columns of other tables whose values are values of this one, as `file: heading`."""
    own, found = table.values(heading), []
    for other, column in columns:
        if other is table or other.object == table.object or other.id_heading == column:
            continue
        values = other.sample(column)
        shared = [value for value in values if value in own]
        share = len(shared) / len(values) if len(values) else 0.0
        telling = not all(PLAIN.fullmatch(value) for value in shared)
        named = speaks_of(other.said(column), table) or unaccented(column) == unaccented(heading)
        if (named and share >= _OVERLAP) or (telling and share >= SURE_OVERLAP and len(shared) >= 2):
            found.append(f"{other.raw.sheet or other.raw.file}: {column}")
    return found


def _is_anothers(table: Table, heading: str, tables: Sequence[Table]) -> bool:
    """Whether another object's table has a column of the same heading, is called after it, and holds all of its values."""
    if speaks_of(heading, table):
        return False
    return any(
        other.object != table.object
        and heading in other.raw.headings
        and speaks_of(heading, other)
        and table.values(heading) <= other.values(heading)
        for other in tables
    )


def _find_id(table: Table, columns: Sequence[tuple[Table, str]]) -> None:
    """Propose the column that other tables point to, or that is called like an id, as the id."""
    stands = table.id_heading
    if stands and _repeats(table, stands):
        table.decide(stands, "custom", "custom", 0.85, "called like an id, but most of its values repeat")
        stands = ""
    free = [
        heading
        for owner, heading in columns
        if owner is table
        and (heading == stands or may_change(table, heading))
        and not set(terms(table.said(heading))) & (_OF_ANOTHER | _NEVER_IDS)
        and _unique(table, heading)
        and (not stands or table.filled(heading) >= table.filled(stands))
        and not any(f": {heading}" in table.step(other) for other in table.raw.headings)
        and not _holds_ids_of(table, heading, columns)
    ]
    scored = []
    for at, heading in enumerate(free):
        pointed = _pointing(table, heading, columns)
        said = set(terms(table.said(heading)))
        called = bool(said & KEY_TERMS) and (
            said <= KEY_TERMS | SELF.get(table.object, set()) or speaks_of(table.said(heading), table)
        )
        leads = heading == table.raw.headings[0] and _codes(table.sample(heading))
        score = 3 * bool(pointed) + 2 * called + 1.5 * (heading == stands) + 1.95 * (leads and not stands) - 0.01 * at
        scored.append((score, heading, pointed, called))
    if not scored:
        return
    score, heading, pointed, called = max(scored, key=lambda item: item[0])
    if heading == stands or score < 1.9:
        return
    if stands:
        table.decide(stands, "custom", "custom", 0.85, f"an id too, but other tables point to {heading!r}")
    why = "its heading names this object's number" if called else "it comes first and looks like a code"
    why = f"other tables hold its values ({', '.join(pointed[:3])})" if pointed else why
    confidence = 0.95 if pointed and called else 0.9 if pointed or called else 0.8
    target = "custom" if OBJECTS[table.object].takes_custom_fields else "ignore"
    table.decide(heading, "id", target, confidence, f"no value repeats, and {why}")


def _holds_ids_of(table: Table, heading: str, columns: Sequence[tuple[Table, str]]) -> bool:
    """Whether a column that is not called an id holds nothing but what another table calls its ids: each is meant once."""
    values = table.values(heading)
    if set(terms(table.said(heading))) & KEY_TERMS or all(map(PLAIN.fullmatch, values)):
        return False
    return any(
        other is not table
        and name == other.id_heading
        and bool(set(terms(other.said(name))) & KEY_TERMS)
        and values < other.values(name)
        for other, name in columns
    )


def _codes(values: Sequence[str]) -> bool:
    """Whether values can only be ids: codes, and not all small numbers."""
    return all(map(_CODE.fullmatch, values)) and not all(map(PLAIN.fullmatch, values))


def may_change(table: Table, heading: str) -> bool:
    """Whether a column is not surely something else by its heading."""
    name = table.proposed(heading)
    if heading.endswith(OTHERS):
        return False
    if name in _OPEN:
        return not table.is_declared(heading)
    return table.confidence(heading) < 0.8


def _find_references(table: Table, name: str, target: str, others: Sequence[Table]) -> None:
    """Columns whose values are ids of `others` are the reference `name`, unless their heading surely says something else."""
    ids = [other.values(other.id_heading) for other in others if other.id_heading]
    if not any(ids):
        return
    taken = set(table.proposals["field"])
    for heading in table.raw.headings:
        if table.proposed(heading) == "id" or not _key_like(table, heading):
            continue
        if not may_change(table, heading) and _BY_NAME.get(table.proposed(heading)) != name:
            continue
        said = table.said(heading)
        others_own = bool(set(terms(said)) & _ANOTHERS)
        values = table.sample(heading)
        shared = [value for value in values if any(value in known for known in ids)]
        share = len(shared) / len(values) if len(values) else 0.0
        named = any(speaks_of(said, other) for other in others if other is not table) or _fits(said, name)
        telling = not all(PLAIN.fullmatch(value) for value in shared)
        if _BY_NAME.get(table.proposed(heading)) == name and (share < SURE_OVERLAP or name in taken):
            continue
        if named and (not others_own or _fits(said, name)) and share >= _OVERLAP:
            confidence = 0.93
        elif telling and not others_own and share >= SURE_OVERLAP and len(shared) >= 2 and name not in taken:
            confidence = 0.85
        else:
            continue
        about = others[0].object
        table.decide(
            heading,
            name,
            target or ("ignore" if about != "users" else "custom"),
            confidence,
            f"{share:.0%} of its values are ids of {about}",
        )
        taken.add(name)


def _fits(heading: str, name: str) -> bool:
    """Whether a heading names the reference itself (`parent`, `author`, `owner`)."""
    return name.removesuffix("_id") in terms(heading)
