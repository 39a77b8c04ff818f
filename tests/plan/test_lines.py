"""Lines of the export that no record stands for are told as what they are: no record, left out by a decision, or another row's."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pb2hl.mapper.sheets.lossy import LEFT_OUT
from pb2hl.plan.cells.lineage import _dropped, bucket_of_line


@pytest.mark.parametrize(
    ("kept", "reason", "bucket"),
    [
        ("", "title", "no record"),
        ("", "totals", "no record"),
        (None, "repeated heading", "no record"),
        ("", f"{LEFT_OUT}Archived", "skipped by decision"),
        ("7", "identical row", "merged into"),
    ],
)
def test_a_line_is_told_as_what_it_is(kept, reason, bucket):
    """HighLevel refused none of them: it was never asked."""
    assert bucket_of_line(kept, reason) == bucket


def test_cells_of_lines_end_where_their_line_does():
    """A title's cells are counted as a line's, those of a row that is flagged by their columns; neither is merged into a row that nobody names."""
    lines = pd.DataFrame(
        [
            ("deals", "title", "", json.dumps(["Deals as of May", ""]), "[]"),
            ("deals", f"{LEFT_OUT}Archived", "", json.dumps({"Deal Name": "Roof", "Amount": ""}), "[]"),
            ("deals", "identical row", "7", json.dumps({"Deal Name": "Wall"}), "[]"),
        ],
        columns=["object", "reason", "kept_source_id", "cells", "moved"],
    )
    cells, rows = _dropped(lines)
    assert rows == [("deals", "(row)", "*", "no record", "title", 1)]
    assert dict(cells["deals", "Deal Name"]) == {
        ("skipped by decision", f"{LEFT_OUT}Archived"): 1,
        ("merged into", "row kept: 7 (identical row)"): 1,
    }
