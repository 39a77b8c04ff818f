"""What the export said where a plan sends something: source text → value sent, field by field, with the columns behind each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import pandas as pd

from pb2hl.diff.flatten import CUSTOM, bare_key
from pb2hl.markers import ID_FIELD
from pb2hl.model import CUSTOM_PREFIX, RAW_PREFIX
from pb2hl.operations import ASKED_ALONG, BESIDE_THE_BODY, Operation, rows_in
from pb2hl.plan.building.planning import Planner
from pb2hl.plan.cells.origins import (
    CELLS_NOT_CONVERTED,
    CELLS_OF_MERGED_ROWS,
    CUSTOM_CELLS,
    HALVES,
    Origin,
    origin_of,
)
from pb2hl.plan.inputs.inputs import PlanInputs
from pb2hl.plan.inputs.rows import rows
from pb2hl.plan.records.unconverted_cells import unshown

EXPECTED_COLUMNS = ("op_id", "object", "source_id", "field", "source_columns", "source_value", "sent")


@dataclass(frozen=True, slots=True)
class Said:
    """One filled cell behind a value: its heading, its text as exported, and the row it stands in."""

    heading: str
    text: str
    source_id: str


@dataclass(frozen=True)
class Sources:
    """Source texts of single rows, by the names that payloads use; a custom field goes by `customFields.<label>`."""

    inputs: PlanInputs
    labels: Mapping[str, tuple[str, str]]
    """Key of a custom field as the plan writes it (id, bare key or op id) → its label, and the staged column it takes."""

    @classmethod
    def of(cls, inputs: PlanInputs) -> Sources:
        """The sources of a plan's inputs."""
        planner = Planner(inputs)
        labels = {}
        for _, planned in planner.ctx.fields:
            for path in ("", "fieldKey"):
                labels[_key(planner.ctx.field_ref(planned, path))] = (planned.label, planned.key)
        return cls(inputs, labels)

    def table(self, operations: Iterable[Operation]) -> pd.DataFrame:
        """One row a field of each operation (EXPECTED_COLUMNS): the cells as exported and where they stand, and the value sent.

        One cell is its bare text; of several each has its heading before it. "" where no cell says it; `source_columns`
        then says what else does.
        """
        wanted = list(operations)
        cells = {object_: self._cells(object_, wanted) for object_ in {operation.object for operation in wanted}}
        found = []
        for operation in wanted:
            for name, sent in fields_of(operation).items():
                field, key = self._named(name)
                origin = origin_of(operation.object, operation.target, field, key)
                behind = (cells[operation.object].behind(one, origin) for one in rows_in(operation))
                said = list(dict.fromkeys(chain.from_iterable(behind)))
                row = (operation.op_id, operation.object, operation.source_id, field)
                found.append((*row, *_spoken(said, origin, operation.source_id), sent))
        return pd.DataFrame(found, columns=list(EXPECTED_COLUMNS))

    def _named(self, name: str) -> tuple[str, str]:
        """A field of a payload as the diff calls it, and what stands behind a custom one; a key of no field of the plan is
        the one by which custom objects show their records."""
        if not name.startswith(CUSTOM):
            return name, ""
        label, key = self.labels.get(name.removeprefix(CUSTOM), (ID_FIELD, ID_FIELD))
        return f"{CUSTOM}{label}", key

    def _cells(self, object_: str, operations: list[Operation]) -> _Cells:
        ids = {one for operation in operations if operation.object == object_ for one in rows_in(operation)}
        survivor_of = self.inputs.merges.survivor_of.get(object_, {})
        merged: dict[str, list[str]] = {}
        for old, new in survivor_of.items():
            if str(old) != str(new) and str(new) in ids:
                merged.setdefault(str(new), []).append(str(old))
        every = ids.union(*merged.values())
        return _Cells(
            _picked(self.inputs.staged.get(object_, pd.DataFrame()), every),
            {row["source_id"]: row for row in rows(_picked(self.inputs.table(object_), ids))},
            self._headings(object_),
            merged,
            _lost(self.inputs.not_converted, object_, every),
        )

    def _headings(self, object_: str) -> dict[str, list[str]]:
        """Staged column → the headings whose cells it was made from, in the order of the export."""
        known = self.inputs.columns
        found: dict[str, list[str]] = {}
        if "object" in known.columns:
            mine = known[known["object"] == object_]
            for heading, column in zip(
                mine["heading"].astype(str), mine["staged_column"].fillna("").astype(str), strict=True
            ):
                found.setdefault(column, []).append(heading)
        return found


@dataclass(frozen=True)
class _Cells:
    """The cells of the rows of one object that a few operations are made from."""

    frame: pd.DataFrame
    survivors: Mapping[str, Mapping[str, object]]
    headings: Mapping[str, list[str]]
    merged: Mapping[str, list[str]]
    lost: Mapping[str, list[tuple[str, str]]]

    def behind(self, source_id: str, origin: Origin) -> Iterator[Said]:
        """The filled cells that a value of the record of `source_id` is made from."""
        every = [source_id, *self.merged.get(source_id, ())]
        for part in origin.parts:
            for column in part.split("|"):
                ids = every if origin.every else self._holders(source_id, column)
                said = list(self._part(column, source_id, ids))
                yield from said
                if said:
                    break

    def _part(self, column: str, source_id: str, ids: list[str]) -> Iterator[Said]:
        if column == CELLS_NOT_CONVERTED:
            for one in ids:
                yield from (Said(self._heading(name), text, one) for name, text in self.lost.get(one, ()))
        elif column == CELLS_OF_MERGED_ROWS:
            for item in unshown(dict(self.survivors.get(source_id, {}))):
                one, name = str(item["source_id"]), str(item["field"])
                said = list(self._texts(one, HALVES.get(name, name)))
                yield from said or [Said(self._heading(name), str(item["value"]), one)]
        elif column == CUSTOM_CELLS:
            for name in self.headings:
                if name.startswith(CUSTOM_PREFIX):
                    yield from self._texts(source_id, name)
        else:
            for one in ids:
                yield from self._texts(one, column)

    def _heading(self, column: str) -> str:
        return self.headings.get(HALVES.get(column, column), [column])[0]

    def _texts(self, source_id: str, column: str) -> Iterator[Said]:
        row = self._rows.get(source_id, {})
        for heading in self.headings.get(column, ()):
            value = row.get(f"{RAW_PREFIX}{heading}")
            if isinstance(value, str) and value.strip():
                yield Said(heading, value, source_id)

    def _holders(self, source_id: str, column: str) -> list[str]:
        """The row whose value the record got: its own, or of a merged one the first with the survivor's value."""
        merged = self.merged.get(source_id)
        if not merged:
            return [source_id]
        kept = repr(self.survivors.get(source_id, {}).get(column))
        values = self._values.get(column) or {}
        return [next((one for one in (source_id, *merged) if values.get(one) == kept), source_id)]

    @cached_property
    def _rows(self) -> dict[str, dict[str, object]]:
        names = [name for name in self.frame.columns if name == "source_id" or str(name).startswith(RAW_PREFIX)]
        return {str(row["source_id"]): row for row in rows(self.frame, names)}

    @cached_property
    def _values(self) -> dict[str, dict[str, str]]:
        names = [name for name in self.frame.columns if not str(name).startswith(RAW_PREFIX)]
        found: dict[str, dict[str, str]] = {name: {} for name in names}
        for row in rows(self.frame, names):
            for name in names:
                found[name][str(row["source_id"])] = repr(row[name])
        return found


def _picked(frame: pd.DataFrame, ids: set[str]) -> pd.DataFrame:
    return frame[frame["source_id"].astype(str).isin(ids)] if "source_id" in frame.columns else frame.head(0)


def _lost(not_converted: pd.DataFrame, object_: str, ids: set[str]) -> dict[str, list[tuple[str, str]]]:
    """Source id → (field, text) of the cells of a row whose typed value is missing."""
    found: dict[str, list[tuple[str, str]]] = {}
    if "object" not in not_converted.columns:
        return found
    mine = not_converted[(not_converted["object"] == object_) & not_converted["source_id"].astype(str).isin(ids)]
    columns = (mine[name].fillna("").astype(str) for name in ("source_id", "field", "text"))
    for source_id, field, text in zip(*columns, strict=True):
        found.setdefault(source_id, []).append((field, text))
    return found


def _spoken(said: list[Said], origin: Origin, own: str) -> tuple[str, str]:
    """(the columns, their texts) of the cells behind a value."""
    columns = ", ".join(
        dict.fromkeys(item.heading + (f" (row {item.source_id})" if item.source_id != own else "") for item in said)
    )
    if len(said) == 1:
        return columns, said[0].text
    return columns or origin.note, "\n".join(f"{item.heading}: {item.text}" for item in said)


def _key(reference: object) -> str:
    """A custom field's key as `flatten` names it: of a reference the operation that makes the field."""
    return str(reference["$ref"]) if isinstance(reference, dict) else bare_key(str(reference))


def fields_of(operation: Operation) -> dict[str, object]:
    """What the record of `operation` should hold: payload properties, custom values by `customFields.<key>`."""
    found: dict[str, object] = {}
    for name, value in operation.payload.items():
        if name in _NOT_HELD:
            continue
        if name == "customFields":
            for item in value:
                found[f"{CUSTOM}{_key(item.get('id', item.get('key')))}"] = item.get("fieldValue", item.get("value"))
        elif name == "dndSettings":
            found |= {f"dndSettings.{channel}": setting["status"] for channel, setting in value.items()}
        else:
            found[name] = value
    return found


_NOT_HELD = BESIDE_THE_BODY | ASKED_ALONG
"""Parts of a payload that say where and how, not what."""
