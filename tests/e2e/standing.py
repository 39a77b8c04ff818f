"""Where the values of an export's columns stand in what is planned: cells are changed, and what changes in the payloads is looked at.

Nothing of the field map or of the accounting is asked. One cell a record is changed at once, so that what changes in its
operations is of that cell; what changes nowhere the record itself is looked for in everything that is sent.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, product
from typing import Any

import pandas as pd

from pb2hl.model import CUSTOM_PREFIX, OBJECTS, PROVENANCE, RAW_PREFIX, FieldKind
from pb2hl.operations import Kind, Operation, Target
from pb2hl.plan import PlanInputs
from pb2hl.plan.building.planning import Planner

K = FieldKind
PREFIX = "PB"
OF_A_SET = frozenset({K.REF, K.REFS, K.PICKLIST, K.MULTI_PICKLIST, K.TIMEZONE, K.COUNTRY})
"""Kinds whose values are of a set: another value of the same column is put there."""
SETS = frozenset({("deals", "pipeline"), ("deals", "stage"), ("deals", "lost_reason"), ("deals", "contact_email"), ("tasks", "status"), ("attachments", "path"), ("attachments", "file_name")})  # fmt: skip
CELLS = 8
"""Cells of a column that are changed at once."""
ROUNDS = 2
NAMED = ("companies", "contacts", "deals", "users")
"""Objects whose names and hosts other records tell: their cells are changed by themselves."""

Source = tuple[str, str]


@dataclass(frozen=True)
class Cell:
    """One cell of a staged table."""

    object: str
    column: str
    row: int
    source_id: str


@dataclass
class Standing:
    """The places where the changed cells of each column stood, by (object, staged column); `tried` how many were changed."""

    inputs: PlanInputs
    merged: Callable[[Mapping[str, pd.DataFrame]], Any]

    def __post_init__(self) -> None:
        self.places: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.tried: dict[tuple[str, str], int] = defaultdict(int)
        self._labels: dict[str, str] = {}
        self._before = self._sent(self.inputs)

    def look(self, cells: Sequence[Cell]) -> None:
        """Change `cells`, at most one a record, and note what changed where."""
        staged = dict(self.inputs.staged)
        for cell in cells:
            frame = staged[cell.object].astype(object).copy()
            frame.at[cell.row, cell.column] = other(frame, cell)
            staged[cell.object] = frame.infer_objects()
        files = {
            str(staged["attachments"].at[cell.row, "note_id"]): cell
            for cell in cells
            if cell.object == "attachments" and "note_id" in staged["attachments"]
        }
        after = self._sent(replace(self.inputs, staged=staged, merges=self.merged(staged)))
        for cell in cells:
            own = (cell.object, cell.source_id)
            if _whole(self._before.get(own, {})) and _whole(after.get(own, {})):
                self.tried[cell.object, cell.column] += 1
                self.places[cell.object, cell.column] |= set(
                    self._differences(self._before.get(own, {}), after.get(own, {}))
                )
        for note, cell in files.items():
            if list(self._differences(self._before.get(("notes", note), {}), after.get(("notes", note), {}))):
                self.places[cell.object, cell.column].add("the note that links the file")

    def _sent(self, inputs: PlanInputs) -> dict[Source, dict[str, Operation]]:
        planner, found = Planner(inputs), defaultdict(dict)
        for op in chain(planner.schema_operations(), planner.data_operations()):
            if op.target is Target.FIELD:
                self._labels[op.op_id] = str(op.payload["name"])
            if op.target is not Target.CONTACT or op.object == "contacts":  # none of the contacts that stand in for one
                found[op.object, op.source_id][f"{op.target} {op.part}"] = op
        return found

    def _differences(self, before: Mapping[str, Operation], after: Mapping[str, Operation]) -> Iterator[str]:
        for name in before.keys() | after.keys():
            one, two = before.get(name), after.get(name)
            if one is None or two is None:
                yield from ((self._alone(one or two)),)
            elif one.payload != two.payload:
                yield from self._changed(one, dict(one.payload), dict(two.payload))

    def _alone(self, op: Operation) -> str:
        names = {
            Target.LINK: "the business it is linked to",
            Target.APPOINTMENT: "startTime",
            Target.FILE: "the file that is uploaded",
            Target.MEDIA: "the file that is uploaded",
        }
        return names.get(op.target, f"a {op.target}")

    def _changed(self, op: Operation, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        if op.target is Target.LINK:
            yield "the business it is linked to"
            return
        for name in before.keys() | after.keys():
            one, two = before.get(name), after.get(name)
            if one == two:
                continue
            if name == "customFields":
                yield from self._fields(one or (), two or ())
            elif name == "$url" or (name == "contactId" and op.target is Target.APPOINTMENT):
                yield "the contact or business it hangs on"
            elif (
                name == "$file"
                or op.target is Target.MEDIA
                or (op.object == "attachments" and _texts_before(one) != _texts_before(two))
            ):
                yield "the file that is uploaded"
            elif name == "dndSettings":
                yield from (
                    f"dndSettings.{key}"
                    for key in {*(one or {}), *(two or {})}
                    if (one or {}).get(key) != (two or {}).get(key)
                )
            elif name in ("body", "description") and op.target in (Target.NOTE, Target.TASK, Target.APPOINTMENT):
                yield from _texts(name, str(one), str(two))
            else:
                yield name

    def _fields(self, before: Sequence[Any], after: Sequence[Any]) -> Iterator[str]:
        one, two = (
            {self._label(item): item.get("fieldValue", item.get("value")) for item in items}
            for items in (before, after)
        )
        yield from (f"custom field {label}" for label in one.keys() | two.keys() if one.get(label) != two.get(label))

    def _label(self, item: Mapping[str, Any]) -> str:
        named = item.get("id") or item.get("key")
        if isinstance(named, dict):
            return self._labels[named["$ref"]]
        fields = [field for fields in self.inputs.destination.fields.values() for field in fields]
        return next(
            str(field["name"]) for field in fields if named in (field["id"], str(field.get("fieldKey")).split(".")[-1])
        )


def _whole(operations: Mapping[str, Operation]) -> bool:
    """Whether a record is created as it is planned: nothing that is there already decides what is sent."""
    return all(op.kind is not Kind.SKIP and not op.existing_id for op in operations.values())


def _texts_before(text: Any) -> str:
    return str(text).rpartition(f"{PREFIX}:")[0]


def _texts(name: str, before: str, after: str) -> Iterator[str]:
    """The parts of a text that differ: what stands before the provenance line, its marker, and the line."""
    one, two = (text.rpartition(f"{PREFIX}:")[::2] for text in (before, after))
    if one[0] != two[0]:
        yield name
    (first, _, rest), (second, _, others) = one[1].partition(" |"), two[1].partition(" |")
    if first != second:
        yield "marker of the provenance line"
    if rest != others:
        yield "provenance line"


def other(frame: pd.DataFrame, cell: Cell) -> Any:
    """Another value for a cell: of its column where values are of a set, else the same and a little more."""
    value, column = frame.at[cell.row, cell.column], frame[cell.column]
    kind = _kind(cell.object, cell.column)
    if kind in OF_A_SET or (cell.object, cell.column) in SETS or _chosen(column, cell):
        same = (
            frame["pipeline"] == frame.at[cell.row, "pipeline"]
            if cell.column == "stage" and "pipeline" in frame
            else slice(None)
        )
        words = {json.dumps(_plain(item), default=str): item for item in column[same] if _filled(item)}
        words.pop(json.dumps(_plain(value), default=str), None)
        if words:
            return _plain(next(iter(words.values())))
    return _more(value, kind)


def _kind(object_: str, column: str) -> FieldKind | None:
    return next((spec.kind for spec in OBJECTS[object_].columns if spec.name == column), None)


def _chosen(column: pd.Series, cell: Cell) -> bool:
    """Whether a custom column holds few different words: options, not texts."""
    return (
        cell.column.startswith(CUSTOM_PREFIX)
        and column.map(lambda item: json.dumps(_plain(item), default=str)).nunique() < 8
    )


def _plain(value: Any) -> Any:
    return list(value) if pd.api.types.is_list_like(value) else value


def _filled(value: Any) -> bool:
    return bool(len(value)) if isinstance(value, str) or pd.api.types.is_list_like(value) else not pd.isna(value)


def _more(value: Any, kind: FieldKind | None) -> Any:
    if isinstance(value, bool):
        return not value
    if kind is K.PERCENT:
        return value / 2 if value else 0.5
    if kind is K.EMAIL:
        return f"other.{value}"
    if kind is K.PHONE or (isinstance(value, str) and value.startswith("+")):
        return f"{value[:-1]}{(int(value[-1]) + 1) % 10}" if value[-1].isdigit() else f"{value}1"
    if kind is K.COUNTRY:
        return "DE" if value != "DE" else "AT"
    if kind is K.TIMEZONE:
        return "Europe/Berlin" if value != "Europe/Berlin" else "Asia/Tokyo"
    if kind is K.URL:
        return f"{value}/more"
    if isinstance(value, str):
        return f"{value} and more"
    if pd.api.types.is_list_like(value):
        return [*value, "and more"]
    return value + timedelta(days=1) if hasattr(value, "year") else value + 1


def rounds(inputs: PlanInputs, merged_away: set[Source]) -> Iterator[list[Cell]]:
    """Cells of every filled column, spread over rounds so that each changes one cell a record; rare columns choose first."""
    linking = set(inputs.staged.get("attachments", {}).get("note_id", ()))
    columns: list[tuple[str, str, list[int]]] = []
    for object_, frame in inputs.staged.items():
        ids = frame["source_id"].astype(str)
        alone = [
            at
            for at in frame.index
            if (object_, ids[at]) not in merged_away and not (object_ == "notes" and ids[at] in linking)
        ]
        columns += [
            (object_, column, filled)
            for column in frame.columns
            if column not in (*PROVENANCE, "id") and not column.startswith(RAW_PREFIX)
            and (filled := [at for at in alone if _filled(frame.at[at, column])])
        ]  # fmt: skip
    columns.sort(key=lambda item: len(item[2]))
    for turn, group in product(range(ROUNDS), (*NAMED, "")):
        taken: set[tuple[str, int]] = set()
        cells: list[Cell] = []
        for object_, column, filled in columns:
            if object_ != group if group else object_ in NAMED:
                continue
            free = [at for at in filled[turn:] + filled[:turn] if (object_, at) not in taken]
            for at in free[:: max(len(free) // CELLS, 1)][:CELLS]:
                taken.add((object_, at))
                cells.append(Cell(object_, column, at, str(inputs.staged[object_].at[at, "source_id"])))
        yield cells
