"""The staged records behind the rows of a match sheet: every field of theirs, and the record that they would become together."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pb2hl.matching import sheets, survivorship
from pb2hl.model import RAW_PREFIX
from pb2hl.report.drawing.cells import text_of
from pb2hl.sheets import read_sheet
from pb2hl.workspace import Workspace

LONGEST = 300
"""Characters of a cell that stand side by side."""


@dataclass(frozen=True)
class Behind:
    """Staged records by source id, with the rule by which each field of a merged one is chosen (as survivorship.csv says)."""

    frame: pd.DataFrame
    rules: Mapping[str, survivorship.Rule]

    @classmethod
    def of(cls, ws: Workspace, object_: str, ids: Collection[str]) -> Behind | None:
        """Those of `object_` whose source ids are among `ids`; None where none of them is staged."""
        frame = ws.table(object_)
        if "source_id" not in frame.columns:
            return None
        frame = frame.loc[frame["source_id"].isin(list(ids)), [name for name in frame.columns if not name.startswith(RAW_PREFIX)]]  # fmt: skip
        path = ws.sheets / "survivorship.csv"
        sheet = read_sheet(path, sheets.SURVIVORSHIP) if path.exists() else None
        rules = sheets.chosen_rules(sheet, object_, [str(name) for name in frame.columns])
        return cls(frame.set_index("source_id", drop=False), rules) if len(frame) else None

    def fields(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """Field → its text in each record of `ids`; fields that none of them fills are left out, and all where one is not staged."""
        if not set(ids) <= set(self.frame.index):
            return {}
        rows = self.frame.loc[list(ids)]
        texts = {name: [text_of(value)[:LONGEST] for value in rows[name]] for name in self.rules}
        return {name: cells for name, cells in texts.items() if any(cells)}

    def together(self, ids: Sequence[str], survivor: str, given: Mapping[str, str]) -> dict[str, str]:
        """Field → its text in the record that `ids` become, `survivor` among them, `given`: fields taken from one of them by its id; "" as a key: what no field of it shows, where it goes on."""
        if not set(ids) <= set(self.frame.index):
            return {}
        made = survivorship.merge(
            self.frame.loc[list(ids)], dict.fromkeys(ids, survivor), self.rules, {survivor: given}
        ).iloc[0]
        beside = [f"{item['field']}: {item['value']}" for item in json.loads(made["unshown"])]
        return {name: text_of(made[name])[:LONGEST] for name in self.rules} | {"": "; ".join(beside)}
