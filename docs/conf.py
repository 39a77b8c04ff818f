"""How `make docs` builds the site: Markdown by MyST, the reference written from the code itself, nothing asked of the network."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import reference  # noqa: E402

project = "pb2hl"
author = "pb2hl contributors"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "pb2hl"
html_show_sourcelink = False
myst_heading_anchors = 3
suppress_warnings = ["myst.header", "misc.highlighting_failure"]
reference.write(HERE / "reference")
