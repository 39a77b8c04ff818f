"""Reports: one self-contained HTML file a step and an index, drawn from the facts that the steps saved."""

from pb2hl.report.notebook import notebook_html
from pb2hl.report.verdict import links_html, outcome_html, verdict_html
from pb2hl.report.write import next_of, present, write, write_again, write_all, write_failure, write_index

__all__ = [
    "links_html",
    "next_of",
    "notebook_html",
    "outcome_html",
    "present",
    "verdict_html",
    "write",
    "write_again",
    "write_all",
    "write_failure",
    "write_index",
]
