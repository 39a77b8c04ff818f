"""What HighLevel cannot hold, for every page that tells it: what the export has of it, and, folded, the rest."""

from __future__ import annotations

from dataclasses import replace

from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.page import Cell, Column, Section, Table
from pb2hl.report.drawing.parts import Drawn

HELD = "cannot_hold"
_TITLE = "What HighLevel cannot hold"
_BLURB = "How many records of this export it touches, where it goes instead, and what the admin can do."


def with_held(context: Context, drawn: Drawn) -> Drawn:
    """The sections of a page with that of the table `cannot_hold`, if the result has it."""
    found, used = drawn
    frame = context.frame(HELD)
    if frame.empty:
        return found, used | {HELD}
    here, absent = frame[frame["records"] > 0], frame[frame["records"] == 0]
    rows = tuple(
        tuple(Cell(str(text)) for text in row)
        for row in absent[["object", "what", "instead"]].itertuples(index=False, name=None)
    )
    columns = (Column("Object"), Column("What"), Column("Instead"))
    rest = Section(
        "Not in this export", table=Table("What this export has nothing of", columns, rows, len(rows)), folded=True
    )
    whole = Section(_TITLE, _BLURB, table=context.evidence.table(HELD, here, caption=_TITLE) if len(here) else None)
    return [*found, replace(whole, sections=(rest,) if rows else ())], used | {HELD}
