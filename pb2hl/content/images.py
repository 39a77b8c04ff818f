"""Inline images of a body: collected while it is cleaned, a placeholder left in their place."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from pb2hl.content.types import PLACEHOLDER, InlineImage
from pb2hl.operations import MOST_FILE_BYTES

MOST_IMAGES = 200
_ACTIVE_SVG = re.compile(rb"<script|\son\w+\s*=|javascript:|<foreignobject", re.IGNORECASE)


class Images:
    """The images of one body, in their order; `removed` collects those that could not be kept."""

    def __init__(self) -> None:
        self.found: list[InlineImage] = []
        self.removed: list[str] = []

    def take(self, source: str) -> str | None:
        """The placeholder for the image at `source`, or None when it is dropped."""
        source = source.strip()
        if source.startswith(PLACEHOLDER):
            return source
        if len(self.found) >= MOST_IMAGES:
            self.removed.append(f"images beyond the first {MOST_IMAGES}")
            return None
        image = self._read(source)
        return self.add(image) if image else None

    def add(self, image: InlineImage) -> str:
        """Keep `image`; its placeholder."""
        self.found.append(image)
        return f"{PLACEHOLDER}{len(self.found) - 1}"

    def _read(self, source: str) -> InlineImage | None:
        scheme = source[:8].lower()
        if scheme.startswith("data:"):
            return self._data(source)
        if scheme.startswith(("http://", "https://")):
            name = unquote(urlsplit(source).path.rsplit("/", 1)[-1]) if _splits(source) else ""
            return InlineImage("url", source, _safe(name) or f"image-{len(self.found) + 1}", _mime(name))
        if scheme.startswith("//"):
            return self._read(f"https:{source}")
        path = unquote(re.sub(r"^(?:cid:|file:/*)", "", source, flags=re.IGNORECASE))
        name = _safe(re.split(r"[\\/]", path)[-1])
        return InlineImage("file", path, name, _mime(name)) if name else None

    def _data(self, source: str) -> InlineImage | None:
        head, _, payload = source[5:].partition(",")
        mime = head.split(";", 1)[0].strip().lower()
        if not mime.startswith("image/"):
            self.removed.append("data: link that is no image")
            return None
        content = decoded(payload, ";base64" in head.lower())
        if content is None or len(content) > MOST_FILE_BYTES:
            self.removed.append("inline image that is damaged" if content is None else "inline image over 25 MB")
            return None
        if "svg" in mime and _ACTIVE_SVG.search(content):
            self.removed.append("SVG image with a script")
            return None
        suffix = mimetypes.guess_extension(mime) or ".img"
        return InlineImage("data", "", f"image-{len(self.found) + 1}{suffix}", mime, content)


def decoded(payload: str, is_base64: bool) -> bytes | None:
    """The bytes of a data: URI; None when they are damaged, empty or absurdly long."""
    if len(payload) > MOST_FILE_BYTES * 2:
        return b"\0" * (MOST_FILE_BYTES + 1) if is_base64 else None
    try:
        raw = unquote_to_bytes(payload)
        if not is_base64:
            return raw or None
        compact = re.sub(rb"\s+", b"", raw).replace(b"-", b"+").replace(b"_", b"/")
        return base64.b64decode(compact + b"=" * (-len(compact) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _splits(source: str) -> bool:
    try:
        urlsplit(source)
    except ValueError:
        return False
    return True


def _safe(name: str) -> str:
    return re.sub(r"[\x00-\x1f<>:\"|?*\\/]+", "_", name).strip(" .")[:120]


def _mime(name: str) -> str:
    return mimetypes.guess_type(name)[0] or ""
