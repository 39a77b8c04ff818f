"""Reports: one self-contained HTML file a step and an index, drawn from the facts that the steps saved."""

from pb2hl.report.notebook import notebook_html
from pb2hl.report.write import write, write_all, write_index

__all__ = ["notebook_html", "write", "write_all", "write_index"]
