"""Executed notebooks as reports: their outputs without code, in the pages' own look, one file that asks the network for nothing."""

from __future__ import annotations

import ast
import html
import os
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from markupsafe import Markup

from pb2hl import errors
from pb2hl.errors import Pb2hlError, without_hint
from pb2hl.lean import lean_imports
from pb2hl.report.drawing.charts import picture_html
from pb2hl.report.drawing.masking import Mask, shape
from pb2hl.report.drawing.page import render_notebook
from pb2hl.report.verdict import failure_html
from pb2hl.values.visible import visible
from pb2hl.whole import write_text

_STYLES = {"color", "padding", "margin", "border-left", "font-weight", "text-align", "width", "max-width"}
SVG = "image/svg+xml"
_OF_PAPERMILL = "papermill-error-cell-tag"
"""Tag of the cells by which papermill tells an error; the box in its place is ours."""


def notebook_html(path: Path, *, mask: Mask | None = None, folder: Path | None = None) -> Path:
    """Write the executed notebook at `path` as HTML without code beside it, or into `folder`, and return that file's path.

    A notebook that failed ends with what went wrong and what to do. No script of the notebook or of its data runs: the page's
    policy allows none. Widgets do not survive; a cell with a widget also emits static HTML. Pb2hlError when the file is no notebook.
    """
    with lean_imports():
        import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise Pb2hlError(f"{path} cannot be read as a notebook: {error}", hint="run the notebook again") from error
    notebook.metadata.pop("widgets", None)
    notebook.cells = _until_failure(notebook.cells)
    body, _resources = _exporter().from_notebook_node(notebook)
    hidden = mask or Mask()
    target = (folder or path.parent) / f"{path.stem}.html"
    content = _clean(visible(body), target.parent, show_links=not hidden.on)
    title = _title(notebook, path)
    page = render_notebook(title, Markup(_masked(content, hidden) if hidden.on else content), masked=hidden.on)
    write_text(target, page)
    return target


@cache
def _exporter() -> Any:
    """nbconvert's exporter; its templates are compiled once."""
    with lean_imports():
        from nbconvert import HTMLExporter
    return HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        embed_images=True,
    )


def _title(notebook: Any, path: Path) -> str:
    """The notebook's own title: its first heading."""
    first = notebook.cells[0].source.splitlines() if notebook.cells else []
    return first[0].removeprefix("# ") if first and first[0].startswith("# ") else path.stem


def _until_failure(cells: list[Any]) -> list[Any]:
    """The cells up to the one that failed, its error as a box that says what to do; what never ran is left out."""
    kept = []
    for cell in cells:
        if _OF_PAPERMILL in cell.metadata.get("tags", ()):
            continue
        kept.append(cell)
        if cell.cell_type != "code":
            continue
        failed = [output for output in cell.outputs if output.output_type == "error"]
        cell.outputs = [_spoken(output) for output in cell.outputs if output.output_type != "error"]
        if failed:
            cell.outputs.append(_failure_output(failed[0]))
            break
    return kept


def _spoken(output: Any) -> Any:
    """A text that a cell ends with, without Python's quotes around it; a chart as a picture."""
    text = output.get("data", {}).get("text/plain", "")
    if drawn := output.get("data", {}).get(SVG, ""):
        output.data = {"text/html": picture_html("".join(drawn), text)}
    if output.output_type == "execute_result" and set(output.data) == {"text/plain"} and text[:1] in "'\"":
        output.data = {"text/html": str(Markup("<p>{}</p>").format(ast.literal_eval(text)))}
    return output


def _failure_output(error: Any) -> Any:
    import nbformat

    message, remedy = without_hint(str(error.evalue))
    kind = getattr(errors, error.ename, None)
    ours = isinstance(kind, type) and issubclass(kind, Pb2hlError)
    shown = failure_html(message if ours else f"{error.ename}: {message}", remedy)
    return nbformat.v4.new_output("display_data", {"text/html": shown})


class _Texts(HTMLParser):
    """Copies clean HTML with its texts hidden: cells of tables reduced to shapes, everything else as free text."""

    def __init__(self, mask: Mask):
        super().__init__(convert_charrefs=True)
        self._mask = mask
        self._cells = 0
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._cells += tag == "td"
        self.pieces.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self._cells -= tag == "td"
        self.pieces.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.pieces.append(html.escape(shape(data) if self._cells > 0 else self._mask.text(data)))


def _masked(content: str, mask: Mask) -> str:
    texts = _Texts(mask)
    texts.feed(content)
    texts.close()
    return "".join(texts.pieces)


def _clean(content: str, folder: Path, show_links: bool) -> str:
    """`content` without scripts, handlers, remote images and anything else that acts or asks; links to files relative to `folder`.

    Unless `show_links`, also without links, pictures and whatever else an attribute could say.
    """
    import nh3

    def kept(tag: str, attribute: str, value: str) -> str | None:
        if not show_links and attribute in {"href", "src", "alt", "title", "aria-label"}:
            return None
        if attribute == "src":
            return value if value.startswith("data:image/") else None
        return _near(value, folder) if attribute == "href" else value

    return nh3.clean(
        content,
        tags=nh3.ALLOWED_TAGS | {"section", "button", "progress"},
        attributes={"*": {"class", "id", "style", "title", "role", "aria-label", "tabindex"}, "a": {"href"}, "img": {"src", "alt"}, "progress": {"value", "max"}, "details": {"open"},
                    "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}},
        attribute_filter=kept,
        url_schemes={"http", "https", "mailto", "file", "data"},
        filter_style_properties=_STYLES,
        link_rel="noreferrer",
    )  # fmt: skip


def _near(link: str, folder: Path) -> str:
    """A link to a file as one that moves along with the workspace; another notebook as its page."""
    if link.startswith("file:"):
        return Path(os.path.relpath(unquote(urlsplit(link).path), folder.resolve())).as_posix()
    return re.sub(r"^(\w+)\.ipynb$", r"\1.html", link)
