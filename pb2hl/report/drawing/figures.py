"""Counts of a result as the figures of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pb2hl.report.drawing.cells import figure, words

HIDDEN = ("rows_", "restaged", "dry_run", "audit_log_")
"""Counts that a page's tables tell better than a headline figure."""
LABELS = {
    "already": "Settled before this load", "held": "Held this time", "refused": "Refused this time", "total_done": "Done in all", "total_skipped": "Not sent, by decision or as they were",
    "requests_used_today": "Requests used today", "wrong": "With a wrong value", "in_doubt": "Outcome unknown", "not_landed": "Not landed",
    "unbalanced_columns": "Columns with cells unaccounted", "values_equal": "Values equal", "values_normalised": "Values in HighLevel's writing",
    "not_as_planned": "Differing from the plan", "existed": "Already there", "extra": "Too many", "unlinked": "Links missing",
    "not_applicable": "Rules without data", "rule_broken": "Rules broken", "data_failed": "Rules failed", "passed": "Rules passed",
    "expected": "Records that HighLevel took", "arrived": "Records read back",
    "asked_expected": "Pieces asked for", "asked_arrived": "Pieces arrived", "asked_left_out": "Pieces left out by decision", "asked_refused": "Pieces refused",
    "asked_held": "Pieces held", "asked_in_doubt": "Pieces in doubt", "asked_missing": "Pieces missing", "asked_taken_back": "Pieces taken back",
    "custom fields": "Fields for the export's own columns",
    "contact_rows_in_band": "Close calls, contacts", "company_rows_in_band": "Close calls, companies", "planned": "To take back",
}  # fmt: skip


MOST = 6
"""Figures that a page shows at once; the rest folds out."""


def figures(counts: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(label, figure) of every count that no table of the page tells better."""
    return tuple(
        (LABELS.get(name, words(name)), figure(value))
        for name, value in counts.items()
        if not isinstance(value, dict | list | tuple) and not name.startswith(HIDDEN)
    )
