"""Which rows a rule is about (`row_condition`): a small grammar of our own, for a suite is data and nothing in it is ever run.

    condition  := and-part { "or" and-part }
    and-part   := part { "and" part }
    part       := "not" part | "(" condition ")" | column test
    test       := ("==" | "!=" | "<" | "<=" | ">" | ">=") value
                | ["not"] "in" "(" value { "," value } ")" | "is" ["not"] "null"
    column     := a word, or any name in backticks
    value      := "text" | 'text' | a number | true | false

Missing cells meet no comparison. Dates are compared with ISO 8601 texts.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

LONGEST = 2_000
"""Characters of a condition: more than anybody writes, and it bounds how deep brackets can nest."""

DEEPEST = 50

_TOKEN = re.compile(
    r"""\s*(?:(?P<name>`[^`]+`)|(?P<text>"[^"]*"|'[^']*')|(?P<number>-?\d{1,18}(?:\.\d{1,18})?)(?![\w.])"""
    r"""|(?P<word>[^\W\d]\w*)|(?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,))"""
)
_KEYWORDS = frozenset({"and", "or", "not", "in", "is", "null", "true", "false"})
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_CLOSING = {"(": ")", "[": "]"}

Mask = Callable[[pd.DataFrame], "pd.Series[bool]"]


@dataclass(frozen=True)
class Condition:
    """A parsed condition: its `text`, the `columns` it names, and `rows(frame)`, which rows meet it (ValueError when a column cannot
    be compared with what it is compared with)."""

    text: str
    columns: tuple[str, ...]
    rows: Mask


def parse(text: object) -> Condition:
    """`text` as a Condition; ValueError, which says where it went wrong, for anything that the grammar does not know."""
    if not isinstance(text, str):
        raise ValueError(f'a row_condition is a text such as: stage == "Won"; it is {type(text).__name__}')
    if len(text) > LONGEST:
        raise ValueError(f"a row_condition has at most {LONGEST:,} characters, this one has {len(text):,}")
    reader = _Reader(text)
    mask = reader.either(0)
    if reader.kind:
        raise reader.wrong("and, or, or the end")
    return Condition(text, tuple(dict.fromkeys(reader.columns)), mask)


class _Reader:
    """Reads one condition from left to right; `kind` and `token` are what comes next ("" at the end)."""

    def __init__(self, text: str):
        self._text = text
        self._at = 0
        self._end = 0
        self.columns: list[str] = []
        self._next()

    def _next(self) -> None:
        self._at = self._end
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            if self._text[self._at :].strip():
                self.kind, self.token = "?", self._text[self._at :].strip()[:20]
                raise self.wrong("a column, a sign or a value")
            self.kind = self.token = ""
            return
        self._end, self.kind = found.end(), str(found.lastgroup)
        self.token = str(found[self.kind])
        if self.kind == "word" and self.token.lower() in _KEYWORDS:
            self.kind = self.token = self.token.lower()

    def wrong(self, wanted: str) -> ValueError:
        """What was met where `wanted` was needed."""
        met = f"{self.token!r} at character {self._at + 1}" if self.kind else "its end"
        return ValueError(f"row_condition: {wanted} was needed, and {met} came; see suites/conditions for the grammar")

    def _take(self, kind: str, *tokens: str) -> str:
        if self.kind != kind or (tokens and self.token not in tokens):
            raise self.wrong(" or ".join(tokens) or kind)
        token = self.token
        self._next()
        return token

    def either(self, depth: int) -> Mask:
        """A condition."""
        if depth > DEEPEST:
            raise ValueError(f"row_condition: brackets are nested more than {DEEPEST} deep")
        parts = [self._all(depth)]
        while self.kind == "or":
            self._next()
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else lambda frame: _joined(operator.or_, parts, frame)

    def _all(self, depth: int) -> Mask:
        parts = [self._part(depth)]
        while self.kind == "and":
            self._next()
            parts.append(self._part(depth))
        return parts[0] if len(parts) == 1 else lambda frame: _joined(operator.and_, parts, frame)

    def _part(self, depth: int) -> Mask:
        if self.kind == "not":
            self._next()
            if depth > DEEPEST:
                raise ValueError(f"row_condition: more than {DEEPEST} nots")
            inner = self._part(depth + 1)
            return lambda frame: ~inner(frame)
        if self.kind == "sign" and self.token == "(":
            self._next()
            inside = self.either(depth + 1)
            self._take("sign", ")")
            return inside
        return self._test(self._column())

    def _column(self) -> str:
        if self.kind not in ("name", "word"):
            raise self.wrong("the name of a column")
        name = self.token.strip("`")
        self._next()
        self.columns.append(name)
        return name

    def _test(self, column: str) -> Mask:
        if self.kind == "is":
            self._next()
            negated = self._accept("not")
            self._take("null")
            return lambda frame: frame[column].notna() if negated else frame[column].isna()
        negated = self._accept("not")
        if negated or self.kind == "in":
            self._take("in")
            values = tuple(self._values())
            return lambda frame: _among(frame[column], column, values, negated)
        sign = self._take("sign", *_COMPARE)
        value = self._value()
        return lambda frame: _compared(frame[column], column, sign, value)

    def _accept(self, kind: str) -> bool:
        there = self.kind == kind
        if there:
            self._next()
        return there

    def _values(self) -> Iterator[Any]:
        closing = _CLOSING[self._take("sign", *_CLOSING)]
        yield self._value()
        while self.token == ",":
            self._next()
            yield self._value()
        self._take("sign", closing)

    def _value(self) -> Any:
        kind, token = self.kind, self.token
        if kind not in ("text", "number", "true", "false"):
            raise self.wrong("a value: a number, true, false, or a text in quotes")
        self._next()
        if kind == "text":
            return token[1:-1]
        if kind == "number":
            return float(token) if "." in token else int(token)
        return kind == "true"


def _joined(join: Callable[[Any, Any], Any], parts: list[Mask], frame: pd.DataFrame) -> pd.Series[bool]:
    found = parts[0](frame)
    for part in parts[1:]:
        found = join(found, part(frame))
    return found


def _compared(column: pd.Series, name: str, sign: str, value: Any) -> pd.Series[bool]:
    known = column.dropna()
    if pd.api.types.is_datetime64_any_dtype(column.dtype) and isinstance(value, str):
        value = _moment(name, value, column)
    elif len(known) and not _comparable(known.iloc[0], value):
        raise ValueError(f"row_condition: {name} holds {type(known.iloc[0]).__name__}, and is compared with {value!r}")
    met = pd.Series([bool(_COMPARE[sign](one, value)) for one in known], index=known.index, dtype=bool)
    return met.reindex(column.index, fill_value=False)


def _among(column: pd.Series, name: str, values: tuple[Any, ...], negated: bool) -> pd.Series[bool]:
    found = pd.Series(False, index=column.index)
    for value in values:
        found |= _compared(column, name, "==", value)
    return ~found & column.notna() if negated else found


def _comparable(held: Any, value: Any) -> bool:
    numbers = all(isinstance(one, int | float) or hasattr(one, "dtype") for one in (held, value))
    return numbers or isinstance(held, type(value)) or isinstance(value, type(held))


def _moment(name: str, value: str, column: pd.Series) -> pd.Timestamp:
    try:
        moment = pd.Timestamp(value)
    except ValueError as error:
        raise ValueError(f"row_condition: {name} holds dates, and {value!r} is none") from error
    zone = getattr(column.dtype, "tz", None)
    if moment.tzinfo is None:
        return moment.tz_localize(zone) if zone else moment
    return moment.tz_convert(zone) if zone else moment.tz_convert("UTC").tz_localize(None)
