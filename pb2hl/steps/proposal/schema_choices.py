"""sheets/schema.csv: what a person wants where a field's name is taken in the location by one that does not fit."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from pb2hl.errors import Problem, Severity, SheetError
from pb2hl.mapper.sheets.nearest import not_allowed
from pb2hl.plan.fields.custom_fields import BESIDE, USE
from pb2hl.sheets import table_rows, write_sheet
from pb2hl.values.fold import fold
from pb2hl.workspace import Workspace

SHEET = "schema"
COLUMNS = ("model", "name", "type", "count", "detail", "decision", "who", "when", "comment")
MEANING = {BESIDE: "a new field is made", USE: "the field that is there takes the values"}
ALLOWED = tuple(MEANING)
_KEY = ["model", "name"]


def read_choices(ws: Workspace) -> pd.DataFrame:
    """The sheet as it stands; empty when there is none. Raises SheetError with every wrong decision at once."""
    if not (ws.sheets / f"{SHEET}.csv").exists():
        return pd.DataFrame(columns=list(COLUMNS), dtype="str")
    frame = ws.sheet(SHEET, COLUMNS)
    wrong = frame[~frame["decision"].str.strip().isin(["", *ALLOWED])]
    if len(wrong):
        raise SheetError(
            f"{SHEET}.csv holds decisions that cannot be",
            hint="mend the rows named above",
            problems=[
                Problem("sheet_decision", not_allowed("decision", row.decision, ALLOWED), Severity.CRITICAL, file=f"{SHEET}.csv",
                        row=int(at) + 2, field="decision")
                for at, row in zip(wrong.index, table_rows(wrong), strict=True)
            ],
        )  # fmt: skip
    return frame


def choices(ws: Workspace) -> Mapping[tuple[str, str], str]:
    """(model, label case-folded) → `beside` or `use`, where somebody decided or wrote other than the policy says."""
    found = {}
    for row in read_choices(ws).to_dict("records"):
        decision = row["decision"].strip()
        if decision and (row["who"].strip() or decision != ws.config.policy.schema_conflicts):
            found[row["model"], fold(row["name"])] = decision
    return found


def write_choices(ws: Workspace, conflicts: pd.DataFrame) -> None:
    """Write the conflicts of a proposal; who decided, and comments, stay. Without conflicts there is no sheet."""
    path = ws.sheets / f"{SHEET}.csv"
    if conflicts.empty:
        path.unlink(missing_ok=True)
        return
    before = read_choices(ws).drop_duplicates(_KEY, keep="last").set_index(_KEY)
    frame = conflicts.assign(who="", when="", comment="")[list(COLUMNS)].astype("str")
    for at, key in enumerate(frame[_KEY].itertuples(index=False, name=None)):
        if key in before.index:
            for column in ("who", "when", "comment"):
                frame.loc[frame.index[at], column] = before.loc[key, column]
    write_sheet(path, frame)
