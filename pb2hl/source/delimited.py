"""CSV and its relatives: a fast path for regular files, a tolerant one for the rest; both read a regular file alike."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pv

from pb2hl.errors import ExportError
from pb2hl.limits import Limits, remedy
from pb2hl.source import ragged
from pb2hl.source.encoding import decode
from pb2hl.source.tables import TEXT, Grid, problem

DELIMITERS = ",;\t|"
_SAMPLE_LINES = 200
_LOOK_LINES, _LOOK_CHARS = 40, 50_000_000  # in which the number of columns is looked at


def read_delimited(raw: bytes, file: str, limits: Limits) -> Grid:
    """The cells of a delimited text file."""
    text, encoding, strays = decode(raw)
    problems = []
    if strays:
        problems.append(
            problem(
                "encoding",
                f"{strays} bytes do not fit {encoding}",
                file,
                count=strays,
                treatment="read as Windows-1252, or replaced by �",
            )
        )
    if "\x00" in text:
        problems.append(problem("nul_bytes", "holds NUL bytes", file, count=text.count("\x00"), treatment="removed"))
        text = text.replace("\x00", "")
    text = text.removeprefix("\ufeff")
    if match := re.match(r"(?i)sep=(.)\r?\n", text):
        delimiter, skipped = match[1], 1
        text = text[match.end() :]
    else:
        delimiter, skipped = sniff(text[:400_000]), 0
    if not text.strip():
        return Grid(pd.DataFrame(), np.zeros(0, dtype=np.int64), tuple(problems))
    _bound(text, delimiter, file, limits)
    grid = fast(text, delimiter) or tolerant(text, delimiter, file, limits)
    return Grid(grid.frame, grid.rows + skipped, (*problems, *grid.problems), grid.dropped, delimiter)


def _bound(text: str, delimiter: str, file: str, limits: Limits) -> None:
    """Raise when the first lines hold more cells than any table has columns: each column costs, rows or not."""
    lines = text[:_LOOK_CHARS].split("\n", _LOOK_LINES)[:_LOOK_LINES]
    width = 1 + max(sum(piece.count(delimiter) for piece in line.split('"')[::2]) for line in lines)
    if width > limits.columns * 4:
        raise ExportError(
            f"{file} has {width:,} columns, more than {limits.columns * 4:,}",
            hint=f"export fewer columns, or split the file, or {remedy('columns')}",
        )


def sniff(sample: str) -> str:
    """The delimiter that cuts the sample's records into the most regular table; a comma when none does.

    One that does not cut the line above its first row, where another cuts that line as its rows, stands in texts.
    """
    lines = sample.splitlines()[:_SAMPLE_LINES]
    cut: dict[str, tuple[float, int, dict[int, int]]] = {}  # (score, usual width, width of the record at each line)
    for delimiter in DELIMITERS:
        widths = {at: len(cells) for at, cells in ragged.sample_records(lines, delimiter) if any(cells)}
        wide = Counter(width for width in widths.values() if width > 1)
        if wide:
            width, count = max(wide.items(), key=lambda item: (item[1] * min(item[0], 6), item[0]))
            cut[delimiter] = (count / len(widths) * (1 + min(width, 40) / 40), width, widths)
    best, best_score = ",", 0.0
    for delimiter, (score, width, widths) in cut.items():
        first = next(at for at, found in widths.items() if found == width)
        above = max((at for at in widths if at < first), default=-1)
        if any(other[2].get(above) == other[1] for name, other in cut.items() if name != delimiter):
            score /= 2  # the headings are none of its own
        if score > best_score * 1.02:
            best, best_score = delimiter, score
    return best


def fast(text: str, delimiter: str) -> Grid | None:
    """The grid by pyarrow, or None when the file is not regular enough to be sure that it reads it right."""
    body = text.rstrip("\r\n")
    raw = body.encode("utf-8", "surrogatepass")
    if not regular_quotes(raw, delimiter) or (b"\r" in raw and re.search(rb"\r(?!\n)", raw)):
        return None
    if re.search(rb"\n\r?\n", raw) or raw[:1] in (b"\n", b"\r"):
        return None
    first = next(iter(ragged.parse_lines(body[:1_000_000].split("\n")[:1], delimiter)), [])
    if len(first) < 2 and b'"' not in raw:
        lines = pd.Series(body.split("\n"), dtype=TEXT).str.rstrip("\r")
        return (
            None
            if not len(lines)
            else Grid(pd.DataFrame({0: lines}), np.arange(1, len(lines) + 1))
            if delimiter not in body
            else None
        )
    try:
        table = pv.read_csv(
            pa.BufferReader(raw),
            read_options=pv.ReadOptions(
                autogenerate_column_names=True, block_size=max(8 << 20, min(len(raw), 1 << 30) // 16)
            ),
            parse_options=pv.ParseOptions(
                delimiter=delimiter, newlines_in_values=b'"' in raw, ignore_empty_lines=False
            ),
            convert_options=pv.ConvertOptions(
                column_types={f"f{i}": pa.large_string() for i in range(len(first))},
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_columns != len(first):
        return None
    frame = pd.DataFrame({i: pd.Series(pd.array(column, dtype=TEXT)) for i, column in enumerate(table.columns)})
    return Grid(frame, np.arange(1, len(frame) + 1))


def regular_quotes(raw: bytes, delimiter: str) -> bool:
    """Whether every quote opens right after a delimiter or line start and closes right before one (doubled ones aside)."""
    if b'"' not in raw:
        return True
    data = np.frombuffer(raw.replace(b'""', b""), dtype=np.uint8)
    at = np.flatnonzero(data == 34)
    if len(at) % 2:
        return False
    edge_before = np.isin(np.where(at[0::2] > 0, data[at[0::2] - 1], 10), [ord(delimiter), 10, 13])
    after = at[1::2] + 1
    edge_after = np.isin(
        np.where(after < len(data), data[np.minimum(after, len(data) - 1)], 10), [ord(delimiter), 10, 13]
    )
    return bool(edge_before.all() and edge_after.all())


def tolerant(text: str, delimiter: str, file: str, limits: Limits) -> Grid:
    """The grid by our own parser: stray and unclosed quotes, blank lines and rows of any length."""
    records = ragged.Records(text, delimiter, limits)
    chunks, rows, buffer, width = [], [], [], 0
    for row, cells in records:
        buffer.append(cells)
        rows.append(row)
        width = max(width, len(cells))
        if width > limits.columns * 4:
            raise ExportError(
                f"{file} has more than {limits.columns * 4} columns in row {row}",
                hint=f"export fewer columns, or split the file, or {remedy('columns')}",
            )
        if len(buffer) >= 50_000:
            chunks.append(_columns(buffer))
            buffer = []
    chunks.append(_columns(buffer))
    frame = pd.DataFrame(
        {
            i: pd.concat(
                [chunk[i] if i < len(chunk) else _blank(len(chunk[0])) for chunk in chunks if chunk], ignore_index=True
            )
            for i in range(width)
        }
    )
    return Grid(frame, np.array(rows, dtype=np.int64), tuple(records.problems(file)))


def _blank(n: int) -> pd.Series:
    return pd.Series([""] * n, dtype=TEXT)


def _columns(rows: list[list[str]]) -> list[pd.Series]:
    width = max((len(row) for row in rows), default=0)
    if not rows:
        return []
    padded = [row if len(row) == width else row + [""] * (width - len(row)) for row in rows]
    return [pd.Series(list(column), dtype=TEXT) for column in zip(*padded, strict=True)]
