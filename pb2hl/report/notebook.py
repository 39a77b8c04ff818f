"""Executed notebooks as reports: their outputs without code, one file that asks the network for nothing."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

from pb2hl.errors import Pb2hlError
from pb2hl.report.masking import Mask, shape
from pb2hl.report.page import style

_REMOTE = re.compile(
    r"""<(?:script|link)\b[^>]*\b(?:src|href)\s*=\s*["']?(?:https?:)?//[^>]*>(?:\s*</script>)?""", re.I
)
_STYLES = {"color", "padding", "margin", "border-left", "font-weight", "text-align", "width", "max-width"}
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "font-src data:; base-uri 'none'; form-action 'none'\">"
)


def notebook_html(path: Path, *, mask: Mask | None = None, folder: Path | None = None) -> Path:
    """Write the executed notebook at `path` as HTML without code beside it, or into `folder`, and return that file's path.

    No script of the notebook or of its data runs: the page's policy allows none. Widgets do not survive; a cell with a
    widget also emits static HTML. Pb2hlError when the file is no notebook.
    """
    import nbformat
    from nbconvert import HTMLExporter

    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise Pb2hlError(f"{path} cannot be read as a notebook: {error}", hint="run the notebook again") from error
    notebook.metadata.pop("widgets", None)
    exporter = HTMLExporter(
        exclude_input=True, exclude_input_prompt=True, exclude_output_prompt=True, embed_images=True
    )
    for trait in exporter.trait_names():
        if trait.endswith("_url"):
            setattr(exporter, trait, "")
    body, _resources = exporter.from_notebook_node(notebook)
    head, _, rest = body.partition("<body")
    opening, _, content = rest.partition(">")
    head = re.sub(r"<script\b.*?</script>", "", _REMOTE.sub("", head), flags=re.S | re.I)
    head = head.replace("<head>", f"<head>{_POLICY}", 1).replace("</head>", f"<style>{_look()}</style></head>", 1)
    hidden = mask or Mask()
    main = _clean(content.rpartition("</body>")[0], told=not hidden.on)
    body = f"{head}<body{opening}><main>{_masked(main, hidden) if hidden.on else main}</main></body></html>"
    target = (folder or path.parent) / f"{path.stem}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".html.tmp")
    temporary.write_text(body, encoding="utf-8")
    temporary.replace(target)
    return target


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


def _clean(content: str, told: bool) -> str:
    """`content` without scripts, handlers, remote images and anything else that acts or asks.

    Unless `told`, also without links, pictures and whatever else an attribute could say.
    """
    import nh3

    def kept(tag: str, attribute: str, value: str) -> str | None:
        if attribute == "src" and told:
            return value if value.startswith("data:image/") else None
        return value if told or attribute not in {"href", "src", "alt", "title", "aria-label"} else None

    return nh3.clean(
        content,
        tags=nh3.ALLOWED_TAGS | {"section", "button", "progress"},
        attributes={"*": {"class", "id", "style", "title", "role", "aria-label", "tabindex"}, "a": {"href"}, "img": {"src", "alt"}, "progress": {"value", "max"},
                    "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}},
        attribute_filter=kept,
        url_schemes={"http", "https", "mailto", "file", "data"},
        filter_style_properties=_STYLES,
        link_rel="noreferrer",
    )  # fmt: skip


def _look() -> str:
    return style() + "body.jp-Notebook{max-width:78rem;margin:0 auto;background:var(--paper);color:var(--ink)}"
