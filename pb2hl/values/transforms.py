"""Named transforms that an analyst may write into the fields sheet, beside what a column's kind does by itself.

A cell reads `name` or `name: argument`; several are joined by ` > ` and done in that order, on the distinct texts of a
column before it is typed. `inverted`, `date order`, `decimal mark`, `time zone` and `country` steer the typing itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import pandas as pd

from pb2hl.model import FieldKind
from pb2hl.values.countries import country as country_code
from pb2hl.values.parsed import Context
from pb2hl.values.zones import zone

JOIN = " > "
K = FieldKind
_LISTS = (K.TAGS, K.MULTI_PICKLIST, K.REFS)


@dataclass(frozen=True, slots=True)
class Transform:
    """One transform: its name and its argument ("" where it takes none)."""

    name: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    about: str
    argument: Callable[[str, Collection[str]], str] | None  # (argument, headings) → what is wrong with it, "" when fine
    kinds: tuple[FieldKind, ...] = ()  # () for every kind


def _one_of(*words: str) -> Callable[[str, Collection[str]], str]:
    return lambda argument, headings: (
        "" if argument.casefold() in words else f"the argument must be {' or '.join(words)}"
    )


def _pairs(argument: str) -> dict[str, str]:
    halves = [part.partition("=") for part in argument.split("|")]
    return {left.strip().casefold(): right.strip() for left, _, right in halves if left.strip()}


def _columns(argument: str, headings: Collection[str]) -> str:
    missing = [name for name in _named(argument) if name not in headings]
    return f"the table has no column {', '.join(map(repr, missing))}" if missing else ""


def _named(argument: str) -> list[str]:
    return [part.strip() for part in argument.split("+") if part.strip()]


RULES: dict[str, _Rule] = {
    "inverted": _Rule("yes becomes no: for a permission that fills an opt-out field", None, (K.BOOLEAN,)),
    "date order": _Rule("day first | month first", _one_of("day first", "month first"), (K.DATE, K.DATETIME)),
    "decimal mark": _Rule("comma | point", _one_of("comma", "point"), (K.MONEY, K.NUMBER, K.INTEGER, K.PERCENT)),
    "time zone": _Rule("an IANA name", lambda argument, _: "" if zone(argument) else "no such time zone", (K.DATETIME,)),
    "country": _Rule("an ISO code, for numbers without one", lambda argument, _: "" if country_code(argument) else "no such country", (K.PHONE,)),
    "split list": _Rule("the separator", lambda argument, _: "" if argument else "the separator is missing", _LISTS),
    "map": _Rule(
        "old=new | old=new", lambda argument, _: "" if argument and all("=" in part for part in argument.split("|")) else "write old=new | old=new"
    ),
    "strip html": _Rule("", None),
    "constant": _Rule("the value of every row", lambda argument, _: "" if argument else "the value is missing"),
    "default": _Rule("the value of empty cells", lambda argument, _: "" if argument else "the value is missing"),
    "concatenate": _Rule("columns to put behind this one, joined by +", lambda argument, headings: _columns(argument, headings) if argument else "name the columns"),
}  # fmt: skip
"""Every transform that may be named: what its argument is, whether an argument fits, and the kinds of columns it suits."""


def parse(cell: str) -> tuple[Transform, ...]:
    """The transforms that a sheet's cell names, in order; unknown ones too (see `problems`)."""
    found = []
    for part in cell.split(JOIN):
        name, _, argument = part.partition(":")
        if name.strip():
            found.append(Transform(" ".join(name.casefold().split()), argument.strip()))
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
        elif rule.argument is None and item.argument:
            found.append(f"transform {item.name!r} takes no argument")
        elif rule.argument is not None and (wrong := rule.argument(item.argument, headings)):
            found.append(f"transform {item.name!r}: {wrong} (takes {rule.about})")
    return found


def steered(context: Context, cell: str) -> Context:
    """`context` as the transforms of a cell steer it; what does not fit is left out."""
    for item in parse(cell):
        word = item.argument.casefold()
        if item.name == "inverted":
            context = replace(context, inverted=True)
        elif item.name == "date order" and word in ("day first", "month first"):
            context = replace(context, day_first=word == "day first", decided=context.decided | {"order"})
        elif item.name == "decimal mark" and word in ("comma", "point"):
            context = replace(context, decimal_comma=word == "comma", decided=context.decided | {"mark"})
        elif item.name == "time zone" and zone(item.argument):
            context = replace(context, timezone=zone(item.argument), decided=context.decided | {"zone"})
        elif item.name == "country" and country_code(item.argument):
            context = replace(context, country=country_code(item.argument))
    return context


def changed(texts: pd.Series, cell: str, frame: pd.DataFrame) -> pd.Series:
    """A column's texts after the transforms of a cell; `frame` is its table. The series itself is not changed."""
    for item in parse(cell):
        if item.name == "constant" and item.argument:
            texts = pd.Series(item.argument, index=texts.index, dtype="str")
        elif item.name == "default" and item.argument:
            texts = texts.where(texts.str.strip() != "", item.argument)
        elif item.name == "concatenate":
            for name in _named(item.argument):
                if name in frame.columns:
                    texts = (texts.str.strip() + " " + frame[name].str.strip()).str.strip()
        elif step := _each(item):
            codes, uniques = pd.factorize(texts)
            texts = pd.Series(pd.Index([step(text) for text in uniques], dtype="str").take(codes), index=texts.index)
    return texts


def _each(item: Transform) -> Callable[[str], str] | None:
    if item.name == "map":
        table = _pairs(item.argument)
        return lambda text: table.get(text.strip().casefold(), text)
    if item.name == "strip html":
        return lambda text: " ".join(re.sub(r"<[^>]*>", " ", text).split())
    if item.name == "split list" and item.argument:
        mark = item.argument
        return lambda text: (
            json.dumps([part.strip() for part in text.split(mark) if part.strip()], ensure_ascii=False)
            if text.strip()
            else text
        )
    return None
