"""A table made ready to compare: one `Field` a kind of evidence, its values as integer codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pb2hl.matching import dates, names
from pb2hl.matching.kinds import Kind
from pb2hl.matching.legal_forms import legal_form
from pb2hl.matching.normalise import as_text, normalise

MULTIPLE = (Kind.EMAIL, Kind.PHONE, Kind.DOMAIN)
"""Kinds of which a record may have several at once: their columns are compared crosswise."""


@dataclass(frozen=True)
class Field:
    """Evidence of one kind. `codes`: one array a source column, one code a row, -1 for missing, all into `values`."""

    name: str
    kind: Kind
    codes: tuple[np.ndarray, ...]
    values: np.ndarray

    @property
    def primary(self) -> np.ndarray:
        """Codes of the first source column."""
        return self.codes[0]


@dataclass(frozen=True)
class Records:
    """The fields of all records, the generation suffix of persons (0 none, 1 senior, 2 junior, …), which are `several`
    people in one row, and a code of the legal form in an organisation's name (-1 none, and in tables of persons), `title`: 1 for a man's
    title before the name, 2 for a woman's, 0 for none."""

    count: int
    fields: tuple[Field, ...]
    generation: np.ndarray
    several: np.ndarray
    legal_form: np.ndarray
    title: np.ndarray

    def of_kind(self, kind: Kind) -> Field | None:
        """The first field of `kind`."""
        return next((field for field in self.fields if field.kind is kind), None)


def canonical_order(frame: pd.DataFrame) -> np.ndarray:
    """Positions of the rows in an order that depends on their content alone, so that nothing depends on how they came."""
    content = np.zeros(len(frame), np.uint64)
    for number in range(frame.shape[1]):
        codes, values = as_text(frame.iloc[:, number])
        hashes = np.r_[pd.util.hash_array(values) if len(values) else np.empty(0, np.uint64), np.uint64(7)]
        content = content * np.uint64(1_000_003) ^ hashes[codes]
    labels = (
        pd.util.hash_array(np.array([str(label) for label in frame.index], dtype=object)) if len(frame) else content
    )
    return np.lexsort((labels, content))


def records(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> Records:
    """The columns of `frame` named in `kinds`, normalised and coded."""
    count = len(frame)
    fields: list[Field] = []
    parts = _name_parts(frame, kinds)
    for kind in (Kind.GIVEN_NAME, Kind.SURNAME):
        if kind in parts.texts:
            fields.append(_coded(str(kind), kind, [parts.texts[kind]]))
    for kind in MULTIPLE:
        columns = [column for column, of in kinds.items() if of is kind]
        if columns:
            fields.append(
                _coded(" + ".join(map(str, columns)), kind, [_normalised(frame[column], kind) for column in columns])
            )
    done = {Kind.GIVEN_NAME, Kind.SURNAME, Kind.FULL_NAME, *MULTIPLE}
    fields += [
        _coded(str(column), kind, [_normalised(frame[column], kind)])
        for column, kind in kinds.items()
        if kind not in done
    ]
    fields = [_without_placeholders(field, fields) if field.kind is Kind.BIRTH_DATE else field for field in fields]
    filled = tuple(field for field in fields if any((codes >= 0).any() for codes in field.codes))
    return Records(
        count, filled, parts.generation, _several(frame, kinds), _legal_forms(frame, kinds), _titles(frame, kinds)
    )


def _without_placeholders(birth: Field, fields: list[Field]) -> Field:
    """The birth dates, those missing that stand for "not known" behind many names."""
    named = [field.primary.astype(np.int64) for field in fields if field.kind in (Kind.GIVEN_NAME, Kind.SURNAME)]
    if not len(birth.values):
        return birth
    person = (
        sum((codes + 1) * 1_000_003**at for at, codes in enumerate(named)) if named else np.arange(len(birth.primary))
    )
    known = birth.primary >= 0
    pairs = pd.DataFrame({"date": birth.primary[known], "person": np.asarray(person)[known]}).drop_duplicates()
    behind = np.bincount(pairs["date"], minlength=len(birth.values))
    unknown = np.r_[dates.placeholders(behind, birth.values), False]
    return Field(
        birth.name, birth.kind, tuple(np.where(unknown[codes], -1, codes) for codes in birth.codes), birth.values
    )


@dataclass(frozen=True)
class _NameParts:
    texts: dict[Kind, np.ndarray]
    generation: np.ndarray


def _name_parts(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> _NameParts:
    """Given names and surnames, titles off; blanks filled from the full name, so that nothing counts twice."""
    texts: dict[Kind, np.ndarray] = {}
    generation = np.zeros(len(frame), np.int8)
    for column, kind in kinds.items():
        if kind in (Kind.GIVEN_NAME, Kind.SURNAME):
            codes, values = as_text(frame[column])
            split = [names.split_generation(value) for value in values]
            _fill(texts, kind, _spread(codes, [part for part, _ in split]))
            generation = np.maximum(
                generation, _spread(codes, [int(mark or 0) for _, mark in split], 0).astype(np.int8)
            )
    for column, kind in kinds.items():
        if kind is Kind.FULL_NAME:
            codes, values = as_text(frame[column])
            split_full = [names.split_full_name(value) for value in values]
            given = _spread(codes, [part[0] for part in split_full])
            surname = _spread(codes, [part[1] for part in split_full])
            empty = _blank(texts, Kind.GIVEN_NAME, len(frame)) & _blank(texts, Kind.SURNAME, len(frame))
            _fill(texts, Kind.GIVEN_NAME, np.where(empty, given, ""))
            _fill(texts, Kind.SURNAME, np.where(empty, surname, ""))
            generation = np.maximum(
                generation, _spread(codes, [int(part[2] or 0) for part in split_full], 0).astype(np.int8)
            )
    return _NameParts(texts, generation)


def _several(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> np.ndarray:
    """Which rows name several people."""
    several = np.zeros(len(frame), bool)
    for column, kind in kinds.items():
        if kind in (Kind.GIVEN_NAME, Kind.FULL_NAME):
            codes, values = as_text(frame[column])
            several |= _spread(codes, [names.several_people(value) for value in values], False).astype(bool)
    return several


def _titles(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> np.ndarray:
    """Whose title stands before each row's name."""
    title = np.zeros(len(frame), np.int8)
    for column, kind in kinds.items():
        if kind in (Kind.GIVEN_NAME, Kind.FULL_NAME):
            codes, values = as_text(frame[column])
            title = np.maximum(title, _spread(codes, [names.title_of(value) for value in values], 0).astype(np.int8))
    return title


def _legal_forms(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> np.ndarray:
    """A code of the legal form that the (first) name of each organisation has."""
    column = next((column for column, kind in kinds.items() if kind is Kind.ORGANISATION), None)
    if column is None or {Kind.GIVEN_NAME, Kind.SURNAME, Kind.FULL_NAME} & set(kinds.values()):
        return np.full(len(frame), -1, np.int64)
    codes, values = as_text(frame[column])
    return pd.factorize(_spread(codes, [legal_form(value) or None for value in values], None))[0]


def _blank(texts: dict[Kind, np.ndarray], kind: Kind, count: int) -> np.ndarray:
    return texts[kind] == "" if kind in texts else np.ones(count, bool)


def _fill(texts: dict[Kind, np.ndarray], kind: Kind, values: np.ndarray) -> None:
    texts[kind] = np.where(texts[kind] == "", values, texts[kind]) if kind in texts else values


def _spread(codes: np.ndarray, values: list, missing: object = "") -> np.ndarray:
    return np.array([*values, missing], dtype=object)[codes]


def _normalised(column: pd.Series, kind: Kind) -> np.ndarray:
    codes, values = as_text(column)
    return _spread(codes, list(normalise(values, kind)))


def _coded(name: str, kind: Kind, columns: list[np.ndarray]) -> Field:
    """The columns as codes into one vocabulary, sorted, so that codes do not depend on the order of the rows."""
    stacked, values = pd.factorize(np.concatenate(columns), sort=False)
    order = np.argsort(values.astype(str), kind="stable") if len(values) else np.empty(0, np.int64)
    rank = np.empty(len(values) + 1, np.int32)
    rank[order] = np.arange(len(values))
    values = values[order]
    rank[-1] = -1
    if len(values) and values[0] == "":
        rank, values = rank - 1, values[1:]
        rank[rank < 0] = -1
    codes = np.split(rank[stacked], len(columns))
    for number in range(1, len(codes)):
        for earlier in codes[:number]:
            codes[number] = np.where(codes[number] == earlier, -1, codes[number])
    return Field(name, kind, tuple(code.astype(np.int32) for code in codes), values)
