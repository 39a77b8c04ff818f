"""What read-back should find for an operation, and what the export said: source text → value sent, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from pb2hl.model import OBJECTS, RAW_PREFIX
from pb2hl.operations import Operation
from pb2hl.plan.inputs import PlanInputs
from pb2hl.plan.planning import Planner

EXPECTED_COLUMNS = ("op_id", "object", "source_id", "field", "source_value", "sent")


@dataclass(frozen=True)
class Sources:
    """Source texts of single rows, by the names that payloads use.

    A custom field goes by `customFields.<key>`, `key` being its id when it exists, else the op id that makes it.
    """

    inputs: PlanInputs
    names: dict[tuple[str, str], str]  # (object, field of a payload) → staged column

    @classmethod
    def of(cls, inputs: PlanInputs) -> Sources:
        """The sources of a plan's inputs."""
        planner = Planner(inputs)
        names = {
            (object_, spec.target): spec.name
            for object_, kind in OBJECTS.items()
            for spec in kind.fields
            if spec.target
        }
        for object_, planned in planner.ctx.fields:
            reference = planner.ctx.field_ref(planned)
            key = reference["$ref"] if isinstance(reference, dict) else reference
            names[object_, f"customFields.{key}"] = planned.key
        return cls(inputs, names)

    def table(self, operations: Iterable[Operation]) -> pd.DataFrame:
        """One row a field of each operation (EXPECTED_COLUMNS): as exported ("" where no cell says it) and as sent."""
        wanted = list(operations)
        texts = self._texts(wanted)
        found = []
        for operation in wanted:
            for field, sent in fields_of(operation).items():
                column = self.names.get((operation.object, field), "")
                source = texts.get((operation.object, operation.source_id), {}).get(column, "")
                found.append((operation.op_id, operation.object, operation.source_id, field, source, sent))
        return pd.DataFrame(found, columns=list(EXPECTED_COLUMNS))

    def _texts(self, operations: list[Operation]) -> dict[tuple[str, str], dict[str, str]]:
        """Staged column → text as exported, for the rows of `operations`."""
        found: dict[tuple[str, str], dict[str, str]] = {}
        for object_ in {operation.object for operation in operations}:
            frame = self.inputs.staged.get(object_, pd.DataFrame())
            if frame.empty or "source_id" not in frame.columns:
                continue
            ids = {operation.source_id for operation in operations if operation.object == object_}
            rows = frame[frame["source_id"].astype(str).isin(ids)]
            for source, column in self._headings(object_, frame):
                for source_id, value in zip(rows["source_id"].astype(str), rows[source], strict=True):
                    if isinstance(value, str) and value:
                        found.setdefault((object_, source_id), {}).setdefault(column, value)
        return found

    def _headings(self, object_: str, frame: pd.DataFrame) -> list[tuple[str, str]]:
        known = self.inputs.columns
        if "object" not in known.columns:
            return []
        mine = known[known["object"] == object_]
        pairs = zip(mine["heading"].astype(str), mine["staged_column"].fillna("").astype(str), strict=True)
        return [(f"{RAW_PREFIX}{heading}", column) for heading, column in pairs if f"{RAW_PREFIX}{heading}" in frame]


def fields_of(operation: Operation) -> dict[str, object]:
    """What the record of `operation` should hold: payload properties, custom values by `customFields.<key>`."""
    found: dict[str, object] = {}
    for name, value in operation.payload.items():
        if name in _NOT_HELD:
            continue
        if name == "customFields":
            for item in value:
                reference = item.get("id", item.get("key"))
                key = reference["$ref"] if isinstance(reference, dict) else reference
                found[f"customFields.{key}"] = item.get("fieldValue", item.get("value"))
        elif name == "dndSettings":
            found |= {f"dndSettings.{channel}": setting["status"] for channel, setting in value.items()}
        else:
            found[name] = value
    return found


_NOT_HELD = frozenset({"$url", "$file", "toNotify", "ignoreFreeSlotValidation", "ignoreDateRange"})
"""Parts of a payload that say where and how, not what."""
