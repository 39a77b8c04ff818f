"""The objects of a Perfect Books export, their canonical fields, and the columns every staged table has.

The entries stand in `field_map` (one line a field), what an entry says in `field_types`. Staging, sheets, planners,
accounting, suites and reports read them here; nothing else lists fields.
"""

from __future__ import annotations

from pb2hl.field_map import OBJECTS
from pb2hl.field_types import NORMALISED_KINDS, Ending, FieldKind, FieldSpec, ObjectSpec, Way

__all__ = [
    "CUSTOM_PREFIX", "NORMALISED_KINDS", "OBJECTS", "OF_PEOPLE", "PROVENANCE", "RAW_PREFIX", "Ending", "FieldKind", "FieldSpec", "ObjectSpec",
    "Way",
]  # fmt: skip

CUSTOM_PREFIX = "custom."
"""Staged column of a source column that no canonical field takes: `custom.<label>` (contacts, companies, deals: custom
field; other objects: kept and told in the provenance line)."""

RAW_PREFIX = "raw."
"""Staged column with the untouched text of a source column: `raw.<heading>` (a repeated heading gets ` (2)`, ` (3)`)."""

PROVENANCE = ("source_id", "row_hash", "source_file", "source_sheet", "source_row")
"""The columns that every staged table begins with. `source_row` is the 1-based row of the source file."""

OF_PEOPLE = frozenset(name for name, item in OBJECTS.items() if "contact_id" in item.field_names)
"""Objects whose rows are about people: they refer to contacts."""
