"""What a converted body is."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

PLACEHOLDER = "https://inline.invalid/"
"""Address that stands for an inline image until it is uploaded: `<PLACEHOLDER><index>`. `.invalid` never resolves (RFC 2606)."""

_IMAGE = re.compile(r'<img\b[^>]*?\ssrc="' + re.escape(PLACEHOLDER) + r'(\d+)"[^>]*>')
_ALT = re.compile(r'\salt="([^"]*)"')


@dataclass(frozen=True, slots=True)
class InlineImage:
    """An image of a body. `kind`: `data` (its bytes are in `content`), `file` (a name in the export), `url` (http or https).

    `ref` is the file name or address ("" for data), `name` a file name to give it, `mime` its type ("" when not told).
    """

    kind: str
    ref: str
    name: str
    mime: str = ""
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """A body made clean: `html` (with placeholders for `images`), `text` (plain, lines kept), the `kind` it was
    (`empty`, `plain`, `html`, `markdown`, `rtf`), and `removed`, what was taken out, each thing once."""

    html: str
    text: str
    kind: str
    removed: tuple[str, ...] = ()
    images: tuple[InlineImage, ...] = ()

    def render(self, addresses: Mapping[int, str]) -> str:
        """`html` with each image linked to `addresses[index]`; an image without one becomes the text `[image: name]`."""

        if PLACEHOLDER not in self.html:
            return self.html

        def put(match: re.Match[str]) -> str:
            index = int(match[1])
            if index >= len(self.images):
                return ""
            alt = _ALT.search(match[0])
            name = (alt[1] if alt else "") or html.escape(self.images[index].name)
            address = addresses.get(index)
            if not address:
                return f"[image: {name}]"
            link = html.escape(address, quote=True)
            return f'<a href="{link}"><img src="{link}" alt="{name}"></a>'

        return _IMAGE.sub(put, self.html)
