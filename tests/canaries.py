"""Marks planted in an export, and where they may not come alive in what a migration leaves: pages, notebooks, sheets, logs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from pb2hl.sheets import guard

MARK = "xsscanary"
ATTACKS = (
    f"<img src=x onerror={MARK}(1)>",
    f'"><script>{MARK}(2)</script>',
    f"</script><svg onload={MARK}(3)>",
    f"[x](javascript:{MARK}(4))",
    f'=HYPERLINK("http://{MARK}.example")',
    f"\uff1dcmd|' /C {MARK}'!A1",
    f"'; alert({MARK}) //${{{MARK}}}{{{{{MARK}}}}}",
    f"<a href=javascript:{MARK}(5)>x</a>",
    f"--><style>@import '//{MARK}.example'</style>",
)
"""One of a kind: HTML in text, in an attribute and in a script, a link, formulas of both widths, templates, style sheets."""


class _Alive(HTMLParser):
    """Collects where the mark stands in something that acts: a tag's handler, link or source, a script, a style sheet."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = dict(attrs).get("type") or ""
        self._inside = tag if tag in {"script", "style"} and "json" not in kind else ""
        for name, value in attrs:
            if MARK in (value or "") and (
                name.startswith("on") or name in {"href", "src", "srcdoc", "action", "style"}
            ):
                self.found.append(f"<{tag} {name}={value}>")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside and MARK in data:
            at = data.index(MARK)
            self.found.append(f"in {self._inside}: {data[max(at - 60, 0) : at + 60]}")


def alive(page: str) -> list[str]:
    """Where the mark acts in a page."""
    parser = _Alive()
    parser.feed(page)
    parser.close()
    return parser.found


def trouble(folder: Path) -> Iterator[str]:
    """Every file below `folder` in which a mark acts, or a cell of a CSV that a spreadsheet would run."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".html":
            yield from (f"{path.name}: {what}" for what in alive(path.read_text(encoding="utf-8")))
        elif path.suffix == ".ipynb":
            yield from (f"{path.name}: {what}" for page in _outputs(path) for what in alive(page))
        elif path.suffix == ".csv":
            text = path.read_text(encoding="utf-8-sig")
            cells = (cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row)
            yield from (
                f"{path.name}: {cell[:80]}" for cell in cells if MARK in cell and guard(cell) != cell and cell[0] != "'"
            )


def _outputs(path: Path) -> Iterator[str]:
    """What a notebook's outputs show as HTML; Markdown is HTML as well."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", ()):
            for kind in ("text/html", "text/markdown", "image/svg+xml"):
                shown = output.get("data", {}).get(kind, "")
                yield shown if isinstance(shown, str) else "".join(shown)


def held(folder: Path) -> set[str]:
    """The names of the files in which a mark stands at all: a proof that looks at none proves nothing."""
    return {path.name for path in folder.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()}
