"""A later export with columns that the approved mapping never saw: nothing of it moves before they are decided."""

from __future__ import annotations

import pandas as pd

from pb2hl import mapper
from pb2hl.errors import GateClosed, Problem, Severity
from pb2hl.sheets import write_sheet
from pb2hl.workspace import Workspace

_KEY = ["object", "column"]


def require_known(ws: Workspace, second: Workspace) -> None:
    """Raise GateClosed when the later export has columns that the fields sheet of `ws` lacks.

    They are added to that sheet, undecided, so that the approval of the mapping lapses and a person decides.
    """
    names = mapper.SHEETS["fields"]
    ours, theirs = ws.sheet("fields", names), second.sheet("fields", names)
    known = set(ours[_KEY].itertuples(index=False, name=None))
    new = theirs[[key not in known for key in theirs[_KEY].itertuples(index=False, name=None)]]
    if new.empty:
        return
    write_sheet(
        ws.sheets / "fields.csv", pd.concat([ours, new.assign(decision="", who="", when="")], ignore_index=True)
    )
    raise GateClosed(
        f"the later export has {len(new)} columns that the mapping never saw; its approval lapsed",
        hint=f"decide them in sheets/fields.csv, then: pb2hl approve {ws.path} mapping --by NAME, and delta again",
        problems=[
            Problem("new_column", f"{row.object}: new column {row.column!r}", Severity.CRITICAL, file=row.file, field=row.column)
            for row in new.itertuples(index=False)
        ],
    )  # fmt: skip
