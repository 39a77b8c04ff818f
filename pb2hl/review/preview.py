"""What a row of the fields sheet does to real values of the export: a few before and after, and how many are lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import pandas as pd
import pyarrow.parquet as pq

from pb2hl.mapper.proposer.custom import KINDS
from pb2hl.mapper.sheets.lossy import shown
from pb2hl.model import OBJECTS, RAW_PREFIX, FieldKind
from pb2hl.review.table import Preview
from pb2hl.values import Context, Converted, convert
from pb2hl.values.counting import agree, counted
from pb2hl.values.transforms import changed, missed, problems, steered
from pb2hl.workspace import Workspace

SAMPLE = 2_000
"""Rows of the table that a preview is made of: enough to show what happens, and there at once."""
_PAIRS = 4


def kind_of(object_: str, decision: str, data_type: str) -> FieldKind:
    """How a column is typed when it is decided so."""
    if object_ in OBJECTS and decision in OBJECTS[object_].field_names:
        return OBJECTS[object_].field(decision).kind
    return KINDS.get(data_type, FieldKind.TEXT)


def field_previews(ws: Workspace) -> Callable[[Mapping[str, str]], Preview | None]:
    """A function of a row of the fields sheet; None when the row has no staged values."""

    @lru_cache(maxsize=32)
    def raw(object_: str) -> pd.DataFrame:
        path = ws.staged / f"{object_}.parquet"
        if not path.exists():
            return pd.DataFrame()
        names = [name for name in pq.read_schema(path).names if name.startswith(RAW_PREFIX)]
        frame = next(pq.ParquetFile(path).iter_batches(SAMPLE, columns=names)).to_pandas()
        return frame.fillna("").astype("str").rename(columns=lambda name: name.removeprefix(RAW_PREFIX))

    def preview(row: Mapping[str, str]) -> Preview | None:
        frame = raw(row["object"])
        decision = row["decision"].strip() or row["proposal"]
        if row["column"] not in frame.columns or decision == "ignore":
            return None
        kind = kind_of(row["object"], decision, row["type"].strip())
        cell = row["transform"].strip()
        if wrong := problems(cell, kind, frame.columns):
            return Preview((), "; ".join(wrong), lost=1)
        return _made(frame, row["column"], kind, cell, _context(ws, row["column"], decision))

    return preview


def _context(ws: Workspace, heading: str, decision: str) -> Context:
    return Context(
        ws.config.country, ws.config.timezone, ws.config.currency, heading, "" if decision == "custom" else decision
    )


def _made(frame: pd.DataFrame, heading: str, kind: FieldKind, cell: str, context: Context) -> Preview:
    before = frame[heading]
    after = convert(changed(before, cell, frame), kind, steered(context, cell))
    table = pd.DataFrame({"before": before, "after": after.values.map(shown, na_action=None), "lost": after.failed})
    distinct = table[(table["before"] != "") | (table["after"] != "—")].drop_duplicates("before")
    first = distinct.sort_values("lost", kind="stable", ascending=False).head(_PAIRS)
    lost, unanswered = int(after.failed.sum()), missed(before, cell, frame)[0]
    filled = int((before.str.strip() != "").sum())
    parts = [
        f"{lost:,} of {filled:,} cells {agree(lost, 'does', 'do')} not convert: {_why(after)}" if lost else "",
        f"{unanswered:,} {agree(unanswered, 'has', 'have')} no answer" if unanswered else "",
    ]
    note = "; ".join(part for part in parts if part) or f"nothing is lost in {counted(filled, 'filled cell')}"
    return Preview(
        [(str(b)[:80], str(a)[:80], bool(x)) for b, a, x in first.itertuples(index=False, name=None)],
        f"{note} ({kind})",
        lost + unanswered,
    )


def _why(after: Converted) -> str:
    """The reasons for which texts have no value, the most frequent first."""
    return "; ".join(after.reasons[after.failed].value_counts().index[:_PAIRS])
