"""What a step beyond the first plan is about to send, on disk before anything leaves: the location may hold all of it when the ledger
has lost its end, and a ledger that is made anew (`steps.delta.rebuild`) looks for it by this."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pb2hl import plan
from pb2hl.operations import Operation
from pb2hl.whole import read_frame, write_frame
from pb2hl.workspace import Workspace

FOLDER = "in_hand"
_BEFORE, _AGAIN = "before.parquet", "again.parquet"


@dataclass(frozen=True)
class InHand:
    """One lot, in a folder of its own: operations of the schema and of data; by op id the records as they were `before` what changes
    them; and ids of operations whose records are taken away or gone, and made `again`."""

    folder: Path

    @property
    def schema(self) -> Path:
        """Where the operations of the schema are."""
        return self.folder / "schema"

    @property
    def data(self) -> Path:
        """Where the operations of records are."""
        return self.folder / "data"

    def before(self) -> dict[str, Mapping[str, Any]]:
        """Op id → the record before it."""
        path = self.folder / _BEFORE
        if not path.exists():
            return {}
        frame = read_frame(path)
        return {op_id: json.loads(image) for op_id, image in zip(frame["op_id"], frame["image"], strict=True)}

    def again(self) -> frozenset[str]:
        """Ids of what is made again."""
        path = self.folder / _AGAIN
        return frozenset(read_frame(path)["op_id"]) if path.exists() else frozenset()


def keep(
    ws: Workspace,
    *,
    schema: Iterable[Operation] = (),
    data: Iterable[Operation] = (),
    before: Mapping[str, str] | None = None,
    again: Iterable[str] = (),
) -> None:
    """Write down one lot (`before`: records as JSON); nothing is written where there is nothing to send."""
    pieces, records, taken = list(schema), list(data), sorted(again)
    if not (pieces or records or taken):
        return
    lot = InHand(ws.plan / FOLDER / f"{sum(1 for _ in kept(ws)) + 1:06}")
    _write(pieces, lot.schema)
    _write(records, lot.data)
    images = list((before or {}).items())
    write_frame(lot.folder / _BEFORE, pd.DataFrame(images, columns=["op_id", "image"], dtype="str"))
    write_frame(lot.folder / _AGAIN, pd.DataFrame({"op_id": taken}, dtype="str"))


def kept(ws: Workspace) -> Iterator[InHand]:
    """What was written down, the oldest first."""
    folder = ws.plan / FOLDER
    yield from map(InHand, sorted(folder.iterdir())) if folder.exists() else ()


def _write(operations: Iterable[Operation], folder: Path) -> None:
    held = plan.Operations()
    for operation in operations:
        held.add(operation)
    held.close()
    held.write(folder)
