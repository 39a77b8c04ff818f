"""sheets/conflicts.csv: fields that were changed on both sides, and what people decided about each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from pb2hl.errors import Problem, Severity, SheetError
from pb2hl.register import REPAIR
from pb2hl.sheets import table_rows, write_sheet
from pb2hl.workspace import Workspace

CONFLICT_COLUMNS = (
    "object", "source_id", "record_id", "field", "sent", "later", "now", "decision", "who", "when", "comment",
)  # fmt: skip

WORD_COLUMNS = ("record", "about", "mine", "perfect_books", "highlevel")
"""The same in words, for people: the record's name, the field's, and the three values with names where they are ids."""

KEEP, SOURCE = "keep", "source"
"""Decisions: leave what people in HighLevel have, or write what the later export says."""

MEANING = {KEEP: "HighLevel's value stays", SOURCE: "that of Perfect Books is written"}

WHOLE, WHOLE_TOLD = "(whole record)", "the whole record"
"""Stands for the field, and says so, when the record itself was removed in HighLevel: that it is made again is no matter of a field."""

NAME = "conflicts"
Key = tuple[str, str, str]
Decisions = Mapping[Key, tuple[str, str]]
"""(object, source id, field) → (decision, the later value it was made about)."""
Words = Callable[[Mapping[str, str]], Sequence[str]]
"""Of a row of CONFLICT_COLUMNS: what WORD_COLUMNS say."""


def decisions(ws: Workspace) -> Decisions:
    """(object, source id, field) → (decision, the later value it was made about). SheetError for unknown decisions."""
    sheet = _sheet(ws)
    if wrong := problems(sheet):
        hint = "write " + " or ".join(f"{word} ({what})" for word, what in MEANING.items())
        raise SheetError("sheets/conflicts.csv has decisions that cannot be", hint=hint, problems=wrong)
    chosen = sheet["decision"].str.strip().str.casefold()
    return {
        (row.object, row.source_id, row.field): (decision, row.later)
        for row, decision in zip(table_rows(sheet), chosen, strict=True)
        if decision
    }


def problems(sheet: pd.DataFrame) -> list[Problem]:
    """Decisions of the sheet that are none, and those that nothing would follow."""
    chosen = sheet["decision"].str.strip().str.casefold()
    wrong = sheet[~chosen.isin(["", KEEP, SOURCE]) | ((chosen == SOURCE) & (sheet["field"] == WHOLE))]
    gone = f"the record was removed in HighLevel: pb2hl {REPAIR.id} makes it again, after an audit; write {KEEP}, or nothing until then"
    return [
        Problem("decision", gone if row.field == WHOLE else f"{row.decision!r} is no decision", Severity.CRITICAL, file=f"{NAME}.csv", row=index + 2, field="decision")
        for index, row in zip(wrong.index, table_rows(wrong), strict=True)
    ]  # fmt: skip


def asked(ws: Workspace) -> set[Key]:
    """(object, source id, field) of every row of the sheet, decided or not."""
    return {(row.object, row.source_id, row.field) for row in table_rows(_sheet(ws))}


def kept(ws: Workspace) -> dict[Key, str]:
    """What people decided to leave as it is in HighLevel, and who did."""
    chosen = decisions(ws)
    who = {(row.object, row.source_id, row.field): row.who.strip() for row in table_rows(_sheet(ws))}
    return {key: who[key] for key, (decision, _) in chosen.items() if decision == KEEP}


def undecided(ws: Workspace) -> list[Key]:
    """(object, source id, field) of every row of the sheet that waits for a decision."""
    sheet = _sheet(ws)
    rows = sheet[sheet["decision"].str.strip() == ""]
    return list(rows[["object", "source_id", "field"]].itertuples(index=False, name=None))


def write(ws: Workspace, found: Sequence[tuple[Any, ...]], taken: frozenset[Key], words: Words) -> pd.DataFrame:
    """Add the conflicts `found` to the sheet, leave decided rows and what people wrote as they are and take away those that were carried out.

    Gives the conflicts that wait for a decision; `words` says in words what a row is about.
    """
    fresh = pd.DataFrame(found, columns=list(CONFLICT_COLUMNS), dtype="str")
    told = [words({str(key): str(value) for key, value in row.items()}) for row in fresh.to_dict("records")]
    fresh = pd.concat([pd.DataFrame(told, columns=list(WORD_COLUMNS), dtype="str"), fresh], axis=1)
    sheet = _sheet(ws)
    keys = ["object", "source_id", "field"]
    decided = sheet[sheet["decision"].str.strip().ne("")]
    known = set(fresh[keys].itertuples(index=False, name=None))
    said = dict(zip(sheet[keys].itertuples(index=False, name=None), sheet["comment"], strict=True))
    fresh["comment"] = [said.get(key, "") for key in fresh[keys].itertuples(index=False, name=None)]
    stays = [key not in known and key not in taken for key in decided[keys].itertuples(index=False, name=None)]
    if len(fresh) or len(sheet):
        both = pd.concat([decided[stays], fresh], ignore_index=True)
        write_sheet(ws.sheets / f"{NAME}.csv", both[[*WORD_COLUMNS, *CONFLICT_COLUMNS]].fillna(""))
    return fresh


def _sheet(ws: Workspace) -> pd.DataFrame:
    if not (ws.sheets / f"{NAME}.csv").exists():
        return pd.DataFrame(columns=[*WORD_COLUMNS, *CONFLICT_COLUMNS], dtype="str")
    sheet = ws.sheet(NAME, CONFLICT_COLUMNS)
    return sheet.assign(**{name: "" for name in WORD_COLUMNS if name not in sheet.columns})
