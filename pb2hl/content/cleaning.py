"""HTML made harmless by nh3 (a strict allow-list), with a list of what was taken out, and as plain text."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import nh3

from pb2hl.content.images import Images

_TAGS = set(
    "a b blockquote br caption code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins li ol p pre s span strike strong sub sup "
    "table tbody td tfoot th thead tr u ul".split()
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
_DROPPED_WITH_CONTENT = set(
    "script style iframe object embed applet noscript template svg math xml title select textarea frameset noframes head".split()
) - {"head"}
_SCHEMES = {"http", "https", "mailto", "tel", "data", "cid", "file", *"abcdefghijklmnopqrstuvwxyz"}
"""Images may be data:, cid:, file: or a Windows path (a one-letter scheme); links are held to `_LINKS` by the filter."""

_LINKS = ("http://", "https://", "mailto:", "tel:", "#", "/")

_FOUND: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(pattern, re.IGNORECASE))
    for what, pattern in (
        ("script", r"<script\b"),
        ("event handler", r"<[a-z][^<>]{0,5000}?[\s\"'/]on[a-z]{3,20}\s*="),
        ("javascript: link", r"j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t\s*(?::|&#0*58;|&#x0*3a;|&colon;)"),
        ("vbscript: link", r"vbscript\s*:"),
        ("frame", r"<i?frame\b"),
        ("form", r"<(?:form|input|button|select|textarea)\b"),
        ("embedded object", r"<(?:object|embed|applet)\b"),
        ("style sheet", r"<style\b|<link\b"),
        ("SVG or MathML", r"<(?:svg|math)\b"),
        ("page redirect", r"<meta\b[^<>]{0,500}http-equiv"),
        ("office markup", r"<!--\[if|<o:p|<xml\b|class=\"?mso|mso-|<!\[if"),
        ("macro", r"<!--#(?:exec|include)|<\?(?:php|xml:)|<%|\bms-its:|\bAuto_?Open\s*\("),
    )
)
_BLOCK = re.compile(r"<(?:br|p|div|li|tr|h[1-6]|blockquote|pre|table|ul|ol)\b", re.IGNORECASE)
_NO_SOURCE = re.compile(r"<img(?![^<>]*\ssrc=)[^<>]*>")
_EMPTY = re.compile(r"(?:<(?:span|div|p|b|i|u|strong|em)>\s*</(?:span|div|p|b|i|u|strong|em)>\s*){1,50}")
_NESTED_EMPTY = 20
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def without_controls(text: str) -> str:
    """`text` with line ends as `\\n` and without control characters and lone surrogates."""
    if text.isprintable():  # no line end either: most bodies of one line
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text).encode("utf-8", "ignore").decode("utf-8")


def found_in(source: str) -> list[str]:
    """What is dangerous or foreign in HTML `source`, by name, each once."""
    return [what for what, pattern in _FOUND if pattern.search(source)]


def clean(source: str, images: Images) -> str:
    """`source` with only harmless tags; the images go to `images`, placeholders stay."""

    def attribute(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src":
            return images.take(value)
        if tag == "a" and name == "href":
            return value if value.strip().lower().startswith(_LINKS) else None
        return value

    if not _BLOCK.search(source):
        source = source.strip().replace("\n", "<br>")
    cleaned = nh3.clean(
        source,
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        url_schemes=_SCHEMES,
        link_rel=None,
        strip_comments=True,
    )
    cleaned = _NO_SOURCE.sub("", cleaned)
    if "<pre" not in cleaned:
        cleaned = cleaned.replace("\n", " ")
    for _ in range(_NESTED_EMPTY):
        shorter = _EMPTY.sub("", cleaned)
        if shorter == cleaned:
            break
        cleaned = shorter
    return cleaned.strip()


def escaped(text: str) -> str:
    """Plain text as HTML, its lines kept."""
    return html.escape(text.strip(), quote=False).replace("\u00a0", "&nbsp;").replace("\n", "<br>")


class _Text(HTMLParser):
    """Collects the text of clean HTML; a block begins a line, a list item a dash."""

    _BREAKS = frozenset("p div h1 h2 h3 h4 h5 h6 ul ol table tr blockquote pre dl dt dd caption hr".split())

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._pre = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._pre += tag == "pre"
        if tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\0- ")
        elif tag in ("td", "th"):
            self.parts.append(" ")
        elif tag in self._BREAKS:
            self.parts.append("\0")

    def handle_endtag(self, tag: str) -> None:
        self._pre -= tag == "pre"
        if tag in self._BREAKS or tag == "li":
            self.parts.append("\0")

    def handle_data(self, data: str) -> None:
        self.parts.append(data if self._pre > 0 else re.sub(r"\s+", " ", data))


def text_of(cleaned: str) -> str:
    """Clean HTML as plain text."""
    parser = _Text()
    parser.feed(cleaned)
    parser.close()
    text = re.sub(r"(?:(?<![ \u00a0])[ \u00a0]++)?\0[\0 ]*", "\n", "".join(parser.parts))
    lines = [line.strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
