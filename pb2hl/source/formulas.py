"""Formula cells that a spreadsheet program never computed: what can be told without computing is read, the rest is named.

A file that a script wrote holds formulas without values. A text, a number, another cell, a link and what `&` joins of them
say themselves what they are; nothing else is evaluated.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from pb2hl.source.tables import Grid

_CELL = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3}\d{1,7})"[^>]*>\s*<(?:\w+:)?f\b[^>]*?(?:/>|>([^<]*)</(?:\w+:)?f>)\s*'
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_PART = re.compile(
    r"""\s*(?:"(?P<text>(?:[^"]|"")*)"|(?P<number>-?\d+(?:\.\d+)?)|(?P<bool>TRUE|FALSE)(?![\w(])"""
    r"""|HYPERLINK\(\s*"(?P<link>(?:[^"]|"")*)"\s*(?:[,;]\s*"(?P<label>(?:[^"]|"")*)"\s*)?\)"""
    r"""|(?:(?:'(?P<quoted>(?:[^']|'')+)'|(?P<sheet>[\w.]+))!)?\$?(?P<column>[A-Z]{1,3})\$?(?P<row>\d{1,7})(?![\w(]))\s*(?:&|$)""",
    re.IGNORECASE,
)
_ROUNDS = 3  # cells that refer to cells that refer to cells
MOST = 100_000  # formula cells of a sheet that are looked at
NAMED = 10  # cells that a message names


def without_value(part: bytes) -> list[tuple[str, str]]:
    """(cell, formula) of the formula cells without a value in a piece of a sheet's XML."""
    return [(cell.decode(), html.unescape(text.decode("utf-8", "replace"))) for cell, text in _CELL.findall(part)]


def fill(grids: dict[str, Grid], unsaved: dict[str, list[tuple[str, str]]]) -> dict[str, list[str]]:
    """Write what formulas say themselves into the frames of `grids` (by sheet); the cells that stay blank, by sheet."""
    names = {name.casefold(): name for name in grids}
    open_ = {(sheet, cell): text for sheet, cells in unsaved.items() for cell, text in cells}
    inside = {key for key in open_ if key[0] in grids and min(_position(grids[key[0]], *_split(key[1]))) >= 0}

    def look(sheet: str, name: str, column: str, row: str) -> str | None:
        at = names.get((name or sheet).casefold())
        if at is None or (at, f"{column}{row}".upper()) in open_:
            return None
        return _read(grids[at], column, int(row))

    for _ in range(_ROUNDS):
        computed = {
            key: value for key in inside & open_.keys() if (value := _say(open_[key], key[0], look)) is not None
        }
        for (sheet, cell), value in computed.items():
            grids[sheet].frame.iat[_position(grids[sheet], *_split(cell))] = value
            del open_[sheet, cell]
        if not computed:
            break
    left: dict[str, list[str]] = {}
    for sheet, cell in open_:
        left.setdefault(sheet, []).append(cell)
    return left


def _say(formula: str, sheet: str, look: Callable[[str, str, str, str], str | None]) -> str | None:
    """What a formula of texts, numbers, cells and links joined by `&` says; None when it has to be computed."""
    found, at = [], 0
    while at < len(formula):
        part = _PART.match(formula, at)
        if part is None or part.end() == at:
            return None
        value = _part(part, sheet, look)
        if value is None:
            return None
        found.append(value)
        at = part.end()
    return "".join(found) if found and not formula.rstrip().endswith("&") else None


def _part(part: re.Match, sheet: str, look: Callable[[str, str, str, str], str | None]) -> str | None:
    if part["text"] is not None:
        return part["text"].replace('""', '"')
    if part["number"] is not None:
        return part["number"]
    if part["bool"] is not None:
        return part["bool"].upper()
    if part["link"] is not None:
        return f'=HYPERLINK("{part["link"]}","{part["label"] or ""}")'
    return look(sheet, (part["quoted"] or part["sheet"] or "").replace("''", "'"), part["column"].upper(), part["row"])


def _position(grid: Grid, column: str, row: int) -> tuple[int, int]:
    """Position of a cell in the grid's frame; -1 where it lies outside."""
    number = 0
    for letter in column:
        number = number * 26 + ord(letter) - 64
    across, down = number - 1 - grid.left, row - int(grid.rows[0]) if len(grid.rows) else -1
    return (down if 0 <= down < len(grid.frame) else -1), (across if 0 <= across < grid.frame.shape[1] else -1)


def _read(grid: Grid, column: str, row: int) -> str:
    down, across = _position(grid, column, row)
    return str(grid.frame.iat[down, across]) if down >= 0 and across >= 0 else ""


def _split(cell: str) -> tuple[str, int]:
    column = cell.rstrip("0123456789")
    return column, int(cell[len(column) :])
