"""The one way from a body as exported to a body as loaded."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from pb2hl.content.cleaning import clean, escaped, found_in, text_of, without_controls
from pb2hl.content.detect import kind_of
from pb2hl.content.images import Images
from pb2hl.content.rtf import read_rtf
from pb2hl.content.types import Content

MOST_CHARACTERS = 80_000_000
"""A longer body is cut: it holds several inline images over HighLevel's limit at least."""

_REFERENCE = re.compile(r"\{\{(?=\s*ref:)")
"""Plans write references as `{{ref:…}}`; text of the export that looks like one must never be taken for it."""

_MACRO = re.compile(r"\{\{(?!\s*ref:)[^{}\n]{1,200}\}\}|\[\[[^\[\]\n]{1,200}\]\]|(?<![\w%])%[A-Z][A-Z_]{2,40}%(?!\w)")
"""`{{contact.name}}`, `[[First Name]]`, `%FIRSTNAME%`."""

_RTF_START = re.compile(r"\A([\ufeff \t\r\n]*)\{\\rtf")
"""HTML whose text begins like a Rich Text file would be read as one the next time."""


def convert(body: str, *, hint: str = "") -> Content:
    """`body` as clean HTML and text. Never raises on any text; converting its own HTML again changes nothing."""
    source = without_controls(body[:MOST_CHARACTERS])
    kind = kind_of(source, hint)
    if kind == "empty":
        return Content("", "", "empty")
    removed = [] if len(body) <= MOST_CHARACTERS else ["everything beyond the first 80 million characters"]
    images = Images()
    if "{{" in source and _REFERENCE.search(source):
        removed.append("text that looks like a reference")
        source = _REFERENCE.sub("{ {", source)
    if kind != "rtf":
        source, macros = without_macros(source)
        removed += macros
    if kind == "plain":
        html, text = escaped(source), source.strip("\n")
    elif kind == "rtf":
        html, text, more = _from_rtf(source, images)
        removed += more
    else:
        removed += found_in(source)
        html = clean(_markdown(source) if kind == "markdown" else source, images)
        text = text_of(html)
    if "{\\rtf" in html:
        html = _RTF_START.sub(r"\1&#123;\\rtf", html)
    return Content(html, text, kind, tuple(dict.fromkeys([*removed, *images.removed])), tuple(images.found))


def without_macros(text: str) -> tuple[str, list[str]]:
    """`text` without the fields of mail templates that nobody filled in, which HighLevel or the next program might; and what
    was taken out, by kind."""
    if not ("{{" in text or "[[" in text or "%" in text):
        return text, []
    shorter, count = _MACRO.subn("", text)
    return (shorter, ["text macro"]) if count else (text, [])


def _from_rtf(source: str, images: Images) -> tuple[str, str, list[str]]:
    text, removed, pictures = read_rtf(source)
    text, macros = without_macros(without_controls(text).strip())
    removed = [*removed, *macros]
    html = escaped(text)
    for picture in pictures:
        html += f'<br><img src="{images.add(picture)}">'
    return html, text, removed


def _markdown(source: str) -> str:
    renderer = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"])
    return renderer.render(source)
