"""Which row of a grid holds the headings, which rows before and after it are no records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.limits import Limits
from pb2hl.source.rejoin import rejoin
from pb2hl.source.tables import Dropped, Grid, RawTable, problem, unique_headings
from pb2hl.values.counting import counted
from pb2hl.values.date_parts import is_stamp
from pb2hl.values.fold import fold
from pb2hl.values.wordlists import sections

_LOOK = 40  # rows in which headings are looked for
_VALUE = re.compile(
    r"[^\s@]+@[^\s@]+\.\w+|https?://\S+|[+\-]?[$€£]?\s?\d[\d,.' ]*[%€$]?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?|\+?[\d\s().\-]{7,}|true|false|null|\{?[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\}?",
    re.IGNORECASE,
)


def _any(section: str) -> str:
    """A pattern of the words of one section of the list, longest first."""
    words = sections(Path(__file__).parent / "data" / "report_lines.txt")[section]
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_TOTAL = re.compile(rf"(?i)^\W*({_any('totals')})\b[\s:.\-]*(\(?\d*\)?|\d+ [^\W\d_]{{3,20}})$")
_COUNT = r"\d[\d,. ]* (?:records?|rows?|entries|results?|datensätze|enregistrements|registros)"
_FOOTER = re.compile(rf"(?i)^\W*({_any('footers')}|page \d+|{_COUNT}|(?:number of |total )?(?:records?|rows?)\s*[:=])")


@dataclass(frozen=True, slots=True)
class _Found:
    first: int  # position of the first row of headings; -1: there is none
    last: int
    names: list[str]


def tabulate(grid: Grid, file: str, sheet: str, limits: Limits) -> RawTable | None:
    """The grid as a table with headings, without titles, totals, blank rows and blank columns; None when it is empty."""
    frame, rows = grid.frame, grid.rows
    if frame.empty:
        return None
    filled = _filled(frame)
    keep = np.asarray(filled.any(axis=1))
    frame, rows, filled = frame.loc[keep].reset_index(drop=True), rows[keep], filled[keep]
    if not len(frame):
        return None
    problems, dropped = list(grid.problems), list(grid.dropped)
    found = find_headings(frame.head(_LOOK).values.tolist())
    start = found.last + 1 if found.first >= 0 else 0
    dropped += _drop(frame, rows, range(max(found.first, 0)), file, sheet, "title")
    if found.first < 0:
        problems.append(_no_headings(file, sheet, int(rows[0])))
    body, body_rows, filled = frame.iloc[start:].reset_index(drop=True), rows[start:], filled[start:]
    no_records, reasons = _not_records(body, filled, found.names)
    dropped += _drop(body, body_rows, no_records, file, sheet, reasons)
    if len(no_records):
        records = np.delete(np.arange(len(body)), list(no_records))
        body, body_rows, filled = body.iloc[records].reset_index(drop=True), body_rows[records], filled[records]
    names = found.names
    width = max((index + 1 for index, name in enumerate(names) if name.strip()), default=len(names))
    body, rejoined = rejoin(body, body_rows, width, grid.delimiter, file)
    problems += rejoined
    filled = _filled(body) if rejoined else filled
    used = [index for index in range(frame.shape[1]) if names[index].strip() or filled[:, index].any()]
    body = body[[body.columns[index] for index in used]]
    headings = unique_headings([names[index] if names[index].strip() else f"Column {index + 1}" for index in used])
    table = RawTable(file, sheet, headings, body, body_rows, (), tuple(dropped))
    row = int(rows[found.first]) if found.first >= 0 else 0
    problems += _heading_problems(table, [names[index] for index in used], row, limits)
    if len(headings) > limits.columns:
        body, headings = body[body.columns[: limits.columns]], headings[: limits.columns]
    body.columns = pd.Index(headings, dtype=object)
    return replace(table, headings=headings, frame=body, problems=tuple(problems))


def find_headings(rows: list[list[str]]) -> _Found:
    """Where the headings are among the first rows, and what they say (two rows of merged headings become one)."""
    width = len(rows[0]) if rows else 0
    counts = [sum(bool(cell.strip()) for cell in row) for row in rows]
    typical = (
        Counter(count for count in counts if count > 1).most_common(1)[0][0]
        if any(count > 1 for count in counts)
        else 1
    )
    for index, row in enumerate(rows):
        cells = [cell.strip() for cell in row if cell.strip()]
        if len(cells) < max(1, min(typical, width) * 0.5):
            continue
        if not may_be_headings(cells):
            if not _title_like(cells, typical):
                return _Found(-1, -1, [""] * width)
            continue
        following = rows[index + 1 :]
        if (
            following
            and _is_group_row(row, following[0])
            and may_be_headings([c for c in following[0] if c.strip()])
            and _more_value_like(following[1:], following[0])
        ):
            return _Found(index, index + 1, _merge(row, following[0]))
        if _is_data(row, following):
            return _Found(-1, -1, [""] * width)
        if (
            index
            and _is_group_row(rows[index - 1], row)
            and sum(bool(c.strip()) for c in rows[index - 1]) - bool(rows[index - 1][0].strip())
        ):
            return _Found(index - 1, index, _merge(rows[index - 1], row))
        return _Found(index, index, [cell.strip() for cell in row])
    return _Found(-1, -1, [""] * width) if typical > 1 or not rows else _Found(0, 0, [cell.strip() for cell in rows[0]])


def may_be_headings(cells: list[str]) -> bool:
    """Short words, hardly a value among them, hardly a repetition."""
    values = sum(bool(_VALUE.fullmatch(cell)) for cell in cells)
    long = sum(len(cell) > 100 for cell in cells)
    return (
        values <= 0.2 * len(cells)
        and long <= 0.2 * len(cells)
        and len({c.casefold() for c in cells}) >= 0.5 * len(cells)
    )


def are_values(cells: Sequence[str]) -> bool:
    """Whether the filled cells of a row are all values (numbers, dates), as those of a row of sums are."""
    return all(_VALUE.fullmatch(cell) for cell in cells if cell)


def _title_like(cells: list[str], typical: int) -> bool:
    return len(cells) < typical and not any("@" in cell for cell in cells)


def _is_group_row(row: list[str], below: list[str]) -> bool:
    """A row of merged headings: gaps that the row below fills."""
    gaps = [i for i, cell in enumerate(row) if not cell.strip()]
    return (
        bool(gaps)
        and sum(bool(below[i].strip()) for i in gaps if i < len(below)) >= max(1, len(gaps) * 0.7)
        and len(gaps) >= 0.25 * len(row)
    )


def _more_value_like(following: list[list[str]], candidate: list[str]) -> bool:
    """Whether the rows below hold values where the candidate holds words."""
    if not following:
        return False
    values = sum(bool(_VALUE.fullmatch(cell.strip())) for row in following[:10] for cell in row if cell.strip())
    return values > 0 and not any(_VALUE.fullmatch(cell.strip()) for cell in candidate if cell.strip())


def _merge(groups: list[str], names: list[str]) -> list[str]:
    repeated = {name for name, count in Counter(fold(cell) for cell in names if cell.strip()).items() if count > 1}
    group, merged = "", []
    for above, name in zip(groups, names, strict=True):
        group = above.strip() or group
        plain = name.strip()
        merged.append(above.strip() if not plain else f"{group} {plain}".strip() if fold(plain) in repeated else plain)
    return merged


def _is_data(row: list[str], following: list[list[str]]) -> bool:
    """Whether a row that could be headings is a record: its cells repeat below, or look just like those below."""
    if len(following) < 2:
        return False
    repeats = values = compared = 0
    for index, cell in enumerate(row):
        below = [r[index].strip() for r in following if index < len(r) and r[index].strip()]
        if not cell.strip() or not below:
            continue
        compared += 1
        shaped = sum(bool(_VALUE.fullmatch(text)) for text in below) >= 0.8 * len(below)
        if shaped and _VALUE.fullmatch(cell.strip()):
            values += 1
        elif not shaped and cell.strip() in below and len(set(below)) < len(below):
            repeats += 1
    return (values >= 1 and (values >= 2 or repeats >= 1 or compared <= 3)) or (
        repeats >= 2 and repeats >= 0.4 * compared
    )


def _not_records(body: pd.DataFrame, filled: np.ndarray, names: list[str]) -> tuple[list[int], list[str]]:
    """Positions of repeated headings, totals and footers, with their reasons."""
    found: dict[int, str] = {}
    if any(names):
        first = next(i for i, name in enumerate(names) if name)
        for position in np.flatnonzero((body.iloc[:, first].str.strip() == names[first]).to_numpy()).tolist():
            cells = [str(cell).strip() for cell in body.iloc[position]]
            if cells == names:
                found[position] = "headings repeated"
    counts = filled.sum(axis=1)
    median = float(np.median(counts)) if len(counts) else 0
    for position in range(len(body) - 1, max(-1, len(body) - 8), -1):
        cells = [str(cell).strip() for cell in body.iloc[position]]
        text = next((cell for cell in cells if cell), "")
        few = counts[position] <= 0.6 * median
        counted_up = few and _counts([text], position) and _only_sums(cells, text)
        if counted_up or (_TOTAL.match(text) and (few or (cells[0] == text and _sums(body, position)))):
            found[position] = "totals"
        elif (len(names) > 2 and counts[position] <= 2 and median >= 3 and _FOOTER.match(text)) or (
            few and (_printed(cells) or _counts(cells, position) or _footnote(cells, median))
        ):
            found[position] = "footer"
        elif counts[position] > 2:
            break
    ordered = sorted(found)
    return ordered, [found[position] for position in ordered]


_BASIS = re.compile(r"(?i)^(?:(?:accrual|cash)[ -]basis|as of|stand|printed|printed on|run)[:,]?\s+")

_BEHIND = re.compile(r"(?i)(?<!\s)\s++[-–—]\s++(?:accrual|cash)[ -]basis$")


def _printed(cells: list[str]) -> bool:
    """Whether a row says only when a report was made, in its first cells (`Tuesday, Nov 17, 2026 09:12 AM`, cut at its commas)."""
    filled = [cell for cell in cells if cell]
    said = _BEHIND.sub("", _BASIS.sub("", ", ".join(filled)))
    return cells[: len(filled)] == filled and is_stamp(said)


def _footnote(cells: list[str], median: float) -> bool:
    """Whether a row is a remark below a table, with the mark of one (`* new since May`)."""
    filled = [cell for cell in cells if cell]
    return len(filled) == 1 and median > 2 and bool(_MARK.match(filled[0]))


_MARK = re.compile(r"(?:[*†‡§※]|\(\d\)|[¹²³])+\s?[^\W\d_]")

_COUNTED = re.compile(r"(?<![\w.,])\d{1,3}(?:[.,' ]?\d{3}){0,3}(?![\w.,])")
_WORDED = re.compile(r"[^\W\d_]")


def _counts(cells: list[str], above: int) -> bool:
    """Whether a row says in its one or two cells how many rows stand above it (`Anzahl Kunden: 3`, `3 kunder`), in any language."""
    filled = [cell for cell in cells if cell]
    text = ": ".join(filled)
    numbers = _COUNTED.findall(text) if len(filled) <= 2 and len(text) <= _LINE else []
    at_an_end = len(numbers) == 1 and (text.startswith(numbers[0]) or text.endswith(numbers[0]))
    return above > 1 and at_an_end and bool(_WORDED.search(text)) and re.sub(r"\D", "", numbers[0]) == str(above)


def _only_sums(cells: list[str], text: str) -> bool:
    """Whether a row has nothing but numbers, and some, beside its one `text` (`Antall: 60`, and a sum below the prices)."""
    rest = [cell for cell in cells if cell and cell != text]
    return bool(rest) and all(map(_SUM.fullmatch, rest))


_SUM = re.compile(r"[+\-(]?\s?[$€£]?\s?\d[\d,.' ]{0,30}[%€$)]?")

_LINE = 80  # characters of a line that counts


def _sums(body: pd.DataFrame, position: int) -> bool:
    """Whether some number of the row is the sum or the count of its column above."""
    above = body.iloc[:position]
    for index in range(1, body.shape[1]):
        value = pd.to_numeric(str(body.iat[position, index]).replace(",", "").lstrip("$€£ "), errors="coerce")
        if pd.isna(value):
            continue
        column = pd.to_numeric(above.iloc[:, index].str.replace(",", "").str.lstrip("$€£ "), errors="coerce")
        if np.isclose(column.sum(), value) or value == position or value == column.notna().sum():
            return True
    return False


def _drop(
    frame: pd.DataFrame, rows: np.ndarray, positions: Sequence[int], file: str, sheet: str, reason: str | list[str]
) -> list[Dropped]:
    reasons = [reason] * len(positions) if isinstance(reason, str) else reason
    return [
        Dropped(file, sheet, int(rows[at]), why, tuple(str(c) for c in frame.iloc[at]))
        for at, why in zip(positions, reasons, strict=True)
    ]


def _filled(frame: pd.DataFrame) -> np.ndarray:
    return np.column_stack([(frame[name].str.strip() != "").to_numpy() for name in frame.columns])


def _no_headings(file: str, sheet: str, row: int) -> Problem:
    treatment = "columns are called Column 1, Column 2, …; name them in the fields sheet"
    return problem("no_headings", "has no row of headings", file, sheet, row=row, treatment=treatment)


def _heading_problems(table: RawTable, names: list[str], row: int, limits: Limits) -> list[Problem]:
    """What is wrong with headings as the export has them (`names`), in `row` of the sheet (0: there are none)."""
    file, sheet, headings = table.file, table.sheet, table.headings
    problems = []
    twice = sorted({name for name, count in Counter(names).items() if name and count > 1})
    if twice:
        what = f"{len(twice)} headings occur more than once: {', '.join(twice[:5])}"
        numbered = "numbered (2), (3), …"
        problems.append(problem("repeated_heading", what, file, sheet, row=row, count=len(twice), treatment=numbered))
    blank = sum(not name.strip() for name in names)
    if blank and row:
        what = f"{counted(blank, 'column')} with values have no heading"
        problems.append(problem("blank_heading", what, file, sheet, row=row, count=blank, treatment="called Column N"))
    if len(headings) > limits.columns:
        problems.append(
            problem(
                "too_many_columns",
                f"{len(headings)} columns; only the first {limits.columns} are read",
                file,
                sheet,
                severity=Severity.CRITICAL,
                count=len(headings),
            )
        )
    if not len(table.frame):
        problems.append(problem("no_rows", "has headings and no rows", file, sheet, severity=Severity.INFO, row=row))
    return problems
