"""Named transforms that an analyst may write into the fields sheet, beside what a column's kind does by itself.

A cell reads `name` or `name: argument`; several are joined by ` > ` and done in that order, on the distinct texts of a
column before it is typed. `parse date`, `parse money`, `time zone`, `E.164` and `inverted` steer the typing itself.
Column names and texts that hold one of the marks `+ | = >` stand in double quotes: `concatenate: "Street + No" + City`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from decimal import Decimal

import pandas as pd

from pb2hl.content import convert as convert_body
from pb2hl.model import FieldKind
from pb2hl.values import names
from pb2hl.values.booleans import FALSE, TRUE
from pb2hl.values.clocks import at_time, clock
from pb2hl.values.countries import country as country_code
from pb2hl.values.fold import fold
from pb2hl.values.parsed import Context
from pb2hl.values.zones import zone

JOIN = " > "
K = FieldKind
_LISTS = (K.TAGS, K.MULTI_PICKLIST, K.REFS)
_WITH = re.compile(r'(?<!\s)\s+with\s+"([^"]*)"$', re.IGNORECASE)
_MARKUP = re.compile(r"<[a-zA-Z/!][^<>]*>|&#?\w{1,40};")
_WHOLE = re.compile(r"([+-]?\d{1,30})(?:[.,]00?)?")  # three zeros behind a mark may be thousands
_PARTS = ("first", "last", "title", "suffix")
_MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Transform:
    """One transform: its name as RULES writes it (or as it was written, when unknown) and its argument ("" for none)."""

    name: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a transform does, what its argument is (`example` is one that fits), and the kinds of columns it suits (() for every kind).

    `wrong(argument, headings)` says what is wrong with an argument, "" when nothing; None: it takes no argument.
    """

    about: str
    takes: str = ""
    example: str = ""
    wrong: Callable[[str, Collection[str]], str] | None = None
    kinds: tuple[FieldKind, ...] = ()


def _one_of(*words: str) -> Callable[[str, Collection[str]], str]:
    return lambda argument, _: "" if fold(argument) in words else f"the argument must be {' or '.join(words)}"


def _given(argument: str, _: Collection[str]) -> str:
    return "" if argument else "the value is missing"


def _split(text: str, mark: str) -> list[str]:
    """Parts between marks that stand outside double quotes."""
    parts, pieces = [""], text.split('"')
    for index, piece in enumerate(pieces):
        first, *others = [piece] if (len(pieces) - 1 - index) % 2 else piece.split(mark)
        parts[-1] += ('"' if index else "") + first
        parts += others
    return [part.strip() for part in parts]


def _unquoted(text: str) -> str:
    stripped = text.strip()
    return stripped[1:-1] if len(stripped) > 1 and stripped[0] == stripped[-1] == '"' else stripped


def _pairs(argument: str) -> dict[str, str]:
    halves = [_split(part, "=") for part in _split(argument, "|")]
    return {fold(_unquoted(half[0])): _unquoted("=".join(half[1:])) for half in halves if len(half) > 1 and half[0]}


def _wrong_pairs(argument: str, _: Collection[str]) -> str:
    parts = [part for part in _split(argument, "|") if part]
    return "" if parts and all(len(_split(part, "=")) > 1 for part in parts) else "write old=new | old=new"


def _words(argument: str) -> tuple[frozenset[str], frozenset[str]]:
    yes, _, no = argument.partition("/")
    return tuple(frozenset(fold(_unquoted(word)) for word in side.split(",") if word.strip()) for side in (yes, no))  # type: ignore[return-value]


def _wrong_words(argument: str, _: Collection[str]) -> str:
    yes, no = _words(argument)
    if not yes or not no:
        return "write the words for yes, a slash, the words for no"
    return f"{', '.join(sorted(yes & no))} would be yes and no" if yes & no else ""


def _joined(argument: str) -> tuple[list[str], str]:
    """(columns, what goes between them) of `A + B with ", "`; a space when nothing is said."""
    found = _WITH.search(argument)
    between = found.group(1) if found else " "
    return [_unquoted(part) for part in _split(_WITH.sub("", argument), "+") if part], between


def _wrong_columns(argument: str, headings: Collection[str]) -> str:
    columns = _joined(argument)[0]
    missing = [name for name in columns if name not in headings]
    if not columns:
        return "name the columns"
    return f"the table has no column {', '.join(map(repr, missing))}" if missing else ""


RULES: dict[str, Rule] = {
    "parse date": Rule("dates in this order of day and month", "day first or month first", "day first", _one_of("day first", "month first"), (K.DATE, K.DATETIME)),
    "parse money": Rule("amounts with this decimal mark", "comma or point", "comma", _one_of("comma", "point"), (K.MONEY, K.NUMBER, K.INTEGER, K.PERCENT)),
    "minor units": Rule("hundredths (cents, pence) become whole units", kinds=(K.MONEY,)),
    "time zone": Rule("times of this zone, where they name none", "an IANA name", "Europe/Berlin", lambda text, _: "" if zone(text) else "no such time zone", (K.DATETIME,)),
    "E.164": Rule("numbers of this country, where they name none", "an ISO code", "CA", lambda text, _: "" if country_code(text) else "no such country", (K.PHONE,)),
    "boolean words": Rule("own words for yes and no", "words for yes / words for no", "member, paid / guest", _wrong_words, (K.BOOLEAN,)),
    "inverted": Rule("yes becomes no: for a permission that fills an opt-out field", kinds=(K.BOOLEAN,)),
    "split name": Rule("one part of a full name", "first, last, title or suffix", "last", _one_of(*_PARTS), (K.NAME, K.TEXT)),
    "surname first": Rule("full names that begin with the surname, of so many words", "1 or 2", "1", _one_of("1", "2"), (K.NAME, K.TEXT)),
    "join names": Rule("this name, and those of other columns behind it", "columns, joined by +", "Last Name", _wrong_columns, (K.NAME, K.TEXT)),
    "prepend names": Rule("names of other columns, and this one behind them", "columns, joined by +", "Tussenvoegsel", _wrong_columns, (K.NAME, K.TEXT)),
    "split list": Rule("a list out of one cell", "the separator", ";", lambda text, _: "" if text else "the separator is missing", _LISTS),
    "map": Rule("other values for these", "old=new | old=new", "G=Gold | S=Silver", _wrong_pairs),
    "at time": Rule("days, with the time of day of another column", "a column", "Start Time", _wrong_columns, (K.DATE, K.DATETIME)),
    "on day": Rule("times of day, on the day of another column", "a column", "Start Date", _wrong_columns, (K.DATETIME,)),
    "leave out rows": Rule("rows that this column flags (deleted, archived, merged, test, a blocked time) are left out and listed; clear it to bring them back"),
    "strip HTML": Rule("text without markup"),
    "constant": Rule("the same value in every row", "the value", "imported", _given),
    "default": Rule("a value for empty cells", "the value", "unknown", _given),
    "concatenate": Rule("the cells of other columns behind this one", 'columns joined by +, then with "between"', 'City with ", "', _wrong_columns),
}  # fmt: skip
"""Every transform that may be named."""

_BY_NAME = {fold(name): name for name in RULES}
FILLS = frozenset({"constant", "default", "concatenate", "join names"})
"""Transforms that give a value to rows whose own cell is empty."""


def parse(cell: str) -> tuple[Transform, ...]:
    """The transforms that a sheet's cell names, in order; unknown ones too (see `problems`)."""
    found = []
    for part in _split(cell, JOIN):
        name, _, argument = part.partition(":")
        plain = fold(name)
        if plain:
            found.append(Transform(_BY_NAME.get(plain, plain), argument.strip()))
    return tuple(found)


def problems(cell: str, kind: FieldKind, headings: Collection[str]) -> list[str]:
    """Everything wrong with a cell for a column of `kind` in a table with `headings`, in sentences."""
    found = []
    for item in parse(cell):
        rule = RULES.get(item.name)
        if rule is None:
            found.append(f"transform {item.name!r} is unknown; allowed: {', '.join(RULES)}")
        elif rule.kinds and kind not in rule.kinds:
            found.append(f"transform {item.name!r} does not suit a {kind} column; it takes {', '.join(rule.kinds)}")
        elif rule.wrong is None and item.argument:
            found.append(f"transform {item.name!r} takes no argument")
        elif rule.wrong is not None and (wrong := rule.wrong(item.argument, headings)):
            found.append(f"transform {item.name!r}: {wrong} (takes {rule.takes}, such as {item.name}: {rule.example})")
    return found


def offered(kind: FieldKind) -> list[str]:
    """Cells to choose from for a column of `kind`: every transform that suits it, with an argument that fits."""
    return [
        f"{name}: {rule.example}" if rule.example else name
        for name, rule in RULES.items()
        if not rule.kinds or kind in rule.kinds
    ]


def fills(cell: str) -> bool:
    """Whether the transforms of a cell give values to rows whose own cell is empty."""
    return any(item.name in FILLS and item.argument for item in parse(cell))


def steered(context: Context, cell: str) -> Context:
    """`context` as the transforms of a cell steer it; what does not fit is left out."""
    for item in parse(cell):
        word = fold(item.argument)
        if item.name == "inverted":
            context = replace(context, inverted=True)
        elif item.name == "parse date" and word in ("day first", "month first"):
            context = replace(context, day_first=word == "day first", decided=context.decided | {"order"})
        elif item.name == "parse money" and word in ("comma", "point"):
            context = replace(context, decimal_comma=word == "comma", decided=context.decided | {"mark"})
        elif item.name == "time zone" and zone(item.argument):
            context = replace(context, timezone=zone(item.argument), decided=context.decided | {"zone"})
        elif item.name == "E.164" and country_code(item.argument):
            context = replace(context, country=country_code(item.argument))
    return context


def changed(texts: pd.Series, cell: str, frame: pd.DataFrame) -> pd.Series:
    """A column's texts after the transforms of a cell; `frame` is its table. The series itself is not changed."""
    return _run(texts, cell, frame)[0]


def missed(texts: pd.Series, cell: str, frame: pd.DataFrame) -> tuple[int, list[str]]:
    """(filled cells, a few distinct texts) that a map or a name's part has no answer for; those of `boolean words` fail typing."""
    left = _run(texts, cell, frame)[1]
    return len(left), list(dict.fromkeys(left))[:_MOST_SHOWN]


def _run(texts: pd.Series, cell: str, frame: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    left: list[str] = []
    for item in parse(cell):
        if item.name == "constant" and item.argument:
            texts = pd.Series(_unquoted(item.argument), index=texts.index, dtype="str")
        elif item.name == "default" and item.argument:
            texts = texts.where(texts.str.strip() != "", _unquoted(item.argument))
        elif item.name in ("concatenate", "join names"):
            texts = _with_columns(texts, item.argument, frame)
        elif item.name == "prepend names":
            texts = _behind_columns(texts, item.argument, frame)
        elif item.name in ("at time", "on day"):
            texts = _moments(texts, item, frame)
        elif step := _each(item):
            codes, uniques = pd.factorize(texts)
            answers = [step(text) for text in uniques]
            without = [at for at, (text, answer) in enumerate(zip(uniques, answers, strict=True)) if answer is None and text.strip()]  # fmt: skip
            if item.name != "boolean words":  # typing itself counts what is neither yes nor no
                left += list(uniques[codes[pd.Index(codes).isin(without)]]) if without else []
            texts = pd.Series(
                pd.Index([_kept(item, *pair) for pair in zip(uniques, answers, strict=True)], dtype="str").take(codes), index=texts.index
            )  # fmt: skip
    return texts, left


def _kept(item: Transform, text: str, answer: str | None) -> str:
    """What stands where a transform has no answer: the text as it was, but no name where the part is asked for."""
    return answer if answer is not None else "" if item.name == "split name" else text


def _with_columns(texts: pd.Series, argument: str, frame: pd.DataFrame) -> pd.Series:
    columns, between = _joined(argument)
    found = texts.str.strip()
    for name in columns:
        if name in frame.columns:
            other = frame[name].str.strip()
            found = (found + between + other).where((found != "") & (other != ""), found + other)
    return found


def _moments(texts: pd.Series, item: Transform, frame: pd.DataFrame) -> pd.Series:
    """Days with the times of day beside them; a time without a day, or no time of day, stays what it is."""
    name = next(iter(_joined(item.argument)[0]), "")
    if name not in frame.columns:
        return texts
    pairs = zip(texts, frame[name], strict=True)
    if item.name == "at time":
        return pd.Series(
            [at_time(day, time) if day.strip() else day for day, time in pairs], index=texts.index, dtype="str"
        )
    found = [at_time(day, time) if clock(time) and day.strip() else time for time, day in pairs]
    return pd.Series(found, index=texts.index, dtype="str")


def _behind_columns(texts: pd.Series, argument: str, frame: pd.DataFrame) -> pd.Series:
    """Names behind those of other columns (`de` + `Vries`), unless they begin with them already."""
    columns, between = _joined(argument)
    found = texts.str.strip()
    for name in reversed([name for name in columns if name in frame.columns]):
        other = frame[name].str.strip()
        starts = zip(found.str.casefold(), (other + between).str.casefold(), strict=True)
        has = pd.Series([text.startswith(start) for text, start in starts], index=texts.index)
        found = (other + between + found).where((found != "") & (other != "") & ~has, found)
    return found


def _each(item: Transform) -> Callable[[str], str | None] | None:
    """The transform as a function of one text; None is its answer where it has none."""
    if item.name == "map":
        table = _pairs(item.argument)
        news = {fold(new) for new in table.values()}
        return lambda text: table.get(fold(text), text if fold(text) in news else None)
    if item.name == "minor units":
        return lambda text: _hundredth(text.strip()) if text.strip() else text
    if item.name == "strip HTML":
        return lambda text: " ".join(convert_body(text, hint="html").text.split()) if _MARKUP.search(text) else text
    if item.name == "split name" and fold(item.argument) in _PARTS:
        part = fold(item.argument)
        return lambda text: getattr(names.split(text), part) or None
    if item.name == "surname first" and item.argument in ("1", "2"):
        return lambda text: names.surname_first(text, int(item.argument))
    if item.name == "boolean words" and not _wrong_words(item.argument, ()):
        yes, no = _words(item.argument)
        return lambda text: _truth(fold(text), yes, no)
    if item.name == "split list" and item.argument:
        mark = _unquoted(item.argument)
        return lambda text: (
            json.dumps([part.strip() for part in text.split(mark) if part.strip()], ensure_ascii=False)
            if text.strip()
            else text
        )
    return None


def _hundredth(text: str) -> str | None:
    """A whole number of hundredths as an amount with a decimal point (`1250` → `12.50`)."""
    found = _WHOLE.fullmatch(text)
    return f"{Decimal(found[1]).scaleb(-2):.2f}" if found else None


def _truth(word: str, yes: frozenset[str], no: frozenset[str]) -> str | None:
    if word in yes or (word in TRUE and word not in no):
        return "yes"
    return "no" if word in no or word in FALSE else None
