"""Web addresses: a scheme is added where one is missing; nothing is fetched."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import numpy as np

from pb2hl.values.parsed import Context, Parsed, one_by_one

_HOST = re.compile(r"(?i)^(?:[\w](?:[\w-]{0,61}[\w])?\.)+[a-z\u00a1-\uffff][\w-]{1,62}(?::\d{1,5})?$")
_HYPERLINK = re.compile(r"""(?i)^=\s*hyperlink\(\s*["']([^"']+)["']""")


def urls(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as http or https addresses with a lower-cased host."""
    values, reasons = one_by_one(texts, url)
    return Parsed(values, reasons)


def url(text: str) -> tuple[str | None, str]:
    """(address, "") or (None, why `text` is none)."""
    if link := _HYPERLINK.match(text):
        text = link[1]
    text = text.strip().strip("<>").split()[0] if text.strip().strip("<>") else ""
    if re.match(r"(?i)^(javascript|data|file|vbscript|ftp|mailto|tel|blob|about):", text):
        return None, "not a web address"
    if not re.match(r"(?i)^https?://", text):
        text = "https://" + re.sub(r"^[a-zA-Z]{0,5}:?//", "", text)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None, "not a web address"
    if not _HOST.match(host) and not re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", host):
        return None, "not a web address"
    return (
        f"{parts.scheme.lower()}://{parts.netloc.replace(parts.netloc.split('@')[-1], parts.netloc.split('@')[-1].lower())}"
        + text[len(parts.scheme) + 3 + len(parts.netloc) :],
        "",
    )
