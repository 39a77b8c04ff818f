"""Reports: one self-contained HTML file a step and an index, drawn from the facts that the steps saved."""

from pb2hl.report.notebook import notebook_html
from pb2hl.report.verdict import links_html, outcome_html, story_html, verdict_html
from pb2hl.report.write import (
    moments,
    next_of,
    pack,
    present,
    write,
    write_again,
    write_all,
    write_failure,
    write_index,
)

__all__ = [
    "links_html",
    "moments",
    "next_of",
    "notebook_html",
    "outcome_html",
    "pack",
    "present",
    "story_html",
    "verdict_html",
    "write",
    "write_again",
    "write_all",
    "write_failure",
    "write_index",
]
