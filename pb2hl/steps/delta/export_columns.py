"""Columns of a later export against those of the exports before: renamed, written in another way, or missing.

Three deltas in a row may come from three screens of the same product. What only looks different must not count as changed,
and what an export does not say at all is no reason to clear it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from pb2hl import mapper
from pb2hl.errors import Problem
from pb2hl.mapper.knowledge.sheet_layout import EDITABLE
from pb2hl.model import CUSTOM_PREFIX, OBJECTS, RAW_PREFIX, FieldKind
from pb2hl.progress import Cancel, Progress
from pb2hl.sheets import table_rows, write_sheet
from pb2hl.steps.delta.known_rows import known_rows
from pb2hl.steps.prepare.inventory import inventory
from pb2hl.values.fold import fold, fold_marks
from pb2hl.whole import read_frame, write_frame
from pb2hl.workspace import Workspace

ALIKE = 0.9
"""Share (0-1) of the rows that two columns must agree in to be one column under two headings."""
UNLIKE = 0.5
"""Share (0-1) of equal values below which a column of dates or amounts is tried in its other notation."""
FEWEST = 2
"""Rows with different values that it takes to say so."""

TOGETHER = (
    frozenset({"first_name", "last_name", "full_name"}),
    frozenset({"company_id", "company_name"}),
    frozenset({"contact_id", "contact_email"}),
    frozenset({"parent_id", "parent_name"}),
    frozenset({"completed", "status", "completed_at"}),
    frozenset({"website", "domain"}),
)
"""Fields that say the same thing in other ways: where an export has one of them, the others are not missing."""

BESIDE = {"email": ("more_emails",), "email_2": ("more_emails",), "phone": ("more_phones",), "mobile": ("more_phones",)}
"""What typing found beside a column and belongs to it."""

NOTATIONS: Mapping[FieldKind, tuple[str, ...]] = {
    FieldKind.DATE: ("parse date: day first", "parse date: month first"),
    FieldKind.DATETIME: ("parse date: day first", "parse date: month first"),
    FieldKind.MONEY: ("parse money: comma", "parse money: point"),
    FieldKind.NUMBER: ("parse money: comma", "parse money: point"),
    FieldKind.PERCENT: ("parse money: comma", "parse money: point"),
}
"""The transforms that read one text in two ways."""


def restrict(ws: Workspace, second: Workspace, progress: Progress, cancel: Cancel | None) -> list[Problem]:
    """Let the staged tables of the later export in `second` say what they can say, and nothing else.

    A heading that changed keeps its column's decisions (put to approval like every new column, unless only case or spaces
    changed); dates and amounts in another notation are read in it; a column that is missing keeps what was loaded. Gives
    what cannot be compared.
    """
    for _ in range(3):  # a renamed id first: without it no row is known
        renamed, changed = _follow_headings(ws, second)
        if not changed:
            break
        inventory(second, progress=progress, cancel=cancel)
    _follow_notation(ws, second, progress, cancel)
    _propose(second, renamed)
    return [*_keep_place(ws, second), *(problem for object_ in OBJECTS for problem in _carry(ws, second, object_))]


@dataclass(frozen=True)
class _Pair:
    """The rows of one object that both exports have, and how their columns are called."""

    later: pd.DataFrame
    known: pd.DataFrame

    @classmethod
    def of(cls, ws: Workspace, second: Workspace, object_: str) -> _Pair | None:
        later, known = second.table(object_), known_rows(ws, object_)
        if later.empty or known.empty:
            return None
        return cls(later, known.drop_duplicates("source_id"))

    def both(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The rows with the same source ids, side by side."""
        later = self.later.drop_duplicates("source_id").set_index("source_id")
        known = self.known.set_index("source_id")
        ids = later.index.intersection(known.index)
        return later.loc[ids], known.loc[ids]


# Headings


def _follow_headings(ws: Workspace, second: Workspace) -> tuple[dict[tuple[str, str], tuple[str, str]], bool]:
    """Give renamed columns of the later sheet the decisions of the column they were: ((object, column) → (decision, why),
    whether the sheet changed)."""
    ours, theirs = ws.sheet("fields", mapper.SHEETS["fields"]), second.sheet("fields", mapper.SHEETS["fields"])
    found: dict[tuple[str, str], tuple[str, str]] = {}
    changed = False
    for object_ in theirs["object"].unique():
        old, new = ours[ours["object"] == object_], theirs[theirs["object"] == object_]
        absent = old[~old["column"].isin(new["column"]) & old["decision"].ne("")].drop_duplicates("column", keep="last")
        fresh = new[~new["column"].isin(old["column"])]
        pair = _Pair.of(ws, second, object_) if len(absent) and len(fresh) else None
        for at, was, why in _renamed(pair, absent, fresh) if pair else ():
            row = {name: was[name] for name in (*EDITABLE["fields"], "who", "when")}
            found[object_, str(theirs.at[at, "column"])] = (was["decision"], why)
            if any(theirs.at[at, name] != row[name] for name in ("decision", "label", "transform")):
                changed = True
                theirs.loc[at, list(row)] = list(row.values())
    if changed:
        write_sheet(second.sheets / "fields.csv", theirs)
    return found, changed


def _propose(second: Workspace, renamed: Mapping[tuple[str, str], tuple[str, str]]) -> None:
    """Say in the later sheet why a renamed column is what it was: that is what a person is asked to approve."""
    if not renamed:
        return
    sheet = second.sheet("fields", mapper.SHEETS["fields"])
    for at, key in zip(sheet.index, zip(sheet["object"], sheet["column"], strict=True), strict=True):
        if key in renamed:
            decision, why = renamed[key]
            sheet.loc[at, ["proposal", "confidence", "reason"]] = [decision, "1", why]
    write_sheet(second.sheets / "fields.csv", sheet)


def _renamed(pair: _Pair, absent: pd.DataFrame, fresh: pd.DataFrame) -> Iterator[tuple[Hashable, pd.Series, str]]:
    """(row of the later sheet, row of the column that it was, why), where exactly one column is meant."""
    plain = absent.assign(plain=absent["column"].map(fold_marks))
    for at, row in fresh.iterrows():
        named = plain[plain["plain"] == fold_marks(row["column"])]
        if len(named) == 1:
            yield at, named.iloc[0], f"the heading {named.iloc[0]['column']!r} in other letters"
    left = fresh[~fresh["column"].map(fold_marks).isin(plain["plain"])]
    later, known = pair.both()
    found = []
    for at, row in left.iterrows():
        for _, was in absent.iterrows():
            share, rows = _agreement(pair, later, known, row["column"], was)
            if share >= ALIKE and rows:
                found.append((at, was, f"holds what {was['column']!r} held, in {share:.0%} of {rows} rows"))
    for at, was, why in found:
        rivals = [one for one in found if one[0] == at or one[1]["column"] == was["column"]]
        if len(rivals) == 1:
            yield at, was, why


def _agreement(
    pair: _Pair, later: pd.DataFrame, known: pd.DataFrame, heading: str, was: pd.Series
) -> tuple[float, int]:
    """(share of rows with the same text, rows) of a new and an old column; an id is compared as a set of values."""
    new, old = f"{RAW_PREFIX}{heading}", f"{RAW_PREFIX}{was['column']}"
    if new not in pair.later.columns or old not in pair.known.columns:
        return 0.0, 0
    if was["decision"] == "id":
        here, there = set(_texts(pair.later[new])) - {""}, set(_texts(pair.known[old])) - {""}
        unique = len(here) == len(pair.later)
        return (len(here & there) / len(there), len(there)) if unique and len(there) >= FEWEST else (0.0, 0)
    left, right = _texts(later[new]), _texts(known[old])
    if right[right.ne("")].nunique() < FEWEST:
        return 0.0, 0
    return float(left.eq(right).mean()), len(right)


def _texts(values: pd.Series) -> pd.Series:
    return values.fillna("").astype(str).map(fold)


# Notations


def _follow_notation(ws: Workspace, second: Workspace, progress: Progress, cancel: Cancel | None) -> None:
    """Read dates and amounts in their other notation where that is what makes them agree with what was known."""
    before = dict(_suspects(ws, second))
    if not before:
        return
    sheet = second.sheet("fields", mapper.SHEETS["fields"])
    best = {key: (share, "") for key, (share, _) in before.items()}
    for number in range(2):
        tried = {key: notations[number] for key, (_, notations) in before.items()}
        _stage_with(second, sheet, tried, progress, cancel)
        for key, (share, _) in _shares(ws, second, before).items():
            if share > best[key][0]:
                best[key] = (share, tried[key])
    _stage_with(second, sheet, {key: cell for key, (share, cell) in best.items() if cell}, progress, cancel)


_Column = tuple[str, str, str]
"""Object, heading, staged column."""


def _suspects(ws: Workspace, second: Workspace) -> Iterator[tuple[_Column, tuple[float, tuple[str, ...]]]]:
    columns = read_frame(second.staged / "columns.parquet")
    sheet = second.sheet("fields", mapper.SHEETS["fields"])
    steered = set(sheet.loc[sheet["transform"].ne(""), ["object", "column"]].itertuples(index=False, name=None))
    keys: dict[_Column, tuple[float, tuple[str, ...]]] = {}
    for row in table_rows(columns):
        kinds = NOTATIONS.get(FieldKind(row.kind)) if row.kind in {str(kind) for kind in FieldKind} else None
        if kinds and (row.object, row.heading) not in steered and row.staged_column:
            keys[row.object, row.heading, row.staged_column] = (0.0, kinds)
    for key, (share, rows) in _shares(ws, second, keys).items():
        if rows >= FEWEST and share < UNLIKE:
            yield key, (share, keys[key][1])


def _shares(ws: Workspace, second: Workspace, keys: Iterable[_Column]) -> dict[_Column, tuple[float, int]]:
    """(share of equal values, rows that have one on both sides) of staged columns."""
    found: dict[_Column, tuple[float, int]] = {}
    by_object: dict[str, list[_Column]] = {}
    for key in keys:
        by_object.setdefault(key[0], []).append(key)
    for object_, items in by_object.items():
        pair = _Pair.of(ws, second, object_)
        later, known = pair.both() if pair else (pd.DataFrame(), pd.DataFrame())
        for key in items:
            if key[2] not in later.columns or key[2] not in known.columns:
                continue
            left, right = later[key[2]], known[key[2]]
            both = left.notna() & right.notna()
            same = left[both].astype(str).eq(right[both].astype(str))
            found[key] = (float(same.mean()) if len(same) else 1.0, len(same))
    return found


def _stage_with(
    second: Workspace,
    sheet: pd.DataFrame,
    cells: Mapping[_Column, str],
    progress: Progress,
    cancel: Cancel | None,
) -> None:
    chosen = {(object_, heading): cell for (object_, heading, _), cell in cells.items()}
    keys = zip(sheet["object"], sheet["column"], sheet["transform"], strict=True)
    transforms = [chosen.get((object_, heading), cell) for object_, heading, cell in keys]
    write_sheet(second.sheets / "fields.csv", sheet.assign(transform=transforms))
    inventory(second, progress=progress, cancel=cancel)


# Missing columns


def _carry(ws: Workspace, second: Workspace, object_: str) -> list[Problem]:
    """Fill what the later export has no column for with what was known: it is not compared, and told."""
    pair = _Pair.of(ws, second, object_)
    if pair is None:
        return []
    columns = read_frame(second.staged / "columns.parquet", columns=["object", "staged_column"])
    there = {*pair.later.columns, *columns.loc[columns["object"] == object_, "staged_column"].dropna()}
    missing = [name for name in _fields(object_, pair.known) if name not in there and not _said_otherwise(name, there)]
    if not missing:
        return []
    known = pair.known.set_index("source_id")
    beside = [name for field in missing for name in (*BESIDE.get(field, ()), f"{field}_extension")]
    carried = [*missing, *(name for name in dict.fromkeys(beside) if name in known.columns and name not in there)]
    rows = known[carried].reindex(pair.later["source_id"])
    filled = pd.concat([pair.later, rows.set_axis(pair.later.index)], axis=1)
    write_frame(second.staged / f"{object_}.parquet", filled, index=False)
    _keep_rows(ws, second, object_, missing)
    return [_not_compared(object_, name, int(rows[name].notna().sum())) for name in missing]


def _keep_place(ws: Workspace, second: Workspace) -> list[Problem]:
    """Leave deals whose pipeline was cleared where they are: HighLevel knows no deal outside of a pipeline, and a deal that
    jumps into another one is lost to its owner."""
    pair = _Pair.of(ws, second, "deals")
    if pair is None or not {"pipeline", "stage"} <= {*pair.later.columns} & {*pair.known.columns}:
        return []
    before = pair.known.set_index("source_id")[["pipeline", "stage"]].reindex(pair.later["source_id"])
    before = before.set_axis(pair.later.index)
    line, stage = pair.later["pipeline"], pair.later["stage"]
    no_line = line.isna() & before["pipeline"].notna()
    same_line = no_line | line.eq(before["pipeline"])
    no_stage = stage.isna() & before["stage"].notna() & same_line
    if not (no_line | no_stage).any():
        return []
    kept = pair.later.assign(
        pipeline=line.mask(no_line, before["pipeline"]), stage=stage.mask(no_stage, before["stage"])
    )
    write_frame(second.staged / "deals.parquet", kept, index=False)
    ids = ", ".join(pair.later.loc[no_line | no_stage, "source_id"].astype(str).head(5))
    return [
        Problem("place_cleared", f"the later export names no pipeline or stage any more for {int((no_line | no_stage).sum()):,} deals ({ids})",
                field="pipeline", count=int((no_line | no_stage).sum()),
                treatment="they stay where they are: HighLevel knows no deal outside of a pipeline")
    ]  # fmt: skip


def _fields(object_: str, known: pd.DataFrame) -> list[str]:
    names = [name for name in OBJECTS[object_].field_names if name != "id"]
    names += [name for name in known.columns if name.startswith(CUSTOM_PREFIX)]
    return [name for name in names if name in known.columns and known[name].notna().any()]


def _said_otherwise(name: str, there: set[str]) -> bool:
    return any(name in group and group & there for group in TOGETHER)


def _keep_rows(ws: Workspace, second: Workspace, object_: str, missing: Iterable[str]) -> None:
    """Let the later fields sheet still know what the missing columns become."""
    ours, theirs = ws.sheet("fields", mapper.SHEETS["fields"]), second.sheet("fields", mapper.SHEETS["fields"])
    mine = ours[(ours["object"] == object_) & ~ours["column"].isin(theirs.loc[theirs["object"] == object_, "column"])]
    labels = {name.removeprefix(CUSTOM_PREFIX) for name in missing if name.startswith(CUSTOM_PREFIX)}
    named = mine["decision"].isin(list(missing)) | (mine["decision"].eq("custom") & mine["label"].isin(labels))
    if named.any():
        write_sheet(second.sheets / "fields.csv", pd.concat([theirs, mine[named]], ignore_index=True))


def _not_compared(object_: str, name: str, rows: int) -> Problem:
    field = name.removeprefix(CUSTOM_PREFIX)
    return Problem(
        "no_column",
        f"the later export has no column for {field!r} of {object_}: the values of {rows:,} rows stay as they are",
        field=field, count=max(1, rows), treatment="not compared, nothing of it is cleared",
    )  # fmt: skip
