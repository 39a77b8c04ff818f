"""What a workflow's JSON says, in words: every value of it, branches and nested filters as lines of their own."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pb2hl.values.visible import visible

STEP_WORDS = ("do", "action", "type", "name", "step", "title", "description")
DELAY_WORDS = ("delay", "wait", "after", "in")
DEEPEST = 40
"""Levels of nesting that are told as such; what nests deeper (no builder does) is told as one line of its words."""
_GROUPS = {"and": "all of", "all": "all of", "or": "any of", "any": "any of", "not": "none of", "none": "none of"}
_BRANCHES = {
    "then": "if so",
    "yes": "if so",
    "true": "if so",
    "else": "otherwise",
    "no": "otherwise",
    "false": "otherwise",
}


MOST_WRAPPED = 4
"""How often JSON may stand as a text inside JSON."""
LONGEST_LITERAL = 100_000
"""Characters up to which Python's own notation is read."""
_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[\s,;]*")
_FENCE = re.compile(r"^```\w{0,20}\n|\n```$")
_OPENS = re.compile(r"(?<!\{)\{\s{0,20}[\"']|\[\s{0,20}[\[{\"']")
_MARKS = re.compile(r"(\{\{[^{}]{0,200}\}\})|[{}\[\]\"]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One step or filter: its number (`2.1` is the first below the second), its words, and what it waits for."""

    number: str
    text: str
    delay: str = ""

    @property
    def waits(self) -> str:
        """The delay; "" for none."""
        return "" if self.delay.lower() in {"0", "0.0", "none", "no"} else self.delay


def lines(items: list[Any], number: str = "", lead: str = "") -> Iterator[Line]:
    """The lines of a list of steps or filters, each followed by what nests in it; `lead` says what they are part of."""
    for at, item in enumerate(items, 1):
        yield from _line(item, f"{number}.{at}" if number else str(at), lead)


def _line(item: Any, number: str, lead: str) -> Iterator[Line]:
    said = f"{lead}: " if lead else ""
    if isinstance(item, list):
        if not _nests(item):
            if text := words_of(item):
                yield Line(number, said + text)
            return
        yield Line(number, f"{said}together")
        yield from lines(item, number)
        return
    if not isinstance(item, Mapping):
        if text := words_of(item):
            yield Line(number, said + text)
        return
    flat = {key: value for key, value in item.items() if not _nests(value)}
    deep = {key: value for key, value in item.items() if _nests(value) and str(key).lower() not in DELAY_WORDS}
    main = next((key for key in flat if str(key).lower() in STEP_WORDS and words_of(flat[key])), None)
    delays = [words_of(value) for key, value in item.items() if str(key).lower() in DELAY_WORDS]
    rest = [
        f"{_label(key)}: {words_of(value)}"
        for key, value in flat.items()
        if key != main and str(key).lower() not in DELAY_WORDS and words_of(value)
    ]
    parts = [words_of(flat[main])] if main is not None else []
    text = "; ".join([*parts, *rest]) or (" and ".join(_label(key) for key in deep) if deep else "")
    if text or any(delays):
        yield Line(number, said + (text or "wait"), "; ".join(part for part in delays if part))
    at = 1
    for key, value in deep.items():
        below = value if isinstance(value, list) else [value]
        for one in below:
            yield from _line(one, f"{number}.{at}", _label(key))
            at += 1


def _nests(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value)


def _label(key: Any) -> str:
    plain = visible(re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", str(key))).strip()
    return _GROUPS.get(plain.lower(), _BRANCHES.get(plain.lower(), plain))


def words_of(value: Any) -> str:
    """A value in one line of words; "" when there is none."""
    if isinstance(value, Mapping):
        return "; ".join(f"{_label(key)}: {words_of(item)}" for key, item in value.items() if words_of(item))
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, (words_of(item) for item in value)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None or value is pd.NA or value != value else visible(str(value)).strip()


def parsed(text: str, level: int = 0) -> Any:
    """What a cell holds: JSON (values that are JSON themselves, several after each other and Python's own notation included) as its
    values, else the text in words. `level`: inside how many texts it was found."""
    bare = _FENCE.sub("", text.strip("\ufeff \t\r\n")).strip()
    found = _read(bare) if bare[:1] in ("[", "{", '"') and level < MOST_WRAPPED else None
    if found is None:
        return _in_words(bare)
    return _plain(bare) if _deeper(found) else _unwrapped(found, level + 1)


def _read(text: str) -> Any:
    """The value, or the list of values, that `text` is; None when it is none, or is cut off."""
    found, at = [], 0
    try:
        while at < len(text):
            value, at = _DECODER.raw_decode(text, at)
            found.append(value)
            at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
    except (ValueError, RecursionError):
        return _literal(text)
    return found[0] if len(found) == 1 else found


def _literal(text: str) -> Any:
    """Python's notation of lists and dictionaries, as exports that were printed instead of written hold it."""
    try:
        found = ast.literal_eval(text) if len(text) <= LONGEST_LITERAL else None
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return found if isinstance(found, Mapping | list) else None


def _unwrapped(value: Any, level: int) -> Any:
    if isinstance(value, Mapping):
        return {key: _unwrapped(item, level) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_unwrapped(item, level) for item in value]
    return parsed(value, level) if isinstance(value, str) else value


def _in_words(text: str) -> str:
    """A text that is no JSON, with the JSON in it in words; what is cut off or broken loses its marks."""
    told, at = [], 0
    while opened := _OPENS.search(text, at):
        told.append(text[at : opened.start()])
        try:
            value, at = _DECODER.raw_decode(text, opened.start())
        except (ValueError, RecursionError):
            told.append(_plain(text[opened.start() :]))
            return "".join(told)
        words = _plain(text[opened.start() : at]) if _deeper(value) else words_of(value)
        told.append(f"({words.replace(';', ',')})")
    return "".join([*told, text[at:]])


def _plain(text: str) -> str:
    """`text` without the marks of JSON; a placeholder such as `{{contact.name}}` keeps its own."""
    without = _MARKS.sub(lambda found: found[1] or " ", text)
    return " ".join(without.split()).replace(" :", ":").replace(" ,", ",")


def _deeper(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            item
            for one in level
            if isinstance(one, Mapping | list)
            for item in (one.values() if isinstance(one, Mapping) else one)
        ]
        if not level:
            return False
    return True


def items_of(value: Any) -> list[Any]:
    """The items of a JSON list (or the lines of plain text)."""
    text = words_of(value)
    if not text:
        return []
    found = parsed(text)
    if isinstance(found, str):
        return [line.strip(" -•\t") for line in re.split(r"[\r\n;]+|->|→|=>", found) if line.strip(" -•\t")]
    return found if isinstance(found, list) else [found]
