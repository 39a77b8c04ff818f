"""Numbers of a workbook that a float cannot hold: read from the file's own text, or told as already cut by the program that
saved it. Ids of sixteen and more digits are never rounded."""

from __future__ import annotations

import re

EXACT = 2.0**53
"""Whole numbers beyond are not told apart by a float."""

_DIGITS = 15  # that a spreadsheet program keeps
_CELL = re.compile(
    rb'<(?:\w+:)?c\b(?![^<>]*\bt="s)[^<>]*?\br="([A-Z]{1,3}\d{1,7})"[^<>]*>\s*<(?:\w+:)?v>(-?\d{16,40}|-?\d\.\d{1,20}[eE]\+?\d{2})</'
)


def of_part(part: bytes) -> tuple[list[tuple[str, str]], list[str]]:
    """(cell, its digits) of numbers written in full in a piece of a sheet's XML, and the cells whose last digits are gone."""
    whole, cut = [], []
    for cell, text in _CELL.findall(part):
        digits = text.decode()
        if "e" in digits.casefold() or not digits.lstrip("-")[_DIGITS:].strip("0"):
            if float(digits) >= EXACT:
                cut.append(cell.decode())
        else:
            whole.append((cell.decode(), digits))
    return whole, cut
