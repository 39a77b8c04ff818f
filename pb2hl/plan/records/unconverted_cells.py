"""What has no field of its own but must not vanish: cells that did not convert, and what merged rows said otherwise."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pb2hl.plan.fields import custom_fields as f
from pb2hl.plan.fields.findings import Bucket, Findings
from pb2hl.plan.inputs.rows import Row, texts

_ELSEWHERE = frozenset({"owner", "followers"})
"""Fields whose unconverted text has a place of its own: who is no user is named in `Perfect Books Owner` and `Followers`."""
_EMAILS = frozenset({"email", "email_2", "more_emails"})
_PHONES = frozenset({"phone", "mobile", "more_phones"})


@dataclass(frozen=True)
class Unconverted:
    """Unconverted cells by (object, source id), and the findings that they are added to."""

    cells: Mapping[tuple[str, str], list[tuple[str, str]]]
    findings: Findings

    @classmethod
    def of(cls, not_converted: pd.DataFrame, findings: Findings) -> Unconverted:
        """From staging's table of cells that did not convert (object, source_id, field, text, …)."""
        found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        if not not_converted.empty:
            columns = (not_converted[name].fillna("").astype(str) for name in ("object", "source_id", "field", "text"))
            for object_, source_id, field, text in zip(*columns, strict=True):
                found[object_, source_id].append((field, text))
        return cls(dict(found), findings)

    def lines(self, object_: str, source_id: str, but: Collection[str] = ()) -> list[str]:
        """`field: text as exported` of every cell of a row that did not convert, fields in `but` left out."""
        return [f"{field}: {text}" for field, text in self.cells.get((object_, source_id), ()) if field not in but]

    def fields(self, object_: str, row: Row) -> dict[str, tuple[Any, tuple[str, ...]]]:
        """The values of the two fields that keep unconverted cells of contacts, companies and deals; their cells are noted as exceptions,
        since a text that did not convert stands in no staged column."""
        ids = dict.fromkeys([row["source_id"], *texts(row.get("merged_ids"))]) if self.cells else {}
        for item in ids:
            for field, _ in self._kept(object_, item):
                self.findings.cell(object_, item, field, Bucket.MOVED, f.UNCONVERTED_FIELD)
                self.findings.loss(object_, field, f.UNCONVERTED_FIELD, "the text did not convert")
        merged = []
        for item in unshown(row):
            merged.append(f"{item['field']}: {item['value']} (from {item['source_id']})")
            self.findings.cell(object_, str(item["source_id"]), str(item["field"]), Bucket.MERGED, f.MERGED_FIELD)
        lines = [line for item in ids for line in self.lines(object_, item, but=_ELSEWHERE)]
        return {f.UNCONVERTED_FIELD: ("\n".join(lines), ()), f.MERGED_FIELD: ("\n".join(merged), ())}

    def _kept(self, object_: str, source_id: str) -> list[tuple[str, str]]:
        return [item for item in self.cells.get((object_, source_id), ()) if item[0] not in _ELSEWHERE]

    @staticmethod
    def addresses(row: Row) -> tuple[list[str], list[str]]:
        """E-mail addresses and phone numbers that the merged rows had and the survivor has not."""
        found = unshown(row)
        return (
            [str(item["value"]) for item in found if item["field"] in _EMAILS],
            [str(item["value"]) for item in found if item["field"] in _PHONES],
        )


def unshown(row: Row) -> list[dict[str, Any]]:
    """What a survivor's merged rows said otherwise: {source_id, field, value}."""
    found = row.get("unshown")
    if found == "[]":  # nearly every row's
        return []
    return json.loads(found) if isinstance(found, str) and found else list(found or [])
