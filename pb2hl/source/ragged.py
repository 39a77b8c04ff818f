"""A parser for delimited text that real programs and people have damaged.

A quote opens a cell only at its beginning, and closes it only before a delimiter or a line's end; any other quote is
text. A quoted cell may span lines, unless reading its first line alone gives the file's usual width and reading on does
not: then the quote was never closed, and no following rows are swallowed.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator

from pb2hl.errors import Problem
from pb2hl.limits import Limits
from pb2hl.source.tables import problem

_SAMPLE = 500  # lines that tell a file's usual width
_MOST_LINES = 20_000  # of one record: longer cells are a quote that was never closed
_NEAR = 20  # lines of a sample that one of its records may span
_TRUSTED_LINES = 500  # of a record that has not the file's usual width


def parse_lines(lines: Iterable[str], delimiter: str) -> list[list[str]]:
    """Each line by itself as cells, for a look at a file's shape."""
    return [line.split(delimiter) if '"' not in line else cut(line, delimiter)[0] for line in lines]


def sample_records(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each record of a sample; a quoted cell goes on over the lines to its quote, if that is near."""
    at = 0
    while at < len(lines):
        taken, (cells, closed) = 1, cut(lines[at], delimiter)
        ends = (more for more in range(at + 1, min(at + _NEAR, len(lines))) if '"' in lines[more])
        while not closed and (end := next(ends, None)) is not None:
            whole, closed = cut("\n".join(lines[at : end + 1]), delimiter)
            taken, cells = (end + 1 - at, whole) if closed else (taken, cells)
        yield at, cells
        at += taken


def cut(record: str, delimiter: str) -> tuple[list[str], bool]:
    """The cells of a record (which may hold line breaks), and whether its last quoted cell was closed."""
    cells, at, end = [], 0, len(record)
    while True:
        start = at
        while start < end and record[start] in " \t" and record[start] != delimiter:
            start += 1
        if start < end and record[start] == '"':
            cell, at, closed = _quoted(record, start + 1, delimiter)
            cells.append(cell)
            if not closed:
                return cells, False
            if at >= end:
                return cells, True
            at += 1
        else:
            stop = record.find(delimiter, at)
            if stop < 0:
                cells.append(record[at:])
                return cells, True
            cells.append(record[at:stop])
            at = stop + 1


def _quoted(record: str, at: int, delimiter: str) -> tuple[str, int, bool]:
    """(text, where the delimiter after it stands, closed) of the quoted cell whose text begins at `at`."""
    begin = at
    while True:
        quote = record.find('"', at)
        if quote < 0:
            return record[begin:].replace('""', '"'), len(record), False
        run = quote
        while run < len(record) and record[run] == '"':
            run += 1
        after = run
        while after < len(record) and record[after] in " \t" and record[after] != delimiter:
            after += 1
        if (run - quote) % 2 and (after >= len(record) or record[after] == delimiter):
            return record[begin : run - 1].replace('""', '"'), after, True
        at = run


class Records:
    """Iterates (1-based record number as a spreadsheet counts, cells); blank lines count but are left out."""

    def __init__(self, text: str, delimiter: str, limits: Limits):
        self._lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if self._lines and self._lines[-1] == "":
            self._lines.pop()
        self._delimiter = delimiter
        self._limits = limits
        self._unclosed: list[int] = []
        self._long: list[int] = []
        self._closer = -1
        self._width = self._usual_width(self._lines[:_SAMPLE])

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        index, row, delimiter = 0, 0, self._delimiter
        lines, n = self._lines, len(self._lines)
        while index < n:
            line = lines[index]
            row += 1
            if '"' not in line:
                index += 1
                if line.strip():
                    yield row, self._bounded(line.split(delimiter), row)
                continue
            cells, used = self._record(index, row)
            index += used
            yield row, self._bounded(cells, row)

    def _usual_width(self, lines: list[str]) -> int:
        """The number of cells of most lines, or of the records that most lines belong to where quoted cells span lines."""
        alone = Counter(len(cells) for cells in parse_lines(lines, self._delimiter) if any(cells))
        spanning: Counter[int] = Counter()
        index = 0
        while index < len(lines):
            cells, closed = _cut_line(lines[index], self._delimiter)
            width, begin = len(cells), index
            while not closed and index + 1 < len(lines):
                index += 1
                if (closer := _close(lines[index], self._delimiter)) is not None:
                    width, closed = width + len(closer[1]), closer[2]
            index += 1
            if any(cells) and closed:
                spanning[width] += index - begin
        best = max((*alone.most_common(1), *spanning.most_common(1)), key=lambda found: found[1], default=(1, 0))
        return best[0]

    def _record(self, index: int, row: int) -> tuple[list[str], int]:
        """The record that begins at line `index`, and how many lines it takes."""
        cells, closed = _cut_line(self._lines[index], self._delimiter)
        if closed:
            return cells, 1
        literal = self._lines[index].split(self._delimiter)
        spans, width = self._reach(index, len(cells))
        if not spans or (
            width != self._width and (len(literal) == self._width or spans[-1][0] - index > _TRUSTED_LINES)
        ):
            self._unclosed.append(row)
            return literal, 1
        begin = index + 1
        for closer, text, rest in spans:
            cells[-1] = "\n".join((cells[-1], *(line.replace('""', '"') for line in self._lines[begin:closer]), text))
            cells += rest
            begin = closer + 1
        return cells, begin - index

    def _reach(self, index: int, width: int) -> tuple[list[tuple[int, str, list[str]]], int]:
        """The lines that close the open cells of the record at `index`, and its number of cells; no lines: never closed."""
        spans, at = [], index
        while True:
            at = self._next_closer(at + 1)
            if at >= len(self._lines) or at - index > _MOST_LINES:
                return [], 0
            closer = _close(self._lines[at], self._delimiter)
            if closer is None:  # never: `_next_closer` stops at lines that close
                return [], 0
            text, rest, closed = closer
            if self._is_record(self._lines[at], text):
                return [], 0
            spans.append((at, text, rest))
            width += len(rest)
            if closed:
                return spans, width

    def _is_record(self, line: str, text: str) -> bool:
        """Whether a closing line is a whole record of its own: what it would end with opens a quoted cell as well."""
        opens = text.startswith('"') or f'{self._delimiter}"' in text
        if not opens:
            return False
        cells, closed = _cut_line(line, self._delimiter)
        return closed and len(cells) == self._width

    def _next_closer(self, index: int) -> int:
        """The first line from `index` on that closes a cell open at its beginning; searched once for the whole file."""
        if self._closer < index:
            self._closer = index
            while self._closer < len(self._lines) and _close(self._lines[self._closer], self._delimiter) is None:
                self._closer += 1
        return self._closer

    def _bounded(self, cells: list[str], row: int) -> list[str]:
        if sum(map(len, cells)) > self._limits.cell_chars:
            self._long.append(row)
            return [cell[: self._limits.cell_chars] for cell in cells]
        return cells

    def problems(self, file: str) -> list[Problem]:
        """What was damaged, once the records have been read."""
        found = []
        if self._unclosed:
            found.append(
                problem(
                    "unclosed_quote",
                    "a quote is never closed",
                    file,
                    row=self._unclosed[0],
                    count=len(self._unclosed),
                    treatment="the quote was read as text, so that no further rows are swallowed",
                )
            )
        if self._long:
            found.append(
                problem(
                    "long_cell",
                    f"cells longer than {self._limits.cell_chars} characters",
                    file,
                    row=self._long[0],
                    count=len(self._long),
                    treatment="cut there",
                )
            )
        return found


def _cut_line(line: str, delimiter: str) -> tuple[list[str], bool]:
    if f"{delimiter} " not in line and line[:1] not in " \t":
        try:
            return next(csv.reader([line], delimiter=delimiter, strict=True)), True
        except (csv.Error, StopIteration):
            pass
    return cut(line, delimiter)


def _close(line: str, delimiter: str) -> tuple[str, list[str], bool] | None:
    """(end of the open cell, further cells, whether the last is closed) of a line that begins inside a quoted cell."""
    if '"' not in line:
        return None
    text, at, closed = _quoted(line, 0, delimiter)
    if not closed:
        return None
    return (text, [], True) if at >= len(line) else (text, *cut(line[at + 1 :], delimiter))
