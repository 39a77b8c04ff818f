"""Preview: what a later export would change, by name."""

from __future__ import annotations

ESSENTIAL = ("Changed", "New", "Conflicts", "Moved", "Gone", "Schema")
"""Sections that the notebook shows where the step ran."""

CAPTIONS = {
    "new": ("New", "What the later export has and HighLevel does not: records, and the links, tags and files that go with them."),
    "changed": ("Changed", "Values that Perfect Books changed since, and what HighLevel holds now."),
    "conflicts": ("Conflicts", "Changed in Perfect Books and in HighLevel: HighLevel's value stays until somebody decides."),
    "moved": ("Moved", "Records that hang on another record now."),
    "gone": ("Gone", "Rows that the later export no longer has."),
    "schema": ("Schema", "What the location lacks for it."),
}  # fmt: skip
