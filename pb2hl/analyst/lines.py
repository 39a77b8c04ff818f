"""Frames that are made to be read: a cell shows their texts in full, to the left, where pandas cuts them off."""

from __future__ import annotations

import html

import pandas as pd

from pb2hl.report.drawing.cells import text_of

MOST_LINES = 500
"""Rows that a cell shows."""
_CELL = "text-align:left;vertical-align:top;white-space:pre-wrap;overflow-wrap:break-word;max-width:60ch"


class Lines(pd.DataFrame):
    """A frame whose rows a cell shows whole; what is selected of it is one too."""

    @property
    def _constructor(self) -> type[Lines]:
        return Lines

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="{_CELL}">{html.escape(str(name))}</th>' for name in self.columns)
        body = "".join(
            "<tr>" + "".join(f'<td style="{_CELL}">{html.escape(text_of(value))}</td>' for value in row) + "</tr>"
            for row in self.head(MOST_LINES).itertuples(index=False, name=None)
        )
        left = len(self) - MOST_LINES
        more = f"<p>{left:,} rows more: <code>.to_csv(path)</code> writes all of them.</p>" if left > 0 else ""
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f'<div style="overflow:auto;max-height:40rem">{table}</div><p>{len(self):,} rows</p>{more}'

    def __repr__(self) -> str:
        rows = [[str(name) for name in self.columns]]
        rows += [
            [" ".join(text_of(value).split()) for value in row]
            for row in self.head(MOST_LINES).itertuples(index=False, name=None)
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
        lines = ["  ".join([*map(str.ljust, row, widths), *row[-1:]]).rstrip() for row in rows]
        left = len(self) - MOST_LINES
        return "\n".join([*lines, *([f"{left:,} rows more"] if left > 0 else [])])
