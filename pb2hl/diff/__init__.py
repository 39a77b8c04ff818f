"""Expected against arrived, field by field: equal, normalised by the platform, changed, missing or extra, and why."""

from __future__ import annotations

from pb2hl.diff.flatten import flatten_payload, flatten_record
from pb2hl.diff.table import COLUMNS, class_counts, compare_records, compare_table
from pb2hl.diff.values import Class, compare

__all__ = [
    "COLUMNS",
    "Class",
    "class_counts",
    "compare",
    "compare_records",
    "compare_table",
    "flatten_payload",
    "flatten_record",
]
